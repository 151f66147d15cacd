"""Requests counted by how they went, on both sides of one window: what every test of this package bets on.

A window is disjoint from all others and named by its key (verdict.window_key of its end), so that it can enter a test
exactly once. How counters become counts is told in windows.py; no test's rule belongs here.
"""

import math
from dataclasses import dataclass

from strategies.analysis.verdict import Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Requests in each class, best first: (good, bad), or one class for each bucket of a histogram.

    Whole numbers when they were measured; expected ones (feasibility.py) may be fractions.
    """

    classes: tuple[float, ...] = ()

    @classmethod
    def of(cls, *, bad: float, total: float) -> "Counts":
        """The two classes from what counters give."""
        return cls(classes=(total - bad, bad))

    @property
    def total(self) -> float:
        """All requests."""
        return sum(self.classes)

    @property
    def bad(self) -> float:
        """Those of the last, the worst class; 0 when nothing was counted."""
        return self.classes[-1] if self.classes else 0

    def above(self, edge: int) -> "Counts":
        """The two classes that the bucket edge with this number makes: up to it, and above it."""
        return Counts(classes=(sum(self.classes[: edge + 1]), sum(self.classes[edge + 1 :])))

    def plus(self, other: "Counts") -> "Counts":
        """Both together; one of them may have counted nothing yet. Raises ValueError when the classes differ."""
        if not self.classes:
            return other
        return Counts(classes=tuple(mine + its for mine, its in zip(self.classes, other.classes, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Both sides in one window; `stable` is None where there is none to compare with.

    `edges` are the upper bounds in seconds of all but the last class of a histogram. `rounded`: the source gave
    fractions, and up to one request on each side was counted in the candidate's favour.
    """

    key: str
    candidate: Counts
    stable: Counts | None = None
    edges: tuple[float, ...] = ()
    rounded: bool = False


def doubt_both(window: Window, classes: int) -> Unknown | None:
    """Why this window is none to compare; None when it is."""
    if window.stable is None:
        return Unknown(reason="NoStable", message="there is no stable side to compare with")
    return doubt(window.candidate, classes, "the candidate") or doubt(window.stable, classes, "stable")


def doubt(counts: Counts, classes: int, whose: str) -> Unknown | None:
    """Why these counts are none to bet on; None when they are."""
    if len(counts.classes) != classes:
        message = f"{whose}'s requests come in {len(counts.classes)} classes instead of {classes}"
        return Unknown(reason="LabelsChanged", message=message)
    if not all(math.isfinite(count) for count in counts.classes):
        return Unknown(reason="NotANumber", message=f"{whose}'s counters give a value that is no number")
    if min(counts.classes) < 0:
        message = f"{whose} has a negative number of requests, or more bad ones than requests; do both counters count the same?"
        return Unknown(reason="Inconsistent", message=message)
    return None
