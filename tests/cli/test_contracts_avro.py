"""Avro contracts: one pair of schemas for each rule of what is safe and what breaks, and documents that are none."""

import json
from typing import Any

import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.schema import parse

from controller.cli.contracts import avro, compare
from strategies.spec.change import Change
from tests.review.subjects import TODAY

_NONE = object()


def order(kind: Any = "int", default: Any = _NONE, **more: Any) -> dict[str, Any]:
    """A record of an id, of one field of this type, and of more fields, each a type and a default."""
    fields: list[dict[str, Any]] = [{"name": "id", "type": "string"}, {"name": "a", "type": kind}]
    fields[1] |= {} if default is _NONE else {"default": default}
    fields += [{"name": name, "type": given[0], "default": given[1]} for name, given in more.items()]
    return {"type": "record", "name": "Order", "namespace": "shop", "fields": fields}


def enum(*symbols: str, **more: Any) -> dict[str, Any]:
    """An enum."""
    return {"type": "enum", "name": "Size", "symbols": list(symbols), **more}


def record(name: str, **more: Any) -> dict[str, Any]:
    """A record of one field."""
    return {"type": "record", "name": name, "fields": [{"name": "x", "type": "int"}], **more}


def time(unit: str) -> dict[str, str]:
    """A moment."""
    return {"type": "long", "logicalType": f"timestamp-{unit}"}


def money(scale: int) -> dict[str, Any]:
    """A decimal number."""
    return {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": scale}


_HIDDEN = {**order(), "fields": [order()["fields"][0]]}
SAFE = {
    "field with default added": (order(), order(n=("int", 0)), ["Order.n: added, with a default"]),
    "optional field added": (order(), order(n=(["null", "int"], None)), ["Order.n: added, with a default"]),
    "may be left out": (order(), order(default=1), ["Order.a: has a default now"]),
    "symbol added, read as the default": (order(enum("A", default="A")), order(enum("A", "B", default="A")),
                                         ["Order.a: B added, the default to older readers"]),
    "symbol removed, read as the default": (order(enum("A", "B", default="A")), order(enum("A", default="A")),
                                           ["Order.a: B removed, the default to newer readers"]),
    "only written otherwise": (order(["null", "int"]), {"doc": "about", **order(["int", "null"])}, []),
    "a union of one": (order(["int"]), order("int"), []),
    "within itself": (order(["null", "Order"]), order(["null", "Order"], n=("int", 0)), ["Order.n: added, with a default"]),
}  # fmt: skip
BREAKING = {
    "field removed": (order(default=1), _HIDDEN, "Order.a: removed, or renamed"),
    "field removed that others need": (order(), _HIDDEN, "Order.a: removed, or renamed; older readers have no default for it"),
    "field renamed, with an alias": (
        order(), {**_HIDDEN, "fields": [*_HIDDEN["fields"], {"name": "b", "type": "int", "aliases": ["a"], "default": 1}]},
        "Order.a: removed, or renamed; older"),
    "record renamed, with an alias": (record("Old"), record("New", aliases=["Old"]), "Old: record Old is now New"),
    "type changed": (order(), order("string"), "Order.a: neither can older data be read, nor newer data by older readers: type"),
    "type changed that can be read": (order("bytes"), order("string"), "Order.a: bytes is now string"),
    "widened for who reads it anew": (order("int"), order("long"), "Order.a: older readers cannot read newer data: type"),
    "narrowed": (order("long"), order("int"), "Order.a: newer readers cannot read older data: type mismatch"),
    "may be null now": (order("int"), order(["null", "int"]), "Order.a (null): older readers cannot read newer data"),
    "may not be null now": (order(["null", "int"]), order("int"), "Order.a (null): newer readers cannot read older data"),
    "required field added": (_HIDDEN, order(), "Order.a: added without a default, so newer readers cannot read older data"),
    "meaning changed: unit": (order(time("millis")), order(time("micros")), "Order.a: long timestamp-millis is now"),
    "meaning changed: scale": (order(money(2)), order(money(3)), "Order.a: bytes decimal 9 2 is now bytes decimal 9 3"),
    "meaning changed: default": (order(default=1), order(default=2), "Order.a: its default has changed"),
    "tightened: no default": (order(default=1), order(), "Order.a: its default is gone"),
    "symbol added": (order(enum("A")), order(enum("A", "B")), "Order.a: older readers cannot read newer data: missing"),
    "symbol removed": (order(enum("A", "B")), order(enum("A")), "Order.a: newer readers cannot read older data: missing"),
    "event added": ([record("A")], [record("A"), record("B")], "union (B): older readers cannot read newer data: missing"),
    "event removed": ([record("A"), record("B")], [record("A")], "union (B): newer readers cannot read older data: missing"),
    "length changed": ({"type": "fixed", "name": "F", "size": 2}, {"type": "fixed", "name": "F", "size": 3}, "F: neither can"),
    "within an array": (order({"type": "array", "items": "int"}), order({"type": "array", "items": "string"}), "Order.a[]: "),
    "within a map": (order({"type": "map", "values": "int"}), order({"type": "map", "values": "string"}), "Order.a{}: neither"),
    "within a branch": (order(["null", record("A")]), order(["null", {**record("A"), "fields": []}]), "Order.a.x: removed, or"),
}  # fmt: skip


def readable(old: Any, new: Any) -> bool:
    """As the library says of the whole, both ways."""
    pair = parse(json.dumps(old)), parse(json.dumps(new))
    both = (ReaderWriterCompatibilityChecker().get_compatibility(*each) for each in (pair, pair[::-1]))
    return all(found.compatibility is SchemaCompatibilityType.compatible for found in both)


@pytest.mark.parametrize(("old", "new", "said"), SAFE.values(), ids=SAFE.keys())
def test_what_is_safe_is_told_and_breaks_nothing(old: Any, new: Any, said: list[str]) -> None:
    """And it is the only difference; each reads what the other has written."""
    assert avro.compare(json.dumps(old), json.dumps(new)) == {"breaking": [], "safe": said}
    assert readable(old, new)


@pytest.mark.parametrize(("old", "new", "said"), BREAKING.values(), ids=BREAKING.keys())
def test_what_breaks_is_told_with_its_path(old: Any, new: Any, said: str) -> None:
    """Once, whatever else comes with it."""
    found = avro.compare(json.dumps(old), json.dumps(new))["breaking"]
    assert isinstance(found, list)
    assert [line.startswith(said) for line in found] == [True], found


@pytest.mark.parametrize("text", ["{", "1", '"int', "[" * 90_000, '{"type": "record", "name": "a"}', '{"type": "gone"}'])
def test_what_is_no_schema_is_told(text: str) -> None:
    """Which of the two, and why."""
    assert str(avro.compare(text, '"int"')["problem"]).startswith("the older one is no Avro schema: ")
    assert str(avro.compare('"int"', text)["problem"]).startswith("the newer one is no Avro schema: ")


def test_a_release_names_it() -> None:
    """It is compared in a process of its own."""
    contract = {"type": "Avro", "configMap": "events", "key": "order.avsc"}
    change = Change.model_validate({"kind": "Feature", "contracts": [contract]})
    (found,) = compare(change, lambda _: json.dumps(order()), lambda _: json.dumps(order("long", n=("int", 0))), TODAY, None)
    assert (len(found.breaking), found.safe, found.problem) == (1, ("Order.n: added, with a default",), "")
