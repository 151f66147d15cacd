"""Custom resources: what their definition fills in, takes out and refuses, and how the definition itself is served."""

from typing import Any

import pytest

from tests.conformance.api.calls import WIDGETS, Api, Object, causes, refusal, summary, widget
from tests.conformance.api.conftest import DEFINITIONS, served

pytestmark = pytest.mark.usefixtures("widgets")


def test_defaults_are_filled_in_where_their_parent_is(api: Api) -> None:
    """At the top, in objects that are there, in items of lists; an object that is absent stays so, unless it has a default."""
    assert api.create("widgets", widget("a"))["spec"] == {"size": 3, "color": "red", "made": {"on": True}}
    made = api.create("widgets", widget("b", size=1, deep={}, parts=[{"name": "x"}, {"name": "y", "count": 5}]))
    assert made["spec"]["deep"] == {"on": True}
    assert made["spec"]["parts"] == [{"name": "x", "count": 1}, {"name": "y", "count": 5}]
    assert made["spec"]["size"] == 1
    assert "spec" not in api.create("widgets", {k: v for k, v in widget("c").items() if k != "spec"})


def test_null_asks_for_the_default(api: Api) -> None:
    """A field taken away by a merge patch comes back so; one that may be null stays null."""
    api.create("widgets", widget("a", size=1, note="x"))
    assert api.merge("widgets", "a", {"spec": {"size": None}})["spec"]["size"] == 3
    made = api.create("widgets", widget("b", size=None, note=None))
    assert made["spec"]["size"] == 3
    assert made["spec"]["note"] is None


def test_unknown_fields_are_taken_out(api: Api) -> None:
    """Except where the definition wants to keep them."""
    made = api.create("widgets", widget("a", unknown=1, deep={"unknown": 1}, free={"any": {"thing": [1]}}))
    assert made["spec"]["deep"] == {"on": True}
    assert made["spec"]["free"] == {"any": {"thing": [1]}}
    assert "unknown" not in made["spec"]


def test_unknown_fields_are_refused_on_demand(api: Api) -> None:
    """As kubectl demands: each with its path, built-in kinds too; a field given twice is an error as well."""
    failure = refusal(lambda: api.create("widgets", widget("a", sise=1, deep={"no": 1}), fieldValidation="Strict"))
    assert (failure.status, failure.body["reason"]) == (400, "BadRequest")
    assert failure.message.startswith('Widget in version "v1" cannot be handled as a Widget: strict decoding error: ')
    assert 'unknown field "spec.sise"' in failure.message and 'unknown field "spec.deep.no"' in failure.message
    body: Object = {"metadata": {"name": "a"}, "data": {}, "dada": {}}
    failure = refusal(lambda: api.create("configmaps", body, fieldValidation="Strict"))
    assert (failure.status, failure.body["reason"]) == (400, "BadRequest")
    assert 'unknown field "dada"' in failure.message
    assert not api.exists("widgets", "a") and not api.exists("configmaps", "a")
    api.create("widgets", widget("a"))
    assert refusal(lambda: api.merge("widgets", "a", {"spec": {"no": 1}}, fieldValidation="Strict")).status == 422
    twice = b'{"metadata":{"name":"b"},"data":{"x":"1","x":"2"}}'
    path = api.path("configmaps", fieldValidation="Strict")
    assert 'duplicate field "data.x"' in refusal(lambda: api.cluster.api("POST", path, twice)).message


REFUSED: dict[str, tuple[Object, str, str, str]] = {
    "below the minimum": ({"size": 0}, "FieldValueInvalid", "spec.size", "should be greater than or equal to 1"),
    "above the maximum": ({"size": 10}, "FieldValueInvalid", "spec.size", "should be less than or equal to 9"),
    "of another type": ({"size": "x"}, "FieldValueTypeInvalid", "spec.size", 'must be of type integer: "string"'),
    "a fraction": ({"size": 1.5}, "FieldValueTypeInvalid", "spec.size", 'must be of type integer: "number"'),
    "none of those": ({"color": "blue"}, "FieldValueNotSupported", "spec.color", 'supported values: "red", "green"'),
    "too long": ({"label": "abcdef"}, "FieldValueTooLong", "spec.label", "may not be more than 5"),
    "not like the pattern": ({"label": "A"}, "FieldValueInvalid", "spec.label", "spec.label in body should match '^[a-z]*$'"),
    "too many": ({"tags": ["a", "b", "c"]}, "FieldValueTooMany", "spec.tags", "must have at most 2 items"),
    "an item of another type": ({"tags": [1]}, "FieldValueTypeInvalid", "spec.tags[0]", 'must be of type string: "integer"'),
    "a required field": ({"parts": [{}]}, "FieldValueRequired", "spec.parts[0].name", "Required value"),
    "a key twice": ({"parts": [{"name": "x"}] * 2}, "FieldValueDuplicate", "spec.parts[1]", "Duplicate value"),
    "a list for an object": ({"deep": []}, "FieldValueTypeInvalid", "spec.deep", 'must be of type object: "array"'),
    "no number or text": ({"port": {}}, "FieldValueTypeInvalid", "spec.port", "must be of type integer,string"),
    "a value of a map": ({"selector": {"a": 1}}, "FieldValueTypeInvalid", "spec.selector.a", "must be of type string"),
    "no null": ({"tags": None, "parts": [None]}, "FieldValueTypeInvalid", "spec.parts[0]", 'must be of type object: "null"'),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_schema_forbids_is_refused_with_its_field(api: Api, case: str) -> None:
    """422 with a cause for each: reason, field and a sentence."""
    spec, reason, field, said = REFUSED[case]
    failure = refusal(lambda: api.create("widgets", widget("a", **spec)))
    assert summary(failure)[:2] == (422, "Invalid")
    assert (reason, field) in causes(failure)
    assert failure.message.startswith('Widget.conformance.test "a" is invalid: ')
    assert said in failure.message


@pytest.mark.parametrize("value", [8080, "http"])
def test_a_port_may_be_a_number_or_a_name(api: Api, value: Any) -> None:
    """x-kubernetes-int-or-string."""
    assert api.create("widgets", widget("a", port=value))["spec"]["port"] == value


def test_all_that_is_wrong_is_said_at_once(api: Api) -> None:
    """In one answer."""
    failure = refusal(lambda: api.create("widgets", widget("a", size=0, color="blue", tags=["a", "b", "c"])))
    assert {field for _, field in causes(failure)} == {"spec.size", "spec.color", "spec.tags"}
    assert failure.message.startswith('Widget.conformance.test "a" is invalid: [')
    assert failure.body["details"]["kind"] == "Widget" and failure.body["details"]["group"] == "conformance.test"


def test_the_status_is_validated_by_itself(api: Api) -> None:
    """And its unknown fields are taken out."""
    api.create("widgets", widget("a"))
    assert causes(refusal(lambda: api.merge("widgets", "a", {"status": {"turn": -1}}, "status"))) == [
        ("FieldValueInvalid", "status.turn")
    ]
    assert api.merge("widgets", "a", {"status": {"turn": 1, "unknown": 1}}, "status")["status"] == {"turn": 1}


def test_lists_with_keys_and_atomic_maps_are_applied_so(api: Api) -> None:
    """Server-side apply follows the definition: parts by name, the selector whole."""
    api.apply("widgets", widget("a", parts=[{"name": "x"}], selector={"a": "1"}), "one")
    both = api.apply("widgets", widget("a", parts=[{"name": "y"}]), "two")
    assert {part["name"] for part in both["spec"]["parts"]} == {"x", "y"}
    failure = refusal(lambda: api.apply("widgets", widget("a", selector={"b": "2"}), "two"))
    assert causes(failure) == [("FieldManagerConflict", ".spec.selector")]


def test_a_definition_says_when_it_is_served(api: Api) -> None:
    """Its names accepted, its versions stored; discovery has the resource with what can be done with it."""
    definition = api.cluster.api("GET", f"{DEFINITIONS}/{WIDGETS}")
    conditions = {c["type"]: c["status"] for c in definition["status"]["conditions"]}
    assert conditions["Established"] == conditions["NamesAccepted"] == "True"
    assert definition["status"]["storedVersions"] == ["v1"]
    assert definition["spec"]["names"]["listKind"] == "WidgetList"  # By default.
    resources = {r["name"]: r for r in api.cluster.api("GET", "/apis/conformance.test/v1")["resources"]}
    assert resources.keys() == {"widgets", "widgets/status", "widgets/scale"}
    assert resources["widgets"]["shortNames"] == ["wd"] and resources["widgets"]["categories"] == ["all"]
    assert {"create", "delete", "get", "list", "patch", "update", "watch"} <= set(resources["widgets"]["verbs"])
    assert resources["widgets/scale"]["kind"] == "Scale"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"metadata": {"name": "others.conformance.test"}}, "must be spec.names.plural+\".\"+spec.group"),
        ({"spec": {"scope": "Everywhere"}}, "spec.scope"),
    ],
)  # fmt: skip
def test_a_definition_that_makes_no_sense_is_refused(api: Api, change: Object, said: str) -> None:
    """Its name is the plural and the group."""
    found = api.cluster.api("GET", f"{DEFINITIONS}/{WIDGETS}")
    body = {"apiVersion": found["apiVersion"], "kind": found["kind"], "metadata": {"name": WIDGETS}, "spec": found["spec"]}
    changed = body | {"metadata": change.get("metadata", body["metadata"]), "spec": body["spec"] | change.get("spec", {})}
    failure = refusal(lambda: api.cluster.api("POST", DEFINITIONS, changed))
    assert summary(failure)[:2] == (422, "Invalid")
    assert said in failure.message


def test_what_is_defined_no_more_is_gone_with_its_objects(api: Api) -> None:
    """The collection is not found any more, and a new definition starts empty."""
    found = api.cluster.api("GET", f"{DEFINITIONS}/{WIDGETS}")["spec"]
    names = {"kind": "Gadget", "plural": "gadgets", "singular": "gadget"}
    body = {"metadata": {"name": "gadgets.conformance.test"}, "spec": found | {"names": names}}
    collection = "/apis/conformance.test/v1/gadgets"

    def items() -> list[Any] | None:
        answer = api.cluster.find(collection)
        return None if answer is None else list(answer["items"])

    api.cluster.api("POST", DEFINITIONS, body)
    api.cluster.wait_for(lambda: served(api.cluster, collection), what="gadgets are served")
    gadget = widget("g") | {"kind": "Gadget"}
    api.cluster.api("POST", f"/apis/conformance.test/v1/namespaces/{api.namespace}/gadgets", gadget)
    assert [item["kind"] for item in items() or []] == ["Gadget"]
    api.cluster.api("DELETE", f"{DEFINITIONS}/gadgets.conformance.test")
    api.cluster.wait_for(lambda: items() is None, what="gadgets are gone")

