"""Defaults of a custom resource, and the nulls that mean "not there".

A null where the schema does not allow one is replaced by the default, or taken out where there is none. Objects given in are
not changed: what stays as it was is shared.
"""

from typing import Any

from playground.apiserver.objects import copied
from playground.apiserver.schema.structural import Node


def defaulted(value: Any, node: Node) -> Any:
    """The value with its defaults; the very same one if nothing is missing."""
    if isinstance(value, dict):
        return _object(value, node)
    if isinstance(value, list) and node.items is not None:
        items = [_item(item, node.items) for item in value]
        return value if all(a is b for a, b in zip(items, value, strict=True)) else items
    return value


def _item(item: Any, node: Node) -> Any:
    if item is None and not node.nullable:
        item = copied(node.default)
    return defaulted(item, node)


def _object(value: dict[str, Any], node: Node) -> dict[str, Any]:
    changed = {}
    for name, below in node.properties.items():
        found = value.get(name)
        if found is None and below.default is not None and not (name in value and below.nullable):
            changed[name] = defaulted(copied(below.default), below)
        elif found is not None and (made := defaulted(found, below)) is not found:
            changed[name] = made
    gone = [name for name, found in value.items() if found is None and _forbidden(name, node) and name not in changed]
    for name, found in value.items() if node.values is not None else ():
        assert node.values is not None
        if name not in node.properties and name not in gone and (made := _item(found, node.values)) is not found:
            changed[name] = made
    if not changed and not gone:
        return value
    return {name: found for name, found in (value | changed).items() if name not in gone}


def _forbidden(name: str, node: Node) -> bool:
    """Whether a null is no value here."""
    below = node.properties.get(name) or node.values
    return below is not None and not below.nullable and below.default is None
