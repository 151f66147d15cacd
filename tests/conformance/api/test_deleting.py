"""Deletion: preconditions, finalizers, what the answer is, and what goes with an owner."""

from tests.conformance.api.calls import NOBODYS_UID, Api, causes, config_map, deployment, refusal, summary


def test_a_deletion_is_answered_with_what_is_gone(api: Api) -> None:
    """A Status that names it; then it is not found."""
    made = api.create("configmaps", config_map("a"))
    done = api.delete("configmaps", "a")
    assert (done["kind"], done["status"]) == ("Status", "Success")
    assert done["details"] == {"name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"]}
    assert summary(refusal(lambda: api.delete("configmaps", "a")))[:2] == (404, "NotFound")


def test_only_the_very_object_is_deleted(api: Api) -> None:
    """With its uid and version as preconditions: of another one, or of one that has changed, nothing is."""
    made = api.create("configmaps", config_map("a"))["metadata"]
    for wrong in ({"uid": NOBODYS_UID}, {"resourceVersion": "1"}, {"uid": NOBODYS_UID, "resourceVersion": "1"}):
        failure = refusal(lambda wrong=wrong: api.delete("configmaps", "a", {"preconditions": wrong}))  # type: ignore[misc]
        assert summary(failure)[:2] == (409, "Conflict")
    assert api.exists("configmaps", "a")
    right = {"uid": made["uid"], "resourceVersion": made["resourceVersion"]}
    api.delete("configmaps", "a", {"preconditions": right, "propagationPolicy": "Background"})
    assert not api.exists("configmaps", "a")


def test_a_finalizer_keeps_what_is_deleted(api: Api) -> None:
    """It has a deletion time, can still be written, gets no new finalizer, and is gone with its last one."""
    api.create("configmaps", config_map("a", finalizers=["test.io/keep", "test.io/too"]))
    dying = api.delete("configmaps", "a")
    assert dying["kind"] == "ConfigMap"
    assert (dying["metadata"]["deletionGracePeriodSeconds"], "deletionTimestamp" in dying["metadata"]) == (0, True)
    again = api.delete("configmaps", "a")["metadata"]
    assert again["resourceVersion"] == dying["metadata"]["resourceVersion"]
    failure = refusal(lambda: api.create("configmaps", config_map("a")))
    assert summary(failure)[:2] == (409, "AlreadyExists")
    assert failure.message.startswith("object is being deleted: ")
    more = {"metadata": {"finalizers": ["test.io/keep", "test.io/too", "test.io/more"]}}
    assert causes(refusal(lambda: api.merge("configmaps", "a", more))) == [("FieldValueForbidden", "metadata.finalizers")]
    assert api.merge("configmaps", "a", {"data": {"while": "dying"}})["data"]["while"] == "dying"
    api.patch("configmaps", "a", [
        {"op": "test", "path": "/metadata/finalizers/0", "value": "test.io/keep"},
        {"op": "remove", "path": "/metadata/finalizers/0"},
    ])  # fmt: skip
    assert api.get("configmaps", "a")["metadata"]["finalizers"] == ["test.io/too"]
    assert "finalizers" not in api.merge("configmaps", "a", {"metadata": {"finalizers": None}})["metadata"]
    assert not api.exists("configmaps", "a")


def test_a_deletion_time_raises_the_generation(api: Api) -> None:
    """Of a kind that has one."""
    body = deployment("d")
    body["metadata"]["finalizers"] = ["test.io/keep"]
    api.create("deployments", body)
    assert api.delete("deployments", "d")["metadata"]["generation"] == 2
    api.merge("deployments", "d", {"metadata": {"finalizers": None}})


def test_a_collection_is_deleted_by_labels(api: Api) -> None:
    """And no more than they choose."""
    for name, group in (("a", "x"), ("b", "x"), ("c", "y")):
        api.create("configmaps", config_map(name, labels={"group": group}))
    api.cluster.api("DELETE", api.path("configmaps", labelSelector="group=x"))
    assert [api.exists("configmaps", name) for name in "abc"] == [False, False, True]


def test_what_an_owner_controls_goes_with_it(api: Api) -> None:
    """In the background: the owner at once, its own soon after; what another owns stays."""
    owner = api.create("configmaps", config_map("owner"))["metadata"]
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["uid"], "controller": True}
    api.create("configmaps", config_map("owned", ownerReferences=[reference]))
    other = {"apiVersion": "v1", "kind": "ConfigMap", "name": "other"}
    both = [reference, other | {"uid": api.create("configmaps", config_map("other"))["metadata"]["uid"]}]
    api.create("configmaps", config_map("shared", ownerReferences=both))
    api.delete("configmaps", "owner", {"propagationPolicy": "Background"})
    api.cluster.wait_for(lambda: not api.exists("configmaps", "owned"), what="what it owned is gone")
    assert api.exists("configmaps", "shared")


def test_an_owner_can_wait_for_its_own_or_leave_them(api: Api) -> None:
    """Foreground: first what it owns; Orphan: they stay, without the reference."""
    for name, policy in (("f", "Foreground"), ("o", "Orphan")):
        owner = api.create("configmaps", config_map(name))["metadata"]
        reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": owner["uid"], "blockOwnerDeletion": True}
        api.create("configmaps", config_map(f"{name}-owned", ownerReferences=[reference]))
        dying = api.delete("configmaps", name, {"propagationPolicy": policy})["metadata"]
        assert dying["finalizers"] == [{"f": "foregroundDeletion", "o": "orphan"}[name]]
    for name in "fo":
        api.cluster.wait_for(lambda name=name: not api.exists("configmaps", name), what=f"{name} is gone")  # type: ignore[misc]
    assert not api.exists("configmaps", "f-owned")
    assert "ownerReferences" not in api.get("configmaps", "o-owned")["metadata"]
    failure = refusal(lambda: api.delete("configmaps", "o-owned", {"propagationPolicy": "Sideways"}))
    assert causes(failure) == [("FieldValueNotSupported", "propagationPolicy")]


def test_a_namespace_goes_with_all_that_is_in_it(api: Api) -> None:
    """And takes nothing new meanwhile."""
    api.create("configmaps", config_map("slow", finalizers=["test.io/keep"]))
    api.create("deployments", deployment("d"))
    api.cluster.api("DELETE", f"/api/v1/namespaces/{api.namespace}")
    failure = refusal(lambda: api.create("configmaps", config_map("late")))
    assert summary(failure)[:2] == (403, "Forbidden")
    assert causes(failure)[0][0] == "NamespaceTerminating"
    api.cluster.wait_for(lambda: not api.exists("deployments", "d"), what="the Deployment is gone")
    assert api.exists("configmaps", "slow")
    api.merge("configmaps", "slow", {"metadata": {"finalizers": None}})
    path = f"/api/v1/namespaces/{api.namespace}"
    api.cluster.wait_for(lambda: api.cluster.find(path) is None, what="the namespace is gone")
