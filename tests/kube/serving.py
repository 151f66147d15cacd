"""A scripted API server on loopback: each test says what it answers, byte by byte where that matters."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from controller.kube.client import Client, OnCall
from controller.kube.connection import Timeouts, plain

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as the server saw it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


class Exchange:
    """The answering side of one request."""

    def __init__(self, handler: BaseHTTPRequestHandler, request: Request, stopped: threading.Event) -> None:
        self.request = request
        self._handler = handler
        self._stopped = stopped

    def json(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        """A whole JSON answer."""
        self.raw(status, json.dumps(body).encode(), headers)

    def raw(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        """A whole answer of any bytes."""
        self._handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()
        self._handler.wfile.write(body)

    def begin(self, length: int | None = None, headers: dict[str, str] | None = None) -> None:
        """Start a stream: chunked, or (to break the promise) with a length."""
        self._handler.send_response(200)
        for name, value in (headers or {}).items():
            self._handler.send_header(name, value)
        self._handler.send_header(*(("Content-Length", str(length)) if length else ("Transfer-Encoding", "chunked")))
        self._handler.end_headers()

    def event(self, kind: str, obj: object) -> None:
        """One event of a watch."""
        self.chunk(json.dumps({"type": kind, "object": obj}).encode() + b"\n")

    def chunk(self, piece: bytes) -> None:
        """Some bytes of a chunked stream."""
        self.bytes(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    def bytes(self, piece: bytes) -> None:
        """Bytes as they are."""
        self._handler.wfile.write(piece)
        self._handler.wfile.flush()

    def end(self) -> None:
        """The orderly end of a chunked stream."""
        self.bytes(b"0\r\n\r\n")

    def cut(self) -> None:
        """Close the connection, whatever was promised."""
        self._handler.close_connection = True

    def hang(self, seconds: float = 30.0) -> bool:
        """Say nothing; True when the test is over."""
        return self._stopped.wait(seconds)


@dataclass
class Server:
    """A running fake: its address, and the requests it has had."""

    url: str
    requests: list[Request] = field(default_factory=list)

    def client(self, timeouts: Timeouts | None = None, on_call: OnCall | None = None) -> Client:
        """A client of this server that is not patient."""
        timeouts = timeouts or Timeouts(connect=1.0, read=0.3, total=0.5)
        more = {"on_call": on_call} if on_call else {}
        return Client(plain(self.url, "secret"), timeouts=timeouts, **more)  # type: ignore[arg-type]


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients hang up on us on purpose."""


@contextmanager
def serve(answer: Callable[[Exchange], None]) -> Iterator[Server]:
    """Run a fake API server whose every answer is given by `answer`."""
    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            parts = urlsplit(self.path)
            request = Request(
                method=self.command,
                path=parts.path,
                query=dict(parse_qsl(parts.query)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=json.loads(body) if body else None,
            )
            server.requests.append(request)
            answer(Exchange(self, request, stopped))

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815  Names of the standard library.

        def log_message(self, *args: object) -> None:
            """Nothing on the terminal."""

    listening = _Quiet(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{listening.server_address[1]}")
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        stopped.set()
        listening.shutdown()
        listening.server_close()


def thing(name: str, version: int, *, uid: str | None = None, namespace: str = "shop", **spec: object) -> Object:
    """An object as small as one can be."""
    metadata = {"namespace": namespace, "name": name, "uid": uid or f"uid-{name}", "resourceVersion": str(version)}
    return {"metadata": metadata, "spec": spec}


def listing(version: int, *items: Object, following: str | None = None) -> Object:
    """A page of a list, with items as built-in resources have them: without kind."""
    metadata = {"resourceVersion": str(version)} | ({"continue": following} if following else {})
    return {"kind": "DeploymentList", "apiVersion": "apps/v1", "metadata": metadata, "items": list(items)}


def mark(version: int) -> tuple[str, Object]:
    """The event that ends all there is, in a watch that begins with it."""
    return "BOOKMARK", {"metadata": {"resourceVersion": str(version), "annotations": {"k8s.io/initial-events-end": "true"}}}


def status(code: int, reason: str, message: str = "because", **details: object) -> Object:
    """A failure as Kubernetes words it."""
    return {
        "kind": "Status",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
        "details": details,
    }
