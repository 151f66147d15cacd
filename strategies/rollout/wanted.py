"""The wanted world: what a committed status wants of the cluster, given what was seen.

Everything that depends on ready pods is decided here: how much traffic stable can take back, how far a batch may go.
The order in which the difference is made is in strategies.rollout.order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from strategies.analysis.verdict import Unknown
from strategies.rollout.plan import Exposure, PlannedStep
from strategies.rollout.turn import Turn
from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Outcome
from strategies.world.observation import CandidateService, ReplicaSet, Route, Workload


class Mode(StrEnum):
    """Which order the difference is made in. Abandon: the Deployment is gone or taken from us. Alien: another Release has it."""

    TRIAL = "Trial"
    UNDO = "Undo"
    RETIRE = "Retire"
    REST = "Rest"
    ABANDON = "Abandon"
    ALIEN = "Alien"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What should be. `pin` and `candidate_service` are hashes (None: none), `weight` percent (None: as its owner wrote it),
    `mirror` percent of the requests of which the candidate gets a copy.

    `replicas` is wanted now, in the order of the writes, `goal` at the end of the step, both by ReplicaSet name; they differ
    only within a batch.
    """

    mode: Mode
    pin: str | None = None
    candidate_service: str | None = None
    weight: int | None = None
    mirror: int = 0
    replicas: Mapping[str, int] = field(default_factory=dict)
    goal: Mapping[str, int] = field(default_factory=dict)


def mode(turn: Turn) -> Mode:
    """What the committed status is about."""
    if turn.workload is not None and turn.workload.claimed_by not in (None, turn.observation.name):
        return Mode.ALIEN
    if turn.phase is Phase.WORKLOAD_MISSING or turn.status.reason is Reason.BREAK_GLASS:
        return Mode.ABANDON
    if turn.moving:
        return Mode.TRIAL
    if turn.undoing:
        return Mode.UNDO
    return Mode.RETIRE if turn.status.retiring is not None else Mode.REST


def wanted(turn: Turn) -> World:
    """The wanted world."""
    builders = {Mode.TRIAL: _trial, Mode.UNDO: _undo, Mode.RETIRE: _retire}
    present = mode(turn)
    if present in builders and turn.workload is not None:
        return builders[present](turn, turn.workload)
    return World(mode=present)


def carried(turn: Turn, replica_set: ReplicaSet | None) -> int:
    """Pods that a side which may carry traffic should have: spec.replicas, and no decrease while an autoscaler is deceived.

    An HPA averages over all pods of the Deployment, the idle ones of the other side among them.
    """
    replicas = turn.workload.replicas if turn.workload else 0
    if turn.observation.autoscaled and replica_set is not None:
        return max(replicas, replica_set.replicas)
    return replicas


def _trial(turn: Turn, workload: Workload) -> World:
    step, trial, stable = turn.step, turn.trial, turn.status.stable
    assert step is not None and trial is not None and stable is not None
    name = trial.candidate.replica_set
    if step.exchange:
        now, goal = _batch(turn, workload, step)
        return World(mode=Mode.TRIAL, replicas=now, goal=goal)
    candidate = step.candidate
    if step.exposure is Exposure.ALL:
        candidate = carried(turn, turn.candidate)
    replicas = {stable.replica_set: carried(turn, turn.stable), name: candidate}
    # A revision without a ready pod gets no traffic, whatever the step says.
    ready = turn.candidate is not None and turn.candidate.ready > 0
    exposure = step.exposure if ready else Exposure.NONE
    if turn.routed:
        weight = 0 if exposure is Exposure.NONE else step.weight
        return World(mode=Mode.TRIAL, pin=stable.hash, candidate_service=trial.candidate.hash, weight=weight,
                     mirror=step.mirror if ready else 0, replicas=replicas, goal=replicas)  # fmt: skip
    pin = {Exposure.NONE: stable.hash, Exposure.PART: None, Exposure.ALL: trial.candidate.hash}[exposure]
    return World(mode=Mode.TRIAL, pin=pin, replicas=replicas, goal=replicas)


def _batch(turn: Turn, workload: Workload, step: PlannedStep) -> tuple[dict[str, int], dict[str, int]]:
    """Replicas now and at the end of a batch, within maxSurge (for a moment 1, where it is 0) and maxUnavailable.

    Stable keeps one pod until the gates after the last batch have passed. A Deployment of one pod without surge gets a
    surge of one: with no pod of either side there would be nothing to judge.
    """
    assert turn.trial is not None and turn.status.stable is not None
    wanted_pods, total = step.candidate, workload.replicas
    surge = max(workload.max_surge, 1 if total == 1 else 0)
    stable, candidate = turn.stable, turn.candidate
    have = stable.replicas if stable else total
    ready = candidate.available if candidate else 0
    floor = 1 if turn.is_last_step else 0
    stable_goal = max(total - wanted_pods, floor)
    candidate_goal = min(wanted_pods, total + surge - stable_goal)
    alone = candidate is None or candidate.replicas == 0
    shrunk = max(stable_goal, total - workload.max_unavailable - ready)
    # Alone and below spec.replicas, stable would be scaled up again by Kubernetes: the candidate's first pod comes first.
    stable_now = have if alone else max(stable_goal, min(have, shrunk))
    candidate_now = max(min(candidate_goal, total + surge - stable_now), 1 if alone else 0)
    if candidate is not None:
        candidate_now = max(candidate_now, min(candidate.replicas, candidate_goal))
    name, other = turn.trial.candidate.replica_set, turn.status.stable.replica_set
    goal = {name: candidate_goal, other: stable_goal}
    # Growing first, where there is room.
    if have + candidate_now <= total + surge:
        return {name: candidate_now, other: stable_now}, goal
    return {other: stable_now, name: candidate_now}, goal


def _batch_back(turn: Turn, workload: Workload) -> dict[str, int]:
    """Replicas now on the way back from a batch, within maxSurge and maxUnavailable; pods that do not serve go at once."""
    stable, candidate, total = turn.stable, turn.candidate, workload.replicas
    assert turn.trial is not None and turn.status.stable is not None and candidate is not None
    have, ready = (stable.replicas, stable.ready) if stable else (0, 0)
    needed = max(0, total - workload.max_unavailable - ready) if candidate.ready and not overdue(turn) else 0
    keep = min(candidate.replicas, needed)
    room = total + max(workload.max_surge, 1 if total == 1 else 0) - max(keep, candidate.pods)
    return {turn.trial.candidate.replica_set: keep, turn.status.stable.replica_set: max(have, min(total, room))}


def overdue(turn: Turn) -> bool:
    """A deleted Release waits for a stable revision that does not come back, but not for ever."""
    if turn.outcome is not Outcome.DELETED or turn.spec is None or turn.status.since is None:
        return False
    return turn.now >= turn.status.since + turn.spec.progress_deadline


def _undo(turn: Turn, workload: Workload) -> World:
    """Back to stable: as much traffic as it can carry at once, all of it when the candidate has no ready pod."""
    trial, stable = turn.trial, turn.status.stable
    assert trial is not None and stable is not None
    if turn.candidate is None:
        return World(mode=Mode.UNDO)
    total = workload.replicas
    ready = turn.stable.ready if turn.stable else 0
    useless = turn.candidate.ready == 0 or total == 0
    carries_all = useless or ready >= total or overdue(turn)
    # spec.replicas 0: Kubernetes itself takes stable down once the candidate is gone.
    stable_pods = carried(turn, turn.stable) if total else (turn.stable.replicas if turn.stable else 0)
    replicas = {stable.replica_set: stable_pods, trial.candidate.replica_set: 0}
    if turn.step is not None and turn.step.exchange:
        # Pods serve together in batches, so they come back together; nothing is pinned or split.
        return World(mode=Mode.UNDO, replicas=_batch_back(turn, workload), goal=replicas)
    if turn.routed:
        route, other = turn.observation.route, turn.observation.candidate_service
        present = route.weight if isinstance(route, Route) else 0
        weight = 0 if carries_all else min(present, 100 - 100 * ready // total)
        if isinstance(route, Route) and not route.splits:
            # None or all: everybody goes back once stable can carry half of them, or one pod that is lost would keep them.
            weight = 0 if weight <= 50 else present
        # The second lever: where the route cannot be written, the Service behind its share can. Once pulled, it stays so.
        # Not for a mirror: no user sees its answers, and stable would get every request twice.
        pulled = isinstance(other, CandidateService) and other.selects == stable.hash
        stuck = ("SetWeight" in turn.observation.failing or isinstance(route, Unknown)) and not turn.mirrored
        points_to = stable.hash if pulled or stuck else trial.candidate.hash
        return World(mode=Mode.UNDO, pin=stable.hash, candidate_service=points_to, weight=weight, replicas=replicas,
                     goal=replicas)  # fmt: skip
    pin = stable.hash if carries_all else None
    return World(mode=Mode.UNDO, pin=pin, replicas=replicas, goal=replicas)


def _retire(turn: Turn, workload: Workload) -> World:
    """The former revision goes. Once it is gone, everything is as at rest."""
    stable, retiring = turn.status.stable, turn.status.retiring
    assert stable is not None and retiring is not None
    if turn.retiring is None or (turn.retiring.replicas == 0 and turn.retiring.pods == 0):
        return World(mode=Mode.RETIRE)
    count = carried(turn, turn.stable)
    if turn.exchanged and turn.stable is not None:
        room = workload.replicas + workload.max_surge - max(turn.retiring.replicas, turn.retiring.pods)
        count = max(turn.stable.replicas, min(count, room))
    replicas = {retiring.replica_set: 0, stable.replica_set: count}
    return World(mode=Mode.RETIRE, pin=stable.hash, replicas=replicas, goal=replicas)
