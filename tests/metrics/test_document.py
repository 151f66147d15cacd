"""What a pod serves, and what counts as a document. Every server here is a real one, on loopback, which else is refused."""

from collections.abc import Callable

import pytest

from controller.metrics import transport
from controller.metrics.document import LARGEST, Place, fetch
from strategies.analysis.verdict import Unknown
from tests.metrics.server import Behaviour, Exchange, Server, endless_body, slow_body

TEXT = '{"openapi": "3.0.3"}'


def answer(body: bytes, code: str = "200 OK", *more: str) -> Behaviour:
    """A server that answers this."""

    def behaviour(exchange: Exchange) -> None:
        head = [f"HTTP/1.1 {code}", f"Content-Length: {len(body)}", "Connection: close", *more]
        exchange.send("\r\n".join([*head, "", ""]).encode() + body)

    return behaviour


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> Callable[[Behaviour], str | Unknown]:
    """Fetches from a server of this behaviour."""
    monkeypatch.setattr(transport, "is_blocked", lambda *_, **__: False)

    def ask(behaviour: Behaviour) -> str | Unknown:
        with Server(behaviour) as server:
            place = Place(address="127.0.0.1", port=server.port, path="/v3/api-docs?group=a", whose="pod a (stable)")
            found = fetch(place, 0.6)
            assert server.heads[0].startswith("GET /v3/api-docs?group=a HTTP/1.1")
            assert "authorization" not in server.heads[0].lower()
            return found

    return ask


def test_a_document_is_its_text(fetched: Callable[[Behaviour], str | Unknown]) -> None:
    """Whatever type it says it has, and without any password of ours."""
    assert fetched(answer(TEXT.encode(), "200 OK", "Content-Type: text/plain")) == TEXT


@pytest.mark.parametrize(("behaviour", "reason", "said"), [
    (answer(b"", "404 Not Found"), "NotServed", "pod a (stable) answers 404 at port"),
    (answer(b"", "302 Found", "Location: http://169.254.169.254/"), "NotServed", "a redirect, which is not followed"),
    (answer(b" " * (LARGEST + 1)), "TooLarge", "pod a (stable) serves more than 1 MiB"),
    (endless_body, "TooLarge", "pod a (stable) serves more than 1 MiB"),
    (answer(b"\xff\xfe"), "NoText", "serves no text in UTF-8"),
    (answer(b"x", "200 OK", "Content-Encoding: gzip"), "Encoded", "compressed"),
    (slow_body, "Timeout", "networkPolicy.contracts"),
    (lambda exchange: exchange.send(b"SSH-2.0-OpenSSH\r\n"), "ConnectionLost", "broke off"),
])  # fmt: skip
def test_whatever_else_comes_is_unknown(
    fetched: Callable[[Behaviour], str | Unknown], behaviour: Behaviour, reason: str, said: str
) -> None:
    """With what it was, and of whose pod, within the time that it has."""
    found = fetched(behaviour)
    assert isinstance(found, Unknown)
    assert found.reason == reason
    assert said in found.message


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.169.254", "0.0.0.0"])
def test_a_pod_that_says_it_is_somewhere_else_is_not_asked(address: str) -> None:
    """On this machine, or a metadata service."""
    found = fetch(Place(address=address, port=1, path="/", whose="pod a (stable)"), 5.0)
    assert isinstance(found, Unknown)
    assert found.reason == "BlockedAddress"
