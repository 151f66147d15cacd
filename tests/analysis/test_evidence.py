"""Evidence: each window once, the same again after a crash, and valid at every look."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.analysis.counts import Counts, Window
from strategies.analysis.evidence import Evidence, Guarantee, SequentialTest, fold, log_clear, log_harm, new_step, verdict
from strategies.analysis.latency import LatencyTest
from strategies.analysis.limit import LimitTest
from strategies.analysis.ratio import RatioTest
from strategies.analysis.verdict import Unknown, Verdict
from tests.analysis.outcomes import spread, windows

RATIO = RatioTest()
TESTS: dict[str, SequentialTest] = {
    "ratio": RATIO,
    "ratio with a tolerance": RatioTest(tolerance=1.25),
    "ratio with a prediction": RatioTest(predict=True),
    "ratio with a prediction and a tolerance": RatioTest(predict=True, tolerance=1.25),
    "ratio that starts anew": RatioTest(guarantee=Guarantee(starts=3, every=1)),
    "limit": LimitTest(limit=0.02),
}
COUNTS = st.tuples(st.integers(0, 30), st.integers(0, 300), st.integers(0, 30), st.integers(0, 300))


def window(number: int, bad: float, total: float, others: float, rest: float) -> Window:
    """Give the window with this number."""
    return Window(key=f"{number:03}", candidate=Counts.of(bad=bad, total=total), stable=Counts.of(bad=others, total=rest))


def folded(test: SequentialTest, answers: list[Window | Unknown], evidence: Evidence | None = None) -> Evidence:
    """Fold them all."""
    evidence = evidence or Evidence()
    for answer in answers:
        evidence = fold(test, evidence, answer)
    return evidence


def numbered(found: list[tuple[int, int, int, int]]) -> list[Window | Unknown]:
    """Make windows of (bad, good) of candidate and stable."""
    return [window(n, bad, bad + good, others, others + fine) for n, (bad, good, others, fine) in enumerate(found)]


def every_way(
    test: SequentialTest, shares: list[tuple[float, float]], start: Evidence | None = None
) -> Iterator[tuple[float, list[Evidence]]]:
    """Each course of windows of two candidate's and three stable's requests, with its probability and the evidence after each."""
    ways: list[tuple[float, list[Evidence]]] = [(1.0, [Evidence()])]
    for number, pair in enumerate(shares):
        ways = [
            (before * probability, [*course, fold(test, course[-1], each)])
            for before, course in ways
            for probability, each in windows(f"{number:03}", (2, 3), pair)
        ]
    yield from ways


@pytest.mark.parametrize(
    "test", [RATIO, RatioTest(predict=True), RatioTest(guarantee=Guarantee(starts=2, every=1), predict=True)]
)
@pytest.mark.parametrize("incident", [0.05, 0.9])
def test_the_mean_of_the_evidence_is_one_at_most_after_any_number_of_windows(test: RatioTest, incident: float) -> None:
    """Exactly, over all courses of three windows, an incident on both sides in the middle; also when one stops at success."""
    total, stopped = [0.0, 0.0, 0.0], 0.0
    for probability, course in every_way(test, [(0.3, 0.3), (incident, incident), (0.3, 0.3)]):
        worths = [math.exp(log_harm(test, evidence)) for evidence in course[1:]]
        total = [before + probability * worth for before, worth in zip(total, worths, strict=True)]
        stopped += probability * next((worth for worth in worths if worth >= 1.5), worths[-1])
    assert max(*total, stopped) <= 1 + 1e-9
    assert min(total) > 0.5


def test_the_certificate_s_mean_is_one_at_most_for_a_candidate_as_bad_as_it_excludes() -> None:
    """Exactly, over all courses of three windows."""
    total = 0.0
    for probability, course in every_way(RATIO, [(0.4, 0.2), (0.9, 0.45), (0.1, 0.05)]):
        total += probability * math.exp(log_clear(RATIO, course[-1]))
    assert 0.5 < total <= 1 + 1e-9


def test_the_mean_over_a_whole_histogram_is_one_at_most() -> None:
    """Exactly, over all outcomes of three classes after a history that predicts something else."""
    test = LatencyTest(edges=(0.1, 0.3), objective=0.3)
    history = Evidence(history=Counts(classes=(70, 20, 10)))
    total = 0.0
    for mine, candidate in spread(3, (0.5, 0.2, 0.3)):
        for others, stable in spread(3, (0.5, 0.2, 0.3)):
            seen = fold(test, history, Window(key="1", candidate=candidate, stable=stable, edges=test.edges))
            total += mine * others * math.exp(log_harm(test, seen))
    assert 0.5 < total <= 1 + 1e-9


@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
@given(found=st.lists(COUNTS, max_size=12), cut=st.integers(0, 12))
def test_a_replay_after_a_crash_gives_the_same_bits(
    test: SequentialTest, found: list[tuple[int, int, int, int]], cut: int
) -> None:
    """From the checkpoint, through JSON, with windows that had been folded already sent again."""
    answers = numbered(found)
    whole = folded(test, answers)
    checkpoint = json.loads(json.dumps(folded(test, answers[:cut]).to_json()))
    assert folded(test, answers, Evidence.from_json(checkpoint)) == whole
    assert log_harm(test, whole) == log_harm(test, Evidence.from_json(json.loads(json.dumps(whole.to_json()))))


@given(found=st.lists(COUNTS, min_size=1, max_size=8))
def test_a_window_enters_once(found: list[tuple[int, int, int, int]]) -> None:
    """Again, or an older one, changes nothing."""
    answers = numbered(found)
    evidence = folded(RATIO, answers)
    for answer in answers:
        assert fold(RATIO, evidence, answer) is evidence


NO_BETS: dict[str, Window | Unknown] = {
    "an Unknown": Unknown(reason="NoSeries", message="none"),
    "a missing arm": Window(key="5", candidate=Counts.of(bad=1, total=10)),
    "not a number": window(5, math.nan, 100, 1, 100),
    "infinity": window(5, 1, math.inf, 1, 100),
    "a negative count": window(5, -1, 100, 1, 100),
    "more bad ones than requests": window(5, 101, 100, 1, 100),
    "other classes": Window(key="5", candidate=Counts(classes=(1, 2, 3)), stable=Counts(classes=(1, 2, 3))),
}


@pytest.mark.parametrize("answer", NO_BETS.values(), ids=NO_BETS)
def test_what_is_not_known_changes_nothing(answer: Window | Unknown) -> None:
    """The window may come again, with numbers."""
    evidence = folded(RATIO, [window(1, 3, 100, 2, 300)])
    assert fold(RATIO, evidence, answer) is evidence
    assert isinstance(answer, Unknown) or RATIO.doubt(answer) is not None


@pytest.mark.parametrize("answer", [window(5, 0, 0, 1, 100), window(5, 1, 100, 0, 0)])
def test_without_traffic_on_a_side_nothing_is_bet_and_the_window_is_over(answer: Window) -> None:
    """Only the key moves."""
    evidence = folded(RATIO, [window(1, 3, 100, 2, 300)])
    assert fold(RATIO, evidence, answer) == replace(evidence, key="005")


@given(found=st.lists(COUNTS.filter(lambda c: c[0] + c[1] > 0 and c[2] + c[3] > 0), min_size=2, max_size=8), data=st.data())
def test_the_order_of_windows_does_not_matter_without_prediction(
    found: list[tuple[int, int, int, int]], data: st.DataObject
) -> None:
    """Evidence is a sum."""
    other = data.draw(st.permutations(found))
    there, back = folded(RATIO, numbered(found)), folded(RATIO, numbered(other))
    assert math.isclose(log_harm(RATIO, there), log_harm(RATIO, back), rel_tol=1e-9, abs_tol=1e-9)


def test_a_failure_is_for_good_and_names_its_window() -> None:
    """Good windows afterwards do not take it back, so it does not depend on how many windows were folded at once."""
    evidence = folded(RATIO, [window(1, 30, 100, 3, 300), window(2, 0, 9000, 400, 27000)])
    assert log_harm(RATIO, evidence) < 0
    assert (verdict(RATIO, evidence), evidence.failed_at) == (Verdict.FAIL, "001")


def test_a_good_release_gets_its_certificate_and_loses_it_when_it_turns_bad() -> None:
    """A pass is what holds now."""
    good = folded(RATIO, [window(n, 5, 1000, 15, 3000) for n in range(8)])
    assert verdict(RATIO, good) is Verdict.PASS
    assert verdict(RATIO, fold(RATIO, good, window(9, 24, 1000, 15, 3000))) is Verdict.INCONCLUSIVE


def test_a_new_step_needs_a_new_certificate_and_keeps_what_speaks_against_the_candidate() -> None:
    """What was good at 5 % of the traffic is not what is asked at 50 %."""
    good = folded(RATIO, [window(n, 5, 1000, 15, 3000) for n in range(8)])
    step = new_step(good)
    assert verdict(RATIO, step) is Verdict.INCONCLUSIVE
    assert step.harm == good.harm


def test_several_gates_share_the_budget() -> None:
    """Four gates need log 4 more evidence each; the certificates do not."""
    one, four = Guarantee(), Guarantee(gates=4)
    assert math.isclose(four.fails_at - one.fails_at, math.log(4))
    assert four.passes_at == one.passes_at


def test_harm_that_begins_late_is_found_sooner_by_a_bet_that_starts_anew() -> None:
    """After forty good windows the one bet has to win back what it has lost, the newest start does not."""
    course = [window(n, 5, 1000, 15, 3000) if n < 40 else window(n, 15, 1000, 15, 3000) for n in range(80)]
    anew = RatioTest(guarantee=Guarantee(starts=8, every=10))
    once, again = folded(RATIO, course).failed_at, folded(anew, course).failed_at
    assert "040" < again < once


def test_starts_are_the_average_of_processes_that_start_at_fixed_windows() -> None:
    """The recursion against its definition."""
    test = RatioTest(guarantee=Guarantee(starts=3, every=2))
    course = [window(n, n % 4, 50, 3, 150) for n in range(9)]
    parts = [math.exp(log_harm(RATIO, folded(RATIO, course[start:]))) for start in (0, 2, 4)]
    assert math.isclose(math.exp(log_harm(test, folded(test, course))), sum(parts) / 3, rel_tol=1e-9)
    first = [math.exp(log_harm(RATIO, folded(RATIO, course[start:2]))) for start in (0, 2, 4)]
    assert math.isclose(math.exp(log_harm(test, folded(test, course[:2]))), sum(first) / 3, rel_tol=1e-9)


@pytest.mark.parametrize("data", [None, [], {"harm": "x"}, {"harm": [math.nan]}, {"windows": "3"}, {"stable": 3}, {"other": 1}])
def test_evidence_that_is_none_is_refused(data: object) -> None:
    """It is never taken for "nothing seen yet"."""
    with pytest.raises(ValueError, match=r"evidence|finite"):
        Evidence.from_json(data)


@pytest.mark.parametrize("wrong", [{"alpha": 0}, {"beta": 1}, {"gates": 0}, {"clump": 0}, {"starts": 0}, {"every": 0}])
def test_a_guarantee_that_cannot_be_given_is_refused(wrong: dict[str, float]) -> None:
    """At once."""
    with pytest.raises(ValueError, match=r"alpha|gates"):
        Guarantee(**wrong)  # type: ignore[arg-type]
