"""What an HTTPRoute asks for and what is wrong with it. Pure: objects in, values out; nothing is written or counted here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from playground.apiserver.objects import Key, Object

GROUP = "gateway.networking.k8s.io"
_MIRROR = "RequestMirror"
FILTERS = frozenset({"RequestHeaderModifier", "ResponseHeaderModifier", "URLRewrite", _MIRROR})
"""All but the mirror are carried out in that nobody could tell whether they are: pods answer all paths and headers alike."""
_UNSUPPORTED = ("timeouts", "retry", "sessionPersistence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One backendRef: the Service it means with its weight; `problem` is the reason and the sentence of a bad one."""

    service: Key
    weight: int
    problem: tuple[str, str] | None


def backends(route: Object, rule: Object, services: Mapping[Key, Object]) -> list[Backend]:
    """The backends of one rule, in order."""
    return [_backend(route, ref, services) for ref in rule.get("backendRefs") or []]


def mirrors(route: Object, rule: Object, services: Mapping[Key, Object]) -> list[tuple[Backend, float]]:
    """Where one rule's requests are copied to, and which share of them (0 to 1)."""
    asked = (found["requestMirror"] for found in rule.get("filters") or [] if found["type"] == _MIRROR)
    return [(_backend(route, each["backendRef"], services), _share(each)) for each in asked]


def _share(mirror: Object) -> float:
    if fraction := mirror.get("fraction"):
        return float(fraction["numerator"] / fraction.get("denominator", 100))
    return float(mirror.get("percent", 100) / 100)


def _backend(route: Object, ref: Object, services: Mapping[Key, Object]) -> Backend:
    own = route["metadata"]["namespace"]
    key = (ref.get("namespace", own), ref["name"])
    problem: tuple[str, str] | None = None
    if ref.get("kind", "Service") != "Service" or ref.get("group"):
        problem = ("InvalidKind", f"backends of kind {ref.get('group', '')}/{ref.get('kind')} are not supported: use a Service")
    elif key[0] != own:
        problem = ("RefNotPermitted", f"Service {key[1]} is in namespace {key[0]}: the playground knows no ReferenceGrant")
    elif key not in services:
        problem = ("BackendNotFound", f'Service "{key[1]}" not found')
    elif ref.get("port") not in {port["port"] for port in services[key]["spec"].get("ports") or []}:
        problem = ("BackendNotFound", f'Service "{key[1]}" has no port {ref.get("port")}')
    return Backend(service=key, weight=ref.get("weight", 1), problem=problem)


def rules(route: Object) -> list[Object]:
    """All rules."""
    return list(route["spec"].get("rules") or [])


def rules_for_users(route: Object) -> list[Object]:
    """Those that a GET of a browser reaches. Headers and query parameters are what testers send."""
    return [rule for rule in rules(route) if any(map(_is_plain, rule.get("matches") or [{}]))]


def _is_plain(match: Object) -> bool:
    return not match.get("headers") and not match.get("queryParams") and match.get("method", "GET") == "GET"


def unsupported(route: Object) -> str:
    """What the route asks for that the gateway cannot do; "" if there is nothing."""
    places = [place for rule in rules(route) for place in (rule, *(rule.get("backendRefs") or []))]
    filters = (found["type"] for place in places for found in place.get("filters") or [] if found["type"] not in FILTERS)
    fields = (field for rule in rules(route) for field in _UNSUPPORTED if rule.get(field))
    return ", ".join(dict.fromkeys([*filters, *fields]))


def parents(route: Object) -> Iterator[tuple[Object, Key]]:
    """Each parentRef that means a Gateway, with the Gateway's key."""
    for ref in route["spec"].get("parentRefs") or []:
        if ref.get("kind", "Gateway") == "Gateway" and ref.get("group", GROUP) == GROUP:
            yield ref, (ref.get("namespace", route["metadata"]["namespace"]), ref["name"])


def acceptance(route: Object, ref: Object, gateway: Object) -> tuple[str, str]:
    """The reason and the sentence of the condition Accepted; it is True exactly if the reason is Accepted."""
    listeners = [one for one in gateway["spec"]["listeners"] if ref.get("sectionName", one["name"]) == one["name"]]
    listeners = [one for one in listeners if ref.get("port", one["port"]) == one["port"]]
    if not listeners:
        return "NoMatchingParent", "the Gateway has no listener of this name and port"
    if not any(_allows(one, route, gateway) for one in listeners):
        return "NotAllowedByListeners", "no listener allows routes of this namespace (All and Same are known)"
    names = [name for one in listeners for name in [one.get("hostname")] if _allows(one, route, gateway)]
    wanted = route["spec"].get("hostnames") or []
    if wanted and not any(name is None or any(_meet(name, host) for host in wanted) for name in names):
        return "NoMatchingListenerHostname", "no listener has a hostname that meets one of the route's"
    if found := unsupported(route):
        return "UnsupportedValue", f"the playground's gateway cannot do {found}; see the class' supportedFeatures"
    return "Accepted", "the route is carried out"


def _allows(listener: Object, route: Object, gateway: Object) -> bool:
    origin = ((listener.get("allowedRoutes") or {}).get("namespaces") or {}).get("from", "Same")
    return origin == "All" or bool(origin == "Same" and route["metadata"]["namespace"] == gateway["metadata"]["namespace"])


def _meet(one: str, other: str) -> bool:
    """Whether two hostnames, of which any may begin with `*.`, have a name in common."""
    if one.startswith("*."):
        return other.removeprefix("*").endswith(one[1:])
    return one == other or (other.startswith("*.") and one.endswith(other[1:]))


def resolution(route: Object, services: Mapping[Key, Object]) -> tuple[str, str]:
    """The reason and the sentence of the condition ResolvedRefs; it is True exactly if the reason is ResolvedRefs."""
    every = ((*backends(route, rule, services), *(each for each, _ in mirrors(route, rule, services))) for rule in rules(route))
    found = (backend.problem for rule in every for backend in rule)
    return next(filter(None, found), ("ResolvedRefs", "all backends are there"))
