"""JSON Patch as the API server applies it: a failed test refuses the whole patch. For tests of the pure adapters."""

from copy import deepcopy
from typing import Any


class Refused(Exception):
    """A test in the patch did not hold, or a path is not there."""


def applied(found: dict[str, Any], patch: list[dict[str, Any]]) -> dict[str, Any]:
    """The object after the patch."""
    made = deepcopy(found)
    for operation in patch:
        *way, last = [p.replace("~1", "/").replace("~0", "~") for p in operation["path"].split("/")[1:]]
        target: Any = made
        for key in way:
            target = _child(target, key)
        _apply(target, int(last) if isinstance(target, list) else last, operation)
    return made


def _child(target: Any, key: str) -> Any:
    try:
        return target[int(key) if isinstance(target, list) else key]
    except (KeyError, IndexError) as missing:
        raise Refused(f"{key} is not there") from missing


def _apply(target: Any, key: Any, operation: dict[str, Any]) -> None:
    kind, present = operation["op"], (key in target if isinstance(target, dict) else key < len(target))
    if kind == "test":
        if (target[key] if present else None) != operation["value"]:
            raise Refused(f"{operation['path']} is {target[key] if present else None!r}, not {operation['value']!r}")
    elif kind in ("remove", "replace") and not present:
        raise Refused(f"{operation['path']} is not there")
    elif kind == "remove":
        del target[key]
    elif kind == "add" and isinstance(target, list):
        target.insert(key, deepcopy(operation["value"]))
    else:
        target[key] = deepcopy(operation["value"])
