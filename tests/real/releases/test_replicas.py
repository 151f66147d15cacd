"""spec.replicas changes whenever it likes: by hand through the scale subresource, to 0 and back, and by an autoscaler."""

import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from tests.controlplane.cluster import ControlPlane
from tests.controlplane.metrics_api import MetricsApi
from tests.real.releases.shop import Manifest, Shop

MakeShop = Callable[..., Shop]
LONG = {"type": "Canary", "canary": {"steps": [{"weight": 50, "duration": "60s"}, {"weight": 100}]}}
QUICK = {"type": "Canary", "canary": {"steps": [{"weight": 50}, {"weight": 100}]}}


def test_both_sides_follow_a_scaling_at_every_step_and_keep_it(shop: MakeShop) -> None:
    """Up and down in a step, up in the bake: stable follows at once, the candidate has its share, and so it stays."""
    checkout = shop(pods=2)
    checkout.release(strategy=LONG, rollback={"warm": {"for": "3s"}})
    checkout.ship("2")
    checkout.wait_for_trial_weight(50)
    survivors = set(checkout.uids())
    checkout.scale(4)
    checkout.wait_for(lambda: checkout.replicas() == {"shop:1": 4, "shop:2": 4})
    assert survivors <= set(checkout.uids())
    checkout.scale(1)
    checkout.wait_for(lambda: checkout.replicas() == {"shop:1": 1, "shop:2": 1})
    checkout.ask("promote", "full")
    checkout.wait_for_trial_weight(100)
    checkout.scale(3)
    checkout.wait_for(lambda: checkout.replicas() == {"shop:1": 3, "shop:2": 3})
    checkout.wait_for_outcome("Completed")
    assert checkout.images() == {"shop:2": 3}
    assert checkout.left_behind() == []


def test_scaling_to_0_ends_the_trial_and_the_change_goes_out_with_the_next_replicas(shop: MakeShop) -> None:
    """In trial: candidate gone first, then stable; back up it is stable that comes, and then the release begins anew. So it is
    for a template that came while there were no replicas, and that history knows.
    """
    checkout = shop(pods=2)
    checkout.release(strategy=QUICK)
    checkout.scale(0)
    checkout.wait_for(lambda: not checkout.pods())
    checkout.ship("2")
    assert checkout.wait_for_phase("Waiting")["reason"] == "ScaledToZero"
    checkout.scale(2)
    checkout.wait_for_outcome("Completed")
    assert checkout.images() == {"shop:2": 2}
    checkout.apply(checkout.manifest(strategy=LONG))
    checkout.ship("3")
    checkout.wait_for_trial_weight(50)
    candidate, watch = checkout.status()["trial"]["candidate"]["replicaSet"], checkout.watch("replicasets")
    checkout.scale(0)
    checkout.wait_for(lambda: not checkout.pods())
    status = checkout.wait_for_outcome("ScaledToZero")
    to_none = {r["metadata"]["name"]: at for at, r in reversed(watch.seen) if not r["spec"]["replicas"]}
    assert to_none[candidate] < to_none[status["stable"]["replicaSet"]]
    checkout.apply(checkout.manifest(strategy=QUICK))
    checkout.scale(2)
    checkout.wait_for(lambda: (checkout.status().get("trial") or {}).get("attempt") == 3)
    assert checkout.status()["stable"]["version"] == "2"
    checkout.wait_for_outcome("Completed")
    assert checkout.images() == {"shop:3": 2}
    assert checkout.left_behind() == []
    checkout.scale(0)
    checkout.wait_for(lambda: not checkout.pods())
    checkout.ship("2")
    assert checkout.wait_for_phase("Waiting")["reason"] == "ScaledToZero"
    checkout.wait_for(lambda: "shop:2" not in _images_of_sets(checkout), what="the equal ReplicaSet is gone")
    former, seen = checkout.status()["stable"]["replicaSet"], len(watch.seen)
    checkout.scale(2)
    status = checkout.wait_for_outcome("Completed")
    with_pods = {r["metadata"]["name"] for _, r in watch.seen[seen:] if r["spec"]["replicas"]}
    assert with_pods == {former, status["stable"]["replicaSet"]}
    assert checkout.images() == {"shop:2": 2}


def _images_of_sets(shop: Shop) -> list[str]:
    return [r["spec"]["template"]["spec"]["containers"][0]["image"] for r in shop.replica_sets()]


def test_a_rejected_revision_gets_no_pod_from_any_scaling(shop: MakeShop) -> None:
    """Held after a rejection, down to 0 and up again: every pod is stable's."""
    checkout = shop(pods=1)
    checkout.release(strategy=LONG)
    checkout.ship("2")
    checkout.wait_for_trial_weight(50)
    checkout.ask("abort")
    checkout.wait_for_outcome("Aborted")
    for pods in (3, 0, 2):
        checkout.scale(pods)
        checkout.wait_for(lambda pods=pods: checkout.images() == ({"shop:1": pods} if pods else {}))
    time.sleep(0.5)
    assert checkout.images() == {"shop:1": 2}
    assert checkout.status()["phase"] == "RolledBack"
    assert checkout.kubectl("rollout", "status", "deployment/checkout", "--timeout=5s", check=False).returncode == 1
    assert checkout.left_behind(held=True) == []


@pytest.fixture
def metrics(plane: ControlPlane) -> Iterator[MetricsApi]:
    """Values for autoscalers."""
    with MetricsApi(plane) as api:
        yield api


def _autoscaler(shop: Shop) -> Manifest:
    queue = {
        "type": "External",
        "external": {"metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "10"}},
    }
    quick = {"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 10, "periodSeconds": 1}]}
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": shop.name, "namespace": shop.namespace},
            "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": shop.name},
                     "minReplicas": 2, "maxReplicas": 8, "metrics": [queue],
                     "behavior": {"scaleUp": quick, "scaleDown": quick}}}  # fmt: skip


def test_decreases_of_an_autoscaler_wait_while_both_sides_stand_and_never_land_at_once(
    shop: MakeShop, metrics: MetricsApi
) -> None:
    """Increases apply at once; a decrease in the bake leaves the carrying side alone, and completion hands its size over."""
    checkout = shop(pods=4)
    metrics.set("queue", 40)
    checkout.apply(_autoscaler(checkout))
    checkout.release(strategy=LONG, rollback={"warm": {"for": "5s"}})
    checkout.ship("2")
    checkout.wait_for_trial_weight(50)
    metrics.set("queue", 60)
    checkout.wait_for(lambda: checkout.replicas().get("shop:1") == 6)
    checkout.ask("promote", "full")
    checkout.wait_for_trial_weight(100)
    assert checkout.replicas()["shop:2"] == 6
    watch, deployments = checkout.watch("replicasets"), checkout.watch("deployments")
    metrics.set("queue", 20)
    checkout.wait_for(lambda: checkout.get("deployment")["spec"]["replicas"] == 2)
    checkout.wait_for_phase("Completing", "Healthy")
    carrying = [r["spec"]["replicas"] for _, r in watch.of(checkout.status()["stable"]["replicaSet"])]
    assert set(carrying) == {6}
    checkout.wait_for_outcome("Completed")
    wanted = [d["spec"]["replicas"] for _, d in deployments.of("checkout")]
    assert (2, 6) in pairwise(wanted), "the autoscaler starts from what really runs"
    checkout.wait_for(lambda: checkout.images() == {"shop:2": 2}, timeout=30)
    assert checkout.left_behind() == []
