"""Which ReplicaSet is the new one, what it is given, and the numbers it gets."""

from tests.conformance.workloads.workload import DESIRED, HASH, PREFIX, REVISION, Workload, image_of


def test_the_new_set_is_named_labelled_and_owned(shop: Workload) -> None:
    """Name, selector and labels carry the hash; the Deployment is its controller."""
    shop.make(1, minReadySeconds=1)
    (found,) = shop.sets()
    value = found["metadata"]["labels"][HASH]
    assert found["metadata"]["name"] == f"shop-{value}"
    assert found["spec"]["selector"]["matchLabels"] == {"app": "shop", HASH: value}
    assert found["spec"]["template"]["metadata"]["labels"] == {"app": "shop", HASH: value}
    assert found["spec"]["minReadySeconds"] == 1
    (owner,) = found["metadata"]["ownerReferences"]
    deployment = shop.deployment()["metadata"]
    assert owner == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop", "uid": deployment["uid"],
                     "controller": True, "blockOwnerDeletion": True}  # fmt: skip
    assert found["metadata"]["annotations"] == {DESIRED: "1", f"{PREFIX}max-replicas": "2", REVISION: "1"}
    assert deployment["annotations"][REVISION] == "1"


def test_annotations_are_copied_to_the_new_set(shop: Workload) -> None:
    """All but those that are the controller's own and the last applied configuration; never taken away again."""
    shop.make(1)
    last = "kubectl.kubernetes.io/last-applied-configuration"
    shop.patch({}, annotations={"team": "shop", last: "{}", f"{PREFIX}revision-history": "7"})
    shop.wait_for(lambda: shop.annotations("shop:1").get("team") == "shop", "the copy")
    assert not {last, f"{PREFIX}revision-history"} & shop.annotations("shop:1").keys()
    shop.patch({"minReadySeconds": 1}, annotations={"team": None})
    shop.wait_for(lambda: shop.set_of("shop:1")["spec"].get("minReadySeconds") == 1, "minReadySeconds")
    assert shop.annotations("shop:1")["team"] == "shop"


def test_going_back_gives_the_old_set_a_new_number(shop: Workload) -> None:
    """The number it had is kept in its history."""
    shop.make(1)
    shop.roll_out("shop:2")
    shop.roll_out("shop:1")
    assert shop.annotations("shop:1")[REVISION] == "3"
    assert shop.annotations("shop:1")[f"{PREFIX}revision-history"] == "1"
    assert shop.annotations("shop:2")[REVISION] == "2"
    shop.wait_for(lambda: shop.deployment()["metadata"]["annotations"][REVISION] == "3", "revision 3")
    shop.roll_out("shop:2")
    shop.roll_out("shop:1")
    assert shop.annotations("shop:1")[f"{PREFIX}revision-history"] == "1,3"


def test_of_two_equal_templates_the_oldest_is_the_new_one(shop: Workload) -> None:
    """A second ReplicaSet of the same template is an old one: it gets no number, and goes as the first has all pods."""
    shop.make(1)
    first = shop.name_of("shop:1")
    shop.patch({"paused": True})
    shop.wait_for_another_second()
    second = shop.by_hand("second")
    shop.settle()
    assert all(image_of(one) == "shop:1" for one in shop.sets())
    numbers = {one["metadata"]["name"]: one["metadata"].get("annotations", {}).get(REVISION) for one in shop.sets()}
    assert numbers == {first: "1", second: None}
    shop.change_set(second, {"spec": {"replicas": 1}})
    shop.wait_for(lambda: f"Scaled down replica set {second} from 1 to 0" in shop.events("ScalingReplicaSet"), "its end")
    assert shop.ready(first) == 1


def test_a_quantity_written_otherwise_is_the_same_template(shop: Workload) -> None:
    """1Gi and 1073741824 bytes: no new ReplicaSet."""
    shop.make(1)
    resources = {"requests": {"memory": "1Gi", "cpu": "0.5"}}
    template = shop.template("shop:2", resources=resources)
    shop.patch({"template": template})
    shop.wait_until_complete()
    before = shop.uids()
    template["spec"]["containers"][0]["resources"] = {"requests": {"memory": "1073741824", "cpu": "500m"}}
    shop.patch({"template": template})
    shop.settle()
    assert len(shop.sets()) == 2
    assert shop.uids() == before


def test_the_same_template_again_is_the_same_set(shop: Workload) -> None:
    """The hash is of the template alone: a change that is taken back finds the old ReplicaSet."""
    shop.make(1)
    first = shop.name_of("shop:1")
    shop.roll_out("shop:2")
    shop.roll_out("shop:1")
    assert len(shop.sets()) == 2
    assert shop.ready(first) == 1
