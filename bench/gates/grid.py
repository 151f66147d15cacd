"""The grid: false rollbacks, misses and delays of every rule, in cells of baseline, traffic, share and ratio."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from bench.gates import ours, rules
from bench.gates.ours import Array, Sides
from bench.gates.traffic import ALPHA, LONGEST, MINUTES, SECONDS, SHORTEST, Cell, cells, first, simulate

OURS = "ratio gate"
PREDICTING = "the same with `predict`, and ten minutes of stable's history"
ORACLE = "oracle: Wald's test, told both error rates"
HINDSIGHT = "best of 180 thresholds, chosen per cell in hindsight"
NEEDED = math.log(1 / ALPHA)
WIDE = {
    "baselines": (0.0001, 0.001, 0.005, 0.02, 0.05),
    "rates": (1, 10, 100, 1000, 5000),
    "shares": (0.01, 0.05, 0.1, 0.25, 0.5),
}
CORE = {"baselines": (0.001, 0.005, 0.02), "rates": (10, 100, 1000), "shares": (0.05, 0.2)}
RATIOS = (1.1, 1.25, 1.5, 2, 3, 5, 10, 20)
BETWEEN = (1.15, 1.4, 1.75, 2.5, 4, 7, 14)
"""Between those: no stake was weighed by them."""
TARGET = 1.4
CADENCES = (1, 5, 15, 60, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share of runs, with the upper end of its exact one-sided 99 % interval (Clopper and Pearson 1934)."""

    hits: int
    runs: int

    @property
    def share(self) -> float:
        """As measured."""
        return self.hits / self.runs

    @property
    def upper(self) -> float:
        """With 99 % confidence it is not more."""
        return float(stats.beta.ppf(0.99, self.hits + 1, self.runs - self.hits))


def percent(share: float) -> str:
    """With two digits that count."""
    return f"{share * 100:.0f}" if share >= 0.1 else f"{share * 100:.2g}"


@dataclass(slots=True, kw_only=True)
class Summary:
    """One rule over all cells."""

    false: list[Rate] = field(default_factory=list)
    missed: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    harmed: float = 0.0


def false_rollbacks(rng: np.random.Generator, cell: Cell, runs: int, seconds: float = SECONDS, *, predict: bool = False) -> Rate:
    """Of an equal candidate, by the ratio gate; ten times as many afresh where chance leaves open whether it is below ALPHA."""

    def count(many: int) -> Rate:
        hits, step = 0, max(1, min(many, round(3e6 * seconds / MINUTES / 60)))
        for begun in range(0, many, step):
            sides = simulate(rng, cell, min(step, many - begun), seconds)
            logs = ours.predicted_harm(sides, history=_history(rng, cell, sides)) if predict else ours.ratio_harm(sides)
            hits += int((logs >= NEEDED).any(1).sum())
        return Rate(hits=hits, runs=many)

    found = count(runs)
    return found if found.upper <= ALPHA else count(10 * runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A gate in a cell with a worse candidate: median and 99th percentile of its delay in seconds, and how many it missed."""

    cell: Cell
    median: float
    late: float
    missed: float

    @property
    def over(self) -> float:
        """Median delay over the bound."""
        return self.median / self.cell.bound


def equal(rng: np.random.Generator, runs: int) -> dict[str, dict[Cell, Rate]]:
    """False rollbacks of the ratio gate in the wide grid; with prediction, which takes longer to simulate, in a part of it."""
    part = {"baselines": WIDE["baselines"], "rates": (10, 100, 1000), "shares": (0.05, 0.25)}
    return {
        OURS: {cell: false_rollbacks(rng, cell, runs) for cell in cells(**WIDE, ratios=(1.0,))},
        PREDICTING: {cell: false_rollbacks(rng, cell, runs, predict=True) for cell in cells(**part, ratios=(1.0,))},
    }


def worse(rng: np.random.Generator, runs: int, ratios: Sequence[float]) -> dict[str, list[Found]]:
    """Delays of the ratio gate in the wide grid at these ratios, with and without prediction, and of the oracle.

    Where they can be told from the length of a window (ten at least) and from the end (half of the time).
    """
    found: dict[str, list[Found]] = {OURS: [], PREDICTING: [], ORACLE: []}
    for cell in cells(**WIDE, ratios=ratios):
        if SHORTEST <= cell.bound <= LONGEST:
            sides = simulate(rng, cell, runs)
            for name, windows in _tests(rng, cell, sides).items():
                delays = windows * SECONDS
                median, late = _quantile(delays, 0.5), _quantile(delays, 0.99)
                found[name].append(Found(cell=cell, median=median, late=late, missed=float(np.isinf(delays).mean())))
    return found


def cadences(rng: np.random.Generator, runs: int) -> dict[int, tuple[Rate, float]]:
    """By the seconds between two looks: the worst cell's false rollbacks, and the median over cells of median delay / bound."""
    alike = [Cell(baseline=0.005, rate=100, share=0.25), Cell(baseline=0.02, rate=100, share=0.05)]
    slower = [
        Cell(baseline=0.005, rate=100, share=0.05, ratio=2),
        Cell(baseline=0.005, rate=100, share=0.25, ratio=1.5),
        Cell(baseline=0.02, rate=100, share=0.05, ratio=1.5),
        Cell(baseline=0.001, rate=100, share=0.25, ratio=2),
    ]
    found = {}
    for seconds in CADENCES:
        rate = max((false_rollbacks(rng, cell, runs, seconds) for cell in alike), key=lambda rate: rate.upper)
        ratios = [
            _quantile(first(ours.ratio_harm(simulate(rng, cell, 400, seconds)) >= NEEDED) * seconds, 0.5) / cell.bound
            for cell in slower
        ]
        found[seconds] = (rate, float(np.median(ratios)))
    return found


def core(rng: np.random.Generator, runs: int) -> dict[str, Summary]:
    """The smaller grid, for every rule, on the same simulated releases."""
    summaries: dict[str, Summary] = {name: Summary() for name in (OURS, PREDICTING, *rules.RULES, HINDSIGHT, ORACLE)}
    for even in cells(**CORE, ratios=(1.0,)):
        sides = simulate(rng, even, runs)
        for name, windows in _windows(rng, even, sides).items():
            summaries[name].false.append(Rate(hits=int(np.isfinite(windows).sum()), runs=runs))
        kept = [rule for rule in rules.tunable(even.baseline) if np.isfinite(rule(sides)).mean() <= ALPHA]
        for ratio in (1.5, 2, 5, 20):
            cell = Cell(baseline=even.baseline, rate=even.rate, share=even.share, ratio=ratio)
            if cell.bound <= 600:
                sides = simulate(rng, cell, runs)
                _add(summaries, cell, sides, _windows(rng, cell, sides) | {HINDSIGHT: _tuned(sides, kept)})
    summaries[HINDSIGHT].false = [Rate(hits=0, runs=runs)]
    return summaries


def _tuned(sides: Sides, kept: Iterable[rules.Rule]) -> Array:
    found = [rule(sides) for rule in kept]
    return min(found, key=lambda windows: (float(np.median(windows)), float(np.isinf(windows).mean())))


def _add(summaries: dict[str, Summary], cell: Cell, sides: Sides, found: dict[str, Array]) -> None:
    extra = np.cumsum(sides.bad - sides.total * cell.baseline, 1)
    for name, windows in found.items():
        summary = summaries[name]
        summary.missed.append(float(np.isinf(windows).mean()))
        last = np.minimum(windows, extra.shape[1]).astype(int) - 1
        summary.harmed += float(extra[np.arange(len(extra)), last].mean())
        if cell.bound >= 2 * SECONDS:
            summary.delays.append(_quantile(windows * SECONDS, 0.5) / cell.bound)


def _windows(rng: np.random.Generator, cell: Cell, sides: Sides) -> dict[str, Array]:
    """By rule, the window at which each release is taken back."""
    return _tests(rng, cell, sides) | {name: rule(sides) for name, rule in rules.RULES.items()}


def _tests(rng: np.random.Generator, cell: Cell, sides: Sides) -> dict[str, Array]:
    """The same by ours and the oracle."""
    return {
        OURS: first(ours.ratio_harm(sides) >= NEEDED),
        PREDICTING: first(ours.predicted_harm(sides, history=_history(rng, cell, sides)) >= NEEDED),
        ORACLE: rules.oracle(cell)(sides),
    }


def _history(rng: np.random.Generator, cell: Cell, sides: Sides) -> tuple[Array, Array]:
    """Stable's bad and total requests of the ten minutes before."""
    before = np.full((len(sides.bad), 1), round(cell.rate * 600))
    return rng.binomial(before, cell.baseline), before


def _quantile(delays: Array, part: float) -> float:
    """Infinite when as many were missed."""
    return float(np.quantile(delays, part, method="higher"))
