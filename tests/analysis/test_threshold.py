"""The threshold gate, told as sequences of answers."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.analysis.threshold import GateEvidence, ThresholdConfig, fold
from strategies.analysis.verdict import Sample, Unknown, Verdict, window_key

START = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = ThresholdConfig(min=0.1, max=0.3, failures=2, interval=10)
Answer = Sample | Unknown


def sample(value: float, second: int) -> Sample:
    """Give the sample of this second of the step."""
    at = START + timedelta(seconds=second)
    return Sample(value=value, at=at, key=window_key(at))


def unknown() -> Unknown:
    """Give an answer without a number."""
    return Unknown(reason="NoSeries", message="no series match the query")


def folded(answers: list[Answer], config: ThresholdConfig = LIMITS) -> GateEvidence:
    """Fold the answers, each a second after the one before."""
    evidence = GateEvidence(name="p99")
    for number, answer in enumerate(answers):
        evidence, verdict = fold(config, evidence, answer, since=START, now=START + timedelta(hours=1, seconds=number))
        assert verdict == evidence.verdict
    return evidence


CASES: dict[str, tuple[list[Answer], Verdict, str]] = {
    "nothing was answered yet": ([], Verdict.INCONCLUSIVE, "no answer yet; waits"),
    "a good sample passes": ([sample(0.2, 10)], Verdict.PASS, "0.2 is within min 0.1 and max 0.3"),
    "the limits themselves are good": (
        [sample(0.1, 10), sample(0.3, 20)],
        Verdict.PASS,
        "0.3 is within min 0.1 and max 0.3",
    ),
    "one bad sample is not enough": (
        [sample(0.412, 10)],
        Verdict.INCONCLUSIVE,
        "0.412 is above max 0.3 (1 of 2 in a row)",
    ),
    "two bad ones in a row fail": (
        [sample(0.412, 10), sample(0.412, 20)],
        Verdict.FAIL,
        "0.412 is above max 0.3 (2 of 2 in a row)",
    ),
    "below the minimum is bad too": (
        [sample(0, 10), sample(0, 20)],
        Verdict.FAIL,
        "0 is below min 0.1 (2 of 2 in a row)",
    ),
    "bad ones on either side count together": (
        [sample(0, 10), sample(1, 20)],
        Verdict.FAIL,
        "1 is above max 0.3 (2 of 2 in a row)",
    ),
    "one good sample starts the count anew": (
        [sample(1, 10), sample(0.2, 20), sample(1, 30)],
        Verdict.INCONCLUSIVE,
        "1 is above max 0.3 (1 of 2 in a row)",
    ),
    "an unknown between two bad ones does not excuse them": (
        [sample(1, 10), unknown(), sample(1, 30)],
        Verdict.FAIL,
        "1 is above max 0.3 (2 of 2 in a row)",
    ),
    "an unknown after a good sample takes the pass away": (
        [sample(0.2, 10), unknown()],
        Verdict.INCONCLUSIVE,
        "no series match the query; waits",
    ),
    "any number of unknowns never fails": ([unknown()] * 50, Verdict.INCONCLUSIVE, "no series match the query; waits"),
    "a window that comes twice counts once": (
        [sample(1, 10), sample(1, 10)],
        Verdict.INCONCLUSIVE,
        "1 is above max 0.3 (1 of 2 in a row)",
    ),
    "a window that comes late is ignored": (
        [sample(0.2, 20), sample(1, 10)],
        Verdict.PASS,
        "0.2 is within min 0.1 and max 0.3",
    ),
    "a good sample from before the step is no pass": (
        [sample(0.2, -10)],
        Verdict.INCONCLUSIVE,
        "0.2 is within min 0.1 and max 0.3, but is from before this step; waits for a newer one",
    ),
    "a good sample of the step's very start is no pass": (
        [sample(0.2, 0)],
        Verdict.INCONCLUSIVE,
        "0.2 is within min 0.1 and max 0.3, but is from before this step; waits for a newer one",
    ),
    "NaN is unknown, not good and not bad": (
        [sample(1, 10), sample(math.nan, 20)],
        Verdict.INCONCLUSIVE,
        "the answer is nan, which is no number to compare; waits",
    ),
    "infinity is unknown, although it is above every limit": (
        [sample(1, 10), sample(math.inf, 20)],
        Verdict.INCONCLUSIVE,
        "the answer is inf, which is no number to compare; waits",
    ),
}


@pytest.mark.parametrize(("answers", "verdict", "message"), CASES.values(), ids=CASES)
def test_threshold(answers: list[Answer], verdict: Verdict, message: str) -> None:
    """The sentence of each case holds."""
    evidence = folded(answers)
    assert (evidence.verdict, evidence.message) == (verdict, message)


def test_the_time_without_an_answer_is_counted_from_the_first_unknown_to_the_next_sample() -> None:
    """`inconclusive_since` is set once, kept by further unknowns, and ended by a sample."""
    answers: list[Answer] = [sample(0.2, 10), unknown(), unknown()]
    assert folded(answers).inconclusive_since == START + timedelta(hours=1, seconds=1)
    assert folded([*answers, sample(1, 20)]).inconclusive_since is None


@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"min": 2.0, "max": 1.0},
        {"max": math.nan},
        {"max": math.inf},
        {"max": 1.0, "failures": 0},
        {"max": 1.0, "interval": 0.5},
    ],
)
def test_a_threshold_that_makes_no_sense_is_refused(limits: dict[str, float]) -> None:
    """No limit, limits that exclude everything, limits that are no numbers, and empty counts are errors."""
    with pytest.raises(ValueError, match=r"threshold needs|is above max|at least 1"):
        ThresholdConfig(**limits)  # type: ignore[arg-type]


VALUES = st.sampled_from([0.0, 0.2, 0.5, math.nan, -math.inf])
ANSWERS = st.lists(st.builds(sample, VALUES, st.integers(-3, 30)) | st.builds(unknown), max_size=30)


@given(ANSWERS)
def test_answers_told_again_change_nothing_but_the_unknown(answers: list[Answer]) -> None:
    """Replaying all samples after a crash gives the same evidence: each window entered once."""
    samples = [answer for answer in answers if isinstance(answer, Sample) and math.isfinite(answer.value)]
    once = folded(samples)  # type: ignore[arg-type]
    assert folded([*samples, *samples]) == once


@given(ANSWERS, st.integers(0, 30))
def test_stopping_and_going_on_gives_the_same(answers: list[Answer], cut: int) -> None:
    """The evidence is all that is remembered: a fold that goes on from it ends as one without a break."""
    whole = folded(answers)
    first, evidence = answers[:cut], folded(answers[:cut])
    for number, answer in enumerate(answers[cut:], start=len(first)):
        now = START + timedelta(hours=1, seconds=number)
        evidence, _ = fold(LIMITS, evidence, answer, since=START, now=now)
    assert evidence == whole


@given(ANSWERS)
def test_only_new_windows_count(answers: list[Answer]) -> None:
    """Dropping the samples that are not newer than all before them changes nothing."""
    kept: list[Answer] = []
    newest = ""
    for answer in answers:
        if isinstance(answer, Sample) and math.isfinite(answer.value):
            if answer.key <= newest:
                continue
            newest = answer.key
        kept.append(answer)
    compared = ("verdict", "consecutive_failures", "last_value", "last_key", "passes", "message")
    left, right = folded(answers), folded(kept)
    assert [getattr(left, name) for name in compared] == [getattr(right, name) for name in compared]


@given(ANSWERS)
def test_pass_and_fail_need_what_they_say(answers: list[Answer]) -> None:
    """Pass only after a good sample newer than the step; Fail only with enough bad ones; never on an unknown."""
    evidence = folded(answers)
    if evidence.verdict is Verdict.PASS:
        assert evidence.last_value == 0.2
        assert evidence.last_at is not None
        assert evidence.last_at > START
    if evidence.verdict is Verdict.FAIL:
        assert evidence.consecutive_failures >= LIMITS.failures
    if answers and isinstance(answers[-1], Unknown):
        assert evidence.verdict is Verdict.INCONCLUSIVE


@given(st.datetimes(), st.datetimes())
def test_keys_order_as_times(one: datetime, other: datetime) -> None:
    """The order of keys as text is the order of windows in time."""
    one, other = one.replace(tzinfo=UTC), other.replace(tzinfo=UTC)
    assert (window_key(one) < window_key(other)) == (one < other)
