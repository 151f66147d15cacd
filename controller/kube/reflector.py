"""Following one collection for ever: begin with all there is, watch on from there, and never believe a silence.

    begin ──► watch ──► ended in order, unreachable, unavailable ──► watch again from the last version seen
      ▲         └─────► Gone, refused, mute from the start, failed five times in a row ──► begin again
      └── every way back waits first: full jitter, doubling up to a cap, from the start again after a success

One call begins and goes on: the watch tells all there is, marks the end of that, and then tells what happens. Where that
fails (an API server may be told not to do it, or its etcd be too old), the next beginning is a list, and if that fails
too a watch again. Deletions missed between two beginnings are found by comparing and reported like any other. What the
objects mean, and any work on a change beyond handing it on, does not belong here: the callback runs in the thread that
follows.
"""

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from controller.kube.answers import Object
from controller.kube.client import LIST_TIMEOUTS, MUTE_AFTER, WATCH_SECONDS, Client
from controller.kube.errors import ApiError, Unavailable, Unreachable
from controller.kube.paths import Resource
from controller.kube.store import Change, Key, Store, Trim, key_of, without_managed_fields
from controller.kube.watching import Watch

OnChange = Callable[[Object | None, Object | None], None]

ALL_THERE_IS = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
_ALL_TOLD = "k8s.io/initial-events-end"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds, but for the last: how long a watch lasts, how long silence is believed, and how back-off grows."""

    watch: float = float(WATCH_SECONDS)
    mute: float = MUTE_AFTER
    hushed: float = LIST_TIMEOUTS.read  # The same before all there is has been told: then there is always more to say.
    wait: float = 0.2
    longest_wait: float = 15.0
    shortest_watch: float = 1.0  # A watch that ends sooner and brought nothing is a failure, not an end.
    failures: int = 5  # In a row from one version, before beginning again.


def _ignore(old: Object | None, new: Object | None) -> None:
    """The callback of a reflector that is only read."""


class Reflector:
    """Keeps `store` equal to a collection of the API, in a thread of its own.

    `on_change(old, new)` is called from that thread, one change at a time: `old` is None for a new object, `new` is
    None for one that is gone. It must be quick; an exception in it is logged and the object counts as handed on.
    """

    pace = Pace()  # Set on the instance before `start` to change it.

    def __init__(
        self,
        client: Client,
        resource: Resource,
        *,
        namespace: str | None = None,
        chosen: Mapping[str, str] | None = None,
        on_change: OnChange = _ignore,
        trim: Trim = without_managed_fields,
    ) -> None:
        """Without a namespace all are followed.

        `chosen` narrows them, as the API's query does: labelSelector, fieldSelector; `trim` decides what is kept.
        """
        self.store = Store(trim)
        self.synced = threading.Event()
        self.resource = resource
        self._client = client
        self._path = resource.path(namespace)
        self._query = dict(chosen or {})
        self._on_change = on_change
        self._trim = trim
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._watch: Watch | None = None
        self._version: str | None = None  # Where to watch from; None before the beginning and when it is lost.
        self._lists = False  # Whether the next beginning is a list.
        self._heard: float | None = None
        self._failures = 0  # In a row, without a single event in between.
        self._thread = threading.Thread(target=self._follow, name=f"follow-{resource.plural}", daemon=True)

    def start(self) -> None:
        """Begin; returns at once. `synced` is set when all there is was put into the store and handed on."""
        self._thread.start()

    def stop(self, timeout: float = 2.0) -> bool:
        """End it, closing the watch. Says whether the thread ended within `timeout` seconds."""
        self._stopping.set()
        with self._lock:
            if self._watch is not None:
                self._watch.close()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        """Whether the following thread runs."""
        return self._thread.is_alive()

    def staleness(self) -> float:
        """Seconds since the API last told anything, be it only a bookmark; infinite before the beginning."""
        return math.inf if self._heard is None else time.monotonic() - self._heard

    def _follow(self) -> None:
        while not self._stopping.is_set():
            least = 0.0
            try:
                if self._version is None and self._lists:
                    self._list()
                self._watch_from(self._version)
                self._failures = 0
            except ApiError as error:
                least = self._failed(error)
            except Exception:
                # Nothing known comes here, but a cache that silently stops following is the worst of all ends.
                self._failures += 1
                self._version = None
                log.exception("following %s failed in an unexpected way; beginning again", self._path)
            ceiling = min(self.pace.longest_wait, self.pace.wait * 2.0 ** min(self._failures, 32))
            jitter = random.uniform(0.0, ceiling)  # noqa: S311  No secret.
            self._stopping.wait(max(least, jitter))

    def _failed(self, error: ApiError) -> float:
        """Note a failure and decide where to go on from; returns the least wait that the server asked for."""
        self._failures += 1
        if self._version is None:
            self._lists = not self._lists
        passing = isinstance(error, (Unavailable, Unreachable))
        if not passing or self._failures % self.pace.failures == 0:
            self._version = None
        log.warning("following %s, failure %d in a row: %s", self._path, self._failures, error)
        return error.retry_after or 0.0

    def _list(self) -> None:
        """A complete list into the store. Pages are trimmed as they come: untrimmed they would add up."""
        objects: dict[Key, Object] = {}
        version = ""
        for page, version in self._client.pages(self._path, self._query):  # noqa: B007  The last page's counts.
            for obj in page:
                trimmed = self._trim(obj)
                objects[key_of(trimmed)] = trimmed
            self._heard = time.monotonic()
            if self._stopping.is_set():
                return
        self._begin(objects, version)

    def _take_all(self, events: Iterable[Object]) -> None:
        """A watch's events up to the mark: all there is, into the store when it is complete and not one by one."""
        objects: dict[Key, Object] = {}
        for event in events:
            self._heard = time.monotonic()
            obj = event["object"]
            metadata = obj.get("metadata") or {}
            if event["type"] != "BOOKMARK":
                if event["type"] == "DELETED":
                    objects.pop(key_of(obj), None)
                else:
                    trimmed = self._trim(obj)
                    objects[key_of(trimmed)] = trimmed
            elif (metadata.get("annotations") or {}).get(_ALL_TOLD) == "true" and metadata.get("resourceVersion"):
                self._begin(objects, str(metadata["resourceVersion"]))
                return
        if not self._stopping.is_set():
            raise Unreachable("CutShort", "the watch ended before it had told all there is")

    def _begin(self, objects: Mapping[Key, Object], version: str) -> None:
        for change in self.store.replace(objects, version):
            self._hand_on(change)
        self._version = version
        self.synced.set()

    def _watch_from(self, version: str | None) -> None:
        """One watch to its end, of all there is if there is no version. That moves on with every event, so that a broken
        watch costs nothing.
        """
        jitter = random.uniform(0.85, 1.0)  # noqa: S311  No secret.
        seconds = max(1, int(self.pace.watch * jitter))
        start = ALL_THERE_IS if version is None else {"resourceVersion": version}
        query = {**self._query, **start, "timeoutSeconds": str(seconds)}
        started = time.monotonic()
        watch = self._client.watch(self._path, query, self.pace.hushed if version is None else self.pace.mute)
        with self._lock:
            self._watch = watch
        if self._stopping.is_set():
            watch.close()
        events = 0
        try:
            if version is None:
                self._take_all(watch)
                watch.mute_after(self.pace.mute)
                events += 1
            for event in watch:
                events += 1
                self._take(event)
        except Unreachable as error:
            # Mute from the start may be a version of the future: etcd was restored, and the server waits for it.
            if not events and error.reason == "Timeout":
                self._version = None
            raise
        finally:
            watch.close()
        short = time.monotonic() - started < self.pace.shortest_watch
        if not events and short and not self._stopping.is_set():
            raise Unreachable("EndedAtOnce", "the watch was accepted and ended at once")

    def _take(self, event: Object) -> None:
        self._heard = time.monotonic()
        self._failures = 0
        obj = event["object"]
        version = str((obj.get("metadata") or {}).get("resourceVersion") or "")
        if event["type"] == "BOOKMARK":
            self.store.advance(version)
        elif change := self.store.apply(event["type"], obj):
            self._hand_on(change)
        self._version = version or self._version

    def _hand_on(self, change: Change) -> None:
        try:
            self._on_change(change.old, change.new)
        except Exception:
            log.exception("a change of %s could not be handed on", key_of(change.new or change.old or {}))
