"""A reflector without its thread: the loop's order says when it begins, and when each notification arrives.

Taking in all there is, and an event, and what a failure leads to are the real reflector's own code.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from pydantic_core import from_json

from controller.kube.errors import ApiError, from_status
from controller.kube.reflector import ALL_THERE_IS, Reflector
from controller.kube.store import Change
from playground.apiserver.watching import Watch
from simulation.wire import Wire

Object = dict[str, Any]
_WATCH_SECONDS = "290"


class Whose(Protocol):
    """The process that a view belongs to."""

    wire: Wire

    def soon(self, what: str, action: Callable[[], None]) -> None:
        """A task of it."""

    def later(self, seconds: float, what: str, action: Callable[[], None]) -> object:
        """The same in a while."""

    def sync(self) -> None:
        """A view has all there is."""


class Following(Reflector):
    """One view of one process. Notifications of one watch arrive in order; between watches any order may happen."""

    def __init__(self, process: Whose, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._process = process
        self._waiting: deque[Object] = deque()
        self._watching: Watch | None = None
        self._due = False
        self._ended = False
        self.frozen = False

    @property
    def alive(self) -> bool:
        """As long as its process."""
        return not self._ended

    @property
    def of_all(self) -> dict[str, str]:
        """The query of a watch that begins with all there is."""
        return {**self._query, **ALL_THERE_IS, "timeoutSeconds": _WATCH_SECONDS}

    def start(self) -> None:
        """Begin when the loop's order says so."""
        self._process.soon(f"asks for {self.resource.plural}", self._ask)

    def stop(self, timeout: float = 0.0) -> bool:  # noqa: ARG002  As the real one.
        """Hear nothing more."""
        self._ended = True
        if self._watching is not None:
            self._watching.wake = lambda: None
            self._watching.close()
        return True

    def _ask(self) -> None:
        if self._ended:
            return
        try:
            if self._version is None and self._lists:
                self._list()
                self._process.sync()
            on = {**self._query, "resourceVersion": self._version or "", "timeoutSeconds": _WATCH_SECONDS}
            self._watching = self._process.wire.watch(self._path, self.of_all if self._version is None else on)
        except ApiError as error:
            self._again(error)
            return
        self._watching.wake = self._wake
        self._wake()

    def _again(self, error: ApiError) -> None:
        least = self._failed(error)
        wait = max(least, min(self.pace.longest_wait, self.pace.wait * 2.0 ** min(self._failures, 32)))
        self._process.later(wait, f"asks for {self.resource.plural} again", self._ask)

    def _wake(self) -> None:
        watch = self._watching
        if watch is None or self._ended:
            return
        for line in watch.take().splitlines():
            self._waiting.append(from_json(line))
        if self.frozen or self._due:
            return
        if self._waiting:
            self._due = True
            about = self._waiting[0]["object"].get("metadata", {})
            self._process.soon(f"sees {self.resource.plural} {about.get('name', '')}", self._deliver)
        elif watch.ended:
            self._watching = None
            self._process.soon(f"asks for {self.resource.plural}", self._ask)

    def _deliver(self) -> None:
        self._due = False
        if self._ended or self.frozen or not self._waiting:
            return
        if self._version is None:
            self._take_all(self._waiting.popleft() for _ in range(len(self._waiting)))
            self._process.sync()
        else:
            event = self._waiting.popleft()
            if event["type"] == "ERROR":
                self._lose(event["object"].get("code", 410))
                return
            self._arrives(event)
        self._wake()

    def _arrives(self, event: Object) -> None:
        """A notification is seen."""
        self._take(event)

    def _hand_on(self, change: Change) -> None:
        """As the real one, which logs what this lets through: a callback that raises fails the run."""
        self._on_change(change.old, change.new)

    def _lose(self, code: int) -> None:
        self._waiting.clear()
        if self._watching is not None:
            self._watching.wake = lambda: None
            self._watching.close()
            self._watching = None
        self._again(from_status({"code": code, "reason": "Expired", "message": "the version is compacted"}))
