"""A custom resource's schema, ready for use: defaults, pruning, validation, and what merging has to know."""

import marshal
from functools import cached_property, lru_cache
from typing import Any

from playground.apiserver.objects import Object
from playground.apiserver.schema import defaulting, pruning, rules, structural, validation
from playground.apiserver.schema.builtins import metadata_shape
from playground.apiserver.schema.shapes import ANY, Shape
from playground.apiserver.schema.structural import Node
from playground.apiserver.schema.validation import ABSENT, BLOCKING, Found

_UNJUDGED: Found = (
    "FieldValueInvalid", "<nil>",
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
)  # fmt: skip

_PARTS_KNOWN = 128


class Schema:
    """One version's schema. Objects given to it are not changed."""

    def __init__(self, schema: structural.Json) -> None:
        """`schema`: an openAPIV3Schema. Raises cel.Unreadable or ValueError for rules and patterns that cannot be read."""
        self.source = schema
        self.node = structural.read(schema)
        self._rules = rules.read(self.node)
        self._made = {name for name, below in self.node.properties.items() if below.default is not None}
        self._is_sound = lru_cache(maxsize=_PARTS_KNOWN)(self._looked_through)

    def default(self, obj: Object) -> Object:
        """The object with its defaults, and without nulls that mean nothing; the very same one if nothing changes."""
        if self._made <= obj.keys() and self._sound(obj):
            return obj
        made: Object = defaulting.defaulted(obj, self.node) if self.node.defaulting or _has_null(obj) else obj
        return made

    def prune(self, obj: Object) -> tuple[Object, list[str]]:
        """The object without fields that the schema does not have (the same one if there is none), and their paths."""
        if pruning.knows_metadata(obj) and self._sound(obj):
            return obj, []
        return pruning.pruned(obj, self.node)

    def validate(self, obj: Object, old: Object | None) -> list[Found]:
        """What is wrong with the object; of an update (`old`) only what has changed is judged."""
        new, before = _own(obj), _own(old) if old is not None else ABSENT
        found = list(validation.violations(new, before, self.node))
        if not self._sound(obj) and (old is None or not any(validation.repeated(before, self.node))):
            found += validation.repeated(new, self.node)
        if self._rules is None:
            return found
        if any(reason in BLOCKING for reason, _, _ in found):
            return [*found, _UNJUDGED]
        return found + list(rules.broken(new, before, self._rules))

    def keys(self) -> Shape:
        """How objects are merged."""
        return self._shape

    def _sound(self, obj: Object) -> bool:
        """Whether nothing beside its metadata has an unknown field, misses a default or repeats an item. Each part is looked
        through once for each content: most writes bring most parts as they were.
        """
        try:
            return all(self._is_sound(name, marshal.dumps(part, 2)) for name, part in obj.items() if name not in pruning.ROOT)
        except ValueError:  # Not plain JSON: a key stands twice in it.
            return False

    def _looked_through(self, name: str, content: bytes) -> bool:
        value, node = marshal.loads(content), self.node.properties.get(name)  # noqa: S302, what was written the moment before
        if value is None or node is None or defaulting.defaulted(value, node) is not value:
            return False
        part = {name: value}
        return pruning.pruned(part, self.node) == (part, []) and not any(validation.repeated(part, self.node))

    @cached_property
    def _shape(self) -> Shape:
        made = _shape(self.node)
        return Shape(fields={"apiVersion": ANY, "kind": ANY, **made.fields, "metadata": metadata_shape()}, each=made.each)


def schema_of(schema: Object) -> Schema:
    """The schema of an openAPIV3Schema, read once for each content. Raises as Schema does."""
    return _read(marshal.dumps(schema, 2))


@lru_cache(maxsize=64)
def _read(content: bytes) -> Schema:
    return Schema(marshal.loads(content))  # noqa: S302, what was written the moment before


def _own(obj: Object) -> Object:
    """What a custom schema may speak of: metadata are the server's."""
    meta = obj.get("metadata") or {}
    return obj | {"metadata": {key: meta[key] for key in ("name", "generateName") if key in meta}}


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(item is None or _has_null(item) for item in value.values())
    return isinstance(value, list) and any(item is None or _has_null(item) for item in value)


def _shape(node: Node) -> Shape:
    if node.embedded:
        return ANY
    if node.items is not None:
        return Shape(
            each=_shape(node.items), keys=tuple(node.list_keys) if node.list_type == "map" else (),
            is_set=node.list_type == "set", key_defaults={key: node.items.properties[key].default for key in node.list_keys
                                                          if key in node.items.properties},
        )  # fmt: skip
    values = _shape(node.values) if node.values is not None else ANY if node.preserve else None
    return Shape(fields={name: _shape(each) for name, each in node.properties.items()}, each=values, atomic=node.atomic_map)
