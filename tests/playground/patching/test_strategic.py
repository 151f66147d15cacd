"""Strategic merge patches, as kubectl sends them and as the real server answered them."""

from typing import Any

import pytest

from playground.apiserver.objects import copied
from playground.apiserver.patching import PatchError, apply_patch, keys_for
from tests.playground.patching.objects import deployment

SHAPE = keys_for("apps", "Deployment")


def patched(patch: Any, obj: Any = None, shape: Any = SHAPE) -> Any:
    """The object after the patch, which leaves the present one alone."""
    present = obj or deployment()
    before = copied(present)
    after = apply_patch("strategic", present, patch, shape)
    assert present == before
    return after


def pod(patch: Any) -> Any:
    """The pod of the template after a patch of it."""
    return patched({"spec": {"template": {"spec": patch}}})["spec"]["template"]["spec"]


def test_set_image_changes_one_container() -> None:
    """`kubectl set image` names the container and its image; everything else of it stays."""
    after = pod({"containers": [{"name": "web", "image": "shop:2"}]})
    assert [(c["name"], c["image"], len(c["env"])) for c in after["containers"]] == [("web", "shop:2", 2)]


def test_apply_orders_adds_and_removes_items() -> None:
    """What `kubectl apply` sends for a new container, a new variable and one less: order as in the file."""
    env = [{"name": "C", "value": "3"}, {"$patch": "delete", "name": "B"}]
    web = {"name": "web", "$setElementOrder/env": [{"name": "C"}, {"name": "A"}], "env": env}
    order = {"$setElementOrder/containers": [{"name": "web"}, {"name": "side"}]}
    after = pod({**order, "containers": [web, {"name": "side", "image": "s:1"}]})
    assert [c["name"] for c in after["containers"]] == ["web", "side"]
    assert [v["name"] for v in after["containers"][0]["env"]] == ["C", "A"]


def test_items_that_the_patch_does_not_name_keep_their_place() -> None:
    """Somebody else's container in front of ours stays in front when the order names only ours."""
    obj = deployment()
    obj["spec"]["template"]["spec"]["containers"].insert(0, {"name": "injected", "image": "i"})
    patch = {"spec": {"template": {"spec": {"$setElementOrder/containers": [{"name": "web"}], "containers": [
        {"name": "web", "image": "shop:2"}]}}}}  # fmt: skip
    assert [c["name"] for c in patched(patch, obj)["spec"]["template"]["spec"]["containers"]] == ["injected", "web"]


def test_retained_keys_take_the_others_away() -> None:
    """A strategy's and a volume's kind change: what belongs to the old kind goes."""
    rolling = {"$retainKeys": ["type", "rollingUpdate"], "type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}
    obj = patched({"spec": {"strategy": rolling}})
    assert obj["spec"]["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}
    back = patched({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}, obj)
    assert back["spec"]["strategy"] == {"type": "Recreate"}
    volume = {"$retainKeys": ["name", "configMap"], "name": "v", "configMap": {"name": "c"}}
    obj["spec"]["template"]["spec"]["volumes"] = [{"name": "v", "emptyDir": {}}]
    after = patched({"spec": {"template": {"spec": {"volumes": [volume]}}}}, obj)
    assert after["spec"]["template"]["spec"]["volumes"] == [{"name": "v", "configMap": {"name": "c"}}]


def test_lists_without_a_merge_key_are_replaced() -> None:
    """Tolerations and commands have no identity."""
    after = pod({"tolerations": [{"key": "a"}], "containers": [{"name": "web", "command": ["x"]}]})
    assert patched({"spec": {"template": {"spec": {"tolerations": [{"key": "b"}]}}}},
                   deployment(template={"spec": after}))["spec"]["template"]["spec"]["tolerations"] == [{"key": "b"}]  # fmt: skip


def test_ports_are_merged_by_number_and_service_ports_too() -> None:
    """The merge key is one field, even where the identity of an item is two."""
    after = pod({"containers": [{"name": "web", "ports": [{"containerPort": 80, "name": "x"}, {"containerPort": 81}]}]})
    assert after["containers"][0]["ports"] == [{"containerPort": 80, "name": "x", "protocol": "TCP"}, {"containerPort": 81}]
    service = {"spec": {"ports": [{"port": 80, "name": "a"}], "selector": {"app": "web"}}}
    changed = patched({"spec": {"ports": [{"port": 80, "targetPort": 8080}]}}, service, keys_for("", "Service"))
    assert changed["spec"]["ports"] == [{"port": 80, "name": "a", "targetPort": 8080}]


def test_finalizers_are_added_and_removed_one_by_one() -> None:
    """A list of values that is a set: what comes is added once, what is named for deletion goes."""
    obj = deployment()
    obj["metadata"]["finalizers"] = ["a/1", "b/2"]
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/1"], "$setElementOrder/finalizers": ["c/3", "b/2"],
                          "finalizers": ["c/3"]}}  # fmt: skip
    assert patched(patch, obj)["metadata"]["finalizers"] == ["c/3", "b/2"]
    assert patched({"metadata": {"finalizers": ["b/2", "d/4"]}}, obj)["metadata"]["finalizers"] == ["a/1", "b/2", "d/4"]


def test_directives_replace_and_delete() -> None:
    """Of a whole object, and of a whole list; null removes a field."""
    new = {"name": "new", "image": "n"}
    assert pod({"containers": [new, {"$patch": "replace"}]})["containers"] == [new]
    assert patched({"metadata": {"labels": {"$patch": "replace", "x": "1"}}})["metadata"]["labels"] == {"x": "1"}
    assert patched({"spec": {"strategy": {"$patch": "delete"}, "replicas": None}})["spec"]["strategy"] == {}
    assert "replicas" not in patched({"spec": {"replicas": None}})["spec"]


def test_nulls_and_directives_do_not_survive_in_what_is_new() -> None:
    """They speak of something present; where there is nothing they are left out. A new item comes first."""
    new = {"name": "new", "$retainKeys": ["name"], "command": None, "env": [{"$patch": "delete", "name": "X"}]}
    assert pod({"containers": [new]})["containers"][0] == {"name": "new", "env": []}


@pytest.mark.parametrize(
    ("patch", "status", "message"),
    [
        ([1], 400, "json: cannot unmarshal array into Go value of type map[string]interface {}"),
        ({"metadata": {"$patch": "what"}}, 500, "unknown patch type: what in map: map[$patch:what]"),
        ({"spec": {"$retainKeys": ["a"], "replicas": 1}}, 400, "invalid patch format of retainKeys"),
        ({"metadata": {"$setElementOrder/finalizers": 3}}, 500, "expected a []interface {}, but received a int64"),
        ({"spec": {"template": {"spec": {"containers": [{"image": "x"}]}}}}, 500,
         "map: map[image:x] does not contain declared merge key: name"),
    ],
)  # fmt: skip
def test_a_patch_that_makes_no_sense_is_refused(patch: Any, status: int, message: str) -> None:
    """With the status and the words of the real server."""
    with pytest.raises(PatchError) as refused:
        patched(patch)
    assert (refused.value.status, refused.value.message) == (status, message)
