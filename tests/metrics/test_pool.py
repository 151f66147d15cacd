"""Many sources at once: one that hangs delays nobody else, and nothing is asked or answered twice."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from queue import Queue
from typing import Any

import pytest

from controller.metrics import pool
from controller.metrics.pool import Queries
from strategies.analysis.series import Series
from strategies.analysis.verdict import Sample, Unknown, window_key

AT = datetime(2026, 1, 1, tzinfo=UTC)
WAIT = 5.0


class Slow:
    """A source that answers when it is let go, and remembers how many asked at the same time."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked: list[str] = []
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def query(self, promql: str, at: datetime) -> Sample | Unknown:
        """Answer as the class says."""
        with self._lock:
            self.asked.append(promql)
            self._now += 1
            self.most = max(self.most, self._now)
        self.go.wait(WAIT)
        with self._lock:
            self._now -= 1
        return Sample(value=1.0, at=at, key=window_key(at))

    def series(self, promql: str, at: datetime) -> tuple[Series, ...] | Unknown:
        """One series, as many samples as the query says; "none" is answered Unknown."""
        if isinstance(self.query(promql, at), Unknown) or promql == "none":
            return Unknown(reason="TooLarge", message="too much")
        return (Series(labels={}, samples=[(0.0, 1.0)] * int(promql)),)


class Broken:
    """A source with a bug."""

    def query(self, promql: str, at: datetime) -> Sample | Unknown:
        """Answer as the class says."""
        raise RuntimeError("secret")

    def series(self, promql: str, at: datetime) -> tuple[Series, ...] | Unknown:
        """Answer as the class says."""
        raise RuntimeError("secret")


def answers() -> "Queue[Any]":
    """Make a place for answers."""
    return Queue()


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until it is so."""
    until = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.002)


def test_a_source_that_hangs_delays_no_other() -> None:
    """With all of its threads hanging and more in line, another source is answered at once."""
    queries, hanging, quick, answered = Queries(max_per_source=2), Slow(), Slow(), answers()
    quick.go.set()
    for number in range(20):
        queries.submit("hanging", hanging, f"q{number}", AT, lambda _: None)
    began = time.monotonic()
    queries.submit("quick", quick, "up", AT, answered.put)
    assert isinstance(answered.get(timeout=WAIT), Sample)
    assert time.monotonic() - began < 0.5
    hanging.go.set()


def test_no_more_than_the_limit_ask_one_source_and_all_are_answered() -> None:
    """Ten queries, half of six at a time, as all are one tenant's; when all are done no thread is left."""
    queries, source, answered = Queries(max_per_source=6), Slow(), answers()
    for number in range(10):
        queries.submit("s", source, f"q{number}", AT, answered.put)
    wait_for(lambda: source.most == 3)
    source.go.set()
    assert all(isinstance(answered.get(timeout=WAIT), Sample) for _ in range(10))
    assert source.most == 3
    assert sorted(source.asked) == sorted(f"q{number}" for number in range(10))
    wait_for(lambda: not any(thread.name == "queries-s" for thread in threading.enumerate()))


def test_a_slow_tenant_leaves_threads_and_turns_to_the_others() -> None:
    """With a hundred of his queries in line that hang, another one's is asked at once, by the same source."""
    queries, source, answered = Queries(max_per_source=4), Slow(), answers()
    for number in range(100):
        queries.submit("s", source, f"slow{number}", AT, lambda _: None, "slow")
    wait_for(lambda: len(source.asked) == 2)
    for number in range(2):
        queries.submit("s", source, f"other{number}", AT, answered.put, "other")
    wait_for(lambda: len(source.asked) == 4)
    assert [each for each in source.asked if each.startswith("slow")] == ["slow0", "slow1"]
    source.go.set()
    assert all(isinstance(answered.get(timeout=WAIT), Sample) for _ in range(2))
    wait_for(lambda: len(source.asked) == 102)
    wait_for(lambda: not any(thread.name == "queries-s" for thread in threading.enumerate()))


def test_a_tenant_s_line_that_is_full_is_no_other_s() -> None:
    """Each has a bound of his own, and so have all together."""
    queries, source, answered = Queries(max_per_source=2, max_waiting=2), Slow(), answers()
    for number in range(4):
        for tenant in ("a", "b"):
            queries.submit("s", source, f"{tenant}{number}", AT, lambda _: None, tenant)
        wait_for(lambda: source.asked == ["a0", "b0"])  # Both threads have theirs; what follows waits in line.
    queries.submit("s", source, "a-more", AT, answered.put, "a")
    assert answered.get(timeout=WAIT).reason == "Overloaded"
    queries.submit("s", source, "c0", AT, answered.put, "c")
    assert answered.empty()
    source.go.set()
    assert isinstance(answered.get(timeout=WAIT), Sample)


class Silent(Slow):
    """A source that does not answer until it is told to; its clock is the test's."""

    answers = False

    def query(self, promql: str, at: datetime) -> Sample | Unknown:
        """Answer as the class says."""
        self.asked.append(promql)
        return Sample(value=1.0, at=at, key="") if self.answers else Unknown(reason="Refused", message=f"refused {promql}")


def test_a_source_that_does_not_answer_is_left_alone_ever_longer_and_then_tried_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Meanwhile all are told what it said; other tenants ask on; once it answers, all are asked again."""
    now = [100.0]
    monkeypatch.setattr(pool.time, "monotonic", lambda: now[0])
    queries, source, answered = Queries(), Silent(), answers()

    def ask(query: str, tenant: str = "a") -> Any:
        queries.submit("s", source, query, AT, answered.put, tenant)
        return answered.get(timeout=WAIT)

    assert ask("q0").message == "refused q0"
    assert [ask(f"q{number}").message for number in range(1, 50)] == ["refused q0"] * 49
    assert ask("other", "b").message == "refused other"
    assert source.asked == ["q0", "other"]
    pauses = []
    for number in range(6):
        began = now[0]
        while len(source.asked) == number + 2:
            now[0] += 0.25
            ask(f"again{number}")
        pauses.append(now[0] - began)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    source.answers = True
    now[0] += 5
    assert isinstance(ask("up"), Sample)
    assert isinstance(ask("up2"), Sample)


def test_the_same_question_is_asked_once() -> None:
    """Equal queries in flight share one answer; another time, query or source is another question."""
    queries, source, other, answered = Queries(), Slow(), Slow(), answers()
    for _ in range(5):
        queries.submit("s", source, "up", AT, answered.put)
    queries.submit("s", source, "up", AT + timedelta(seconds=1), answered.put)
    queries.submit("s", other, "up", AT, answered.put)
    source.go.set()
    other.go.set()
    assert all(isinstance(answered.get(timeout=WAIT), Sample) for _ in range(7))
    assert (len(source.asked), len(other.asked)) == (2, 1)
    queries.submit("s", source, "up", AT, answered.put)
    assert isinstance(answered.get(timeout=WAIT), Sample)
    assert len(source.asked) == 2, "what was asked about a time that has passed stays as it is"


def test_a_call_is_neither_remembered_nor_held_back() -> None:
    """What has an effect happens each time; whoever calls pauses by himself."""
    queries, source, answered = Queries(), Silent(), answers()
    for said in (False, False, True, True):
        source.answers = said
        queries.call("hook", source, "text", AT, answered.put, "a")
        assert isinstance(answered.get(timeout=WAIT), Sample) is said
        wait_for(lambda: not queries._open)
    assert source.asked == ["text"] * 4


def test_raw_samples_of_one_time_are_asked_once_also_when_turns_come_one_after_the_other() -> None:
    """Fifty Releases that count the same cost one query; another time is another question, and so is one that had no answer."""
    queries, source, answered = Queries(), Slow(), answers()
    source.go.set()
    for _ in range(50):
        queries.submit_series("s", source, "7", AT, answered.put)
        assert len(answered.get(timeout=WAIT)[0].samples) == 7
    assert source.asked == ["7"]
    queries.submit_series("s", source, "7", AT + timedelta(seconds=1), answered.put)
    answered.get(timeout=WAIT)
    for _ in range(2):
        queries.submit_series("s", source, "none", AT, answered.put)
        assert isinstance(answered.get(timeout=WAIT), Unknown)
    assert source.asked == ["7", "7", "none", "none"]


def test_more_raw_samples_than_fit_are_answered_and_not_remembered() -> None:
    """Memory is bounded."""
    queries, source, answered = Queries(), Slow(), answers()
    source.go.set()
    for size in ("300000", "300000", "300001", "300001"):
        queries.submit_series("s", source, size, AT, answered.put)
        answered.get(timeout=WAIT)
    assert source.asked == ["300000", "300001", "300001"]


def test_a_full_line_refuses_at_once() -> None:
    """Memory is bounded: what does not fit is answered Unknown in the same call."""
    queries, source, answered = Queries(max_per_source=1, max_waiting=2), Slow(), answers()
    queries.submit("s", source, "first", AT, answered.put)
    wait_for(lambda: source.asked == ["first"])
    for number in range(3):
        queries.submit("s", source, f"q{number}", AT, answered.put)
    refused = answered.get_nowait()
    assert isinstance(refused, Unknown)
    assert refused.reason == "Overloaded"
    source.go.set()
    assert all(isinstance(answered.get(timeout=WAIT), Sample) for _ in range(3))


def test_a_query_that_waited_too_long_is_not_asked() -> None:
    """Nobody needs the answer any more, and the line becomes shorter."""
    queries, source, answered = Queries(max_per_source=1, patience=0.05), Slow(), answers()
    queries.submit("s", source, "first", AT, lambda _: None)
    wait_for(lambda: source.asked == ["first"])
    queries.submit("s", source, "late", AT, answered.put)
    time.sleep(0.1)
    source.go.set()
    late = answered.get(timeout=WAIT)
    assert isinstance(late, Unknown)
    assert late.reason == "Overloaded"
    assert source.asked == ["first"]


def test_a_source_that_raises_is_unknown_and_its_text_is_not_told() -> None:
    """A bug in a source ends no thread and shows no secret."""
    queries, answered = Queries(), answers()
    for number in range(6):
        queries.submit("s", Broken(), f"q{number}", AT, answered.put)
    for _ in range(6):
        answer = answered.get(timeout=WAIT)
        assert isinstance(answer, Unknown)
        assert "secret" not in answer.message


def test_a_listener_that_raises_harms_no_other() -> None:
    """Each callback is called, whatever another one does."""
    queries, source, answered = Queries(), Slow(), answers()

    def bad(_: Sample | Unknown) -> None:
        raise RuntimeError

    queries.submit("s", source, "up", AT, bad)
    queries.submit("s", source, "up", AT, answered.put)
    source.go.set()
    assert isinstance(answered.get(timeout=WAIT), Sample)


def test_closing_answers_all_that_wait() -> None:
    """Nobody is left without an answer, and nothing new is taken."""
    queries, source, answered = Queries(max_per_source=1), Slow(), answers()
    queries.submit("s", source, "first", AT, lambda _: None)
    wait_for(lambda: source.asked == ["first"])
    queries.submit("s", source, "waits", AT, answered.put)
    queries.close()
    queries.submit("s", source, "new", AT, answered.put)
    stopped = [answered.get(timeout=WAIT) for _ in range(2)]
    assert [answer.reason for answer in stopped if isinstance(answer, Unknown)] == ["Stopping", "Stopping"]
    source.go.set()
