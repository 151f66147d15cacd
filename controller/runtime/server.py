"""The ports: health for the kubelet, metrics for Prometheus, and alerts where they are received. Nothing else is served.

Of a GET nothing is read but its path; of a POST its headers and a body of bounded size, within a bounded time.
"""

import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Answer = tuple[int, str, bytes]
Page = Callable[[], Answer]
Post = Callable[[Mapping[str, str], Callable[[], bytes | None]], Answer]
"""From headers and what reads the body: None where that is too large, too slow, or of no known length."""
LARGEST, SLOWEST = 1 << 20, 10.0
"""Bytes and seconds of a POST's body."""


_NOT_FOUND: Answer = (404, "text/plain", b"not found\n")


class Server:
    """Serves a fixed set of paths on one port."""

    def __init__(self, address: str, port: int, pages: dict[str, Page], posts: Mapping[str, Post] | None = None) -> None:
        class Handler(BaseHTTPRequestHandler):
            timeout = 5
            server_version, sys_version = "release-coordinator", ""

            def do_GET(self) -> None:
                page = pages.get(self.path.partition("?")[0])
                self._answer(page() if page else _NOT_FOUND)

            def do_POST(self) -> None:
                post = (posts or {}).get(self.path.partition("?")[0])
                self._answer(post(dict(self.headers.items()), self._body) if post else _NOT_FOUND)

            def _body(self) -> bytes | None:
                length = self.headers.get("Content-Length", "")
                if not length.isdecimal() or int(length) > LARGEST:
                    return None
                body, until = bytearray(), time.monotonic() + SLOWEST
                try:
                    while len(body) < int(length):
                        piece = self.rfile.read1(int(length) - len(body))
                        if not piece or time.monotonic() > until:
                            return None
                        body += piece
                except OSError:
                    return None
                return bytes(body)

            def _answer(self, answer: Answer) -> None:
                status, kind, body = answer
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
                """Probes are not news."""

        self._server = ThreadingHTTPServer((address, port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name=f"serve-{port}", daemon=True)

    @property
    def port(self) -> int:
        """The port that is really listened on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


def health_pages(problems: Callable[[], list[str]], ready: Callable[[], bool]) -> dict[str, Page]:
    """/healthz fails with the list of what is dead; /readyz until the views are filled."""

    def healthz() -> Answer:
        found = problems()
        return (500, "text/plain", "\n".join(found).encode() + b"\n") if found else (200, "text/plain", b"ok\n")

    def readyz() -> Answer:
        return (200, "text/plain", b"ok\n") if ready() else (503, "text/plain", b"the views are not filled yet\n")

    return {"/healthz": healthz, "/readyz": readyz}


def metrics_pages() -> dict[str, Page]:
    """/metrics in Prometheus' text format."""
    return {"/metrics": lambda: (200, CONTENT_TYPE_LATEST, generate_latest())}
