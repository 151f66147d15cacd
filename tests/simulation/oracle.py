"""What two runs of one story must have in common, whatever befell one: where they end, and what was made, deleted and switched.

Names, versions of objects and times are masked: a revision is known by its image's tag.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from controller.api import names
from tests.simulation import changes

if TYPE_CHECKING:
    from tests.simulation.world import World

Object = dict[str, Any]
_OF_REVISIONS = ("create ReplicaSet", "delete ReplicaSet", "keep", "forget")
_UNDONE = {"create": "delete ", "keep": "forget "}


def end(world: World) -> Object:
    """Everything that is there in the end, masked."""
    admin, status = world.admin, world.status
    sets = admin.list("replicasets.apps", "shop")
    tags = {s["metadata"]["labels"].get(names.HASH): changes.tag(s) for s in sets}
    deployment = world.find("deployments.apps")
    release = world.find("releases.release-coordinator.io")
    route = world.find("httproutes.gateway.networking.k8s.io")
    return {
        "phase": status.get("phase"), "reason": status.get("reason"), "stable": (status.get("stable") or {}).get("version"),
        "history": [(p["revision"].get("version"), p["outcome"], p["kind"]) for p in status.get("history") or []],
        "rejected": sorted(r.get("version", "") for r in status.get("rejected") or []),
        "requests": sorted((r["key"], r["done"]) for r in status.get("requests") or []),
        "finalizers": release and release["metadata"].get("finalizers", []),
        "annotations": release and [a for a in release["metadata"].get("annotations") or {} if names.GROUP in a],
        "deployment": deployment and _deployment(deployment),
        "sets": sorted((changes.tag(s), s["spec"]["replicas"]) for s in sets),
        "services": {s["metadata"]["name"]: tags.get((s["spec"].get("selector") or {}).get(names.HASH))
                     for s in admin.list("services", "shop")},
        "jobs": [j["metadata"]["name"] for j in admin.list("jobs.batch", "shop")],
        "migrations": [(m["name"], m.get("state")) for m in status.get("migrations") or []],
        "route": route and route["spec"]["rules"],
        "flags": {c["metadata"]["name"]: changes.defaults(c) for c in admin.list("configmaps", "shop")},
        "kept": sorted(changes.tag({"spec": c["data"]}) for c in admin.list("controllerrevisions.apps", "shop")),
    }  # fmt: skip


def _deployment(found: Object) -> Object:
    conditions = {c["type"]: c["reason"] for c in found["status"].get("conditions") or []}
    return {"tag": changes.tag(found), "replicas": found["spec"]["replicas"], "paused": bool(found["spec"].get("paused")),
            "strategy": found["spec"]["strategy"], "progressing": conditions.get("Progressing"),
            "labels": sorted(n for n in found["metadata"].get("labels") or {} if n.startswith(names.GROUP))}  # fmt: skip


def once(world: World) -> Counter[str]:
    """S7: how often each thing was made, deleted or switched."""
    return Counter(change for write in world.writes for change in write.changes if changes.counted(change))


def kept(made: Counter[str]) -> Counter[str]:
    """What of it was made and deleted of revisions, and not only switched to carry users from one to the other."""
    return Counter({change: count for change, count in made.items() if change.startswith(_OF_REVISIONS)})


def difference(end: Object, made: Counter[str], good_end: Object, good_made: Counter[str]) -> str:
    """In what the first run differs from the fault-free one; "" for nothing."""
    # A create cannot be guarded: a deposed leader's is taken back by itself.
    extra = made - good_made
    for change, count in extra.items():
        undone = _UNDONE.get(change.partition(" ")[0], "") + change.partition(" ")[2]
        made = made - Counter({change: count, undone: count}) if extra[undone] == count else made
    said = [f"{key}: {end[key]} and not {good_end[key]}" for key in good_end if end[key] != good_end[key]]
    said += [f"{change}: {made[change]} times and not {good_made[change]}" for change in sorted(made | good_made)
             if made[change] != good_made[change]]  # fmt: skip
    return "; ".join(said)
