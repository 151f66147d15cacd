"""/status and /scale: what of an object each of them changes, and what it leaves."""

import pytest

from tests.conformance.api.calls import Api, Object, causes, deployment, refusal, summary, widget

_CONDITION = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "Release d rejected 1",
              "lastUpdateTime": "2026-01-01T00:00:00Z", "lastTransitionTime": "2026-01-01T00:00:00Z"}  # fmt: skip


@pytest.fixture
def settled(api: Api) -> Object:
    """The Deployment `d`, once its controller has written the status and writes no more."""
    api.create("deployments", deployment("d"))

    def found() -> Object | None:
        seen = api.get("deployments", "d")
        return seen if seen.get("status", {}).get("observedGeneration") == seen["metadata"]["generation"] else None

    return api.cluster.wait_for(found, what="the controller has seen d") or {}


def test_a_status_patch_changes_the_status_and_not_the_spec(api: Api, settled: Object) -> None:
    """Labels, spec and generation stay; annotations do change there, which is why our marks are labels."""
    body: Object = {
        "metadata": {"labels": {"l": "1"}, "annotations": {"n": "1"}},
        "spec": {"replicas": 9},
        "status": {"conditions": [*settled["status"].get("conditions", []), _CONDITION]},
    }
    done = api.merge("deployments", "d", body, "status")
    assert _CONDITION in done["status"]["conditions"]
    assert done["spec"] == settled["spec"]
    assert done["metadata"]["generation"] == settled["metadata"]["generation"]
    assert "labels" not in done["metadata"] and done["metadata"]["annotations"]["n"] == "1"


def test_a_condition_of_ours_stays_on_a_paused_deployment(api: Api, settled: Object) -> None:
    """Its controller goes on writing the status, and keeps what it finds there."""
    others = [c for c in settled["status"].get("conditions", []) if c["type"] != "Progressing"]
    api.merge("deployments", "d", {"status": {"conditions": [*others, _CONDITION]}}, "status")
    generation = api.merge("deployments", "d", {"spec": {"minReadySeconds": 1}})["metadata"]["generation"]
    api.cluster.wait_for(
        lambda: api.get("deployments", "d")["status"]["observedGeneration"] == generation, what="the controller has seen it"
    )
    conditions = {c["type"]: c["reason"] for c in api.get("deployments", "d")["status"]["conditions"]}
    assert conditions["Progressing"] == "ProgressDeadlineExceeded"


def test_the_main_resource_leaves_the_status(api: Api, widgets: None) -> None:
    """Of custom objects too: at creation and at every update."""
    made = api.create("widgets", widget("w") | {"status": {"phase": "forged"}})
    assert "status" not in made
    api.merge("widgets", "w", {"status": {"phase": "True"}}, "status")
    assert api.merge("widgets", "w", {"spec": {"size": 2}, "status": {"phase": "forged"}})["status"] == {"phase": "True"}
    now = api.get("widgets", "w")
    assert api.replace("widgets", now | {"status": {}})["status"] == {"phase": "True"}


def test_the_status_of_a_custom_object_leaves_everything_else(api: Api, widgets: None) -> None:
    """Spec, labels, annotations and finalizers."""
    api.create("widgets", widget("w", size=1))
    body: Object = {
        "metadata": {"labels": {"l": "1"}, "annotations": {"n": "1"}, "finalizers": ["test.io/a"]},
        "spec": {"size": 9}, "status": {"phase": "x"},
    }  # fmt: skip
    done = api.merge("widgets", "w", body, "status")
    assert done["status"] == {"phase": "x"}
    assert done["spec"]["size"] == 1
    assert not {"labels", "annotations", "finalizers"} & done["metadata"].keys()


def test_scale_shows_and_changes_the_replicas(api: Api) -> None:
    """By patch and by PUT; the generation rises; zero is left out, as everywhere in this kind."""
    made = api.create("deployments", deployment("d", replicas=2))
    scale = api.get("deployments", "d", "scale")
    assert (scale["apiVersion"], scale["kind"], scale["spec"]) == ("autoscaling/v1", "Scale", {"replicas": 2})
    assert scale["status"]["selector"] == "app=d"
    assert scale["metadata"]["uid"] == made["metadata"]["uid"]
    assert api.merge("deployments", "d", {"spec": {"replicas": 1}}, "scale")["spec"] == {"replicas": 1}
    scale = api.get("deployments", "d", "scale")
    del scale["metadata"]["resourceVersion"]  # The controller writes the Deployment's status meanwhile.
    assert api.replace("deployments", scale | {"spec": {"replicas": 0}}, "scale")["spec"] == {}
    now = api.get("deployments", "d")
    assert (now["spec"]["replicas"], now["metadata"]["generation"]) == (0, 3)


def test_a_scale_that_cannot_be_is_refused(api: Api) -> None:
    """Stale ones as a conflict of the Deployment, negative ones as an invalid Scale."""
    api.create("deployments", deployment("d"))
    scale = api.get("deployments", "d", "scale")
    api.merge("deployments", "d", {"spec": {"replicas": 1}})
    failure = refusal(lambda: api.replace("deployments", scale | {"spec": {"replicas": 2}}, "scale"))
    assert summary(failure) == (409, "Conflict", {"name": "d", "group": "apps", "kind": "deployments"})
    failure = refusal(lambda: api.merge("deployments", "d", {"spec": {"replicas": -2}}, "scale"))
    assert failure.message.startswith('Scale.autoscaling "d" is invalid')
    assert causes(failure) == [("FieldValueInvalid", "spec.replicas")]


def test_replica_sets_and_custom_objects_scale_too(api: Api, widgets: None) -> None:
    """The latter by the paths of their definition."""
    body = deployment("r") | {"kind": "ReplicaSet"}
    body["spec"] = {key: body["spec"][key] for key in ("replicas", "selector", "template")}
    api.create("replicasets", body)
    assert api.merge("replicasets", "r", {"spec": {"replicas": 0}}, "scale")["status"]["selector"] == "app=r"
    api.create("widgets", widget("w", replicas=2))
    api.merge("widgets", "w", {"status": {"replicas": 1, "selector": "app=w"}}, "status")
    scale = api.merge("widgets", "w", {"spec": {"replicas": 3}}, "scale")
    assert (scale["spec"], scale["status"]) == ({"replicas": 3}, {"replicas": 1, "selector": "app=w"})
    assert api.get("widgets", "w")["spec"]["replicas"] == 3
