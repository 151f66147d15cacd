"""What the ratio gate says to people, and what it takes."""

import math
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strategies.analysis.counts import Counts, Window
from strategies.analysis.evidence import Evidence, Guarantee, fold, log_clear, log_harm, verdict
from strategies.analysis.ratio import CLEAR, HARM, RatioTest, at_least
from strategies.analysis.verdict import Verdict
from tests.analysis.outcomes import windows

RATIO = RatioTest()


def one(bad: float, total: float, others: float, rest: float, key: str = "1") -> Window:
    """Give a window."""
    return Window(key=key, candidate=Counts.of(bad=bad, total=total), stable=Counts.of(bad=others, total=rest))


def seen(*found: Window, test: RatioTest = RATIO) -> Evidence:
    """Fold them."""
    evidence = Evidence()
    for each in found:
        evidence = fold(test, evidence, each)
    return evidence


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 3))
def test_more_bad_requests_on_the_candidate_or_fewer_on_stable_are_more_evidence(bad: int, others: int, more: int) -> None:
    """Monotone in both directions, with and without prediction, for harm and for the certificate."""
    for test in (RATIO, RatioTest(predict=True), RatioTest(tolerance=1.5)):
        before = seen(one(bad, 1000, others + more, 3000), test=test)
        for after in (
            seen(one(bad + more, 1000, others + more, 3000), test=test),
            seen(one(bad, 1000, others, 3000), test=test),
        ):
            assert log_harm(test, after) >= log_harm(test, before)
            assert log_clear(test, after) <= log_clear(test, before)


@given(st.integers(1, 200), st.integers(1, 200), st.floats(1, 4), st.floats(1.01, 2))
def test_more_tolerance_is_less_evidence(bad: int, others: int, tolerance: float, more: float) -> None:
    """Of harm."""
    strict, lax = (RatioTest(tolerance=each, certificate=99) for each in (tolerance, tolerance * more))
    found = one(bad, 1000, others, 3000)
    assert log_harm(lax, seen(found, test=lax)) <= log_harm(strict, seen(found, test=strict)) + 1e-9


@given(st.integers(0, 300), st.integers(0, 300), st.sampled_from([1.0, 1.25, 2.0]))
def test_the_bound_for_people_and_the_verdict_agree(bad: int, others: int, tolerance: float) -> None:
    """In one window: at least as many times worse as is tolerated, exactly when the gate fails."""
    test = RatioTest(tolerance=tolerance, certificate=9)
    evidence = seen(one(bad, 1000, others, 3000), test=test)
    if abs(log_harm(test, evidence) - test.guarantee.fails_at) > 1e-4:
        assert (at_least(test, evidence) >= tolerance) == (verdict(test, evidence) is Verdict.FAIL)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(50, 2000)), min_size=2, max_size=6))
def test_a_changing_share_can_only_lower_the_bound(found: list[tuple[int, int, int]]) -> None:
    """The gate at the bound would have failed, whatever shares the windows had."""
    course = [one(bad, total, others, 2000, key=str(number)) for number, (bad, others, total) in enumerate(found)]
    least = at_least(RATIO, seen(*course))
    if least > 1:
        test = RatioTest(tolerance=least * (1 - 1e-5), certificate=1e9)
        assert log_harm(test, seen(*course, test=test)) >= -math.log(0.01) - 1e-3


def test_the_bound_for_people_is_wrong_in_one_percent_of_cases_at_most() -> None:
    """Exactly, over all outcomes of one window in which the candidate is twice as bad."""
    wrong = sum(probability for probability, each in windows("1", (12, 12), (0.5, 0.25)) if at_least(RATIO, seen(each)) > 2)
    assert wrong <= 0.01


def test_nothing_can_be_said_without_a_bad_request() -> None:
    """Of how many times worse."""
    assert at_least(RATIO, Evidence()) == at_least(RATIO, seen(one(0, 1000, 5, 3000))) == 0


def test_people_are_told_shares_and_the_bound() -> None:
    """In numbers that they know from their dashboards."""
    message = RATIO.message(seen(one(45, 10_000, 100, 50_000)))
    assert message == (
        "candidate 45 of 10,000 bad (0.45 %), stable 100 of 50,000 bad (0.2 %); at least 1.1 times worse (99% sure at any time)"
    )
    assert "worse" not in RATIO.message(seen(one(20, 10_000, 100, 50_000)))
    assert RATIO.message(Evidence()) == "candidate 0 of 0 bad, stable 0 of 0 bad"


def test_rounding_in_the_candidate_s_favour_is_taken_back_for_the_certificate() -> None:
    """Both verdicts are cautious: neither harm nor the certificate comes from a fraction."""
    exact = one(4, 1000, 12, 3000)
    rounded = Window(key="1", candidate=exact.candidate, stable=exact.stable, rounded=True)
    assert log_harm(RATIO, seen(rounded)) == log_harm(RATIO, seen(exact))
    assert log_clear(RATIO, seen(rounded)) == log_clear(RATIO, seen(one(5, 1000, 11, 3000)))


def test_the_first_window_only_teaches_when_good_requests_count_as_well() -> None:
    """Unless stable's history is given."""
    test = RatioTest(predict=True)
    window = one(30, 100, 10, 300)
    assert log_harm(test, fold(test, Evidence(), window)) == 0
    assert log_harm(test, fold(test, Evidence(history=Counts.of(bad=33, total=1000)), window)) > 5


def test_where_bad_requests_are_common_counting_the_good_ones_finds_more() -> None:
    """At 30 % against 40 %."""
    known = Evidence(history=Counts.of(bad=3000, total=10_000))
    predicting = RatioTest(predict=True)
    window = one(400, 1000, 900, 3000)
    assert log_harm(predicting, fold(predicting, known, window)) > 1.2 * log_harm(RATIO, fold(RATIO, known, window))


@given(st.integers(0, 12), st.integers(0, 30), st.sampled_from([0.0, 0.05, 0.2, 0.6]), st.floats(1, 2))
@example(1, 1, 0.0, 2 - 2**-52)  # The tolerance times what is expected is below 1, and the bad share rounds to 1.
def test_whatever_was_seen_before_a_window_is_worth_nothing_on_average(
    bad: int, others: int, share: float, tolerance: float
) -> None:
    """Exactly, over every outcome of a window: also when the history decides in which form is bet."""
    test = RatioTest(tolerance=tolerance, certificate=4, common=0.1)
    known = Evidence(history=Counts.of(bad=bad, total=bad + others))
    for ratio in (1.0, tolerance):
        shares = (min(1.0, share * ratio), share)
        if share * tolerance <= 1:
            for number in range(len(test.harm_stakes)):
                mean = sum(p * math.exp(test.harm(known, window)[number]) for p, window in windows("1", (3, 5), shares))
                assert mean <= 1 + 1e-9


def test_the_form_changes_where_bad_requests_are_common_before_the_window_and_nowhere_else() -> None:
    """The window itself decides nothing; the first one of all is bet on as if they were rare."""
    test, predicting, window = RatioTest(common=0.1), RatioTest(predict=True), one(40, 100, 90, 300)
    rare, common = (Evidence(history=Counts.of(bad=bad, total=1000)) for bad in (99, 100))
    assert test.harm(Evidence(), window) == RATIO.harm(Evidence(), window)
    assert test.harm(rare, window) == RATIO.harm(rare, window)
    assert test.harm(common, window) == predicting.harm(common, window) != RATIO.harm(common, window)


def test_one_in_a_hundred_good_releases_fails_at_most_in_a_long_simulation() -> None:
    """400 releases of 100 windows, equal sides, an incident on both, seeded: at 1 %, more than 10 failures would be news."""
    rng, failed = random.Random(6), 0
    for _ in range(400):
        evidence = Evidence()
        for number in range(100):
            share = 0.1 if 40 <= number < 50 else 0.01
            bad = [sum(rng.random() < share for _ in range(total)) for total in (10, 30)]
            evidence = fold(RATIO, evidence, one(bad[0], 10, bad[1], 30, key=f"{number:03}"))
        failed += bool(evidence.failed_at)
    assert failed <= 10


@pytest.mark.parametrize("wrong", [{"tolerance": 0.9}, {"tolerance": 2.0}, {"certificate": 1.0}, {"certificate": math.inf}])
def test_a_test_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    """The certificate excludes more than is tolerated."""
    with pytest.raises(ValueError, match="tolerance"):
        RatioTest(**wrong)  # type: ignore[arg-type]


def test_stakes_are_whole() -> None:
    """They sum to 1, or the guarantee would be another."""
    assert math.isclose(sum(HARM.values()), 1)
    assert math.isclose(sum(CLEAR.values()), 1)
    assert RatioTest(guarantee=Guarantee(clump=4)).harm_stakes == tuple(HARM.values())
