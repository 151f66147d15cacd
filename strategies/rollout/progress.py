"""The checks about a trial: what takes it back, and what lets it go on.

Their order is in strategies.rollout.checks.
"""

from strategies.analysis.verdict import Unknown, Verdict
from strategies.rollout import migrations
from strategies.rollout.moves import advance, returned, to, undo, unless_said, unprotect
from strategies.rollout.order import Pending
from strategies.rollout.phases import IN_STEP
from strategies.rollout.plan import RETURN, WAY_BACK
from strategies.rollout.turn import NO_PODS_PATIENCE, Turn
from strategies.spec.base import format_duration
from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Kind, MigrationState, Outcome, Status

EXPANDED = migrations.expanded.__name__
"""Name of the stage that waits for migrations."""

_PODS = frozenset({"create", "scale", "ready"})
"""Stages that wait for pods, which have a deadline of their own."""


def template_left(turn: Turn, _: Pending) -> Status | None:
    """A newer template, or stable's again, ends the trial."""
    trial, workload = turn.trial, turn.workload
    if trial is None or workload is None or not turn.moving or turn.holds_template_of(trial.candidate):
        return None
    if turn.holds_template_of(turn.status.stable):
        return undo(turn, Outcome.REVERTED, Reason.REVERTED, "The Deployment's template is stable's again.")
    message = (
        f"A newer template has arrived, by {workload.changed_by or 'somebody'}: revision {trial.candidate.hash} is withdrawn."
    )
    return undo(turn, Outcome.SUPERSEDED, Reason.SUPERSEDED, message)


def webhook_changed(turn: Turn, _: Pending) -> Status | None:
    """A candidate that is not what was asked for is nobody's."""
    trial, candidate, workload = turn.trial, turn.candidate, turn.workload
    if trial is None or candidate is None or workload is None or not turn.moving:
        return None
    if candidate.template.digest in (trial.candidate.digest, workload.template.digest):
        return None
    message = f"Something in the cluster changed the template of ReplicaSet {candidate.name} at its creation; find the webhook."
    return undo(turn, Outcome.REJECTED, Reason.TEMPLATE_CHANGED_BY_WEBHOOK, message)


def migrated(turn: Turn, _: Pending) -> Status | None:
    """What is seen of migrations is committed at once; a release whose own has failed goes back before it has a candidate."""
    found = migrations.observed(turn)
    if found == turn.status.migrations:
        return None
    following, trial = migrations.renewed(turn, found), turn.trial
    bad = next((each for each in found if trial and turn.moving and each.release == trial.candidate.hash
                and each.state in (MigrationState.FAILED, MigrationState.UNKNOWN)), None)  # fmt: skip
    if bad is None:
        return following.status
    message = (f"Migration {bad.name} did not run through: {bad.message}. Its own undo is not run; see what it has left. "
               "retry=true runs it again.")  # fmt: skip
    return undo(following, Outcome.REJECTED, Reason.MIGRATION_FAILED, message)


def scaled_to_zero(turn: Turn, _: Pending) -> Status | None:
    """Without replicas there is no trial."""
    if turn.moving and turn.workload is not None and turn.workload.replicas == 0:
        return undo(turn, Outcome.SCALED_TO_ZERO, Reason.SCALED_TO_ZERO, "")
    return None


def gate_failed(turn: Turn, _: Pending) -> Status | None:
    """One gate that fails is enough."""
    failed = turn.evidence(Verdict.FAIL)
    if not failed or not turn.moving:
        return None
    reason = Reason.PODS_FAILED if failed[0].name == "pods" else Reason.GATE_FAILED
    message = "; ".join(f"gate {e.name}: {e.message}" for e in failed)
    return undo(turn, Outcome.REJECTED, reason, f"Rolled back by itself. {message}")


def alert_fired(turn: Turn, _: Pending) -> Status | None:
    """An alert that the Release names is enough, if it began in this trial: one that fired before has another cause."""
    if not turn.moving or turn.spec is None or turn.trial is None:
        return None
    named = (a for a in turn.observation.alerts if a.name in turn.spec.rollback.on_alerts and a.since >= turn.trial.started)
    alert = next(named, None)
    if alert is None:
        return None
    said = f": {alert.summary}" if alert.summary else ""
    return undo(turn, Outcome.REJECTED, Reason.ALERT_FIRED, f"Rolled back by itself. Alert {alert.name} fires{said}")


def deadline(turn: Turn, pending: Pending) -> Status | None:
    """Pods that do not become ready in time are a failure; time in which nobody asked for them does not count."""
    trial, step, candidate = turn.trial, turn.step, turn.candidate
    if trial is None or step is None or not turn.moving or trial.ready_deadline is None or turn.status.paused:
        return None
    if isinstance(turn.observation.replica_sets, Unknown) or turn.now < trial.ready_deadline:
        return None
    ready = candidate.available if candidate else 0
    if trial.step.since is not None or ready >= step.candidate:
        return None
    kinds = {effect.kind() for effect in pending.effects}
    busy = kinds or pending.stage == EXPANDED  # A migration has a time of its own.
    if busy and turn.spec is not None and not kinds & turn.observation.failing.keys():
        late = turn.now + turn.spec.progress_deadline
        return turn.status.model_copy(update={"trial": trial.model_copy(update={"ready_deadline": late})})
    message = f"Only {ready} of {step.candidate} pods of the candidate became ready within progressDeadline."
    if turn.observation.failing:
        name, error = sorted(turn.observation.failing.items())[0]
        message = f"{message} {name} fails: {error}"
    return undo(turn, Outcome.REJECTED, Reason.DEADLINE_EXCEEDED, message)


def not_back(turn: Turn, pending: Pending) -> Status | None:
    """A rehearsal whose traffic does not come back in time has shown that the way back does not work."""
    late = turn.back_until
    if late is None or turn.now < late or turn.status.paused or pending.settled or pending.stage in _PODS:
        return None
    waits = pending.wait.message if pending.wait else f"{', '.join(e.kind() for e in pending.effects)} is not done"
    failing = "".join(f" {name} fails: {error}" for name, error in sorted(turn.observation.failing.items())[:1])
    message = (f"The rehearsal has failed: its traffic was not back on stable within {format_duration(WAY_BACK)}. "
               f"{waits}{failing} Mend that, then retry=true begins anew.")  # fmt: skip
    return undo(turn, Outcome.REJECTED, Reason.REHEARSAL_FAILED, message)


def unprotected(turn: Turn, _: Pending) -> Status | None:
    """Stable without a ready pod for a while has nothing to protect; a short outage is no reason."""
    trial, stable, workload = turn.trial, turn.stable, turn.workload
    if trial is None or not turn.moving or trial.kind is not Kind.RELEASE or workload is None or not workload.replicas:
        return None
    if stable is None or stable.ready > 0 or (turn.step is not None and turn.step.weight == 100):
        return None if turn.status.unready_since is None else turn.status.model_copy(update={"unready_since": None})
    since = turn.status.unready_since
    if since is None:
        return turn.status.model_copy(update={"unready_since": turn.now})
    return unprotect(turn) if turn.now - since >= NO_PODS_PATIENCE else None


def reached(turn: Turn, pending: Pending) -> Status | None:
    """Durations and evidence count from when the cluster has what the step wants; anew when the clock was set back since."""
    trial, step = turn.trial, turn.step
    if trial is None or step is None or not turn.moving or not pending.settled:
        return None
    if trial.step.since is not None:
        if trial.step.since <= turn.now:
            return None
        begun = trial.step.model_copy(update={"since": turn.now})
        return turn.status.model_copy(update={"trial": trial.model_copy(update={"step": begun, "gates": ()})})
    if step.name == RETURN:
        return returned(turn)
    if not step.duration and not step.approval and not turn.status.paused and all(e.name == "pods" for e in turn.gates):
        return advance(turn, _why_passed(turn)) if _passes(turn) else None
    reached = trial.step.model_copy(update={"since": turn.now})
    return turn.status.model_copy(update={"trial": trial.model_copy(update={"step": reached})})


def inconclusive_too_long(turn: Turn, _: Pending) -> Status | None:
    """A gate that cannot tell for too long calls a person."""
    if not turn.moving or turn.status.paused or turn.spec is None or turn.trial is None or turn.trial.step.since is None:
        return None
    for evidence in turn.evidence(Verdict.INCONCLUSIVE):
        since = turn.unanswered_since(evidence)
        if since is not None and turn.now - max(since, turn.trial.step.since) >= turn.spec.max_inconclusive:
            message = (f"Gate {evidence.name} could not tell for longer than maxInconclusive: {evidence.message}. "
                       "promote=step goes on without it, resume=true waits again, abort=true goes back.")  # fmt: skip
            return to(turn, Phase.PAUSED, Reason.INCONCLUSIVE_TOO_LONG, message[:1024], paused=True)
    return None


def next_step(turn: Turn, pending: Pending) -> Status | None:
    """The step's time is over, its gates pass, and whoever must approve has: the next one."""
    trial, step = turn.trial, turn.step
    if trial is None or step is None or not turn.moving or turn.status.paused or trial.step.since is None:
        return None
    if not pending.settled or (turn.now < trial.step.since + step.duration and not (step.early and _certified(turn))):
        return _while_waiting(turn)
    if not _passes(turn):
        waiting = [e for e in turn.gates if e.verdict is not Verdict.PASS]
        message = "; ".join(f"gate {e.name}: {e.message}" for e in waiting)
        return unless_said(turn, Phase.WAITING, Reason.GATES_INCONCLUSIVE, message)
    if step.approval:
        message = (f"{step.name} at {trial.step.told} has passed its gates and waits for a person: `kubectl annotate release "
                   f"{turn.observation.name} release-coordinator.io/promote=step`.")  # fmt: skip
        return unless_said(turn, Phase.AWAITING_APPROVAL, Reason.APPROVAL_NEEDED, message)
    return advance(turn, _why_passed(turn))


def _while_waiting(turn: Turn) -> Status | None:
    """Before the step's time is over: back from Waiting when nothing is in the way."""
    if turn.phase not in IN_STEP or turn.phase in (Phase.PROGRESSING, Phase.PAUSED):
        return None
    phase = Phase.BAKING if turn.step is not None and turn.step.name == "Bake" else Phase.PROGRESSING
    return to(turn, phase, Reason.STEP)


def _passes(turn: Turn) -> bool:
    return all(e.verdict is Verdict.PASS for e in turn.gates)


def _certified(turn: Turn) -> bool:
    """Whether all gates that compare say that the candidate is certainly not much worse, and no other gate doubts it."""
    comparing = [e for e in turn.gates if e.test is not None]
    return bool(comparing) and all(e.certified for e in comparing) and _passes(turn)


def _why_passed(turn: Turn) -> str:
    if turn.trial is not None and turn.trial.rehearsal is not None and turn.step is not None and turn.step.name == RETURN:
        return f"rehearsed, {turn.trial.rehearsal.told}"
    return "; ".join(f"gate {e.name} passed: {e.message}" for e in turn.gates) or "no gates"
