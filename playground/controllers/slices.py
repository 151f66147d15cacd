"""What the EndpointSlices of a Service should be, and the fewest writes that make them so. Pure.

Pods that listen on the same ports share slices, at most a hundred in one. An endpoint stays in the slice it is in.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from playground.apiserver.objects import Object
from playground.controllers import pods
from playground.controllers.metadata import controlled_by, is_deleted

SERVICE = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
HEADLESS = "service.kubernetes.io/headless"
FULL = 100
_Ports = frozenset[frozenset[tuple[str, Any]]]


@dataclass(slots=True, kw_only=True)
class Plan:
    """Slices to write. Those to create have no name yet."""

    create: list[Object] = field(default_factory=list)
    update: list[Object] = field(default_factory=list)
    delete: list[Object] = field(default_factory=list)


def is_ours(found: Object) -> bool:
    """Made by the controller of EndpointSlices, not by somebody else."""
    return bool((found["metadata"].get("labels") or {}).get(MANAGED_BY) == MANAGER)


def planned(service: Object, selected: list[Object], present: list[Object]) -> Plan:
    """`selected`: the pods that the Service selects; `present`: its slices."""
    families = [f"IP{family.removeprefix('IP')}" for family in service["spec"].get("ipFamilies") or ["IPv4"]]
    whole = Plan(delete=[found for found in present if found["addressType"] not in families])
    for family in families:
        plan = _of_family(service, family, selected, [found for found in present if found["addressType"] == family])
        whole.create += plan.create
        whole.update += plan.update
        whole.delete += plan.delete
    return whole


def _of_family(service: Object, family: str, selected: list[Object], present: list[Object]) -> Plan:
    uid = service["metadata"]["uid"]
    ours = [one for one in present if any(ref["uid"] == uid for ref in one["metadata"].get("ownerReferences") or ())]
    plan = Plan(delete=[found for found in present if found not in ours])
    wanted: dict[_Ports, tuple[list[Object], dict[str, Object]]] = {}
    for pod in selected:
        if not pods.has_ended(pod) and (endpoint := _endpoint(service, pod, family)):
            ports = _ports(service, pod)
            wanted.setdefault(_port_key(ports), (ports, {}))[1][pod["metadata"]["uid"]] = endpoint
    present_by = [(_port_key(found.get("ports")), found) for found in ours]
    for key, listening in wanted.items():
        _fill(service, family, listening, [found for ports, found in present_by if ports == key], plan)
    plan.delete += [found for ports, found in present_by if ports not in wanted]
    if len(present) == len(plan.delete) and not plan.create:
        _keep_placeholder(service, family, plan)
    _rewrite_instead_of_deleting(plan, uid)
    return plan


def _fill(
    service: Object, family: str, wanted: tuple[list[Object], dict[str, Object]], present: list[Object], plan: Plan
) -> None:
    """Put these endpoints into slices of these ports."""
    ports, missing = wanted
    changed: list[Object] = []
    unchanged: list[Object] = []
    for found in present:
        endpoints = found.get("endpoints") or []
        kept = [missing.pop(uid) for one in endpoints if (uid := one.get("targetRef", {}).get("uid")) in missing]
        labels = _labels(service)
        if endpoints and not kept:
            plan.delete.append(found)
        elif kept != endpoints or labels != found["metadata"].get("labels"):
            changed.append(found | {"endpoints": kept, "metadata": found["metadata"] | {"labels": labels}})
        else:
            unchanged.append(found)
    for found in sorted(changed, key=lambda one: -len(one["endpoints"])):
        _pour(missing, found)
    while missing:
        room = [one for one in unchanged if len(one.get("endpoints") or []) + len(missing) <= FULL]
        if room:
            fullest = max(room, key=lambda one: len(one.get("endpoints") or []))
            unchanged.remove(fullest)
            changed.append(fullest | {"endpoints": list(fullest.get("endpoints") or [])})
            _pour(missing, changed[-1])
        else:
            plan.create.append(_slice(service, family, ports))
            _pour(missing, plan.create[-1])
    plan.update += changed


def _pour(missing: dict[str, Object], found: Object) -> None:
    for uid in list(missing)[: FULL - len(found["endpoints"])]:
        found["endpoints"].append(missing.pop(uid))


def _keep_placeholder(service: Object, family: str, plan: Plan) -> None:
    """A Service without endpoints has one empty slice."""
    if len(plan.delete) == 1:
        last = plan.delete[0]
        if not last.get("endpoints") and not last.get("ports") and last["metadata"].get("labels") == _labels(service):
            plan.delete.clear()
            return
    plan.create.append(_slice(service, family, []))


def _rewrite_instead_of_deleting(plan: Plan, uid: str) -> None:
    for found in list(plan.delete):
        owned = any(ref["uid"] == uid for ref in found["metadata"].get("ownerReferences") or ())
        if plan.create and owned:
            made = plan.create.pop()
            plan.update.append(made | {"metadata": found["metadata"] | {"labels": made["metadata"]["labels"]}})
            plan.delete.remove(found)


def _slice(service: Object, family: str, ports: list[Object]) -> Object:
    metadata = service["metadata"]
    return {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": family, "endpoints": [], "ports": ports,
        "metadata": {
            "generateName": f"{metadata['name']}-", "namespace": metadata["namespace"], "labels": _labels(service),
            "ownerReferences": [controlled_by(service, "v1", "Service")],
        },
    }  # fmt: skip


def _labels(service: Object) -> dict[str, str]:
    own = {key: value for key, value in (service["metadata"].get("labels") or {}).items() if key != HEADLESS}
    headless = {} if service["spec"].get("clusterIP") not in (None, "", "None") else {HEADLESS: ""}
    return own | headless | {SERVICE: service["metadata"]["name"], MANAGED_BY: MANAGER}


def _endpoint(service: Object, pod: Object, family: str) -> Object | None:
    """How the Service sees this pod; None as long as it has no address of this family."""
    status, metadata = pod.get("status") or {}, pod["metadata"]
    addresses = [one["ip"] for one in status.get("podIPs") or ([{"ip": status["podIP"]}] if status.get("podIP") else [])]
    addresses = [address for address in addresses if (":" in address) == (family == "IPv6")]
    if not addresses:
        return None
    serving, terminating = pods.is_ready(pod), is_deleted(pod)
    ready = bool(service["spec"].get("publishNotReadyAddresses")) or (serving and not terminating)
    endpoint: Object = {
        "addresses": addresses, "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
    }  # fmt: skip
    if pod["spec"].get("hostname") and pod["spec"].get("subdomain") == service["metadata"]["name"]:
        endpoint["hostname"] = pod["spec"]["hostname"]
    if pod["spec"].get("nodeName"):
        endpoint["nodeName"] = pod["spec"]["nodeName"]
    target = {"kind": "Pod", "namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"]}
    return endpoint | {"targetRef": target}


def _ports(service: Object, pod: Object) -> list[Object]:
    """The Service's ports as this pod has them; a named one that the pod does not have is left out."""
    found = ((port, _number(port, pod)) for port in service["spec"].get("ports") or ())
    return [
        {"name": port.get("name", ""), "protocol": port.get("protocol", "TCP"), "port": number}
        | ({"appProtocol": port["appProtocol"]} if "appProtocol" in port else {})
        for port, number in found if number is not None
    ]  # fmt: skip


def _number(port: Object, pod: Object) -> int | None:
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    lasting = (one for one in pod["spec"].get("initContainers") or () if one.get("restartPolicy") == "Always")
    return next((
        int(named["containerPort"])
        for container in (*pod["spec"]["containers"], *lasting) for named in container.get("ports") or ()
        if named.get("name") == target and named.get("protocol", "TCP") == port.get("protocol", "TCP")
    ), None)  # fmt: skip


def _port_key(ports: Iterable[Object] | None) -> _Ports:
    """The same for the same ports, in whatever order."""
    return frozenset(frozenset(port.items()) for port in ports or ())
