"""What a Release that is valid does not do as its author may think: warnings, from the spec alone.

Pure. What makes a spec invalid is said by the models, what keeps a release from starting by strategies.rollout.start; no
such rule is repeated here.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from controller.cli.manifests import Path
from strategies.analysis import query
from strategies.analysis.promql_tree import Selector, render, walk
from strategies.review.plans import is_one_sentence
from strategies.rollout import comparing
from strategies.rollout.plan import PlannedStep, of_release, taken
from strategies.spec.base import format_duration
from strategies.spec.change import ChangeKind
from strategies.spec.gate import Gate, GateTime, Threshold
from strategies.spec.release import ReleaseSpec, StrategyType

_SECTIONS = {
    StrategyType.CANARY: ("canary", "canary"),
    StrategyType.BLUE_GREEN: ("blueGreen", "blue_green"),
    StrategyType.ROLLING: ("rolling", "rolling"),
    StrategyType.SHADOW: ("shadow", "shadow"),
}
_SERVICE = "RELEASE_SERVICE"
_CHOICES = tuple(_SECTIONS)
"""What Auto chooses from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One warning. `path` is below the object; `part` is what of a query it is about."""

    path: Path
    message: str
    remedy: str
    part: str = ""


def doubts(spec: ReleaseSpec, replicas: int) -> Iterator[Doubt]:
    """All warnings for a Deployment with so many replicas."""
    yield from _sections(spec)
    kinds: tuple[StrategyType, ...] = (spec.strategy.type,)
    if spec.strategy.type is StrategyType.AUTO:
        kinds = tuple(kind for kind in _CHOICES if kind is not StrategyType.SHADOW or spec.traffic.route is not None)
    ways = {kind: of_release(taken(spec, kind), replicas) for kind in kinds}
    steps = tuple(step for way in ways.values() for step in way)
    for number, gate in enumerate(spec.gates):
        path: Path = ("spec", "gates", number)
        yield from _asked(gate, path, steps, spec.strategy.type)
        if gate.threshold is not None:
            yield from _selection(gate.threshold, (*path, "threshold"))
        if gate.job is not None and spec.traffic.route is None and _SERVICE in json.dumps(gate.job.template):
            message = f"{_SERVICE} is empty: without a route no Service leads to the candidate"
            yield Doubt(path=(*path, "job", "template"), message=message,
                        remedy="Name a route in spec.traffic, or find the pods by RELEASE_HASH.")  # fmt: skip
    yield from _durations(spec, ways)
    yield from _early(spec)
    yield from _plan(spec)
    yield from _change(spec)


def _sections(spec: ReleaseSpec) -> Iterator[Doubt]:
    if spec.strategy.type is StrategyType.AUTO:
        return
    for kind, (section, attribute) in _SECTIONS.items():
        if kind is not spec.strategy.type and attribute in spec.strategy.model_fields_set:
            yield Doubt(path=("spec", "strategy", section), message=f"has no effect while type is {spec.strategy.type}",
                        remedy=f"Write type: {kind}, or take {section} out.")  # fmt: skip


def _asked(gate: Gate, path: Path, steps: tuple[PlannedStep, ...], strategy: StrategyType) -> Iterator[Doubt]:
    times = {step.gate_time for step in steps if step.gate_time is not None and comparing.can_answer(step, gate)}
    if gate.counting is not None and gate.at == (GateTime.BAKE,) and gate.counting.max is None:
        yield Doubt(path=(*path, "at"), message="the gate is never asked: in the bake there is nothing to compare with",
                    remedy="Set max, the largest share of bad requests, or name step.")  # fmt: skip
    elif not times & set(gate.at):
        yield Doubt(path=(*path, "at"), message=f"the gate is never asked: a release of type {strategy} has no such time",
                    remedy=f"Name one of {', '.join(sorted(times))}.")  # fmt: skip


def _selection(gate: Threshold, path: Path) -> Iterator[Doubt]:
    parsed = query.parse(gate.query)
    if not parsed.variables & {"candidate", "candidate_pods"}:
        message = "the query does not name the candidate, so it asks both revisions together"
        yield Doubt(path=(*path, "query"), message=message, remedy='Put pod=~"$candidate_pods" into its selectors.')
    else:
        for selector in (node for node in walk(parsed.tree) if isinstance(node, Selector)):
            if not any("$candidate" in matcher.value or "$stable" in matcher.value for matcher in selector.matchers):
                part = selector.metric or render(selector)
                yield Doubt(path=(*path, "query"), part=part, message=f"{part} is asked of every pod, not of one revision",
                            remedy='Put pod=~"$candidate_pods" into this selector, too.')  # fmt: skip
    if "window" in gate.model_fields_set and query.WINDOW_VARIABLE not in parsed.variables:
        yield Doubt(path=(*path, "window"), message="has no effect: the query does not use $window",
                    remedy="Write [$window] in the query, or take window out.")  # fmt: skip


def _durations(spec: ReleaseSpec, ways: Mapping[StrategyType, tuple[PlannedStep, ...]]) -> Iterator[Doubt]:
    """A step that is shorter than what its gates look at is judged by what was before it."""
    said: set[Path] = set()
    for kind, number, step in ((kind, number, step) for kind, steps in ways.items() for number, step in enumerate(steps)):
        path = duration_of(taken(spec, kind), step, number)
        asked = [gate for gate in spec.gates if comparing.is_asked(gate, step)]
        if path is None or path in said or not asked:
            continue
        slowest = max(asked, key=_looks_at)
        if step.duration < _looks_at(slowest):
            said.add(path)
            given = format_duration(step.duration)
            yield Doubt(path=path, message=f"{given} is too short for gate {slowest.name}: {_why(slowest)}",
                        remedy=f"Make it at least {format_duration(_looks_at(slowest))}, or the gate faster.")  # fmt: skip


def _early(spec: ReleaseSpec) -> Iterator[Doubt]:
    used = spec.strategy.type in (StrategyType.CANARY, StrategyType.AUTO)
    # A template that is not known here may have a gate that certifies.
    if not used or any((gate.counting or gate.template) and GateTime.STEP in gate.at for gate in spec.gates):
        return
    for number, step in enumerate(spec.strategy.canary.steps):
        if step.early:
            yield Doubt(path=("spec", "strategy", "canary", "steps", number, "early"), message="has no effect: no gate certifies",
                        remedy="Add a gate of the form ratio or latency, or take early out.")  # fmt: skip
            return


def duration_of(spec: ReleaseSpec, step: PlannedStep, number: int) -> Path | None:
    """The field that says how long this step takes; None where there is none."""
    if step.name == "Preview":
        return ("spec", "strategy", "blueGreen", "previewDuration") if spec.strategy.type is StrategyType.BLUE_GREEN else None
    if step.name == "Bake":
        return ("spec", "rollback", "warm", "for")
    if step.name == "Shadow":
        return ("spec", "strategy", "shadow", "duration")
    if step.name == "Batch":
        return ("spec", "strategy", "rolling", "pause")
    before = 3 if spec.rollback.rehearse else 1  # The preview, and perhaps a rehearsal there and back.
    return ("spec", "strategy", "canary", "steps", number - before, "duration")


def _looks_at(gate: Gate) -> timedelta:
    threshold, counting = gate.threshold, gate.counting
    if counting is not None:  # the first window begins with the step, but for its place on the grid
        return counting.interval * (counting.windows + 1) + counting.delay
    if threshold is None:
        return timedelta()
    uses_window = query.WINDOW_VARIABLE in query.parse(threshold.query).variables
    return max(threshold.interval * threshold.failures, threshold.window if uses_window else timedelta())


def _why(gate: Gate) -> str:
    threshold, counting = gate.threshold, gate.counting
    if counting is not None:
        return (f"it needs {counting.windows} windows of {format_duration(counting.interval)}, read "
                f"{format_duration(counting.delay)} after their end")  # fmt: skip
    assert threshold is not None
    if _looks_at(gate) > threshold.interval * threshold.failures:
        return f"most of its window of {format_duration(threshold.window)} is older than the step"
    return f"it fails by {threshold.failures} answers, {format_duration(threshold.interval)} apart"


def _plan(spec: ReleaseSpec) -> Iterator[Doubt]:
    path: Path = ("spec", "rollback", "plan")
    if spec.rollback.plan is None:
        yield Doubt(path=path, message="there is no rollback plan", remedy="Say in one sentence how this goes back.")
    elif not is_one_sentence(spec.rollback.plan):
        yield Doubt(path=path, message="the rollback plan is more than one sentence",
                    remedy="Shorten it: a plan that is not one sentence is not ready.")  # fmt: skip


def _change(spec: ReleaseSpec) -> Iterator[Doubt]:
    """Declarations that contradict each other; the review takes the more dangerous one."""
    change, path = spec.change, ("spec", "change", "kind")
    if change is None:
        return
    if change.migrations and change.kind is not ChangeKind.DATA_MIGRATION:
        yield Doubt(path=path, message=f"{change.kind} with migrations: the risk is Critical, as for a DataMigration",
                    remedy="Write kind: DataMigration, or take the migrations out.")  # fmt: skip
    elif change.kind is ChangeKind.DATA_MIGRATION and not change.migrations:
        yield Doubt(path=path, message="DataMigration without a migration",
                    remedy="Name what is migrated in migrations, or write another kind.")  # fmt: skip
