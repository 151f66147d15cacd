"""Following a collection through everything that goes wrong on the way."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from controller.kube.paths import RELEASES
from controller.kube.reflector import Pace, Reflector
from tests.kube.serving import Exchange, Object, Server, listing, mark, serve, status, thing

SWIFT = Pace(watch=5.0, mute=0.3, hushed=0.3, wait=0.01, longest_wait=0.05, shortest_watch=0.02, failures=5)
Told = list[tuple[str | None, str | None]]


def eventually(holds: Callable[[], bool], seconds: float = 3.0) -> None:
    """Wait until it holds; fail when it never does."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came to hold"
        time.sleep(0.005)


def named(obj: Object | None) -> str | None:
    """`name@version`, or None."""
    return None if obj is None else f"{obj['metadata']['name']}@{obj['metadata']['resourceVersion']}"


class Script:
    """Answers beginnings and watches from a version on in the order given; the last of each is repeated."""

    tells = True  # Whether a watch can begin with all there is. Where it cannot, it is refused, and a list is a beginning.

    def __init__(self, begins: list[Callable[[Exchange], None]], watches: list[Callable[[Exchange], None]]) -> None:
        self.begins, self.watches = begins, watches
        self.begun = 0
        self.versions: list[str] = []  # That watches were asked to start from.

    def __call__(self, exchange: Exchange) -> None:
        """Answer the next beginning or watch in the script."""
        query = exchange.request.query
        if "resourceVersion" in query:
            turn = self.watches[min(len(self.versions), len(self.watches) - 1)]
            self.versions.append(query["resourceVersion"])
        elif "watch" in query and not self.tells:
            turn = refuse(422, "Invalid")
        else:
            turn = self.begins[min(self.begun, len(self.begins) - 1)]
            self.begun += 1
        turn(exchange)


@pytest.fixture(autouse=True, params=[True, False], ids=["told", "listed"])
def _server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is of a server that tells all there is by a watch, and of one that must be asked for a list."""
    monkeypatch.setattr(Script, "tells", request.param)


def listed(version: int, *objects: Object) -> Callable[[Exchange], None]:
    """Answer a list, or the beginning of a watch that ends with it."""

    def answer(exchange: Exchange) -> None:
        if "watch" in exchange.request.query:
            events(*(("ADDED", obj) for obj in objects), mark(version), then=Exchange.end)(exchange)
        else:
            exchange.json(200, listing(version, *objects))

    return answer


def quiet(exchange: Exchange) -> None:
    """A healthy watch on which nothing happens: bookmarks only."""
    exchange.begin()
    quiet_rest(exchange)


def quiet_rest(exchange: Exchange) -> None:
    """The same on a stream that has begun."""
    while not exchange.hang(0.05):
        exchange.event("BOOKMARK", {"metadata": {"resourceVersion": "90"}})


def events(*pairs: tuple[str, Object], then: Callable[[Exchange], None]) -> Callable[[Exchange], None]:
    """A watch that brings these events and then goes on as `then` says."""

    def answer(exchange: Exchange) -> None:
        exchange.begin()
        for kind, obj in pairs:
            exchange.event(kind, obj)
        then(exchange)

    return answer


def refuse(code: int, reason: str, headers: dict[str, str] | None = None) -> Callable[[Exchange], None]:
    """Answer with a failure."""
    return lambda exchange: exchange.json(code, status(code, reason), headers)


def hang(exchange: Exchange) -> None:
    """Say nothing more."""
    exchange.hang()


@contextmanager
def following(script: Script, pace: Pace = SWIFT) -> Iterator[tuple[Reflector, Told, Server]]:
    """A reflector at work on a script, and what it told."""
    told: Told = []
    with serve(script) as server:
        reflector = Reflector(server.client(), RELEASES, on_change=lambda old, new: told.append((named(old), named(new))))
        reflector.pace = pace
        reflector.start()
        try:
            yield reflector, told, server
        finally:
            assert reflector.stop()


def test_all_there_is_and_its_events_end_up_in_the_store_and_are_told() -> None:
    """The plain case, on a custom resource: added, changed and deleted, with what was there before."""
    watch = events(("ADDED", thing("b", 11)), ("MODIFIED", thing("a", 12)), ("DELETED", thing("b", 13)), then=quiet_rest)
    script = Script([listed(10, thing("a", 5))], [watch])
    with following(script) as (reflector, told, _):
        assert reflector.synced.wait(2.0)
        eventually(lambda: len(told) == 4)
        assert told == [(None, "a@5"), (None, "b@11"), ("a@5", "a@12"), ("b@11", None)]
        assert [named(each) for each in reflector.store.list()] == ["a@12"]
        assert script.versions == ["10"]


@pytest.mark.parametrize(
    "gone",
    [events(("ERROR", status(410, "Expired")), then=hang), refuse(410, "Expired"), refuse(403, "Forbidden")],
    ids=["an ERROR event", "a 410 answer", "a refusal"],
)
def test_a_version_that_is_no_longer_kept_leads_to_a_new_beginning(gone: Callable[[Exchange], None]) -> None:
    """The library asked again with the same version, or died."""
    script = Script([listed(10, thing("a", 5)), listed(50, thing("a", 40))], [gone, quiet])
    with following(script) as (_, told, _server):
        eventually(lambda: len(script.versions) == 2)
        assert script.versions == ["10", "50"]
        assert told == [(None, "a@5"), ("a@5", "a@40")]


def test_deletes_missed_in_the_gap_become_tombstones() -> None:
    """Whoever keeps something per object hears of its end, with the object as it last was."""
    script = Script(
        [listed(10, thing("a", 5), thing("b", 6)), listed(50, thing("b", 6))],
        [events(("ERROR", status(410, "Expired")), then=hang), quiet],
    )
    with following(script) as (reflector, told, _):
        eventually(lambda: ("a@5", None) in told)
        assert reflector.store.get("shop", "a") is None
        assert told == [(None, "a@5"), (None, "b@6"), ("a@5", None)]


@pytest.mark.parametrize(
    "broken",
    [
        events(("MODIFIED", thing("a", 20)), then=Exchange.cut),
        events(("MODIFIED", thing("a", 20)), then=Exchange.end),
        events(("MODIFIED", thing("a", 20)), then=hang),
        events(("MODIFIED", thing("a", 20)), then=lambda exchange: exchange.chunk(b'{"type": "MODIF\n')),
        events(("MODIFIED", thing("a", 20)), ("ERROR", status(500, "InternalError")), then=hang),
        events(("BOOKMARK", thing("a", 20)), then=hang),
    ],
    ids=["cut short", "ended in order", "open but mute", "garbage", "an ERROR 500", "mute after a bookmark"],
)
def test_a_broken_watch_goes_on_from_the_last_version_seen(broken: Callable[[Exchange], None]) -> None:
    """No beginning and no lost event: the version moves on with each event and each bookmark."""
    script = Script([listed(10, thing("a", 5))], [broken, quiet])
    with following(script) as (_, _told, _server):
        eventually(lambda: len(script.versions) == 2)
        assert script.versions == ["10", "20"]
        assert script.begun == 1


def test_a_watch_that_is_mute_from_the_start_leads_to_a_new_beginning() -> None:
    """After a restore of etcd a watch from our version is of the future: accepted, and silent (seen on 1.37)."""
    script = Script([listed(90, thing("a", 80)), listed(10, thing("a", 5))], [events(then=hang), quiet])
    with following(script) as (reflector, _, _server):
        eventually(lambda: len(script.versions) == 2)
        assert script.versions == ["90", "10"]
        assert named(reflector.store.get("shop", "a")) == "a@5"


def test_a_lasting_failure_leads_to_a_new_beginning_in_the_end() -> None:
    """A version the server can never serve again must not be asked for until the end of days."""
    script = Script([listed(10), listed(60)], [refuse(500, "InternalError")] * 5 + [quiet])
    with following(script) as (_, _told, _server):
        eventually(lambda: "60" in script.versions)
        assert script.versions[:4] == ["10"] * 4


@pytest.mark.parametrize("answer", [refuse(500, "InternalError"), events(then=Exchange.end)], ids=["500", "empty"])
def test_a_watch_that_fails_at_once_is_not_asked_in_a_storm(answer: Callable[[Exchange], None]) -> None:
    """The library's informer asked 5,087 times in 3 s, also where the watch is accepted and ends without a word."""
    pace = Pace(wait=0.01, longest_wait=10.0, shortest_watch=0.5, failures=1000)
    script = Script([listed(10)], [answer])
    with following(script, pace) as (reflector, _, _server):
        assert reflector.synced.wait(2.0)
        time.sleep(0.4)
        assert 1 <= len(script.versions) < 20
        assert reflector.alive


def test_retry_after_is_waited_for() -> None:
    """A server that names a time is not asked before it."""
    script = Script([refuse(429, "TooManyRequests", {"Retry-After": "1"}), listed(10)], [quiet])
    started = time.monotonic()
    with following(script) as (reflector, _, _server):
        assert reflector.synced.wait(3.0)
        assert time.monotonic() - started >= 1.0


def test_to_begin_is_tried_until_it_succeeds() -> None:
    """An API server that is down at the start delays us and nothing more."""
    script = Script([refuse(503, "ServiceUnavailable"), Exchange.cut, hang, listed(10, thing("a", 1))], [quiet])
    with following(script) as (reflector, told, _):
        assert not reflector.synced.is_set()
        assert reflector.staleness() == math.inf
        assert reflector.synced.wait(3.0)
        assert told == [(None, "a@1")]


def test_staleness_grows_in_silence_and_falls_with_a_bookmark() -> None:
    """Readers can tell a fresh cache from an old one."""
    release = threading.Event()

    def late(exchange: Exchange) -> None:
        exchange.begin()
        release.wait(2.0)
        quiet_rest(exchange)

    with following(Script([listed(10)], [late]), Pace(mute=5.0)) as (reflector, _, _server):
        eventually(lambda: 0.1 < reflector.staleness() < 5.0)
        release.set()
        eventually(lambda: reflector.staleness() < 0.05)


def test_stop_ends_a_mute_watch_promptly() -> None:
    """Shutting down does not wait for the next event."""
    script = Script([listed(10)], [events(then=hang)])
    with following(script, Pace()) as (reflector, _, _server):
        eventually(lambda: bool(script.versions))
        assert reflector.alive
        started = time.monotonic()
        assert reflector.stop()
        assert time.monotonic() - started < 0.5
        assert not reflector.alive


def test_an_exception_in_the_callback_stops_nothing() -> None:
    """One bad object cannot deafen the controller."""
    script = Script([listed(10, thing("a", 5))], [events(("ADDED", thing("b", 11)), then=quiet_rest)])
    with serve(script) as server:

        def fails(old: Object | None, new: Object | None) -> None:
            raise RuntimeError("a bug")

        reflector = Reflector(server.client(), RELEASES, on_change=fails)
        reflector.start()
        eventually(lambda: reflector.store.get("shop", "b") is not None)
        assert reflector.stop()


def test_namespace_selectors_and_trim_reach_every_call() -> None:
    """Only what was asked for is fetched, and only what the trim keeps is stored."""
    script = Script([listed(10, thing("a", 5, big="x"))], [events(("ADDED", thing("b", 11, big="y")), then=quiet_rest)])
    with serve(script) as server:

        def trim(obj: Object) -> Object:
            return {"metadata": obj["metadata"]}

        chosen = {"labelSelector": "x=y", "fieldSelector": "metadata.name!=z"}
        reflector = Reflector(server.client(), RELEASES, namespace="shop", chosen=chosen, trim=trim)
        reflector.start()
        eventually(lambda: reflector.store.get("shop", "b") is not None)
        assert reflector.stop()
    assert all(set(each) == {"metadata"} for each in reflector.store.list())
    assert all(each.query["labelSelector"] == "x=y" for each in server.requests)
    assert all(each.query["fieldSelector"] == "metadata.name!=z" for each in server.requests)
    assert all("/namespaces/shop/" in each.path for each in server.requests)
