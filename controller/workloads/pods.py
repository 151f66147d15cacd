"""A pod's status as the pod-health gate needs it. Pure."""

from datetime import UTC, datetime
from typing import Any

from strategies.analysis.pods import FINAL_WAITING, PULL_WAITING, PodHealth

Object = dict[str, Any]
_OUTSIDE_CAUSES = frozenset({"Evicted", "NodeLost", "NodeShutdown", "Preempting", "Shutdown", "Terminated"})


def counts(pod: Object) -> bool:
    """Whether the pod says anything about its revision: not one that is going, nor one that its node threw out."""
    outside = (pod.get("status") or {}).get("reason") in _OUTSIDE_CAUSES
    return "deletionTimestamp" not in pod["metadata"] and not outside


def controlled_by(pod: Object, replica_set: str) -> bool:
    """Whether it is a pod of the ReplicaSet of this name, in its namespace."""
    mine = {"controller": True, "kind": "ReplicaSet", "name": replica_set}
    return any(owner | mine == owner for owner in pod["metadata"].get("ownerReferences") or [])


def has_own_address(pod: Object) -> bool:
    """Whether it has an address, and not its node's."""
    return bool((pod.get("status") or {}).get("podIP")) and not (pod.get("spec") or {}).get("hostNetwork")


def first_port(pod: Object) -> int | None:
    """The first TCP port that the containers of a pod, or of a template of pods, declare."""
    containers = (pod.get("spec") or {}).get("containers") or ()
    ports = (port for container in containers for port in container.get("ports") or ())
    return next((port["containerPort"] for port in ports if port.get("protocol", "TCP") == "TCP"), None)


def read(pod: Object) -> PodHealth:
    """The pod as a value; waiting and terminated are of its container in the worst state."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    containers = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    worst: Object = max(containers, key=_badness, default={})
    state, last = worst.get("state") or {}, worst.get("lastState") or {}
    waiting, terminated = state.get("waiting") or {}, state.get("terminated") or last.get("terminated") or {}
    ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions") or [])
    return PodHealth(
        name=metadata["name"],
        ready=ready,
        phase=status.get("phase", "Pending"),
        restarts=max((c.get("restartCount", 0) for c in containers), default=0),
        waiting_reason=waiting.get("reason") or "",
        waiting_message=waiting.get("message") or "",
        terminated_exit_code=terminated.get("exitCode"),
        terminated_reason=terminated.get("reason") or "",
        created=datetime.fromisoformat(metadata["creationTimestamp"]).astimezone(UTC),
    )


def _badness(container: Object) -> tuple[bool, bool, int]:
    waiting = ((container.get("state") or {}).get("waiting") or {}).get("reason") or ""
    return waiting in FINAL_WAITING | PULL_WAITING, not container.get("ready", False), container.get("restartCount", 0)
