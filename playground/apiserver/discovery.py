"""What there is, as clients find out: groups, versions and resources, in the aggregated form and in the old one."""

from collections.abc import Iterable, Mapping
from typing import Any

from playground.apiserver.objects import Object
from playground.apiserver.registry import Registry
from playground.apiserver.resources import Resource

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
VERSION: Object = {
    "major": "1", "minor": "37", "emulationMajor": "1", "emulationMinor": "37", "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "36", "gitVersion": "v1.37.1", "gitCommit": "playground", "gitTreeState": "clean",
    "buildDate": "2026-09-01T00:00:00Z", "goVersion": "none", "compiler": "none", "platform": "playground/python",
}  # fmt: skip
_SUB_KINDS = {"scale": ("autoscaling", "v1", "Scale"), "token": ("authentication.k8s.io", "v1", "TokenRequest"),
              "eviction": ("policy", "v1", "Eviction"), "binding": ("", "v1", "Binding")}  # fmt: skip
_SUB_VERBS = {"token": ["create"], "eviction": ["create"], "binding": ["create"], "finalize": ["update"]}

Grouped = Mapping[str, Mapping[str, list[Resource]]]


def grouped(registry: Registry) -> Grouped:
    """The resources by group and version, in the order in which they came."""
    found: dict[str, dict[str, list[Resource]]] = {}
    for resource in registry:
        found.setdefault(resource.group, {}).setdefault(resource.version, []).append(resource)
    return found


def wants_aggregated(accept: str) -> bool:
    """Whether the client knows the aggregated form."""
    return "g=apidiscovery.k8s.io" in accept and "v=v2" in accept.replace("v=v2beta1", "")


def aggregated(registry: Registry, *, core: bool) -> Object:
    """Everything below /api, or everything below /apis, in one answer."""
    items = [
        {
            "metadata": {"name": group, "creationTimestamp": None} if group else {"creationTimestamp": None},
            "versions": [
                {"version": version, "freshness": "Current", "resources": [_discovered(resource) for resource in resources]}
                for version, resources in versions.items()
            ],
        }
        for group, versions in grouped(registry).items()
        if core is not bool(group)
    ]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _discovered(resource: Resource) -> Object:
    found: Object = {
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    found |= {"shortNames": list(resource.short_names)} if resource.short_names else {}
    found |= {"categories": list(resource.categories)} if resource.categories else {}
    if resource.subresources:
        found["subresources"] = [
            {
                "subresource": name,
                "responseKind": dict(zip(("group", "version", "kind"), _sub_kind(resource, name), strict=True)),
                "verbs": _SUB_VERBS.get(name, ["get", "patch", "update"]),
            }
            for name in resource.subresources
        ]
    return found


def _sub_kind(resource: Resource, name: str) -> tuple[str, str, str]:
    return _SUB_KINDS.get(name, (resource.group, resource.version, resource.kind))


def versions() -> Object:
    """/api in the old form."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def group_list(registry: Registry) -> Object:
    """/apis in the old form."""
    groups = [_group(name, found) for name, found in grouped(registry).items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(registry: Registry, name: str) -> Object | None:
    """/apis/<group>; None if there is none."""
    found = grouped(registry).get(name) if name else None
    return {"kind": "APIGroup", "apiVersion": "v1"} | _group(name, found) if found else None


def _group(name: str, found: Iterable[str]) -> Object:
    shown: list[Any] = [{"groupVersion": f"{name}/{version}", "version": version} for version in found]
    return {"name": name, "versions": shown, "preferredVersion": shown[0]}


def resource_list(registry: Registry, group: str, version: str) -> Object | None:
    """/apis/<group>/<version>; None if there is none."""
    found = grouped(registry).get(group, {}).get(version)
    if not found:
        return None
    listed = [entry for resource in found for entry in _entries(resource)]
    name = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": listed}


def _entries(resource: Resource) -> Iterable[Object]:
    entry: Object = {
        "name": resource.plural, "singularName": resource.singular, "namespaced": resource.namespaced, "kind": resource.kind,
        "verbs": list(resource.verbs),
    }  # fmt: skip
    entry |= {"shortNames": list(resource.short_names)} if resource.short_names else {}
    entry |= {"categories": list(resource.categories)} if resource.categories else {}
    yield entry
    for name in resource.subresources:
        sub_group, sub_version, kind = _sub_kind(resource, name)
        other = {} if sub_group == resource.group else {"group": sub_group, "version": sub_version}
        yield {
            "name": f"{resource.plural}/{name}", "singularName": "", "namespaced": resource.namespaced, "kind": kind,
            "verbs": _SUB_VERBS.get(name, ["get", "patch", "update"]),
        } | other  # fmt: skip
