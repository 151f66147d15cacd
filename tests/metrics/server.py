"""Servers on loopback that answer as badly as the tests need: each connection is given to a function."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from controller.metrics.source import PrometheusSource, SourceSettings
from strategies.analysis.verdict import Sample, Unknown

AT = datetime.fromtimestamp(1_700_000_000, UTC)
QUICK = 0.6  # the deadline of sources that are to run into it

Behaviour = Callable[["Exchange"], None]


class Exchange:
    """One connection, after the request's head was read."""

    def __init__(self, connection: socket.socket, head: str, stopping: threading.Event) -> None:
        self.connection = connection
        self.head = head
        self._stopping = stopping

    def header(self, name: str) -> str:
        """The request's header, or ""."""
        lines = (line.partition(":") for line in self.head.split("\r\n")[1:])
        return next((value.strip() for key, _, value in lines if key.lower() == name.lower()), "")

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.connection.sendall(data)

    def pause(self, seconds: float) -> bool:
        """Wait; False when the server is being stopped."""
        return not self._stopping.wait(seconds)


class Server:
    """Accepts until closed; counts requests and keeps their heads. `behaviour` may be changed in between."""

    def __init__(self, behaviour: Behaviour, context: ssl.SSLContext | None = None) -> None:
        self.behaviour = behaviour
        self.heads: list[str] = []
        self._context = context
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Say where it listens."""
        return f"http{'s' if self._context else ''}://127.0.0.1:{self.port}"

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(10)
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            head = b""
            while b"\r\n\r\n" not in head:
                if not (chunk := connection.recv(65536)):
                    return
                head += chunk
            self.heads.append(head.decode())
            self.behaviour(Exchange(connection, head.decode(), self._stopping))
            connection.close()


def reply(body: bytes | dict[str, Any], status: int = 200, kind: str = "application/json", extra: str = "") -> Behaviour:
    """Answer with this body, bytes or JSON, and close."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n{extra}"
    return lambda exchange: exchange.send(head.encode() + b"Connection: close\r\n\r\n" + data)


def body_of(exchange: Exchange) -> bytes:
    """What was posted. A server that closes before it has read all would reset the connection."""
    body = exchange.head.partition("\r\n\r\n")[2].encode()
    while len(body) < int(exchange.header("Content-Length")):
        body += exchange.connection.recv(65536)
    return body


def after_reading(behaviour: Behaviour) -> Behaviour:
    """The same, once the body is read."""

    def behave(exchange: Exchange) -> None:
        body_of(exchange)
        behaviour(exchange)

    return behave


def vector(*values: str, at: float = 1_700_000_000, **top: Any) -> dict[str, Any]:
    """A successful answer with one series for each value; `top` adds keys beside `data`."""
    series = [{"metric": {"i": str(i)}, "value": [at, value]} for i, value in enumerate(values)]
    return {"status": "success", "data": {"resultType": "vector", "result": series}, **top}


def scalar(value: str, at: float = 1_700_000_000) -> dict[str, Any]:
    """A successful answer with a scalar."""
    return {"status": "success", "data": {"resultType": "scalar", "result": [at, value]}}


def slow_head(exchange: Exchange) -> None:
    """Send a header byte by byte, for ever."""
    exchange.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while exchange.pause(0.05):
        exchange.send(b"x")


def slow_body(exchange: Exchange) -> None:
    """Send a body byte by byte."""
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{")
    while exchange.pause(0.05):
        exchange.send(b" ")


def endless_body(exchange: Exchange) -> None:
    """Send a body as fast as it goes, for ever."""
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
    while exchange.pause(0):
        exchange.send(b" " * 65536)


def ask(server: Server | str, **settings: Any) -> Sample | Unknown:
    """Ask once."""
    url = server if isinstance(server, str) else server.url
    source = PrometheusSource(SourceSettings(url=url, **settings))
    try:
        return source.query("up", AT)
    finally:
        source.close()
