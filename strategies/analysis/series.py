"""Raw counters, series by series: by how much each grew in a window. Interpolated between scrapes, never extrapolated.

Targets are scraped at different moments, so what grew between two scrapes is divided at a window's end in proportion to time,
whole requests down. The value at an end depends on the two scrapes around it alone: it is the same whenever it is read
again, and windows share no request and lose none. (Given to the window of the later scrape instead, an incident of both sides
would show on the candidate's one pod up to a scrape interval earlier or later than on stable's many.)

A counter that fell was reset and grew by what it now shows. A series that appears on a target that was scraped before without it
began at 0 then; one that comes with a new target may have counted for long, so its first value is only where it begins. What
the sums of these mean is decided in windows.py; no query belongs here.
"""

import math
import struct
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from strategies.analysis.verdict import Unknown

TARGET_LABELS = ("job", "instance", "pod")
"""What a target is known by, as far as a series has these labels."""
SCRAPER_LABELS = frozenset({"prometheus", "prometheus_replica", "replica", "__replica__", "monitor"})
"""Labels by which two scrapers' series of the same counter differ."""
SCRAPE_LABELS = frozenset({"job", "endpoint", "service", "container"})
"""The same for two scrape configurations of one scraper, whose jobs differ."""
MOST_SERIES = 20_000
"""More than this for one side is a query that was not meant."""

_STALE = struct.pack("<Q", 0x7FF0000000000002)
_WHOLE = 1e-6  # A count this close to a whole number is one.


@dataclass(frozen=True, slots=True, kw_only=True)
class Native:
    """One scrape of a native histogram: `buckets` as left and right end and count, not cumulative; `count` of all."""

    at: float
    count: float
    buckets: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One counter's labels (without its name) and its scrapes, oldest first, as seconds since 1970 and value.

    `histograms`: the scrapes of one whose values are native histograms, which are not counters.
    """

    labels: Mapping[str, str]
    samples: Sequence[tuple[float, float]]
    histograms: Sequence[Native] = ()

    @property
    def native(self) -> bool:
        """Whether its values are native histograms."""
        return bool(self.histograms)


class Answer(tuple[Series, ...]):
    """The series of one answer, in which many Releases look for theirs: a thousand of them must not each look at all."""

    def having(self, label: str, value: str, more: int) -> Sequence[Series]:
        """Those whose label has this value and so many characters more."""
        known: dict[tuple[str, int], dict[str, list[Series]]] = self.__dict__.setdefault("index", {})
        index = known.get((label, more))
        if index is None:
            index = defaultdict(list)
            for each in self:
                text = each.labels.get(label, "")
                index[text[: len(text) - more]].append(each)
            known[label, more] = index = dict(index)
        return index.get(value, ())


def growths(series: Sequence[Series], start: float, end: float, siblings: Iterable[Series] = ()) -> list[float] | Unknown:
    """By how much each series grew from `start` to `end`, seconds since 1970; in their order.

    Samples around both ends are needed: give those of some scrape intervals before `start`, and read after the scrapes that
    follow `end`. `siblings`: other series of the same targets, which show when these were scraped. Unknown when a value is no
    counter's, when the same counter is there twice, or when no scrape has followed `end` yet.
    """
    if len(series) > MOST_SERIES:
        message = f"the source has {len(series):,} series for one side; narrow the selector to this workload"
        return Unknown(reason="TooManySeries", message=message)
    if (problem := _duplicates(series)) is not None:
        return problem
    cleaned = []
    for each in series:
        samples = _usable(each)
        if isinstance(samples, Unknown):
            return samples
        cleaned.append(samples)
    scrapes = _scrapes([*series, *siblings])
    if series and max((times[-1] for times in scrapes.values()), default=-math.inf) < end:
        return Unknown(
            reason="NotYet", message="no scrape has followed the window's end yet; is the target gone, or the delay too short?"
        )
    amounts = []
    for each, samples in zip(series, cleaned, strict=True):
        target = _target(each.labels)
        curve = _curve(samples, scrapes.get(target, []) if any(target) else [])
        amounts.append(_at(curve, end) - _at(curve, start))
    return amounts


def whole(amount: float) -> bool:
    """Whether this is a number of requests, rounding errors of floating point apart."""
    return abs(amount - round(amount)) <= _WHOLE


def _curve(samples: Sequence[tuple[float, float]], scrapes: Sequence[float]) -> list[tuple[float, float]]:
    """Time and value of a counter that never falls: resets are added up, and a birth is put where the target was scraped
    before.
    """
    if not samples:
        return []
    born = bisect_left(scrapes, samples[0][0])
    curve = [(scrapes[born - 1], 0.0)] if born else []
    offset = 0.0
    for number, (at, value) in enumerate(samples):
        if number and value < samples[number - 1][1]:
            offset += samples[number - 1][1]
        curve.append((at, offset + value))
    return curve


def _at(curve: Sequence[tuple[float, float]], moment: float) -> float:
    """The value at a moment; at the ends of what is known it stays as it is."""
    after = bisect_right(curve, moment, key=lambda point: point[0])
    if not curve or not after:
        return curve[0][1] if curve else 0.0
    (at, value) = curve[after - 1]
    if after == len(curve):
        return value
    (later, grown) = curve[after]
    between = (grown - value) * (moment - at) / (later - at)
    return value + (math.floor(between) if whole(value) and whole(grown) else between)


def _scrapes(series: Iterable[Series]) -> dict[tuple[str, ...], list[float]]:
    """When each target was scraped, as far as is known."""
    seen = defaultdict[tuple[str, ...], set[float]](set)
    for each in series:
        seen[_target(each.labels)].update(at for at, value in each.samples if math.isfinite(value))
    return {target: sorted(times) for target, times in seen.items() if times}


def _target(labels: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(labels.get(name, "") for name in TARGET_LABELS)


def _usable(series: Series) -> list[tuple[float, float]] | Unknown:
    """The samples without staleness markers, in order; Unknown for values that no counter has."""
    kept = [(at, value) for at, value in sorted(series.samples) if struct.pack("<d", value) != _STALE]
    for _, value in kept:
        if not math.isfinite(value):
            return Unknown(reason="NotANumber", message=f"{_named(series)} has the value {value}, which is no count")
        if value < 0:
            return Unknown(reason="Negative", message=f"{_named(series)} is negative ({value:g}); is it a gauge?")
    return kept


def _duplicates(series: Sequence[Series]) -> Unknown | None:
    """Two series of one counter: two scrapers, or two configurations of one, and every request counted twice."""
    names = SCRAPER_LABELS | SCRAPE_LABELS
    alike = defaultdict[frozenset[tuple[str, str]], list[Series]](list)
    for each in series:
        alike[frozenset((name, value) for name, value in each.labels.items() if name not in names)].append(each)
    for group in alike.values():
        for name in ("job", *sorted(SCRAPER_LABELS)):
            values = sorted({each.labels.get(name, "") for each in group})
            if len(values) > 1:
                message = f"counters are there twice, with {name} {values[0]!r} and {values[1]!r}; match on one of them"
                return Unknown(reason="Duplicates", message=f"{message} ({_named(group[0])})")
        if len({frozenset(each.labels.items()) for each in group}) < len(group):
            return Unknown(reason="Duplicates", message=f"{_named(group[0])} is there twice; do two sources answer as one?")
    return None


def _named(series: Series) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in sorted(series.labels.items())[:6]) + "}"
