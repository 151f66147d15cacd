"""What each check of a decision saw, in a few words. One line per check of strategies.rollout.checks, in its order."""

from collections.abc import Callable

from controller.cli.view import both, lasting
from strategies.analysis.verdict import Unknown, Verdict
from strategies.rollout import lifecycle, mending, progress, requests, rest
from strategies.rollout.checks import Check
from strategies.rollout.order import Pending
from strategies.rollout.turn import Turn
from strategies.spec.phase import Phase

Words = Callable[[Turn, Pending], str]
_UNSEEN = "could not be seen"
_AT_REST = "no release goes forward"


def _uid(turn: Turn, _: Pending) -> str:
    known, there = turn.status.workload_uid, turn.workload
    if known is None or there is None:
        return "none is recorded" if known is None else f"it {_UNSEEN}"
    return f"uid {there.uid}" if there.uid == known else f"uid {there.uid}, and not {known}"


def _named(turn: Turn, _: Pending) -> str:
    revisions = (turn.status.stable, turn.status.retiring, turn.trial.candidate if turn.trial else None)
    return f"of {len(turn.replica_sets)} ReplicaSets {sum(r is not None for r in revisions)} are named"


def _workload(turn: Turn, _: Pending) -> str:
    seen = turn.observation.workload
    if isinstance(seen, Unknown):
        return seen.message
    return "there is none" if seen is None else f"{seen.name}: {seen.replicas} pods wanted, {seen.ready} ready"


def _deleting(turn: Turn, _: Pending) -> str:
    return "its deletion is asked" if turn.observation.deleting else "its deletion is not asked"


def _claimed(turn: Turn, _: Pending) -> str:
    if turn.workload is None:
        return f"the Deployment {_UNSEEN}"
    return f"its label names Release {turn.workload.claimed_by}" if turn.workload.claimed_by else "it has no label of ours"


def _wheel(turn: Turn, _: Pending) -> str:
    return "we scale its ReplicaSets" if turn.status.wheel else "Kubernetes scales its ReplicaSets"


def _spec(turn: Turn, _: Pending) -> str:
    return turn.observation.spec_error or f"generation {turn.observation.generation}"


def _stable(turn: Turn, pending: Pending) -> str:
    stable = turn.status.stable
    return f"stable is {both(stable)}" if stable else f"no revision is recorded; {_hold(turn, pending)}"


def _hold(turn: Turn, _: Pending) -> str:
    hold = turn.observation.hold
    if isinstance(hold, Unknown):
        return hold.message
    return "a change would be held" if hold else "a change would not be held"


def _requests(turn: Turn, _: Pending) -> str:
    return ", ".join(f"{r.key}={r.value} by {r.author}" for r in turn.observation.requests) or "none is asked"


def _template(turn: Turn, _: Pending) -> str:
    if turn.workload is None:
        return f"the Deployment {_UNSEEN}"
    if turn.status.stable is None:
        return "there is no stable revision to compare it with"
    if turn.holds_template_of(turn.status.stable):
        return "it has stable's template"
    if turn.trial is not None and turn.holds_template_of(turn.trial.candidate):
        return "it has the candidate's template"
    if turn.rejected:
        return "it has a rejected template"
    return "it has a new template, which is blocked" if turn.phase is Phase.BLOCKED else "it has a new template"


def _candidate(turn: Turn, _: Pending) -> str:
    if turn.trial is None:
        return "there is no candidate"
    if isinstance(turn.observation.replica_sets, Unknown):
        return _UNSEEN
    found = turn.candidate
    return f"{found.name}: {found.ready} of {found.replicas} pods ready" if found else "its ReplicaSet is not there"


def _replicas(turn: Turn, _: Pending) -> str:
    return f"spec.replicas is {turn.workload.replicas}" if turn.workload else f"the Deployment {_UNSEEN}"


def _migrations(turn: Turn, _: Pending) -> str:
    return ", ".join(f"{each.name} {each.state}" for each in turn.status.migrations) or "none was carried out"


def _gates(turn: Turn, _: Pending) -> str:
    return ", ".join(f"{e.name} {e.verdict}" for e in turn.gates) or "none is asked now"


def _alerts(turn: Turn, _: Pending) -> str:
    named = turn.spec.rollback.on_alerts if turn.spec else ()
    return f"takes it back: {', '.join(named)}; the receiver hears of them" if named else "none is named in rollback.onAlerts"


def _deadline(turn: Turn, pending: Pending) -> str:
    until = turn.trial.ready_deadline if turn.trial else None
    if until is None or not turn.moving:
        return "no pods are waited for"
    left = f"{lasting(until - turn.now)} left" if until > turn.now else "the time is over"
    return f"{_candidate(turn, pending)}; {left}"


def _back(turn: Turn, _: Pending) -> str:
    if turn.back_until is not None:
        left = f"{lasting(turn.back_until - turn.now)} left" if turn.back_until > turn.now else "the time is over"
        return f"the rehearsal's traffic is on its way back; {left}"
    proof = turn.trial.rehearsal if turn.trial else None
    return proof.told if proof else "none is on its way back"


def _stable_pods(turn: Turn, _: Pending) -> str:
    return f"{turn.stable.ready} of {turn.stable.replicas}" if turn.stable else "they were not looked at"


def _way(turn: Turn, pending: Pending) -> str:
    if not turn.moving or turn.trial is None:
        return _AT_REST
    step = turn.trial.step
    if step.since is not None:
        return f"{step.name} at {step.told} was reached {lasting(turn.now - step.since)} ago"
    return what_is_next(turn, pending)


def what_is_next(turn: Turn, pending: Pending) -> str:
    """What the controller does next, or waits for."""
    if pending.wait is not None:
        return f"waits: {pending.wait.message}"
    if pending.effects:
        return f"does next: {', '.join(effect.kind() for effect in pending.effects)}"
    if turn.moving:
        return f"waits at this step: {_step(turn, pending)}"
    return "does nothing: all is as wanted" if turn.phase is Phase.HEALTHY else f"waits: {turn.status.message}"


def _inconclusive(turn: Turn, _: Pending) -> str:
    unsure = turn.evidence(Verdict.INCONCLUSIVE)
    since = [f"{e.name} for {lasting(turn.now - e.inconclusive_since)}" for e in unsure if e.inconclusive_since]
    return f"cannot tell: {', '.join(since)}" if since else "all can tell"


def _step(turn: Turn, _: Pending) -> str:
    if not turn.moving or turn.trial is None:
        return _AT_REST
    since = turn.trial.step.since
    if since is None:
        return f"{turn.trial.step.name} at {turn.trial.step.told} is not reached yet"
    if turn.step is None:
        return f"how long it lasts {_UNSEEN}"
    if turn.status.paused:
        return "it is paused"
    left = since + turn.step.duration - turn.now
    time = f"{lasting(left)} left" if left.total_seconds() > 0 else "its time is over"
    return f"{time}, then a person must let it go on" if turn.step.approval else time


def _undoing(turn: Turn, pending: Pending) -> str:
    return what_is_next(turn, pending) if turn.undoing else "nothing is being undone"


def _retiring(turn: Turn, pending: Pending) -> str:
    return what_is_next(turn, pending) if turn.status.retiring else "no former revision is wound up"


SAW: dict[Check, Words] = {
    mending.misnamed: _named,
    lifecycle.workload_recreated: _uid,
    lifecycle.workload_missing: _workload,
    lifecycle.release_deleted: _deleting,
    lifecycle.left: _claimed,
    lifecycle.glass_broken: _claimed,
    lifecycle.traces_gone: _wheel,
    lifecycle.spec_invalid: _spec,
    lifecycle.initializing: _stable,
    mending.record_lost: _named,
    lifecycle.policy_missing: _hold,
    requests.answer: _requests,
    progress.template_left: _template,
    progress.migrated: _migrations,
    progress.webhook_changed: _candidate,
    progress.scaled_to_zero: _replicas,
    progress.gate_failed: _gates,
    progress.alert_fired: _alerts,
    progress.deadline: _deadline,
    progress.not_back: _back,
    progress.unprotected: _stable_pods,
    progress.reached: _way,
    progress.inconclusive_too_long: _inconclusive,
    progress.next_step: _step,
    rest.undone: _undoing,
    rest.completed: _retiring,
    rest.at_rest: _template,
}
