"""Whom a metric source connects to, and whom it trusts: addresses, certificates, and time limits inside TLS."""

import os
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest

from controller.metrics.source import PrometheusSource, SourceSettings
from controller.metrics.transport import TLS, is_blocked
from strategies.analysis.verdict import Sample, Unknown
from tests.metrics.server import AT, QUICK, Server, ask, reply, slow_head, vector

ADDRESSES = {
    "169.254.169.254": True,
    "fe80::1%eth0": True,
    "::ffff:169.254.169.254": True,
    "64:ff9b::a9fe:a9fe": True,
    "fd00:ec2::254": True,
    "100.100.100.200": True,
    "224.0.0.1": True,
    "127.0.0.1": False,
    "10.96.0.10": False,
    "fd00::1": False,
    "2001:db8::1": False,
}


@pytest.mark.parametrize(("address", "blocked"), ADDRESSES.items())
def test_blocked_addresses(address: str, *, blocked: bool) -> None:
    """Link-local addresses and metadata services are blocked in each of their spellings, others are not."""
    assert is_blocked(address) is blocked


@pytest.mark.parametrize("host", ["169.254.169.254", "2852039166", "[::ffff:a9fe:a9fe]"])
def test_a_metadata_service_is_never_connected_to(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolved address decides, not the text of the URL; nothing is sent."""
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("connected"))
    answer = ask(f"http://{host}/")
    assert isinstance(answer, Unknown)
    assert answer.reason == "BlockedAddress"


def test_a_name_that_leads_to_a_blocked_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is judged by what it resolves to."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    answer = ask("http://innocent.example")
    assert isinstance(answer, Unknown)
    assert answer.reason == "BlockedAddress"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a server's certificate for 127.0.0.1, and a client's, made by openssl."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=30)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=ca")
    for name in ("server", "client"):
        openssl("req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", "extensions", "-out", f"{name}.pem")  # fmt: skip
    return folder


def served(certificates: Path, *, ask_client: bool = False) -> ssl.SSLContext:
    """Make the server's side of TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificates / "ca.pem"))
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.verify_mode = ssl.CERT_REQUIRED if ask_client else ssl.CERT_NONE
    return context


def test_tls_with_our_authority_and_certificate_works(certificates: Path) -> None:
    """A private authority is trusted, our certificate is shown to a server that asks, and no file of it is left open."""
    authority = (certificates / "ca.pem").read_text()
    client = (certificates / "client.pem").read_text() + (certificates / "client.key").read_text()
    with Server(reply(vector("1")), served(certificates, ask_client=True)) as server:
        before = len(os.listdir("/proc/self/fd"))
        TLS(authorities=authority, certificate=client).context()
        assert len(os.listdir("/proc/self/fd")) == before
        assert isinstance(ask(server, tls=TLS(authorities=authority, certificate=client)), Sample)


def test_an_unknown_authority_is_a_tls_failure(certificates: Path) -> None:
    """Without the authority the certificate is refused, and the message says why."""
    with Server(reply(vector("1")), served(certificates)) as server:
        answer = ask(server)
        assert isinstance(answer, Unknown)
        assert answer.reason == "TLSFailure"
        assert "certificate" in answer.message
        assert not server.heads, "nothing may be sent before the server is known"


def test_a_private_authority_replaces_the_public_ones(certificates: Path) -> None:
    """Who names an authority does not go on trusting all the others."""
    authority = (certificates / "ca.pem").read_text()
    source = PrometheusSource(SourceSettings(url="https://127.0.0.1:1", tls=TLS(authorities=authority)))
    source.query("up", AT)
    pool = source._session.get_adapter("").poolmanager
    contexts = {key.key_ssl_context for key in pool.pools._container}
    assert [len(context.get_ca_certs()) for context in contexts] == [1]
    source.close()


def test_a_wrong_name_is_a_tls_failure(certificates: Path) -> None:
    """The name in the certificate must be the one that was asked for."""
    authority = (certificates / "ca.pem").read_text()
    with Server(reply(vector("1")), served(certificates)) as server:
        answer = ask(f"https://localhost:{server.port}", tls=TLS(authorities=authority))
        assert isinstance(answer, Unknown)
        assert answer.reason == "TLSFailure"


def test_tls_against_a_server_that_does_not_speak_it() -> None:
    """A server that answers in the clear is a TLS failure; one that says nothing ends with the connect timeout."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        began = time.monotonic()
        silent = ask(url, connect_timeout=0.3, deadline=5)
        assert isinstance(silent, Unknown)
        assert silent.reason == "Timeout"
        assert time.monotonic() - began < 1.5
        listener.accept()[0].close()

        def talk() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        talking = threading.Thread(target=talk)
        talking.start()
        clear = ask(url)
        talking.join()
        assert isinstance(clear, Unknown)
        assert clear.reason == "TLSFailure"


def test_the_deadline_holds_inside_tls(certificates: Path) -> None:
    """A trickle through TLS is ended as one in the clear."""
    authority = (certificates / "ca.pem").read_text()
    with Server(slow_head, served(certificates)) as server:
        began = time.monotonic()
        answer = ask(server, tls=TLS(authorities=authority), deadline=QUICK)
        assert isinstance(answer, Unknown)
        assert answer.reason == "Timeout"
        assert time.monotonic() - began < QUICK + 0.5
