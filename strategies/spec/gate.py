"""A gate in the spec of a Release: one question, in one of its forms. What an answer means is decided in strategies.rollout.

A form is a model of its own and a field of Gate; it is added to FORMS together with what asks and judges it.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from strategies.analysis import query
from strategies.spec.base import Duration, Model, Name, rule, rules

GateName = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
FORMS = ("threshold",)
"""The fields of Gate that are its question, of which each gate has one."""
ONE_FORM = f"a gate asks one question; write one of {', '.join(FORMS)}"


class GateTime(StrEnum):
    """When a gate is asked."""

    BEFORE_TRAFFIC = "before-traffic"
    STEP = "step"
    BAKE = "bake"


class Threshold(Model):
    """A PromQL query whose value must stay within bounds."""

    source: Name = Field("default", description="Name of the MetricSource that is asked.")
    query: Annotated[str, StringConstraints(min_length=1, max_length=4096)] = Field(
        description="PromQL with one value as its answer. Variables: $namespace, $release, $stable, $candidate (values of the "
        "pods' label pod-template-hash), $stable_pods, $candidate_pods (for pod=~), $window (as a range)."
    )
    min: float | None = Field(None, description="The lowest value that passes.")
    max: float | None = Field(None, description="The highest value that passes.")
    interval: Duration = Field(timedelta(seconds=10), description="Time between two questions; at least 1s.")
    window: Duration = Field(timedelta(minutes=1), description="The value of $window; at least 1s.")
    failures: int = Field(2, ge=1, le=100, description="How many bad values in a row make the gate fail.")

    @field_validator("query")
    @classmethod
    def _parsed(cls, text: str) -> str:
        query.parse(text)
        return text

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule("has(self.min) || has(self.max)", "set min, max or both, or the gate could never fail"),
            rule("!has(self.min) || !has(self.max) || self.min <= self.max", "min must not be above max; exchange them"),
            rule("duration(self.interval) >= duration('1s')", "interval must be at least 1s"),
            rule("duration(self.window) >= duration('1s')", "window must be at least 1s"),
        )
    )

    @model_validator(mode="after")
    def _bounds(self) -> "Threshold":
        if self.min is None and self.max is None:
            raise ValueError("set min, max or both, or the gate could never fail")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        if min(self.interval, self.window) < timedelta(seconds=1):
            raise ValueError("interval and window must be at least 1s")
        return self


class Gate(Model):
    """A question with a verdict: Pass, Fail or Inconclusive. Only Pass lets the release go on; Fail rolls it back."""

    name: GateName = Field(description="Name of the gate, unique in the Release.")
    threshold: Threshold | None = Field(None, description="A PromQL query with bounds.")
    at: tuple[GateTime, ...] = Field(
        (GateTime.STEP, GateTime.BAKE),
        min_length=1,
        max_length=3,
        description="When the gate is asked: before-traffic, step (while the candidate has part of the traffic), bake.",
    )

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(f"[{', '.join(f'has(self.{form})' for form in FORMS)}].filter(x, x).size() == 1", ONE_FORM)
        )
    )

    @model_validator(mode="after")
    def _one_form(self) -> "Gate":
        if sum(getattr(self, form) is not None for form in FORMS) != 1:
            raise ValueError(ONE_FORM)
        return self

    @property
    def form(self) -> str:
        """Which of FORMS this gate is."""
        return next(form for form in FORMS if getattr(self, form) is not None)

    @property
    def source(self) -> str | None:
        """The MetricSource that it asks; None for a form that asks none."""
        return self.threshold.source if self.threshold else None
