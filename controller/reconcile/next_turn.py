"""When something needs its next turn. Nothing else belongs here: both kinds of turn answer with it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """In `after` seconds (None: when something changes); `failed` backs off, for `at_least` so many seconds."""

    after: float | None = None
    failed: str | None = None
    at_least: float = 0.0
