"""Asking the gates' questions: which MetricSource, which query, at which moments; the answers come back later.

Moments lie on a grid of the gate's interval, so that Releases with the same query share the answer and a question can be asked
again after a crash. A source's credentials are read from Secrets in the controller's own namespace and nowhere else.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from controller.kube.errors import ApiError
from controller.metrics.pool import Queries
from controller.metrics.source import PrometheusSource, SourceSettings
from controller.metrics.transport import TLS
from controller.reconcile import counting
from controller.reconcile.calling import Caller
from controller.reconcile.cluster import Cluster, Key
from controller.reconcile.contracting import Comparer
from controller.reconcile.credentials import SECRETS_MISSED, SECRETS_TRUSTED, Secrets
from controller.reconcile.foreseeing import Look
from controller.reconcile.memory import Asking, Memory
from controller.reconcile.running import DryRuns
from strategies.analysis import query
from strategies.analysis.series import Series
from strategies.analysis.verdict import Sample, Unknown
from strategies.rollout.foreseen import compares
from strategies.rollout.migrations import carried_out
from strategies.spec.gate import Counting, Gate, Threshold
from strategies.spec.metric_source import MetricSourceSpec, allows, forced
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Status
from strategies.spec.webhook import Allowed

Object = dict[str, Any]
_NOT_HERE = ("No Job is run in the controller's own namespace, where it could have the controller's ServiceAccount; move the "
             "workload into a namespace of its own.")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """What came of a MetricSource at a resourceVersion: a source, or why there is none."""

    spec: MetricSourceSpec
    source: PrometheusSource | str
    version: str
    made: float


class Asker:
    """Asks gates' questions for all Releases."""

    def __init__(
        self, cluster: Cluster, queries: Queries, namespace: str, wake: Callable[[Key], None], webhooks: tuple[Allowed, ...] = ()
    ) -> None:
        """`namespace` is the controller's own; `webhooks` are those that may be asked."""
        self._cluster, self._queries, self._namespace, self._wake = cluster, queries, namespace, wake
        self._secrets = Secrets(cluster, namespace)
        self._caller = Caller(cluster, queries, self._secrets, wake, webhooks)
        self.comparer = Comparer(cluster, queries, wake)
        self._dry_runs = DryRuns(cluster)
        self._clock = cluster.clock
        self._lock = threading.Lock()
        self._sources: dict[str, _Source] = {}

    def problems(self, spec: ReleaseSpec, namespace: str, *, starting: bool = True) -> dict[str, str]:
        """Gates that cannot be asked at all, with the remedy, by name; looked at before a release starts (`starting`), and while
        it goes on.
        """
        found = {}
        for gate in spec.gates:
            if starting and (unmade := self._dry_runs.problem(gate, namespace)):
                found[gate.name] = unmade
            if gate.job is not None and namespace == self._namespace:
                found[gate.name] = _NOT_HERE
            if gate.webhook is not None and (refused := self._caller.problem(gate.webhook, namespace)):
                found[gate.name] = refused
            if gate.contract is not None and starting and (lacking := self.comparer.problem()):
                found[gate.name] = lacking
            if gate.source is None:
                continue
            source = self._spec(gate.source, self._cluster.sources.get("", gate.source))
            if isinstance(source, str):
                found[gate.name] = source
            elif not allows(source.namespaces, namespace):
                found[gate.name] = (f"MetricSource {gate.source} may not be used in namespace {namespace}; "
                                    "ask whoever runs it to add the namespace to its spec.namespaces.")  # fmt: skip
            elif isinstance(usable := self._source(gate.source), str):
                found[gate.name] = usable
        return found

    def migration_problems(self, spec: ReleaseSpec, namespace: str) -> dict[str, str]:
        """Migrations that cannot be run at all, with the remedy, by name; looked at before a release starts."""
        asked = carried_out(spec)
        if namespace == self._namespace:
            return {migration.name: _NOT_HERE for migration in asked}
        tried = ((migration.name, self._dry_runs.problem_of(migration, namespace)) for migration in asked)
        return {name: problem for name, problem in tried if problem}

    def ask(self, key: Key, spec: ReleaseSpec, status: Status, names: tuple[str, ...], memory: Memory) -> datetime | None:
        """Ask what is due of the named gates. Returns when the next question is due."""
        due: list[datetime] = []
        now = memory.asking_at(self._clock)
        hurry, memory.hurry = memory.hurry, False
        for gate in (g for g in spec.gates if g.name in names):
            if gate.webhook is not None:
                due += self._caller.ask(key, gate.name, gate.webhook, status, memory, hurry=hurry)
            if gate.contract is not None:
                due += self.comparer.ask(key, gate.name, gate.contract, status, memory)
            if gate.counting is not None:
                due += self._count(key, gate, gate.counting, status, memory)
            if gate.threshold is None:
                continue
            at = _grid(now, gate.threshold.interval)
            due.append(at + gate.threshold.interval)
            last = memory.asked.get(gate.name)
            if last is not None and at <= last < at + gate.threshold.interval:  # Later ones are of a clock that was set back.
                if not hurry or last > at:  # Once between two moments of the grid, however many alerts there are.
                    continue
                at = now
            memory.asked[gate.name] = at
            self._submit(key, gate.name, gate.threshold, status, at, memory)
        return min(due, default=None)

    def _submit(self, key: Key, name: str, gate: Threshold, status: Status, at: datetime, memory: Memory) -> None:
        asking = memory.asking(name)

        def answered(answer: Sample | Unknown) -> None:
            memory.answered(asking, name, answer)
            self._wake(key)

        found = self._usable(gate.source, key[0])
        if isinstance(found, Unknown):
            answered(found)
            return
        spec, source = found
        try:
            text = query.parse(gate.query).bind(binding(key, status, gate.window), forced(spec.labels, key[0]))
        except query.QueryError as error:
            answered(Unknown(reason="QueryUnusable", message=str(error)))
            return

        def heard(answer: Sample | Unknown) -> None:
            if isinstance(answer, Unknown):
                answer = replace(answer, message=f"MetricSource {gate.source}: {answer.message}")
            answered(answer)

        self._queries.submit(gate.source, source, text, at, heard, key[0])

    def _count(self, key: Key, gate: Gate, asked: Counting, status: Status, memory: Memory) -> list[datetime]:
        """Ask for the counters of the windows that are due; when the next are."""
        trial = status.trial
        begins = counting.since(gate, trial) if trial else None
        if trial is None or begins is None:
            return []
        due = counting.due(asked, begins, memory.counted_to.get(gate.name, ""), memory.asking_at(self._clock))
        if due.spans and memory.asked.get(gate.name) != due.at:
            memory.asked[gate.name] = due.at
            sides = counting.sides(asked, status, trial)
            if isinstance(sides, Unknown):
                memory.counted(memory.asking(gate.name), gate.name, [("", sides)])
                self._wake(key)
            else:
                self._gather(key, asked, due, counting.Gathering(gate, due, sides, memory, partial(self._wake, key)))
        return [due.again]

    def _gather(self, key: Key, asked: Counting, due: counting.Due, gathering: counting.Gathering) -> None:
        """Send the questions."""
        found = self._usable(asked.source, key[0])
        if isinstance(found, Unknown):
            gathering.failed(found)
            return
        texts = gathering.questions(key, found[0].labels)
        if isinstance(texts, Unknown):
            gathering.failed(texts)
            return
        for number, text in enumerate(texts):
            self._queries.submit_series(asked.source, found[1], text, due.at, partial(gathering.answered, number), key[0])

    def foresee(self, key: Key, spec: ReleaseSpec, status: Status, memory: Memory) -> None:
        """Ask once in a release, when it begins, what stable's requests are: its review tells what the gates could see."""
        trial, stable = status.trial, status.stable
        if trial is None or stable is None or trial.outcome or status.review is None or status.review.foreseen:
            return
        if memory.foreseeing or memory.attempt != trial.attempt or trial.step.index > 0:
            return
        memory.foreseeing = True
        for gate, asked in ((gate, gate.counting) for gate in compares(spec)):
            assert asked is not None
            look = Look(gate=gate, side=counting.side(asked, stable), at=_grid(memory.asking_at(self._clock), asked.interval))
            found = self._usable(asked.source, key[0])
            seen = partial(self._foreseen, key, memory, memory.asking(gate.name), look)
            if isinstance(found, Unknown):
                seen(found)
                continue
            try:
                texts = look.questions(key, found[0].labels)
            except query.QueryError as error:
                seen(Unknown(reason="QueryUnusable", message=str(error)))
                continue
            together = counting.Together(len(texts), seen)
            for number, text in enumerate(texts):
                answered = partial(together.answered, number)
                self._queries.submit_series(asked.source, found[1], text, look.at, answered, key[0])

    def _foreseen(
        self, key: Key, memory: Memory, asking: Asking, look: Look, series: list[tuple[Series, ...]] | Unknown
    ) -> None:  # fmt: skip
        found = series if isinstance(series, Unknown) else look.traffic(series)
        if isinstance(found, Unknown):
            found = replace(found, message=f"MetricSource {look.gate.source}: {found.message}")
        memory.foresaw(asking, look.gate.name, found)
        self._wake(key)

    def _usable(self, name: str, namespace: str) -> tuple[MetricSourceSpec, PrometheusSource] | Unknown:
        """The source, if this namespace may ask it now."""
        found = self._source(name)
        if isinstance(found, str):
            return Unknown(reason="SourceUnusable", message=found)
        if not allows(found[0].namespaces, namespace):
            return Unknown(reason="Forbidden", message=f"MetricSource {name} may not be used here")
        return found

    def _spec(self, name: str, found: Object | None) -> MetricSourceSpec | str:
        if found is None:
            return f"MetricSource {name} does not exist; see `kubectl get metricsources`."
        known = self._sources.get(name)
        if known is not None and known.version == _version(found):
            return known.spec
        try:
            return MetricSourceSpec.model_validate(found.get("spec") or {})
        except ValidationError as error:
            first = error.errors()[0]
            return f"MetricSource {name} is invalid: spec.{'.'.join(map(str, first['loc']))}: {first['msg']}."

    def _source(self, name: str) -> tuple[MetricSourceSpec, PrometheusSource] | str:
        found = self._cluster.sources.get("", name)
        spec = self._spec(name, found)
        if isinstance(spec, str):
            return spec
        version = _version(found)
        with self._lock:
            known = self._sources.get(name)
            trusted = SECRETS_MISSED if known and isinstance(known.source, str) else SECRETS_TRUSTED
            if known is None or known.version != version or self._clock.steady() - known.made >= trusted:
                known = self._sources[name] = self._made(name, spec, version)
        return known.source if isinstance(known.source, str) else (known.spec, known.source)

    def _made(self, name: str, spec: MetricSourceSpec, version: str) -> _Source:
        source: PrometheusSource | str
        try:
            source = PrometheusSource(self._settings(spec))
        except (ApiError, LookupError, ValueError, OSError) as error:
            source = f"MetricSource {name} cannot be used: {error}."
        return _Source(spec=spec, source=source, version=version, made=self._clock.steady())

    def _settings(self, spec: MetricSourceSpec) -> SourceSettings:
        authentication, basic = spec.authentication, spec.authentication.basic
        return SourceSettings(
            url=spec.address,
            tls=TLS(authorities=self._secrets.read(spec.tls.authorities), certificate=self._secrets.read(spec.tls.certificate)),
            token=self._secrets.read(authentication.bearer),
            token_file=Path(authentication.bearer_file) if authentication.bearer_file else None,
            username=self._secrets.read(basic.username) if basic else "",
            password=self._secrets.read(basic.password) if basic else "",
            deadline=spec.timeout.total_seconds(),
        )


def _version(source: Object | None) -> str:
    return str(((source or {}).get("metadata") or {}).get("resourceVersion"))


def _grid(now: datetime, interval: timedelta) -> datetime:
    seconds = interval.total_seconds()
    return datetime.fromtimestamp(now.timestamp() // seconds * seconds, UTC)


def binding(key: Key, status: Status, window: timedelta) -> query.Binding:
    """The values of a query's variables for this Release and what is on trial in it."""
    stable, candidate = status.stable, status.trial.candidate if status.trial else None
    return query.Binding(
        namespace=key[0],
        release=key[1],
        stable=stable.hash if stable else "",
        candidate=candidate.hash if candidate else "",
        stable_replica_set=stable.replica_set if stable else "",
        candidate_replica_set=candidate.replica_set if candidate else "",
        window=window,
    )
