"""Deployments, ReplicaSets and the workloads that are only kept here: defaults and validation."""

import re
from typing import Any

from playground.apiserver.errors import Cause
from playground.apiserver.kinds import names, pods
from playground.apiserver.objects import Object

_JOB: Object = {
    "parallelism": 1, "completions": 1, "backoffLimit": 6, "completionMode": "NonIndexed", "suspend": False,
    "manualSelector": False, "podReplacementPolicy": "TerminatingOrFailed",
}  # fmt: skip
_DEPLOYMENT = {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}


def default_deployment(deployment: Object) -> None:
    """In place."""
    spec = deployment.setdefault("spec", {})
    for key, value in _DEPLOYMENT.items():
        spec.setdefault(key, value)
    strategy = spec.setdefault("strategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    pods.default_template(spec.setdefault("template", {}))


def keep_labels(new: Object, old: Object) -> None:
    """A write of the status changes annotations, but no labels."""
    if "labels" in old["metadata"]:
        new["metadata"]["labels"] = old["metadata"]["labels"]
    else:
        new["metadata"].pop("labels", None)


def default_replicated(workload: Object) -> None:
    """A ReplicaSet, ReplicationController or StatefulSet, in place."""
    spec = workload.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    if "template" in spec:
        pods.default_template(spec["template"])


def default_templated(workload: Object) -> None:
    """Anything else with a pod template, in place."""
    template = workload.setdefault("spec", {}).get("template")
    if template is not None:
        pods.default_template(template)


def default_job(job: Object) -> None:
    """One pod to completion, six tries, in place."""
    spec = job.setdefault("spec", {})
    for key, value in _JOB.items():
        spec.setdefault(key, value)
    default_templated(job)


def create_job(job: Object) -> None:
    """Its selector and its pods' labels are of its uid, in place."""
    uid, name, spec = job["metadata"]["uid"], job["metadata"]["name"], job["spec"]
    template = spec.setdefault("template", {})
    metadata = template["metadata"] = template.get("metadata") or {}
    ours = {f"{prefix}{key}": value for prefix in ("batch.kubernetes.io/", "")
            for key, value in (("controller-uid", uid), ("job-name", name))}  # fmt: skip
    metadata["labels"] = (metadata.get("labels") or {}) | ours
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    job["status"] = {}


def validate_job(job: Object, old: Object | None) -> list[Cause]:
    """Its pods end, and its template stays."""
    spec = job["spec"]
    causes = [cause for key in ("parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished")
              for cause in _not_negative(spec.get(key, 0), f"spec.{key}")]  # fmt: skip
    template = spec.get("template", {})
    causes += pods.validate_spec(template.get("spec", {}), "spec.template.spec")
    policy = template.get("spec", {}).get("restartPolicy", "Always")
    if policy not in ("OnFailure", "Never"):
        causes.append(names.required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"'))
    fixed = ("selector", "template", "completions")
    return causes + [
        names.invalid(f"spec.{key}", spec.get(key), "field is immutable")
        for key in fixed if old is not None and spec.get(key) != old["spec"].get(key)
    ]  # fmt: skip


def create_replica_set(replica_set: Object) -> None:
    """Its status says from the first moment that there is no pod."""
    replica_set["status"] = {"replicas": 0}


def validate_deployment(deployment: Object, old: Object | None) -> list[Cause]:
    """As people meet it: selector, template, strategy, numbers."""
    spec = deployment["spec"]
    causes = _selected(spec) + _strategy(spec["strategy"])
    for key in ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        causes += _not_negative(spec.get(key, 0), f"spec.{key}")
    if 0 <= spec["progressDeadlineSeconds"] <= spec.get("minReadySeconds", 0):
        causes.append(
            names.invalid("spec.progressDeadlineSeconds", spec["progressDeadlineSeconds"], "must be greater than minReadySeconds")
        )
    return causes + _same_selector(spec, old)


def validate_replica_set(replica_set: Object, old: Object | None) -> list[Cause]:
    """Selector, template and numbers."""
    spec = replica_set["spec"]
    causes = _selected(spec) + _not_negative(spec.get("minReadySeconds", 0), "spec.minReadySeconds")
    return causes + _same_selector(spec, old)


def _selected(spec: Object) -> list[Cause]:
    selector = spec.get("selector")
    causes = _not_negative(spec.get("replicas", 0), "spec.replicas")
    if selector is None:
        causes.append(names.required("spec.selector"))
    elif not (selector.get("matchLabels") or selector.get("matchExpressions")):
        causes.append(names.invalid("spec.selector", selector, "empty selector is invalid for deployment"))
    return causes + pods.validate_template(spec.get("template", {}), selector, "spec.template")


def _same_selector(spec: Object, old: Object | None) -> list[Cause]:
    if old is None or spec.get("selector") == old["spec"].get("selector"):
        return []
    return [names.invalid("spec.selector", spec.get("selector"), "field is immutable")]


def _strategy(strategy: Object) -> list[Cause]:
    field = "spec.strategy"
    if strategy["type"] == "Recreate":
        said = "may not be specified when strategy `type` is 'Recreate'"
        return [names.forbidden(f"{field}.rollingUpdate", said)] if "rollingUpdate" in strategy else []
    if strategy["type"] != "RollingUpdate":
        shown = {"Type": strategy["type"], "RollingUpdate": strategy.get("rollingUpdate")}
        return [names.unsupported(field, shown, ["Recreate", "RollingUpdate"])]
    rolling = strategy["rollingUpdate"]
    causes = [cause for key in ("maxUnavailable", "maxSurge") for cause in _amount(rolling[key], f"{field}.rollingUpdate.{key}")]
    if not causes and _number(rolling["maxUnavailable"]) == 0 and _number(rolling["maxSurge"]) == 0:
        said = "may not be 0 when `maxSurge` is 0"
        causes.append(names.invalid(f"{field}.rollingUpdate.maxUnavailable", rolling["maxUnavailable"], said))
    if not causes and isinstance(rolling["maxUnavailable"], str) and _number(rolling["maxUnavailable"]) > 100:
        causes.append(
            names.invalid(f"{field}.rollingUpdate.maxUnavailable", rolling["maxUnavailable"], "must not be greater than 100%")
        )
    return causes


def _number(value: Any) -> int:
    return int(str(value).removesuffix("%"))


def _amount(value: Any, field: str) -> list[Cause]:
    if isinstance(value, str) and not re.fullmatch(r"[0-9]+%", value):
        said = (
            "a valid percent string must be a numeric string followed by an ending '%' "
            "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
        )
        return [names.invalid(field, value, said)]
    return _not_negative(_number(value), field)


def _not_negative(value: int, field: str) -> list[Cause]:
    return [names.invalid(field, value, "must be greater than or equal to 0")] if value < 0 else []
