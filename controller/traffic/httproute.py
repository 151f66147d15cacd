"""Gateway API's HTTPRoute as a router.

In every rule that sends to the Service, its backendRef is joined by one for `<service>-candidate`. While both are there, all
weights of the rule are multiplied by 100, so that the owner's weights can always be read back: nothing is remembered.

Requests are mirrored by a filter RequestMirror to `<service>-candidate` after the owner's filters; backendRefs stay as they are.
"""

from typing import Any

from controller.traffic.router import Object, Patch, Split, Unusable
from controller.traffic.services import candidate_name

_SCALE = 100
NOTHING = -1
"""The share of a share that its owner has set to 0."""
_MIRROR = "RequestMirror"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing (RFC 9110, section 9.2.1)."""


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
        mirrors = {_mirror(rule, service, route) for rule in _rules(route) if _sends_to(rule, service, route)}
        # Rules that somebody changed by hand may differ: the largest share is what must come down.
        return Split(service=service, weight=max({0} | shares), as_owned=not shares and not any(mirrors),
                     accepted=_accepted(route), mirror=max(mirrors), unsafe=_unsafe(route, service),
                     even=(not shares or (None not in split and len(shares - {NOTHING}) <= 1)) and len(mirrors) == 1)  # fmt: skip

    def write(self, route: Object, service: str, weight: int | None, mirror: int) -> Patch:
        """See Router.write."""
        patch: Patch = []
        for number, rule in enumerate(_rules(route)):
            if not _sends_to(rule, service, route):
                continue
            path = f"/spec/rules/{number}/backendRefs"
            patch.append({"op": "test", "path": path, "value": rule["backendRefs"]})
            # Users have no share of what only mirrors.
            share = weight if weight or not mirror else None
            patch.append({"op": "replace", "path": path, "value": _split(rule, service, share, route)})
            patch += _filtered(rule, number, _mirroring(rule, service, mirror, route))
        return patch


def unmirrored(route: Object, service: str, percent: int, features: frozenset[str]) -> str | None:
    """Why so many of a route's requests cannot be mirrored, with the remedy; `features` are what its gateways support."""
    needed = ["HTTPRouteRequestMirror"]
    if percent < 100:
        needed.append("HTTPRouteRequestPercentageMirror")
    filters = [each for rule in _rules(route) if _sends_to(rule, service, route) for each in rule.get("filters") or []]
    if any(each["type"] == _MIRROR and _copies_to(each, route) != candidate_name(service) for each in filters):
        needed.append("HTTPRouteRequestMultipleMirrors")
    lacking = [each for each in needed if each not in features]
    if not lacking:
        return None
    return (
        f"HTTPRoute {route['metadata']['name']}: the class of its gateway does not list the feature {', '.join(lacking)} in "
        "status.supportedFeatures, so its requests are not mirrored; use another gateway, list it there if this one can and "
        "does not say so, or use strategy.type: BlueGreen."
    )


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


def _copies_to(filter_: Object, route: Object) -> str | None:
    """The Service that a filter RequestMirror copies to."""
    return _service(filter_["requestMirror"]["backendRef"], route) if filter_["type"] == _MIRROR else None


def _mirror(rule: Object, service: str, route: Object) -> int:
    """The share of a rule's requests that are mirrored to the candidate's Service, in percent; of somebody's fraction, all."""
    found = (each for each in rule.get("filters") or [] if _copies_to(each, route) == candidate_name(service))
    return max((int(each["requestMirror"].get("percent", 100)) for each in found), default=0)


def _mirroring(rule: Object, service: str, percent: int, route: Object) -> list[Object]:
    """The rule's filters with ours among them, or without."""
    candidate = candidate_name(service)
    own = [each for each in rule.get("filters") or [] if _copies_to(each, route) != candidate]
    if not percent:
        return own
    like = next(ref for ref in rule["backendRefs"] if _service(ref, route) == service)
    backend = {**{key: like[key] for key in ("group", "kind", "port") if key in like}, "name": candidate}
    some = {"percent": percent} if percent < 100 else {}
    return [*own, {"type": _MIRROR, "requestMirror": {"backendRef": backend, **some}}]


def _filtered(rule: Object, number: int, filters: list[Object]) -> Patch:
    """The patch from a rule's filters to these; nothing where they are the same."""
    path, present = f"/spec/rules/{number}/filters", rule.get("filters")
    if filters == (present or []):
        return []
    was: Patch = [] if present is None else [{"op": "test", "path": path, "value": present}]
    return [*was, {"op": "add", "path": path, "value": filters} if filters else {"op": "remove", "path": path}]


def _unsafe(route: Object, service: str) -> str | None:
    for number, rule in enumerate(_rules(route)):
        for each, match in enumerate(rule.get("matches") or [{}] if _sends_to(rule, service, route) else []):
            if match.get("method") not in _SAFE:
                what = f"method {match['method']}" if "method" in match else "requests of every method"
                return f"spec.rules[{number}].matches[{each}] takes {what}"
    return None


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
