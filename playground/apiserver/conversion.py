"""Objects of one resource in several versions: kept in one, shown in the version of the path.

Custom resources change nothing but their apiVersion; events are the only built-in kind served in two groups.
"""

from playground.apiserver.objects import Object
from playground.apiserver.resources import Resource

_EVENT_FIELDS = {
    "involvedObject": "regarding", "message": "note", "source": "deprecatedSource", "count": "deprecatedCount",
    "firstTimestamp": "deprecatedFirstTimestamp", "lastTimestamp": "deprecatedLastTimestamp",
    "reportingComponent": "reportingController",
}  # fmt: skip
_OMITTED = ("reportingController", "reportingInstance")
_CORE_FIELDS = {new: old for old, new in _EVENT_FIELDS.items()}


def is_converted(resource: Resource) -> bool:
    """Whether this version differs from the one that is kept."""
    return bool(resource.storage_version) and resource.storage_version != resource.api_version


def to_storage(resource: Resource, obj: Object) -> Object:
    """As it is kept; the same object if that is this version."""
    if not is_converted(resource):
        return obj
    shown = _renamed(obj, _CORE_FIELDS) if resource.plural == "events" else obj
    return shown | {"apiVersion": resource.storage_version}


def from_storage(resource: Resource, obj: Object) -> Object:
    """As this version shows it; the same object if that is how it is kept."""
    if not is_converted(resource):
        return obj
    shown = _renamed(obj, _EVENT_FIELDS) if resource.plural == "events" else obj
    if shown is not obj:
        shown = {key: value for key, value in shown.items() if value or key not in _OMITTED}
    return shown | {"apiVersion": resource.api_version}


def _renamed(obj: Object, fields: dict[str, str]) -> Object:
    return {fields.get(key, key): value for key, value in obj.items()}
