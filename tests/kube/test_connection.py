"""Configuration and credentials: what the package gives, and the habits of it that are switched off."""

import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.kube import connection, errors
from controller.kube.client import Client
from controller.kube.connection import ConfigurationError, Timeouts, discover, from_kubeconfig, in_cluster, plain
from controller.kube.paths import PODS
from tests.kube.serving import Exchange, serve, status

PATH = PODS.path("shop", "a")
QUICK = Timeouts(connect=1.0, read=1.0, total=1.0)


def kubeconfig(folder: Path, server: str, user: dict[str, Any], cluster: dict[str, Any] | None = None) -> str:
    """A kubeconfig with one context."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server, **(cluster or {})}}],
        "users": [{"name": "u", "user": user}],
    }
    file = folder / "config"
    file.write_text(yaml.safe_dump(content))
    return str(file)


def plugin(folder: Path, tokens: Path) -> dict[str, Any]:
    """An exec plugin that gives the token in a file and names no expiry; it fails when there is no file."""
    script = (
        "import json, pathlib, sys; token = pathlib.Path(sys.argv[1]).read_text();"
        "print(json.dumps({'apiVersion': 'client.authentication.k8s.io/v1', 'kind': 'ExecCredential',"
        " 'status': {'token': token}}))"
    )
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": ["-S", "-c", script, str(tokens)],
            "interactiveMode": "Never",
        }
    }


def only(token: str) -> Any:
    """An API that knows one token."""

    def answer(exchange: Exchange) -> None:
        accepted = exchange.request.headers.get("authorization") == f"Bearer {token}"
        exchange.json(*((200, {}) if accepted else (401, status(401, "Unauthorized"))))

    return answer


def test_importing_the_client_does_not_import_the_package() -> None:
    """Commands that never talk to a cluster do not pay a third of a second."""
    code = "import controller.kube.reflector, controller.kube.elector, sys; assert 'kubernetes' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)


def test_a_connection_loads_no_typed_model() -> None:
    """AppsV1Api and its like would cost 600 ms and 27 MiB."""
    code = (
        "import sys; from controller.kube.connection import plain; plain('http://127.0.0.1:1')\n"
        "print([m for m in sys.modules if m.startswith(('kubernetes.client.models.', 'kubernetes.client.api.'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=20, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The package takes them by default, so that whoever sets a variable would see our token."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with serve(lambda exchange: exchange.json(200, {})) as server:
        assert Client(plain(server.url)).get(PATH) == {}
        assert Client(from_kubeconfig(kubeconfig(tmp_path, server.url, {"token": "t"}))).get(PATH) == {}


def test_a_proxy_named_in_the_kubeconfig_is_used(tmp_path: Path) -> None:
    """What the user wrote down for this cluster is no accident of the environment."""
    with serve(lambda exchange: exchange.json(200, {"by": "proxy"})) as proxy:
        file = kubeconfig(tmp_path, "http://127.0.0.1:1", {"token": "t"}, {"proxy-url": proxy.url})
        assert Client(from_kubeconfig(file)).get(PATH) == {"by": "proxy"}


def test_the_projected_token_is_sent_without_its_newline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The package hands a trailing newline on, which no header may contain."""
    from kubernetes.config import incluster_config

    token, certificate = tmp_path / "token", tmp_path / "ca.crt"
    token.write_text("abc\n")
    certificate.write_text("unused")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(certificate))
    monkeypatch.setattr(incluster_config, "_join_host_port", lambda host, port: f"{host}:{port}")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "1")
    made = in_cluster()
    assert made._credentials() == {"Authorization": "bearer abc"}


def test_outside_a_pod_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration is a sentence, not a stack of the package's."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ConfigurationError, match="kubeconfig"):
        in_cluster()


@pytest.mark.parametrize("content", ["", "a: [", "kind: Config", "[1, 2]"])
def test_an_unusable_kubeconfig_is_one_kind_of_error(content: str, tmp_path: Path) -> None:
    """Empty, broken and incomplete files all say which file it is and how to check it."""
    file = tmp_path / "config"
    file.write_text(content)
    with pytest.raises(ConfigurationError, match=str(file)):
        from_kubeconfig(str(file))


def test_the_named_context_is_used_and_an_unknown_one_refused(tmp_path: Path) -> None:
    """Writing to the wrong cluster is the worst of mistakes."""
    file = kubeconfig(tmp_path, "http://127.0.0.1:1", {"token": "t"})
    from_kubeconfig(file, "here")
    with pytest.raises(ConfigurationError, match="elsewhere"):
        from_kubeconfig(file, "elsewhere")


def test_discovery_prefers_what_was_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """KUBECONFIG is read at the time of the call, not at import as the package does."""
    with serve(only("t")) as server:
        monkeypatch.setenv("KUBECONFIG", kubeconfig(tmp_path, server.url, {"token": "t"}))
        assert Client(discover()).get(PATH) == {}


def test_credentials_are_read_again_after_a_401(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An exec plugin that names no expiry is never run again by the package; a refused token runs it once."""
    monkeypatch.setattr(connection, "RELOAD_AT_MOST_EVERY", 0.0)
    tokens = tmp_path / "tokens"
    tokens.write_text("old")
    with serve(only("new")) as server:
        client = Client(from_kubeconfig(kubeconfig(tmp_path, server.url, plugin(tmp_path, tokens))))
        tokens.write_text("new")
        assert client.get(PATH) == {}
        assert len(server.requests) == 2


def test_a_token_file_is_read_again_after_a_401(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The package reads a kubeconfig's tokenFile once and for all."""
    monkeypatch.setattr(connection, "RELOAD_AT_MOST_EVERY", 0.0)
    token = tmp_path / "token"
    token.write_text("old\n")
    with serve(only("new")) as server:
        client = Client(from_kubeconfig(kubeconfig(tmp_path, server.url, {"tokenFile": str(token)})))
        token.write_text("new\n")
        assert client.get(PATH) == {}


def test_a_lasting_401_is_an_error_and_no_loop() -> None:
    """Credentials are read again at most every few seconds, so a plugin is not run in a loop."""
    with serve(only("never")) as server:
        client = server.client()
        for _ in range(3):
            with pytest.raises(errors.Unauthorized):
                client.get(PATH)
        assert len(server.requests) == 3


def test_a_failing_exec_plugin_is_an_error_and_not_anonymous(tmp_path: Path) -> None:
    """The package logs the failure and goes on without credentials."""
    file = kubeconfig(tmp_path, "http://127.0.0.1:1", plugin(tmp_path, tmp_path / "absent"))
    with pytest.raises(ConfigurationError, match="exec plugin"):
        from_kubeconfig(file)


def test_the_pool_serves_64_threads_at_once() -> None:
    """A smaller pool would make threads wait for each other or throw connections away."""
    together = threading.Barrier(connection.POOL_SIZE)

    def answer(exchange: Exchange) -> None:
        together.wait(5.0)
        exchange.json(200, {})

    with serve(answer) as server:
        client = server.client(Timeouts(connect=5.0, read=5.0, total=5.0))
        answers: list[object] = []
        workers = [threading.Thread(target=lambda: answers.append(client.get(PATH))) for _ in range(connection.POOL_SIZE)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(10.0)
    assert answers == [{}] * connection.POOL_SIZE


def test_64_connections_are_kept() -> None:
    """The package would keep five per core and throw the others away after each call."""
    made = plain("http://127.0.0.1:1")
    assert made._pool.connection_from_url("http://127.0.0.1:1").pool.maxsize == connection.POOL_SIZE  # type: ignore[union-attr]


def test_connections_are_kept_alive() -> None:
    """A call on a warm connection pays no handshake."""
    with serve(lambda exchange: exchange.json(200, {})) as server:
        client = server.client()
        for _ in range(5):
            client.get(PATH)
        pool = client._connection._pool.connection_from_url(server.url)
        assert (pool.num_connections, pool.num_requests) == (1, 5)


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=20)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, a server's certificate for 127.0.0.1 and a client's."""
    folder = tmp_path_factory.mktemp("tls")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    _openssl(folder, "req", "-x509", *key, "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.crt")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    for name in ("server", "client"):
        _openssl(folder, "req", *key[:5], "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        signing = ["x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"]
        _openssl(folder, *signing, "-days", "2", "-extfile", "names", "-out", f"{name}.crt")
    return folder


@pytest.fixture
def secure(certificates: Path) -> Iterator[str]:
    """A TLS server that asks for a client certificate, answers with its subject, and then mutely streams."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if "watch=true" in self.path:
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                released.wait(10.0)
                return
            subject = dict(pair for part in self.connection.getpeercert()["subject"] for pair in part)
            body = json.dumps(subject).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Nothing on the terminal."""

    released = threading.Event()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
    context.load_verify_locations(certificates / "ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    listening.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
    listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
    yield f"https://127.0.0.1:{listening.server_address[1]}"
    released.set()
    listening.shutdown()


def _mutual(certificates: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    user = {"client-certificate": str(certificates / "client.crt"), "client-key": str(certificates / "client.key")}
    return user, {"certificate-authority": str(certificates / "ca.crt")}


def test_tls_checks_the_server_and_shows_our_certificate(secure: str, certificates: Path, tmp_path: Path) -> None:
    """A kubeconfig with CA and client certificate is all it takes."""
    client = Client(from_kubeconfig(kubeconfig(tmp_path, secure, *_mutual(certificates))))
    assert client.get(PATH) == {"commonName": "client"}


def test_a_server_of_another_authority_is_unreachable(secure: str, certificates: Path, tmp_path: Path) -> None:
    """Without its CA no byte of ours is sent."""
    user, _ = _mutual(certificates)
    client = Client(from_kubeconfig(kubeconfig(tmp_path, secure, user)), timeouts=QUICK)
    with pytest.raises(errors.Unreachable, match=r"(?i)certificate"):
        client.get(PATH)


def test_a_mute_tls_watch_ends_at_once_when_closed(secure: str, certificates: Path, tmp_path: Path) -> None:
    """Closing from another thread wakes a reader that is blocked inside TLS."""
    client = Client(from_kubeconfig(kubeconfig(tmp_path, secure, *_mutual(certificates))))
    watch = client.watch(PODS.path("shop"))
    reader = threading.Thread(target=list, args=(watch,))
    reader.start()
    reader.join(0.1)
    assert reader.is_alive()
    watch.close()
    reader.join(1.0)
    assert not reader.is_alive()
