"""The OpenAPI documents of all that is served, made when somebody first asks after a change of the registry.

What is in a document is schema/openapi.py's.
"""

from pydantic_core import to_json

from playground.apiserver import discovery, errors
from playground.apiserver.objects import Object
from playground.apiserver.registry import Registry
from playground.apiserver.requests import Response
from playground.apiserver.schema import openapi

_ROOT = "/openapi/v3"
_V2 = "/openapi/v2"
_V2_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
# {swagger: "2.0", info: {title: "Kubernetes", version: "1"}, paths: {}}: kubectl reads it before it says that a kind is unknown.
_V2_EMPTY = b"\x0a\x032.0\x12\x0f\x0a\x0aKubernetes\x12\x011\x42\x00"


class Documents:
    """The index at /openapi/v3 and a document for each group and version below it. /openapi/v2 is empty."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._made = -1
        self._bodies: dict[str, bytes] = {}

    def answer(self, path: str) -> Response:
        """Raises ApiError (404)."""
        if self._made != self._registry.generation:
            self._make()
        if path == _V2:
            return Response(body=_V2_EMPTY, headers={"content-type": _V2_TYPE})
        body = self._bodies.get(path)
        if body is None:
            raise errors.no_such_path()
        return Response(body=body, headers={"content-type": "application/json"})

    def _make(self) -> None:
        documents: dict[str, Object] = {
            openapi.path_of(group, version): openapi.document(resources)
            for group, versions in discovery.grouped(self._registry).items()
            for version, resources in versions.items()
        }
        self._bodies = {f"{_ROOT}/{path}": to_json(document) for path, document in documents.items()}
        self._bodies[_ROOT] = to_json(openapi.index(documents))
        self._made = self._registry.generation
