"""The decision about a train: a function of its spec, what was committed, what was seen of its members, and the time.

As with a Release, what is decided is committed before anything is asked of a member, and what is to be asked follows from the
committed status and from what is seen, never from memory.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from strategies.spec.train_status import TrainPhase, TrainStatus
from strategies.train.asking import Ask, asked, asks
from strategies.train.checks import CHECKS
from strategies.train.conditions import conditions
from strategies.train.members import folded
from strategies.train.turn import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to commit, then what to ask of which members, which requests to remove, and when to look again at the latest.

    `moved` says that another turn should follow; `check` is the check that has spoken.
    """

    status: TrainStatus
    asks: tuple[Ask, ...]
    removals: tuple[str, ...]
    moved: bool
    wake_at: datetime | None
    check: str


def decide(turn: Turn) -> Decision:
    """One turn. Never raises, never waits."""
    seen = replace(turn, status=turn.status.model_copy(update={"members": folded(turn)}))
    status, check = next((following, what) for check, what in CHECKS if (following := check(seen)) is not None)
    after = replace(seen, status=status)
    members = asked(after, status.members)
    shown = status.model_copy(
        update={"members": members, "observed_generation": max(turn.status.observed_generation, turn.generation)}
    )
    shown = shown.model_copy(update={"conditions": conditions(turn, shown)})
    answered = {a.id for a in shown.requests}
    return Decision(
        status=shown,
        asks=asks(after, members),
        removals=tuple(r.key for r in turn.requests if r.id in answered),
        moved=shown != turn.status,
        wake_at=_wake_at(after),
        check=check,
    )


def _wake_at(turn: Turn) -> datetime | None:
    """The earliest moment at which time alone changes something."""
    run = turn.status.run
    if turn.phase is not TrainPhase.VERIFYING or run is None or run.verifying_since is None:
        return None
    moments = [run.verifying_since + run.verify.deadline]
    moments += [run.healthy_since + run.verify.duration] if run.healthy_since else []
    return min((m for m in moments if m > turn.now), default=turn.now + timedelta(seconds=1))
