"""A Gateway API implementation: GatewayClass `playground`, its Gateways, and the HTTPRoutes that attach to them.

What it says of a route it also does, at the same moment: there is no proxy that follows later. `plan` answers where requests
go, for routes and for Services without one. Who sends them is told by annotations and done elsewhere.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from playground.apiserver.client import Client
from playground.apiserver.errors import ApiError
from playground.apiserver.objects import Key, Object, key_of, timestamp
from playground.controllers.queue import Queue
from playground.loop import Loop
from playground.traffic import routes
from playground.traffic.destinations import NO_BACKEND, Destinations, Plan

NAMESPACE, NAME, CLASS = "gateway-system", "gateway", "playground"
CONTROLLER = "playground.release-coordinator.io/gateway-controller"
REQUESTS_PER_SECOND = "playground.release-coordinator.io/requests-per-second"
"""Annotation of HTTPRoutes and Services: how many requests their users send."""
_USUAL_RATE, _HIGHEST_RATE = 50.0, 100_000.0
_GATEWAYS, _CLASSES, _ROUTES = (f"{plural}.{routes.GROUP}" for plural in ("gateways", "gatewayclasses", "httproutes"))
_RESOURCES = {"GatewayClass": _CLASSES, "Gateway": _GATEWAYS, "HTTPRoute": _ROUTES}
_ADDRESS = "10.244.0.2"
_FEATURES = ("Gateway", "HTTPRoute", "HTTPRouteHostRewrite", "HTTPRoutePathRewrite", "HTTPRouteRequestMirror",
             "HTTPRouteRequestMultipleMirrors", "HTTPRouteRequestPercentageMirror",
             "HTTPRouteResponseHeaderModification")  # fmt: skip
_SERVED = "the playground serves it"

Where = tuple[str, str, str]
"""Kind, namespace and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """The users of a route, or of a Service without one. `rate`: requests per second."""

    where: Where
    rate: float


class Gateway:
    """Attaches routes, says so in their status, and knows where requests go."""

    def __init__(self, loop: Loop, client: Client) -> None:
        self._loop, self._client = loop, client
        self._queue: Queue[Where] = Queue(loop, "gateway", self._synchronize)
        self._gateways: dict[Key, Object] = {}
        self._routes: dict[Key, Object] = {}
        self._destinations = Destinations()
        self._routes_of: dict[Key, dict[Key, None]] = {}
        self._attached: dict[Key, dict[Key, None]] = {}
        self._plans: dict[Where, Plan] = {}
        self._audiences: dict[Where, Audience] = {}

    def start(self) -> None:
        """Create the class, the Gateway and its namespace where they are missing, and follow all routes from now on."""
        metadata = {"name": NAME, "namespace": NAMESPACE}
        listener = {"name": "web", "protocol": "HTTP", "port": 80, "allowedRoutes": {"namespaces": {"from": "All"}}}
        self._ensure("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        self._ensure(_CLASSES, {"apiVersion": f"{routes.GROUP}/v1", "kind": "GatewayClass", "metadata": {"name": CLASS},
                                "spec": {"controllerName": CONTROLLER}})  # fmt: skip
        self._ensure(_GATEWAYS, {"apiVersion": f"{routes.GROUP}/v1", "kind": "Gateway", "metadata": metadata,
                                 "spec": {"gatewayClassName": CLASS, "listeners": [listener]}})  # fmt: skip
        for resource, on_event in (
            (_CLASSES, self._on_class), (_GATEWAYS, self._on_gateway), ("services", self._on_service),
            ("endpointslices.discovery.k8s.io", self._on_slice), (_ROUTES, self._on_route),
        ):  # fmt: skip
            self._client.watch(resource, on_event)

    @property
    def audiences(self) -> Collection[Audience]:
        """The users of every route that is carried out, and of every Service with the annotation that no route leads to."""
        return self._audiences.values()

    def plan(self, where: Where) -> Plan:
        """Where requests of this audience go, as it is now."""
        plan = self._plans.get(where)
        if plan is None:
            key = where[1:]
            shares = self._shares(self._routes[key]) if where[0] == "HTTPRoute" else [(key, 1.0)]
            copies = self._copies(self._routes[key]) if where[0] == "HTTPRoute" else []
            plan = self._destinations.spread(shares)
            if copies:
                plan = replace(plan, copies=self._destinations.spread(copies), copied=sum(share for _, share in copies))
            self._plans[where] = plan
        return plan

    def _copies(self, route: Object) -> list[tuple[Key | int, float]]:
        """Services with the copies that they get for each request."""
        used = routes.rules_for_users(route)
        found = [each for rule in used for each in routes.mirrors(route, rule, self._destinations.services)]
        return [(backend.service, share / len(used)) for backend, share in found if share and not backend.problem]

    def _shares(self, route: Object) -> list[tuple[Key | int, float]]:
        """Services, or codes, with their part of the requests: rules are used alike, backends by weight."""
        shares: list[tuple[Key | int, float]] = []
        for rule in routes.rules_for_users(route):
            found = routes.backends(route, rule, self._destinations.services)
            whole = sum(backend.weight for backend in found)
            shares += [(NO_BACKEND if b.problem else b.service, b.weight / whole) for b in found if b.weight]
            if not whole:
                shares.append((NO_BACKEND, 1.0))
        return shares or [(NO_BACKEND, 1.0)]

    def _ensure(self, resource: str, body: Object) -> None:
        namespace, name = key_of(body)
        if self._client.find(resource, name, namespace) is None:
            self._client.create(resource, body, namespace)

    def _on_class(self, event: str, found: Object) -> None:
        if event != "DELETED" and found["spec"].get("controllerName") == CONTROLLER:
            self._queue.add(("GatewayClass", "", found["metadata"]["name"]))

    def _on_gateway(self, event: str, gateway: Object) -> None:
        key = key_of(gateway)
        known = self._gateways.pop(key, None)
        if event != "DELETED" and gateway["spec"].get("gatewayClassName") == CLASS:
            self._gateways[key] = gateway
            self._queue.add(("Gateway", *key))
        if known is None or event == "DELETED" or known["spec"] != gateway["spec"]:
            for route in self._attached.get(key, ()):
                self._changed(route)

    def _on_route(self, event: str, route: Object) -> None:
        key = key_of(route)
        known = self._routes.pop(key, None)
        if event != "DELETED":
            self._routes[key] = route
        if known is None or event == "DELETED" or _is_changed(known, route):
            self._index(key, known, self._routes.get(key))
            self._changed(key)

    def _index(self, key: Key, before: Object | None, after: Object | None) -> None:
        """Keep the ways back, from Services and Gateways to the routes that name them."""
        services = _services(before), _services(after)
        gateways = _parents(before), _parents(after)
        for index, (old, new) in ((self._routes_of, services), (self._attached, gateways)):
            for name in old:
                index[name].pop(key, None)
            for name in new:
                index.setdefault(name, {})[key] = None
        for service in {**services[0], **services[1]}:
            self._weigh_service(service)
        if gateways[0] != gateways[1]:
            for gateway in {**gateways[0], **gateways[1]}:
                self._queue.add(("Gateway", *gateway))

    def _on_service(self, event: str, service: Object) -> None:
        key = self._destinations.observe_service(event, service)
        self._weigh_service(key)
        for route in self._routes_of.get(key, ()):
            self._changed(route)

    def _on_slice(self, event: str, found: Object) -> None:
        service = self._destinations.observe_slice(event, found)
        self._plans.pop(("Service", *service), None)
        for key in self._routes_of.get(service, ()):
            self._plans.pop(("HTTPRoute", *key), None)

    def _changed(self, key: Key) -> None:
        """A route, or what its status depends on, is not as it was."""
        where = ("HTTPRoute", *key)
        self._plans.pop(where, None)
        self._queue.add(where)
        route = self._routes.get(key)
        self._set_rate(where, _rate(route, _USUAL_RATE) if route and self._is_carried_out(route) else 0.0)

    def _weigh_service(self, key: Key) -> None:
        """A Service has users of its own while no route leads to it."""
        service = self._destinations.services.get(key)
        self._set_rate(("Service", *key), _rate(service, 0.0) if service and not self._routes_of.get(key) else 0.0)

    def _set_rate(self, where: Where, rate: float) -> None:
        if rate:
            self._audiences[where] = Audience(where=where, rate=rate)
        else:
            self._audiences.pop(where, None)
            self._plans.pop(where, None)

    def _is_carried_out(self, route: Object) -> bool:
        known = ((ref, self._gateways[key]) for ref, key in routes.parents(route) if key in self._gateways)
        return any(routes.acceptance(route, ref, gateway)[0] == "Accepted" for ref, gateway in known)

    def _synchronize(self, where: Where) -> None:
        """Write the status of one class, Gateway or route, if it is not what it should be."""
        kind, namespace, name = where
        found = self._client.find(_RESOURCES[kind], name, namespace)
        if found is None:
            return
        judge = {"GatewayClass": self._class_status, "Gateway": self._gateway_status, "HTTPRoute": self._route_status}[kind]
        status = judge(found)
        if status != {key: (found.get("status") or {}).get(key) for key in status}:
            patch = {"metadata": {"resourceVersion": found["metadata"]["resourceVersion"]}, "status": status}
            try:
                self._client.patch(_RESOURCES[kind], name, namespace, patch, "merge", "status")
            except ApiError as refused:
                if refused.status != 404:
                    raise

    def _class_status(self, found: Object) -> Object:
        conditions = self._conditions(found, found.get("status") or {}, {"Accepted": ("Accepted", _SERVED)})
        return {"conditions": conditions, "supportedFeatures": [{"name": name} for name in _FEATURES]}

    def _gateway_status(self, gateway: Object) -> Object:
        status, key = gateway.get("status") or {}, key_of(gateway)
        if key not in self._gateways:
            return {}
        said = {"Accepted": ("Accepted", _SERVED), "Programmed": ("Programmed", "it is ready for routes")}
        resolved = {**said, "ResolvedRefs": ("ResolvedRefs", "all references are there")}
        before: dict[str, Object] = {one["name"]: one for one in status.get("listeners") or []}
        listeners = [{
            "name": one["name"], "attachedRoutes": len(self._attached.get(key, ())),
            "supportedKinds": [{"group": routes.GROUP, "kind": "HTTPRoute"}],
            "conditions": self._conditions(gateway, before.get(one["name"], {}), resolved),
        } for one in gateway["spec"]["listeners"]]  # fmt: skip
        addresses = [{"type": "IPAddress", "value": _ADDRESS}]
        return {"addresses": addresses, "conditions": self._conditions(gateway, status, said), "listeners": listeners}

    def _route_status(self, route: Object) -> Object:
        """Other controllers' parents stay as they are."""
        present: list[Object] = (route.get("status") or {}).get("parents") or []
        own = [one for one in present if one.get("controllerName") == CONTROLLER]
        said: list[Object] = []
        for ref, key in routes.parents(route):
            if key in self._gateways:
                before: Object = next((one for one in own if one["parentRef"] == ref), {})
                reasons = {"Accepted": routes.acceptance(route, ref, self._gateways[key]),
                           "ResolvedRefs": routes.resolution(route, self._destinations.services)}  # fmt: skip
                conditions = self._conditions(route, before, reasons)
                said.append({"parentRef": ref, "controllerName": CONTROLLER, "conditions": conditions})
        if not own and not said:
            return {}
        return {"parents": [*(one for one in present if one.get("controllerName") != CONTROLLER), *said]}

    def _conditions(self, found: Object, before: Object, reasons: dict[str, tuple[str, str]]) -> list[Object]:
        """One condition for each type; it is True exactly if its reason is its type."""
        known = {one["type"]: one for one in before.get("conditions") or []}
        conditions: list[Object] = []
        for kind, (reason, message) in reasons.items():
            status, old = "True" if reason == kind else "False", known.get(kind, {})
            since = old["lastTransitionTime"] if old.get("status") == status else timestamp(self._loop.now())
            conditions.append({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since,
                               "observedGeneration": found["metadata"].get("generation", 1)})  # fmt: skip
        return conditions


def _services(route: Object | None) -> dict[Key, None]:
    every = routes.rules(route) if route else []
    found = [backend for rule in every for backend in routes.backends(route or {}, rule, {})]
    found += [backend for rule in every for backend, _ in routes.mirrors(route or {}, rule, {})]
    return {backend.service: None for backend in found}


def _parents(route: Object | None) -> dict[Key, None]:
    return {key: None for _, key in routes.parents(route)} if route else {}


def _is_changed(before: Object, after: Object) -> bool:
    """In what is asked, not only in what is said about it."""
    asked = [(one["spec"], one["metadata"].get("annotations"), one["metadata"].get("generation")) for one in (before, after)]
    return asked[0] != asked[1]


def _rate(found: Object, otherwise: float) -> float:
    """The annotation's number; `otherwise` where it is absent or makes no sense."""
    text = (found["metadata"].get("annotations") or {}).get(REQUESTS_PER_SECOND, "")
    try:
        rate = float(text)
    except ValueError:
        return otherwise
    return rate if 0 <= rate <= _HIGHEST_RATE else otherwise
