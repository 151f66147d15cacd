"""A rolling update, one step a turn: first more of the new, then fewer of the old, never below what must be available."""

from playground.apiserver.objects import Object
from playground.controllers.deployment import adopting, progress, scaling, sizes
from playground.controllers.deployment.status import is_complete
from playground.controllers.deployment.turn import Turn


def roll(turn: Turn) -> float | None:
    """The next step; after how many seconds to look again for lack of progress. Raises ApiError."""
    new = adopting.find_or_make_new(turn)
    if not _scale_new(turn, new) and not _scale_old(turn) and is_complete(turn.deployment, turn.status):
        scaling.clean_up(turn)
    return progress.sync_rollout_status(turn)


def _scale_new(turn: Turn, new: Object) -> bool:
    present, desired = sizes.size(new), sizes.size(turn.deployment)
    if present >= desired:
        return turn.scale(new, desired)
    return turn.scale(new, sizes.size_of_new(turn.deployment, sizes.total(turn.old), present))


def _scale_old(turn: Turn) -> bool:
    new = turn.new
    assert new is not None
    least = sizes.size(turn.deployment) - sizes.bounds(turn.deployment)[1]
    unavailable = sizes.size(new) - sizes.counted(new, "availableReplicas")
    spare = sizes.total(turn.sets) - least - unavailable
    shrinking = any(sizes.counted(found, "availableReplicas") > sizes.size(found) for found in turn.active_old)
    if not turn.active_old or spare <= 0 or shrinking:
        # A status that is behind an earlier step would make pods that are about to go count as available.
        return False
    cleaned = _drop_unhealthy(turn, spare)
    available = sum(sizes.counted(found, "availableReplicas") for found in turn.sets)
    return _drop(turn, available - least) or cleaned


def _drop_unhealthy(turn: Turn, spare: int) -> bool:
    """Pods of old ReplicaSets that are not available go first: that costs nothing, and they would block the rest."""
    dropped = 0
    for found in turn.active_old:
        count = min(spare - dropped, sizes.size(found) - sizes.counted(found, "availableReplicas"))
        if count > 0:
            turn.scale(found, sizes.size(found) - count)
            dropped += count
    return dropped > 0


def _drop(turn: Turn, spare: int) -> bool:
    """Available pods of old ReplicaSets, the oldest one's first."""
    dropped = 0
    for found in turn.active_old:
        count = min(spare - dropped, sizes.size(found))
        if count > 0:
            turn.scale(found, sizes.size(found) - count)
            dropped += count
    return dropped > 0
