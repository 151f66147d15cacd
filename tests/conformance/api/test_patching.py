"""The four kinds of patch: what our controller relies on, and what people do with kubectl."""

from typing import Any

import pytest

from tests.conformance.api.calls import NOBODYS_UID, Api, Object, config_map, deployment, refusal, service, summary, widget

Patch = list[dict[str, Any]]


def test_a_json_patch_is_done_when_its_tests_hold(api: Api) -> None:
    """All of it, in order."""
    made = api.create("deployments", deployment("d"))
    done = api.patch("deployments", "d", [
        {"op": "test", "path": "/metadata/uid", "value": made["metadata"]["uid"]},
        {"op": "test", "path": "/metadata/generation", "value": 1},
        {"op": "test", "path": "/spec/replicas", "value": 0},
        {"op": "test", "path": "/spec/strategy/rollingUpdate", "value": {"maxSurge": "25%", "maxUnavailable": "25%"}},
        {"op": "replace", "path": "/spec/strategy", "value": {"type": "Recreate"}},
        {"op": "add", "path": "/metadata/labels", "value": {}},
        {"op": "add", "path": "/metadata/labels/test.io~1mark", "value": "1"},
        {"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": "e", "image": "e:1"}},
        {"op": "copy", "from": "/spec/replicas", "path": "/spec/minReadySeconds"},
        {"op": "replace", "path": "/spec/minReadySeconds", "value": 4},
        {"op": "move", "from": "/spec/minReadySeconds", "path": "/spec/revisionHistoryLimit"},
    ])  # fmt: skip
    assert done["spec"]["strategy"] == {"type": "Recreate"}
    assert done["metadata"]["labels"] == {"test.io/mark": "1"}
    assert [c["name"] for c in done["spec"]["template"]["spec"]["containers"]] == ["c", "e"]
    assert (done["spec"]["revisionHistoryLimit"], done["spec"].get("minReadySeconds")) == (4, None)


@pytest.mark.parametrize(
    "patch",
    [
        [{"op": "test", "path": "/metadata/uid", "value": NOBODYS_UID}],
        [{"op": "test", "path": "/data/a", "value": "2"}],
        [{"op": "test", "path": "/data/absent", "value": "2"}],
        [{"op": "test", "path": "/absent/deep", "value": None}],
        [{"op": "test", "path": "/data", "value": {"a": "1", "b": "2"}}],
        [{"op": "remove", "path": "/data/absent"}],
        [{"op": "replace", "path": "/absent/deep", "value": "1"}],
        [{"op": "add", "path": "/absent/deep", "value": "1"}],
        [{"op": "remove", "path": "/metadata/managedFields/7"}],
        [{"op": "add", "path": "/data/b", "value": "2"}, {"op": "test", "path": "/data/a", "value": "2"}],
    ],
)  # fmt: skip
def test_a_json_patch_that_does_not_fit_changes_nothing(api: Api, patch: Patch) -> None:
    """422 without causes: that is how our client tells a lost race from an invalid object."""
    made = api.create("configmaps", config_map("a"))
    failure = refusal(lambda: api.patch("configmaps", "a", patch))
    assert summary(failure) == (422, "Invalid", {})
    assert failure.message == "the server rejected our request due to an error in our request"
    assert api.get("configmaps", "a") == made


@pytest.mark.parametrize(
    "patch",
    [
        [{"op": "test", "path": "/data/absent", "value": None}],
        [{"op": "test", "path": "/absent", "value": None}],
        [{"op": "test", "path": "/data", "value": {"a": "1"}}],
        [{"op": "test", "path": "/metadata/labels", "value": None}],
    ],
)
def test_what_is_absent_equals_null(api: Api, patch: Patch) -> None:
    """As long as its parent is there."""
    made = api.create("configmaps", config_map("a"))
    assert api.patch("configmaps", "a", patch) == made


def test_replacing_an_absent_member_adds_it(api: Api) -> None:
    """More lenient than the RFC; take_wheel and give_back may meet it."""
    api.create("configmaps", config_map("a"))
    assert api.patch("configmaps", "a", [{"op": "replace", "path": "/data/b", "value": "2"}])["data"] == {"a": "1", "b": "2"}


def test_the_first_status_is_added_once(api: Api, widgets: None) -> None:
    """The commit of a first turn: of two who saw no status, one wins; the next turn tests the number."""
    made = api.create("widgets", widget("w"))
    uid = {"op": "test", "path": "/metadata/uid", "value": made["metadata"]["uid"]}
    first = [uid, {"op": "test", "path": "/status", "value": None}, {"op": "add", "path": "/status", "value": {"turn": 1}}]
    assert api.patch("widgets", "w", first, "status")["status"] == {"turn": 1}
    assert summary(refusal(lambda: api.patch("widgets", "w", first, "status"))) == (422, "Invalid", {})
    second = [uid, {"op": "test", "path": "/status/turn", "value": 1}, {"op": "add", "path": "/status", "value": {"turn": 2}}]
    assert api.patch("widgets", "w", second, "status")["status"] == {"turn": 2}
    assert summary(refusal(lambda: api.patch("widgets", "w", second, "status"))) == (422, "Invalid", {})


def test_an_invalid_result_of_a_json_patch_has_causes(api: Api, widgets: None) -> None:
    """That is a mistake to report and no lost race."""
    api.create("widgets", widget("w"))
    for path, value in (("/status", {"turn": -1}), ("/status", {"turn": "one"})):
        failure = refusal(lambda v=value, p=path: api.patch("widgets", "w", [{"op": "add", "path": p, "value": v}], "status"))  # type: ignore[misc]
        assert summary(failure)[:2] == (422, "Invalid")
        assert [cause["field"] for cause in failure.body["details"]["causes"]] == ["status.turn"]


def test_a_body_that_is_no_json_patch_is_a_bad_request(api: Api) -> None:
    """400, not 422."""
    api.create("configmaps", config_map("a"))
    assert summary(refusal(lambda: api.patch("configmaps", "a", {"op": "add"})))[:2] == (400, "BadRequest")


def test_a_merge_patch_merges_objects_and_replaces_lists(api: Api) -> None:
    """Null takes a field away; of something absent, too."""
    api.create("deployments", deployment("d"))
    api.merge("deployments", "d", {"metadata": {"labels": {"a": "1", "b": "2"}}})
    done = api.merge("deployments", "d", {"metadata": {"labels": {"a": None, "c": "3", "absent": None}}})
    assert done["metadata"]["labels"] == {"b": "2", "c": "3"}
    containers = {"spec": {"template": {"spec": {"containers": [{"name": "e", "image": "e:1"}]}}}}
    assert [c["name"] for c in api.merge("deployments", "d", containers)["spec"]["template"]["spec"]["containers"]] == ["e"]
    done = api.merge("deployments", "d", {"metadata": {"labels": None}, "spec": {"paused": None}})
    assert "labels" not in done["metadata"] and "paused" not in done["spec"]


def test_a_strategic_patch_merges_lists_by_their_key(api: Api) -> None:
    """Containers by name, their env by name, ports by containerPort; a directive deletes."""
    api.create("deployments", deployment("d"))

    def containers(*changes: Object) -> list[Object]:
        done = api.strategic("deployments", "d", {"spec": {"template": {"spec": {"containers": list(changes)}}}})
        return list(done["spec"]["template"]["spec"]["containers"])

    both = containers({"name": "c", "env": [{"name": "X", "value": "1"}]}, {"name": "e", "image": "e:1"})
    assert {c["name"]: c["image"] for c in both} == {"c": "app:1", "e": "e:1"}
    more = containers({"name": "c", "image": "app:2", "env": [{"name": "Y", "value": "2"}]})
    first = next(c for c in more if c["name"] == "c")
    assert first["image"] == "app:2"
    assert {e["name"] for e in first["env"]} == {"X", "Y"}
    less = containers({"name": "e", "$patch": "delete"}, {"name": "c", "env": [{"name": "X", "$patch": "delete"}]})
    assert [c["name"] for c in less] == ["c"]
    assert less[0]["env"] == [{"name": "Y", "value": "2"}]


def test_a_strategic_patch_can_replace_and_retain(api: Api) -> None:
    """`$patch: replace`, `$retainKeys` (as kubectl sends for a strategy), and null."""
    api.create("deployments", deployment("d"))
    strategy = {"$retainKeys": ["type"], "type": "Recreate"}
    assert api.strategic("deployments", "d", {"spec": {"strategy": strategy}})["spec"]["strategy"] == {"type": "Recreate"}
    api.create("services", service("s"))
    ports = [{"port": 81, "name": "x"}, {"$patch": "replace"}]
    done = api.strategic("services", "s", {"spec": {"ports": ports, "selector": {"app": None, "b": "c"}}})
    assert [p["port"] for p in done["spec"]["ports"]] == [81]
    assert done["spec"]["selector"] == {"b": "c"}


def test_custom_objects_have_no_strategic_patch(api: Api, widgets: None) -> None:
    """kubectl knows and sends a merge patch."""
    api.create("widgets", widget("w"))
    assert refusal(lambda: api.strategic("widgets", "w", {"spec": {"size": 2}})).status == 415


def test_a_patch_cannot_touch_what_the_server_keeps(api: Api) -> None:
    """Creation time and managedFields survive; the status does, on the main resource."""
    made = api.create("deployments", deployment("d"))
    body: Object = {"metadata": {"creationTimestamp": "2001-01-01T00:00:00Z", "generation": 9}, "status": {"replicas": 7}}
    done = api.merge("deployments", "d", body)
    assert done["metadata"]["creationTimestamp"] == made["metadata"]["creationTimestamp"]
    assert done["metadata"]["generation"] == 1
    assert done.get("status", {}).get("replicas", 0) == 0
