"""The conditions of a train, in kstatus' sense, so that `kubectl wait`, Argo CD and Flux understand them."""

from strategies.spec.status import Condition
from strategies.spec.train_status import IN_FLIGHT, TrainPhase, TrainReason, TrainStatus
from strategies.train.members import stays
from strategies.train.turn import Turn

_STALLED = frozenset({TrainPhase.INVALID, TrainPhase.PAUSED, TrainPhase.HALTED, TrainPhase.ROLLED_BACK})


def conditions(turn: Turn, status: TrainStatus) -> tuple[Condition, ...]:
    """Of the status that is about to be committed, with the times of those that did not change kept."""
    busy = status.phase in IN_FLIGHT - {TrainPhase.PAUSED}
    stuck = next((m for m in status.members if stays(m, turn.of(m))), None)
    stalled = status.phase in _STALLED or status.reason in (TrainReason.MEMBER_REJECTED, TrainReason.MEMBER_WAITS)
    why = status.message if stalled or stuck is None else f"{stuck.name}: {stuck.message}"
    said = {
        "Ready": (status.phase is TrainPhase.COMPLETED, status.message),
        "Reconciling": (busy, status.message if busy else "Nothing is under way."),
        "Stalled": (stalled or stuck is not None, why[:1024] if stalled or stuck else "Nothing is in the way."),
    }
    if status.phase in IN_FLIGHT and status.run is not None and status.run.generation != turn.generation:
        # Said only while it is so, as of a Release.
        message = "The spec was edited in mid-run, which counts from the next run on. To end this one: abort=true."
        said["SpecFollowed"] = (False, message)
    known = {c.type: c for c in turn.status.conditions}
    return tuple(_condition(turn, status, name, known.get(name), *what) for name, what in said.items())


def _condition(turn: Turn, status: TrainStatus, name: str, old: Condition | None, holds: bool, message: str) -> Condition:  # noqa: FBT001
    same = old is not None and (old.status, old.reason, old.message) == (str(holds), status.reason, message)
    since = old.last_transition_time if old is not None and same else turn.now
    return Condition(type=name, status=str(holds), reason=status.reason, message=message, observed_generation=turn.generation,
                     last_transition_time=since)  # fmt: skip
