"""What real traffic does to a test: incidents of both sides, clumps, unequal pods, late harm, changing shares, shapes of latency.

Each row gives what was done, what came out, and the target or what is compared with it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from bench.gates import ours, rules
from bench.gates.grid import NEEDED, Rate, percent
from bench.gates.ours import Array, Sides
from bench.gates.traffic import MINUTES, SECONDS, Cell, first, simulate

WINDOWS = MINUTES * 60 // SECONDS
_SHORT = 5
SHOP = Cell(baseline=0.005, rate=100, share=0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    stress: str
    result: str


def rows(seed: int, runs: int) -> list[Row]:
    """All of them, each with a generator of its own."""
    return [row for stress in STRESSES for row in stress(np.random.default_rng([seed, *stress.__name__.encode()]), runs)]


def incident(rng: np.random.Generator, runs: int) -> list[Row]:
    """Both sides fail together for five minutes; and load and errors follow the day."""
    bad = np.full(WINDOWS, 0.005)
    bad[40:60] = 0.08
    sides = simulate(rng, SHOP, runs, baseline=bad)
    mine, static = _failed(ours.ratio_harm(sides) >= NEEDED), _rate(np.isfinite(rules.threshold(60, 0.01, 4)(sides)))
    predicting = _failed(ours.predicted_harm(sides) >= NEEDED)
    wave = 0.005 * (1 + 0.9 * np.sin(np.arange(WINDOWS) / 8))
    daily = _failed(ours.ratio_harm(simulate(rng, SHOP, runs, baseline=wave)) >= NEEDED)
    text = f"{_percent(mine)} false; with `predict` {_percent(predicting)}; with success ≥ 99 % in 1 m {_percent(static)}"
    return [
        Row(stress="an incident of both sides, 0.5 % to 8 % for 5 min", result=text),
        Row(stress="errors of both sides rise and fall by 90 %", result=f"{_percent(daily)} false"),
    ]


def scrapes(rng: np.random.Generator, runs: int) -> list[Row]:
    """The same incident as a source shows it: 20 pods, each scraped every 15 s at a moment of its own; one is the candidate's."""
    found = []
    for name, cut in (("divided in proportion to time", True), ("left to the window of the later scrape", False)):
        shares = []
        for rate, tolerance in ((1000, 1.0), (10_000, 1.0), (10_000, 1.25)):
            parts = [_scraped(rng, rate, 50, cut=cut) for _ in range(max(runs // 250, 1))]
            reached = [(ours.ratio_harm(part, tolerance=tolerance) >= NEEDED).any(1) for part in parts]
            shares.append(_percent(_rate(np.concatenate(reached))))
        found.append(f"{name} {' / '.join(shares)}")
    stress = (
        "that incident through scrapes of 15 s, 20 pods each at its own moment, one the candidate's; growth between scrapes …; "
        "1,000 rps / 10,000 rps / 10,000 rps with `tolerance` 1.25"
    )
    return [Row(stress=stress, result="; ".join(found) + " false")]


def _scraped(rng: np.random.Generator, rate: float, runs: int, *, cut: bool) -> Sides:
    """Seconds are simulated; scrapes lie on whole seconds."""
    pods, seconds = 20, MINUTES * 60
    bad = np.full(seconds + SECONDS, 0.005)
    bad[600:900] = 0.08
    counts = []
    for share in (bad, 1 - bad):
        every = np.cumsum(rng.poisson(rate / pods * share, (runs, pods, len(share))), 2, dtype=float)
        every = np.concatenate([np.zeros((runs, pods, 1)), every], 2)
        phase = rng.integers(0, SECONDS, (runs, pods))
        ends = np.arange(0, seconds + 1, SECONDS)
        after = np.minimum(ends[None, None] + phase[:, :, None], seconds + SECONDS)
        before = np.maximum(after - SECONDS * (phase[:, :, None] > 0), 0)
        low, high = np.take_along_axis(every, before, 2), np.take_along_axis(every, after, 2)
        part = np.where(after > before, (ends[None, None] - before) / np.maximum(after - before, 1), 1.0)
        counts.append(np.diff(low + np.floor((high - low) * part) if cut else low, axis=2))
    ill, good = counts
    return Sides(
        bad=ill[:, 0],
        total=ill[:, 0] + good[:, 0],
        stable_bad=ill[:, 1:].sum(1),
        stable_total=ill[:, 1:].sum(1) + good[:, 1:].sum(1),
    )


def overlapping(rng: np.random.Generator, runs: int) -> list[Row]:
    """rate[5m] asked every minute and taken for new data each time."""
    sides = simulate(rng, SHOP, runs)
    minutes = [rules.summed(each, 60) for each in (sides.bad, sides.total, sides.stable_bad, sides.stable_total)]
    five = [np.lib.stride_tricks.sliding_window_view(each, 5, axis=1).sum(2) for each in minutes]
    wrong = _failed(ours.ratio_harm(Sides(bad=five[0], total=five[1], stable_bad=five[2], stable_total=five[3])) >= NEEDED)
    right = _failed(ours.ratio_harm(sides) >= NEEDED)
    text = f"{_percent(wrong)} false instead of {_percent(right)}: why windows are disjoint"
    return [Row(stress="`rate[5m]` asked each minute as if it were new", result=text)]


def clumps(rng: np.random.Generator, runs: int) -> list[Row]:
    """One cause makes m requests fail on the arm where it strikes."""
    plain, divided = [], []
    for size in (2, 4, 8):
        few = simulate(rng, Cell(baseline=SHOP.baseline / size, rate=SHOP.rate, share=SHOP.share), runs)
        sides = Sides(bad=few.bad * size, total=few.total, stable_bad=few.stable_bad * size, stable_total=few.stable_total)
        plain.append(_percent(_failed(ours.ratio_harm(sides) >= NEEDED)))
        divided.append(_percent(_failed(ours.ratio_harm(sides, clump=size) >= NEEDED)))
    text = f"with `clump` {' / '.join(divided)} false; without {' / '.join(plain)}"
    return [Row(stress="errors in clumps of 2 / 4 / 8", result=text)]


def pods(rng: np.random.Generator, runs: int) -> list[Row]:
    """Each pod has an error rate of its own: 2 of 20 pods are the candidate's."""
    found = []
    for tolerance in (1.0, 1.25, 1.5):
        shares = []
        for spread in (0.1, 0.2, 0.4):
            rates = SHOP.baseline * np.exp(rng.normal(0, spread, (runs, 20, 1)) - spread**2 / 2)
            mine, others = rates[:, :2].mean(1), rates[:, 2:].mean(1)
            even = simulate(rng, SHOP, runs)
            sides = Sides(
                bad=rng.binomial(even.total, np.minimum(mine, 1)),
                total=even.total,
                stable_bad=rng.binomial(even.stable_total, np.minimum(others, 1)),
                stable_total=even.stable_total,
            )
            shares.append(_percent(_failed(ours.ratio_harm(sides, tolerance=tolerance) >= NEEDED)))
        found.append(f"`tolerance` {tolerance:g}: {' / '.join(shares)}")
    stress = "pods differ by themselves, lognormal 0.1 / 0.2 / 0.4; the candidate has 2 of 20"
    return [Row(stress=stress, result="; ".join(found) + " false. No test of requests covers few, unequal pods")]


def common(rng: np.random.Generator, runs: int) -> list[Row]:
    """Bad requests are not rare, and windows are tiny; and errors so rare that normal approximations break."""
    plain, predicting = [], []
    for bad in (0.1, 0.3, 0.5):
        sides = simulate(rng, Cell(baseline=bad, rate=1, share=0.3), runs)
        plain.append(_failed(ours.ratio_harm(sides) >= NEEDED))
        predicting.append(_failed(ours.predicted_harm(sides) >= NEEDED))
    text = f"{_range(plain)} false; with `predict` {_range(predicting)}"
    sooner = [_common_delay(rng, bad, runs) for bad in (0.05, 0.1, 0.2, 0.4)]
    rare = [simulate(rng, Cell(baseline=0.0001, rate=rate, share=0.05), runs) for rate in (10, 50, 200)]
    mine = [_failed(ours.ratio_harm(sides) >= NEEDED) for sides in rare]
    normal = [_rate(np.isfinite(rules.mixture_of_normals(sides))) for sides in rare]
    return [
        Row(stress="10 to 50 % bad on both sides, 5 requests of the candidate in a window", result=text),
        Row(
            stress="5 / 10 / 20 / 40 % bad, 1.25 times worse, 40 / 20 / 10 / 5 rps, share 20 %",
            result=f"{' / '.join(mine for mine, _ in sooner)} × bound; bad requests alone {' / '.join(a for _, a in sooner)}",
        ),
        Row(stress="0.01 % bad, 10 to 200 rps, share 5 %", result=f"{_range(mine)} false; mSPRT (normal) {_range(normal)}"),
    ]


def _common_delay(rng: np.random.Generator, bad: float, runs: int) -> tuple[str, str]:
    """Median delay against the bound, as a gate counts and by bad requests alone."""
    cell = Cell(baseline=bad, rate=2 / bad, share=0.2, ratio=1.25)
    sides = simulate(rng, cell, runs)
    every = (ours.ratio_harm(sides), ours.ratio_harm(sides, common=math.inf))
    mine, alone = (f"{np.median(first(logs >= NEEDED)) * SECONDS / cell.bound:.2f}" for logs in every)
    return mine, alone


def steps(rng: np.random.Generator, runs: int) -> list[Row]:
    """5, 20, 50 % for ten minutes each, 1.5 times worse."""
    parts = [simulate(rng, Cell(baseline=0.005, rate=100, share=share, ratio=1.5), runs) for share in (0.05, 0.2, 0.5)]
    sides = _joined([_cut(part, slice(0, 40)) for part in parts])
    carried = first(ours.ratio_harm(sides) >= NEEDED)
    pairs = zip(parts, (0.05, 0.2, 0.5), strict=True)
    begun = [first(_beta(_cut(part, slice(0, 40)), share) >= math.log(3) + NEEDED) for part, share in pairs]
    anew = np.min([each + 40 * number for number, each in enumerate(begun)], 0)
    text = f"evidence carried across: {_found(carried)}; a Beta mixture for each step with a third of the budget: {_found(anew)}"
    bad = np.repeat([0.005, 0.005, 0.01], 40)
    even = [simulate(rng, Cell(baseline=0.005, rate=100, share=share), runs, baseline=bad) for share in (0.05, 0.2, 0.5)]
    both = _joined([_cut(part, slice(40 * number, 40 * number + 40)) for number, part in enumerate(even)])
    mine, cumulative = _failed(ours.ratio_harm(both) >= NEEDED), _rate(np.isfinite(rules.mixture_of_normals(both)))
    drift = f"{_percent(mine)} false; mSPRT (normal) on sums since the start {_percent(cumulative)}"
    return [
        Row(stress="steps of 5 / 20 / 50 %, ten minutes each, 1.5 times worse", result=text),
        Row(stress="the same steps, equal sides, whose errors double at the last one", result=drift),
    ]


def onset(rng: np.random.Generator, runs: int) -> list[Row]:
    """Three times worse from half time on."""
    cell = Cell(baseline=0.005, rate=100, share=0.1, ratio=3)
    half = slice(0, WINDOWS // 2)
    sides = _joined([_cut(simulate(rng, SHOP, runs), half), _cut(simulate(rng, cell, runs), half)])
    since = {}
    for name, logs in (("one start", ours.ratio_harm(sides)), ("12 starts", ours.restarted_harm(sides, 12, 10))):
        late = first(logs >= NEEDED) - WINDOWS // 2
        since[name] = f"{name}: median {np.median(late[late > 0]) * SECONDS:.0f} s"
    equal = _failed(ours.restarted_harm(simulate(rng, SHOP, runs), 12, 10) >= NEEDED)
    text = (
        f"{since['one start']}; {since['12 starts']} (bound {cell.bound:.0f} s); 12 starts, equal sides: {_percent(equal)} false"
    )
    return [Row(stress="three times worse from half time on", result=text)]


def certificates(rng: np.random.Generator, runs: int) -> list[Row]:
    """A good release goes early; one that is as bad as the certificate excludes does not."""
    even, needed = simulate(rng, SHOP, runs), math.log(20)
    times, wrong = [], []
    for ratio in (1.5, 2.0, 3.0):
        times.append(f"{np.median(first(ours.ratio_clear(even, ratio) >= needed)) * SECONDS:.0f}")
        worse = simulate(rng, Cell(baseline=SHOP.baseline, rate=SHOP.rate, share=SHOP.share, ratio=ratio), runs)
        wrong.append(_failed(ours.ratio_clear(worse, ratio) >= needed))
    text = f"after {' / '.join(times)} s (median); given wrongly in {_range(wrong)} at beta = 5 %"
    return [Row(stress="certificate “less than 1.5 / 2 / 3 times worse”, an equal candidate, 100 rps, 10 %", result=text)]


def latencies(rng: np.random.Generator, runs: int) -> list[Row]:
    """Ten edges from 10 ms to 5 s, lognormal latencies (median 80 ms), 10 rps, share 20 %; the objective is 300 ms.

    Windows of 5 s; stable's last ten minutes before the release are known.
    """
    edges = np.array([0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0])
    few = max(runs // 4, 50)
    even = _shape(edges, 1.0)
    equal = _rate(np.concatenate([(_latency(rng, even, even, few) >= NEEDED).any(1) for _ in range(4)]))
    slower = [_against_bound(rng, even, _shape(edges, factor), few) for factor in (1.15, 1.3, 1.6)]
    stuck = []
    for part in (0.02, 0.005):
        shape = even * (1 - part)
        shape[8] += part  # 1 to 2 s
        stuck.append(_against_bound(rng, even, shape, few))
    return [
        Row(
            stress="a histogram, 10 rps: all latencies × 1.15 / 1.3 / 1.6",
            result=f"{'; '.join(slower)}; equal {_percent(equal)} false",
        ),
        Row(stress="2 % / 0.5 % of calls stuck at 2 s, 10 rps", result="; ".join(stuck)),
    ]


def _shape(edges: Array, factor: float) -> Array:
    cumulative = np.array([0.5 * (1 + math.erf(math.log(edge / 0.08 / factor) / 0.5 / math.sqrt(2))) for edge in edges])
    return np.diff(cumulative, prepend=0, append=1)


def _latency(rng: np.random.Generator, stable: Array, candidate: Array, runs: int) -> Array:
    mine, others = (rng.poisson(mean, (runs, MINUTES * 60 // _SHORT)) for mean in (2 * _SHORT, 8 * _SHORT))
    history = rng.multinomial(np.full(runs, 6000), stable)
    return ours.latency_harm(rng.multinomial(mine, candidate), rng.multinomial(others, stable), 5, history)


def _against_bound(rng: np.random.Generator, stable: Array, candidate: Array, runs: int) -> str:
    both = 0.2 * candidate + 0.8 * stable
    nats = 0.0
    for share, shape in ((0.2, candidate), (0.8, stable)):
        nats += share * float(np.sum(shape * np.log(np.maximum(shape, 1e-300) / np.maximum(both, 1e-300))))
    bound = NEEDED / nats / 10
    found = first(_latency(rng, stable, candidate, runs) >= NEEDED)
    seconds = np.median(found) * _SHORT
    seen = np.isfinite(found).mean()
    return f"{seconds:.0f} s, bound {bound:.0f} s ({seconds / bound:.1f} ×)" + ("" if seen == 1 else f", {seen:.0%} found")


def limits(rng: np.random.Generator, runs: int) -> list[Row]:
    """A fixed limit of 0.5 %, 1.5 and 2 times as many, and exactly as many."""
    found = []
    for ratio in (1.5, 2.0):
        bad = 0.005 * ratio
        bound = NEEDED / (bad * math.log(ratio) + (1 - bad) * math.log((1 - bad) / 0.995)) / 20
        total = rng.poisson(20 * SECONDS, (runs, WINDOWS))
        late = first(ours.limit_harm(rng.binomial(total, bad), total, 0.005) >= NEEDED)
        found.append(f"{np.median(late) * SECONDS / bound:.2f}")
    total = rng.poisson(20 * SECONDS, (runs, WINDOWS))
    equal = _failed(ours.limit_harm(rng.binomial(total, 0.005), total, 0.005) >= NEEDED)
    text = f"{' / '.join(found)} × bound; at the limit {_percent(equal)} false"
    return [Row(stress="a fixed limit, 1.5 / 2 times over it, 20 rps", result=text)]


STRESSES: list[Callable[[np.random.Generator, int], list[Row]]] = [
    incident, scrapes, overlapping, clumps, pods, common, steps, onset, certificates, latencies, limits,
]  # fmt: skip


def _beta(sides: Sides, share: float) -> Array:
    """The evidence of a Beta(1, 1) mixture over the candidate's part of bad requests, one-sided, at a constant share."""
    bad, ill = np.cumsum(sides.bad, 1), np.cumsum(sides.stable_bad, 1)
    log = special.betaln(1 + bad, 1 + ill) + np.log(np.maximum(special.betaincc(1 + bad, 1 + ill, share), 1e-300))
    return log - math.log(1 - share) - bad * math.log(share) - ill * math.log(1 - share)


def _cut(sides: Sides, part: slice) -> Sides:
    return Sides(
        bad=sides.bad[:, part],
        total=sides.total[:, part],
        stable_bad=sides.stable_bad[:, part],
        stable_total=sides.stable_total[:, part],
    )


def _joined(parts: list[Sides]) -> Sides:
    return Sides(
        bad=np.concatenate([each.bad for each in parts], 1),
        total=np.concatenate([each.total for each in parts], 1),
        stable_bad=np.concatenate([each.stable_bad for each in parts], 1),
        stable_total=np.concatenate([each.stable_total for each in parts], 1),
    )


def _failed(reached: Array) -> Rate:
    return _rate(reached.any(1))


def _rate(hits: Array) -> Rate:
    return Rate(hits=int(hits.sum()), runs=len(hits))


def _percent(rate: Rate) -> str:
    return f"{percent(rate.share)} %"


def _range(found: list[Rate]) -> str:
    shares = sorted(rate.share for rate in found)
    return f"{percent(shares[0])} to {percent(shares[-1])} %"


def _found(windows: Array) -> str:
    return f"{np.isfinite(windows).mean():.0%} found, median {np.median(windows) * SECONDS:,.0f} s"
