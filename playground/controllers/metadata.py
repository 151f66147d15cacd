"""Owners, age and deletion of objects, as every controller reads them. Pure; nothing about one kind belongs here."""

from playground.apiserver.objects import Key, Object


def age(found: Object) -> tuple[str, str]:
    """Sorts oldest first; names decide in one second."""
    return found["metadata"].get("creationTimestamp", ""), found["metadata"]["name"]


def is_deleted(found: Object) -> bool:
    """Its deletion has begun."""
    return bool(found["metadata"].get("deletionTimestamp"))


def controller_of(found: Object) -> Object | None:
    """The owner reference of the controller, if it has one."""
    references: list[Object] = found["metadata"].get("ownerReferences") or []
    return next((reference for reference in references if reference.get("controller")), None)


def controller_key(found: Object, kind: str) -> Key | None:
    """Namespace and name of the controller, if it is of this kind."""
    reference = controller_of(found)
    return (found["metadata"]["namespace"], reference["name"]) if reference and reference["kind"] == kind else None


def controlled_by(owner: Object, api_version: str, kind: str) -> Object:
    """The owner reference that makes this the controller."""
    metadata = owner["metadata"]
    return {
        "apiVersion": api_version, "kind": kind, "name": metadata["name"], "uid": metadata["uid"],
        "controller": True, "blockOwnerDeletion": True,
    }  # fmt: skip
