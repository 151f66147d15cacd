"""What a gate can see, and when."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.analysis import feasibility
from strategies.analysis.counts import Counts, Window
from strategies.analysis.evidence import Evidence, Guarantee, fold, verdict
from strategies.analysis.feasibility import Stretch, Traffic
from strategies.analysis.latency import LatencyTest
from strategies.analysis.limit import LimitTest
from strategies.analysis.ratio import RatioTest
from strategies.analysis.verdict import Verdict

RATIO = RatioTest()
SHOP = Traffic(rate=100, bad=0.005)
FIVE, TWENTY = Stretch(share=0.05, seconds=600), Stretch(share=0.2, seconds=600)


@pytest.mark.parametrize(
    ("bad", "share", "ratio", "requests"),
    [(0.001, 0.05, 1.5, 901_931), (0.001, 0.2, 2, 78_649), (0.005, 0.05, 3, 15_241), (0.02, 0.2, 5, 398), (0.02, 0.2, 20, 45)],
)
def test_the_least_number_of_requests(bad: float, share: float, ratio: float, requests: int) -> None:
    """At alpha = 1 %, as computed elsewhere."""
    found = feasibility.least_requests(feasibility.information(bad * ratio, bad, share), 0.01)
    assert math.isclose(found, requests, rel_tol=0.02)


@given(st.floats(0.0001, 0.5), st.floats(0.01, 0.99), st.floats(1.1, 1.9))
def test_no_gate_is_forecast_to_beat_the_bound(bad: float, share: float, ratio: float) -> None:
    """What our test needs is never less than what every test needs."""
    traffic = Traffic(rate=10, bad=bad)
    found = feasibility.seconds_to_fail(RATIO, traffic, [Stretch(share=share)], ratio) * 10
    assert found >= feasibility.least_requests(feasibility.information(bad * ratio, bad, share), 0.01)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.25, 0.5])
def test_no_ratio_is_forgotten_between_two_stakes(share: float) -> None:
    """Whatever it is, from 1.12 to 20, the forecast is at most one and a half times the bound."""
    bad, traffic = 0.001, Traffic(rate=10, bad=0.001)
    for number in range(74):
        ratio = 1.12 * 1.04**number
        least = feasibility.least_requests(feasibility.information(bad * ratio, bad, share), 0.01)
        assert feasibility.seconds_to_fail(RATIO, traffic, [Stretch(share=share)], ratio) * 10 <= 1.5 * least, ratio


@given(st.floats(0.001, 0.4), st.floats(0, 1))
def test_information_on_a_limit_is_at_least_that_of_a_comparison(limit: float, bad: float) -> None:
    """Knowing what is right is worth something."""
    assert feasibility.information_on_limit(bad, limit) >= feasibility.information(bad, limit, 0.5) - 1e-12


def test_nothing_is_seen_where_there_is_no_difference() -> None:
    """And said so."""
    assert feasibility.least_requests(0.0, 0.01) == math.inf
    assert feasibility.seconds_to_fail(RATIO, SHOP, [Stretch(share=0.2)], 1.0) == math.inf


def test_missing_a_few_needs_fewer() -> None:
    """With beta = 10 %."""
    assert feasibility.least_requests(1e-4, 0.01, 0.1) < feasibility.least_requests(1e-4, 0.01)


@pytest.mark.parametrize("test", [RATIO, RatioTest(predict=True), RatioTest(tolerance=1.25), LimitTest(limit=0.005)])
def test_a_forecast_is_when_the_gate_fails_if_all_comes_as_expected(test: RatioTest | LimitTest) -> None:
    """Fold expected windows of a second until it fails."""
    forecast = feasibility.seconds_to_fail(test, SHOP, [Stretch(share=0.2)], 3.0)
    evidence, second = Evidence(history=Counts.of(bad=5000, total=1_000_000)), 0
    while verdict(test, evidence) is not Verdict.FAIL:
        second += 1
        sides = Counts.of(bad=0.3, total=20), Counts.of(bad=0.4, total=80)
        evidence = fold(test, evidence, Window(key=f"{second:06}", candidate=sides[0], stable=sides[1]))
    assert forecast * 0.97 <= second <= forecast + 2


def test_what_has_been_seen_counts() -> None:
    """What is left is what the whole needs, less what was."""
    whole = feasibility.seconds_to_fail(RATIO, SHOP, [Stretch(share=0.2)])
    half = Window(
        key="1",
        candidate=Counts.of(bad=whole / 2 * 0.2, total=whole / 2 * 20),
        stable=Counts.of(bad=whole / 2 * 0.4, total=whole / 2 * 80),
    )
    left = feasibility.seconds_to_fail(RATIO, SHOP, [Stretch(share=0.2)], evidence=fold(RATIO, Evidence(), half))
    assert math.isclose(left, whole / 2, rel_tol=1e-4)
    assert feasibility.seconds_to_fail(RATIO, SHOP, [FIVE], evidence=Evidence(failed_at="1")) == 0


def test_steps_add_up() -> None:
    """What 5 % could not show in its time is shown at 20 %, sooner than from nothing."""
    assert feasibility.seconds_to_fail(RATIO, SHOP, [FIVE]) == math.inf
    together = feasibility.seconds_to_fail(RATIO, SHOP, [FIVE, TWENTY])
    assert 600 < together < 600 + feasibility.seconds_to_fail(RATIO, SHOP, [TWENTY])
    assert feasibility.seconds_to_fail(RATIO, SHOP, [FIVE, FIVE]) < math.inf


def test_a_good_release_s_certificate_is_forecast_too() -> None:
    """Sooner the more it may exclude; never for one that is as bad as it excludes."""
    plan = [Stretch(share=0.1)]
    times = [feasibility.seconds_to_pass(RatioTest(certificate=each), SHOP, plan) for each in (1.5, 2, 3)]
    assert sorted(times, reverse=True) == times
    assert math.isclose(times[1], 255, rel_tol=0.3)
    assert feasibility.seconds_to_pass(RATIO, SHOP, plan, 2.0) == math.inf


def test_the_smallest_ratio_and_share_are_on_the_edge_of_what_is_seen() -> None:
    """A bit less is not seen."""
    ratio = feasibility.smallest_ratio(RATIO, SHOP, [FIVE])
    assert feasibility.seconds_to_fail(RATIO, SHOP, [FIVE], ratio) < math.inf
    assert feasibility.seconds_to_fail(RATIO, SHOP, [FIVE], ratio * 0.99) == math.inf
    share = feasibility.smallest_share(RATIO, SHOP, 600)
    assert feasibility.seconds_to_fail(RATIO, SHOP, [Stretch(share=share, seconds=600)]) < math.inf
    assert feasibility.seconds_to_fail(RATIO, SHOP, [Stretch(share=share * 0.99, seconds=600)]) == math.inf


def test_too_little_traffic_sees_nothing_at_all() -> None:
    """Infinite, in both."""
    quiet = Traffic(rate=0.01, bad=0.001)
    assert feasibility.smallest_ratio(RATIO, quiet, [Stretch(share=0.05, seconds=60)]) == math.inf
    assert feasibility.smallest_share(RATIO, quiet, 60) == math.inf


def test_a_latency_s_forecast_is_that_of_its_objective() -> None:
    """Given by its `ratio`."""
    shape = LatencyTest(edges=(0.1, 0.3), objective=0.3, guarantee=Guarantee(gates=2))
    forecast = feasibility.seconds_to_fail(shape.ratio, SHOP, [TWENTY], 3.0)
    assert feasibility.seconds_to_fail(RatioTest(predict=True), SHOP, [TWENTY], 3.0) < forecast < 600


def test_starting_anew_costs_at_first() -> None:
    """Equal parts of the stake."""
    anew = RatioTest(guarantee=Guarantee(starts=4))
    assert feasibility.seconds_to_fail(anew, SHOP, [TWENTY]) > feasibility.seconds_to_fail(RATIO, SHOP, [TWENTY])


def test_traffic_is_read_from_what_stable_served() -> None:
    """No bad share is taken for 0."""
    assert Traffic.seen(Counts.of(bad=30, total=6000), 60) == SHOP
    assert Traffic.seen(Counts.of(bad=0, total=6000), 60) == Traffic(rate=100, bad=0.5 / 6000)
