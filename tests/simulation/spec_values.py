"""Values for every field of a CRD's spec, from its schema alone: the smallest, the largest, empty, invalid and other valid ones.

A field that is added to a model gets its values without anybody thinking of it; only a new pattern needs three strings here.
What becomes of a value is test_schema.py's part.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from strategies.spec.base import DURATION_LENGTH, DURATION_PATTERN

Object = dict[str, Any]
Path = tuple[str | int, ...]
_KEY = "team"
"""What a map has in the place of a name."""
_NAME = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
_LABEL = "^[a-zA-Z_][a-zA-Z0-9_]*$"
_SPELLED: dict[str, tuple[str, str, str]] = {
    "": ("", "x", "other"),
    DURATION_PATTERN: ("0ms", "99999h" * 5 + "9h", "3s"),
    _NAME: ("0", "z", "other"),
    "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$": ("0", "z", "other"),
    "^[-._a-zA-Z0-9]+$": ("0", "z", "other"),
    "^[0-9a-f]{8}$": ("00000000", "ffffffff", "0badc0de"),
    "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$": ("2000-01-01", "2099-12-31", "2027-05-05"),
    "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]$": (
        "2000-01-01T00:00", "2099-12-31T23:59", "2027-05-05T05:05"
    ),
    "^FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;[A-Z]{2,10}=[A-Z0-9,+-]{1,64})*$": (
        "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO", "FREQ=YEARLY"
    ),
    "^[A-Za-z][A-Za-z0-9_+/-]*$": ("Z", "z", "UTC"),
    _LABEL: ("_", "z", "other"),
    "^[a-z][A-Za-z0-9_]*$": ("a", "z", "other"),
    r"^https?://[^/?#@\s]+(/[^#\s]*)?$": ("http://x", "https://x/x", "https://[::1]:9090/verdict"),
    "^/var/run/secrets/": ("/var/run/secrets/", "/var/run/secrets/../../../etc/x", "/var/run/secrets/token"),
    r"^/[^#\s]*$": ("/", "/openapi.json", "/v3/api-docs?group=a"),
    r"^https?://[^/?#@\s]+(/[^?#\s]*)?$": ("http://x", "https://x/x", "https://[::1]:9090/prometheus"),
    r"^(\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?(-?\*)?)$": ("*", "z", "team-*"),
    "^([1-9][0-9]{0,4}|([1-9]|[1-9][0-9]|100)%)$": ("1", "99999", "100%"),
}
"""By pattern: the shortest, the beginning of the longest (its last character is repeated), and another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field: where it is in the spec, what its schema says, and a spec in which it is set."""

    path: Path
    schema: Object
    base: Object

    @property
    def name(self) -> str:
        """As the API server writes it."""
        return named(self.path)

    def values(self) -> Iterator[tuple[str, Any]]:
        """What may stand there, by the kind of value. Some are refused, some are what the base has."""
        at = found(self.base, self.path)
        yield "wrong type", 7 if self.schema["type"] in ("string", "object", "array") else "x"
        yield "null", None
        yield from _OF_TYPE[self.schema["type"]](self.schema, at)

    def spec(self, value: Any) -> Object:
        """The base with this value."""
        spec = copy.deepcopy(self.base)
        found(spec, self.path[:-1])[self.path[-1]] = value
        return spec


def named(path: Path) -> str:
    """`spec.gates[0].name`."""
    return "spec" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def found(spec: Any, path: Path) -> Any:
    """What a spec has there."""
    for part in path:
        spec = spec[part]
    return spec


def fields(schema: Object, bases: tuple[Object, ...]) -> Iterator[Field]:
    """Every field of a spec with this schema, each in the first base that has it. KeyError for one that none has."""
    for path, part in _walked(schema, ()):
        base = next((base for base in bases if _has(base, path)), None)
        if base is None:
            raise KeyError(f"{named(path)} is in no base; put it into one")
        yield Field(path=path, schema=part, base=base)


def _has(spec: Object, path: Path) -> bool:
    try:
        found(spec, path)
    except (KeyError, IndexError):
        return False
    return True


def _walked(schema: Object, path: Path) -> Iterator[tuple[Path, Object]]:
    if path:
        yield path, schema
    for name, part in (schema.get("properties") or {}).items():
        yield from _walked(part, (*path, name))
    if "items" in schema:
        yield from _walked(schema["items"], (*path, 0))
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _walked(schema["additionalProperties"], (*path, _KEY))


def _strings(schema: Object, at: Any) -> Iterator[tuple[str, Any]]:
    yield "empty", ""
    if "enum" in schema:
        yield "invalid", "Nonsense"
        yield from (("flipped", value) for value in schema["enum"] if value != at)
        return
    pattern, longest = schema.get("pattern", ""), schema.get("maxLength", 5)
    least, most, other = _SPELLED[pattern]
    yield "smallest", least or "x" * schema.get("minLength", 0)
    full = most if pattern == DURATION_PATTERN or "maxLength" not in schema else most.ljust(longest, most[-1])
    assert pattern != DURATION_PATTERN or len(full) == DURATION_LENGTH, "no longer the longest duration"
    yield "largest", full
    yield "too long", full + full[-1] * (longest + 1 - len(full))
    yield "flipped", other
    yield "invalid", "{$\n\x00 }"


def _numbers(schema: Object, at: Any) -> Iterator[tuple[str, Any]]:
    whole = schema["type"] == "integer"
    least, most = schema.get("minimum", -(2**63) if whole else -1e308), schema.get("maximum", 2**63 - 1 if whole else 1e308)
    yield "smallest", least
    yield "largest", most
    yield "too small", schema.get("minimum", 0) - 1
    yield "too large", most + 1
    yield "empty", 0
    yield "flipped", at + 1
    yield "tiny", 5e-324


def _booleans(_schema: Object, at: Any) -> Iterator[tuple[str, Any]]:
    yield "flipped", not at


def _arrays(schema: Object, at: Any) -> Iterator[tuple[str, Any]]:
    yield "empty", []
    yield "smallest", at[-1:] * schema.get("minItems", 0)
    most = schema.get("maxItems", 64)
    yield "largest", [_nth(at[0], n, most) for n in range(most)]
    yield "too long", [_nth(at[0], n, most + 1) for n in range(most + 1)]
    yield "repeated", [at[-1], at[-1]]


def _nth(item: Any, number: int, most: int) -> Any:
    """One that differs from the others where it must: rising to 100, and named by its number."""
    if not isinstance(item, dict):
        return item
    other = {"name": f"n{number}", "weight": 100 - most + 1 + number}
    return {**copy.deepcopy(item), **{key: value for key, value in other.items() if key in item}}


def _objects(schema: Object, at: Any) -> Iterator[tuple[str, Any]]:
    yield "empty", {}
    yield "smallest", {key: at[key] for key in schema.get("required") or ()}
    yield "unknown", {**at, "nobodyKnows": {"x": [1]}}
    if "maxProperties" in schema:
        yield "largest", {f"k{n}": "x" for n in range(schema["maxProperties"])}
        yield "too long", {f"k{n}": "x" for n in range(schema["maxProperties"] + 1)}


_OF_TYPE = {
    "string": _strings, "integer": _numbers, "number": _numbers, "boolean": _booleans, "array": _arrays, "object": _objects,
}  # fmt: skip
