"""What an applier applied before and does not apply any more: it goes, unless somebody owns it."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

from playground.apiserver.objects import Object
from playground.apiserver.patching import fields
from playground.apiserver.patching.fields import FieldSet, element
from playground.apiserver.schema.shapes import Shape


def pruned(merged: Object, owned: Sequence[FieldSet], last: FieldSet, shape: Shape) -> Object:
    """The object without what only `last` had. `owned`: everybody's fields, the present configuration's among them."""
    everything = named(fields.of(merged, shape), shape)
    before = named(last, shape)
    left = named(fields.of(without(merged, before, shape), shape), shape)
    kept = fields.union(left, named(reduce(fields.union, owned), shape))
    back = without(merged, fields.difference(everything, kept), shape)
    still = named(fields.of(back, shape), shape)
    final: Object = without(merged, fields.intersection(fields.difference(everything, still), before), shape)
    return final


def named(found: FieldSet, shape: Shape) -> FieldSet:
    """The set with each object that it leads through as a member, if that is a field with a name and no map's element."""
    made = {}
    for key, node in found.items():
        if key == "." or not node:
            made[key] = node
        else:
            name = key[2:]
            known = shape.of(name) if key.startswith("f:") else shape.items
            below = dict(named(node, known))
            made[key] = {".": {}, **below} if key.startswith("f:") and name in shape.fields else below
    return made


def without(value: Any, gone: FieldSet, shape: Shape) -> Any:
    """The value without the members of a set. What is emptied by that is null: it is still there for who owns it."""
    if not gone or (isinstance(value, dict) and shape.atomic) or (isinstance(value, list) and not shape.associative):
        return value
    if isinstance(value, dict):
        left = ((name, _left(item, gone.get("f:" + name), shape.of(name))) for name, item in value.items())
        return {name: rest for name, rest in left if rest is not _GONE}
    if isinstance(value, list):
        kept = (_left(item, gone.get(element(item, shape)), shape.items) for item in value)
        return [item for item in kept if item is not _GONE]
    return value


_GONE: Any = object()


def _left(item: Any, gone: FieldSet | None, shape: Shape) -> Any:
    if gone is None:
        return item
    if fields.is_member(gone):
        return _GONE
    rest = without(item, gone, shape)
    return None if rest in ({}, []) and item else rest


def without_nulls(value: Any) -> Any:
    """The value without what was emptied."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value
