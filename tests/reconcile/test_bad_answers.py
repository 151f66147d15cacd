"""What a Prometheus may answer to a gate that counts, all the way from its bytes to the window: never a pass, never a failure.

Each has a reason and a sentence, and takes bounded memory and time; what a single answer means is tested in tests/metrics and
tests/analysis.
"""

import gzip
import math
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import pytest

from controller.metrics.pool import Queries
from controller.reconcile.asking import Asker
from controller.reconcile.cluster import Cluster
from controller.reconcile.memory import Memory
from strategies.analysis.verdict import Unknown
from strategies.spec.release import ReleaseSpec
from tests.metrics.server import Behaviour, Exchange, Server, reply, slow_body
from tests.metrics.test_pool import wait_for
from tests.reconcile.test_counting import NOON, RATIO, Double, status

Row = dict[str, Any]
T0 = NOON.timestamp()
TIMES = [T0 - 10 + 5 * n for n in range(6)]
LATENCY = {"histogram": "seconds_bucket", "threshold": 0.3, "interval": "10s", "delay": "4s"}


def row(pod: str, *values: object, times: list[float] = TIMES, **labels: str) -> Row:
    """One series."""
    given = values or tuple(10 * n for n in range(6))
    return {"metric": {"pod": pod, **labels}, "values": [[at, str(value)] for at, value in zip(times, given, strict=True)]}


def sides(*values: object, times: list[float] = TIMES, **labels: str) -> list[Row]:
    """A series of each revision."""
    return [row(f"web-{side}-abcde", *values, times=times, **labels) for side in (1, 2)]


def matrix(rows: list[Row], **top: Any) -> Behaviour:
    """A successful answer."""
    return reply({"status": "success", "data": {"resultType": "matrix", "result": rows}, **top})


def buckets(*edges: str) -> list[Row]:
    """Buckets of both revisions, all alike."""
    return [each for edge in edges for each in sides(le=edge)]


def gigabyte(exchange: Exchange) -> None:
    """A body that says it is a gigabyte, and comes as fast as it goes."""
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n")
    while exchange.pause(0):
        exchange.send(b" " * 65536)


MANY = [{"metric": {"pod": f"p{n}"}, "values": []} for n in range(100_000)]
BAD: dict[str, tuple[Behaviour, str]] = {
    "negative counters": (matrix(sides(0, -1, -2, -3, -4, -5)), "Negative"),
    "NaN": (matrix(sides(0, 1, math.nan, 3, 4, 5)), "NotANumber"),
    "infinity": (matrix(sides(0, 1, "+Inf", 3, 4, 5)), "NotANumber"),
    "a Prometheus whose clock is a minute behind": (matrix(sides(times=[at - 60 for at in TIMES])), "NotYet"),
    "a candidate whose labels have changed": (matrix([row("web-1-abcde"), row("renamed")]), "NoSeries"),
    "counters that are there twice": (matrix([*sides(prometheus_replica="a"), *sides(prometheus_replica="b")]), "Duplicates"),
    "values that are no numbers": (matrix(sides("many", "many", "many", "many", "many", "many")), "Malformed"),
    "a part of the data": (matrix(sides(), warnings=["store b is gone"]), "PartialResponse"),
    "100,000 series": (matrix(MANY), "TooManySeries"),
    "a gigabyte": (gigabyte, "TooLarge"),
    "a redirect": (reply(b"", 302, extra="Location: http://127.0.0.1:1/\r\n"), "Redirected"),
    "a gzip bomb": (reply(gzip.compress(b" " * 50_000_000), extra="Content-Encoding: gzip\r\n"), "Encoded"),
    "a slow drip": (slow_body, "Timeout"),
}


def asked(gate: dict[str, Any], behaviour: Behaviour) -> tuple[object, ...]:
    """What becomes of a question. Only who never ends meets a timeout that a busy machine would, too."""
    timeout = "1s" if behaviour is slow_body else "20s"
    with Server(behaviour) as server:
        double, queries, memory = Double({"ns": "$namespace"}, address=server.url, timeout=timeout), Queries(), Memory(uid="u")
        asker = Asker(cast("Cluster", double), queries, "rc", double.wake)
        spec = ReleaseSpec.model_validate({"workloadRef": {"name": "web"}, "gates": [{"name": "g", **gate}]})
        asker.ask(("shop", "web"), spec, status(), ("g",), memory)
        for _ in range(6):  # reading much takes its time while memory is traced
            with suppress(AssertionError):
                wait_for(lambda: bool(memory.counts()))
        queries.close()
        return memory.counts()["g"]


@pytest.mark.parametrize("case", BAD)
def test_a_bad_answer_is_unknown_with_its_reason_and_takes_little_memory(case: str) -> None:
    """Whatever was sent, some tens of megabytes are the most that is in memory at a time."""
    behaviour, reason = BAD[case]
    tracemalloc.start()
    try:
        (found,) = asked({"ratio": RATIO}, behaviour)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(found, Unknown)
    assert (found.reason, bool(found.message)) == (reason, True)
    assert peak < 250e6


NATIVE: list[Row] = [
    {"metric": each["metric"],
     "histograms": [[at, {"count": "9", "sum": "1", "buckets": [[0, "0.2", "0.3", "9"]]}] for at in TIMES]}
    for each in sides()
]  # fmt: skip
HISTOGRAMS: dict[str, tuple[list[Row], str]] = {
    "classic and native ones of one name": ([*buckets("0.3", "+Inf"), *NATIVE], "MixedHistograms"),
    "the objective is no edge": (buckets("0.25", "0.5", "+Inf"), "NoSuchEdge"),
    "no bucket for all": (buckets("0.3"), "NoHistogram"),
    "no buckets at all": (sides(), "NoHistogram"),
    "edges that differ between the revisions": ([row("web-1-abcde", le="0.3"), row("web-1-abcde", le="+Inf"),
                                                 row("web-2-abcde", le="0.5"), row("web-2-abcde", le="+Inf")], "NoSuchEdge"),
}  # fmt: skip


@pytest.mark.parametrize("case", HISTOGRAMS)
def test_a_histogram_that_cannot_be_cut_at_the_objective_is_unknown(case: str) -> None:
    """With the edges that there are."""
    rows, reason = HISTOGRAMS[case]
    (found,) = asked({"latency": LATENCY}, matrix(rows))
    assert isinstance(found, Unknown)
    assert found.reason == reason


def test_a_further_edge_that_the_histogram_lacks_is_named_with_those_it_has() -> None:
    """As for the threshold; where all are there, requests are counted between them."""
    rows = matrix(buckets("0.1", "0.3", "+Inf"))
    (found,) = asked({"latency": {**LATENCY, "edges": [2.5]}}, rows)
    assert isinstance(found, Unknown)
    assert found.message == "the candidate: the histogram has no bucket with le=2.5; it has 0.1, 0.3"
    (known,) = asked({"latency": {**LATENCY, "edges": [0.1]}}, rows)
    assert not isinstance(known, Unknown), known
    assert (cast("Any", known).edges, len(cast("Any", known).candidate.classes)) == ((0.1, 0.3), 3)


LATER = [T0 - 10 + 5 * n for n in range(18)]
GOOD: dict[str, tuple[Callable[[], list[Row]], float]] = {
    "fractions": (lambda: sides(*(10.5 * n for n in range(6))), 21),
    "a Prometheus whose clock is a minute ahead": (lambda: sides(*(10 * n for n in range(18)), times=LATER), 20),
    "a counter that began anew": (lambda: sides(0, 10, 20, 5, 10, 15), 10),
}  # fmt: skip


@pytest.mark.parametrize("case", GOOD)
def test_what_can_be_counted_is_counted(case: str) -> None:
    """Odd, but with one meaning."""
    rows, total = GOOD[case]
    (found,) = asked({"ratio": RATIO}, matrix(rows()))
    assert not isinstance(found, Unknown), found
    assert cast("Any", found).candidate.total == total
