"""The API under test, and a resource of our own with everything that a CustomResourceDefinition can say and we rely on."""

from collections.abc import Iterator

import pytest

from tests.conformance.api.calls import WIDGETS, Api, Object
from tests.controlplane.api import ApiFailure
from tests.controlplane.cluster import Cluster

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_PART = {
    "type": "object", "required": ["name"],
    "properties": {"name": {"type": "string"}, "count": {"type": "integer", "default": 1}},
}  # fmt: skip
_SPEC = {
    "type": "object",
    "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
        "ratio": {"type": "number"},
        "color": {"type": "string", "enum": ["red", "green"], "default": "red"},
        "label": {"type": "string", "maxLength": 5, "pattern": "^[a-z]*$"},
        "note": {"type": "string", "nullable": True},
        "port": {"x-kubernetes-int-or-string": True},
        "tags": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
        "parts": {"type": "array", "items": _PART, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
        "selector": {"type": "object", "additionalProperties": {"type": "string"}, "x-kubernetes-map-type": "atomic"},
        "deep": {"type": "object", "properties": {"on": {"type": "boolean", "default": True}}},
        "made": {"type": "object", "default": {}, "properties": {"on": {"type": "boolean", "default": True}}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "replicas": {"type": "integer", "minimum": 0},
    },
}  # fmt: skip
_STATUS = {
    "type": "object",
    "properties": {
        "phase": {"type": "string"}, "turn": {"type": "integer", "minimum": 0},
        "replicas": {"type": "integer"}, "selector": {"type": "string"},
        "conditions": {"type": "array", "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    },
}  # fmt: skip
_COLUMNS = [
    {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
    {"name": "Phase", "type": "string", "jsonPath": ".status.phase", "description": "Where it stands."},
    {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
    {"name": "Note", "type": "string", "jsonPath": ".spec.note", "priority": 1},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
]
_WIDGETS: Object = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": WIDGETS},
    "spec": {
        "group": "conformance.test", "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets", "singular": "widget", "shortNames": ["wd"], "categories": ["all"]},
        "versions": [{
            "name": "v1", "served": True, "storage": True, "additionalPrinterColumns": _COLUMNS,
            "subresources": {
                "status": {},
                "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas",
                          "labelSelectorPath": ".status.selector"},
            },
            "schema": {"openAPIV3Schema": {
                "type": "object", "description": "A thing for tests.", "properties": {"spec": _SPEC, "status": _STATUS},
            }},
        }],
    },
}  # fmt: skip


@pytest.fixture
def api(cluster: Cluster, namespace: str) -> Api:
    """The API as the admin uses it, in a fresh namespace."""
    return Api(cluster=cluster, namespace=namespace)


def served(cluster: Cluster, path: str) -> bool:
    """Whether the API server serves this collection; for a moment after its definition it answers 404, then 429."""
    try:
        return cluster.find(path) is not None
    except ApiFailure as failure:
        if failure.status != 429:
            raise
        return False


@pytest.fixture(scope="package")
def widgets(cluster: Cluster) -> Iterator[None]:
    """The custom resource is served for all tests of this folder."""
    cluster.api("POST", DEFINITIONS, _WIDGETS)
    cluster.wait_for(lambda: served(cluster, "/apis/conformance.test/v1/widgets"), what="widgets are served")
    yield
    cluster.api("DELETE", f"{DEFINITIONS}/{WIDGETS}")
    cluster.wait_for(lambda: cluster.find(f"{DEFINITIONS}/{WIDGETS}") is None, what="the definition is gone")
