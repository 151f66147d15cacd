"""The cluster: API server, controllers, node, gateway, users and Prometheus on one loop, from one seed.

Only put together here. Nothing happens before somebody runs the loop; the same seed and the same requests at the same
moments give the same history.
"""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

from playground import installing
from playground.apiserver import roles
from playground.apiserver.accounts import ServiceAccounts
from playground.apiserver.api import ApiServer
from playground.apiserver.client import Client
from playground.controllers.deployment.controller import DeploymentController
from playground.controllers.endpoints import EndpointsController
from playground.controllers.garbage import GarbageCollector
from playground.controllers.jobs import JobController
from playground.controllers.namespaces import NamespaceController
from playground.controllers.replicaset import ReplicaSetController
from playground.loop import Loop
from playground.nodes.kubelet import Kubelet
from playground.policies.plugin import Policies
from playground.prometheus.api import Api
from playground.prometheus.scraping import Scraper
from playground.prometheus.series import Store
from playground.traffic.gateway import Gateway
from playground.traffic.users import Users

_CONTROLLERS: Mapping[str, type[Any]] = {
    "deployment-controller": DeploymentController,
    "replicaset-controller": ReplicaSetController,
    "endpointslice-controller": EndpointsController,
    "job-controller": JobController,
    "generic-garbage-collector": GarbageCollector,
}
"""By the names of their ServiceAccounts, the real ones'."""
NAMESPACES = ("default", "kube-system", "release-coordinator")


class Cluster:
    """`api`, `kubelet`, `gateway`, `users` and `prometheus` are what tests and the front end use; the rest works by itself."""

    def __init__(
        self, loop: Loop, seed: int = 0, *, authority: str = "", crds: Path | None = None, audience: bool = True
    ) -> None:
        """`authority`: the certificate (PEM) every namespace gets; `crds`: a folder of definitions instead of the chart's.

        Without `audience` no user sends requests, nothing is scraped, and components leave no events.
        """
        self.loop = loop
        self.api = ApiServer(loop, chance=Random(f"{seed} names"))  # noqa: S311, not for secrets
        self.api.audience = audience
        self.api.chain.plugins += [ServiceAccounts(self.api.store), Policies(self.api.store)]
        self.kubelet = Kubelet(loop, self._own("kubelet"))
        self.api.subresources.logs = self.kubelet.log
        self.gateway = Gateway(loop, self._own("gateway"))
        self.users = Users(loop, self.kubelet, self.gateway, Random(f"{seed} users"))  # noqa: S311, not for secrets
        self.series = Store()
        self.prometheus = Api(loop, self.series)
        self._create(crds)
        for name, controller in _CONTROLLERS.items():
            controller(loop, self._own(name)).start()
        NamespaceController(loop, self._own("namespace-controller"), authority).start()
        self.kubelet.start()
        self.gateway.start()
        if audience:
            self.users.start()
            Scraper(loop, self.kubelet, self.users, self.series).start()

    def _own(self, name: str) -> Client:
        return self.api.client(f"system:serviceaccount:kube-system:{name}")

    def _create(self, crds: Path | None) -> None:
        client = self.api.client("system:apiserver")
        for name in NAMESPACES:
            client.create("namespaces", {"metadata": {"name": name}})
        for resource, body in roles.objects():
            client.create(resource, body)
        for manifest in installing.manifests(crds):
            client.create(installing.resource_of(manifest), manifest)
