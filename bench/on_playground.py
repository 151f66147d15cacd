"""The playground as a place to measure at: a process of its own, with everything in it, the chart's policies among it."""

import base64
import json
import os
import ssl
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.controlling import ROOT, Controller
from tests.controlplane import processes
from tests.controlplane.api import ApiFailure, Client

_STARTS_WITHIN = 30.0


class Playground:
    """One playground, for the time of a `with` block."""

    name = "the playground"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pod_spec: dict[str, Any] = {}
        self.controller_kubeconfig = folder / "kubeconfig-controller"
        self.notes = [
            "the whole cluster is one Python process on the same cores: its own time is in every figure",
        ]
        self._kubeconfig = folder / "kubeconfig"
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        argv: list[str | Path] = [sys.executable, "-m", "playground", "--port", "0", "--kubeconfig", self._kubeconfig]
        self._process = processes.start(argv, folder / "playground.log", environment)

    def begin(self) -> None:
        """Return when its API answers."""
        deadline = time.monotonic() + _STARTS_WITHIN
        while True:
            try:
                self._read()
                self._client.request("GET", "/readyz")
                return
            except (OSError, ValueError, ApiFailure) as problem:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    said = (self.folder / "playground.log").read_text()
                    raise RuntimeError(f"the playground did not start:\n{said}") from problem
                time.sleep(0.05)

    def stop(self) -> None:
        """End it."""
        processes.end(self._process)

    def client(self) -> Client:
        """An administrator's API client."""
        return self._client

    def calls(self, controller: Controller) -> Counter[str]:
        """As the controller's own metric counts them; a watch counts when it ends."""
        found = controller.scrape().by("release_coordinator_api_calls_total", "verb", "resource")
        return Counter({what: number for what, number in found.items() if not what.endswith(" leases")})

    def _read(self) -> None:
        content = json.loads(self._kubeconfig.read_text())
        cluster = content["clusters"][0]["cluster"]
        tokens = {user["name"]: user["user"]["token"] for user in content["users"]}
        self.controller_kubeconfig.write_text(json.dumps(content | {"current-context": "release-coordinator"}))
        tls = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        self._client = Client(cluster["server"], {"Authorization": f"Bearer {tokens['admin']}"}, tls)


@contextmanager
def playground() -> Iterator[Playground]:
    """Start it, and end it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        started = Playground(Path(folder))
        try:
            started.begin()
            yield started
        finally:
            started.stop()
