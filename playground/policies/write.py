"""One write as a policy sees it, and the names it is about: the variables that the chart's policies share.

Deciding anything does not belong here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

PREFIX = "release-coordinator.io/"
RELEASE = PREFIX + "release"
HELD = PREFIX + "held"
DRIVEN = PREFIX + "driven"
KEPT_BACK = PREFIX + "kept-back"
PIN = PREFIX + "pin"
STRATEGY = PREFIX + "strategy"
CHANGED_BY = PREFIX + "changed-by"
BREAK_GLASS = PREFIX + "break-glass"
BROKEN_BY = PREFIX + "broken-by"
OVERRIDE = PREFIX + "override"
REQUESTED_BY = PREFIX + "requested-by"
REQUESTS = tuple(PREFIX + key for key in ("rollback", "revert", "promote", "abort", "retry", "pause", "resume", "override"))
HASH = "pod-template-hash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """`old` is None at a creation. `ours`: by the controller; `breaks_glass`: by a member of the
    break-glass group, which is called so ("": there is none).
    """

    object: Object
    old: Object | None
    namespace: str
    name: str
    user: str
    ours: bool
    breaks_glass: bool
    break_glass_group: str
    field_manager: str
    may: Callable[[str, str, str], bool]
    """Whether the user may do this (`update`) to this resource (`deployments.apps`) of this name ("": any) in the namespace."""

    @property
    def labels(self) -> Mapping[str, str]:
        """The new labels."""
        return labels(self.object)

    @property
    def old_labels(self) -> Mapping[str, str]:
        """The labels before; none at a creation."""
        return labels(self.old)

    @property
    def annotations(self) -> Mapping[str, str]:
        """The new annotations."""
        return annotations(self.object)

    @property
    def old_annotations(self) -> Mapping[str, str]:
        """The annotations before; none at a creation."""
        return annotations(self.old)

    def changes(self, field: str) -> bool:
        """Whether this field of the spec differs from the old one."""
        return bool(spec(self.object).get(field) != spec(self.old).get(field))


def labels(found: Object | None) -> Mapping[str, str]:
    """The labels of an object, none for no object."""
    return ((found or {}).get("metadata") or {}).get("labels") or {}


def annotations(found: Object | None) -> Mapping[str, str]:
    """The annotations of an object, none for no object."""
    return ((found or {}).get("metadata") or {}).get("annotations") or {}


def spec(found: Object | None) -> Mapping[str, Any]:
    """The spec of an object, empty for no object."""
    return (found or {}).get("spec") or {}


def asks(write: Write, requests: tuple[str, ...]) -> bool:
    """The write asks something of the controller; labels, finalizers and other annotations do not."""
    asked = any(write.annotations.get(key) != write.old_annotations.get(key) for key in requests)
    return write.old is None or spec(write.object) != spec(write.old) or asked


def with_metadata(found: Object, field: str, values: Mapping[str, str]) -> Object:
    """A copy with these labels or annotations in the place of all there were; without the field if there are none."""
    metadata = {key: value for key, value in found["metadata"].items() if key != field}
    return {**found, "metadata": {**metadata, field: dict(values)} if values else metadata}


def with_spec(found: Object, **changed: Any) -> Object:
    """A copy with these fields of the spec changed; None takes a field away."""
    merged = {**spec(found), **changed}
    return {**found, "spec": {key: value for key, value in merged.items() if value is not None}}
