"""The real control plane as a place to measure at: etcd, kube-apiserver and kube-controller-manager, the chart without its
Deployment, and stand-ins for kubelet and gateway.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import yaml

from bench.controlling import NAMESPACE, ROOT, USER, Controller
from bench.stand_ins import GATEWAY, NODE, POD_SPEC
from tests.controlplane import access, audit, binaries, namespace, processes
from tests.controlplane.api import ApiFailure, Client
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.gateway import install_custom_resources

_CHART = ROOT / "charts" / "release-coordinator"
_NOT_NEEDED = {"Deployment", "PodDisruptionBudget", "NetworkPolicy", "Job"}
_GATEWAYS = "/apis/gateway.networking.k8s.io/v1"


class Real(ControlPlane):
    """A control plane whose pods and routes only have statuses."""

    name = "the real control plane"
    has_kubelet = False
    # Of the controller's calls alone: what costs the API server time is to be what is measured.
    audit_policy: ClassVar[Mapping[str, Any]] = {
        **audit.POLICY, "rules": [*({**rule, "users": [USER]} for rule in audit.POLICY["rules"]), {"level": "None"}],
    }  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.notes = ["etcd, API server and controller-manager are real; pods' and routes' statuses are written by stand-ins"]
        self.controller_kubeconfig = self.folder / "kubeconfig-controller"
        self.pod_spec = POD_SPEC
        self._read = 0
        self._counted: Counter[str] = Counter()

    def _start_kubelet(self) -> None:
        install_custom_resources(self)
        self.api("POST", "/api/v1/nodes", {"metadata": {"name": NODE}})
        told = {"server": self.server, "token": self.users["kubelet"].token, "certificate": str(self.certificate),
                "key": str(self.key), "folder": str(self.folder)}  # fmt: skip
        path = self.folder / "stand-ins.json"
        path.write_text(json.dumps(told))
        argv: list[str | Path] = [sys.executable, "-m", "bench.stand_ins", path]
        process = processes.start(argv, self.log_of("stand-ins"), os.environ | {"PYTHONPATH": str(ROOT)})
        self.on_stop(lambda: processes.end(process))

    def client(self, user: str = "admin") -> Client:
        """An administrator's API client."""
        return super().client(user)

    def calls(self, _: Controller) -> Counter[str]:
        """From the audit log; a watch counts when it begins."""
        log = self.folder / "audit.log"
        with log.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                self._count(json.loads(line))
        return Counter(self._counted)

    def _count(self, event: dict[str, Any]) -> None:
        target = event.get("objectRef", {})
        if target.get("resource") != "leases":
            subresource = f"/{target['subresource']}" if "subresource" in target else ""
            self._counted[f"{event['verb']} {target.get('resource', '')}{subresource}"] += 1


@contextmanager
def real() -> Iterator[Real]:
    """Start it, install the chart without its Deployment, and make the controller's kubeconfig."""
    namespace.enter()
    with Real() as plane:
        _install(plane)
        _make_gateway(plane)
        yield plane


def _install(plane: Real) -> None:
    plane.api("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    manifests = _rendered()
    definitions = [m for m in manifests if m["kind"] == "CustomResourceDefinition"]
    plane.apply(yaml.safe_dump_all(definitions))
    plane.kubectl("wait", "--for=condition=Established", "--all", "crd", timeout=60)
    plane.apply(yaml.safe_dump_all(m for m in manifests if m not in definitions), namespace=NAMESPACE)
    plane.wait_for(lambda: _holds(plane), what="the policies know the new kinds")
    account = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{NAMESPACE}/token"
    token = plane.api("POST", account, {"spec": {"expirationSeconds": 86400}})["status"]["token"]
    access.write_kubeconfig(plane.controller_kubeconfig, plane.server, plane.certificate, token)


def _rendered() -> list[dict[str, Any]]:
    done = subprocess.run(  # noqa: S603  Helm, as the tests use it.
        [binaries.path("helm"), "template", NAMESPACE, _CHART, "--namespace", NAMESPACE, "--kube-version", "1.37"],
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return [m for m in yaml.safe_load_all(done.stdout) if m and m["kind"] not in _NOT_NEEDED]


def _holds(plane: Real) -> bool:
    """For some seconds after its definition is new, the API server answers 503 to what a mutating policy matches."""
    body = {"apiVersion": "release-coordinator.io/v1alpha1", "kind": "Release", "spec": {"workloadRef": {"name": "probe"}},
            "metadata": {"name": "probe", "annotations": {"release-coordinator.io/abort": "true"}}}  # fmt: skip
    try:
        plane.api("POST", "/apis/release-coordinator.io/v1alpha1/namespaces/default/releases?dryRun=All", body)
    except ApiFailure as failure:
        if failure.status != 503:
            raise
        return False
    return True


def _make_gateway(plane: Real) -> None:
    where = GATEWAY["namespace"]
    plane.api("POST", "/api/v1/namespaces", {"metadata": {"name": where}})
    kinds = {"apiVersion": "gateway.networking.k8s.io/v1"}
    plane.api("POST", f"{_GATEWAYS}/gatewayclasses", {**kinds, "kind": "GatewayClass", "metadata": {"name": "bench"},
                                                      "spec": {"controllerName": "bench/gateway"}})  # fmt: skip
    plane.api("POST", f"{_GATEWAYS}/namespaces/{where}/gateways", {
        **kinds, "kind": "Gateway", "metadata": {"name": GATEWAY["name"]},
        "spec": {"gatewayClassName": "bench", "listeners": [{"name": "web", "protocol": "HTTP", "port": 80}]},
    })  # fmt: skip
