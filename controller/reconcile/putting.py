"""When a question is put that is put until its answer is final, once for each step: to a web server, or to both contracts.

What was answered is kept in the memory, by the idempotency key of the step; a final answer stands in the status soon after.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from controller.clock import Clock
from controller.reconcile.cluster import Key
from controller.reconcile.memory import Call, Memory
from strategies.analysis.verdict import Unknown, Verdict
from strategies.rollout import webhooks
from strategies.spec.status import Status
from strategies.world.observation import Differing, Told

Send = Callable[[Callable[[Any], None], datetime, int], None]
"""Puts it: whom to tell the answer, the time that it is dated, and how often it was put in vain."""
_FIRST, _LONGEST = 2.0, 60.0
"""Seconds between two questions that were put in vain; doubled each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a gate asks in this step; `waits`: how long after an answer that is not final it is put again."""

    key: Key
    gate: str
    status: Status
    memory: Memory
    waits: timedelta = timedelta()

    def put(self, clock: Clock, wake: Callable[[Key], None], send: Send, *, hurry: bool = False) -> list[datetime]:
        """Put it if it is due, or if it waits between two and there is a `hurry`; when it is due again."""
        trial, memory, now = self.status.trial, self.memory, self.memory.asking_at(clock)
        if trial is None or self.status.paused or not webhooks.is_open(self.status, self.gate):
            return []
        id_, own = webhooks.key_of(self.gate, memory.uid, trial), memory.now(clock)
        known = memory.calls.get(id_)
        waiting = hurry and known is not None and known.again is not None and not known.failures
        if known is not None and not waiting and (known.again is None or own < known.again):
            return [now + (known.again - own)] if known.again else []
        asking, failures = memory.asking(self.gate), known.failures if known else 0
        memory.calls[id_] = Call(failures=failures)

        def heard(answer: Told | Differing | Unknown) -> None:
            # By the time that nobody sets: after a clock that was ahead is set back, nobody would be asked for as long.
            wait = self._pause(answer, failures)
            memory.heard(asking, self.gate, id_, answer, None if wait is None else memory.now(clock) + wait)
            wake(self.key)

        send(heard, now, failures)
        return []

    def _pause(self, answer: Told | Differing | Unknown, failures: int) -> timedelta | None:
        """Until it is put again; None after a final answer."""
        if isinstance(answer, Unknown):
            return timedelta(seconds=min(_LONGEST, _FIRST * 2.0 ** min(failures, 9)))
        return self.waits if isinstance(answer, Told) and answer.verdict is Verdict.INCONCLUSIVE else None
