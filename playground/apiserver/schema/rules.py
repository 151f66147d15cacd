"""x-kubernetes-validations: rules at a schema's nodes, read when the schema is, evaluated for what has changed.

A rule that names oldSelf speaks only of what can be followed from the old object to the new one: fields, and items of lists
that are maps.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from playground.apiserver.schema import cel
from playground.apiserver.schema.cel_functions import Failed
from playground.apiserver.schema.cel_values import evaluated
from playground.apiserver.schema.structural import Node, Rule
from playground.apiserver.schema.validation import ABSENT, Found, shown_value

_KINDS = {"FieldValueForbidden": "Forbidden", "FieldValueRequired": "Required value", "FieldValueDuplicate": "Duplicate value"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Readable:
    """A rule with its trees. `transition`: it speaks of oldSelf."""

    rule: Rule
    tree: cel.Tree
    message: cel.Tree | None
    transition: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """The rules of a node and of what is below it; only nodes that lead to rules are here."""

    node: Node
    rules: tuple[Readable, ...]
    fields: Mapping[str, "Ruled"]
    values: "Ruled | None"
    items: "Ruled | None"


def read(node: Node) -> Ruled | None:
    """The rules of a schema; None without any. Raises cel.Unreadable."""
    fields = {name: found for name, below in node.properties.items() if (found := read(below)) is not None}
    values = read(node.values) if node.values is not None else None
    items = read(node.items) if node.items is not None else None
    if not (node.rules or fields or values or items):
        return None
    return Ruled(node=node, rules=tuple(map(_readable, node.rules)), fields=fields, values=values, items=items)


def _readable(rule: Rule) -> Readable:
    message = cel.parsed(rule.message_expression) if rule.message_expression else None
    return Readable(rule=rule, tree=cel.parsed(rule.rule), message=message, transition="oldSelf" in rule.rule)


def broken(value: Any, old: Any, ruled: Ruled, path: str = "") -> Iterator[Found]:
    """The rules that a value breaks; `old` is what it was, ABSENT if that is not known."""
    if value == old:
        return
    for readable in ruled.rules:
        if old is not ABSENT or not readable.transition or readable.rule.optional_old_self:
            yield from _judged(readable, value, old, ruled.node, path)
    if isinstance(value, dict):
        before = old if isinstance(old, dict) else {}
        for name, item in value.items():
            below = ruled.fields.get(name) or (ruled.values if name not in ruled.node.properties else None)
            if below is not None:
                step = f".{name}" if name in ruled.fields else f"[{name}]"
                yield from broken(item, before.get(name, ABSENT), below, (path + step).removeprefix("."))
    elif isinstance(value, list) and ruled.items is not None:
        for index, item in enumerate(value):
            yield from broken(item, _followed(item, old, ruled.node), ruled.items, f"{path}[{index}]")


def _followed(item: Any, old: Any, node: Node) -> Any:
    if node.list_type != "map" or not isinstance(old, list) or not isinstance(item, dict):
        return ABSENT
    keys = [item.get(key) for key in node.list_keys]
    return next((o for o in old if isinstance(o, dict) and [o.get(key) for key in node.list_keys] == keys), ABSENT)


def _judged(readable: Readable, value: Any, old: Any, node: Node, path: str) -> Iterator[Found]:
    rule, variables = readable.rule, {"self": value}
    if readable.transition:
        variables["oldSelf"] = None if old is ABSENT else old
    where = path + rule.field_path if path else rule.field_path.removeprefix(".")
    try:
        if evaluated(readable.tree, variables) is True:
            return
        said = _said(readable, variables)
    except Failed as problem:
        shown = f'"{node.type}"' if node.type in ("object", "array") else shown_value(value)
        about = f"{problem} evaluating rule: {rule.message or rule.rule.strip()}"
        yield "FieldValueInvalid", where or "<nil>", f"Invalid value: {shown}: {about}"
        return
    kind = _KINDS.get(rule.reason, "Invalid value")
    told = kind not in ("Forbidden", "Required value") and node.type not in ("object", "array")
    yield rule.reason, where or "<nil>", f"{kind}{f': {shown_value(value)}' if told else ''}: {said}"


def _said(readable: Readable, variables: Mapping[str, Any]) -> str:
    if readable.message is not None:
        try:
            said = evaluated(readable.message, variables)
            if isinstance(said, str) and said.strip() and "\n" not in said.strip():
                return said.strip()
        except Failed:
            pass
    return readable.rule.message or f"failed rule: {readable.rule.rule.strip()}"
