"""Samples as scrapes bring them: kept for an hour, found by labels.

All targets are scraped at the same moments, so a moment is kept once, and of a series only where its value changed: a pod
that nobody asks anything costs nothing. Reading gives each moment its sample back. How series are used in a query is not
known here.
"""

import math
import struct
from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from playground.prometheus.matching import Labels, Matcher, predicate, prefix

RETENTION = 3600.0
"""Seconds."""
MOST_CHANGES = 10_000_000
"""Beyond so many kept values (160 MB), the oldest go earlier."""
_TRIM_EVERY = 60
_COST = {"=": 0, "!=": 1, "=~": 2, "!~": 3}

(STALE,) = struct.unpack("<d", b"\x02\x00\x00\x00\x00\x00\xf8\x7f")
"""A NaN of its own bits: the series has ended here, or is interrupted."""
_STALE_BITS = struct.pack("<d", STALE)


def is_stale(value: float) -> bool:
    """Whether this sample says that there is none."""
    return math.isnan(value) and struct.pack("<d", value) == _STALE_BITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """One series within some time: `times` in ms since 1970, rising; a value may be STALE."""

    labels: Labels
    times: Sequence[int]
    values: Sequence[float]


class Source(Protocol):
    """Where a query finds its samples."""

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterable[Samples]:
        """The series that match, each with its samples after `start` and up to `end` (ms); those without any left out."""

    def labels(self) -> Iterable[Labels]:
        """The labels of every series."""


class Series:
    """One series of the store; `put` is called right before the scrape's moment is noted."""

    def __init__(self, labels: Labels) -> None:
        self.labels = labels
        self.times, self.values = array("q"), array("d")

    def put(self, at: int, value: float) -> None:
        """From this moment (ms) on it has this value."""
        if not self.values or value != self.values[-1]:
            self.times.append(at)
            self.values.append(value)

    def end(self, at: int) -> None:
        """From this moment (ms) on it has no value, until the next is put."""
        if self.values and not is_stale(self.values[-1]):
            self.times.append(at)
            self.values.append(STALE)

    def read(self, moments: Sequence[int]) -> Iterator[tuple[int, float]]:
        """Its sample at each of these moments."""
        times, values = self.times, self.values
        count, index = len(times), bisect_right(times, moments[0]) - 1
        for moment in moments:
            while index + 1 < count and times[index + 1] <= moment:
                index += 1
            if index >= 0:
                yield moment, values[index]

    def trim(self, before: int) -> bool:
        """Forget what was before; False if nothing is left to keep it for."""
        index = bisect_right(self.times, before) - 1
        if index > 0:
            del self.times[:index], self.values[:index]
        return not (self.times[-1] < before and is_stale(self.values[-1]))


class Store:
    """Every series by its labels. `moments` are those of all scrapes, in ms."""

    def __init__(self) -> None:
        self.moments = array("q")
        self._series: dict[tuple[tuple[str, str], ...], Series] = {}
        self._index: dict[tuple[str, str], dict[tuple[tuple[str, str], ...], Series]] = {}
        self._known: dict[str, list[str]] = {}

    def series(self, labels: Labels) -> Series:
        """The series with these labels, made if it is new."""
        key = tuple(sorted(labels.items()))
        found = self._series.get(key)
        if found is None:
            found = self._series[key] = Series(dict(key))
            for label in key:
                if label not in self._index:
                    self._index[label] = {}
                    insort(self._known.setdefault(label[0], []), label[1])
                self._index[label][key] = found
        return found

    def scraped(self, at: int) -> None:
        """Note the moment of a scrape, after its samples; now and then, forget what is too old."""
        self.moments.append(at)
        if len(self.moments) % _TRIM_EVERY == 0:
            self._trim(at)

    def labels(self) -> Iterator[Labels]:
        """See Source."""
        return (series.labels for series in self._series.values())

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterator[Samples]:
        """See Source."""
        moments = self.moments[bisect_right(self.moments, start) : bisect_right(self.moments, end)]
        if not moments:
            return
        for series in self._matching(matchers):
            samples = list(series.read(moments))
            if samples:
                times, values = zip(*samples, strict=True)
                yield Samples(labels=series.labels, times=times, values=values)

    def _matching(self, matchers: Sequence[Matcher]) -> Iterable[Series]:
        narrowed = [part for matcher in matchers if (part := self._narrowed(matcher)) is not None]
        parts = min(narrowed, key=lambda parts: sum(map(len, parts)), default=[self._series])
        found: Iterable[Series] = (series for part in parts for series in part.values())
        for matcher in sorted(matchers, key=lambda m: _COST[m.operator]):
            found = _filtered(found, matcher)
        return found

    def _narrowed(self, matcher: Matcher) -> list[dict[tuple[tuple[str, str], ...], Series]] | None:
        """The parts of the index in which everything is that the matcher lets through; None: it would not help."""
        if matcher.operator == "=" and matcher.value:
            return [self._index.get((matcher.name, matcher.value), {})]
        beginning = prefix(matcher.value) if matcher.operator == "=~" else ""
        if not beginning:
            return None
        known = self._known.get(matcher.name, [])
        values = known[bisect_left(known, beginning) : bisect_left(known, beginning + chr(0x10FFFF))]
        return [self._index[matcher.name, value] for value in values]

    def _trim(self, now: int) -> None:
        kept = sum(len(series.times) for series in self._series.values())
        seconds = min(RETENTION, (now - self.moments[0]) / 1000 * MOST_CHANGES / max(kept, 1))
        before = now - int(seconds * 1000)
        del self.moments[: bisect_left(self.moments, before)]
        gone = [key for key, series in self._series.items() if not series.trim(before)]
        for key in gone:
            del self._series[key]
            for label in key:
                del self._index[label][key]
                if not self._index[label]:
                    del self._index[label]
                    self._known[label[0]].remove(label[1])


def _filtered(found: Iterable[Series], matcher: Matcher) -> Iterable[Series]:
    is_match, name = predicate(matcher), matcher.name
    return (series for series in found if is_match(series.labels.get(name, "")))
