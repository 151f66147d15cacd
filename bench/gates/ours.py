"""Our tests for thousands of simulated releases at once; `prove` holds them to strategies.analysis before anything is
measured.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from strategies.analysis.counts import Counts, Window
from strategies.analysis.evidence import Evidence, Guarantee, SequentialTest, fold, log_clear, log_harm
from strategies.analysis.latency import ODDS, LatencyTest
from strategies.analysis.limit import LimitTest
from strategies.analysis.ratio import CLEAR, COMMON, HARM, RatioTest

Array = np.ndarray
NOTHING = (np.zeros((1, 1)), np.zeros((1, 1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Counts of both sides, each (runs, windows)."""

    bad: Array
    total: Array
    stable_bad: Array
    stable_total: Array


def ratio_harm(
    sides: Sides, tolerance: float = 1.0, clump: int = 1, stakes: Mapping[float, float] = HARM, common: float = COMMON
) -> Array:
    """RatioTest's evidence of harm after each window; as the gates of Releases have it, unless `common` is another one."""
    bets, large = _conditional(sides, tolerance, stakes), _common(sides, common)
    if large.any():
        both = zip(bets, _predicted(sides, stakes, tolerance, NOTHING), strict=True)
        bets = (np.where(large, predicted, bet) for bet, predicted in both)
    return _mixed(stakes.values(), (np.cumsum(bet, 1) / clump for bet in bets))


def told_logs(sides: Sides, stable: float, candidates: Iterable[float]) -> list[Array]:
    """The evidence of each of these bad shares of the candidate, told stable's: for the true one that of Wald's test, which
    grows by as much as the bound takes for the most.
    """
    known = np.full((len(sides.bad), 1), 1e12)
    odds = [share * (1 - stable) / (stable * (1 - share)) for share in candidates]
    return predicted_logs(sides, odds, history=(stable * known, known))


def ratio_clear(sides: Sides, certificate: float) -> Array:
    """RatioTest's evidence for the certificate after each window."""
    return _mixed(CLEAR.values(), (np.cumsum(bet, 1) for bet in _conditional(sides, certificate, CLEAR)))


def restarted_harm(sides: Sides, starts: int, every: int) -> Array:
    """RatioTest's evidence of harm with several starts."""
    logs, stakes = [], []
    for bet, stake in zip(_conditional(sides, 1.0, HARM), HARM.values(), strict=True):
        for start in range(0, starts * every, every):
            late = bet.copy()
            late[:, :start] = 0
            logs.append(np.cumsum(late, 1))
            stakes.append(stake / starts)
    return _mixed(stakes, logs)


def predicted_harm(sides: Sides, tolerance: float = 1.0, history: tuple[Array, Array] = NOTHING) -> Array:
    """RatioTest's evidence with prediction; `history`: stable's bad and total requests before, each (runs, 1)."""
    return _mixed(HARM.values(), predicted_logs(sides, HARM, tolerance, history))


def predicted_logs(
    sides: Sides, stakes: Iterable[float], tolerance: float = 1.0, history: tuple[Array, Array] = NOTHING
) -> list[Array]:
    """The evidence of each alternative after each window."""
    return [np.cumsum(bet, 1) for bet in _predicted(sides, stakes, tolerance, history)]


def _predicted(sides: Sides, stakes: Iterable[float], tolerance: float, history: tuple[Array, Array]) -> Iterator[Array]:
    """The bets of each alternative in each window."""
    used = _used(sides)
    known, ill = history[1] + _before(sides.stable_total, used), history[0] + _before(sides.stable_bad, used)
    expected, share = (ill + 0.5) / (known + 1), _share(sides)
    for odds in stakes:
        just = np.minimum(tolerance * expected, 1 - 1e-12)
        worse = odds * just / (1 - just + odds * just)
        alike = (share * worse + (1 - share) * expected) / (share * tolerance + 1 - share)
        off = tolerance * expected >= 1
        bad = np.where(off, odds, worse / (tolerance * expected))
        good = np.where(off, 1.0, (1 - worse) * (1 - alike) / ((1 - expected) * (1 - tolerance * alike)))
        yield np.where(used & (known > 0), _compared(sides, tolerance, bad, good), 0)


def limit_harm(bad: Array, total: Array, limit: float) -> Array:
    """LimitTest's evidence of harm after each window."""
    logs = (np.cumsum(bad * math.log(odds) - total * math.log1p(limit * (odds - 1)), 1) for odds in HARM)
    return _mixed(HARM.values(), logs)


def latency_harm(candidate: Array, stable: Array, objective: int, history: Array | None = None) -> Array:
    """LatencyTest's evidence of harm; the sides are (runs, windows, classes), stable's history (runs, classes)."""
    edges = candidate.shape[2] - 1
    stakes, logs = [], []
    for number in [objective, *(each for each in range(edges) if each != objective)]:
        grid = HARM if number == objective else ODDS
        share = 1.0 if edges == 1 else 0.5 if number == objective else 0.5 / (edges - 1)
        stakes += [stake * share for stake in grid.values()]
        known = NOTHING if history is None else (history[:, number + 1 :].sum(1)[:, None], history.sum(1)[:, None])
        logs += predicted_logs(above(candidate, stable, number), grid, history=known)
    return _mixed(stakes, logs)


def above(candidate: Array, stable: Array, edge: int) -> Sides:
    """What is above one edge of a histogram."""
    return Sides(
        bad=candidate[:, :, edge + 1 :].sum(2),
        total=candidate.sum(2),
        stable_bad=stable[:, :, edge + 1 :].sum(2),
        stable_total=stable.sum(2),
    )


def _share(sides: Sides) -> Array:
    both = sides.total + sides.stable_total
    return np.where(both > 0, sides.total / np.maximum(both, 1), 0.5)


def _common(sides: Sides, common: float) -> Array:
    """The windows before which stable's bad share was that large."""
    used = _used(sides)
    known, ill = _before(sides.stable_total, used), _before(sides.stable_bad, used)
    return (known > 0) & (ill / np.maximum(known, 1) >= common)


def _used(sides: Sides) -> Array:
    """The windows on which something is bet."""
    return (sides.total > 0) & (sides.stable_total > 0)


def _before(counts: Array, used: Array) -> Array:
    """What those windows had together before each."""
    some = np.where(used, counts, 0)
    return np.cumsum(some, 1) - some


def _conditional(sides: Sides, tolerance: float, ratios: Iterable[float]) -> Iterator[Array]:
    """The bets of each alternative in each window; without bad requests a bet is 0, so a side without traffic needs no more."""
    used = _used(sides)
    bad = np.where(used, sides.bad, 0).astype(float)
    both = bad + np.where(used, sides.stable_bad, 0)
    lean = tolerance * sides.total / np.maximum(tolerance * sides.total + sides.stable_total, 1)
    for ratio in ratios:
        bet = np.log1p(lean * (ratio - 1))
        bet *= -both
        bet += bad * math.log(ratio)
        yield bet


def _compared(sides: Sides, tolerance: float, bad: Array, good: Array) -> Array:
    share = _share(sides)
    spread = share * good + 1 - share
    on_bad = np.log((share * tolerance * good + 1 - share) / spread / (share * tolerance * bad + 1 - share))
    on_good = -np.log(spread)
    return (
        sides.bad * (np.log(bad) + on_bad)
        + sides.stable_bad * on_bad
        + (sides.total - sides.bad) * (np.log(good) + on_good)
        + (sides.stable_total - sides.stable_bad) * on_good
    )


def _mixed(stakes: Iterable[float], logs: Iterable[Array]) -> Array:
    every = [log + math.log(stake) for stake, log in zip(stakes, logs, strict=True)]
    top = np.maximum.reduce(every)
    total = np.zeros_like(top)
    for each in every:
        total += np.exp(np.subtract(each, top, out=each), out=each)
    return top + np.log(total, out=total)


def prove(rng: np.random.Generator) -> float:
    """The greatest difference between this module and strategies.analysis on random windows. Raises AssertionError beyond
    1e-9.
    """
    runs, windows = 8, 40
    total, others = rng.integers(0, 60, (runs, windows)), rng.integers(0, 400, (runs, windows))
    sides = Sides(bad=rng.binomial(total, 0.1), total=total, stable_bad=rng.binomial(others, 0.07), stable_total=others)
    predict = {"predict": True}
    pairs: list[tuple[SequentialTest, Array, Callable[[SequentialTest, Evidence], float]]] = [
        (RatioTest(), ratio_harm(sides, common=math.inf), log_harm),
        (RatioTest(common=0.07), ratio_harm(sides, common=0.07), log_harm),
        (RatioTest(tolerance=1.25, common=COMMON), ratio_harm(sides, tolerance=1.25), log_harm),
        (RatioTest(guarantee=Guarantee(clump=4), common=COMMON), ratio_harm(sides, clump=4), log_harm),
        (RatioTest(certificate=1.5), ratio_clear(sides, 1.5), log_clear),
        (RatioTest(**predict), predicted_harm(sides), log_harm),
        (RatioTest(**predict, tolerance=1.5), predicted_harm(sides, tolerance=1.5), log_harm),
    ]
    worst = max(_difference(test, _windows(sides), logs, read) for test, logs, read in pairs)
    busy = Sides(bad=sides.bad, total=total + 1, stable_bad=sides.stable_bad, stable_total=others + 1)
    anew = RatioTest(guarantee=Guarantee(starts=4, every=5))
    worst = max(worst, _difference(anew, _windows(busy), restarted_harm(busy, 4, 5), log_harm))
    alone = [[Window(key=w.key, candidate=w.candidate) for w in run] for run in _windows(busy)]
    worst = max(worst, _difference(LimitTest(limit=0.08), alone, limit_harm(busy.bad, busy.total, 0.08), log_harm))
    mine, theirs = rng.multinomial(30, [0.5, 0.3, 0.15, 0.05], (2, runs, windows))
    shape = LatencyTest(edges=(0.1, 0.3, 1.0), objective=0.3)
    found = [
        [
            Window(key=f"{n:04}", candidate=Counts(classes=tuple(a)), stable=Counts(classes=tuple(b)), edges=shape.edges)
            for n, (a, b) in enumerate(zip(one.tolist(), other.tolist(), strict=True))
        ]
        for one, other in zip(mine, theirs, strict=True)
    ]
    worst = max(worst, _difference(shape, found, latency_harm(mine, theirs, 1), log_harm))
    assert worst < 1e-9, f"the vectorised tests differ from strategies.analysis by {worst}"
    return worst


def _windows(sides: Sides) -> list[list[Window]]:
    columns = (sides.bad, sides.total, sides.stable_bad, sides.stable_total)
    return [
        [
            Window(key=f"{n:04}", candidate=Counts.of(bad=a, total=b), stable=Counts.of(bad=c, total=d))
            for n, (a, b, c, d) in enumerate(zip(*(column[run].tolist() for column in columns), strict=True))
        ]
        for run in range(len(sides.bad))
    ]


def _difference(
    test: SequentialTest, runs: list[list[Window]], logs: Array, read: Callable[[SequentialTest, Evidence], float]
) -> float:
    worst = 0.0
    for windows, expected in zip(runs, logs, strict=True):
        evidence = Evidence()
        for window, log in zip(windows, expected.tolist(), strict=True):
            evidence = fold(test, evidence, window)
            worst = max(worst, abs(read(test, evidence) - log))
    return worst
