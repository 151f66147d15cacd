"""What the views say about traffic: the Services on the workload's pods, the candidate's Service, and the route."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from controller.api import names
from controller.kube import paths
from controller.kube.client import Client
from controller.reconcile import gateways
from controller.reconcile.cluster import IN_FLIGHT, Namespace
from controller.reconcile.memory import Memory
from controller.traffic import services as service_objects
from controller.traffic.httproute import HTTPRoute
from controller.traffic.router import Router, Split, Unusable
from strategies.analysis.verdict import Unknown
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Status
from strategies.world.observation import CandidateService, ReplicaSet, Route, Service

Object = dict[str, Any]
ROUTER: Router = HTTPRoute()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Traffic as it was seen; `pins_since` is when this process first saw the present pins, `split_route` a route that is
    split for us although the status names another, or none.
    """

    services: tuple[Service, ...]
    candidate: CandidateService | None
    route: Route | Unknown | None
    pins_since: datetime | None
    split_route: str | None = None


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
    def route(self) -> str | None:
        """Name of the route: as the release began with it, or as the spec says now."""
        if self.status.wheel is not None:
            return self.status.wheel.route
        return self.spec.traffic.http_route.name if self.spec and self.spec.traffic.http_route else None

    @property
    def unsynced(self) -> list[str]:
        """Resources that were not listed yet."""
        spec_names_one = self.spec is not None and self.spec.traffic.http_route is not None
        needed = (*IN_FLIGHT, paths.HTTP_ROUTES) if self.route or spec_names_one else IN_FLIGHT
        return [r.plural for r in needed if not self.views.follow(r).synced.is_set()]


def read_traffic(look: Look, known: tuple[ReplicaSet, ...]) -> Seen:
    """Services and route from the namespace's views, with the endpoints of the `known` ReplicaSets."""
    memory = look.memory
    slices = _by_service(look.views.follow(paths.ENDPOINT_SLICES).store.list(look.namespace))
    owners = {r.name: r.hash for r in known}
    ignored = look.spec.traffic.ignore_services if look.spec else ()
    in_namespace = look.views.follow(paths.SERVICES).store.list(look.namespace)
    split_here = service_objects.split_for(in_namespace, memory.uid)
    found = [
        s for s in in_namespace
        # One that is pinned is ours until it is unpinned, whatever the spec says meanwhile.
        if (s["metadata"]["name"] not in ignored or names.PIN in (s["metadata"].get("labels") or {}))
        and (s["metadata"]["name"] in split_here or _concerns(s, look.raw, look.status))
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


def _split_route(look: Look, split_here: frozenset[str]) -> str | None:
    if look.status.wheel is None or not split_here:
        return None
    view = look.views.follow(paths.HTTP_ROUTES)
    if not view.synced.is_set() or (look.route and view.store.get(look.namespace, look.route)):
        return None
    split = ((found, ROUTER.read(found, split_here)) for found in view.store.list(look.namespace))
    return min((f["metadata"]["name"] for f, s in split if isinstance(s, Split) and not s.as_owned), default=None)


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


def _concerns(service: Object, raw: Object | Unknown | None, status: Status) -> bool:
    """Whether a Service is this workload's: by its selector; or, without a Deployment to compare with, by its pin."""
    if isinstance(raw, dict):
        labels = (raw["spec"]["template"].get("metadata") or {}).get("labels") or {}
        if service_objects.selects(service, labels):
            return True
    revisions = (status.stable, status.retiring, status.trial.candidate if status.trial else None)
    hashes = {r.hash for r in revisions if r is not None}
    pinned = (service["metadata"].get("labels") or {}).get(names.PIN)
    return pinned is not None and pinned in hashes


def _route(look: Look, services: tuple[Service, ...]) -> Route | Unknown | None:
    if look.route is None:
        return None
    memory = look.memory
    view = look.views.follow(paths.HTTP_ROUTES)
    if not view.synced.is_set():
        return Unknown(reason="NotListed", message="HTTPRoutes cannot be listed; are Gateway API's CRDs installed?")
    found = view.store.get(look.namespace, look.route)
    if found is None:
        return None
    split = ROUTER.read(found, frozenset(s.name for s in services))
    if isinstance(split, Unusable):
        return Route(service=None, weight=0, as_owned=True, accepted=False, since=look.now, problem=split.problem)
    problem = None if look.status.trial or look.status.retiring else _gateway_problem(look, found)
    if memory.route_seen is None or memory.route_seen[0] != split.weight:
        memory.route_seen = (split.weight, look.now)
    return Route(service=split.service, weight=split.weight, as_owned=split.as_owned, accepted=split.accepted,
                 since=memory.route_seen[1], problem=problem, even=split.even)  # fmt: skip


def _gateway_problem(look: Look, route: Object) -> str | Unknown | None:
    """Asked only before a release; once for each form of the route when nothing is wrong, else in every turn: no view tells that
    a gateway was made, or can be read again.
    """
    version = route["metadata"]["resourceVersion"]
    if look.memory.gateways == version:
        return None
    found = gateways.problem(look.client, route)
    look.memory.gateways = None if found else version
    return found


def _by_service(slices: list[Object]) -> dict[str, list[Object]]:
    grouped: dict[str, list[Object]] = {}
    for found in slices:
        service = (found["metadata"].get("labels") or {}).get("kubernetes.io/service-name")
        if service:
            grouped.setdefault(service, []).append(found)
    return grouped
