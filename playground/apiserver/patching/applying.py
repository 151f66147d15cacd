"""Server-side apply: an applied configuration merged into the live object, and who owns what afterwards.

    the configuration's fields are the applier's, all of them and no others
    a field that somebody else owns and that would change is a conflict, or taken over with `force`
    what the applier had applied before and does not any more goes, unless somebody else owns it

Status, defaults and validation are the caller's.
"""

from dataclasses import dataclass

from playground.apiserver.errors import Cause
from playground.apiserver.objects import Object
from playground.apiserver.patching import entries, fields, managed, pruning
from playground.apiserver.patching.entries import Entries, Manager, Owned, Writer
from playground.apiserver.patching.errors import PatchError, malformed
from playground.apiserver.patching.fields import FieldSet, Misfit
from playground.apiserver.patching.merging import merged
from playground.apiserver.schema.shapes import Shape

BEFORE = "before-first-apply"


class ApplyConflict(Exception):
    """Others own fields that the configuration wants otherwise; 409 Conflict with `message` and `causes`."""

    def __init__(self, conflicts: dict[Manager, list[str]]) -> None:
        self.causes = [
            Cause(reason="FieldManagerConflict", message=f"conflict with {manager}", field=path)
            for manager, paths in conflicts.items()
            for path in paths
        ]
        super().__init__(_message(conflicts))
        self.message = _message(conflicts)


def _message(conflicts: dict[Manager, list[str]]) -> str:
    count = sum(map(len, conflicts.values()))
    if count == 1:
        manager, (path,) = next(iter(conflicts.items()))
        return f"Apply failed with 1 conflict: conflict with {manager}: {path}"
    lines = [line for manager, paths in conflicts.items() for line in (f"conflicts with {manager}:", *(f"- {p}" for p in paths))]
    return f"Apply failed with {count} conflicts: " + "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Applier:
    writer: Writer
    force: bool
    keys: Shape

    @property
    def owner(self) -> Manager:
        return self.writer.owner("Apply")


def apply(live: Object | None, config: Object, writer: Writer, keys: Shape, *, force: bool = False) -> Object:
    """The object after the configuration is applied (`live` None: it is created), with its managedFields.

    Raises PatchError for a configuration that cannot be applied, ApplyConflict unless `force`.
    """
    if managed.entries_of(config) is not None:
        raise malformed("metadata.managedFields must be nil")
    if config.get("apiVersion") != writer.api_version:
        wanted = config.get("apiVersion")
        raise malformed(f"Incorrect version specified in apply patch. Specified patch version: {wanted}, "
                        f"expected: {writer.api_version}")  # fmt: skip
    try:
        return _applied(live, config, _Applier(writer=writer, force=force, keys=keys))
    except Misfit as problem:
        meta, kind = config.get("metadata") or {}, f"{config['apiVersion']}, Kind={config.get('kind')}"
        about = f"{meta.get('namespace', '')}/{meta.get('name', '')}; {kind}"
        raise PatchError(500, f"failed to create typed patch object ({about}): {problem}") from problem


def _applied(live: Object | None, config: Object, applier: _Applier) -> Object:
    writer, keys = applier.writer, applier.keys
    base = managed.unmanaged(live or {})
    managers = _known_managers(live, applier)
    last = managers.get(applier.owner)
    wanted = fields.of(config, keys)
    managers[applier.owner] = Owned(fields=wanted, api_version=writer.api_version, time=last.time if last else "")
    new = merged(base, config, keys)
    if last:
        new = pruning.pruned(new, [owned.fields for owned in managers.values()], last.fields, keys)
    managers = _settled(managers, base, new, applier)
    new = pruning.without_nulls(new) if last else new
    if applier.owner in managers:
        own = managers.pop(applier.owner)
        tracked = fields.difference(own.fields, managed.UNTRACKED)
        if tracked:
            time = own.time if new == base and own.time else writer.now
            managers[applier.owner] = Owned(fields=tracked, api_version=writer.api_version, time=time)
    listed = entries.written(managers)
    return new | {"metadata": {**new.get("metadata", {}), **({"managedFields": listed} if listed else {})}}


def _known_managers(live: Object | None, applier: _Applier) -> Entries:
    managers = entries.kept(managed.entries_of(live))
    if managers or live is None:
        return managers
    first = Writer(manager=BEFORE, api_version=applier.writer.api_version, now=applier.writer.now,
                   subresource=applier.writer.subresource)  # fmt: skip
    status = applier.writer.subresource == "status"
    part = {name: value for name, value in live.items() if (name == "status") == status}
    return managed.after_update({}, None, part, first, applier.keys)


def _settled(managers: Entries, live: Object, new: Object, applier: _Applier) -> Entries:
    """The entries after the others have given up what changed. Raises ApplyConflict."""
    change = managed.difference(live, new, applier.keys)
    changed = fields.union(change.modified, change.added)
    others = {manager: owned for manager, owned in managers.items() if manager != applier.owner}
    if not applier.force:
        _refuse({manager: fields.intersection(owned.fields, changed) for manager, owned in others.items()})
    own = managers[applier.owner]
    return entries.taken(others, [changed, change.removed]) | ({applier.owner: own} if own.fields else {})


def _refuse(conflicts: dict[Manager, FieldSet]) -> None:
    found = {manager: list(fields.paths(conflicts[manager])) for manager in sorted(conflicts) if conflicts[manager]}
    if found:
        raise ApplyConflict(found)
