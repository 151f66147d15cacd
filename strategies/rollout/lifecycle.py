"""The checks about the Release and its Deployment: does it exist, is it ours, are its changes held.

Their order is in strategies.rollout.checks.
"""

from strategies.analysis.verdict import Unknown
from strategies.rollout import flags
from strategies.rollout.moves import end_trial, overridden, to, undo, unless_said
from strategies.rollout.order import Pending
from strategies.rollout.turn import Turn
from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Outcome, Revision, Status, Template
from strategies.world.observation import Glass


def release_deleted(turn: Turn, _: Pending) -> Status | None:
    """A deleted Release takes its trial back first."""
    if turn.observation.deleting and turn.moving:
        return undo(
            turn,
            Outcome.DELETED,
            Reason.RELEASE_DELETED,
            "The Release is being deleted, or the coordinator uninstalled: traffic returns to stable.",
        )
    return None


def workload_missing(turn: Turn, _: Pending) -> Status | None:
    """Without a Deployment nothing but our traces is left to care for."""
    if turn.observation.workload is not None or turn.phase is Phase.WORKLOAD_MISSING:
        return None
    name = turn.spec.workload_ref.name if turn.spec else "?"
    message = f"Deployment {name} does not exist; create it, or delete this Release."
    ended = end_trial(turn, Outcome.WORKLOAD_GONE, "The Deployment was deleted.") if turn.trial else {}
    return to(turn, Phase.WORKLOAD_MISSING, Reason.WORKLOAD_NOT_FOUND, message, **ended, retiring=None, restoring=None)


def workload_recreated(turn: Turn, _: Pending) -> Status | None:
    """A Deployment of the same name with another uid is another one. Restored from a backup, it may hold what no gate let out."""
    workload, known = turn.workload, turn.status.workload_uid
    if workload is None or known is None or workload.uid == known:
        return None
    ended = end_trial(turn, Outcome.WORKLOAD_GONE, "The Deployment was deleted and made anew.") if turn.trial else {}
    restoring = _known_good(turn) if workload.held else None
    message = (
        f"Deployment {workload.name} was restored with a template that it holds, and without pods: the one that users had is "
        "written back. Apply the newer one again to release it."
    )
    return to(turn, Phase.INITIALIZING, Reason.WORKLOAD_RECREATED, message if restoring else "", **ended, workload_uid=None,
              stable=None, retiring=None, restoring=restoring, rejected=())  # fmt: skip


def _known_good(turn: Turn) -> Template | None:
    """What users had, as far as it was kept and is not what the Deployment has."""
    stable, kept, workload = turn.status.stable, turn.observation.kept, turn.workload
    if stable is None or workload is None or isinstance(kept, Unknown) or stable.digest == workload.template.digest:
        return None
    found = next((k for k in kept if k.hash == stable.hash), None)
    return Template(digest=found.digest, generation=0, hash=found.hash, version=found.version) if found else None


def left(turn: Turn, _: Pending) -> Status | None:
    """Our label is off because we are leaving: nothing is stable for us any more."""
    if not turn.observation.deleting or turn.trial is not None or turn.workload is None or turn.status.stable is None:
        return None
    if turn.workload.claimed_by == turn.observation.name:
        return None
    return to(turn, Phase.INITIALIZING, Reason.RELEASE_DELETED, stable=None, retiring=None, wheel=None)


def glass_broken(turn: Turn, _: Pending) -> Status | None:
    """Whoever takes our label off gets the Deployment, and keeps it until the label is back."""
    workload, broken = turn.workload, turn.status.reason is Reason.BREAK_GLASS
    if workload is None or turn.observation.deleting:
        return None
    if broken and workload.claimed_by == turn.observation.name:
        return to(turn, Phase.INITIALIZING, Reason.NEW, "The Deployment is in the Release's hands again.", wheel=None)
    if broken or workload.claimed_by == turn.observation.name or turn.status.stable is None:
        return None
    glass = workload.glass or Glass(author="", reason="")
    who, why = glass.author or "Somebody", glass.reason or "no reason was given"
    taken = f"{who} took Deployment {workload.name} out of our hands"
    ended = end_trial(turn, Outcome.WORKLOAD_GONE, f"{taken}: {why}") if turn.trial else {}
    message = (
        f"{who} took the label off Deployment {workload.name} (break-glass): {why.rstrip('.')}. The same group may put it "
        f"back to go on: `kubectl label deployment {workload.name} release-coordinator.io/release={turn.observation.name}`."
    )
    kept = overridden(turn, Reason.BREAK_GLASS, f"{taken}.", author=glass.author, because=glass.reason)
    return to(turn, Phase.BLOCKED, Reason.BREAK_GLASS, message, **ended, **kept, stable=None, retiring=None, restoring=None)


def traces_gone(turn: Turn, pending: Pending) -> Status | None:
    """Of a trial that is over nothing is left to put back; what the next one is to restore is its own."""
    left = turn.status.wheel is not None or flags.leaving(turn.status.flags)
    if not left or turn.trial is not None or turn.status.retiring is not None or not pending.settled:
        return None
    return turn.status.model_copy(update={"wheel": None, "flags": flags.staying(turn.status.flags)})


def spec_invalid(turn: Turn, _: Pending) -> Status | None:
    """A spec that cannot be carried out starts nothing."""
    error = turn.observation.spec_error
    if error is None and turn.phase is Phase.INVALID:
        resting = Phase.HEALTHY if turn.status.stable else Phase.INITIALIZING
        return to(turn, resting, Reason.AT_REST)
    if error is None or turn.trial is not None or (turn.phase is Phase.INVALID and turn.status.message == error[:1024]):
        return None
    return to(turn, Phase.INVALID, Reason.SPEC_INVALID, error)


def initializing(turn: Turn, _: Pending) -> Status | None:
    """The revision that users have is recorded once Kubernetes' own rollout is over and changes are held."""
    workload = turn.workload
    if turn.status.stable is not None or workload is None or turn.spec is None:
        return None
    if turn.status.reason is Reason.BREAK_GLASS or turn.status.wheel is not None or turn.observation.deleting:
        return None
    if workload.claimed_by not in (None, turn.observation.name):
        message = f"Deployment {workload.name} belongs to Release {workload.claimed_by}; delete one of the two."
        return unless_said(turn, Phase.BLOCKED, Reason.WORKLOAD_TAKEN, message)
    if workload.paused and not workload.held:
        message = f"Deployment {workload.name} is paused; `kubectl rollout resume deployment/{workload.name}` lets us start."
        return unless_said(turn, Phase.INITIALIZING, Reason.PAUSED_BY_USER, message)
    adopted = _remembered(turn) if workload.held else _adoptable(turn)
    if adopted is None:
        message = f"Kubernetes is rolling out Deployment {workload.name}: {workload.updated} of {workload.replicas} pods are new."
        return unless_said(turn, Phase.INITIALIZING, Reason.NATIVE_ROLLOUT, message)
    if turn.observation.hold is not True:
        hold = turn.observation.hold
        detail = hold.message if isinstance(hold, Unknown) else "a dry-run change was not held; see the chart's policies"
        return unless_said(turn, Phase.INITIALIZING, Reason.HOLD_NOT_ACTIVE, f"Changes are not held yet: {detail}.")
    return to(turn, Phase.HEALTHY, Reason.AT_REST, stable=adopted, workload_uid=workload.uid, restoring=None)


def _adoptable(turn: Turn) -> Revision | None:
    workload = turn.workload
    if workload is None or workload.observed_generation < workload.generation:
        return None
    if not workload.replicas == workload.updated == workload.pods:
        return None
    same = [r for r in turn.replica_sets.values() if r.template.digest == workload.template.digest and not r.deleting]
    same.sort(key=lambda r: (r.replicas > 0, r.created))
    if not same:
        return None
    return Revision(hash=same[-1].hash, replica_set=same[-1].name, digest=workload.template.digest,
                    generation=workload.generation, version=workload.template.version)  # fmt: skip


def _remembered(turn: Turn) -> Revision | None:
    """Stable of a held Deployment whose status was lost: the only revision with pods, or the one that was kept last.

    A template is kept when a trial against it begins, so the last kept one is what users had.
    """
    assert turn.workload is not None
    active = {r.hash: r for r in turn.replica_sets.values() if r.replicas and not r.deleting}
    kept = turn.observation.kept if isinstance(turn.observation.kept, tuple) else ()
    last_kept = next((active[k.hash] for k in reversed(kept) if k.hash in active), None)
    found = next(iter(active.values())) if len(active) == 1 else last_kept
    if found is None:
        return None
    # Generation 0: whether the Deployment's template is this one, the digest alone may say.
    return Revision(hash=found.hash, replica_set=found.name, digest=found.template.digest, generation=0,
                    version=found.template.version)  # fmt: skip


def policy_missing(turn: Turn, _: Pending) -> Status | None:
    """Without the hold nothing may stay on trial."""
    if turn.observation.hold is not False or not turn.moving:
        return None
    message = "The admission policies are missing or do not work; nothing stays on trial without them. Restore them with helm."
    return undo(turn, Outcome.POLICY_MISSING, Reason.POLICY_MISSING, message)
