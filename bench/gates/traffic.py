"""Simulated requests: cells of the grid, and counts of both sides in windows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.gates.ours import Array, Sides
from strategies.analysis.feasibility import information, least_requests

ALPHA = 0.01
MINUTES = 30
SECONDS = 15
"""The length of a window, unless a cadence is what is measured."""
SHORTEST, LONGEST = 10 * SECONDS, MINUTES * 30
"""Bounds in seconds at which a delay can be told from the length of a window and from the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Stable's bad share, requests a second of both sides, the candidate's share, and how many times worse it is."""

    baseline: float
    rate: float
    share: float
    ratio: float = 1.0

    @property
    def bound(self) -> float:
        """Seconds that no rule can beat on average at ALPHA; infinite for an equal candidate."""
        worse = min(self.baseline * self.ratio, 1.0)
        return least_requests(information(worse, self.baseline, self.share), ALPHA) / self.rate

    @property
    def possible(self) -> bool:
        """Whether there can be such a candidate."""
        return self.baseline * self.ratio < 1


def cells(baselines: Sequence[float], rates: Sequence[float], shares: Sequence[float], ratios: Sequence[float]) -> list[Cell]:
    """All of them that can be."""
    every = [
        Cell(baseline=baseline, rate=rate, share=share, ratio=ratio)
        for baseline in baselines
        for rate in rates
        for share in shares
        for ratio in ratios
    ]
    return [cell for cell in every if cell.possible]


def requests(rng: np.random.Generator, mean: float, shape: tuple[int, int]) -> Array:
    """How many requests arrive in each window: Poisson."""
    return rng.poisson(mean, shape)


def simulate(rng: np.random.Generator, cell: Cell, runs: int, seconds: float = SECONDS, baseline: Array | None = None) -> Sides:
    """Releases of MINUTES; `baseline` (one for each window) in place of the cell's when both sides change together."""
    shape = (runs, round(MINUTES * 60 / seconds))
    bad = np.full(shape[1], cell.baseline) if baseline is None else baseline
    mine = requests(rng, cell.rate * cell.share * seconds, shape)
    others = requests(rng, cell.rate * (1 - cell.share) * seconds, shape)
    worse = np.minimum(bad * cell.ratio, 1.0)
    return Sides(bad=rng.binomial(mine, worse), total=mine, stable_bad=rng.binomial(others, bad), stable_total=others)


def first(reached: Array) -> Array:
    """The number of the first window (1, 2, …) for which it holds, infinite where it never does."""
    return np.where(reached.any(1), reached.argmax(1) + 1.0, math.inf)
