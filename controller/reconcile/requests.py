"""Requests by annotation, read from a Release or a train, each with what makes it one of a kind.

A person's request is identified by its key, its value and the moment of its managedFields entry. What a GitOps manager applies
is identified without the moment but with the trial it met, because it puts the same annotation back for ever.
"""

from dataclasses import replace
from typing import Any

from controller.api import names
from strategies.rollout.requests import KEYS
from strategies.world.observation import Request

Object = dict[str, Any]
REQUESTS = frozenset(f"{names.GROUP}/{key}" for key in KEYS)
"""Annotations that ask for something."""


def removal(found: Object, key: str, seen: str, now: Object) -> list[Object]:
    """The patch that takes a request off, if it is still what was `seen`, or begins so. `now`: the object as it is by now."""
    path = f"/metadata/annotations/{names.pointer(f'{names.GROUP}/{key}')}"
    written = (found["metadata"].get("annotations") or {}).get(f"{names.GROUP}/{key}", "")
    # A value may be longer than what is remembered of it.
    value = written if written[: len(seen)] == seen else seen
    patch = [{"op": "test", "path": path, "value": value}, {"op": "remove", "path": path}]
    annotations = (now["metadata"].get("annotations") or {}).keys()
    if names.REQUESTED_BY in annotations and len(annotations & REQUESTS) == 1:
        # The author goes with the last request.
        patch.append({"op": "remove", "path": f"/metadata/annotations/{names.pointer(names.REQUESTED_BY)}"})
    return patch


def trim(release: Object) -> Object:
    """Keep of managedFields only what identifies requests."""
    metadata = release["metadata"]
    wanted = {f"f:{names.GROUP}/{key}" for key in KEYS}
    kept = []
    for entry in metadata.get("managedFields") or []:
        fields = ((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get("f:annotations") or {}
        found = sorted(wanted & fields.keys())
        if found:
            kept.append({"manager": entry.get("manager"), "operation": entry.get("operation"), "time": entry.get("time"),
                         "keys": found})  # fmt: skip
    metadata["managedFields"] = kept
    return release


class Presence:
    """Which requests are there, and which were seen to go: the same one put back within a second is another one.

    managedFields know seconds only. Forgotten in a crash, when a request so quickly repeated counts as answered.
    """

    def __init__(self) -> None:
        self._there: dict[str, str] = {}
        self._gone: dict[str, int] = {}

    def again(self, key: str, identity: str | None) -> int:
        """How often the request with this identity has gone before; None says that none is there under the key."""
        if identity is None:
            if (left := self._there.pop(key, None)) is not None:
                self._gone[left] = self._gone.get(left, 0) + 1
            return 0
        self._there[key] = identity
        return self._gone.get(identity, 0)


def read_requests(release: Object, attempts: int, presence: Presence) -> tuple[Request, ...]:
    """The requests on a trimmed Release or train, in the order of KEYS; `attempts` counts its trials or runs."""
    metadata = release["metadata"]
    annotations = metadata.get("annotations") or {}
    author = str(annotations.get(names.REQUESTED_BY) or "")[:317]
    found = []
    for key in KEYS:
        value = annotations.get(f"{names.GROUP}/{key}")
        if value is None:
            presence.again(key, None)
        else:
            found.append(_request(metadata, key, str(value), attempts, presence))
    return tuple(replace(r, author=author) if author else r for r in found)


def _request(metadata: Object, key: str, value: str, attempts: int, presence: Presence) -> Request:
    entries = [e for e in metadata.get("managedFields") or [] if f"f:{names.GROUP}/{key}" in e["keys"]]
    entry: Object = max(entries, key=lambda e: str(e.get("time")), default={})
    manager = str(entry.get("manager") or "unknown")
    applied = entry.get("operation") == "Apply"
    moment = f"attempt-{attempts}" if applied else str(entry.get("time"))
    identity = f"{key}={value[:60]}/{manager[:60]}/{moment}"
    again = 0 if applied else presence.again(key, identity)
    return Request(id=f"{identity}#{again}" if again else identity, key=key, value=value[:1024], author=manager)
