"""Watches over HTTP: one long answer of lines, one line per change, from a moment on.

A watch begins with the past it asks for, or with all there is, then follows the store. It ends when its time is up, when the
reader goes, or when the reader is too slow. An object that stops matching the selector is DELETED for this reader, one that
begins to is ADDED.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

from pydantic_core import to_json

from playground.apiserver import errors
from playground.apiserver.calls import Call, flag
from playground.apiserver.context import Context
from playground.apiserver.objects import Object
from playground.apiserver.reading import check_options, question
from playground.apiserver.store import Event, Stored
from playground.apiserver.views import View
from playground.loop import Timer

BOOKMARK_SECONDS = 60.0
DEFAULT_SECONDS = 1800.0
LINES_WAITING = 100_000
"""A reader that is so many lines behind is sent away, to list again."""
_INITIAL_END = {"k8s.io/initial-events-end": "true"}


class Watch:
    """The lines to send. `wake` is called when there are some, and when it has ended."""

    def __init__(self, context: Context, call: Call, view: View, query: Mapping[str, str]) -> None:
        """Raises ApiError for a query that makes no sense; a version too old is told as an event, as the real server does."""
        self.wake: Callable[[], None] = lambda: None
        self.ended = False
        self._context, self._call, self._view = context, call, view
        self._matches = question(call, query)
        self._collection = context.collection(call.resource)
        self._lines: deque[bytes] = deque()
        self._timers: list[Timer] = []
        self._number = context.next_watch()
        self._bookmarks = flag(query, "allowWatchBookmarks")
        self._begin(query)

    def take(self) -> bytes:
        """All lines that wait, and none twice."""
        lines = b"".join(self._lines)
        self._lines.clear()
        return lines

    def close(self) -> None:
        """End it: nothing is sent any more."""
        self.ended = True
        self._collection.watchers.pop(self._number, None)
        for timer in self._timers:
            timer.cancel()
        self.wake()

    def _begin(self, query: Mapping[str, str]) -> None:
        check_options(query, watch=True)
        text = query.get("resourceVersion", "")
        if not (text or "0").isdigit():
            raise errors.bad_request(f"resourceVersion: Invalid value: {errors.quoted(text)}: must be a number")
        version, present = int(text or 0), self._context.store.version
        initial = flag(query, "sendInitialEvents") if "sendInitialEvents" in query else not version
        if initial and version > present:
            self._fail(errors.too_large_version(version, present))
            return
        if version and not initial and version < self._collection.floor:
            self._fail(errors.expired(f"too old resource version: {version} ({self._collection.floor})"))
            return
        if initial:
            for stored in self._collection.within(self._call.namespace):
                if self._matches is None or self._matches(stored.obj):
                    self._send("ADDED", self._view.one(stored))
        else:
            for event in self._collection.since(version or present):
                self._on_event(event)
        if initial and self._bookmarks:
            self._bookmark(_INITIAL_END)
        self._collection.watchers[self._number] = self._on_event
        self._set_timers(query)

    def _set_timers(self, query: Mapping[str, str]) -> None:
        seconds = float(query.get("timeoutSeconds") or 0) or DEFAULT_SECONDS + 10 * (self._number % 60)
        self._timers.append(self._context.loop.later(seconds, f"watch {self._number} ends", self._time_out))
        if self._bookmarks:
            self._later_bookmark()

    def _later_bookmark(self) -> None:
        def mark() -> None:
            self._bookmark()
            self._later_bookmark()

        self._timers[1:] = [self._context.loop.later(BOOKMARK_SECONDS, f"watch {self._number} bookmark", mark)]

    def _time_out(self) -> None:
        if self._bookmarks and not self.ended:
            self._bookmark()
        self.close()

    def _bookmark(self, annotations: Object | None = None) -> None:
        metadata: Object = {"resourceVersion": str(self._context.store.version), "creationTimestamp": None}
        self._send("BOOKMARK", self._view.bookmark(metadata | ({"annotations": annotations} if annotations else {})))

    def _fail(self, error: errors.ApiError) -> None:
        self._send("ERROR", to_json(error.body))
        self.close()

    def _on_event(self, event: Event) -> None:
        if self._call.namespace and event.now.key[0] != self._call.namespace:
            return
        kind = event.kind if self._matches is None else self._seen(event)
        if kind == "DELETED" and event.kind != "DELETED":
            event = replace(event, now=_gone(event))
        if kind:
            self._send(kind, self._view.one(event.now))

    def _seen(self, event: Event) -> str:
        """What this event is to a reader with a selector; "" for nothing."""
        assert self._matches is not None
        before = event.before is not None and self._matches(event.before.obj)
        now = event.kind != "DELETED" and self._matches(event.now.obj)
        return {(True, True): "MODIFIED", (False, True): "ADDED", (True, False): "DELETED"}.get((before, now), "")

    def _send(self, kind: str, obj: bytes) -> None:
        if self.ended:
            return
        self._lines.append(b'{"type":"%s","object":%s}\n' % (kind.encode(), obj))
        if len(self._lines) > LINES_WAITING:
            self._lines.clear()
            self.close()
        self.wake()


def _gone(event: Event) -> Stored:
    """The last state that matched, with the version in which it stopped to."""
    assert event.before is not None
    obj = event.before.obj
    return Stored(obj | {"metadata": obj["metadata"] | {"resourceVersion": str(event.version)}}, event.version)
