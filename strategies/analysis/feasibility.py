"""Can a gate see anything at this traffic, and when? Told before a release starts, and while it runs.

Two answers. `information` and `least_requests`: no rule with these error probabilities can do with fewer requests on average
(data processing inequality and Wald's identity; Wald 1945, Lai 1981). `seconds_to_fail` and its kin: what the gate at hand needs,
with its tolerance, clumps and stakes, when every window comes out as expected. About half of all releases take longer: a
forecast, not a bound.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from strategies.analysis.bets import mixed
from strategies.analysis.counts import Counts, Window
from strategies.analysis.evidence import Evidence, SequentialTest

_WORST = 1000.0
_ALL_BAD = 0.999


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What stable shows before and during a release: requests a second of all sides together, and the share (0 to 1) of bad
    ones.
    """

    rate: float
    bad: float

    @classmethod
    def seen(cls, all_requests: Counts, seconds: float) -> "Traffic":
        """From the requests of so many seconds. Where none was bad, half a one is assumed: no bad share is known to be 0."""
        return cls(rate=all_requests.total / seconds, bad=max(all_requests.bad, 0.5) / max(all_requests.total, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of a plan: the candidate's share of the requests (0 to 1), for so many seconds."""

    share: float
    seconds: float = math.inf


def information(candidate: float, stable: float, share: float) -> float:
    """Nats that one request of either side tells about which of the two is worse, for these bad shares.

    The Jensen-Shannon divergence with weights `share` and 1 - `share`: stable's bad share is not known beforehand.
    """
    mixed = share * candidate + (1 - share) * stable
    return _entropy(mixed) - share * _entropy(candidate) - (1 - share) * _entropy(stable)


def information_on_limit(candidate: float, limit: float) -> float:
    """Nats that one request of the candidate tells when its bad share is held against a limit (Kullback-Leibler divergence)."""
    kept = (1 - candidate) * math.log((1 - candidate) / (1 - limit)) if candidate < 1 else 0.0
    return (candidate * math.log(candidate / limit) if candidate else 0.0) + kept


def least_requests(nats: float, alpha: float, beta: float = 0.0) -> float:
    """No rule that takes back at most `alpha` of the good and misses at most `beta` of these bad releases needs fewer on average.

    Requests of both sides for `information`, of the candidate for `information_on_limit`. Infinite without information.
    """
    needed = math.log(1 / alpha) if not beta else (1 - beta) * math.log((1 - beta) / alpha) + beta * math.log(beta / (1 - alpha))
    return needed / nats if nats > 0 else math.inf


def seconds_to_fail(
    test: SequentialTest, traffic: Traffic, plan: Sequence[Stretch], ratio: float = 2.0, evidence: Evidence | None = None
) -> float:
    """When this gate fails, from now, if the candidate's bad share is `ratio` times `traffic.bad`; infinite: not within the plan.

    For a LatencyTest give its `ratio`, the test at the objective's edge. `evidence`: what has been seen so far.
    """
    known = _with_history(evidence or Evidence(), traffic)
    if known.failed_at:
        return 0.0
    logs = known.harm or (-math.log(test.guarantee.starts),) * len(test.harm_stakes)
    bets = _Bets(stakes=test.harm_stakes, logs=logs, needed=test.guarantee.fails_at)
    return _crossing(plan, bets, lambda share: test.harm(known, _second(traffic, share, ratio)))


def seconds_to_pass(
    test: SequentialTest, traffic: Traffic, plan: Sequence[Stretch], ratio: float = 1.0, evidence: Evidence | None = None
) -> float:
    """When the certificate is given, from now, if the candidate's bad share is `ratio` times `traffic.bad`; infinite: not in
    the plan.
    """
    logs = (evidence.clear if evidence else ()) or (0.0,) * len(test.clear_stakes)
    bets = _Bets(stakes=test.clear_stakes, logs=logs, needed=test.guarantee.passes_at)
    return _crossing(plan, bets, lambda share: test.clear(_second(traffic, share, ratio)))


def smallest_ratio(test: SequentialTest, traffic: Traffic, plan: Sequence[Stretch]) -> float:
    """How many times worse a candidate must be for this gate to see it within the plan; infinite: it cannot see anything."""

    def seen(ratio: float) -> bool:
        return seconds_to_fail(test, traffic, plan, ratio) < math.inf

    return _least(seen, 1.0, min(_WORST, _ALL_BAD / traffic.bad))


def smallest_share(test: SequentialTest, traffic: Traffic, seconds: float, ratio: float = 2.0) -> float:
    """The share of the traffic (0 to 0.5) that a candidate needs for this gate to see this ratio in time; infinite: no share
    does.
    """

    def seen(share: float) -> bool:
        return seconds_to_fail(test, traffic, [Stretch(share=share, seconds=seconds)], ratio) < math.inf

    return _least(seen, 1e-4, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bets:
    """A mixture on its way to what it needs."""

    stakes: Sequence[float]
    logs: Sequence[float]
    needed: float

    def after(self, grows: Sequence[float], seconds: float) -> "_Bets":
        return replace(self, logs=[log + grow * seconds for log, grow in zip(self.logs, grows, strict=True)])

    def done(self) -> bool:
        return mixed(self.stakes, self.logs) >= self.needed

    def latest(self, grows: Sequence[float]) -> float:
        """When its best alternative alone would have enough."""
        lacking = (self.needed - math.log(stake) - log for stake, log in zip(self.stakes, self.logs, strict=True))
        return min((need / grow for need, grow in zip(lacking, grows, strict=True) if grow > 0), default=math.inf)


def _crossing(plan: Sequence[Stretch], bets: _Bets, growing: Callable[[float], Sequence[float]]) -> float:
    """When a mixture whose alternatives grow evenly with time has what it needs: it is convex, so it crosses once."""
    elapsed = 0.0
    if bets.done():
        return 0.0
    for stretch in plan:
        grows = growing(stretch.share)
        end = min(stretch.seconds, bets.latest(grows))
        if end == math.inf:
            break
        if (later := bets.after(grows, end)).done() or end < stretch.seconds:
            return elapsed + _first(bets, grows, end)
        bets = later
        elapsed += stretch.seconds
    return math.inf


def _first(bets: _Bets, grows: Sequence[float], end: float) -> float:
    low, high = 0.0, end
    while high - low > 1e-6 * end:
        middle = (low + high) / 2
        low, high = (low, middle) if bets.after(grows, middle).done() else (middle, high)
    return high


def _second(traffic: Traffic, share: float, ratio: float) -> Window:
    """One second's requests as they are expected."""
    mine, others = traffic.rate * share, traffic.rate * (1 - share)
    bad = min(traffic.bad * ratio, _ALL_BAD)
    return Window(
        key="", candidate=Counts.of(bad=mine * bad, total=mine), stable=Counts.of(bad=others * traffic.bad, total=others)
    )


def _with_history(evidence: Evidence, traffic: Traffic) -> Evidence:
    if evidence.history.total:
        return evidence
    return replace(evidence, history=Counts.of(bad=traffic.bad * 1e6, total=1e6))


def _least(holds: Callable[[float], bool], low: float, high: float) -> float:
    """The least value for which it holds, to a thousandth, if it holds from there on; infinite if it does not at `high`."""
    if not holds(high):
        return math.inf
    while high / low > 1.001:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _entropy(share: float) -> float:
    return -sum(part * math.log(part) for part in (share, 1 - share) if part > 0)
