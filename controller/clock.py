"""The two clocks that everything in the shell reads, as a value, so that tests can bring their own time.

Only what decides when something happens is read from here; deadlines of sockets are the sockets' own business.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def elapsed() -> float:
    """Seconds on a clock that never jumps and, where the system has one, goes on while the machine is suspended."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """`wall` tells the time that people and other machines share and that may jump; `steady` counts seconds and never does."""

    wall: Callable[[], datetime] = utc_now
    steady: Callable[[], float] = elapsed


SYSTEM = Clock()
