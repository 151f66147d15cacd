"""kubectl's commands on rollouts, as people use them."""

import subprocess

import pytest

from tests.conformance.workloads.workload import REVISION, Workload, rolling
from tests.controlplane.cluster import CommandFailed


def kubectl(shop: Workload, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """In the namespace of the Deployment."""
    return shop.cluster.kubectl(*arguments, "-n", shop.namespace, check=check, timeout=60)


def test_rollout_status_waits_for_the_end(shop: Workload) -> None:
    """And says so."""
    shop.make(2)
    kubectl(shop, "set", "image", "deployment/shop", "app=shop:2")
    said = kubectl(shop, "rollout", "status", "deployment/shop", "--timeout=30s").stdout
    assert said.endswith('deployment "shop" successfully rolled out\n')
    assert shop.sizes() == {"shop:1": 0, "shop:2": 2}


def test_rollout_status_gives_up_when_the_deadline_is_exceeded(shop: Workload) -> None:
    """Exit code 1."""
    shop.make(1, progressDeadlineSeconds=1, strategy=rolling(1, 0))
    kubectl(shop, "set", "image", "deployment/shop", "app=shop:2-neverready")
    status = kubectl(shop, "rollout", "status", "deployment/shop", "--timeout=30s", check=False)
    assert status.returncode == 1
    assert "exceeded its progress deadline" in status.stderr


def test_rollout_history_tells_the_revisions(shop: Workload) -> None:
    """With the cause that people note."""
    shop.make(1)
    kubectl(shop, "annotate", "deployment/shop", "kubernetes.io/change-cause=first")
    shop.wait_for(lambda: "kubernetes.io/change-cause" in shop.annotations("shop:1"), "the note")
    kubectl(shop, "annotate", "deployment/shop", "--overwrite", "kubernetes.io/change-cause=second")
    shop.roll_out("shop:2")
    lines = kubectl(shop, "rollout", "history", "deployment/shop").stdout.split("\n")
    assert [line.split() for line in lines if line[:1].isdigit()] == [["1", "second"], ["2", "second"]]
    assert "shop:1" in kubectl(shop, "rollout", "history", "deployment/shop", "--revision=1").stdout


def test_rollout_undo_goes_back(shop: Workload) -> None:
    """To the one before, or to a given one."""
    shop.make(1)
    shop.roll_out("shop:2")
    shop.roll_out("shop:3")
    kubectl(shop, "rollout", "undo", "deployment/shop")
    shop.wait_until_complete()
    assert shop.sizes() == {"shop:1": 0, "shop:2": 1, "shop:3": 0}
    kubectl(shop, "rollout", "undo", "deployment/shop", "--to-revision=1")
    shop.wait_until_complete()
    assert shop.sizes() == {"shop:1": 1, "shop:2": 0, "shop:3": 0}
    assert shop.annotations("shop:1")[REVISION] == "5"


def test_rollout_undo_refuses_a_paused_deployment(shop: Workload) -> None:
    """On the client's side."""
    shop.make(1)
    shop.roll_out("shop:2")
    kubectl(shop, "rollout", "pause", "deployment/shop")
    with pytest.raises(CommandFailed, match="paused"):
        kubectl(shop, "rollout", "undo", "deployment/shop")


def test_pause_holds_a_change_and_resume_lets_it_go(shop: Workload) -> None:
    """Several changes become one rollout."""
    shop.make(1)
    kubectl(shop, "rollout", "pause", "deployment/shop")
    kubectl(shop, "set", "image", "deployment/shop", "app=shop:2")
    kubectl(shop, "set", "image", "deployment/shop", "app=shop:3")
    shop.settle()
    assert shop.sizes() == {"shop:1": 1}
    kubectl(shop, "rollout", "resume", "deployment/shop")
    shop.wait_until_complete()
    assert shop.sizes() == {"shop:1": 0, "shop:3": 1}


def test_restart_replaces_every_pod(shop: Workload) -> None:
    """By a template that differs in an annotation only."""
    shop.make(2)
    before = shop.uids()
    kubectl(shop, "rollout", "restart", "deployment/shop")
    kubectl(shop, "rollout", "status", "deployment/shop", "--timeout=30s")
    shop.wait_for(lambda: len(shop.pods()) == 2 and not shop.uids() & before, "other pods")
    template = shop.deployment()["spec"]["template"]["metadata"]
    assert "kubectl.kubernetes.io/restartedAt" in template["annotations"]


def test_wait_and_scale(shop: Workload) -> None:
    """kubectl wait sees the condition, kubectl scale goes through the scale subresource."""
    shop.make(1)
    said = kubectl(shop, "wait", "--for=condition=Available", "deployment/shop", "--timeout=30s").stdout
    assert "deployment.apps/shop condition met" in said
    kubectl(shop, "scale", "deployment/shop", "--replicas=3", "--current-replicas=1")
    kubectl(shop, "wait", "--for=jsonpath={.status.availableReplicas}=3", "deployment/shop", "--timeout=30s")
    with pytest.raises(CommandFailed):
        kubectl(shop, "scale", "deployment/shop", "--replicas=1", "--current-replicas=2")
