"""For each gate of this step: what was asked, what came back, where the evidence stands, and what would change the verdict.

From the spec and the status alone; no source is asked. The rules are in strategies.rollout.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime

from controller.cli.view import age
from strategies.analysis.verdict import Verdict
from strategies.rollout import comparing, jobs
from strategies.rollout.comparing import LIMIT, SIGN
from strategies.spec.base import format_duration
from strategies.spec.contract import LiveContract
from strategies.spec.gate import Counting, Gate, Threshold
from strategies.spec.job import Job, OnTimeout
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Checkpoint, Evidence, Status
from strategies.spec.webhook import Webhook

About = tuple[str, str, str]
"""A gate, a heading, and a sentence."""
_BAR = 20
_LONGEST = 160
"""Characters of a query that are shown."""
_LEVELS = "▁▂▃▄▅▆▇█"
_FINAL = "nothing in this step: its answer is final"
_AGAIN = "nothing: it has failed for good; `releasectl retry` begins anew"


def asked(spec: ReleaseSpec, status: Status, now: datetime) -> Iterator[About]:
    """Lines of a gate's name, a heading and a sentence."""
    known = {evidence.name: evidence for evidence in status.trial.gates} if status.trial else {}
    for gate in spec.gates:
        evidence = known.get(gate.name)
        if evidence is not None and gate.template is None:
            yield from ((gate.name, *line) for line in _lines(spec, status, gate, evidence, now))


def _lines(spec: ReleaseSpec, status: Status, gate: Gate, evidence: Evidence, now: datetime) -> Iterator[tuple[str, str]]:
    if gate.counting is not None:
        yield "asked", _question(gate, gate.counting)
        yield "of", _sides(gate.counting, status)
        if evidence.test is not None and evidence.test.windows:
            yield from _found(spec, gate, evidence, evidence.test, now)
        yield "changes", _changes(spec, gate, evidence)
    elif gate.threshold is not None:
        yield from _threshold(gate.threshold, evidence, now)
    elif gate.job is not None:
        yield from _job(gate, gate.job, status, evidence)
    elif gate.webhook is not None:
        yield from _webhook(gate.webhook, evidence, now)
    elif gate.contract is not None:
        yield from _contract(gate.contract, status, evidence, now)


# --- thresholds


def _threshold(gate: Threshold, evidence: Evidence, now: datetime) -> Iterator[tuple[str, str]]:
    text = " ".join(gate.query.split())
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    yield "asked", f"MetricSource {gate.source}, every {format_duration(gate.interval)}: {text}"
    limits = " and ".join(f"{name} {limit:g}" for name, limit in (("min", gate.min), ("max", gate.max)) if limit is not None)
    if evidence.value is None:
        yield "answered", f"no number yet; {limits}"
    else:
        seen = f", {age(evidence.at, now)} ago" if evidence.at else ""
        yield "answered", f"{evidence.value:g}{seen}; {limits}"
    if len(evidence.recent) > 1:
        yield "before", f"{chart(evidence.recent)} from {min(evidence.recent):g} to {max(evidence.recent):g}, oldest first"
    if evidence.verdict is Verdict.FAIL:
        yield "changes", _AGAIN
    else:
        more = gate.failures - evidence.failures
        yield "changes", f"Fail after {more} more bad value{'' if more == 1 else 's'} in a row; Pass with a good one of this step"


# --- Jobs, webhooks and contracts


def _job(gate: Gate, job: Job, status: Status, evidence: Evidence) -> Iterator[tuple[str, str]]:
    assert status.trial is not None
    name = jobs.name_of(gate.name, status.trial)
    yield "asked", f"Job {name}, {format_duration(job.timeout)} at most, {job.retries} retries: `kubectl logs job/{name}`"
    if evidence.key:
        yield "ran", f"as uid {evidence.key}, once for this revision and step"
    late = "goes back" if job.on_timeout is OnTimeout.FAIL else "waits for a person"
    ends = f"its end: exit 0 is Pass, another one Fail; when the time is over the release {late}"
    yield "changes", _settled(evidence) or ends


def _webhook(webhook: Webhook, evidence: Evidence, now: datetime) -> Iterator[tuple[str, str]]:
    key = evidence.key or "of the step"
    yield "asked", f"POST {webhook.url}, {format_duration(webhook.timeout)} at most, under the key {key}"
    if evidence.at is not None:
        yield "answered", f"{age(evidence.at, now)} ago"
    again = f"the answer pass or fail; after `wait` it is asked again in {format_duration(webhook.interval)}"
    yield "changes", _settled(evidence) or again


def _contract(contract: LiveContract, status: Status, evidence: Evidence, now: datetime) -> Iterator[tuple[str, str]]:
    assert status.trial is not None
    sides = " against ".join(r.replica_set for r in (status.trial.candidate, status.stable) if r)
    port = f"port {contract.port}" if contract.port else "the first port"
    yield "asked", f"GET {contract.path} at {port} of a pod of {sides}, compared by oasdiff"
    if evidence.at is not None:
        yield "answered", f"{age(evidence.at, now)} ago"
    yield "changes", _settled(evidence) or "both documents: what breaks is Fail, unless it is accepted or the version says so"


def _settled(evidence: Evidence) -> str:
    if evidence.verdict is Verdict.INCONCLUSIVE:
        return ""
    return _FINAL if evidence.verdict is Verdict.PASS else _AGAIN


# --- gates that compare


def _question(gate: Gate, counting: Counting) -> str:
    if gate.ratio is not None:
        what = f"bad {gate.ratio.bad}, all {gate.ratio.total}"
    else:
        assert gate.latency is not None
        what = f"{gate.latency.histogram}, bad above {gate.latency.threshold:g}"
        if gate.latency.edges:
            what += f", and compared above {', '.join(f'{edge:g}' for edge in sorted(gate.latency.edges))} as well"
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
    if len(evidence.recent) > 1:
        logs = [math.log(max(value, 1e-3)) for value in evidence.recent]
        drawn = chart(logs, low=0.0, high=math.log(stands.fails_at))
        yield "before", f"{drawn} the evidence against after each of the last {len(logs)} windows; █ is where it fails"


def _changes(spec: ReleaseSpec, gate: Gate, evidence: Evidence) -> str:
    counting, test = gate.counting, evidence.test
    assert counting is not None
    if test is not None and test.failed_at:
        return _AGAIN
    if test is None or not test.windows:
        return "windows with requests on all sides"
    stands = comparing.standing(spec, gate, test)
    sure = "below the limit" if test.form == LIMIT else f"less than {comparing.not_much_worse(counting):g} times as bad"
    return (f"Fail at {stands.fails_at:,.0f} against; Pass after {counting.windows} windows of the step while below {SIGN:g}; "
            f"certified ({sure}) at {stands.certifies_at:g} for")  # fmt: skip


# --- drawing


def chart(values: Sequence[float], low: float | None = None, high: float | None = None) -> str:
    """One character for each value, between the bounds (by default the least and the greatest)."""
    least, most = min(values) if low is None else low, max(values) if high is None else high
    width = (most - least) or 1.0
    return "".join(_LEVELS[min(7, max(0, round((value - least) / width * 7)))] for value in values)


def _bar(now: float, needed: float) -> str:
    """How near the evidence is, in orders of magnitude."""
    filled = round(_BAR * min(1.0, max(0.0, math.log(max(now, 1e-9)) / math.log(needed))))
    return "█" * filled + "░" * (_BAR - filled)


def _number(value: float) -> str:
    return f"{value:,.{0 if value >= SIGN else 2}f}"
