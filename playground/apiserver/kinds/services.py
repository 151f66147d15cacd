"""Services: defaults, addresses and validation. Addresses are handed out in order and never again in one life of the cluster."""

from ipaddress import IPv4Address

from playground.apiserver.errors import Cause
from playground.apiserver.kinds import names
from playground.apiserver.objects import Object

_FIRST_ADDRESS = IPv4Address("10.96.0.10")
_FIRST_NODE_PORT = 30000
_TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]


class Addresses:
    """Cluster addresses and node ports, for those Services that bring none."""

    def __init__(self) -> None:
        self._next, self._next_port = _FIRST_ADDRESS, _FIRST_NODE_PORT

    def give(self, service: Object) -> None:
        """Fill in what a Service of its type has, in place."""
        spec = service["spec"]
        if spec["type"] == "ExternalName":
            return
        if not spec.get("clusterIP"):
            spec["clusterIP"], self._next = str(self._next), self._next + 1
        spec["clusterIPs"] = [spec["clusterIP"]]
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        if spec["type"] in ("NodePort", "LoadBalancer"):
            for port in spec.get("ports", ()):
                if not port.get("nodePort"):
                    port["nodePort"], self._next_port = self._next_port, self._next_port + 1

    def create(self, service: Object) -> None:
        """A new Service has an address and no status."""
        service["status"] = {"loadBalancer": {}}
        self.give(service)

    def update(self, new: Object, old: Object) -> None:
        """What was allocated stays, if the request does not mention it."""
        spec, before = new["spec"], old["spec"]
        if spec["type"] == "ExternalName":
            return
        if before["type"] != "ExternalName":
            for key in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
                if key in before and not spec.get(key):
                    spec[key] = before[key]
        taken = {(port["port"], port["protocol"]): port["nodePort"] for port in before.get("ports", ()) if port.get("nodePort")}
        if spec["type"] in ("NodePort", "LoadBalancer"):
            for port in spec.get("ports", ()):
                if not port.get("nodePort") and (port["port"], port["protocol"]) in taken:
                    port["nodePort"] = taken[port["port"], port["protocol"]]
        self.give(new)


def default(service: Object) -> None:
    """In place."""
    spec = service.setdefault("spec", {})
    spec.setdefault("sessionAffinity", "None")
    spec.setdefault("type", "ClusterIP")
    if spec["sessionAffinity"] == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {}).setdefault("timeoutSeconds", 10800)
    for port in spec.get("ports", ()):
        port.setdefault("protocol", "TCP")
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)


def validate(service: Object, old: Object | None) -> list[Cause]:
    """Type, address and ports."""
    spec = service["spec"]
    if spec["type"] not in _TYPES:
        return [names.unsupported("spec.type", spec["type"], _TYPES)]
    causes = _ports(spec) + names.labels(spec.get("selector"), "spec.selector")
    if spec["type"] == "ExternalName":
        return causes if spec.get("externalName") else [*causes, names.required("spec.externalName")]
    before = old["spec"].get("clusterIP") if old is not None and old["spec"]["type"] != "ExternalName" else None
    if before and spec.get("clusterIP") != before:
        causes.append(names.invalid("spec.clusterIPs[0]", spec.get("clusterIPs"), "may not change once set"))
    return causes


def _ports(spec: Object) -> list[Cause]:
    ports = spec.get("ports") or []
    if not ports and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        return [names.required("spec.ports")]
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, port in enumerate(ports):
        field, name = f"spec.ports[{index}]", port.get("name", "")
        if not name and len(ports) > 1:
            causes.append(names.required(f"{field}.name"))
        elif name:
            causes += [names.invalid(f"{field}.name", name, said) for said in names.label(name)]
            if name in seen:
                causes.append(Cause(reason="FieldValueDuplicate", field=f"{field}.name", message=f'Duplicate value: "{name}"'))
        seen.add(name)
        for key in ("port", "targetPort"):
            if isinstance(port.get(key, 0), int) and not 0 < port.get(key, 0) < 65536:
                causes.append(names.invalid(f"{field}.{key}", port.get(key, 0), "must be between 1 and 65535, inclusive"))
    return causes
