"""Server-side apply; each outcome was seen on the real server."""

from typing import Any

import pytest

from playground.apiserver.patching import PatchError, applying, keys_for, managed
from playground.apiserver.patching.entries import Writer
from tests.playground.patching.objects import FIRST, LATER, deployment, owners, writer

SHAPE = keys_for("apps", "Deployment")


def config(**spec: Any) -> dict[str, Any]:
    """What is applied: a Deployment with this spec, or without any."""
    named = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    return named | ({"spec": spec} if spec else {})


def containers(*found: dict[str, Any]) -> dict[str, Any]:
    """A template with these containers."""
    return {"spec": {"containers": list(found)}}


def live() -> dict[str, Any]:
    """A Deployment that kubectl has created."""
    obj = deployment()
    obj["metadata"]["managedFields"] = managed.updated(None, obj, writer("kubectl", now=FIRST), SHAPE)
    return obj


def applied(obj: Any, wanted: dict[str, Any], manager: str = "helm", *, force: bool = False) -> dict[str, Any]:
    """The object after the configuration is applied, an hour later."""
    return applying.apply(obj, wanted, writer(manager), SHAPE, force=force)


def names(obj: dict[str, Any]) -> list[str]:
    """The containers' names, in order."""
    return [each["name"] for each in obj["spec"]["template"]["spec"]["containers"]]


def test_applying_creates() -> None:
    """The applier owns what it said, without the objects around it."""
    made = applied(None, config(replicas=3, template=containers({"name": "web", "image": "i"})))
    assert made["spec"]["replicas"] == 3
    container = {'k:{"name":"web"}': {".": {}, "f:name": {}, "f:image": {}}}
    spec = {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": container}}}
    assert owners(made) == {("helm", "Apply"): {"f:spec": spec}}


def test_a_field_of_somebody_else_is_a_conflict() -> None:
    """Each one is named with its manager and its path."""
    with pytest.raises(applying.ApplyConflict) as refused:
        applied(live(), config(replicas=9))
    assert refused.value.message == 'Apply failed with 1 conflict: conflict with "kubectl" using apps/v1: .spec.replicas'
    (cause,) = refused.value.causes
    assert (cause.reason, cause.message, cause.field) == (
        "FieldManagerConflict",
        'conflict with "kubectl" using apps/v1',
        ".spec.replicas",
    )


def test_several_conflicts_are_listed_by_manager() -> None:
    """Subresources are named; who applies has no version."""
    obj = applied(live(), {**config(), "metadata": {"name": "web", "annotations": {"a": "1"}}}, "other")
    wanted = config(replicas=9, template=containers({"name": "web", "image": "new"}))
    wanted["metadata"]["annotations"] = {"a": "2"}
    with pytest.raises(applying.ApplyConflict) as refused:
        applied(obj, wanted)
    assert refused.value.message == (
        'Apply failed with 3 conflicts: conflicts with "other":\n- .metadata.annotations.a\n'
        'conflicts with "kubectl" using apps/v1:\n- .spec.replicas\n- .spec.template.spec.containers[name="web"].image'
    )


def test_the_same_value_is_no_conflict_and_is_shared() -> None:
    """Both own it then."""
    obj = applied(live(), config(replicas=2))
    assert owners(obj)["helm", "Apply"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" in owners(obj)["kubectl", "Update"]["f:spec"]


def test_force_takes_a_field_over() -> None:
    """The other one loses it."""
    obj = applied(live(), config(replicas=9), force=True)
    assert obj["spec"]["replicas"] == 9
    assert "f:replicas" not in owners(obj)["kubectl", "Update"]["f:spec"]


def test_what_is_not_applied_any_more_goes() -> None:
    """Fields, labels and whole items; what the object had besides stays."""
    first = config(paused=True, template=containers({"name": "side", "image": "s"}))
    first["metadata"]["labels"] = {"team": "x"}
    obj = applied(live(), first)
    assert (names(obj), obj["metadata"]["labels"]) == (["web", "side"], {"app": "web", "team": "x"})
    after = applied(obj, config())
    assert (names(after), after["metadata"]["labels"]) == (["web"], {"app": "web"})
    assert "paused" not in after["spec"]
    assert set(owners(after)) == {("kubectl", "Update")}


def test_what_somebody_else_owns_stays() -> None:
    """A field that two appliers wanted goes when the last of them lets go."""
    obj = applied(applied(live(), config(paused=True), "one"), config(paused=True), "two")
    obj = applied(obj, config(), "one")
    assert obj["spec"]["paused"] is True
    assert "paused" not in applied(obj, config(), "two")["spec"]


def test_an_emptied_map_stays_with_who_owns_the_map() -> None:
    """An applier's last label goes; another one that had applied no labels keeps owning that."""
    empty, full = config(), config()
    empty["metadata"]["labels"] = {}
    full["metadata"]["labels"] = {"b": "1"}
    bare = deployment()
    del bare["metadata"]["labels"]
    bare["metadata"]["managedFields"] = managed.updated(None, bare, writer("kubectl", now=FIRST), SHAPE)
    obj = applied(applied(bare, empty, "one"), full, "two", force=True)
    obj = applied(obj, empty, "one", force=True)
    after = applied(obj, config(), "two")
    assert "labels" not in after["metadata"]
    assert owners(after)["one", "Apply"] == {"f:metadata": {"f:labels": {}}}


def test_lists_keep_the_configurations_order() -> None:
    """Items that only the object has stay behind those they stood behind."""
    obj = deployment(template=containers({"name": "a"}, {"name": "x"}, {"name": "b"}))
    after = applied(obj, config(template=containers({"name": "n"}, {"name": "b"}, {"name": "a"})), force=True)
    assert names(after) == ["x", "n", "b", "a"]


def test_applying_the_same_again_moves_no_time() -> None:
    """The entry stays as it is."""
    obj = applied(live(), config(replicas=2))
    again = applying.apply(obj, config(replicas=2), writer("helm", now="2026-11-23T12:00:00Z"), SHAPE)
    assert again == obj
    assert [e["time"] for e in obj["metadata"]["managedFields"]] == [LATER, FIRST]


def test_the_first_apply_notes_who_was_there_before() -> None:
    """An object without entries gets one for all that it has, its status aside."""
    obj = deployment(replicas=2) | {"status": {"replicas": 1}}
    after = applied(obj, config(replicas=2))
    before = owners(after)["before-first-apply", "Update"]
    assert "f:replicas" in before["f:spec"]
    assert "f:status" not in before


def test_atomic_lists_and_maps_are_replaced() -> None:
    """Tolerations are the applier's as a whole; a node selector, too."""
    spec = {"tolerations": [{"key": "a"}], "nodeSelector": {"x": "1"}}
    obj = applied(live(), config(template={"spec": spec}))
    after = applied(obj, config(template={"spec": {"tolerations": [{"key": "b"}], "nodeSelector": {"y": "2"}}}))
    found = after["spec"]["template"]["spec"]
    assert (found["tolerations"], found["nodeSelector"]) == ([{"key": "b"}], {"y": "2"})
    assert owners(after)["helm", "Apply"]["f:spec"]["f:template"]["f:spec"] == {"f:tolerations": {}, "f:nodeSelector": {}}


def test_an_item_without_a_protocol_is_the_tcp_one() -> None:
    """Part of an item's identity has a default."""
    port = {"containerPort": 80, "name": "web"}
    obj = applied(live(), config(template=containers({"name": "web", "ports": [port]})), force=True)
    assert obj["spec"]["template"]["spec"]["containers"][0]["ports"] == [port | {"protocol": "TCP"}]


TWICE = config(template=containers({"name": "a"}, {"name": "a"}))


@pytest.mark.parametrize(
    ("wanted", "status", "message"),
    [
        ({**config(), "metadata": {"name": "web", "managedFields": []}}, 400, "metadata.managedFields must be nil"),
        (TWICE, 500, 'failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.template.spec.containers: '
                     'duplicate entries for key [name="a"]'),
        (config(nope=1), 500, "failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.nope: "
                              "field not declared in schema"),
    ],
)  # fmt: skip
def test_a_configuration_that_does_not_fit_is_refused(wanted: dict[str, Any], status: int, message: str) -> None:
    """With the status and the words of the real server."""
    with pytest.raises(PatchError) as refused:
        applied(live(), wanted)
    assert (refused.value.status, refused.value.message) == (status, message)


def test_another_version_is_refused() -> None:
    """The configuration is for the version of the path."""
    with pytest.raises(PatchError) as refused:
        applying.apply(live(), config(), Writer(manager="helm", api_version="apps/v2", now=LATER), SHAPE)
    assert refused.value.status == 400
