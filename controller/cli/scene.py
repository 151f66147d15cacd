"""What the live view shows at one moment, as values: a Release, its steps, its pods, what was said of it. Pure.

How it is drawn is controller.cli.drawing's business, and where it comes from controller.cli.following's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from controller.api import names
from controller.cli.view import lasting
from controller.reconcile import commit
from controller.workloads import pods as pod_objects
from strategies.rollout.plan import plan, taken
from strategies.spec.base import format_duration
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Revision, Status, Trial

Object = dict[str, Any]
_EVENTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """One step. `mark` is done, now, undone or later; `time` says how long it still takes, or took."""

    name: str
    mark: str
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PodLine:
    """One pod of a side, stable or candidate."""

    side: str
    name: str
    ready: bool
    state: str
    restarts: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """One Event about the Release."""

    at: datetime
    warning: bool
    reason: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All of it. `notes` say what may not be seen, or since when the API does not answer."""

    release: Object
    status: Status
    steps: tuple[StepLine, ...]
    pods: tuple[PodLine, ...]
    events: tuple[EventLine, ...]
    notes: tuple[str, ...]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was read beside the Release; empty where it may not be read."""

    deployment: Object | None = None
    pods: Sequence[Object] = ()
    events: Sequence[Object] = ()


def scene(release: Object, spec: ReleaseSpec | None, found: Found, notes: Sequence[str], now: datetime) -> Scene:
    """The scene of a Release and what was read around it."""
    status, _ = commit.read(release)
    return Scene(
        release=release,
        status=status,
        steps=_steps(spec, status, found.deployment, now),
        pods=tuple(sorted(_pods(status, found.pods), key=lambda pod: (pod.side, pod.since, pod.name))),
        events=tuple(sorted(map(_event, found.events), key=lambda e: e.at)[-_EVENTS:]),
        notes=tuple(notes),
        now=now,
    )


def revisions(status: Status) -> dict[str, Revision]:
    """The sides that have pods: stable, candidate, and the former revision while it is wound up."""
    sides = {"stable": status.stable, "candidate": status.trial.candidate if status.trial else None, "former": status.retiring}
    return {side: revision for side, revision in sides.items() if revision is not None}


def _steps(spec: ReleaseSpec | None, status: Status, deployment: Object | None, now: datetime) -> tuple[StepLine, ...]:
    trial = status.trial
    if trial is None or spec is None:
        return ()
    replicas = (deployment or {}).get("spec", {}).get("replicas") or (status.stable.replicas if status.stable else None) or 1
    routed = status.wheel is not None and status.wheel.route is not None
    left = {passed.index: passed.left for passed in trial.passed}
    lines = []
    for index, step in enumerate(plan(taken(spec, trial.strategy), trial.kind, replicas, routed=routed)):
        name = f"{step.weight}%" if step.name in ("Traffic", "Batch") else step.name
        if index < trial.step.index:
            lines.append(StepLine(name=name, mark="done", time=f"left {lasting(now - left[index])} ago" if index in left else ""))
        elif index > trial.step.index:
            time = format_duration(step.duration) if step.duration else ""
            lines.append(StepLine(name=name, mark="later", time=_and_approval(time, approval=step.approval)))
        else:
            lines.append(_present(trial, name, step.duration, now, approval=step.approval))
    return tuple(lines)


def _present(trial: Trial, name: str, duration: timedelta, now: datetime, *, approval: bool) -> StepLine:
    if trial.outcome is not None:
        return StepLine(name=name, mark="undone", time=f"{trial.outcome}")
    if trial.step.since is None:
        return StepLine(name=name, mark="now", time=f"on its way for {lasting(now - trial.step.entered)}")
    left = trial.step.since + duration - now
    time = f"{lasting(left)} left" if left > timedelta() else "its time is over"
    return StepLine(name=name, mark="now", time=_and_approval(time, approval=approval))


def _and_approval(time: str, *, approval: bool) -> str:
    return f"{time}, then a person".removeprefix(", ") if approval else time


def _pods(status: Status, found: Sequence[Object]) -> list[PodLine]:
    sides = {revision.hash: side for side, revision in revisions(status).items()}
    lines = []
    for pod in found:
        side = sides.get((pod["metadata"].get("labels") or {}).get(names.HASH, ""))
        if side is None:
            continue
        read = pod_objects.read(pod)
        going = "Terminating" if "deletionTimestamp" in pod["metadata"] else ""
        lines.append(PodLine(side=side, name=read.name, ready=read.ready, restarts=read.restarts, since=read.created,
                             state=going or read.waiting_reason or read.terminated_reason or read.phase))  # fmt: skip
    return lines


def _event(found: Object) -> EventLine:
    at = found.get("eventTime") or found["metadata"]["creationTimestamp"]
    return EventLine(at=datetime.fromisoformat(at).astimezone(UTC), warning=found.get("type") == "Warning",
                     reason=str(found.get("reason")), note=str(found.get("note") or ""))  # fmt: skip
