"""The one adapter of the workload port: a Deployment and its ReplicaSets, read into values and written as patches.

Pure: objects in, values or patches out. Every patch tests what it expects, so that a late one fails. Adapters for other
kinds (hold by partition or OnDelete) would stand beside this file.
"""

import json
import math
import re
from datetime import UTC, datetime
from typing import Any

from controller.api import names
from controller.workloads.template import Templates
from strategies.world import effects
from strategies.world.observation import Glass, ReplicaSet, Workload

Object = dict[str, Any]
Patch = list[dict[str, Any]]
_PERCENT = re.compile(r"[0-9]{1,3}%")
REJECTED = "ProgressDeadlineExceeded"


# --- reading


def read_workload(
    deployment: Object, version_label: str | None, literal: str | None, templates: Templates | None = None
) -> Workload:
    """The Deployment as a value. `templates` remembers what was read of templates before."""
    metadata, spec, status = deployment["metadata"], deployment["spec"], deployment.get("status") or {}
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    replicas = spec.get("replicas", 1)
    strategy = spec.get("strategy") or {}
    if names.DRIVEN in labels:
        strategy = own_strategy(annotations.get(names.STRATEGY)) or strategy
    rolling = strategy.get("rollingUpdate") or {}
    surge = _pods(rolling.get("maxSurge", "25%"), replicas, up=True)
    unavailable = _pods(rolling.get("maxUnavailable", "25%"), replicas, up=False)
    return Workload(
        name=metadata["name"],
        uid=metadata["uid"],
        generation=metadata.get("generation", 0),
        observed_generation=status.get("observedGeneration", 0),
        replicas=replicas,
        template=(templates or Templates()).view(deployment, version_label, literal),
        paused=bool(spec.get("paused")),
        strategy=json.dumps(strategy, sort_keys=True),
        recreate=strategy.get("type") == "Recreate",
        max_surge=surge,
        # Kubernetes does the same when both come out as 0: without either, nothing could move.
        max_unavailable=unavailable if surge or unavailable else 1,
        history_limit=spec.get("revisionHistoryLimit", 10),
        held=names.HELD in labels,
        driven=names.DRIVEN in labels,
        claimed_by=labels.get(names.RELEASE),
        changed_by=annotations.get(names.CHANGED_BY, "")[:317] or None,
        updated=status.get("updatedReplicas", 0),
        ready=status.get("readyReplicas", 0),
        available=status.get("availableReplicas", 0),
        pods=status.get("replicas", 0),
        failure_shown=_failure_shown(status),
        glass=_glass(annotations),
    )


def _glass(annotations: Object) -> Glass | None:
    if names.BREAK_GLASS not in annotations:
        return None
    return Glass(author=annotations.get(names.BROKEN_BY, "")[:317], reason=annotations[names.BREAK_GLASS].strip()[:500])


def read_replica_set(found: Object, version_label: str | None, templates: Templates | None = None) -> ReplicaSet:
    """A ReplicaSet as a value. `templates` remembers what was read of templates before."""
    metadata, spec, status = found["metadata"], found["spec"], found.get("status") or {}
    # The selector cannot change, and is what pods answer to; a label on the ReplicaSet is anybody's to edit.
    selected = ((spec.get("selector") or {}).get("matchLabels") or {}).get(names.HASH)
    hash_ = selected or (metadata.get("labels") or {}).get(names.HASH, "")
    return ReplicaSet(
        name=metadata["name"],
        uid=metadata["uid"],
        hash=hash_,
        template=(templates or Templates()).view(found, version_label, None),
        created=datetime.fromisoformat(metadata["creationTimestamp"]).astimezone(UTC),
        replicas=spec.get("replicas", 1),
        pods=status.get("replicas", 0),
        ready=status.get("readyReplicas", 0),
        available=status.get("availableReplicas", 0),
        current=status.get("observedGeneration", 0) >= metadata.get("generation", 0),
        # Kubernetes' own hashes have no hyphen.
        ours="-" in hash_,
        saturation_mark=names.DESIRED_REPLICAS in (metadata.get("annotations") or {}),
        deleting="deletionTimestamp" in metadata,
    )


def owned_by(found: Object, uid: str) -> bool:
    """Whether this object's controller is the one with this uid."""
    owners = found["metadata"].get("ownerReferences") or []
    return any(owner.get("controller") and owner.get("uid") == uid for owner in owners)


def owner_name(found: Object) -> str | None:
    """Name of the Deployment that controls a ReplicaSet."""
    owners = found["metadata"].get("ownerReferences") or []
    return next((o["name"] for o in owners if o.get("controller") and o.get("kind") == "Deployment"), None)


def own_strategy(text: str | None) -> Object | None:
    """A Deployment's strategy from where we wrote it down; None for what somebody has made of it that is none."""
    try:
        found = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    if found in ({"type": "Recreate"}, {"type": "RollingUpdate"}):
        return found
    rolling = found.get("rollingUpdate")
    if found.get("type") != "RollingUpdate" or not isinstance(rolling, dict):
        return None
    sizes = [rolling.get(part, "25%") for part in ("maxSurge", "maxUnavailable")]
    counts = [each for each in sizes if isinstance(each, int) or (isinstance(each, str) and _PERCENT.fullmatch(each))]
    return found if len(counts) == 2 and any(str(each).strip("0%") for each in counts) else None


def _pods(value: int | str, replicas: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    share = int(value.rstrip("%")) * replicas / 100
    return math.ceil(share) if up else math.floor(share)


def _failure_shown(status: Object) -> bool:
    return any(
        c.get("type") == "Progressing" and c.get("reason") == REJECTED and str(c.get("message", "")).startswith("Release ")
        for c in status.get("conditions") or []
    )


# --- writing: JSON Patches. Which object they are about, and in which generation, is tested by whoever sends them.


def claim(deployment: Object, release: str) -> Patch:
    """Label the Deployment as it was read a moment ago: labels change no generation."""
    metadata = deployment["metadata"]
    same = {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]}
    if metadata.get("labels") is None:
        return [same, {"op": "add", "path": "/metadata/labels", "value": {names.RELEASE: release}}]
    return [same, {"op": "add", "path": f"/metadata/labels/{names.pointer(names.RELEASE)}", "value": release}]


def probe_hold() -> Patch:
    """A change of the template that no policy may let through unpaused; for a server dry-run."""
    return [
        {"op": "add", "path": "/spec/template/spec/schedulerName", "value": "release-coordinator-probe"},
        # One that is held is paused already: the probe must show that the policy would pause it.
        {"op": "add", "path": "/spec/paused", "value": False},
    ]


def is_held(answer: Object) -> bool:
    """Whether the answer to the probe was paused and marked."""
    labels = answer["metadata"].get("labels") or {}
    return bool(answer["spec"].get("paused")) and names.HELD in labels


def take_wheel(deployment: Object, effect: effects.TakeWheel) -> Patch:
    """Recreate and the mark in one write, only while paused: unpaused, Recreate would take stable away at once."""
    patch: Patch = [
        {"op": "test", "path": "/spec/paused", "value": True},
        {"op": "replace", "path": "/spec/strategy", "value": {"type": "Recreate"}},
        {"op": "add", "path": f"/metadata/labels/{names.pointer(names.DRIVEN)}", "value": "true"},
    ]
    if deployment["metadata"].get("annotations") is None:
        patch.append({"op": "test", "path": "/metadata/annotations", "value": None})
        patch.append({"op": "add", "path": "/metadata/annotations", "value": {}})
    return [*patch, {"op": "add", "path": f"/metadata/annotations/{names.pointer(names.STRATEGY)}", "value": effect.strategy}]


def give_back(deployment: Object, effect: effects.GiveBack) -> Patch:
    """Strategy and marks as they were, and running again if so decided, in one write at this generation."""
    patch = _marks_off(deployment, effect.strategy)
    patch.insert(0, {"op": "test", "path": "/metadata/generation", "value": effect.generation})
    return [*patch, *(_running(deployment) if effect.resume else [])]


def unclaim(deployment: Object, effect: effects.Unclaim) -> Patch:
    """All marks off; a Deployment whose template is not stable's stays paused."""
    patch = _marks_off(deployment, effect.strategy)
    held = names.HELD in (deployment["metadata"].get("labels") or {})
    if held and effect.resume:
        patch += _running(deployment)
    elif held:
        patch.append({"op": "remove", "path": f"/metadata/labels/{names.pointer(names.HELD)}"})
        patch += _unsigned(deployment)
    return [*patch, {"op": "remove", "path": f"/metadata/labels/{names.pointer(names.RELEASE)}"}]


def _marks_off(deployment: Object, strategy: str | None) -> Patch:
    labels = deployment["metadata"].get("labels") or {}
    annotations = deployment["metadata"].get("annotations") or {}
    if names.DRIVEN not in labels:
        return []
    own = own_strategy(strategy) or own_strategy(annotations.get(names.STRATEGY)) or {"type": "RollingUpdate"}
    patch: Patch = [
        {"op": "replace", "path": "/spec/strategy", "value": own},
        {"op": "remove", "path": f"/metadata/labels/{names.pointer(names.DRIVEN)}"},
    ]
    if names.STRATEGY in annotations:
        patch.append({"op": "remove", "path": f"/metadata/annotations/{names.pointer(names.STRATEGY)}"})
    return patch


def _running(deployment: Object) -> Patch:
    patch: Patch = [{"op": "add", "path": "/spec/paused", "value": False}]
    if names.HELD in (deployment["metadata"].get("labels") or {}):
        patch.append({"op": "remove", "path": f"/metadata/labels/{names.pointer(names.HELD)}"})
    return patch + _unsigned(deployment)


def _unsigned(deployment: Object) -> Patch:
    """Who changed the template is of no interest once nothing is held."""
    signed = names.CHANGED_BY in (deployment["metadata"].get("annotations") or {})
    return [{"op": "remove", "path": f"/metadata/annotations/{names.pointer(names.CHANGED_BY)}"}] if signed else []


def write_template(effect: effects.WriteTemplate, kept: Object) -> Patch:
    """A kept template into the Deployment."""
    return [
        {"op": "test", "path": "/metadata/generation", "value": effect.generation},
        {"op": "replace", "path": "/spec/template", "value": kept["data"]["template"]},
    ]


def candidate(deployment: Object, effect: effects.CreateReplicaSet) -> Object:
    """The ReplicaSet that Kubernetes would make of the Deployment's template, under our name and with 0 replicas."""
    spec = deployment["spec"]
    labels = {**(spec["template"]["metadata"].get("labels") or {}), names.HASH: effect.hash}
    pod_template = {**spec["template"], "metadata": {**spec["template"]["metadata"], "labels": labels}}
    selector = dict(spec["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), names.HASH: effect.hash}
    owner = {
        "apiVersion": "apps/v1", "kind": "Deployment", "name": deployment["metadata"]["name"],
        "uid": deployment["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True,
    }  # fmt: skip
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": effect.name, "namespace": deployment["metadata"]["namespace"], "labels": labels,
                     "ownerReferences": [owner]},
        "spec": {"replicas": 0, "minReadySeconds": spec.get("minReadySeconds", 0), "selector": selector,
                 "template": pod_template},
    }  # fmt: skip


def scale(effect: effects.Scale) -> Patch:
    """From what was seen to what is wanted, of this very ReplicaSet."""
    return [
        {"op": "test", "path": "/metadata/uid", "value": effect.uid},
        {"op": "test", "path": "/spec/replicas", "value": effect.old},
        {"op": "replace", "path": "/spec/replicas", "value": effect.new},
    ]


def unmark(effect: effects.Unmark) -> Patch:
    """desired-replicas away."""
    return [
        {"op": "test", "path": "/metadata/uid", "value": effect.uid},
        {"op": "remove", "path": f"/metadata/annotations/{names.pointer(names.DESIRED_REPLICAS)}"},
    ]


def progressing(deployment: Object, *, failed: bool, message: str, now: str) -> Patch:
    """The Deployment's status conditions with Progressing as a rejection, or as a paused Deployment's."""
    others = [c for c in (deployment.get("status") or {}).get("conditions") or [] if c.get("type") != "Progressing"]
    mine = {
        "type": "Progressing",
        "status": "False" if failed else "Unknown",
        "reason": REJECTED if failed else "DeploymentPaused",
        "message": message,
        "lastUpdateTime": now,
        "lastTransitionTime": now,
    }
    return [{"op": "add", "path": "/status/conditions", "value": [*others, mine]}]


def keep(release: Object, replica_set: Object, effect: effects.Keep) -> Object:
    """A ControllerRevision with the ReplicaSet's template, owned by the Release."""
    metadata = release["metadata"]
    pod_template = json.loads(json.dumps(replica_set["spec"]["template"]))
    pod_template["metadata"]["labels"].pop(names.HASH, None)
    owner = {
        "apiVersion": f"{names.GROUP}/{names.VERSION}", "kind": "Release", "name": metadata["name"], "uid": metadata["uid"],
        "controller": True,
    }  # fmt: skip
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {"name": f"{metadata['name'][:200]}-{effect.hash}", "namespace": metadata["namespace"],
                     "labels": {names.RELEASE: metadata["name"], names.HASH: effect.hash},
                     "annotations": {f"{names.GROUP}/version": effect.version or ""}, "ownerReferences": [owner]},
        "revision": 1,
        "data": {"template": pod_template},
    }  # fmt: skip
