"""What an endpoint may change: a status write leaves the spec alone and every other write the status; metadata of the server's
own making survives them all.

Changes the new object in place.
"""

from playground.apiserver.objects import Object
from playground.apiserver.resources import Resource

_SYSTEM = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
    "resourceVersion",
)


def keep_system_metadata(new: Object, old: Object) -> None:
    """What no update changes. A resourceVersion in the new object has been compared before."""
    meta, before = new["metadata"], old["metadata"]
    for key in _SYSTEM:
        if key in before:
            meta[key] = before[key]
        else:
            meta.pop(key, None)


def keep_out_of_scope(resource: Resource, subresource: str, new: Object, old: Object) -> None:
    """Put back what this endpoint does not change."""
    if subresource == "status":
        _only(new, old, "status")
        resource.rules.update_status(new, old)
        if resource.custom:
            managed = new["metadata"].get("managedFields")
            new["metadata"] = dict(old["metadata"]) | ({} if managed is None else {"managedFields": managed})
        return
    if subresource == "finalize":
        finalizers = (new.get("spec") or {}).get("finalizers")
        _only(new, old, "")
        new["spec"] = dict(new.get("spec") or {}) | {"finalizers": finalizers or []}
        return
    if resource.has_status:
        _restore(new, old, "status")


def in_scope(resource: Resource, subresource: str, config: Object) -> Object:
    """The part of an applied configuration that this endpoint takes."""
    if subresource == "status":
        return {key: value for key, value in config.items() if key in ("apiVersion", "kind", "metadata", "status")}
    return {key: value for key, value in config.items() if key != "status" or not resource.has_status}


def _only(new: Object, old: Object, field: str) -> None:
    for key in {*new, *old} - {"metadata", "apiVersion", "kind", field}:
        _restore(new, old, key)


def _restore(new: Object, old: Object, field: str) -> None:
    if field in old:
        new[field] = old[field]
    else:
        new.pop(field, None)
