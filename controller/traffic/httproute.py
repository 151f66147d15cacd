"""Gateway API's HTTPRoute as a router.

In every rule that sends to the Service, its backendRef is joined by one for `<service>-candidate`. While both are there, all
weights of the rule are multiplied by 100, so that the owner's weights can always be read back: nothing is remembered.
"""

from typing import Any

from controller.traffic.router import Object, Patch, Split, Unusable
from controller.traffic.services import candidate_name

_SCALE = 100
NOTHING = -1
"""The share of a share that its owner has set to 0."""


class HTTPRoute:
    """Router for gateway.networking.k8s.io/v1 HTTPRoute."""

    def read(self, route: Object, services: frozenset[str]) -> Split | Unusable:
        """See Router.read."""
        name = route["metadata"]["name"]
        backends = [ref for rule in _rules(route) for ref in rule.get("backendRefs") or []]
        named = {_service(ref, route) for ref in backends}
        found = sorted(name for name in services if name in named)
        if not found:
            there = ", ".join(sorted(services)) or "none"
            return Unusable(problem=f"HTTPRoute {name} has no backend that selects these pods (Services that do: {there}); "
                            "add one, or correct spec.traffic.httpRoute.name.")  # fmt: skip
        if len(found) > 1:
            return Unusable(problem=f"HTTPRoute {name} sends to several Services of these pods ({', '.join(found)}); one of "
                            "them can be split. Use one Service in the route.")  # fmt: skip
        service = found[0]
        split = [_share(rule, service, route) for rule in _rules(route) if _sends_to(rule, service, route)]
        shares = {s for s in split if s is not None}
        if not shares:
            return Split(service=service, weight=0, as_owned=True, accepted=_accepted(route))
        # Rules that somebody changed by hand may differ: the largest share is what must come down.
        return Split(service=service, weight=max({0} | shares), as_owned=False, accepted=_accepted(route),
                     even=None not in split and len(shares - {NOTHING}) <= 1)  # fmt: skip

    def write(self, route: Object, service: str, weight: int | None) -> Patch:
        """See Router.write."""
        patch: Patch = []
        for number, rule in enumerate(_rules(route)):
            if not _sends_to(rule, service, route):
                continue
            path = f"/spec/rules/{number}/backendRefs"
            patch.append({"op": "test", "path": path, "value": rule["backendRefs"]})
            patch.append({"op": "replace", "path": path, "value": _split(rule, service, weight, route)})
        return patch


def _split(rule: Object, service: str, weight: int | None, route: Object) -> list[Object]:
    own = _owned(rule, service, route)
    if weight is None:
        return own
    candidate = candidate_name(service)
    refs: list[Object] = []
    for ref in own:
        whole = ref.get("weight", 1)
        if _service(ref, route) != service:
            refs.append({**ref, "weight": whole * _SCALE})
            continue
        refs.append({**ref, "weight": whole * (100 - weight)})
        refs.append({**ref, "name": candidate, "weight": whole * weight})
    return refs


def _owned(rule: Object, service: str, route: Object) -> list[Object]:
    """The rule's backendRefs as the owner wrote them."""
    refs, candidate = rule["backendRefs"], candidate_name(service)
    if _share(rule, service, route) is None:
        return list(refs)
    own: list[Object] = []
    homes: list[Object] = []
    added = 0
    for ref in refs:
        weight = ref.get("weight", 1)
        if _service(ref, route) != candidate:
            own.append({**ref, "weight": weight})
            homes += own[-1:] if _service(ref, route) == service else []
        elif homes:
            # It stands after the one it was split from; a rule may send to the Service more than once.
            homes[-1]["weight"] += weight
        else:
            added += weight
    for home in homes[:1]:
        home["weight"] += added
    return [{**ref, "weight": round(ref["weight"] / _SCALE)} for ref in own]


def _share(rule: Object, service: str, route: Object) -> int | None:
    """The candidate's share of a rule in percent; None where it has none of our backendRefs, NOTHING where both sides have 0."""
    candidate = candidate_name(service)
    weights: dict[str | None, int] = {}
    for ref in rule.get("backendRefs") or []:
        name = _service(ref, route)
        weights[name] = weights.get(name, 0) + ref.get("weight", 1)
    if candidate not in weights:
        return None
    total = weights[candidate] + weights.get(service, 0)
    return round(100 * weights[candidate] / total) if total else NOTHING


def _sends_to(rule: Object, service: str, route: Object) -> bool:
    return any(_service(ref, route) == service for ref in rule.get("backendRefs") or [])


def _rules(route: Object) -> list[Any]:
    return list(route["spec"].get("rules") or [])


def _service(ref: Object, route: Object) -> str | None:
    """Name of the Service that a backendRef means; None for other kinds and other namespaces, whatever their name."""
    own = route["metadata"]["namespace"]
    ours = ref.get("kind", "Service") == "Service" and not ref.get("group") and ref.get("namespace", own) == own
    return str(ref["name"]) if ours else None


def _accepted(route: Object) -> bool:
    """Every gateway that took the route has accepted its newest form and resolved its backends."""
    generation = route["metadata"].get("generation", 0)
    parents = (route.get("status") or {}).get("parents") or []
    return bool(parents) and all(_parent_accepts(parent, generation) for parent in parents)


def _parent_accepts(parent: Object, generation: int) -> bool:
    said = {c["type"]: c for c in parent.get("conditions") or []}
    return all(
        kind in said and said[kind]["status"] == "True" and said[kind].get("observedGeneration", 0) >= generation
        for kind in ("Accepted", "ResolvedRefs")
    )
