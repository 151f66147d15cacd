"""What the API shows, seen from outside by watches: which value each object had, and when that was first seen.

A watch's event is some milliseconds younger than the write; figures are therefore rather too high than too low.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from tests.controlplane.api import ApiFailure, Client

Object = dict[str, Any]
Key = tuple[str, str]
T = TypeVar("T")
A = TypeVar("A")
_WATCH_SECONDS = 3600


class TooLate(Exception):
    """What a bench waits for did not come about; the message says what was seen last."""


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """A value, and the moment (seconds since the epoch) at which it was first seen; None: the object is gone."""

    at: float
    key: Key
    value: T | None


class View(Generic[T]):
    """Follows a collection in a thread; in a `with` block, to its end. `read` takes from an object the little that matters."""

    def __init__(self, client: Client, path: str, read: Callable[[Object], T]) -> None:
        self.now: dict[Key, T] = {}
        self.log: list[Seen[T]] = []
        self._client, self._path, self._read = client, path, read
        self._changed, self._ended = threading.Condition(), False
        threading.Thread(target=self._follow, name=f"view {path}", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True

    def wait_for(self, question: Callable[[], A | None], timeout: float, what: str) -> A:
        """The first answer that is not None; asked again after each event. Raises TooLate."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while (answer := question()) is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TooLate(f"{what} did not come about in {timeout:g} s; last seen: {list(self.now.items())[:3]}")
                self._changed.wait(min(left, 1.0))
            return answer

    def wait_until(self, key: Key, holds: Callable[[T], bool], timeout: float = 60) -> T:
        """The object's value, once it is as wanted. Raises TooLate."""

        def there() -> T | None:
            value = self.now.get(key)
            return value if value is not None and holds(value) else None

        return self.wait_for(there, timeout, f"{key[0]}/{key[1]}")

    def first(self, key: Key, since: float, holds: Callable[[T], bool]) -> float | None:
        """When the object was first seen to be as wanted, after that moment."""
        mine = (seen for seen in self.log if seen.at >= since and seen.key == key)
        return next((seen.at for seen in mine if seen.value is not None and holds(seen.value)), None)

    def _follow(self) -> None:
        while not self._ended:
            try:
                for event in self._client.watch(self._path, _WATCH_SECONDS):
                    if self._ended:
                        return  # What nobody reads any more is not sent to us either.
                    self._take(time.time(), event)
            except (OSError, ApiFailure):
                time.sleep(0.1)  # The place is being taken down, or the collection is not known yet.

    def _take(self, at: float, event: Object) -> None:
        if event["type"] not in ("ADDED", "MODIFIED", "DELETED"):
            return
        metadata = event["object"]["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        value = None if event["type"] == "DELETED" else self._read(event["object"])
        with self._changed:
            if value is None:
                self.now.pop(key, None)
            elif self.now.get(key) == value:
                return
            else:
                self.now[key] = value
            self.log.append(Seen(at, key, value))
            self._changed.notify_all()
