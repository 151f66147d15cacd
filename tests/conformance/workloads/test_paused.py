"""A paused Deployment: what is scaled and what is left alone. Driving a release rests on exactly this."""

from typing import Any

import pytest

from tests.conformance.workloads.workload import DESIRED, RECREATE, REVISION, Workload, happened, image_of, rolling, version_now

STRATEGIES = [pytest.param(RECREATE, id="Recreate"), pytest.param(rolling(1, 0), id="RollingUpdate")]


def hold(shop: Workload, image: str = "shop:2", **spec: Any) -> None:
    """A template waits in the paused Deployment."""
    shop.ship(image, paused=True, **spec)
    shop.settle()


def strip(shop: Workload, *images: str) -> None:
    """Take the note of the wanted size off these ReplicaSets."""
    for image in images:
        shop.change_set(shop.name_of(image), {"metadata": {"annotations": {DESIRED: None}}})


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_only_active_set_follows_the_wanted_size(shop: Workload, strategy: dict[str, Any]) -> None:
    """Scaling a paused Deployment whose template nobody has yet scales what runs."""
    shop.make(2, strategy=strategy)
    hold(shop)
    shop.patch({"replicas": 3})
    shop.wait_for_sizes(_1=3)
    shop.settle()
    assert shop.sizes() == {"shop:1": 3}
    assert shop.annotations("shop:1")[DESIRED] == "3"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_held_template_starts_no_pod(shop: Workload, strategy: dict[str, Any]) -> None:
    """No ReplicaSet is made for it, and the pods stay."""
    shop.make(2, strategy=strategy)
    before = shop.uids()
    hold(shop)
    assert shop.sizes() == {"shop:1": 2}
    assert shop.uids() == before


def test_two_active_sets_are_left_alone_under_recreate(shop: Workload) -> None:
    """Whatever the wanted size and whichever template, if no active one carries the note of a wanted size."""
    shop.make(2)
    hold(shop, strategy={**RECREATE, "rollingUpdate": None})
    name = shop.by_hand("c2")
    strip(shop, "shop:1")
    shop.scale_set(name, 1)
    for replicas, image in ((4, "shop:2"), (1, "shop:2"), (2, "shop:1"), (3, "shop:9"), (2, "shop:2")):
        shop.ship(image, replicas=replicas)
        shop.settle()
        assert shop.sizes() == {"shop:1": 2, "shop:2": 1}
    assert DESIRED not in shop.annotations("shop:1") | shop.annotations("shop:2")


def test_a_saturated_set_of_the_present_template_takes_all_others_to_zero(shop: Workload) -> None:
    """The trap of a revert: the note of the wanted size on the one whose template it is."""
    shop.make(2)
    hold(shop, strategy={**RECREATE, "rollingUpdate": None})
    name = shop.by_hand("c2")
    strip(shop, "shop:1")
    shop.scale_set(name, 1)
    shop.settle()
    shop.change_set(shop.name_of("shop:1"), {"metadata": {"annotations": {DESIRED: "2"}}})
    shop.settle()
    assert shop.sizes() == {"shop:1": 2, "shop:2": 1}, "the note is on an old one: nothing happens"
    shop.ship("shop:1")
    shop.wait_for_sizes(_1=2, _2=0)


def test_the_note_of_another_size_saturates_nothing(shop: Workload) -> None:
    """Its number must be the wanted one."""
    shop.make(2)
    hold(shop, strategy={**RECREATE, "rollingUpdate": None})
    name = shop.by_hand("c2")
    strip(shop, "shop:1")
    shop.scale_set(name, 1)
    shop.change_set(shop.name_of("shop:1"), {"metadata": {"annotations": {DESIRED: "5"}}})
    shop.ship("shop:1")
    shop.settle()
    assert shop.sizes() == {"shop:1": 2, "shop:2": 1}


def test_two_active_sets_are_scaled_in_proportion_under_a_rolling_update(shop: Workload) -> None:
    """And both get the note of the wanted size: this is why driving needs Recreate."""
    shop.make(4, strategy=rolling(1, 0))
    hold(shop)
    name = shop.by_hand("c2")
    strip(shop, "shop:1")
    shop.scale_set(name, 1)
    shop.settle()
    assert shop.sizes() == {"shop:1": 4, "shop:2": 1}
    assert [shop.annotations(image)[DESIRED] for image in ("shop:1", "shop:2")] == ["4", "4"]
    shop.patch({"replicas": 8})
    shop.wait_for_sizes(_1=7, _2=2)
    shop.settle()
    assert shop.sizes() == {"shop:1": 7, "shop:2": 2}


def test_from_zero_the_youngest_set_starts(shop: Workload) -> None:
    """When no ReplicaSet has the present template, history decides by age, not by revision."""
    shop.make(1)
    shop.wait_for_another_second()
    shop.roll_out("shop:2")
    shop.roll_out("shop:1")
    hold(shop, "shop:3", replicas=0)
    shop.wait_for_sizes(_1=0, _2=0)
    shop.patch({"replicas": 2})
    shop.wait_for_sizes(_1=0, _2=2)


def test_from_zero_the_set_of_the_present_template_starts_if_there_is_one(shop: Workload) -> None:
    """However old it is."""
    shop.make(1)
    shop.roll_out("shop:2")
    hold(shop, "shop:1", replicas=0)
    shop.wait_for_sizes(_1=0, _2=0)
    shop.patch({"replicas": 2})
    shop.wait_for_sizes(_1=2, _2=0)


def test_the_status_counts_every_set(shop: Workload) -> None:
    """Those of the present template as updated, all as replicas; terminating ones apart."""
    shop.make(2)
    hold(shop, strategy={**RECREATE, "rollingUpdate": None})
    name = shop.by_hand("c2")
    strip(shop, "shop:1")
    shop.scale_set(name, 1)
    shop.settle()
    wanted = {"replicas": 3, "updatedReplicas": 1, "readyReplicas": 3, "availableReplicas": 3, "terminatingReplicas": 0}
    shop.wait_for(lambda: wanted.items() <= shop.deployment()["status"].items(), "these counts")
    assert "unavailableReplicas" not in shop.deployment()["status"]


def test_a_set_made_by_hand_gets_the_next_revision_number(shop: Workload) -> None:
    """It is the new one, also while paused, and the Deployment shows its number."""
    shop.make(1)
    hold(shop)
    shop.by_hand("c2")
    shop.wait_for(lambda: shop.annotations("shop:2").get(REVISION) == "2", "revision 2")
    shop.wait_for(lambda: shop.deployment()["metadata"]["annotations"][REVISION] == "2", "revision 2 on the Deployment")
    assert DESIRED not in shop.annotations("shop:2")
    assert shop.sizes() == {"shop:1": 1, "shop:2": 0}


def test_unpausing_after_the_swap_restarts_no_pod(shop: Workload) -> None:
    """All pods are the new ReplicaSet's already; strategy and pause are given back in one write."""
    shop.make(2, strategy=rolling(1, 0))
    hold(shop, strategy={**RECREATE, "rollingUpdate": None})
    name = shop.by_hand("c2")
    strip(shop, "shop:1")
    shop.scale_set(name, 2)
    shop.scale_set(shop.name_of("shop:1"), 0)
    shop.wait_for(lambda: len(shop.pods()) == 2, "the new pods alone")
    before = shop.uids()
    shop.patch({"paused": None, "strategy": rolling(1, 0)})
    shop.wait_until_complete()
    shop.settle()
    assert shop.uids() == before
    assert shop.sizes() == {"shop:1": 0, "shop:2": 2}
    assert shop.condition("Progressing")["reason"] == "NewReplicaSetAvailable"


def test_unpausing_with_the_old_template_restarts_no_pod(shop: Workload) -> None:
    """A change that was taken back."""
    shop.make(2)
    before = shop.uids()
    hold(shop)
    shop.ship("shop:1", paused=False)
    shop.settle()
    assert shop.uids() == before
    assert shop.sizes() == {"shop:1": 2}


def test_unpausing_under_recreate_in_mid_trial_takes_the_old_pods_away_first(shop: Workload) -> None:
    """Why the strategy must be given back in the same write as the pause."""
    shop.make(2)
    hold(shop, strategy={**RECREATE, "rollingUpdate": None})
    name = shop.by_hand("c2")
    strip(shop, "shop:1")
    shop.scale_set(name, 1)
    since = version_now(shop.cluster, shop.path("replicasets"))
    shop.patch({"paused": False})
    shop.wait_until_complete()
    seen = happened(shop.cluster, shop.path("replicasets"), since)
    steps = list(dict.fromkeys((image_of(found), found["spec"]["replicas"]) for _, found in seen))
    assert steps.index(("shop:1", 0)) < steps.index(("shop:2", 2))
    assert shop.sizes() == {"shop:1": 0, "shop:2": 2}
