"""What stands around a Deployment, read with the user's own rights: for a first Release. Reads only.

What may not be read is told, not guessed.
"""

import difflib
from dataclasses import dataclass
from typing import Any

from controller.cli.access import Access
from controller.cli.answers import Exit, Problem, may_not
from controller.cli.obstacles import selecting
from controller.kube import paths
from controller.kube.errors import Forbidden, NotFound
from controller.kube.paths import Resource
from controller.reconcile.traffic import ROUTERS
from controller.traffic.router import Unusable
from strategies.spec.metric_source import MetricSourceSpec, allows
from strategies.spec.release import RouteKind

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The Deployment and what concerns it; `unseen` says in sentences what could not be read.

    `services` select its pods, `routes` send to one of these; `sources` are the MetricSources that may be asked here.
    """

    namespace: str
    deployment: Object
    others: list[Object]
    services: list[Object]
    routes: list[Object]
    autoscalers: list[str]
    sources: dict[str, MetricSourceSpec]
    unseen: tuple[str, ...]

    @property
    def name(self) -> str:
        """The Deployment's."""
        return str(self.deployment["metadata"]["name"])

    @property
    def replicas(self) -> int:
        """What the Deployment asks for."""
        return int(self.deployment["spec"].get("replicas", 1))

    @property
    def recreate(self) -> bool:
        """Whether its author wants no two versions side by side."""
        return (self.deployment["spec"].get("strategy") or {}).get("type") == "Recreate"


def name_of(found: Object) -> str:
    """An object's name."""
    return str(found["metadata"]["name"])


def sent_to(route: Object, services: list[Object]) -> str | None:
    """Which of the Services a route sends to; the first by name."""
    names, (_, router) = (name_of(service) for service in services), ROUTERS[RouteKind.HTTP_ROUTE]
    return min((name for name in names if not isinstance(router.read(route, frozenset({name})), Unusable)), default=None)


def look(access: Access, name: str) -> Survey:
    """Read what there is. Raises Problem for a Deployment that does not exist or has its Release already."""
    deployment, others = _deployment(access, name)
    _without_release(access, name)
    unseen: list[str] = []
    services = selecting(_listed(access, paths.SERVICES, unseen), deployment)
    routes = _listed(access, paths.HTTP_ROUTES, unseen) if services else []
    autoscalers = _listed(access, paths.HORIZONTAL_POD_AUTOSCALERS, unseen)
    sources = _sources(access, unseen)
    return Survey(
        namespace=access.namespace,
        deployment=deployment,
        others=others,
        services=services,
        routes=[route for route in routes if sent_to(route, services) is not None],
        autoscalers=[name_of(found) for found in autoscalers if _scales(found, name)],
        sources=sources,
        unseen=tuple(unseen),
    )


def _deployment(access: Access, name: str) -> tuple[Object, list[Object]]:
    try:
        found = access.client.list(paths.DEPLOYMENTS.path(access.namespace))[0]
    except Forbidden:
        # Who may not list may still get the one.
        found = [_one(access, name)]
    mine = next((each for each in found if name_of(each) == name), None)
    if mine is None:
        raise _missing(access.namespace, name, [name_of(each) for each in found])
    return mine, [each for each in found if each is not mine]


def _one(access: Access, name: str) -> Object:
    try:
        return access.client.get(paths.DEPLOYMENTS.path(access.namespace, name))
    except NotFound:
        raise _missing(access.namespace, name, []) from None


def _missing(namespace: str, name: str, there: list[str]) -> Problem:
    similar = difflib.get_close_matches(name, there, 3, 0.5)
    remedy = f"Did you mean {' or '.join(similar)}?" if similar else "Name another namespace with -n."
    if there and not similar:
        remedy = f"There are: {', '.join(sorted(there)[:10])}. {remedy}"
    return Problem(f"Deployment {name} does not exist in namespace {namespace}. {remedy}", Exit.UNREACHABLE)


def _without_release(access: Access, name: str) -> None:
    try:
        releases = access.client.list(paths.RELEASES.path(access.namespace))[0]
    except (Forbidden, NotFound):
        return
    for release in releases:
        if ((release.get("spec") or {}).get("workloadRef") or {}).get("name") == name:
            its = name_of(release)
            raise Problem(f"Deployment {name} already belongs to Release {its}. Change that one: "
                          f"kubectl -n {access.namespace} edit release {its}")  # fmt: skip


def _listed(access: Access, resource: Resource, unseen: list[str]) -> list[Object]:
    try:
        return access.client.list(resource.path(access.namespace if resource.namespaced else None))[0]
    except Forbidden as error:
        unseen.append(f"You may not {may_not(error)}, so nothing is known of {resource.plural}.")
    except NotFound:
        unseen.append(f"This cluster does not know {resource.plural}.")
    return []


def _scales(autoscaler: Object, name: str) -> bool:
    target = (autoscaler.get("spec") or {}).get("scaleTargetRef") or {}
    return target.get("kind") == "Deployment" and target.get("name") == name


def _sources(access: Access, unseen: list[str]) -> dict[str, MetricSourceSpec]:
    usable = {}
    for each in _listed(access, paths.METRIC_SOURCES, unseen):
        try:
            spec = MetricSourceSpec.model_validate(each.get("spec") or {})
        except ValueError:
            continue  # One of a newer version; the gate is better left out.
        if allows(spec.namespaces, access.namespace):
            usable[name_of(each)] = spec
    return usable
