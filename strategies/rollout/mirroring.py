"""Whether the requests of a Release's route may be mirrored to a candidate, and if not, what to do.

A request that changes something would change it twice: it is mirrored only if somebody declares that this is harmless.
"""

from strategies.analysis.verdict import Unknown
from strategies.spec.release import ReleaseSpec
from strategies.world.observation import Route


def problem(spec: ReleaseSpec, route: Route | Unknown | None) -> str | None:
    """Why not, as a sentence with the remedy; None when they may, as far as the route is known."""
    named = spec.traffic.route
    if named is None:
        return "No route is named whose requests could be mirrored; name one in spec.traffic.httpRoute."
    if not isinstance(route, Route):
        return None
    if route.unmirrored is not None:
        return route.unmirrored
    if route.unsafe is not None and not spec.strategy.shadow.idempotent:
        return (
            f"{named}, {route.unsafe}: requests that change something would be mirrored, and change it twice. Match the methods "
            "GET, HEAD and OPTIONS only, or say spec.strategy.shadow.idempotent: true if every request may be made twice."
        )
    return None
