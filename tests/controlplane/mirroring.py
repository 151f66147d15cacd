"""Traefik by its own resources: IngressRoutes that lead to TraefikServices, which can mirror. The Gateway API's Traefik cannot.

The definitions are ours: of a TraefikService the fields that the product reads and writes, of all other kinds, which Traefik
wants to watch, nothing.
"""

from collections.abc import Mapping
from typing import Any, Self

import yaml

from tests.controlplane import access, processes
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.gateway import traefik
from tests.controlplane.namespace import NODE_ADDRESS

GROUP, VERSION = "traefik.io", "v1alpha1"
_READ = ["get", "list", "watch"]
_RIGHTS = (
    {"apiGroups": [""], "resources": ["namespaces", "services", "secrets", "configmaps", "nodes"], "verbs": _READ},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": _READ},
    {"apiGroups": ["networking.k8s.io"], "resources": ["ingressclasses"], "verbs": _READ},
    {"apiGroups": [GROUP], "resources": ["*"], "verbs": _READ},
)
_KINDS = ("IngressRoute", "IngressRouteTCP", "IngressRouteUDP", "Middleware", "MiddlewareTCP", "ServersTransport",
          "ServersTransportTCP", "TLSOption", "TLSStore")  # fmt: skip
_TEXT = {"type": "string"}
_BACKEND = {"kind": {"type": "string", "enum": ["Service", "TraefikService"]}, "name": _TEXT, "namespace": _TEXT,
            "port": {"x-kubernetes-int-or-string": True}, "scheme": _TEXT}  # fmt: skip
_MIRROR = {"type": "object", "required": ["name"], "properties": {**_BACKEND, "percent": {"type": "integer"}}}
_MIRRORING = {"type": "object", "required": ["name"],
              "properties": {**_BACKEND, "mirrors": {"type": "array", "items": _MIRROR}}}  # fmt: skip
ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


class MirroringProxy:
    """Use as a context manager; it ends with the cluster."""

    def __init__(self, cluster: ControlPlane) -> None:
        self._cluster = cluster
        self.address = (NODE_ADDRESS, processes.free_port(NODE_ADDRESS))

    def __enter__(self) -> Self:
        specs = {**dict.fromkeys(_KINDS, ANYTHING), "TraefikService": {"type": "object", "properties": {"mirroring": _MIRRORING}}}
        define(self._cluster, GROUP, VERSION, {kind: (f"{kind.lower()}s", spec) for kind, spec in specs.items()})
        token = access.service_account(self._cluster.client(), "mirroring-system", "traefik-mirroring", _RIGHTS)
        provider = "--providers.kubernetescrd"
        self._process = self._cluster.run(traefik(), [
            "--global.checknewversion=false", "--global.sendanonymoususage=false", "--log.level=INFO",
            f"--entrypoints.web.address={':'.join(map(str, self.address))}",
            "--providers.providersthrottleduration=50ms", f"{provider}.throttleduration=0",
            # As Traefik's own chart has it: a mirror without pods must not take the whole service away.
            f"{provider}.allowemptyservices=true",
            provider, f"{provider}.endpoint={self._cluster.server}", f"{provider}.token={token}",
            f"{provider}.certauthfilepath={self._cluster.certificate}",
        ])  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        processes.end(self._process)


def routed(name: str, namespace: str, host: str) -> list[dict[str, Any]]:
    """Users of this host → the TraefikService → the Service, all of this name."""
    metadata = {"name": name, "namespace": namespace}
    service = {"name": name, "kind": "TraefikService"}
    return [
        {"apiVersion": f"{GROUP}/{VERSION}", "kind": "TraefikService", "metadata": metadata,
         "spec": {"mirroring": {"name": name, "port": 80}}},
        {"apiVersion": f"{GROUP}/{VERSION}", "kind": "IngressRoute", "metadata": metadata,
         "spec": {"entryPoints": ["web"], "routes": [{"kind": "Rule", "match": f"Host(`{host}`)", "services": [service]}]}},
    ]  # fmt: skip


def define(cluster: ControlPlane, group: str, version: str, kinds: Mapping[str, tuple[str, dict[str, Any]]]) -> None:
    """Custom resources, usable when this returns: kind → its plural, and the schema of its spec."""
    definitions = [{
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
                 "versions": [{"name": version, "served": True, "storage": True,
                               "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}}]},
    } for kind, (plural, spec) in kinds.items()]  # fmt: skip
    cluster.apply(yaml.safe_dump_all(definitions))
    names = [f"crd/{each['metadata']['name']}" for each in definitions]
    cluster.kubectl("wait", *names, "--for=condition=Established", "--timeout=30s")
