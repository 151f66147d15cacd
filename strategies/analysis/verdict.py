"""The values every gate speaks in: what was measured, that nothing is known, and what a gate says about it.

They stand apart because sources, gates and the rollout share them. No gate's rules belong here, and no fourth verdict:
what cannot be told is Inconclusive, never a weak pass or a weak failure.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class Verdict(StrEnum):
    """What a gate answers. Inconclusive means wait: it neither advances a release nor rolls it back."""

    PASS = "Pass"  # noqa: S105  it is no password
    FAIL = "Fail"
    INCONCLUSIVE = "Inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One finite number, true at `at`. `key` names its window and orders windows: make it with `window_key`."""

    value: float
    at: datetime
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """There is no number. `reason` is one CamelCase word for machines; `message` says to people what happened."""

    reason: str
    message: str


def window_key(at: datetime) -> str:
    """The key of the window that is evaluated at `at` (aware): UTC with microseconds, so text order is time order."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")
