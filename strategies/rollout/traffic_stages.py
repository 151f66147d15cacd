"""The stages that move traffic: Services' pins, the candidate's Service, the route, and the time for connections to drain.

Where each stands among the others is decided in strategies.rollout.order.
"""

from dataclasses import replace
from datetime import timedelta

from strategies.analysis.verdict import Unknown
from strategies.rollout.stage import Wait
from strategies.rollout.turn import Turn
from strategies.rollout.wanted import World
from strategies.world.effects import (
    Effect,
    EnsureCandidateService,
    Pin,
    RemoveCandidateService,
    SetWeight,
)
from strategies.world.observation import CandidateService, Route, Service

ENDPOINTS_TRAVEL = timedelta(milliseconds=500)
"""Time for proxies to learn of a revision's first endpoints: they follow endpoints and routes apart, in no order."""

ACCEPTANCE_PATIENCE = timedelta(seconds=10)
"""How long a backend without a share waits in a route for the gateway to say so: one that is gone says nothing any more, and must
not keep a release from ending."""


def _services(turn: Turn) -> tuple[Service, ...]:
    seen = turn.observation.services
    return () if isinstance(seen, Unknown) else seen


def _route(turn: Turn) -> Route | None:
    seen = turn.observation.route
    return None if isinstance(seen, Unknown) else seen


def _candidate_service_seen(turn: Turn) -> CandidateService | None:
    seen = turn.observation.candidate_service
    return None if isinstance(seen, Unknown) else seen


def _moves(services: tuple[Service, ...], pin: str | None) -> list[Effect]:
    return [Pin(service=s.name, old=s.pin, new=pin) for s in services if s.pin != pin]


def shut(turn: Turn, world: World) -> list[Effect] | Wait:
    """Before the candidate exists, and while it must not have Services' traffic: every Service on stable."""
    stable = turn.status.stable
    if stable is None or world.pin != stable.hash:
        return []
    return _moves(_services(turn), world.pin)


def pins(turn: Turn, world: World) -> list[Effect] | Wait:
    """Every Service as wanted, and its endpoints seen to have followed."""
    moves = _moves(_services(turn), world.pin)
    return moves if moves or world.pin is None else followed(turn, world)


def moved_pins(turn: Turn, world: World) -> list[Effect] | Wait:
    """Services follow to the new stable revision; after batches they are on all pods, and stay so."""
    return [] if turn.exchanged or world.pin is None else pins(turn, world)


def followed(turn: Turn, world: World) -> list[Effect] | Wait:
    """The endpoints are seen to have followed the pins."""
    for service in _services(turn):
        others = sorted(h for h, count in service.endpoints.items() if count and h != world.pin)
        if service.pin == world.pin and others:
            return Wait(message=f"Service {service.name} still has endpoints of {', '.join(others)}.")
    return []


def shared(turn: Turn, world: World) -> list[Effect] | Wait:
    """The candidate is seen among the endpoints of what selects all pods: in a view that lags behind, a share that has not been
    seen to come would pass for one that is gone again.
    """
    services, candidate, step = _services(turn), turn.candidate, turn.step
    if world.pin is not None or not services or candidate is None or step is None or step.exchange:
        return []
    seen = any(service.endpoints.get(candidate.hash) for service in services)
    return [] if seen else Wait(message="No Service has endpoints of the candidate yet.")


def unpin(turn: Turn, _: World) -> list[Effect] | Wait:
    """Services select all pods again."""
    return _moves(_services(turn), None)


def candidate_service(turn: Turn, world: World) -> list[Effect] | Wait:
    """The Service that the route's share for the candidate points at."""
    route, seen = _route(turn), _candidate_service_seen(turn)
    if world.candidate_service is None or route is None or route.service is None:
        return []
    if seen is not None and (not seen.ours or seen.selects == world.candidate_service):
        return []
    return [EnsureCandidateService(service=route.service, hash=world.candidate_service)]


def no_candidate_service(turn: Turn, _: World) -> list[Effect] | Wait:
    """That Service goes."""
    seen = _candidate_service_seen(turn)
    return [RemoveCandidateService(name=seen.name)] if seen is not None and seen.ours else []


def weight(turn: Turn, world: World) -> list[Effect] | Wait:
    """The route's weight as wanted and accepted by the gateway. Proxies learn of a route and of its backends apart, in no order:
    a backend enters without a share, and gets one when the gateway has accepted that.
    """
    route = _route(turn)
    if world.weight is None or not turn.routed:
        return []
    if route is None or route.service is None:
        return Wait(message="The route, or its backend Service, is missing.")
    enters = _enters(route, world.weight)
    rises = route.weight < world.weight or route.mirror < world.mirror
    if rises and (lacking := _endpoints_lacking(turn, world, first=not enters and not route.weight and not route.mirror)):
        return lacking
    if enters:
        return [SetWeight(weight=0, enters=True)]
    if route.weight < world.weight and (unaccepted := _unaccepted(route)):
        return unaccepted
    if (route.weight, route.mirror) != (world.weight, world.mirror) or not route.even:
        return [_set(route, world.weight, world.mirror)]
    return _unaccepted(route) or []


def _enters(route: Route, weight: int) -> bool:
    """Whether the candidate's Service is to get a share, and no proxy knows it from this route; by its mirror they do."""
    return weight > 0 and route.as_owned and route.splits


def _unaccepted(route: Route) -> Wait | None:
    return None if route.accepted else Wait(message="The gateway has not accepted the route's present form yet; status.parents "
                                                    "of the route says why.")  # fmt: skip


def _set(route: Route, weight: int, mirror: int) -> SetWeight:
    """A route that does nothing but mirror is given back as its owner wrote it."""
    return SetWeight(weight=weight if weight or mirror or route.weight or not route.mirror else None, mirror=mirror)


def _endpoints_lacking(turn: Turn, world: World, *, first: bool) -> Wait | None:
    """A ready pod serves nobody before proxies have it among the endpoints: until then a share would be errors."""
    seen, candidate = _candidate_service_seen(turn), turn.candidate
    if seen is None or candidate is None:
        return None
    there, need = seen.endpoints.get(candidate.hash, 0), world.goal.get(candidate.name, 0)
    if there < need:
        return Wait(message=f"Service {seen.name} has {there} of {need} endpoints.")
    known = seen.serving_since + ENDPOINTS_TRAVEL if first and seen.serving_since else turn.now
    return Wait(message=f"Proxies learn of the endpoints of Service {seen.name}.", until=known) if known > turn.now else None


def weight_back(turn: Turn, world: World) -> list[Effect] | Wait:
    """Traffic to stable, and no copies; through the Service behind the candidate's share where the route cannot be written."""
    route, seen = _route(turn), _candidate_service_seen(turn)
    if not turn.routed or _diverted(turn):
        return []
    effects: list[Effect] = []
    if route is not None and route.service is not None:
        most = route.weight if world.weight is None else world.weight
        # A mirror that cannot be taken away at first holds up nothing: no user sees its answers. The switch takes it away itself.
        copies = route.mirror > world.mirror and most <= route.weight and "SetWeight" not in turn.observation.failing
        if route.weight > most or copies:
            effects.append(_set(route, most, world.mirror))
    if world.weight is None:
        return effects
    if not effects and not _unreadable(turn):
        return []
    if seen is not None and seen.ours and world.candidate_service not in (None, seen.selects):
        effects.append(EnsureCandidateService(service=seen.of, hash=world.candidate_service or ""))
    return effects


def route_restored(turn: Turn, _: World) -> list[Effect] | Wait:
    """The route is as its owner wrote it: the share has gone, and the gateway has accepted that, before the backend goes."""
    route = _route(turn)
    if turn.routed and _unreadable(turn) and _candidate_service_seen(turn) is not None:
        return Wait(message="The route cannot be read, so its share for the candidate's Service cannot be taken back.")
    if not turn.routed or route is None or route.service is None or route.as_owned:
        return []
    if route.weight:
        return [SetWeight(weight=0)]
    patience = route.since + ACCEPTANCE_PATIENCE
    if (unaccepted := _unaccepted(route)) and turn.now < patience:
        return replace(unaccepted, until=patience)
    return [SetWeight(weight=None)]


def drained(turn: Turn, _: World) -> list[Effect] | Wait:
    """The revision that goes has had no traffic for `drain`, so that no proxy still sends to its pods."""
    leaving = turn.candidate if turn.undoing else turn.retiring
    if leaving is None or leaving.ready == 0 or turn.spec is None:
        return []
    moments = [turn.observation.pins_since]
    route = _route(turn)
    unknown = _unreadable(turn) and not turn.mirrored  # Whose answers nobody gets has no users to lose.
    if turn.routed and unknown and _candidate_service_seen(turn) is not None and not _diverted(turn):
        return Wait(message="The route cannot be read, and may still send traffic to the revision that goes.")
    if turn.routed and route is not None:
        if route.weight > 0 and not _diverted(turn):
            return Wait(message="The route still sends traffic to the revision that goes.")
        moments.append(route.since)
    if turn.routed and _diverted(turn) and (seen := _candidate_service_seen(turn)) is not None:
        moments.append(seen.serving_since)  # Where the route could not be written, users have left since then.
    ends = [m + turn.spec.traffic.drain for m in moments if m is not None]
    if ends and max(ends) > turn.now:
        return Wait(message="Connections drain.", until=max(ends))
    return []


def _unreadable(turn: Turn) -> bool:
    return isinstance(turn.observation.route, Unknown)


def _diverted(turn: Turn) -> bool:
    seen, stable, leaving = _candidate_service_seen(turn), turn.status.stable, turn.candidate
    if seen is None or stable is None or seen.selects != stable.hash:
        return False
    return leaving is None or not seen.endpoints.get(leaving.hash)
