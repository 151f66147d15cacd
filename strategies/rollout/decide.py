"""The decision: a function of what is wanted, what was committed, what was seen, and the time.

    decide(spec, observation, status, now) -> Decision(status, effects, trace, wake_at)

Two rules. A transition is decided before any effect, so that no failing effect can hold up an abort or a rollback; and
effects follow from the status that is about to be committed, never from a memory of what was meant.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from strategies.rollout import gates, migrations
from strategies.rollout.checks import CHECKS
from strategies.rollout.conditions import conditions
from strategies.rollout.foreseen import informed
from strategies.rollout.moves import replanned, with_jobs
from strategies.rollout.order import Pending, pending
from strategies.rollout.plan import taken
from strategies.rollout.turn import NO_PODS_PATIENCE, Turn
from strategies.rollout.wanted import overdue
from strategies.spec.reason import Reason
from strategies.spec.release import ReleaseSpec
from strategies.spec.review import Review
from strategies.spec.status import Evidence, Outcome, Revision, Status
from strategies.world.effects import Effect, RemoveRequest
from strategies.world.observation import FOREVER, Frozen, Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One line of the trace: what the check asks for, whether it held, and what was decided if not."""

    name: str
    held: bool
    decided: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to commit, then what to do, then when to look again at the latest.

    `asking` names the gates to be asked now. `moved` says that the status took a step and another turn should follow.
    """

    status: Status
    effects: tuple[Effect, ...]
    trace: tuple[Checked, ...]
    asking: tuple[str, ...]
    pending: Pending
    moved: bool
    wake_at: datetime | None


_HELD = tuple(Checked(name=what, held=True) for _, what in CHECKS)


def decide(spec: ReleaseSpec | None, observation: Observation, status: Status, now: datetime) -> Decision:
    """One turn. `spec` is None when it is invalid (then `observation.spec_error` says why). Never raises, never waits."""
    turn = Turn(spec=spec, status=status, observation=observation, now=now)
    turn = _with(turn, replanned(turn), ())
    turn = _with(turn, turn.status, gates.fold(turn))
    before = pending(turn)
    following, trace = _first(turn, before)
    following = with_jobs(following, spec)
    after = _with(turn, following, _evidence(turn, following))
    left = pending(after) if following is not turn.status else before
    shown = _shown(after, left)
    answered = {a.id for a in shown.requests}
    removals = tuple(RemoveRequest(key=r.key, value=r.value) for r in observation.requests if r.id in answered)
    return Decision(
        status=shown,
        effects=(*left.effects, *gates.effects(after), *migrations.effects(after), *removals),
        trace=trace,
        asking=gates.asked(after),
        pending=left,
        # Another wording of the same is no step: gates that cannot tell would keep the turns going for ever.
        moved=following is not status and following.model_copy(update={"message": status.message}) != status,
        wake_at=_wake_at(after, left),
    )


def _with(turn: Turn, status: Status, evidence: tuple[Evidence, ...]) -> Turn:
    if status is turn.status and evidence == turn.gates:
        return turn
    return Turn(spec=turn.spec, status=status, observation=turn.observation, now=turn.now, gates=evidence)


def _first(turn: Turn, before: Pending) -> tuple[Status, tuple[Checked, ...]]:
    for number, (check, what) in enumerate(CHECKS):
        following = check(turn, before)
        if following is not None:
            decided = Checked(name=what, held=False, decided=f"{following.phase}/{following.reason}: {following.message}")
            return following, (*_HELD[:number], decided)
    return turn.status, _HELD


def _evidence(turn: Turn, following: Status) -> tuple[Evidence, ...]:
    """The evidence that goes on: this turn's while the step is the same, else what the move itself has carried over."""
    old, new = turn.status.trial, following.trial
    if old is None or new is None:
        return ()
    if (old.attempt, old.step.index, old.kind) != (new.attempt, new.step.index, new.kind):
        return new.gates
    return turn.gates if new.gates == old.gates else new.gates


def _shown(turn: Turn, left: Pending) -> Status:
    """The status with what is only for display brought up to date."""
    status, route = turn.status, turn.observation.route
    changes: dict[str, Any] = {
        "observed_generation": max(status.observed_generation, turn.observation.generation),
        "stable": _counted(turn, status.stable),
        "conditions": conditions(turn, left),
    }
    if (trial := status.trial) is not None:
        weight = getattr(route, "weight", None) if turn.routed else None
        step = trial.step if trial.step.observed_weight == weight else trial.step.model_copy(update={"observed_weight": weight})
        candidate = _counted(turn, trial.candidate)
        changes["trial"] = trial.model_copy(update={"gates": turn.gates, "step": step, "candidate": candidate})
    changes["review"] = _foreseen(turn)
    return status.model_copy(update=changes)


def _foreseen(turn: Turn) -> Review | None:
    """The review, with what the gates could see once that is known. It is told of the beginning, and stays as it was told."""
    review, trial, workload, traffic = turn.status.review, turn.trial, turn.workload, turn.observation.traffic
    if review is None or review.foreseen or not traffic or trial is None or turn.spec is None or workload is None:
        return review
    spec = taken(turn.spec, trial.strategy)
    return informed(review, spec, max(1, workload.replicas), traffic)


def _counted(turn: Turn, revision: Revision | None) -> Revision | None:
    seen = turn.replica_set(revision)
    if revision is None or seen is None or (revision.replicas, revision.ready) == (seen.replicas, seen.ready):
        return revision
    return revision.model_copy(update={"replicas": seen.replicas, "ready": seen.ready})


def _wake_at(turn: Turn, left: Pending) -> datetime | None:
    """The earliest moment at which time alone changes something."""
    moments: list[datetime | None] = [left.wait.until if left.wait else None]
    if turn.status.reason is Reason.FROZEN and isinstance(turn.observation.frozen, Frozen):
        until = turn.observation.frozen.until
        moments.append(None if until == FOREVER else until)
    moments.extend(migrations.due(turn))
    trial, step, spec = turn.trial, turn.step, turn.spec
    if trial is not None and step is not None and spec is not None and turn.moving:
        if trial.step.since is None:
            moments += [trial.ready_deadline, turn.back_until]
        else:
            moments.append(trial.step.since + step.duration)
            moments.extend(since + spec.max_inconclusive for e in turn.gates if (since := turn.unanswered_since(e)))
        if turn.status.unready_since is not None:
            moments.append(turn.status.unready_since + NO_PODS_PATIENCE)
    if turn.outcome is Outcome.DELETED and spec is not None and turn.status.since is not None and not overdue(turn):
        moments.append(turn.status.since + spec.progress_deadline)
    # A moment that has passed changes nothing any more: what it allowed waits for something to be seen.
    return min((m for m in moments if m is not None and m > turn.now), default=None)
