"""Every question is asked of both, at moments that are easily got wrong; numbers agree to 1e-9 of their size."""

import math
from typing import Any

import pytest

from playground.prometheus.series import Samples, Store
from tests.conformance.prometheus.conftest import Answer, Ask
from tests.conformance.prometheus.queries import ANSWERED, OVER_TIME, REFUSED
from tests.conformance.prometheus.samples import BEGIN, END, STEP, Recorded

MOMENTS = {
    "at the last sample": END,
    "between samples": BEGIN + 61 * STEP + 2345,
    "at a sample, after the reset": BEGIN + 42 * STEP,
    "while one is stale": BEGIN + 51 * STEP + 1,
    "just after one has ended": BEGIN + 70 * STEP,
    "at the first sample": BEGIN,
    "long after": END + 290_000,
    "before": BEGIN - 1,
}


def same(left: Any, right: Any) -> bool:
    """Equal, numbers in texts and out of them to 1e-9 of their size."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    try:
        one, other = float(left), float(right)
    except (TypeError, ValueError):
        return bool(left == right)
    return one == other or math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-300) or (math.isnan(one) and math.isnan(other))


def essence(answer: Answer, *, ordered: bool) -> Any:
    """What two answers must have in common: data, or the kind of error, whose words may differ."""
    status, body = answer
    if body["status"] == "error":
        return status, body["errorType"]
    data = body["data"]
    if isinstance(data["result"], list) and data["resultType"] in ("vector", "matrix") and not ordered:
        data = {**data, "result": sorted(data["result"], key=lambda one: sorted(one["metric"].items()))}
    return [status, data]


def assert_same(real: Ask, playground: Ask, path: str, parameters: dict[str, str]) -> Any:
    """Ask both; the real one's essence."""
    ordered = parameters["query"].startswith(("sort", "topk(", "bottomk("))
    expected, found = (essence(ask(path, parameters), ordered=ordered) for ask in (real, playground))
    assert same(expected, found) or expected == found, f"\nreal:       {expected}\nplayground: {found}"
    return expected


@pytest.mark.parametrize("query", ANSWERED)
def test_a_query_has_the_answer_of_the_real_prometheus(real: Ask, playground: Ask, query: str) -> None:
    """At each moment, with every label, and in order where the query asks for one."""
    for moment in MOMENTS.values():
        expected = assert_same(real, playground, "/api/v1/query", {"query": query, "time": str(moment / 1000)})
        assert expected[0] == 200, expected


@pytest.mark.parametrize("query", REFUSED)
def test_a_query_is_refused_with_the_same_kind_of_error(real: Ask, playground: Ask, query: str) -> None:
    """The status and the errorType, which clients branch on."""
    expected = assert_same(real, playground, "/api/v1/query", {"query": query, "time": str(END / 1000)})
    assert expected[0] in (400, 422), expected


@pytest.mark.parametrize("query", OVER_TIME)
@pytest.mark.parametrize("step", ["7", "30s", "1m40s"])
def test_a_query_over_time_has_the_answers_of_the_real_prometheus(real: Ask, playground: Ask, query: str, step: str) -> None:
    """From before the first sample to after the last."""
    span = {"start": str((BEGIN - 20_000) / 1000), "end": str((END + 45_500) / 1000), "step": step}
    assert assert_same(real, playground, "/api/v1/query_range", {"query": query, **span})[0] == 200


@pytest.mark.parametrize("path", ["/api/v1/labels", "/api/v1/label/pod/values", "/api/v1/label/nothing/values"])
def test_labels_and_their_values_are_those_of_the_real_prometheus(real: Ask, playground: Ask, path: str) -> None:
    """As dashboards ask for them."""
    assert real(path, {}) == playground(path, {})


def test_a_selector_finds_the_same_series(real: Ask, playground: Ask) -> None:
    """By match[], in any order."""
    asked = {"match[]": 'http_requests_total{code="200"}', "start": str(BEGIN / 1000), "end": str(END / 1000)}
    found = [sorted(map(sorted, (one.items() for one in ask("/api/v1/series", asked)[1]["data"]))) for ask in (real, playground)]
    assert found[0] == found[1]
    assert len(found[0]) == 4


def test_the_store_gives_back_what_scrapes_put_in(samples: Recorded) -> None:
    """Kept by change and read by moment, each regular series is what it was."""
    store, kept = Store(), {}
    regular = [one for one in samples.series if one.labels.get("room") in ("hall", "cellar")]
    for n, at in enumerate(regular[0].times):
        for one in regular:
            store.series(one.labels).put(at, one.values[n])
        store.scraped(at)
    for one in store.select((), BEGIN - 1, END):
        kept[one.labels["room"]] = Samples(labels=one.labels, times=list(one.times), values=list(one.values))
    for one in regular:
        found = kept[one.labels["room"]]
        assert list(found.times) == list(one.times)
        assert same(list(found.values), list(one.values))
