"""A pod's status as the pod-health gate needs it: the container in the worst state speaks."""

from typing import Any

import pytest

from controller.workloads import pods

CRASHING = {"ready": False, "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}  # fmt: skip
RUNNING = {"ready": True, "restartCount": 0, "state": {"running": {}}}
STARTING = {"ready": False, "restartCount": 0, "state": {"waiting": {"reason": "ContainerCreating"}}}


def pod(*containers: dict[str, Any], **status: Any) -> dict[str, Any]:
    """A pod with these containers."""
    return {"metadata": {"name": "p", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "status": {"phase": "Running", "containerStatuses": list(containers), **status}}  # fmt: skip


@pytest.mark.parametrize("containers", [(RUNNING, CRASHING), (CRASHING, RUNNING), (STARTING, CRASHING)])
def test_the_container_in_the_worst_state_speaks_wherever_it_stands(containers: tuple[dict[str, Any], ...]) -> None:
    """Its waiting reason, its last exit, and the highest count of restarts."""
    read = pods.read(pod(*containers))
    assert (read.waiting_reason, read.waiting_message, read.terminated_exit_code, read.restarts) == (
        "CrashLoopBackOff", "back-off", 1, 3)  # fmt: skip


def test_an_init_container_counts() -> None:
    """A pod whose init container crashes never starts."""
    assert pods.read(pod(STARTING, initContainerStatuses=[CRASHING])).waiting_reason == "CrashLoopBackOff"


@pytest.mark.parametrize(("conditions", "ready"), [([], False), ([{"type": "Ready", "status": "True"}], True),
                                                   ([{"type": "Ready", "status": "False"}], False)])  # fmt: skip
def test_ready_is_what_the_condition_says(conditions: list[dict[str, str]], ready: bool) -> None:
    """Not what its containers look like."""
    assert pods.read(pod(RUNNING, conditions=conditions)).ready is ready


def test_a_pod_without_status_is_pending() -> None:
    """Right after its creation."""
    read = pods.read({"metadata": {"name": "p", "creationTimestamp": "2026-01-01T00:00:00Z"}})
    assert (read.phase, read.ready, read.restarts) == ("Pending", False, 0)


@pytest.mark.parametrize(("metadata", "reason", "counts"), [
    ({}, None, True), ({"deletionTimestamp": "2026-01-01T00:00:00Z"}, None, False), ({}, "Evicted", False),
    ({}, "NodeLost", False),
])  # fmt: skip
def test_a_pod_that_goes_or_was_thrown_out_says_nothing_about_its_revision(
    metadata: dict[str, str], reason: str | None, counts: bool
) -> None:
    """A drained node is no fault of the candidate."""
    found = pod(CRASHING, reason=reason)
    found["metadata"].update(metadata)
    assert pods.counts(found) is counts
