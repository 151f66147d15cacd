"""Strategic merge patch: a merge patch that knows which lists are merged item by item, with directives in the patch itself.

    $patch: replace | delete | merge            about the object it stands in, or about one item of a list
    $retainKeys: [a, b]                         every other key of the object goes
    $deleteFromPrimitiveList/field: [x]         these values leave the list
    $setElementOrder/field: [{name: a}, …]      the order of the list afterwards

kubectl apply sends them (it compares its last, its new and the present configuration). Only the object and its shape
decide; an object that is shared with the store is copied where it changes.
"""

from collections.abc import Callable, Sequence
from typing import Any

from playground.apiserver.objects import Object, copied
from playground.apiserver.patching.errors import PatchError, malformed, printed, undecodable
from playground.apiserver.schema.shapes import Shape

DIRECTIVE = "$patch"
_RETAIN = "$retainKeys"
_DELETE = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"
_NOTHING: Any = object()
_GO_TYPES = {dict: "map[string]interface {}", str: "string", bool: "bool", int: "int64", float: "float64", type(None): "<nil>"}

Identity = Callable[[Any], Any]
"""What makes an item of a list the same item: its merge key's value, or the item itself."""


def strategically_patched(obj: Object, patch: Any, shape: Shape) -> Object:
    """The object after the patch. Raises PatchError."""
    if not isinstance(patch, dict):
        raise undecodable(patch, "map[string]interface {}", prefix="")
    return _object(obj, patch, shape)


def _object(present: Object, patch: Object, shape: Shape) -> Object:
    directive = patch.get(DIRECTIVE)
    if directive == "replace":
        return copied({key: value for key, value in patch.items() if key != DIRECTIVE})  # type: ignore[no-any-return]
    if directive == "delete":
        return {}
    if DIRECTIVE in patch:
        raise _unknown(directive, patch)
    merged = _retained(present, patch)
    ordered = _ordered_lists(merged, patch, shape)
    for key, wanted in patch.items():
        name = key.removeprefix(_DELETE)
        if key == _RETAIN or key.startswith(_ORDER) or name in ordered:
            continue
        if key != name:
            merged[name] = _without(merged[name], wanted) if name in merged else []
            if not merged[name]:
                del merged[name]
        elif wanted is None:
            merged.pop(key, None)
        else:
            _set(merged, key, _value(merged.get(key), wanted, shape.of(key)))
    return merged


def _set(merged: Object, key: str, value: Any) -> None:
    if value is _NOTHING:
        merged.pop(key, None)
    else:
        merged[key] = value


def _value(present: Any, wanted: Any, shape: Shape) -> Any:
    if isinstance(present, dict) and isinstance(wanted, dict):
        return _object(present, wanted, shape)
    if isinstance(present, list) and isinstance(wanted, list):
        if shape.merge_key or shape.merge_values:
            return _list(present, wanted, shape) or _NOTHING
        return copied(wanted)
    return _plain(wanted)


def _plain(wanted: Any) -> Any:
    """A value that is new, without the nulls and directives that are for something present. _NOTHING if it was only that."""
    if isinstance(wanted, list):
        items = [_plain(item) for item in wanted]
        return [item for item in items if item is not _NOTHING]
    if not isinstance(wanted, dict):
        return wanted
    if DIRECTIVE in wanted:
        return _NOTHING
    plain = {key: _plain(value) for key, value in wanted.items() if value is not None and not key.startswith("$")}
    return {key: value for key, value in plain.items() if value is not _NOTHING}


def _retained(present: Object, patch: Object) -> Object:
    if _RETAIN not in patch:
        return dict(present)
    retained = patch[_RETAIN]
    if not isinstance(retained, list):
        raise malformed("invalid patch format of retainKeys")
    for key, value in patch.items():
        if key != _RETAIN and value is not None and not key.startswith((_DELETE, _ORDER)) and key not in retained:
            raise malformed("invalid patch format of retainKeys")
    return {key: value for key, value in present.items() if key in retained}


def _unknown(directive: Any, where: Object) -> PatchError:
    return PatchError(500, f"unknown patch type: {directive} in map: {printed(where)}")


def _list(present: list[Any], wanted: list[Any], shape: Shape) -> list[Any]:
    if not present and not wanted:
        return present
    if not shape.merge_key:
        return _arranged([*present, *(v for v in dict.fromkeys(wanted) if v not in present)], wanted, present, lambda item: item)
    if not all(isinstance(item, dict) for item in (*present, *wanted)):
        raise PatchError(500, "the patch and the object have items of different kinds in one list")
    kept, changes = _special(present, wanted, shape.merge_key)
    identity = _by(shape.merge_key)
    merged = list(kept)
    for change in changes:
        place = next((n for n, item in enumerate(merged) if item.get(shape.merge_key) == identity(change)), None)
        if place is None:
            merged.append(_plain(change))
        else:
            merged[place] = _object(merged[place], change, shape.items)
    return _arranged(merged, changes, kept, identity)


def _by(key: str) -> Identity:
    def identity(item: Any) -> Any:
        if key not in item:
            raise PatchError(500, f"map: {printed(item)} does not contain declared merge key: {key}")
        return item[key]

    return identity


def _special(present: list[Any], wanted: list[Any], key: str) -> tuple[list[Any], list[Any]]:
    """What is left of the present items, and the patch's items that are no directives."""
    identity = _by(key)
    changes, replaced = [], False
    for item in wanted:
        directive = item.get(DIRECTIVE)
        if directive is None:
            changes.append(item)
        elif directive == "delete":
            gone = identity(item)
            present = [other for other in present if other.get(key) != gone]
        elif directive == "replace":
            replaced = True
        elif directive == "merge":
            raise PatchError(500, "merging lists cannot yet be specified in the patch")
        else:
            raise _unknown(directive, item)
    return ([_plain(item) for item in changes], []) if replaced else (present, changes)


def _without(present: Any, gone: Any) -> Any:
    if not isinstance(gone, list):
        raise malformed("invalid patch format of primitive list")
    return [item for item in present if item not in gone]


def _ordered_lists(merged: Object, patch: Object, shape: Shape) -> set[str]:
    """Merge and sort the lists whose order the patch gives, in place; their names."""
    ordered = set()
    for directive, order in patch.items():
        if not directive.startswith(_ORDER):
            continue
        name = directive.removeprefix(_ORDER)
        known = shape.of(name)
        identity = _by(known.merge_key) if known.merge_key else lambda item: item
        wanted = patch.get(name, [])
        for listed in (order, wanted):
            if not isinstance(listed, list):
                raise PatchError(500, f"expected a []interface {{}}, but received a {_GO_TYPES[type(listed)]}")
        _check_order(wanted, order, identity)
        present = merged.get(name) or []
        changed = _list(present, wanted, known)
        if _DELETE + name in patch:
            changed = _without(changed, patch[_DELETE + name])
        if name in merged or wanted:
            _set(merged, name, _arranged(changed, order, present, identity) or _NOTHING)
        ordered.add(name)
    return ordered


def _check_order(wanted: list[Any], order: list[Any], identity: Identity) -> None:
    """The patch's items come in the order that the patch asks for."""
    there = iter([identity(item) for item in order])
    named = [identity(item) for item in wanted if not (isinstance(item, dict) and DIRECTIVE in item)]
    if order and not all(name in there for name in named):
        said = f"The order in patch list:\n{printed(wanted)}\n doesn't match $setElementOrder list:\n{printed(order)}\n"
        raise PatchError(500, said)


def _arranged(merged: list[Any], order: Sequence[Any], before: Sequence[Any], identity: Identity) -> list[Any]:
    """The items that `order` names in its order; each other one stays in front of those it was in front of before."""
    ranks = {identity(item): rank for rank, item in reversed(list(enumerate(order)))}
    places = {identity(item): place for place, item in reversed(list(enumerate(before)))}
    named = sorted((item for item in merged if identity(item) in ranks), key=lambda item: ranks[identity(item)])
    others = [item for item in merged if identity(item) not in ranks]
    arranged: list[Any] = []
    for item in named:
        place = places.get(identity(item))
        while others and place is not None and places.get(identity(others[0]), place) < place:
            arranged.append(others.pop(0))
        arranged.append(item)
    return arranged + others
