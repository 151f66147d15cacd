"""OpenAPI v3 documents, one per group and version, as far as kubectl reads them: for explain, and for what a patch may carry.

The documents say that PATCH takes fieldValidation and dryRun, or kubectl would validate on its own side. They do not say
that it takes strategic merge patches: kubectl then uses the types it has itself, which is right for every version of it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from playground.apiserver.objects import Object
from playground.apiserver.schema.builtins import Type, read_list, read_map, type_of, types
from playground.apiserver.schema.custom import Schema
from playground.apiserver.schema.descriptions import DESCRIPTIONS

_GVK = "x-kubernetes-group-version-kind"
_PREFIX = "io.k8s."
_META = f"{_PREFIX}ObjectMeta"
_ACTIONS = {"get": "get", "put": "put", "patch": "patch", "delete": "delete"}
_PARAMETERS = [{"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
               for name in ("dryRun", "fieldManager", "fieldValidation", "force")]  # fmt: skip
_SCALARS: Mapping[str, Object] = {
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "number": {"type": "number", "format": "double"},
    "bytes": {"type": "string", "format": "byte"},
    "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
}
_NAMED: Mapping[str, tuple[str, Object]] = {
    "time": ("Time", {"type": "string", "format": "date-time"}),
    "microtime": ("MicroTime", {"type": "string", "format": "date-time"}),
    "quantity": ("Quantity", {"oneOf": [{"type": "string"}, {"type": "number"}]}),
    "intstr": ("IntOrString", {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}),
}


class Served(Protocol):
    """What has to be known of a resource."""

    @property
    def group(self) -> str:
        """Of the API; "" for the core."""

    @property
    def version(self) -> str:
        """Of the API."""

    @property
    def plural(self) -> str:
        """As in paths."""

    @property
    def kind(self) -> str:
        """Of its objects."""

    @property
    def namespaced(self) -> bool:
        """Whether its objects live in namespaces."""

    @property
    def schema(self) -> Schema | None:
        """A custom resource's schema; None for built-in ones."""


def path_of(group: str, version: str) -> str:
    """Under which key the index lists a document: `api/v1`, `apis/apps/v1`."""
    return f"apis/{group}/{version}" if group else f"api/{version}"


def index(documents: Mapping[str, Object]) -> Object:
    """The body of /openapi/v3. kubectl keeps documents by these addresses, so each has a hash of its content."""
    return {"paths": {path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={_hash(body)}"} for path, body in documents.items()}}


def _hash(body: Object) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32].upper()


def document(resources: Sequence[Served]) -> Object:
    """The document of one group and version, with all its resources."""
    schemas: dict[str, Object] = {}
    paths: dict[str, Object] = {}
    for resource in resources:
        kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
        paths |= _paths(resource, kind)
        if resource.schema is not None:
            name = f"{'.'.join(reversed(resource.group.split('.')))}.{resource.version}.{resource.kind}"
            schemas[name] = _of_custom(resource.schema) | {_GVK: [kind]}
            _include(types()["ObjectMeta"], schemas)
        else:
            found = type_of(resource.group, resource.kind)
            _include(found, schemas)
            described = schemas.get(_PREFIX + found.name) if found else {"type": "object"}
            schemas[_PREFIX + (found.name if found else resource.kind)] = (described or {}) | {_GVK: [kind]}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.37"},
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def _paths(resource: Served, kind: Object) -> dict[str, Object]:
    within = "namespaces/{namespace}/" if resource.namespaced else ""
    whole = f"/{path_of(resource.group, resource.version)}/{within}{resource.plural}"
    one = {verb: _operation(verb, kind) for verb in _ACTIONS}
    one["patch"]["parameters"] = _PARAMETERS
    return {whole: {"get": _operation("list", kind), "post": _operation("post", kind)}, f"{whole}/{{name}}": one}


def _operation(action: str, kind: Object) -> Object:
    return {"x-kubernetes-action": action, _GVK: kind, "responses": {"200": {"description": "OK"}}}


def _include(found: Type | None, schemas: dict[str, Object]) -> None:
    """Describe a type and all that its fields lead to."""
    if found is None or _PREFIX + found.name in schemas:
        return
    made: Object = {"type": "object", "description": DESCRIPTIONS.get(found.name, "")}
    schemas[_PREFIX + found.name] = made
    properties = {}
    if "metadata" in found.fields:
        properties = {name: _described({"type": "string"}, DESCRIPTIONS[name]) for name in ("apiVersion", "kind")}
    for field in found.fields.values():
        text = DESCRIPTIONS.get(f"{found.name}.{field.name}") or DESCRIPTIONS.get(f".{field.name}", "")
        properties[field.name] = _described(_of(field.type, schemas), text)
    made["properties"] = properties
    if required := [field.name for field in found.fields.values() if field.required]:
        made["required"] = required


def _described(schema: Object, text: str) -> Object:
    if not text:
        return schema
    return {"allOf": [schema], "description": text} if "$ref" in schema else schema | {"description": text}


def _of(text: str, schemas: dict[str, Object]) -> Object:
    """The schema of a field's type, as builtins.py writes it."""
    if (listed := read_list(text)) is not None:
        made: Object = {"type": "array", "items": _of(listed.item, schemas)}
        kind = "map" if listed.keys else "set" if listed.is_set else "atomic"
        return made | {"x-kubernetes-list-type": kind} | ({"x-kubernetes-list-map-keys": [*listed.keys]} if listed.keys else {})
    if (mapped := read_map(text)) is not None:
        return {"type": "object", "additionalProperties": _of(mapped[0], schemas)}
    if text in _NAMED:
        name, schema = _NAMED[text]
        schemas.setdefault(_PREFIX + name, schema)
        return {"$ref": f"#/components/schemas/{_PREFIX}{name}"}
    if not text[0].isupper():
        return dict(_SCALARS.get(text, {"type": text}))
    name = text.rstrip("?")
    _include(types()[name], schemas)
    return {"$ref": f"#/components/schemas/{_PREFIX}{name}"}


def _of_custom(schema: Schema) -> Object:
    source = dict(schema.source)
    named = {name: {"type": "string", "description": DESCRIPTIONS[name]} for name in ("apiVersion", "kind")}
    meta = _described({"$ref": f"#/components/schemas/{_META}"}, DESCRIPTIONS[".metadata"])
    return source | {"properties": {**(source.get("properties") or {}), **named, "metadata": meta}}


def by_version(resources: Iterable[Served]) -> dict[str, list[Served]]:
    """The resources of each document, by its path."""
    grouped: dict[str, list[Served]] = {}
    for resource in resources:
        grouped.setdefault(path_of(resource.group, resource.version), []).append(resource)
    return grouped
