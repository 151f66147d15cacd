"""What is deleted in mid-release takes nothing with it that users need, and leaves nothing of ours behind."""

from collections.abc import Callable

import yaml

from tests.controlplane.cluster import ControlPlane
from tests.controlplane.gateway import Gateway
from tests.real.releases.shop import GROUP, STANDING, Shop

MakeShop = Callable[..., Shop]
SWITCH = {"type": "BlueGreen"}


def gone(shop: Shop) -> None:
    """Wait until the Release is gone."""
    shop.wait_for(lambda: shop.plane.find(shop.release_path) is None, what="the Release is gone")


def released(shop: Shop) -> bool:
    """Whether the Deployment is nobody's."""
    return f"{GROUP}/release" not in (shop.get("deployment")["metadata"].get("labels") or {})


def test_a_release_deleted_at_rest_leaves_a_plain_deployment(shop: MakeShop) -> None:
    """The label goes, the pods stay, and the next change goes out as Kubernetes does it."""
    checkout = shop(pods=1)
    checkout.release()
    before = set(checkout.pods())
    checkout.kubectl("delete", "release", "checkout")
    checkout.wait_for(lambda: released(checkout), what="the label is off")
    assert (set(checkout.pods()), checkout.left_behind()) == (before, [])
    assert checkout.items("controllerrevisions") == []
    checkout.ship("2")
    checkout.kubectl("rollout", "status", "deployment/checkout", "--timeout=20s")


def test_a_release_deleted_in_any_phase_leaves_stable_running_and_nothing_ungated(shop: MakeShop, gateway: Gateway) -> None:
    """Starting, stepping, paused, baking and rolling back end at stable, the change kept paused; completing is completed."""
    phases = ("starting", "stepping", "paused", "baking", "returning", "completing", "rejected")
    routed = ("stepping", "baking", "returning")
    shops = {name: shop(name, pods=1, gateway=gateway if name in routed else None) for name in phases}
    for name, one in shops.items():
        drain = "3s" if name in ("returning", "completing") else "0s"
        traffic = {"drain": drain, **({"httpRoute": {"name": name}} if one.gateway else {})}
        one.apply(one.manifest(
            strategy=SWITCH if name in ("baking", "completing", "starting") else STANDING, traffic=traffic,
            rollback={"warm": {"for": "0s" if name == "completing" else "10m"}},
        ))  # fmt: skip
    for one in shops.values():
        one.wait_for_phase("Healthy")
    before = {name: set(one.pods()) for name, one in shops.items()}
    for name, one in shops.items():
        one.ship("2-neverready" if name == "starting" else "2")
    for name in ("stepping", "paused", "returning", "rejected"):
        shops[name].wait_for_trial_weight(50)
    shops["paused"].ask("pause")
    shops["rejected"].ask("abort")
    for name, phase in (("baking", "Baking"), ("paused", "Paused"), ("rejected", "RolledBack"), ("completing", "Completing")):
        shops[name].wait_for_phase(phase, *(["Healthy"] if name == "completing" else []))
    shops["returning"].ask("abort")
    shops["returning"].wait_for_phase("RollingBack")
    for one in shops.values():
        one.kubectl("delete", "release", one.name, "--wait=false")
    for name, one in shops.items():
        gone(one)
        one.wait_for(lambda one=one: released(one), what=f"{name}: the label is off")
        if name == "completing":
            assert (one.images(), one.left_behind()) == ({"shop:2": 1}, [])
            continue
        assert (name, set(one.pods()), one.at_rest()) == (name, before[name], ["Deployment paused"])
        assert f"kubectl rollout resume deployment/{name}" in one.wait_for_event("LetGo", "Deployment")


def test_a_deployment_deleted_in_mid_release_leaves_route_and_services_as_they_were(shop: MakeShop, gateway: Gateway) -> None:
    """Its pods go as always; pins, split and candidate Service go too, so that a new Deployment of the name is reachable."""
    checkout = shop(gateway=gateway, pods=2)
    checkout.release(strategy=STANDING)
    checkout.ship("2")
    checkout.wait_for_trial_weight(50)
    checkout.kubectl("delete", "deployment", "checkout")
    assert "create it" in checkout.wait_for_phase("WorkloadMissing")["message"]
    checkout.wait_for(
        lambda: checkout.get("httproute")["spec"]["rules"][0]["backendRefs"][0].get("weight", 1) == 1,
        what="the route is restored",
    )
    checkout.wait_for(lambda: [s["metadata"]["name"] for s in checkout.items("services")] == ["checkout"], what="one Service")
    assert checkout.pin() is None
    checkout.deploy(pods=2, image="shop:3")
    checkout.wait_for_phase("Healthy")
    assert checkout.left_behind() == []
    with checkout.traffic(rate=40, seconds=1) as users:
        users.wait()
    assert set(users.by_version()) == {"3"}
    assert not users.problems
    assert checkout.status()["history"][-1]["outcome"] == "WorkloadGone"


def test_a_deployment_replaced_by_force_in_mid_release_is_adopted_as_it_is(shop: MakeShop, gateway: Gateway) -> None:
    """`kubectl replace --force` deletes and recreates: pins go first, since the new pods have other hashes."""
    checkout = shop(gateway=gateway, pods=2)
    checkout.release(strategy=STANDING)
    checkout.ship("2")
    checkout.wait_for_trial_weight(50)
    text = yaml.safe_dump(checkout.deployment(pods=2, image="shop:3"))
    checkout.plane.kubectl("-n", checkout.namespace, "replace", "--force", "-f", "-", user="alice", input=text)
    checkout.kubectl("rollout", "status", "deployment/checkout", "--timeout=20s")
    checkout.wait_for(lambda: checkout.status()["phase"] == "Healthy" and checkout.images() == {"shop:3": 2}, what="adopted")
    assert checkout.left_behind() == []
    checkout.ship("4")
    checkout.wait_for_trial_weight(50)
    assert checkout.replicas() == {"shop:3": 2, "shop:4": 1}


def test_a_namespace_deleted_in_mid_release_terminates(plane: ControlPlane, shop: MakeShop, gateway: Gateway) -> None:
    """The finalizer does not keep it: nothing that would have to be put back is left."""
    checkout = shop(gateway=gateway, pods=1)
    checkout.release(strategy=STANDING)
    checkout.ship("2")
    checkout.wait_for_trial_weight(50)
    path = f"/api/v1/namespaces/{checkout.namespace}"
    plane.api("DELETE", path)
    plane.wait_for(lambda: plane.find(path) is None, 30, "the namespace is gone")


def test_a_second_release_for_one_deployment_is_refused(shop: MakeShop) -> None:
    """It says whose the Deployment is, touches nothing, and takes over when the first is gone."""
    checkout = shop(pods=1)
    checkout.release()
    second = checkout.manifest()
    second["metadata"]["name"] = "second"
    checkout.apply(second)

    def status() -> dict[str, str]:
        found: dict[str, str] = checkout.get("release", "second").get("status") or {}
        return found

    checkout.wait_for(lambda: status().get("phase") == "Blocked", what="the second is Blocked")
    assert status()["reason"] == "WorkloadTaken"
    assert "belongs to Release checkout; delete one of the two" in status()["message"]
    checkout.ship("2")
    checkout.wait_for_phase("Baking")
    checkout.wait_for_phase("Healthy")
    assert "attempts" not in status() or not status()["attempts"]
    checkout.kubectl("delete", "release", "checkout")
    checkout.wait_for(lambda: status().get("phase") == "Healthy", what="the second has it")
    assert checkout.get("deployment")["metadata"]["labels"][f"{GROUP}/release"] == "second"
