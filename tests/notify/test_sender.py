"""CloudEvents to receivers that take them, refuse them, hang, or are not there. Every server is a real one on loopback."""

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from controller.notify import sender
from controller.notify.sender import Notifier
from controller.telemetry import metrics
from strategies.spec.receiver import Receiver
from tests.metrics.server import Behaviour, Exchange, Server, body_of, reply

KEY = "k3y-of-the-signature"
OK = reply(b"", status=202)


def event(number: int = 0) -> dict[str, Any]:
    """An event, as far as the sender looks at it."""
    return {"id": f"u/1-a/{number}", "type": "io.release-coordinator.release.started", "data": {"message": "ü"}}


def no_secret(name: str, key: str) -> str:
    """There is none."""
    raise LookupError(f"Secret {name} has no key {key}")


def receiver(server: Server, **more: Any) -> Receiver:
    """The server, as the settings name it."""
    return Receiver.model_validate({"url": f"{server.url}/releases?token=t0ken", **more})


class Inbox:
    """Behaves as the first, second … behaviour says, the last again and again, and keeps what was posted."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self.bodies: list[bytes] = []
        self.heads: list[Exchange] = []
        self._behaviours = list(behaviours)

    def __call__(self, exchange: Exchange) -> None:
        """Keep it, then answer."""
        self.bodies.append(body_of(exchange))
        self.heads.append(exchange)
        (self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0])(exchange)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other closely."""
    monkeypatch.setattr(sender, "_FIRST_WAIT", 0.01)


def count(result: str) -> float:
    """The metric."""
    return float(metrics.NOTIFICATIONS.labels(result=result)._value.get())


def wait_for(met: Callable[[], bool]) -> None:
    """Until it is so; a test that would hang fails."""
    for _ in range(2000):
        if met():
            return
        threading.Event().wait(0.01)
    pytest.fail("it has not come")


def test_it_is_posted_signed_in_structured_mode() -> None:
    """The content type says that the whole event is in the body; the key is the Secret's."""
    inbox = Inbox(OK)
    secrets = {("events", "key"): KEY}

    def secret(name: str, key: str) -> str:
        return secrets.get((name, key)) or no_secret(name, key)

    with Server(inbox) as server:
        notifier = Notifier((receiver(server, secretName="events"),), secret)
        notifier.start()
        notifier.tell("shop", event())
        notifier.stop(10)
    ((head,), (body,)) = inbox.heads, inbox.bodies
    assert head.head.startswith("POST /releases?token=t0ken HTTP/1.1")
    assert head.header("Content-Type") == "application/cloudevents+json; charset=utf-8"
    assert json.loads(body) == event()
    time_, _, code = head.header("Release-Coordinator-Signature").partition(",v1=")
    assert code == hmac.new(KEY.encode(), time_.removeprefix("t=").encode() + b"." + body, hashlib.sha256).hexdigest()


def test_each_receiver_is_told_of_its_namespaces_only_and_without_a_secret_nothing_is_signed() -> None:
    """What a team does is not everybody's."""
    inbox = Inbox(OK)
    with Server(inbox) as server:
        notifier = Notifier((receiver(server, namespaces=["team-*"]),), no_secret)
        notifier.start()
        for number, namespace in enumerate(("shop", "team-a", "team")):
            notifier.tell(namespace, event(number))
        notifier.stop(10)
    assert [json.loads(body)["id"] for body in inbox.bodies] == ["u/1-a/1"]
    assert inbox.heads[0].header("Release-Coordinator-Signature") == ""


@pytest.mark.parametrize("first", [reply(b"", status=503), reply(b"", status=429), lambda exchange: exchange.connection.close()])
def test_what_may_pass_is_tried_again_with_the_same_event(first: Behaviour) -> None:
    """Under the same id, so that a receiver that had taken it can tell."""
    inbox, sent = Inbox(first, first, OK), count("sent")
    with Server(inbox) as server:
        notifier = Notifier((receiver(server),), no_secret)
        notifier.start()
        notifier.tell("shop", event())
        wait_for(lambda: count("sent") == sent + 1)
        notifier.stop(10)
    assert len(inbox.bodies) == 3
    assert len(set(inbox.bodies)) == 1


def test_a_server_of_apprise_gets_what_it_takes() -> None:
    """Title, body and type as JSON; its 204 says that nobody was told, and is no success."""
    inbox, failed = Inbox(OK, reply(b"", status=204)), count("failed")
    data = {"release": {"namespace": "shop", "name": "checkout"}, "kind": "Release", "candidate": {"hash": "1-a", "version": "2"},
            "outcome": None, "strategy": None, "risk": None, "changedBy": None, "summary": None, "stakeholders": [],
            "message": "ü"}  # fmt: skip
    with Server(inbox) as server, capture_logs() as logs:
        notifier = Notifier((receiver(server, form="Apprise"),), no_secret)
        notifier.start()
        notifier.tell("shop", {**event(), "data": data})
        notifier.tell("shop", {**event(), "data": data})
        wait_for(lambda: count("failed") == failed + 1)
        notifier.stop(10)
    assert inbox.heads[0].header("Content-Type") == "application/json"
    assert json.loads(inbox.bodies[0]) == {"title": "shop/checkout 2: Release started", "body": "ü", "type": "info"}
    assert len(inbox.bodies) == 2
    assert "no services under the key" in logs[0]["error"]


@pytest.mark.parametrize("status", [400, 401, 410, 302])
def test_a_refusal_is_not_tried_again_and_the_next_is_sent(status: int) -> None:
    """A log line names host and event, never the path, which may be a secret; no redirect is followed."""
    inbox, failed = Inbox(reply(b"", status=status, extra="Location: http://169.254.169.254/\r\n"), OK), count("failed")
    with Server(inbox) as server, capture_logs() as logs:
        notifier = Notifier((receiver(server),), no_secret)
        notifier.start()
        notifier.tell("shop", event(1))
        notifier.tell("shop", event(2))
        wait_for(lambda: len(inbox.bodies) == 2)
        notifier.stop(10)
    assert [json.loads(body)["id"] for body in inbox.bodies] == ["u/1-a/1", "u/1-a/2"]
    assert count("failed") == failed + 1
    (line,) = logs
    assert (line["event"], line["receiver"], line["id"]) == ("notification_not_sent", f"127.0.0.1:{server.port}", "u/1-a/1")
    assert f"answered {status}" in line["error"]
    assert "t0ken" not in str(logs)


def test_whoever_hangs_fails_or_is_not_there_delays_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The good one has all of it while the others still hold theirs; what does not fit into a line is dropped and counted."""
    monkeypatch.setattr(sender, "LONGEST_LINE", 60)
    release, hung, good, dropped = threading.Event(), threading.Event(), Inbox(OK), count("dropped")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = Receiver(url=f"http://127.0.0.1:{closed.getsockname()[1]}/")

    def hang(exchange: Exchange) -> None:
        hung.set()
        release.wait(60)
        exchange.connection.close()

    with Server(hang) as hanging, Server(reply(b"", status=500)) as failing, Server(good) as server:
        notifier = Notifier((receiver(hanging), nobody, receiver(failing), receiver(server)), no_secret)
        notifier.start()
        notifier.tell("shop", event(0))
        assert hung.wait(10)
        for number in range(1, 50):
            notifier.tell("shop", event(number))
        wait_for(lambda: len(good.bodies) == 50)
        line = notifier._lines[0]
        for number in range(50, 70):  # One is under way, 60 wait.
            line.put(event(number))
        assert count("dropped") == dropped + 9
        assert not release.is_set()
        release.set()
        notifier.stop(30)
        assert not any(line.thread.is_alive() for line in notifier._lines)


def test_at_the_end_nobody_waits_for_the_next_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """A back-off of an hour ends with the process; what waits is tried once more."""
    monkeypatch.setattr(sender, "wait_random_exponential", lambda **_: lambda _state: 3600.0)
    inbox = Inbox(reply(b"", status=503))
    with Server(inbox) as server:
        notifier = Notifier((receiver(server),), no_secret)
        notifier.start()
        notifier.tell("shop", event(1))
        wait_for(lambda: len(inbox.bodies) == 1)
        notifier.tell("shop", event(2))
        notifier.stop(10)
        assert not notifier._lines[0].thread.is_alive()
    assert [json.loads(body)["id"] for body in inbox.bodies] == ["u/1-a/1", "u/1-a/1", "u/1-a/2"]


def test_a_secret_that_is_missing_is_said_and_nothing_goes_out_unsigned() -> None:
    """It is looked for again with each try."""
    inbox, asked = Inbox(OK), list[str]()

    def secret(name: str, key: str) -> str:
        asked.append(key)
        return no_secret(name, key)

    with Server(inbox) as server, capture_logs() as logs:
        notifier = Notifier((receiver(server, secretName="events"),), secret)
        notifier.start()
        notifier.tell("shop", event())
        wait_for(lambda: bool(logs))
        notifier.stop(10)
    assert inbox.bodies == []
    assert asked == ["key"] * sender._TRIES
    assert logs[0]["error"] == "Secret events has no key key"
