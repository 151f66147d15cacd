"""The Jobs of a Release's gates as they run, and what those that have ended wrote last.

Jobs are followed only where the spec has such gates. A log is read once, briefly: a verdict does not wait for it.
"""

from typing import Any

from controller.kube import paths
from controller.kube.connection import Timeouts
from controller.kube.errors import ApiError
from controller.reconcile.traffic import Look
from controller.workloads import job as objects
from strategies.analysis.verdict import Unknown
from strategies.world.observation import Job

Object = dict[str, Any]
_BRIEFLY = Timeouts(connect=1.0, read=2.0, total=3.0)
_LINES, _BYTES = 20, 16_384


def read_jobs(look: Look) -> tuple[Job, ...] | Unknown:
    """The Jobs that this Release's gates have made, and those that have their names."""
    if look.spec is None or all(gate.job is None for gate in look.spec.gates):
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
