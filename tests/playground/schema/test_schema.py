"""Defaults, pruning and merging of custom resources."""

from typing import Any

import pytest

from playground.apiserver.patching import fields
from playground.apiserver.schema import Schema
from tests.playground.schema.definitions import made, own, thing


def default(**spec: Any) -> dict[str, Any]:
    """The spec with its defaults."""
    after: dict[str, Any] = thing().default(made(**spec))["spec"]
    return after


def test_defaults_go_all_the_way_down() -> None:
    """A default object gets the defaults of its fields; items of lists and values of maps get theirs."""
    assert default() == {"null": "q", "defaults": {"x": 5}}
    assert default(defaults={"y": [{}, {"z": False}, {"z": None}]})["defaults"] == {
        "x": 5, "y": [{"z": True}, {"z": False}, {"z": True}],
    }  # fmt: skip
    assert default(map={"a": {}, "b": {"a": 1}})["map"] == {"a": {"a": 3}, "b": {"a": 1}}


def test_nulls_are_taken_out_or_replaced_unless_they_are_allowed() -> None:
    """A null is no value where the schema does not say so."""
    assert "s" not in default(s=None)
    assert default(map={"a": None, "b": {"a": 1}})["map"] == {"b": {"a": 1}}
    assert default(defaults=None)["defaults"] == {"x": 5}
    assert default(null=None)["null"] is None


def test_an_object_that_is_complete_is_left_alone() -> None:
    """The very same one comes back, from defaulting and from pruning; neither changes what it is given."""
    obj = made(null="q", defaults={"x": 1}, pair=[1, 2])
    assert thing().default(obj) is obj
    assert thing().prune(obj)[0] is obj
    bare = made()
    thing().default(bare)
    assert bare == made()


def test_unknown_fields_are_taken_out_and_named() -> None:
    """Wherever they are, metadata among them; apiVersion and kind are known."""
    obj = made(foo=1, m=[{"name": "a", "zip": 2}], map={"k": {"zap": 3}}) | {"extra": 4}
    obj["metadata"] = {"name": "x", "bar": 5, "labels": {"any": "thing"}}
    pruned, unknown = thing().prune(obj)
    assert unknown == ["extra", "metadata.bar", "spec.foo", "spec.m[0].zip", "spec.map.k.zap"]
    assert pruned == made(m=[{"name": "a"}], map={"k": {}}) | {"metadata": {"name": "x", "labels": {"any": "thing"}}}


def test_unknown_fields_may_be_preserved_and_resources_embedded() -> None:
    """What is specified inside is pruned all the same."""
    embedded = {"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "spec": {"x": 1, "y": 2}, "z": 3}
    pruned, unknown = thing().prune(made(any={"k": 1, "z": {"y": 1}}, embedded=embedded))
    assert unknown == ["spec.embedded.spec.y", "spec.embedded.z"]
    assert pruned["spec"]["any"] == {"k": 1, "z": {"y": 1}}


def test_a_schema_knows_how_its_objects_are_merged() -> None:
    """Lists that are maps or sets, atomic maps, and the metadata of every object."""
    shape = thing().keys()
    spec = shape.of("spec")
    assert (spec.of("m").keys, spec.of("set").is_set, spec.of("whole").atomic, spec.of("pair").associative) == (
        ("name", "p"), True, True, False,
    )  # fmt: skip
    assert fields.element({"name": "a"}, spec.of("m")) == 'k:{"name":"a","p":"x"}'
    assert shape.of("metadata").of("ownerReferences").keys == ("uid",)
    assert not shape.always_there


def test_the_objects_of_maps_are_members_of_their_own() -> None:
    """A map's element is owned itself, an object's field only through what is in it."""
    found = fields.of(made(map={"k": {"a": 1}}, defaults={"x": 1}), thing().keys())
    assert found["f:spec"] == {"f:map": {"f:k": {".": {}, "f:a": {}}}, "f:defaults": {"f:x": {}}}


@pytest.mark.parametrize(
    "plural", ["releases", "metricsources", "gatetemplates", "clustergatetemplates", "releasepolicies", "releasetrains"]
)
def test_the_products_own_schemas_are_read(plural: str) -> None:
    """Every keyword and every rule of the definitions in the chart."""
    assert own(plural).node.properties["spec"].rules


def test_a_release_gets_its_defaults() -> None:
    """As the real server fills a minimal Release in."""
    spec = own("releases").default({"spec": {"workloadRef": {"name": "web"}, "strategy": {"canary": {}}}})["spec"]
    assert spec["workloadRef"] == {"kind": "Deployment", "name": "web"}
    assert [step["weight"] for step in spec["strategy"]["canary"]["steps"]] == [5, 25, 100]
    assert (spec["gates"], spec["progressDeadline"]) == ([], "10m")


@pytest.mark.parametrize(
    "keyword",
    [{"pattern": "("}, {"x-kubernetes-validations": [{"rule": "self."}]}, {"x-kubernetes-validations": [{"rule": "nope(self)"}]}],
)
def test_a_schema_that_cannot_be_read_is_refused(keyword: dict[str, Any]) -> None:
    """When the definition is made, and not at the first object."""
    with pytest.raises(ValueError):  # noqa: PT011
        Schema({"type": "object", "properties": {"s": {"type": "string", **keyword}}})
