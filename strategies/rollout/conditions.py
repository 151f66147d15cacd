"""The conditions that a status shows. Ready, Reconciling and Stalled mean what kstatus means, so `kubectl wait`, Argo CD and
Flux understand them; the others are ours.

A condition's time moves only when its status, reason or message does; observedGeneration always moves.
"""

from dataclasses import dataclass

from strategies.analysis.verdict import Unknown, Verdict
from strategies.rollout.order import Pending
from strategies.rollout.phases import MOVING
from strategies.rollout.turn import Turn
from strategies.spec.phase import Phase
from strategies.spec.reason import SENTENCES, Reason
from strategies.spec.release import StrategyType
from strategies.spec.status import Condition, Kind, MigrationState

_STALLED = frozenset({Phase.BLOCKED, Phase.INVALID, Phase.WORKLOAD_MISSING, Phase.ROLLED_BACK, Phase.PAUSED})

_IN_DOUBT = (MigrationState.UNDO_FAILED, MigrationState.UNKNOWN, MigrationState.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    status: bool | None
    reason: str
    message: str


def conditions(turn: Turn, pending: Pending) -> tuple[Condition, ...]:
    """All conditions of this turn's status, with the times of those that did not change kept."""
    # Nobody waits for the finalizer to go: to say so would be one more write of the status for each release.
    pending = Pending() if pending.stage == "no_finalizer" else pending
    said = {
        "Ready": _ready(turn, pending),
        "Reconciling": _reconciling(turn),
        "Stalled": _stalled(turn),
        "Progressing": _progressing(turn, pending),
        "Available": _available(turn),
        "GatesHealthy": _gates(turn),
        "TrafficVerified": _traffic(turn, pending),
        "RollbackReady": _way_back(turn),
        "HoldActive": _hold(turn),
    }
    if (kept := _strategy_kept(turn)) is not None:
        said["SpecFollowed"] = kept
    if (unsettled := _migrations(turn)) is not None:
        said["Migrated"] = unsettled
    before = {c.type: c for c in turn.status.conditions}
    return tuple(_condition(turn, name, what, before.get(name)) for name, what in said.items())


def _condition(turn: Turn, name: str, said: _Said, before: Condition | None) -> Condition:
    status = "Unknown" if said.status is None else str(said.status)
    same = before is not None and (before.status, before.reason, before.message) == (status, said.reason, said.message)
    if before is not None and same and before.observed_generation == turn.observation.generation:
        return before
    since = before.last_transition_time if before is not None and same else turn.now
    return Condition(type=name, status=status, reason=said.reason, message=said.message[:1024],
                     observed_generation=turn.observation.generation, last_transition_time=since)  # fmt: skip


def _strategy_kept(turn: Turn) -> _Said | None:
    """Said only while it is so: a trial goes on by the type of strategy that it began with."""
    kept = turn.trial.strategy if turn.trial and turn.trial.kind is Kind.RELEASE else None
    if kept is None or turn.spec is None or turn.spec.strategy.type in (kept, StrategyType.AUTO):
        return None
    message = (f"spec.strategy.type is {turn.spec.strategy.type} now, and holds from the next release on; this one goes on as "
               f"{kept}, as it began. To begin anew: abort=true, then retry=true.")  # fmt: skip
    return _Said(status=False, reason="StrategyKept", message=message)


def _migrations(turn: Turn) -> _Said | None:
    """Said only while one runs, is being undone, or has ended as it should not."""
    told = (*_IN_DOUBT, MigrationState.RUNS, MigrationState.UNDOING)
    record = next((each for state in told for each in turn.status.migrations if each.state is state), None)
    if record is None:
        return None
    status = False if record.state in _IN_DOUBT else None
    return _Said(status=status, reason=record.state, message=f"Migration {record.name}: {record.message}")


def _ready(turn: Turn, pending: Pending) -> _Said:
    if turn.phase is Phase.HEALTHY and pending.settled:
        return _Said(status=True, reason=Reason.AT_REST, message=SENTENCES[Reason.AT_REST])
    return _Said(status=False, reason=turn.status.reason, message=turn.status.message)


def _reconciling(turn: Turn) -> _Said:
    busy = turn.phase in MOVING - {Phase.PAUSED} or turn.phase in (
        Phase.INITIALIZING, Phase.COMPLETING, Phase.ROLLING_BACK)  # fmt: skip
    return _Said(status=busy, reason=turn.status.reason, message=turn.status.message if busy else "Nothing is under way.")


def _stalled(turn: Turn) -> _Said:
    stalled = turn.phase in _STALLED
    failing = turn.observation.failing
    if failing and not stalled:
        name, error = sorted(failing.items())[0]
        return _Said(status=True, reason="EffectFailing", message=f"{name} fails and is tried again: {error}")
    return _Said(status=stalled, reason=turn.status.reason, message=turn.status.message if stalled else "Nothing is in the way.")


def _progressing(turn: Turn, pending: Pending) -> _Said:
    if pending.wait is not None:
        return _Said(status=True, reason=turn.status.reason, message=pending.wait.message)
    if pending.effects:
        return _Said(status=True, reason=turn.status.reason, message=f"Next: {', '.join(e.kind() for e in pending.effects)}.")
    if turn.moving:
        return _Said(status=True, reason=turn.status.reason, message=turn.status.message)
    return _Said(status=False, reason=turn.status.reason, message="No release is in flight.")


def _available(turn: Turn) -> _Said:
    workload = turn.workload
    if workload is None:
        return _Said(status=None, reason="WorkloadUnknown", message="The Deployment could not be seen.")
    enough = workload.available >= max(0, workload.replicas - workload.max_unavailable)
    return _Said(
        status=enough,
        reason="PodsAvailable" if enough else "PodsMissing",
        message="Enough pods are available." if enough else "Fewer pods are available than the Deployment allows.",
    )


def _gates(turn: Turn) -> _Said:
    failed = [*turn.evidence(Verdict.FAIL)]
    unsure = [*turn.evidence(Verdict.INCONCLUSIVE)]
    if failed:
        return _Said(status=False, reason="GateFailed", message="; ".join(f"{e.name}: {e.message}" for e in failed))
    if unsure:
        return _Said(status=None, reason="GateInconclusive", message="; ".join(f"{e.name}: {e.message}" for e in unsure))
    if not turn.gates:
        return _Said(status=None, reason="NothingAsked", message="Gates are asked while a release is in flight.")
    return _Said(status=True, reason="GatesPass", message="No gate sees harm.")


def _hold(turn: Turn) -> _Said:
    hold = turn.observation.hold
    if isinstance(hold, Unknown):
        return _Said(status=None, reason=hold.reason, message=hold.message)
    if hold:
        return _Said(status=True, reason="Held", message="A change of the Deployment's template is held by the API server.")
    return _Said(status=False, reason=Reason.POLICY_MISSING, message="Changes go out ungated: the admission policies are missing "
                 "or do not work. Restore them with helm upgrade.")  # fmt: skip


def _traffic(turn: Turn, pending: Pending) -> _Said:
    route = turn.observation.route
    if isinstance(route, Unknown):
        return _Said(status=None, reason=route.reason, message=route.message)
    if turn.trial is None:
        return _Said(status=True, reason="AllOnStable", message="All traffic is on stable.")
    if pending.stage in ("pins", "weight", "weight_back", "shut", "moved_pins", "route_restored"):
        message = pending.wait.message if pending.wait else "Traffic is being moved."
        return _Said(status=False, reason="Moving", message=message)
    if turn.step is not None and turn.step.mirror:
        message = f"The candidate gets a copy of {turn.step.mirror}% of the requests, and no user gets its answers."
        return _Said(status=True, reason="AsWanted", message=message)
    weight = turn.step.weight if turn.step else 0
    return _Said(status=True, reason="AsWanted", message=f"The candidate's step is {weight}%, and the cluster has it.")


def _way_back(turn: Turn) -> _Said:
    if turn.trial is None:
        kept = turn.observation.kept
        there = isinstance(kept, tuple) and any(turn.status.stable is None or k.hash != turn.status.stable.hash for k in kept)
        message = "rollback=previous redeploys the revision before." if there else "No earlier revision is known here."
        return _Said(status=None if not there else True, reason="Redeploy" if there else "NoEarlierRevision", message=message)
    stable, workload = turn.stable, turn.workload
    full = stable is not None and workload is not None and stable.ready >= workload.replicas
    message = (
        "Stable is at full size: the way back is instant."
        if full
        else "Stable is not at full size: the way back takes pods to start."
    )
    return _Said(status=full, reason="Warm" if full else "StableReduced", message=message)
