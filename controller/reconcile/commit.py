"""The commit: one JSON Patch of the status that fails if anybody else has committed since.

Never test the resourceVersion: edits of annotations would starve the commit.
"""

from typing import Any, TypeVar

from pydantic import ValidationError

from controller.kube import paths
from controller.kube.client import JSON_PATCH, Client
from controller.reconcile.fencing import is_same
from controller.workloads.deployment import Patch
from strategies.analysis.verdict import Verdict
from strategies.spec.status import LAST, Status
from strategies.spec.train_status import TrainStatus

Object = dict[str, Any]
Committed = TypeVar("Committed", Status, TrainStatus)
_UNCOUNTED: Any = {"replicas": None, "ready": None}


def read(release: Object) -> tuple[Status, bool]:
    """The committed status, and whether it is as we wrote it. A field that a hand has broken counts as not there, and what
    cannot be true as a whole, too: it is looked at anew.
    """
    raw = release.get("status") or {}
    found = _readable(Status, raw)
    sound = _sound(found)
    return sound, sound == found and ("turn" in raw or not raw) and len(found.model_fields_set) == len(raw)


def read_train(train: Object) -> tuple[TrainStatus, bool]:
    """The same of a train."""
    raw = train.get("status") or {}
    found = _readable(TrainStatus, raw)
    return found, ("turn" in raw or not raw) and len(found.model_fields_set) == len(raw)


def _readable(model: type[Committed], raw: Object) -> Committed:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        broken = {each["loc"][0] for each in error.errors(include_url=False)}
        return model.model_validate({name: value for name, value in raw.items() if name not in broken})


def _sound(status: Status) -> Status:
    """Nothing is on trial, retired or driven but beside a stable revision, which is another one."""
    stable, trial, retiring = status.stable, status.trial, status.retiring
    if stable is None:
        changes = {"trial": None, "review": None, "retiring": None, "wheel": None} if trial or retiring or status.review else {}
        return status.model_copy(update=changes) if changes else status
    changes = {"review": None} if status.review is not None and trial is None else {}
    if trial is not None and trial.candidate.replica_set == stable.replica_set:
        changes |= {"trial": None, "review": None}
    if retiring is not None and retiring.replica_set == stable.replica_set:
        changes["retiring"] = None
    return status.model_copy(update=changes) if changes else status


def dump(status: Status | TrainStatus) -> Object:
    """The status as the resource carries it."""
    return status.model_dump(mode="json", by_alias=True, exclude_none=True)


def decided(status: Status) -> Status:
    """The part of a status that decisions rest on; without the rest, which is for display."""
    stable, trial = status.stable, status.trial
    if trial is not None:
        candidate, step = trial.candidate.model_copy(update=_UNCOUNTED), trial.step.model_copy(update={"observed_weight": None})
        trial = trial.model_copy(update={"gates": (), "candidate": candidate, "step": step})
    stable = stable.model_copy(update=_UNCOUNTED) if stable else None
    review = status.review.model_copy(update={"foreseen": (), "checklist": ()}) if status.review else None
    display: Object = {"turn": 0, "observed_generation": 0, "conditions": (), "message": ""}
    return status.model_copy(update={**display, "stable": stable, "trial": trial, "review": review})


def news(status: Status) -> object:
    """What of the display should be seen soon: that a spec was taken in, the sentence of the phase, what gates ask and their
    verdicts, why one cannot tell, conditions; not the numbers of a Pass.
    """
    gates = status.trial.gates if status.trial else ()
    said = [(g.name, g.question, g.verdict, g.reason or (g.message if g.verdict is Verdict.INCONCLUSIVE else "")) for g in gates]
    conditions = [(c.type, c.status, c.reason) for c in status.conditions]
    return status.observed_generation, status.message, said, conditions


def patch(release: Object, old: Committed, new: Committed, *, forward: bool) -> Patch:
    """The commit. `forward`: also only if the spec is still the one that was decided on."""
    metadata = release["metadata"]
    tests: Patch = [is_same(release)]
    if forward:
        tests.append({"op": "test", "path": "/metadata/generation", "value": metadata["generation"]})
    if release.get("status"):
        tests.append({"op": "test", "path": "/status/turn", "value": release["status"].get("turn")})
    else:
        tests.append({"op": "test", "path": "/status", "value": None})
    numbered = new.model_copy(update={"turn": old.turn + 1 if old.turn < LAST else 0})
    return [*tests, {"op": "add", "path": "/status", "value": dump(numbered)}]


def commit(client: Client, release: Object, old: Committed, new: Committed, *, forward: bool) -> Object:
    """Write it; returns the object as it is now. Raises TestFailed when somebody knows more, Invalid for a bug of ours."""
    metadata = release["metadata"]
    resource = paths.RELEASES if isinstance(new, Status) else paths.RELEASE_TRAINS
    path = resource.path(metadata["namespace"], metadata["name"], paths.STATUS)
    return client.patch(path, patch(release, old, new, forward=forward), JSON_PATCH)
