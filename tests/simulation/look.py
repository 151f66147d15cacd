"""What the invariants ask of the raw objects: nothing of the product's own reading of the world is used here."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from controller.api import names
from strategies.spec.base import parse_duration
from tests.simulation import changes

if TYPE_CHECKING:
    from tests.simulation.world import World

Object = dict[str, Any]
_NAMED = {"Deployment": "shop", "HTTPRoute": "shop", "ConfigMap": "flags"}


def is_owned(found: Object, deployment: Object) -> bool:
    """Whether a ReplicaSet is this Deployment's, and not one's that went away with it."""
    return any(owner["uid"] == deployment["metadata"]["uid"] for owner in found["metadata"].get("ownerReferences") or [])


def concerned(found: Object) -> bool:
    """Whether an object is a Release, which always has its status from us, or what the spec names, of the Release's or its
    Deployment's making, or a Service that finds their pods.
    """
    metadata = found["metadata"]
    if found["kind"] == "Service":
        return metadata["name"] == "shop-candidate" or (found["spec"].get("selector") or {}).get("app") == "shop"
    if found["kind"] in _NAMED:
        return bool(metadata["name"] == _NAMED[found["kind"]])
    return found["kind"] == "Release" or any(owner["name"] == "shop" for owner in metadata.get("ownerReferences") or [])


class Look:
    """The objects as they are at one moment, as far as the invariants ask."""

    def __init__(self, world: World, objects: dict[str, dict[str, Object]]) -> None:
        self._world, self._objects = world, objects
        self.release, self.deployment = objects["Release"].get("shop"), objects["Deployment"].get("shop")
        self.route = objects["HTTPRoute"].get("shop")
        self.status: Object = (self.release or {}).get("status") or {}
        self.trial: Object | None = self.status.get("trial")

    @property
    def labels(self) -> dict[str, str]:
        """The Deployment's."""
        return (self.deployment or {}).get("metadata", {}).get("labels") or {}

    @property
    def flags(self) -> dict[str, str]:
        """The default of each."""
        return {name: each for found in self._objects["ConfigMap"].values() for name, each in changes.defaults(found).items()}

    @property
    def disturbed(self) -> bool:
        """Whether anything has gone wrong in this run."""
        return self._world.struck or self._world.faults > 0

    @property
    def known(self) -> bool:
        """Whether the Deployment is the one that the status is about."""
        uid = (self.deployment or {}).get("metadata", {}).get("uid")
        return self.release is not None and uid is not None and self.status.get("workloadUid") in (None, uid)

    @property
    def replicas(self) -> int:
        """The Deployment's."""
        return int((self.deployment or {}).get("spec", {}).get("replicas", 0))

    @property
    def recreate(self) -> bool:
        """Whether the Deployment's strategy is Recreate."""
        return (self.deployment or {}).get("spec", {}).get("strategy", {}).get("type") == "Recreate"

    @property
    def unavailable(self) -> int:
        """The Deployment's own maxUnavailable, in pods."""
        own = json.loads((self.status.get("wheel") or {}).get("strategy") or "{}")
        value = (own.get("rollingUpdate") or {}).get("maxUnavailable", "25%")
        return value if isinstance(value, int) else int(value.rstrip("%")) * self.replicas // 100

    @property
    def active(self) -> list[Object]:
        """The Deployment's ReplicaSets that want pods."""
        return [s for s in self._objects["ReplicaSet"].values() if s["spec"]["replicas"]]

    @property
    def named(self) -> set[str]:
        """The ReplicaSets that the status names."""
        revisions = (self.status.get("stable"), self.status.get("retiring"), (self.trial or {}).get("candidate"))
        return {r["replicaSet"] for r in revisions if r}

    @property
    def pinned(self) -> list[str]:
        """Services with a pin."""
        return [name for name, s in self._objects["Service"].items() if names.PIN in (s["metadata"].get("labels") or {})]

    @property
    def routed(self) -> bool:
        """Whether the release in flight splits a route."""
        return bool((self.status.get("wheel") or {}).get("route"))

    @property
    def exchange(self) -> bool:
        """Whether pods are exchanged in batches."""
        kind = (self.trial or {}).get("kind")
        return kind == "Restart" or (kind == "Release" and self._world.invariants.began == "Rolling")

    @property
    def in_batches(self) -> bool:
        """Whether the last release exchanged pods in batches: then Services find those of both sides."""
        return self._world.invariants.began == "Rolling"

    @property
    def ignored(self) -> list[str]:
        """The Services that the spec wants to have left alone."""
        return list((((self.release or {}).get("spec") or {}).get("traffic") or {}).get("ignoreServices") or ())

    @property
    def leaving(self) -> set[str]:
        """The ReplicaSets of the revisions that go: a candidate that is taken back, and what a release has replaced."""
        going = [self.status.get("retiring"), (self.trial or {}).get("candidate") if (self.trial or {}).get("outcome") else None]
        return {r["replicaSet"] for r in going if r}

    def reached(self, found: Object) -> bool:
        """Whether a Service that users call selects this ReplicaSet's pods. Nobody calls the candidate's but by the route."""
        labels = found["metadata"].get("labels") or {}
        called = [
            s for name, s in self._objects["Service"].items()
            if name not in self.ignored and (name != "shop-candidate" or self.share(self.route))
        ]  # fmt: skip
        selectors = [s["spec"].get("selector") or {} for s in called if s["spec"].get("type") != "ExternalName"]
        return any(selector and selector.items() <= labels.items() for selector in selectors)

    def duration(self, step: Object) -> timedelta:
        """The shortest time of a step, by the spec."""
        spec: Object = (self.release or {}).get("spec") or {}
        strategy = spec.get("strategy") or {}
        warm = parse_duration(spec.get("rollback", {}).get("warm", {}).get("for", "5m"))
        if step["name"] == "Bake":
            return warm
        if step["name"] == "Rehearsal":
            return parse_duration(spec.get("traffic", {}).get("drain", "5s"))
        if step["name"] == "Return":
            return timedelta()
        if step["name"] == "Preview":
            blue_green = self._world.invariants.began == "BlueGreen"
            return parse_duration(strategy.get("blueGreen", {}).get("previewDuration", "0s")) if blue_green else timedelta()
        if step["name"] == "Batch":
            return parse_duration(strategy.get("rolling", {}).get("pause", "0s"))
        if step["name"] == "Shadow":
            return parse_duration(strategy.get("shadow", {}).get("duration", "10m"))
        known = [s for s in strategy.get("canary", {}).get("steps", []) if s["weight"] == step["weight"] and not s.get("early")]
        return parse_duration(known[0].get("duration", "0s")) if known else timedelta()

    def ready(self, service: str) -> dict[str, int]:
        """ReplicaSet → ready endpoints in a Service's slices."""
        found: dict[str, int] = defaultdict(int)
        for piece in self._objects["EndpointSlice"].values():
            if (piece["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == service:
                for endpoint in piece.get("endpoints") or []:
                    if endpoint["conditions"].get("ready") and "targetRef" in endpoint:
                        found[endpoint["targetRef"]["name"].rpartition("-")[0]] += 1
        return found

    def weights(self, route: Object) -> list[int]:
        """Of the first rule's backends."""
        return [b.get("weight", 1) for b in route["spec"]["rules"][0]["backendRefs"]]

    def share(self, route: Object | None) -> int | None:
        """The candidate's share of the first rule; None for a route in its owner's form."""
        backends = route["spec"]["rules"][0]["backendRefs"] if route else []
        return next((b.get("weight", 1) for b in backends if b["name"] == "shop-candidate"), None)
