"""A Deployment's status from its ReplicaSets: counts and the conditions Available and ReplicaFailure. Pure."""

from playground.apiserver.objects import Object, timestamp
from playground.controllers.deployment.sizes import bounds, counted, size, total

NO_DEADLINE = 2_147_483_647
COUNTS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")


def condition(status: Object, kind: str) -> Object | None:
    """The condition of this type."""
    return next((one for one in status.get("conditions") or () if one["type"] == kind), None)


def without(status: Object, kind: str) -> Object:
    """The status without this condition."""
    kept = [one for one in status.get("conditions") or () if one["type"] != kind]
    rest = {key: value for key, value in status.items() if key != "conditions"}
    return rest | {"conditions": kept} if kept else rest


def made(kind: str, value: str, reason: str, message: str, now: float) -> Object:
    """A condition as of now."""
    return {
        "type": kind, "status": value, "lastUpdateTime": timestamp(now), "lastTransitionTime": timestamp(now),
        "reason": reason, "message": message,
    }  # fmt: skip


def with_condition(status: Object, new: Object) -> Object:
    """The status with this condition. One of the same status and reason stays as it is; the time of transition moves only
    with the status.
    """
    present = condition(status, new["type"])
    if present and (present["status"], present["reason"]) == (new["status"], new["reason"]):
        return status
    if present and present["status"] == new["status"]:
        new = new | {"lastTransitionTime": present["lastTransitionTime"]}
    rest = without(status, new["type"])
    return rest | {"conditions": [*(rest.get("conditions") or []), new]}


def has_deadline(deployment: Object) -> bool:
    """Lack of progress is to be reported."""
    return deployment["spec"].get("progressDeadlineSeconds") not in (None, NO_DEADLINE)


def is_complete(deployment: Object, status: Object) -> bool:
    """All that is wanted is updated and available, nothing old is left, and the status is of this generation."""
    desired = size(deployment)
    counts = [status.get(field, 0) for field in ("updatedReplicas", "replicas", "availableReplicas")]
    return counts == [desired] * 3 and status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]


def calculated(deployment: Object, sets: list[Object], new: Object | None, now: float) -> Object:
    """The status as the ReplicaSets have it now; other conditions are kept, zero counts left out as on the wire."""
    available = sum(counted(found, "availableReplicas") for found in sets)
    counts = {
        "replicas": sum(counted(found, "replicas") for found in sets),
        "updatedReplicas": counted(new, "replicas") if new else 0,
        "readyReplicas": sum(counted(found, "readyReplicas") for found in sets),
        "availableReplicas": available,
        "unavailableReplicas": max(total(sets) - available, 0),
    }
    present = deployment.get("status") or {}
    status: Object = {"observedGeneration": deployment["metadata"]["generation"]} | {k: v for k, v in counts.items() if v}
    terminating = _terminating(sets)
    status |= {} if terminating is None else {"terminatingReplicas": terminating}
    status |= {key: present[key] for key in ("conditions", "collisionCount") if key in present}
    if available >= size(deployment) - bounds(deployment)[1]:
        return with_condition(status, made(
            "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now,
        ))  # fmt: skip
    return with_condition(status, made(
        "Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.", now,
    ))  # fmt: skip


def _terminating(sets: list[Object]) -> int | None:
    """The sum, if every ReplicaSet that was looked at by its controller says its own."""
    seen = [found["status"] for found in sets if counted(found, "observedGeneration")]
    if any("terminatingReplicas" not in status for status in seen):
        return None
    return sum(int(status["terminatingReplicas"]) for status in seen)


def with_failures(status: Object, new: Object | None, sets: list[Object]) -> Object:
    """The status with the failure of a ReplicaSet to make pods, the new one's first, or without."""
    ordered = [*([new] if new else []), *sets]
    failures = [one for found in ordered if (one := condition(found.get("status") or {}, "ReplicaFailure"))]
    if not failures:
        return without(status, "ReplicaFailure")
    failure = failures[0]
    return with_condition(status, failure | {"lastUpdateTime": failure["lastTransitionTime"]})
