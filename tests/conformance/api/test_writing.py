"""Creating, replacing and patching: who wins, what is refused and how that is said, when the generation rises."""

import pytest

from tests.conformance.api.calls import NOBODYS_UID, Api, Object, causes, config_map, deployment, refusal, summary, widget


def test_what_is_created_is_given_its_identity(api: Api) -> None:
    """uid, version, time and namespace; a generation only where a spec has one."""
    made = api.create("configmaps", config_map("a"))["metadata"]
    assert made["namespace"] == api.namespace
    assert len(made["uid"]) == 36 and int(made["resourceVersion"]) > 0
    assert made["creationTimestamp"].endswith("Z") and "generation" not in made
    assert api.create("deployments", deployment("d"))["metadata"]["generation"] == 1


def test_a_name_can_be_left_to_the_server(api: Api) -> None:
    """generateName and five letters or digits."""
    body = {"metadata": {"generateName": "made-"}}
    first, second = (api.create("configmaps", body)["metadata"]["name"] for _ in range(2))
    assert first != second
    assert first.startswith("made-") and len(first) == len("made-") + 5


def test_a_taken_name_is_refused(api: Api) -> None:
    """AlreadyExists, with the resource and its group."""
    api.create("deployments", deployment("d"))
    api.create("configmaps", config_map("a"))
    failure = refusal(lambda: api.create("deployments", deployment("d")))
    assert summary(failure) == (409, "AlreadyExists", {"name": "d", "group": "apps", "kind": "deployments"})
    assert failure.message == 'deployments.apps "d" already exists'
    failure = refusal(lambda: api.create("configmaps", config_map("a")))
    assert summary(failure) == (409, "AlreadyExists", {"name": "a", "kind": "configmaps"})


def test_what_is_not_there_is_not_found(api: Api) -> None:
    """By every verb on an object; and said differently for a resource or a subresource that nobody has."""
    details = {"name": "zz", "group": "apps", "kind": "deployments"}
    for call in (
        lambda: api.get("deployments", "zz"),
        lambda: api.replace("deployments", deployment("zz")),
        lambda: api.merge("deployments", "zz", {"spec": {"replicas": 1}}),
        lambda: api.merge("deployments", "zz", {"spec": {"replicas": 1}}, "scale"),
        lambda: api.delete("deployments", "zz"),
    ):
        failure = refusal(call)
        assert summary(failure) == (404, "NotFound", details)
        assert failure.message == 'deployments.apps "zz" not found'
    api.create("deployments", deployment("d"))
    nowhere = "the server could not find the requested resource"
    for path in ("/apis/apps/v1/nope", f"/apis/apps/v1/namespaces/{api.namespace}/deployments/d/nope"):
        failure = refusal(lambda path=path: api.cluster.api("GET", path))  # type: ignore[misc]
        assert (summary(failure), failure.message) == ((404, "NotFound", {}), nowhere)
    assert refusal(lambda: api.cluster.api("GET", "/apis/nope.test/v1/things")).body == "404 page not found\n"


def test_nothing_is_created_in_a_namespace_that_is_not_there(api: Api) -> None:
    """The namespace is what is not found."""
    failure = refusal(lambda: api.cluster.api("POST", "/api/v1/namespaces/absent/configmaps", config_map("a")))
    assert summary(failure) == (404, "NotFound", {"name": "absent", "kind": "namespaces"})


def test_the_second_of_two_writers_who_read_the_same_is_refused(api: Api) -> None:
    """By PUT and by a patch that names a version; a PUT without one overwrites."""
    before = api.create("configmaps", config_map("a"))
    changed = api.replace("configmaps", before | {"data": {"a": "2"}})
    assert int(changed["metadata"]["resourceVersion"]) > int(before["metadata"]["resourceVersion"])
    stale = {"metadata": {"resourceVersion": before["metadata"]["resourceVersion"]}, "data": {"a": "3"}}
    for call in (lambda: api.replace("configmaps", before), lambda: api.merge("configmaps", "a", stale)):
        failure = refusal(call)
        assert summary(failure) == (409, "Conflict", {"name": "a", "kind": "configmaps"})
        assert failure.message.endswith("please apply your changes to the latest version and try again")
    assert api.replace("configmaps", config_map("a", {"a": "4"}))["data"] == {"a": "4"}


def test_another_objects_uid_is_refused(api: Api) -> None:
    """A PUT for one that was deleted and made again conflicts; a merge patch cannot change the uid."""
    api.create("configmaps", config_map("a"))
    failure = refusal(lambda: api.replace("configmaps", config_map("a", uid=NOBODYS_UID)))
    assert summary(failure)[:2] == (409, "Conflict")
    failure = refusal(lambda: api.merge("configmaps", "a", {"metadata": {"uid": NOBODYS_UID}}))
    assert (summary(failure)[:2], causes(failure)) == ((422, "Invalid"), [("FieldValueInvalid", "metadata.uid")])


def test_a_custom_object_is_replaced_only_with_its_version(api: Api, widgets: None) -> None:
    """Unlike built-in ones."""
    made = api.create("widgets", widget("w", size=1))
    failure = refusal(lambda: api.replace("widgets", widget("w", size=2)))
    assert (summary(failure)[:2], causes(failure)) == ((422, "Invalid"), [("FieldValueInvalid", "metadata.resourceVersion")])
    assert api.replace("widgets", made | {"spec": {"size": 2}})["spec"]["size"] == 2


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (config_map("a", resourceVersion="5"), 500, "resourceVersion should not be set on objects to be created"),
        (config_map("a", namespace="other"), 400, "does not match the namespace sent on the request"),
        (config_map("a") | {"kind": "Secret"}, 400, "Secret in version"),
        ({"metadata": {}}, 422, "name or generateName is required"),
        (config_map("Bad_Name"), 422, "a lowercase RFC 1123 subdomain must consist of"),
        (config_map("a", labels={"a b": "c"}), 422, "metadata.labels"),
        (config_map("a", labels={"a": "c d"}), 422, "metadata.labels"),
        (config_map("a", finalizers=["unqualified"]), 422, "metadata.finalizers"),
    ],
)
def test_what_cannot_be_created_is_refused_with_the_reason(api: Api, body: Object, status: int, said: str) -> None:
    """Requests that make no sense are 400, objects that do not 422."""
    failure = refusal(lambda: api.create("configmaps", body))
    assert failure.status == status
    assert said in failure.message


def test_an_invalid_deployment_is_refused_with_every_field_at_fault(api: Api) -> None:
    """One answer names them all."""
    failure = refusal(lambda: api.create("deployments", {"metadata": {"name": "x"}, "spec": {}}))
    assert summary(failure)[:2] == (422, "Invalid")
    assert failure.message.startswith('Deployment.apps "x" is invalid: [spec.selector: Required value')
    assert ("FieldValueRequired", "spec.template.spec.containers") in causes(failure)
    failure = refusal(lambda: api.create("deployments", deployment("y", replicas=-1)))
    assert causes(failure) == [("FieldValueInvalid", "spec.replicas")]
    assert failure.message.endswith("spec.replicas: Invalid value: -1: must be greater than or equal to 0")


def test_a_selector_is_immutable(api: Api) -> None:
    """And must match the template's labels."""
    api.create("deployments", deployment("d"))
    failure = refusal(lambda: api.merge("deployments", "d", {"spec": {"selector": {"matchLabels": {"b": "c"}}}}))
    assert causes(failure) == [("FieldValueInvalid", "spec.template.metadata.labels"), ("FieldValueInvalid", "spec.selector")]


@pytest.mark.parametrize(
    ("body", "raised"),
    [
        ({"spec": {"replicas": 1}}, True),
        ({"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}}, True),
        ({"spec": {"paused": None}}, True),
        ({"metadata": {"annotations": {"a": "b"}}}, True),  # A Deployment's do, as its ReplicaSets copy them.
        ({"metadata": {"labels": {"a": "b"}}}, False),
        ({"metadata": {"finalizers": ["test.io/a"]}}, False),
        ({"spec": {"replicas": 0}}, False),
        ({"spec": {"strategy": {"type": "RollingUpdate"}}}, False),  # The default.
    ],
)
def test_a_deployments_generation_rises_with_spec_and_annotations(api: Api, body: Object, raised: bool) -> None:
    """Not with labels or finalizers, and not when nothing changes."""
    api.create("deployments", deployment("d"))
    assert api.merge("deployments", "d", body)["metadata"]["generation"] == (2 if raised else 1)
    if "finalizers" in body.get("metadata", {}):
        api.merge("deployments", "d", {"metadata": {"finalizers": None}})


def test_a_custom_objects_generation_rises_with_all_but_metadata_and_status(api: Api, widgets: None) -> None:
    """And cannot be set by hand."""
    api.create("widgets", widget("w", size=1))
    body: Object = {"metadata": {"annotations": {"a": "b"}, "labels": {"a": "b"}, "generation": 7}, "status": {"phase": "x"}}
    assert api.merge("widgets", "w", body)["metadata"]["generation"] == 1
    assert api.merge("widgets", "w", {"status": {"phase": "x"}}, "status")["metadata"]["generation"] == 1
    assert api.merge("widgets", "w", {"spec": {"size": 2}})["metadata"]["generation"] == 2


def test_a_write_that_changes_nothing_is_none(api: Api, widgets: None) -> None:
    """The version stays, so nobody is woken."""
    made = api.create("configmaps", config_map("a"))
    same = (api.merge("configmaps", "a", {"data": {"a": "1"}}), api.replace("configmaps", made))
    assert {found["metadata"]["resourceVersion"] for found in same} == {made["metadata"]["resourceVersion"]}
    custom = api.create("widgets", widget("w", size=1))
    patched = api.patch("widgets", "w", [{"op": "replace", "path": "/spec/size", "value": 1}])
    assert patched["metadata"]["resourceVersion"] == custom["metadata"]["resourceVersion"]


def test_a_dry_run_leaves_nothing(api: Api) -> None:
    """Create, patch, scale and delete answer as if, and the cluster stays as it was."""
    answer = api.create("configmaps", config_map("dry"), dryRun="All")
    assert "uid" in answer["metadata"] and "resourceVersion" not in answer["metadata"]
    assert not api.exists("configmaps", "dry")
    made = api.create("deployments", deployment("d"))
    answer = api.merge("deployments", "d", {"spec": {"replicas": 3}}, dryRun="All")
    assert (answer["spec"]["replicas"], answer["metadata"]["generation"]) == (3, 2)
    assert api.merge("deployments", "d", {"spec": {"replicas": 5}}, "scale", dryRun="All")["spec"]["replicas"] == 5
    assert api.delete("deployments", "d", dryRun="All")["status"] == "Success"
    now = api.get("deployments", "d")
    assert (now["spec"], now["metadata"]["generation"]) == (made["spec"], 1)
    assert refusal(lambda: api.delete("deployments", "zz", dryRun="All")).status == 404
    failure = refusal(lambda: api.merge("deployments", "d", {}, dryRun="Some"))
    assert (summary(failure)[:2], causes(failure)) == ((422, "Invalid"), [("FieldValueNotSupported", "dryRun")])


def test_a_write_of_the_wrong_name_or_form_is_a_bad_request(api: Api) -> None:
    """Before anything is looked at."""
    made = api.create("configmaps", config_map("a"))
    other = made | {"metadata": made["metadata"] | {"name": "b"}}
    failure = refusal(lambda: api.cluster.api("PUT", api.path("configmaps", "a"), other))
    assert (failure.status, failure.body["reason"]) == (400, "BadRequest")
    assert failure.message == "the name of the object (b) does not match the name on the URL (a)"
    path = api.path("configmaps", "a")
    assert refusal(lambda: api.cluster.api("PATCH", path, b"nonsense", "application/merge-patch+json")).status == 400
    assert refusal(lambda: api.cluster.api("PATCH", path, {}, "application/x-unknown")).status == 415
    assert refusal(lambda: api.cluster.api("POST", api.path("configmaps"), b"{nonsense")).status == 400
