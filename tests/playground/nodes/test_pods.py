"""A pod's life, in virtual time: bound, started, ready, crashed, restarted, ended."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from controller.workloads import pods as product
from playground.apiserver.objects import moment_of
from playground.nodes.addresses import COUNT, Addresses
from strategies.analysis.pods import judge_pods
from strategies.analysis.verdict import Verdict
from tests.playground.nodes.world import PROBE, World


def test_a_pod_is_bound_started_and_ready(world: World) -> None:
    """In the order and with the marks that controllers and people look for."""
    world.run("one")
    world.after(0.2)
    assert world.pod("one")["spec"]["nodeName"] == "playground"
    assert world.container("one")["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert world.pod("one")["status"]["phase"] == "Pending"
    world.after(0.2)
    assert world.pod("one")["status"]["phase"] == "Running"
    assert not world.is_ready("one")
    world.after(0.2)
    status = world.pod("one")["status"]
    assert world.is_ready("one")
    assert status["podIP"].startswith("10.244.")
    assert status["hostIP"] == "10.244.0.1"
    assert {one["type"] for one in status["conditions"] if one["status"] == "True"} >= {
        "PodScheduled", "Initialized", "ContainersReady", "Ready"}  # fmt: skip
    assert world.events("one") == ["Scheduled", "Pulled", "Created", "Started"]


def test_the_node_is_ready(world: World) -> None:
    """Tools ask before they do anything."""
    (node,) = world.client.list("nodes")
    assert node["metadata"]["name"] == "playground"
    assert [c["status"] for c in node["status"]["conditions"] if c["type"] == "Ready"] == ["True"]


@pytest.mark.parametrize(("probe", "seconds"), [
    (PROBE, 0.2), ({**PROBE, "initialDelaySeconds": 3}, 3.0), ({**PROBE, "successThreshold": 3}, 2.2),
    ({"tcpSocket": {"port": 8080}, "initialDelaySeconds": 2}, 2.0), (None, 0.0),
])  # fmt: skip
def test_readiness_comes_with_the_probe(world: World, probe: dict[str, object] | None, seconds: float) -> None:
    """Not before its first delay and its successes; at the start where there is none."""
    world.run("one", container={"readinessProbe": probe})
    world.after(0.3 + seconds - 0.05)
    assert not world.is_ready("one")
    world.after(0.1)
    assert world.is_ready("one")


def test_a_slow_start_and_a_startup_probe_delay_readiness(world: World) -> None:
    """`started` comes with the one, `ready` with both."""
    world.run("one", "1-startup4", container={"startupProbe": {**PROBE, "failureThreshold": 30}})
    world.after(4.2)
    assert world.container("one")["started"] is False
    world.after(0.2)
    assert world.container("one")["started"] is True
    assert world.is_ready("one")


def test_a_startup_probe_that_fails_too_often_restarts_the_container(world: World) -> None:
    """As a kubelet does after failureThreshold periods."""
    world.run("one", "1-neverready", container={"startupProbe": {**PROBE, "failureThreshold": 3}})
    world.after(4)
    assert world.container("one")["restartCount"] == 1
    assert world.container("one")["lastState"]["terminated"]["exitCode"] == 137


def test_a_pod_that_never_becomes_ready_runs_and_says_why(world: World) -> None:
    """One event per start, and no write after it."""
    world.run("one", "1-neverready")
    world.after(30)
    assert world.pod("one")["status"]["phase"] == "Running"
    assert world.condition("one", "Ready")["reason"] == "ContainersNotReady"
    assert world.events("one")[-1] == "Unhealthy"


def test_a_crashing_container_is_restarted_with_back_off(world: World) -> None:
    """At once, then after 10, 20 and 40 seconds, as a kubelet does."""
    world.run("one", "1-crash")
    starts: list[float] = []
    for _ in range(800):
        world.after(0.1)
        if world.container("one")["restartCount"] > len(starts):
            starts.append(world.loop.now() - 1_800_000_000)
    gaps = [round(after - before) for before, after in pairwise(starts)]
    assert starts[0] < 1
    assert gaps == [10, 20, 40]
    container = world.container("one")
    assert container["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert container["state"]["waiting"]["message"].startswith("back-off 1m20s restarting failed container=app pod=one_shop(")
    assert container["lastState"]["terminated"]["exitCode"] == 1
    assert "BackOff" in world.events("one")


def test_a_container_that_ran_for_long_is_forgiven(world: World) -> None:
    """After ten minutes the back-off begins anew: the restart is immediate."""
    world.run("one", "1-crash700")
    world.after(701)
    world.after(701)
    world.after(1)
    assert world.container("one")["restartCount"] == 2
    assert "running" in world.container("one")["state"]


def test_an_image_that_cannot_be_pulled_is_tried_again(world: World) -> None:
    """Both reasons are seen, and nothing runs."""
    world.run("one", "1-nopull")
    world.after(0.1)
    assert world.container("one")["state"]["waiting"]["reason"] == "ErrImagePull"
    world.after(0.5)
    assert world.container("one")["state"]["waiting"]["reason"] == "ImagePullBackOff"
    world.after(10)
    assert world.container("one")["state"]["waiting"]["reason"] == "ErrImagePull"
    assert world.pod("one")["status"]["phase"] == "Pending"
    assert {"Failed", "BackOff"} <= set(world.events("one"))


@pytest.mark.parametrize(("policy", "phase", "restarts"), [("Never", "Failed", 0), ("OnFailure", "Running", 1)])
def test_a_container_is_restarted_as_the_policy_says(world: World, policy: str, phase: str, restarts: int) -> None:
    """Never leaves the pod Failed."""
    world.run("one", "1-crash", restartPolicy=policy)
    world.after(5)
    assert world.pod("one")["status"]["phase"] == phase
    assert world.container("one")["restartCount"] == restarts


@pytest.mark.parametrize(("tag", "verdict", "reason"), [
    ("1", Verdict.PASS, "AllReady"), ("1-crash", Verdict.FAIL, "CrashLoopBackOff"),
    ("1-nopull", Verdict.FAIL, "ImagePullBackOff"), ("1-neverready", Verdict.INCONCLUSIVE, "NotReady"),
])  # fmt: skip
def test_the_product_s_gate_reads_the_status(world: World, tag: str, verdict: Verdict, reason: str) -> None:
    """The statuses have the shapes that the product judges pods by."""
    world.run("one", tag)
    earlier = None
    for _ in range(6):
        world.after(1)
        now = datetime.fromtimestamp(world.loop.now(), UTC)
        judged = judge_pods((product.read(world.pod("one")),), wanted=1, now=now, earlier=earlier)
        earlier = judged.evidence
    assert (judged.verdict, judged.reason) == (verdict, reason)


def test_a_pod_ends_gracefully(world: World) -> None:
    """It answers for its last moment, then it is over, and the object is gone."""
    world.run("one")
    world.after(1)
    address = world.pod("one")["status"]["podIP"]
    world.client.delete("pods", "one", "shop")
    world.after(0.4)
    assert world.pod("one")["metadata"]["deletionTimestamp"]
    assert world.kubelet.application(address) is not None
    world.after(0.2)
    assert world.client.find("pods", "one", "shop") is None
    assert world.kubelet.application(address) is None
    assert world.events("one")[-1] == "Killing"


def test_a_pod_that_takes_longer_than_its_grace_is_killed(world: World) -> None:
    """preStop counts, and so does terminationGracePeriodSeconds."""
    lifecycle = {"lifecycle": {"preStop": {"sleep": {"seconds": 20}}}}
    world.run("one", container=lifecycle, terminationGracePeriodSeconds=5)
    world.run("two", container=lifecycle, terminationGracePeriodSeconds=60)
    world.after(1)
    ends: dict[str, str] = {}
    world.client.watch("pods", lambda _, pod: ends.update({pod["metadata"]["name"]: pod["status"]["phase"]}))
    for name in ("one", "two"):
        world.client.delete("pods", name, "shop")
    world.after(4.9)
    assert world.client.find("pods", "one", "shop")
    world.after(0.2)
    assert world.client.find("pods", "one", "shop") is None
    world.after(15)
    assert world.client.find("pods", "two", "shop")
    world.after(1)
    assert world.client.find("pods", "two", "shop") is None
    assert ends == {"one": "Failed", "two": "Succeeded"}


@pytest.mark.parametrize("tag", ["1-nopull", "1-crash", "1"])
def test_a_pod_without_a_process_goes_at_once(world: World, tag: str) -> None:
    """Before it was pulled or started, and in back-off."""
    world.run("one", tag)
    world.after(0.05 if tag == "1" else 3)
    world.client.delete("pods", "one", "shop")
    world.after(0.01)
    assert world.client.find("pods", "one", "shop") is None
    world.after(100)
    assert not world.kubelet.pods


def test_a_pod_that_is_deleted_by_force_leaves_nothing(world: World) -> None:
    """No process, no address, no write."""
    world.run("one")
    world.after(1)
    address = world.pod("one")["status"]["podIP"]
    world.client.delete("pods", "one", "shop", grace=0)
    world.after(60)
    assert world.kubelet.application(address) is None
    assert not world.kubelet.pods


def test_a_pod_that_no_node_matches_waits_and_says_so(world: World) -> None:
    """Unschedulable, with an event; it can be deleted."""
    world.run("one", nodeSelector={"disk": "fast"})
    world.after(5)
    assert world.pod("one")["status"]["phase"] == "Pending"
    assert world.condition("one", "PodScheduled")["reason"] == "Unschedulable"
    assert world.events("one") == ["FailedScheduling"]
    world.client.delete("pods", "one", "shop")
    world.after(1)
    assert world.client.find("pods", "one", "shop") is None


def test_conditions_keep_the_time_of_their_last_change(world: World) -> None:
    """Ready moves when the container crashes; PodScheduled never."""
    world.run("one", "1-crash30")
    world.after(20)
    ready, scheduled = (world.condition("one", kind)["lastTransitionTime"] for kind in ("Ready", "PodScheduled"))
    world.after(11)
    assert moment_of(world.condition("one", "Ready")["lastTransitionTime"]) >= moment_of(ready) + 25
    assert world.condition("one", "PodScheduled")["lastTransitionTime"] == scheduled


def test_pods_that_run_are_not_written(world: World) -> None:
    """An hour of nothing is no writes."""
    for number in range(5):
        world.run(f"pod-{number}")
    world.after(5)
    world.writes.clear()
    world.after(3600)
    assert world.writes == []


def test_every_pod_has_an_address_of_its_own() -> None:
    """None of them ends in 0 or 255; one that is free again is given out after all others."""
    addresses = Addresses()
    taken = [addresses.take() for _ in range(1000)]
    assert len(set(taken)) == 1000
    assert not {address.rpartition(".")[2] for address in taken} & {"0", "255"}
    addresses.free(taken[0])
    later = [addresses.take() for _ in range(COUNT - 999)]
    assert later[-1] == taken[0]
    assert not set(later) & set(taken[1:])
