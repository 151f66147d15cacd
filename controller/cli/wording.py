"""pydantic's errors in words that help: what is wrong, what was meant, what to write instead.

What is right and wrong is not decided here.
"""

import difflib
import json
import re
from collections.abc import Iterator
from typing import Any

from controller.cli.findings import Finding, Resource
from controller.cli.manifests import Path, Place, show
from strategies.analysis.query import QueryError

Object = dict[str, Any]
_EXPECTED = {"integer": "a whole number", "number": "a number", "string": "text", "boolean": "true or false",
             "object": "a mapping", "array": "a list"}  # fmt: skip


def put(resource: Resource, error: Any, schema: Object) -> Finding:
    """One of pydantic's errors about a spec in our words; `schema` is the spec's."""
    loc = tuple(part for part in error["loc"] if part != "[key]")
    path: Path = ("spec", *loc)
    if error["type"] == "extra_forbidden":
        return unknown(resource, path, str(loc[-1]), part_of(schema, loc[:-1]).get("properties", {}), schema)
    if error["type"] == "missing":
        described = _described(part_of(schema, loc))
        return resource.finding(path, f"{loc[-1]} is required", f"Add it. {described}".strip())
    problem = (error.get("ctx") or {}).get("error")
    if isinstance(problem, QueryError):
        return _query(resource, path, problem)
    message, remedy = _say(error, part_of(schema, loc))
    about_key = error["loc"][-1:] == ("[key]",)
    return resource.finding(path, message, remedy, place=resource.document.key((*resource.root, *path)) if about_key else None)


def _say(error: Any, schema: Object) -> tuple[str, str]:
    """Message and remedy of an error about a value."""
    kind, value, ctx = error["type"], error["input"], error.get("ctx") or {}
    described = _described(schema)
    if kind in ("enum", "literal_error"):
        choices = list(schema.get("enum") or [])
        close = close_to(str(value), choices)
        return f"{value!r} is none of {', '.join(choices)}", f"Did you mean {close}?" if close else described
    if kind in ("greater_than_equal", "less_than_equal"):
        least = kind == "greater_than_equal"
        return f"{value} is {'less' if least else 'more'} than {ctx['ge' if least else 'le']}", described
    if kind in ("string_too_short", "string_too_long", "too_short", "too_long"):
        unit = "characters" if kind.startswith("string") else "items"
        limit = f"at least {ctx['min_length']}" if kind.endswith("short") else f"at most {ctx['max_length']}"
        return f"has {len(value)} {unit}, needs {limit}", described
    if kind == "string_pattern_mismatch":
        return f"{value!r} does not have the form {ctx['pattern']}", described
    if kind == "value_error":
        return str(ctx["error"]), described
    if kind.endswith("_type") and "type" in schema:
        return f"must be {_EXPECTED[schema['type']]}, is {_is(value)}", _retype(value, schema["type"]) or described
    return str(error["msg"]), described


def _is(value: Any) -> str:
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return "empty" if value is None else f"the text {value!r}" if isinstance(value, str) else json.dumps(value)


def _retype(value: Any, wanted: str) -> str:
    if wanted == "string" and isinstance(value, bool | int | float):
        return f'Write it in quotes: "{json.dumps(value)}".'
    if wanted in ("integer", "number", "boolean") and isinstance(value, str):
        return "Write it without quotes." if re.fullmatch(r"[-+]?[0-9.]+|true|false", value) else ""
    return "Begin each item with a dash." if wanted == "array" else ""


def _query(resource: Resource, path: Path, problem: QueryError) -> Finding:
    """An error in PromQL, at its place in the query where that is known and the file shows it."""
    place = query_place(resource, path, problem.where)
    message = str(problem) if place is None else problem.message
    return resource.finding(path, message, "How queries and their variables are written: docs/gates.md.", place=place)


def query_place(resource: Resource, path: Path, where: str) -> Place | None:
    """Where a part of a query stands: "line 1, column 7", or the part itself."""
    full = (*resource.root, *path)
    node = resource.document.nodes.get(full)
    text = str(node.value) if node is not None else ""
    if named := re.fullmatch(r"line (\d+), column (\d+)", where):
        return resource.document.inside(full, int(named[1]), int(named[2]))
    index = text.find(where) if where else -1
    if index < 0:
        return None
    return resource.document.inside(full, text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


def unknown(resource: Resource, path: Path, key: str, siblings: Object, schema: Object) -> Finding:
    """A field that is not among its `siblings`: the one that was meant, or where in the `schema` there is one of this name."""
    close = close_to(key, list(siblings))
    elsewhere = [show(("spec", *found)) for found in _occurrences(schema, key)]
    remedy = f"Fields here: {', '.join(siblings) or 'none'}."
    if close:
        remedy = f"Did you mean {close}?"
    elif elsewhere:
        remedy = f"It belongs to {' or '.join(elsewhere[:3])}."
    return resource.finding(path, f"there is no field {key}", remedy, place=resource.document.key((*resource.root, *path)))


def close_to(word: str, choices: list[str]) -> str | None:
    """The choice that was most likely meant."""
    plain = {re.sub(r"[-_ ]", "", choice).lower(): choice for choice in choices}
    found = difflib.get_close_matches(re.sub(r"[-_ ]", "", word).lower(), plain, 1, 0.7)
    return plain[found[0]] if found else None


def _occurrences(schema: Object, key: str, path: Path = ()) -> Iterator[Path]:
    """Where else a field of this name is, without the numbers of items."""
    for name, part in (schema.get("properties") or {}).items():
        if name == key:
            yield (*path, name)
        yield from _occurrences(part, key, (*path, name))
    if isinstance(schema.get("items"), dict):
        yield from _occurrences(schema["items"], key, path)


def part_of(schema: Object, path: Path) -> Object:
    """The part of a schema for this path; empty where there is none."""
    for part in path:
        if isinstance(part, int):
            schema = schema.get("items") or {}
        else:
            schema = (schema.get("properties") or {}).get(part) or schema.get("additionalProperties") or {}
    return schema


def _described(schema: Object) -> str:
    return str(schema.get("description") or "")
