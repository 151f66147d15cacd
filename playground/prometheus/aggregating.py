"""Aggregations: sum, avg and the like over groups of an instant vector. Pure."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from playground.prometheus.matching import METRIC, Labels
from playground.prometheus.problems import ExecutionFailed
from playground.prometheus.values import Sample, Vector, highest, identity, lowest, quantile, total, variance

_ONE_NUMBER: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": total,
    "avg": lambda values: total(values) / len(values),
    "min": lowest,
    "max": highest,
    "count": len,
    "group": lambda _: 1.0,
    "stddev": lambda values: math.sqrt(variance(values)),
    "stdvar": variance,
}
OPERATORS = (*_ONE_NUMBER, "quantile", "topk", "bottomk")


def aggregate(operator: str, parameter: float, keep: Callable[[Labels], Labels], vector: Vector) -> Vector:
    """`keep` takes an element's labels to those of its group."""
    groups: dict[frozenset[tuple[str, str]], tuple[Labels, Vector]] = {}
    for sample in vector:
        labels = keep(sample.labels)
        groups.setdefault(identity(labels), (labels, []))[1].append(sample)
    if operator in ("topk", "bottomk"):
        return [sample for _, group in groups.values() for sample in _best(group, parameter, highest=operator == "topk")]
    function = _ONE_NUMBER[operator] if operator in _ONE_NUMBER else partial(quantile, parameter)
    return [Sample(labels=labels, value=float(function([s.value for s in group]))) for labels, group in groups.values()]


def grouping(labels: Sequence[str], *, by: bool) -> Callable[[Labels], Labels]:
    """`by (labels)` or `without (labels)`."""
    named = frozenset(labels)
    if by:
        return lambda found: {name: value for name, value in found.items() if name in named}
    return lambda found: {name: value for name, value in found.items() if name not in named and name != METRIC}


def _best(group: Vector, count: float, *, highest: bool) -> Vector:
    if math.isnan(count):
        raise ExecutionFailed("Parameter value is NaN")
    if count < 1:
        return []
    sign = -1 if highest else 1
    ordered = sorted(group, key=lambda sample: (math.isnan(sample.value), sign * sample.value))
    return ordered[: int(min(count, len(group)))]
