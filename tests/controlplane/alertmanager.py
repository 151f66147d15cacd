"""Real Alertmanager, with one route and one webhook receiver; alerts are put into it as Prometheus puts them."""

import json
import subprocess
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any, Self

from tests.controlplane import processes
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.namespace import NODE_ADDRESS


class Alertmanager:
    """Use as a context manager. `receiver` is a receiver of its configuration, `route` the route to it."""

    def __init__(self, cluster: ControlPlane, receiver: dict[str, Any], route: dict[str, Any]) -> None:
        self._cluster = cluster
        self._configuration = {
            "route": {"receiver": "nobody", "routes": [{**route, "receiver": receiver["name"]}]},
            "receivers": [{"name": "nobody"}, receiver],
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        folder = self._cluster.folder / "alertmanager"
        folder.mkdir(exist_ok=True)
        (folder / "alertmanager.json").write_text(json.dumps(self._configuration))
        address = f"{NODE_ADDRESS}:{processes.free_port(NODE_ADDRESS)}"
        self.url = f"http://{address}"
        self._process = self._cluster.run("alertmanager", [
            f"--config.file={folder / 'alertmanager.json'}", f"--storage.path={folder / 'data'}", "--cluster.listen-address=",
            f"--web.listen-address={address}", "--log.level=warn",
        ])  # fmt: skip
        self._cluster.wait_for(lambda: processes.is_ready(self.url), what="Alertmanager")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            processes.end(self._process)

    def fire(self, labels: dict[str, str], annotations: dict[str, str]) -> None:
        """An alert that fires from now on."""
        alert = {"labels": labels, "annotations": annotations, "startsAt": datetime.now(UTC).isoformat()}
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/v2/alerts", json.dumps([alert]).encode(), headers)
        with urllib.request.urlopen(request, timeout=10):
            pass
