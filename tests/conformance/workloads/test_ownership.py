"""Adoption and release: of ReplicaSets by a Deployment, of pods by a ReplicaSet."""

from typing import Any

from tests.conformance.workloads.workload import HASH, MERGE, RECREATE, REVISION, Workload


def owner_of(found: dict[str, Any]) -> str:
    """The name of the controller; empty without one."""
    owners = found["metadata"].get("ownerReferences") or []
    return next((owner["name"] for owner in owners if owner.get("controller")), "")


def test_a_deployment_adopts_a_set_that_its_selector_matches(shop: Workload) -> None:
    """An orphan with the present template becomes the new one."""
    shop.make(1)
    shop.ship("shop:2", paused=True)
    shop.settle()
    shop.by_hand("orphan", owned=False)
    shop.wait_for(lambda: owner_of(shop.set_of("shop:2")) == "shop", "adoption")
    shop.wait_for(lambda: shop.annotations("shop:2").get(REVISION) == "2", "revision 2")


def test_a_deployment_releases_a_set_that_its_selector_matches_no_longer(shop: Workload) -> None:
    """It keeps its pods and its name: the Deployment makes another one, and counts the collision of names."""
    shop.make(1)
    first = shop.name_of("shop:1")
    shop.change_set(first, {"metadata": {"labels": {"app": "other"}}})
    shop.wait_for(lambda: owner_of(shop.cluster.api("GET", shop.path("replicasets", first))) == "", "release")
    shop.wait_for(lambda: len(shop.sets()) == 1, "another one")
    shop.wait_until_complete()
    assert shop.deployment()["status"]["collisionCount"] == 1
    assert shop.name_of("shop:1") != first
    assert shop.ready(first) == 1
    assert len(shop.pods()) == 2


def test_a_set_of_another_owner_is_left_alone(shop: Workload) -> None:
    """Labels alone make nothing one's own."""
    shop.make(1)
    shop.ship("shop:2", paused=True, strategy={**RECREATE, "rollingUpdate": None})
    shop.settle()
    name = shop.by_hand("theirs", owned=False)
    shop.wait_for(lambda: owner_of(shop.set_of("shop:2")) == "shop", "adoption")
    uid = shop.cluster.api("GET", f"/api/v1/namespaces/{shop.namespace}/configmaps/kube-root-ca.crt")["metadata"]["uid"]
    other = {"apiVersion": "v1", "kind": "ConfigMap", "name": "kube-root-ca.crt", "controller": True, "uid": uid}
    shop.change_set(name, {"metadata": {"ownerReferences": [other]}})
    shop.settle()
    assert owner_of(shop.set_of("shop:2")) == "kube-root-ca.crt"
    assert shop.deployment()["status"].get("updatedReplicas", 0) == 0


def test_a_pod_whose_labels_change_is_released_and_replaced(shop: Workload) -> None:
    """How people take a pod out of a rotation to look at it."""
    shop.make(1)
    (pod,) = shop.pods()
    path = shop.path("pods", pod["metadata"]["name"])
    shop.cluster.api("PATCH", path, {"metadata": {"labels": {HASH: "out"}}}, MERGE)
    shop.wait_for(lambda: owner_of(shop.cluster.api("GET", path)) == "", "release")
    shop.wait_for(lambda: shop.ready(shop.name_of("shop:1")) == 1 and len(shop.pods()) == 2, "another pod")


def test_a_pod_that_comes_back_is_adopted_and_one_too_many_goes(shop: Workload) -> None:
    """The selector decides, not who made it."""
    shop.make(1)
    (pod,) = shop.pods()
    path, value = shop.path("pods", pod["metadata"]["name"]), pod["metadata"]["labels"][HASH]
    shop.cluster.api("PATCH", path, {"metadata": {"labels": {HASH: "out"}}}, MERGE)
    shop.wait_for(lambda: shop.ready(shop.name_of("shop:1")) == 1 and len(shop.pods()) == 2, "another pod")
    shop.cluster.api("PATCH", path, {"metadata": {"labels": {HASH: value}}}, MERGE)
    shop.wait_for(lambda: len(shop.pods()) == 1, "one pod")
    shop.wait_for(lambda: shop.count(shop.name_of("shop:1")) == 1, "a count of one")
