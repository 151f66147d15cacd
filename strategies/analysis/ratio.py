"""The ratio gate: bad and total requests of the candidate against stable's, in the same windows.

Default form (`predict=False`): only bad requests count, so shared incidents, daily load and changing weights cancel without
anything being estimated; right for rare errors. With `predict=True` good requests count as well, at odds predicted from stable's
earlier windows: for shares that are not small, as above a latency's edge; the first window then only teaches. Why the
bets are valid: bets.py. With `common`, that form is taken in each window before which stable's share was that large: what is
bet may depend on what was seen before, so the windows' bets still multiply. No query belongs here.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from strategies.analysis import bets, counts
from strategies.analysis.counts import Counts, Window
from strategies.analysis.evidence import Evidence, Guarantee
from strategies.analysis.verdict import Unknown

HARM = {1.14: 0.18, 1.32: 0.13, 1.65: 0.11, 2.3: 0.11, 3.8: 0.15, 7.5: 0.18, 18.0: 0.14}
"""The alternatives, in times the tolerance, and the stake on each: more at the ends, where no neighbour helps. Chosen by
simulation over ratios that lie evenly and close from 1.1 to 20, so that none between two alternatives is forgotten.
"""
CLEAR = {0.2: 0.1, 0.35: 0.2, 0.5: 0.3, 0.65: 0.25, 0.8: 0.15}
"""The same for the certificate, in times what it excludes."""
COMMON = 0.05
"""Where so large a share of stable's requests is bad, counting the good ones finds harm a tenth sooner, and ever more beyond."""
_WORST = 1e6  # A candidate that is worse by more is told to be worse by this.


class ByOdds:
    """What tests have in common that bet on the alternatives of HARM and CLEAR."""

    __slots__ = ()
    harm_stakes = tuple(HARM.values())
    clear_stakes = tuple(CLEAR.values())

    def bad(self, side: Counts) -> float:
        """The bad requests of these."""
        return side.bad


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioTest(ByOdds):
    """Fails when the candidate's bad share is more than `tolerance` times stable's; clears when less than `certificate` times.

    `common`: stable's bad share (0 to 1) from which on good requests count as well, although `predict` is false. Raises
    ValueError unless 1 <= tolerance < certificate.
    """

    guarantee: Guarantee = field(default_factory=Guarantee)
    tolerance: float = 1.0
    certificate: float = 2.0
    predict: bool = False
    common: float = math.inf

    def __post_init__(self) -> None:
        if not 1 <= self.tolerance < self.certificate < math.inf:
            raise ValueError("tolerance must be at least 1, and the certificate above it")

    def doubt(self, window: Window) -> Unknown | None:
        """Two classes on both sides, finite and not negative, or the reason why not."""
        return counts.doubt_both(window, classes=2)

    def harm(self, evidence: Evidence, window: Window) -> Sequence[float]:
        """One bet for each alternative of HARM."""
        known = evidence.history
        if self.predict or (known.total and known.bad / known.total >= self.common):
            return self.predicted(evidence.history, window, HARM)
        assert window.stable is not None
        clump = self.guarantee.clump
        return [bets.compared(window.candidate, window.stable, self.tolerance, ratio) / clump for ratio in HARM]

    def predicted(self, history: Counts, window: Window, odds: Iterable[float]) -> Sequence[float]:
        """One bet for each of these odds, with stable's bad share as in `history`; nothing is bet without one."""
        assert window.stable is not None
        if not history.total:
            return [0.0 for _ in odds]
        share = window.candidate.total / (window.candidate.total + window.stable.total)
        expected = (history.bad + 0.5) / (history.total + 1)
        tilts = [bets.predicted(each, share, self.tolerance, expected) for each in odds]
        clump = self.guarantee.clump
        return [bets.compared(window.candidate, window.stable, self.tolerance, *tilt) / clump for tilt in tilts]

    def clear(self, window: Window) -> Sequence[float]:
        """One bet for each alternative of CLEAR. What the source rounded in the candidate's favour is taken back."""
        candidate, stable = window.candidate, window.stable
        assert stable is not None
        if window.rounded:
            candidate = Counts.of(bad=min(candidate.bad + 1, candidate.total), total=candidate.total)
            stable = Counts.of(bad=max(stable.bad - 1, 0), total=stable.total)
        return [bets.compared(candidate, stable, self.certificate, ratio) / self.guarantee.clump for ratio in CLEAR]

    def message(self, evidence: Evidence) -> str:
        """Both sides' shares, and by how much the candidate is worse at least."""
        text = f"candidate {share_text(evidence.candidate)}, stable {share_text(evidence.stable)}"
        level = 1 - self.guarantee.alpha
        least = at_least(self, evidence, level)
        return f"{text}; at least {least:.2g} times worse ({level:.0%} sure at any time)" if least > 1 else text


def at_least(test: RatioTest, evidence: Evidence, level: float = 0.99) -> float:
    """How many times worse the candidate is at least: true for ever with probability `level`; 0 when not even 1 can be said.

    The largest tolerance at which the evidence would still reach 1/(1 - level). When the share of traffic has changed, the
    windows are taken at the share weighted by their bad requests, which can only lower the answer, because log(1 + w' (ratio -
    1)) is concave in the share w.
    """
    bad, both = evidence.candidate.bad, evidence.candidate.bad + evidence.stable.bad
    if not bad or both - evidence.expected <= 0:
        return 0.0
    share = evidence.expected / both

    def log_worth(tolerance: float) -> float:
        lean = share * tolerance / (share * tolerance + 1 - share)
        logs = (bad * math.log(ratio) - both * math.log1p(lean * (ratio - 1)) for ratio in HARM)
        return bets.mixed(HARM.values(), (log / test.guarantee.clump for log in logs))

    return bets.refuted_up_to(log_worth, level, 1.0, _WORST)


def share_text(side: Counts) -> str:
    """As in "45 of 10,000 bad (0.45 %)"."""
    return f"{side.bad:,.0f} of {side.total:,.0f} bad" + (f" ({side.bad / side.total * 100:.3g} %)" if side.total else "")
