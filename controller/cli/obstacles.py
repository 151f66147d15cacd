"""What would keep a release of this Deployment from starting, in the controller's own words and by its own checks.

For commands that look before there is a Release: what cannot be known yet (a stable revision, the hold) is taken for good.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from controller.reconcile.traffic import ROUTERS
from controller.traffic import services as service_objects
from controller.traffic.router import Unusable
from controller.workloads.deployment import read_workload
from strategies.rollout.start import obstacle
from strategies.rollout.turn import Turn
from strategies.spec.reason import Reason
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Revision, Status
from strategies.world.observation import Observation, ReplicaSet, Route, Service, Workload

Object = dict[str, Any]
_THEN = datetime(1970, 1, 1, tzinfo=UTC)


class Unreadable(Exception):
    """An object that the API server would not take either."""


def obstacles(
    spec: ReleaseSpec, deployment: Object, *, services: list[Object], route: Object | None, others: list[Object]
) -> list[tuple[Reason, str]]:
    """Every obstacle that these objects show, with its remedy. `others` are the namespace's other Deployments.

    `route` None means that it is not known here. Raises Unreadable for objects that are none.
    """
    try:
        spec = spec.model_copy(update={"flags": ()})  # Each is looked at by itself: see controller.cli.comparing.
        workload = read_workload(_named(deployment), None, None)
        ours = selecting(services, deployment)
        usable = _route(spec, route, ours) if route is not None else _ROUTE
        shared = tuple(_shared(service, others) for service in ours if _name(service) not in spec.traffic.ignore_services)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise Unreadable(str(error)) from error
    found = []
    seen = _observation(spec, workload, shared, usable)
    while (first := obstacle(Turn(spec=spec, status=_STATUS, observation=seen, now=_THEN))) is not None:
        found.append(first)
        mended = _without(seen, workload := _mended(workload, first[0]), first[0])
        if mended == seen:
            break
        seen = mended
    return found


def selecting(services: list[Object], deployment: Object) -> list[Object]:
    """The Services whose selector matches the Deployment's pods."""
    labels = pod_labels(deployment)
    return [service for service in services if service_objects.selects(_named(service), labels)]


def pod_labels(deployment: Object) -> dict[str, str]:
    """Labels of the pods that the Deployment makes."""
    return dict((deployment["spec"]["template"].get("metadata") or {}).get("labels") or {})


def _name(found: Object) -> str:
    return str(found["metadata"]["name"])


def _named(found: Object) -> Object:
    """A manifest with what the API server would add to its metadata."""
    return {**found, "metadata": {"uid": "", "namespace": "", **found["metadata"]}}


_REPLICA_SET: dict[str, Any] = {
    "uid": "", "hash": "stable", "created": _THEN, "replicas": 1, "pods": 1, "ready": 1, "available": 1, "current": True,
    "ours": False, "saturation_mark": False, "deleting": False,
}  # fmt: skip
_STATUS = Status(stable=Revision(hash="stable", replica_set="stable", digest="", generation=0))
_ROUTE = Route(service=None, weight=0, as_owned=True, accepted=True, since=_THEN)


def _observation(spec: ReleaseSpec, workload: Workload, services: tuple[Service, ...], route: Route) -> Observation:
    # What waits is a release, and no restart of what is there.
    stable = ReplicaSet(name="stable", template=replace(workload.template, restartless=""), **_REPLICA_SET)
    return Observation(name="", namespace="", uid="", generation=0, deleting=False, finalizer=False, workload=workload, hold=True,
                       replica_sets=(stable,), services=services, route=route if spec.traffic.route else None)  # fmt: skip


def _route(spec: ReleaseSpec, route: Object, services: list[Object]) -> Route:
    """What its gateways support is not known here."""
    assert spec.traffic.route is not None
    _, router = ROUTERS[spec.traffic.route.kind]
    split = router.read(_named(route), frozenset(_name(service) for service in services))
    return replace(_ROUTE, problem=split.problem) if isinstance(split, Unusable) else replace(_ROUTE, unsafe=split.unsafe)


def _shared(service: Object, others: list[Object]) -> Service:
    foreign = sum(int(other["spec"].get("replicas", 1)) for other in others if selecting([service], other))
    return Service(name=_name(service), pin=None, endpoints={}, foreign=foreign)


def _mended(workload: Workload, reason: Reason) -> Workload:
    if reason is Reason.NO_HISTORY:
        return replace(workload, history_limit=1)
    return replace(workload, recreate=False) if reason is Reason.RECREATE_STRATEGY else workload


def _without(seen: Observation, workload: Workload, reason: Reason) -> Observation:
    """The same world with this obstacle removed, so that the next one shows."""
    seen = replace(seen, workload=workload)
    if reason is Reason.SERVICE_SHARED and isinstance(seen.services, tuple):
        first = next(service for service in seen.services if service.foreign)
        return replace(seen, services=tuple(service for service in seen.services if service is not first))
    return replace(seen, route=_ROUTE) if reason is Reason.ROUTE_UNUSABLE and seen.route else seen
