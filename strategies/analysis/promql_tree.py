"""PromQL as frozen values, and their text: a query can be changed as a tree and printed again.

promql_parser's own tree cannot do this (measured with 0.12): `prettify()` prints the tree as it was parsed, whatever
was changed since; `str()` escapes nothing and drops milliseconds; `walk` and `transform` hand out copies; `==` compares
identity. No knowledge of variables or of releases belongs in this module.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class SyntaxProblem(ValueError):
    """The text is no PromQL, or uses a part of it that is refused; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One label matcher of a selector."""

    name: str
    operator: Literal["=", "!=", "=~", "!~"]
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """`offset` and `@`: `at` is a time, or "start" or "end" for the functions of that name."""

    offset: timedelta | None
    at: datetime | Literal["start", "end"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """A vector selector; with a `range` a matrix selector."""

    metric: str | None
    matchers: tuple[Matcher, ...]
    range: timedelta | None
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class Subquery:
    """`inner[range:step]`."""

    inner: "Node"
    range: timedelta
    step: timedelta | None
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number, as the text `repr` gives for it: so that NaN equals NaN."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class String:
    """A string that is an argument, not a label's value."""

    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A function call; `returns` is "vector" or "scalar"."""

    function: str
    arguments: tuple["Node", ...]
    returns: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """`operator by|without (labels) (parameter, inner)`."""

    operator: str
    grouping: tuple[str, tuple[str, ...]] | None
    parameter: "Node | None"
    inner: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """`left operator modifiers right`; each modifier is its keyword and its labels (None where it takes none)."""

    left: "Node"
    operator: str
    modifiers: tuple[tuple[str, tuple[str, ...] | None], ...]
    right: "Node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """`(inner)`, or `-inner` when `negated`. Parentheses are nodes, so printing needs no rules of precedence."""

    inner: "Node"
    negated: bool


Node = Selector | Subquery | Number | String | Call | Aggregate | Binary | Wrapped


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below this one."""
    match node:
        case Call(arguments=arguments):
            return arguments
        case Aggregate(parameter=parameter, inner=inner):
            return (inner,) if parameter is None else (parameter, inner)
        case Binary(left=left, right=right):
            return (left, right)
        case Subquery(inner=inner) | Wrapped(inner=inner):
            return (inner,)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Every node of the tree."""
    yield node
    for child in children(node):
        yield from walk(child)


def transform(node: Node, change: Callable[[Node], Node]) -> Node:
    """The tree with `change` made to every node, the lowest first."""
    match node:
        case Call(arguments=arguments):
            node = replace(node, arguments=tuple(transform(argument, change) for argument in arguments))
        case Aggregate(parameter=parameter, inner=inner):
            parameter = None if parameter is None else transform(parameter, change)
            node = replace(node, parameter=parameter, inner=transform(inner, change))
        case Binary(left=left, right=right):
            node = replace(node, left=transform(left, change), right=transform(right, change))
        case Subquery(inner=inner) | Wrapped(inner=inner):
            node = replace(node, inner=transform(inner, change))
    return change(node)


def durations(node: Node) -> tuple[timedelta, ...]:
    """The durations that stand at this node: range, step and offset."""
    found: tuple[timedelta | None, ...] = ()
    if isinstance(node, Selector):
        found = (node.range, node.when.offset)
    elif isinstance(node, Subquery):
        found = (node.range, node.step, node.when.offset)
    return tuple(value for value in found if value is not None)


def with_durations(node: Node, change: Callable[[timedelta], timedelta]) -> Node:
    """The node with `change` made to each of its durations."""

    def changed(value: timedelta | None) -> timedelta | None:
        return None if value is None else change(value)

    match node:
        case Selector(range=span, when=when):
            return replace(node, range=changed(span), when=replace(when, offset=changed(when.offset)))
        case Subquery(range=span, step=step, when=when):
            when = replace(when, offset=changed(when.offset))
            return replace(node, range=change(span), step=changed(step), when=when)
    return node


def render(node: Node) -> str:
    """The text of a tree, on one line."""
    match node:
        case Selector():
            return _render_selector(node)
        case Subquery():
            step = "" if node.step is None else duration(node.step)
            return f"{render(node.inner)}[{duration(node.range)}:{step}]{_render_when(node.when)}"
        case Number():
            value = float(node.text)
            return node.text if math.isfinite(value) else "NaN" if math.isnan(value) else "Inf"
        case String():
            return quote(node.value)
        case Call():
            return f"{node.function}({', '.join(map(render, node.arguments))})"
        case Aggregate():
            grouping = "" if node.grouping is None else f" {node.grouping[0]} ({_names(node.grouping[1])})"
            parameter = "" if node.parameter is None else render(node.parameter) + ", "
            return f"{node.operator}{grouping} ({parameter}{render(node.inner)})"
        case Binary():
            words = [f"{word} ({_names(names)})" if names is not None else word for word, names in node.modifiers]
            return " ".join((render(node.left), node.operator, *words, render(node.right)))
        case Wrapped():
            return f"-{render(node.inner)}" if node.negated else f"({render(node.inner)})"


def _render_selector(node: Selector) -> str:
    matchers = ",".join(f"{_name(m.name)}{m.operator}{quote(m.value)}" for m in node.matchers)
    metric = node.metric or ""
    span = "" if node.range is None else f"[{duration(node.range)}]"
    return metric + (f"{{{matchers}}}" if matchers else "") + span + _render_when(node.when)


def _render_when(when: When) -> str:
    at = ""
    if isinstance(when.at, datetime):
        seconds, milliseconds = divmod((when.at - _EPOCH) // _MILLISECOND, 1000)
        at = f" @ {seconds}.{milliseconds:03}"
    elif when.at is not None:
        at = f" @ {when.at}()"
    return at + ("" if when.offset is None else f" offset {duration(when.offset)}")


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(map(_name, names))


def _name(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else quote(name)


def quote(value: str) -> str:
    """A string literal that Prometheus and promql_parser both read as this value. Refuses half surrogate pairs."""
    written = []
    for character in value:
        if 0xD800 <= ord(character) <= 0xDFFF:
            raise SyntaxProblem("a name holds half of a surrogate pair, which is no text")
        if character in '"\\':
            written.append("\\" + character)
        elif character.isprintable() and character != "\ufffd":  # Prometheus takes U+FFFD for a broken encoding
            written.append(character)
        else:
            written.append(f"\\U{ord(character):08x}")
    return '"' + "".join(written) + '"'


def duration(value: timedelta) -> str:
    """Prometheus' form of a duration, to the millisecond: 1m30s."""
    rest = abs(value) // _MILLISECOND
    written = "-" if value < timedelta(0) else ""
    for unit, length in _UNITS:
        count, rest = divmod(rest, length)
        written += f"{count}{unit}" if count else ""
    return written if written.strip("-") else "0s"
