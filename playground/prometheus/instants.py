"""Functions of instant vectors and numbers: abs, clamp, label_replace and the like. Pure."""

import math
import re
from collections.abc import Callable, Mapping, Sequence

from playground.prometheus.matching import Labels, compiled
from playground.prometheus.problems import BadQuery
from playground.prometheus.values import Sample, Vector, distinct, unnamed


def _whole(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: float(function(value)) if math.isfinite(value) else value


def _logarithm(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: function(value) if value > 0 else -math.inf if value == 0 else math.nan


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


ONE_BY_ONE: Mapping[str, Callable[[float], float]] = {
    "abs": abs,
    "ceil": _whole(math.ceil),
    "floor": _whole(math.floor),
    "exp": _exp,
    "sqrt": lambda value: math.sqrt(value) if value >= 0 else math.nan,
    "ln": _logarithm(math.log),
    "log2": _logarithm(math.log2),
    "log10": _logarithm(math.log10),
    "sgn": lambda value: math.copysign(1, value) if value else value,
}
WITH_NUMBERS = ("round", "clamp", "clamp_min", "clamp_max")
_REFERENCE = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))")


def mapped(function: Callable[[float], float], vector: Vector) -> Vector:
    """The function of each value; the metric's name is dropped."""
    return distinct([Sample(labels=unnamed(s.labels), value=function(s.value)) for s in vector])


def with_numbers(name: str, vector: Vector, numbers: Sequence[float]) -> Vector:
    """round(v, to = 1), clamp(v, low, high), clamp_min, clamp_max."""
    if name == "round":
        inverse = 1 / numbers[0] if numbers and numbers[0] else math.nan if numbers else 1.0
        return mapped(lambda value: _whole(math.floor)(value * inverse + 0.5) / inverse, vector)
    low = -math.inf if name == "clamp_max" else numbers[0]
    high = math.inf if name == "clamp_min" else numbers[-1]
    return [] if high < low else mapped(lambda value: _clamped(value, low, high), vector)


def _clamped(value: float, low: float, high: float) -> float:
    unknown = any(map(math.isnan, (value, low, high)))
    return math.nan if unknown else max(low, min(high, value))


def label_replace(vector: Vector, texts: Sequence[str]) -> Vector:
    """`texts`: destination, replacement with $1 or ${name}, source, regular expression of the whole value."""
    destination, replacement, source, expression = texts
    pattern = compiled(expression)
    if not destination:
        raise BadQuery("invalid destination label name in label_replace(): ")

    def change(labels: Labels) -> Labels:
        match = pattern.fullmatch(labels.get(source, ""))
        return labels if match is None else _with(labels, destination, _expanded(replacement, match))

    return distinct([Sample(labels=change(s.labels), value=s.value) for s in vector])


def label_join(vector: Vector, texts: Sequence[str]) -> Vector:
    """`texts`: destination, separator, sources."""
    destination, separator, *sources = texts
    joined = ((s, separator.join(s.labels.get(source, "") for source in sources)) for s in vector)
    return distinct([Sample(labels=_with(s.labels, destination, text), value=s.value) for s, text in joined])


def _with(labels: Labels, name: str, value: str) -> Labels:
    rest = {key: old for key, old in labels.items() if key != name}
    return {**rest, name: value} if value else rest


def _expanded(template: str, match: re.Match[str]) -> str:
    """$1, ${1}, $name and $$, as Go's regexp expands them; a group that is not there is empty."""

    def one(reference: re.Match[str]) -> str:
        if reference[1]:
            return "$"
        name = reference[2] or reference[3]
        try:
            return match[int(name) if name.isdigit() else name] or ""
        except IndexError:
            return ""

    return _REFERENCE.sub(one, template)
