"""What the views say about traffic: the Services on the workload's pods, the candidate's Service, and the route."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from controller.api import names
from controller.kube import paths
from controller.kube.client import Client
from controller.kube.paths import Resource
from controller.reconcile import gateways
from controller.reconcile.cluster import IN_FLIGHT, Namespace
from controller.reconcile.gateways import Gateways
from controller.reconcile.memory import Memory
from controller.traffic import services as service_objects
from controller.traffic.httproute import HTTPRoute, unmirrored
from controller.traffic.router import Router, Split, Unusable
from controller.traffic.traefik import TraefikService
from strategies.analysis.verdict import Unknown
from strategies.spec.phase import Phase
from strategies.spec.release import ReleaseSpec, RouteKind, RouteRef, StrategyType
from strategies.spec.status import Status
from strategies.world.observation import CandidateService, ReplicaSet, Route, Service

Object = dict[str, Any]
ROUTERS: dict[RouteKind, tuple[Resource, Router]] = {
    RouteKind.HTTP_ROUTE: (paths.HTTP_ROUTES, HTTPRoute()),
    RouteKind.TRAEFIK_SERVICE: (paths.TRAEFIK_SERVICES, TraefikService()),
}
"""The routes of each kind, and what reads and writes them."""
_WHAT_SERVES = {RouteKind.HTTP_ROUTE: "Gateway API's CRDs", RouteKind.TRAEFIK_SERVICE: "Traefik's CRDs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Traffic as it was seen; `pins_since` is when this process first saw the present pins, `split_route` a route that is
    split for us although the status names another, or none.
    """

    services: tuple[Service, ...]
    candidate: CandidateService | None
    route: Route | Unknown | None
    pins_since: datetime | None
    split_route: RouteRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look at one Release's namespace starts from. `raw` is the Deployment."""

    client: Client
    views: Namespace
    namespace: str
    raw: Object | Unknown | None
    spec: ReleaseSpec | None
    status: Status
    memory: Memory
    now: datetime

    @property
    def route(self) -> RouteRef | None:
        """The route: as the release began with it, or as the spec says now."""
        if self.status.wheel is not None:
            return self.status.wheel.ref
        return self.spec.traffic.route if self.spec else None

    @property
    def kinds(self) -> tuple[RouteKind, ...]:
        """The kinds of routes that are looked at: that of the release in flight, and the spec's."""
        named = (self.route, self.spec.traffic.route if self.spec else None)
        return tuple(dict.fromkeys(each.kind for each in named if each is not None))

    @property
    def unsynced(self) -> list[str]:
        """Resources that were not listed yet."""
        needed = (*IN_FLIGHT, *(ROUTERS[kind][0] for kind in self.kinds))
        return [r.plural for r in needed if not self.views.follow(r).synced.is_set()]


def read_traffic(look: Look, known: tuple[ReplicaSet, ...]) -> Seen:
    """Services and route from the namespace's views, with the endpoints of the `known` ReplicaSets."""
    memory = look.memory
    slices = _by_service(look.views.follow(paths.ENDPOINT_SLICES).store.list(look.namespace))
    owners = {r.name: r.hash for r in known}
    ignored = look.spec.traffic.ignore_services if look.spec else ()
    revisions = (look.status.stable, look.status.retiring, look.status.trial.candidate if look.status.trial else None)
    hashes = {revision.hash for revision in revisions if revision is not None}
    in_namespace = look.views.follow(paths.SERVICES).store.list(look.namespace)
    split_here = service_objects.split_for(in_namespace, memory.uid)
    found = [
        s for s in in_namespace
        # One that is pinned is ours until it is unpinned, whatever the spec says meanwhile.
        if (s["metadata"]["name"] not in ignored or names.PIN in (s["metadata"].get("labels") or {}))
        and (s["metadata"]["name"] in split_here or service_objects.concerns(s, look.raw, hashes))
    ]  # fmt: skip
    read = tuple(service_objects.read(s, slices.get(s["metadata"]["name"], []), owners) for s in found)
    pins = {s.name: s.pin for s in read}
    if memory.pins_seen is None or memory.pins_seen[0] != pins:
        memory.pins_seen = (pins, look.now)
    route, candidate = _route(look, read), None
    split = _split_service(route, split_here)
    if split is not None:
        other = service_objects.candidate_name(split)
        raw_candidate = look.views.follow(paths.SERVICES).store.get(look.namespace, other)
        read_now = service_objects.read_candidate(raw_candidate, split, slices.get(other, []), owners)
        candidate = _with_moment(read_now, look)
    return Seen(services=read, candidate=candidate, route=route, pins_since=memory.pins_seen[1],
                split_route=_split_route(look, split_here))  # fmt: skip


def _split_route(look: Look, split_here: frozenset[str]) -> RouteRef | None:
    if look.status.wheel is None or not split_here:
        return None
    for kind in look.kinds or tuple(ROUTERS):
        resource, router = ROUTERS[kind]
        view, known = look.views.follow(resource), look.route
        if known and known.kind is kind and view.store.get(look.namespace, known.name):
            return None
        there = view.store.list(look.namespace) if view.synced.is_set() else []
        split = ((found, router.read(found, split_here)) for found in there)
        names_ = (f["metadata"]["name"] for f, s in split if isinstance(s, Split) and not s.as_owned)
        if name := min(names_, default=None):
            return RouteRef(kind=kind, name=name)
    return None


def _with_moment(candidate: CandidateService | None, look: Look) -> CandidateService | None:
    """When what the candidate's Service selects was first seen among its endpoints."""
    memory = look.memory
    selects = candidate.selects if candidate is not None else None
    if candidate is None or selects is None or not candidate.endpoints.get(selects):
        memory.serving_seen = None
        return candidate
    if memory.serving_seen is None or memory.serving_seen[0] != selects:
        memory.serving_seen = (selects, look.now)
    return replace(candidate, serving_since=memory.serving_seen[1])


def _split_service(route: Route | Unknown | None, split_here: frozenset[str]) -> str | None:
    """The Service that is split: by the route, or, where that is gone or cannot be read, by the candidate's Service itself."""
    if isinstance(route, Route) and route.service is not None:
        return route.service
    return min(split_here, default=None)


def _route(look: Look, services: tuple[Service, ...]) -> Route | Unknown | None:
    if look.route is None:
        return None
    memory = look.memory
    kind = look.route.kind
    resource, router = ROUTERS[kind]
    view = look.views.follow(resource)
    if not view.synced.is_set():
        return Unknown(reason="NotListed", message=f"{kind}s cannot be listed; are {_WHAT_SERVES[kind]} installed?")
    found = view.store.get(look.namespace, look.route.name)
    if found is None:
        return None
    split = router.read(found, frozenset(s.name for s in services))
    if isinstance(split, Unusable):
        return Route(service=None, weight=0, as_owned=True, accepted=False, since=look.now, problem=split.problem)
    if memory.route_seen is None or memory.route_seen[0] != (split.weight, split.mirror):
        memory.route_seen = ((split.weight, split.mirror), look.now)
    read = Route(service=split.service, weight=split.weight, as_owned=split.as_owned, accepted=split.accepted, even=split.even,
                 mirror=split.mirror, splits=split.splits, since=memory.route_seen[1], unsafe=split.unsafe)  # fmt: skip
    if look.status.trial or look.status.retiring or kind is not RouteKind.HTTP_ROUTE:
        return read
    ways, strategy = _gateways(look, found), look.spec.strategy if look.spec else None
    if strategy is None or strategy.type not in (StrategyType.SHADOW, StrategyType.AUTO):
        return replace(read, problem=ways.problem)
    lacking = unmirrored(found, split.service, strategy.shadow.percent, ways.features)
    if lacking is not None and look.status.phase is Phase.BLOCKED:
        memory.gateways = None
    return replace(read, problem=ways.problem, unmirrored=lacking)


def _gateways(look: Look, route: Object) -> Gateways:
    """Asked only before a release; once for each form of the route when nothing is wrong, else in every turn: no view tells that
    a gateway was made, can be read again, or that its class lists more.
    """
    version, known = route["metadata"]["resourceVersion"], look.memory.gateways
    if known is not None and known[0] == version:
        return Gateways(features=known[1])
    found = gateways.look(look.client, route)
    look.memory.gateways = None if found.problem else (version, found.features)
    return found


def _by_service(slices: list[Object]) -> dict[str, list[Object]]:
    grouped: dict[str, list[Object]] = {}
    for found in slices:
        service = service_objects.served_by(found)
        if service:
            grouped.setdefault(service, []).append(found)
    return grouped
