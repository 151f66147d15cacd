"""The receiver of alerts: who may send, what is understood, and that nothing is lost between two processes."""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from controller.reconcile.cluster import Key
from controller.reconcile.inbox import Inbox
from controller.runtime.alerts import PATH, receiver
from controller.runtime.server import LARGEST, Server
from strategies.world.observation import Alert

TOKEN = "t0ken-of-alertmanager"
SINCE = "2026-11-29T10:00:00.5Z"
FIRING = {"status": "firing", "labels": {"alertname": "Burn", "namespace": "shop", "release": "checkout", "severity": "page"},
          "annotations": {"summary": "14 times\nthe errors"}, "startsAt": SINCE, "endsAt": "0001-01-01T00:00:00Z",
          "generatorURL": "http://prometheus/graph", "fingerprint": "0a1b"}  # fmt: skip
BURN = Alert(name="Burn", summary="14 times the errors", since=datetime(2026, 11, 29, 10, 0, 0, 500_000, UTC))
Delivered = list[Mapping[Key, tuple[Alert, ...]]]


def message(*alerts: Mapping[str, Any], **changes: Any) -> bytes:
    """As Alertmanager sends it."""
    whole = {"version": "4", "groupKey": "{}", "truncatedAlerts": 0, "status": "firing", "receiver": "rc", "groupLabels": {},
             "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://alerts", "alerts": list(alerts)}  # fmt: skip
    return json.dumps(whole | changes).encode()


@contextmanager
def serving(folder: Path, *, takes: bool = True, token: str | None = TOKEN) -> Iterator[tuple[Server, Delivered]]:
    """The receiver on a port, and what it has handed on."""
    if token is not None:
        (folder / "token").write_text(f"{token}\n")
    seen: Delivered = []

    def deliver(alerts: Mapping[Key, tuple[Alert, ...]]) -> bool:
        seen.append(alerts)
        return takes

    server = Server("127.0.0.1", 0, {}, {PATH: receiver(folder / "token", deliver)})
    server.start()
    try:
        yield server, seen
    finally:
        server.stop()


def send(server: Server, body: bytes, token: str = TOKEN, path: str = PATH) -> int:
    """POST it; the status."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.request("POST", path, body, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()


def test_alerts_that_fire_and_name_a_release_are_handed_on_and_others_passed_over(tmp_path: Path) -> None:
    """By Release; resolved ones, and those without the two labels, are nobody's."""
    resolved, nobody = {**FIRING, "status": "resolved"}, {**FIRING, "labels": {"alertname": "Burn", "namespace": "shop"}}
    other = {**FIRING, "labels": {**FIRING["labels"], "release": "cart"}, "annotations": {}}  # type: ignore[dict-item]
    with serving(tmp_path) as (server, seen):
        assert send(server, message(FIRING, resolved, nobody, other)) == 200
    assert seen == [{("shop", "checkout"): (BURN,), ("shop", "cart"): (Alert(name="Burn", summary="", since=BURN.since),)}]


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", "tökén"])
def test_without_the_token_nothing_is_read(tmp_path: Path, token: str) -> None:
    """401, before the body."""
    with serving(tmp_path) as (server, seen):
        status = send(server, message(FIRING), token.encode().decode("latin-1"))
    assert (status, seen) == (401, [])


@pytest.mark.parametrize("token", [None, "", "\n"])
def test_without_a_token_of_its_own_it_takes_nothing(tmp_path: Path, token: str | None) -> None:
    """A Secret that is not mounted yet lets nobody in, not even with an empty token."""
    with serving(tmp_path, token=token) as (server, seen):
        status = send(server, message(FIRING), "")
    assert (status, seen) == (503, [])


def test_a_rotated_token_is_noticed(tmp_path: Path) -> None:
    """It is read for each message."""
    with serving(tmp_path) as (server, _):
        (tmp_path / "token").write_text("another")
        assert (send(server, message(FIRING)), send(server, message(FIRING), "another")) == (401, 200)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"[" * 50_000, b"\xff", message(FIRING, version="5"), message({"status": "firing"}),
     message(*[FIRING] * 1001), message({**FIRING, "labels": {"namespace": 1}}), message({**FIRING, "startsAt": "soon"})],
)  # fmt: skip
def test_what_is_no_message_of_version_4_is_refused(tmp_path: Path, body: bytes) -> None:
    """And nothing of it handed on."""
    with serving(tmp_path) as (server, seen):
        assert send(server, body) == 400
    assert seen == []


def test_a_body_that_is_too_large_or_of_no_length_is_not_read(tmp_path: Path) -> None:
    """413, as soon as the headers are there."""
    with serving(tmp_path) as (server, seen):
        for header in (f"Content-Length: {LARGEST + 1}", "Content-Length: -1", "Transfer-Encoding: chunked"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
                head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n{header}\r\n\r\n"
                connection.sendall(head.encode())
                assert connection.recv(100).split()[1] == b"413"
    assert seen == []


def test_other_paths_are_not_there_and_a_get_is_none(tmp_path: Path) -> None:
    """One page, one method."""
    with serving(tmp_path) as (server, _):
        assert send(server, message(FIRING), path="/") == 404
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", PATH)
        assert connection.getresponse().status == 404
        connection.close()


def test_what_is_not_taken_must_be_sent_again_by_a_new_connection(tmp_path: Path) -> None:
    """A standby answers 503; a connection that is kept would lead to it again."""
    with serving(tmp_path, takes=False) as (server, _):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("POST", PATH, message(FIRING), {"Authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        assert (answer.status, answer.will_close) == (503, True)
        connection.close()


def _waits(inbox: Inbox) -> Callable[[], bool]:
    (waiting,) = inbox.put({("shop", "checkout"): (BURN,)})
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(waiting.taken.wait(5)))
    thread.start()

    def answer() -> bool:
        thread.join()
        return answers[0]

    return answer


def test_a_sender_hears_of_it_when_a_turn_has_taken_what_it_saw() -> None:
    """And what came meanwhile waits for the next turn."""
    inbox, key = Inbox(), ("shop", "checkout")
    answer = _waits(inbox)
    seen = inbox.of(key)
    later = inbox.put({key: (BURN,)})
    inbox.take(key, seen)
    assert answer()
    assert inbox.of(key) == tuple(later)
    assert not later[0].taken.is_set()


def test_a_leader_that_steps_down_takes_nothing_more() -> None:
    """Its senders are not told that it was seen, and send again."""
    inbox = Inbox()
    (waiting,) = inbox.put({("shop", "checkout"): (BURN,)})
    inbox.drop()
    assert inbox.of(("shop", "checkout")) == ()
    assert not waiting.taken.is_set()
