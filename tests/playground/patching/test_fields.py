"""Sets of fields as arithmetic: laws that hold for all sets, and how paths are written."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from playground.apiserver.patching import fields, keys_for
from playground.apiserver.schema import ANY, Shape

NODES: Any = st.recursive(
    st.just({}),
    lambda below: st.dictionaries(st.sampled_from(["f:a", "f:b", 'k:{"n":"1"}', 'v:"x"']), below, min_size=1, max_size=3).flatmap(
        lambda node: st.sampled_from([node, {".": {}, **node}])
    ),
    max_leaves=8,
)
SETS: Any = st.dictionaries(st.sampled_from(["f:a", "f:b", "f:c"]), NODES, max_size=3)


def members(found: Any) -> set[str]:
    """The members' paths."""
    return set(fields.paths(found))


@given(SETS, SETS)
def test_sets_of_fields_are_sets_of_paths(a: Any, b: Any) -> None:
    """Union, difference and intersection mean what they mean for the paths of the members."""
    assert members(fields.union(a, b)) == members(a) | members(b)
    assert members(fields.difference(a, b)) == members(a) - members(b)
    assert members(fields.intersection(a, b)) == members(a) & members(b)


@given(SETS, SETS)
def test_nothing_is_left_of_empty_parts(a: Any, b: Any) -> None:
    """A set without members is the empty one, whatever it was made from."""
    for made in (fields.difference(a, b), fields.intersection(a, b), fields.difference(a, a)):
        assert bool(made) == bool(members(made))


JSON: Any = st.recursive(
    st.one_of(st.booleans(), st.integers(0, 3), st.text("xy", max_size=2)),
    lambda below: st.one_of(st.dictionaries(st.sampled_from(["a", "b", "c"]), below, max_size=3), st.lists(below, max_size=3)),
    max_leaves=8,
)
OBJECTS: Any = st.dictionaries(st.sampled_from(["a", "b", "c"]), JSON, max_size=3)


@given(OBJECTS, OBJECTS)
def test_what_is_added_one_way_is_removed_the_other_way(old: Any, new: Any) -> None:
    """A comparison read backwards; and no field is in two of its sets."""
    there, back = fields.compare(old, new, ANY), fields.compare(new, old, ANY)
    assert members(there.added) == members(back.removed)
    assert members(there.modified) == members(back.modified)
    assert not members(there.added) & members(there.modified)
    assert not members(there.added) & members(there.removed)


@given(OBJECTS)
def test_an_object_is_no_different_from_itself(obj: Any) -> None:
    """Nothing is removed, modified or added."""
    assert fields.compare(obj, obj, ANY) == fields.Change(removed={}, modified={}, added={})


def test_paths_read_like_paths() -> None:
    """Fields, items by their keys, and values of sets."""
    found = {
        "f:metadata": {"f:finalizers": {'v:"a/b"': {}}},
        "f:spec": {"f:containers": {'k:{"containerPort":80,"protocol":"TCP"}': {"f:name": {}}}},
    }
    assert list(fields.paths(found)) == [
        '.metadata.finalizers[="a/b"]',
        '.spec.containers[containerPort=80,protocol="TCP"].name',
    ]


def test_elements_are_written_as_the_server_writes_them() -> None:
    """Keys in order, defaults filled in, and three characters escaped."""
    ports = keys_for("", "Service").of("spec").of("ports")
    assert fields.element({"port": 80}, ports) == 'k:{"port":80,"protocol":"TCP"}'
    assert fields.element("a<b&é", Shape(is_set=True)) == 'v:"a\\u003cb\\u0026é"'


def test_duplicates_are_compared_as_one_thing() -> None:
    """A list that should have no duplicates but has: the duplicates together are one element."""
    shape = Shape(fields={"l": Shape(keys=("n",), each=Shape(fields={"n": ANY, "v": ANY}))})
    one, two = {"n": "a", "v": 1}, {"n": "a", "v": 2}
    changed = fields.compare({"l": [one, two]}, {"l": [one, one]}, shape)
    assert changed.modified == {"f:l": {'k:{"n":"a"}': {}}}
    came = fields.compare({"l": [one]}, {"l": [one, two]}, shape)
    assert came.added == {"f:l": {'k:{"n":"a"}': {}}}
    went = fields.compare({"l": [one, two]}, {"l": [one]}, shape)
    assert went.removed == {"f:l": {'k:{"n":"a"}': {}}}
    assert went.added == {"f:l": {'k:{"n":"a"}': {".": {}, "f:n": {}, "f:v": {}}}}
