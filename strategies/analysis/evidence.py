"""What a gate has seen so far, as a few numbers, and the one way in which a window enters them.

The rule behind every test here: each window multiplies the worth of a bet against the hypothesis "the candidate is no
worse" by a factor whose mean is at most 1 while that hypothesis holds. Such a product (an e-process) reaches 1/alpha with
probability at most alpha, however often and whenever one looks (Ville 1939; Ramdas, Gruenwald, Vovk and Shafer, "Game-theoretic
statistics and safe anytime-valid inference", 2023, section 2). A second bet, on "the candidate is worse by `certificate`
times", gives the certificate with which a good release goes early.

Unknown is no bet: nothing changes. No clock, no query and no formula of a particular test belong here.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from strategies.analysis.bets import mixed
from strategies.analysis.counts import Counts, Window
from strategies.analysis.verdict import Unknown, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """What a gate promises, whatever the traffic and however often it looks.

    `alpha`: at most this share of good releases is taken back by all `gates` of a release together, ever. `beta`: at most this
    share of bad ones gets the certificate. `clump`: so many requests of one side may share one cause (retries). `starts`: for
    harm that begins late, the bet begins anew every `every` windows, so many times in all, with an equal part of the stake each.
    """

    alpha: float = 0.01
    beta: float = 0.05
    gates: int = 1
    clump: int = 1
    starts: int = 1
    every: int = 10

    def __post_init__(self) -> None:
        if not (0 < self.alpha < 1 and 0 < self.beta < 1):
            raise ValueError("alpha and beta are probabilities between 0 and 1")
        if min(self.gates, self.clump, self.starts, self.every) < 1:
            raise ValueError("gates, clump, starts and every must be at least 1")

    @property
    def fails_at(self) -> float:
        """The evidence (natural logarithm) at which a gate fails: the budget is shared equally (Bonferroni)."""
        return math.log(self.gates / self.alpha)

    @property
    def passes_at(self) -> float:
        """The evidence at which the certificate is given. Not shared: all gates have to pass."""
        return math.log(1 / self.beta)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A checkpoint: with it and the windows after `key` everything can be computed again, to the same bit.

    `harm` and `clear`: logarithms of the bets' worth, one for each alternative. `expected`: bad requests that the candidate would
    have had if it were like stable. `history`: stable's requests from which the next window's are predicted; may be filled from
    before the release. `failed_at`: the window at which the gate failed, for good.
    """

    key: str = ""
    windows: int = 0
    candidate: Counts = field(default_factory=Counts)
    stable: Counts = field(default_factory=Counts)
    history: Counts = field(default_factory=Counts)
    expected: float = 0.0
    harm: tuple[float, ...] = ()
    clear: tuple[float, ...] = ()
    failed_at: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data, without what is still empty. JSON keeps every number exactly."""
        numbers = {"harm": self.harm, "clear": self.clear, "candidate": self.candidate.classes, "stable": self.stable.classes}
        lists = {name: list(values) for name, values in {**numbers, "history": self.history.classes}.items() if values}
        plain = {"key": self.key, "windows": self.windows, "expected": self.expected, "failedAt": self.failed_at}
        return {name: value for name, value in plain.items() if value} | lists

    @classmethod
    def from_json(cls, data: Any) -> "Evidence":
        """The evidence that `to_json` wrote. Raises ValueError for anything else: a gate does not guess what it knew."""
        known = {"key", "windows", "expected", "failedAt", "harm", "clear", "candidate", "stable", "history"}
        if not isinstance(data, dict) or not known >= set(data):
            raise ValueError(f"evidence is an object with {', '.join(sorted(known))}")
        found = {name: _numbers(name, data.get(name, [])) for name in ("harm", "clear", "candidate", "stable", "history")}
        (windows, expected) = _numbers("windows and expected", [data.get("windows", 0), data.get("expected", 0)])
        return cls(
            key=str(data.get("key", "")),
            failed_at=str(data.get("failedAt", "")),
            windows=int(windows),
            expected=expected,
            harm=found["harm"],
            clear=found["clear"],
            **{name: Counts(classes=found[name]) for name in ("candidate", "stable", "history")},
        )


class SequentialTest(Protocol):
    """One kind of comparison. The bets are natural logarithms of factors, one for each alternative."""

    @property
    def guarantee(self) -> Guarantee:
        """What is promised."""

    @property
    def harm_stakes(self) -> tuple[float, ...]:
        """How the stake against "no worse" is divided among its alternatives; sums to 1."""

    @property
    def clear_stakes(self) -> tuple[float, ...]:
        """The same against "worse by as much as the certificate excludes"."""

    def doubt(self, window: Window) -> Unknown | None:
        """Why nothing can be bet on this window."""

    def bad(self, side: Counts) -> float:
        """How many of one side's requests are bad."""

    def harm(self, evidence: Evidence, window: Window) -> Sequence[float]:
        """The bets against "no worse", chosen before the window's outcome: from `evidence` and the sides' totals only."""

    def clear(self, window: Window) -> Sequence[float]:
        """The bets against "too much worse"."""

    def message(self, evidence: Evidence) -> str:
        """What was seen, for people."""


def fold(test: SequentialTest, evidence: Evidence, answer: Window | Unknown) -> Evidence:
    """The evidence with this window in it.

    Unchanged for an Unknown, for a window that `test.doubt`s, and for one that is not newer than the last: each enters once.
    Without traffic on a side nothing is bet, and the window is over.
    """
    if isinstance(answer, Unknown) or answer.key <= evidence.key or test.doubt(answer) is not None:
        return evidence
    stable = answer.stable or Counts()
    if not answer.candidate.total or not (answer.stable is None or stable.total):
        return replace(evidence, key=answer.key)
    shared = answer.candidate.total / (answer.candidate.total + stable.total)
    folded = replace(
        evidence,
        key=answer.key,
        windows=evidence.windows + 1,
        candidate=evidence.candidate.plus(answer.candidate),
        stable=evidence.stable.plus(stable),
        history=evidence.history.plus(stable),
        expected=evidence.expected + shared * (test.bad(answer.candidate) + test.bad(stable)),
        harm=_restarted(test.guarantee, evidence, test.harm(evidence, answer)),
        clear=tuple(_added(evidence.clear, test.clear(answer))),
    )
    if not folded.failed_at and log_harm(test, folded) >= test.guarantee.fails_at:
        return replace(folded, failed_at=folded.key)
    return folded


def verdict(test: SequentialTest, evidence: Evidence) -> Verdict:
    """Fail once harm was shown, for good; Pass while the certificate holds; else Inconclusive."""
    if evidence.failed_at:
        return Verdict.FAIL
    return Verdict.PASS if log_clear(test, evidence) >= test.guarantee.passes_at else Verdict.INCONCLUSIVE


def new_step(evidence: Evidence) -> Evidence:
    """For a certificate from this step's windows alone; what speaks against the candidate is carried on."""
    return replace(evidence, clear=())


def log_harm(test: SequentialTest, evidence: Evidence) -> float:
    """The evidence against the candidate, a natural logarithm; the gate fails at `guarantee.fails_at`."""
    if not evidence.harm:
        return 0.0
    begun = min(test.guarantee.starts, 1 + (evidence.windows - 1) // test.guarantee.every)
    kept = 1 - begun / test.guarantee.starts
    if not kept:
        return mixed(test.harm_stakes, evidence.harm)
    return mixed([*test.harm_stakes, kept], [*evidence.harm, 0.0])


def log_clear(test: SequentialTest, evidence: Evidence) -> float:
    """The evidence for the candidate, a natural logarithm; the certificate is given at `guarantee.passes_at`."""
    if not evidence.clear:
        return 0.0
    return mixed(test.clear_stakes, evidence.clear)


def _restarted(guarantee: Guarantee, evidence: Evidence, bets: Sequence[float]) -> tuple[float, ...]:
    """The bets' worth after this window.

    An average of processes that start at fixed windows is itself one, and needs no memory of its parts: with
    S the sum of those that run, S' = (S + the part that starts now) times the window's factor.
    """
    part, running = 1 / guarantee.starts, evidence.harm
    if not running:
        running = (math.log(part),) * len(bets)
    elif evidence.windows % guarantee.every == 0 and evidence.windows // guarantee.every < guarantee.starts:
        running = tuple(mixed((1, part), (log, 0.0)) for log in running)
    return tuple(_added(running, bets))


def _added(before: Sequence[float], bets: Sequence[float]) -> Iterable[float]:
    return (log + bet for log, bet in zip(before or [0.0] * len(bets), bets, strict=True))


def _numbers(name: str, values: Any) -> tuple[float, ...]:
    right = isinstance(values, list) and all(isinstance(v, int | float) and math.isfinite(v) for v in values)
    if not right:
        raise ValueError(f"{name}: finite numbers are needed")
    return tuple(float(value) for value in values)
