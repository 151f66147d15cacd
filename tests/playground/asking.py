"""An API server on a virtual loop, and its users as tests see them: requests in, parsed answers out."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from playground.apiserver import people
from playground.apiserver.admission import Admission
from playground.apiserver.api import ApiServer, Request, Response, User, Watch
from playground.loop import Loop

Object = dict[str, Any]
MERGE, JSON_PATCH, STRATEGIC, APPLY = (
    f"application/{name}" for name in ("merge-patch+json", "json-patch+json", "strategic-merge-patch+json", "apply-patch+yaml")
)


class Refused(Exception):
    """An answer of 400 or more."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status, response.body)
        self.status = response.status
        self.body = response.body if isinstance(response.body, dict) else {}
        self.reason, self.message = self.body.get("reason", ""), self.body.get("message", "")


class Asking:
    """A server with the namespace default, asked by one user."""

    def __init__(self, plugins: Sequence[Admission] = (), history: int = 100) -> None:
        self.loop = Loop()
        self.server = ApiServer(self.loop, plugins, history=history)
        self.user: User = people.named("admin")
        self.warnings: tuple[str, ...] = ()
        self.status = 0
        self.client = self.server.client("admin")
        self.client.create("namespaces", {"metadata": {"name": "default"}})
        self.loop.settle()

    def ask(self, method: str, path: str, body: Any = None, media: str = "application/json", **headers: str) -> Any:
        """The parsed answer, or the raw one if it is no JSON. Raises Refused."""
        answer = self.raw(method, path, body, media, **headers)
        assert isinstance(answer, Response)
        if answer.status >= 400:
            raise Refused(answer)
        self.status, self.warnings = answer.status, answer.warnings
        return json.loads(answer.body) if isinstance(answer.body, bytes) and answer.body[:1] == b"{" else answer.body

    def watch(self, path: str, **headers: str) -> Watch:
        """A watch that has begun."""
        answer = self.raw("GET", path, None, "", **headers)
        assert isinstance(answer, Watch), answer
        return answer

    def raw(self, method: str, path: str, body: Any, media: str, **headers: str) -> Response | Watch:
        """Whatever the server answers."""
        split = urlsplit(path)
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.server.handle(
            Request(
                method=method,
                path=split.path,
                query=dict(parse_qsl(split.query, keep_blank_values=True)),
                headers={"user-agent": "test/1", "content-type": media} | given,
                body=content,
                user=self.user,
            )
        )


def events(watch: Watch) -> list[tuple[str, Object]]:
    """What a watch has to tell since the last time."""
    return [(line["type"], line["object"]) for line in map(json.loads, watch.take().splitlines())]


def config_map(name: str, **data: str) -> Object:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(name: str = "web", **spec: Any) -> Object:
    """A Deployment that is valid."""
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "shop", "image": "shop:1"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template} | spec,
    }


def definition(plural: str = "widgets", kind: str = "Widget", group: str = "example.com", **schema: Any) -> Object:
    """A CustomResourceDefinition with status and scale."""
    properties = {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                  "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}  # fmt: skip
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"}},
        "schema": {"openAPIV3Schema": {"type": "object", "properties": properties | schema}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": {"plural": plural, "kind": kind}, "versions": [version]},
    }
