"""metadata.managedFields after an ordinary write: the writer gets what it changed, everybody else loses it.

    what the request itself says about managedFields counts, except on subresources; [] and [{}] wipe all of them out
    (of a custom resource only [{}] does: an empty list is no list to it)
    an object whose owners were wiped out stays without any until somebody applies
    fields that changed go from all to the writer; fields that vanished go from all to nobody
    an entry's time moves only when it gets fields

Server-side apply is in applying.py. Defaulting and admission are the caller's: the real server computes this after defaults
and before admission plug-ins change the object.
"""

from typing import Any

from playground.apiserver.objects import Object
from playground.apiserver.patching import entries, fields
from playground.apiserver.patching.entries import Entries, Owned, Writer
from playground.apiserver.patching.fields import Change, FieldSet, Misfit
from playground.apiserver.schema.shapes import Shape

_UNTRACKED_METADATA = ("name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation",
                       "managedFields", "resourceVersion")  # fmt: skip
UNTRACKED: FieldSet = {
    "f:apiVersion": {},
    "f:kind": {},
    "f:metadata": {".": {}, **{f"f:{name}": {} for name in _UNTRACKED_METADATA}},
}
"""What belongs to the server, or to the object's identity, and to no manager."""


def updated(old: Object | None, new: Object, writer: Writer, keys: Shape) -> list[Object]:
    """metadata.managedFields for `new`, which is about to replace `old` (None: it is created)."""
    managers = _managers(old, new, writer, custom="metadata" not in keys.always_there)
    if not managers and old is not None:
        return []  # Owners are not tracked any more.
    try:
        return entries.written(after_update(managers, old, new, writer, keys))
    except Misfit:
        return list(entries_of(old) or ())


def after_update(managers: Entries, old: Object | None, new: Object, writer: Writer, keys: Shape) -> Entries:
    """The entries after a write that is no apply."""
    change = difference(old or {}, new, keys)
    got = fields.difference(fields.union(change.modified, change.added), UNTRACKED)
    managers = entries.taken(managers, [got, change.removed])
    if got:
        self, before = writer.owner("Update"), managers.get(writer.owner("Update"))
        joined = fields.union(got, before.fields) if before else got
        managers[self] = Owned(fields=joined, api_version=writer.api_version, time=writer.now)
    return entries.capped(managers)


def difference(old: Object, new: Object, keys: Shape) -> Change:
    """What changed, managedFields themselves aside."""
    return fields.compare(unmanaged(old), unmanaged(new), keys)


def unmanaged(obj: Object) -> Object:
    """The object without managedFields (the same one if it has none)."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return obj
    return obj | {"metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}


def entries_of(obj: Object | None) -> Any:
    """What stands in metadata.managedFields; None if nothing does."""
    return ((obj or {}).get("metadata") or {}).get("managedFields")


def _managers(old: Object | None, new: Object, writer: Writer, *, custom: bool) -> Entries:
    sent, present = entries_of(new), entries_of(old)
    if writer.subresource or sent is None or sent == present:
        return entries.kept(present)
    if sent == [{}] or (sent == [] and not custom):
        return {}
    return (entries.read(sent) if isinstance(sent, list) else None) or entries.kept(present)
