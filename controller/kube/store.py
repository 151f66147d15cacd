"""The objects one reflector has seen, by namespace and name, for many readers.

Objects are shared, not copied: whoever changes one changes it for all, so nobody does. Following the API does not
belong here, nor does any index but the one by namespace.

Versions. An event older than what is stored (same uid, smaller resourceVersion) is dropped: the only way for that to
happen is that `remember` put the answer of our own write in first, and undoing it would show the next turn a world
from before its own act. The event of such a write itself is no news either: who wrote knows, and tells whom it concerns.
Kubernetes promises since 1.35 that resourceVersions of one resource compare as integers; every
version before it kept them so. A version that is no integer is taken as new, which is what happened without the rule.
Across uids nothing is compared: an object deleted and made again is another object.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controller.kube.answers import Object

Key = tuple[str, str]
Trim = Callable[[Object], Object]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one object: `old` is None for a new one, `new` is None for one that is gone."""

    old: Object | None
    new: Object | None


Changes = list[Change]


def key_of(obj: Object) -> Key:
    """Namespace ("" for cluster-scoped objects) and name."""
    metadata = obj.get("metadata") or {}
    return str(metadata.get("namespace") or ""), str(metadata.get("name") or "")


def version_of(obj: Object) -> int:
    """The resourceVersion as a number; 0 where it is none."""
    version = str((obj.get("metadata") or {}).get("resourceVersion") or "")
    return int(version) if version.isdecimal() else 0


def without_managed_fields(obj: Object) -> Object:
    """The usual trim: a third of an object's bytes, and of use to nobody who only reads."""
    metadata = obj.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("managedFields", None)
    return obj


class Store:
    """A thread-safe mirror of a collection. Reading never blocks on the network."""

    def __init__(self, trim: Trim = without_managed_fields) -> None:
        """`trim` may change the object or return another; name, namespace, uid and resourceVersion must stay."""
        self._trim = trim
        self._lock = threading.Lock()
        self._objects: dict[str, dict[str, Object]] = {}
        self._own: set[Key] = set()  # Put in by `remember` and not yet seen in the watch.
        self._seen = 0  # The version up to which the API has told us everything.

    def get(self, namespace: str, name: str) -> Object | None:
        """One object; namespace is "" for cluster-scoped ones."""
        with self._lock:
            return self._objects.get(namespace, {}).get(name)

    def list(self, namespace: str | None = None) -> list[Object]:
        """All objects of a namespace, or all there are."""
        with self._lock:
            if namespace is not None:
                return [*self._objects.get(namespace, {}).values()]
            return [obj for named in self._objects.values() for obj in named.values()]

    def remember(self, obj: Object) -> bool:
        """Put in the answer of our own write, so that the next turn sees it. Says whether it was news.

        It is not when the watch has already told of this version: then the store has it, or something newer, or the
        object is gone again.
        """
        obj = self._trim(obj)
        version, key = version_of(obj), key_of(obj)
        with self._lock:
            stored = self._find(key)
            if version <= self._seen or (stored is not None and version_of(stored) >= version):
                return False
            self._put(key, obj)
            self._own.add(key)
            return True

    def apply(self, kind: str, obj: Object) -> Change | None:
        """Take in an ADDED, MODIFIED or DELETED event; None when it changes nothing."""
        obj = self._trim(obj)
        version, key = version_of(obj), key_of(obj)
        with self._lock:
            self._seen = max(self._seen, version)
            stored = self._find(key)
            own = key in self._own
            if stored is not None and _outdated(stored, obj, version, own=own):
                return None
            self._own.discard(key)
            if kind != "DELETED":
                if own and stored is not None and _identity(stored) == _identity(obj):
                    return None
                self._put(key, obj)
                return Change(stored, obj)
            self._drop(key)
            return Change(stored, None) if stored is not None else None

    def advance(self, version: str) -> None:
        """A bookmark: the API has told us everything up to this version."""
        with self._lock:
            self._seen = max(self._seen, int(version) if version.isdecimal() else 0)

    def replace(self, objects: Mapping[Key, Object], version: str) -> Changes:
        """Take in a complete list of already trimmed objects; what is not in it is gone, and reported so."""
        listed_at = int(version) if version.isdecimal() else 0
        changes: list[Change] = []
        with self._lock:
            # A list from before what we have seen: etcd was restored. Nothing of ours outranks it.
            restored = listed_at < self._seen
            self._seen = listed_at
            for key, stored in [((s, n), o) for s, named in self._objects.items() for n, o in named.items()]:
                if key in self._own and version_of(stored) > listed_at and not restored:
                    continue  # Our own write, made after the list was read.
                self._own.discard(key)
                if key not in objects:
                    self._drop(key)
                    changes.append(Change(stored, None))
                elif _identity(stored) != _identity(objects[key]):
                    changes.append(Change(stored, objects[key]))
                    self._put(key, objects[key])
            for key, obj in objects.items():
                if self._find(key) is None:
                    self._put(key, obj)
                    changes.append(Change(None, obj))
        return changes

    def _find(self, key: Key) -> Object | None:
        return self._objects.get(key[0], {}).get(key[1])

    def _put(self, key: Key, obj: Object) -> None:
        self._objects.setdefault(key[0], {})[key[1]] = obj

    def _drop(self, key: Key) -> None:
        named = self._objects.get(key[0], {})
        named.pop(key[1], None)
        if not named:
            self._objects.pop(key[0], None)


def _identity(obj: Object) -> tuple[object, object]:
    metadata = obj.get("metadata") or {}
    return metadata.get("uid"), metadata.get("resourceVersion")


def _outdated(stored: Object, incoming: Object, version: int, *, own: bool) -> bool:
    """Whether an event tells of a time before what is stored.

    For another uid that is so only when the stored one is our own write: the event is about its predecessor.
    """
    same = (stored.get("metadata") or {}).get("uid") == (incoming.get("metadata") or {}).get("uid")
    return (same or own) and 0 < version < version_of(stored)
