"""The built-in types: the notation of the data files read, and made into shapes.

One line is `Type: field:type …`. A `!` after a type's own name says that it is owned as a whole (a label selector), after
a field's name that the field is always written. A field's type is a scalar (string, int32, int64, boolean, number, bytes,
time, microtime, quantity, intstr, any), with `?` if its zero value is written, too, or one of

    Type      an object that is always there        Type?     an object that may be absent
    {type}    a map                                 {type}!   a map that is owned as a whole
    [type]    a list that is owned as a whole       [type/=]  a set
    [Type/a/b]   a list of objects identified by the fields a and b together; patched by a alone

with, behind it, how strategic merge patches differ: `^` replaces the list, `~` adds to a set, `~a` merges by a. Rules about
values do not belong here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from playground.apiserver.schema import types_of_gateways, types_of_kinds, types_of_pods
from playground.apiserver.schema.shapes import ANY, Shape

_LIST = re.compile(r"\[([^/\]]+)((?:/[^\]/]+)*)\](\^?)(~\w*)?")
_MAP = re.compile(r"\{(.+)\}(!?)")

_TYPE_OF_KIND = {("events.k8s.io", "Event"): "EventsEvent"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: its type as the notation has it. `required`: written even if it is empty. `pointer`: also if it is zero."""

    name: str
    type: str
    required: bool
    pointer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """One built-in type."""

    name: str
    atomic: bool
    fields: Mapping[str, Field]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf:
    """A list's type taken apart. `merge_key` and `merge_values` are those of shapes."""

    item: str
    keys: tuple[str, ...]
    is_set: bool
    merge_key: str
    merge_values: bool


def read_list(text: str) -> ListOf | None:
    """The notation of a list's type; None if it is of something else."""
    found = _LIST.fullmatch(text)
    if found is None:
        return None
    item, keys, replaced, merged = found.groups()
    names = tuple(key for key in keys.split("/") if key)
    is_set = names == ("=",)
    names = () if is_set else names
    merge_key = (merged or "")[1:] or (names[0] if names and not replaced else "")
    return ListOf(item=item, keys=names, is_set=is_set, merge_key=merge_key, merge_values=merged == "~")


def read_map(text: str) -> tuple[str, bool] | None:
    """The type of a map's values and whether the map is owned as a whole; None if the text is about something else."""
    found = _MAP.fullmatch(text)
    return (found[1], bool(found[2])) if found else None


@cache
def types() -> Mapping[str, Type]:
    """All built-in types by name."""
    text = re.sub(r"\n {4}", " ", types_of_pods.TYPES + types_of_kinds.TYPES + types_of_gateways.TYPES)
    return {read.name: read for read in map(_read, filter(None, text.splitlines()))}


def _read(line: str) -> Type:
    own, _, rest = line.partition(":")
    fields = {}
    for token in rest.split():
        field, _, kind = token.partition(":")
        name, pointer = field.rstrip("!"), kind.endswith("?")
        plain = kind if kind[0].isupper() else kind.rstrip("?")
        fields[name] = Field(name=name, type=plain, required=field.endswith("!"), pointer=pointer)
    return Type(name=own.rstrip("!"), atomic=own.endswith("!"), fields=fields)


def type_of(group: str, kind: str) -> Type | None:
    """The type of a kind's objects; None if it is not built in, or not known here."""
    return types().get(_TYPE_OF_KIND.get((group, kind), kind))


@cache
def shape_of(group: str, kind: str) -> Shape:
    """How objects of this kind are merged; nothing known for kinds that are not built in."""
    found = type_of(group, kind)
    if found is None:
        return ANY
    return Shape(fields={"apiVersion": ANY, "kind": ANY, **_object(found.name, always=False).fields})


def metadata_shape() -> Shape:
    """How metadata are merged, of whatever object."""
    return _object("ObjectMeta", always=False)


@cache
def _object(name: str, *, always: bool) -> Shape:
    found = types()[name]
    fields = {field.name: _shape(field.type, required=field.required) for field in found.fields.values()}
    return Shape(atomic=found.atomic, fields=fields, always=always)


@cache
def _shape(text: str, *, required: bool = False) -> Shape:
    if (listed := read_list(text)) is not None:
        return Shape(
            each=_shape(listed.item), keys=listed.keys, is_set=listed.is_set, merge_key=listed.merge_key,
            merge_values=listed.merge_values, always=required and bool(listed.keys or listed.is_set),
            key_defaults={key: _key_default(listed.item, key) for key in listed.keys},
        )  # fmt: skip
    if (mapped := read_map(text)) is not None:
        return Shape(each=_shape(mapped[0]), atomic=mapped[1])
    if not text[0].isupper():
        return ANY
    return _object(text.rstrip("?"), always="?" not in text)


def _key_default(item: str, key: str) -> Any:
    """What a key is for Kubernetes when an item does not have it."""
    if key == "protocol":
        return "TCP"
    return 0 if types()[item].fields[key].type in ("int32", "int64") else ""
