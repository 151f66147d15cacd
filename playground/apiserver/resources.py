"""What a resource is: its names, what can be done with it, and the rules that are its own.

Values and no behaviour: the table of the built-in ones is builtins.py, custom ones are made in definitions.py, what
everybody does with them is in writing.py and reading.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from playground.apiserver.errors import Cause
from playground.apiserver.objects import Object
from playground.apiserver.schema import ANY, Schema, Shape

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


def _nothing(_: Object) -> None:
    """No defaults of its own, nothing to prepare."""


def _keep(_new: Object, _old: Object) -> None:
    """Nothing to prepare for an update."""


def _no_cause(_new: Object, _old: Object | None) -> list[Cause]:
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a kind does of its own. `default`, `create` and `update` change their first argument in place."""

    default: Callable[[Object], None] = _nothing
    """Fills in what was left out, at every write."""
    create: Callable[[Object], None] = _nothing
    """Takes back what only the server sets, before validation."""
    update: Callable[[Object, Object], None] = _keep
    """The same for an update; the second is the present object."""
    update_status: Callable[[Object, Object], None] = _keep
    """The same for a write of the status."""
    validate: Callable[[Object, Object | None], list[Cause]] = _no_cause
    """The second is the present object, None at creation."""
    name: Callable[[str], list[str]] | None = None
    """What is wrong with a name; None: any path segment is right."""
    versioned: Callable[[Object], Any] | None = None
    """The part of the object whose change raises metadata.generation; None: it has no generation."""
    create_on_update: bool = False
    """Whether a PUT makes what is not there."""
    returned: bool = False
    """Whether a deletion answers with the last state of the object instead of a bare success."""
    unconditional: bool = True
    """Whether an update may come without a resourceVersion."""
    grace: Callable[[Object, int | None], int] | None = None
    """How many seconds the deletion of this object takes, given what was asked for; None: it is gone at once."""
    cleanup: str = ""
    """A finalizer that the server puts on when it is deleted."""
    fields: frozenset[str] = frozenset()
    """The paths a field selector may use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Where the scale subresource finds its numbers: paths of keys. `selector` is a LabelSelector or its text."""

    replicas: tuple[str, ...] = ("spec", "replicas")
    observed: tuple[str, ...] = ("status", "replicas")
    selector: tuple[str, ...] = ("spec", "selector")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource in one version."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    singular: str = ""
    list_kind: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[str, ...] = ()
    """`status`, `scale` and those few that only one kind has, such as `finalize`."""
    scale: Scale | None = None
    rules: Rules = field(default_factory=Rules)
    schema: Schema | None = None
    """The structural schema of a custom resource; None for the built-in ones."""
    columns: tuple[Mapping[str, Any], ...] = ()
    """additionalPrinterColumns of a custom resource."""
    custom: bool = False
    storage_version: str = ""
    """The apiVersion objects are kept in; "" for this one's."""
    shape: Shape = ANY
    """How its objects are merged."""

    @property
    def name(self) -> str:
        """`deployments.apps`, `pods`: how messages and the in-process client name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """`apps/v1`, `v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def storage_group(self) -> str:
        """The group under which its objects are kept."""
        return self.storage_version.rpartition("/")[0] if self.storage_version else self.group

    @property
    def lists(self) -> str:
        """The kind of a list of them."""
        return self.list_kind or f"{self.kind}List"

    @property
    def has_status(self) -> bool:
        """Whether the status has an endpoint of its own, so that other writes leave it alone."""
        return "status" in self.subresources
