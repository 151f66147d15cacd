"""Owners and what belongs to them: deleted in the background, in the foreground, or let go."""

from typing import Any

from tests.conformance.workloads.workload import MERGE, Workload
from tests.controlplane.cluster import Cluster

WAIT = "example.com/wait"


class Family:
    """ConfigMaps that own each other."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster, self.folder = cluster, f"/api/v1/namespaces/{namespace}/configmaps"

    def make(self, name: str, *owners: str, blocking: bool = False, **metadata: Any) -> None:
        """With these owners."""
        references = [self.reference(one, blocking=blocking) for one in owners]
        self.cluster.api("POST", self.folder, {"metadata": {"name": name, "ownerReferences": references, **metadata}})

    def reference(self, owner: str, *, blocking: bool = False) -> dict[str, Any]:
        """To a present ConfigMap."""
        uid = self.cluster.api("GET", f"{self.folder}/{owner}")["metadata"]["uid"]
        return {"apiVersion": "v1", "kind": "ConfigMap", "name": owner, "uid": uid, "blockOwnerDeletion": blocking}

    def find(self, name: str) -> Any:
        """As it is, or None."""
        return self.cluster.find(f"{self.folder}/{name}")

    def delete(self, name: str, policy: str) -> None:
        """With this propagation."""
        self.cluster.api("DELETE", f"{self.folder}/{name}", {"propagationPolicy": policy})

    def free(self, name: str) -> None:
        """Take its finalizers."""
        self.cluster.api("PATCH", f"{self.folder}/{name}", {"metadata": {"finalizers": None}}, MERGE)

    def wait_until_gone(self, *names: str) -> None:
        """All of these."""
        for name in names:
            self.cluster.wait_for(lambda: self.find(name) is None, what=f"the end of {name}")  # noqa: B023, asked at once

    def owners(self, name: str) -> list[str]:
        """The names of its owners."""
        return [one["name"] for one in self.find(name)["metadata"].get("ownerReferences") or []]


def test_in_the_background_the_owner_goes_first_and_all_that_is_its_follows(cluster: Cluster, namespace: str) -> None:
    """Down to the last generation."""
    family = Family(cluster, namespace)
    family.make("owner")
    family.make("child", "owner")
    family.make("grandchild", "child")
    family.delete("owner", "Background")
    assert family.find("owner") is None
    family.wait_until_gone("child", "grandchild")


def test_in_the_foreground_the_owner_waits_for_those_that_block_it(cluster: Cluster, namespace: str) -> None:
    """It is there, with its finalizer, until the last of them has gone."""
    family = Family(cluster, namespace)
    family.make("owner")
    family.make("held", "owner", blocking=True, finalizers=[WAIT])
    family.make("quick", "owner", blocking=True)
    family.delete("owner", "Foreground")
    family.wait_until_gone("quick")
    cluster.wait_for(lambda: family.find("held")["metadata"].get("deletionTimestamp"), what="the deletion of the dependent")
    assert family.find("owner")["metadata"]["finalizers"] == ["foregroundDeletion"]
    family.free("held")
    family.wait_until_gone("held", "owner")


def test_in_the_foreground_nobody_waits_for_those_that_do_not_block(cluster: Cluster, namespace: str) -> None:
    """They are deleted all the same."""
    family = Family(cluster, namespace)
    family.make("owner")
    family.make("held", "owner", finalizers=[WAIT])
    family.delete("owner", "Foreground")
    family.wait_until_gone("owner")
    cluster.wait_for(lambda: family.find("held")["metadata"].get("deletionTimestamp"), what="the deletion of the dependent")
    family.free("held")
    family.wait_until_gone("held")


def test_orphans_are_let_go(cluster: Cluster, namespace: str) -> None:
    """They stay, and name no owner."""
    family = Family(cluster, namespace)
    family.make("owner")
    family.make("child", "owner")
    family.delete("owner", "Orphan")
    family.wait_until_gone("owner")
    assert family.owners("child") == []


def test_what_has_another_owner_stays_and_forgets_the_one_that_is_gone(cluster: Cluster, namespace: str) -> None:
    """Until the last one has gone."""
    family = Family(cluster, namespace)
    family.make("one")
    family.make("two")
    family.make("child", "one", "two")
    family.delete("one", "Background")
    cluster.wait_for(lambda: family.owners("child") == ["two"], what="one owner")
    family.delete("two", "Background")
    family.wait_until_gone("child")


def test_what_names_an_owner_that_never_was_is_deleted(cluster: Cluster, namespace: str) -> None:
    """The name alone does not count: the uid does."""
    family = Family(cluster, namespace)
    family.make("owner")
    reference = family.reference("owner") | {"uid": "6f2b9c1e-8d17-4c53-9f07-0d8f3a5b7c21"}
    cluster.api("POST", family.folder, {"metadata": {"name": "child", "ownerReferences": [reference]}})
    family.wait_until_gone("child")
    assert family.find("owner")


def test_a_deleted_deployment_takes_sets_and_pods_with_it(shop: Workload) -> None:
    """The default."""
    shop.make(1)
    shop.cluster.kubectl("delete", "deployment/shop", "-n", shop.namespace)
    shop.wait_for(lambda: not shop.sets() and not shop.pods(), "nothing left")


def test_a_deployment_deleted_in_the_foreground_goes_last(shop: Workload) -> None:
    """kubectl waits for the end of all of it."""
    shop.make(1)
    shop.cluster.kubectl("delete", "deployment/shop", "-n", shop.namespace, "--cascade=foreground", timeout=60)
    assert not shop.sets()
    assert not shop.cluster.api("GET", shop.path("pods"))["items"]


def test_a_deployment_deleted_alone_leaves_its_pods_running(shop: Workload) -> None:
    """--cascade=orphan; the next one with that selector takes them over."""
    shop.make(1)
    before = shop.uids()
    shop.cluster.kubectl("delete", "deployment/shop", "-n", shop.namespace, "--cascade=orphan", timeout=60)
    assert "ownerReferences" not in shop.set_of("shop:1")["metadata"]
    assert shop.uids() == before
    shop.make(1)
    assert shop.uids() == before
