"""The end of a turn: the status is written, and on the way the Progressing condition of the rollout judged.

While the Deployment is paused nothing is judged: a condition that somebody wrote by hand then stays.
"""

from playground.apiserver.objects import Object, moment_of
from playground.controllers.deployment import status as conditions
from playground.controllers.deployment.turn import Turn


def sync_status(turn: Turn) -> None:
    """Write the status if it changed; no judgement of progress."""
    _save(turn, conditions.calculated(turn.deployment, turn.sets, turn.new, turn.now))


def sync_rollout_status(turn: Turn) -> float | None:
    """Write the status with the judged Progressing condition; if nothing changed: after how many seconds to look again."""
    status = conditions.calculated(turn.deployment, turn.sets, turn.new, turn.now)
    status = conditions.with_failures(_judged(turn, status), turn.new, turn.old)
    return None if _save(turn, status) else _patience(turn, status)


def sync_paused_condition(turn: Turn) -> None:
    """Say that it is paused, or no longer. A deadline that was reported as exceeded is not covered up."""
    present = conditions.condition(turn.status, "Progressing")
    reason = present["reason"] if present else ""
    paused = bool(turn.deployment["spec"].get("paused"))
    if not conditions.has_deadline(turn.deployment) or reason == "ProgressDeadlineExceeded":
        return
    if paused == (reason == "DeploymentPaused"):
        return
    reason, message = ("DeploymentPaused", "Deployment is paused") if paused else ("DeploymentResumed", "Deployment is resumed")
    made = conditions.made("Progressing", "Unknown", reason, message, turn.now)
    turn.status = conditions.with_condition(turn.status, made)
    turn.save_status()


def _save(turn: Turn, status: Object) -> bool:
    if status == turn.status:
        return False
    turn.status = status
    turn.save_status()
    return True


def _judged(turn: Turn, status: Object) -> Object:
    if not conditions.has_deadline(turn.deployment):
        return conditions.without(status, "Progressing")
    present = conditions.condition(turn.status, "Progressing")
    over = present is not None and present["reason"] == "NewReplicaSetAvailable"
    if over and status.get("replicas", 0) == status.get("updatedReplicas", 0):
        return status
    about = turn.new or turn.deployment
    subject = f'{about["kind"]} "{about["metadata"]["name"]}"'
    if conditions.is_complete(turn.deployment, status):
        return conditions.with_condition(status, conditions.made(
            "Progressing", "True", "NewReplicaSetAvailable", f"{subject} has successfully progressed.", turn.now,
        ))  # fmt: skip
    if _has_progressed(turn.status, status):
        made = conditions.made("Progressing", "True", "ReplicaSetUpdated", f"{subject} is progressing.", turn.now)
        if present and present["status"] == "True":
            made["lastTransitionTime"] = present["lastTransitionTime"]
        # Each progress moves the time of the last update, from which the deadline runs.
        return conditions.with_condition(conditions.without(status, "Progressing"), made)
    if _has_timed_out(turn, status):
        return conditions.with_condition(status, conditions.made(
            "Progressing", "False", "ProgressDeadlineExceeded", f"{subject} has timed out progressing.", turn.now,
        ))  # fmt: skip
    return status


def _has_progressed(before: Object, after: Object) -> bool:
    """More pods are new, ready or available, or fewer are old."""
    more = any(after.get(field, 0) > before.get(field, 0) for field in ("updatedReplicas", "readyReplicas", "availableReplicas"))
    return more or _old_pods(after) < _old_pods(before)


def _old_pods(status: Object) -> int:
    return int(status.get("replicas", 0) - status.get("updatedReplicas", 0))


def _has_timed_out(turn: Turn, status: Object) -> bool:
    present = conditions.condition(status, "Progressing")
    if present is None or present["reason"] == "NewReplicaSetAvailable":
        return False
    return present["reason"] == "ProgressDeadlineExceeded" or _time_left(turn, present) < 0


def _patience(turn: Turn, status: Object) -> float | None:
    """After how many seconds lack of progress would have to be reported; None if it is not awaited."""
    present = conditions.condition(turn.status, "Progressing")
    if present is None or not conditions.has_deadline(turn.deployment) or present["reason"] == "ProgressDeadlineExceeded":
        return None
    if conditions.is_complete(turn.deployment, status):
        return None
    return max(_time_left(turn, present), 0.0) + 0.01


def _time_left(turn: Turn, present: Object) -> float:
    deadline: int = turn.deployment["spec"]["progressDeadlineSeconds"]
    return moment_of(present["lastUpdateTime"]) + deadline - turn.now
