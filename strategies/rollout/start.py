"""What keeps a release from starting. Each obstacle is told with its remedy, and is looked at again in every turn."""

from strategies.analysis.verdict import Unknown
from strategies.review.judge import examine
from strategies.review.required import unmet
from strategies.rollout import flags, migrations, mirroring
from strategies.rollout.reviewing import subject
from strategies.rollout.turn import Turn
from strategies.spec.reason import Reason
from strategies.spec.release import StrategyType
from strategies.spec.status import Kind, TrainAwaited
from strategies.world.observation import FOREVER

Obstacle = tuple[Reason, str]
OF_POLICIES = frozenset({Reason.REQUIREMENT_UNMET, Reason.FROZEN, Reason.QUEUED})
"""Obstacles that a person who may can set aside: the others are no rules, but facts, or a train's."""


def obstacle(turn: Turn) -> Obstacle | None:
    """The first thing in the way; None when the release may start. Needs a spec and a workload."""
    assert turn.spec is not None and turn.workload is not None
    for look in _LOOKS:
        found = look(turn)
        if found is not None:
            return found
    return None


def _unseen(turn: Turn) -> Obstacle | None:
    return (Reason.NOT_OBSERVED, turn.unseen) if turn.unseen else None


def _hold(turn: Turn) -> Obstacle | None:
    hold = turn.observation.hold
    if hold is True:
        return None
    detail = hold.message if isinstance(hold, Unknown) else "a dry-run change of the Deployment was not held"
    return Reason.POLICY_MISSING, f"The hold does not work: {detail}. Restore the chart's admission policies with helm upgrade."


def _recreate(turn: Turn) -> Obstacle | None:
    workload, strategy = turn.workload, turn.spec.strategy if turn.spec else None
    if workload is None or strategy is None or not workload.recreate:
        return None
    if strategy.type is StrategyType.ROLLING:
        return (Reason.RECREATE_STRATEGY, "The Deployment's strategy is Recreate, which cannot roll; use RollingUpdate there, "
                "or canary or blue-green with spec.strategy.allowParallel: true.")  # fmt: skip
    if strategy.allow_parallel:
        return None
    return (Reason.RECREATE_STRATEGY, "The Deployment's strategy is Recreate: its author wants no two versions side by side. "
            "If that is allowed, say spec.strategy.allowParallel: true.")  # fmt: skip


def _history(turn: Turn) -> Obstacle | None:
    if turn.workload is not None and turn.workload.history_limit == 0:
        return (Reason.NO_HISTORY, "The Deployment's revisionHistoryLimit is 0, so Kubernetes would delete the revision to "
                "return to; set it to 1 or more.")  # fmt: skip
    return None


def _stable_lost(turn: Turn) -> Obstacle | None:
    if turn.stable is None or turn.stable.deleting:
        name = turn.status.stable.replica_set if turn.status.stable else "?"
        return (Reason.STABLE_LOST, f"ReplicaSet {name} of the stable revision is gone, so there is no way back. Restore it, or "
                "let the change out ungated by removing the Release.")  # fmt: skip
    return None


def _services(turn: Turn) -> Obstacle | None:
    services = turn.observation.services
    for service in () if isinstance(services, Unknown) else services:
        if service.foreign:
            return Reason.SERVICE_SHARED, (
                f"Service {service.name} also has {service.foreign} endpoints of other workloads, so it cannot be pinned; "
                "give it a narrower selector or name it in spec.traffic.ignoreServices."
            )
    return None


def _route(turn: Turn) -> Obstacle | None:
    named = turn.spec.traffic.route if turn.spec else None
    if named is None:
        return None
    route, candidate_service = turn.observation.route, turn.observation.candidate_service
    if route is None:
        return Reason.ROUTE_UNUSABLE, f"{named} does not exist; create it, or correct {named.field}."
    problem = None if isinstance(route, Unknown) else route.problem
    if problem is not None:
        return (Reason.NOT_OBSERVED, problem.message) if isinstance(problem, Unknown) else (Reason.ROUTE_UNUSABLE, problem)
    if candidate_service is not None and not isinstance(candidate_service, Unknown) and not candidate_service.ours:
        return Reason.ROUTE_UNUSABLE, (
            f"Service {candidate_service.name} exists and is not ours; rename it, its name is needed for the candidate."
        )
    return None


def _mirror(turn: Turn) -> Obstacle | None:
    """Auto takes another way where nothing can be mirrored."""
    spec, wheel = turn.spec, turn.status.wheel
    if spec is None or spec.strategy.type is not StrategyType.SHADOW or kind(turn) is not Kind.RELEASE:
        return None
    if wheel is not None and wheel.ref != spec.traffic.route:
        return Reason.NOT_OBSERVED, "Another route is named now; it is looked at once the Deployment is given back."
    problem = mirroring.problem(spec, turn.observation.route)
    return None if problem is None else (Reason.ROUTE_UNUSABLE, problem)


def _gates(turn: Turn) -> Obstacle | None:
    problems = turn.observation.gate_problems
    if problems:
        name, message = sorted(problems.items())[0]
        return Reason.GATE_UNUSABLE, f"spec.gates[{name}]: {message}"
    return None


def _goes_back(turn: Turn) -> bool:
    """The way back is never frozen, and switches no flag on."""
    restoring = turn.status.restoring
    return restoring is not None and turn.workload is not None and restoring.digest == turn.workload.template.digest


def _flags(turn: Turn) -> Obstacle | None:
    problem = None if _goes_back(turn) else flags.obstacle(turn)
    if isinstance(problem, Unknown):
        return Reason.NOT_OBSERVED, problem.message
    return None if problem is None else (Reason.FLAG_UNUSABLE, problem)


def _migrations(turn: Turn) -> Obstacle | None:
    """Restarts and rollbacks carry none out."""
    problem = migrations.obstacle(turn) if kind(turn) is Kind.RELEASE else None
    return None if problem is None else (Reason.MIGRATION_UNUSABLE, problem)


def _required(turn: Turn) -> Obstacle | None:
    """Restarts and rollbacks are not reviewed, so nothing is asked of them."""
    if turn.exempt or not turn.observation.required or kind(turn) is not Kind.RELEASE:
        return None
    review = examine(subject(turn))[1]
    for each in turn.observation.required:
        if wanting := unmet(each.requirement, review):
            return Reason.REQUIREMENT_UNMET, (
                f"Requirement {each.requirement.name} of ReleasePolicy {each.policy} is not met by this change, whose risk is "
                f"{review.risk}: {'; '.join(wanting)}. Mend it in the Release or the template; rollbacks are free."
            )
    return None


def kind(turn: Turn) -> Kind:
    """What the Deployment's template starts: the way back, a restart of stable's, or something new."""
    if _goes_back(turn):
        return Kind.ROLLBACK
    stable, workload = turn.stable, turn.workload
    restarts = stable is not None and workload is not None and stable.template.restartless == workload.template.restartless
    return Kind.RESTART if restarts else Kind.RELEASE


def _frozen(turn: Turn) -> Obstacle | None:
    frozen = turn.observation.frozen
    if frozen is None or turn.exempt or _goes_back(turn):
        return None
    if isinstance(frozen, Unknown):
        return Reason.NOT_OBSERVED, frozen.message
    why = f": {frozen.reason.rstrip('.')}" if frozen.reason else ""
    freeze = f"Freeze {frozen.freeze} of ReleasePolicy {frozen.policy} is in force"
    if frozen.until == FOREVER:
        return Reason.FROZEN, (
            f"{freeze} and has no end within a year, as it begins again before it is over{why}. The change stays held: whoever "
            "runs the policy has to shorten the freeze's duration, or let its rule end; rollbacks are free."
        )
    return Reason.FROZEN, (
        f"{freeze} until {frozen.until:%Y-%m-%d %H:%M} UTC{why}. "
        "The change stays held, and goes out by itself then; rollbacks are free."
    )


def train_awaited(turn: Turn) -> TrainAwaited | None:
    """The train that the Deployment's template waits for, whatever else is in the way: kept, so that its end starts nothing."""
    queued, workload = turn.observation.queued, turn.workload
    if isinstance(queued, Unknown) or workload is None:
        return turn.status.train
    if queued is None or not queued.train or kind(turn) is not Kind.RELEASE:
        return None
    return TrainAwaited(name=queued.train, digest=workload.template.digest, generation=workload.generation)


def _queued(turn: Turn) -> Obstacle | None:
    queued = turn.observation.queued
    if queued is None or kind(turn) is not Kind.RELEASE:
        return None
    if turn.exempt and not isinstance(queued, Unknown) and queued.reason is Reason.QUEUED:
        return None
    return (Reason.NOT_OBSERVED if isinstance(queued, Unknown) else queued.reason), queued.message


_LOOKS = (
    _unseen,  # nothing may be decided on what was not seen
    _hold,  # or a further change would go out ungated
    _history,
    _recreate,
    _stable_lost,
    _services,
    _route,
    _mirror,
    _gates,
    _flags,
    _migrations,
    _required,
    _frozen,  # what else is in the way can be mended meanwhile
    _queued,  # last: who cannot start takes nobody's place, and is in no train ready to go
)
