"""What creating and changing objects does, in virtual time: versions, generations, endpoints that see only their part."""

import pytest

from tests.playground.asking import APPLY, JSON_PATCH, MERGE, STRATEGIC, Asking, Refused, config_map, definition, deployment

MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"


@pytest.fixture
def api() -> Asking:
    """A server of its own for each test."""
    return Asking()


def test_every_write_has_a_version_of_its_own(api: Asking) -> None:
    """One counter for all kinds; a write that changes nothing is none."""
    first = api.ask("POST", MAPS, config_map("a"))["metadata"]
    second = api.ask("POST", DEPLOYMENTS, deployment())["metadata"]
    assert int(second["resourceVersion"]) == int(first["resourceVersion"]) + 1
    assert first["uid"] != second["uid"]
    same = api.ask("PATCH", f"{MAPS}/a", {"data": {}}, MERGE)["metadata"]
    assert same["resourceVersion"] == first["resourceVersion"]


def test_names_are_made_up_from_a_prefix(api: Asking) -> None:
    """The same seed makes the same names, and no name twice."""
    body = {"metadata": {"generateName": "a-"}}
    names = [api.ask("POST", MAPS, body)["metadata"]["name"] for _ in range(20)]
    assert len(set(names)) == 20
    again = Asking()
    assert [again.ask("POST", MAPS, body)["metadata"]["name"] for _ in range(20)] == names


def test_a_value_of_another_type_is_refused_also_where_python_takes_it_for_the_same(api: Asking) -> None:
    """What is as it is kept is not looked at again: true is not 1, and 3 not 3.0."""
    kept = deployment()
    api.ask("POST", DEPLOYMENTS, kept | {"spec": kept["spec"] | {"paused": True}})
    with pytest.raises(Refused) as refused:
        api.ask("PATCH", f"{DEPLOYMENTS}/{kept['metadata']['name']}", {"spec": {"paused": 1}}, MERGE)
    assert "cannot unmarshal number into Go struct field DeploymentSpec.spec.paused of type bool" in refused.value.message


def test_a_conflict_names_what_to_do(api: Asking) -> None:
    """A PUT or PATCH that was meant for another version."""
    old = api.ask("POST", MAPS, config_map("a", x="1"))
    api.ask("PATCH", f"{MAPS}/a", {"data": {"x": "2"}}, MERGE)
    with pytest.raises(Refused) as refused:
        api.ask("PUT", f"{MAPS}/a", old)
    assert (refused.value.status, refused.value.reason) == (409, "Conflict")
    assert refused.value.message.endswith("please apply your changes to the latest version and try again")


def test_the_generation_rises_with_the_spec(api: Asking) -> None:
    """And with a Deployment's annotations, which Kubernetes copies to its ReplicaSets; not with labels or the status."""
    assert api.ask("POST", DEPLOYMENTS, deployment())["metadata"]["generation"] == 1
    for path, patch, generation in (
        ("", {"metadata": {"labels": {"a": "b"}}}, 1),
        ("/status", {"status": {"replicas": 3}}, 1),
        ("", {"metadata": {"annotations": {"a": "b"}}}, 2),
        ("", {"spec": {"replicas": 2}}, 3),
        ("", {"spec": {"replicas": 2}}, 3),
        ("/scale", {"spec": {"replicas": 4}}, 4),
    ):
        api.ask("PATCH", f"{DEPLOYMENTS}/web{path}", patch, MERGE)
        assert api.ask("GET", f"{DEPLOYMENTS}/web")["metadata"]["generation"] == generation, patch


def test_the_status_has_an_endpoint_of_its_own(api: Asking) -> None:
    """The others leave it alone, and it leaves the spec and the labels alone."""
    api.ask("POST", DEPLOYMENTS, deployment(replicas=1) | {"status": {"replicas": 9}})
    assert api.ask("GET", f"{DEPLOYMENTS}/web")["status"] == {}
    api.ask("PATCH", f"{DEPLOYMENTS}/web", {"status": {"replicas": 9}}, MERGE)
    assert api.ask("GET", f"{DEPLOYMENTS}/web")["status"] == {}
    patch = {"status": {"replicas": 1}, "spec": {"replicas": 7}, "metadata": {"labels": {"x": "y"}, "annotations": {"x": "y"}}}
    found = api.ask("PATCH", f"{DEPLOYMENTS}/web/status", patch, STRATEGIC)
    assert (found["status"], found["spec"]["replicas"], found["metadata"]["labels"]) == ({"replicas": 1}, 1, {"app": "web"})
    assert found["metadata"]["annotations"] == {"x": "y"}


def test_quantities_are_kept_in_one_form(api: Asking) -> None:
    """`1000m` is `1`, so a template that says the same is the same."""
    body = deployment()
    container = body["spec"]["template"]["spec"]["containers"][0]
    container["resources"] = {"limits": {"cpu": "1000m", "memory": "1024Mi"}}
    api.ask("POST", DEPLOYMENTS, body)
    container["resources"] = {"limits": {"cpu": 1, "memory": "1Gi"}}
    kept = api.ask("PUT", f"{DEPLOYMENTS}/web", body)
    assert kept["spec"]["template"]["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "1", "memory": "1Gi"}}
    assert kept["metadata"]["generation"] == 1


def test_a_dry_run_changes_nothing(api: Asking) -> None:
    """For every verb, and the answer is what would have been."""
    assert api.ask("POST", f"{MAPS}?dryRun=All", config_map("a"))["metadata"]["name"] == "a"
    with pytest.raises(Refused):
        api.ask("GET", f"{MAPS}/a")
    api.ask("POST", MAPS, config_map("a", x="1"))
    version = api.server.store.version
    assert api.ask("PATCH", f"{MAPS}/a?dryRun=All", {"data": {"x": "2"}}, MERGE)["data"] == {"x": "2"}
    api.ask("DELETE", f"{MAPS}/a?dryRun=All")
    api.ask("DELETE", f"{MAPS}/a", {"dryRun": ["All"]})
    assert api.ask("GET", f"{MAPS}/a")["data"] == {"x": "1"}
    assert api.server.store.version == version


def test_unknown_and_repeated_fields_are_warned_of_or_refused(api: Asking) -> None:
    """As fieldValidation says; the path of the field is told."""
    body = b'{"metadata":{"name":"a"},"data":{"x":"1","x":"2"},"other":1}'
    api.ask("POST", MAPS, body)
    assert api.warnings == ('unknown field "other"', 'duplicate field "data.x"')
    with pytest.raises(Refused, match=r'strict decoding error: unknown field "other", duplicate field "data.x"'):
        api.ask("POST", f"{MAPS}?fieldValidation=Strict", body)
    api.ask("PUT", f"{MAPS}/a?fieldValidation=Ignore", body)
    assert api.warnings == ()


def test_an_apply_creates_and_then_owns(api: Asking) -> None:
    """201, then 200; what somebody else has changed since is a conflict, and taken over by force."""
    config = config_map("a", x="1")
    api.ask("PATCH", f"{MAPS}/a?fieldManager=one", config, APPLY)
    assert api.status == 201
    api.ask("PATCH", f"{MAPS}/a", {"data": {"x": "2"}}, MERGE)
    with pytest.raises(Refused, match=r'conflict with "test" using v1: \.data\.x') as refused:
        api.ask("PATCH", f"{MAPS}/a?fieldManager=one", config, APPLY)
    assert refused.value.body["details"]["causes"][0]["field"] == ".data.x"
    assert api.ask("PATCH", f"{MAPS}/a?fieldManager=one&force=true", config, APPLY)["data"] == {"x": "1"}
    assert api.status == 200


def test_dropped_managers_stay_dropped(api: Asking) -> None:
    """A JSON patch may take an entry out of managedFields without adding its own, unless it changes something else."""
    api.ask("POST", f"{DEPLOYMENTS}?fieldManager=one", deployment())
    drop = [
        {"op": "test", "path": "/metadata/managedFields/0/manager", "value": "one"},
        {"op": "remove", "path": "/metadata/managedFields/0"},
    ]
    assert "managedFields" not in api.ask("PATCH", f"{DEPLOYMENTS}/web?fieldManager=two", drop, JSON_PATCH)["metadata"]


def test_scale_is_the_same_for_custom_resources(api: Asking) -> None:
    """At the paths that their definition names; its own part of managedFields."""
    api.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition())
    api.ask("POST", WIDGETS, {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 1}})
    assert api.ask("GET", f"{WIDGETS}/w/scale")["spec"] == {"replicas": 1}
    api.ask("PATCH", f"{WIDGETS}/w/scale?fieldManager=hpa", {"spec": {"replicas": 5}}, MERGE)
    widget = api.ask("GET", f"{WIDGETS}/w")
    assert widget["spec"]["size"] == 5
    assert ("hpa", "scale") in [(entry["manager"], entry.get("subresource")) for entry in widget["metadata"]["managedFields"]]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}}, "may not be specified when strategy `type` is"),
        ({"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}}, "may not be 0 when `maxSurge` is 0"),
        ({"selector": {"matchLabels": {"app": "other"}}}, "`selector` does not match template `labels`"),
        ({"replicas": -1}, "must be greater than or equal to 0"),
        ({"minReadySeconds": 700}, "must be greater than minReadySeconds"),
    ],
)
def test_a_deployment_that_cannot_be_is_refused(api: Asking, spec: dict[str, object], said: str) -> None:
    """In the sentences of the real server."""
    with pytest.raises(Refused) as refused:
        api.ask("POST", DEPLOYMENTS, deployment(**spec))
    assert refused.value.status == 422
    assert said in refused.value.message


def test_nothing_stored_is_ever_changed(api: Asking) -> None:
    """Whoever holds an object from the store keeps what he saw, and a client's own body stays his."""
    body = config_map("a", x="1")
    before = api.client.create("configmaps", body, "default")
    assert "uid" not in body["metadata"]
    seen = str(before)
    api.client.patch("configmaps", "a", "default", {"data": {"x": "2"}, "metadata": {"labels": {"a": "b"}}})
    api.client.delete("configmaps", "a", "default")
    assert str(before) == seen
