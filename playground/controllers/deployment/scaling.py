"""What is scaled when no rollout step is due: while paused, and when `spec.replicas` changed; and the clean-up of history.

Here is what lets somebody else drive a paused Deployment: with two or more active ReplicaSets, none of them saturated and
the strategy Recreate, nothing is scaled at all.
"""

from playground.apiserver.errors import ApiError
from playground.apiserver.objects import Object
from playground.controllers.deployment import adopting, progress, revisions, sizes
from playground.controllers.deployment.status import NO_DEADLINE
from playground.controllers.deployment.turn import REPLICASETS, Turn
from playground.controllers.metadata import age, is_deleted


def is_due(turn: Turn) -> bool:
    """`spec.replicas` is not what an active ReplicaSet was meant for when it was last scaled. Raises ApiError."""
    adopting.find_new(turn)
    meant = (revisions.number(found, revisions.DESIRED) for found in turn.active)
    return any(number is not None and number != sizes.size(turn.deployment) for number in meant)


def sync(turn: Turn) -> None:
    """Scale, clean up if paused, and write the status. Raises ApiError."""
    adopting.find_new(turn)
    _scale(turn)
    if turn.deployment["spec"].get("paused"):
        clean_up(turn)
    progress.sync_status(turn)


def clean_up(turn: Turn) -> None:
    """Delete the old ReplicaSets with the lowest revisions beyond the limit that have no pods and are not about to."""
    limit = turn.deployment["spec"].get("revisionHistoryLimit")
    present = (found for found in turn.old if not is_deleted(found))
    old = sorted(present, key=lambda found: (revisions.revision(found), age(found)))
    if limit is None or limit == NO_DEADLINE or len(old) <= limit:
        return
    for found in old[: len(old) - limit]:
        seen = found["metadata"]["generation"] <= sizes.counted(found, "observedGeneration")
        if seen and sizes.size(found) == 0 and sizes.counted(found, "replicas") == 0:
            _delete(turn, found)


def _delete(turn: Turn, found: Object) -> None:
    try:
        turn.client.delete(REPLICASETS, found["metadata"]["name"], found["metadata"]["namespace"])
    except ApiError as refused:
        if refused.status != 404:
            raise


def _scale(turn: Turn) -> None:
    active = turn.active
    if len(active) < 2:
        one = active[0] if active else turn.new or (turn.old[-1] if turn.old else None)
        if one:
            turn.scale(one, sizes.size(turn.deployment))
    elif sizes.is_saturated(turn.deployment, turn.new):
        for found in turn.active_old:
            turn.scale(found, 0)
    elif sizes.is_rolling(turn.deployment):
        for found, size in sizes.proportional(turn.deployment, active):
            turn.scale(found, size, always=True)
