"""Built-in objects in the one form in which Kubernetes keeps them: no nulls, no empty lists or maps, quantities normalised.

Two objects that mean the same must be equal as JSON: generations, no-op writes and revisions depend on it. Fields that the
type does not have are dropped and reported. Every write of a built-in object comes by here, so types are taken apart once.
"""

import marshal
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from playground.apiserver import quantities
from playground.apiserver.objects import Object
from playground.apiserver.schema.builtins import read_list, read_map, type_of, types

_JSON_NAMES = {str: "string", bool: "bool", int: "number", float: "number", dict: "object", list: "array"}
_SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,), "int32": (int,), "int64": (int,), "boolean": (bool,), "number": (int, float), "bytes": (str,),
    "time": (str,), "microtime": (str,), "intstr": (int, str), "any": (),
}  # fmt: skip
_SCALAR, _QUANTITY, _OBJECT, _LIST, _MAP = range(5)
_ALWAYS_WRITTEN = {("Event", "eventTime")}
# What is not written when it is 0, false or empty: Go's `omitempty` on what is no pointer.
_OMITTED = {
    "Container": {"stdin", "stdinOnce", "tty", "workingDir"},
    "ContainerPort": {"hostIP", "hostPort", "name"},
    "DeploymentSpec": {"minReadySeconds", "paused"},
    "DeploymentStatus": {
        "availableReplicas", "observedGeneration", "readyReplicas", "replicas", "unavailableReplicas", "updatedReplicas",
    },
    "EnvVar": {"value"},
    "Event": {"action", "count", "message", "reason", "type"},
    "ObjectMeta": {"generateName", "namespace"},
    "PodSpec": {"hostIPC", "hostNetwork", "hostPID", "nodeName"},
    "Probe": {"initialDelaySeconds"},
    "ReplicaSetSpec": {"minReadySeconds"},
    "ReplicaSetStatus": {"availableReplicas", "fullyLabeledReplicas", "observedGeneration", "readyReplicas"},
    "ServicePort": {"name", "nodePort"},
    "ServiceSpec": {"clusterIP", "loadBalancerIP", "publishNotReadyAddresses"},
    "VolumeMount": {"readOnly"},
}  # fmt: skip


class Undecodable(Exception):
    """A value that the type cannot hold, in the words of Go's decoder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """A field's type taken apart. `allowed`: of a scalar; empty for anything. `name`: of an object, or as messages say it."""

    form: int
    name: str
    allowed: tuple[type, ...] = ()
    inner: "_Kind | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """`dropped`: what is not kept when it is empty: lists and maps, or any zero value."""

    kind: _Kind
    null_is_kept: bool
    dropped_when_empty: bool
    dropped_when_zero: bool


def canonicalize(obj: Object, group: str, kind: str, old: Object | None = None) -> list[str]:
    """Change `obj` in place; the paths of fields that its type does not have. What it has of `old`, the object as it is kept, is
    in its form already. Raises Undecodable.
    """
    found = type_of(group, kind)
    if found is None:
        return []
    unknown: list[str] = []
    kept = [key for key, value in obj.items() if key in ("kind", "apiVersion") or (old and key in old and _same(value, old[key]))]
    head: Object = {key: obj.pop(key) for key in kept}
    _object(obj, found.name, "", unknown)
    obj |= head
    status = found.fields.get("status")
    if status is not None and not status.type.endswith("?"):
        obj.setdefault("status", {})
    return unknown


def _same(one: Any, other: Any) -> bool:
    """As JSON: 1 is neither true nor 1.0."""
    try:
        return marshal.dumps(one, 2) == marshal.dumps(other, 2)
    except ValueError:  # Not plain JSON: a key stands twice in it.
        return False


@cache
def _fields(name: str) -> Mapping[str, _Field]:
    omitted = _OMITTED.get(name, ())
    return {
        key: _Field(
            kind=_kind(field.type),
            null_is_kept=(name, key) in _ALWAYS_WRITTEN,
            dropped_when_empty=_kind(field.type).form in (_LIST, _MAP) and not field.required and key != "managedFields",
            dropped_when_zero=key in omitted,
        )
        for key, field in types()[name].fields.items()
    }


@cache
def _kind(text: str) -> _Kind:
    if (listed := read_list(text)) is not None:
        return _Kind(form=_LIST, name="[]", inner=_kind(listed.item))
    if (mapped := read_map(text)) is not None:
        return _Kind(form=_MAP, name="map", inner=_kind(mapped[0]))
    if text[0].isupper():
        return _Kind(form=_OBJECT, name=text.rstrip("?*!"))
    name = "bool" if text == "boolean" else text
    return _Kind(form=_QUANTITY if text == "quantity" else _SCALAR, name=name, allowed=_SCALARS.get(text, ()))


def _object(obj: Object, name: str, path: str, unknown: list[str]) -> None:
    fields = _fields(name)
    for key in list(obj):
        field, value = fields.get(key), obj[key]
        if field is None:
            unknown.append(f"{path}{key}")
            del obj[key]
            continue
        if value is None:
            if not field.null_is_kept:
                del obj[key]
            continue
        if field.kind.form != _SCALAR or type(value) not in field.kind.allowed:
            obj[key] = value = _value(value, field.kind, f"{path}{key}", (name, unknown))
        if not value and (field.dropped_when_zero or (field.dropped_when_empty and value in ([], {}))):
            del obj[key]


def _value(value: Any, kind: _Kind, path: str, about: tuple[str, list[str]]) -> Any:
    """`about`: the type that holds it, and where to report unknown fields."""
    if kind.form == _SCALAR:
        if kind.allowed and type(value) not in kind.allowed and value is not None:
            raise _misfit(value, kind, path, about[0])
        return value
    if kind.form == _QUANTITY:
        try:
            return quantities.canonical(str(value))
        except ValueError as problem:
            raise Undecodable(str(problem)) from problem
    inner = kind.inner or kind
    if kind.form == _LIST and isinstance(value, list):
        return [_value(item, inner, f"{path}[{index}]", about) for index, item in enumerate(value)]
    if kind.form == _LIST or not isinstance(value, dict):
        raise _misfit(value, kind, path, about[0])
    if kind.form == _OBJECT:
        _object(value, kind.name, f"{path}.", about[1])
        return value
    if inner.allowed and all(type(item) in inner.allowed for item in value.values()):
        return value
    return {key: _value(item, inner, path, about) for key, item in value.items()}


def _misfit(value: Any, kind: _Kind, path: str, holder: str) -> Undecodable:
    shown = kind.name if kind.form != _OBJECT else "map"
    return Undecodable(f"json: cannot unmarshal {_JSON_NAMES[type(value)]} into Go struct field {holder}.{path} of type {shown}")
