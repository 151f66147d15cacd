"""The Jobs of a Release's gates: whether they can be made, how they run, and what those that have ended wrote last.

Jobs are followed only where the spec has such gates. A log is read once, briefly: a verdict does not wait for it.
"""

import json
from typing import Any

from controller.kube import paths
from controller.kube.connection import Timeouts
from controller.kube.errors import ApiError
from controller.reconcile.cluster import Cluster
from controller.reconcile.traffic import Look
from controller.workloads import job as objects
from strategies.analysis.verdict import Unknown
from strategies.spec.gate import Gate
from strategies.spec.job import Job as Asked
from strategies.world.effects import CreateJob
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
    """Whether the API server would take the gates' Jobs: asked before a release starts, not in its middle."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._known: dict[tuple[str, str], tuple[str | None, float]] = {}

    def problem(self, gate: Gate, namespace: str) -> str | None:
        """What is wrong with the gate's Job, as the API server says it. Whatever else keeps it from answering says nothing."""
        if gate.job is None:
            return None
        key, now = (namespace, gate.question), self._cluster.clock.steady()
        said, made = self._known.get(key, (None, -_TRUSTED))
        if now - made >= (_TRUSTED if said is None else _LOOK_AGAIN):
            said = self._tried(gate.name, gate.job, namespace)
            self._known = dict([*list(self._known.items())[1 - _MOST :], (key, (said, now))])
        return said

    def _tried(self, name: str, asked: Asked, namespace: str) -> str | None:
        effect = CreateJob(name="dry-run", gate=name, step="dry-run", template=json.dumps(asked.template), environment=(),
                           timeout=asked.timeout, retries=asked.retries)  # fmt: skip
        body = objects.make({"metadata": {"name": "dry-run", "namespace": namespace, "uid": ""}}, effect)
        body["metadata"] = {"generateName": "dry-run-", "namespace": namespace}
        try:
            self._cluster.client.create(paths.JOBS.path(namespace), body, {"dryRun": "All"})
        except ApiError as error:
            if error.status in _UNREADABLE:
                return f"its Job would be refused: {error.message.rstrip('.')}. Correct spec.gates[{name}].job.template."
        return None


def read_jobs(look: Look) -> tuple[Job, ...] | Unknown:
    """The Jobs that this Release's gates have made, and those that have their names; also when its spec has lost these gates."""
    if not look.status.jobs and (look.spec is None or all(gate.job is None for gate in look.spec.gates)):
        return ()
    view = look.views.follow(paths.JOBS)
    if not view.synced.is_set():
        return Unknown(reason="NotListed", message="the Jobs of gates could not be listed; see the controller's log")
    uid = look.memory.uid
    return tuple(objects.read(found, uid, _log(look, found)) for found in view.store.list(look.namespace))


def _log(look: Look, found: Object) -> str:
    metadata, known = found["metadata"], look.memory.logs
    if not objects.is_ours(found, look.memory.uid) or not objects.has_ended(found) or "deletionTimestamp" in metadata:
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
