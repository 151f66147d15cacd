"""A small cluster in virtual time: API server, EndpointSlices, node, gateway, users and Prometheus, but no Deployments."""

import json
from random import Random
from typing import Any
from urllib.parse import urlencode

from playground.apiserver.api import ApiServer
from playground.apiserver.objects import Object
from playground.controllers.endpoints import EndpointsController
from playground.loop import Loop
from playground.nodes.kubelet import Kubelet
from playground.prometheus.api import Api
from playground.prometheus.scraping import Scraper
from playground.prometheus.series import Store
from playground.traffic.gateway import NAME, NAMESPACE, Gateway
from playground.traffic.users import Users

ROUTES = "httproutes.gateway.networking.k8s.io"
PROBE = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 1}


class World:
    """Make objects, let time pass, look. Everything is in the namespace `shop`."""

    def __init__(self, seed: int = 1) -> None:
        self.loop = Loop()
        server = ApiServer(self.loop, chance=Random(seed))
        self.client = server.client("admin")
        self.client.create("namespaces", {"metadata": {"name": "shop"}})
        EndpointsController(self.loop, self.client).start()
        self.kubelet = Kubelet(self.loop, self.client)
        self.gateway = Gateway(self.loop, self.client)
        self.users = Users(self.loop, self.kubelet, self.gateway, Random(seed))
        self.store = Store()
        for part in (self.kubelet, self.gateway, self.users, Scraper(self.loop, self.kubelet, self.users, self.store)):
            part.start()
        self.prometheus = Api(self.loop, self.store)
        self.loop.settle()
        self.writes: list[str] = []
        for resource in ("pods", ROUTES, "gateways.gateway.networking.k8s.io", "events", "nodes"):
            server.client("admin").watch(resource, lambda kind, found: self.writes.append(f"{kind} {found['metadata']['name']}"))
        self.loop.settle()

    def after(self, seconds: float) -> "World":
        """Let so much time pass."""
        self.loop.advance(seconds)
        return self

    def run(self, name: str, tag: str = "1", *, app: str = "shop", container: Object | None = None, **spec: Any) -> None:
        """Create a pod with this image tag."""
        first = {"name": "app", "image": f"shop:{tag}", "ports": [{"name": "http", "containerPort": 8080}],
                 "readinessProbe": PROBE, **(container or {})}  # fmt: skip
        labels = {"app": app, "pod-template-hash": f"hash-{tag.partition('-')[0]}"}
        self.client.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels},
                                    "spec": {"containers": [first], **spec}}, "shop")  # fmt: skip

    def serve(self, name: str = "shop", app: str = "shop", **annotations: str) -> None:
        """Create a Service on the pods with this label."""
        self.client.create("services", {
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "annotations": {key.replace("__", "/"): value for key, value in annotations.items()}},
            "spec": {"selector": {"app": app}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
        }, "shop")  # fmt: skip

    def route(self, *backends: tuple[str, int], annotations: dict[str, str] | None = None, **rule: Any) -> None:
        """Create the HTTPRoute `shop` with one rule: Services and weights."""
        refs = [{"name": name, "port": 80, "weight": weight} for name, weight in backends]
        self.client.create(ROUTES, {
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": {"name": "shop", "annotations": annotations or {}},
            "spec": {"parentRefs": [{"name": NAME, "namespace": NAMESPACE}], "hostnames": ["shop.example.com"],
                     "rules": [{"backendRefs": refs, **rule}]},
        }, "shop")  # fmt: skip

    def reroute(self, *backends: tuple[str, int]) -> None:
        """Replace the rule's backends."""
        refs = [{"name": name, "port": 80, "weight": weight} for name, weight in backends]
        self.client.patch(ROUTES, "shop", "shop", {"spec": {"rules": [{"backendRefs": refs}]}})

    def pod(self, name: str) -> Object:
        """The pod as it is."""
        return self.client.get("pods", name, "shop")

    def condition(self, name: str, kind: str) -> Object:
        """A condition of a pod."""
        return next(one for one in self.pod(name)["status"]["conditions"] if one["type"] == kind)

    def is_ready(self, name: str) -> bool:
        """As the pod's condition says it."""
        return bool(self.condition(name, "Ready")["status"] == "True")

    def container(self, name: str) -> Object:
        """The status of a pod's only container."""
        (found,) = self.pod(name)["status"]["containerStatuses"]
        return dict(found)

    def events(self, name: str) -> list[str]:
        """Reasons of the events about an object, oldest first."""
        found = [e for e in self.client.list("events", "shop") if e["involvedObject"]["name"] == name]
        return [e["reason"] for e in sorted(found, key=lambda e: int(e["metadata"]["resourceVersion"]))]

    def query(self, promql: str) -> dict[str, float]:
        """An instant query: the values by their labels, the metric's name apart, as JSON."""
        status, answer = self.prometheus.handle("GET", "/api/v1/query", urlencode({"query": promql}))
        assert status == 200, answer
        result = answer["data"]["result"]
        return {json.dumps({k: v for k, v in one["metric"].items() if k != "__name__"}, sort_keys=True): float(one["value"][1])
                for one in result}  # fmt: skip
