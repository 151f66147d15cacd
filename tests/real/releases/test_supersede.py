"""Templates that come in mid-release: a newer one, stable's own, one that history knows."""

from collections.abc import Callable

from tests.controlplane.gateway import Gateway
from tests.real.releases.shop import Shop

MakeShop = Callable[..., Shop]
LONG = {"type": "Canary", "canary": {"steps": [{"weight": 33, "duration": "60s"}, {"weight": 100}]}}
QUICK = {"type": "Canary", "canary": {"steps": [{"weight": 33}, {"weight": 100}]}}


def test_a_newer_template_takes_the_candidate_s_place_and_starts_from_the_first_step(shop: MakeShop) -> None:
    """v1 → v2 → v3: v2 is drained and gone before v3 has a pod, stable stays v1 and its pods stay the same."""
    checkout = shop(pods=2)
    checkout.release(strategy=LONG)
    stable, watch = set(checkout.uids()), checkout.watch("replicasets")
    checkout.ship("2")
    second = checkout.wait_for_trial_weight(33)["trial"]["candidate"]["replicaSet"]
    checkout.ship("3")
    checkout.wait_for(lambda: checkout.replicas() == {"shop:1": 2, "shop:3": 1})
    status = checkout.wait_for_trial_weight(33)
    assert [past["outcome"] for past in status["history"]] == ["Superseded"]
    assert status["trial"]["step"]["index"] == 1
    assert stable <= set(checkout.uids())
    third = status["trial"]["candidate"]["replicaSet"]
    pods_of_third = [at for at, r in watch.of(third) if r["spec"]["replicas"]]
    pods_of_second = [at for at, r in watch.of(second) if r["status"].get("replicas")]
    assert pods_of_second[-1] < pods_of_third[0]
    assert second not in {r["metadata"]["name"] for r in checkout.replica_sets()}
    checkout.ask("promote", "full")
    checkout.wait_for_outcome("Completed")
    assert checkout.images() == {"shop:3": 2}
    assert checkout.left_behind() == []


def test_a_newer_template_in_the_bake_gives_users_stable_back_first(shop: MakeShop, gateway: Gateway) -> None:
    """v2 has all traffic when v3 comes: back to v1 at once, from warm pods, and v3 earns its way; no request fails."""
    checkout = shop(pods=2, gateway=gateway)
    checkout.release(strategy=QUICK, rollback={"warm": {"for": "60s"}})
    stable, route = set(checkout.uids()), checkout.watch("httproutes")
    with checkout.traffic(rate=40, seconds=60) as users:
        checkout.ship("2")
        checkout.wait_for_trial_weight(100)
        checkout.ship("3")
        checkout.wait_for(lambda: (checkout.status().get("trial") or {}).get("attempt") == 2)
        checkout.wait_for_trial_weight(100)
        assert stable <= set(checkout.uids())
        checkout.ask("promote", "step")
        checkout.wait_for_outcome("Completed")
    assert not users.problems
    assert [weight for _, weight in route.weights("checkout")] == [0, 33, 100, 0, 33, 100, 0]
    assert checkout.images() == {"shop:3": 2}
    assert checkout.left_behind() == []


def test_stable_s_template_put_back_in_each_phase_ends_the_release_without_a_restart(shop: MakeShop) -> None:
    """Preview, step, paused, awaiting approval, bake, on the way back, rejected: Healthy again, stable's pods the same."""
    names = ("preview", "step", "paused", "approval", "bake", "returning", "rejected")
    shops = {name: shop(name, pods=1, image="shop:1") for name in names}
    for one in shops.values():
        strategy = {"bake": QUICK, "approval": {"type": "BlueGreen", "blueGreen": {"approval": True}}}.get(one.name, LONG)
        drain = {"drain": "3s" if one.name == "returning" else "1s"}
        one.release(strategy=strategy, rollback={"warm": {"for": "60s"}}, traffic=drain)
    stable = {one.name: set(one.uids()) for one in shops.values()}
    for one in shops.values():
        one.ship("2-startup20" if one.name == "preview" else "2")
    shops["preview"].wait_for(lambda: len(shops["preview"].pods()) == 2)
    for name in ("step", "paused", "returning", "rejected"):
        shops[name].wait_for_trial_weight(50)
    shops["paused"].ask("pause")
    shops["paused"].wait_for_phase("Paused")
    shops["rejected"].ask("abort")
    shops["rejected"].wait_for_outcome("Aborted")
    shops["bake"].wait_for_trial_weight(100)
    shops["approval"].wait_for_phase("AwaitingApproval")
    shops["returning"].ask("abort")
    shops["returning"].wait_for_phase("RollingBack")
    for one in reversed(shops.values()):
        one.ship("1")
    for one in shops.values():
        one.wait_for_phase("Healthy")
        assert set(one.uids()) == stable[one.name], one.name
        assert one.left_behind() == [], one.name
        assert one.kubectl("rollout", "status", f"deployment/{one.name}", "--timeout=10s").returncode == 0
    taken_back = {name: one.status()["history"][-1]["outcome"] for name, one in shops.items()}
    assert taken_back == dict.fromkeys(names, "Reverted") | {"returning": "Aborted", "rejected": "Aborted"}


def test_a_template_that_arrives_during_completion_starts_the_next_release_against_the_new_stable(shop: MakeShop) -> None:
    """The wheel is kept; v3 is gated against v2, and nothing of v3 runs before its own release has begun."""
    checkout = shop(pods=2)
    checkout.release(strategy=QUICK, traffic={"drain": "3s"}, rollback={"warm": {"for": "0s"}})
    checkout.ship("2")
    checkout.wait_for_phase("Completing")
    checkout.ship("3")
    assert set(checkout.images()) <= {"shop:1", "shop:2"}
    checkout.wait_for(lambda: (checkout.status().get("trial") or {}).get("attempt") == 2)
    status = checkout.status()
    assert checkout.get("deployment")["spec"]["strategy"]["type"] == "Recreate"
    assert status["stable"]["version"] == "2"
    checkout.wait_for(lambda: checkout.images() == {"shop:3": 2})
    assert [past["outcome"] for past in checkout.status()["history"]] == ["Completed", "Completed"]
    checkout.wait_for_phase("Healthy")
    assert checkout.left_behind() == []
