"""What a write tests of the object that it is about, and whether it left our name on it. Pure."""

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


def owned(found: Object) -> bool:
    """Whether managedFields says that we own what somebody else may apply."""
    return any(e.get("manager") == FIELD_MANAGER and e.get("subresource") != paths.STATUS
               for e in found["metadata"].get("managedFields") or [])  # fmt: skip
