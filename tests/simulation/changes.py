"""A write in the words of S7: what was made, deleted or switched, with images in the place of names."""

import json
from collections.abc import Callable
from typing import Any

from controller.api import names
from tests.simulation import mirroring

Object = dict[str, Any]
Image = Callable[[str], str]
_NOT_COUNTED = ("scale", "status", "finalizer", "pin shop-candidate", "weights shop=100 ")


def tag(found: Object) -> str:
    """The version that a Deployment or ReplicaSet runs: its image's tag."""
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"]).rpartition(":")[2]


def describe(kind: str, before: Object | None, now: Object, image: Image) -> str:
    """What came of a write; "" for nothing that S7 counts."""
    told = _TOLD.get(now["kind"])
    return told(kind, before, now, image) if told else ""


def counted(change: str) -> bool:
    """Whether S7 counts it: scaling is how a step is reached, and the way to weight 0 has a second lever."""
    return bool(change) and not change.startswith(_NOT_COUNTED)


def _set(kind: str, before: Object | None, now: Object, _: Image) -> str:
    if kind != "MODIFIED" or before is None:
        return f"{'create' if kind == 'ADDED' else 'delete'} ReplicaSet {tag(now)}"
    old, new = before["spec"]["replicas"], now["spec"]["replicas"]
    if old != new:
        return f"scale {tag(now)} {old} to {new}"
    marked = [names.DESIRED_REPLICAS in (o["metadata"].get("annotations") or {}) for o in (before, now)]
    if marked == [True, False]:
        return f"status unmark {tag(now)}"
    return f"delete ReplicaSet {tag(now)}" if "deletionTimestamp" in now["metadata"] else ""


def _deployment(_kind: str, before: Object | None, now: Object, _: Image) -> str:
    if before is None:
        return ""
    parts = []
    for name in (names.RELEASE, names.DRIVEN):
        had, has = (name in (o["metadata"].get("labels") or {}) for o in (before, now))
        if had != has:
            parts.append(f"{'+' if has else '-'}{name.rpartition('/')[2]}")
    if bool(before["spec"].get("paused")) != bool(now["spec"].get("paused")):
        parts.append("paused" if now["spec"].get("paused") else "running")
    if tag(before) != tag(now):
        parts.append(f"template {tag(now)}")
    return f"deployment {' '.join(parts)}" if parts else ""


def _service(kind: str, before: Object | None, now: Object, image: Image) -> str:
    name, hash_ = now["metadata"]["name"], (now["spec"].get("selector") or {}).get(names.HASH)
    if before is None or kind == "DELETED":
        return f"{'create' if kind == 'ADDED' else 'delete'} Service {name}"
    if (before["spec"].get("selector") or {}).get(names.HASH) == hash_:
        return ""
    return f"pin {name} to {image(hash_) if hash_ else 'none'}"


def _route(_kind: str, before: Object | None, now: Object, _: Image) -> str:
    split = _split(now)
    return "" if before is None or _split(before) == split else f"weights {split}"


def _split(route: Object) -> str:
    shares = [f"{b['name']}={b.get('weight', 1)}" for b in route["spec"]["rules"][0]["backendRefs"]]
    percent = mirroring.mirror(route)
    return " ".join(shares + [f"mirror={percent}"] * bool(percent))


def _kept(kind: str, _before: Object | None, now: Object, _: Image) -> str:
    image = now["data"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]
    return {"ADDED": f"keep {image}", "DELETED": f"forget {image}"}.get(kind, "")


def defaults(found: Object) -> dict[str, str]:
    """The flags of a ConfigMap, with the default of each; none of a text that is broken."""
    try:
        flags = json.loads((found.get("data") or {}).get("flags.json", "{}")).get("flags", {})
    except ValueError:
        return {}
    return {name: flag["defaultVariant"] for name, flag in flags.items()}


def _flags(_kind: str, before: Object | None, now: Object, _: Image) -> str:
    old = defaults(before) if before else {}
    return " ".join(f"flag {name} {default}" for name, default in defaults(now).items() if old.get(name) != default)


def _job(kind: str, _before: Object | None, now: Object, _: Image) -> str:
    labels = now["metadata"].get("labels") or {}
    if names.MIGRATION in labels:
        what = f"Job {labels[names.MIGRATION]} {now['metadata']['name'].rpartition('-')[2]}"
        return {"ADDED": f"create {what}", "DELETED": f"delete {what}"}.get(kind, "")
    what = f"Job {labels.get(names.GATE)} of step {labels.get(names.STEP, '').rpartition('-')[2]}"
    return {"ADDED": f"create {what}", "DELETED": f"delete {what}"}.get(kind, "")


def _release(kind: str, before: Object | None, now: Object, _: Image) -> str:
    held, holds = (bool((o or {}).get("metadata", {}).get("finalizers")) for o in (before, now))
    if kind == "DELETED" or held == holds:
        return ""
    return "finalizer on" if holds else "finalizer off"


_TOLD: dict[str, Callable[[str, Object | None, Object, Image], str]] = {
    "ReplicaSet": _set, "Deployment": _deployment, "Service": _service, "HTTPRoute": _route, "ControllerRevision": _kept,
    "Release": _release, "Job": _job, "ConfigMap": _flags,
}  # fmt: skip
