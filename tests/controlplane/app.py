"""The application under release in tests: one process is one pod, standard library only, started in 20 ms of CPU.

`GET /` answers `{"version", "pod"}` with 200, or with 500 at a chosen rate, after a chosen time; `/broken` always answers with
500, as what needs a database that is down; `/read/N` with 200 if it understands messages of format N, which versions from N on
do, else with 500; `/healthz` is for probes, `/metrics` for Prometheus. It listens on $POD_IP:8080. How
it behaves is said by the environment, or by the image's tag, so that `kubectl set image` is enough to ship a bad version:

    tag        = version *("-" behaviour)      such as 2, 2.1-errors20, 3-slow300-startup2
    behaviour  = "errors" percent              ERROR_RATE (share, 0-1): that share of answers is 500
               | "slow" milliseconds           LATENCY (seconds): every answer takes so long
               | "startup" seconds             START_UP: /healthz says 503 for so long
               | "crash" [seconds]             CRASH_AFTER: exits with 1 after so long (at once without a number)
               | "done" [seconds]              DONE_AFTER: exits with 0 after so long, as what runs in a Job does
               | "neverready"                  NEVER_READY=1: /healthz always says 503
               | "renamed"                     RENAMED=1: the answer's `pod` is called `host`
               | "silent"                      SILENT=1: /openapi.yaml is not served
               | "deprecated"                  DEPRECATED=1: it says of /read/1 that it is

Other parts of a tag belong to the version (`2.0.0-rc.1`). VERSION overrides the tag's; LINGER (seconds, default 0.5)
is how long it goes on answering after SIGTERM, while routers still send to it. Imports are few: they are the start-up
time.
"""

import heapq
import os
import random
import re
import select
import signal
import socket
import sys
import time
from collections import Counter

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_BEHAVIOURS = {
    "errors": ("ERROR_RATE", 0.01), "slow": ("LATENCY", 0.001), "startup": ("START_UP", 1.0),
    "crash": ("CRASH_AFTER", 1.0), "done": ("DONE_AFTER", 1.0), "neverready": ("NEVER_READY", 1.0),
    "renamed": ("RENAMED", 1.0), "silent": ("SILENT", 1.0),
    "deprecated": ("DEPRECATED", 1.0),
}  # fmt: skip
_SWITCHES = ("NEVER_READY", "RENAMED", "SILENT", "DEPRECATED")


def read_tag(image: str) -> tuple[str, dict[str, float]]:
    """The version and the settings that an image's tag says."""
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2] or "latest"
    version: list[str] = []
    settings: dict[str, float] = {}
    for part in tag.split("-"):
        match = re.fullmatch(r"([a-z]+)([0-9.]*)", part)
        if match and match[1] in _BEHAVIOURS and version:
            name, unit = _BEHAVIOURS[match[1]]
            settings[name] = float(match[2] or (1 if name in _SWITCHES else 0)) * unit
        else:
            version.append(part)
    return "-".join(version), settings


class Application:
    """What the paths answer, and the counters behind /metrics."""

    def __init__(self, environment: dict[str, str]) -> None:
        tagged_version, tagged = read_tag(environment.get("IMAGE", ""))
        settings = {name: float(environment.get(name) or tagged.get(name, 0)) for name, _ in _BEHAVIOURS.values()}
        self.version = environment.get("VERSION") or tagged_version
        self.pod = environment.get("HOSTNAME", "")
        self.error_rate, self.latency = settings["ERROR_RATE"], settings["LATENCY"]
        self.field, self.silent = "host" if settings["RENAMED"] else "pod", bool(settings["SILENT"])
        self.deprecated = bool(settings["DEPRECATED"])
        ends = [word for word in ("CRASH_AFTER", "DONE_AFTER") if word in tagged or word in environment]
        self.crashes, self.ends_after = ends[:1] == ["CRASH_AFTER"], settings[ends[0]] if ends else None
        self.ready_at = float("inf") if settings["NEVER_READY"] else time.monotonic() + settings["START_UP"]
        self._codes: Counter[int] = Counter({200: 0, 500: 0})
        self._buckets = [0] * len(BUCKETS)
        self._seconds = 0.0

    def answer(self, path: str) -> tuple[float, int, str]:
        """(seconds until it is sent, status, body)."""
        if path == "/healthz":
            return (0, 200, "ok") if time.monotonic() >= self.ready_at else (0, 503, "not ready")
        if path == "/metrics":
            return 0, 200, self._metrics()
        if path == "/openapi.yaml":
            return (0, 404, "") if self.silent else (0, 200, self._contract())
        if path.startswith("/read/"):
            return 0, 200 if self.major >= int(path.removeprefix("/read/")) else 500, ""
        code = 500 if path == "/broken" or random.random() < self.error_rate else 200
        self._codes[code] += 1
        self._seconds += self.latency
        for index, edge in enumerate(BUCKETS):
            self._buckets[index] += self.latency <= edge
        return self.latency, code, f'{{"version": "{self.version}", "{self.field}": "{self.pod}"}}'

    @property
    def major(self) -> int:
        """The first number of the version."""
        return int(self.version.partition(".")[0].partition("-")[0])

    def _contract(self) -> str:
        """What it answers, as OpenAPI."""
        answer = {"type": "object", "required": f"[version, {self.field}]",
                  "properties": f"{{version: {{type: string}}, {self.field}: {{type: string}}}}"}  # fmt: skip
        schema = ", ".join(f"{name}: {value}" for name, value in answer.items())
        ok = "get: {responses: {'200': {description: ok"
        old = ok.replace("get: {", "get: {deprecated: true, ") if self.deprecated else ok
        lines = [
            f"openapi: 3.0.3\ninfo: {{title: shop, version: '{self.version}'}}\npaths:",
            f"  /: {{{ok}, content: {{application/json: {{schema: {{{schema}}}}}}}}}}}}}}}",
            *(f"  /read/{number}: {{{old if number == 1 else ok}}}}}}}}}" for number in range(1, self.major + 1)),
        ]
        return "\n".join(lines) + "\n"

    def _metrics(self) -> str:
        total = sum(self._codes.values())
        buckets = [f'{{le="{edge:g}"}} {count}' for edge, count in zip(BUCKETS, self._buckets, strict=True)]
        lines = [
            "# TYPE http_requests_total counter",
            *(f'http_requests_total{{code="{code}"}} {count}' for code, count in self._codes.items()),
            "# TYPE http_request_duration_seconds histogram",
            *(f"http_request_duration_seconds_bucket{line}" for line in [*buckets, f'{{le="+Inf"}} {total}']),
            f"http_request_duration_seconds_sum {self._seconds:.6f}",
            f"http_request_duration_seconds_count {total}",
        ]
        return "\n".join(lines) + "\n"


class Server:
    """HTTP/1.1 with keep-alive over epoll; one request at a time per connection."""

    def __init__(self, application: Application, address: tuple[str, int]) -> None:
        self._application = application
        self._listener = socket.create_server(address, backlog=512)
        self._listener.settimeout(0)
        self._poll = select.epoll()
        self._poll.register(self._listener, select.EPOLLIN)
        self._connections: dict[int, tuple[socket.socket, bytearray]] = {}
        self._later: list[tuple[float, int, socket.socket, bytes]] = []
        self._sequence = 0

    def run(self, until: list[float]) -> None:
        """Serve until `until[0]` (a monotonic time, which a signal handler may lower); answers under way are sent."""
        while (now := time.monotonic()) < until[0] or self._later:
            wait = min(until[0], self._later[0][0] if self._later else until[0]) - now
            for file, _ in self._poll.poll(max(0.0, min(wait, 0.25))):
                if file == self._listener.fileno():
                    self._accept()
                else:
                    self._receive(file)
            while self._later and self._later[0][0] <= time.monotonic():
                _, _, connection, data = heapq.heappop(self._later)
                self._send(connection, data)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections[connection.fileno()] = (connection, bytearray())
            self._poll.register(connection, select.EPOLLIN)

    def _receive(self, file: int) -> None:
        connection, received = self._connections[file]
        try:
            data = connection.recv(65536)
        except OSError:
            data = b""
        received += data
        if not data or len(received) > 65536:
            self._close(file)
            return
        while (end := received.find(b"\r\n\r\n")) >= 0:
            head = received[:end].decode("latin-1")
            del received[: end + 4]
            wait, code, body = self._application.answer(head.split(" ", 2)[1].partition("?")[0])
            answer = f"HTTP/1.1 {code} -\r\nContent-Length: {len(body)}\r\nContent-Type: text/plain\r\n\r\n{body}".encode()
            if wait:
                self._sequence += 1
                heapq.heappush(self._later, (time.monotonic() + wait, self._sequence, connection, answer))
            else:
                self._send(connection, answer)

    def _send(self, connection: socket.socket, data: bytes) -> None:
        try:
            connection.sendall(data)
        except OSError:
            if connection.fileno() in self._connections:
                self._close(connection.fileno())

    def _close(self, file: int) -> None:
        connection, _ = self._connections.pop(file)
        self._poll.unregister(file)
        connection.close()


def main() -> int:
    """Serve until SIGTERM, or until it is time to crash; the exit code."""
    environment = dict(os.environ)
    application = Application(environment)
    now = time.monotonic()
    until = [float("inf") if application.ends_after is None else now + application.ends_after]
    terminated = False

    def on_terminate(*_: object) -> None:
        nonlocal terminated
        terminated = True
        until[0] = min(until[0], time.monotonic() + float(environment.get("LINGER") or 0.5))

    signal.signal(signal.SIGTERM, on_terminate)
    if application.ends_after != 0:
        Server(application, (environment.get("POD_IP") or "0.0.0.0", 8080)).run(until)
    if terminated:
        return 0
    print(f"{'crashing' if application.crashes else 'done'}, as the image's tag says", flush=True)
    return 1 if application.crashes else 0


if __name__ == "__main__":
    sys.exit(main())
