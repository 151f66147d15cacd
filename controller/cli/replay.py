"""`releasectl gate replay`: what a gate would have said, window by window, of data that a Prometheus has.

The gate is read from a manifest, the questions and the verdicts are the controller's own. No cluster is asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from controller.cli import lint, printing
from controller.cli.answers import Exit, Problem
from controller.cli.findings import Resource
from controller.cli.judging import KINDS, judge
from controller.cli.manifests import Fault, read
from controller.cli.past import MOST, Past, count
from controller.metrics.source import PrometheusSource, SourceSettings
from strategies.analysis.query import QueryError
from strategies.analysis.verdict import Verdict
from strategies.rollout import replay
from strategies.spec.base import parse_duration
from strategies.spec.gate import Gate, TemplateRef
from strategies.spec.gate_template import GateTemplateSpec
from strategies.spec.metric_source import MetricSourceSpec
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Evidence
from strategies.spec.templating import fill

Object = dict[str, Any]
_EXIT = {Verdict.PASS: Exit.OK, Verdict.FAIL: Exit.FAILED, Verdict.INCONCLUSIVE: Exit.IN_PROGRESS}


class _Moment(click.ParamType):  # type: ignore[type-arg]
    name = "time"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> datetime:
        """A time with its zone, or how long ago."""
        if isinstance(value, datetime):
            return value
        try:
            ago: timedelta = parse_duration(value)
            return datetime.now(UTC) - ago
        except ValueError:
            pass
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write 2026-11-29T10:00:00Z, or how long ago: 2h", parameter, context)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


@click.group()
def gate() -> None:
    """Try gates."""


@gate.command(name="replay")
@click.argument("file", metavar="FILE")
@click.option("--gate", "name", required=True, metavar="NAME", help="The gate; its form is threshold, ratio or latency.")
@click.option("--candidate", required=True, metavar="HASH", help="The pods' label pod-template-hash that counts as candidate.")
@click.option("--stable", metavar="HASH", help="The same for stable; needed where both are compared.")
@click.option("--from", "start", required=True, type=_Moment(), help="When the step begins: a time, or how long ago.")
@click.option("--to", "end", default="0s", type=_Moment(), help="Until when; now by default.")
@click.option("--step", type=int, help="Number of the step, from 0; by default the first that asks the gate.")
@click.option("--replicas", default=10, show_default=True, type=click.IntRange(1, 100_000), help="Pods of the Deployment.")
@click.option("--prometheus", metavar="URL", help="Where to ask; by default the gate's MetricSource, if it is in FILE.")
@click.option("--token-file", type=click.Path(path_type=Path), help="Bearer token to send.")
@click.option("-n", "--namespace", metavar="NAME", help="Namespace; the Release's by default.")
@printing.output_option("json")
def replay_command(file: str, output: str | None, **options: Any) -> int:
    """Say what a gate of the Release in FILE would have said of past data, window by window.

    Everything is as the controller would do it, had a step begun at --from. The replay ends where the gate fails, for then the
    release is taken back. Exit codes: 0 it passes at the end, 1 it fails, 3 it cannot tell.
    """
    asked = _Asked(**options)
    found = _release(file, asked.name)
    number = _number(found, asked)
    if asked.end <= asked.start or count(found.gate, asked.start, asked.end) > MOST:
        raise Problem(f"Between --from and --to there must be some time, and at most {MOST} intervals of the gate.", Exit.USAGE)
    if found.gate.counting is not None and asked.stable is None and found.steps(asked.replicas)[number].name != "Bake":
        raise Problem("This gate compares: name the revision to compare with by --stable.", Exit.USAGE)
    told = list(_told(found, number, asked))
    if not told:
        raise Problem("The time between --from and --to is shorter than the gate's first answer takes.", Exit.USAGE)
    if output:
        printing.document(_document(found, number, told), output)
    else:
        _print(found, number, told)
    return _EXIT[told[-1][1].verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The options."""

    name: str
    candidate: str
    stable: str | None
    start: datetime
    end: datetime
    step: int | None
    replicas: int
    prometheus: str | None
    token_file: Path | None
    namespace: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The gate of a manifest, its templates filled; `sources` are the MetricSources beside it."""

    name: str
    namespace: str
    spec: ReleaseSpec
    gate: Gate
    sources: dict[str, MetricSourceSpec]

    def steps(self, replicas: int) -> dict[int, Any]:
        """Those that ask the gate."""
        return replay.steps(self.spec, self.gate, replicas)


def _release(file: str, name: str) -> _Found:
    specs = [(resource, judge(resource)[0]) for resource in _resources(file)]
    releases = [(r, s) for r, s in specs if isinstance(s, ReleaseSpec) and any(g.name == name for g in s.gates)]
    if len(releases) != 1:
        many = f"{len(releases) or 'no'} valid Releases"
        raise Problem(f"{file} has {many} with a gate {name}; `releasectl lint {file}` says what is wrong.", Exit.USAGE)
    resource, spec = releases[0]
    templates = {(r.kind, r.name): s for r, s in specs if isinstance(s, GateTemplateSpec)}

    def find(named: TemplateRef) -> GateTemplateSpec | str:
        return templates.get((named.kind, named.name)) or f"{named} is not in {file}; put it there, too"

    filled, problems = fill(spec, find)
    if name in problems:
        raise Problem(f"Gate {name}: {problems[name]}", Exit.USAGE)
    gate_ = next(g for g in filled.gates if g.name == name)
    if gate_.source is None:
        raise Problem(f"Gate {name} is of the form {gate_.form}, which asks no metrics: there is nothing to replay.", Exit.USAGE)
    sources = {r.name: s for r, s in specs if isinstance(s, MetricSourceSpec)}
    return _Found(name=resource.name, namespace=resource.namespace or "default", spec=filled, gate=gate_, sources=sources)


def _resources(file: str) -> Iterator[Resource]:
    for source in lint.sources_of(file, recursive=False):
        for part in read(source.text):
            if isinstance(part, Fault):
                raise Problem(f"{file}:{part.place.line}: {part.message}", Exit.USAGE)
            yield from (each for each in lint.objects_of(source, part, []) if lint.is_ours(each) and each.kind in KINDS)


def _where(found: _Found, asked: _Asked) -> tuple[PrometheusSource, dict[str, str]]:
    known = found.sources.get(found.gate.source or "")
    url = asked.prometheus or (known.address if known else None)
    if url is None:
        raise Problem(f"MetricSource {found.gate.source} is not in the file; say with --prometheus URL where to ask.", Exit.USAGE)
    token = asked.token_file
    if token is not None and not token.is_file():
        raise Problem(f"{token} cannot be read; name a file with the token.", Exit.USAGE)
    try:
        return PrometheusSource(SourceSettings(url=url, token_file=token, deadline=30.0)), known.labels if known else {}
    except ValueError as error:
        raise Problem(f"{url}: {error}.", Exit.USAGE) from error


def _number(found: _Found, asked: _Asked) -> int:
    asking = found.steps(asked.replicas)
    if asked.step is None and asking:
        return min(asking)
    if asked.step is not None and asked.step in asking:
        return asked.step
    there = ", ".join(map(str, asking)) or "(none)"
    raise Problem(f"Gate {found.gate.name} is asked at the steps {there} of this Release.", Exit.USAGE)


def _told(found: _Found, number: int, asked: _Asked) -> Iterator[tuple[datetime, Evidence]]:
    turn = replay.began(found.spec, asked.candidate, asked.stable, number, asked.replicas, asked.start)
    source, labels = _where(found, asked)
    past = Past(source=source, namespace=asked.namespace or found.namespace, release=found.name, labels=labels,
                status=turn.status)  # fmt: skip
    moments: list[datetime] = []

    def answers() -> Iterator[replay.Answer]:
        for at, answer in past.answers(found.gate, asked.start, asked.end):
            moments.append(at)
            yield at, answer

    try:
        for evidence in replay.replayed(turn, found.gate, answers()):
            yield moments[-1], evidence
    except QueryError as error:
        raise Problem(f"The gate's query cannot be asked: {error}.", Exit.USAGE) from error


def _summary(told: list[tuple[datetime, Evidence]]) -> str:
    first, (last, evidence) = told[0][0], told[-1]
    took = f"{len(told)} answers, {timedelta(seconds=int((last - first).total_seconds()))}"
    if evidence.verdict is Verdict.FAIL:
        return f"It would have taken the release back at {_time(last)}, after {took}."
    word = "pass at the end" if evidence.verdict is Verdict.PASS else "not be able to tell at the end"
    changes = sum(a[1].verdict is not b[1].verdict for a, b in pairwise(told))
    return f"It would {word}, after {took}; its verdict changed {changes} times."


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _print(found: _Found, number: int, told: list[tuple[datetime, Evidence]]) -> None:
    rows = [[_time(at), str(e.verdict), "" if e.value is None else f"{e.value:.6g}", e.message] for at, e in told]
    printing.show(printing.table(["TIME", "VERDICT", "VALUE", "MESSAGE"], rows))
    printing.note(f"Gate {found.gate.name} at step {number}. {_summary(told)}")


def _document(found: _Found, number: int, told: list[tuple[datetime, Evidence]]) -> Object:
    return {
        "gate": found.gate.name,
        "form": found.gate.form,
        "step": number,
        "verdict": str(told[-1][1].verdict),
        "summary": _summary(told),
        "windows": [{"time": _time(at), "verdict": str(e.verdict), "value": e.value, "message": e.message} for at, e in told],
    }
