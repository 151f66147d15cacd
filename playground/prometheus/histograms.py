"""histogram_quantile for classic histograms: a quantile from the counts of buckets, linear within a bucket. Pure."""

import math
from bisect import bisect_left
from collections.abc import Iterable

from playground.prometheus.values import Sample, Vector, identity, unnamed

_EDGE = "le"
_NO_DIFFERENCE = 1e-12
"""Counts that differ by less, as a share of their sum, differ by rounding only."""


def histogram_quantile(share: float, vector: Vector) -> Vector:
    """One element for each set of labels but `le`. A series whose `le` is no number is passed over."""
    groups: dict[frozenset[tuple[str, str]], tuple[dict[str, str], list[tuple[float, float]]]] = {}
    for sample in vector:
        try:
            edge = float(sample.labels.get(_EDGE, ""))
        except ValueError:
            continue
        labels = {name: value for name, value in unnamed(sample.labels).items() if name != _EDGE}
        groups.setdefault(identity(labels), (labels, []))[1].append((edge, sample.value))
    return [Sample(labels=labels, value=bucket_quantile(share, buckets)) for labels, buckets in groups.values()]


def bucket_quantile(share: float, buckets: Iterable[tuple[float, float]]) -> float:
    """The quantile of cumulative counts by upper edge; the highest finite edge where it is beyond that."""
    if math.isnan(share):
        return math.nan
    if not 0 <= share <= 1:
        return math.copysign(math.inf, share)
    merged: dict[float, float] = {}
    for edge, count in sorted(buckets):
        merged[edge] = merged.get(edge, 0.0) + count
    edges, counts = list(merged), _rising(list(merged.values()))
    if edges[-1] != math.inf or len(edges) < 2 or counts[-1] == 0:
        return math.nan
    if math.isnan(counts[-1]):
        return edges[-2]
    rank = share * counts[-1]
    index = bisect_left(counts, rank, hi=len(counts) - 1)
    if index == len(counts) - 1:
        return edges[-2]
    if index == 0 and edges[0] <= 0:
        return edges[0]
    lower, below = (edges[index - 1], counts[index - 1]) if index else (0.0, 0.0)
    within = counts[index] - below
    return lower + (edges[index] - lower) * ((rank - below) / within) if within else math.nan


def _rising(counts: list[float]) -> list[float]:
    """Counts that fall, or differ by rounding only, are taken for the one before."""
    rising = counts[:1]
    for count in counts[1:]:
        before = rising[-1]
        same = abs(count - before) < _NO_DIFFERENCE * (abs(count) + abs(before))
        rising.append(before if same or count < before else count)
    return rising
