"""Taking out what a custom resource's schema does not know, and saying what that was."""

from typing import Any

from playground.apiserver.schema.builtins import types
from playground.apiserver.schema.structural import Node

ROOT = ("apiVersion", "kind", "metadata")


def pruned(obj: Any, node: Node) -> tuple[Any, list[str]]:
    """The object without unknown fields (the very same one if there is none), and their paths, sorted."""
    unknown: list[str] = []
    return _value(obj, node, "", (True, unknown)), sorted(unknown)


def knows_metadata(obj: Any) -> bool:
    """Whether its metadata have no unknown field."""
    return bool(obj.get("metadata", {}).keys() <= types()["ObjectMeta"].fields.keys())


def _value(value: Any, node: Node, path: str, about: tuple[bool, list[str]]) -> Any:
    """`about`: whether this is a whole resource, and where unknown paths are noted."""
    resource, unknown = about
    if isinstance(value, list):
        if node.items is None:
            return value
        items = [_value(item, node.items, f"{path}[{n}]", (node.items.embedded, unknown)) for n, item in enumerate(value)]
        return value if all(a is b for a, b in zip(items, value, strict=True)) else items
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, item in value.items():
        where = f"{path}.{name}" if path else name
        below = node.properties.get(name) or node.values
        if resource and name in ROOT:
            kept[name] = _metadata(item, where, unknown) if name == "metadata" else item
        elif below is not None:
            kept[name] = _value(item, below, where, (below.embedded, unknown))
        elif node.preserve or (not node.type and not node.properties and node.int_or_string):
            kept[name] = item
        else:
            unknown.append(where)
    same = len(kept) == len(value) and all(kept[name] is value[name] for name in kept)
    return value if same else kept


def _metadata(value: Any, path: str, unknown: list[str]) -> Any:
    """Metadata have the same fields everywhere."""
    known = types()["ObjectMeta"].fields
    if not isinstance(value, dict) or value.keys() <= known.keys():
        return value
    unknown.extend(f"{path}.{name}" for name in value if name not in known)
    return {name: item for name, item in value.items() if name in known}
