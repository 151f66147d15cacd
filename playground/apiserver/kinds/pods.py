"""Pods and the templates they are made from: defaults as kube-apiserver fills them in, and the validation people meet."""

from typing import Any

from playground.apiserver import selectors
from playground.apiserver.errors import Cause
from playground.apiserver.kinds import names
from playground.apiserver.objects import Object
from playground.apiserver.quantities import amount

_PULL = {"Always", "IfNotPresent", "Never"}
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_POD_DEFAULTS: Object = {
    "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
}  # fmt: skip
_TOLERATED: tuple[Object, ...] = tuple(
    {"key": f"node.kubernetes.io/{problem}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    for problem in ("not-ready", "unreachable")
)
_PROBE_DEFAULTS = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}


def default_template(template: Object) -> None:
    """A pod template, in place."""
    default_spec(template.setdefault("spec", {}))


def default_spec(spec: Object) -> None:
    """A pod's spec, in place."""
    for key, value in _POD_DEFAULTS.items():
        spec.setdefault(key, value)
    spec.setdefault("securityContext", {})
    for container in (*spec.get("containers", ()), *spec.get("initContainers", ())):
        _default_container(container)
    for volume in spec.get("volumes", ()):
        _default_volume(volume)
    if "serviceAccountName" in spec:
        spec["serviceAccount"] = spec["serviceAccountName"]
    elif "serviceAccount" in spec:
        spec["serviceAccountName"] = spec["serviceAccount"]


def _default_container(container: Object) -> None:
    image = str(container.get("image", ""))
    tag = image.rpartition("/")[2].partition(":")[2]
    latest = "@" not in image and tag in ("", "latest")
    container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    container.setdefault("resources", {})
    for port in container.get("ports", ()):
        port.setdefault("protocol", "TCP")
    for probe in _PROBES:
        if probe in container:
            _default_probe(container[probe])
    for hook in container.get("lifecycle", {}).values():
        if isinstance(hook, dict):
            _default_http(hook.get("httpGet"))
    for variable in container.get("env", ()):
        reference = variable.get("valueFrom", {}).get("fieldRef")
        if reference is not None:
            reference.setdefault("apiVersion", "v1")


def _default_probe(probe: Object) -> None:
    for key, value in _PROBE_DEFAULTS.items():
        if not probe.get(key):
            probe[key] = value
    _default_http(probe.get("httpGet"))
    if "grpc" in probe:
        probe["grpc"].setdefault("service", "")


def _default_http(action: Object | None) -> None:
    if action is not None:
        action.setdefault("path", "/")
        action.setdefault("scheme", "HTTP")


def _default_volume(volume: Object) -> None:
    for source in ("configMap", "secret", "projected", "downwardAPI"):
        if source in volume:
            volume[source].setdefault("defaultMode", 420)
    for source in volume.get("projected", {}).get("sources", ()):
        if "serviceAccountToken" in source:
            source["serviceAccountToken"].setdefault("expirationSeconds", 3600)
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    if len(volume) == 1:
        volume["emptyDir"] = {}


def default_pod(pod: Object) -> None:
    """A pod, in place."""
    spec = pod.setdefault("spec", {})
    default_spec(spec)
    for container in (*spec.get("containers", ()), *spec.get("initContainers", ())):
        resources = container["resources"]
        if limits := resources.get("limits"):
            resources["requests"] = limits | resources.get("requests", {})
    spec.setdefault("enableServiceLinks", True)


def create_pod(pod: Object) -> None:
    """A new pod is Pending, and has an account, a priority and patience with its node, in place."""
    spec = pod["spec"]
    spec.setdefault("serviceAccountName", "default")
    spec["serviceAccount"] = spec["serviceAccountName"]
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    known = {(found.get("key"), found.get("effect")) for found in spec.get("tolerations", ())}
    missing = [found for found in _TOLERATED if (found["key"], found["effect"]) not in known]
    spec["tolerations"] = [*spec.get("tolerations", ()), *map(dict, missing)]
    pod["status"] = {"phase": "Pending", "qosClass": quality(pod["spec"])}


def versioned(pod: Object) -> Object:
    """The spec but for the node: being bound to one is no new generation."""
    return {key: value for key, value in pod["spec"].items() if key != "nodeName"}


def quality(spec: Object) -> str:
    """Guaranteed, Burstable or BestEffort, by the containers' cpu and memory."""
    resources = [container.get("resources", {}) for container in spec.get("containers", ())]
    limits, requests = ([found.get(key, {}) for found in resources] for key in ("limits", "requests"))
    wanted = ("cpu", "memory")
    if not any(key in found for found in (*limits, *requests) for key in wanted):
        return "BestEffort"
    same = all(
        key in limit and request.get(key, limit[key]) == limit[key]
        for limit, request in zip(limits, requests, strict=True)
        for key in wanted
    )
    return "Guaranteed" if same else "Burstable"


def grace(pod: Object, asked: int | None) -> int:
    """Seconds until a deleted pod is gone: none if no node has it or it has ended."""
    if not pod["spec"].get("nodeName") or pod.get("status", {}).get("phase") in ("Failed", "Succeeded"):
        return 0
    return int(pod["spec"].get("terminationGracePeriodSeconds", 0) if asked is None else asked)


def validate_pod(pod: Object, old: Object | None) -> list[Cause]:
    """The spec of a running pod may hardly change."""
    causes = validate_spec(pod.get("spec", {}), "spec")
    if old is not None and (_fixed(pod["spec"]) != _fixed(old["spec"]) or _moved(pod, old)):
        said = (
            "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
            "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
            "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
        )
        causes.append(names.forbidden("spec", said))
    return causes


def _moved(pod: Object, old: Object) -> bool:
    return "nodeName" in old["spec"] and pod["spec"].get("nodeName") != old["spec"]["nodeName"]


def _fixed(spec: Object) -> Object:
    free = ("containers", "initContainers", "activeDeadlineSeconds", "tolerations", "nodeName")
    kept: Object = {key: value for key, value in spec.items() if key not in free}
    for key in ("containers", "initContainers"):
        kept[key] = [{name: value for name, value in container.items() if name != "image"} for container in spec.get(key, ())]
    return kept


def validate_template(template: Object, selector: Any, field: str) -> list[Cause]:
    """The template of a Deployment or ReplicaSet, whose selector must match it."""
    labels = template.get("metadata", {}).get("labels", {})
    causes = []
    if selector is None or not selectors.for_set(selector)({"metadata": {"labels": labels}}):
        causes.append(names.invalid(f"{field}.metadata.labels", labels or None, "`selector` does not match template `labels`"))
    causes += names.labels(labels, f"{field}.metadata.labels")
    causes += validate_spec(template.get("spec", {}), f"{field}.spec")
    policy = template.get("spec", {}).get("restartPolicy", "Always")
    if policy != "Always":
        causes.append(names.unsupported(f"{field}.spec.restartPolicy", policy, ["Always"]))
    return causes


def validate_spec(spec: Object, field: str) -> list[Cause]:
    """Containers above all: there is one, each has a name of its own and an image."""
    containers = spec.get("containers") or []
    causes = [] if containers else [names.required(f"{field}.containers")]
    for group, found in (("containers", containers), ("initContainers", spec.get("initContainers") or [])):
        seen: set[str] = set()
        for index, container in enumerate(found):
            causes += _container(container, f"{field}.{group}[{index}]", seen)
    return causes


def _container(container: Object, field: str, seen: set[str]) -> list[Cause]:
    name = container.get("name", "")
    causes = [names.invalid(f"{field}.name", name, said) for said in names.label(name)] if name else []
    if not name:
        causes.append(names.required(f"{field}.name"))
    elif name in seen:
        causes.append(Cause(reason="FieldValueDuplicate", field=f"{field}.name", message=f'Duplicate value: "{name}"'))
    seen.add(name)
    if not container.get("image"):
        causes.append(names.required(f"{field}.image"))
    policy = container.get("imagePullPolicy")
    if policy not in _PULL:
        causes.append(names.unsupported(f"{field}.imagePullPolicy", policy, sorted(_PULL)))
    for index, port in enumerate(container.get("ports") or ()):
        number = port.get("containerPort", 0)
        if not 0 < number < 65536:
            causes.append(
                names.invalid(f"{field}.ports[{index}].containerPort", number, "must be between 1 and 65535, inclusive")
            )
    return causes + _resources(container.get("resources", {}), f"{field}.resources")


def _resources(resources: Object, field: str) -> list[Cause]:
    limits, causes = resources.get("limits", {}), []
    for key, wanted in resources.get("requests", {}).items():
        if key in limits and amount(wanted) > amount(limits[key]):
            causes.append(
                names.invalid(f"{field}.requests", wanted, f"must be less than or equal to {key} limit of {limits[key]}")
            )
        if amount(wanted) < 0:
            causes.append(names.invalid(f"{field}.requests.{key}", wanted, "must be greater than or equal to 0"))
    return causes
