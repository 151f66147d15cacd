"""Schemas for the tests of this package: a made-up one with every keyword, and the product's own definitions."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from playground.apiserver.schema import Schema

_FOLDER = Path(__file__).parents[3] / "charts" / "release-coordinator" / "templates" / "crds"
_FORMATS = ("date-time", "date", "duration", "uri", "ipv4", "cidr", "uuid", "byte")
_STRINGS = {name: {"type": "string", "format": name} for name in _FORMATS}
_ONE_OF = {"a": {"type": "string"}, "b": {"type": "string"}}
_ITEM = {"type": "object", "required": ["name"], "properties": {
    "name": {"type": "string"}, "p": {"type": "string", "default": "x"},
    "v": {"type": "integer", "x-kubernetes-validations": [{"rule": "self >= oldSelf", "message": "grow"}]},
}}  # fmt: skip
_SPEC: dict[str, Any] = {
    "s": {"type": "string", "x-kubernetes-validations": [{"rule": "self.startsWith('b')"}], "maxLength": 10, "minLength": 2},
    "n": {"type": "integer", "format": "int32", "minimum": 1, "exclusiveMinimum": True, "maximum": 1000000, "multipleOf": 2},
    "d": {"type": "number", "maximum": 0.5, "minimum": -1000000},
    "m": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name", "p"], "items": _ITEM},
    "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
    "percent": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}], "pattern": "^[0-9]+%?$"},
    "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"k": {"type": "integer"}}},
    "map": {"type": "object", "maxProperties": 2, "minProperties": 1, "additionalProperties": {
        "type": "object", "properties": {"a": {"type": "integer", "default": 3}}}},
    "null": {"type": "string", "nullable": True, "default": "q"},
    "whole": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
    "embedded": {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {
        "spec": {"type": "object", "properties": {"x": {"type": "integer"}}}}},
    "text": {"type": "object", "properties": _STRINGS},
    "few": {"type": "integer", "enum": [1, 2, 3]},
    "oneof": {"type": "object", "properties": _ONE_OF, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
    "anyof": {"type": "object", "properties": _ONE_OF, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
    "not": {"type": "object", "properties": _ONE_OF, "not": {"required": ["a"]}},
    "allof": {"type": "string", "allOf": [{"maxLength": 3}, {"pattern": "^a"}]},
    "letter": {"type": "string", "pattern": "^a$"},
    "defaults": {"type": "object", "default": {}, "properties": {
        "x": {"type": "integer", "default": 5},
        "y": {"type": "array", "items": {"type": "object", "properties": {"z": {"type": "boolean", "default": True}}}},
    }},
    "yes": {"type": "boolean"},
    "pair": {"type": "array", "minItems": 2, "maxItems": 3, "items": {"type": "integer"}},
}  # fmt: skip
_RULES = [
    {"rule": "!has(self.s) || self.s != 'bad'", "messageExpression": "'is ' + self.s", "reason": "FieldValueForbidden",
     "fieldPath": ".s"},
    {"rule": "has(oldSelf.n) ? self.n >= oldSelf.n : true", "message": "n only grows"},
]  # fmt: skip


@cache
def thing() -> Schema:
    """Every keyword once."""
    spec = {"type": "object", "properties": _SPEC, "x-kubernetes-validations": _RULES}
    return Schema({"type": "object", "required": ["spec"], "properties": {"spec": spec}})


@cache
def definition(plural: str) -> dict[str, Any]:
    """The definition's spec, as the chart has it."""
    return yaml.safe_load((_FOLDER / f"{plural}.yaml").read_text())["spec"]  # type: ignore[no-any-return]


@cache
def own(plural: str) -> Schema:
    """The schema of one of the product's kinds."""
    return Schema(definition(plural)["versions"][0]["schema"]["openAPIV3Schema"])


def made(**spec: Any) -> dict[str, Any]:
    """An object with this spec."""
    return {"apiVersion": "ex.io/v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": spec}
