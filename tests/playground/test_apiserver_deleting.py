"""How objects go: at once, after a grace, when the last finalizer has gone, and with their namespace or their definition."""

import pytest

from tests.playground.asking import MERGE, Asking, Refused, config_map, definition, deployment, events

MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture
def api() -> Asking:
    """A server of its own for each test."""
    return Asking()


def pod(name: str, node: str = "node") -> dict[str, object]:
    """A pod, on a node unless that is empty."""
    spec = {"containers": [{"name": "shop", "image": "shop:1"}]} | ({"nodeName": node} if node else {})
    return {"metadata": {"name": name}, "spec": spec}


def test_a_finalizer_keeps_an_object_until_it_is_taken_off(api: Asking) -> None:
    """Deletion is noted once; no finalizer can be added any more; the last one takes the object along."""
    api.ask("POST", MAPS, {"metadata": {"name": "a", "finalizers": ["example.com/x"]}})
    noted = api.ask("DELETE", f"{MAPS}/a")["metadata"]
    assert noted["deletionTimestamp"]
    api.loop.advance(5)
    assert api.ask("DELETE", f"{MAPS}/a")["metadata"] == noted
    with pytest.raises(Refused, match="no new finalizers can be added"):
        api.ask("PATCH", f"{MAPS}/a", {"metadata": {"finalizers": ["example.com/x", "example.com/y"]}}, MERGE)
    with pytest.raises(Refused, match="object is being deleted"):
        api.ask("POST", MAPS, config_map("a"))
    api.ask("PATCH", f"{MAPS}/a", {"metadata": {"finalizers": None}}, MERGE)
    with pytest.raises(Refused, match="not found"):
        api.ask("GET", f"{MAPS}/a")


def test_preconditions_guard_a_deletion(api: Asking) -> None:
    """Another object of the same name, or another version of it, is not deleted."""
    meta = api.ask("POST", MAPS, config_map("a"))["metadata"]
    for wrong in ({"uid": "other"}, {"resourceVersion": "1"}):
        with pytest.raises(Refused) as refused:
            api.ask("DELETE", f"{MAPS}/a", {"preconditions": wrong})
        assert (refused.value.status, refused.value.reason) == (409, "Conflict")
    api.ask("DELETE", f"{MAPS}/a", {"preconditions": {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}})


def test_a_pod_has_time_to_end(api: Asking) -> None:
    """30 s unless said otherwise, which can be shortened; the kubelet ends it with 0. Without a node it is gone at once."""
    api.ask("POST", PODS, pod("a"))
    api.ask("POST", PODS, pod("b", node=""))
    assert api.ask("DELETE", f"{PODS}/b")["metadata"]["deletionGracePeriodSeconds"] == 0
    assert api.ask("DELETE", f"{PODS}/a")["metadata"]["deletionGracePeriodSeconds"] == 30
    assert api.ask("DELETE", f"{PODS}/a", {"gracePeriodSeconds": 60})["metadata"]["deletionGracePeriodSeconds"] == 30
    assert api.ask("DELETE", f"{PODS}/a", {"gracePeriodSeconds": 5})["metadata"]["deletionGracePeriodSeconds"] == 5
    assert [item["metadata"]["name"] for item in api.ask("GET", PODS)["items"]] == ["a"]
    api.client.delete("pods", "a", "default", grace=0)
    assert api.ask("GET", PODS)["items"] == []


@pytest.mark.parametrize(("policy", "finalizer"), [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")])
def test_propagation_is_told_to_the_garbage_collector_by_finalizers(api: Asking, policy: str, finalizer: str) -> None:
    """Background needs none: the object is gone."""
    api.ask("POST", DEPLOYMENTS, deployment())
    left = api.ask("DELETE", f"{DEPLOYMENTS}/web?propagationPolicy={policy}")
    assert left["metadata"]["finalizers"] == [finalizer]
    assert left["metadata"]["generation"] == 2
    api.ask("POST", DEPLOYMENTS, deployment("other"))
    assert api.ask("DELETE", f"{DEPLOYMENTS}/other", {"propagationPolicy": "Background"})["status"] == "Success"
    with pytest.raises(Refused, match="Unsupported value"):
        api.ask("DELETE", f"{DEPLOYMENTS}/web", {"propagationPolicy": "Sideways"})


def test_many_are_deleted_by_a_selector(api: Asking) -> None:
    """Those and no others, an event for each."""
    for name, label in (("a", "x"), ("b", "y"), ("c", "x")):
        api.ask("POST", MAPS, {"metadata": {"name": name, "labels": {"l": label}}})
    watch = api.watch(f"{MAPS}?watch=1&resourceVersion={api.server.store.version}")
    api.ask("DELETE", f"{MAPS}?labelSelector=l%3Dx")
    assert [(kind, obj["metadata"]["name"]) for kind, obj in events(watch)] == [("DELETED", "a"), ("DELETED", "c")]
    assert [item["metadata"]["name"] for item in api.ask("GET", MAPS)["items"]] == ["b"]


def test_a_namespace_waits_until_it_is_finalized(api: Asking) -> None:
    """Terminating until then: nothing new comes in; afterwards it is gone."""
    api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
    assert api.ask("DELETE", "/api/v1/namespaces/shop")["status"]["phase"] == "Terminating"
    with pytest.raises(Refused, match="because it is being terminated") as refused:
        api.ask("POST", "/api/v1/namespaces/shop/configmaps", config_map("a"))
    assert refused.value.body["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    namespace = api.ask("GET", "/api/v1/namespaces/shop")
    api.ask("PUT", "/api/v1/namespaces/shop/finalize", namespace | {"spec": {"finalizers": []}})
    with pytest.raises(Refused, match='namespaces "shop" not found'):
        api.ask("POST", "/api/v1/namespaces/shop/configmaps", config_map("a"))


def test_a_definition_takes_its_objects_along(api: Asking) -> None:
    """It waits for those with finalizers; then the resource is unknown, and comes back empty when it is defined again."""
    api.ask("POST", DEFINITIONS, definition())
    api.loop.settle()
    for name, finalizers in (("a", []), ("b", ["example.com/x"])):
        meta = {"name": name, "finalizers": finalizers}
        api.ask("POST", WIDGETS, {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": meta})
    api.ask("DELETE", f"{DEFINITIONS}/widgets.example.com")
    api.loop.settle()
    assert [item["metadata"]["name"] for item in api.ask("GET", WIDGETS)["items"]] == ["b"]
    api.ask("PATCH", f"{WIDGETS}/b", {"metadata": {"finalizers": None}}, MERGE)
    api.loop.settle()
    with pytest.raises(Refused) as refused:
        api.ask("GET", WIDGETS)
    assert refused.value.status == 404
    api.ask("POST", DEFINITIONS, definition())
    assert api.ask("GET", WIDGETS)["items"] == []
