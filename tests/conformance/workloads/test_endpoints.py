"""EndpointSlices: which pods are behind a Service, in what state, and what happens when its selector moves."""

from typing import Any

from tests.conformance.workloads.workload import HASH, MERGE, RECREATE, Workload, happened, version_now

SERVICE = "kubernetes.io/service-name"


def slices_path(shop: Workload) -> str:
    """All EndpointSlices of the namespace."""
    return f"/apis/discovery.k8s.io/v1/namespaces/{shop.namespace}/endpointslices"


def slices(shop: Workload, service: str = "shop") -> list[dict[str, Any]]:
    """Those of a Service."""
    found = shop.cluster.api("GET", slices_path(shop))["items"]
    return [one for one in found if one["metadata"]["labels"][SERVICE] == service]


def endpoints(shop: Workload, service: str = "shop") -> list[dict[str, Any]]:
    """All endpoints in these."""
    return [endpoint for one in slices(shop, service) for endpoint in one.get("endpoints") or []]


def states(shop: Workload, service: str = "shop") -> list[tuple[bool, bool, bool]]:
    """(ready, serving, terminating) of each."""
    found = (endpoint["conditions"] for endpoint in endpoints(shop, service))
    return sorted((one["ready"], one["serving"], one["terminating"]) for one in found)


def serve(shop: Workload, name: str = "shop", selector: dict[str, str] | None = None, **spec: Any) -> None:
    """A Service on the pods of the Deployment, or on these."""
    ports = [{"port": 80, "targetPort": 8080}]
    body = {"metadata": {"name": name, "labels": {"team": "shop"}},
            "spec": {"selector": selector or {"app": shop.name}, "ports": ports, **spec}}  # fmt: skip
    shop.cluster.api("POST", shop.path("services"), body)


def test_a_slice_tells_the_pods_of_its_service(shop: Workload) -> None:
    """Labels, owner, ports, addresses, target and node, as routers read them."""
    shop.make(2)
    serve(shop)
    shop.wait_for(lambda: states(shop) == [(True, True, False)] * 2, "two ready endpoints")
    (found,) = slices(shop)
    assert found["metadata"]["name"].startswith("shop-")
    assert found["metadata"]["labels"] == {
        "team": "shop", SERVICE: "shop", "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }  # fmt: skip
    (owner,) = found["metadata"]["ownerReferences"]
    assert (owner["apiVersion"], owner["kind"], owner["name"], owner["controller"]) == ("v1", "Service", "shop", True)
    assert found["addressType"] == "IPv4"
    assert found["ports"] == [{"name": "", "port": 8080, "protocol": "TCP"}]
    pods = {pod["metadata"]["name"]: pod for pod in shop.pods()}
    for endpoint in endpoints(shop):
        pod = pods.pop(endpoint["targetRef"]["name"])
        assert endpoint["addresses"] == [pod["status"]["podIP"]]
        assert endpoint["nodeName"] == pod["spec"]["nodeName"]
        metadata = pod["metadata"]
        target = {"kind": "Pod", "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]}
        assert endpoint["targetRef"] == target
    assert pods == {}


def test_a_service_without_pods_has_one_empty_slice(shop: Workload) -> None:
    """So that clients can tell that it has been looked at."""
    serve(shop, selector={"app": "nobody"})
    shop.wait_for(lambda: len(slices(shop)) == 1, "a slice")
    assert endpoints(shop) == []
    assert not slices(shop)[0]["ports"]


def test_a_service_without_a_selector_has_none(shop: Workload) -> None:
    """Its endpoints are somebody else's business."""
    body = {"metadata": {"name": "manual"}, "spec": {"ports": [{"port": 80}]}}
    shop.cluster.api("POST", shop.path("services"), body)
    serve(shop, selector={"app": "nobody"})
    shop.wait_for(lambda: len(slices(shop)) == 1, "the other one's slice")
    assert slices(shop, "manual") == []


def test_a_pod_that_is_not_ready_is_there_but_not_ready(shop: Workload) -> None:
    """Unless the Service asks for such addresses."""
    shop.make(1)
    shop.ship("shop:2-neverready", strategy={**RECREATE, "rollingUpdate": None})
    serve(shop)
    serve(shop, "all", publishNotReadyAddresses=True)
    shop.wait_for(lambda: states(shop) == [(False, False, False)], "an endpoint that is not ready")
    shop.wait_for(lambda: states(shop, "all") == [(True, False, False)], "one that is published all the same")


def test_a_pod_on_its_way_out_is_terminating(shop: Workload) -> None:
    """Not ready any more, and gone when the pod is."""
    shop.make(1)
    serve(shop)
    shop.wait_for(lambda: states(shop) == [(True, True, False)], "a ready endpoint")
    since = version_now(shop.cluster, slices_path(shop))
    (pod,) = shop.pods()
    shop.patch({"replicas": 0})
    shop.wait_for(lambda: endpoints(shop) == [], "no endpoint")
    seen = [
        (one["conditions"]["ready"], one["conditions"]["terminating"])
        for _, found in happened(shop.cluster, slices_path(shop), since) for one in found.get("endpoints") or []
        if one["targetRef"]["uid"] == pod["metadata"]["uid"]
    ]  # fmt: skip
    assert (False, True) in seen
    assert (True, True) not in seen


def test_a_selector_that_moves_takes_all_endpoints_in_one_write(shop: Workload) -> None:
    """A pin that goes from one revision to another: never empty, never both."""
    shop.make(2)
    shop.ship("shop:2", paused=True, strategy={**RECREATE, "rollingUpdate": None})
    shop.settle()
    old = shop.set_of("shop:1")["metadata"]["labels"][HASH]
    shop.change_set(shop.name_of("shop:1"), {"metadata": {"annotations": {"deployment.kubernetes.io/desired-replicas": None}}})
    shop.scale_set(shop.by_hand("c2"), 3)
    serve(shop, selector={"app": "shop", HASH: old})
    shop.wait_for(lambda: states(shop) == [(True, True, False)] * 2, "the old pods")
    since = version_now(shop.cluster, slices_path(shop))
    for value, count in (("c2", 3), (old, 2)):
        shop.cluster.api("PATCH", shop.path("services", "shop"), {"spec": {"selector": {HASH: value}}}, MERGE)
        shop.wait_for(lambda: len(endpoints(shop)) == count, f"{count} endpoints")  # noqa: B023, asked at once
    seen = happened(shop.cluster, slices_path(shop), since)
    assert [(kind, len(found["endpoints"])) for kind, found in seen] == [("MODIFIED", 3), ("MODIFIED", 2)]


def test_a_named_port_is_that_of_each_pod(shop: Workload) -> None:
    """Pods that give the name to different numbers are in different slices."""
    for name, port in (("one", 8080), ("two", 9090)):
        container = {"name": "app", "image": "shop:1", "ports": [{"name": "http", "containerPort": port}]}
        body = {"metadata": {"name": name, "labels": {"app": "shop"}}, "spec": {"containers": [container]}}
        shop.cluster.api("POST", shop.path("pods"), body)
    serve(shop, ports=[{"name": "web", "port": 80, "targetPort": "http"}])
    shop.wait_for(lambda: len(endpoints(shop)) == 2, "two endpoints")
    found = {
        endpoint["targetRef"]["name"]: [(port["name"], port["port"]) for port in one["ports"]]
        for one in slices(shop) for endpoint in one["endpoints"]
    }  # fmt: skip
    assert found == {"one": [("web", 8080)], "two": [("web", 9090)]}


def test_labels_of_the_service_are_those_of_its_slices(shop: Workload) -> None:
    """Also when they change; a headless one is marked."""
    serve(shop, selector={"app": "nobody"}, clusterIP="None")
    shop.wait_for(lambda: len(slices(shop)) == 1, "a slice")
    assert slices(shop)[0]["metadata"]["labels"]["service.kubernetes.io/headless"] == ""


def test_a_slice_that_somebody_deletes_is_made_again(shop: Workload) -> None:
    """And goes for good with its Service."""
    serve(shop, selector={"app": "nobody"})
    shop.wait_for(lambda: len(slices(shop)) == 1, "a slice")
    first = slices(shop)[0]["metadata"]
    shop.cluster.api("DELETE", f"{slices_path(shop)}/{first['name']}")
    shop.wait_for(lambda: [one["metadata"]["uid"] != first["uid"] for one in slices(shop)] == [True], "another one")
    shop.cluster.api("DELETE", shop.path("services", "shop"))
    shop.wait_for(lambda: slices(shop) == [], "no slice")
