"""What differs between two pod templates, and what kind of thing it is. Any two values that JSON can hold have an answer.

Two templates are compared as they mean: what the API server would add by default is no difference. Values of the environment,
of commands and of annotations never appear: they may be secret.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from strategies.spec.review import LONGEST, MOST_DIFFERENCES

Path = tuple[str, ...]


class Area(StrEnum):
    """The part of a pod that a difference is about."""

    IMAGE = "image"
    ENVIRONMENT = "environment"
    PORTS = "ports"
    PROBES = "probes"
    RESOURCES = "resources"
    VOLUMES = "volumes"
    SECURITY = "security context"
    METADATA = "labels and annotations"
    OTHER = "pod"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference. `old` or `new` is None where there is nothing; containers and the like are named in the path."""

    area: Area
    path: Path
    old: Any
    new: Any


_AREAS = {
    "image": Area.IMAGE, "env": Area.ENVIRONMENT, "envFrom": Area.ENVIRONMENT, "ports": Area.PORTS, "livenessProbe": Area.PROBES,
    "readinessProbe": Area.PROBES, "startupProbe": Area.PROBES, "resources": Area.RESOURCES, "volumes": Area.VOLUMES,
    "volumeMounts": Area.VOLUMES, "volumeDevices": Area.VOLUMES, "securityContext": Area.SECURITY,
    "serviceAccountName": Area.SECURITY, "hostNetwork": Area.SECURITY, "hostPID": Area.SECURITY, "hostIPC": Area.SECURITY,
}  # fmt: skip
_LISTS = frozenset({"env", "envFrom", "ports", "volumes", "volumeMounts", "volumeDevices"})
"""An item of these is told as one."""
_WHOLE = frozenset(_AREAS) - _LISTS - {"resources", "securityContext"}
"""These are told as one."""
_NAMED_BY = {"volumeMounts": "mountPath", "volumeDevices": "devicePath", "imagePullSecrets": "name"}
_SHOWN = frozenset({Area.IMAGE, Area.PORTS, Area.RESOURCES})
_DEFAULTS: dict[str, tuple[Any, ...]] = {
    "terminationMessagePath": ("/dev/termination-log",), "terminationMessagePolicy": ("File",), "protocol": ("TCP",),
    "imagePullPolicy": ("IfNotPresent", "Always"), "restartPolicy": ("Always",), "dnsPolicy": ("ClusterFirst",),
    "schedulerName": ("default-scheduler",), "terminationGracePeriodSeconds": (30,), "timeoutSeconds": (1,),
    "periodSeconds": (10,), "successThreshold": (1,), "failureThreshold": (3,), "scheme": ("HTTP",), "defaultMode": (420,),
    "apiVersion": ("v1",),
}  # fmt: skip
"""What the API server writes into a pod template where its author wrote nothing. (imagePullPolicy depends on the tag.)"""


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Everything that differs, in the order of the paths."""
    return tuple(_compared(_settled(dict(old)), _settled(dict(new)), ()))


def told(found: tuple[Difference, ...]) -> tuple[str, ...]:
    """The differences in words; where there are too many, how many more."""
    lines = [_line(each) for each in found]
    if len(lines) > MOST_DIFFERENCES:
        lines = [*lines[: MOST_DIFFERENCES - 1], f"and {len(lines) - MOST_DIFFERENCES + 1} more"]
    return tuple(lines)


def named(difference: Difference) -> str:
    """Where it is, and whether something came, went or changed; no values."""
    what = "added" if difference.old is None else "removed" if difference.new is None else "changed"
    return f"{_spelled(difference.path)} {what}"[:LONGEST]


def _line(difference: Difference) -> str:
    old, new = difference.old, difference.new
    if difference.area in _SHOWN and old is not None and new is not None and not isinstance(old, list):
        return f"{_spelled(difference.path)}: {_value(old)} → {_value(new)}"[:LONGEST]
    return named(difference)


def _value(value: Any) -> str:
    return str(value.get("containerPort", "another")) if isinstance(value, dict) else str(value)


def _spelled(path: Path) -> str:
    parts = path[1:] if path[:1] == ("spec",) else path
    return "".join(part if part.startswith("[") else f".{part}" for part in parts).removeprefix(".") or "the template"


def _settled(value: Any, key: str = "") -> Any:
    """Without what says nothing: empty parts, and defaults of the API server."""
    if isinstance(value, dict):
        inner = {k: _settled(v, k) for k, v in value.items()}
        return {k: v for k, v in inner.items() if v not in (None, {}, []) and not _is_default(k, v, key)}
    return [_settled(each, key) for each in value] if isinstance(value, list) else value


def _is_default(key: str, value: Any, holder: str) -> bool:
    if isinstance(value, dict | list | bool) or (key == "restartPolicy" and holder != "spec"):
        return False  # An init container that is always restarted is a sidecar.
    return value in _DEFAULTS.get(key, ())


def _compared(old: Any, new: Any, path: Path) -> Iterator[Difference]:
    if old == new and type(old) is type(new):
        return
    if path and path[-1] in _LISTS:
        old, new = old or [], new or []  # Its items came or went.
    key = next((part for part in reversed(path) if not part.startswith("[")), "")
    both = (_keyed(old, key), _keyed(new, key))
    if both[0] is None or both[1] is None or _is_whole(path):
        yield Difference(area=_area(path), path=path, old=old, new=new)
        return
    for part in dict.fromkeys([*both[0], *both[1]]):
        yield from _compared(both[0].get(part), both[1].get(part), (*path, part))


def _is_whole(path: Path) -> bool:
    """An item of the environment, a port, a probe … is one thing."""
    return path[-1:] != () and (path[-1] in _WHOLE or (path[-1].startswith("[") and _LISTS.issuperset(path[-2:-1])))


def _keyed(value: Any, key: str) -> dict[str, Any] | None:
    """The parts of a mapping or a list by name, a list's by number where its items have none; None for a plain value."""
    if isinstance(value, dict):
        return {str(k): v for k, v in value.items()}
    if value is None or not isinstance(value, list):
        return None
    names = [_name(each, key) for each in value]
    if None in names or len(set(names)) != len(names):
        return {f"[{number}]": each for number, each in enumerate(value)}
    return {f"[{name}]": each for name, each in zip(names, value, strict=True)}


def _name(item: Any, key: str) -> str | None:
    if not isinstance(item, dict):
        return None
    found = item.get(_NAMED_BY.get(key, "name"))
    if found is None and key == "ports":
        found = item.get("containerPort")
    return None if found is None or isinstance(found, dict | list) else str(found)


def _area(path: Path) -> Area:
    if path[:1] == ("metadata",):
        return Area.METADATA
    return next((_AREAS[part] for part in path if part in _AREAS), Area.OTHER)
