"""Leases and Events, ControllerRevisions, ServiceAccounts and namespaces: the little that the controller needs of each."""

import pytest

from tests.conformance.api.calls import Api, Object, causes, refusal, summary

_NOW = "2026-01-01T00:00:00.123456Z"


FOLLOWED = {
    "api/v1/pods": "PodList", "api/v1/services": "ServiceList", "apis/apps/v1/deployments": "DeploymentList",
    "apis/apps/v1/replicasets": "ReplicaSetList", "apis/apps/v1/controllerrevisions": "ControllerRevisionList",
    "apis/autoscaling/v2/horizontalpodautoscalers": "HorizontalPodAutoscalerList",
    "apis/coordination.k8s.io/v1/leases": "LeaseList", "apis/discovery.k8s.io/v1/endpointslices": "EndpointSliceList",
    "apis/events.k8s.io/v1/events": "EventList",
    "apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies": "MutatingAdmissionPolicyList",
    "apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings": "MutatingAdmissionPolicyBindingList",
}  # fmt: skip


@pytest.mark.parametrize("path", FOLLOWED, ids=lambda path: path.rpartition("/")[2])
def test_what_the_controller_reads_is_served(api: Api, path: str) -> None:
    """In the version that it asks for; the list has a version to watch from, and the watch begins."""
    found = api.cluster.api("GET", f"/{path}?limit=500")
    version, _, _ = path.removeprefix("apis/").removeprefix("api/").rpartition("/")
    assert (found["kind"], found["apiVersion"]) == (FOLLOWED[path], version)
    start = found["metadata"]["resourceVersion"]
    options = f"resourceVersion={start}&fieldSelector=metadata.name%3Dnobody"
    assert list(api.cluster.client().watch(f"/{path}?{options}", 1)) == []


def lease(holder: str) -> Object:
    """A Lease's spec."""
    return {"holderIdentity": holder, "leaseDurationSeconds": 10, "leaseTransitions": 0, "acquireTime": _NOW, "renewTime": _NOW}


def test_of_two_who_take_a_lease_one_has_it(api: Api) -> None:
    """By creation, and by a patch with the version that both have read; microseconds are kept."""
    made = api.create("leases", {"metadata": {"name": "l"}, "spec": lease("one")})
    assert made["spec"]["renewTime"] == _NOW
    assert summary(refusal(lambda: api.create("leases", {"metadata": {"name": "l"}, "spec": lease("two")})))[1] == "AlreadyExists"
    version = {"resourceVersion": made["metadata"]["resourceVersion"]}
    taken = api.merge("leases", "l", {"metadata": version, "spec": lease("two")})
    assert taken["spec"]["holderIdentity"] == "two"
    failure = refusal(lambda: api.merge("leases", "l", {"metadata": version, "spec": lease("three")}))
    assert summary(failure)[:2] == (409, "Conflict")
    free = api.merge("leases", "l", {"spec": {"holderIdentity": "", "acquireTime": None}})
    assert "acquireTime" not in free["spec"]


def event(api: Api, name: str, **changes: object) -> Object:
    """An Event as the controller writes it."""
    about = {"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "namespace": api.namespace, "uid": "1"}
    return {
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": name, "namespace": api.namespace},
        "eventTime": _NOW, "reportingController": "release-coordinator.io", "reportingInstance": "pod-1", "action": "Held",
        "reason": "Held", "regarding": about, "note": "The template is held.", "type": "Warning", **changes,
    }  # fmt: skip


def test_an_event_can_be_read_in_both_groups(api: Api) -> None:
    """Written in events.k8s.io, found in the core by the object that it is about, as `kubectl describe` does."""
    api.create("events.events.k8s.io", event(api, "e"))
    everything = f"/api/v1/namespaces/{api.namespace}/events"
    (found,) = api.cluster.api("GET", f"{everything}?fieldSelector=involvedObject.name%3Da")["items"]
    assert (found["message"], found["involvedObject"]["kind"], found["type"]) == ("The template is held.", "ConfigMap", "Warning")
    assert found["reportingComponent"] == "release-coordinator.io"
    assert api.cluster.api("GET", f"{everything}?fieldSelector=involvedObject.name%3Db")["items"] == []


def test_an_incomplete_event_is_refused(api: Api) -> None:
    """Each required field by its name."""
    for field in ("reportingController", "reportingInstance", "action", "reason"):
        failure = refusal(lambda field=field: api.create("events.events.k8s.io", event(api, "e", **{field: ""})))  # type: ignore[misc]
        assert summary(failure)[:2] == (422, "Invalid")
        assert {where for _, where in causes(failure)} == {field}


def test_a_controller_revision_keeps_its_data(api: Api) -> None:
    """Anything, and immutable; found by its labels."""
    body = {"metadata": {"name": "r", "labels": {"of": "x"}}, "revision": 1, "data": {"template": {"spec": {"a": [1, None]}}}}
    assert api.create("controllerrevisions", body)["data"] == body["data"]
    assert [i["metadata"]["name"] for i in api.list("controllerrevisions", labelSelector="of=x")["items"]] == ["r"]
    failure = refusal(lambda: api.merge("controllerrevisions", "r", {"data": {"template": 2}}))
    assert causes(failure) == [("FieldValueInvalid", "data")]


def test_a_namespace_has_its_name_as_a_label_and_an_account(api: Api) -> None:
    """Which selectors of policies rely on."""
    found = api.cluster.api("GET", f"/api/v1/namespaces/{api.namespace}")
    assert found["metadata"]["labels"]["kubernetes.io/metadata.name"] == api.namespace
    assert (found["status"]["phase"], found["spec"]["finalizers"]) == ("Active", ["kubernetes"])
    assert api.get("serviceaccounts", "default")["metadata"]["name"] == "default"


def test_a_service_is_given_an_address_that_it_keeps(api: Api) -> None:
    """Defaults of ports; a cluster address of its own, which cannot be changed."""
    specs = []
    for name in ("a", "b"):
        body = {"metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": [{"port": 80, "name": "http"}]}}
        specs.append(api.create("services", body)["spec"])
    assert specs[0]["clusterIP"] != specs[1]["clusterIP"]
    assert specs[0]["clusterIPs"] == [specs[0]["clusterIP"]]
    assert specs[0]["ports"] == [{"name": "http", "protocol": "TCP", "port": 80, "targetPort": 80}]
    assert (specs[0]["type"], specs[0]["sessionAffinity"]) == ("ClusterIP", "None")
    failure = refusal(lambda: api.merge("services", "a", {"spec": {"clusterIP": "10.96.7.7"}}))
    assert causes(failure)[0] == ("FieldValueInvalid", "spec.clusterIPs[0]")
