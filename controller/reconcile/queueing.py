"""Whose turn it is where a policy limits how many releases may be on their way at a time.

Who is on his way, and who waits since when, stands in the Releases' statuses: nothing is lost with the process. Only the moment
between being let through and the commit that says so is kept here, or two that look at the same time would both go.
"""

import threading
from collections.abc import Sequence
from typing import Any

from controller.reconcile.cluster import Cluster, Key
from controller.reconcile.policies import Limit
from strategies.spec.reason import Reason
from strategies.spec.status import Kind, Status
from strategies.world.observation import Queued

Object = dict[str, Any]
_KEPT = 5.0
"""Seconds for which a place is kept for who was let through and has not committed it."""
_NAMED = 3


class Turnstile:
    """Lets releases through. Safe to use from many threads."""

    def __init__(self, cluster: Cluster) -> None:
        """`cluster` has the view of all Releases."""
        self._cluster = cluster
        self._lock = threading.Lock()
        self._through: dict[Key, float] = {}

    def queued(self, key: Key, status: Status, limits: Sequence[Limit]) -> Queued | None:
        """What this release waits for; None if it may start, and then its place is kept for a moment.

        A place is kept only for one that has waited before with nothing else in its way: who cannot start takes none.
        """
        if not limits or status.trial is not None or status.retiring is not None:
            return None  # One that is on its way has its place, also for a newer template.
        now = self._cluster.clock.steady()
        with self._lock:
            self._through = {other: until for other, until in self._through.items() if until > now}
            going, waiting = self._crowd(key)
            mine = waiting.pop(key, None)
            before = sorted((since, other) for other, since in waiting.items() if mine is None or (since, other) < (mine, key))
            for limit in limits:
                busy = sorted(other for other in going if limit.counts(other[0]))
                ahead = [other for _, other in before if limit.counts(other[0])]
                if len(busy) + len(ahead) >= limit.most:
                    return Queued(message=_told(limit, busy, ahead))
            if mine is not None:
                self._through[key] = now + _KEPT
                return None
        return Queued(message="It is its turn: there is room for it.")

    def _crowd(self, key: Key) -> tuple[set[Key], dict[Key, str]]:
        """Who else is on his way, or was let through and has not said so yet; and who waits, this one included, since when."""
        going, waiting = set[Key](), dict[Key, str]()
        for release in self._cluster.releases.list():
            other, status = (release["metadata"]["namespace"], release["metadata"]["name"]), release.get("status") or {}
            on_its_way = (status.get("trial") or {}).get("kind") == Kind.RELEASE or status.get("retiring")
            queued = status.get("reason") == Reason.QUEUED
            if on_its_way or (queued and other != key and other in self._through):
                going.add(other)
            elif queued:
                waiting[other] = str(status.get("since"))
        return going, waiting


def _told(limit: Limit, busy: Sequence[Key], ahead: Sequence[Key]) -> str:
    said = [f"on their way are {_names(busy)}"] if busy else []
    said += [f"before this one wait {_names(ahead)}"] if ahead else []
    return (f"ReleasePolicy {limit.policy} lets {limit.most} at a time be on their way {limit.where}: {', and '.join(said)}. "
            "It starts by itself when it is its turn; rollbacks are free.")  # fmt: skip


def _names(keys: Sequence[Key]) -> str:
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return ", ".join(f"{namespace}/{name}" for namespace, name in keys[:_NAMED]) + more
