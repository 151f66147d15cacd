"""The kinds of which little is special: namespaces, secrets, events, slices, leases, autoscalers, roles, routes."""

import base64
from typing import Any

from playground.apiserver.errors import Cause
from playground.apiserver.kinds import names
from playground.apiserver.objects import Object

_NOTE_LIMIT = 1024


def create_namespace(namespace: Object) -> None:
    """Active, and held by its own finalizer until it is empty."""
    namespace["spec"] = {"finalizers": ["kubernetes"]}
    namespace["status"] = {"phase": "Active"}


def default_namespace(namespace: Object) -> None:
    """Its name as a label, in place."""
    meta = namespace["metadata"]
    if meta.get("name"):
        meta["labels"] = (meta.get("labels") or {}) | {"kubernetes.io/metadata.name": meta["name"]}


def keep_namespace_spec(new: Object, old: Object) -> None:
    """Its finalizers change through /finalize only."""
    new["spec"], new["status"] = old.get("spec", {}), old.get("status", {})


def default_secret(secret: Object) -> None:
    """Opaque; text becomes base64, in place."""
    secret.setdefault("type", "Opaque")
    text = secret.pop("stringData", None)
    if text:
        data = {key: base64.b64encode(str(value).encode()).decode() for key, value in text.items()}
        secret["data"] = (secret.get("data") or {}) | data


def immutable_data(new: Object, old: Object | None) -> list[Cause]:
    """A ConfigMap or Secret that has been made immutable stays as it is."""
    if old is None or not old.get("immutable"):
        return []
    changed = [key for key in ("data", "binaryData", "immutable") if new.get(key) != old.get(key)]
    return [names.forbidden(key, "field is immutable when `immutable` is set") for key in changed]


def create_event(event: Object) -> None:
    """Every time and origin that an event has, if only empty, in place."""
    for key, value in (("source", {}), ("firstTimestamp", None), ("lastTimestamp", None), ("eventTime", None)):
        event.setdefault(key, value)
    event.setdefault("reportingComponent", "")
    event.setdefault("reportingInstance", "")


def validate_event(event: Object, old: Object | None) -> list[Cause]:
    """It is about something of its own namespace."""
    if old is not None:
        return []
    about = event.get("involvedObject", {}).get("namespace", "")
    namespace = event["metadata"].get("namespace", "")
    if about != namespace and not (about == "" and namespace == "default"):
        return [names.invalid("involvedObject.namespace", about, "does not match event.namespace")]
    return []


def validate_new_event(event: Object, old: Object | None) -> list[Cause]:
    """What events.k8s.io asks for beyond that."""
    causes = validate_event(event, old)
    if old is not None:
        return causes
    shown = {"reportingController": "reportingComponent", "note": "message"}
    for key in ("eventTime", "reportingController", "reportingInstance", "action", "reason"):
        if not event.get(shown.get(key, key)):
            causes.append(names.required(key))
    if event.get("type") not in ("Normal", "Warning"):
        causes.append(names.invalid("type", event.get("type", ""), f"has invalid value: {event.get('type', '')}"))
    if len(event.get("message", "")) > _NOTE_LIMIT:
        causes.append(names.invalid("note", "", f"can have at most {_NOTE_LIMIT} characters"))
    return causes


def default_slice(endpoint_slice: Object) -> None:
    """Ports of an EndpointSlice, in place."""
    endpoint_slice.setdefault("endpoints", [])
    for port in endpoint_slice.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def validate_slice(endpoint_slice: Object, old: Object | None) -> list[Cause]:
    """Addresses that a cluster could reach."""
    kind = endpoint_slice.get("addressType", "")
    if kind not in ("IPv4", "IPv6", "FQDN"):
        return [names.unsupported("addressType", kind, ["FQDN", "IPv4", "IPv6"]) if kind else names.required("addressType")]
    causes = []
    if old is not None and old.get("addressType") != kind:
        causes.append(names.invalid("addressType", kind, "field is immutable"))
    for index, endpoint in enumerate(endpoint_slice.get("endpoints") or ()):
        field = f"endpoints[{index}].addresses"
        addresses = endpoint.get("addresses") or []
        if not addresses:
            causes.append(names.required(field, "must contain at least 1 address"))
        for number, address in enumerate(addresses):
            if kind == "IPv4" and str(address).startswith("127."):
                said = "may not be in the loopback range (127.0.0.0/8, ::1/128)"
                causes.append(names.invalid(f"{field}[{number}]", address, said))
    return causes


def validate_lease(lease: Object, _: Object | None) -> list[Cause]:
    """Its duration is a time."""
    duration = lease.get("spec", {}).get("leaseDurationSeconds")
    if duration is not None and duration <= 0:
        return [names.invalid("spec.leaseDurationSeconds", duration, "must be greater than 0")]
    return []


def default_autoscaler(autoscaler: Object) -> None:
    """One replica at least; eighty percent of the CPU, if nothing else is said."""
    spec = autoscaler.setdefault("spec", {})
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def create_autoscaler(autoscaler: Object) -> None:
    """The numbers that its status always has."""
    autoscaler["status"] = {"currentMetrics": None, "desiredReplicas": 0}


def create_budget(budget: Object) -> None:
    """The numbers that its status always has."""
    budget["status"] = dict.fromkeys(("currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods"), 0)


def default_binding(binding: Object) -> None:
    """The API groups of a role binding's parts, in place."""
    group = "rbac.authorization.k8s.io"
    binding.setdefault("roleRef", {}).setdefault("apiGroup", group)
    for subject in binding.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            subject.setdefault("apiGroup", group)
        elif subject.get("kind") == "ServiceAccount":
            subject.pop("apiGroup", None)


def same_role(new: Object, old: Object | None) -> list[Cause]:
    """A binding's role never changes."""
    if old is None or new.get("roleRef") == old.get("roleRef"):
        return []
    return [names.invalid("roleRef", new.get("roleRef"), "cannot change roleRef")]


def default_policy(policy: Object) -> None:
    """An admission policy's defaults, in place."""
    spec = policy.setdefault("spec", {})
    spec.setdefault("failurePolicy", "Fail")
    constraints = spec.get("matchConstraints")
    if constraints is not None:
        constraints.setdefault("matchPolicy", "Equivalent")
        constraints.setdefault("namespaceSelector", {})
        constraints.setdefault("objectSelector", {})
        for rule in constraints.get("resourceRules") or ():
            rule.setdefault("scope", "*")


_ROUTE_GROUP = "gateway.networking.k8s.io"


def default_route(route: Object) -> None:
    """An HTTPRoute as its CRD would fill it in, in place."""
    spec = route.setdefault("spec", {})
    for parent in spec.get("parentRefs") or ():
        parent.setdefault("group", _ROUTE_GROUP)
        parent.setdefault("kind", "Gateway")
    for rule in spec.setdefault("rules", [{}]):
        rule.setdefault("matches", [{"path": {"type": "PathPrefix", "value": "/"}}])
        backends = [*(rule.get("backendRefs") or ()), *_mirrors(rule)]
        for backend in backends:
            backend.setdefault("group", "")
            backend.setdefault("kind", "Service")
        for backend in rule.get("backendRefs") or ():
            backend.setdefault("weight", 1)


def _mirrors(rule: Object) -> list[Any]:
    return [
        item["requestMirror"]["backendRef"] for item in rule.get("filters") or () if "backendRef" in item.get("requestMirror", {})
    ]
