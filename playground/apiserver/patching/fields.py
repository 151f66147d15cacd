"""Sets of fields, in the very form in which managedFields keeps them: what an object has, and what a change changed.

A set is nested dicts whose keys are path elements: `f:name` a field, `k:{"name":"web"}` the item of a list with these keys,
`v:"x"` a value in a set. An element belongs to the set if it is empty or has the member `.`; others only lead to members.
The empty dict at the top is the empty set. Sets are never changed once made, so they share their parts.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from playground.apiserver.objects import Object
from playground.apiserver.schema.shapes import Shape

FieldSet = Mapping[str, Any]

ABSENT: Any = object()
"""No value: null is one."""

_MEMBER: FieldSet = {}
_EMPTY_OBJECT: Object = {}


class Misfit(Exception):
    """An object does not fit its type: an item of a list that cannot be told from the others, a field that there is not."""

    def __init__(self, why: str, path: str = "") -> None:
        super().__init__(f"{path}: {why}" if path else why)
        self.why, self.path = why, path

    def under(self, step: str) -> "Misfit":
        """The same, seen from one level up."""
        return Misfit(self.why, step + self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What differs between two objects; no field is in two of the sets."""

    removed: FieldSet
    modified: FieldSet
    added: FieldSet


def element(item: Any, shape: Shape) -> str:
    """The path element of an item of an associative list. Raises Misfit."""
    if shape.is_set:
        if item is None or isinstance(item, dict | list):
            raise Misfit("associative list without keys has an element that is not a value")
        return "v:" + _compact(item)
    if not isinstance(item, dict):
        raise Misfit("associative list with keys may not have non-map elements")
    found = {key: item.get(key, shape.key_defaults.get(key)) for key in shape.sorted_keys}
    found = {key: value for key, value in found.items() if value is not None}
    if not found:
        keys = " ".join(_compact(key) for key in shape.keys)
        raise Misfit(
            f"associative list with keys has an element that omits all key fields [{keys}] "
            "(and doesn't have default values for any key fields)"
        )
    return "k:" + _compact(found)


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _compact(value: Any) -> str:
    text = _encode(value)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def by_element(items: list[Any], shape: Shape) -> dict[str, list[Any]]:
    """The items of an associative list by path element; a list with duplicates has several in one place. Raises Misfit."""
    found: dict[str, list[Any]] = {}
    for item in items:
        found.setdefault(element(item, shape), []).append(item)
    return found


# --- the fields of one object


def of(obj: Object, shape: Shape) -> FieldSet:
    """The fields that an applied configuration has. Objects are no members of their own, items of lists are. Raises Misfit."""
    return _children(obj, shape)


def _of_value(value: Any, shape: Shape) -> FieldSet:
    """As a child: {} is a member; its children without `.` only lead on."""
    if isinstance(value, dict) and not shape.atomic:
        return _children(value, shape)
    if isinstance(value, list) and shape.associative:
        return {
            key: _as_member(_of_value(items[0], shape.items)) if len(items) == 1 else _MEMBER
            for key, items in by_element(value, shape).items()
        }
    return _MEMBER


def _children(obj: Object, shape: Shape) -> FieldSet:
    found = {}
    for name, value in obj.items():
        known = shape.of(name)
        if isinstance(value, list) and not value and known.associative:
            continue
        try:
            below = _of_value(value, known)
        except Misfit as problem:
            raise problem.under(f".{name}") from problem
        found["f:" + name] = below if name in shape.fields else _as_member(below)
    return found


def _as_member(node: FieldSet) -> FieldSet:
    return {".": _MEMBER, **node} if node else _MEMBER


# --- the difference of two objects


def compare(old: Object, new: Object, shape: Shape) -> Change:
    """What changed. Only the parts that differ are looked into. Raises Misfit."""
    removed, modified, added = _map(old, new, shape)
    return Change(removed=removed, modified=modified, added=added)


_Found = tuple[FieldSet, FieldSet, FieldSet]
_SAME: _Found = (_MEMBER, _MEMBER, _MEMBER)


def _map(old: Any, new: Any, shape: Shape) -> _Found:
    """The children of two objects. In what it gives back an empty dict is: nothing."""
    removed: dict[str, Any] = {}
    modified: dict[str, Any] = {}
    added: dict[str, Any] = {}
    there, here = old or _EMPTY_OBJECT, new or _EMPTY_OBJECT
    if shape.always_there:
        there = shape.always_there | there if isinstance(old, dict) else there
        here = shape.always_there | here if isinstance(new, dict) else here
    into = (removed, modified, added)
    for name, before in there.items():
        after = here.get(name, ABSENT)
        if before is not after and before != after:
            _put("f:" + name, before, after, shape.of(name), into)
    for name, after in here.items():
        if name not in there:
            _put("f:" + name, ABSENT, after, shape.of(name), into)
    return into


def _put(key: str, before: Any, after: Any, shape: Shape, into: tuple[dict[str, Any], dict[str, Any], dict[str, Any]]) -> None:
    """Note what differs between two values (one may be ABSENT) under `key`."""
    removed, modified, added = into
    kind = _kind(before, after)
    if kind is None or _whole(before, after, kind, shape):
        (added if before is ABSENT else removed if after is ABSENT else modified)[key] = _MEMBER
        return
    gone, changed, come = (_map if kind is dict else _list)(
        None if before is ABSENT else before, None if after is ABSENT else after, shape
    )
    if before is ABSENT:
        added[key] = _as_member(come)
        return
    if after is ABSENT:
        removed[key] = _as_member(gone)
        return
    for node, found in ((removed, gone), (modified, changed), (added, come)):
        if found:
            node[key] = found


def _whole(before: Any, after: Any, kind: type, shape: Shape) -> bool:
    """Whether two containers are compared as if they were values: owned as a whole, or both empty."""
    atomic = shape.atomic if kind is dict else not shape.associative
    return atomic or ((before is ABSENT or not before) and (after is ABSENT or not after))


def _kind(before: Any, after: Any) -> type | None:
    """`dict` or `list` if the two are that, or one is and the other is absent or null; None: values."""
    for kind in (dict, list):
        if isinstance(before, kind):
            return kind if after is ABSENT or after is None or isinstance(after, kind) else None
        if isinstance(after, kind):
            return kind if before is ABSENT or before is None else None
    return None


def _list(old: Any, new: Any, shape: Shape) -> _Found:
    removed: dict[str, Any] = {}
    modified: dict[str, Any] = {}
    added: dict[str, Any] = {}
    there, here = by_element(old or [], shape), by_element(new or [], shape)
    for key in (*there, *(key for key in here if key not in there)):
        before, after = there.get(key, []), here.get(key, [])
        if before == after:
            continue
        if len(before) > 1 and len(after) > 1:
            modified[key] = _MEMBER
        elif len(before) > 1:  # The duplicates, as one thing, go; the item that is left comes.
            removed[key] = _MEMBER
            if after:
                _put(key, ABSENT, after[0], shape.items, ({}, {}, added))
        elif len(after) > 1:
            added[key] = _MEMBER
            if before:
                _put(key, before[0], ABSENT, shape.items, (removed, {}, {}))
        else:
            one, other = before[0] if before else ABSENT, after[0] if after else ABSENT
            _put(key, one, other, shape.items, (removed, modified, added))
    return removed, modified, added


# --- arithmetic


def is_member(node: FieldSet) -> bool:
    """Whether an element belongs to the set itself."""
    return not node or "." in node


def union(a: FieldSet, b: FieldSet) -> FieldSet:
    """What is in one of them."""
    if not a or not b:
        return a or b
    joined = dict(a)
    for key, node in b.items():
        joined[key] = _joined(a[key], node) if key in a and key != "." else node
    return joined


def _joined(a: FieldSet, b: FieldSet) -> FieldSet:
    if a == b:
        return a
    joined = union(a, b)
    return _as_member(joined) if is_member(a) or is_member(b) else joined


def difference(a: FieldSet, b: FieldSet) -> FieldSet:
    """What is in `a` and not in `b`: a member of `b` does not take what is below it along."""
    left = {}
    for key, node in a.items():
        if key not in b:
            left[key] = node
        elif key != "." and (rest := _minus(node, b[key])) is not None:
            left[key] = rest
    return left


def _minus(a: FieldSet, b: FieldSet) -> FieldSet | None:
    member = is_member(a) and not is_member(b)
    below = {k: v for k, v in difference(a, b).items() if k != "."}
    if member:
        return _as_member(below)
    return below or None


def intersection(a: FieldSet, b: FieldSet) -> FieldSet:
    """What is in both."""
    both = {}
    for key, node in a.items():
        if key != "." and key in b and (common := _common(node, b[key])) is not None:
            both[key] = common
    return both


def _common(a: FieldSet, b: FieldSet) -> FieldSet | None:
    below = intersection(a, b)
    if is_member(a) and is_member(b):
        return _as_member(below)
    return below or None


def paths(fields: FieldSet, before: str = "") -> Iterator[str]:
    """The members as people read them, `.spec.containers[name="web"].image`, in the server's order: the upper ones first."""
    found = {_path(key, before): fields[key] for key in sorted(fields) if key != "."}
    yield from (path for path, node in found.items() if is_member(node))
    for path, node in found.items():
        yield from paths(node, path)


def _path(key: str, before: str) -> str:
    kind, _, rest = key.partition(":")
    if kind == "f":
        return f"{before}.{rest}"
    if kind == "k":
        return f"{before}[{','.join(f'{name}={_compact(value)}' for name, value in json.loads(rest).items())}]"
    return f"{before}[={rest}]" if kind == "v" else f"{before}[{rest}]"


def well_formed(fields: Any) -> bool:
    """Whether this is a set of fields at all."""
    return isinstance(fields, dict) and all(
        (key == "." or key[:2] in ("f:", "k:", "v:", "i:")) and well_formed(node) for key, node in fields.items()
    )
