"""Which name is worked on next: one entry per key, one worker per key, namespaces in turn, what can wait last.

A key is only a name; the worker reads the world. So many events fold into one entry, and an entry added while its key
is being worked on comes back afterwards, because the worker may have read before the event. A namespace with a
thousand keys gets one turn like a namespace with one. Objects, and reasons why something can wait, do not belong here.
"""

import heapq
import itertools
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

Key = tuple[str, str]  # Namespace and name.


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOff:
    """Seconds before a failed key is tried again: doubling from `first` to `longest`, less up to half as jitter."""

    first: float = 0.25
    longest: float = 60.0

    def after(self, failures: int, chance: float) -> float:
        """The wait after so many failures in a row (from 1); `chance` is in 0..1."""
        doubled = self.first * 2.0 ** min(failures - 1, 64)
        return min(doubled, self.longest) * (0.5 + chance / 2)


_LAST = 64
"""One of so many keys is one that can wait, if there is any: none waits for ever."""


class _Lanes:
    """Ready keys, given out so that namespaces take turns and keys of one keep their order."""

    def __init__(self) -> None:
        self._lanes: dict[str, deque[Key]] = {}
        self._turns: deque[str] = deque()  # Namespaces with ready keys, in the order of their turns.

    def __bool__(self) -> bool:
        return bool(self._turns)

    def add(self, key: Key) -> None:
        """At the end of its namespace's lane."""
        namespace = key[0]
        if namespace not in self._lanes:
            self._lanes[namespace] = deque()
            self._turns.append(namespace)
        self._lanes[namespace].append(key)

    def remove(self, key: Key) -> None:
        """Out of its lane, in which it must be."""
        lane = self._lanes[key[0]]
        lane.remove(key)
        if not lane:
            del self._lanes[key[0]]
            self._turns.remove(key[0])

    def take(self) -> Key:
        """The first of the namespace whose turn it is."""
        namespace = self._turns.popleft()
        lane = self._lanes[namespace]
        key = lane.popleft()
        if lane:
            self._turns.append(namespace)
        else:
            del self._lanes[namespace]
        return key


class Queue:
    """A work queue for many threads. `clock` is in seconds and must not jump."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        back_off: BackOff | None = None,
    ) -> None:
        """`clock` and `chance` are replaced in tests, which then call `get(0)` and never sleep."""
        self._clock = clock
        self._chance = chance
        self._back_off = back_off or BackOff()
        self._changed = threading.Condition()
        self._first, self._last = _Lanes(), _Lanes()  # Ready keys.
        self._can_wait: set[Key] = set()  # Those that are in the latter.
        self._in_a_row = 0  # Keys given out since one that could wait.
        self._queued: dict[Key, float] = {}  # Ready keys and since when: what makes an entry unique.
        self._working: set[Key] = set()
        self._again: dict[Key, tuple[float, bool]] = {}  # Added while worked on: since when, and whether it can wait.
        self._due: dict[Key, float] = {}  # Delayed keys: the truth. The heap below may hold stale entries.
        self._alarms: list[tuple[float, int, Key]] = []
        self._order = itertools.count()  # Keys of one due time keep the order in which they came.
        self._failures: dict[Key, int] = {}
        self._closed = False

    def add(self, key: Key, *, last: bool = False) -> None:
        """Work on this key as soon as its turn comes; no matter when it is queued already. `last`: it can wait until nothing
        else is ready, or it is one of so many, unless it is added otherwise meanwhile.
        """
        with self._changed:
            self._add(key, self._clock(), last=last)

    def add_after(self, key: Key, seconds: float) -> None:
        """Work on this key in `seconds`; of several wake-ups for one key only the earliest counts."""
        with self._changed:
            if seconds <= 0:
                self._add(key, self._clock())
            else:
                self._delay(key, self._clock() + seconds)

    def retry(self, key: Key, at_least: float = 0.0) -> float:
        """After a failure: again after a back-off that grows per key, not before `at_least`; returns the seconds."""
        with self._changed:
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            seconds = max(self._back_off.after(failures, self._chance()), at_least)
            self._delay(key, self._clock() + seconds)
            return seconds

    def forget(self, key: Key) -> None:
        """After a success: the next failure starts from the shortest wait again."""
        with self._changed:
            self._failures.pop(key, None)

    def failures(self, key: Key) -> int:
        """How often this key has failed in a row."""
        with self._changed:
            return self._failures.get(key, 0)

    def get(self, timeout: float | None = None) -> Key | None:
        """The next key, which then belongs to the caller until `done`; None after `timeout` seconds or a shut-down."""
        with self._changed:
            until = None if timeout is None else self._clock() + timeout
            while not self._closed:
                self._wake_due()
                if self._queued:
                    return self._take()
                now = self._clock()
                if until is not None and now >= until:
                    return None
                waits = [moment - now for moment in (until, self._next_alarm()) if moment is not None]
                self._changed.wait(max(0.0, min(waits)) if waits else None)
            return None

    def done(self, key: Key) -> None:
        """The caller of `get` is finished with the key, well or not; every `get` needs one."""
        with self._changed:
            self._working.discard(key)
            again = self._again.pop(key, None)
            if again is not None:
                self._add(key, again[0], last=again[1])

    def shut_down(self) -> None:
        """From now on `get` returns None at once and nothing is taken in: the cluster remembers the rest."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether the queue was shut down."""
        return self._closed

    def depth(self) -> int:
        """How many keys are ready and wait for a worker; delayed ones that are not due are not waiting."""
        with self._changed:
            self._wake_due()
            return len(self._queued)

    def oldest_wait(self) -> float:
        """Seconds for which the longest-waiting ready key has waited, what can wait aside; 0 when none waits."""
        with self._changed:
            self._wake_due()
            return self._clock() - min((since for key, since in self._queued.items() if key not in self._can_wait),
                                       default=self._clock())  # fmt: skip

    def _add(self, key: Key, since: float, *, last: bool = False) -> None:
        if self._closed:
            return
        if key in self._working:
            earlier, could_wait = self._again.get(key, (since, last))
            self._again[key] = earlier, could_wait and last
        elif key not in self._queued:
            self._queued[key] = since
            (self._last if last else self._first).add(key)
            if last:
                self._can_wait.add(key)
            self._changed.notify()
        elif key in self._can_wait and not last:
            self._can_wait.discard(key)
            self._queued[key] = since
            self._last.remove(key)
            self._first.add(key)

    def _delay(self, key: Key, due: float) -> None:
        if self._closed or self._due.get(key, due + 1) <= due:
            return
        self._due[key] = due
        if len(self._alarms) > 2 * len(self._due) + 64:  # Mostly stale entries: wake-ups that were overtaken.
            self._alarms = [alarm for alarm in self._alarms if self._due.get(alarm[2]) == alarm[0]]
            heapq.heapify(self._alarms)
        heapq.heappush(self._alarms, (due, next(self._order), key))
        if self._alarms[0][2] == key:
            self._changed.notify()  # A waiting worker must learn of an earlier end of its wait.

    def _wake_due(self) -> None:
        now = self._clock()
        while self._alarms and self._alarms[0][0] <= now:
            due, _, key = heapq.heappop(self._alarms)
            if self._due.get(key) == due:
                del self._due[key]
                self._add(key, due)

    def _next_alarm(self) -> float | None:
        while self._alarms and self._due.get(self._alarms[0][2]) != self._alarms[0][0]:
            heapq.heappop(self._alarms)
        return self._alarms[0][0] if self._alarms else None

    def _take(self) -> Key:
        first = bool(self._first) and (not self._last or self._in_a_row < _LAST - 1)
        self._in_a_row = self._in_a_row + 1 if first else 0
        key = (self._first if first else self._last).take()
        self._can_wait.discard(key)
        del self._queued[key]
        self._working.add(key)
        return key
