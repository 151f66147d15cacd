"""Is the candidate's share of the requests the one that the step asks for? If not, routing is broken and no gate may speak.

A sample-ratio mismatch test: requests are the trials, "went to the candidate" the outcome, and the step's weight, with a
tolerance in odds on both sides, the hypothesis; the bets are those of a fixed limit, once for too much and once for too little
(after Lindon and Malek, "Anytime-valid inference for multinomial count data", 2022). Each window brings its own expected share.

Here old evidence fades: before each window its logarithm is multiplied by MEMORY. By Jensen's inequality
E[(worth^MEMORY) * factor] <= 1 still, so a single look is wrong with probability alpha at most; not all looks together, which a
gate that only waits does not need. In exchange a mismatch that has been repaired is forgotten.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

from strategies.analysis import bets
from strategies.analysis.counts import Counts, Window
from strategies.analysis.verdict import Unknown

ODDS = (1.5, 3.0, 20.0)
"""The alternatives, in times the odds at the tolerance's end; as many for too little traffic, equal stakes on all."""
MEMORY = 0.9
"""How much of the evidence is left after one window: as if about ten windows counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareTest:
    """`alpha`: how often a look at a right share is wrong. `tolerance`: odds that are this many times too high or low are still
    right.
    """

    alpha: float = 0.001
    tolerance: float = 1.5
    clump: int = 1

    def __post_init__(self) -> None:
        if not (0 < self.alpha < 1 and self.tolerance >= 1 and self.clump >= 1):
            raise ValueError("alpha is a probability, tolerance and clump are at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareEvidence:
    """A checkpoint: six logarithms and the last window's key; requests of the windows that count, fading like the evidence."""

    key: str = ""
    logs: tuple[float, ...] = (0.0,) * (2 * len(ODDS))
    candidate: float = 0.0
    both: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"key": self.key, "logs": list(self.logs), "candidate": self.candidate, "both": self.both}

    @classmethod
    def from_json(cls, data: Any) -> "ShareEvidence":
        """What `to_json` wrote. Raises ValueError for anything else."""
        try:
            key, logs, candidate, both = data["key"], data["logs"], data["candidate"], data["both"]
            found = cls(key=str(key), logs=tuple(map(float, logs)), candidate=float(candidate), both=float(both))
        except (KeyError, TypeError) as problem:
            raise ValueError("evidence on the share is an object with key, logs, candidate and both") from problem
        if len(found.logs) != 2 * len(ODDS):
            raise ValueError(f"evidence on the share has {2 * len(ODDS)} logs")
        return found


def fold(test: ShareTest, evidence: ShareEvidence, window: Window, expected: float) -> ShareEvidence:
    """The evidence with this window in it; `expected` is the share (0 to 1) that was asked for in all of the window.

    Unchanged by a window that is not newer, without any traffic, or where everything is meant for one side. A side without
    traffic while the other has some counts: that is what broken routing looks like.
    """
    stable = window.stable or Counts()
    both = window.candidate.total + stable.total
    known = 0 < both < math.inf and min(window.candidate.total, stable.total) >= 0
    if window.key <= evidence.key or not known or not 0 < expected < 1:
        return evidence
    odds = expected / (1 - expected)
    too_much = Counts.of(bad=window.candidate.total, total=both)
    too_little = Counts.of(bad=stable.total, total=both)
    logs = [bets.against_limit(too_much, _share(odds * test.tolerance), each) for each in ODDS]
    logs += [bets.against_limit(too_little, _share(test.tolerance / odds), each) for each in ODDS]
    return replace(
        evidence,
        key=window.key,
        logs=tuple(MEMORY * old + new / test.clump for old, new in zip(evidence.logs, logs, strict=True)),
        candidate=MEMORY * evidence.candidate + window.candidate.total,
        both=MEMORY * evidence.both + both,
    )


def mismatch(test: ShareTest, evidence: ShareEvidence, expected: float) -> Unknown | None:
    """Why gates cannot be believed now; None while the share may be right."""
    stakes = [1 / len(evidence.logs)] * len(evidence.logs)
    if bets.mixed(stakes, evidence.logs) < -math.log(test.alpha):
        return None
    seen = evidence.candidate / evidence.both
    message = (
        f"the candidate gets {seen * 100:.3g} % of the requests instead of {expected * 100:.3g} %; "
        "look at the route, and whether all requests of both sides are counted"
    )
    return Unknown(reason="WrongShare", message=message)


def _share(odds: float) -> float:
    return odds / (1 + odds)
