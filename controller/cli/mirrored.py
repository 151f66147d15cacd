"""Why the requests of a Release's route cannot be mirrored, as far as the user may look: `Auto` goes by it. Reads only."""

from datetime import UTC, datetime

from controller.cli.access import Access
from controller.kube.errors import Forbidden, NotFound
from controller.reconcile import gateways
from controller.reconcile.traffic import ROUTERS
from controller.traffic.httproute import unmirrored
from controller.traffic.router import Split
from strategies.rollout import mirroring
from strategies.spec.release import ReleaseSpec, RouteKind
from strategies.world.observation import Route


def why_not(access: Access, spec: ReleaseSpec, services: tuple[str, ...] | None) -> str | None:
    """The controller's own sentence; None when they can be, or when nobody can say from here."""
    named = spec.traffic.route
    if named is None or services is None:
        return mirroring.problem(spec, None)
    resource, router = ROUTERS[named.kind]
    try:
        found = access.client.get(resource.path(access.namespace, named.name))
    except (Forbidden, NotFound):
        return None
    split = router.read(found, frozenset(services))
    if not isinstance(split, Split):
        return None
    lacking = None
    if named.kind is RouteKind.HTTP_ROUTE:
        ways = gateways.look(access.client, found)
        lacking = None if ways.problem else unmirrored(found, split.service, spec.strategy.shadow.percent, ways.features)
    seen = Route(service=split.service, weight=0, as_owned=True, accepted=True, since=datetime.now(UTC), unsafe=split.unsafe,
                 unmirrored=lacking)  # fmt: skip
    return mirroring.problem(spec, seen)
