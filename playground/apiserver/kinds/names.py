"""Names, labels and the rest of metadata: what is valid, in the words of apimachinery."""

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from playground.apiserver.errors import Cause, quoted
from playground.apiserver.objects import Object

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
_REGEX_SAID = "regex used for validation is"

LABEL_SAID = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
    f"alphanumeric character (e.g. 'my-name',  or '123-abc', {_REGEX_SAID} '{_LABEL}')"
)
SUBDOMAIN_SAID = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
    f"with an alphanumeric character (e.g. 'example.com', {_REGEX_SAID} '{_SUBDOMAIN}')"
)
QUALIFIED_SAID = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    f"character (e.g. 'MyName',  or 'my.name',  or '123-abc', {_REGEX_SAID} '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE_SAID = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', "
    f"{_REGEX_SAID} '{_VALUE}')"
)
_NAMES_KNOWN = 1024
"""Of so many names it is known whether they are valid: most objects have those of others."""
BANNED_FINALIZERS = {"foregroundDeletion", "orphan"}


def _checked(pattern: str, limit: int, said: str) -> Callable[[str], list[str]]:
    compiled = re.compile(pattern)

    @lru_cache(maxsize=_NAMES_KNOWN)
    def check(name: str) -> list[str]:
        too_long = [f"must be no more than {limit} bytes"] if len(name) > limit else []
        return too_long + ([] if compiled.fullmatch(name) else [said])

    return check


subdomain = _checked(_SUBDOMAIN, 253, SUBDOMAIN_SAID)
label = _checked(_LABEL, 63, LABEL_SAID)
_label_value = _checked(_VALUE, 63, VALUE_SAID)
_name_part = _checked(_QUALIFIED, 63, QUALIFIED_SAID)


def path_segment(name: str) -> list[str]:
    """What any name must be to stand in a path."""
    if name in (".", ".."):
        return [f"may not be '{name}'"]
    return [f"may not contain '{forbidden}'" for forbidden in "/%" if forbidden in name]


@lru_cache(maxsize=_NAMES_KNOWN)
def qualified(key: str) -> list[str]:
    """A label's or annotation's key: an optional DNS prefix, a slash, and a name."""
    prefix, slash, name = key.rpartition("/")
    if slash and not prefix:
        return ["prefix part must be non-empty"]
    wrong = [f"prefix part {said}" for said in subdomain(prefix)] if slash else []
    if not name:
        return [*wrong, "name part must be non-empty", QUALIFIED_SAID]
    return wrong + _name_part(name)


def invalid(field: str, value: object, message: str) -> Cause:
    """`Invalid value: …`"""
    shown = quoted(value) if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return Cause(reason="FieldValueInvalid", field=field, message=f"Invalid value: {shown}: {message}")


def required(field: str, message: str = "") -> Cause:
    """`Required value`"""
    return Cause(reason="FieldValueRequired", field=field, message=f"Required value: {message}" if message else "Required value")


def forbidden(field: str, message: str) -> Cause:
    """`Forbidden: …`"""
    return Cause(reason="FieldValueForbidden", field=field, message=f"Forbidden: {message}")


def unsupported(field: str, value: object, supported: list[str]) -> Cause:
    """`Unsupported value: …`"""
    known, shown = ", ".join(map(quoted, supported)), json.dumps(value, separators=(",", ":"))
    return Cause(reason="FieldValueNotSupported", field=field, message=f"Unsupported value: {shown}: supported values: {known}")


def labels(found: Mapping[str, object] | None, field: str) -> list[Cause]:
    """What is wrong with a map of labels."""
    causes = []
    for key, value in (found or {}).items():
        causes += [invalid(field, key, said) for said in qualified(key)]
        causes += [invalid(f"{field}", value, said) for said in _label_value(str(value))]
    return causes


_STANDARD_FINALIZERS = {"kubernetes", "foregroundDeletion", "orphan"}


def metadata(obj: Object, namespaced: bool, name_rule: Callable[[str], list[str]]) -> list[Cause]:  # noqa: FBT001, what is asked
    """What is wrong with the metadata of an object, whatever its kind."""
    meta = obj["metadata"]
    name = meta.get("name", "")
    causes = [invalid("metadata.name", name, said) for said in name_rule(name)] if name else []
    if not name:
        causes.append(required("metadata.name", "name or generateName is required"))
    if not namespaced and meta.get("namespace"):
        causes.append(forbidden("metadata.namespace", "not allowed on this type"))
    causes += labels(meta.get("labels"), "metadata.labels")
    for key in meta.get("annotations") or {}:
        causes += [invalid("metadata.annotations", key, said) for said in qualified(key.lower())]
    return causes + _owners(meta.get("ownerReferences") or []) + _finalizers(meta.get("finalizers") or [])


def _owners(owners: list[Object]) -> list[Cause]:
    field = "metadata.ownerReferences"
    causes = [
        required(f"{field}[{index}].{key}", "must not be empty")
        for index, owner in enumerate(owners)
        for key in ("apiVersion", "kind", "name", "uid")
        if not owner.get(key)
    ]
    controllers = [f"{owner.get('kind')}/{owner.get('name')}" for owner in owners if owner.get("controller")]
    if len(controllers) > 1:
        said = 'Only one reference can have Controller set to true. Found "true" in references for '
        causes.append(invalid(field, owners, said + " and ".join(controllers[:2])))
    return causes


def _finalizers(finalizers: list[str]) -> list[Cause]:
    field = "metadata.finalizers"
    causes = [invalid(field, name, said) for name in finalizers for said in qualified(name)]
    if set(finalizers) >= BANNED_FINALIZERS:
        causes.append(invalid(field, finalizers, "finalizer orphan and foregroundDeletion cannot be both set"))
    return causes


def qualified_finalizers(obj: Object) -> list[Cause]:
    """What built-in kinds ask of finalizers beyond that: a domain."""
    said = "name is neither a standard finalizer name nor is it fully qualified"
    finalizers = enumerate(obj["metadata"].get("finalizers") or ())
    return [
        invalid(f"metadata.finalizers[{index}]", name, said)
        for index, name in finalizers
        if "/" not in name and name not in _STANDARD_FINALIZERS
    ]


def metadata_update(new: Object, old: Object) -> list[Cause]:
    """What an update may not change in the metadata."""
    now, before = new["metadata"], old["metadata"]
    causes = [
        invalid(f"metadata.{key}", now.get(key), "field is immutable")
        for key in ("name", "namespace", "uid")
        if now.get(key) != before.get(key)
    ]
    added = sorted(set(now.get("finalizers") or ()) - set(before.get("finalizers") or ()))
    if before.get("deletionTimestamp") and added:
        found = ", ".join(map(quoted, added))
        said = f"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{found}}}"
        causes.append(forbidden("metadata.finalizers", said))
    return causes
