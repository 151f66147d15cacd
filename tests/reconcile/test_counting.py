"""Which windows are asked for when, for whom a question is shared, and what is done when that is too much."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast

import pytest

from controller.clock import Clock
from controller.metrics.pool import Queries
from controller.reconcile import counting
from controller.reconcile.asking import Asker
from controller.reconcile.cluster import Cluster
from controller.reconcile.memory import Memory
from strategies.analysis import counters
from strategies.analysis.counts import Window
from strategies.analysis.feasibility import Traffic
from strategies.analysis.series import Series
from strategies.analysis.verdict import Sample, Unknown, window_key
from strategies.spec.gate import Gate, Ratio
from strategies.spec.release import ReleaseSpec, StrategyType
from strategies.spec.review import Answer, BlastRadius, Compatibility, Reversibility, Review, Risk, WayBack
from strategies.spec.status import Kind, Revision, Status, Step, Trial
from tests.metrics.server import Server, reply, vector
from tests.metrics.test_pool import wait_for

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ASKED = Ratio(bad="bad_total", total="all_total", interval=10 * SECOND, delay=4 * SECOND)
RATIO: dict[str, Any] = {"bad": "bad_total", "total": "all_total", "interval": "10s", "delay": "4s"}
Callback = Callable[[tuple[Series, ...] | Unknown], None]


def due(now: float, since: float = 0, counted_to: float | None = None) -> tuple[list[int], float, float, float]:
    """Ends of the windows, when they are asked for, over how long, and when again; in seconds after noon."""
    known = "" if counted_to is None else window_key(NOON + counted_to * SECOND)
    found = counting.due(ASKED, NOON + since * SECOND, known, NOON + now * SECOND)
    ends = [round((span.end - NOON).total_seconds()) for span in found.spans]
    return ends, (found.at - NOON).total_seconds(), found.range.total_seconds(), (found.again - NOON).total_seconds()


def test_windows_are_asked_for_behind_the_delay_at_fixed_times() -> None:
    """Whenever a turn comes in between; the first window begins at or after the beginning."""
    assert due(13.9) == ([], 4, 52, 14)
    for now in (14, 17, 23.9):
        assert due(now) == ([10], 14, 52, 24)
    assert due(27, since=3) == ([20], 24, 52, 34)


def test_the_newest_windows_are_asked_for_again_and_older_ones_once() -> None:
    """Some may not have been complete; and where nothing is new nothing is asked."""
    assert due(104, counted_to=90)[0] == [70, 80, 90, 100]
    assert due(104, counted_to=100)[0] == []
    assert due(104, counted_to=40)[0] == [50, 60, 70, 80, 90, 100]


def test_after_a_long_time_so_much_is_asked_as_few_different_questions_need() -> None:
    """4, 16 or 120 windows, and never more."""
    assert [due(10 * n + 4)[2] for n in (1, 4, 5, 16, 17, 500)] == [52, 52, 172, 172, 1212, 1212]
    assert len(due(5004)[0]) == 120


@dataclass
class Double:
    """A cluster and Queries as far as an Asker looks at them; what is asked waits here."""

    labels: dict[str, str] = field(default_factory=dict)
    address: str = "http://p"
    timeout: str = "10s"
    now: datetime = NOON + 14 * SECOND
    asked: list[tuple[str, datetime, Callback]] = field(default_factory=list)
    woken: int = 0

    def __post_init__(self) -> None:
        self.clock = Clock(wall=lambda: self.now, steady=lambda: 0.0)
        self.sources = self

    def get(self, *_: str) -> dict[str, Any]:
        """The MetricSource."""
        spec = {"address": self.address, "labels": self.labels, "timeout": self.timeout}
        return {"metadata": {"resourceVersion": "1"}, "spec": spec}

    def submit_series(self, _source: str, _asked: object, promql: str, at: datetime, callback: Callback, tenant: str) -> None:
        """As Queries."""
        assert tenant == "shop"
        self.asked.append((promql, at, callback))

    def wake(self, _: object) -> None:
        """As the queue."""
        self.woken += 1

    def ask(self, memory: Memory, **ratio: Any) -> datetime | None:
        """A turn asks."""
        asker = Asker(cast("Cluster", self), cast("Queries", self), "rc", self.wake)
        asked = [{"name": "errors", "ratio": {**RATIO, **ratio}}]
        spec = ReleaseSpec.model_validate({"workloadRef": {"name": "web"}, "gates": asked})
        return asker.ask(("shop", "web"), spec, status(), ("errors",), memory)


def status(candidate: str = "web-2", stable: str = "web-1") -> Status:
    """A trial at its first step with traffic, which began at noon."""
    old, new = (Revision(hash=name[-1:], replica_set=name, digest="d", generation=1) for name in (stable, candidate))
    step = Step(index=1, of=3, name="Traffic", weight=20, entered=NOON, since=NOON)
    return Status(stable=old, trial=Trial(attempt=1, kind=Kind.RELEASE, candidate=new, step=step, started=NOON))


def series(pod: str, *values: float) -> Series:
    """Scraped every 5 s from 10 s before noon."""
    return Series(labels={"pod": pod}, samples=[(NOON.timestamp() - 10 + 5 * n, value) for n, value in enumerate(values)])


def test_both_answers_make_the_windows_once_and_wake_the_release() -> None:
    """The same moment is asked about once; the next question is due when the next window can be read."""
    double, memory = Double(), Memory(uid="u")
    assert double.ask(memory) == NOON + 24 * SECOND
    double.ask(memory)
    assert [at for _, at, _ in double.asked] == [NOON + 14 * SECOND] * 2
    (_, _, bad), (_, _, total) = double.asked
    bad(())
    assert memory.counts() == {}
    total((series("web-2-abcde", 0, 0, 0, 1, 2, 3), series("web-1-abcde", 0, 0, 0, 5, 9, 9)))
    (window,) = memory.counts()["errors"]
    assert isinstance(window, Window)
    assert (window.candidate.total, window.stable and window.stable.total) == (2, 9)
    assert double.woken == 1
    double.ask(memory)
    assert len(double.asked) == 2


def begun(index: int = 0, *, told: bool = False) -> Status:
    """A release at this step, with its review, which says what the gates can see already or not."""
    base = status()
    assert base.trial is not None
    way = WayBack(reversibility=Reversibility.INSTANT, under_five_minutes=Answer.YES, message="")
    review = Review(
        risk=Risk.LOW, reasons=(), blast_radius=BlastRadius(users="", services_known=False), way_back=way,
        compatibility=Compatibility(api="", data="", dependencies=""), recommended=StrategyType.CANARY,
        strategy=StrategyType.CANARY, checklist=(), ready=True, foreseen=("seen",) if told else (),
    )  # fmt: skip
    trial = base.trial.model_copy(update={"step": base.trial.step.model_copy(update={"index": index})})
    return base.model_copy(update={"trial": trial, "review": review})


def test_stable_s_requests_are_asked_for_once_and_only_when_a_release_begins() -> None:
    """Of its own pods, over ten minutes; nothing is asked that the review says already."""
    spec = ReleaseSpec.model_validate({"workloadRef": {"name": "web"}, "gates": [{"name": "errors", "ratio": RATIO}]})

    def foreseeing(*turns: Status) -> tuple[Double, Memory]:
        double, memory = Double(), Memory(uid="u")
        asker = Asker(cast("Cluster", double), cast("Queries", double), "rc", double.wake)
        for each in turns:
            memory.attend(1)
            asker.foresee(("shop", "web"), spec, each, memory)
        return double, memory

    for later in (begun(1), begun(told=True), status()):
        assert foreseeing(later)[0].asked == []
    double, memory = foreseeing(begun(), begun())
    ((bad, _, first), (total, _, second)) = double.asked
    assert bad == r'bad_total{pod=~"web\\-1\\-[a-z0-9]{5}"}[10m4s]'
    assert total.startswith("all_total{")
    first(())
    assert (memory.traffic, double.woken) == ({}, 0)
    second((series("web-1-abcde", *range(0, 600, 10)),))
    assert double.woken == 1
    assert memory.traffic["errors"] == Traffic(rate=2, bad=0.5 / 32)
    double, memory = foreseeing(begun())
    for _, _, callback in double.asked:
        callback(Unknown(reason="Timeout", message="no answer within 10 s"))
    problem = memory.traffic["errors"]
    assert isinstance(problem, Unknown)
    assert problem.message == "MetricSource default: no answer within 10 s"
    memory.attend(2)
    assert memory.traffic == {}


@pytest.mark.parametrize(("labels", "matchers"), [({}, r'{pod=~"web\\-2\\-[a-z0-9]{5}|web\\-1\\-[a-z0-9]{5}"}'),
                                                  ({"ns": "$namespace"}, '{ns="shop"}')])  # fmt: skip
def test_releases_of_a_namespace_share_a_question_that_the_source_confines_to_it(labels: dict[str, str], matchers: str) -> None:
    """Else each asks for its own pods."""
    double = Double(labels)
    double.ask(Memory(uid="u"))
    assert [text for text, _, _ in double.asked] == [f"bad_total{matchers}[52s]", f"all_total{matchers}[52s]"]


def test_an_answer_that_is_too_large_is_asked_for_the_own_pods_next_time() -> None:
    """The gate says what happened meanwhile."""
    double, memory = Double({"ns": "$namespace"}), Memory(uid="u")
    double.ask(memory)
    for _, _, callback in double.asked[:]:
        callback(Unknown(reason="TooLarge", message="the answer is larger than 8388608 bytes"))
    (problem,) = memory.counts()["errors"]
    assert isinstance(problem, Unknown)
    assert problem.message == "MetricSource default: the answer is larger than 8388608 bytes"
    double.now += 10 * SECOND
    double.ask(memory)
    assert all("pod=~" in text for text, _, _ in double.asked[2:])


def test_revisions_whose_pods_have_the_same_names_cannot_be_told_apart_by_them() -> None:
    """Kubernetes cuts long ones; the hash's label can."""
    long = "w" * 70
    stable, candidate = (Revision(hash=h, replica_set=f"{long}-{h}", digest="d", generation=1) for h in ("1", "2"))
    known = status()
    assert known.trial is not None
    trial = known.trial.model_copy(update={"candidate": candidate})
    known = known.model_copy(update={"stable": stable})
    problem = counting.sides(ASKED, known, trial)
    assert isinstance(problem, Unknown)
    assert "set hashLabel" in problem.message
    by_hash = counting.sides(ASKED.model_copy(update={"hash_label": "pod_template_hash"}), known, trial)
    assert not isinstance(by_hash, Unknown)
    assert (by_hash.candidate.label, by_hash.candidate.pattern) == ("pod_template_hash", "2")


def test_a_histogram_is_cut_at_all_edges_to_compare_and_at_the_threshold_for_a_limit() -> None:
    """A limit is on one share alone."""
    asked = {"histogram": "seconds_bucket", "threshold": 0.3, "edges": [1, 0.1]}
    gate = Gate.model_validate({"name": "slow", "latency": asked})
    side = counters.Side.of_replica_set("pod", "web-1")
    assert counting.edges(gate, counters.Sides(candidate=side, stable=side)) == (0.1, 0.3, 1.0)
    assert counting.edges(gate, counters.Sides(candidate=side, stable=None)) == (0.3,)


def test_of_what_could_not_be_counted_only_the_newest_is_kept() -> None:
    """A window that was known stays; one that arrives again enters once."""
    memory = Memory(uid="u")
    one, two = (Window(key=key, candidate=counts) for key, counts in (("1", cast("Any", None)), ("2", cast("Any", None))))
    gone = Unknown(reason="NotYet", message="")
    memory.counted((0, ""), "g", [("1", one), ("2", gone)])
    assert memory.counts() == {"g": (one, gone)}
    memory.counted((0, ""), "g", [("1", one), ("2", two)])
    assert memory.counts() == {"g": (one, two)}
    memory.counted((7, ""), "g", [("", gone)])
    assert memory.counts() == {"g": (one, two)}, "of another trial"


@pytest.mark.parametrize("releases", [1, 1000])
def test_a_thousand_releases_of_a_namespace_cost_as_many_queries_as_one(releases: int) -> None:
    """Two for each window, whenever in it their turns come; and each gets the windows of its own pods."""
    pods = [f"web{n}-{side}-abcde" for n in range(releases) for side in (1, 2)]
    times = [NOON.timestamp() - 10 + 5 * n for n in range(6)]
    rows = [{"metric": {"pod": pod}, "values": [[at, str(10 * n)] for n, at in enumerate(times)]} for pod in pods]
    with Server(reply({"status": "success", "data": {"resultType": "matrix", "result": rows}})) as server:
        double, queries, memories = Double({"ns": "$namespace"}, address=server.url), Queries(), []
        asker = Asker(cast("Cluster", double), queries, "rc", double.wake)
        spec = ReleaseSpec.model_validate({"workloadRef": {"name": "web"}, "gates": [{"name": "errors", "ratio": RATIO}]})
        for number in range(releases):
            memories.append(Memory(uid=str(number)))
            known = status(f"web{number}-2", f"web{number}-1")
            asker.ask(("shop", f"web{number}"), spec, known, ("errors",), memories[-1])
            if number % 250 == 0:
                wait_for(lambda: bool(memories[-1].counts()))
        wait_for(lambda: all(memory.counts() for memory in memories))
        for memory in memories:
            (window,) = memory.counts()["errors"]
            assert isinstance(window, Window)
            assert window.candidate.total == 20
        assert len(server.heads) == 2
        queries.close()


@pytest.mark.parametrize("releases", [1, 1000])
def test_a_thousand_releases_with_one_threshold_cost_one_query(releases: int) -> None:
    """In namespaces of their own, whenever between two moments their turns come; at the next moment one more."""

    def answered(memory: Memory, times: int) -> bool:
        samples = memory.answers().get("errors", ())
        return len(samples) == times and all(isinstance(sample, Sample) for sample in samples)

    with Server(reply(b"")) as server:
        double, queries, memories = Double(address=server.url), Queries(), [Memory(uid=str(n)) for n in range(releases)]
        asker = Asker(cast("Cluster", double), queries, "rc", double.wake)
        threshold = {"query": 'sum(up{job="shared"})', "max": 1, "interval": "10s"}
        spec = ReleaseSpec.model_validate({"workloadRef": {"name": "web"}, "gates": [{"name": "errors", "threshold": threshold}]})
        for moment in (1, 2):
            server.behaviour = reply(vector("1", at=NOON.timestamp() + 10 * moment))
            for number, memory in enumerate(memories):
                asker.ask((f"team-{number}", "web"), spec, status(), ("errors",), memory)
                if number == 0:
                    wait_for(partial(answered, memory, moment))
            for memory in memories:
                wait_for(partial(answered, memory, moment))
            assert len(server.heads) == moment
            double.now += 10 * SECOND
        queries.close()
