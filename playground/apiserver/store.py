"""What the cluster remembers: objects, one version counter for all of them, and the recent past for those who watch.

The rules: a stored object is never changed, only replaced; every change has a version of its own; an event is told to
every watcher in the order of versions. What may be written is decided elsewhere.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from pydantic_core import to_json

from playground.apiserver.objects import Key, Object, controller_uid, key_of

HISTORY = 4096
"""How many events of a resource are kept for watches that begin in the past."""


class Stored:
    """One version of one object. `encoded` is made once, when the first reader needs it."""

    __slots__ = ("_encoded", "key", "obj", "version")

    def __init__(self, obj: Object, version: int) -> None:
        self.obj, self.version, self.key = obj, version, key_of(obj)
        self._encoded = b""

    @property
    def encoded(self) -> bytes:
        """As JSON."""
        if not self._encoded:
            self._encoded = to_json(self.obj)
        return self._encoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`kind` is ADDED, MODIFIED or DELETED; `now` the object then, `before` what it replaced."""

    kind: str
    now: Stored
    before: Stored | None

    @property
    def version(self) -> int:
        """The version this change made."""
        return self.now.version


Watcher = Callable[[Event], None]


class Collection:
    """All objects of one resource, whatever its versions."""

    def __init__(self, since: int, history: int) -> None:
        self.history: deque[Event] = deque(maxlen=history)
        self.floor = since
        """Changes up to this version are forgotten."""
        self.watchers: dict[int, Watcher] = {}
        self._objects: dict[Key, Stored] = {}
        self._by_namespace: dict[str, dict[str, Stored]] = {}
        self._by_owner: dict[str, dict[Key, Stored]] = {}
        self._sorted: dict[str, list[Stored]] = {}  # By namespace, and "" for all; emptied by every change there.

    def __len__(self) -> int:
        return len(self._objects)

    def get(self, key: Key) -> Stored | None:
        """The present version."""
        return self._objects.get(key)

    def within(self, namespace: str = "") -> Sequence[Stored]:
        """All of a namespace, or all, ordered by namespace and name as etcd does."""
        found = self._sorted.get(namespace)
        if found is None:
            some = self._by_namespace.get(namespace, {}) if namespace else self._objects
            found = self._sorted[namespace] = sorted(some.values(), key=attrgetter("key"))
        return found

    def owned(self, uid: str) -> list[Stored]:
        """Those whose controller has this uid, ordered by namespace and name."""
        return sorted(self._by_owner.get(uid, {}).values(), key=attrgetter("key"))

    def since(self, version: int) -> Iterator[Event]:
        """The events after this version, which must not be below the floor."""
        return (event for event in list(self.history) if event.version > version)

    def record(self, event: Event) -> None:
        """Let this be so, and tell the watchers."""
        key = event.now.key
        if event.before is not None:
            self._take(event.before)
        if event.kind != "DELETED":
            self._objects[key] = event.now
            self._by_namespace.setdefault(key[0], {})[key[1]] = event.now
            if uid := controller_uid(event.now.obj):
                self._by_owner.setdefault(uid, {})[key] = event.now
        self._sorted.pop("", None)
        self._sorted.pop(key[0], None)
        if len(self.history) == self.history.maxlen:
            self.floor = self.history[0].version
        self.history.append(event)
        for watcher in list(self.watchers.values()):
            watcher(event)

    def _take(self, stored: Stored) -> None:
        namespace, name = stored.key
        del self._objects[stored.key]
        del self._by_namespace[namespace][name]
        if not self._by_namespace[namespace]:
            del self._by_namespace[namespace]
        if uid := controller_uid(stored.obj):
            del self._by_owner[uid][stored.key]
            if not self._by_owner[uid]:
                del self._by_owner[uid]


class Store:
    """The collections, by (group, plural), and the one counter."""

    def __init__(self, history: int = HISTORY) -> None:
        self.version = 1
        self._history = history
        self._collections: dict[tuple[str, str], Collection] = {}

    def collection(self, group: str, plural: str) -> Collection:
        """The collection of this resource, made on first use."""
        found = self._collections.get((group, plural))
        if found is None:
            found = self._collections[group, plural] = Collection(0, self._history)
        return found

    @property
    def collections(self) -> Mapping[tuple[str, str], Collection]:
        """All that have been used."""
        return self._collections

    def put(self, collection: Collection, obj: Object) -> Stored:
        """Create or replace. `obj` becomes the store's own; its resourceVersion is set."""
        before = collection.get(key_of(obj))
        now = self._stamped(obj)
        collection.record(Event(kind="ADDED" if before is None else "MODIFIED", now=now, before=before))
        return now

    def remove(self, collection: Collection, present: Stored, last: Object | None = None) -> Stored:
        """Delete. `last`: its last state where the deletion brings one; by default the present one."""
        obj = last or present.obj
        now = self._stamped(obj | {"metadata": dict(obj["metadata"])})
        collection.record(Event(kind="DELETED", now=now, before=present))
        return now

    def begin(self, group: str, plural: str) -> None:
        """Of an empty collection: nothing is known of the time before now."""
        collection = self.collection(group, plural)
        if not len(collection):
            collection.floor = self.version

    def _stamped(self, obj: Object) -> Stored:
        self.version += 1
        if next(iter(obj)) != "kind":  # Lists leave out what every item begins with.
            obj = {"kind": obj["kind"], "apiVersion": obj["apiVersion"]} | obj
        obj["metadata"]["resourceVersion"] = str(self.version)
        return Stored(obj, self.version)
