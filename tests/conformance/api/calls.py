"""API calls in one namespace, as short as the tests want them. No expectation belongs here."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.controlplane.api import ApiFailure
from tests.controlplane.cluster import Cluster

Object = dict[str, Any]
MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
NOBODYS_UID = str(uuid.UUID(int=1))
WIDGETS = "widgets.conformance.test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One user in one namespace. `resource` as kubectl takes it; options are the query of the call."""

    cluster: Cluster
    namespace: str
    user: str = "admin"

    def path(self, resource: str, name: str = "", sub: str = "", **options: Any) -> str:
        """The address of an object, a subresource (`sub`) or a collection."""
        query = f"?{urlencode(options)}" if options else ""
        return self.cluster.address(resource, self.namespace, name) + (sub and f"/{sub}") + query

    def get(self, resource: str, name: str, sub: str = "") -> Object:
        """The object as it is."""
        return self._call("GET", self.path(resource, name, sub))

    def list(self, resource: str, **options: Any) -> Object:
        """The collection, as a List."""
        return self._call("GET", self.path(resource, **options))

    def create(self, resource: str, body: Object, **options: Any) -> Object:
        """POST."""
        return self._call("POST", self.path(resource, **options), body)

    def replace(self, resource: str, body: Object, sub: str = "", **options: Any) -> Object:
        """PUT."""
        return self._call("PUT", self.path(resource, body["metadata"]["name"], sub, **options), body)

    def merge(self, resource: str, name: str, body: Any, sub: str = "", **options: Any) -> Object:
        """PATCH with a merge patch."""
        return self._call("PATCH", self.path(resource, name, sub, **options), body, MERGE)

    def patch(self, resource: str, name: str, body: Any, sub: str = "", **options: Any) -> Object:
        """PATCH with a JSON Patch."""
        return self._call("PATCH", self.path(resource, name, sub, **options), body, JSON)

    def strategic(self, resource: str, name: str, body: Any, **options: Any) -> Object:
        """PATCH with a strategic merge patch."""
        return self._call("PATCH", self.path(resource, name, **options), body, STRATEGIC)

    def apply(self, resource: str, body: Object, manager: str, sub: str = "", **options: Any) -> Object:
        """Server-side apply."""
        path = self.path(resource, body["metadata"]["name"], sub, fieldManager=manager, **options)
        return self._call("PATCH", path, body, APPLY)

    def delete(self, resource: str, name: str, body: Object | None = None, **options: Any) -> Object:
        """DELETE; the body is a DeleteOptions."""
        return self._call("DELETE", self.path(resource, name, **options), body)

    def exists(self, resource: str, name: str) -> bool:
        """Whether there is such an object."""
        return self.cluster.find(self.path(resource, name)) is not None

    def _call(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Object:
        answer: Object = self.cluster.api(method, path, body, content_type, user=self.user)
        return answer


def refusal(call: Callable[[], object]) -> ApiFailure:
    """The error with which a call is answered. AssertionError if it succeeds."""
    try:
        answer = call()
    except ApiFailure as failure:
        return failure
    raise AssertionError(f"not refused: {answer}")


def summary(failure: ApiFailure) -> tuple[int, str, Object]:
    """Code, reason and details of a Status, which must be a complete one."""
    body = failure.body
    assert (body["kind"], body["apiVersion"], body["status"], body["metadata"]) == ("Status", "v1", "Failure", {})
    assert body["code"] == failure.status
    return failure.status, body.get("reason", ""), body.get("details")


def causes(failure: ApiFailure) -> list[tuple[str, str]]:
    """Reason and field of each cause."""
    found = (failure.body.get("details") or {}).get("causes") or []
    return [(cause.get("reason", ""), cause.get("field", "")) for cause in found]


def config_map(name: str, data: Object | None = None, **metadata: Any) -> Object:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": data or {"a": "1"}}


def deployment(name: str, **spec: Any) -> Object:
    """A Deployment at 0 replicas, paused, so that no controller writes more than the status."""
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "app:1"}]}}
    selector = {"matchLabels": {"app": name}}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"replicas": 0, "paused": True, "selector": selector, "template": template, **spec},
    }  # fmt: skip


def service(name: str, **spec: Any) -> Object:
    """A Service that selects `app: name`."""
    spec = {"selector": {"app": name}, "ports": [{"port": 80}], **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def widget(name: str, **spec: Any) -> Object:
    """A custom object, see conftest.py."""
    return {"apiVersion": "conformance.test/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec}
