"""The steps of a trial: what each wants of the world, and what must be true before the next one.

A plan is recomputed in every turn from the spec and the present number of replicas, so that an autoscaler may act at any
time, and people may change what is still to come. A trial keeps the type of strategy that it began with. One engine carries
out all of them; a strategy is nothing but a plan.
"""

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from strategies.spec.gate import GateTime
from strategies.spec.release import ReleaseSpec, StrategyType
from strategies.spec.status import Kind

WAY_BACK = timedelta(minutes=5)
"""What a way back may take: the question of every review, and the time in which a rehearsal's traffic must be back."""
_REHEARSAL, RETURN = "Rehearsal", "Return"
_SMALLEST = 1
"""The smallest share that a route can give, in percent."""


class Exposure(StrEnum):
    """Which part of the Services' and the route's traffic the candidate gets."""

    NONE = "None"
    PART = "Part"
    ALL = "All"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One step. `weight` in percent, `candidate` pods; `exchange` means that stable shrinks as the candidate grows; `mirror` is
    the share of the requests of which the candidate gets a copy, in percent: nobody gets its answers.
    """

    name: str
    weight: int
    candidate: int
    exposure: Exposure
    duration: timedelta = timedelta()
    approval: bool = False
    early: bool = False
    exchange: bool = False
    mirror: int = 0

    @property
    def share(self) -> int:
        """The candidate's part of all requests that pods get, copies among them, in percent."""
        return round(100 * self.mirror / (100 + self.mirror)) if self.mirror else self.weight

    @property
    def compared(self) -> bool:
        """Whether both sides get requests, so that they can be compared."""
        return self.exposure is Exposure.PART or self.mirror > 0

    @property
    def rehearses(self) -> bool:
        """Whether users go to the candidate, or come back, only to show that they can come back."""
        return self.name in (_REHEARSAL, RETURN)

    @property
    def flags_at(self) -> int:
        """The share with which flags may go on, in percent."""
        return 0 if self.rehearses else self.weight

    @property
    def gate_time(self) -> GateTime | None:
        """When gates of this step are asked; None: they are not."""
        if self.rehearses:
            return None
        if self.name == "Preview":
            return GateTime.BEFORE_TRAFFIC
        return GateTime.BAKE if self.name == "Bake" else GateTime.STEP


def plan(spec: ReleaseSpec, kind: Kind, replicas: int, *, routed: bool) -> tuple[PlannedStep, ...]:
    """The steps for a trial of this kind with `replicas` pods, never empty. `replicas` is at least 1."""
    if kind is Kind.UNPROTECTED:
        return (PlannedStep(name="Bake", weight=100, candidate=replicas, exposure=Exposure.ALL),)
    if kind is Kind.ROLLBACK:
        return (_preview(replicas), PlannedStep(name="Bake", weight=100, candidate=replicas, exposure=Exposure.ALL))
    if kind is Kind.RESTART or spec.strategy.type is StrategyType.ROLLING:
        return _rolling(spec, replicas)
    if spec.strategy.type is StrategyType.BLUE_GREEN:
        blue_green = spec.strategy.blue_green
        preview = replace(_preview(replicas), duration=blue_green.preview_duration, approval=blue_green.approval)
        return (preview, _bake(spec, replicas))
    if spec.strategy.type is StrategyType.SHADOW:
        return (_preview(replicas), _shadow(spec, replicas), _bake(spec, replicas))
    return _canary(spec, replicas, routed=routed)


def of_release(spec: ReleaseSpec, replicas: int) -> tuple[PlannedStep, ...]:
    """The steps of a release that has not begun, of a Deployment with so many replicas."""
    return plan(spec, Kind.RELEASE, max(1, replicas), routed=spec.traffic.route is not None)


def taken(spec: ReleaseSpec, strategy: StrategyType | None) -> ReleaseSpec:
    """The spec as a trial takes it that began with this type of strategy (None: it is not known, and counts as the spec's)."""
    if strategy in (None, spec.strategy.type):
        return spec
    return spec.model_copy(update={"strategy": spec.strategy.model_copy(update={"type": strategy})})


def numbering(spec: ReleaseSpec, kind: Kind) -> str:
    """By what the steps of the plan are numbered, for people: a canary's weights, or the size of a batch; "" for fixed steps."""
    if kind is Kind.RESTART or (kind is Kind.RELEASE and spec.strategy.type is StrategyType.ROLLING):
        return f"batches of {spec.strategy.rolling.batch}"
    if kind is Kind.RELEASE and spec.strategy.type is StrategyType.CANARY:
        weights = (f"{step.weight}%" for step in spec.strategy.canary.steps)
        return ", ".join(["a rehearsal", *weights] if spec.rollback.rehearse else weights)
    return ""


def canary_pods(weight: int, replicas: int, *, routed: bool) -> int:
    """Pods for a share of the traffic.

    With a router: enough to carry the share. Without: so many that candidate / (stable + candidate) is nearest to the
    share, at least one, at most as many as stable has (half of the traffic).
    """
    if routed:
        return max(1, math.ceil(replicas * weight / 100))
    return max(1, min(replicas, round(weight * replicas / max(1, 100 - weight))))


def replica_share(candidate: int, replicas: int) -> int:
    """The share that so many pods beside `replicas` of stable really get, in percent."""
    return round(100 * candidate / (candidate + replicas))


def _canary(spec: ReleaseSpec, replicas: int, *, routed: bool) -> tuple[PlannedStep, ...]:
    # Steps that come out with equal pods are not merged: the number of steps must not depend on the number of replicas,
    # or an autoscaler could turn "step 2" into another one.
    partial = []
    for step in spec.strategy.canary.steps[:-1]:
        pods = canary_pods(step.weight, replicas, routed=routed)
        weight = step.weight if routed else replica_share(pods, replicas)
        partial.append(PlannedStep(name="Traffic", weight=weight, candidate=pods, exposure=Exposure.PART,
                                   duration=step.duration, approval=step.approval, early=step.early))  # fmt: skip
    first = partial[0].candidate if partial else replicas
    if spec.rollback.rehearse:
        pods = first if partial else canary_pods(_SMALLEST, replicas, routed=routed)
        return (_preview(pods), *_rehearsal(spec, pods, replicas, routed=routed), *partial, _bake(spec, replicas))
    return (_preview(first), *partial, _bake(spec, replicas))


def _rehearsal(spec: ReleaseSpec, pods: int, replicas: int, *, routed: bool) -> tuple[PlannedStep, ...]:
    """There and back: the smallest share, for as long as proxies may take to follow, and none again."""
    weight = _SMALLEST if routed else replica_share(pods, replicas)
    there = PlannedStep(name=_REHEARSAL, weight=weight, candidate=pods, exposure=Exposure.PART, duration=spec.traffic.drain)
    return there, PlannedStep(name=RETURN, weight=0, candidate=pods, exposure=Exposure.NONE)


def _rolling(spec: ReleaseSpec, replicas: int) -> tuple[PlannedStep, ...]:
    text = spec.strategy.rolling.batch
    batch = max(1, math.ceil(replicas * int(text[:-1]) / 100)) if text.endswith("%") else int(text)
    counts = [*range(batch, replicas, batch), replicas]
    return tuple(
        PlannedStep(name="Batch", weight=round(100 * count / replicas), candidate=count, exposure=Exposure.PART,
                    duration=spec.strategy.rolling.pause, exchange=True)
        for count in counts
    )  # fmt: skip


def _preview(candidate: int) -> PlannedStep:
    return PlannedStep(name="Preview", weight=0, candidate=candidate, exposure=Exposure.NONE)


def _shadow(spec: ReleaseSpec, replicas: int) -> PlannedStep:
    shadow = spec.strategy.shadow
    return PlannedStep(name="Shadow", weight=0, mirror=shadow.percent, candidate=replicas, exposure=Exposure.NONE,
                       duration=shadow.duration, approval=shadow.approval)  # fmt: skip


def _bake(spec: ReleaseSpec, replicas: int) -> PlannedStep:
    last = spec.strategy.canary.steps[-1] if spec.strategy.type is StrategyType.CANARY else None
    return PlannedStep(
        name="Bake",
        weight=100,
        candidate=replicas,
        exposure=Exposure.ALL,
        duration=spec.rollback.warm.for_ + (last.duration if last else timedelta()),
        approval=last.approval if last else False,
    )
