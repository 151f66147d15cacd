"""The Jobs of gates and migrations: whether they can be made, how they run, and what those that have ended wrote last.

Jobs are followed only where the spec has such. A log is read once, briefly: a verdict does not wait for it.
"""

import json
from typing import Any

from controller.api import names
from controller.kube import paths
from controller.kube.connection import Timeouts
from controller.kube.errors import ApiError
from controller.reconcile.cluster import Cluster
from controller.reconcile.traffic import Look
from controller.workloads import job as objects
from strategies.analysis.verdict import Unknown
from strategies.rollout import migrations
from strategies.spec.change import Migration
from strategies.spec.gate import Gate
from strategies.spec.job import Job as Asked
from strategies.spec.job import MigrationJob
from strategies.world.effects import CreateJob, RunMigration
from strategies.world.observation import Job

Object = dict[str, Any]
_BRIEFLY = Timeouts(connect=1.0, read=2.0, total=3.0)
_LINES, _BYTES = 20, 16_384
_TRUSTED, _LOOK_AGAIN = 600.0, 10.0
"""Seconds for which it is believed that a Job can be made; and that it cannot."""
_MOST = 256
_UNREADABLE = (400, 422)
"""What is wrong with the body itself; rights and quotas may be others when the release starts."""


class DryRuns:
    """Whether the API server would take the Jobs: asked before a release starts, not in its middle."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._known: dict[tuple[str, str], tuple[str | None, float]] = {}

    def problem(self, gate: Gate, namespace: str) -> str | None:
        """What is wrong with the gate's Job, as the API server says it. Whatever else keeps it from answering says nothing."""
        if gate.job is None:
            return None
        where = f"spec.gates[{gate.name}].job.template"
        return self._problem(namespace, gate.question, _dry(CreateJob, gate.name, gate.job), where)

    def problem_of(self, migration: Migration, namespace: str) -> str | None:
        """The same of a migration's Job, and of its undo's."""
        for field, asked in (("job", migration.job), ("undo", migration.undo)):
            if asked is not None:
                where = f"spec.change.migrations[{migration.name}].{field}.template"
                question = f"{migration.name}/{field}/{migrations.digest(migration)}"
                if said := self._problem(namespace, question, _dry(RunMigration, migration.name, asked), where):
                    return said
        return None

    def _problem(self, namespace: str, question: str, effect: CreateJob, where: str) -> str | None:
        key, now = (namespace, question), self._cluster.clock.steady()
        said, made = self._known.get(key, (None, -_TRUSTED))
        if now - made >= (_TRUSTED if said is None else _LOOK_AGAIN):
            said = self._tried(effect, namespace, where)
            self._known = dict([*list(self._known.items())[1 - _MOST :], (key, (said, now))])
        return said

    def _tried(self, effect: CreateJob, namespace: str, where: str) -> str | None:
        body = objects.make({"metadata": {"name": "dry-run", "namespace": namespace, "uid": ""}}, effect)
        body["metadata"] = {"generateName": "dry-run-", "namespace": namespace}
        try:
            self._cluster.client.create(paths.JOBS.path(namespace), body, {"dryRun": "All"})
        except ApiError as error:
            if error.status in _UNREADABLE:
                return f"its Job would be refused: {error.message.rstrip('.')}. Correct {where}."
        return None


def _dry(kind: type[CreateJob], name: str, asked: Asked | MigrationJob) -> CreateJob:
    return kind(name="dry-run", gate=name, step="dry-run", template=json.dumps(asked.template), environment=(),
                timeout=asked.timeout, retries=asked.retries)  # fmt: skip


def read_jobs(look: Look) -> tuple[Job, ...] | Unknown:
    """The Jobs that were made for this Release, and those of their names; also when its spec has lost what they are for."""
    gates = look.spec.gates if look.spec else ()
    if not look.status.jobs and not any(gate.job for gate in gates) and not migrations.carried_out(look.spec):
        return ()
    view = look.views.follow(paths.JOBS)
    if not view.synced.is_set():
        return Unknown(reason="NotListed", message="the Jobs in its namespace could not be listed; see the controller's log")
    uid = look.memory.uid
    return tuple(objects.read(found, uid, _log(look, found)) for found in view.store.list(look.namespace))


def _log(look: Look, found: Object) -> str:
    metadata, known = found["metadata"], look.memory.logs
    ours = any(objects.is_ours(found, look.memory.uid, label) for label in (names.GATE, names.MIGRATION))
    if not ours or not objects.has_ended(found) or "deletionTimestamp" in metadata:
        return ""
    if metadata["uid"] not in known:
        known[metadata["uid"]] = _read(look, metadata["name"])
    return known[metadata["uid"]]


def _read(look: Look, name: str) -> str:
    client = look.client.bounded(_BRIEFLY)
    try:
        pods, _ = client.list(paths.PODS.path(look.namespace), {"labelSelector": f"{objects.JOB_NAME}={name}"})
        telling = objects.telling(pods)
        if telling is None:
            return ""
        asked = {"container": telling[1], "tailLines": str(_LINES), "limitBytes": str(_BYTES)}
        return objects.tail(client.text(paths.PODS.path(look.namespace, telling[0], paths.LOG), asked, 2 * _BYTES))
    except ApiError as error:
        return f"(its log could not be read: {error})"[:200]
