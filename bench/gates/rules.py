"""Other tools' rules, our re-implementations from their documentation; each gives the window (1, 2, …) at which it takes back.

None was run against the original. Where a documentation leaves something open, it is read in the rule's favour: rates are exact
averages over the interval, there is no delay of scrapes, and a decision takes no time.

- Argo Rollouts, docs/features/analysis.md: a measurement each `interval`, failed if `successCondition` is false; the metric fails
  when more than `failureLimit` measurements have failed.
- Flagger, docs.flagger.app/usage/metrics and how-it-works: a check each `interval`; a success rate below `thresholdRange.min`
is a failed
  check; rollback when as many as `threshold` have failed, in a row or not.
- Kayenta, spinnaker.io/guides/user/canary/judge and MannWhitneyClassifier: Mann-Whitney on one point a minute of each side, at
98 %;
  High when the lower end of the shift's interval is above 0.25 times the shift's estimate and the ratio of means is at least 1.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from bench.gates.ours import Array, Sides, told_logs
from bench.gates.traffic import ALPHA, MINUTES, SECONDS, Cell, first

Rule = Callable[[Sides], Array]


def summed(counts: Array, seconds: float, window: float = SECONDS) -> Array:
    """Counts of whole intervals of so many seconds."""
    each = round(seconds / window)
    whole = counts.shape[1] // each * each
    return counts[:, :whole].reshape(len(counts), -1, each).sum(2)


def share(bad: Array, total: Array) -> Array:
    """A bad share; without requests it is NaN, which compares false."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return bad / total


def threshold(interval: float, most: float, failures: int) -> Rule:
    """Takes back at the failure with this number, in a row or not, of a bad share above `most`."""

    def rule(sides: Sides) -> Array:
        found = share(summed(sides.bad, interval), summed(sides.total, interval))
        return _at_failure(~(found <= most), failures) * interval / SECONDS

    return rule


def relative(interval: float, times: float, failures: int) -> Rule:
    """The same for a bad share above so many times stable's."""

    def rule(sides: Sides) -> Array:
        mine = share(summed(sides.bad, interval), summed(sides.total, interval))
        others = share(summed(sides.stable_bad, interval), summed(sides.stable_total, interval))
        return _at_failure(mine > times * others, failures) * interval / SECONDS

    return rule


def kayenta(minutes: list[int]) -> Rule:
    """Kayenta's judge after so many minutes, on all points until then."""

    def rule(sides: Sides) -> Array:
        mine = np.nan_to_num(share(summed(sides.bad, 60), summed(sides.total, 60)))
        others = np.nan_to_num(share(summed(sides.stable_bad, 60), summed(sides.stable_total, 60)))
        high = np.stack([_high(mine[:, :each], others[:, :each]) for each in minutes], 1)
        return np.where(high.any(1), np.array(minutes)[high.argmax(1)] * 60 / SECONDS, math.inf)

    return rule


def z_test(minutes: list[int]) -> Rule:
    """A pooled one-sided test of two proportions at ALPHA, at each of these looks."""

    def rule(sides: Sides) -> Array:
        looks = [round(each * 60 / SECONDS) - 1 for each in minutes]
        bad, total, ill, all_ = (np.cumsum(each, 1)[:, looks] for each in _columns(sides))
        pooled = (bad + ill) / (total + all_)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (bad / total - ill / all_) / np.sqrt(pooled * (1 - pooled) * (1 / total + 1 / all_))
        reached = z > stats.norm.isf(ALPHA)
        return np.where(reached.any(1), np.array(looks)[reached.argmax(1)] + 1.0, math.inf)

    return rule


def mixture_of_normals(sides: Sides) -> Array:
    """The mixture sequential ratio test of A/B tests (Johari and others 2015): normal, variances plugged in, tau the pooled
    share.
    """
    bad, total, ill, all_ = (np.cumsum(each, 1) for each in _columns(sides))
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (bad + ill) / (total + all_)
        variance = pooled * (1 - pooled) * (1 / total + 1 / all_)
        shift = bad / total - ill / all_
        log = 0.5 * np.log(variance / (variance + pooled**2))
        log += pooled**2 * shift**2 / (2 * variance * (variance + pooled**2))
    return first((log > math.log(1 / ALPHA)) & (shift > 0))


def oracle(cell: Cell) -> Rule:
    """Wald's test, told the cell: the floor in windows of this length. Before equal sides it looks for twice as many."""
    worse = cell.baseline * (cell.ratio if cell.ratio > 1 else 2)
    return lambda sides: first(told_logs(sides, cell.baseline, [worse])[0] >= math.log(1 / ALPHA))


EVERY_MINUTE = list(range(1, MINUTES + 1))
RULES: dict[str, Rule] = {
    "Argo Rollouts, the docs' example: 5 m, success ≥ 95 %, failureLimit 3": threshold(300, 0.05, 4),
    "Argo Rollouts: 1 m, success ≥ 99 %, failureLimit 3": threshold(60, 0.01, 4),
    "Flagger, the docs' example: 1 m, success ≥ 99 %, threshold 10": threshold(60, 0.01, 10),
    "Flagger: 1 m, success ≥ 99 %, threshold 5": threshold(60, 0.01, 5),
    "Argo Rollouts, own query: at most 1.5 times stable's in 1 m, failureLimit 3": relative(60, 1.5, 4),
    "Kayenta, once after 30 m": kayenta([30]),
    "Kayenta, every 5 m from 10 m on": kayenta([10, 15, 20, 25, 30]),
    "z-test, one look after 30 m": z_test([30]),
    "z-test, a look every minute": z_test(EVERY_MINUTE),
    "mSPRT of A/B tests (normal), every window": mixture_of_normals,
}


def tunable(baseline: float) -> list[Rule]:
    """180 thresholds, absolute and relative, among which hindsight may choose the best for a cell."""
    levels = (1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
    return [
        rule
        for interval in (60, 120, 300)
        for failures in (1, 2, 3, 5, 10)
        for level in levels
        for rule in (threshold(interval, baseline * level, failures), relative(interval, level, failures))
    ]


def _at_failure(failed: Array, number: int) -> Array:
    return first(np.cumsum(failed, 1) >= number)


def _high(mine: Array, others: Array) -> Array:
    """Kayenta's class High, for (runs, points)."""
    points = mine.shape[1]
    shifts = np.sort((mine[:, :, None] - others[:, None, :]).reshape(len(mine), -1), 1)
    deviation = math.sqrt(points * points * (2 * points + 1) / 12)
    lower = max(int(points * points / 2 - stats.norm.isf(0.01) * deviation), 0)
    estimate = np.median(shifts, 1)
    means = others.mean(1)
    effect = np.where(means > 0, mine.mean(1) / np.where(means > 0, means, 1), 1.0)
    return (shifts[:, lower] > 0.25 * np.abs(estimate)) & (effect >= 1)


def _columns(sides: Sides) -> tuple[Array, Array, Array, Array]:
    return sides.bad, sides.total, sides.stable_bad, sides.stable_total
