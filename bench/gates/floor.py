"""What it costs not to know how many times worse the candidate is: the best stakes that there are for one traffic, by a game.

One player lays the stakes on alternatives, the other chooses the ratio, knowing them: weights on the ratios grow where the delay
is largest (multiplicative weights: Freund and Schapire 1999), and stakes move to where the evidence of the releases that decide
the median would be more (the step of Cover 1984 for the best portfolio). A search: what it finds can be had, by stakes that
are laid for this traffic alone, and by a rule that is told stable's bad share as well. `nats` is the same game for the
evidence itself, on average instead of in the median. The product needs none of this.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.gates import ours
from bench.gates.grid import ORACLE, OURS, TARGET, Found
from bench.gates.ours import Array
from bench.gates.traffic import ALPHA, LONGEST, SECONDS, SHORTEST, Cell, simulate

RATIOS = tuple(float(ratio) for ratio in np.exp(np.geomspace(math.log(1.1), math.log(20), 16)))
"""From 1.1 to 20, evenly by how much they tell; alternatives and what is true."""
_TURNS = 100
_MOST = 0.99  # Alternatives that cannot be are laid there.
_SHARP = 0.02  # Ratios whose delay is that much less (in bounds) weigh a third.
_ENOUGH = 25.0  # Evidence beyond e to this has long won, whatever is staked on it.


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Releases of a cell, and what each alternative of RATIOS is worth after each window: (runs, windows, alternatives)."""

    cell: Cell
    worth: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Where the ratio gate is slowest at one traffic, and the medians over the bound of the oracle there and of the best
    stakes.
    """

    slowest: Found
    oracle: float
    best: float


def prices(rng: np.random.Generator, found: dict[str, list[Found]], runs: int) -> tuple[list[Price], float]:
    """For each traffic with a slow cell; and the best stakes for all of them together, at their worst ratio."""
    slowest: dict[tuple[float, ...], tuple[Found, Found]] = {}
    for one, told in zip(found[OURS], found[ORACLE], strict=True):
        cell = one.cell
        where = (cell.baseline, cell.rate, cell.share)
        if one.over > max(TARGET, slowest[where][0].over if where in slowest else 0):
            slowest[where] = (one, told)
    games = [seen(rng, one.cell, runs) for one, _ in slowest.values()]
    pairs = zip(slowest.values(), games, strict=True)
    together = best([each for game in games for each in game])
    return [Price(slowest=one, oracle=told.over, best=best(game)) for (one, told), game in pairs], together


def seen(rng: np.random.Generator, traffic: Cell, runs: int) -> list[Seen]:
    """Each ratio of RATIOS that can be and takes ten windows or more; one that takes too long is given so much more traffic."""
    found = []
    for ratio in RATIOS:
        cell = replace(traffic, ratio=ratio)
        if cell.possible and cell.bound >= SHORTEST:
            cell = replace(cell, rate=cell.rate * max(1.0, cell.bound / LONGEST))
            shares = [min(cell.baseline * other, _MOST) for other in RATIOS]
            logs = np.stack(ours.told_logs(simulate(rng, cell, runs), cell.baseline, shares), 2)
            found.append(Seen(cell=cell, worth=np.exp(np.minimum(logs, _ENOUGH)).astype(np.float32)))
    return found


def best(games: Sequence[Seen]) -> float:
    """The median delay over the bound, at the worst ratio, of the best stakes found."""
    stakes = np.full(len(RATIOS), 1 / len(RATIOS))
    least = math.inf
    for turn in range(_TURNS):
        delays, better = (np.array(each) for each in zip(*(_decided(game, stakes) for game in games), strict=True))
        least = min(least, float(delays.max()))
        weights = np.exp((delays - delays.max()) / _SHARP)
        stakes = stakes * (weights @ better / weights.sum()) ** (0.5 / (1 + turn / 25))
        stakes /= stakes.sum()
    return least


def _decided(game: Seen, stakes: Array) -> tuple[float, Array]:
    """Median delay over the bound, and by how much each alternative is worth more than all together where it is decided."""
    reached = game.worth @ stakes.astype(np.float32) >= 1 / ALPHA
    windows = np.where(reached.any(1), reached.argmax(1) + 1, reached.shape[1])
    middle = np.argsort(windows)[round(0.46 * len(windows)) : round(0.54 * len(windows))]
    worth = game.worth[middle, windows[middle] - 1]
    return float(windows[middle].mean()) * SECONDS / game.cell.bound, (worth / (worth @ stakes)[:, None]).mean(0)


def nats(rng: np.random.Generator, share: float, runs: int) -> float:
    """Evidence that a rule lacks, on average over the hardest mix of RATIOS, for not knowing which it is; bad requests are rare.

    With the ratio R drawn from any mix, and a rule that takes back at most alpha of the good and in the end all of the bad:
    log(1/alpha) <= KL(what it saw : equal sides) = sum of part x nats a second x mean delay - I(R; what it saw).
    This is I for what is seen until the bound, with the mix that makes it most (Blahut and Arimoto 1972). A rule sees about as
    much before it stops, so it is an estimate of what that rule lacks, and not a bound in the strict sense.
    """
    ratios = np.array(RATIOS)
    mine = share * ratios / (share * ratios + 1 - share)
    told = mine * np.log(mine / share) + (1 - mine) * np.log((1 - mine) / (1 - share))
    bad = rng.poisson(math.log(1 / ALPHA) / told, (runs, len(ratios)))
    hits = rng.binomial(bad, mine)
    logs = hits[:, :, None] * np.log(mine / share) + (bad - hits)[:, :, None] * np.log((1 - mine) / (1 - share))
    own = np.einsum("rii->ri", logs)
    top = logs.max(2)
    weights = np.full(len(ratios), 1 / len(ratios))
    for _ in range(10 * _TURNS):
        lost = (own - top - np.log(np.exp(logs - top[:, :, None]) @ weights)).mean(0)
        weights = weights * np.exp(0.5 * (lost - lost.max()))
        weights /= weights.sum()
    return float(weights @ lost)
