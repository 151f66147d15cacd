"""From counters to windows: disjoint, aligned, behind the scrape delay, so that each can be read again and gives the same
numbers.

A window is (start, end], its ends multiples of the interval since 1970, and it may be read once `delay` has passed after its
end. What cannot be counted is an Unknown with its reason, never a 0: without series nobody knows. Fractions (federated or
computed series) are rounded against finding harm: the candidate's bad and stable's good requests down, the others up. No clock:
`now` is given.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from strategies.analysis.counts import Counts, Window
from strategies.analysis.native import as_buckets
from strategies.analysis.series import Series, growths, whole
from strategies.analysis.verdict import Unknown, window_key

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A window's ends, aware. `key` orders windows."""

    start: datetime
    end: datetime

    @property
    def key(self) -> str:
        """The key of the window that ends here."""
        return window_key(self.end)

    @property
    def seconds(self) -> tuple[float, float]:
        """The ends in seconds since 1970."""
        return self.start.timestamp(), self.end.timestamp()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One side of a window as its series count it, before anything is rounded: requests in each class, best first."""

    classes: tuple[float, ...]


def spans(since: datetime, now: datetime, interval: timedelta, delay: timedelta, most: int = 120) -> list[Span]:
    """The windows that begin at `since` or later and can be read by `now`, oldest first; the newest `most` when there are more.

    `delay`: scrape interval plus what scrapes may be late; clock skew between the source and us belongs in it.
    """
    first = -((_EPOCH - since) // interval)  # rounded up
    last = (now - delay - _EPOCH) // interval
    numbers = range(max(first, last - most), last)
    return [Span(start=_EPOCH + number * interval, end=_EPOCH + (number + 1) * interval) for number in numbers]


def tally(bad: Sequence[Series], total: Sequence[Series], span: Span) -> Tally | Unknown:
    """Good and bad requests of one side in this window, from the series of two selectors.

    No series of bad requests means none; no series of requests means that nothing is known.
    """
    if not total:
        return Unknown(reason="NoSeries", message="no series count the requests of this side")
    grown = growths(total, *span.seconds, siblings=bad)
    ill = growths(bad, *span.seconds, siblings=total)
    if isinstance(grown, Unknown):
        return grown
    if isinstance(ill, Unknown):
        return ill
    requests, failed = math.fsum(grown), math.fsum(ill)
    if failed > requests + len(bad):  # counters of their own may differ by the request that each rounds down
        message = f"{failed:g} bad requests of {requests:g}; the series of bad ones must be among those of all"
        return Unknown(reason="Inconsistent", message=message)
    return Tally(classes=(max(requests - failed, 0.0), min(failed, requests)))


def edges_of(buckets: Sequence[Series]) -> tuple[float, ...] | Unknown:
    """The finite upper bounds that all histograms among these series have, rising."""
    if any(each.native for each in buckets):
        return Unknown(reason="MixedHistograms", message="both classic and native histograms answer; ask for one form")
    if not buckets:
        return Unknown(reason="NoSeries", message="no series count the requests of this side")
    found = defaultdict[frozenset[tuple[str, str]], set[float]](set)
    for each in buckets:
        edge = _edge(each)
        if edge is None:
            message = f"a series has le={each.labels.get('le')!r}; classic buckets are needed (a name ending in _bucket)"
            return Unknown(reason="NoHistogram", message=message)
        found[_without_edge(each)].add(edge)
    if not all(math.inf in edges for edges in found.values()):
        return Unknown(reason="NoHistogram", message='a histogram has no bucket le="+Inf"; do not narrow le in the selector')
    return tuple(sorted(set.intersection(*found.values()) - {math.inf}))


def histogram_tally(buckets: Sequence[Series], edges: Sequence[float], span: Span) -> Tally | Unknown:
    """Requests between these edges (rising, in the unit of `le`) in this window; the last class is above the last edge.

    For an objective alone give its edge alone: (up to it, above it).
    """
    if buckets and all(each.native for each in buckets):
        made = as_buckets(buckets, edges)
        if isinstance(made, Unknown):
            return made
        buckets = made
    known = edges_of(buckets)
    if isinstance(known, Unknown):
        return known
    if missing := [edge for edge in edges if edge not in known]:
        message = f"the histogram has no bucket with le={missing[0]:g}; it has {', '.join(f'{edge:g}' for edge in known)}"
        return Unknown(reason="NoSuchEdge", message=message)
    bounds = (*edges, math.inf)
    classes = _classes(buckets, bounds)
    if isinstance(classes, Unknown):
        return classes
    grown = growths(classes, *span.seconds)
    if isinstance(grown, Unknown):
        return grown
    sums = dict.fromkeys(bounds, 0.0)
    for each, amount in zip(classes, grown, strict=True):
        sums[float(each.labels["le"])] += amount
    return Tally(classes=tuple(sums.values()))


def _classes(buckets: Sequence[Series], bounds: Sequence[float]) -> list[Series] | Unknown:
    """A counter for each class of each histogram: what a bucket has more than the next smaller one.

    Taken before anything is divided at a window's end, so that rounding down cannot make a class negative.
    """
    histograms = defaultdict[frozenset[tuple[str, str]], dict[float, dict[float, float]]](dict)
    for each in buckets:
        edge = _edge(each)
        if edge in bounds and edge is not None:
            known = histograms[_without_edge(each)]
            if edge in known:
                return Unknown(reason="Duplicates", message=f"the bucket le={edge:g} is there twice for the same labels")
            known[edge] = dict(each.samples)
    found = []
    for labels, values in histograms.items():
        below = dict.fromkeys(values[bounds[0]], 0.0)
        for edge in bounds:
            if below.keys() != values[edge].keys() or any(values[edge][at] < below[at] for at in below):
                message = f"the bucket le={edge:g} holds less than a smaller one, or was scraped at other times"
                return Unknown(reason="Inconsistent", message=message)
            samples = [(at, value - below[at] if math.isfinite(value) else value) for at, value in values[edge].items()]
            found.append(Series(labels={**dict(labels), "le": str(edge)}, samples=samples))
            below = values[edge]
    return found


def window(
    span: Span, candidate: Tally | Unknown, stable: Tally | Unknown | None, edges: tuple[float, ...] = ()
) -> Window | Unknown:
    """The window of both sides, in whole requests; `stable` is None where there is nothing to compare with."""
    for side, whose in ((candidate, "the candidate"), (stable, "stable")):
        if isinstance(side, Unknown):
            return Unknown(reason=side.reason, message=f"{whose}: {side.message}")
    assert isinstance(candidate, Tally) and not isinstance(stable, Unknown)
    both = [*candidate.classes, *(stable.classes if stable else ())]
    return Window(
        key=span.key,
        candidate=_rounded(candidate, good=math.ceil, bad=math.floor),
        stable=_rounded(stable, good=math.floor, bad=math.ceil) if stable else None,
        edges=edges,
        rounded=not all(whole(each) for each in both),
    )


def _rounded(side: Tally, *, good: Callable[[float], int], bad: Callable[[float], int]) -> Counts:
    best, *others = side.classes
    return Counts(classes=(_to_whole(best, good), *(_to_whole(each, bad) for each in others)))


def _to_whole(amount: float, rounding: Callable[[float], int]) -> int:
    return round(amount) if whole(amount) else rounding(amount)


def _edge(bucket: Series) -> float | None:
    """The bucket's upper bound: "0.3", "0.30" and "3e-1" are the same one."""
    try:
        edge = float(bucket.labels["le"])
    except (KeyError, ValueError):
        return None
    return None if math.isnan(edge) else edge


def _without_edge(bucket: Series) -> frozenset[tuple[str, str]]:
    return frozenset((name, value) for name, value in bucket.labels.items() if name != "le")
