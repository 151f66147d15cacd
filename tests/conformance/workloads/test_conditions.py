"""The conditions and events of a Deployment, in the words that clients look for."""

from typing import Any

import pytest

from tests.conformance.workloads.workload import RECREATE, Workload, happened, rolling, version_now


def test_a_paused_deployment_says_so_and_a_resumed_one_no_longer(shop: Workload) -> None:
    """Unknown, DeploymentPaused; later what the rollout is."""
    shop.make(1)
    shop.patch({"paused": True})
    shop.wait_for(lambda: shop.condition("Progressing").get("reason") == "DeploymentPaused", "DeploymentPaused")
    paused = shop.condition("Progressing")
    assert (paused["status"], paused["message"]) == ("Unknown", "Deployment is paused")
    since = version_now(shop.cluster, shop.path("deployments"))
    shop.patch({"paused": False})
    shop.wait_for(lambda: shop.condition("Progressing").get("reason") == "NewReplicaSetAvailable", "NewReplicaSetAvailable")
    seen = happened(shop.cluster, shop.path("deployments"), since)
    reasons = [one["reason"] for _, found in seen for one in found["status"]["conditions"] if one["type"] == "Progressing"]
    assert "DeploymentResumed" in reasons


def test_an_exceeded_deadline_written_by_hand_stays_while_paused(shop: Workload) -> None:
    """It is how a rejected release is told to `kubectl rollout status`; scaling and lost pods do not cover it up."""
    shop.make(2)
    shop.ship("shop:2", paused=True)
    shop.settle()
    shop.set_progressing("False", "ProgressDeadlineExceeded", "rejected")
    shop.patch({"replicas": 1})
    shop.wait_for_sizes(_1=1)
    shop.settle()
    kept = shop.condition("Progressing")
    assert (kept["status"], kept["reason"], kept["message"]) == ("False", "ProgressDeadlineExceeded", "rejected")
    status = shop.cluster.kubectl(
        "rollout", "status", f"deployment/{shop.name}", "-n", shop.namespace, "--timeout=5s", check=False
    )  # fmt: skip
    assert status.returncode == 1
    assert "exceeded its progress deadline" in status.stderr


def test_it_is_cleared_when_the_deployment_is_unpaused(shop: Workload) -> None:
    """By the rollout that is complete, as its template is what runs."""
    shop.make(1)
    shop.ship("shop:2", paused=True)
    shop.settle()
    shop.set_progressing("False", "ProgressDeadlineExceeded", "rejected")
    shop.settle()
    shop.ship("shop:1", paused=False)
    shop.wait_for(lambda: shop.condition("Progressing").get("reason") == "NewReplicaSetAvailable", "NewReplicaSetAvailable")
    assert shop.condition("Progressing")["status"] == "True"


def test_a_paused_condition_written_by_hand_stays(shop: Workload) -> None:
    """Unknown, DeploymentPaused is what the controller itself would write."""
    shop.make(1)
    shop.ship("shop:2", paused=True)
    shop.settle()
    shop.set_progressing("Unknown", "DeploymentPaused", "held")
    shop.settle()
    assert shop.condition("Progressing")["message"] == "held"


def test_a_rollout_tells_its_progress(shop: Workload) -> None:
    """Created, updated, available: each with the ReplicaSet's name."""
    shop.make(1)
    since = version_now(shop.cluster, shop.path("deployments"))
    shop.roll_out("shop:2")
    shop.wait_for(lambda: shop.condition("Progressing").get("reason") == "NewReplicaSetAvailable", "NewReplicaSetAvailable")
    told = [
        (one["status"], one["reason"], one["message"]) for _, found in happened(shop.cluster, shop.path("deployments"), since)
        for one in found["status"]["conditions"] if one["type"] == "Progressing"
    ]  # fmt: skip
    name = shop.name_of("shop:2")
    in_order = list(dict.fromkeys(told))
    assert in_order[-3:] == [
        ("True", "NewReplicaSetCreated", f'Created new replica set "{name}"'),
        ("True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.'),
        ("True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.'),
    ]


def test_lack_of_progress_is_reported_after_the_deadline(shop: Workload) -> None:
    """False, ProgressDeadlineExceeded; what makes progress afterwards is reported again."""
    shop.make(1, strategy=rolling(1, 0))
    shop.ship("shop:2-neverready", progressDeadlineSeconds=2)
    shop.wait_for(lambda: shop.condition("Progressing").get("reason") == "ProgressDeadlineExceeded", "the deadline")
    exceeded = shop.condition("Progressing")
    name = shop.name_of("shop:2-neverready")
    assert (exceeded["status"], exceeded["message"]) == ("False", f'ReplicaSet "{name}" has timed out progressing.')
    assert shop.condition("Available")["status"] == "True"
    shop.ship("shop:3")
    shop.wait_for(lambda: shop.condition("Progressing").get("reason") == "NewReplicaSetAvailable", "NewReplicaSetAvailable")


def test_without_a_deadline_nothing_is_said_of_progress(shop: Workload) -> None:
    """2147483647 stands for none."""
    shop.make(1, progressDeadlineSeconds=2147483647)
    assert shop.condition("Progressing") == {}


def test_availability_is_told_by_what_may_be_unavailable(shop: Workload) -> None:
    """Too few available pods: MinimumReplicasUnavailable; enough: MinimumReplicasAvailable."""
    shop.make(1)
    available = shop.condition("Available")
    assert (available["status"], available["reason"]) == ("True", "MinimumReplicasAvailable")
    assert available["message"] == "Deployment has minimum availability."
    shop.ship("shop:2-neverready", strategy={"type": "Recreate", "rollingUpdate": None})
    shop.wait_for(lambda: shop.condition("Available").get("status") == "False", "unavailability")
    assert shop.condition("Available")["reason"] == "MinimumReplicasUnavailable"
    assert shop.condition("Available")["message"] == "Deployment does not have minimum availability."


def test_what_happens_after_a_complete_rollout_is_no_progress_of_it(shop: Workload) -> None:
    """Scaling and lost pods leave the condition as it is."""
    shop.make(1)
    shop.wait_for(lambda: shop.condition("Progressing").get("reason") == "NewReplicaSetAvailable", "NewReplicaSetAvailable")
    since = version_now(shop.cluster, shop.path("deployments"))
    before = shop.condition("Progressing")
    shop.patch({"replicas": 2})
    shop.wait_until_complete()
    seen = [one for _, found in happened(shop.cluster, shop.path("deployments"), since)
            for one in found["status"]["conditions"] if one["type"] == "Progressing"]  # fmt: skip
    assert [one for one in seen if one != before] == []


@pytest.mark.parametrize(("strategy", "expected"), [
    pytest.param(rolling(1, 1), {"True"}, id="RollingUpdate"),
    pytest.param(RECREATE, {"True", "False"}, id="Recreate"),
])  # fmt: skip
def test_a_lost_pod_makes_unavailable_only_what_may_lose_none(
    shop: Workload, strategy: dict[str, Any], expected: set[str]
) -> None:
    """Recreate allows no pod to be missing, which matters to who reads the condition while we drive."""
    shop.make(2, strategy=strategy)
    shop.settle()
    since = version_now(shop.cluster, shop.path("deployments"))
    lost = shop.pods()[0]["metadata"]
    shop.cluster.api("DELETE", shop.path("pods", lost["name"]))

    def seen() -> list[dict[str, Any]]:
        return [found["status"] for _, found in happened(shop.cluster, shop.path("deployments"), since)]

    shop.wait_for(lambda: 1 in [status.get("availableReplicas") for status in seen()], "the loss in the status")
    shop.wait_until_complete()
    conditions = [one for status in seen() for one in status["conditions"] if one["type"] == "Available"]
    assert {one["status"] for one in conditions} == expected


def test_every_scaling_is_an_event(shop: Workload) -> None:
    """In the words of `kubectl describe`."""
    shop.make(2, strategy=rolling(1, 0))
    shop.roll_out("shop:2")
    old, new = shop.name_of("shop:1"), shop.name_of("shop:2")
    expected = [
        f"Scaled up replica set {old} from 0 to 2", f"Scaled up replica set {new} from 0 to 1",
        f"Scaled down replica set {old} from 2 to 1", f"Scaled up replica set {new} from 1 to 2",
        f"Scaled down replica set {old} from 1 to 0",
    ]  # fmt: skip
    shop.wait_for(lambda: len(shop.events("ScalingReplicaSet")) == len(expected), "five events")
    assert shop.events("ScalingReplicaSet") == expected
