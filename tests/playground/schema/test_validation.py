"""What schemas have against objects, in the words of kube-apiserver 1.37: each sentence was taken from the real one."""

from typing import Any

import pytest

from tests.playground.schema.definitions import made, thing

UNJUDGED = (
    "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)


def said(spec: dict[str, Any], old: dict[str, Any] | None = None) -> list[str]:
    """The server's sentences about an object with this spec; `old`: the spec it had before."""
    schema = thing()
    obj = schema.default(schema.prune(made(**spec))[0])
    before = schema.default(made(**old)) if old is not None else None
    return [f"{field}: {message}" for _, field, message in schema.validate(obj, before)]


CASES: list[tuple[dict[str, Any], list[str]]] = [
    ({"s": "bad"}, ["spec.s: Forbidden: is bad"]),
    ({"s": "x"}, [
        'spec.s: Invalid value: "x": spec.s in body should be at least 2 chars long',
        "spec.s: Invalid value: \"x\": failed rule: self.startsWith('b')",
    ]),
    ({"s": "cc"}, ["spec.s: Invalid value: \"cc\": failed rule: self.startsWith('b')"]),
    ({"s": "bbbbbbbbbbb"}, ["spec.s: Too long: may not be more than 10 bytes"]),
    ({"n": 0}, ["spec.n: Invalid value: 0: spec.n in body should be greater than 1"]),
    ({"n": 1}, [
        "spec.n: Invalid value: 1: spec.n in body should be a multiple of 2",
        "spec.n: Invalid value: 1: spec.n in body should be greater than 1",
    ]),
    ({"n": 3}, ["spec.n: Invalid value: 3: spec.n in body should be a multiple of 2"]),
    ({"n": 1000002}, ["spec.n: Invalid value: 1000002: spec.n in body should be less than or equal to 1000000"]),
    ({"n": 2147483648}, [
        '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.n',
        "spec.n: Invalid value: 2147483648: spec.n in body should be less than or equal to 1000000",
    ]),
    ({"n": 2.0}, []),
    ({"n": 2.5}, [
        'spec.n: Invalid value: "float64": spec.n in body must be of type int32: "float64"',
        '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.n',
        "spec.n: Invalid value: 2.5: spec.n in body should be a multiple of 2",
    ]),
    ({"n": "2"}, ['spec.n: Invalid value: "string": spec.n in body must be of type integer: "string"']),
    ({"d": 0.6}, ["spec.d: Invalid value: 0.6: spec.d in body should be less than or equal to 0.5"]),
    ({"d": 1}, ["spec.d: Invalid value: 1: spec.d in body should be less than or equal to 0"]),
    ({"d": -1000001.5}, ["spec.d: Invalid value: -1.0000015e+06: spec.d in body should be greater than or equal to -1e+06"]),
    ({"d": -1000001}, ["spec.d: Invalid value: -1000001: spec.d in body should be greater than or equal to -1000000"]),
    ({"m": [{"name": "a"}, {"name": "a"}]}, ['spec.m[1]: Duplicate value: {"name":"a","p":"x"}']),
    ({"m": [{"p": "1"}, {"name": None}]}, ["spec.m[0].name: Required value", "spec.m[1].name: Required value"]),
    ({"set": ["a", "b", "a", "a"]}, ['spec.set[2]: Duplicate value: "a"']),
    ({"percent": "5%"}, []),
    ({"percent": "x"}, ["spec.percent: Invalid value: \"x\": spec.percent in body should match '^[0-9]+%?$'"]),
    ({"percent": True}, [
        'spec.percent: Invalid value: "boolean": spec.percent in body must be of type integer,string: "boolean"',
        '<nil>: Invalid value: "": "spec.percent" must validate at least one schema (anyOf)',
        'spec.percent: Invalid value: "boolean": spec.percent in body must be of type integer: "boolean"',
    ]),
    ({"map": {}}, ["spec.map: Invalid value: 0: spec.map in body should have at least 1 properties"]),
    ({"map": {"a": {}, "b": {}, "c": {}}}, ["spec.map: Too many: 3: must have at most 2 items"]),
    ({"map": {"a": {"a": "x"}}}, [
        'spec.map.a.a: Invalid value: "string": spec.map.a.a in body must be of type integer: "string"',
    ]),
    ({"null": None}, []),
    ({"embedded": {}}, ["spec.embedded.apiVersion: Required value", "spec.embedded.kind: Required value"]),
    ({"text": {"date-time": "2026-01-01"}}, [
        'spec.text.date-time: Invalid value: "2026-01-01": spec.text.date-time in body must be of type date-time: "2026-01-01"',
    ]),
    ({"text": {"date-time": 5}}, [
        'spec.text.date-time: Invalid value: "int64": spec.text.date-time in body must be of type date-time: "int64"',
    ]),
    ({"text": {"date": "2026-02-30"}}, [
        'spec.text.date: Invalid value: "2026-02-30": spec.text.date in body must be of type date: "2026-02-30"',
    ]),
    ({"text": {"duration": "x"}}, [
        'spec.text.duration: Invalid value: "x": spec.text.duration in body must be of type duration: "x"',
    ]),
    ({"text": {"duration": "5 days"}}, []),
    ({"text": {"uri": "x"}}, ['spec.text.uri: Invalid value: "x": spec.text.uri in body must be of type uri: "x"']),
    ({"text": {"ipv4": "1.2.3"}}, [
        'spec.text.ipv4: Invalid value: "1.2.3": spec.text.ipv4 in body must be of type ipv4: "1.2.3"',
    ]),
    ({"text": {"cidr": "1.2.3.4"}}, [
        'spec.text.cidr: Invalid value: "1.2.3.4": spec.text.cidr in body must be of type cidr: "1.2.3.4"',
    ]),
    ({"text": {"uuid": "x"}}, ['spec.text.uuid: Invalid value: "x": spec.text.uuid in body must be of type uuid: "x"']),
    ({"text": {"byte": "%%"}}, ['spec.text.byte: Invalid value: "%%": spec.text.byte in body must be of type byte: "%%"']),
    ({"few": 5}, ['spec.few: Unsupported value: 5: supported values: "1", "2", "3"']),
    ({"few": "1"}, [
        'spec.few: Invalid value: "string": spec.few in body must be of type integer: "string"',
        'spec.few: Unsupported value: "1": supported values: "1", "2", "3"',
    ]),
    ({"few": 1.0}, []),
    ({"oneof": {}}, [
        '<nil>: Invalid value: "": "spec.oneof" must validate one and only one schema (oneOf). Found none valid',
        "spec.oneof.a: Required value",
    ]),
    ({"oneof": {"a": "1", "b": "2"}}, [
        '<nil>: Invalid value: "": "spec.oneof" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ]),
    ({"anyof": {}}, [
        '<nil>: Invalid value: "": "spec.anyof" must validate at least one schema (anyOf)',
        "spec.anyof.a: Required value",
    ]),
    ({"not": {"a": "1"}}, ['<nil>: Invalid value: "": "spec.not" must not validate the schema (not)']),
    ({"allof": "abcd"}, [
        "spec.allof: Too long: may not be more than 3 bytes",
        '<nil>: Invalid value: "": "spec.allof" must validate all the schemas (allOf)',
    ]),
    ({"allof": "bbbb"}, [
        "spec.allof: Too long: may not be more than 3 bytes",
        "spec.allof: Invalid value: \"bbbb\": spec.allof in body should match '^a'",
        '<nil>: Invalid value: "": "spec.allof" must validate all the schemas (allOf). None validated',
    ]),
    ({"letter": "a\n"}, ["spec.letter: Invalid value: \"a\\n\": spec.letter in body should match '^a$'"]),
    ({"yes": "true"}, ['spec.yes: Invalid value: "string": spec.yes in body must be of type boolean: "string"']),
    ({"yes": 1}, ['spec.yes: Invalid value: "integer": spec.yes in body must be of type boolean: "integer"']),
    ({"pair": [1]}, ["spec.pair: Invalid value: 1: spec.pair in body should have at least 2 items"]),
    ({"pair": [1, 2, 3, 4]}, ["spec.pair: Too many: 4: must have at most 3 items"]),
    ({"pair": ["a", None]}, [
        'spec.pair[0]: Invalid value: "string": spec.pair[0] in body must be of type integer: "string"',
        'spec.pair[1]: Invalid value: "null": spec.pair[1] in body must be of type integer: "null"',
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "sentences"), CASES, ids=[str(spec) for spec, _ in CASES])
def test_a_schema_says_what_the_real_server_says(spec: dict[str, Any], sentences: list[str]) -> None:
    """Whether an object is taken, and every word of the refusal."""
    assert [sentence for sentence in said(spec) if sentence != UNJUDGED] == sentences


def test_rules_are_not_evaluated_for_objects_of_a_wrong_shape() -> None:
    """The server says so instead."""
    assert said({"s": 5})[-1] == UNJUDGED
    assert UNJUDGED not in said({"n": 3})


def test_each_finding_has_its_reason() -> None:
    """Programs read the reasons."""
    found = thing().validate(made(s="b" * 11, n="x", few=7, set=["a", "a"], pair=[1, 2, 3, 4], embedded={}), None)
    assert {reason for reason, _, _ in found} == {
        "FieldValueTooLong", "FieldValueTypeInvalid", "FieldValueNotSupported", "FieldValueDuplicate", "FieldValueTooMany",
        "FieldValueRequired", "FieldValueInvalid",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        ({"n": 6}, {"n": 4}, ["spec: Invalid value: n only grows"]),
        ({"n": 6}, {"n": 8}, []),
        ({"few": 9, "n": 2}, {"few": 9, "n": 4}, []),
        ({"few": 9}, {"few": 8}, ['spec.few: Unsupported value: 8: supported values: "1", "2", "3"', UNJUDGED]),
        ({"set": ["a", "a"]}, {"set": ["b", "b"]}, []),
        ({"set": ["a"]}, {"set": ["b", "b"]}, ['spec.set[1]: Duplicate value: "b"']),
        ({"m": [{"name": "a", "v": 2}, {"name": "b", "v": 0}]}, {"m": [{"name": "b", "v": 1}, {"name": "a", "v": 1}]},
         ["spec.m[1].v: Invalid value: 1: grow"]),
    ],
)  # fmt: skip
def test_an_update_is_judged_by_what_it_changes(old: dict[str, Any], new: dict[str, Any], sentences: list[str]) -> None:
    """What was wrong before may stay; rules that speak of the past follow items of a list by their keys."""
    assert said(new, old) == sentences


def test_the_root_needs_its_fields() -> None:
    """An object without a spec; one whose spec is no object."""
    bare = {"apiVersion": "ex.io/v1", "kind": "Thing", "metadata": {"name": "x"}}
    assert thing().validate(bare, None)[0] == ("FieldValueRequired", "spec", "Required value")
    assert thing().validate(bare | {"spec": "x"}, None)[0] == (
        "FieldValueTypeInvalid", "spec", 'Invalid value: "string": spec in body must be of type object: "string"',
    )  # fmt: skip
