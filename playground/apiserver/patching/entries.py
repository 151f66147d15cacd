"""The entries of metadata.managedFields: read, told apart, bounded in number, written in the server's order.

Who owns what after a write is decided in managed.py and applying.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from playground.apiserver.objects import Object
from playground.apiserver.patching import fields
from playground.apiserver.patching.fields import FieldSet

MOST_UPDATERS = 10
ANCIENT = "ancient-changes"


class Manager(NamedTuple):
    """Whose entry it is. Who applies has one entry whatever the version, so `api_version` is "" then."""

    operation: str
    name: str
    api_version: str
    subresource: str

    @property
    def applies(self) -> bool:
        """Whether this is an entry of server-side apply."""
        return self.operation == "Apply"

    def __str__(self) -> str:
        """As conflicts name it."""
        text = f'"{self.name}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        return text if self.applies else f"{text} using {self.api_version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """What an entry says: the fields, in which version of the API, and when the set last changed."""

    fields: FieldSet
    api_version: str
    time: str


Entries = dict[Manager, Owned]


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who writes, through which endpoint (`subresource` is "" for the object itself), and when (RFC 3339, seconds)."""

    manager: str
    api_version: str
    now: str
    subresource: str = ""

    def owner(self, operation: str) -> Manager:
        """Whose entry this writer's Apply or Update goes to."""
        version = "" if operation == "Apply" else self.api_version
        return Manager(operation, self.manager or "unknown", version, self.subresource)


def kept(listed: Sequence[Object] | None) -> Entries:
    """The entries of an object of the store, which were checked when they came in."""
    return {_manager(entry): _owned(entry) for entry in listed or ()}


def _manager(entry: Object) -> Manager:
    version = "" if entry["operation"] == "Apply" else entry["apiVersion"]
    return Manager(entry["operation"], entry.get("manager", ""), version, entry.get("subresource", ""))


def _owned(entry: Object) -> Owned:
    return Owned(fields=entry.get("fieldsV1") or {}, api_version=entry["apiVersion"], time=entry.get("time", ""))


def read(listed: Any) -> Entries | None:
    """The entries of a metadata.managedFields that a request brings; None if they are not well formed."""
    for entry in listed:
        if not isinstance(entry, dict) or entry.get("operation") not in ("Apply", "Update"):
            return None
        if not entry.get("apiVersion") or entry.get("fieldsType") != "FieldsV1":
            return None
        if not fields.well_formed(entry.get("fieldsV1") or {}):
            return None
    return kept(listed)


def written(entries: Mapping[Manager, Owned]) -> list[Object]:
    """As metadata.managedFields, in the server's order: appliers first, then by time."""
    order = sorted(entries, key=lambda m: (m.operation, entries[m].time, m.name, entries[m].api_version, m.subresource))
    return [_written(manager, entries[manager]) for manager in order]


def _written(manager: Manager, owned: Owned) -> Object:
    entry: Object = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": owned.api_version,
        "time": owned.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": owned.fields,
        "subresource": manager.subresource,
    }
    return {key: value for key, value in entry.items() if value != "" or key == "manager"}


def capped(entries: Entries) -> Entries:
    """At most ten entries of updates: the oldest ones become one, called ancient-changes, per version."""
    if len(entries) <= MOST_UPDATERS:
        return entries
    updaters = sorted((m for m in entries if not m.applies), key=lambda m: (entries[m].time, m))
    surplus = len(updaters) - MOST_UPDATERS
    if surplus <= 0:
        return entries
    kept, first = dict(entries), {}
    for manager in updaters:
        if surplus <= 0:
            break
        if manager.api_version not in first:
            first[manager.api_version] = manager
            continue
        bucket = Manager("Update", ANCIENT, manager.api_version, "")
        into = kept.pop(bucket, None) or kept.pop(first[manager.api_version])
        owned = kept.pop(manager) if manager in kept else into
        joined = fields.union(owned.fields, into.fields)
        kept[bucket] = Owned(fields=joined, api_version=owned.api_version, time=owned.time)
        surplus -= 1
    return kept


def taken(entries: Entries, what: Sequence[FieldSet]) -> Entries:
    """The entries without these fields; those that have none left are gone."""
    left: Entries = {}
    for manager, owned in entries.items():
        remaining = owned.fields
        for gone in what:
            if gone and remaining:
                remaining = fields.difference(remaining, gone)
        if remaining is owned.fields:
            left[manager] = owned
        elif remaining:
            left[manager] = Owned(fields=remaining, api_version=owned.api_version, time=owned.time)
    return left
