"""The samples that both are asked about: counters with resets, histograms, gauges with NaN and gaps, series that end."""

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from playground.prometheus.matching import Labels, Matcher, matches
from playground.prometheus.series import STALE, Samples

BEGIN, STEP, COUNT = 1_700_000_000_000, 5000, 120
"""Ms: ten minutes of samples, one in five seconds."""
END = BEGIN + STEP * (COUNT - 1)
_EDGES = ("0.005", "0.01", "0.05", "0.1", "0.5", "+Inf")
_SHOP = {"namespace": "shop", "app": "shop", "job": "pods"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A fixed set of series as a Source."""

    series: Sequence[Samples]

    def select(self, matchers: Sequence[Matcher], start: int, end: int) -> Iterator[Samples]:
        """See Source."""
        for one in self.series:
            inside = [(at, value) for at, value in zip(one.times, one.values, strict=True) if start < at <= end]
            if inside and matches(matchers, one.labels):
                times, values = zip(*inside, strict=True)
                yield Samples(labels=one.labels, times=times, values=values)

    def labels(self) -> Iterable[Labels]:
        """See Source."""
        return (one.labels for one in self.series)


def recorded() -> Recorded:
    """Always the same."""
    chance = random.Random(7)
    return Recorded(series=[*_requests(chance), *_durations(chance), *_gauges(chance), *_facts()])


def _at(first: int, last: int, jitter: random.Random | None = None) -> list[int]:
    return [BEGIN + STEP * n + (jitter.randrange(400) if jitter else 0) for n in range(first, last)]


def _counter(times: Sequence[int], rate: float, chance: random.Random, resets: Sequence[int] = ()) -> list[float]:
    value, values = 0.0, []
    for n in range(len(times)):
        value = 0.0 if n in resets else value + chance.randrange(int(rate * 10) + 1)
        values.append(value)
    return values


def _requests(chance: random.Random) -> Iterator[Samples]:
    """Three pods of one revision and one of another; the second restarts twice, the third ends, the fourth comes late."""
    for pod, revision, first, last, resets in (
        ("shop-1", "aaa", 0, COUNT, ()), ("shop-2", "aaa", 0, COUNT, (40, 41, 90)), ("shop-3", "aaa", 3, 70, ()),
        ("shop-4", "bbb", 60, COUNT, ()),
    ):  # fmt: skip
        for code, rate in (("200", 20.0), ("500", 0.5)):
            times = _at(first, last, chance if pod == "shop-1" else None)
            values = _counter(times, rate, chance, resets)
            if pod == "shop-3":
                times, values = [*times, times[-1] + STEP], [*values, STALE]
            labels = {"__name__": "http_requests_total", **_SHOP, "pod": pod, "pod_template_hash": revision, "code": code}
            yield Samples(labels=labels, times=times, values=values)


def _durations(chance: random.Random) -> Iterator[Samples]:
    name = "http_request_duration_seconds"
    for pod, share in (("shop-1", 0.6), ("shop-2", 0.3)):
        times = _at(0, COUNT)
        counts = [0] * len(_EDGES)
        rows: list[list[float]] = []
        for _ in times:
            for _ in range(chance.randrange(30)):
                reached = next(n for n in range(len(_EDGES)) if n == len(_EDGES) - 1 or chance.random() < share)
                for n in range(reached, len(_EDGES)):
                    counts[n] += 1
            rows.append([float(count) for count in counts])
        for n, edge in enumerate(_EDGES):
            labels = {"__name__": name + "_bucket", **_SHOP, "pod": pod, "le": edge}
            yield Samples(labels=labels, times=times, values=[row[n] for row in rows])
        yield Samples(labels={"__name__": name + "_count", **_SHOP, "pod": pod}, times=times, values=[row[-1] for row in rows])
        sums = [row[-1] * 0.0173 for row in rows]
        yield Samples(labels={"__name__": name + "_sum", **_SHOP, "pod": pod}, times=times, values=sums)


def _gauges(chance: random.Random) -> Iterator[Samples]:
    times = _at(0, COUNT)
    walk = [math.sin(n / 7) * 40 + chance.random() for n in range(COUNT)]
    holes = [math.nan if n % 11 == 3 else value for n, value in enumerate(walk)]
    broken = [STALE if 50 <= n < 53 else value for n, value in enumerate(walk)]
    for room, values in (("hall", walk), ("attic", holes), ("cellar", broken)):
        yield Samples(labels={"__name__": "temperature", "room": room, "unit": "C"}, times=times, values=values)
    extremes = [(math.inf, -math.inf, 0.0, -0.0, math.nan, 1e308, 1e-308)[n % 7] for n in range(COUNT)]
    yield Samples(labels={"__name__": "temperature", "room": "lab"}, times=times, values=extremes)
    # A scrape that was missed for more than five minutes, without a marker.
    sparse = [*times[:10], *times[100:]]
    yield Samples(labels={"__name__": "temperature", "room": "shed"}, times=sparse, values=[*walk[:10], *walk[100:]])
    yield Samples(labels={"__name__": "lonely", "äöü": "ß\"\\\n"}, times=times[60:61], values=[42.0])


def _facts() -> Iterator[Samples]:
    times = _at(0, COUNT)
    for pod, version in (("shop-1", "1.0"), ("shop-2", "1.0"), ("shop-4", "2.0-rc.1")):
        labels = {"__name__": "build_info", "pod": pod, "version": version, "namespace": "shop"}
        yield Samples(labels=labels, times=times, values=[1.0] * COUNT)
    yield Samples(labels={"__name__": "quota", "namespace": "shop"}, times=times, values=[100.0] * COUNT)
    yield Samples(labels={"__name__": "quota", "namespace": "other"}, times=times, values=[0.0] * COUNT)
    falling = [("0.1", 9.0), ("0.2", 7.0), ("0.4", 12.0), ("+Inf", 12.0)]
    for edge, count in falling:
        yield Samples(labels={"__name__": "odd_bucket", "le": edge, "kind": "falling"}, times=times, values=[count] * COUNT)
    for edge in ("1", "2"):
        yield Samples(labels={"__name__": "odd_bucket", "le": edge, "kind": "no infinity"}, times=times, values=[3.0] * COUNT)
    for edge, count in (("-1", 4.0), ("0", 5.0), ("+Inf", 6.0), ("what", 7.0)):
        yield Samples(labels={"__name__": "odd_bucket", "le": edge, "kind": "negative"}, times=times, values=[count] * COUNT)
