"""The HTTP API in the forms that clients send, and errors that say what is wrong."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from playground.loop import Loop
from playground.prometheus.api import Api, number
from playground.prometheus.calls import KNOWN
from playground.prometheus.series import Store

NOW = 1_800_000_000


@pytest.fixture
def api() -> Api:
    """With `x{a="1"}` 3.5 and `x{a="2"}` 4 since ten seconds."""
    store = Store()
    for at in range(NOW - 10, NOW + 1):
        for label, value in (("1", 3.5), ("2", 4)):
            store.series({"__name__": "x", "a": label}).put(at * 1000, value)
        store.scraped(at * 1000)
    return Api(Loop(start=NOW), store)


def get(api: Api, path: str, **parameters: str) -> tuple[int, Any]:
    """Over GET."""
    return api.handle("GET", f"/api/v1/{path}", urlencode(parameters))


def test_a_query_is_answered_over_get_and_post(api: Api) -> None:
    """Now, or at the time that is asked for, in all forms that clients write it in."""
    expected = {"resultType": "vector", "result": [{"metric": {"__name__": "x", "a": "1"}, "value": [NOW, "3.5"]}]}
    query = 'x{a="1"}'
    assert get(api, "query", query=query) == (200, {"status": "success", "data": expected})
    form = urlencode({"query": query, "time": str(NOW)}).encode()
    assert api.handle("POST", "/api/v1/query", "", form)[1]["data"] == expected
    for written in ("1800000000.000", "1.8e9", "2027-01-15T08:00:00Z", "2027-01-15T09:00:00+01:00"):
        assert get(api, "query", query=query, time=written)[1]["data"] == expected
    assert get(api, "query", query=query, time="1799999999.5")[1]["data"]["result"][0]["value"][0] == 1799999999.5
    json.dumps(get(api, "query", query="x"))


def test_a_query_over_time_is_answered_step_by_step(api: Api) -> None:
    """Steps with units or without."""
    for step in ("5", "5s", "5000ms"):
        _, answer = get(api, "query_range", query='x{a="2"}', start=str(NOW - 20), end=str(NOW), step=step)
        assert answer["data"]["result"] == [
            {"metric": {"__name__": "x", "a": "2"}, "values": [[NOW - 10, "4"], [NOW - 5, "4"], [NOW, "4"]]}]  # fmt: skip


@pytest.mark.parametrize(("path", "parameters", "words"), [
    ("query", {}, '"query"'),
    ("query", {"query": "sum("}, '"query"'),
    ("query", {"query": "x", "time": "yesterday"}, "yesterday"),
    ("query", {"query": "x", "time": "nan"}, "nan"),
    ("query", {"query": "deriv(x[1m])"}, "deriv"),
    ("query", {"query": "limitk(1, x)"}, "limitk"),
    ("query", {"query": 'count_values("v", x)'}, "count_values"),
    ("query", {"query": 'x{a="1" or a="2"}'}, "or"),
    ("query", {"query": 'x{a=~"[[:alpha:]]+\\\\z"}'}, ""),
    ("query", {"query": "(" * 300 + "x" + ")" * 300}, "nested"),
    ("query", {"query": "(" * 2000 + "x" + ")" * 2000}, "nested"),
    ("query", {"query": "-" * 50_000 + "x"}, "longer than 4096"),
    ("query_range", {"query": "x", "start": "1", "end": "2"}, '"step"'),
    ("query_range", {"query": "x", "start": "1", "end": "2", "step": "inf"}, '"step"'),
    ("query_range", {"query": "x", "start": "1", "end": "2", "step": "0"}, '"step"'),
    ("query_range", {"query": "x", "start": "2", "end": "1", "step": "1"}, '"end"'),
    ("query_range", {"query": "x", "start": "0", "end": "1e9", "step": "1"}, "resolution"),
    ("query_range", {"query": "x[1m]", "start": "1", "end": "2", "step": "1"}, '"query"'),
    ("series", {}, "match[]"),
    ("series", {"match[]": "1 + 1"}, "match[]"),
])  # fmt: skip
def test_what_is_wrong_is_said_as_prometheus_says_it(api: Api, path: str, parameters: dict[str, str], words: str) -> None:
    """400, bad_data, and the thing by its name."""
    status, answer = get(api, path, **parameters)
    assert (status, answer["status"], answer["errorType"]) == (400, "error", "bad_data")
    assert words in answer["error"]


def test_a_function_that_is_not_known_is_refused_with_those_that_are(api: Api) -> None:
    """So that the way out is in the message."""
    _, answer = get(api, "query", query="predict_linear(x[1m], 60)")
    assert "predict_linear" in answer["error"]
    assert all(name in answer["error"] for name in KNOWN)


def test_an_error_of_the_data_is_another_kind(api: Api) -> None:
    """422, execution."""
    status, answer = get(api, "query", query="x + ignoring (a) x")
    assert (status, answer["errorType"]) == (422, "execution")
    assert "many-to-many matching not allowed" in answer["error"]


def test_labels_values_and_series_are_listed(api: Api) -> None:
    """As dashboards ask."""
    assert get(api, "labels")[1]["data"] == ["__name__", "a"]
    assert get(api, "label/a/values")[1]["data"] == ["1", "2"]
    assert get(api, "label/a/values", **{"match[]": 'x{a!="1"}'})[1]["data"] == ["2"]
    assert get(api, "series", **{"match[]": 'x{a="2"}'})[1]["data"] == [{"__name__": "x", "a": "2"}]


def test_health_and_version_are_told_and_other_paths_are_not_found(api: Api) -> None:
    """Clients look before they ask."""
    assert api.handle("GET", "/-/ready", "")[0] == api.handle("GET", "/-/healthy", "")[0] == 200
    assert get(api, "status/buildinfo")[1]["data"]["version"]
    assert get(api, "rules")[0] == 404
    assert api.handle("DELETE", "/api/v1/query", "query=x")[0] == 405


@pytest.mark.parametrize(("value", "written"), [
    (1.0, "1"), (0.1, "0.1"), (1e21, "1000000000000000000000"), (1e-9, "0.000000001"), (-0.0, "-0"), (float("inf"), "+Inf"),
    (float("-inf"), "-Inf"), (float("nan"), "NaN"), (123456.789, "123456.789"), (5, "5"), (100.0, "100"),
])  # fmt: skip
def test_numbers_are_written_as_prometheus_writes_them(value: float, written: str) -> None:
    """Never with an exponent."""
    assert number(value) == written
