"""A cluster of API server, controllers and kubelet in virtual time, whose tasks run in order or in a random one."""

import random
from collections.abc import Sequence
from typing import Any

from playground.apiserver.api import ApiServer, User
from playground.apiserver.client import Client
from playground.controllers.deployment.controller import DeploymentController
from playground.controllers.endpoints import EndpointsController
from playground.controllers.garbage import GarbageCollector
from playground.controllers.namespaces import NamespaceController
from playground.controllers.replicaset import ReplicaSetController
from playground.loop import Loop
from playground.nodes.kubelet import Kubelet

Object = dict[str, Any]
NAMESPACE = "shop"
CONTROLLERS = (DeploymentController, ReplicaSetController, EndpointsController, GarbageCollector, NamespaceController)
DEPLOYMENTS, SETS, SLICES = "deployments.apps", "replicasets.apps", "endpointslices.discovery.k8s.io"


class World:
    """`seed`: the order of tasks is drawn from it; without one, first come, first served."""

    def __init__(self, seed: int | None = None) -> None:
        chance = random.Random(seed)

        def choose(ready: Sequence[str]) -> int:
            return chance.randrange(len(ready))

        self.loop = Loop(choose=None if seed is None else choose)
        self.api = ApiServer(self.loop, chance=random.Random(seed or 0))
        self.admin = self.client("admin")
        for controller in CONTROLLERS:
            controller(self.loop, self.client(controller.__name__)).start()
        self.kubelet = Kubelet(self.loop, self.client("kubelet"))
        self.kubelet.start()
        self.admin.create("namespaces", {"metadata": {"name": NAMESPACE}})
        self.loop.settle()

    def client(self, name: str) -> Client:
        """As one of the cluster's own programs."""
        return self.api.client(User(name=f"system:serviceaccount:kube-system:{name}"))

    def make(self, replicas: int = 3, image: str = "shop:1", name: str = "web", **spec: Any) -> None:
        """A Deployment, not rolled out yet."""
        template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container(image)]}}
        whole = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template, **spec}
        self.admin.create(DEPLOYMENTS, {"metadata": {"name": name}, "spec": whole}, NAMESPACE)

    def ship(self, image: str, name: str = "web", **spec: Any) -> None:
        """Another image."""
        body = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}, **spec}}
        self.admin.patch(DEPLOYMENTS, name, NAMESPACE, body, "strategic")

    def patch(self, spec: Object, name: str = "web") -> None:
        """A merge patch of the Deployment's spec."""
        self.admin.patch(DEPLOYMENTS, name, NAMESPACE, {"spec": spec})

    def deployment(self, name: str = "web") -> Object:
        """As it is."""
        return self.admin.get(DEPLOYMENTS, name, NAMESPACE)

    def progressing(self) -> str:
        """The reason of its condition Progressing."""
        conditions = self.deployment().get("status", {}).get("conditions", [])
        return next((str(one["reason"]) for one in conditions if one["type"] == "Progressing"), "")

    def sizes(self) -> dict[str, int]:
        """Image → `spec.replicas` of its ReplicaSet."""
        return {image_of(one): one["spec"]["replicas"] for one in self.admin.list(SETS, NAMESPACE)}

    def pods(self) -> list[Object]:
        """All, those on their way out too."""
        return self.admin.list("pods", NAMESPACE)


def container(image: str) -> Object:
    """With a readiness probe."""
    return {"name": "app", "image": image, "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}}


def image_of(found: Object) -> str:
    """Of a ReplicaSet."""
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"])
