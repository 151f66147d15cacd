"""Native histograms as the buckets that a latency gate needs: how many requests took no longer than an edge.

A native histogram has no buckets by name, and its edges are where its resolution puts them. An edge can be used if no bucket
with requests lies across it; nothing is interpolated, as with classic ones. What the buckets mean is decided in windows.py.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from strategies.analysis.series import Native, Series
from strategies.analysis.verdict import Unknown

_NEAR = 1e-4
"""Edges are roots of 2: whoever writes four digits of one means it. The finest resolution has 27 times as much between two."""


def as_buckets(series: Sequence[Series], edges: Sequence[float]) -> list[Series] | Unknown:
    """Classic buckets of these native histograms, for these edges and for all; Unknown where an edge lies inside of a bucket."""
    found = []
    for each in series:
        for edge in (*edges, math.inf):
            samples = []
            for histogram in each.histograms:
                if (across := next(_across(histogram, edge), None)) is not None:
                    message = (f"the native histogram has no edge at {edge:g}; set threshold to {_digits(across[0])} or "
                               f"{_digits(across[1])}")  # fmt: skip
                    return Unknown(reason="NoSuchEdge", message=message)
                samples.append((histogram.at, _up_to(histogram, edge)))
            found.append(replace(each, labels={**each.labels, "le": repr(edge)}, samples=samples, histograms=()))
    return found


def _across(histogram: Native, edge: float) -> Iterator[tuple[float, float]]:
    """The bucket with requests on both sides of the edge, if there is one."""
    for left, right, count in histogram.buckets:
        if count and left < edge * (1 - _NEAR) and right > edge * (1 + _NEAR):
            yield left, right


def _up_to(histogram: Native, edge: float) -> float:
    if edge == math.inf:
        return histogram.count
    return sum(count for _, right, count in histogram.buckets if right <= edge * (1 + _NEAR))


def _digits(edge: float) -> str:
    return f"{edge:.6g}"
