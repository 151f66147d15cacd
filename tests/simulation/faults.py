"""What can go wrong, as data: a plan is a tuple of faults, and the same plan gives the same run.

A fault says at which of the controller's writes, calls or notifications it strikes. How it strikes is in wire.py and views.py.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The first group strikes a write, or any call; the second a notification; the third happens at a moment."""

    CRASH_BEFORE = "crash-before"
    CRASH_AFTER = "crash-after"
    LOST = "response-lost"
    UNSENT = "request-lost"
    CONFLICT = "409"
    THROTTLED = "429"
    BROKEN = "500"
    REFUSED = "403"
    SLOW = "slow"
    OVERLAP = "overlap"
    OVERTAKEN = "overtaken"
    FROZEN = "frozen"
    UNOBSERVED = "unobserved"
    COMPACTED = "410"

    POD_DELETED = "pod-deleted"
    SCALED = "scaled"
    SILENT = "no-samples"
    NOT_A_NUMBER = "nan"
    ROUTE_RESET = "route-reset"
    APPLIED = "applied-again"
    POLICY_GONE = "policy-gone"
    OUTAGE = "api-outage"
    FORBIDDEN = "rbac-revoked"
    CLOCK_JUMP = "clock-jump"
    STORM = "annotation-storm"
    KILLED = "killed"
    LAGGING = "lagging"
    DOWN = "down"
    NODE_LOST = "node-lost"
    ROUTE_REFUSED = "route-refused"


LEADERS = frozenset({Kind.OVERLAP, Kind.OVERTAKEN})
"""The process stands still, before its call reaches the server or before the answer reaches it, and another one leads."""


class On(StrEnum):
    """What is counted."""

    WRITE = "write"
    CALL = "call"
    EVENT = "event"
    TIME = "second"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`at`: the number, from 1, of the write, call or notification that it strikes, or the story's second at which it happens.

    `seconds`: how long, where that has a meaning; of SCALED how many replicas, of CLOCK_JUMP how far.
    """

    kind: Kind
    on: On
    at: int
    seconds: float = 0.0

    def __str__(self) -> str:
        """As it can be typed again."""
        return f"{self.kind}@{self.on}{self.at}" + (f"/{self.seconds:g}" if self.seconds else "")


Plan = tuple[Fault, ...]


def parse(text: str) -> Plan:
    """A plan from its printed form, faults separated by spaces."""
    return tuple(_parse(part) for part in text.split())


def _parse(text: str) -> Fault:
    kind, _, rest = text.partition("@")
    where, _, seconds = rest.partition("/")
    on = next(o for o in On if where.startswith(o))
    return Fault(kind=Kind(kind), on=on, at=int(where.removeprefix(on)), seconds=float(seconds or 0))
