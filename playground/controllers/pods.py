"""What controllers ask about a pod: is it ready, since when, available, active, ended. Pure."""

from playground.apiserver.objects import Object, moment_of
from playground.controllers.metadata import is_deleted

ENDED = ("Failed", "Succeeded")


def phase(pod: Object) -> str:
    """`status.phase`; Pending before there is one."""
    return str((pod.get("status") or {}).get("phase") or "Pending")


def has_ended(pod: Object) -> bool:
    """All its containers have stopped for good."""
    return phase(pod) in ENDED


def is_active(pod: Object) -> bool:
    """It neither has ended nor is on its way out."""
    return not has_ended(pod) and not is_deleted(pod)


def ready_since(pod: Object) -> float | None:
    """When it became ready, in seconds since 1970; None if it is not."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    ready = next((one for one in conditions if one["type"] == "Ready" and one["status"] == "True"), None)
    return None if ready is None else moment_of(ready["lastTransitionTime"]) if ready.get("lastTransitionTime") else 0.0


def is_ready(pod: Object) -> bool:
    """Its condition Ready is true."""
    return ready_since(pod) is not None


def restarts(pod: Object) -> int:
    """The most restarts of any of its containers."""
    return max((one.get("restartCount", 0) for one in (pod.get("status") or {}).get("containerStatuses") or ()), default=0)
