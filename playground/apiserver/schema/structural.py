"""A custom resource's schema, read once into nodes: what defaulting, pruning, validation and shapes walk over.

Only structural schemas, as apiextensions.k8s.io/v1 demands them. What is read here is all that has an effect; a keyword that
is not known is none of the API server's either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from playground.apiserver.schema.patterns import Pattern, compiled

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One of x-kubernetes-validations. `message_expression` and `field_path` are "" if there is none."""

    rule: str
    message: str
    message_expression: str
    reason: str
    field_path: str
    optional_old_self: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The schema of one value. Bounds that are not set are None; `default` is None without one (null is no default)."""

    type: str = ""
    format: str = ""
    nullable: bool = False
    default: Any = None
    properties: Mapping[str, "Node"] = field(default_factory=dict)
    values: "Node | None" = None
    """additionalProperties."""
    items: "Node | None" = None
    required: Sequence[str] = ()
    enum: Sequence[Any] = ()
    pattern: Pattern | None = None
    bounds: Mapping[str, Any] = field(default_factory=dict)
    """minLength, maximum, maxItems and so on, as they are written."""
    list_type: str = "atomic"
    list_keys: Sequence[str] = ()
    atomic_map: bool = False
    preserve: bool = False
    embedded: bool = False
    int_or_string: bool = False
    rules: Sequence[Rule] = ()
    all_of: Sequence["Node"] = ()
    any_of: Sequence["Node"] = ()
    one_of: Sequence["Node"] = ()
    none_of: "Node | None" = None
    defaulting: bool = False
    """Whether there is a default here or anywhere below."""


_BOUNDS = (
    "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minItems", "maxItems", "minProperties", "maxProperties",
)  # fmt: skip


def read(schema: Json) -> Node:
    """The nodes of an openAPIV3Schema."""
    properties = {name: read(each) for name, each in (schema.get("properties") or {}).items()}
    items, more = schema.get("items"), schema.get("additionalProperties")
    below = [*properties.values(), *(read(each) for each in (items, more) if isinstance(each, dict))]
    return Node(
        type=schema.get("type", ""),
        format=schema.get("format", ""),
        nullable=bool(schema.get("nullable")),
        default=schema.get("default"),
        properties=properties,
        values=read(more) if isinstance(more, dict) else Node(preserve=True) if more is True else None,
        items=read(items) if isinstance(items, dict) else None,
        required=tuple(schema.get("required") or ()),
        enum=tuple(schema.get("enum") or ()),
        pattern=compiled(schema["pattern"]) if schema.get("pattern") else None,
        bounds={name: schema[name] for name in _BOUNDS if schema.get(name) is not None},
        list_type=schema.get("x-kubernetes-list-type") or "atomic",
        list_keys=tuple(schema.get("x-kubernetes-list-map-keys") or ()),
        atomic_map=schema.get("x-kubernetes-map-type") == "atomic",
        preserve=bool(schema.get("x-kubernetes-preserve-unknown-fields")),
        embedded=bool(schema.get("x-kubernetes-embedded-resource")),
        int_or_string=bool(schema.get("x-kubernetes-int-or-string")),
        rules=tuple(_rule(each) for each in schema.get("x-kubernetes-validations") or ()),
        all_of=tuple(read(each) for each in schema.get("allOf") or ()),
        any_of=tuple(read(each) for each in schema.get("anyOf") or ()),
        one_of=tuple(read(each) for each in schema.get("oneOf") or ()),
        none_of=read(schema["not"]) if schema.get("not") else None,
        defaulting=schema.get("default") is not None or any(each.defaulting for each in below),
    )


def _rule(written: Json) -> Rule:
    return Rule(
        rule=written.get("rule", ""),
        message=(written.get("message") or "").strip(),
        message_expression=written.get("messageExpression", ""),
        reason=written.get("reason") or "FieldValueInvalid",
        field_path=written.get("fieldPath", ""),
        optional_old_self=bool(written.get("optionalOldSelf")),
    )
