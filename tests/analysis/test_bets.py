"""The bets are valid: their means are computed over every outcome, not simulated."""

import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.analysis import bets
from strategies.analysis.counts import Counts
from tests.analysis.outcomes import binomial, windows

SMALL = st.integers(1, 6)
SHARE = st.floats(0, 1)
WORSE = st.floats(1, 50)
ROUNDING = 1 + 1e-9


def mean(totals: tuple[int, int], shares: tuple[float, float], tolerance: float, bad: float, good: float) -> float:
    """The exact mean of the factor."""
    outcomes = windows("1", totals, shares)
    return math.fsum(
        probability * math.exp(bets.compared(window.candidate, window.stable or Counts(), tolerance, bad, good))
        for probability, window in outcomes
    )


@given(SMALL, SMALL, SHARE, st.floats(0.05, 5), st.floats(0.01, 50), st.floats(0.01, 50))
def test_the_comparison_has_mean_one_at_most_at_every_share(
    mine: int, others: int, share: float, tolerance: float, bad: float, good: float
) -> None:
    """Whatever the tolerance, the common share and the stakes: the proof in bets.py, computed."""
    stable = share / max(tolerance, 1)
    assert mean((mine, others), (min(stable * tolerance, 1), stable), tolerance, bad, good) <= ROUNDING


@given(SMALL, SMALL, SHARE, SHARE, st.floats(1, 5), st.tuples(WORSE, st.floats(0.01, 1)))
def test_a_candidate_that_is_better_than_tolerated_only_lowers_the_mean(
    mine: int, others: int, share: float, part: float, tolerance: float, stakes: tuple[float, float]
) -> None:
    """One-sided: bets on worse."""
    stable = share / tolerance
    assert mean((mine, others), (part * stable * tolerance, stable), tolerance, *stakes) <= ROUNDING


@given(SMALL, SMALL, SHARE, SHARE, st.floats(1, 5), st.floats(0.01, 1))
def test_a_candidate_that_is_worse_than_excluded_only_lowers_the_certificate_s_mean(
    mine: int, others: int, share: float, part: float, excluded: float, bad: float
) -> None:
    """One-sided: bets on better."""
    stable = share / excluded
    candidate = stable * excluded + part * (1 - stable * excluded)
    assert mean((mine, others), (candidate, stable), excluded, bad, 1.0) <= ROUNDING


@pytest.mark.parametrize("totals", [(1, 1), (2, 7), (5, 5), (7, 3), (3, 12)])
@pytest.mark.parametrize("ratio", [1.25, 2.2, 20, 0.3])
def test_the_conditional_form_is_valid_whichever_requests_went_bad(totals: tuple[int, int], ratio: float) -> None:
    """Given how many were bad in all, the candidate's are hypergeometric: mean at most 1 for each number of them (Hoeffding)."""
    mine, others = totals
    for both in range(mine + others + 1):
        ways = math.comb(mine + others, both)
        total = 0.0
        for bad in range(max(0, both - others), min(mine, both) + 1):
            probability = math.comb(mine, bad) * math.comb(others, both - bad) / ways
            sides = Counts.of(bad=bad, total=mine), Counts.of(bad=both - bad, total=others)
            total += probability * math.exp(bets.compared(*sides, 1.0, ratio))
        assert total <= ROUNDING


@given(st.integers(0, 500), st.integers(0, 500), st.floats(1, 4), WORSE)
def test_without_a_prediction_only_bad_requests_count(bad: int, others: int, tolerance: float, ratio: float) -> None:
    """The formula of the conditional binomial mixture, written independently."""
    share = 1000 * tolerance / (1000 * tolerance + 4000)
    expected = bad * math.log(ratio) - (bad + others) * math.log1p(share * (ratio - 1))
    found = bets.compared(Counts.of(bad=bad, total=1000), Counts.of(bad=others, total=4000), tolerance, ratio)
    assert math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)


@given(st.floats(0.001, 0.9), st.floats(1.05, 20), st.floats(0.01, 0.99), st.integers(0, 50), st.integers(0, 80))
def test_with_a_prediction_it_is_the_growth_rate_optimal_block_variable(
    expected: float, odds: float, share: float, bad: int, others: int
) -> None:
    """For tolerance 1: the four likelihood ratios of Turner, Ly and Gruenwald, written independently."""
    mine, rest = round(1000 * share), 1000 - round(1000 * share)
    if not (bad <= mine and others <= rest and mine and rest):
        return
    share = mine / 1000
    worse = odds * expected / (1 - expected + odds * expected)
    alike = share * worse + (1 - share) * expected
    wanted = (
        bad * math.log(worse / alike)
        + (mine - bad) * math.log((1 - worse) / (1 - alike))
        + others * math.log(expected / alike)
        + (rest - others) * math.log((1 - expected) / (1 - alike))
    )
    tilt = bets.predicted(odds, share, 1.0, expected)
    found = bets.compared(Counts.of(bad=bad, total=mine), Counts.of(bad=others, total=rest), 1.0, *tilt)
    assert math.isclose(found, wanted, rel_tol=1e-6, abs_tol=1e-6)


@given(st.floats(0.001, 0.999), st.floats(1.01, 50), st.floats(0.01, 0.99), st.floats(1, 5))
def test_a_prediction_bets_on_worse_and_never_on_better(expected: float, odds: float, share: float, tolerance: float) -> None:
    """What the one-sided proof needs of it."""
    bad, good = bets.predicted(odds, share, tolerance, expected)
    assert 0 < good <= 1 < bad


@pytest.mark.parametrize("clump", [2, 3])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("stakes", [(2.2, 1.0), (8.0, 0.6), (0.5, 1.0)])
def test_clumps_of_requests_that_go_wrong_together_keep_the_mean_when_divided_by(
    clump: int, share: float, stakes: tuple[float, float]
) -> None:
    """Three groups on the candidate, four on stable; each is wholly good or wholly bad. Undivided, the same bet is not valid."""
    divided = plain = 0.0
    for mine, others in product(range(4), range(5)):
        probability = binomial(mine, 3, share) * binomial(others, 4, share)
        sides = Counts.of(bad=mine * clump, total=3 * clump), Counts.of(bad=others * clump, total=4 * clump)
        bet = bets.compared(*sides, 1.0, *stakes)
        divided += probability * math.exp(bet / clump)
        plain += probability * math.exp(bet)
    assert divided <= ROUNDING
    assert plain > 1.01 or share > 0.1  # where bad ones are common, few groups do not show it


@given(SMALL, st.floats(0.01, 0.99), st.floats(0, 1), WORSE)
def test_a_bet_against_a_limit_has_mean_one_at_it_and_less_below(total: int, limit: float, part: float, odds: float) -> None:
    """Exactly, over all outcomes."""

    def over(share: float) -> float:
        return math.fsum(
            binomial(bad, total, share) * math.exp(bets.against_limit(Counts.of(bad=bad, total=total), limit, odds))
            for bad in range(total + 1)
        )

    assert math.isclose(over(limit), 1, rel_tol=1e-9)
    assert over(limit * part) <= ROUNDING


def test_a_mixture_does_not_overflow_where_its_parts_would() -> None:
    """Logarithms of any size."""
    assert bets.mixed([0.5, 0.5], [5000.0, -5000.0]) == 5000 + math.log(0.5)
