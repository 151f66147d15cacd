"""What clients find out about the API, and what they get for paths that lead nowhere."""

import pytest

from playground.apiserver import protobuf
from playground.apiserver.discovery import AGGREGATED
from tests.playground.asking import Asking, Refused, definition

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture
def api() -> Asking:
    """A server of its own for each test."""
    return Asking()


def test_a_definition_is_served_at_once(api: Asking) -> None:
    """In discovery, in OpenAPI and at its paths; its conditions follow."""
    api.ask("POST", DEFINITIONS, definition())
    resources = api.ask("GET", "/apis/example.com/v1")["resources"]
    assert [resource["name"] for resource in resources] == ["widgets", "widgets/status", "widgets/scale"]
    groups = api.ask("GET", "/apis", accept=AGGREGATED)["items"]
    assert "example.com" in [group["metadata"]["name"] for group in groups]
    assert "apis/example.com/v1" in api.ask("GET", "/openapi/v3")["paths"]
    assert api.ask("GET", "/apis/example.com/v1/widgets")["kind"] == "WidgetList"
    api.loop.settle()
    status = api.ask("GET", f"{DEFINITIONS}/widgets.example.com")["status"]
    assert {one["type"]: one["status"] for one in status["conditions"]} == {"NamesAccepted": "True", "Established": "True"}


def test_a_name_that_is_taken_is_not_accepted(api: Asking) -> None:
    """The second definition is kept, and says why it is not served."""
    api.ask("POST", DEFINITIONS, definition())
    api.ask("POST", DEFINITIONS, definition(plural="gadgets"))
    api.loop.settle()
    conditions = api.ask("GET", f"{DEFINITIONS}/gadgets.example.com")["status"]["conditions"]
    assert [(one["status"], one["reason"]) for one in conditions] == [("False", "NamesConflict"), ("False", "NotAccepted")]
    with pytest.raises(Refused):
        api.ask("GET", "/apis/example.com/v1/gadgets")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"metadata": {"name": "other"}}, "must be spec.names.plural"),
        ({"scope": "Everywhere"}, "spec.scope"),
        ({"versions": []}, "exactly one version marked as storage version"),
    ],
)
def test_a_definition_that_cannot_be_served_is_refused(api: Asking, change: dict[str, object], said: str) -> None:
    """422, with the field."""
    body = definition()
    if "metadata" in change:
        body |= change
    else:
        body["spec"] |= change
    with pytest.raises(Refused, match=said) as refused:
        api.ask("POST", DEFINITIONS, body)
    assert refused.value.status == 422


def test_several_versions_show_the_same_objects(api: Asking) -> None:
    """Written in one, read in the other: only the apiVersion differs."""
    body = definition()
    (first,) = body["spec"]["versions"]
    body["spec"]["versions"].append(first | {"name": "v2", "storage": False})
    api.ask("POST", DEFINITIONS, body)
    path = "/apis/example.com/{}/namespaces/default/widgets"
    widget = {"apiVersion": "example.com/v2", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"a": 1}}
    assert api.ask("POST", path.format("v2"), widget)["apiVersion"] == "example.com/v2"
    assert api.ask("GET", f"{path.format('v1')}/w")["apiVersion"] == "example.com/v1"
    assert api.ask("GET", f"{path.format('v2')}/w")["apiVersion"] == "example.com/v2"


def test_paths_that_lead_nowhere_say_where_one_is(api: Asking) -> None:
    """Unknown kinds are 404 to clients; elsewhere a person reads what this server is."""
    assert "playground" in api.ask("GET", "/")["about"]
    with pytest.raises(Refused, match="This is the playground"):
        api.ask("GET", "/dashboard")
    for path in ("/apis/apps/v1/nope", "/apis/apps/v1/namespaces/default/deployments/a/nope"):
        with pytest.raises(Refused, match="the server could not find the requested resource"):
            api.ask("GET", path)
    with pytest.raises(Refused, match="pods of the playground are simulated"):
        api.ask("GET", "/api/v1/namespaces/default/pods/a/exec")


def test_bodies_in_protobuf_are_read(api: Asking) -> None:
    """A Namespace as `kubectl create namespace shop` sends it."""
    metadata = b"\x0a\x04shop\x12\x00\x1a\x00\x22\x00\x2a\x00\x32\x00\x38\x00\x42\x00"
    namespace = b"\x0a" + bytes([len(metadata)]) + metadata + b"\x12\x00\x1a\x02\x0a\x00"
    about = b"\x0a\x02v1\x12\x09Namespace"
    body = b"k8s\x00\x0a" + bytes([len(about)]) + about + b"\x12" + bytes([len(namespace)]) + namespace
    assert api.ask("POST", "/api/v1/namespaces", body, protobuf.MEDIA_TYPE)["metadata"]["name"] == "shop"


@pytest.mark.parametrize("body", [b"{}", b"k8s\x00", b"k8s\x00\x0a\x7f", b"k8s\x00\x0a\x05\x12\x03Foo"])
def test_what_is_no_protobuf_is_a_bad_request(api: Asking, body: bytes) -> None:
    """And says what to do where that helps."""
    with pytest.raises(Refused) as refused:
        api.ask("POST", "/api/v1/namespaces", body, protobuf.MEDIA_TYPE)
    assert refused.value.status == 400
