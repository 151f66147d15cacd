"""What one process remembers of a Release between turns. All of it may be lost at any time: nothing is decided by it alone.

What must survive belongs into the status.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from controller.reconcile.requests import Presence
from strategies.analysis.pods import PodHealth
from strategies.analysis.verdict import Sample, Unknown
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Status
from strategies.world.effects import Effect
from strategies.world.observation import Kept

LONGEST_PATIENCE = 30.0


@dataclass(slots=True)
class Failing:
    """An effect that failed: how often in a row, with what error, and not before when it is tried again."""

    error: str
    count: int
    not_before: float


@dataclass(slots=True)
class Memory:
    """Soft state of one Release. `hold` with when it was looked at (monotonic seconds), `pods_due` when pods that are not ready
    are looked at next; `gateways` is a problem of the route at a resourceVersion, `spec` the parsed spec, or what is wrong with
    it, of a generation, `status` the committed status of a Release as it was read, and whether it could be, `lost` the last
    effect that lost a race and how many times in a row.
    """

    uid: str
    samples: dict[str, tuple[Sample | Unknown, ...]] = field(default_factory=dict)
    asked: dict[str, datetime] = field(default_factory=dict)
    failing: dict[str, Failing] = field(default_factory=dict)
    hold: bool | Unknown | None = None
    hold_at: float = 0.0
    kept: tuple[Kept, ...] | None = None
    autoscaled: bool | None = None
    gateways: tuple[str, str | None] | None = None
    route_seen: tuple[int, datetime] | None = None
    serving_seen: tuple[str, datetime] | None = None
    pins_seen: tuple[Mapping[str, str | None], datetime] | None = None
    pods: tuple[PodHealth, ...] | Unknown = ()
    pods_at: float = 0.0
    pods_due: float | None = None
    published_at: float = 0.0
    publish_in: float = 0.0
    scope: bool = False
    busy: bool = False
    attempt: int = 0
    spec: tuple[int, ReleaseSpec | None, str | None] | None = None
    status: tuple[Mapping[str, Any], Status, bool] | None = None
    presence: Presence = field(default_factory=Presence)
    lost: tuple[Effect | None, int] = (None, 0)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def attend(self, attempt: int) -> None:
        """What was answered, or seen of pods, in another trial is none of this one's evidence."""
        with self.lock:
            if attempt != self.attempt:
                self.attempt, self.samples, self.asked = attempt, {}, {}
                self.pods, self.pods_at, self.autoscaled = (), 0.0, None

    def answered(self, attempt: int, gate: str, answer: Sample | Unknown) -> None:
        """A gate's answer arrived; called from the threads that ask. The newest are kept until the status has them."""
        with self.lock:
            if attempt != self.attempt:
                return
            before = tuple(s for s in self.samples.get(gate, ()) if isinstance(s, Sample))
            self.samples[gate] = (*before, answer)[-20:]

    def answers(self) -> dict[str, tuple[Sample | Unknown, ...]]:
        """The answers so far."""
        with self.lock:
            return dict(self.samples)

    def lost_race(self, effect: Effect) -> int:
        """Note that the world was not as this very effect expects; returns how many times in a row."""
        last, count = self.lost
        self.lost = (effect, count + 1 if effect == last else 1)
        return self.lost[1]

    def failed(self, kind: str, error: str, now: float, at_least: float) -> float:
        """Note that an effect failed; returns in how many seconds it may be tried again."""
        count = self.failing[kind].count + 1 if kind in self.failing else 1
        wait = max(at_least, min(LONGEST_PATIENCE, 0.25 * 2.0 ** min(count, 10)))
        self.failing[kind] = Failing(error=error, count=count, not_before=now + wait)
        return wait
