"""A fixed limit on the share of bad requests, where there is no stable side: rolling, blue-green after the switch, an objective.

The likelihood ratio of "the share is so many times the limit (in odds)" against "the share is the limit": mean exactly 1 at the
limit and less below it, at any number of looks (Wald 1945; the mixture over ratios: Robbins 1970). Unlike the comparison with
stable it knows nothing of shared incidents: whatever makes both sides fail fails this gate.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from strategies.analysis import bets, counts
from strategies.analysis.counts import Counts, Window
from strategies.analysis.evidence import Evidence, Guarantee
from strategies.analysis.ratio import CLEAR, HARM, ByOdds, share_text
from strategies.analysis.verdict import Unknown

_LEAST = 1e-9  # A share that is smaller is none.


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitTest(ByOdds):
    """Fails when the candidate's bad share is above `limit` (strictly between 0 and 1); clears when it is below.

    Its windows have no stable side.
    """

    limit: float
    guarantee: Guarantee = field(default_factory=Guarantee)

    def __post_init__(self) -> None:
        if not 0 < self.limit < 1:
            raise ValueError("a limit is a share of the requests, above 0 and below 1")

    def doubt(self, window: Window) -> Unknown | None:
        """Two classes of the candidate's; a stable side is not looked at."""
        return counts.doubt(window.candidate, 2, "the candidate")

    def harm(self, evidence: Evidence, window: Window) -> Sequence[float]:  # noqa: ARG002  Nothing is predicted.
        """One bet for each alternative of HARM, in odds of the limit."""
        return [self.bet(window.candidate, self.limit, odds) for odds in HARM]

    def clear(self, window: Window) -> Sequence[float]:
        """One bet for each alternative of CLEAR. What the source rounded in the candidate's favour is taken back."""
        seen = window.candidate
        if window.rounded:
            seen = Counts.of(bad=min(seen.bad + 1, seen.total), total=seen.total)
        return [self.bet(seen, self.limit, odds) for odds in CLEAR]

    def bet(self, seen: Counts, limit: float, odds: float) -> float:
        """The bet on these odds against a limit, with the clumps that are assumed."""
        return bets.against_limit(seen, limit, odds) / self.guarantee.clump

    def message(self, evidence: Evidence) -> str:
        """The share, and what it is at least."""
        text = f"{share_text(evidence.candidate)}, the limit is {self.limit * 100:.3g} %"
        level = 1 - self.guarantee.alpha
        least = share_at_least(self, evidence, level)
        return f"{text}; at least {least * 100:.3g} % ({level:.0%} sure at any time)" if least > self.limit else text


def share_at_least(test: LimitTest, evidence: Evidence, level: float = 0.99) -> float:
    """The share of bad requests is at least this: true for ever with probability `level`; 0 when nothing can be said."""

    def log_worth(limit: float) -> float:
        return bets.mixed(HARM.values(), (test.bet(evidence.candidate, limit, odds) for odds in HARM))

    return bets.refuted_up_to(log_worth, level, _LEAST, 1 - _LEAST)
