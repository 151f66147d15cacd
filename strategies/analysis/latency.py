"""Latency as a whole shape: the ratio test at every edge of a histogram, half of the stake on the edge of the objective.

"p99 at most 300 ms" is exactly "at most 1 % take longer than 300 ms", so for the objective alone a RatioTest with
`predict=True` on (above the edge, all) is enough, without interpolation. The shape sees what leaves that edge as it was: a few
calls that hang, or a slowdown far below the objective. An average of valid processes is valid whatever their dependence, so
edges of one histogram may be averaged; a step up at one edge is the coarsest of tilted distributions, and found hanging calls
where smooth tilts missed them (docs/gates-benchmark.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from strategies.analysis import counts
from strategies.analysis.counts import Counts, Window
from strategies.analysis.evidence import Evidence, Guarantee
from strategies.analysis.ratio import HARM, RatioTest, share_text
from strategies.analysis.verdict import Unknown

ODDS = {1.3: 0.3, 2.0: 0.3, 5.0: 0.2, 50.0: 0.2}
"""The alternatives at each edge but the objective's, and the stakes on them: few, for they are kept for every edge."""
MOST_EDGES = 12
"""More would be more numbers in the status than they are worth; merge neighbours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyTest:
    """`edges` in the histogram's unit, rising, one of them the `objective`; windows have one class more than edges.

    `tolerance` and `certificate` as in RatioTest, for the share above an edge; the certificate is about the objective's alone.
    """

    edges: tuple[float, ...]
    objective: float
    guarantee: Guarantee = field(default_factory=Guarantee)
    tolerance: float = 1.0
    certificate: float = 2.0

    def __post_init__(self) -> None:
        if not 1 <= len(self.edges) <= MOST_EDGES or list(self.edges) != sorted(set(self.edges)):
            raise ValueError(f"between 1 and {MOST_EDGES} edges are needed, rising")
        if self.objective not in self.edges:
            known = ", ".join(f"{edge:g}" for edge in self.edges)
            raise ValueError(f"{self.objective:g} is none of the edges {known}")
        _ = self.ratio  # refuses what it refuses

    @property
    def harm_stakes(self) -> tuple[float, ...]:
        """Half on the objective's edge, the other half equally on the others."""
        others = len(self.edges) - 1
        if not others:
            return tuple(HARM.values())
        return tuple(stake / 2 for stake in HARM.values()) + tuple(stake / 2 / others for stake in ODDS.values()) * others

    @property
    def clear_stakes(self) -> tuple[float, ...]:
        """As RatioTest's."""
        return self.ratio.clear_stakes

    def doubt(self, window: Window) -> Unknown | None:
        """The edges of this test, on both sides."""
        if window.edges != self.edges:
            message = "the histogram's edges have changed; the test goes on when they are as before, or begins anew"
            return Unknown(reason="LabelsChanged", message=message)
        return counts.doubt_both(window, classes=len(self.edges) + 1)

    def bad(self, side: Counts) -> float:
        """Requests above the objective."""
        return side.above(self._number).bad

    def harm(self, evidence: Evidence, window: Window) -> Sequence[float]:
        """HARM at the objective's edge, then ODDS at each other edge, from the lowest."""
        others = (number for number in range(len(self.edges)) if number != self._number)
        every = [(self._number, HARM), *((number, ODDS) for number in others)]
        history = evidence.history if evidence.history.classes else Counts(classes=(0,) * (len(self.edges) + 1))
        return list(chain.from_iterable(
            self.ratio.predicted(history.above(number), _at(window, number), odds) for number, odds in every
        ))  # fmt: skip

    def clear(self, window: Window) -> Sequence[float]:
        """As RatioTest's, at the objective's edge."""
        return self.ratio.clear(_at(window, self._number))

    def message(self, evidence: Evidence) -> str:
        """Both sides' shares above the objective, and the edge at which the candidate is most clearly slower."""
        if not evidence.harm:
            return "nothing was counted yet"
        text = f"above {self.objective:g}: {self.ratio.message(self.of_objective(evidence))}"
        groups = [self._number] * len(HARM) + [n for n in range(len(self.edges)) if n != self._number for _ in ODDS]
        log, number = max(zip(evidence.harm, groups, strict=True))
        if log <= 0 or number == self._number:
            return text
        candidate, stable = evidence.candidate.above(number), evidence.stable.above(number)
        return f"{text}; clearest above {self.edges[number]:g}: {share_text(candidate)} against {share_text(stable)}"

    @property
    def _number(self) -> int:
        return self.edges.index(self.objective)

    @property
    def ratio(self) -> RatioTest:
        """The test at the objective's edge alone, for forecasts: with half the stake it needs twice the worth."""
        gates = self.guarantee.gates * (2 if len(self.edges) > 1 else 1)
        guarantee = replace(self.guarantee, gates=gates)
        return RatioTest(guarantee=guarantee, tolerance=self.tolerance, certificate=self.certificate, predict=True)

    def of_objective(self, evidence: Evidence) -> Evidence:
        """What is known at the objective's edge alone, for `ratio`."""
        sides = {name: getattr(evidence, name) for name in ("candidate", "stable", "history")}
        above = {name: side.above(self._number) if side.classes else side for name, side in sides.items()}
        return replace(evidence, harm=evidence.harm[: len(HARM)], **above)


def _at(window: Window, number: int) -> Window:
    assert window.stable is not None
    stable = window.stable.above(number)
    return Window(key=window.key, candidate=window.candidate.above(number), stable=stable, rounded=window.rounded)
