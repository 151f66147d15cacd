"""Recreate: every old pod is gone before the first new one is made."""

from playground.controllers.deployment import adopting, progress, scaling, sizes
from playground.controllers.deployment.status import is_complete
from playground.controllers.deployment.turn import Turn


def recreate(turn: Turn) -> float | None:
    """The next step; after how many seconds to look again for lack of progress. Raises ApiError."""
    adopting.find_new(turn)
    scaled = [turn.scale(found, 0) for found in turn.active_old]
    if not any(scaled) and not _old_pods_run(turn):
        turn.scale(adopting.find_or_make_new(turn), sizes.size(turn.deployment))
        if is_complete(turn.deployment, turn.status):
            scaling.clean_up(turn)
    return progress.sync_rollout_status(turn)


def _old_pods_run(turn: Turn) -> bool:
    """An old ReplicaSet counts pods, or there is one of its pods that has not ended, terminating ones among them."""
    if any(sizes.counted(found, "replicas") for found in turn.old):
        return True
    namespace = turn.deployment["metadata"]["namespace"]
    pods = (pod for found in turn.old for pod in turn.client.owned("pods", found["metadata"]["uid"], namespace))
    return any((pod.get("status") or {}).get("phase") not in ("Failed", "Succeeded") for pod in pods)
