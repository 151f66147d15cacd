"""The checks about the record itself: somebody may have edited the status by hand, or restored an old one.

What is written down more than once is put right by the rest; a candidate that nothing names any more is taken back the way that
every trial is. Nothing here guesses: where the cluster does not say what was, the status stays as it is. Their order is in
strategies.rollout.checks.
"""

from strategies.rollout.moves import to
from strategies.rollout.order import Pending
from strategies.rollout.turn import Turn
from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Kind, Outcome, Revision, Status, Step, Trial, Wheel
from strategies.world.observation import ReplicaSet


def misnamed(turn: Turn, _: Pending) -> Status | None:
    """A revision is named by its ReplicaSet, its hash and its template, a Deployment in two places: two of three are right."""
    status, trial, wheel = turn.status, turn.trial, turn.status.wheel
    changes: dict[str, object] = {}
    for field, revision in (("stable", status.stable), ("retiring", status.retiring)):
        if (right := _named(turn, revision)) != revision:
            changes[field] = right
    if trial is not None:
        candidate = _named(turn, trial.candidate)
        if candidate is not None and candidate != trial.candidate:
            changes["trial"] = trial.model_copy(update={"candidate": candidate})
    uid = turn.workload.uid if turn.workload else None
    if wheel is not None and status.workload_uid is not None and wheel.workload_uid == uid != status.workload_uid:
        changes["workload_uid"] = uid
    split = turn.observation.split_route
    if wheel is not None and split is not None and wheel.ref != split:
        changes["wheel"] = wheel.model_copy(update={"route": split.name, "route_kind": split.kind})
    return status.model_copy(update=changes) if changes else None


def _named(turn: Turn, revision: Revision | None) -> Revision | None:
    if revision is None:
        return None
    found = max(turn.replica_sets.values(), key=lambda seen: _alike(seen, revision), default=None)
    if found is None or _alike(found, revision) < 2 or (found.name, found.hash) == (revision.replica_set, revision.hash):
        return revision
    return revision.model_copy(update={"replica_set": found.name, "hash": found.hash})


def _alike(seen: ReplicaSet, revision: Revision) -> int:
    same = (seen.name == revision.replica_set, seen.hash == revision.hash, seen.template.digest == revision.digest)
    return sum(same)


def record_lost(turn: Turn, _: Pending) -> Status | None:
    """While we drive, a ReplicaSet of ours with pods that nothing names was on trial: traffic first, it is taken back."""
    workload, stable = turn.workload, turn.stable
    if workload is None or stable is None or turn.spec is None or not workload.driven or turn.observation.deleting:
        return None
    if turn.trial is not None or turn.status.retiring is not None:
        return None
    strays = [r for r in turn.replica_sets.values() if r.ours and r.replicas and not r.deleting and r.name != stable.name]
    if not strays:
        return None
    stray = max(strays, key=lambda r: (r.ready, r.name))
    candidate = Revision(hash=stray.hash, replica_set=stray.name, digest=stray.template.digest, generation=0,
                         version=stray.template.version)  # fmt: skip
    step = Step(index=0, of=1, name="Traffic", weight=0, entered=turn.now)
    trial = Trial(attempt=turn.status.attempts, kind=Kind.RELEASE, candidate=candidate, step=step, started=turn.now,
                  outcome=Outcome.RECORD_LOST)  # fmt: skip
    route = turn.spec.traffic.route
    wheel = turn.status.wheel or Wheel.of(route, strategy=workload.strategy, workload_uid=workload.uid)
    message = (f"The status was changed by hand and no longer names revision {stray.hash}, which has pods: it is taken back, and "
               "what the Deployment holds starts anew.")  # fmt: skip
    return to(turn, Phase.ROLLING_BACK, Reason.RECORD_LOST, message, trial=trial, wheel=wheel, paused=False)
