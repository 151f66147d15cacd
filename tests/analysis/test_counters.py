"""Selectors of raw counters: which are refused with what advice, what is asked, and whose each series is."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.analysis import counters
from strategies.analysis.counters import Side, Sides
from strategies.analysis.counts import Counts, Window
from strategies.analysis.query import Binding, QueryError, pods_pattern
from strategies.analysis.series import Answer, Series
from strategies.analysis.verdict import Unknown
from strategies.analysis.windows import Span

BINDING = Binding(namespace="shop", release="web", stable="", candidate="", stable_replica_set="", candidate_replica_set="",
                  window=timedelta(seconds=1))  # fmt: skip
SIDES = Sides(candidate=Side(label="pod", pattern=pods_pattern("web-2")), stable=Side(label="pod", pattern=pods_pattern("web-1")))
MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

REFUSED = {
    "a rate": ("rate(x_total[1m])", "this is no plain selector; write only the counter and its labels"),
    "a sum": ("sum by (pod) (x_total)", "this is no plain selector"),
    "arithmetic": ("x_total + y_total", "this is no plain selector"),
    "a range": ("x_total[1m]", "a range, an offset or a time is put in by the gate"),
    "an offset": ("x_total offset 5m", "a range, an offset or a time is put in by the gate"),
    "a time": ("x_total @ 5", "a range, an offset or a time is put in by the gate"),
    "no metric": ('{code="500"}', "the selector names no metric"),
    "a side": ('x_total{pod=~"$candidate_pods"}', "candidate and stable are told apart by the gate; take this matcher out"),
    "a side's hash": ('x_total{hash="$stable"}', "candidate and stable are told apart by the gate"),
    "no PromQL": ("x_total{", "no valid PromQL"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_plain_selector_is_refused_with_what_to_write(case: str) -> None:
    """Functions and times are the gate's."""
    text, said = REFUSED[case]
    with pytest.raises(QueryError, match=said.replace("(", r"\(")):
        counters.parse(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x_sum", "name the histogram's buckets, x_bucket, or a native histogram itself: x"),
        ('x_count{a="b"}', "x_bucket"),
        ('x_bucket{le="1"}', "matcher on le"),
    ],
)
def test_a_histogram_is_asked_for_all_of_its_buckets(text: str, said: str) -> None:
    """Its sum and a single bucket are refused."""
    with pytest.raises(QueryError, match=said):
        counters.parse_histogram(text)


def test_names_of_a_release_and_forced_labels_go_in_as_matchers() -> None:
    """Whatever they contain; a question that is shared names no pods."""
    selector = counters.parse('x_total{namespace="$namespace", code=~"5.."}')
    text = counters.question(selector, BINDING, {"tenant": 'a"b'}, MINUTE, None)
    assert text == 'x_total{namespace="shop",code=~"5..",tenant="a\\"b"}[1m]'


def test_a_question_of_its_own_names_the_pods_of_both_sides() -> None:
    """Of the candidate alone where there is nothing to compare with."""
    selector = counters.parse("x_total")
    both = counters.question(selector, BINDING, {}, MINUTE, SIDES)
    assert both == r'x_total{pod=~"web\\-2\\-[a-z0-9]{5}|web\\-1\\-[a-z0-9]{5}"}[1m]'
    alone = counters.question(selector, BINDING, {}, MINUTE, Sides(candidate=SIDES.candidate, stable=None))
    assert "web\\\\-1" not in alone


@pytest.mark.parametrize(
    ("text", "forced", "confined"),
    [("x_total", {}, False), ("x_total", {"namespace": "$namespace"}, True), ("x_total", {"tenant": "a"}, False),
     ('x_total{namespace="$namespace"}', {}, True), ('x_total{namespace="shop"}', {}, False)],
)  # fmt: skip
def test_a_question_is_shared_where_it_is_confined_to_the_namespace(text: str, forced: dict[str, str], confined: bool) -> None:
    """Equal pods' names in two namespaces must not be mixed."""
    assert counters.is_confined(counters.parse(text), forced) is confined


def _series(pod: str, *values: float, **labels: str) -> Series:
    begin = NOON.timestamp() - 20
    return Series(labels={"pod": pod, **labels}, samples=[(begin + 10 * number, value) for number, value in enumerate(values)])


def test_each_side_has_the_series_of_its_pods_and_no_others() -> None:
    """A third revision's, another workload's and those without the label are nobody's."""
    ours = [_series("web-2-abcde", 0, 0, 10, 20), _series("web-1-abcde", 0, 0, 40, 80), _series("web-1-fghij", 0, 0, 0, 5)]
    total = [*ours, _series("web-3-abcde", 0, 9, 99, 999, 9999), _series("web-1-abcde-x", 0, 9, 99, 999, 9999)]
    bad = [_series("web-2-abcde", 0, 0, 1, 2, 3)]
    span = Span(start=NOON, end=NOON + timedelta(seconds=10))
    (found,) = counters.windows([span], [bad, total], (), SIDES)
    assert found == Window(
        key=span.key, candidate=Counts.of(bad=1, total=10), stable=Counts.of(bad=0, total=45), edges=(), rounded=False
    )
    (missing,) = counters.windows([span], [bad, total[1:]], (), SIDES)
    assert isinstance(missing, Unknown)
    assert missing.reason == "NoSeries"


LONG = "w" * 70
NAMES = st.sampled_from(["web-1", "web-2", "web", "web-1-x", LONG + "-1", LONG + "-2", "a", ""])


@given(st.lists(st.tuples(NAMES, st.sampled_from(["abcde", "abcd", "ABCDE", "abcdef", ""])), max_size=8), NAMES)
def test_a_side_is_found_in_an_index_as_by_looking_at_all(pods: list[tuple[str, str]], name: str) -> None:
    """For names and for hashes, whatever else is there; the index is made once for each label."""
    plain = [Series(labels={"pod": f"{owner}-"[:58] + end, "hash": owner}, samples=[]) for owner, end in pods]
    answer = Answer([*plain, Series(labels={}, samples=[])])
    for side in (Side.of_replica_set("pod", name), Side.of_hash("hash", name)):
        assert side.of(answer) == side.of(list(answer)) == side.of(answer)


def test_an_edge_divides_a_histogram_into_good_and_bad() -> None:
    """One that the histogram does not have is named, with those it has."""
    span = Span(start=NOON, end=NOON + timedelta(seconds=10))
    buckets = [_series(pod, 0, 0, 1 * n, 4 * n, 9, le=le) for pod in ("web-1-abcde", "web-2-abcde")
               for le, n in (("0.3", 1), ("1", 2), ("+Inf", 3))]  # fmt: skip
    (found,) = counters.windows([span], [buckets], (0.3,), SIDES)
    assert isinstance(found, Window)
    assert (found.candidate, found.edges) == (Counts(classes=(3, 6)), (0.3,))
    (unknown,) = counters.windows([span], [buckets], (0.5,), SIDES)
    assert isinstance(unknown, Unknown)
    assert "no bucket with le=0.5; it has 0.3, 1" in unknown.message
