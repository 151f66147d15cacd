"""Whom a change in a namespace wakes: each release that looks at what has changed, for others a turn would be for nothing."""

import threading
from typing import Any

import pytest

from controller.kube.paths import DEPLOYMENTS, ENDPOINT_SLICES, RELEASES, SERVICES, Resource
from controller.kube.store import Store
from controller.reconcile.cluster import Cluster, Key

Object = dict[str, Any]
SHOP, BANK = ("prod", "shop"), ("prod", "bank")
OWNER = {"apiVersion": "release-coordinator.io/v1alpha1", "kind": "Release", "name": "shop", "uid": "u-shop", "controller": True}


class _View:
    """A view into which the test puts what it shows."""

    def __init__(self, resource: Resource, on_change: Any = None) -> None:
        self.resource, self.store, self.synced = resource, Store(), threading.Event()
        self._on_change, self._version = on_change, 0

    def start(self) -> None:
        """It needs no thread."""

    def show(self, obj: Object, kind: str = "MODIFIED") -> None:
        """As if the API server had told of it."""
        self._version += 1
        metadata = {"namespace": "prod", "resourceVersion": str(self._version), **obj["metadata"]}
        change = self.store.apply(kind, {**obj, "metadata": metadata})
        if change is not None and self._on_change is not None:
            self._on_change(change.old, change.new)


class _World:
    """Two Releases in flight in one namespace."""

    def __init__(self) -> None:
        self.views: dict[Resource, _View] = {}
        self.woken: list[Key] = []
        self.last: list[Key] = []
        self.cluster = Cluster(None, self._wake, ("hold", "pin"), follow=self._follow)  # type: ignore[arg-type]
        for name in ("shop", "bank"):
            pods = {"metadata": {"labels": {"app": name}}}
            self.views[DEPLOYMENTS].show({"metadata": {"name": name, "uid": f"d-{name}"}, "spec": {"template": pods}})
            status = {"stable": {"hash": f"{name}1"}, "trial": {"candidate": {"hash": f"{name}2"}}}
            release = {"metadata": {"name": name, "uid": f"u-{name}"}, "spec": {"workloadRef": {"name": name}}, "status": status}
            self.views[RELEASES].show(release)
            namespace = self.cluster.enter(("prod", name))
        for resource in (SERVICES, ENDPOINT_SLICES):
            namespace.follow(resource)
        self.woken.clear()

    def _wake(self, key: Key, *, last: bool = False) -> None:
        (self.last if last else self.woken).append(key)

    def _follow(self, _: Any, resource: Resource, **how: Any) -> Any:
        self.views[resource] = _View(resource, how.get("on_change"))
        return self.views[resource]

    def woken_by(self, resource: Resource, obj: Object, kind: str = "MODIFIED") -> set[Key]:
        """Whom this change wakes."""
        self.woken.clear()
        self.views[resource].show(obj, kind)
        return set(self.woken)


def _service(name: str, app: str, *, pin: str = "", owners: tuple[Object, ...] = (), side: str = "") -> Object:
    labels = {"release-coordinator.io/pin": pin} if pin else {"release-coordinator.io/candidate-of": side} if side else {}
    selector = {"app": app, **({"pod-template-hash": pin} if pin else {})}
    return {"kind": "Service", "metadata": {"name": name, "labels": labels, "ownerReferences": list(owners)},
            "spec": {"selector": selector}}  # fmt: skip


def _slice(service: str) -> Object:
    return {"kind": "EndpointSlice", "metadata": {"name": f"{service}-x", "labels": {"kubernetes.io/service-name": service}}}


SEEN: dict[str, tuple[Object, set[Key]]] = {
    "it selects one's pods": (_service("s", "shop"), {SHOP}),
    "it is pinned to one's revision": (_service("s", "shop", pin="shop2"), {SHOP}),
    "it is pinned to one's revision, and selects other pods by now": (_service("s", "other", pin="bank1"), {BANK}),
    "it is one's candidate side": (_service("s-candidate", "shop", owners=(OWNER,), side="s"), {SHOP}),
    "it is nobody's": (_service("s", "other"), set()),
}


@pytest.mark.parametrize("case", SEEN)
def test_a_service_and_its_endpoints_wake_those_that_look_at_it(case: str) -> None:
    """Made, with new endpoints, and deleted."""
    service, whom = SEEN[case]
    world = _World()
    assert world.woken_by(SERVICES, service) == whom
    assert world.woken_by(ENDPOINT_SLICES, _slice(service["metadata"]["name"])) == whom
    assert world.woken_by(SERVICES, service, "DELETED") == whom


def test_a_service_that_goes_over_to_other_pods_wakes_both() -> None:
    """Whose it was has lost it."""
    world = _World()
    world.woken_by(SERVICES, _service("s", "shop"))
    assert world.woken_by(SERVICES, _service("s", "bank")) == {SHOP, BANK}


def test_endpoints_of_a_service_that_is_not_known_wake_all() -> None:
    """It may be anybody's: two views do not tell of things in one order."""
    assert _World().woken_by(ENDPOINT_SLICES, _slice("s")) == {SHOP, BANK}


@pytest.mark.parametrize(("status", "can_wait"), [
    ({"stable": {"hash": "shop1"}}, True), ({"stable": {"hash": "shop1"}, "trial": {"candidate": {"hash": "shop2"}}}, False),
    ({"stable": {"hash": "shop1"}, "retiring": {"hash": "shop0"}}, False), ({}, False),
])  # fmt: skip
def test_a_change_of_a_deployment_at_rest_can_wait(status: Object, can_wait: bool) -> None:
    """It begins a release; what is under way, and a Release that is new, cannot wait. A person's request never can."""
    world = _World()
    deployment = {"metadata": {"name": "shop", "labels": {"release-coordinator.io/release": "shop"}}, "spec": {"template": {}}}
    release = {"metadata": {"name": "shop", "uid": "u-shop"}, "spec": {"workloadRef": {"name": "shop"}}, "status": status}
    world.woken_by(RELEASES, release)
    woken = world.woken_by(DEPLOYMENTS, deployment)
    assert (SHOP in world.last, SHOP in woken) == (can_wait, not can_wait)
    asked = {**release, "metadata": {**release["metadata"], "annotations": {"release-coordinator.io/rollback": "previous"}}}
    assert world.woken_by(RELEASES, asked) == {SHOP}
