"""Asking many sources, or webhooks, at once, so that one that hangs delays nobody but those who ask it.

Each source has a lane of its own: a bounded line of waiting queries and a few threads, started when needed and ended
when the line is empty. The same question asked twice at the same time is sent once. Raw samples are asked for about a time that
has passed: what they were is remembered for a short while, so that Releases whose turns come one after the other share it too.
Every query that was accepted or refused is answered by exactly one call of its callback. No retry and no schedule belong here.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import structlog

from strategies.analysis.series import Series
from strategies.analysis.verdict import Unknown

Callback = Callable[[Any], None]
"""Is told what the source has answered: of a metric source Sample | Unknown, of a webhook Told | Unknown."""
SeriesCallback = Callable[[tuple[Series, ...] | Unknown], None]
_REMEMBERED = 30.0
"""Seconds for which raw samples are remembered."""
_MOST_SAMPLES = 500_000
"""So many are remembered at most, all answers together."""
_log = structlog.get_logger(__name__)


class Source(Protocol):
    """What can be asked; must not raise (if it does, that is an Unknown)."""

    def query(self, question: str, at: datetime, /) -> Any:
        """Its answer at this time, as a value."""

    def series(self, promql: str, at: datetime, /) -> tuple[Series, ...] | Unknown:
        """The raw samples of a range selector."""


_Key = tuple[str, int, str, datetime, bool]


@dataclass(slots=True, kw_only=True)
class _Query:
    source: Source
    promql: str
    at: datetime
    raw: bool
    since: float
    callbacks: list[Callable[[Any], None]]

    def key(self, source_name: str) -> _Key:
        return (source_name, id(self.source), self.promql, self.at, self.raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """An answer that is remembered. It holds the source, so that no other one gets its id meanwhile."""

    source: Source
    answer: tuple[Series, ...]
    samples: int
    until: float


@dataclass(slots=True)
class _Lane:
    threads: int = 0
    waiting: deque[_Query] = field(default_factory=deque)


class Queries:
    """Concurrent queries, at most `max_per_source` at a time and `max_waiting` in line for each source.

    A query that has waited for `patience` seconds is answered Unknown instead of being asked too late to be of use.
    """

    def __init__(self, *, max_per_source: int = 4, max_waiting: int = 1000, patience: float = 30.0) -> None:
        self._max_per_source = max_per_source
        self._max_waiting = max_waiting
        self._patience = patience
        self._lock = threading.Lock()
        self._lanes: dict[str, _Lane] = {}
        self._open: dict[_Key, _Query] = {}
        self._known: dict[_Key, _Known] = {}
        self._closed = False

    def submit(self, source_name: str, source: Source, promql: str, at: datetime, callback: Callback) -> None:
        """Ask, and call back from another thread; at once, from this one, when the line is full or closed."""
        self._submit(source_name, _Query(source=source, promql=promql, at=at, raw=False, since=time.monotonic(),
                                         callbacks=[callback]))  # fmt: skip

    def submit_series(self, source_name: str, source: Source, promql: str, at: datetime, callback: SeriesCallback) -> None:
        """The same for raw samples; at once, too, when they are remembered."""
        self._submit(source_name, _Query(source=source, promql=promql, at=at, raw=True, since=time.monotonic(),
                                         callbacks=[callback]))  # fmt: skip

    def _submit(self, source_name: str, query: _Query) -> None:
        key = query.key(source_name)
        answer: Any
        with self._lock:
            if self._closed:
                answer = Unknown(reason="Stopping", message="the controller is stopping")
            elif (same := self._open.get(key)) is not None:
                same.callbacks += query.callbacks
                return
            elif (known := self._known.get(key)) is not None and known.until > query.since:
                answer = known.answer
            else:
                lane = self._lanes.setdefault(source_name, _Lane())
                if len(lane.waiting) < self._max_waiting:
                    self._open[key] = query
                    lane.waiting.append(query)
                    if lane.threads < self._max_per_source:
                        lane.threads += 1
                        name = f"queries-{source_name}"
                        threading.Thread(target=self._work, args=(source_name, lane), name=name, daemon=True).start()
                    return
                answer = Unknown(reason="Overloaded", message=f"{len(lane.waiting)} queries wait for this source")
        _answer(query.callbacks, answer)

    def close(self) -> None:
        """Accept nothing more and answer what still waits; what is being asked ends by its own deadline."""
        with self._lock:
            self._closed = True
            left = [(name, query) for name, lane in self._lanes.items() for query in lane.waiting]
            for lane in self._lanes.values():
                lane.waiting.clear()
        for name, query in left:
            self._finish(name, query, Unknown(reason="Stopping", message="the controller is stopping"))

    def _work(self, source_name: str, lane: _Lane) -> None:
        """One thread of a lane: takes queries until none waits."""
        while True:
            with self._lock:
                if not lane.waiting:
                    lane.threads -= 1
                    if not lane.threads:
                        self._lanes.pop(source_name, None)
                    return
                query = lane.waiting.popleft()
            waited = time.monotonic() - query.since
            if waited > self._patience:
                message = f"the query waited {waited:.0f} s behind others for this source, and was not asked"
                self._finish(source_name, query, Unknown(reason="Overloaded", message=message))
                continue
            self._finish(source_name, query, _ask(query))

    def _finish(self, source_name: str, query: _Query, answer: Any) -> None:
        key = query.key(source_name)
        with self._lock:  # from here on the same question is a new one: nobody is added to a list that was read
            self._open.pop(key, None)
            if query.raw and isinstance(answer, tuple):
                self._remember(key, query.source, answer)
        _answer(query.callbacks, answer)

    def _remember(self, key: _Key, source: Source, answer: tuple[Series, ...]) -> None:
        now, samples = time.monotonic(), sum(len(series.samples) for series in answer)
        self._known = {known: value for known, value in self._known.items() if value.until > now}
        if samples + sum(value.samples for value in self._known.values()) <= _MOST_SAMPLES:
            self._known[key] = _Known(source=source, answer=answer, samples=samples, until=now + _REMEMBERED)


def _ask(query: _Query) -> Any:
    try:
        if query.raw:
            return query.source.series(query.promql, query.at)
        return query.source.query(query.promql, query.at)
    except Exception as problem:
        _log.error("a metric source raised", error=type(problem).__name__)
        return Unknown(reason="Unexpected", message=f"asking the source failed with {type(problem).__name__}")


def _answer(callbacks: list[Callable[[Any], None]], answer: Any) -> None:
    for callback in callbacks:
        try:
            callback(answer)
        except Exception:  # one listener's fault must not keep the answer from the others
            _log.exception("a listener of queries raised")
