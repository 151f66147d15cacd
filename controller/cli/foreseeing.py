"""`lint --cluster` and `review`: could the gates that compare see anything in the steps' time? Asked of the cluster meant.

Stable's pods are those that run there now. Their requests are asked of the gate's MetricSource: through the API server where its
address is a Service, with the user's own rights, else directly. Credentials of a MetricSource are in Secrets that users may not
read, so one that needs them is not asked. What cannot be known is said, and is no finding about the manifest. Reads only.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import SplitResult, urlsplit

from controller.api import names
from controller.cli.access import Access
from controller.cli.answers import may_not
from controller.cli.comparing import Checked, template_of
from controller.cli.doubts import duration_of
from controller.cli.findings import Finding, Severity
from controller.cli.manifests import Path
from controller.kube import paths
from controller.kube.errors import ApiError, Forbidden, NotFound
from controller.metrics.answers import read_series
from controller.metrics.source import PrometheusSource, SourceSettings
from controller.reconcile.foreseeing import Look
from controller.workloads.deployment import owned_by
from strategies.analysis import query
from strategies.analysis.counters import Side
from strategies.analysis.feasibility import Traffic
from strategies.analysis.series import Series
from strategies.analysis.verdict import Unknown
from strategies.rollout.foreseen import blind, compares, informed, remedy, said
from strategies.rollout.plan import taken
from strategies.spec.gate import Counting, Gate
from strategies.spec.metric_source import MetricSourceSpec, allows
from strategies.spec.release import ReleaseSpec, StrategyType
from strategies.spec.review import LONGEST, Review
from strategies.spec.templating import fill

Object = dict[str, Any]
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
    comparing = [(number, gate) for number, gate in enumerate(spec.gates) if gate.counting is not None]
    if not comparing:
        return
    try:
        replicas, seen = _seen(access, resource.namespace or access.namespace, resource.name, spec)
    except _NotKnown as why:
        yield _hint(release, ("spec", "gates"), str(why))
        return
    for number, gate in comparing:
        if isinstance(found := seen[gate.name], Unknown):
            yield _hint(release, ("spec", "gates", number), found.message)
    traffic = {name: found for name, found in seen.items() if isinstance(found, Traffic)}
    for each in blind(spec, replicas, traffic):
        path = duration_of(spec, each.step, each.number) or ("spec", "strategy")
        yield resource.finding(path, said(each, traffic[each.gate.name]), remedy(each), Severity.WARNING)


def foreseen(access: Access, name: str, spec: ReleaseSpec, review: Review) -> Review:
    """With what there is to say of the gates that compare, of a Release of this name in the namespace; `spec` as it goes out."""
    spec, _ = fill(spec, partial(template_of, access, access.namespace))
    if not compares(spec):
        return review
    try:
        return informed(review, spec, *_seen(access, access.namespace, name, spec))
    except _NotKnown as why:
        return review.model_copy(update={"foreseen": (f"What the gates could see is not known: {why}."[:LONGEST],)})


def _seen(access: Access, namespace: str, name: str, spec: ReleaseSpec) -> tuple[int, dict[str, Traffic | Unknown]]:
    """The pods of the Deployment, and by gate its requests. Raises _NotKnown where there is nothing to look at."""
    stable = _stable(access, namespace, spec.workload_ref.name)
    found: dict[str, Traffic | Unknown] = {}
    for gate, asked in ((gate, gate.counting) for gate in spec.gates if gate.counting is not None):
        assert asked is not None
        try:
            found[gate.name] = _traffic(_question(access, namespace, asked.source), name, gate, asked, stable)
        except _NotKnown as why:
            found[gate.name] = Unknown(reason="NotKnown", message=str(why))
    return stable.replicas, found


def _hint(release: Checked, path: Path, why: str) -> Finding:
    return release.resource.finding(path, f"not looked whether gates could see harm in time: {why}",
                                    "The gate says it while a release runs.", Severity.HINT)  # fmt: skip


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
    looked = Look(gate=gate, side=stable.side(asked), at=question.at)
    texts = looked.questions((question.namespace, release), question.source.labels)
    found = looked.traffic([question.ask(text) for text in texts])
    if isinstance(found, Unknown):
        raise _NotKnown(f"MetricSource {question.name}: {found.message}")
    return found
