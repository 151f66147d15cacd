"""What a write tests of the object that it is about, and what it must not leave on it. Pure."""

from typing import Any

from controller.kube import paths
from controller.kube.client import FIELD_MANAGER
from controller.workloads.deployment import Patch

Object = dict[str, Any]


def fence(found: Object) -> Patch:
    """Tests that an object is the one that was seen, with the spec that was seen; where the API server counts no generations, as
    of Services, that nothing of it has changed. Of a Release: that nobody has committed since.
    """
    metadata = found["metadata"]
    if found["kind"] == "Release":
        return [is_same(found), {"op": "test", "path": "/status/turn", "value": found["status"]["turn"]}]
    field = "generation" if "generation" in metadata else "resourceVersion"
    return [is_same(found), {"op": "test", "path": f"/metadata/{field}", "value": metadata[field]}]


def is_same(found: Object) -> Object:
    """A test that the object is the one that was seen."""
    return {"op": "test", "path": "/metadata/uid", "value": found["metadata"]["uid"]}


def disowning(found: Object) -> Patch:
    """Our entries out of managedFields, if they are where they were seen."""
    entries = found["metadata"].get("managedFields") or []
    drop: Patch = []
    for index in reversed([i for i, e in enumerate(entries) if _is_ours(e)]):
        drop.append({"op": "test", "path": f"/metadata/managedFields/{index}/manager", "value": FIELD_MANAGER})
        drop.append({"op": "remove", "path": f"/metadata/managedFields/{index}"})
    return drop


def _is_ours(entry: Object) -> bool:
    """Whether a managedFields entry claims what an owner may apply: the object itself, or its scale."""
    return entry.get("manager") == FIELD_MANAGER and entry.get("subresource") != paths.STATUS
