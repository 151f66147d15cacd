"""JSON Patch as kube-apiserver 1.37 applies it; each verdict was seen on the real one."""

from typing import Any

import pytest

from playground.apiserver.patching import PatchError, apply_patch
from playground.apiserver.schema import ANY

OBJECT: dict[str, Any] = {"spec": {"replicas": 0, "list": [1, 2]}, "metadata": {"annotations": {"a/b": "1", "c~d": "2"}}}


def patched(*operations: dict[str, Any]) -> Any:
    """The object after the operations."""
    return apply_patch("json", OBJECT, list(operations), ANY)


@pytest.mark.parametrize(
    ("operation", "where", "expected"),
    [
        ({"op": "add", "path": "/spec/paused", "value": True}, "spec", {"replicas": 0, "list": [1, 2], "paused": True}),
        ({"op": "add", "path": "/spec/list/-", "value": 3}, "spec", {"replicas": 0, "list": [1, 2, 3]}),
        ({"op": "add", "path": "/spec/list/0", "value": 3}, "spec", {"replicas": 0, "list": [3, 1, 2]}),
        ({"op": "add", "path": "/spec/list/-1", "value": 3}, "spec", {"replicas": 0, "list": [1, 2, 3]}),
        ({"op": "add", "path": "/spec/list"}, "spec", {"replicas": 0, "list": None}),
        ({"op": "remove", "path": "/spec/list/1"}, "spec", {"replicas": 0, "list": [1]}),
        ({"op": "remove", "path": "/metadata/annotations/a~1b"}, "metadata", {"annotations": {"c~d": "2"}}),
        ({"op": "replace", "path": "/metadata/annotations/c~0d", "value": "x"}, "metadata",
         {"annotations": {"a/b": "1", "c~d": "x"}}),
        ({"op": "replace", "path": "/spec/paused", "value": True}, "spec", {"replicas": 0, "list": [1, 2], "paused": True}),
        ({"op": "move", "from": "/spec/list/0", "path": "/spec/first"}, "spec", {"replicas": 0, "list": [2], "first": 1}),
        ({"op": "copy", "from": "/spec/list", "path": "/spec/copy"}, "spec", {"replicas": 0, "list": [1, 2], "copy": [1, 2]}),
        ({"op": "copy", "from": "/spec/absent", "path": "/spec/copy"}, "spec", {"replicas": 0, "list": [1, 2], "copy": None}),
        ({"op": "test", "path": "/spec/paused", "value": None}, "spec", OBJECT["spec"]),
        ({"op": "test", "path": "/spec/paused"}, "spec", OBJECT["spec"]),
        ({"op": "test", "path": "/spec", "value": {"list": [1, 2], "replicas": 0}}, "spec", OBJECT["spec"]),
    ],
)  # fmt: skip
def test_an_operation_changes_what_it_names(operation: dict[str, Any], where: str, expected: Any) -> None:
    """Each operation does what the real server does with it, odd cases among them."""
    assert patched(operation)[where] == expected


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/spec/replicas", "value": 1},
        {"op": "test", "path": "/spec/replicas", "value": 0.0},
        {"op": "test", "path": "/spec/replicas", "value": False},
        {"op": "test", "path": "/spec/replicas", "value": None},
        {"op": "test", "path": "/spec/absent/deeper", "value": None},
        {"op": "test", "path": "/spec/list/7", "value": None},
        {"op": "remove", "path": "/spec/absent"},
        {"op": "remove", "path": "/spec/list/2"},
        {"op": "add", "path": "/spec/absent/deeper", "value": 1},
        {"op": "add", "path": "/spec/list/4", "value": 1},
        {"op": "add", "path": "/spec/list/x", "value": 1},
        {"op": "replace", "path": "/spec/list/2", "value": 1},
        {"op": "move", "from": "/spec/absent", "path": "/spec/x"},
        {"op": "replace", "path": "", "value": 5},
        {"op": "nope", "path": "/spec"},
        {"op": "add", "value": 1},
    ],
)
def test_an_operation_that_does_not_fit_refuses_the_patch(operation: dict[str, Any]) -> None:
    """422 with the server's one sentence for all of them: nothing of the patch happens."""
    with pytest.raises(PatchError) as refused:
        patched({"op": "add", "path": "/spec/before", "value": 1}, operation)
    assert (refused.value.status, refused.value.message) == (
        422,
        "the server rejected our request due to an error in our request",
    )
    assert "before" not in OBJECT["spec"]


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({}, "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
        ([1], "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp"),
    ],
)
def test_a_patch_that_is_no_list_of_operations_is_a_bad_request(patch: Any, message: str) -> None:
    """400, in the words of the server's decoder."""
    with pytest.raises(PatchError) as refused:
        apply_patch("json", OBJECT, patch, ANY)
    assert (refused.value.status, refused.value.message) == (400, message)


def test_too_many_operations_are_refused() -> None:
    """413 above ten thousand."""
    with pytest.raises(PatchError) as refused:
        patched(*[{"op": "test", "path": "/spec/paused", "value": None}] * 10_001)
    assert refused.value.status == 413


def test_the_object_and_the_patch_stay_as_they_were() -> None:
    """What is in the store is shared: neither it nor the patch's values may be changed or become part of each other."""
    value = {"x": [1]}
    after = patched({"op": "add", "path": "/spec/new", "value": value}, {"op": "add", "path": "/spec/new/x/-", "value": 2})
    assert after["spec"]["new"] == {"x": [1, 2]}
    assert value == {"x": [1]}
    assert "new" not in OBJECT["spec"]
