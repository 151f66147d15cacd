"""After a sudden end: no entry of ours stays in the managedFields of what is somebody else's."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from controller.kube import errors, paths
from controller.reconcile.cluster import Cluster
from controller.reconcile.memory import Memory
from controller.reconcile.perform import Performer
from strategies.spec.status import Status, Wheel
from tests.patching import Refused, applied

LABELS = {"app": "shop"}
OURS, STATUS = {"manager": "release-coordinator"}, {"manager": "release-coordinator", "subresource": "status"}
OWNER, GATEWAY = {"manager": "helm", "operation": "Apply"}, {"manager": "traefik", "subresource": "status"}
PATHS = {
    "shop": "/apis/apps/v1/namespaces/prod/deployments/shop",
    "web": "/api/v1/namespaces/prod/services/web",
    "other": "/api/v1/namespaces/prod/services/other",
    "route": "/apis/gateway.networking.k8s.io/v1/namespaces/prod/httproutes/route",
}


def thing(name: str, *managers: dict[str, str], **spec: Any) -> dict[str, Any]:
    """An object with these entries."""
    return {"metadata": {"name": name, "namespace": "prod", "uid": name, "managedFields": list(managers)}, "spec": spec}


@dataclass
class Double:
    """A cluster in which a controller died between a write and the dropping of its entry; views do not show managedFields."""

    objects: dict[str, dict[str, Any]]
    meddle: bool = False
    away: str = ""
    away_at: tuple[str, int] = ("", 0)
    left: list[str] = field(default_factory=list)
    patched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = self.deployments = self.store = self

    def enter(self, _: object) -> "Double":
        """The views of the namespace."""
        return self

    def follow(self, resource: Any) -> "Double":
        """The view of a resource."""
        self.plural = resource.plural
        return self

    def get(self, _: str, name: str) -> Any:
        """One object, without managedFields."""
        found = self.objects.get(name)
        return found and {**found, "metadata": {k: v for k, v in found["metadata"].items() if k != "managedFields"}}

    def remember(self, _: object) -> None:
        """The views take an answer."""

    def patch(self, path: str, patch: list[dict[str, Any]], _: str) -> dict[str, Any]:
        """As the API server does it; `meddle`: a gateway writes its status right before our second patch."""
        name = path.rpartition("/")[2]
        assert path == PATHS[name]
        self.patched.append(name)
        if name == self.away or (name, self.patched.count(name)) == self.away_at:
            raise errors.Unavailable(503, "ServiceUnavailable", "not now")
        if self.meddle and self.patched.count(name) == 2:
            self.objects[name]["metadata"]["managedFields"].insert(0, GATEWAY)
        try:
            self.objects[name] = applied(self.objects[name], patch)
        except Refused as refused:
            raise errors.TestFailed(422, "Invalid", str(refused)) from refused
        return self.objects[name]

    def managers(self, name: str) -> list[dict[str, str]]:
        """Who has an entry."""
        return [*self.objects[name]["metadata"]["managedFields"]]

    def list(self, _: str) -> list[dict[str, Any]]:
        """The Services, without managedFields."""
        return [self.get("", n) for n in ("web", "other")]


def look_after(cluster: Double, route: str | None = "route") -> None:
    """What the first turn of a new process does for a Release in flight."""
    release = {"metadata": {"name": "shop", "namespace": "prod", "uid": "r"}, "spec": {"workloadRef": {"name": "shop"}}}
    status = Status(wheel=Wheel(strategy="{}", workload_uid="shop", route=route))
    performer = Performer(cluster=cast("Cluster", cluster), release=release, status=status, memory=Memory(uid="r"),
                          may_write=lambda: True)  # fmt: skip
    cluster.left = [one["metadata"]["name"] for resource, one in performer.shared() if not performer.disown(resource, one)]


def world(**changed: Any) -> Double:
    """A Deployment, its Service, another's, a route."""
    template = {"metadata": {"labels": LABELS}}
    objects = {
        "shop": thing("shop", OWNER, OURS, STATUS, template=template), "web": thing("web", OURS, OWNER, selector=LABELS),
        "other": thing("other", OURS, selector={"app": "other"}), "route": thing("route", OWNER, OURS, GATEWAY),
    }  # fmt: skip
    return Double(objects, **changed)


@pytest.mark.parametrize("meddle", [False, True], ids=["alone", "while a gateway writes"])
def test_entries_that_a_sudden_end_has_left_are_dropped_and_nobody_else_s(*, meddle: bool) -> None:
    """Or the owner's next server-side apply would meet a conflict with somebody who is long gone."""
    cluster = world(meddle=meddle)
    look_after(cluster)
    assert [m for n in ("shop", "web", "route") for m in cluster.managers(n) if m == OURS] == []
    assert [m for m in cluster.managers("shop") if m != GATEWAY] == [OWNER, STATUS]
    assert OWNER in cluster.managers("web")
    assert OWNER in cluster.managers("route")
    assert "other" not in cluster.patched, "another workload's Service was written"


def test_without_a_route_or_with_a_deleted_one_the_rest_is_looked_after() -> None:
    """And what has no entry of ours costs one call that changes nothing."""
    for route, gone in ((None, False), ("route", True)):
        cluster = world()
        cluster.objects["shop"]["metadata"]["managedFields"] = [OWNER]
        if gone:
            del cluster.objects["route"]
        look_after(cluster, route)
        assert cluster.patched == ["shop", "web", "web"]


def test_what_cannot_be_written_now_is_left_for_later_and_holds_up_nothing_else() -> None:
    """An API server that cannot answer for one object is asked for it again; the others are done with."""
    cluster = world(away="shop")
    look_after(cluster)
    assert cluster.left == ["shop"]
    assert OURS not in cluster.managers("web") + cluster.managers("route")


@pytest.mark.parametrize("away_at", [2, 3], ids=["the drop", "the look after a lost race"])
def test_a_write_that_is_done_does_not_fail_by_what_it_leaves(away_at: int) -> None:
    """The entry is left for later, and the effect is not carried out again."""
    cluster = world(meddle=away_at == 3)
    cluster.away_at = ("shop", away_at)
    memory = Memory(uid="r")
    performer = Performer(cluster=cast("Cluster", cluster), release={"metadata": {"name": "shop", "namespace": "prod"}},
                          status=Status(), memory=memory, may_write=lambda: True)  # fmt: skip
    found = cluster.objects["shop"] | {"kind": "Deployment"}
    found["metadata"]["generation"] = 1
    performer.patch_owned(paths.DEPLOYMENTS, found, [{"op": "add", "path": "/spec/paused", "value": True}], last=True)
    assert [name for _, name in memory.left] == ["shop"]
    assert performer.disown(paths.DEPLOYMENTS, memory.left[paths.DEPLOYMENTS, "shop"])
    assert OURS not in cluster.managers("shop")
