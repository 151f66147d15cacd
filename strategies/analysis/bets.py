"""The two bets of which all tests here are made, each a factor with mean at most 1 while its hypothesis holds.

Two sides (compared): the candidate has n_c of n requests of a window, w = n_c/n. A request of class k multiplies the worth by
u_k if it went to the candidate and by v_k if it went to stable. For classes good and bad and the hypothesis
"the candidate's bad share is r times stable's share p":

    E[factor] = (u_g (1 - r p) + u_b r p)^n_c * (v_g (1 - p) + v_b p)^n_s
             <= (w u_g + (1-w) v_g + p (w r (u_b - u_g) + (1-w) (v_b - v_g)))^n        (means, geometric <= arithmetic)

so it is at most 1 for every p, known or not and changing from window to window, once the constant is 1 and what p multiplies is
0. With u/v = good for a good request and bad for a bad one this has one solution, the one below. For good = 1 it is the
conditional test: in the Poisson limit the inhomogeneous one of Lindon and Malek, "Anytime-valid inference for multinomial count
data" (2022), and for r = 1 valid given all margins as well (Hoeffding 1963, section 6: sampling without replacement). For
r = 1 and good from a prediction it is the block e-variable of Turner, Ly and Gruenwald, "Generic e-variables for
exact sequential k-sample tests" (2024). A hypothesis "at most r times" only lowers the mean if bad > good, "at least r times"
if bad < good.

One side (against_limit): the likelihood ratio of two shares, mean exactly 1.

Nothing that depends on the outcome may choose `bad` and `good`: that, and nothing else, would make the proof wrong.
"""

import math
from collections.abc import Callable, Iterable

from strategies.analysis.counts import Counts


def compared(candidate: Counts, stable: Counts, tolerance: float, bad: float, good: float = 1.0) -> float:
    """The logarithm of the factor of one window, for two classes and the hypothesis "rate ratio = tolerance".

    `bad`, `good` > 0: how much likelier than under the hypothesis a request of that class is the candidate's rather than
    stable's.
    """
    share = candidate.total / (candidate.total + stable.total)
    spread = share * good + 1 - share
    fair = (share * tolerance * good + 1 - share) / spread
    on_bad = math.log(fair / (share * tolerance * bad + 1 - share))
    on_good = -math.log(spread)
    return (
        candidate.bad * (math.log(bad) + on_bad)
        + stable.bad * on_bad
        + (candidate.total - candidate.bad) * (math.log(good) + on_good)
        + (stable.total - stable.bad) * on_good
    )


def predicted(odds: float, share: float, tolerance: float, expected: float) -> tuple[float, float]:
    """The `bad` and `good` of `compared` that grow fastest when stable's bad share is `expected` (strictly between 0 and 1).

    The candidate is then taken to have `odds` times the odds of bad of one that is worse by just the tolerance. For tolerance 1
    it is the growth-rate optimal bet; above, the one against the hypothesis' member with the same bad requests in all.
    """
    just = tolerance * expected
    worse = odds * just / (1 - just + odds * just) if just < 1 else 1.0
    if worse >= 1:  # Also by rounding: then no share is left for good requests to bet on.
        return odds, 1.0
    alike = (share * worse + (1 - share) * expected) / (share * tolerance + 1 - share)
    return worse / just, (1 - worse) * (1 - alike) / ((1 - expected) * (1 - tolerance * alike))


def against_limit(counts: Counts, limit: float, odds: float) -> float:
    """The logarithm of the factor of one window for the hypothesis "the bad share is `limit`", betting on `odds` times its
    odds.
    """
    spread = math.log1p(limit * (odds - 1))
    return counts.bad * math.log(odds) - counts.total * spread


def mixed(stakes: Iterable[float], logs: Iterable[float]) -> float:
    """The logarithm of the worth of all alternatives together, each with its stake; needs no alternative to be finite in
    worth.
    """
    worth = [math.log(stake) + log for stake, log in zip(stakes, logs, strict=True)]
    top = max(worth)
    return top + math.log(sum(math.exp(each - top) for each in worth))


def refuted_up_to(log_worth: Callable[[float], float], level: float, low: float, high: float) -> float:
    """The largest hypothesis between `low` and `high` that the evidence refutes at this level; 0 when it refutes none.

    `log_worth` must fall in the hypothesis. A hypothesis that is refuted is so for ever with probability `level`, so the
    answer is a lower bound at any time. By bisection, to a millionth.
    """
    needed = -math.log(1 - level)
    if log_worth(low) < needed:
        return 0.0
    while high / low > 1 + 1e-6:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if log_worth(middle) >= needed else (low, middle)
    return low
