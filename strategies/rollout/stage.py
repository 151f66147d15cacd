"""What a stage of the order of effects is: a question to the wanted and the observed world, answered with effects or a wait."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from strategies.rollout.turn import Turn
from strategies.rollout.wanted import World
from strategies.world.effects import Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing to do now: what is waited for, and when at the latest to look again (None: when something changes)."""

    message: str
    until: datetime | None = None


Stage = Callable[[Turn, World], list[Effect] | Wait]
