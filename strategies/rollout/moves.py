"""How one status becomes the next: begin, advance, undo, complete, rest. Only these functions make statuses.

They do not ask whether a move is right; the checks do.
"""

import hashlib
import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

from strategies.review.checklist import rehearsed
from strategies.review.judge import examine
from strategies.rollout import flags, migrations
from strategies.rollout.comparing import carried
from strategies.rollout.plan import numbering, plan, taken
from strategies.rollout.reviewing import subject
from strategies.rollout.turn import Turn
from strategies.spec.phase import Phase
from strategies.spec.reason import SENTENCES, Reason
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import (
    LAST,
    Kind,
    Outcome,
    Override,
    Passed,
    Past,
    Rehearsal,
    Revision,
    Status,
    Step,
    Template,
    Trial,
    Wheel,
)

HISTORY = 10
REJECTED = 10
OVERRIDES = 10
VERDICTS_AGAINST = frozenset({Outcome.REJECTED, Outcome.ABORTED})


def to(turn: Turn, phase: Phase, reason: Reason, message: str = "", **changes: Any) -> Status:
    """The status in this phase for this reason; `changes` are further fields."""
    since = turn.status.since if turn.phase is phase else turn.now
    text = (message or SENTENCES[reason])[:1024]
    return turn.status.model_copy(update={"phase": phase, "reason": reason, "message": text, "since": since, **changes})


def unless_said(turn: Turn, phase: Phase, reason: Reason, message: str) -> Status | None:
    """As `to`, or None when the status says it already."""
    same = turn.phase is phase and turn.status.reason is reason and turn.status.message == message[:1024]
    return None if same else to(turn, phase, reason, message)


def begin(turn: Turn, kind: Kind) -> Status:
    """A new trial of the Deployment's template, at its first step. Needs `workload` and `spec`."""
    workload, spec = turn.workload, turn.spec
    assert workload is not None and spec is not None
    attempt = turn.status.attempts + 1 if turn.status.attempts < LAST else 1
    seed = f"{turn.observation.uid}/{attempt}/{workload.template.digest}"
    digest = hashlib.sha256(seed.encode()).hexdigest()[:8]
    hash_ = f"{attempt}-{digest}"
    candidate = Revision(
        hash=hash_,
        replica_set=f"{workload.name[: 252 - len(hash_)]}-{hash_}",
        digest=workload.template.digest,
        generation=workload.generation,
        version=workload.template.version,
    )
    wheel = turn.status.wheel or Wheel.of(spec.traffic.route, strategy=workload.strategy, workload_uid=workload.uid)
    # Restarts and rollbacks go out in their own way, on pod health alone: there is nothing to judge.
    review = examine(subject(turn))[1] if kind is Kind.RELEASE else None
    spec = taken(spec, review.strategy if review else None)
    planned = plan(spec, kind, max(1, workload.replicas), routed=wheel.route is not None)
    trial = Trial(
        attempt=attempt,
        kind=kind,
        strategy=spec.strategy.type,
        steps=numbering(spec, kind),
        candidate=candidate,
        step=Step(index=0, of=len(planned), name=planned[0].name, weight=planned[0].weight, entered=turn.now),
        started=turn.now,
        changed_by=workload.changed_by,
        ready_deadline=turn.now + spec.progress_deadline,
    )
    version = f" {candidate.version}" if candidate.version else ""
    who = f", changed by {workload.changed_by}" if workload.changed_by else ""
    message = f"{kind} of revision {hash_}{version} has begun{who}."
    phase = Phase.BAKING if planned[0].name == "Bake" else Phase.PROGRESSING
    switched = flags.raised(flags.begun(turn, kind, candidate), candidate.hash, planned[0].weight)
    overtakes = turn.status.wheel is not None  # The one before may have left Jobs.
    # A template that is written back has arrived, or was overtaken by a newer wish: it is not written again.
    return to(turn, phase, Reason.STARTED, message, trial=trial, attempts=attempt, wheel=wheel, paused=False,
              unready_since=None, restoring=None, train=None, exempt=None, review=review, flags=switched,
              migrations=migrations.begun(turn, kind, candidate),
              jobs=turn.status.jobs and overtakes)  # fmt: skip


def with_jobs(status: Status, spec: ReleaseSpec | None) -> Status:
    """The status with a note, before one is made, that Jobs are to be deleted: a spec that has none any more would not say so."""
    if spec is None or status.trial is None or status.jobs:
        return status
    if all(gate.job is None for gate in spec.gates) and not migrations.carried_out(spec):
        return status
    return status.model_copy(update={"jobs": True})


def advance(turn: Turn, by: str) -> Status:
    """The next step of the plan, for the reason `by`; completion after the last."""
    trial, step = turn.trial, turn.step
    assert trial is not None and step is not None and turn.spec is not None
    passed = (*trial.passed, Passed(index=trial.step.index, weight=step.weight, left=turn.now, by=by[:1024]))[-25:]
    if turn.is_last_step:
        return _complete(turn, trial.model_copy(update={"passed": passed}), by)
    index = trial.step.index + 1
    following = turn.plan[index]
    entered = Step(index=index, of=len(turn.plan), name=following.name, weight=following.weight, mirror=following.mirror,
                   entered=turn.now)  # fmt: skip
    moved = trial.model_copy(
        update={"step": entered, "passed": passed, "gates": carried(turn, following),
                "ready_deadline": turn.now + turn.spec.progress_deadline}
    )  # fmt: skip
    switched = flags.raised(turn.status.flags, trial.candidate.hash, following.flags_at)
    if following.name == "Bake":
        message = f"The candidate gets all traffic; the former revision stays warm. Step before: {by}"
        return to(turn, Phase.BAKING, Reason.BAKING, message, trial=moved, paused=False, flags=switched)
    message = f"{following.name} {index} of {len(turn.plan) - 1}: {entered.told}. Step before: {by}"
    return to(turn, Phase.PROGRESSING, Reason.STEP, message, trial=moved, paused=False, flags=switched)


def replanned(turn: Turn) -> Status:
    """The status with its step as the plan has it now: people may have changed the steps, and shares follow the replicas.

    Traffic rises only from step to step, never by an edit: where the steps were changed, the trial stands at the last of them
    that gives no more than it has. A step that is there unchanged goes on; any other begins anew.
    """
    trial, planned = turn.trial, turn.plan
    if trial is None or turn.undoing or turn.spec is None or not planned:
        return turn.status
    step, steps = trial.step, numbering(taken(turn.spec, trial.strategy), trial.kind)
    changed = trial.strategy is not None and steps != trial.steps  # None: an older version of us has begun it.
    index = min(step.index, len(planned) - 1)
    if changed:
        # A rehearsal is none of half: who was not in it does not come into it, and who is in it comes back.
        lower = (i for i, s in enumerate(planned) if s.weight <= step.weight and (not s.rehearses or s.name == step.name))
        index = max(lower, key=lambda i: (planned[i].name == step.name, i), default=0)
    found = planned[index]
    place = {"index": index, "of": len(planned), "name": found.name, "weight": found.weight, "mirror": found.mirror}
    if not changed and all(getattr(step, name) == value for name, value in place.items()):
        return turn.status
    moved: dict[str, Any] = {"step": step.model_copy(update=place)}
    if changed and (found.name, found.weight) != (step.name, step.weight):
        moved |= {"step": Step(**place, entered=turn.now), "gates": carried(replace(turn, gates=trial.gates), found),
                  "ready_deadline": turn.now + turn.spec.progress_deadline}  # fmt: skip
    if not changed:
        return turn.status.model_copy(update={"trial": trial.model_copy(update=moved)})
    message = f"The steps were changed to {steps} in mid-release: it goes on from {found.name} {index} ({found.weight}%)."
    phase = turn.phase if turn.phase in (Phase.PAUSED, Phase.BAKING) else Phase.PROGRESSING
    return to(turn, phase, Reason.STEPS_CHANGED, message, trial=trial.model_copy(update={**moved, "steps": steps}))


def returned(turn: Turn) -> Status:
    """The rehearsal's traffic is back: what it took is recorded, and the review's rollback plan is proven by it."""
    trial, review = turn.trial, turn.status.review
    assert trial is not None and turn.spec is not None
    took = timedelta(milliseconds=math.ceil(max(turn.now - trial.step.entered, timedelta()) / timedelta(milliseconds=1)))
    proof = Rehearsal(weight=trial.passed[-1].weight if trial.passed else 0, at=turn.now, took=took)
    there = trial.step.model_copy(update={"since": turn.now})
    moved = trial.model_copy(update={"step": there, "rehearsal": proof})
    proven = rehearsed(review, proof.told) if review else None
    return turn.status.model_copy(update={"trial": moved, "review": proven})


def unprotect(turn: Turn) -> Status:
    """The trial goes on at full size and full traffic, because there is nothing to protect."""
    trial = turn.trial
    assert trial is not None and turn.spec is not None
    step = Step(index=0, of=1, name="Bake", weight=100, entered=turn.now)
    moved = trial.model_copy(
        update={"kind": Kind.UNPROTECTED, "step": step, "steps": "", "gates": (),
                "ready_deadline": turn.now + turn.spec.progress_deadline}
    )  # fmt: skip
    message = "Stable has had no ready pod for a minute: the candidate gets all traffic at once, on pod health alone."
    switched = flags.raised(turn.status.flags, trial.candidate.hash, step.weight)
    return to(turn, Phase.BAKING, Reason.STEP, message, trial=moved, flags=switched)


def undo(turn: Turn, outcome: Outcome, reason: Reason, message: str, **changes: Any) -> Status:
    """The trial is taken back; a verdict against the revision makes it rejected."""
    trial = turn.trial
    assert trial is not None
    changes.setdefault("rejected", turn.status.rejected)
    if outcome in VERDICTS_AGAINST:
        changes["rejected"] = reject(turn.status, trial.candidate, turn, message)
    changes.setdefault("migrations", migrations.left(turn.status.migrations, trial.candidate.hash, outcome))
    undone = trial.model_copy(update={"outcome": outcome, "gates": turn.gates})
    back = flags.lowered(turn.status.flags, (trial.candidate.hash,))
    return to(turn, Phase.ROLLING_BACK, reason, message, trial=undone, paused=False, unready_since=None, flags=back, **changes)


def reject(status: Status, revision: Revision, turn: Turn, message: str) -> tuple[Template, ...]:
    """The rejected templates with this revision's among them."""
    current = turn.workload is not None and turn.holds_template_of(revision)
    entry = Template(
        digest=revision.digest,
        generation=turn.workload.generation if current and turn.workload else revision.generation,
        hash=revision.hash,
        version=revision.version,
        message=message[:1024],
    )
    return (*(r for r in status.rejected if r.digest != entry.digest), entry)[-REJECTED:]


def overridden(turn: Turn, what: Reason, message: str, *, author: str, because: str) -> dict[str, Any]:
    """The field of a status that keeps what a person has set aside, with who and why."""
    entry = Override(what=what, message=message[:1024], author=author, because=because[:1024], at=turn.now)
    return {"overrides": (*turn.status.overrides, entry)[-OVERRIDES:]}


def end_trial(turn: Turn, outcome: Outcome, message: str) -> dict[str, Any]:
    """The fields of a status whose trial is over."""
    trial = turn.trial
    assert trial is not None
    past = Past(revision=trial.candidate, kind=trial.kind, strategy=trial.strategy, outcome=outcome, message=message[:1024],
                started=trial.started, ended=turn.now, changed_by=trial.changed_by, rehearsal=trial.rehearsal,
                risk=turn.status.review.risk if turn.status.review else None)  # fmt: skip
    history = (*turn.status.history, past)[-HISTORY:]
    given_up = () if outcome is Outcome.COMPLETED else (trial.candidate.hash,)
    return {"trial": None, "review": None, "paused": False, "unready_since": None, "history": history,
            "flags": flags.lowered(turn.status.flags, given_up)}  # fmt: skip


def _complete(turn: Turn, trial: Trial, by: str) -> Status:
    status = turn.status
    took = turn.now - trial.started
    message = f"Revision {trial.candidate.hash} is stable now, after {timedelta(seconds=int(took.total_seconds()))}."
    # A release that went through ends all verdicts but that of a rollback, whose cause must not come back by itself.
    rejected = status.rejected if trial.kind is not Kind.RELEASE else ()
    return to(turn, Phase.COMPLETING, Reason.BAKE_PASSED, f"{message} Last step: {by}", stable=trial.candidate,
              retiring=status.stable, rejected=rejected, restoring=None,
              migrations=migrations.completed(status.migrations, trial.candidate.hash),
              **end_trial(turn, Outcome.COMPLETED, by))  # fmt: skip
