"""The invariants of the design that one look at the world can tell, each under its name.

Checked after every write. `before` is what was seen right before it; what a person changed in between is not ours.
"""

from typing import TYPE_CHECKING

from strategies.analysis.verdict import Unknown, Verdict
from strategies.rollout import gates
from strategies.rollout.plan import Exposure
from strategies.rollout.turn import Turn
from strategies.rollout.wanted import carried
from strategies.spec.status import Kind, Status
from strategies.world import effects as e
from strategies.world.observation import CandidateService, FlagSeen, Observation, Route

if TYPE_CHECKING:
    from tests.rollout.world import World


def after_write(world: "World", before: Observation, effect: e.Effect) -> None:
    """Everything that must hold after a write of ours."""
    then, turn = _turn(world, before), _turn(world, world.look())
    s1_capacity(then, turn)
    s2_traffic(then, turn, effect)
    s4_sticky(then, turn, effect)
    s5_driving(then, effect)
    s5_state(turn)
    s6_retention(turn)
    s2_flags(world, then, turn, effect)
    s2_mirror(world, turn, effect)


def after_kubernetes(world: "World", before: Observation) -> None:
    """Everything that must hold after Kubernetes has acted on what we left."""
    then, turn = _turn(world, before), _turn(world, world.look())
    s1_capacity(then, turn)
    s2_exposure(turn)
    s5_state(turn)
    s6_retention(turn)


def s1_capacity(then: Turn, turn: Turn) -> None:
    """Stable is never scaled below spec.replicas until the bake has passed; in batches, below what maxUnavailable leaves."""
    trial, workload, before, after = turn.trial, turn.workload, then.stable, turn.stable
    if trial is None or trial.kind is Kind.UNPROTECTED or workload is None or before is None or not workload.replicas:
        return
    assert after is not None, "S1: stable's ReplicaSet is gone"
    fewer = after.replicas < before.replicas
    if turn.step is None or not turn.step.exchange:
        assert not fewer or after.replicas >= workload.replicas, "S1: stable was shrunk before the bake has passed"
        return
    ready = turn.candidate.available if turn.candidate else 0
    assert not fewer or after.replicas >= 1, "S1: a batch took the last pod of stable"
    left = after.replicas + ready
    assert not fewer or left >= workload.replicas - workload.max_unavailable, f"S1: a batch left {left} pods"
    grown = turn.candidate is not None and then.candidate is not None and turn.candidate.replicas > then.candidate.replicas
    # The first pod comes before one of stable's goes: stable alone would be scaled up again by Kubernetes.
    first = then.candidate is not None and then.candidate.replicas == 0
    surge = workload.replicas + max(workload.max_surge, 1 if first or workload.replicas == 1 else 0)
    pods = after.replicas + (turn.candidate.replicas if turn.candidate else 0)
    assert not (grown and turn.moving) or pods <= surge, f"S1: a batch made {pods} pods, {surge} are allowed"


def s2_traffic(then: Turn, turn: Turn, effect: e.Effect) -> None:
    """Weights rise only to the step's, to a candidate with ready pods; the owner's form returns with one revision left."""
    s2_exposure(turn)
    if isinstance(effect, e.SetWeight) and effect.weight and effect.weight > _weight(then):
        assert turn.moving and turn.step is not None, "S2: a weight rose although nothing goes forward"
        assert effect.weight <= turn.step.weight, "S2: the weight is above the step's"
        assert turn.candidate is not None and turn.candidate.ready >= turn.step.candidate, "S2: traffic before capacity"
    if isinstance(effect, e.SetWeight) and effect.mirror:
        wanted = turn.step.mirror if turn.moving and turn.step is not None else 0
        assert effect.mirror <= wanted, "S2: more is mirrored than the step says"
        assert not effect.weight, "S2: users have a share of what is mirrored"
    if isinstance(effect, e.SetWeight):
        s2_backend(then.observation.route, effect)
    if (
        isinstance(effect, e.SetWeight)
        and not effect.weight
        and _weight(then)
        and turn.status.stable is not None
        and turn.workload
    ):
        (service,) = turn.observation.services  # type: ignore[misc]
        others = [h for h, n in service.endpoints.items() if n and h != turn.status.stable.hash]
        assert not others, f"S2: the route went back to a Service that still finds {others}"
    if isinstance(effect, e.RemoveCandidateService) and turn.observation.route is not None:
        assert getattr(turn.observation.route, "as_owned", True), "S2: the route still names the candidate's Service"
    if isinstance(effect, e.Scale) and turn.moving and effect.replica_set == getattr(turn.candidate, "name", None):
        assert turn.step is not None
        most = carried(turn, turn.candidate) if turn.step.weight == 100 else turn.step.candidate
        assert effect.new <= max(most, 1), "S2: more candidate pods than the step's share"
    if isinstance(effect, e.Scale) and effect.new == 0 and turn.undoing and turn.routed:
        assert _diverted(turn) or _weight(turn) == 0 or not turn.candidate or not turn.candidate.ready, "S2: pods went first"


def s2_backend(route: Route | Unknown | None, effect: e.SetWeight) -> None:
    """A backend enters a route and leaves it without a share; it gets one on a form that the gateway has accepted."""
    if not isinstance(route, Route) or not route.splits:
        return
    assert not effect.weight or not route.as_owned, "S2: a backend came in with its share"
    assert not effect.weight or effect.weight <= route.weight or route.accepted, "S2: a share rose before the gateway knew of it"
    assert effect.weight is not None or not route.weight, "S2: a backend went out with its share"


def s2_flags(world: "World", then: Turn, turn: Turn, effect: e.Effect) -> None:
    """A flag is on only with its share of a candidate that goes forward, and off before anything else of a way back."""
    for each in turn.status.flags:
        seen = turn.observation.flags[each.place]
        is_on = isinstance(seen, FlagSeen) and seen.variant == each.on
        if isinstance(effect, e.FlagOn) and effect.place == each.place:
            assert turn.moving and turn.step is not None and turn.step.weight >= each.weight, "S2: a flag is on before its share"
            assert not turn.routed or _weight(then) == turn.step.weight, "S2: a flag is on before the traffic is there"
        first = isinstance(effect, e.FlagOff | e.RemoveRequest) or f"FlagOff {each.flag}" in world.failing
        assert not (is_on and each.state == "Off") or first, f"S2: {effect.kind()} came before a flag was off"


def s2_mirror(world: "World", turn: Turn, effect: e.Effect) -> None:
    """On a way back the mirror goes before all else but flags, unless the route cannot be written."""
    first = isinstance(effect, e.FlagOff | e.RemoveRequest | e.Unmark | e.SetWeight) or "SetWeight" in world.failing
    mirrors = getattr(turn.observation.route, "mirror", 0)
    assert turn.moving or not mirrors or first, f"S2: {effect.kind()} came before the mirror was off"


def s2_exposure(turn: Turn) -> None:
    """No Service has the candidate's endpoints before its step says so, nor those of a revision that is in no trial."""
    if turn.trial is None or not turn.moving or turn.step is None:
        return
    exposed = turn.step.exposure is not Exposure.NONE and (turn.step.exchange or not turn.routed)
    exposed |= turn.back_until is not None and not turn.routed  # Users of a rehearsal are on their way back.
    for service in turn.observation.services:  # type: ignore[union-attr]
        count = service.endpoints.get(turn.trial.candidate.hash, 0)
        assert exposed or not count, f"S2: Service {service.name} has {count} endpoints of the candidate"


def gate(world: "World", old: Status, new: Status) -> None:
    """S3: no step is left without a Pass of every gate that it asks, or a person's word."""
    if old.trial is None or old.trial.outcome is not None or old.stable is None:
        return
    completed = new.trial is None and new.retiring is not None and old.retiring is None
    same = new.trial is not None and (new.trial.attempt, new.trial.kind) == (old.trial.attempt, old.trial.kind)
    stepped = same and new.trial is not None and new.trial.step.index > old.trial.step.index
    manual = any(a.done and a.key == "promote" for a in set(new.requests) - set(old.requests))
    if not (completed or stepped) or manual:
        return
    turn = Turn(spec=world.spec, status=old, observation=world.look(), now=world.now)
    folded = {x.name: x for x in gates.fold(turn)}
    for asked in gates.active(turn):
        evidence = folded[asked.name]
        assert evidence.verdict is Verdict.PASS, f"S3: {asked.name} had not passed"
        assert evidence.at is not None and old.trial.step.since is not None, f"S3: {asked.name} was never asked in this step"
        assert evidence.at > old.trial.step.since, f"S3: {asked.name} passed on evidence from before the step"


def s4_sticky(then: Turn, turn: Turn, effect: e.Effect) -> None:
    """What is taken back, or was rejected, only loses: weight, pods, existence."""
    if isinstance(effect, e.CreateReplicaSet):
        assert not turn.rejected, "S4: a rejected template got a ReplicaSet"
    if not turn.undoing or turn.trial is None:
        return
    assert _weight(turn) <= _weight(then), "S4: the weight of a failed candidate rose"
    if isinstance(effect, e.Scale) and effect.replica_set == turn.trial.candidate.replica_set:
        assert effect.new <= effect.old, "S4: a failed candidate got pods"


def s5_driving(then: Turn, effect: e.Effect) -> None:
    """We scale only what we drive, and only what is this Deployment's."""
    if isinstance(effect, e.Scale | e.CreateReplicaSet):
        assert then.workload is not None and then.workload.paused, "S5: a ReplicaSet was written while Kubernetes acts"
        assert then.workload.driven, "S5: a ReplicaSet was written without the wheel"


def s5_state(turn: Turn) -> None:
    """Two active ReplicaSets only while driven and unmarked; pins only while held; no ReplicaSet of ours without a trial."""
    workload = turn.workload
    if workload is None or workload.claimed_by != turn.observation.name or turn.status.stable is None:
        return
    active = [r for r in turn.replica_sets.values() if r.replicas]
    assert not workload.driven or workload.paused, "S5: Recreate and unpaused"
    if len(active) > 1 and workload.paused:
        assert workload.driven, "S5: two active ReplicaSets, and nobody drives"
        holds = [r.name for r in active if r.saturation_mark and r.template.digest == workload.template.digest]
        assert not holds or len(active) < 2, f"S5: {holds} carries desired-replicas"
    pinned = [s.name for s in turn.observation.services if s.pin]  # type: ignore[union-attr]
    assert not pinned or workload.paused, f"S5: {pinned} pinned, and nothing is held"
    named = {r.replica_set for r in (turn.status.stable, turn.status.retiring) if r}
    named |= {turn.trial.candidate.replica_set} if turn.trial else set()
    stray = [r.name for r in active if r.ours and r.name not in named]
    assert not stray, f"S5: {stray} run, and no commit names them"


def s6_retention(turn: Turn) -> None:
    """What we would return to is there, and its template is kept, as long as a candidate exists."""
    if turn.candidate is None or turn.trial is None or turn.trial.kind is Kind.UNPROTECTED or turn.status.stable is None:
        return
    assert turn.stable is not None and not turn.stable.deleting, "S6: stable's ReplicaSet is gone"
    kept = turn.observation.kept
    assert isinstance(kept, tuple) and any(k.hash == turn.status.stable.hash for k in kept), "S6: stable's template is not kept"


def _turn(world: "World", observation: Observation) -> Turn:
    return Turn(spec=world.spec, status=world.status, observation=observation, now=world.now)


def _weight(turn: Turn) -> int:
    return getattr(turn.observation.route, "weight", 0)


def _diverted(turn: Turn) -> bool:
    """Whether the Service behind the candidate's share finds stable's pods and no other."""
    seen, stable = turn.observation.candidate_service, turn.status.stable
    if not isinstance(seen, CandidateService) or stable is None:
        return False
    return seen.selects == stable.hash and not [h for h, count in seen.endpoints.items() if count and h != stable.hash]
