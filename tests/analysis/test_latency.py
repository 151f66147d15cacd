"""The whole shape of a latency: every edge, half of the stake on the objective's."""

import math
import random
from collections.abc import Sequence

import pytest

from strategies.analysis.counts import Counts, Window
from strategies.analysis.evidence import Evidence, fold, log_harm, verdict
from strategies.analysis.latency import MOST_EDGES, LatencyTest
from strategies.analysis.ratio import RatioTest
from strategies.analysis.verdict import Unknown, Verdict

EDGES = (0.05, 0.1, 0.3, 1.0)
SHAPE = LatencyTest(edges=EDGES, objective=0.3)
STABLE = (3000, 1500, 450, 49, 1)


def window(key: str, candidate: tuple[int, ...], edges: tuple[float, ...] = EDGES) -> Window:
    """Give a window in which stable is as always."""
    return Window(key=key, candidate=Counts(classes=candidate), stable=Counts(classes=STABLE), edges=edges)


def seen(*candidates: tuple[int, ...]) -> Evidence:
    """Fold a window that teaches, then these."""
    evidence = fold(SHAPE, Evidence(), window("0", (600, 300, 90, 10, 0)))
    for number, each in enumerate(candidates, 1):
        evidence = fold(SHAPE, evidence, window(str(number), each))
    return evidence


@pytest.mark.parametrize(
    "candidate",
    [(600, 300, 60, 40, 0), (450, 400, 138, 12, 0), (600, 300, 90, 0, 10)],
    ids=["above the objective", "slower far below it", "a few calls hang, and no more are above the objective"],
)
def test_a_slower_candidate_is_found_wherever_it_is_slower(candidate: tuple[int, ...]) -> None:
    """The objective's edge alone would see the first only."""
    assert verdict(SHAPE, seen(*[candidate] * 4)) is Verdict.FAIL


def test_an_equal_candidate_passes_on_the_objective_s_edge() -> None:
    """With the certificate of the ratio gate."""
    assert verdict(SHAPE, seen(*[(600, 300, 90, 10, 0)] * 12)) is Verdict.PASS


def drawn(rng: random.Random, total: int, shares: Sequence[float]) -> Counts:
    """Draw so many requests at random, with these shares of the classes."""
    found = rng.choices(range(len(shares)), weights=shares, k=total)
    return Counts(classes=tuple(found.count(number) for number in range(len(shares))))


USUAL, SLOW = (0.6, 0.3, 0.09, 0.0098, 0.0002), (0.1, 0.1, 0.2, 0.5, 0.1)


def failed_after(rng: random.Random, candidate: Sequence[float], incident: range = range(0)) -> int | None:
    """Give the window, of 60 of 10 and 40 requests, in which this candidate fails; all is slow on both sides in an incident."""
    evidence = Evidence()
    for number in range(60):
        mine, others = (SLOW, SLOW) if number in incident else (candidate, USUAL)
        sides = drawn(rng, 10, mine), drawn(rng, 40, others)
        evidence = fold(SHAPE, evidence, Window(key=f"{number:03}", candidate=sides[0], stable=sides[1], edges=EDGES))
        if evidence.failed_at:
            return number
    return None


def test_one_in_a_hundred_equal_candidates_fails_at_most_in_a_long_simulation() -> None:
    """300 releases of 60 windows, an incident on both sides, seeded: at 1 %, more than 8 failures would be news."""
    rng = random.Random(9)
    assert sum(failed_after(rng, USUAL, range(20, 30)) is not None for _ in range(300)) <= 8


@pytest.mark.parametrize(
    ("candidate", "median"),
    [((0.6, 0.3, 0.03, 0.06, 0.01), 15), ((0.3, 0.4, 0.29, 0.0098, 0.0002), 8), ((0.58, 0.29, 0.08, 0.0098, 0.0402), 18)],
    ids=["above the objective", "slower far below it", "some calls hang"],
)
def test_slower_candidates_are_found_in_a_simulation(candidate: tuple[float, ...], median: int) -> None:
    """All of 20 releases, half of them within so many windows of 10 requests."""
    rng = random.Random(10)
    found = [failed_after(rng, candidate) for _ in range(20)]
    assert all(each is not None for each in found)
    assert sorted(each for each in found if each is not None)[10] <= median


def test_a_forecast_is_of_the_objective_s_edge_with_its_half_of_the_stake() -> None:
    """Its evidence is that of the whole shape's first bets; the other edges can only find harm sooner."""
    evidence = seen((600, 300, 60, 40, 0), (600, 300, 60, 40, 0))
    alone = SHAPE.of_objective(evidence)
    assert (alone.candidate, alone.stable) == (Counts(classes=(2910, 90)), Counts(classes=(14850, 150)))
    assert alone.harm == evidence.harm[:7]
    lacking = SHAPE.ratio.guarantee.fails_at - log_harm(SHAPE.ratio, alone)
    assert lacking == pytest.approx(math.log(200) - log_harm(SHAPE.ratio, alone))
    assert log_harm(SHAPE, evidence) >= log_harm(SHAPE.ratio, alone) - math.log(2)


def test_with_one_edge_it_is_the_ratio_test() -> None:
    """To the same bit."""
    one, ratio = LatencyTest(edges=(0.3,), objective=0.3), RatioTest(predict=True)
    left, right = Evidence(), Evidence()
    for key, bad in (("1", 10), ("2", 14), ("3", 22)):
        sides = {"candidate": Counts.of(bad=bad, total=1000), "stable": Counts.of(bad=50, total=5000)}
        left = fold(one, left, Window(key=key, edges=(0.3,), **sides))
        right = fold(ratio, right, Window(key=key, **sides))
    assert (log_harm(one, left), left.clear) == (log_harm(ratio, right), right.clear)


def test_other_edges_than_before_are_no_bet() -> None:
    """A changed histogram is Unknown, with a reason."""
    other = window("9", (1, 1, 1, 1, 1), edges=(0.05, 0.1, 0.3, 2.0))
    evidence = seen()
    assert fold(SHAPE, evidence, other) is evidence
    doubt = SHAPE.doubt(other)
    assert isinstance(doubt, Unknown) and doubt.reason == "LabelsChanged"


def test_people_are_told_where_it_is_slower() -> None:
    """The objective's shares first."""
    assert SHAPE.message(Evidence()) == "nothing was counted yet"
    text = SHAPE.message(seen((600, 300, 90, 0, 10), (600, 300, 90, 0, 10)))
    assert text.startswith("above 0.3: candidate 30 of 3,000 bad (1 %), stable 150 of 15,000 bad (1 %)")
    assert "clearest above 1:" in text


def test_stakes_are_whole_with_any_number_of_edges() -> None:
    """They sum to 1."""
    for count in range(1, MOST_EDGES + 1):
        edges = tuple(float(edge) for edge in range(1, count + 1))
        assert math.isclose(sum(LatencyTest(edges=edges, objective=1.0).harm_stakes), 1)


@pytest.mark.parametrize("edges", [(), (0.3, 0.1), (0.3, 0.3), tuple(float(n) for n in range(MOST_EDGES + 1))])
def test_edges_that_cannot_be_are_refused(edges: tuple[float, ...]) -> None:
    """They rise, and there are not too many to be kept."""
    with pytest.raises(ValueError, match="edges are needed"):
        LatencyTest(edges=edges, objective=0.3)


def test_an_objective_that_is_no_edge_is_refused_with_the_edges_there_are() -> None:
    """No interpolation."""
    with pytest.raises(ValueError, match=r"0\.25 is none of the edges 0\.05, 0\.1, 0\.3, 1"):
        LatencyTest(edges=EDGES, objective=0.25)
