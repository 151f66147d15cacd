"""The cluster behind HTTPS on 127.0.0.1: TLS, tokens, and one asyncio thread that serves sockets and drives the loop.

kubectl sends tokens over TLS only, so there is an authority of our own, made at each start. What a request means is decided
in apiserver/; here it is only carried.
"""

import asyncio
import base64
import concurrent.futures
import json
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

import trustme
import uvicorn

from playground.apiserver import people
from playground.cluster import Cluster
from playground.driving import Driver
from playground.front import Front
from playground.loop import Loop

T = TypeVar("T")
HOST, PORT = "127.0.0.1", 6445
_ROOM = 2048
"""Connections that may wait."""
_KEPT_ALIVE = 600
"""Seconds an idle connection is kept, longer than clients keep theirs."""


class PortTaken(Exception):
    """Somebody else listens there; the message says who might know and what to do."""


def listen(port: int) -> socket.socket:
    """A listening socket on 127.0.0.1; 0 is any free port. Raises PortTaken."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((HOST, port))
        found.listen(_ROOM)
    except OSError as problem:
        found.close()
        raise PortTaken(
            f"port {port} on {HOST} cannot be used ({problem.strerror}); perhaps another playground runs there. "
            f"To see who: ss -ltnp 'sport = :{port}' (or lsof -i :{port}). To use another port: --port N; any free one: --port 0."
        ) from problem
    return found


class Serving:
    """A cluster that is served while the `with` block lasts, by a thread of its own. `cluster` may be touched by `do` only."""

    def __init__(self, port: int = 0, seed: int = 0, *, crds: Path | None = None) -> None:
        """Raises PortTaken, ChartMissing."""
        self._socket = listen(port)
        self.url = f"https://{HOST}:{self._socket.getsockname()[1]}"
        # Goes at the latest with this process, even when Ctrl-C comes before there is a `with` block.
        self._files = tempfile.TemporaryDirectory(prefix="playground-", ignore_cleanup_errors=True)
        self.folder = Path(self._files.name)
        authority = trustme.CA(organization_name="Release Coordinator playground", organization_unit_name="one run")
        self.ca = self.folder / "ca.crt"
        authority.cert_pem.write_to_path(self.ca)
        self._certificate = self.folder / "server.pem"
        issued = authority.issue_cert("localhost", HOST)
        issued.private_key_and_cert_chain_pem.write_to_path(self._certificate)
        self._certificate.chmod(0o600)
        self.cluster = Cluster(Loop(time.time()), seed, authority=self.ca.read_text(encoding="ascii"), crds=crds)
        self._tokens = {name: secrets.token_urlsafe() for name in people.KNOWN}
        self._front = Front(self.cluster, {token: people.named(name) for name, token in self._tokens.items()})
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="playground", daemon=True)
        self._server: uvicorn.Server | None = None
        self._driver: Driver | None = None
        self._asyncio: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        if self._asyncio is not None and self._thread.is_alive():
            self._asyncio.call_soon_threadsafe(self.end)
        self._thread.join()
        self.close()

    def _serve(self) -> None:
        try:
            asyncio.run(self.run(self._started.set))
        finally:
            self._started.set()

    async def run(self, on_start: Callable[[], None]) -> None:
        """Serve in this thread until somebody ends it (`end`, or Ctrl-C in the main thread)."""
        options = uvicorn.Config(
            self._front, http="h11", ws="none", lifespan="off", interface="asgi3", log_config=None, access_log=False,
            server_header=False, date_header=False, proxy_headers=False, ssl_certfile=self._certificate,
            timeout_keep_alive=_KEPT_ALIVE, timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._asyncio = asyncio.get_running_loop()
        self._driver = self._front.driver = Driver(self.cluster.loop)
        self._server = _Server(options, self._front, on_start)
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self._driver.stop()

    def end(self) -> None:
        """End serving, at once. In the serving thread only."""
        if self._server is not None:
            self._server.handle_exit(0, None)

    def close(self) -> None:
        """Remove the files."""
        self._socket.close()
        self._files.cleanup()

    def do(self, action: Callable[[], T]) -> T:
        """Run this in the serving thread, between two tasks, and return its result or raise what it raises."""
        assert self._asyncio is not None and self._driver is not None
        driver, result = self._driver, concurrent.futures.Future[T]()

        def run() -> None:
            driver.synchronize()
            try:
                result.set_result(action())
            except BaseException as problem:
                result.set_exception(problem)

        self._asyncio.call_soon_threadsafe(run)
        return result.result()

    @property
    def failures(self) -> list[BaseException]:
        """Mistakes of the playground's own so far."""
        return [] if self._driver is None else self._driver.failures

    def token(self, user: str) -> str:
        """The token of one of people.KNOWN. Raises KeyError."""
        return self._tokens[user]

    def kubeconfig(self, user: str = "admin") -> Path:
        """The file for this user; everybody's contexts are in it, his is the current one."""
        path = self.folder / f"kubeconfig-{user.rpartition(':')[2]}"
        if not path.exists():
            self.write_kubeconfig(path, user)
        return path

    def write_kubeconfig(self, path: Path, user: str = "admin") -> None:
        """A kubeconfig (JSON is YAML), readable by its owner only."""
        names = {name: name.rpartition(":")[2] for name in self._tokens}
        authority = base64.b64encode(self.ca.read_bytes()).decode()
        content = {
            "apiVersion": "v1", "kind": "Config", "current-context": names[user],
            "clusters": [{"name": "playground", "cluster": {"server": self.url, "certificate-authority-data": authority}}],
            "users": [{"name": names[name], "user": {"token": token}} for name, token in self._tokens.items()],
            "contexts": [{"name": short, "context": {"cluster": "playground", "user": short}} for short in names.values()],
        }  # fmt: skip
        path.touch(mode=0o600)
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")


class _Server(uvicorn.Server):
    """Ends at once: open watches are closed, nobody is waited for."""

    def __init__(self, options: uvicorn.Config, front: Front, on_start: Callable[[], None]) -> None:
        super().__init__(options)
        self._front, self._on_start = front, on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """From here on requests are answered, and Ctrl-C is heard."""
        await super().startup(sockets)
        self._on_start()

    def handle_exit(self, sig: int, frame: object) -> None:  # noqa: ARG002, as uvicorn calls it
        """On a signal, and when told to end."""
        if sig:
            self._captured_signals.append(sig)
        self.should_exit = self.force_exit = True
        self._front.close()
