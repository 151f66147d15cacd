"""The columns of built-in kinds, as kubectl shows them. A column's name and what stands in it; `+` is only for `-o wide`.

Kinds that are not here have a name and the time of their creation.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from playground.apiserver.objects import Object, moment_of
from playground.apiserver.schema import pod_cells
from playground.apiserver.schema.ages import UNKNOWN, age, human

Row = Sequence[Any]
Cells = Callable[[Object, float], Row]
NONE = "<none>"


def _spec(obj: Object) -> Mapping[str, Any]:
    return obj.get("spec") or {}


def _status(obj: Object) -> Mapping[str, Any]:
    return obj.get("status") or {}


def _name(obj: Object) -> str:
    return str(obj["metadata"].get("name", ""))


def _age(obj: Object, now: float) -> str:
    return age(obj["metadata"].get("creationTimestamp"), now)


def _containers(obj: Object) -> tuple[str, str]:
    listed = _spec(obj).get("template", {}).get("spec", {}).get("containers") or ()
    return ",".join(each.get("name", "") for each in listed), ",".join(each.get("image", "") for each in listed)


def selector_text(selector: Mapping[str, Any] | None) -> str:
    """A LabelSelector as people write it."""
    if selector is None:
        return NONE
    parts = {key: f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()}
    for each in selector.get("matchExpressions") or ():
        values = f"({','.join(sorted(each.get('values') or ()))})"
        said = {"In": f"{each['key']} in {values}", "NotIn": f"{each['key']} notin {values}", "Exists": each["key"]}
        parts[each["key"] + each["operator"]] = said.get(each["operator"], f"!{each['key']}")
    return ",".join(parts[key] for key in sorted(parts)) or NONE


def _labels(labels: Mapping[str, str] | None) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or NONE


def _some(items: Sequence[str], most: int = 3) -> str:
    """The first few, and how many more there are."""
    text = ",".join(items[:most]) or "<unset>"
    return f"{text} + {len(items) - most} more..." if len(items) > most else text


def _pod(obj: Object, now: float) -> Row:
    return _name(obj), *pod_cells.cells(obj, now), _age(obj, now), *pod_cells.wide(obj)


def _deployment(obj: Object, now: float) -> Row:
    status = _status(obj)
    ready = f"{status.get('readyReplicas', 0)}/{_spec(obj).get('replicas', 0)}"
    counts = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    selector = selector_text(_spec(obj).get("selector"))
    return _name(obj), ready, *counts, _age(obj, now), *_containers(obj), "" if selector == NONE else selector


def _replicated(obj: Object, now: float) -> Row:
    status, selector = _status(obj), _spec(obj).get("selector")
    text = selector_text(selector) if obj["kind"] == "ReplicaSet" else _labels(selector)
    counts = _spec(obj).get("replicas", 0), status.get("replicas", 0), status.get("readyReplicas", 0)
    return _name(obj), *counts, _age(obj, now), *_containers(obj), text


def _stateful_set(obj: Object, now: float) -> Row:
    ready = f"{_status(obj).get('readyReplicas', 0)}/{_spec(obj).get('replicas', 0)}"
    return _name(obj), ready, _age(obj, now), *_containers(obj)


def _daemon_set(obj: Object, now: float) -> Row:
    counts = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled", "numberAvailable")
    where = _labels(_spec(obj).get("template", {}).get("spec", {}).get("nodeSelector"))
    selector = selector_text(_spec(obj).get("selector"))
    return _name(obj), *(_status(obj).get(key, 0) for key in counts), where, _age(obj, now), *_containers(obj), selector


def _job(obj: Object, now: float) -> Row:
    spec, status = _spec(obj), _status(obj)
    true = {each["type"] for each in status.get("conditions") or () if each.get("status") == "True"}
    said = next((word for kind, word in (("Complete", "Complete"), ("Failed", "Failed")) if kind in true), "Running")
    begun, ended = status.get("startTime"), status.get("completionTime")
    lasted = human((moment_of(ended) if ended else now) - moment_of(begun)) if begun else ""
    done = f"{status.get('succeeded', 0)}/{spec.get('completions', 1)}"
    return _name(obj), said, done, lasted, _age(obj, now), *_containers(obj), selector_text(spec.get("selector"))


def _cron_job(obj: Object, now: float) -> Row:
    spec, status = _spec(obj), _status(obj)
    last = age(status["lastScheduleTime"], now) if status.get("lastScheduleTime") else NONE
    job = {"spec": spec.get("jobTemplate", {}).get("spec", {})}
    said = spec.get("schedule", ""), spec.get("timeZone", NONE), spec.get("suspend", False), len(status.get("active") or ())
    return _name(obj), *said, last, _age(obj, now), *_containers(job), selector_text(job["spec"].get("selector"))


def _ingress(obj: Object, now: float) -> Row:
    spec = _spec(obj)
    hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
    found = _status(obj).get("loadBalancer", {}).get("ingress") or ()
    addresses = ",".join(sorted(each.get("ip") or each.get("hostname", "") for each in found))
    ports = "80, 443" if spec.get("tls") else "80"
    return _name(obj), spec.get("ingressClassName", NONE), _some(hosts) if hosts else "*", addresses, ports, _age(obj, now)


def _service(obj: Object, now: float) -> Row:
    spec = _spec(obj)
    addresses = spec.get("clusterIPs") or [NONE]
    ports = ",".join(_service_port(port) for port in spec.get("ports") or ())
    kind = spec.get("type", "ClusterIP")
    return _name(obj), kind, addresses[0], _external(obj), ports or NONE, _age(obj, now), _labels(spec.get("selector"))


def _service_port(port: Mapping[str, Any]) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port')}{node}/{port.get('protocol', 'TCP')}"


def _external(obj: Object) -> str:
    spec = _spec(obj)
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName", ""))
    given = list(spec.get("externalIPs") or ())
    if spec.get("type") != "LoadBalancer":
        return ",".join(given) or NONE
    found = sorted(e.get("ip") or e.get("hostname", "") for e in _status(obj).get("loadBalancer", {}).get("ingress") or ())
    return ",".join(found + given) or "<pending>"


def _endpoints(obj: Object, now: float) -> Row:
    places = [f"{address['ip']}:{port['port']}" for subset in obj.get("subsets") or ()
              for port in subset.get("ports") or () for address in subset.get("addresses") or ()]  # fmt: skip
    return _name(obj), _some(places) if places else NONE, _age(obj, now)


def _slice(obj: Object, now: float) -> Row:
    ports = [str(port.get("port", port.get("name", "*"))) for port in obj.get("ports") or ()]
    addresses = [address for endpoint in obj.get("endpoints") or () for address in endpoint.get("addresses") or ()]
    return _name(obj), obj.get("addressType", ""), _some(ports), _some(addresses), _age(obj, now)


def _node(obj: Object, now: float) -> Row:
    status = _status(obj)
    info = status.get("nodeInfo", {})
    ready = next((c["status"] for c in status.get("conditions") or () if c.get("type") == "Ready"), None)
    words = ["Unknown" if ready is None else "Ready" if ready == "True" else "NotReady"]
    words += ["SchedulingDisabled"] if _spec(obj).get("unschedulable") else []
    prefix = "node-role.kubernetes.io/"
    roles = sorted(k.removeprefix(prefix) for k in obj["metadata"].get("labels") or {} if k.startswith(prefix))
    where = {each.get("type"): each.get("address") for each in reversed(status.get("addresses") or ())}
    kernel = info.get("kernelVersion") or UNKNOWN
    kernel += f" ({info['architecture']})" if info.get("architecture") else ""
    return (
        _name(obj), ",".join(words), ",".join(roles) or NONE, _age(obj, now), info.get("kubeletVersion", ""),
        where.get("InternalIP", NONE), where.get("ExternalIP", NONE),
        info.get("osImage") or UNKNOWN, kernel, info.get("containerRuntimeVersion") or UNKNOWN,
    )  # fmt: skip


def _event(obj: Object, now: float) -> Row:
    about, series = obj.get("involvedObject") or obj.get("regarding") or {}, obj.get("series")
    source = obj.get("source") or obj.get("deprecatedSource") or {}
    first = obj.get("firstTimestamp") or obj.get("deprecatedFirstTimestamp") or obj.get("eventTime")
    last = obj.get("lastTimestamp") or obj.get("deprecatedLastTimestamp") or first
    count = obj.get("count") or obj.get("deprecatedCount") or 1
    if series:
        last, count = series.get("lastObservedTime"), series.get("count", 1)
    who = source.get("component") or obj.get("reportingComponent") or obj.get("reportingController") or ""
    where = source.get("host") or obj.get("reportingInstance") or ""
    target = "/".join(filter(None, (about.get("kind", "").lower(), about.get("name", ""))))
    message = (obj.get("message") or obj.get("note") or "").strip()
    return (
        age(last, now), obj.get("type", ""), obj.get("reason", ""), target, about.get("fieldPath", ""),
        ", ".join(filter(None, (who, where))), message, age(first, now), count, _name(obj),
    )  # fmt: skip


def _revision(obj: Object, now: float) -> Row:
    owner = next((each for each in obj["metadata"].get("ownerReferences") or () if each.get("controller")), None)
    said = NONE
    if owner is not None:
        group = owner.get("apiVersion", "").rpartition("/")[0]
        said = f"{owner['kind'].lower()}{f'.{group}' if group else ''}/{owner['name']}"
    return _name(obj), said, obj.get("revision", 0), _age(obj, now)


def _autoscaler(obj: Object, now: float) -> Row:
    spec, target = _spec(obj), _spec(obj).get("scaleTargetRef", {})
    least = str(spec["minReplicas"]) if "minReplicas" in spec else "<unset>"
    reference = f"{target.get('kind', '')}/{target.get('name', '')}"
    metrics = ", ".join(_metric(each) for each in spec.get("metrics") or ()) or NONE
    counts = spec.get("maxReplicas", 0), _status(obj).get("currentReplicas", 0)
    return _name(obj), reference, metrics, least, *counts, _age(obj, now)


def _metric(metric: Mapping[str, Any]) -> str:
    resource = metric.get("resource") or {}
    wanted = resource.get("target", {})
    share = wanted.get("averageUtilization")
    text = f"{share}%" if share is not None else str(wanted.get("averageValue", ""))
    return f"{resource['name']}: {UNKNOWN}/{text}" if resource else f"{UNKNOWN}/auto"


def _budget(obj: Object, now: float) -> Row:
    spec = _spec(obj)
    bounds = str(spec.get("minAvailable", "N/A")), str(spec.get("maxUnavailable", "N/A"))
    return _name(obj), *bounds, _status(obj).get("disruptionsAllowed", 0), _age(obj, now)


def _binding(obj: Object, now: float) -> Row:
    role, subjects = obj.get("roleRef", {}), obj.get("subjects") or ()
    users, groups = ([s["name"] for s in subjects if s.get("kind") == kind] for kind in ("User", "Group"))
    accounts = [f"{s.get('namespace', '')}/{s['name']}" for s in subjects if s.get("kind") == "ServiceAccount"]
    said = f"{role.get('kind', '')}/{role.get('name', '')}"
    return _name(obj), said, _age(obj, now), *(", ".join(names) for names in (users, groups, accounts))


def _policy(obj: Object, now: float) -> Row:
    spec = _spec(obj)
    kind = spec.get("paramKind")
    parameters = f"{kind['apiVersion']}/{kind['kind']}" if kind else "<unset>"
    return _name(obj), len(spec.get("mutations") or spec.get("validations") or ()), parameters, _age(obj, now)


def _policy_binding(obj: Object, now: float) -> Row:
    reference = _spec(obj).get("paramRef")
    said = "<unset>" if not reference else "/".join(filter(None, (reference.get("namespace", "*"), reference.get("name", ""))))
    return _name(obj), _spec(obj).get("policyName", ""), said, _age(obj, now)


def _definition(obj: Object, _: float) -> Row:
    spec, names = _spec(obj), _spec(obj).get("names", {})
    served = [each for each in spec.get("versions") or () if each.get("served")]
    versions = ",".join(each["name"] + ("(storage)" if each.get("storage") else "") for each in served)
    there = any(c.get("type") == "Established" and c.get("status") == "True" for c in _status(obj).get("conditions") or ())
    made = obj["metadata"].get("creationTimestamp")
    about = spec.get("group"), names.get("kind"), ",".join(names.get("shortNames") or ()), there
    return _name(obj), spec.get("scope"), versions, made, *about


def _simple(*parts: Callable[[Object], Any]) -> Cells:
    return lambda obj, now: (_name(obj), *(part(obj) for part in parts), _age(obj, now))


def _count(*keys: str) -> Callable[[Object], int]:
    return lambda obj: sum(len(obj.get(key) or ()) for key in keys)


_WORKLOAD = "+Containers +Images +Selector"
_BINDING = ("Name Role Age +Users +Groups +ServiceAccounts", _binding)
_HOOKS = ("Name Webhooks:integer Age", _simple(_count("webhooks")))
COLUMNS: Mapping[str, tuple[str, Cells]] = {
    "Pod": ("Name Ready Status Restarts Age +IP +Node +Nominated_Node +Readiness_Gates", _pod),
    "Deployment": (f"Name Ready Up-to-date Available Age {_WORKLOAD}", _deployment),
    "ReplicaSet": (f"Name Desired:integer Current:integer Ready:integer Age {_WORKLOAD}", _replicated),
    "ReplicationController": (f"Name Desired:integer Current:integer Ready:integer Age {_WORKLOAD}", _replicated),
    "StatefulSet": ("Name Ready Age +Containers +Images", _stateful_set),
    "DaemonSet": ("Name Desired:integer Current:integer Ready:integer Up-to-date:integer Available:integer "
                  f"Node_Selector Age {_WORKLOAD}", _daemon_set),
    "Job": (f"Name Status Completions Duration Age {_WORKLOAD}", _job),
    "CronJob": (f"Name Schedule Timezone Suspend:boolean Active:integer Last_Schedule Age {_WORKLOAD}", _cron_job),
    "ControllerRevision": ("Name Controller Revision Age", _revision),
    "Service": ("Name Type Cluster-IP External-IP Port(s) Age +Selector", _service),
    "Endpoints": ("Name Endpoints Age", _endpoints),
    "Ingress": ("Name Class Hosts Address Ports Age", _ingress),
    "EndpointSlice": ("Name AddressType Ports Endpoints Age", _slice),
    "Node": ("Name Status Roles Age Version +Internal-IP +External-IP +OS-Image +Kernel-Version +Container-Runtime", _node),
    "Event": ("Last_Seen Type Reason Object +Subobject +Source Message +First_Seen +Count +Name", _event),
    "Namespace": ("Name Status Age", _simple(lambda obj: _status(obj).get("phase", ""))),
    "ConfigMap": ("Name Data Age", _simple(_count("data", "binaryData"))),
    "Secret": ("Name Type Data Age", _simple(lambda obj: obj.get("type", ""), _count("data"))),
    "ServiceAccount": ("Name Age", _simple()),
    "Lease": ("Name Holder Age", _simple(lambda obj: _spec(obj).get("holderIdentity", ""))),
    "HorizontalPodAutoscaler": ("Name Reference Targets MinPods MaxPods Replicas Age", _autoscaler),
    "PodDisruptionBudget": ("Name Min_Available Max_Unavailable Allowed_Disruptions:integer Age", _budget),
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
    "MutatingAdmissionPolicy": ("Name Mutations:integer ParamKind Age", _policy),
    "ValidatingAdmissionPolicy": ("Name Validations:integer ParamKind Age", _policy),
    "MutatingAdmissionPolicyBinding": ("Name PolicyName ParamRef Age", _policy_binding),
    "ValidatingAdmissionPolicyBinding": ("Name PolicyName ParamRef Age", _policy_binding),
    "MutatingWebhookConfiguration": _HOOKS,
    "ValidatingWebhookConfiguration": _HOOKS,
    "CustomResourceDefinition": ("Name Scope Versions Created_At:date +Group +Kind +ShortNames +Established:boolean",
                                 _definition),
    "NetworkPolicy": ("Name Pod-Selector Age", _simple(lambda obj: selector_text(_spec(obj).get("podSelector", {})))),
}  # fmt: skip
"""By kind: the columns' names (`_` is a space, `:type` another type than string) and a row's cells."""
