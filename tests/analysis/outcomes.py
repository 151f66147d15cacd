"""Every outcome of small windows with its exact probability, so that validity is computed and not simulated."""

import math
from collections.abc import Iterator
from itertools import product

from strategies.analysis.counts import Counts, Window


def binomial(bad: int, total: int, share: float) -> float:
    """The probability of so many bad requests."""
    return math.comb(total, bad) * share**bad * (1 - share) ** (total - bad)


def windows(key: str, totals: tuple[int, int], shares: tuple[float, float]) -> Iterator[tuple[float, Window]]:
    """Each outcome of a window with these totals and bad shares, the candidate's first."""
    for bad, others in product(range(totals[0] + 1), range(totals[1] + 1)):
        probability = binomial(bad, totals[0], shares[0]) * binomial(others, totals[1], shares[1])
        yield (
            probability,
            Window(key=key, candidate=Counts.of(bad=bad, total=totals[0]), stable=Counts.of(bad=others, total=totals[1])),
        )


def spread(total: int, shares: tuple[float, ...]) -> Iterator[tuple[float, Counts]]:
    """Each way in which so many requests fall into classes with these shares."""
    for classes in product(range(total + 1), repeat=len(shares)):
        if sum(classes) == total:
            ways = math.factorial(total)
            probability = 1.0
            for count, share in zip(classes, shares, strict=True):
                ways //= math.factorial(count)
                probability *= share**count
            yield ways * probability, Counts(classes=classes)
