"""From a method and a path to what is asked for: group, version, namespace, resource, name, subresource, and the verb of RBAC."""

from collections.abc import Mapping
from dataclasses import dataclass

from playground.apiserver.calls import flag

_VERBS = {
    "POST": ("create", "create"), "PUT": ("update", "update"), "PATCH": ("patch", "patch"),
    "DELETE": ("delete", "deletecollection"), "GET": ("get", "list"), "HEAD": ("get", "list"),
}  # fmt: skip
_OF_NAMESPACES = ("status", "finalize")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a path below /api or /apis names. `plural` is "" for a group's or version's own page."""

    group: str
    version: str
    plural: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def target(path: str) -> Target | None:
    """None for a path that is none of the API's."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) > 1:
        return _below("", parts[1], parts[2:])
    if parts[:1] == ["apis"] and len(parts) > 2:
        return _below(parts[1], parts[2], parts[3:])
    return None


def _below(group: str, version: str, rest: list[str]) -> Target | None:
    namespace = ""
    if rest[:1] == ["namespaces"] and len(rest) > 2 and not (len(rest) == 3 and rest[2] in _OF_NAMESPACES):
        namespace, rest = rest[1], rest[2:]
    if len(rest) > 3:
        return None
    plural, name, subresource = (*rest, "", "", "")[:3]
    return Target(group=group, version=version, plural=plural, namespace=namespace, name=name, subresource=subresource)


def verb(method: str, name: str, query: Mapping[str, str]) -> str:
    """As RBAC names it; "" for a method that the API does not know."""
    single, many = _VERBS.get(method, ("", ""))
    if method == "GET" and flag(query, "watch"):
        return "watch"
    return single if name else many
