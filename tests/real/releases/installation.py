"""One installation of the chart: install, where its pods are, what they logged, and their sudden end."""

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.controlplane.api import ApiFailure
from tests.controlplane.cluster import ControlPlane

ACCOUNT = "system:serviceaccount:release-coordinator:release-coordinator"
CHART = Path(__file__).parents[3] / "charts" / "release-coordinator"


class Installation:
    """Release Coordinator as Helm installs it."""

    def __init__(self, plane: ControlPlane, prometheus: str, name: str = "release-coordinator") -> None:
        self.plane, self.name, self.namespace = plane, name, "release-coordinator"
        self._prometheus = prometheus

    def install(self, *values: str, environment: Mapping[str, str] | None = None) -> None:
        """`helm upgrade --install` into a namespace that takes restricted pods alone, and wait until its own are ready.

        `values` as `--set` takes them; `environment` is the controller's, besides its own.
        """
        enforced = {"pod-security.kubernetes.io/enforce": "restricted"}
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace, "labels": enforced}}
        self.plane.apply(json.dumps(namespace))
        given = [f"metricSources.default.address={self._prometheus}", "image.repository=release-coordinator", "replicas=1",
                 "logFormat=text", "gateTemplates.enabled=true", "flags.configMaps={flags}", "flags.featureFlags=true",
                 *values]  # fmt: skip
        extra = json.dumps([{"name": name, "value": value} for name, value in (environment or {}).items()])
        self.plane.helm("upgrade", "--install", self.name, str(CHART), "-n", self.namespace, "--wait",
                        "--set-json", f"extraEnv={extra}", *(part for value in given for part in ("--set", value)))  # fmt: skip
        self.plane.wait_for(self._takes_requests, what="the policies know the new kinds")

    def uninstall(self) -> None:
        """`helm uninstall`, with all its hooks."""
        self.plane.helm("uninstall", self.name, "-n", self.namespace, "--wait", timeout=180)

    def _takes_requests(self) -> bool:
        """For some seconds after its definition is new, the API server answers 503 to what a mutating policy matches."""
        body = {"apiVersion": "release-coordinator.io/v1alpha1", "kind": "Release", "spec": {"workloadRef": {"name": "probe"}},
                "metadata": {"name": "probe", "annotations": {"release-coordinator.io/abort": "true"}}}  # fmt: skip
        try:
            self.plane.api("POST", "/apis/release-coordinator.io/v1alpha1/namespaces/default/releases?dryRun=All", body)
        except ApiFailure as failure:
            if failure.status != 503:
                raise
            return False
        return True

    def pods(self) -> list[dict[str, Any]]:
        """The controller's pods."""
        found: list[dict[str, Any]] = self.plane.api("GET", f"/api/v1/namespaces/{self.namespace}/pods")["items"]
        return [p for p in found if p["metadata"]["labels"].get("app.kubernetes.io/component") == "controller"]

    def leader(self) -> str:
        """The identity in the Lease."""
        path = f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases/{self.name}"
        lease = self.plane.find(path)
        return str((lease or {"spec": {}})["spec"].get("holderIdentity") or "")

    def processes(self, pod: str | None = None) -> list[int]:
        """The process ids of the controller's containers (of one pod, or of all)."""
        names = [pod] if pod else [p["metadata"]["name"] for p in self.pods()]
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                environment = (entry / "environ").read_bytes().split(b"\0")
                command = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"controller" in command and any(f"RELEASE_COORDINATOR_IDENTITY={n}".encode() in environment for n in names):
                found.append(int(entry.name))
        return found

    def kill(self, pod: str | None = None) -> None:
        """SIGKILL the controller; its kubelet starts it again."""
        for process in self.processes(pod):
            os.kill(process, signal.SIGKILL)

    def log(self) -> str:
        """What all its pods have logged."""
        return "\n".join(self.plane.pod_log(self.namespace, p["metadata"]["name"]) for p in self.pods())

    def save_log(self, folder: Path) -> None:
        """Keep the log for whoever has to find out why a test failed."""
        if folder.is_dir():
            (folder / "controller.log").write_text(self.log())
