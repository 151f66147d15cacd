"""A Deployment as the server keeps it, and who wrote what, for the tests of this package."""

from typing import Any

from playground.apiserver.objects import copied
from playground.apiserver.patching.entries import Writer

FIRST, LATER = "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z"


def deployment(**spec: Any) -> dict[str, Any]:
    """One container with a port and two variables."""
    container = {
        "name": "web",
        "image": "shop:1",
        "ports": [{"containerPort": 80, "name": "http", "protocol": "TCP"}],
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "resources": {},
    }
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    selector = {"matchLabels": {"app": "web"}}
    made = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "1", "labels": {"app": "web"}},
        "spec": {"replicas": 2, "selector": selector, "strategy": {"type": "Recreate"}, "template": template},
        "status": {},
    }
    made["spec"] |= spec  # type: ignore[operator]
    return copied(made)  # type: ignore[no-any-return]


def writer(manager: str, subresource: str = "", now: str = LATER) -> Writer:
    """Somebody who writes Deployments."""
    return Writer(manager=manager, api_version="apps/v1", now=now, subresource=subresource)


def owners(obj: dict[str, Any]) -> dict[tuple[str, str], Any]:
    """Who owns what, by manager and operation."""
    return {(e["manager"], e["operation"]): e["fieldsV1"] for e in obj["metadata"].get("managedFields", [])}
