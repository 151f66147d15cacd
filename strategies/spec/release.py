"""The spec of a Release: what its author says. The CRD's schema, defaults and CEL rules are generated from here.

Every field's description is what `kubectl explain` shows. A field appears here only when it works.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from strategies.spec.base import Duration, Model, Name, have_own_names, own_names, rule, rules
from strategies.spec.change import Change
from strategies.spec.flag import Flag
from strategies.spec.gate import Gate
from strategies.spec.rollback import NO_REHEARSAL, Rollback


class StrategyType(StrEnum):
    """How a change goes out."""

    CANARY = "Canary"
    BLUE_GREEN = "BlueGreen"
    ROLLING = "Rolling"
    SHADOW = "Shadow"
    AUTO = "Auto"


class RouteKind(StrEnum):
    """What kind of object sends users to the Services."""

    HTTP_ROUTE = "HTTPRoute"
    TRAEFIK_SERVICE = "TraefikService"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRef:
    """A route of the Release's namespace."""

    kind: RouteKind
    name: str

    def __str__(self) -> str:
        """As people name it."""
        return f"{self.kind} {self.name}"

    @property
    def field(self) -> str:
        """Where the spec names it."""
        return f"spec.traffic.{_FIELDS[self.kind]}"


_FIELDS = {RouteKind.HTTP_ROUTE: "httpRoute", RouteKind.TRAEFIK_SERVICE: "traefikService"}


ALL_AT_ONCE = (
    "with BlueGreen, which Auto may choose, the two revisions never have traffic at the same time, so ratio and latency need "
    "max, the largest share of bad requests"
)


NOTHING_TO_MIRROR = (
    "strategy.type Shadow mirrors the requests of a route; name it in traffic.httpRoute or traffic.traefikService"
)
ONE_ROUTE = "choose one of httpRoute and traefikService"
NO_SHARES = (
    "a TraefikService mirrors and switches, and cannot give shares: with traffic.traefikService strategy.type is Shadow, "
    "BlueGreen or Rolling"
)
UNKNOWN_METHODS = (
    "traffic.traefikService does not say what methods its requests have: to mirror them, say strategy.shadow.idempotent: true if "
    "every request may be made twice"
)


class WorkloadRef(Model):
    """The workload whose changes are released."""

    kind: Literal["Deployment"] = Field("Deployment", description="Kind of the workload. Deployment is supported.")
    name: Name = Field(description="Name of the workload, in the Release's namespace.")


class VersionSource(Model):
    """Where a revision's version is read. At most one of the fields; without any, the first container's image tag."""

    from_label: Annotated[str, StringConstraints(max_length=317)] | None = Field(
        None, description="Label of the pod template that holds the version, for example app.kubernetes.io/version."
    )
    literal: Annotated[str, StringConstraints(max_length=64)] | None = Field(
        None, description="The version itself, for authors who change it together with the template."
    )

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule("!(has(self.fromLabel) && has(self.literal))", "choose one of fromLabel and literal")
        )
    )  # fmt: skip

    @model_validator(mode="after")
    def _one_way(self) -> "VersionSource":
        if self.from_label is not None and self.literal is not None:
            raise ValueError("choose one of fromLabel and literal")
        return self


class CanaryStep(Model):
    """A share of the traffic, and what must be true before the next one."""

    weight: int = Field(ge=1, le=100, description="Share of the traffic that the candidate gets, in percent.")
    duration: Duration = Field(
        timedelta(), description="The shortest time at this weight, counted from when the traffic really has it."
    )
    approval: bool = Field(False, description="Wait here for `promote: step` by a person before going on.")
    early: bool = Field(
        False,
        description="Go on before the duration is over, once all ratio and latency gates certify that the candidate is not "
        "much worse than stable.",
    )


_DEFAULT_STEPS = (
    CanaryStep(weight=5, duration=timedelta(minutes=5)),
    CanaryStep(weight=25, duration=timedelta(minutes=5)),
    CanaryStep(weight=100),
)


class Canary(Model):
    """Steps of a canary release."""

    steps: tuple[CanaryStep, ...] = Field(
        _DEFAULT_STEPS,
        min_length=1,
        max_length=20,
        description="Weights in rising order; the last is 100. A step of weight 100 is the bake: its duration is added "
        "to rollback.warm.for.",
    )

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "self.steps[size(self.steps) - 1].weight == 100",
                "steps must end with weight: 100, or the release would never finish; add a last step of weight 100",
            ),
            rule(
                "self.steps.all(s, self.steps.filter(t, t.weight == s.weight).size() == 1) && "
                "self.steps.map(s, s.weight).isSorted()",
                "weights must rise from step to step; put the steps in rising order, each weight once",
            ),
        )
    )

    @model_validator(mode="after")
    def _rising(self) -> "Canary":
        weights = [step.weight for step in self.steps]
        if weights[-1] != 100 or any(a >= b for a, b in pairwise(weights)):
            raise ValueError("weights must rise from step to step and end with 100")
        return self


class BlueGreen(Model):
    """The candidate stands at full size before all traffic switches to it."""

    preview_duration: Duration = Field(
        timedelta(), description="The shortest time that the candidate stands ready without traffic before the switch."
    )
    approval: bool = Field(False, description="Wait for `promote: step` by a person before the switch.")


class Rolling(Model):
    """Pods are replaced in batches, within the Deployment's own maxSurge and maxUnavailable."""

    batch: Annotated[str, StringConstraints(pattern=r"^([1-9][0-9]{0,4}|([1-9]|[1-9][0-9]|100)%)$")] = Field(
        "25%", description="Pods per batch: a number, or a share of the Deployment's replicas, rounded up."
    )
    pause: Duration = Field(timedelta(), description="The shortest time between batches.")


class Shadow(Model):
    """The candidate gets copies of users' requests, and nobody gets its answers, before all traffic switches to it."""

    duration: Duration = Field(
        timedelta(minutes=10), description="The shortest time for which requests are mirrored before the switch."
    )
    percent: int = Field(
        100, ge=1, le=100, description="Share of the route's requests that are mirrored; below 100 the gateway must support it."
    )
    idempotent: bool = Field(
        False,
        description="Say that every request of the route may be made twice: it only reads, or a second time changes nothing. "
        "Needed unless the route matches GET, HEAD and OPTIONS only.",
    )
    approval: bool = Field(False, description="Wait for `promote: step` by a person before the switch.")


class Strategy(Model):
    """How changes go out."""

    type: StrategyType = Field(
        StrategyType.CANARY,
        description="Canary moves traffic in steps, BlueGreen switches all of it at once after a preview, Rolling "
        "replaces pods in batches, Shadow mirrors users' requests to the candidate before it switches. Auto takes what the "
        "review recommends: Rolling for a low risk, Canary for a medium one, BlueGreen for a high one, Shadow for a critical "
        "one if the route's requests can be mirrored.",
    )
    canary: Canary = Field(default_factory=Canary, description="Used when type is Canary, or Auto chooses it.")
    blue_green: BlueGreen = Field(default_factory=BlueGreen, description="Used when type is BlueGreen, or Auto chooses it.")
    rolling: Rolling = Field(default_factory=Rolling, description="Used when type is Rolling, or Auto chooses it.")
    shadow: Shadow = Field(default_factory=Shadow, description="Used when type is Shadow, or Auto chooses it.")
    allow_parallel: bool = Field(
        False,
        description="Say that two versions may run side by side although the Deployment's own strategy is Recreate.",
    )


class HTTPRouteRef(Model):
    """A Gateway API route."""

    name: Name = Field(description="Name of the HTTPRoute, in the Release's namespace.")


class TraefikServiceRef(Model):
    """Traefik's own resource."""

    name: Name = Field(description="Name of the TraefikService, in the Release's namespace.")


class Traffic(Model):
    """How traffic is split. Without a router, the share follows the replica counts."""

    http_route: HTTPRouteRef | None = Field(
        None,
        description="Gateway API HTTPRoute whose backend Service selects the workload's pods. During a release its "
        "traffic is split between that Service and <service>-candidate, which we make and remove.",
    )
    traefik_service: TraefikServiceRef | None = Field(
        None,
        description="Traefik's TraefikService of the form mirroring, whose main Service selects the workload's pods. During a "
        "release it mirrors to <service>-candidate, and switches to it. For Shadow, BlueGreen and Rolling.",
    )
    drain: Duration = Field(
        timedelta(seconds=5),
        description="Time between taking traffic away from a revision and removing its pods.",
    )
    ignore_services: tuple[Name, ...] = Field(
        (), max_length=20, description="Services on the same pods that are not pinned during a release."
    )

    @property
    def route(self) -> RouteRef | None:
        """The route, whatever its kind."""
        if self.traefik_service is not None:
            return RouteRef(kind=RouteKind.TRAEFIK_SERVICE, name=self.traefik_service.name)
        return RouteRef(kind=RouteKind.HTTP_ROUTE, name=self.http_route.name) if self.http_route else None

    model_config = ConfigDict(json_schema_extra=rules(rule("!(has(self.httpRoute) && has(self.traefikService))", ONE_ROUTE)))

    @model_validator(mode="after")
    def _one_route(self) -> "Traffic":
        if self.http_route is not None and self.traefik_service is not None:
            raise ValueError(ONE_ROUTE)
        return self


class ReleaseSpec(Model):
    """What a Release's author says."""

    workload_ref: WorkloadRef = Field(description="The workload whose changes are released.")
    version: VersionSource = Field(default_factory=VersionSource, description="Where a revision's version is read.")
    strategy: Strategy = Field(default_factory=Strategy, description="How changes go out.")
    traffic: Traffic = Field(default_factory=Traffic, description="How traffic is split.")
    gates: tuple[Gate, ...] = Field(
        (), max_length=20, description="Questions that decide about each step, beside the pods' own health."
    )
    max_inconclusive: Duration = Field(
        timedelta(minutes=10),
        description="How long a step may wait for gates that cannot tell before the release pauses and calls a person.",
    )
    rollback: Rollback = Field(default_factory=Rollback, description="The way back.")
    flags: tuple[Flag, ...] = Field(
        (),
        max_length=10,
        description="Feature flags that go on with the candidate, and off as the first effect of a rollback. One that is on when "
        "a release starts is stable's, and left alone.",
    )
    change: Change | None = Field(None, description="What people know about the change that goes out next; feeds the review.")
    progress_deadline: Duration = Field(
        timedelta(minutes=10),
        description="How long a step's pods may take to become ready before the release is rolled back.",
    )

    model_config = ConfigDict(
        json_schema_extra=rules(
            own_names("gates", "each gate needs a name of its own"),
            own_names("flags", "each flag needs a name of its own"),
            rule(
                "!has(self.strategy) || !has(self.strategy.type) || !(self.strategy.type in ['BlueGreen', 'Auto']) || "
                "!has(self.gates) || "
                "self.gates.all(g, (!has(g.ratio) || has(g.ratio.max)) && (!has(g.latency) || has(g.latency.max)))",
                ALL_AT_ONCE,
            ),
            rule(
                "!has(self.strategy) || !has(self.strategy.type) || self.strategy.type != 'Shadow' || "
                "(has(self.traffic) && (has(self.traffic.httpRoute) || has(self.traffic.traefikService)))",
                NOTHING_TO_MIRROR,
            ),
            rule(
                "!has(self.traffic) || !has(self.traffic.traefikService) || (has(self.strategy) && has(self.strategy.type) && "
                "self.strategy.type in ['Shadow', 'BlueGreen', 'Rolling'])",
                NO_SHARES,
            ),
            rule(
                "!has(self.traffic) || !has(self.traffic.traefikService) || !has(self.strategy) || !has(self.strategy.type) || "
                "self.strategy.type != 'Shadow' || (has(self.strategy.shadow) && has(self.strategy.shadow.idempotent) && "
                "self.strategy.shadow.idempotent)",
                UNKNOWN_METHODS,
            ),
            rule(
                "!has(self.rollback) || !has(self.rollback.rehearse) || !self.rollback.rehearse || !has(self.strategy) || "
                "!has(self.strategy.type) || self.strategy.type in ['Canary', 'Auto']",
                NO_REHEARSAL,
            ),
            rule("self.workloadRef == oldSelf.workloadRef", "workloadRef cannot change; create another Release instead"),
        )
    )

    def can_ask(self, gate: Gate) -> bool:
        """Whether there is anything that the gate could compare, or a limit."""
        switching = self.strategy.type in (StrategyType.BLUE_GREEN, StrategyType.AUTO)
        return not switching or gate.counting is None or gate.counting.max is not None

    @model_validator(mode="after")
    def _compared(self) -> "ReleaseSpec":
        if not all(map(self.can_ask, self.gates)):
            raise ValueError(ALL_AT_ONCE)
        return self

    @model_validator(mode="after")
    def _mirrored(self) -> "ReleaseSpec":
        kind = self.strategy.type
        if kind is StrategyType.SHADOW and self.traffic.route is None:
            raise ValueError(NOTHING_TO_MIRROR)
        if self.traffic.traefik_service is not None and kind in (StrategyType.CANARY, StrategyType.AUTO):
            raise ValueError(NO_SHARES)
        if self.traffic.traefik_service is not None and kind is StrategyType.SHADOW and not self.strategy.shadow.idempotent:
            raise ValueError(UNKNOWN_METHODS)
        return self

    @model_validator(mode="after")
    def _rehearsed(self) -> "ReleaseSpec":
        if self.rollback.rehearse and self.strategy.type not in (StrategyType.CANARY, StrategyType.AUTO):
            raise ValueError(NO_REHEARSAL)
        return self

    @model_validator(mode="after")
    def _gate_names(self) -> "ReleaseSpec":
        if not have_own_names(self.gates):
            raise ValueError("gates: each gate needs a name of its own")
        return self

    @model_validator(mode="after")
    def _flag_names(self) -> "ReleaseSpec":
        if not have_own_names(self.flags):
            raise ValueError("flags: each flag needs a name of its own")
        return self
