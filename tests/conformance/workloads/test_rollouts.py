"""Rolling updates, Recreate, scaling in the middle of a rollout, and the history that is left."""

from tests.conformance.workloads.workload import RECREATE, Workload, happened, image_of, rolling, version_now


def test_a_rolling_update_keeps_to_its_bounds(shop: Workload) -> None:
    """Never more pods wanted than surge allows, never fewer available than may be missing, from the first to the last step."""
    shop.make(4, strategy=rolling(1, 1))
    shop.settle()
    since = version_now(shop.cluster, shop.path("replicasets"))
    sizes = {one["metadata"]["name"]: one["spec"]["replicas"] for one in shop.sets()}
    shop.roll_out("shop:2")
    totals = []
    for _, found in happened(shop.cluster, shop.path("replicasets"), since):
        sizes[found["metadata"]["name"]] = found["spec"]["replicas"]
        totals.append(sum(sizes.values()))
    assert max(totals) <= 5
    assert min(totals) >= 3
    deployments = [found["status"] for _, found in happened(shop.cluster, shop.path("deployments"), since)]
    assert min(status.get("availableReplicas", 0) for status in deployments) >= 3
    assert shop.sizes() == {"shop:1": 0, "shop:2": 4}


def test_without_surge_an_old_pod_goes_first(shop: Workload) -> None:
    """maxSurge 0: the total never grows."""
    shop.make(2, strategy=rolling(0, 1))
    shop.settle()
    since = version_now(shop.cluster, shop.path("replicasets"))
    old = shop.name_of("shop:1")
    shop.roll_out("shop:2")
    sizes = [(found["metadata"]["name"] == old, found["spec"]["replicas"]) for _, found in
             happened(shop.cluster, shop.path("replicasets"), since)]  # fmt: skip
    steps = list(dict.fromkeys(sizes))
    assert steps.index((True, 1)) < steps.index((False, 1)) < steps.index((True, 0)) < steps.index((False, 2))


def test_bounds_that_round_to_nothing_let_one_pod_be_unavailable(shop: Workload) -> None:
    """0 and 1 % of two pods: it moves all the same."""
    shop.make(2, strategy=rolling(0, "1%"))
    shop.roll_out("shop:2")
    assert shop.sizes() == {"shop:1": 0, "shop:2": 2}


def test_a_rollout_that_gets_no_pod_ready_stops_within_its_bounds(shop: Workload) -> None:
    """And goes on with the next template: pods that are not available go first."""
    shop.make(4, strategy=rolling(1, 1))
    shop.ship("shop:2-neverready")
    shop.wait_for(lambda: shop.sizes() == {"shop:1": 3, "shop:2-neverready": 2}, "two new ones instead of one")
    shop.settle()
    assert shop.sizes() == {"shop:1": 3, "shop:2-neverready": 2}
    shop.roll_out("shop:3")
    assert shop.sizes() == {"shop:1": 0, "shop:2-neverready": 0, "shop:3": 4}


def test_scaling_in_the_middle_of_a_rollout_is_shared_in_proportion(shop: Workload) -> None:
    """What is added goes to both; of equal ones the newer gains first, and the older loses first."""
    shop.make(4, strategy=rolling(2, 1))
    shop.wait_for_another_second()
    shop.ship("shop:2-neverready")
    shop.wait_for(lambda: shop.sizes() == {"shop:1": 3, "shop:2-neverready": 3}, "half and half")
    shop.wait_for(lambda: shop.count(shop.name_of("shop:2-neverready")) == 3, "the pods")
    shop.settle()
    shop.patch({"replicas": 9})
    shop.wait_for(lambda: shop.sizes() == {"shop:1": 5, "shop:2-neverready": 6}, "five more, of 11")
    shop.wait_for(lambda: shop.ready(shop.name_of("shop:1")) == 5, "the old pods")
    shop.settle()
    assert shop.sizes() == {"shop:1": 5, "shop:2-neverready": 6}


def test_scaling_to_zero_in_the_middle_of_a_rollout_ends_both(shop: Workload) -> None:
    """Surge adds nothing to nothing."""
    shop.make(2, strategy=rolling(1, 0))
    shop.ship("shop:2-neverready")
    shop.wait_for(lambda: shop.sizes() == {"shop:1": 2, "shop:2-neverready": 1}, "a rollout under way")
    shop.patch({"replicas": 0})
    shop.wait_for(lambda: shop.sizes() == {"shop:1": 0, "shop:2-neverready": 0}, "nothing")


def test_recreate_waits_until_every_old_pod_is_gone(shop: Workload) -> None:
    """No pod of the new template is made while an old one is still there, terminating or not."""
    shop.make(2, strategy=RECREATE)
    since = version_now(shop.cluster, shop.path("pods"))
    shop.roll_out("shop:2")
    order = []
    for kind, pod in happened(shop.cluster, shop.path("pods"), since):
        image = pod["spec"]["containers"][0]["image"]
        if kind in ("ADDED", "DELETED") and pod["metadata"]["labels"].get("app") == "shop":
            order.append((kind, image))
    assert order[:2] == [("DELETED", "shop:1")] * 2
    assert order[2:4] == [("ADDED", "shop:2")] * 2


def test_history_beyond_the_limit_is_deleted_after_a_rollout(shop: Workload) -> None:
    """The lowest revisions first."""
    shop.make(1, revisionHistoryLimit=2)
    for tag in ("2", "3", "4"):
        shop.roll_out(f"shop:{tag}")
    shop.wait_for(lambda: {image_of(one) for one in shop.sets()} == {"shop:2", "shop:3", "shop:4"}, "two old ones")
    shop.patch({"revisionHistoryLimit": 0})
    shop.wait_for(lambda: [image_of(one) for one in shop.sets()] == ["shop:4"], "no old one")


def test_history_goes_by_revision_and_not_by_age(shop: Workload) -> None:
    """A template that came back is young in history, however old its ReplicaSet."""
    shop.make(1)
    for tag in ("2", "1", "3"):
        shop.roll_out(f"shop:{tag}")
    shop.patch({"revisionHistoryLimit": 1})
    shop.wait_for(lambda: shop.sizes() == {"shop:1": 0, "shop:3": 1}, "the end of shop:2")


def test_history_is_cleaned_up_while_paused_too(shop: Workload) -> None:
    """What has pods counts and is spared, even if its revision is the lowest."""
    shop.make(1, revisionHistoryLimit=5)
    for tag in ("2", "3"):
        shop.roll_out(f"shop:{tag}")
    shop.ship("shop:4", paused=True)
    shop.settle()
    shop.patch({"revisionHistoryLimit": 1})
    shop.wait_for(lambda: shop.sizes() == {"shop:3": 1}, "the active one alone")
    shop.patch({"revisionHistoryLimit": 0})
    shop.settle()
    assert shop.sizes() == {"shop:3": 1}


def test_history_is_not_cleaned_up_in_the_middle_of_a_rollout(shop: Workload) -> None:
    """Only when it is complete."""
    shop.make(1, strategy=rolling(1, 0))
    shop.roll_out("shop:2")
    shop.ship("shop:3-neverready", revisionHistoryLimit=0)
    shop.wait_for(lambda: shop.sizes().get("shop:3-neverready") == 1, "a rollout under way")
    shop.settle()
    assert shop.sizes() == {"shop:1": 0, "shop:2": 1, "shop:3-neverready": 1}
