"""A Prometheus of the bench's own: every query has one value, which turns bad at a moment that the bench knows exactly.

An answer is bad from the moment on that the query asks for (`time=`), as with a real sample; when each query was first answered
so is kept. Nothing is evaluated here.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

METRIC_SOURCES = "/apis/release-coordinator.io/v1alpha1/metricsources"
QUERY = 'sum(bench_errors{namespace="$namespace",pod_template_hash="$candidate"})'
GATE = {"name": "errors", "threshold": {"source": "default", "query": QUERY, "max": 0.1, "interval": "1s", "window": "4s",
                                        "failures": 1}}  # fmt: skip


class Source:
    """Answers on loopback from the start until the process ends."""

    def __init__(self) -> None:
        self.answered: dict[str, float] = {}
        self._bad_from = float("inf")
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def as_metric_source(self) -> dict[str, Any]:
        """The MetricSource that the benches' gates ask."""
        return {"apiVersion": "release-coordinator.io/v1alpha1", "kind": "MetricSource", "metadata": {"name": "default"},
                "spec": {"address": self.url}}  # fmt: skip

    def good(self) -> None:
        """All values are good from now on."""
        with self._lock:
            self._bad_from, self.answered = float("inf"), {}

    def bad(self) -> float:
        """All samples from now on are bad; the moment."""
        with self._lock:
            self._bad_from = time.time()
            return self._bad_from

    def answered_badly(self, candidate: str) -> float | None:
        """When the question about this candidate was first answered with a bad value."""
        with self._lock:
            return next((at for query, at in self.answered.items() if f'"{candidate}"' in query), None)

    def _answer(self, query: str, at: float) -> bytes:
        with self._lock:
            bad = at >= self._bad_from
            if bad:
                self.answered.setdefault(query, time.time())
        result = [{"metric": {}, "value": [at, "0.5" if bad else "0"]}]
        return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()

    def _handler(source) -> type[BaseHTTPRequestHandler]:  # noqa: N805  `self` is the handler's below.
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                self._reply(urlsplit(self.path).query)

            def do_POST(self) -> None:
                self._reply(self.rfile.read(int(self.headers["Content-Length"])).decode())

            def _reply(self, text: str) -> None:
                asked = parse_qs(text)
                at = float(asked["time"][0]) if "time" in asked else time.time()
                body = source._answer(asked["query"][0], at)
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name.
                """A query is no news."""

        return Handler
