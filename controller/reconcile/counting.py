"""Asking for raw counters: which windows are due, with which question, and what the answers make of them.

Windows and questions lie on the grid of the interval, behind the delay, at fixed times: so a question can be asked again after a
crash, with the same answer, and Releases that count the same share it. Where the selector, or the MetricSource, restricts a
question to the Release's namespace, it is asked for all pods of the namespace and the sides are picked out here; else, and where
that is too much, each Release asks for its own pods. What windows mean is decided in strategies.rollout.comparing.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.reconcile.memory import Memory
from strategies.analysis import counters, query
from strategies.analysis.counters import Side, Sides
from strategies.analysis.series import Series
from strategies.analysis.verdict import Unknown
from strategies.analysis.windows import Span, spans
from strategies.rollout.comparing import LIMIT, form_of
from strategies.spec.gate import Counting, Gate
from strategies.spec.metric_source import forced
from strategies.spec.status import Revision, Status, Trial

_READ_AGAIN = 4
"""So many windows are asked for each time: the new one, and those that may not have been complete."""
_TOO_MUCH = ("TooLarge", "TooManySeries")
_SIZES = (_READ_AGAIN, 16, 120)
"""Numbers of windows of a question: few, so that Releases that have missed some still share it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is to be asked now, and when the next question is due. `spans` is empty when nothing is."""

    spans: tuple[Span, ...]
    at: datetime
    range: timedelta
    again: datetime


def due(asked: Counting, since: datetime, counted_to: str, now: datetime) -> Due:
    """The windows since this time that can be read by now. `counted_to` is the key of the last that was read."""
    readable = spans(since, now, asked.interval, asked.delay, _SIZES[-1])
    if counted_to:
        readable = [span for number, span in enumerate(reversed(readable)) if span.key > counted_to or number < _READ_AGAIN][::-1]
    newest = spans(now - asked.delay - 2 * asked.interval, now, asked.interval, asked.delay)[-1].end
    size = next((size for size in _SIZES if size >= len(readable)), _SIZES[-1])
    return Due(
        spans=tuple(readable) if readable and readable[-1].key > counted_to else (),
        at=newest + asked.delay,
        # From before the first window, for the last scrape before it, until after the last one, for the first scrape after it.
        range=size * asked.interval + 3 * asked.delay,
        again=newest + asked.interval + asked.delay,
    )


def since(gate: Gate, trial: Trial) -> datetime | None:
    """From when on windows count: after the last one that is known, else from the step's beginning; None before that."""
    known = next((each.test for each in trial.gates if each.name == gate.name and each.question in ("", gate.question)), None)
    if known is not None and known.key and known.form == form_of(trial.step.name):
        return datetime.fromisoformat(known.key)
    return trial.step.since


def sides(asked: Counting, status: Status, trial: Trial) -> Sides | Unknown:
    """By which series the two revisions are known."""
    candidate, stable = side(asked, trial.candidate), side(asked, status.stable) if status.stable else None
    if stable == candidate:
        message = ("the pods of stable and candidate have the same names, because Kubernetes cuts long ones; set hashLabel to "
                   "the label that holds pod-template-hash, or shorten the Deployment's name")  # fmt: skip
        return Unknown(reason="SamePods", message=message)
    if form_of(trial.step.name) == LIMIT:
        return Sides(candidate=candidate, stable=None)
    if stable is None:
        return Unknown(reason="NoStable", message="there is no stable revision to compare with")
    return Sides(candidate=candidate, stable=stable)


def side(asked: Counting, revision: Revision) -> Side:
    """By which series a revision is known."""
    if asked.hash_label is not None:
        return Side.of_hash(asked.hash_label, revision.hash)
    return Side.of_replica_set(asked.pod_label or "pod", revision.replica_set)


def selectors(gate: Gate) -> tuple[query.Query, ...]:
    """The selectors of bad and all requests, or of the buckets."""
    if gate.ratio is not None:
        return counters.parse(gate.ratio.bad), counters.parse(gate.ratio.total)
    assert gate.latency is not None
    return (counters.parse_histogram(gate.latency.histogram),)


def edges(gate: Gate, sides: Sides) -> tuple[float, ...]:
    """At which edges its histogram is cut: at all of them to compare, at the threshold's alone for a limit; none without one."""
    if gate.latency is None:
        return ()
    return gate.latency.shape if sides.stable else (gate.latency.threshold,)


def questions(
    gate: Gate, key: tuple[str, str], labels: Mapping[str, str], length: timedelta, own: Sides | None
) -> list[str]:  # fmt: skip
    """What to ask about so long a time for the Release of this namespace and name: of its own pods, or of all of the namespace.

    `labels` are the MetricSource's. Raises QueryError.
    """
    binding = query.Binding(namespace=key[0], release=key[1], stable="", candidate="", stable_replica_set="",
                            candidate_replica_set="", window=length)  # fmt: skip
    return [counters.question(each, binding, forced(labels, key[0]), length, own) for each in selectors(gate)]


class Together:
    """Waits for the answers to some questions, then hands them on, once: the series of each, or the first problem."""

    def __init__(self, questions: int, then: Callable[[list[tuple[Series, ...]] | Unknown], None]) -> None:
        self._lock, self._then = threading.Lock(), then
        self._answers: list[tuple[Series, ...] | Unknown | None] = [None] * questions

    def answered(self, number: int, answer: tuple[Series, ...] | Unknown) -> None:
        """The answer to the question with this number."""
        with self._lock:
            self._answers[number] = answer
            answers = [each for each in self._answers if each is not None]
            if len(answers) < len(self._answers):
                return
        problem = next((each for each in answers if isinstance(each, Unknown)), None)
        self._then(problem or [each for each in answers if not isinstance(each, Unknown)])


class Gathering:
    """One look: makes the questions, waits for the answers to all of them, then makes windows of these, once."""

    def __init__(self, gate: Gate, due: Due, sides: Sides, memory: Memory, wake: Callable[[], None]) -> None:
        self._gate, self._due, self._sides = gate, due, sides
        self._memory, self._asking, self._wake = memory, memory.asking(gate.name), wake
        self._selectors = selectors(gate)
        self._shared = False
        self.answered = Together(len(self._selectors), self._all).answered

    def questions(self, key: tuple[str, str], labels: Mapping[str, str]) -> list[str] | Unknown:
        """What to ask for the Release of this namespace and name; `labels` are the MetricSource's."""
        confined = all(counters.is_confined(each, labels) for each in self._selectors)
        self._shared = confined and self._gate.name not in self._memory.alone
        own = None if self._shared else self._sides
        try:
            return questions(self._gate, key, labels, self._due.range, own)
        except query.QueryError as error:
            return Unknown(reason="QueryUnusable", message=str(error))

    def failed(self, problem: Unknown) -> None:
        """Nothing could be counted."""
        self._memory.counted(self._asking, self._gate.name, [("", problem)])
        self._wake()

    def _all(self, series: list[tuple[Series, ...]] | Unknown) -> None:
        if isinstance(series, Unknown):
            if self._shared and series.reason in _TOO_MUCH:
                self._memory.alone.add(self._gate.name)
            source = self._gate.source
            self.failed(Unknown(reason=series.reason, message=f"MetricSource {source}: {series.message}"))
            return
        found = counters.windows(self._due.spans, series, edges(self._gate, self._sides), self._sides)
        keys = (span.key for span in self._due.spans)
        self._memory.counted(self._asking, self._gate.name, list(zip(keys, found, strict=True)))
        self._wake()
