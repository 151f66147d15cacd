"""What may change or refuse a write after it has been patched together and before it is validated and kept.

The protocol for plug-ins, and the chain in which they are asked. What a policy demands stands in `playground.policies`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from playground.apiserver.objects import Object
from playground.apiserver.requests import User


@dataclass(slots=True, kw_only=True)
class Attempt:
    """A write as plug-ins see it. `object` and `old` are shared: return another object to change it."""

    operation: str
    """CREATE, UPDATE, DELETE or CONNECT."""
    resource: str
    """plural.group: `deployments.apps`, `pods`."""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    object: Object | None
    """As it would be kept (a Scale for the subresource scale); None on DELETE."""
    old: Object | None
    """As it is; None on CREATE."""
    user: User
    dry_run: bool = False
    field_manager: str = ""
    authorized: Callable[[str, str, str], bool]
    """Whether the user may do this verb to this resource (plural.group) of this name ("": any), in the write's namespace."""
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Denial:
    """Why not. The API server puts `deployments.apps "web" is forbidden: ` before the message."""

    message: str
    code: int = 422
    reason: str = "Invalid"


class Admission(Protocol):
    """One plug-in."""

    def mutate(self, attempt: Attempt) -> Object | None:
        """The object as it should be instead, or None to leave it alone. May be asked again about its own result."""

    def validate(self, attempt: Attempt) -> Denial | None:
        """Why this write is refused, or None. Warnings are appended to `attempt.warnings`."""


class Chain:
    """Several plug-ins as one, in this order; when a later one has changed the object, all are asked once more."""

    def __init__(self, plugins: Sequence[Admission] = ()) -> None:
        self.plugins = list(plugins)

    def mutate(self, attempt: Attempt) -> Object | None:
        """What all of them together make of the object; None if nothing."""
        first = attempt.object
        last_change = self._round(attempt)
        if last_change > 0:
            self._round(attempt)
        return attempt.object if attempt.object is not first else None

    def _round(self, attempt: Attempt) -> int:
        """The index of the last plug-in that changed something, -1 for none."""
        last = -1
        for index, plugin in enumerate(self.plugins):
            changed = plugin.mutate(attempt)
            if changed is not None and changed != attempt.object:
                attempt.object, last = changed, index
        return last

    def validate(self, attempt: Attempt) -> Denial | None:
        """The first denial."""
        return next((denial for plugin in self.plugins if (denial := plugin.validate(attempt)) is not None), None)
