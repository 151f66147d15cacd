"""What users of the shop would notice, told from the raw objects alone: no status, which somebody may have edited, is believed.

Whatever is malformed, somebody must answer them, and the pods that they have had all along are not taken from under them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playground.apiserver.store import Event
from tests.simulation.changes import tag

if TYPE_CHECKING:
    from tests.simulation.world import World

Object = dict[str, Any]
_LOOKED_AT = ("endpointslices.discovery.k8s.io", "httproutes.gateway.networking.k8s.io", "replicasets.apps")


class Users:
    """Looks on from now until the end of the run; `known` are the pods that serve now, by uid."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.known = {pod["metadata"]["uid"] for pod in world.admin.list("pods", "shop")}
        self._sets = {s["metadata"]["uid"] for s in world.admin.list("replicasets.apps", "shop") if tag(s) == "1"}
        for number, resource in enumerate(_LOOKED_AT, 101):
            plural, _, group = resource.partition(".")
            world.cluster.api.store.collection(group, plural).watchers[-number] = self._look

    def kept(self) -> bool:
        """Whether the pods of the beginning are all there still."""
        return self.known <= {pod["metadata"]["uid"] for pod in self._world.admin.list("pods", "shop")}

    def _look(self, event: Event) -> None:
        try:
            self._answered(event)
        except AssertionError as broken:  # The API server would make an answer of it.
            self._world.broken = self._world.broken or broken

    def _answered(self, event: Event) -> None:
        found = event.now.obj
        if event.kind == "DELETED" and found["kind"] == "ReplicaSet" and found["metadata"]["uid"] in self._sets:
            assert not found["spec"]["replicas"], f"ReplicaSet {found['metadata']['name']} was deleted with what users have"
        if found["kind"] == "ReplicaSet" or self._world.find("deployments.apps") is None:
            return
        route = self._world.find("httproutes.gateway.networking.k8s.io")
        backends = route["spec"]["rules"][0]["backendRefs"] if route else [{"name": "shop"}]
        for backend in backends:
            name = backend["name"]
            foreign = name not in ("shop", "shop-candidate")
            assert foreign or not backend.get("weight", 1) or self._ready(name), (
                f"users are sent to Service {name}, and nobody answers"
            )

    def _ready(self, service: str) -> int:
        slices = self._world.admin.list("endpointslices.discovery.k8s.io", "shop", f"kubernetes.io/service-name={service}")
        return sum(bool(e["conditions"].get("ready")) for s in slices for e in s.get("endpoints") or [])
