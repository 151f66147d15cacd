"""A gate's or a migration's Job as an object: what is made of the user's template, and what its status says. Pure."""

import json
from datetime import UTC, datetime
from typing import Any

from controller.api import names
from controller.workloads.deployment import Patch, owned_by
from strategies.world import effects
from strategies.world.observation import Job

Object = dict[str, Any]
JOB_NAME = "batch.kubernetes.io/job-name"
"""Label that Kubernetes gives to a Job's pods."""
_KEPT_FOR = 86_400
"""Seconds that Kubernetes keeps one that has ended, should we never come to delete it."""
_LINES, _CHARACTERS = 5, 400


def make(release: Object, effect: effects.CreateJob) -> Object:
    """The Job, owned by the Release. Variables of ours win over those of the same name."""
    metadata = release["metadata"]
    template: Object = json.loads(effect.template)
    labels = {names.RELEASE: metadata["name"], label_of(effect): effect.gate, names.STEP: effect.step}
    meta = template["metadata"] = template.get("metadata") or {}
    meta["labels"] = (meta.get("labels") or {}) | labels
    spec = template["spec"]
    spec.setdefault("restartPolicy", "Never")
    told = [{"name": name, "value": value} for name, value in effect.environment]
    ours = {each["name"] for each in told}
    for container in (*spec["containers"], *(spec.get("initContainers") or [])):
        container["env"] = [*(e for e in container.get("env") or [] if e.get("name") not in ours), *told]
    owner = {"apiVersion": f"{names.GROUP}/{names.VERSION}", "kind": "Release", "name": metadata["name"],
             "uid": metadata["uid"], "controller": True}  # fmt: skip
    made: Object = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": effect.name, "namespace": metadata["namespace"], "labels": labels, "ownerReferences": [owner]},
        "spec": {
            "backoffLimit": effect.retries,
            "activeDeadlineSeconds": max(1, int(effect.timeout.total_seconds())),
            "template": template,
        },
    }
    if isinstance(effect, effects.RunMigration):
        # No time to live: it carries the undo, and one that failed keeps the next release back until a person deletes it.
        made["spec"]["suspend"] = True
        made["metadata"]["annotations"] = {names.UNDO: effect.undo} if effect.undo else {}
    else:
        made["spec"]["ttlSecondsAfterFinished"] = _KEPT_FOR
    return made


def label_of(effect: effects.CreateJob) -> str:
    """The label that says what such a Job is for."""
    return names.MIGRATION if isinstance(effect, effects.RunMigration) else names.GATE


def is_ours(found: Object, release_uid: str, label: str = names.GATE) -> bool:
    """Whether this is a gate's, or with that label a migration's, Job of this Release."""
    return owned_by(found, release_uid) and label in (found["metadata"].get("labels") or {})


def read(found: Object, release_uid: str, log: str) -> Job:
    """The Job as a value."""
    metadata, status = found["metadata"], found.get("status") or {}
    labels = metadata.get("labels") or {}
    end = _end(status)
    at = end.get("lastTransitionTime") or status.get("startTime") or metadata["creationTimestamp"]
    return Job(
        name=metadata["name"],
        uid=metadata["uid"],
        gate=labels.get(names.GATE, ""),
        step=labels.get(names.STEP, ""),
        ours=is_ours(found, release_uid),
        ended=end.get("type"),
        why=str(end.get("reason") or ""),
        reason=str(end.get("message") or ""),
        at=datetime.fromisoformat(at).astimezone(UTC),
        log=log,
        deleting="deletionTimestamp" in metadata,
        migrates=labels[names.MIGRATION] if is_ours(found, release_uid, names.MIGRATION) else "",
        undo=(metadata.get("annotations") or {}).get(names.UNDO, ""),
        suspended=bool((found.get("spec") or {}).get("suspend")),
    )


def resume() -> Patch:
    """The patch that lets a suspended one run."""
    path = "/spec/suspend"
    return [{"op": "test", "path": path, "value": True}, {"op": "replace", "path": path, "value": False}]


def has_ended(found: Object) -> bool:
    """Whether it is complete, or has failed."""
    return bool(_end(found.get("status") or {}))


def _end(status: Object) -> Object:
    true = [c for c in status.get("conditions") or [] if c.get("status") == "True"]
    return next((c for c in true if c.get("type") in ("Complete", "Failed")), {})


def telling(pods: list[Object]) -> tuple[str, str] | None:
    """Pod and container whose log tells how it ended: of the newest pod that ran, the container that failed, or the first."""
    ran = [p for p in pods if (p.get("status") or {}).get("containerStatuses")]
    if not ran:
        return None
    newest = max(ran, key=lambda p: (p["metadata"]["creationTimestamp"], p["metadata"]["name"]))
    status = newest["status"]
    containers = [*(status.get("initContainerStatuses") or []), *status["containerStatuses"]]
    ended = [(c["name"], ((c.get("state") or {}).get("terminated") or {}).get("exitCode")) for c in containers]
    failed = next((name for name, code in ended if code), status["containerStatuses"][0]["name"])
    return newest["metadata"]["name"], failed


def tail(log: str) -> str:
    """The last lines of a log, on one line and short enough for a status."""
    lines = [line.strip() for line in log.splitlines() if line.strip()][-_LINES:]
    text = " | ".join("".join(c if c.isprintable() else "\ufffd" for c in line) for line in lines)
    return text if len(text) <= _CHARACTERS else f"…{text[-_CHARACTERS:]}"
