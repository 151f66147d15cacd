"""How a reflector begins: with a watch that tells all there is and marks the end of that, or with a list where that fails."""

import time
from collections.abc import Callable

import pytest

from controller.kube.reflector import Pace
from tests.kube.serving import Exchange, mark, status, thing
from tests.kube.test_reflector import SWIFT, Script, events, eventually, following, hang, listed, named, quiet, quiet_rest

PATIENT = Pace(watch=5.0, mute=5.0, hushed=0.2, wait=0.01, longest_wait=0.05)


def test_one_call_begins_and_goes_on() -> None:
    """All there is, the mark, and what happens then: on one watch, with the words that Kubernetes asks for."""
    begin = events(("ADDED", thing("a", 5)), mark(10), ("MODIFIED", thing("a", 11)), then=quiet_rest)
    with following(Script([begin], [])) as (reflector, told, server):
        eventually(lambda: len(told) == 2)
        assert told == [(None, "a@5"), ("a@5", "a@11")]
        assert reflector.synced.is_set()
        (request,) = server.requests
    seconds = int(request.query.pop("timeoutSeconds"))
    assert 1 <= seconds <= 5
    assert request.query == {"watch": "true", "allowWatchBookmarks": "true", "sendInitialEvents": "true",
                             "resourceVersionMatch": "NotOlderThan"}  # fmt: skip


def test_nothing_counts_before_the_mark() -> None:
    """Half of the objects is no view: deletions would be seen that never were. A bookmark without the annotation is no mark."""
    bookmark = ("BOOKMARK", {"metadata": {"resourceVersion": "7"}})
    begin = events(("ADDED", thing("a", 5)), bookmark, then=hang)
    with following(Script([begin], []), Pace()) as (reflector, told, _):
        eventually(lambda: reflector.staleness() < 1.0)
        time.sleep(0.1)
        assert not reflector.synced.is_set()
        assert (reflector.store.list(), told) == ([], [])


def test_what_happens_before_the_mark_is_taken_in() -> None:
    """A server may tell of changes before it is through."""
    begin = events(("ADDED", thing("a", 5)), ("ADDED", thing("b", 6)), ("MODIFIED", thing("a", 8)), ("DELETED", thing("b", 9)),
                   mark(10), then=quiet_rest)  # fmt: skip
    with following(Script([begin], [])) as (reflector, told, _):
        assert reflector.synced.wait(2.0)
        assert told == [(None, "a@8")]


@pytest.mark.parametrize(
    "then",
    [Exchange.cut, Exchange.end, hang, lambda exchange: exchange.event("ERROR", status(500, "InternalError")),
     lambda exchange: exchange.event("ERROR", status(504, "Timeout"))],
    ids=["cut", "ended in order", "mute", "an etcd that cannot", "a cache that lags"],
)  # fmt: skip
def test_a_beginning_that_breaks_off_is_made_anew_by_a_list(then: Callable[[Exchange], None]) -> None:
    """Nothing of the first counts. What one way cannot do the other may."""
    script = Script([events(("ADDED", thing("a", 5)), then=then), listed(20, thing("b", 6))], [quiet])
    with following(script) as (reflector, told, server):
        assert reflector.synced.wait(2.0)
        assert told == [(None, "b@6")]
        assert ["watch" in request.query for request in server.requests[:2]] == [True, False]
        eventually(lambda: script.versions == ["20"])


def test_a_list_that_fails_is_followed_by_a_watch_again() -> None:
    """Neither way is given up for ever."""
    broken = events(then=Exchange.cut)
    script = Script([broken, broken, listed(20, thing("a", 6))], [quiet])
    with following(script) as (reflector, _, server):
        assert reflector.synced.wait(2.0)
        assert ["watch" in request.query for request in server.requests[:3]] == [True, False, True]


def test_silence_is_believed_longer_after_the_mark() -> None:
    """Bookmarks come once a minute; before the mark there is always more to say."""
    begin = events(("ADDED", thing("a", 5)), mark(10), then=hang)
    with following(Script([begin], []), PATIENT) as (reflector, _, server):
        assert reflector.synced.wait(2.0)
        time.sleep(3 * PATIENT.hushed)
        assert len(server.requests) == 1


def test_beginnings_that_break_off_are_not_asked_for_in_a_storm() -> None:
    """Objects before the mark are no success: each attempt costs the server all there is."""
    pace = Pace(wait=0.01, longest_wait=10.0)
    script = Script([events(("ADDED", thing("a", 5)), then=Exchange.cut)], [])
    with following(script, pace):
        time.sleep(0.4)
        assert 1 <= script.begun < 20


def test_a_beginning_can_be_stopped(caplog: pytest.LogCaptureFixture) -> None:
    """At once and without complaint."""
    with following(Script([events(("ADDED", thing("a", 5)), then=hang)], []), Pace()) as (reflector, _, _server):
        eventually(lambda: reflector.staleness() < 1.0)
        started = time.monotonic()
        assert reflector.stop()
        assert time.monotonic() - started < 0.5
        assert named(reflector.store.get("shop", "a")) is None
    assert not caplog.records


def test_deletions_missed_in_the_gap_are_told_at_the_mark() -> None:
    """After a version that is no longer kept: with the object as it last was, and no list."""
    gone = ("ERROR", status(410, "Expired"))
    script = Script([events(("ADDED", thing("a", 5)), mark(10), gone, then=hang), events(mark(50), then=quiet_rest)], [])
    with following(script, SWIFT) as (_, told, server):
        eventually(lambda: told == [(None, "a@5"), ("a@5", None)])
        assert ["sendInitialEvents" in request.query for request in server.requests] == [True, True]
