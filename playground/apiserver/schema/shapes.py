"""What has to be known about a type to merge two of its objects, field by field: which lists are maps or sets, what is whole.

Built-in types and custom resources' schemas are turned into the same `Shape`, so that patches, managedFields and
server-side apply have one source. Nothing about values (bounds, patterns, defaults) belongs here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Shape:
    """One type. Without any knowledge: maps are merged by field, lists are replaced as a whole.

    `fields`: of an object, by name; a name that is not there is an element of a map. `each`: a map's values, a list's items.
    """

    fields: Mapping[str, "Shape"] = field(default_factory=dict)
    each: "Shape | None" = None
    atomic: bool = False
    """Owned and replaced as a whole, although it is a map."""
    keys: tuple[str, ...] = ()
    """A list of objects that these fields, together, identify."""
    key_defaults: Mapping[str, Any] = field(default_factory=dict)
    """What a key is when an item leaves it out."""
    is_set: bool = False
    """A list of values, each of which is there once."""
    always: bool = False
    """The server always has this, if only an empty object or a null for a list: Kubernetes' own type does not leave it out."""
    merge_key: str = ""
    """Strategic merge patch: lists of objects are merged by this field; without it they are replaced."""
    merge_values: bool = False
    """Strategic merge patch: lists of values are added to, not replaced."""

    @property
    def associative(self) -> bool:
        """Whether this is a list whose items have an identity."""
        return self.is_set or bool(self.keys)

    @cached_property
    def always_there(self) -> dict[str, Any]:
        """What the server has of the fields that it always has, when nobody has set them."""
        return {name: None if shape.associative else {} for name, shape in self.fields.items() if shape.always}

    def of(self, name: str) -> "Shape":
        """The type of a field, or of a map's value."""
        return self.fields.get(name) or self.each or ANY

    @cached_property
    def sorted_keys(self) -> tuple[str, ...]:
        """The keys in the order in which managedFields writes them."""
        return tuple(sorted(self.keys))

    def has(self, name: str) -> bool:
        """Whether an object may have this field, as far as is known."""
        return not self.fields or self.each is not None or name in self.fields

    @property
    def items(self) -> "Shape":
        """The type of a list's items."""
        return self.each or ANY


ANY = Shape()
"""A type about which nothing is known."""
