"""Between a client and the API server: everything goes through it, and on command goes wrong in it.

It speaks HTTPS with the API server's own certificate, so that a client only needs another port. A call is struck before it is
handed on, while its answer comes back, or, a watch, for as long as it is open. Nothing that knows the product belongs here.
"""

import contextlib
import http.client
import json
import random
import select
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

from tests.controlplane import access
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.namespace import NODE_ADDRESS

_PASSED_ON = ("Content-Type", "Retry-After")
_NOT_FOR_THE_SERVER = ("host", "connection", "accept-encoding", "content-length")
_GARBAGE = b"<html><title>Sign in</title>\x00\xff{"
_LONGEST = 320.0  # Seconds; no watch is longer.


class Kind(StrEnum):
    """What becomes of a call."""

    RESET = "the connection is reset before the server hears of it"
    LOST = "the connection is reset when the server has done it"
    SLOW = "the answer takes two seconds"
    HUNG = "no answer ever comes"
    REFUSED = "no connection is taken, and those that are open end"
    BROKEN = "500"
    THROTTLED = "429, and to come again in a second"
    GONE = "410"
    GARBAGE = "200, and a body that means nothing"
    TRUNCATED = "half of the body"
    SILENT = "the answer begins, and nothing follows"
    HELD = "the server hears of it when the fault is over"
    LATE = "the server has done it, and the answer comes when the fault is over"


_REFUSALS = {Kind.BROKEN: (500, "InternalError"), Kind.THROTTLED: (429, "TooManyRequests"), Kind.GONE: (410, "Expired")}


class Call(NamedTuple):
    """A request."""

    method: str
    path: str
    query: str

    @property
    def watch(self) -> bool:
        """Whether it is one."""
        return not {"watch=true", "watch=1"}.isdisjoint(self.query.split("&"))


@dataclass(slots=True)
class Fault:
    """Strikes a share of the calls that it is about, drawn from a fixed seed, and `most` of them at most, until it is over.

    Not every third: then it could be the same one of a client's calls that is struck each time. `struck` counts.
    """

    kind: Kind
    about: Callable[[Call], bool]
    share: float
    most: int
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    struck: int = 0
    over: threading.Event = field(default_factory=threading.Event)


class _Cut(Exception):
    """The client's connection ends here, without a word."""


class Proxy:
    """Use as a context manager; `with proxy.fault(…)` for what goes wrong, any number at a time."""

    def __init__(self, plane: ControlPlane) -> None:
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(plane.certificate, plane.key)
        self._trusting, self._port = access.trusting(plane.certificate), plane.port
        self._faults: list[Fault] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        proxy = self

        class Handler(_Handler):
            def setup(self) -> None:
                self.proxy = proxy
                super().setup()

        self._server = ThreadingHTTPServer((NODE_ADDRESS, 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  A client that goes is no error.
        self.port = int(self._server.server_address[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, name="proxy", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.cut_all()

    @contextlib.contextmanager
    def fault(
        self, kind: Kind, about: Callable[[Call], bool] = lambda _: True, *, share: float = 1.0, most: int = sys.maxsize
    ) -> Iterator[Fault]:
        """Until the end of the block. What hung is reset then; what fell silent never speaks again."""
        fault = Fault(kind, about, share, most)
        with self._lock:
            self._faults.append(fault)
        if kind is Kind.REFUSED:
            self.cut_all()
        try:
            yield fault
        finally:
            with self._lock:
                self._faults.remove(fault)
            fault.over.set()

    def strike(self, call: Call, kinds: tuple[Kind, ...] = tuple(Kind)) -> Fault | None:
        """The fault that strikes this call."""
        with self._lock:
            for fault in self._faults:
                wanted = fault.kind in kinds and fault.struck < fault.most and fault.about(call)
                if wanted and fault.chance.random() < fault.share:
                    fault.struck += 1
                    return fault
        return None

    @property
    def refusing(self) -> bool:
        """Whether no connection is taken."""
        return any(f.kind is Kind.REFUSED for f in self._faults)

    def connect(self) -> http.client.HTTPSConnection:
        """To the API server."""
        return http.client.HTTPSConnection(NODE_ADDRESS, self._port, timeout=_LONGEST, context=self._trusting)

    def secure(self, plain: socket.socket) -> ssl.SSLSocket:
        """TLS with a client; it is cut off with all others."""
        plain.settimeout(_LONGEST)
        secured = self._tls.wrap_socket(plain, server_side=True)
        with self._lock:
            self._open.add(secured)
        return secured

    def forget(self, ended: socket.socket) -> None:
        """A client is gone."""
        with self._lock:
            self._open.discard(ended)

    def cut_all(self) -> None:
        """Every connection ends with a reset."""
        with self._lock:
            for each in self._open:
                cut(each)


def cut(connection: socket.socket) -> None:
    """End it with a reset, not in an orderly way."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """One client's connection, with one of its own to the API server."""

    proxy: Proxy
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        self._upstream = self.proxy.connect()
        if self.proxy.refusing:
            cut(self.request)
            raise _Cut
        self.request = self.proxy.secure(self.request)
        super().setup()

    def finish(self) -> None:
        self._upstream.close()
        self.proxy.forget(self.request)
        with contextlib.suppress(OSError):
            super().finish()

    def _exchange(self) -> None:
        path, _, query = self.path.partition("?")
        call = Call(self.command, path, query)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            fault = self.proxy.strike(call)
            if fault is not None and self._struck(fault):
                return
            self._pass_on(call, body, fault)
        except (_Cut, OSError, http.client.HTTPException):
            self.close_connection = True
            cut(self.connection)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _exchange  # noqa: N815  (http.server's names)

    def _struck(self, fault: Fault) -> bool:
        """Whether that was all that becomes of the call."""
        if fault.kind in (Kind.RESET, Kind.REFUSED):
            raise _Cut
        if fault.kind is Kind.HUNG:
            while not fault.over.wait(0.1) and not self._is_gone():
                pass
            raise _Cut
        if fault.kind is Kind.SLOW:
            time.sleep(2.0)
        if fault.kind is Kind.HELD:
            fault.over.wait(_LONGEST)
        if fault.kind is Kind.GARBAGE:
            self._answer(200, _GARBAGE)
            return True
        if fault.kind in _REFUSALS:
            code, reason = _REFUSALS[fault.kind]
            body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": "test"}
            self._answer(code, json.dumps(body).encode(), {"Retry-After": "1"} if fault.kind is Kind.THROTTLED else {})
            return True
        return False

    def _pass_on(self, call: Call, body: bytes, fault: Fault | None) -> None:
        kind = fault.kind if fault else None
        headers = {k: v for k, v in self.headers.items() if k.lower() not in _NOT_FOR_THE_SERVER}
        self._upstream.request(call.method, self.path, body or None, headers)
        answer = self._upstream.getresponse()
        if kind is Kind.LOST:
            answer.read()
            raise _Cut
        if call.watch and answer.status == 200:
            self._stream(call, answer, silent=kind is Kind.SILENT)
            return
        content = answer.read()
        if fault is not None and kind is Kind.LATE:
            fault.over.wait(_LONGEST)
        passed = {name: value for name in _PASSED_ON if (value := answer.headers.get(name))}
        self._answer(answer.status, content, passed, half=kind is Kind.TRUNCATED)

    def _answer(self, status: int, content: bytes, headers: dict[str, str] | None = None, *, half: bool = False) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if half else content)
        if half:
            raise _Cut

    def _stream(self, call: Call, answer: http.client.HTTPResponse, *, silent: bool) -> None:
        """A watch, for as long as both sides want. One that falls silent stays so."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not silent and (piece := answer.read1(65536)):
            silent = self.proxy.strike(call, (Kind.SILENT,)) is not None
            if not silent:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        while silent and not self._is_gone():
            time.sleep(0.1)
        self.wfile.write(b"0\r\n\r\n")

    def _is_gone(self) -> bool:
        """Whether the client has had enough of waiting."""
        return bool(select.select([self.connection], [], [], 0)[0])

    def log_message(self, *_: Any) -> None:
        """Calls are in the audit log."""
