"""Before users: what stable's own requests were in the last minutes, from which a review tells what the gates could see.

Asked once for each release, of stable's pods alone, and nothing waits for the answers. What they mean is decided in
strategies.rollout.foreseen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.reconcile.counting import edges, questions
from strategies.analysis import counters
from strategies.analysis.counters import Side, Sides
from strategies.analysis.feasibility import Traffic
from strategies.analysis.series import Series
from strategies.analysis.verdict import Unknown
from strategies.analysis.windows import Span
from strategies.spec.base import format_duration
from strategies.spec.gate import Gate

OVER = timedelta(minutes=10)
"""For how long before now stable's requests are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a gate's counters: `side` has stable's series, `at` is now."""

    gate: Gate
    side: Side
    at: datetime

    def questions(self, key: tuple[str, str], labels: Mapping[str, str]) -> list[str]:
        """What to ask for the Release of this namespace and name; `labels` are the MetricSource's. Raises QueryError."""
        return questions(self.gate, key, labels, OVER + self._delay, self._sides)

    def traffic(self, answers: Sequence[tuple[Series, ...]]) -> Traffic | Unknown:
        """Counted as the gate itself counts, in one window."""
        span = Span(start=self.at - OVER, end=self.at - self._delay)
        (window,) = counters.windows([span], answers, edges(self.gate, self._sides), self._sides)
        if isinstance(window, Unknown):
            return Unknown(reason=window.reason, message=window.message.replace("the candidate: ", ""))
        if not window.candidate.total:
            said = f"it has seen no requests of stable in the last {format_duration(OVER)}"
            return Unknown(reason="NoRequests", message=said)
        return Traffic.seen(window.candidate, _seconds(span, answers))

    @property
    def _sides(self) -> Sides:
        return Sides(candidate=self.side, stable=None)

    @property
    def _delay(self) -> timedelta:
        assert self.gate.counting is not None
        return self.gate.counting.delay


def _seconds(span: Span, answers: Iterable[tuple[Series, ...]]) -> float:
    """How much of the span was counted: the series of young pods begin within it."""
    every = [one for each in answers for one in each]
    first = min([one.samples[0][0] for one in every if one.samples] + [one.histograms[0].at for one in every if one.native])
    return max(1.0, span.end.timestamp() - max(span.start.timestamp(), first))
