"""The way forward and the way back in numbered steps: each step of the real plan with what it is verified by.

Nothing is planned here; the steps are those that the controller carries out.
"""

import re
from collections.abc import Iterator
from itertools import groupby

from strategies.review.consequences import migrations, warm_for
from strategies.review.subject import Case, Subject
from strategies.rollout import comparing
from strategies.rollout.plan import RETURN, WAY_BACK, PlannedStep
from strategies.spec.base import format_duration
from strategies.spec.release import ReleaseSpec, StrategyType
from strategies.spec.review import State
from strategies.spec.status import Kind, Outcome

_ANOTHER_SENTENCE = re.compile(r"[.!?]\s+\w|\n\s*\n")
_WENT_BACK = frozenset({Outcome.REJECTED, Outcome.ABORTED, Outcome.SUPERSEDED, Outcome.REVERTED})

PLANNED = "It is rehearsed before the first step, or the release goes back"


def is_one_sentence(plan: str) -> bool:
    """The rule of the rollback plan: what is not one sentence is not ready."""
    return bool(plan.strip()) and not _ANOTHER_SENTENCE.search(plan.strip())


def rehearsal(case: Case) -> tuple[State, str]:
    """Whether the way back is known to work, with the evidence. A canary rehearses it itself; where users go all at once, or pods
    are exchanged, nothing small could go there and back: a former trial that did is what there is.
    """
    if case.strategy is StrategyType.CANARY:
        if any(step.rehearses for step in case.steps):
            return State.PENDING, PLANNED
        return State.MISSING, "It is not rehearsed: say spec.rollback.rehearse: true"
    if case.subject.history is None:
        return State.UNKNOWN, "Whether the way back was ever gone is not known here"
    for past in reversed(case.subject.history):
        if past.outcome in _WENT_BACK or (past.kind is Kind.ROLLBACK and past.outcome is Outcome.COMPLETED):
            went = f"revision {past.revision.hash} went back at {past.ended:%Y-%m-%d %H:%M} UTC ({past.outcome})"
            return State.DONE, f"Rehearsed: {went}"
    return State.MISSING, "None of this Release's former trials went back, so it is not rehearsed"


def release_plan(case: Case) -> tuple[str, ...]:
    """Each step, with what must be true before the next one; batches that are alike together."""
    spec = case.subject.spec
    lines = []
    on = _flags_on(case)
    for verified, group in groupby(case.steps, key=lambda step: (step.name, _verified(spec, step), on.get(step, ""))):
        steps = list(group)
        told = [f"{_step(case.subject, step)}{on.get(step, '')}. Verified by: {verified[1]}." for step in steps]
        lines += told if len(steps) <= 4 else [told[0], f"{len(steps) - 2} more steps like this one.", told[-1]]
    return tuple(lines)


def _flags_on(case: Case) -> dict[PlannedStep, str]:
    """Which flags go on with which step."""
    on: dict[PlannedStep, str] = {}
    for flag in case.subject.spec.flags:
        step = next(step for step in case.steps if step.flags_at >= flag.weight)
        on[step] = f"{on.get(step, '')}; then the {flag.place} is {flag.on_promotion}"
    return on


def rollback_plan(case: Case) -> tuple[str, ...]:
    """What is done to go back, by us and by people."""
    return tuple(_back(case))


def _step(subject: Subject, step: PlannedStep) -> str:
    pods = f"{step.candidate} pod{'' if step.candidate == 1 else 's'}"
    least = f", for at least {format_duration(step.duration)}" if step.duration else ""
    if step.name == "Preview":
        return f"The candidate starts with {pods} and gets no traffic{least}"
    if step.rehearses:
        there = f"As a rehearsal, {step.weight}% of the traffic goes to the candidate on {pods}{least}"
        return there if step.weight else "That share goes back to the old version, and how long this takes is recorded"
    if step.mirror:
        return f"The candidate gets a copy of {step.mirror}% of the requests on {pods}, and no user gets its answers{least}"
    if step.name == "Bake":
        return f"The candidate has 100% of the traffic on {pods}, the old version stays warm{least}"
    if step.exchange:
        return f"{step.candidate} of {subject.replicas} pods are exchanged ({step.weight}% of the traffic){least}"
    return f"The candidate has {step.weight}% of the traffic on {pods}, the old version keeps its {subject.replicas}{least}"


def _verified(spec: ReleaseSpec, step: PlannedStep) -> str:
    gates = [gate.name for gate in spec.gates if comparing.is_asked(gate, step)]
    if step.name == RETURN:
        return f"the traffic is back within {format_duration(WAY_BACK)}, or the release goes back"
    by = [f"pods ready within {format_duration(spec.progress_deadline)}"]
    if gates:
        by.append(f"gate{'' if len(gates) == 1 else 's'} {', '.join(gates)}")
    if step.approval:
        by.append("a person's approval")
    return ", ".join(by)


def _back(case: Case) -> Iterator[str]:
    subject = case.subject
    spec, route = subject.spec, subject.spec.traffic.route
    for flag in spec.flags:
        yield f"Before anything else the {flag.place} becomes {flag.on_rollback}, if this release has put it {flag.on_promotion}."
    if case.change and case.change.flags:
        yield f"Switch flag {', '.join(case.change.flags)} off; that is done by people."
    alert = " or an alert of spec.rollback.onAlerts" if spec.rollback.on_alerts else ""
    yield f"A gate that fails{alert} takes the release back by itself; a person does with `releasectl abort {subject.name}`."
    undo = [m.name for m in migrations(subject) if m.reversible and not m.backward_compatible]
    if undo:
        yield f"Undo migration {', '.join(undo)}; that is done by people."
    if case.strategy is StrategyType.ROLLING:
        yield "Pods of the old version start again, in batches within the Deployment's maxSurge and maxUnavailable."
    elif route is not None:
        mirror = "mirrors no more requests, and " if any(step.mirror for step in case.steps) else ""
        yield f"{route} {mirror}sends all traffic to the old version, which is at full size."
    else:
        yield "The Services select the old version's pods alone, which are at full size."
    drained = f"After {format_duration(spec.traffic.drain)} the" if spec.traffic.drain else "The"
    held = "; the old template is written back" if spec.rollback.revert_template else "; its template stays held"
    yield f"{drained} candidate's pods go{held}."
    if lost := [m.name for m in migrations(subject) if not m.reversible]:
        yield f"Migration {', '.join(lost)} stays: it cannot be undone."
    bake = warm_for(case.steps)
    later = f"Later than {format_duration(bake)} after promotion" if bake else "After promotion"
    yield f"{later}: `releasectl rollback {subject.name}` starts the old version's pods again, and moves the traffic back."
