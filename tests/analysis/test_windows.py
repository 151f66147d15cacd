"""From counters to windows: no request lost, none twice, the same when read again, and a reason where there is no number."""

import math
import struct
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.analysis import series, windows
from strategies.analysis.counts import Counts
from strategies.analysis.series import MOST_SERIES, Native, Series, growths
from strategies.analysis.verdict import Unknown
from strategies.analysis.windows import Span, Tally

START = datetime(2026, 1, 1, tzinfo=UTC)
ZERO = START.timestamp()
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
POD = {"job": "shop", "instance": "10.0.0.1:8080", "pod": "shop-1"}


def span(start: float, end: float) -> Span:
    """Give the window between these seconds."""
    return Span(start=START + timedelta(seconds=start), end=START + timedelta(seconds=end))


def native(*scrapes: tuple[float, dict[tuple[float, float], float]], **labels: str) -> Series:
    """A native histogram's scrapes: buckets by their ends, with how many are in each."""
    found = [Native(at=ZERO + at, count=sum(buckets.values()), buckets=tuple((*ends, n) for ends, n in buckets.items()))
             for at, buckets in scrapes]  # fmt: skip
    return Series(labels=POD | labels, samples=(), histograms=found)


def counter(*samples: tuple[float, float], **labels: str) -> Series:
    """Give a counter of the one pod; its scrapes in seconds."""
    return Series(labels=POD | labels, samples=[(ZERO + at, value) for at, value in samples])


def grown(counters: list[Series], start: float, end: float, siblings: list[Series] | None = None) -> list[float] | str:
    """Give by how much each grew, or the reason why nobody knows."""
    found = growths(counters, ZERO + start, ZERO + end, siblings or [])
    return found.reason if isinstance(found, Unknown) else found


def reason(found: object) -> str:
    """Give the reason of an Unknown."""
    assert isinstance(found, Unknown) and found.message
    return found.reason


def test_windows_are_aligned_disjoint_and_behind_the_delay() -> None:
    """Whole multiples of the interval since 1970, whenever they are asked for."""
    tens, seven = timedelta(seconds=10), timedelta(seconds=7)
    found = windows.spans(START + timedelta(seconds=3), START + timedelta(seconds=47.5), tens, seven)
    assert found == [span(10, 20), span(20, 30), span(30, 40)]
    assert windows.spans(START, START, tens, seven) == []
    assert [each.key for each in found] == sorted(each.key for each in found)
    assert windows.spans(START, START + timedelta(days=9), tens, seven, most=2)[-1].end == START + timedelta(days=9) - tens


@given(st.floats(0, 1e5), st.floats(0, 600), st.sampled_from([1, 15, 300]))
def test_a_later_look_sees_the_same_windows_and_more(since: float, later: float, interval: int) -> None:
    """So one that was read can be read again."""
    began, every, delay = START + timedelta(seconds=since), timedelta(seconds=interval), timedelta(seconds=20)
    first = windows.spans(began, began + timedelta(seconds=300), every, delay, most=10_000)
    second = windows.spans(began, began + timedelta(seconds=300 + later), every, delay, most=10_000)
    assert second[: len(first)] == first
    assert all(one.end == other.start for one, other in pairwise(second))


RISES = st.lists(st.tuples(st.floats(1, 30), st.integers(0, 50), st.booleans()), min_size=2, max_size=12)


@given(RISES, st.integers(1, 9))
def test_windows_share_no_request_and_lose_none(rises: list[tuple[float, int, bool]], cuts: int) -> None:
    """Over all windows a counter grows by what its scrapes say, resets among them, however it is cut; and never by a fraction."""
    at, value, truth, samples = 0.0, 100, 0, [(0.0, 100.0)]
    for after, rise, reset in rises:
        at += after
        value, truth = (rise if reset and rise < value else value + rise), truth + rise
        samples.append((at, float(value)))
    ends = [at * number / cuts for number in range(cuts)] + [at]
    parts = [grown([counter(*samples)], start, end) for start, end in pairwise(ends)]
    assert sum(part[0] for part in parts if not isinstance(part, str)) == truth
    assert all(part[0] >= 0 and part[0].is_integer() for part in parts if not isinstance(part, str))


@given(RISES)
def test_what_was_read_is_the_same_when_more_scrapes_are_known(rises: list[tuple[float, int, bool]]) -> None:
    """A window read again after a crash, with other samples around it."""
    samples, at, value = [(-30.0, 0.0), (-15.0, 3.0)], 0.0, 3.0
    for after, rise, _ in rises:
        at, value = at + after, value + rise
        samples.append((at, value))
    end = next(at for at, _ in samples if at > 0)
    early = [each for each in samples if each[0] <= end and each[0] > -20]
    assert grown([counter(*early)], -10, end) == grown([counter(*samples)], -10, end)


CASES: dict[str, tuple[Series, list[float]]] = {
    "it grew by the difference": (counter((-5, 10), (0, 10), (10, 25), (20, 40)), [15.0]),
    "between scrapes in proportion to time, whole requests down": (counter((-5, 10), (6, 25), (15, 34)), [13.0]),
    "after a reset by what it shows": (counter((0, 100), (5, 3), (10, 7), (20, 9)), [7.0]),
    "two resets in a window": (counter((0, 100), (3, 4), (6, 1), (10, 2)), [6.0]),
    "a staleness marker is no value": (counter((0, 5), (5, STALE), (10, 9)), [4.0]),
    "a new target's first value is where it begins": (counter((4, 1000), (10, 1007)), [7.0]),
    "a series that ends stays where it was": (counter((0, 5), (4, 9)), [4.0]),
    "large numbers keep their units": (counter((0, 9e15), (10, 9e15 + 3)), [3.0]),
    "a series without samples grew by nothing": (counter(), [0.0]),
}


@pytest.mark.parametrize(("found", "amounts"), CASES.values(), ids=CASES)
def test_how_a_counter_grows_in_ten_seconds(found: Series, amounts: list[float]) -> None:
    """Read with a sibling that was scraped at the end, so that the window is over."""
    last = Series(labels={"job": "shop", "instance": "other"}, samples=[(ZERO + 10, 0)])
    assert grown([found], 0, 10, [last]) == amounts


def test_a_series_that_appears_on_a_known_target_began_at_zero() -> None:
    """The first error of a pod counts; without knowing that the pod was scraped before, it cannot."""
    requests, errors = counter((0, 50), (10, 90), code="200"), counter((10, 4), code="500")
    assert grown([errors], 0, 10, [requests]) == [4.0]
    assert grown([errors], 0, 10) == [0.0]


def test_the_birth_of_a_series_lies_after_the_scrape_that_did_not_have_it() -> None:
    """Divided like any other growth."""
    requests, errors = counter((0, 50), (5, 70), (15, 90), code="200"), counter((15, 4), code="500")
    assert grown([errors], 0, 10, [requests]) == [2.0]
    assert grown([errors], 10, 15, [requests]) == [2.0]


@pytest.mark.parametrize(
    ("labels", "word"),
    [({"prometheus_replica": "b"}, "prometheus_replica"), ({"job": "shop-too", "service": "x"}, "job"), ({}, "twice")],
    ids=["a pair of servers", "two scrape configurations", "the very same labels"],
)
def test_a_counter_that_is_there_twice_is_not_counted(labels: dict[str, str], word: str) -> None:
    """The message names the label to match on."""
    pair = [counter((0, 1), (10, 2), prometheus_replica="a"), counter((0, 1), (10, 2), **{"prometheus_replica": "a"} | labels)]
    found = growths(pair, ZERO, ZERO + 10)
    assert isinstance(found, Unknown) and found.reason == "Duplicates"
    assert word in found.message


def test_pods_containers_and_services_of_one_job_are_no_duplicates() -> None:
    """They count different requests."""
    several = [
        counter((0, 1), (10, 2), pod="shop-1"),
        counter((0, 1), (10, 3), pod="shop-2", instance="10.0.0.2:8080"),
        counter((0, 1), (10, 4), pod="shop-2", instance="10.0.0.2:8080", container="sidecar"),
        counter((0, 1), (10, 5), pod="shop-2", instance="10.0.0.2:8080", service="shop-internal"),
    ]
    assert grown(several, 0, 10) == [1.0, 2.0, 3.0, 4.0]


REFUSED: dict[str, tuple[list[Series], str]] = {
    "NaN": ([counter((0, 1), (10, math.nan))], "NotANumber"),
    "infinity": ([counter((0, 1), (10, math.inf))], "NotANumber"),
    "a negative value": ([counter((0, 1), (10, -2))], "Negative"),
    "no scrape after the window's end": ([counter((0, 1), (9, 2))], "NotYet"),
    "far too many series": ([counter((0, 1), (10, 2), path=str(n)) for n in range(MOST_SERIES + 1)], "TooManySeries"),
}


@pytest.mark.parametrize(("found", "why"), REFUSED.values(), ids=REFUSED)
def test_what_no_counter_shows_is_unknown(found: list[Series], why: str) -> None:
    """With a reason, and never a 0."""
    assert grown(found, 0, 10) == why


def test_no_series_of_bad_requests_means_none_and_no_series_at_all_means_unknown() -> None:
    """A healthy service has no series for code 500."""
    requests = [counter((0, 100), (10, 300))]
    assert windows.tally([], requests, span(0, 10)) == Tally(classes=(200.0, 0.0))
    assert reason(windows.tally([], [], span(0, 10))) == "NoSeries"


def test_good_and_bad_requests_of_several_pods_are_added() -> None:
    """Those of the bad selector are among all."""
    errors = [counter((0, 3), (10, 5), code="500"), counter((0, 0), (10, 1), code="503", instance="b", pod="b")]
    requests = [*errors, counter((0, 100), (10, 140), code="200")]
    assert windows.tally(errors, requests, span(0, 10)) == Tally(classes=(40.0, 3.0))


@pytest.mark.parametrize(
    ("bad", "total", "why"),
    [
        ([counter((0, 0), (10, 50), code="500")], [counter((0, 0), (10, 40))], "Inconsistent"),
        ([counter((0, 0), (10, math.nan))], [counter((0, 0), (10, 40))], "NotANumber"),
        ([], [counter((0, 0), (10, -1))], "Negative"),
    ],
)
def test_sides_that_cannot_be_counted_are_unknown(bad: list[Series], total: list[Series], why: str) -> None:
    """Whichever selector is at fault."""
    assert reason(windows.tally(bad, total, span(0, 10))) == why


def histogram(*buckets: tuple[str, float], **labels: str) -> list[Series]:
    """Give a classic histogram that has grown from 0 in ten seconds."""
    return [counter((0, 0), (10, value), le=edge, **labels) for edge, value in buckets]


BUCKETS = histogram(("0.1", 60), ("0.30", 90), ("1", 99), ("+Inf", 100))


def test_classic_buckets_become_classes() -> None:
    """At the objective alone, or at every edge; edges are numbers, however they are written."""
    assert windows.edges_of(BUCKETS) == (0.1, 0.3, 1.0)
    assert windows.histogram_tally(BUCKETS, [0.3], span(0, 10)) == Tally(classes=(90.0, 10.0))
    assert windows.histogram_tally(BUCKETS, [0.1, 0.3, 1], span(0, 10)) == Tally(classes=(60.0, 30.0, 9.0, 1.0))


RISING = st.lists(st.tuples(st.integers(1, 20), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8)


@given(RISING, st.integers(1, 7))
def test_no_class_of_a_histogram_is_negative_and_none_loses_a_request_however_it_is_cut(
    rises: list[tuple[int, int, int, int]], cuts: int
) -> None:
    """Buckets are cumulative, and are rounded down at a window's end."""
    samples = [(0.0, (0, 0, 0))]
    for after, *more in rises:
        at, (low, middle, high) = samples[-1]
        samples.append((at + after, (low + more[0], middle + more[0] + more[1], high + sum(more))))
    buckets = [counter(*((at, values[n]) for at, values in samples), le=le) for n, le in enumerate(("0.1", "0.3", "+Inf"))]
    whole = samples[-1][0]
    ends = [whole * number / cuts for number in range(cuts)] + [whole]
    found = [windows.histogram_tally(buckets, [0.1, 0.3], span(start, end)) for start, end in pairwise(ends)]
    classes = [each.classes for each in found if isinstance(each, Tally)]
    assert len(classes) == cuts and min(map(min, classes)) >= 0
    assert [sum(column) for column in zip(*classes, strict=True)] == [sum(each[n] for each in rises) for n in (1, 2, 3)]


def test_native_histograms_are_cut_at_their_own_edges() -> None:
    """Buckets that begin to be there, a restart, and observations that are in no bucket; four digits of an edge are enough."""
    edge = 2**-1.5
    low, high = (0.25, edge), (edge, 0.5)
    pods = [native((0, {low: 5}), (10, {low: 20, high: 3}), (20, {low: 2, high: 1})),
            native((0, {}), (10, {high: 4}), (20, {high: 6}), pod="b", instance="b")]  # fmt: skip
    assert windows.histogram_tally(pods, [0.35355], span(0, 10)) == Tally(classes=(15.0, 7.0))
    assert windows.histogram_tally(pods, [edge], span(10, 20)) == Tally(classes=(2.0, 3.0))
    found = windows.histogram_tally(pods, [0.3], span(0, 10))
    assert isinstance(found, Unknown)
    assert found.message == "the native histogram has no edge at 0.3; set threshold to 0.25 or 0.353553"


def test_an_objective_that_is_no_edge_is_answered_with_the_edges_there_are() -> None:
    """Only those that every histogram has; no interpolation."""
    both = [*BUCKETS, *histogram(("0.3", 9), ("2", 10), ("+Inf", 10), pod="b", instance="b")]
    found = windows.histogram_tally(both, [1.0], span(0, 10))
    assert isinstance(found, Unknown) and found.reason == "NoSuchEdge"
    assert found.message == "the histogram has no bucket with le=1; it has 0.3"


HISTOGRAMS: dict[str, tuple[list[Series], str]] = {
    "classic and native ones": ([*BUCKETS, native((0, {}), (10, {(0.25, 0.3): 100}))], "MixedHistograms"),
    "a native one with a bucket across the edge": ([native((0, {}), (10, {(0.25, 0.5): 100}))], "NoSuchEdge"),
    "a native one with a negative bucket": ([native((0, {(0.2, 0.3): -1, (0.3, 1): 5}), (10, {(0.2, 0.3): 2}))], "Inconsistent"),
    "no buckets": ([counter((0, 0), (10, 100))], "NoHistogram"),
    "no bucket for all": (histogram(("0.3", 90)), "NoHistogram"),
    "nothing": ([], "NoSeries"),
    "a bucket with less than a smaller one": (histogram(("0.1", 95), ("0.3", 90), ("+Inf", 100)), "Inconsistent"),
    "NaN": (histogram(("0.1", 5), ("0.3", math.nan), ("+Inf", 100)), "NotANumber"),
}


@pytest.mark.parametrize(("found", "why"), HISTOGRAMS.values(), ids=HISTOGRAMS)
def test_histograms_that_cannot_be_counted_are_unknown(found: list[Series], why: str) -> None:
    """With a reason."""
    assert reason(windows.histogram_tally(found, [0.1, 0.3] if len(found) > 2 else [0.3], span(0, 10))) == why


def test_a_window_has_both_sides_whole() -> None:
    """And is named by its end."""
    found = windows.window(span(0, 10), Tally(classes=(90.0, 10.0)), Tally(classes=(900.0, 50.0)))
    assert not isinstance(found, Unknown)
    assert (found.candidate, found.stable, found.rounded) == (Counts(classes=(90, 10)), Counts(classes=(900, 50)), False)
    assert found.key == span(0, 10).key


def test_fractions_are_rounded_against_finding_harm_and_said_to_be() -> None:
    """Errors of floating point are none."""
    found = windows.window(span(0, 10), Tally(classes=(89.3, 10.7)), Tally(classes=(899.6, 50.000000001)))
    assert not isinstance(found, Unknown)
    assert (found.candidate, found.stable, found.rounded) == (Counts(classes=(90, 10)), Counts(classes=(899, 50)), True)


def test_an_unknown_side_makes_the_window_unknown_and_is_named() -> None:
    """The candidate's first; none is needed where there is no stable."""
    problem, known = Unknown(reason="NoSeries", message="no series"), Tally(classes=(1.0, 1.0))
    for pair, text in (((problem, problem), "the candidate: no series"), ((known, problem), "stable: no series")):
        found = windows.window(span(0, 10), *pair)
        assert isinstance(found, Unknown) and (found.reason, found.message) == ("NoSeries", text)
    alone = windows.window(span(0, 10), known, None)
    assert not isinstance(alone, Unknown) and alone.stable is None


def test_an_incident_of_both_sides_is_not_the_candidate_s_when_scrapes_lie_apart() -> None:
    """One candidate's pod that is scraped a second after each window's end, and stable's fifteen at all moments.

    Errors rise sixteenfold on all at 0 s. Had each window what its scrapes show, stable's share would be a multiple of the
    candidate's, or half of it for a pod that is scraped a second before; cut in proportion to time they differ by less than a
    fifth.
    """

    def pod(phase: int) -> Series:
        """Give the bad requests of a pod with 1,000 requests a second: 5 in a second, from 0 s on 80."""
        times = range(phase - 60, 76, 15)
        return Series(labels=POD | {"pod": str(phase)}, samples=[(ZERO + t, 300 + (80 if t > 0 else 5) * t) for t in times])

    for phase in (1, 14):
        candidate = grown([pod(phase)], 0, 15)
        stable = [grown([pod(each)], 0, 15) for each in range(15)]
        assert not isinstance(candidate, str)
        mean = sum(each[0] for each in stable if not isinstance(each, str)) / 15
        assert 0.8 < candidate[0] / mean < 1.25


def test_labels_that_name_a_target_and_those_that_name_its_scraper_are_apart() -> None:
    """Or duplicates could not be told from targets."""
    assert not series.SCRAPER_LABELS & {*series.TARGET_LABELS} and not series.SCRAPER_LABELS & series.SCRAPE_LABELS
