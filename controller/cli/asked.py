"""What gates that compare have asked, what came back, where the evidence stands, and what would change the verdict.

From the spec and the status alone; no source is asked. The rules are in strategies.rollout.comparing.
"""

import math
from collections.abc import Iterator
from datetime import datetime

from controller.cli.view import age
from strategies.rollout import comparing
from strategies.rollout.comparing import LIMIT, SIGN
from strategies.spec.base import format_duration
from strategies.spec.gate import Counting, Gate
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Checkpoint, Evidence, Status

_BAR = 20


def asked(spec: ReleaseSpec, status: Status, now: datetime) -> Iterator[tuple[str, str, str]]:
    """For each gate that compares in this step: lines of its name, a heading and a sentence."""
    known = {evidence.name: evidence for evidence in status.trial.gates} if status.trial else {}
    for gate in spec.gates:
        evidence = known.get(gate.name)
        if gate.counting is None or evidence is None:
            continue
        yield gate.name, "asked", _question(gate, gate.counting)
        yield gate.name, "of", _sides(gate.counting, status)
        if evidence.test is not None and evidence.test.windows:
            yield from ((gate.name, *line) for line in _found(spec, gate, evidence, evidence.test, now))
        yield gate.name, "changes", _changes(spec, gate, evidence)


def _question(gate: Gate, counting: Counting) -> str:
    if gate.ratio is not None:
        what = f"bad {gate.ratio.bad}, all {gate.ratio.total}"
    else:
        assert gate.latency is not None
        what = f"{gate.latency.histogram}, bad above {gate.latency.threshold:g}"
    return (f"MetricSource {counting.source}: {what}; windows of {format_duration(counting.interval)}, read "
            f"{format_duration(counting.delay)} after their end")  # fmt: skip


def _sides(counting: Counting, status: Status) -> str:
    assert status.trial is not None
    label = counting.hash_label or counting.pod_label or "pod"
    revisions = [status.trial.candidate, *([] if status.trial.step.name == "Bake" or not status.stable else [status.stable])]
    return " against ".join(r.hash if counting.hash_label else f"{r.replica_set}-…" for r in revisions) + f", by label {label}"


def _found(spec: ReleaseSpec, gate: Gate, evidence: Evidence, test: Checkpoint, now: datetime) -> Iterator[tuple[str, str]]:
    stands = comparing.standing(spec, gate, test)
    last = f", the last {age(evidence.at, now)} ago" if evidence.at else ""
    yield "counted", f"{test.windows} windows with requests, {test.fresh} of this step{last}: {stands.seen}"
    yield "against", f"{_bar(stands.against, stands.fails_at)} {_number(stands.against)} of {stands.fails_at:,.0f}"
    yield "for", f"{_bar(stands.sure, stands.certifies_at)} {_number(stands.sure)} of {stands.certifies_at:,.0f}"


def _changes(spec: ReleaseSpec, gate: Gate, evidence: Evidence) -> str:
    counting, test = gate.counting, evidence.test
    assert counting is not None
    if test is not None and test.failed_at:
        return "nothing: it has failed for good; `releasectl retry` begins anew"
    if test is None or not test.windows:
        return "windows with requests on all sides"
    stands = comparing.standing(spec, gate, test)
    sure = "below the limit" if test.form == LIMIT else f"less than {comparing.not_much_worse(counting):g} times as bad"
    return (f"Fail at {stands.fails_at:,.0f} against; Pass after {counting.windows} windows of the step while below {SIGN:g}; "
            f"certified ({sure}) at {stands.certifies_at:g} for")  # fmt: skip


def _bar(now: float, needed: float) -> str:
    """How near the evidence is, in orders of magnitude."""
    filled = round(_BAR * min(1.0, max(0.0, math.log(max(now, 1e-9)) / math.log(needed))))
    return "█" * filled + "░" * (_BAR - filled)


def _number(value: float) -> str:
    return f"{value:,.{0 if value >= SIGN else 2}f}"
