"""The stages about the Release, its Deployment and its ReplicaSets: the wheel, the candidate, sizes, and what is shown of them.

Where each stands among the others is decided in strategies.rollout.order.
"""

from strategies.analysis.verdict import Unknown
from strategies.rollout.stage import Wait
from strategies.rollout.turn import Turn
from strategies.rollout.wanted import World
from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.world.effects import (
    AddFinalizer,
    Claim,
    ClearRejection,
    CreateReplicaSet,
    DeleteReplicaSet,
    Effect,
    Forget,
    GiveBack,
    Keep,
    RemoveFinalizer,
    Scale,
    SetReplicas,
    ShowRejection,
    TakeWheel,
    Unclaim,
    Unmark,
    WriteTemplate,
)
from strategies.world.observation import ReplicaSet

KEPT = 5
"""Templates kept for a rollback."""


def finalizer(turn: Turn, _: World) -> list[Effect] | Wait:
    """A deletion from here on leaves something to undo."""
    missing = not turn.observation.finalizer and not turn.observation.deleting
    return [AddFinalizer()] if missing else []


def claim(turn: Turn, _: World) -> list[Effect] | Wait:
    """The label goes on when there is a revision to protect and nothing of Kubernetes' own is under way."""
    workload = turn.workload
    if workload is None or workload.claimed_by is not None or turn.observation.deleting:
        return []
    return [Claim()] if turn.status.reason is Reason.HOLD_NOT_ACTIVE else []


def no_finalizer(turn: Turn, _: World) -> list[Effect] | Wait:
    """Nothing is left to undo."""
    return [RemoveFinalizer()] if turn.observation.finalizer else []


def sweep(turn: Turn, _: World) -> list[Effect] | Wait:
    """ReplicaSets that Kubernetes would take for its own, and forgotten ones of ours, are gone."""
    if turn.candidate is not None or turn.workload is None or turn.stable is None:
        return []
    digest, born = turn.workload.template.digest, turn.stable.created
    doomed = [
        r for r in turn.replica_sets.values()
        if r.name != turn.stable.name
        and ((r.ours and r.replicas > 0) or (r.replicas == 0 and (r.template.digest == digest or r.created > born)))
    ]  # fmt: skip
    fresh: list[Effect] = [DeleteReplicaSet(name=r.name, uid=r.uid) for r in doomed if not r.deleting]
    if not fresh and doomed:
        return Wait(message=f"ReplicaSet {doomed[0].name} is being deleted.")
    return fresh


def swept(turn: Turn, world: World) -> list[Effect] | Wait:
    """The same for a template that is held without a trial: somebody may scale the Deployment to 0, and up again."""
    workload = turn.workload
    if workload is None or not workload.held or turn.observation.deleting or turn.holds_template_of(turn.status.stable):
        return []
    return sweep(turn, world)


def strays(turn: Turn, _: World) -> list[Effect] | Wait:
    """While we drive, a ReplicaSet of ours with pods that the status does not name is nobody's."""
    named = {r.replica_set for r in (turn.status.stable, turn.status.retiring) if r is not None}
    named |= {turn.trial.candidate.replica_set} if turn.trial is not None else set()
    if turn.workload is None or not turn.workload.driven:
        return []
    if turn.status.stable is None and _active(turn) and not turn.observation.deleting:
        lost = "Which revision users have is not known: the status was lost. Delete the Release to take things over by hand."
        return Wait(message=lost)
    doomed = [r for r in _active(turn) if r.ours and r.name not in named]
    fresh: list[Effect] = [DeleteReplicaSet(name=r.name, uid=r.uid) for r in doomed if not r.deleting]
    if not fresh and doomed:
        return Wait(message=f"ReplicaSet {doomed[0].name} is being deleted.")
    return fresh


def _active(turn: Turn) -> list[ReplicaSet]:
    return [r for r in turn.replica_sets.values() if r.replicas or r.pods]


def keep(turn: Turn, _: World) -> list[Effect] | Wait:
    """The way back survives Kubernetes' own clean-up of history."""
    stable, kept = turn.status.stable, turn.observation.kept
    if stable is None or isinstance(kept, Unknown) or turn.stable is None:
        return []
    if all(k.hash != stable.hash for k in kept):
        return [Keep(replica_set=stable.replica_set, hash=stable.hash, version=stable.version)]
    return [Forget(kept=k.name) for k in kept[:-KEPT] if k.hash != stable.hash]


def wheel(turn: Turn, _: World) -> list[Effect] | Wait:
    """The native controller stands still."""
    workload = turn.workload
    if workload is None or workload.driven:
        return []
    if not workload.paused:
        return Wait(message="The Deployment is not paused, so Kubernetes itself would act; the hold is missing.")
    return [TakeWheel(strategy=workload.strategy)]


def marks(turn: Turn, _: World) -> list[Effect] | Wait:
    """While we drive, no active ReplicaSet carries desired-replicas, or Kubernetes takes the others to 0."""
    if turn.workload is None or not turn.workload.driven:
        return []
    active = [r for r in turn.replica_sets.values() if r.saturation_mark and r.replicas > 0]
    return [Unmark(replica_set=r.name, uid=r.uid) for r in active]


def create(turn: Turn, _: World) -> list[Effect] | Wait:
    """The candidate's ReplicaSet exists, with no pods yet."""
    trial, workload = turn.trial, turn.workload
    if trial is None or workload is None or turn.candidate is not None:
        return []
    return [CreateReplicaSet(name=trial.candidate.replica_set, hash=trial.candidate.hash, generation=workload.generation)]


def scale(turn: Turn, world: World) -> list[Effect] | Wait:
    """Both sides as wanted, in the wanted world's order: growing first, unless a batch without surge needs the room."""
    changes: list[Effect] = []
    for name, count in world.replicas.items():
        seen = turn.replica_sets.get(name)
        if seen is not None and seen.replicas != count:
            changes.append(Scale(replica_set=name, uid=seen.uid, old=seen.replicas, new=count))
    return changes


def capacity(turn: Turn, world: World) -> list[Effect] | Wait:
    """The way back at full size; traffic does not wait for it."""
    stable = turn.stable
    if stable is None or (count := world.replicas.get(stable.name, 0)) <= stable.replicas:
        return []
    return [Scale(replica_set=stable.name, uid=stable.uid, old=stable.replicas, new=count)]


def ready(turn: Turn, world: World) -> list[Effect] | Wait:
    """The candidate's pods are there before it gets traffic; a batch has come to its end."""
    candidate = turn.candidate
    if candidate is None:
        return Wait(message="The candidate's ReplicaSet is not there yet.")
    need = world.goal.get(candidate.name, 0)
    if candidate.available < need or not candidate.current:
        return Wait(message=f"{candidate.available} of {need} pods of {candidate.name} are ready.")
    for name, count in world.goal.items():
        seen = turn.replica_sets.get(name)
        if seen is not None and (seen.replicas != count or seen.pods > count):
            return Wait(message=f"{name} is on its way from {seen.pods} to {count} pods.")
    return []


def hand_over(turn: Turn, _: World) -> list[Effect] | Wait:
    """Before a side is removed, an autoscaler's pent-up decreases are taken back."""
    workload, staying = turn.workload, turn.stable
    if not turn.observation.autoscaled or workload is None or staying is None or workload.replicas == 0:
        return []
    return [SetReplicas(replicas=staying.replicas)] if staying.replicas > workload.replicas else []


def shrink(turn: Turn, world: World) -> list[Effect] | Wait:
    """The revision that goes is scaled to 0 and seen without pods: deleting alone leaves its endpoints ready."""
    leaving = turn.candidate if turn.undoing else turn.retiring
    if leaving is None:
        return []
    changes = scale(turn, world)
    if changes:
        return changes
    if leaving.pods > 0 or not leaving.current:
        return Wait(message=f"{leaving.pods} pods of {leaving.name} are still there.")
    return []


def delete(turn: Turn, _: World) -> list[Effect] | Wait:
    """The candidate's ReplicaSet is gone."""
    candidate = turn.candidate
    if candidate is None:
        return []
    if candidate.deleting:
        return Wait(message=f"ReplicaSet {candidate.name} is being deleted.")
    return [DeleteReplicaSet(name=candidate.name, uid=candidate.uid)]


def wheel_back(turn: Turn, _: World) -> list[Effect] | Wait:
    """Kubernetes runs the Deployment again; a template that is not stable's stays held."""
    workload = turn.workload
    if workload is None:
        return []
    taken = turn.status.wheel
    strategy = taken.strategy if taken is not None and taken.workload_uid == workload.uid else None
    # Without a stable revision only a Deployment without pods may run on, with what users had where that is known.
    restoring = turn.status.restoring
    restored = restoring is None or restoring.digest == workload.template.digest
    stable_again = turn.holds_template_of(turn.status.stable) if turn.status.stable else restored and not _active(turn)
    if turn.observation.deleting:
        mine = workload.claimed_by == turn.observation.name
        return [Unclaim(strategy=strategy, resume=stable_again)] if mine else []
    resume = stable_again and workload.held
    if workload.driven or resume:
        return [GiveBack(strategy=strategy, generation=workload.generation, resume=resume)]
    return []


def template(turn: Turn, world: World) -> list[Effect] | Wait:
    """An earlier template is written back, when a person or the spec asks for it."""
    restoring, workload, kept = turn.status.restoring, turn.workload, turn.observation.kept
    if restoring is None or workload is None or workload.template.digest == restoring.digest:
        return []
    if isinstance(kept, Unknown):
        return Wait(message=kept.message)
    found = next((k for k in kept if k.hash == restoring.hash), None)
    return [WriteTemplate(kept=found.name, generation=workload.generation)] if found else keep(turn, world)


def shown(turn: Turn, _: World) -> list[Effect] | Wait:
    """`kubectl rollout status` fails for a rejected template, and for nothing else."""
    workload = turn.workload
    if workload is None or turn.observation.deleting:
        return []
    should = turn.phase is Phase.ROLLED_BACK and workload.paused
    if should and not workload.failure_shown:
        return [ShowRejection(message=f"Release {turn.observation.name}: {turn.status.message}"[:1024])]
    return [ClearRejection()] if workload.failure_shown and not should and workload.paused else []
