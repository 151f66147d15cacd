"""OpenAPI documents, as far as kubectl reads them, and the table of built-in types they come from."""

import json
from dataclasses import dataclass
from typing import Any

from playground.apiserver.schema import Schema, openapi
from playground.apiserver.schema.builtins import read_list, read_map, shape_of, type_of, types
from playground.apiserver.schema.descriptions import DESCRIPTIONS
from tests.playground.schema.definitions import own


@dataclass(frozen=True)
class Resource:
    """A resource, as far as documents ask."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    schema: Schema | None = None


DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment")
RELEASES = Resource("release-coordinator.io", "v1alpha1", "releases", "Release", schema=own("releases"))
GVK = "x-kubernetes-group-version-kind"


def explained(document: dict[str, Any], kind: str, *path: str) -> dict[str, Any]:
    """Follow a field's path as `kubectl explain` does: through references and lists."""
    schemas = document["components"]["schemas"]

    def resolved(schema: dict[str, Any]) -> dict[str, Any]:
        for inner in (schema, *schema.get("allOf", ())):
            if "$ref" in inner:
                return resolved(schemas[inner["$ref"].removeprefix("#/components/schemas/")])
        return resolved(schema["items"]) if "items" in schema else schema

    found = next(each for each in schemas.values() if any(gvk["kind"] == kind for gvk in each.get(GVK, ())))
    for name in path:
        found = resolved(resolved(found)["properties"][name])
    return found


def test_a_deployments_fields_are_described() -> None:
    """Down to the containers' ports."""
    document = openapi.document([DEPLOYMENTS])
    strategy = explained(document, "Deployment", "spec", "strategy")
    assert set(strategy["properties"]) == {"type", "rollingUpdate"}
    assert "RollingUpdate" in strategy["properties"]["type"]["description"]
    container = explained(document, "Deployment", "spec", "template", "spec", "containers")
    assert container["required"] == ["name"]
    ports = explained(document, "Deployment", "spec", "template", "spec", "containers", "ports")
    assert ports["properties"]["containerPort"] == {"type": "integer", "format": "int32"}


def test_a_custom_resources_fields_are_its_schemas() -> None:
    """With the descriptions that the definition brings, and the metadata of every object."""
    document = openapi.document([RELEASES])
    steps = explained(document, "Release", "spec", "strategy", "canary", "steps")
    assert "percent" in steps["properties"]["weight"]["description"]
    assert "labels" in explained(document, "Release", "metadata")["properties"]


def test_a_patch_takes_validation_and_dry_run_but_names_no_media_type() -> None:
    """Or kubectl would validate by itself, and would build patches from these schemas instead of its own types."""
    operation = openapi.document([DEPLOYMENTS])["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert operation[GVK] == {"group": "apps", "version": "v1", "kind": "Deployment"}
    assert {parameter["name"] for parameter in operation["parameters"]} >= {"fieldValidation", "dryRun"}
    assert "requestBody" not in operation


def test_paths_follow_scope_and_group() -> None:
    """Where explain looks a resource up."""
    document = openapi.document([Resource("", "v1", "namespaces", "Namespace", namespaced=False)])
    assert document["paths"]["/api/v1/namespaces"]["get"][GVK]["kind"] == "Namespace"


def test_every_reference_leads_somewhere() -> None:
    """Documents are complete in themselves."""
    kinds = [Resource("", "v1", name.lower(), name) for name, found in types().items() if "metadata" in found.fields]
    text = json.dumps(openapi.document([*kinds, RELEASES]))
    wanted = {part.split('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}
    assert wanted <= set(json.loads(text)["components"]["schemas"])


def test_the_index_changes_with_the_content() -> None:
    """kubectl keeps what it has fetched by its address."""
    grouped = openapi.by_version([DEPLOYMENTS, RELEASES])
    documents = {path: openapi.document(found) for path, found in grouped.items()}
    index = openapi.index(documents)["paths"]
    assert set(index) == {"apis/apps/v1", "apis/release-coordinator.io/v1alpha1"}
    changed = openapi.index(documents | {"apis/apps/v1": openapi.document([])})["paths"]
    assert [path for path in index if index[path] != changed[path]] == ["apis/apps/v1"]


def test_a_kind_without_a_type_is_an_object() -> None:
    """The playground keeps kinds that it knows nothing of."""
    document = openapi.document([Resource("some.io", "v1", "whats", "What")])
    assert explained(document, "What")["type"] == "object"


def test_every_type_can_be_read() -> None:
    """All types that fields name exist, and the keys of lists are fields of their items."""
    for field in (field for found in types().values() for field in found.fields.values()):
        listed, mapped = read_list(field.type), read_map(field.type)
        inner = listed.item if listed else mapped[0] if mapped else field.type
        if inner[0].isupper():
            assert inner.rstrip("?") in types()
        if listed and listed.keys:
            assert {*listed.keys, listed.merge_key} - {""} <= set(types()[listed.item].fields)
    assert shape_of("apps", "Deployment").of("spec").of("selector").atomic


def test_descriptions_are_about_something() -> None:
    """Every one names a type, or a field of one."""
    fields = {f"{found.name}.{field}" for found in types().values() for field in found.fields}
    general = {"apiVersion", "kind", ".metadata", ".spec", ".status"}
    assert set(DESCRIPTIONS) <= fields | set(types()) | general


def test_an_event_has_two_types() -> None:
    """The same kind in two groups."""
    core, newer = type_of("", "Event"), type_of("events.k8s.io", "Event")
    assert core is not None
    assert newer is not None
    assert ("message" in core.fields, "note" in newer.fields) == (True, True)
    assert type_of("some.io", "What") is None
