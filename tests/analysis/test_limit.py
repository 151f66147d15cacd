"""The share of bad requests against a fixed limit."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.analysis.counts import Counts, Window
from strategies.analysis.evidence import Evidence, fold, log_clear, log_harm, verdict
from strategies.analysis.limit import LimitTest, share_at_least
from strategies.analysis.verdict import Verdict
from tests.analysis.outcomes import binomial

LIMIT = LimitTest(limit=0.01)


def seen(bad: float, total: float, *, rounded: bool = False) -> Evidence:
    """Fold one window."""
    return fold(LIMIT, Evidence(), Window(key="1", candidate=Counts.of(bad=bad, total=total), rounded=rounded))


def test_above_the_limit_fails_below_passes_near_it_waits() -> None:
    """Without a stable side."""
    assert [verdict(LIMIT, seen(bad, 1000)) for bad in (30, 10, 0)] == [Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS]


@given(st.integers(0, 100), st.integers(1, 5))
def test_more_bad_requests_are_more_evidence(bad: int, more: int) -> None:
    """Of harm, and less for the certificate."""
    assert log_harm(LIMIT, seen(bad + more, 1000)) >= log_harm(LIMIT, seen(bad, 1000))
    assert log_clear(LIMIT, seen(bad + more, 1000)) <= log_clear(LIMIT, seen(bad, 1000))


@given(st.integers(0, 200))
def test_the_bound_for_people_and_the_verdict_agree(bad: int) -> None:
    """At least the limit, exactly when the gate fails."""
    evidence = seen(bad, 5000)
    if abs(log_harm(LIMIT, evidence) - LIMIT.guarantee.fails_at) > 1e-4:
        assert (share_at_least(LIMIT, evidence) >= 0.01) == (verdict(LIMIT, evidence) is Verdict.FAIL)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.6])
def test_the_bound_is_wrong_in_one_percent_of_cases_at_most(share: float) -> None:
    """Exactly, over all outcomes."""
    wrong = math.fsum(binomial(bad, 60, share) for bad in range(61) if share_at_least(LIMIT, seen(bad, 60)) > share)
    assert wrong <= 0.01


def test_rounding_in_the_candidate_s_favour_is_taken_back_for_the_certificate() -> None:
    """As in the ratio gate."""
    assert log_clear(LIMIT, seen(4, 1000, rounded=True)) == log_clear(LIMIT, seen(5, 1000))
    assert log_harm(LIMIT, seen(4, 1000, rounded=True)) == log_harm(LIMIT, seen(4, 1000))


def test_people_are_told_the_share_the_limit_and_the_bound() -> None:
    """The bound only where it says more than the limit."""
    assert LIMIT.message(seen(10, 1000)) == "10 of 1,000 bad (1 %), the limit is 1 %"
    assert LIMIT.message(seen(60, 1000)) == "60 of 1,000 bad (6 %), the limit is 1 %; at least 3.66 % (99% sure at any time)"


@pytest.mark.parametrize("limit", [0, 1, -0.1, math.nan])
def test_a_limit_that_is_no_share_is_refused(limit: float) -> None:
    """0 and 1 are none either: nothing could be bet."""
    with pytest.raises(ValueError, match="share"):
        LimitTest(limit=limit)
