"""JSON Merge Patch: RFC 7386's own examples, and what the server says to a patch that is none."""

from typing import Any

import pytest

from playground.apiserver.patching import PatchError, apply_patch
from playground.apiserver.schema import ANY


@pytest.mark.parametrize(
    ("obj", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": "foo"}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    ],
)
def test_a_merge_patch_does_what_the_standard_says(obj: Any, patch: Any, expected: Any) -> None:
    """The standard's examples that have to do with objects."""
    assert apply_patch("merge", obj, patch, ANY) == expected


def test_a_merge_patch_changes_only_its_result() -> None:
    """The object given in is shared with the store."""
    obj = {"metadata": {"labels": {"a": "1"}}}
    assert apply_patch("merge", obj, {"metadata": {"labels": {"a": None, "b": "2"}}}, ANY) == {"metadata": {"labels": {"b": "2"}}}
    assert obj == {"metadata": {"labels": {"a": "1"}}}


@pytest.mark.parametrize(("patch", "kind"), [([1], "array"), (5, "number"), ("x", "string"), (True, "bool")])
def test_a_merge_patch_that_is_no_object_is_a_bad_request(patch: Any, kind: str) -> None:
    """400, in the words of the server's decoder."""
    with pytest.raises(PatchError) as refused:
        apply_patch("merge", {}, patch, ANY)
    wanted = "error decoding patch: json: cannot unmarshal {} into Go value of type map[string]interface {{}}"
    assert (refused.value.status, refused.value.message) == (400, wanted.format(kind))
