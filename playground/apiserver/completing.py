"""Bringing an object into the form in which it is kept: unknown fields reported, canonical form, defaults; and its schema's word.

The same few questions for built-in and custom resources, answered by their types or by their schemas.
"""

import json
from typing import Any

from playground.apiserver import errors
from playground.apiserver.calls import Call
from playground.apiserver.canonical import Undecodable, canonicalize
from playground.apiserver.errors import Cause, quoted
from playground.apiserver.objects import Object
from playground.apiserver.resources import Resource


def complete(call: Call, obj: Object, old: Object | None = None) -> None:
    """In place. Unknown fields are dropped, and reported as the request wants it. Raises ApiError (400)."""
    report_unknown(call, obj, unknown_in(call, obj, old))
    if call.resource.schema is not None:
        defaulted = call.resource.schema.default(obj)
        if defaulted is not obj:
            obj |= defaulted
    call.resource.rules.default(obj)


def unknown_in(call: Call, obj: Object, old: Object | None = None) -> list[str]:
    """Take away what the type does not know, in place; the paths of that. `old`: the object as it is kept. Raises ApiError (400)
    for values of a wrong type.
    """
    resource = call.resource
    if not resource.custom:
        try:
            return canonicalize(obj, resource.storage_group, resource.kind, old)
        except Undecodable as problem:
            raise _unhandled(call, obj, str(problem)) from problem
    if resource.schema is None:
        return []
    pruned, unknown = resource.schema.prune(obj)
    if pruned is not obj:
        for key in obj.keys() - pruned.keys():
            del obj[key]
        obj |= pruned
    return list(unknown)


def report_unknown(call: Call, obj: Object, unknown: list[str]) -> None:
    """As `fieldValidation` says: refuse, warn, or nothing. Raises ApiError (400, or 422 for a patch)."""
    said = [f"unknown field {quoted(path)}" for path in unknown] + [f"duplicate field {quoted(path)}" for path in call.repeated]
    call.repeated = []
    if not said or call.validation == "Ignore":
        return
    if call.validation == "Warn":
        call.warnings.extend(line for line in said if line not in call.warnings)
        return
    raise _unhandled(call, obj, f"strict decoding error: {', '.join(said)}")


def violations(resource: Resource, new: Object, old: Object | None) -> list[Cause]:
    """What a custom resource's schema has against it."""
    if resource.schema is None:
        return []
    return [Cause(reason=reason, field=field, message=message) for reason, field, message in resource.schema.validate(new, old)]


def _unhandled(call: Call, obj: Object, problem: str) -> errors.ApiError:
    """The sentence depends on whether the request brings an object or a patch."""
    if call.verb == "patch":
        shown = json.dumps(obj, separators=(",", ":")) if call.patch is None else _as_go_prints(call.patch)
        cause = Cause(reason="FieldValueInvalid", field="patch", message=f"Invalid value: {quoted(shown)}: {problem}")
        return errors.invalid("", "", "", [cause])
    kind = call.resource.kind
    return errors.bad_request(f"{kind} in version {quoted(call.resource.version)} cannot be handled as a {kind}: {problem}")


def _as_go_prints(value: Any) -> str:
    """`map[spec:map[replicas:2]]`"""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{_as_go_prints(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(_as_go_prints, value))}]"
    return {True: "true", False: "false", None: "<nil>"}[value] if value is None or isinstance(value, bool) else str(value)
