"""What a webhook is sent, and what counts as its answer. Every server here is a real one on loopback."""

import hashlib
import hmac
import json
import socket
import threading
import time

import pytest

from controller.metrics.webhook import LARGEST, Hook, HookSettings, origin
from strategies.analysis.verdict import Unknown, Verdict
from strategies.world.observation import Told
from tests.metrics.server import AT, QUICK, Behaviour, Exchange, Server, after_reading, body_of, reply, slow_head

KEY = "k3y-of-the-signature"
DOCUMENT = json.dumps({"id": "0123456789abcdef", "gate": "qa"})
PASS = {"verdict": "pass", "message": "42 checks"}


def asked(behaviour: Behaviour, seconds: float = 5.0) -> Told | Unknown:
    """Ask a server of this behaviour once."""
    with Server(after_reading(behaviour)) as server:
        return Hook(HookSettings(url=server.url, key=KEY, seconds=seconds)).query(DOCUMENT, AT)


def test_it_is_sent_the_document_signed_and_with_its_key() -> None:
    """The signature is over the time and the body, so that neither can be changed, nor used again for long."""
    bodies: list[bytes] = []
    heads: list[Exchange] = []

    def behaviour(exchange: Exchange) -> None:
        bodies.append(body_of(exchange))
        heads.append(exchange)
        reply(PASS)(exchange)

    with Server(behaviour) as server:
        found = Hook(HookSettings(url=server.url, key=KEY)).query(DOCUMENT, AT)
    assert found == Told(verdict=Verdict.PASS, message="42 checks", at=AT)
    (head,) = heads
    assert bodies == [DOCUMENT.encode()]
    assert head.head.startswith("POST / HTTP/1.1")
    assert head.header("Idempotency-Key") == "0123456789abcdef"
    assert head.header("Content-Type") == "application/json"
    time_, _, code = head.header("Release-Coordinator-Signature").partition(",v1=")
    signed = hmac.new(KEY.encode(), time_.removeprefix("t=").encode() + b"." + bodies[0], hashlib.sha256)
    assert code == signed.hexdigest()
    assert time_ == f"t={int(AT.timestamp())}"


@pytest.mark.parametrize(("word", "verdict"), [("fail", Verdict.FAIL), ("wait", Verdict.INCONCLUSIVE)])
def test_the_other_two_answers(word: str, verdict: Verdict) -> None:
    """Fail, and wait; a message is not needed."""
    assert asked(reply({"verdict": word})) == Told(verdict=verdict, message="", at=AT)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (reply({"verdict": "ok"}), "BadAnswer"),
        (reply({"verdict": "PASS"}), "BadAnswer"),
        (reply({"verdict": ["pass"]}), "BadAnswer"),
        (reply({"verdict": "pass", "reason": "x"}), "BadAnswer"),
        (reply({"verdict": "pass", "message": "x" * 501}), "BadAnswer"),
        (reply({}), "BadAnswer"),
        (reply(b"pass", kind="text/plain"), "BadAnswer"),
        (reply(b"[" * 5000), "BadAnswer"),
        (reply(PASS, status=500), "Refused"),
        (reply(PASS, status=201), "Refused"),
        (reply(b"", status=302, extra="Location: http://169.254.169.254/\r\n"), "Redirect"),
        (reply(b'{"verdict": "pass"}' + b" " * LARGEST), "TooLarge"),
        (reply(PASS, extra="Content-Encoding: gzip\r\n"), "Encoded"),
        (lambda exchange: exchange.connection.close(), "ConnectionLost"),
    ],
)  # fmt: skip
def test_everything_else_is_unknown(behaviour: Behaviour, reason: str) -> None:
    """Neither a pass nor a failure; nothing of another form, size or status is believed, and no redirect followed."""
    found = asked(behaviour)
    assert isinstance(found, Unknown)
    assert found.reason == reason
    assert KEY not in found.message


def test_an_answer_that_drips_ends_with_the_deadline() -> None:
    """However many bytes come."""
    begun = time.monotonic()
    found = asked(slow_head, seconds=QUICK)
    assert isinstance(found, Unknown)
    assert found.reason == "Timeout"
    assert time.monotonic() - begun < 10 * QUICK


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::1", "::ffff:127.0.0.1", "169.254.169.254"])
def test_a_name_that_leads_to_this_machine_or_to_metadata_is_not_connected_to(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever owns an allowed name must not point it at our own ports."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(family, socket.SOCK_STREAM, 6, "", (address, 80))])
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("connected"))
    found = Hook(HookSettings(url="http://qa.example.com", key=KEY)).query(DOCUMENT, AT)
    assert isinstance(found, Unknown)
    assert found.reason == "BlockedAddress"


def test_what_is_asked_after_it_may_be_on_this_machine_again() -> None:
    """The restriction ends with the question: a metric source of an administrator may be a sidecar."""
    with Server(after_reading(reply(PASS))) as server:
        elsewhere = Hook(HookSettings(url=f"http://qa.invalid:{server.port}", key=KEY))
        threads = [threading.Thread(target=lambda: elsewhere.query(DOCUMENT, AT)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert isinstance(Hook(HookSettings(url=server.url, key=KEY)).query(DOCUMENT, AT), Told)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://QA.example.com/x?y=1", ("https", "qa.example.com", 443)),
        ("http://qa:8080", ("http", "qa", 8080)),
        ("http://[::1]/", ("http", "::1", 80)),
    ],
)
def test_what_is_allowed_is_scheme_host_and_port(url: str, expected: tuple[str, str, int]) -> None:
    """Not the path, and not the spelling."""
    assert origin(url) == expected


@pytest.mark.parametrize("url", ["ftp://qa", "https://", "https://user@qa", "qa.example.com", "https://qa:port"])
def test_what_is_no_address_of_a_web_server_is_refused(url: str) -> None:
    """With a user in it, what stands before the @ could pass for the host."""
    with pytest.raises(ValueError, match=r"."):
        origin(url)
