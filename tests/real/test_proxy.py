"""The proxy that tests put between a client and the API server: each fault is what it says, and is over when it is over."""

import http.client
from collections.abc import Iterator

import pytest

from tests.controlplane.api import ApiFailure, Client
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.namespace import NODE_ADDRESS
from tests.controlplane.proxy import Kind, Proxy

CUT = {"RemoteDisconnected", "ConnectionResetError", "BrokenPipeError", "SSLEOFError", "SSLZeroReturnError"}
MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture(scope="module")
def proxy(plane: ControlPlane) -> Iterator[Proxy]:
    """One for all."""
    with Proxy(plane) as started:
        yield started


@pytest.fixture
def client(plane: ControlPlane, proxy: Proxy) -> Client:
    """A client of the proxy that waits a second at most, in a connection of its own."""
    known = plane.client()
    return Client(f"https://{NODE_ADDRESS}:{proxy.port}", known._headers, known._tls, timeout=1)


def outcome(client: Client, method: str = "GET", body: object = None) -> object:
    """The status of a call, the text that was no JSON, or the name of the error."""
    try:
        answer = client.request(method, MAPS, body)
    except ApiFailure as failure:
        return failure.status
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    return 200 if isinstance(answer, dict) else answer


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.BROKEN, {500}), (Kind.THROTTLED, {429}), (Kind.GONE, {410}), (Kind.TRUNCATED, {"IncompleteRead"}),
        (Kind.HUNG, {"TimeoutError"}), (Kind.RESET, CUT), (Kind.REFUSED, CUT),
    ],
)  # fmt: skip
def test_a_call_meets_the_fault_and_the_next_does_not(proxy: Proxy, client: Client, kind: Kind, expected: set[object]) -> None:
    """An open connection and a new one."""
    assert outcome(client) == 200
    with proxy.fault(kind) as fault:
        assert outcome(client) in expected
        assert fault.struck or kind is Kind.REFUSED
    assert outcome(client) == 200


def test_garbage_is_no_json_and_slow_is_slow(proxy: Proxy, client: Client) -> None:
    """With a status that promises both."""
    with proxy.fault(Kind.GARBAGE):
        assert "Sign in" in str(outcome(client))
    with proxy.fault(Kind.SLOW):
        assert outcome(client) == "TimeoutError"


def test_a_lost_answer_is_of_a_call_that_was_done_and_a_reset_one_was_not(proxy: Proxy, client: Client, namespace: str) -> None:
    """What a client must not mistake for one another."""
    for kind, done in ((Kind.LOST, 409), (Kind.RESET, 200)):
        body = {"metadata": {"name": kind.name.lower()}}
        with proxy.fault(kind):
            assert isinstance(outcome(client, "POST", body), str)
        assert outcome(client, "POST", body) == done
        assert isinstance(client.request("DELETE", f"{MAPS}/{kind.name.lower()}"), dict)


def test_a_held_call_arrives_later_and_a_late_answer_tells_of_earlier(plane: ControlPlane, proxy: Proxy, client: Client) -> None:
    """Whatever the client does meanwhile: it gives up."""
    for kind, before in ((Kind.HELD, False), (Kind.LATE, True)):
        path = f"{MAPS}/{kind.name.lower()}"
        with proxy.fault(kind):
            assert outcome(client, "POST", {"metadata": {"name": kind.name.lower()}}) == "TimeoutError"
            assert bool(plane.find(path)) is before
        plane.wait_for(lambda path=path: plane.find(path), 10, path)
        plane.api("DELETE", path)


def test_a_watch_falls_silent_for_good(plane: ControlPlane, client: Client, proxy: Proxy, namespace: str) -> None:
    """It stays open; what happens meanwhile is not told, nor is what happens after the fault."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    connection = client._connect(1)
    connection.request("GET", f"{path}?watch=1&resourceVersion=0", headers=client._headers)
    answer = connection.getresponse()
    assert b"kube-root-ca.crt" in answer.readline()
    with proxy.fault(Kind.SILENT, lambda call: call.watch) as fault:
        plane.api("POST", path, {"metadata": {"name": "seen"}})
        with pytest.raises(TimeoutError):
            answer.readline()
        assert fault.struck == 1
    plane.api("DELETE", f"{path}/seen")
    connection.sock.settimeout(0.5)
    with pytest.raises(OSError, match="timed out"):
        connection.sock.recv(1)
