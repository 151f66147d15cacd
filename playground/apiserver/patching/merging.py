"""Merging an applied configuration into an object: the configuration's values win, lists of items are merged by identity.

The order of a merged list is the configuration's; items that only the object has stay behind those they were behind.
"""

from typing import Any

from playground.apiserver.objects import Object, copied
from playground.apiserver.patching.fields import ABSENT, Misfit, element, paths
from playground.apiserver.schema.shapes import Shape


def merged(live: Object, config: Object, shape: Shape) -> Object:
    """The object with everything of the configuration. Raises Misfit."""
    found = dict(live)
    for name, wanted in config.items():
        if not shape.has(name):
            raise Misfit("field not declared in schema", f".{name}")
        if wanted is None:
            found.pop(name, None)
            continue
        try:
            found[name] = _value(live.get(name, ABSENT), wanted, shape.of(name))
        except Misfit as problem:
            raise problem.under(f".{name}") from problem
    return found


def _value(live: Any, wanted: Any, shape: Shape) -> Any:
    if isinstance(wanted, dict) and not shape.atomic:
        return merged(live if isinstance(live, dict) else {}, wanted, shape)
    if isinstance(wanted, list) and shape.associative:
        return _list(live if isinstance(live, list) else [], wanted, shape)
    return copied(wanted)


def _list(live: list[Any], wanted: list[Any], shape: Shape) -> list[Any]:
    here = {}
    for item in wanted:
        key = element(item, shape)
        if key in here:
            raise Misfit(f"duplicate entries for key {next(paths({key: {}}))}")
        here[key] = item
    there = [(element(item, shape), item) for item in live]
    present = dict(there)
    if len(present) < len(there):  # Duplicates are not merged with anything.
        present = {key: item for key, item in present.items() if sum(key == other for other, _ in there) == 1}
    items = {key: _value(present.get(key, ABSENT), item, shape.items) for key, item in here.items()}
    return [items[key] if item is ABSENT else item for key, item in _order(there, here)]


def _order(there: list[tuple[str, Any]], here: dict[str, Any]) -> list[tuple[str, Any]]:
    """Keys in their order; with each key that only the object has its item, with the others ABSENT."""
    wanted = list(here)
    shared = [key for key in wanted if key in dict(there)]
    ordered: list[tuple[str, Any]] = []
    done: set[str] = set()
    for key, item in there:
        if key not in here:
            ordered.append((key, item))
        elif key not in done and shared and key == shared[0]:
            while wanted and key not in done:
                done.add(wanted[0])
                ordered.append((wanted.pop(0), ABSENT))
            shared.pop(0)
    return ordered + [(key, ABSENT) for key in wanted]
