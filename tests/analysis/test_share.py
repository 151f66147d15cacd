"""The share of the traffic: a wrong one is seen, a right one nearly never blamed, and a repaired one forgotten."""

import json
import math

import pytest

from strategies.analysis.counts import Counts, Window
from strategies.analysis.share import ShareEvidence, ShareTest, fold, mismatch
from tests.analysis.outcomes import binomial

TEST = ShareTest()


def window(number: int, candidate: int, stable: int) -> Window:
    """Give the window with this number."""
    return Window(key=f"{number:03}", candidate=Counts.of(bad=0, total=candidate), stable=Counts.of(bad=0, total=stable))


def seen(found: list[tuple[int, int]], expected: float, evidence: ShareEvidence | None = None, first: int = 0) -> ShareEvidence:
    """Fold windows of (candidate's, stable's) requests."""
    evidence = evidence or ShareEvidence()
    for number, (candidate, stable) in enumerate(found, first):
        evidence = fold(TEST, evidence, window(number, candidate, stable), expected)
    return evidence


@pytest.mark.parametrize(
    ("found", "expected"),
    [((500, 500), 0.05), ((0, 300), 0.05), ((300, 0), 0.05), ((0, 60), 0.5), ((9, 991), 0.05)],
    ids=["everything split equally", "nothing arrives", "everything arrives", "little traffic", "a fifth of what should"],
)
def test_a_wrong_share_is_told_with_both_numbers(found: tuple[int, int], expected: float) -> None:
    """Within a few windows."""
    problem = mismatch(TEST, seen([found] * 3, expected), expected)
    assert problem is not None and problem.reason == "WrongShare"
    assert f"gets {found[0] / sum(found) * 100:.3g} % of the requests instead of {expected * 100:.3g} %" in problem.message


@pytest.mark.parametrize("found", [(50, 950), (60, 940), (42, 958), (5, 95), (0, 10)])
def test_a_share_within_the_tolerance_is_right_however_long(found: tuple[int, int]) -> None:
    """Gateways round, and connections live long."""
    assert mismatch(TEST, seen([found] * 200, 0.05), 0.05) is None


def test_a_look_at_a_right_share_is_wrong_as_seldom_as_promised() -> None:
    """Exactly: the mean of the evidence's worth after three windows of four requests, at the end of what is tolerated."""
    share = 1.5 / 2.5  # odds of 1.5 when a half is expected
    ways = [(1.0, ShareEvidence())]
    for number in range(3):
        ways = [
            (before * binomial(arrived, 4, share), fold(TEST, evidence, window(number, arrived, 4 - arrived), 0.5))
            for before, evidence in ways
            for arrived in range(5)
        ]
    mean = math.fsum(probability * sum(map(math.exp, evidence.logs)) / 6 for probability, evidence in ways)
    assert 0.1 < mean <= 1 + 1e-9


def test_a_repaired_share_is_forgotten() -> None:
    """The gate goes on by itself."""
    broken = seen([(500, 500)] * 20, 0.05)
    assert mismatch(TEST, broken, 0.05) is not None
    assert mismatch(TEST, seen([(50, 950)] * 30, 0.05, broken, first=20), 0.05) is None


def test_each_window_brings_its_own_expected_share() -> None:
    """Steps follow each other without starting anew."""
    evidence = seen([(50, 950)] * 10, 0.05)
    assert mismatch(TEST, seen([(250, 750)] * 10, 0.25, evidence, first=10), 0.25) is None


@pytest.mark.parametrize("expected", [0.0, 1.0])
def test_where_everything_is_meant_for_one_side_there_is_nothing_to_compare(expected: float) -> None:
    """After promotion, say."""
    assert seen([(500, 500)], expected) == ShareEvidence()


@pytest.mark.parametrize("totals", [(math.nan, 5), (math.inf, 5), (-1, 5), (0, 0)])
def test_what_is_no_number_of_requests_changes_nothing(totals: tuple[float, float]) -> None:
    """Nor do windows without any."""
    sides = [Counts.of(bad=0, total=total) for total in totals]
    assert fold(TEST, ShareEvidence(), Window(key="1", candidate=sides[0], stable=sides[1]), 0.5) == ShareEvidence()


def test_a_window_enters_once_and_a_checkpoint_loses_nothing() -> None:
    """As for every evidence."""
    evidence = seen([(50, 950), (70, 930)], 0.05)
    assert fold(TEST, evidence, window(1, 500, 500), 0.05) is evidence
    assert ShareEvidence.from_json(json.loads(json.dumps(evidence.to_json()))) == evidence


@pytest.mark.parametrize(
    "data",
    [None, {}, {"key": "", "logs": [1.0], "candidate": 0, "both": 0}, {"key": "", "logs": None, "candidate": 0, "both": 0}],
)
def test_evidence_that_is_none_is_refused(data: object) -> None:
    """It is never taken for "nothing seen yet"."""
    with pytest.raises(ValueError, match="evidence on the share"):
        ShareEvidence.from_json(data)


@pytest.mark.parametrize("wrong", [{"alpha": 0}, {"tolerance": 0.5}, {"clump": 0}])
def test_a_test_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    """At once."""
    with pytest.raises(ValueError, match="alpha"):
        ShareTest(**wrong)  # type: ignore[arg-type]
