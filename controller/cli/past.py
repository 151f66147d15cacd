"""Reading what a gate would have been told in the past: the controller's own questions, put to a Prometheus at past times."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from controller.metrics.source import PrometheusSource
from controller.reconcile.asking import binding
from controller.reconcile.counting import edges, questions, sides
from strategies.analysis import counters, query
from strategies.analysis.verdict import Unknown
from strategies.analysis.windows import Span, spans
from strategies.rollout.replay import Answer
from strategies.spec.gate import Counting, Gate, Threshold
from strategies.spec.metric_source import forced
from strategies.spec.status import Status

MOST = 2000
"""Answers of one replay."""
_AT_ONCE = 60
"""Windows of one question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Where and about whom is asked. `labels` are forced into every query, as a MetricSource's are."""

    source: PrometheusSource
    namespace: str
    release: str
    labels: dict[str, str]
    status: Status

    def answers(self, gate: Gate, start: datetime, end: datetime) -> Iterator[Answer]:
        """What the gate would have been told between these times, oldest first."""
        if gate.counting is not None:
            yield from self._windows(gate, gate.counting, start, end)
        elif gate.threshold is not None:
            yield from self._samples(gate.threshold, start, end)

    @property
    def _key(self) -> tuple[str, str]:
        return self.namespace, self.release

    def _samples(self, asked: Threshold, start: datetime, end: datetime) -> Iterator[Answer]:
        text = query.parse(asked.query).bind(binding(self._key, self.status, asked.window), forced(self.labels, self.namespace))
        for at in grid(start, end, asked.interval):
            yield at, self.source.query(text, at)

    def _windows(self, gate: Gate, asked: Counting, start: datetime, end: datetime) -> Iterator[Answer]:
        assert self.status.trial is not None
        known = sides(asked, self.status, self.status.trial)
        if isinstance(known, Unknown):
            yield end, known
            return
        every = spans(start, end + asked.delay, asked.interval, asked.delay, MOST)
        for number in range(0, len(every), _AT_ONCE):
            yield from self._some(gate, asked, known, every[number : number + _AT_ONCE])

    def _some(self, gate: Gate, asked: Counting, known: counters.Sides, some: list[Span]) -> Iterator[Answer]:
        length = len(some) * asked.interval + 3 * asked.delay
        at = some[-1].end + asked.delay
        answers = [self.source.series(text, at) for text in questions(gate, self._key, self.labels, length, known)]
        problem = next((each for each in answers if isinstance(each, Unknown)), None)
        series = [each for each in answers if not isinstance(each, Unknown)]
        found = [problem] * len(some) if problem is not None else counters.windows(some, series, edges(gate, known), known)
        for span, window in zip(some, found, strict=True):
            yield span.end + asked.delay, window


def grid(start: datetime, end: datetime, interval: timedelta) -> Iterator[datetime]:
    """The moments at which a threshold is asked: multiples of its interval since 1970."""
    seconds = interval.total_seconds()
    first = -(-start.timestamp() // seconds)
    for number in range(int(first), int(end.timestamp() // seconds) + 1):
        yield datetime.fromtimestamp(number * seconds, start.tzinfo)


def count(gate: Gate, start: datetime, end: datetime) -> int:
    """How many answers that will be, about."""
    asked = gate.counting or gate.threshold
    return int((end - start) / asked.interval) if asked else 0
