"""Who may lead: the rule over a Lease, as a function of values.

A Lease carries the holder's wall-clock times, which no other machine may trust. So a candidate never reads them: it
measures, on its own monotonic clock, for how long the record has not changed *since it saw it change*. A holder renews
by changing the record; it must stop leading before the time for which others wait has passed, counted from *before* it
sent its last successful renewal. The difference between the two is the margin for clocks that run at different speeds.

Threads, calls and clocks do not belong here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

SHORTEST_DURATION = 1.0
LONGEST_DURATION = 300.0  # A record with a longer one is a mistake, and must not keep everybody out for a day.
MOST_TRANSITIONS = 2**31 - 1
"""An int32: the API server stores no more, and would refuse every taking over of a Lease that somebody has set so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a Lease says: `holder` is "" when it was released; `duration` in seconds."""

    holder: str
    duration: float
    transitions: int
    acquired: str
    renewed: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A record (None: there is no Lease) and when, on our monotonic clock, we first saw it so."""

    record: Record | None
    since: float


@dataclass(frozen=True, slots=True)
class Create:
    """There is no Lease: make one with us as its holder."""


@dataclass(frozen=True, slots=True)
class Take:
    """The Lease is free or has run out: take it, if it is still as we saw it."""

    transitions: int


@dataclass(frozen=True, slots=True)
class Renew:
    """The Lease is ours: renew it."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody else holds it; it runs out in `seconds` unless renewed."""

    holder: str
    seconds: float


Verdict = Create | Take | Renew | Wait


def judge(seen: Observation, now: float, identity: str) -> Verdict:
    """What `identity` may do. The holder's own duration counts: another version may be configured differently."""
    record = seen.record
    if record is None:
        return Create()
    if record.holder == identity:
        return Renew()
    remaining = seen.since + record.duration - now
    if record.holder and remaining > 0:
        return Wait(record.holder, remaining)
    return Take(record.transitions + 1 if 0 <= record.transitions < MOST_TRANSITIONS else 0)


def observe(before: Observation | None, record: Record | None, now: float) -> Observation:
    """The observation after reading `record`: a change starts its time anew, no change leaves it running."""
    if before is not None and before.record == record:
        return before
    return Observation(record=record, since=now)


def read(lease: dict[str, Any]) -> Record:
    """The record in a Lease object; a missing or senseless duration becomes the nearest that makes sense."""
    spec, metadata = lease.get("spec") or {}, lease.get("metadata") or {}
    duration = spec.get("leaseDurationSeconds")
    transitions = spec.get("leaseTransitions")
    return Record(
        holder=str(spec.get("holderIdentity") or ""),
        duration=min(max(float(duration), SHORTEST_DURATION), LONGEST_DURATION)
        if isinstance(duration, (int, float))
        else SHORTEST_DURATION,
        transitions=transitions if isinstance(transitions, int) else 0,
        acquired=str(spec.get("acquireTime") or ""),
        renewed=str(spec.get("renewTime") or ""),
        version=str(metadata.get("resourceVersion") or ""),
    )


def written(holder: str, duration: int, transitions: int, acquired: str, renewed: str) -> dict[str, Any]:
    """The spec of a Lease; the times are for people."""
    return {
        "holderIdentity": holder,
        "leaseDurationSeconds": duration,
        "leaseTransitions": transitions,
        "acquireTime": acquired or None,
        "renewTime": renewed,
    }


def micro_time(moment: datetime) -> str:
    """A moment in UTC in the API's MicroTime format."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
