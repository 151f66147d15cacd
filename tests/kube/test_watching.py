"""One watch: events in, and every way a stream can end."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from controller.kube import errors
from controller.kube.paths import PODS
from tests.kube.serving import Exchange, serve, status, thing

ALL = PODS.path("shop")


def read(answer: Callable[[Exchange], None], mute_after: float = 0.3) -> list[str]:
    """The types of a watch's events until its end."""
    with serve(answer) as server:
        return [event["type"] for event in server.client().watch(ALL, {}, mute_after)]


def test_events_come_one_by_one_however_the_bytes_are_cut() -> None:
    """Several lines in a chunk, a line in several chunks, blank lines between them."""
    lines = b"".join(
        json.dumps({"type": kind, "object": thing("ü", 1)}, ensure_ascii=False).encode() + b"\n\n"
        for kind in ("ADDED", "MODIFIED", "BOOKMARK")
    )

    def answer(exchange: Exchange) -> None:
        exchange.begin()
        for start in range(0, len(lines), 7):
            exchange.chunk(lines[start : start + 7])
        exchange.chunk(lines)
        exchange.end()

    assert read(answer) == ["ADDED", "MODIFIED", "BOOKMARK"] * 2


def test_a_watch_asks_for_bookmarks_and_bounds_itself_on_the_server() -> None:
    """The server is told when to end, and to say from time to time that it lives."""

    def answer(exchange: Exchange) -> None:
        exchange.begin()
        exchange.end()

    with serve(answer) as server:
        list(server.client().watch(ALL, {"resourceVersion": "7"}))
    query = server.requests[0].query
    assert query == {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": "290", "resourceVersion": "7"}


def _error_event(exchange: Exchange) -> None:
    exchange.begin()
    exchange.event("ERROR", status(410, "Expired"))
    exchange.hang()


def _refused(exchange: Exchange) -> None:
    exchange.json(410, status(410, "Gone"))


def _cut_in_line(exchange: Exchange) -> None:
    exchange.begin()
    exchange.chunk(b'{"type":"ADDED","obj')
    exchange.end()


def _cut_in_stream(exchange: Exchange) -> None:
    exchange.begin()
    exchange.event("ADDED", thing("a", 1))
    exchange.cut()


def _mute(exchange: Exchange) -> None:
    exchange.begin()
    exchange.hang()


def _not_json(exchange: Exchange) -> None:
    exchange.begin()
    exchange.chunk(b"<html>\n")
    exchange.hang()


def _no_event(exchange: Exchange) -> None:
    exchange.begin()
    exchange.chunk(b'{"kind":"Pod"}\n')
    exchange.hang()


def _endless_line(exchange: Exchange) -> None:
    exchange.begin()
    for _ in range(1024):
        exchange.chunk(b" x" * (1 << 19))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (_error_event, errors.Gone),
        (_refused, errors.Gone),
        (_cut_in_line, errors.Unreachable),
        (_cut_in_stream, errors.Unreachable),
        (_mute, errors.Unreachable),
        (_not_json, errors.Unreachable),
        (_no_event, errors.Unreachable),
        (_endless_line, errors.Unreachable),
    ],
)
def test_a_broken_watch_raises_what_broke_it(answer: Callable[[Exchange], None], expected: type) -> None:
    """An ERROR event is an error with its status (the library made a KeyError of it); all else is unreachable."""
    started = time.monotonic()
    with pytest.raises(expected):
        read(answer)
    assert time.monotonic() - started < 2.0


def test_a_server_that_forgets_to_end_is_ended_by_us(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound on our side holds even while events keep coming."""
    monkeypatch.setattr("controller.kube.client.WATCH_GRACE", -0.7)

    def answer(exchange: Exchange) -> None:
        exchange.begin()
        while not exchange.hang(0.02):
            exchange.event("BOOKMARK", thing("a", 1))

    with serve(answer) as server:
        started = time.monotonic()
        assert list(server.client().watch(ALL, {"timeoutSeconds": "1"}))
        assert time.monotonic() - started < 1.0


@pytest.mark.parametrize(("headers", "kinds"), [({}, ["ADDED", "MODIFIED"]), ({"Connection": "close"}, ["ADDED"])])
def test_a_watch_can_be_given_more_time_to_be_silent(headers: dict[str, str], kinds: list[str]) -> None:
    """A connection that ends with its answer is out of reach: there silence is noticed as soon as before."""

    def answer(exchange: Exchange) -> None:
        exchange.begin(headers=headers)
        exchange.event("ADDED", thing("a", 1))
        exchange.hang(0.4)
        exchange.event("MODIFIED", thing("a", 2))
        exchange.end()

    seen = []
    with serve(answer) as server, suppress(errors.Unreachable):
        watch = server.client().watch(ALL, {}, 0.2)
        for event in watch:
            seen.append(event["type"])
            watch.mute_after(2.0)
    assert seen == kinds


def test_close_wakes_a_blocked_reader() -> None:
    """Stopping does not wait for the next event, and is no error."""
    with serve(_mute) as server:
        watch = server.client().watch(ALL, {}, 30.0)
        seen: list[object] = []
        reader = threading.Thread(target=lambda: seen.extend(watch))
        reader.start()
        reader.join(0.05)
        assert reader.is_alive()
        watch.close()
        watch.close()
        reader.join(1.0)
        assert not reader.is_alive()
        assert seen == []
