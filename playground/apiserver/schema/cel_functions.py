"""What functions, operators, methods and macros of CEL mean, over JSON values; a duration is a number of seconds of its own type.

The part that validations of Kubernetes objects use. Errors of evaluation are `Failed`; and `||` or `&&` decide in
cel_values.py, because they need not evaluate everything.
"""

import ipaddress
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from playground.apiserver.schema.patterns import compiled, go_duration


class Failed(Exception):
    """The expression has no value, in CEL's words."""


class Seconds(float):
    """A duration."""


_TYPES = {str: "string", list: "list", dict: "map", float: "double", type(None): "null_type"}
MACROS = ("all", "exists", "exists_one", "existsOne", "map", "filter")


def same(a: Any, b: Any) -> bool:
    """Equality: numbers by value, nothing else across types."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return bool(a == b)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def call(a: Any, b: Any) -> bool:
        numbers = isinstance(a, int | float) and isinstance(b, int | float)
        if not numbers and type(a) is not type(b):
            raise Failed("no such overload")
        return compare(a, b)

    return call


def _plus(a: Any, b: Any) -> Any:
    if isinstance(a, Seconds):
        return Seconds(float(a) + float(b))
    if (isinstance(a, str) and isinstance(b, str)) or (isinstance(a, list) and isinstance(b, list)) or _numbers(a, b):
        return a + b
    raise Failed("no such overload")


def _minus(a: Any, b: Any) -> Any:
    if isinstance(a, Seconds):
        return Seconds(float(a) - float(b))
    return _numeric(lambda x, y: x - y)(a, b)


def _numbers(a: Any, b: Any) -> bool:
    return all(isinstance(x, int | float) and not isinstance(x, bool) for x in (a, b))


def _numeric(operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def call(a: Any, b: Any) -> Any:
        if not _numbers(a, b):
            raise Failed("no such overload")
        try:
            return operate(a, b)
        except ZeroDivisionError as problem:
            raise Failed("division by zero") from problem

    return call


def _divided(a: Any, b: Any) -> Any:
    if isinstance(a, float) or isinstance(b, float):
        return a / b
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def _in(item: Any, holder: Any) -> bool:
    if isinstance(holder, dict):
        return item in holder
    if isinstance(holder, list):
        return any(same(item, other) for other in holder)
    raise Failed("no such overload")


def _size(value: Any) -> int:
    if isinstance(value, str | list | dict):
        return len(value)
    raise Failed("no such overload")


def _type(value: Any) -> str:
    return _TYPES.get(type(value), type(value).__name__)


def _int(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError) as problem:
        raise Failed(f"type conversion error from '{_type(value)}' to 'int'") from problem


def _double(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as problem:
        raise Failed(f"type conversion error from '{_type(value)}' to 'double'") from problem


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{float(value):g}s" if isinstance(value, Seconds) else str(value)


def _duration(text: Any) -> Seconds:
    if isinstance(text, Seconds):
        return text
    try:
        return Seconds(go_duration(text))
    except (TypeError, ValueError) as problem:
        raise Failed(f"type conversion error from '{_type(text)}' to 'google.protobuf.Duration'") from problem


def _matches(text: Any, pattern: Any) -> bool:
    try:
        return bool(compiled(pattern).found_in(text))
    except (TypeError, ValueError) as problem:
        raise Failed(str(problem)) from problem


def _is_ip(text: Any) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _index_of(text: Any, part: Any) -> int:
    if isinstance(text, list):
        return next((n for n, item in enumerate(text) if same(item, part)), -1)
    return int(text.find(part))


def _is_sorted(items: list[Any]) -> bool:
    return all(not _ordered(lambda a, b: a > b)(a, b) for a, b in pairwise(items))


def _substring(text: str, start: int, end: int | None = None) -> str:
    stop = len(text) if end is None else end
    if not 0 <= start <= stop <= len(text):
        raise Failed(f"index out of range: {start}")
    return text[start:stop]


OPERATORS: Mapping[str, Callable[..., Any]] = {
    "==": same,
    "!=": lambda a, b: not same(a, b),
    "<": _ordered(lambda a, b: a < b),
    "<=": _ordered(lambda a, b: a <= b),
    ">": _ordered(lambda a, b: a > b),
    ">=": _ordered(lambda a, b: a >= b),
    "in": _in,
    "+": _plus,
    "-": _minus,
    "*": _numeric(lambda a, b: a * b),
    "/": _numeric(_divided),
    "%": _numeric(lambda a, b: a - b * _divided(a, b)),
    "-_": lambda a: _minus(0, a),
}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "size": _size,
    "int": _int,
    "double": _double,
    "string": _text,
    "duration": _duration,
    "matches": _matches,
    "isIP": _is_ip,
    "type": _type,
}
METHODS: Mapping[str, Callable[..., Any]] = {
    "size": _size,
    "matches": _matches,
    "startsWith": lambda text, part: text.startswith(part),
    "endsWith": lambda text, part: text.endswith(part),
    "contains": lambda text, part: part in text,
    "indexOf": _index_of,
    "lastIndexOf": lambda text, part: text.rfind(part),
    "lowerAscii": lambda text: text.lower(),
    "upperAscii": lambda text: text.upper(),
    "trim": lambda text: text.strip(),
    "split": lambda text, part, *most: text.split(part, *(n - 1 for n in most)) if part else list(text),
    "join": lambda items, part="": part.join(items),
    "replace": lambda text, old, new, *most: text.replace(old, new, *most),
    "substring": _substring,
    "isSorted": _is_sorted,
}
