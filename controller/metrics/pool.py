"""Asking many sources, or webhooks, at once, so that one that hangs delays nobody but those who ask it, and no tenant the others.

Each source has a lane of its own: bounded lines of waiting queries, one for each tenant, and a few threads, started when needed
and ended when nothing waits. Tenants take turns, and one of them never has more than half of the threads. The same question is
asked once: while it is in flight, and for a short while after, because what was asked about a time that has passed stays as it
is; so Releases whose turns come one after the other share the answer too. A tenant whom a source does not answer leaves it alone
for some seconds: meanwhile all his queries are told what it last said, and then one tries again. (Not so for all tenants: the
heavy query of one can make a source silent.) Every query that was accepted or refused is answered by exactly one call of its
callback. No schedule belongs here.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import structlog

from strategies.analysis.series import Series
from strategies.analysis.verdict import Sample, Unknown

Callback = Callable[[Any], None]
"""Is told what the source has answered: of a metric source Sample | Unknown, of a webhook Told | Unknown."""
SeriesCallback = Callable[[tuple[Series, ...] | Unknown], None]
_REMEMBERED = 30.0
"""Seconds for which answers are remembered."""
_MOST_SAMPLES = 500_000
"""So many are remembered at most, all answers together."""
_ONE_NUMBER = 100
"""What the answer to an instant query counts as there: it takes as much room."""
_MOST_TENANTS = 10
"""So many times `max_waiting` may wait for a source, all tenants together."""
_SILENT = frozenset({"Timeout", "Refused", "ConnectionLost", "NameNotFound", "TLSFailure", "ServerError", "TooManyQueries"})
"""Reasons for which the tenant's next question would hardly be answered either."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
"""Seconds for which a source that does not answer is left alone: twice as long each time."""
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
    tenant: str
    once: bool = False
    since: float
    callbacks: list[Callable[[Any], None]]

    def key(self, source_name: str) -> _Key:
        return (source_name, id(self.source), self.promql, self.at, self.raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """An answer that is remembered. It holds the source, so that no other one gets its id meanwhile."""

    source: Source
    answer: tuple[Series, ...] | Sample
    samples: int
    until: float


@dataclass(slots=True)
class _Lane:
    """`waiting` by tenant, whose turn it is first; `busy`: threads by tenant."""

    threads: int = 0
    waiting: dict[str, deque[_Query]] = field(default_factory=dict)
    busy: Counter[str] = field(default_factory=Counter)

    @property
    def length(self) -> int:
        return sum(map(len, self.waiting.values()))

    def take(self, most: int) -> _Query | None:
        """The next query of the next tenant that has less than `most` threads."""
        tenant = next((each for each in self.waiting if self.busy[each] < most), None)
        if tenant is None:
            return None
        line = self.waiting.pop(tenant)
        query = line.popleft()
        if line:
            self.waiting[tenant] = line  # at the end: now the others
        self.busy[tenant] += 1
        return query


@dataclass(slots=True, kw_only=True)
class _Silence:
    """A source that did not answer a tenant so many times in a row: what it said, and not before when it is asked again.

    `tried` while it is being asked.
    """

    source: Source
    said: Unknown
    times: int
    until: float
    tried: bool = False


class Queries:
    """Concurrent queries, at most `max_per_source` at a time for each source, half of them of one tenant, and `max_waiting` in
    line for each tenant of a source.

    A query that has waited for `patience` seconds is answered Unknown instead of being asked too late to be of use.
    """

    def __init__(self, *, max_per_source: int = 4, max_waiting: int = 1000, patience: float = 30.0) -> None:
        self._max_per_source, self._most_of_one = max_per_source, max(1, max_per_source // 2)
        self._max_waiting = max_waiting
        self._patience = patience
        self._lock = threading.Lock()
        self._lanes: dict[str, _Lane] = {}
        self._open: dict[_Key, _Query] = {}
        self._known: dict[_Key, _Known] = {}  # the oldest first
        self._kept = 0
        self._silent: dict[tuple[str, str], _Silence] = {}
        self._closed = False

    def submit(
        self, source_name: str, source: Source, promql: str, at: datetime, callback: Callback, tenant: str = ""
    ) -> None:  # fmt: skip
        """Ask, and call back from another thread; at once, from this one, when the answer is remembered, the line is full or
        closed, or the source is left alone.
        """
        self._submit(source_name, _Query(source=source, promql=promql, at=at, raw=False, tenant=tenant, since=time.monotonic(),
                                         callbacks=[callback]))  # fmt: skip

    def submit_series(
        self, source_name: str, source: Source, promql: str, at: datetime, callback: SeriesCallback, tenant: str = ""
    ) -> None:  # fmt: skip
        """The same for raw samples."""
        self._submit(source_name, _Query(source=source, promql=promql, at=at, raw=True, tenant=tenant, since=time.monotonic(),
                                         callbacks=[callback]))  # fmt: skip

    def call(self, source_name: str, source: Source, text: str, at: datetime, callback: Callback, tenant: str = "") -> None:
        """The same for a question that is one of its kind, as of a webhook: its answer is not remembered, and whoever asks pauses
        by himself.
        """
        self._submit(source_name, _Query(source=source, promql=text, at=at, raw=False, tenant=tenant, once=True,
                                         since=time.monotonic(), callbacks=[callback]))  # fmt: skip

    def _submit(self, source_name: str, query: _Query) -> None:
        key = query.key(source_name)
        with self._lock:
            if (same := self._open.get(key)) is not None and not self._closed:
                same.callbacks += query.callbacks
                return
            answer = self._at_once(source_name, key, query)
            if answer is None:
                self._open[key] = query
                lane = self._lanes.setdefault(source_name, _Lane())
                lane.waiting.setdefault(query.tenant, deque()).append(query)
                if lane.threads < self._max_per_source and lane.busy[query.tenant] < self._most_of_one:
                    lane.threads += 1
                    name = f"queries-{source_name}"
                    threading.Thread(target=self._work, args=(source_name, lane), name=name, daemon=True).start()
                return
        _answer(query.callbacks, answer)

    def _at_once(self, source_name: str, key: _Key, query: _Query) -> Any:
        """What is answered without asking; None for a question that is to be asked."""
        if self._closed:
            return Unknown(reason="Stopping", message="the controller is stopping")
        if (known := self._known.get(key)) is not None and known.until > query.since:
            return known.answer
        silence = self._silent.get((source_name, query.tenant))
        if silence is not None and silence.source is not query.source:
            silence = None
        if silence is not None and (silence.tried or silence.until > query.since):
            return silence.said
        lane = self._lanes.get(source_name, _Lane())
        mine, all_of_them = len(lane.waiting.get(query.tenant, ())), lane.length
        if mine >= self._max_waiting or all_of_them >= _MOST_TENANTS * self._max_waiting:
            return Unknown(reason="Overloaded", message=f"{all_of_them} queries wait for this source, {mine} of this namespace's")
        if silence is not None:
            silence.tried = True
        return None

    def close(self) -> None:
        """Accept nothing more and answer what still waits; what is being asked ends by its own deadline."""
        with self._lock:
            self._closed = True
            left = [(name, q) for name, lane in self._lanes.items() for line in lane.waiting.values() for q in line]
            for lane in self._lanes.values():
                lane.waiting.clear()
        for name, query in left:
            self._finish(name, query, Unknown(reason="Stopping", message="the controller is stopping"))

    def _work(self, source_name: str, lane: _Lane) -> None:
        """One thread of a lane: takes queries until there is none for it."""
        while True:
            with self._lock:
                query = lane.take(self._most_of_one)
                if query is None:
                    lane.threads -= 1
                    if not lane.threads:
                        self._lanes.pop(source_name, None)
                    return
            waited = time.monotonic() - query.since
            if waited > self._patience:
                message = f"the query waited {waited:.0f} s behind others for this source, and was not asked"
                answer: Any = Unknown(reason="Overloaded", message=message)
            else:
                answer = _ask(query)
            with self._lock:
                lane.busy[query.tenant] -= 1
            self._finish(source_name, query, answer)

    def _finish(self, source_name: str, query: _Query, answer: Any) -> None:
        key = query.key(source_name)
        with self._lock:  # from here on the same question is a new one: nobody is added to a list that was read
            self._open.pop(key, None)
            if not query.once:
                self._note(source_name, query, answer)
                if not isinstance(answer, Unknown):
                    self._remember(key, query.source, answer)
        _answer(query.callbacks, answer)

    def _note(self, source_name: str, query: _Query, answer: Any) -> None:
        """Whether the source answers: one that does not is left alone, each time longer."""
        key = (source_name, query.tenant)
        if not isinstance(answer, Unknown) or answer.reason not in _SILENT:
            self._silent.pop(key, None)
            return
        known = self._silent.get(key)
        if known is not None and known.source is query.source and not known.tried:
            return  # one that was asked before the source was left alone
        times = known.times + 1 if known is not None and known.source is query.source else 1
        until = time.monotonic() + min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(times - 1, 10))
        self._silent[key] = _Silence(source=query.source, said=answer, times=times, until=until)

    def _remember(self, key: _Key, source: Source, answer: tuple[Series, ...] | Sample) -> None:
        now = time.monotonic()
        samples = _ONE_NUMBER if isinstance(answer, Sample) else sum(map(_room, answer))
        while self._known and self._known[oldest := next(iter(self._known))].until <= now:
            self._kept -= self._known.pop(oldest).samples
        if samples + self._kept <= _MOST_SAMPLES and key not in self._known:
            self._known[key] = _Known(source=source, answer=answer, samples=samples, until=now + _REMEMBERED)
            self._kept += samples


def _room(series: Series) -> int:
    """What a series takes, in samples."""
    return len(series.samples) + sum(1 + len(histogram.buckets) for histogram in series.histograms)


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
