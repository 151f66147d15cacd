"""The keys a controller has still to look at: each at most once, each as a task of its own on the loop.

Why: an event only says where to look. Nothing about an object is ever kept in the queue.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from playground.apiserver.errors import ApiError
from playground.loop import Loop, Timer

K = TypeVar("K", bound=tuple[str, ...])
FIRST_RETRY = 0.005
LONGEST_RETRY = 1000.0


class Queue(Generic[K]):
    """`work(key)` is done for each key, a tuple of names. When it raises ApiError it is done again: after 5 ms, then twice
    as long each time.
    """

    def __init__(self, loop: Loop, name: str, work: Callable[[K], None]) -> None:
        self._loop = loop
        self._name = name
        self._work = work
        self._waiting: set[K] = set()
        self._failures: dict[K, int] = {}
        self._timers: dict[K, Timer] = {}

    def add(self, key: K) -> None:
        """Look at this soon."""
        if key not in self._waiting:
            self._waiting.add(key)
            self._loop.soon(self._task(key), lambda: self._run(key))

    def later(self, key: K, seconds: float) -> None:
        """Look at this when so much time has passed, or earlier if that was asked for before."""
        timer = self._timers.get(key)
        if timer and timer.action is not None and timer.due <= self._loop.now() + seconds:
            return
        if timer:
            timer.cancel()
        self._timers[key] = self._loop.later(seconds, f"{self._task(key)} is due", lambda: self._due(key))

    def _task(self, key: K) -> str:
        return f"{self._name} {'/'.join(filter(None, key))}"

    def _due(self, key: K) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def _run(self, key: K) -> None:
        self._waiting.discard(key)
        try:
            self._work(key)
        except ApiError:
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            self.later(key, min(FIRST_RETRY * 2 ** (failures - 1), LONGEST_RETRY))
        else:
            self._failures.pop(key, None)
