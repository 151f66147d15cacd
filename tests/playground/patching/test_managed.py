"""managedFields after ordinary writes; the expected sets are the real server's."""

from typing import Any

import pytest

from playground.apiserver.objects import copied
from playground.apiserver.patching import apply_patch, keys_for, managed
from playground.apiserver.patching.entries import Writer
from playground.apiserver.schema import ANY, Shape
from tests.playground.patching.objects import FIRST, LATER, deployment, owners, writer

SHAPE = keys_for("apps", "Deployment")


def created(manager: str = "tester") -> dict[str, Any]:
    """A Deployment that this manager has created."""
    obj = deployment()
    obj["metadata"]["managedFields"] = managed.updated(None, obj, writer(manager, now=FIRST), SHAPE)
    return obj


def updated(old: dict[str, Any], change: dict[str, Any], manager: str, subresource: str = "") -> dict[str, Any]:
    """The object after a merge patch by a manager, an hour later."""
    new: dict[str, Any] = copied(apply_patch("merge", old, change, SHAPE))
    new["metadata"]["managedFields"] = managed.updated(old, new, writer(manager, subresource), SHAPE)
    return new


def test_a_creator_owns_everything_it_wrote() -> None:
    """Objects that Kubernetes' types always have are no members; items of lists, maps and pointers are."""
    port = {".": {}, "f:containerPort": {}, "f:name": {}, "f:protocol": {}}
    container = {
        ".": {}, "f:name": {}, "f:image": {}, "f:resources": {},
        "f:env": {".": {}, 'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}},
                  'k:{"name":"B"}': {".": {}, "f:name": {}, "f:value": {}}},
        "f:ports": {".": {}, 'k:{"containerPort":80,"protocol":"TCP"}': port},
    }  # fmt: skip
    template = {
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {"f:containers": {'k:{"name":"web"}': container}},
    }
    spec = {"f:replicas": {}, "f:selector": {}, "f:strategy": {"f:type": {}}, "f:template": template}
    (entry,) = created()["metadata"]["managedFields"]
    assert entry == {
        "manager": "tester", "operation": "Update", "apiVersion": "apps/v1", "time": FIRST, "fieldsType": "FieldsV1",
        "fieldsV1": {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}, "f:spec": spec},
    }  # fmt: skip


def test_a_changed_field_goes_to_who_changed_it() -> None:
    """The creator loses it, and only its own entry's time moves."""
    after = updated(created(), {"spec": {"replicas": 5}}, "scaler")
    assert owners(after)["scaler", "Update"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in owners(after)["tester", "Update"]["f:spec"]
    assert [(e["manager"], e["time"]) for e in after["metadata"]["managedFields"]] == [("tester", FIRST), ("scaler", LATER)]


def test_a_removed_field_goes_from_everybody_to_nobody() -> None:
    """An entry that has none left is gone, and who removed something has none because of it."""
    labelled = updated(created(), {"metadata": {"labels": {"b": "2"}}}, "one")
    assert owners(labelled)["one", "Update"] == {"f:metadata": {"f:labels": {"f:b": {}}}}
    assert set(owners(updated(labelled, {"metadata": {"labels": {"b": None}}}, "two"))) == {("tester", "Update")}


def test_a_map_that_comes_into_being_is_a_member_itself() -> None:
    """Who makes the first annotation owns the annotations, too."""
    after = updated(created(), {"metadata": {"annotations": {"x": "y"}}}, "one")
    assert owners(after)["one", "Update"] == {"f:metadata": {"f:annotations": {".": {}, "f:x": {}}}}


def test_a_write_that_changes_nothing_moves_nothing() -> None:
    """Not even the time."""
    obj = created()
    assert updated(obj, {"spec": {"replicas": 2}}, "tester") == obj


def test_a_manager_has_an_entry_for_each_subresource() -> None:
    """Status and scale are told apart; server-owned metadata belong to nobody."""
    obj = updated(created(), {"status": {"replicas": 1}, "metadata": {"resourceVersion": "2"}}, "kcm", "status")
    obj = updated(obj, {"spec": {"replicas": 3}}, "kcm", "scale")
    assert [(e["manager"], e.get("subresource"), e["fieldsV1"]) for e in obj["metadata"]["managedFields"][1:]] == [
        ("kcm", "scale", {"f:spec": {"f:replicas": {}}}),
        ("kcm", "status", {"f:status": {"f:replicas": {}}}),
    ]


def test_one_changed_item_of_a_list_is_one_owned_field() -> None:
    """Lists with identities are compared item by item, wherever the item stands."""
    obj = created()
    new = copied(obj)
    container = new["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": "N", "value": "0"}, container["env"][1], {"name": "A", "value": "9"}]
    entries = managed.updated(obj, new, writer("one"), SHAPE)
    path: Any = next(e["fieldsV1"] for e in entries if e["manager"] == "one")
    for step in ("f:spec", "f:template", "f:spec", "f:containers", 'k:{"name":"web"}', "f:env"):
        path = path[step]
    assert path == {'k:{"name":"N"}': {".": {}, "f:name": {}, "f:value": {}}, 'k:{"name":"A"}': {"f:value": {}}}


def test_atomic_maps_are_owned_as_a_whole() -> None:
    """A Service's selector: whoever changes one label of it owns it."""
    shape = keys_for("", "Service")
    old = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "uid": "u"}, "spec": {"selector": {"app": "web"}}}
    by = Writer(manager="one", api_version="v1", now=FIRST)
    old["metadata"]["managedFields"] = managed.updated(None, old, by, shape)  # type: ignore[index]
    new = {**old, "spec": {"selector": {"app": "web", "hash": "1"}}}
    entries = managed.updated(old, new, Writer(manager="two", api_version="v1", now=LATER), shape)
    assert [(e["manager"], e["fieldsV1"]) for e in entries] == [("two", {"f:spec": {"f:selector": {}}})]


@pytest.mark.parametrize("reset", [[], [{}]])
def test_wiping_the_entries_out_stops_the_tracking(reset: Any) -> None:
    """An empty list, or one empty entry: nobody owns anything, and later writes are not noted."""
    obj = created()
    new = copied(obj) | {"metadata": {**obj["metadata"], "managedFields": reset}}
    assert managed.updated(obj, new, writer("one"), SHAPE) == []
    bare = updated(new | {"metadata": {**new["metadata"], "managedFields": []}}, {"spec": {"replicas": 9}}, "one")
    assert bare["metadata"]["managedFields"] == []


def test_an_empty_list_means_nothing_to_a_custom_resource() -> None:
    """There the server takes the present entries instead; one empty entry does wipe them out."""
    old = {"metadata": {"name": "r", "uid": "u"}, "spec": {"a": 1}}
    custom = Shape(fields={"metadata": Shape(fields={"name": ANY}), "spec": Shape(fields={"a": ANY})})
    old["metadata"]["managedFields"] = managed.updated(None, old, writer("one", now=FIRST), custom)
    new = {"metadata": {**old["metadata"], "managedFields": []}, "spec": {"a": 1}}
    assert managed.updated(old, new, writer("two"), custom) == old["metadata"]["managedFields"]
    new["metadata"]["managedFields"] = [{}]
    assert managed.updated(old, new, writer("two"), custom) == []


def test_one_entry_can_be_taken_out_by_a_json_patch() -> None:
    """That is how a controller leaves no ownership behind; the others stay as they are."""
    obj = updated(created(), {"spec": {"replicas": 5}}, "ours")
    operations = [{"op": "test", "path": "/metadata/managedFields/1/manager", "value": "ours"},
                  {"op": "remove", "path": "/metadata/managedFields/1"}]  # fmt: skip
    new = apply_patch("json", obj, operations, SHAPE)
    assert managed.updated(obj, new, writer("ours"), SHAPE) == [obj["metadata"]["managedFields"][0]]


def test_a_subresource_cannot_set_the_entries() -> None:
    """Nor can a request bring some that are not well formed."""
    obj = created()
    for subresource, brought in (("status", []), ("", [{"manager": "x"}]), ("", "nonsense")):
        new = copied(obj) | {"metadata": {**obj["metadata"], "managedFields": brought}}
        assert managed.updated(obj, new, writer("one", subresource), SHAPE) == obj["metadata"]["managedFields"]


def test_more_than_ten_updaters_are_joined_into_ancient_changes() -> None:
    """The oldest ones, by name where they are equally old."""
    obj = created()
    for number in range(13):
        obj = updated(obj, {"metadata": {"annotations": {f"k{number}": "v"}}}, f"m{number:02}")
    names = [e["manager"] for e in obj["metadata"]["managedFields"]]
    assert names == ["ancient-changes", *(f"m{number:02}" for number in range(4, 13))]
    assert set(owners(obj)["ancient-changes", "Update"]["f:metadata"]["f:annotations"]) == {".", "f:k0", "f:k1", "f:k2", "f:k3"}
