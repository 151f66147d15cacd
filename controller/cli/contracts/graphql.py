"""GraphQL schemas, by graphql-core.

Run as a script (library.py) in a folder with the files `old` and `new`; imports nothing of ours.
"""

import json
import sys
from pathlib import Path

from graphql import (
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    KnownDirectivesRule,
    assert_valid_schema,
    build_ast_schema,
    get_named_type,
    parse,
    specified_scalar_types,
)
from graphql.utilities import BreakingChange, BreakingChangeType, DangerousChangeType, SafeChangeType, find_schema_changes
from graphql.validation.specified_rules import specified_sdl_rules
from graphql.validation.validate import validate_sdl

# Directives of servers and gateways (@key, @link, @auth) are rarely defined in the document that uses them.
_RULES = [rule for rule in specified_sdl_rules if rule is not KnownDirectivesRule]

# Dangerous is what may break, and counts as breaking, but for what only adds: an optional field, another event.
_DANGEROUS_AND_SAFE = {
    DangerousChangeType.OPTIONAL_INPUT_FIELD_ADDED,
    DangerousChangeType.OPTIONAL_ARG_ADDED,
    DangerousChangeType.TYPE_ADDED_TO_UNION,
    DangerousChangeType.IMPLEMENTED_INTERFACE_ADDED,
}


def compare(old: str, new: str) -> dict[str, object]:
    """The two lists, or the problem."""
    schemas: list[GraphQLSchema] = []
    for which, text in (("older", old), ("newer", new)):
        try:
            schemas.append(_built(text))
        except (GraphQLError, TypeError, RecursionError) as error:
            reason = " ".join(str(error).split())
            return {"problem": f"the {which} one is no GraphQL schema: {reason[:150]}"}
    breaking, safe = [], []
    answered = _answered(schemas[1])
    for change in find_schema_changes(*schemas):
        line = change.description.rstrip(".")
        if change.type is SafeChangeType.DESCRIPTION_CHANGED or _is_scalar(change.type, line):
            continue
        if isinstance(change, BreakingChange) or not (
            isinstance(change.type, SafeChangeType)
            or change.type in _DANGEROUS_AND_SAFE
            or (change.type is DangerousChangeType.VALUE_ADDED_TO_ENUM and not _named(line) & answered)
        ):
            breaking.append(line)
        else:
            safe.append(line)
    return {"breaking": breaking, "safe": safe}


def _built(text: str) -> GraphQLSchema:
    document = parse(text, no_location=True)
    for error in validate_sdl(document, None, _RULES):
        raise error
    schema = build_ast_schema(document, assume_valid_sdl=True)
    assert_valid_schema(schema)
    return schema


def _answered(schema: GraphQLSchema) -> set[str]:
    """Names of the types that clients read; what only they send may get further values."""
    kinds = (GraphQLObjectType, GraphQLInterfaceType)
    fields = (field for kind in schema.type_map.values() if isinstance(kind, kinds) for field in kind.fields.values())
    return {get_named_type(field.type).name for field in fields}


def _is_scalar(kind: object, line: str) -> bool:
    """Float and the like are there by use alone; that the last field of it has gone is told of the field."""
    return kind in (BreakingChangeType.TYPE_REMOVED, SafeChangeType.TYPE_ADDED) and not specified_scalar_types.keys().isdisjoint(
        line.split()
    )


def _named(line: str) -> set[str]:
    """Of "Enum value Size.LARGE was added": the enum."""
    return {word.partition(".")[0] for word in line.split() if "." in word}


if __name__ == "__main__":
    sys.setrecursionlimit(5_000)
    json.dump(compare(*(Path(name).read_text(encoding="utf-8") for name in ("old", "new"))), sys.stdout)
