"""The threshold gate: a number must stay within limits, and `failures` bad ones in a row are a failure.

A fold over answers, so that the same answers give the same evidence after a crash, in any process. Each window enters
once, because a key that is not newer than the last is ignored. An answer that is not known changes no count: it is
neither a pass nor a failure. No clock and no query belong here.
"""

import math
from dataclasses import dataclass, replace
from datetime import datetime

from strategies.analysis.verdict import Sample, Unknown, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdConfig:
    """The limits, inclusive; at least one is needed. `interval` in seconds, `failures`: how many bad ones in a row."""

    min: float | None = None
    max: float | None = None
    failures: int = 1
    interval: float = 10.0

    def __post_init__(self) -> None:
        limits = [limit for limit in (self.min, self.max) if limit is not None]
        if not limits or not all(math.isfinite(limit) for limit in limits):
            raise ValueError("a threshold needs a min or a max, and both must be finite numbers")
        if limits != sorted(limits):
            raise ValueError(f"min {self.min:g} is above max {self.max:g}: nothing could pass")
        if self.failures < 1 or self.interval < 1:
            raise ValueError("failures and interval must be at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateEvidence:
    """All that a gate has to remember. `passes` counts good samples in all; times are those of the samples.

    `inconclusive_since` is when the gate was first left without an answer; the next sample ends it.
    """

    name: str
    passes: int = 0
    consecutive_failures: int = 0
    last_value: float | None = None
    last_at: datetime | None = None
    last_key: str = ""
    inconclusive_since: datetime | None = None
    verdict: Verdict = Verdict.INCONCLUSIVE
    message: str = "no answer yet; waits"


def fold(
    config: ThresholdConfig, evidence: GateEvidence, answer: Sample | Unknown, *, since: datetime, now: datetime
) -> tuple[GateEvidence, Verdict]:
    """The evidence with this answer in it, and what it says about the step that began at `since`.

    A repeated or older window changes nothing. Fail needs `failures` bad samples in a row; Pass needs that the last
    sample was good and is newer than `since`; everything else is Inconclusive. `now` only dates a missing answer.
    """
    if isinstance(answer, Sample) and not math.isfinite(answer.value):
        if answer.key <= evidence.last_key:
            return evidence, evidence.verdict
        answer = Unknown(reason="NotANumber", message=f"the answer is {answer.value}, which is no number to compare")
    if isinstance(answer, Unknown):
        evidence = _without_answer(evidence, answer, now)
    elif answer.key > evidence.last_key:
        evidence = _with_sample(config, evidence, answer, since)
    return evidence, evidence.verdict


def _without_answer(evidence: GateEvidence, unknown: Unknown, now: datetime) -> GateEvidence:
    return replace(
        evidence,
        verdict=Verdict.INCONCLUSIVE,
        inconclusive_since=evidence.inconclusive_since or now,
        message=f"{unknown.message.rstrip('.')}; waits",
    )


def _with_sample(config: ThresholdConfig, evidence: GateEvidence, sample: Sample, since: datetime) -> GateEvidence:
    trouble = _trouble(config, sample.value)
    failures = evidence.consecutive_failures + 1 if trouble else 0
    if trouble:
        verdict = Verdict.FAIL if failures >= config.failures else Verdict.INCONCLUSIVE
        message = f"{trouble} ({min(failures, config.failures)} of {config.failures} in a row)"
    elif sample.at > since:
        verdict, message = Verdict.PASS, f"{sample.value:.6g} is within {_limits(config)}"
    else:
        verdict = Verdict.INCONCLUSIVE
        message = f"{sample.value:.6g} is within {_limits(config)}, but is from before this step; waits for a newer one"
    return replace(
        evidence,
        passes=evidence.passes + (not trouble),
        consecutive_failures=failures,
        last_value=sample.value,
        last_at=sample.at,
        last_key=sample.key,
        inconclusive_since=None,
        verdict=verdict,
        message=message,
    )


def _trouble(config: ThresholdConfig, value: float) -> str:
    if config.max is not None and value > config.max:
        return f"{value:.6g} is above max {config.max:.6g}"
    if config.min is not None and value < config.min:
        return f"{value:.6g} is below min {config.min:.6g}"
    return ""


def _limits(config: ThresholdConfig) -> str:
    limits = (("min", config.min), ("max", config.max))
    return " and ".join(f"{name} {limit:.6g}" for name, limit in limits if limit is not None)
