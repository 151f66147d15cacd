"""A gate in the spec of a Release: one question, in one of its forms. What an answer means is decided in strategies.rollout.

A form is a model of its own and a field of Gate; it is added to FORMS together with what asks and judges it.
"""

import hashlib
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from strategies.analysis import counters, query
from strategies.analysis.latency import MOST_EDGES
from strategies.spec.base import Duration, LabelName, Model, Name, rule, rules
from strategies.spec.contract import LiveContract
from strategies.spec.job import Job
from strategies.spec.webhook import Webhook

GateName = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
FORMS = ("threshold", "ratio", "latency", "job", "webhook", "contract", "template")
"""The fields of Gate that are its question, of which each gate has one."""
NO_USERS = "ratio and latency compare users' requests, and before-traffic has none; take before-traffic out of at"
BEFORE_USERS = "contract is compared before users meet the candidate; write at: [before-traffic]"
EDGES_ABOVE_0 = "edges must be above 0"
OWN_EDGES = "each edge is named once; threshold is one already"
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


Selector = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
_COUNTING_RULES = (
    rule("duration(self.interval) >= duration('1s') && duration(self.interval) <= duration('10m')",
         "interval must be between 1s and 10m"),
    rule("duration(self.delay) >= duration('1s') && duration(self.delay) <= duration('10m')", "delay must be between 1s and 10m"),
    rule("!has(self.max) || (self.max > 0.0 && self.max < 1.0)", "max is a share of the requests, above 0 and below 1"),
    rule("!has(self.podLabel) || !has(self.hashLabel)", "choose one of podLabel and hashLabel"),
)  # fmt: skip


class Counting(Model):
    """What gates have in common that count requests of both sides in windows and compare them."""

    source: Name = Field("default", description="Name of the MetricSource that is asked.")
    tolerance: float = Field(
        1.25, ge=1, le=100, description="How many times stable's share of bad requests the candidate's may be."
    )
    max: float | None = Field(
        None,
        description="The largest share of bad requests where there is nothing to compare with, because the candidate has all "
        "traffic. Without it the gate is not asked there.",
    )
    interval: Duration = Field(timedelta(seconds=15), description="Length of a window; between 1s and 10m.")
    delay: Duration = Field(
        timedelta(seconds=35),
        description="How long after its end a window is read: the scrape interval and what a scrape may be late; between 1s and "
        "10m.",
    )
    windows: int = Field(3, ge=1, le=1000, description="How many windows with requests a step needs before it may be left.")
    clump: int = Field(
        1, ge=1, le=1000, description="How many requests of one side may be bad for one and the same reason, as retries are."
    )
    pod_label: LabelName | None = Field(None, description="Label that holds the pod's name; pod, unless hashLabel is set.")
    hash_label: LabelName | None = Field(
        None, description="Label that holds the value of the pods' label pod-template-hash, instead of podLabel."
    )
    check_share: bool = Field(
        True,
        description="Wait while a route does not give the candidate the step's share of the requests. Set false where many "
        "requests do not come by the route.",
    )

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        for name, value in (("interval", self.interval), ("delay", self.delay)):
            if not timedelta(seconds=1) <= value <= timedelta(minutes=10):
                raise ValueError(f"{name} must be between 1s and 10m")
        if self.max is not None and not 0 < self.max < 1:
            raise ValueError("max is a share of the requests, above 0 and below 1")
        if self.pod_label is not None and self.hash_label is not None:
            raise ValueError("choose one of podLabel and hashLabel")
        return self


class Ratio(Counting):
    """The share of bad requests of the candidate, compared with stable's in the same windows.

    At most one in a hundred good releases is taken back by it, ever, however often it looks.
    """

    bad: Selector = Field(
        description="PromQL selector of the counter of bad requests, without functions, such as "
        'http_requests_total{code=~"5.."}. Variables: $namespace, $release.'
    )
    total: Selector = Field(description="The same for all requests, the bad ones among them.")

    model_config = ConfigDict(json_schema_extra=rules(*_COUNTING_RULES))

    @field_validator("bad", "total")
    @classmethod
    def _plain(cls, text: str) -> str:
        counters.parse(text)
        return text


class Latency(Counting):
    """The share of requests that take longer than a threshold, compared with stable's in the same windows."""

    histogram: Selector = Field(
        description="PromQL selector of the buckets of a classic histogram, without functions, such as "
        "http_request_duration_seconds_bucket, or of a native histogram, by its name. Variables: $namespace, $release."
    )
    threshold: float = Field(
        description="Requests that take longer are bad; one of the histogram's edges (le, or a native one's own), in its unit."
    )
    edges: tuple[float, ...] = Field(
        (),
        max_length=MOST_EDGES - 1,
        description="Further edges of the histogram at which candidate and stable are compared, while both have traffic: for "
        "a few calls that hang, and for a slowdown below the threshold. Half of the error budget is theirs together.",
    )

    model_config = ConfigDict(
        json_schema_extra=rules(
            *_COUNTING_RULES,
            rule("self.threshold > 0.0", "threshold must be above 0"),
            rule("!has(self.edges) || self.edges.all(e, e > 0.0)", EDGES_ABOVE_0),
            rule("!has(self.edges) || self.edges.all(e, e != self.threshold && self.edges.exists_one(f, f == e))", OWN_EDGES),
        )
    )

    @field_validator("histogram")
    @classmethod
    def _plain(cls, text: str) -> str:
        counters.parse_histogram(text)
        return text

    @field_validator("threshold")
    @classmethod
    def _above_zero(cls, edge: float) -> float:
        if not edge > 0:
            raise ValueError("threshold must be above 0")
        return edge

    @model_validator(mode="after")
    def _own_edges(self) -> Self:
        if not all(edge > 0 for edge in self.edges):
            raise ValueError(EDGES_ABOVE_0)
        if len(set(self.shape)) <= len(self.edges):
            raise ValueError(OWN_EDGES)
        return self

    @property
    def shape(self) -> tuple[float, ...]:
        """All edges, the threshold's among them, rising."""
        return tuple(sorted((self.threshold, *self.edges)))


class TemplateKind(StrEnum):
    """Where a template is."""

    GATE_TEMPLATE = "GateTemplate"
    CLUSTER_GATE_TEMPLATE = "ClusterGateTemplate"


class TemplateRef(Model):
    """A gate that somebody else has written, with this Release's arguments."""

    kind: TemplateKind = Field(
        TemplateKind.GATE_TEMPLATE, description="GateTemplate, of the Release's namespace, or ClusterGateTemplate."
    )
    name: Name = Field(description="Name of the template.")
    arguments: dict[str, Annotated[str, StringConstraints(min_length=1, max_length=253)]] = Field(
        default_factory=dict,
        max_length=20,
        description="Values for the template's parameters, by name, as text: numbers and true in quotes.",
    )

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Gate(Model):
    """A question with a verdict: Pass, Fail or Inconclusive. Only Pass lets the release go on; Fail rolls it back."""

    name: GateName = Field(description="Name of the gate, unique in the Release.")
    threshold: Threshold | None = Field(None, description="A PromQL query with bounds.")
    ratio: Ratio | None = Field(
        None, description="Bad requests among all, candidate against stable, by a test that may be looked at at any time."
    )
    latency: Latency | None = Field(None, description="Slow requests among all, candidate against stable, by the same test.")
    job: Job | None = Field(None, description="A Job, run once for each revision and step; its exit is the verdict.")
    webhook: Webhook | None = Field(None, description="A web server that is told what is on trial; its answer is the verdict.")
    contract: LiveContract | None = Field(
        None, description="What the candidate serves, compared with what stable promises: whether others can still use it."
    )
    template: TemplateRef | None = Field(None, description="The question of a GateTemplate or ClusterGateTemplate.")
    at: tuple[GateTime, ...] = Field(
        (GateTime.STEP, GateTime.BAKE),
        min_length=1,
        max_length=3,
        description="When the gate is asked: before-traffic, step (while the candidate has part of the traffic), bake.",
    )

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(f"[{', '.join(f'has(self.{form})' for form in FORMS)}].filter(x, x).size() == 1", ONE_FORM),
            rule("!(has(self.ratio) || has(self.latency)) || !has(self.at) || self.at.all(t, t != 'before-traffic')", NO_USERS),
            rule("!has(self.contract) || (has(self.at) && self.at.all(t, t == 'before-traffic'))", BEFORE_USERS),
        )
    )

    @model_validator(mode="after")
    def _one_form(self) -> "Gate":
        if sum(getattr(self, form) is not None for form in FORMS) != 1:
            raise ValueError(ONE_FORM)
        if self.counting is not None and GateTime.BEFORE_TRAFFIC in self.at:
            raise ValueError(NO_USERS)
        if self.contract is not None and set(self.at) != {GateTime.BEFORE_TRAFFIC}:
            raise ValueError(BEFORE_USERS)
        return self

    @property
    def form(self) -> str:
        """Which of FORMS this gate is."""
        return next(form for form in FORMS if getattr(self, form) is not None)

    @cached_property
    def question(self) -> str:
        """A digest of what is asked: evidence about another question is none about this one."""
        asked = getattr(self, self.form).model_dump_json(exclude_defaults=True)
        return hashlib.sha256(f"{self.form} {asked}".encode()).hexdigest()[:12]

    @property
    def source(self) -> str | None:
        """The MetricSource that it asks; None for a form that asks none."""
        asked = self.threshold or self.counting
        return asked.source if asked else None

    @property
    def counting(self) -> Counting | None:
        """The question, if it counts requests of both sides."""
        return self.ratio or self.latency
