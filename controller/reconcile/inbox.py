"""Alerts on their way from Alertmanager to a turn. Nothing is kept: their sender hears whether a turn has taken them.

A standby takes none, and a leader that steps down loses those that no turn has seen; their senders are told so.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.reconcile.cluster import Key
from strategies.world.observation import Alert

_MOST = 100
"""So many of one Release wait at most; what is beyond that must come again."""


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """One delivery: the alerts, and the signal that a turn has committed what they led to."""

    alerts: tuple[Alert, ...]
    taken: threading.Event = field(default_factory=threading.Event)


class Inbox:
    """By Release. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[Key, tuple[Waiting, ...]] = {}

    def put(self, alerts: Mapping[Key, tuple[Alert, ...]]) -> list[Waiting]:
        """Lay them out for the next turn of each Release."""
        made = []
        with self._lock:
            for key, some in alerts.items():
                one = Waiting(some)
                self._waiting[key] = (*self._waiting.get(key, ()), one)[-_MOST:]
                made.append(one)
        return made

    def of(self, key: Key) -> tuple[Waiting, ...]:
        """What waits for this Release."""
        return self._waiting.get(key, ())

    def take(self, key: Key, seen: tuple[Waiting, ...]) -> None:
        """A turn has seen these, and what it has decided is committed."""
        with self._lock:
            left = tuple(one for one in self._waiting.get(key, ()) if one not in seen)
            if left:
                self._waiting[key] = left
            else:
                self._waiting.pop(key, None)
        for one in seen:
            one.taken.set()

    def drop(self) -> None:
        """Another leads: what waits here is not taken any more."""
        with self._lock:
            self._waiting.clear()
