"""What a schema has against a custom resource, in the words of kube-apiserver.

On an update only what has changed is judged, so that an object from before a stricter schema can still be changed elsewhere.
Rules (x-kubernetes-validations) are in rules.py.
"""

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from playground.apiserver.schema.patterns import has_format
from playground.apiserver.schema.structural import Node

Found = tuple[str, str, str]
"""A reason, a field's path and a sentence."""

ABSENT: Any = object()
_JSON_TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
_GO_FORMATS = {"integer": "int64", "number": "float64"}
_LARGEST = {"int32": 2**31, "int64": 2**63}
_REASONS = {
    "Required value": "FieldValueRequired", "Unsupported value": "FieldValueNotSupported", "Too long": "FieldValueTooLong",
    "Too many": "FieldValueTooMany", "Duplicate value": "FieldValueDuplicate", "Invalid value": "FieldValueInvalid",
    "Forbidden": "FieldValueForbidden",
}  # fmt: skip
_TYPE = "FieldValueTypeInvalid"
BLOCKING = {"FieldValueRequired", "FieldValueNotSupported", "FieldValueTooLong", "FieldValueTooMany", _TYPE}
"""After these, rules are not evaluated."""


def problem(kind: str, path: str, detail: str = "", value: Any = ABSENT) -> Found:
    """A finding; `kind` such as `Invalid value`, `value` the one that is wrong."""
    shown = "" if value is ABSENT else f": {shown_value(value)}"
    return _REASONS[kind], path, f"{kind}{shown}{f': {detail}' if detail else ''}"


def shown_value(value: Any) -> str:
    """As messages quote values."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return go_number(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def go_number(value: float) -> str:
    """A number as Go prints it: a float has an exponent from a million on (1e+06)."""
    if isinstance(value, int):
        return str(value)
    exact = Decimal(repr(value)).normalize()
    exponent = exact.adjusted() if value else 0
    return f"{exact:f}" if -4 <= exponent < 6 else f"{exact.scaleb(-exponent):f}e{exponent:+03d}"


def violations(value: Any, old: Any, node: Node, path: str = "") -> Iterator[Found]:
    """What is wrong with a value; `old` is what it was, ABSENT if it is new."""
    if value == old:
        return
    if value is None:
        if not node.nullable and node.type:
            yield _mistyped(path, node.type, "null")
        return
    kind = _JSON_TYPES[type(value)]
    if not _fits(kind, value, node):
        formatted = bool(node.format) and kind not in ("string", "array")
        yield _mistyped(path, node.format, _GO_FORMATS.get(kind, "")) if formatted else _mistyped(path, node.type, kind)
    if kind == "object":
        yield from _object(value, old if isinstance(old, dict) else {}, node, path)
    elif kind == "array":
        yield from _array(value, old if isinstance(old, list) else [], node, path)
    elif kind == "string":
        yield from _string(value, node, path)
    elif kind in ("integer", "number"):
        yield from _number(value, node, path)
    if node.enum and value not in node.enum:
        values = ", ".join(json.dumps(v if isinstance(v, str) else json.dumps(v), ensure_ascii=False) for v in node.enum)
        yield problem("Unsupported value", path, f"supported values: {values}", value)
    yield from _combined(value, node, path)


def _fits(kind: str, value: Any, node: Node) -> bool:
    if not node.type:
        return not node.int_or_string or kind in ("string", "integer")
    if node.format and kind in ("string", "array") and node.type not in ("integer", "number"):
        return True  # Whether it is of the format is all that is asked.
    return kind == node.type or (kind == "integer" and node.type == "number") or (
        kind == "number" and node.type == "integer" and value == int(value))  # fmt: skip


def _mistyped(path: str, wanted: str, found: str) -> Found:
    detail = f"{path} in body must be of type {wanted or 'integer,string'}: {json.dumps(found)}"
    return _TYPE, path, f"Invalid value: {json.dumps(found)}: {detail}"


def _object(value: dict[str, Any], old: dict[str, Any], node: Node, path: str) -> Iterator[Found]:
    bounds = node.bounds
    if len(value) < bounds.get("minProperties", 0):
        least = f"{path} in body should have at least {bounds['minProperties']} properties"
        yield problem("Invalid value", path, least, len(value))
    if len(value) > bounds.get("maxProperties", math.inf):
        yield problem("Too many", path, _at_most(bounds["maxProperties"]), len(value))
    for name, item in value.items():
        below = node.properties.get(name) or node.values
        if below is not None:
            yield from violations(item, old.get(name, ABSENT), below, f"{path}.{name}" if path else name)
    for name in (*(("apiVersion", "kind") if node.embedded else ()), *node.required):
        if name not in value:
            yield problem("Required value", f"{path}.{name}" if path else name)


def _at_most(count: int) -> str:
    return f"must have at most {count} {'item' if count == 1 else 'items'}"


def _array(value: list[Any], old: list[Any], node: Node, path: str) -> Iterator[Found]:
    before = _by_keys(old, node)
    if node.items is not None:
        for index, item in enumerate(value):
            yield from violations(item, before.get(_identity(item, node), ABSENT), node.items, f"{path}[{index}]")
    if len(value) < node.bounds.get("minItems", 0):
        yield problem("Invalid value", path, f"{path} in body should have at least {node.bounds['minItems']} items", len(value))
    if len(value) > node.bounds.get("maxItems", math.inf):
        yield problem("Too many", path, _at_most(node.bounds["maxItems"]), len(value))


def _by_keys(items: list[Any], node: Node) -> dict[Any, Any]:
    """Items of a list that is a map, by their identity: only these can be followed from one version to the next."""
    return {_identity(item, node): item for item in items} if node.list_type == "map" else {}


def _identity(item: Any, node: Node) -> str:
    return json.dumps([item.get(key) for key in node.list_keys]) if isinstance(item, dict) else ""


def _string(value: str, node: Node, path: str) -> Iterator[Found]:
    if node.type not in ("", "string"):
        return
    if len(value) > node.bounds.get("maxLength", math.inf):
        yield problem("Too long", path, f"may not be more than {node.bounds['maxLength']} bytes")
    elif len(value) < node.bounds.get("minLength", 0):
        yield problem("Invalid value", path, f"{path} in body should be at least {node.bounds['minLength']} chars long", value)
    elif node.pattern is not None and not node.pattern.found_in(value):
        yield problem("Invalid value", path, f"{path} in body should match '{node.pattern.text}'", value)
    if node.format and not has_format(value, node.format):
        detail = f"{path} in body must be of type {node.format}: {json.dumps(value, ensure_ascii=False)}"
        yield _TYPE, path, f"Invalid value: {json.dumps(value, ensure_ascii=False)}: {detail}"


def _number(value: float, node: Node, path: str) -> Iterator[Found]:
    if node.type not in ("", "integer", "number"):
        return
    bounds, said = node.bounds, f"{path} in body should be"
    if node.type == "integer" and (value != int(value) or not -(most := _LARGEST[node.format or "int64"]) <= value < most):
        wanted = f"with format {node.format}" if node.format else "(default format)"
        yield problem("Invalid value", "<nil>", f"Checked value must be of type integer {wanted} in {path}", "")
    exact = int if isinstance(value, int) else float
    if "multipleOf" in bounds and value % bounds["multipleOf"] != 0:
        yield problem("Invalid value", path, f"{said} a multiple of {go_number(exact(bounds['multipleOf']))}", value)
    highest, lowest = bounds.get("maximum", math.inf), bounds.get("minimum", -math.inf)
    if value > highest or (value == highest and bounds.get("exclusiveMaximum")):
        how = "less than" if bounds.get("exclusiveMaximum") else "less than or equal to"
        yield problem("Invalid value", path, f"{said} {how} {go_number(exact(highest))}", value)
    if value < lowest or (value == lowest and bounds.get("exclusiveMinimum")):
        how = "greater than" if bounds.get("exclusiveMinimum") else "greater than or equal to"
        yield problem("Invalid value", path, f"{said} {how} {go_number(exact(lowest))}", value)


def _combined(value: Any, node: Node, path: str) -> Iterator[Found]:
    """`allOf`, `anyOf`, `oneOf` and `not`; what the first alternative misses is said along."""
    if not (node.all_of or node.any_of or node.one_of or node.none_of is not None):
        return
    where = f"{json.dumps(path)} must"
    for each in node.all_of:
        yield from violations(value, ABSENT, each, path)
    if count := sum(not _valid(value, each) for each in node.all_of):
        none = ". None validated" if count == len(node.all_of) else ""
        yield problem("Invalid value", "<nil>", f"{where} validate all the schemas (allOf){none}", "")
    if node.any_of and not any(_valid(value, each) for each in node.any_of):
        yield problem("Invalid value", "<nil>", f"{where} validate at least one schema (anyOf)", "")
        yield from violations(value, ABSENT, node.any_of[0], path)
    if node.one_of and (count := sum(_valid(value, each) for each in node.one_of)) != 1:
        found = f"Found {count} valid alternatives" if count else "Found none valid"
        yield problem("Invalid value", "<nil>", f"{where} validate one and only one schema (oneOf). {found}", "")
        yield from violations(value, ABSENT, node.one_of[0], path) if not count else ()
    if node.none_of is not None and _valid(value, node.none_of):
        yield problem("Invalid value", "<nil>", f"{where} not validate the schema (not)", "")


def _valid(value: Any, node: Node) -> bool:
    return next(violations(value, ABSENT, node, ""), None) is None


def repeated(value: Any, node: Node, path: str = "") -> Iterator[Found]:
    """Items of sets and maps that are there more than once."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name in node.properties:
                yield from repeated(item, node.properties[name], f"{path}.{name}" if path else name)
            elif node.values is not None:
                yield from repeated(item, node.values, f"{path}[{name}]")
    elif isinstance(value, list):
        yield from _repeated_items(value, node, path)
        for index, item in enumerate(value if node.items is not None else ()):
            assert node.items is not None
            yield from repeated(item, node.items, f"{path}[{index}]")


def _repeated_items(items: list[Any], node: Node, path: str) -> Iterator[Found]:
    if node.list_type not in ("map", "set"):
        return
    seen: dict[str, int] = {}
    for index, item in enumerate(items):
        shown = item
        if node.list_type == "map" and isinstance(item, dict):
            shown = {key: item[key] for key in node.list_keys if key in item}
        text = json.dumps(shown, sort_keys=True)
        seen[text] = seen.get(text, 0) + 1
        if seen[text] == 2:
            yield problem("Duplicate value", f"{path}[{index}]", "", shown)
