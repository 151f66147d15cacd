"""Rolling releases: exact batches within the Deployment's own maxSurge and maxUnavailable."""

import json
from collections.abc import Callable

from tests.real.releases.shop import Manifest, Shop
from tests.real.releases.watching import Watch

MakeShop = Callable[..., Shop]
TWO_BY_TWO = {"type": "Rolling", "rolling": {"batch": "2", "pause": "1s"}}


def _strategy(surge: int, unavailable: int) -> Manifest:
    return {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}}


def _sizes(watch: Watch, shop: str) -> list[tuple[int, int, int]]:
    """After each change of a ReplicaSet: pods wanted in all, pods wanted of the youngest, pods ready in all."""
    wanted: dict[str, int] = {}
    ready: dict[str, int] = {}
    sizes = []
    for _, found in watch.seen:
        name = found["metadata"]["name"]
        if found["metadata"]["labels"].get("app") == shop:
            wanted[name] = found["spec"]["replicas"]
            ready[name] = found["status"].get("readyReplicas", 0)
            sizes.append((sum(wanted.values()), wanted[list(wanted)[-1]] if len(wanted) > 1 else 0, sum(ready.values())))
    return sizes


def test_pods_are_replaced_in_exact_batches_within_surge_and_unavailability(shop: MakeShop) -> None:
    """Never more pods than surge allows, never fewer ready ones than maxUnavailable leaves; three ways to set the two.

    The candidate's very first pod may come a moment before stable's goes, or Kubernetes would scale stable, alone, up again.
    """
    limits = {"surging": (2, 0), "shrinking": (0, 2), "both": (1, 1)}
    shops = {name: shop(name, pods=5, **_strategy(*limit)) for name, limit in limits.items()}
    for one in shops.values():
        one.release(strategy=TWO_BY_TWO)
    watch = next(iter(shops.values())).watch("replicasets")
    for one in shops.values():
        one.ship("2")
    for name, one in shops.items():
        one.wait_for_outcome("Completed")
        surge, unavailable = limits[name]
        sizes = _sizes(watch, name)
        assert max(wanted for wanted, new, _ in sizes if new != 1) <= 5 + surge, f"{name}: {sizes}"
        assert min(ready for _, _, ready in sizes) >= 5 - unavailable, f"{name}: {sizes}"
        assert {2, 4, 5} <= {new for _, new, _ in sizes}, f"{name}: {sizes}"
        assert one.images() == {"shop:2": 5}
        assert one.left_behind() == []
        assert one.get("deployment")["spec"]["strategy"] == _strategy(surge, unavailable)["strategy"]


def test_a_pod_that_fails_half_way_stops_a_rolling_release_and_stable_comes_back(shop: MakeShop) -> None:
    """The second batch crashes: what is left of stable is untouched, and it grows back to its size."""
    checkout = shop(pods=4, **_strategy(2, 0))
    checkout.release(strategy={"type": "Rolling", "rolling": {"batch": "2", "pause": "8s"}})
    stable = set(checkout.uids())
    checkout.ship("2-crash2")
    checkout.wait_for(lambda: checkout.images() == {"shop:1": 2, "shop:2-crash2": 2})
    survivors, watch = stable & set(checkout.uids()), checkout.watch("replicasets")
    checkout.wait_for_outcome("Rejected")
    assert max(wanted for wanted, _, _ in _sizes(watch, "checkout")) <= 6
    assert survivors <= set(checkout.uids())
    assert checkout.images() == {"shop:1": 4}
    assert checkout.left_behind(held=True) == []


def test_a_restart_goes_out_rolling_on_pod_health_alone(shop: MakeShop) -> None:
    """`kubectl rollout restart` under a canary with a gate that can never pass: batches, no gate, same image."""
    checkout = shop(pods=4)
    never = {"name": "never", "threshold": {"query": "vector(1)", "max": 0, "interval": "1s"}}
    checkout.release(gates=[never])
    before = set(checkout.uids())
    checkout.kubectl("rollout", "restart", "deployment/checkout")
    status = checkout.wait_for_outcome("Completed")
    assert status["history"][-1]["kind"] == "Restart"
    assert checkout.images() == {"shop:1": 4}
    assert not before & set(checkout.uids())
    assert json.dumps(checkout.get("deployment")["spec"]["template"]).count("restartedAt") == 1
    assert checkout.left_behind() == []
