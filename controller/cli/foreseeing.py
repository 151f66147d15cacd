"""`lint --cluster`: could the gates that compare see anything in the steps' time? Asked of the cluster that is meant.

Stable's pods are those that run there now. Their requests are asked of the gate's MetricSource: through the API server where its
address is a Service, with the user's own rights, else directly. Credentials of a MetricSource are in Secrets that users may not
read, so one that needs them is not asked. What cannot be known is said, and is no finding about the manifest. Reads only.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

from controller.api import names
from controller.cli.access import Access
from controller.cli.answers import may_not
from controller.cli.comparing import Checked
from controller.cli.doubts import duration_of
from controller.cli.findings import Finding, Severity
from controller.cli.manifests import Path
from controller.kube import paths
from controller.kube.errors import ApiError, Forbidden, NotFound
from controller.metrics.answers import read_series
from controller.metrics.source import PrometheusSource, SourceSettings
from controller.reconcile.counting import edges, questions
from controller.workloads.deployment import owned_by
from strategies.analysis import counters, query
from strategies.analysis.counters import Side, Sides
from strategies.analysis.feasibility import Traffic
from strategies.analysis.series import Series
from strategies.analysis.verdict import Unknown
from strategies.analysis.windows import Span
from strategies.rollout.foreseen import LONGEST, Blind, blind
from strategies.rollout.plan import taken
from strategies.spec.base import format_duration
from strategies.spec.gate import Counting, Gate
from strategies.spec.metric_source import MetricSourceSpec, allows
from strategies.spec.release import StrategyType

Object = dict[str, Any]
_OVER = timedelta(minutes=10)
"""For how long before now stable's requests are counted."""
_SERVICE = re.compile(r"([a-z0-9-]+)\.([a-z0-9-]+)(?:\.svc(?:\.[a-z0-9.-]+)?)?")
_PORTS = {"http": 80, "https": 443}


class _NotKnown(Exception):
    """Why nothing can be foreseen, in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stable:
    """What runs now: pods wanted, and names and hashes of the ReplicaSets."""

    replicas: int
    names: tuple[str, ...]
    hashes: tuple[str, ...]

    def side(self, asked: Counting) -> Side:
        """Its series."""
        if asked.hash_label is not None:
            return Side(label=asked.hash_label, pattern="|".join(map(re.escape, self.hashes)))
        return Side(label=asked.pod_label or "pod", pattern="|".join(map(query.pods_pattern, self.names)))


def foresee(access: Access, release: Checked) -> Iterator[Finding]:
    """Warnings about steps in which a gate would see nothing, and hints about what could not be looked at."""
    resource, kind = release.resource, release.spec.strategy.type
    # What Auto chooses is known at the start only; of what it can choose, a canary is what has steps.
    spec = taken(release.spec, StrategyType.CANARY if kind is StrategyType.AUTO else kind)
    comparing = [(number, gate, gate.counting) for number, gate in enumerate(spec.gates) if gate.counting is not None]
    if not comparing:
        return
    namespace = resource.namespace or access.namespace
    traffic: dict[str, Traffic] = {}
    try:
        stable = _stable(access, namespace, spec.workload_ref.name)
    except _NotKnown as why:
        yield _hint(release, ("spec", "gates"), str(why))
        return
    for number, gate, asked in comparing:
        try:
            question = _question(access, namespace, asked.source)
            traffic[gate.name] = _traffic(question, resource.name, gate, asked, stable)
        except _NotKnown as why:
            yield _hint(release, ("spec", "gates", number), str(why))
    for each in blind(spec, stable.replicas, traffic):
        path = duration_of(spec.strategy.type, each.step, each.number) or ("spec", "strategy")
        yield resource.finding(path, _said(each, traffic[each.gate.name]), _remedy(each), Severity.WARNING)


def _hint(release: Checked, path: Path, why: str) -> Finding:
    return release.resource.finding(path, f"not looked whether gates could see harm in time: {why}",
                                    "The gate says it while a release runs.", Severity.HINT)  # fmt: skip


def _said(found: Blind, traffic: Traffic) -> str:
    given, share = format_duration(found.step.duration), f"{traffic.bad * 100:.3g} %"
    when = "be found within a day" if found.duration is None else f"take {format_duration(found.duration)} to be found"
    not_ = "not " if found.duration is None else ""
    short = f"{given} at {found.step.weight} % is too short for gate {found.gate.name}"
    return (f"{short}: at stable's {traffic.rate:.3g} requests a second, {share} of them bad, a candidate that is "
            f"{found.times:.3g} times as bad would {not_}{when}")  # fmt: skip


def _remedy(found: Blind) -> str:
    ways = [f"make it {format_duration(found.duration)}"] if found.duration is not None and found.duration < LONGEST else []
    ways += [f"give the step {found.weight} %"] if found.weight is not None and found.weight > found.step.weight else []
    if not ways:
        return "No duration up to a day and no weight up to 50 % would do; count something that fails more often, or add a job."
    text = " or ".join(ways)
    return f"{text[0].upper()}{text[1:]}."


def _stable(access: Access, namespace: str, name: str) -> _Stable:
    deployment = _read(access, paths.DEPLOYMENTS.path(namespace, name), f"Deployment {name} in namespace {namespace}")
    try:
        sets, _ = access.client.list(paths.REPLICA_SETS.path(namespace))
    except Forbidden as error:
        raise _NotKnown(f"you may not {may_not(error)}") from error
    mine = [each for each in sets if owned_by(each, deployment["metadata"]["uid"]) and (each.get("spec") or {}).get("replicas")]
    if not mine:
        raise _NotKnown(f"Deployment {name} in namespace {namespace} has no pods")
    hashes = tuple(str((each["metadata"].get("labels") or {}).get(names.HASH)) for each in mine)
    wanted = int((deployment.get("spec") or {}).get("replicas", 1))
    return _Stable(replicas=wanted, names=tuple(each["metadata"]["name"] for each in mine), hashes=hashes)


def _read(access: Access, path: str, what: str) -> Object:
    try:
        return access.client.get(path)
    except NotFound:
        raise _NotKnown(f"{what} is not in {access.context}") from None
    except Forbidden as error:
        raise _NotKnown(f"you may not {may_not(error)}") from error


def _question(access: Access, namespace: str, name: str) -> "_Question":
    found = _read(access, paths.METRIC_SOURCES.path(None, name), f"MetricSource {name}")
    try:
        source = MetricSourceSpec.model_validate(found.get("spec") or {})
    except ValueError:
        raise _NotKnown(f"MetricSource {name} is of another version") from None
    if not allows(source.namespaces, namespace):
        raise _NotKnown(f"MetricSource {name} may not be used in namespace {namespace}")
    return _Question(access=access, name=name, source=source, namespace=namespace, at=datetime.now(UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What is asked for one gate: of which source, and for whom."""

    access: Access
    name: str
    source: MetricSourceSpec
    namespace: str
    at: datetime

    def ask(self, promql: str) -> tuple[Series, ...]:
        """The raw samples. Raises _NotKnown."""
        if self.source.authentication.model_fields_set or self.source.tls.model_fields_set:
            raise _NotKnown(f"MetricSource {self.name} wants credentials or certificates that are the controller's alone")
        parts = urlsplit(self.source.address)
        service = _SERVICE.fullmatch(parts.hostname or "")
        answer = self._directly(promql) if service is None else self._by_proxy(promql, parts, service)
        if isinstance(answer, Unknown):
            raise _NotKnown(f"MetricSource {self.name}: {answer.message}")
        return answer

    def _directly(self, promql: str) -> tuple[Series, ...] | Unknown:
        source = PrometheusSource(SourceSettings(url=self.source.address, deadline=self.source.timeout.total_seconds()))
        try:
            return source.series(promql, self.at)
        finally:
            source.close()

    def _by_proxy(self, promql: str, parts: SplitResult, service: re.Match[str]) -> tuple[Series, ...] | Unknown:
        port = parts.port or _PORTS[parts.scheme]
        proxied = f"{parts.scheme}:{service[1]}:{port}"
        path = f"{paths.SERVICES.path(service[2], proxied, 'proxy')}{parts.path.rstrip('/')}/api/v1/query"
        try:
            document = self.access.client.get(path, {"query": promql, "time": f"{self.at.timestamp():.3f}"})
        except NotFound:
            return self._directly(promql)  # two words may as well be a host elsewhere
        except Forbidden as error:
            raise _NotKnown(f"you may not {may_not(error)}, by which MetricSource {self.name} is asked") from error
        except ApiError as error:
            raise _NotKnown(f"MetricSource {self.name} could not be asked through the API server: {error}") from error
        data = document.get("data") or {}
        return read_series(data.get("resultType"), data.get("result"), document)


def _traffic(question: _Question, release: str, gate: Gate, asked: Counting, stable: _Stable) -> Traffic:
    """Counted as the gate itself counts, in one window. Raises _NotKnown."""
    span = Span(start=question.at - _OVER, end=question.at - asked.delay)
    mine = Sides(candidate=stable.side(asked), stable=None)
    texts = questions(gate, (question.namespace, release), question.source.labels, _OVER + asked.delay, mine)
    answers = [question.ask(text) for text in texts]
    (window,) = counters.windows([span], answers, edges(gate, mine), mine)
    if isinstance(window, Unknown):
        raise _NotKnown(f"MetricSource {question.name}: {window.message.replace('the candidate: ', '')}")
    if not window.candidate.total:
        raise _NotKnown(f"MetricSource {question.name} has seen no requests of stable in the last {format_duration(_OVER)}")
    return Traffic.seen(window.candidate, _seconds(span, answers))


def _seconds(span: Span, answers: Iterable[tuple[Series, ...]]) -> float:
    """How much of the span was counted: the series of young pods begin within it."""
    every = [one for each in answers for one in each]
    first = min([one.samples[0][0] for one in every if one.samples] + [one.histograms[0].at for one in every if one.native])
    return max(1.0, span.end.timestamp() - max(span.start.timestamp(), first))
