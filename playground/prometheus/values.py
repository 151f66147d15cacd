"""What an expression of PromQL is worth: a number, a string, an instant vector, or a vector of ranges."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from playground.prometheus.matching import METRIC, Labels
from playground.prometheus.problems import ExecutionFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One element of an instant vector."""

    labels: Labels
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """One element of a range vector: samples after `start` and up to `end`. Times in ms; at least one sample, none STALE."""

    labels: Labels
    times: Sequence[int]
    values: Sequence[float]
    start: int
    end: int


Vector = list[Sample]
Value = float | str | Vector | list[Range]


def identity(labels: Labels) -> frozenset[tuple[str, str]]:
    """Equal exactly for equal labels."""
    return frozenset(labels.items())


def unnamed(labels: Labels) -> Labels:
    """Without the metric's name, which no longer says what the value is."""
    return {name: value for name, value in labels.items() if name != METRIC}


def distinct(vector: Vector) -> Vector:
    """The vector, if no two elements have the same labels."""
    if len({identity(sample.labels) for sample in vector}) < len(vector):
        raise ExecutionFailed("vector cannot contain metrics with the same labelset")
    return vector


def total(values: Iterable[float]) -> float:
    """The exact sum, rounded once."""
    found = list(values)
    try:
        return math.fsum(found)
    except (OverflowError, ValueError):  # Infinities of both signs, or a sum too large for a float.
        return sum(found)


def quantile(share: float, values: Iterable[float]) -> float:
    """Between two values, their weighted mean. NaN counts as smaller than any number."""
    ordered = sorted(values, key=lambda value: (not math.isnan(value), value))
    if not ordered or math.isnan(share):
        return math.nan
    if not 0 <= share <= 1:
        return math.copysign(math.inf, share)
    rank = share * (len(ordered) - 1)
    lower = math.floor(rank)
    weight = rank - lower
    return ordered[lower] * (1 - weight) + ordered[min(lower + 1, len(ordered) - 1)] * weight


def variance(values: Sequence[float]) -> float:
    """Of the whole population."""
    mean = total(values) / len(values)
    return total((value - mean) ** 2 for value in values) / len(values)


def highest(values: Iterable[float]) -> float:
    """NaN only if there is nothing else."""
    return max(values, key=lambda value: (not math.isnan(value), value))


def lowest(values: Iterable[float]) -> float:
    """NaN only if there is nothing else."""
    return min(values, key=lambda value: (math.isnan(value), value))
