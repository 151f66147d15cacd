"""One thread, one order: everything in the playground happens as a named task on a loop, in virtual or in real time.

Determinism is the point. What happens next depends on the tasks alone: the ready ones in the order in which they became
ready (or as `choose` picks), timers by their time. No component may use a thread, sleep, or read a clock of its own.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Action = Callable[[], None]
Choose = Callable[[Sequence[str]], int]
"""Given the names of the ready tasks, oldest first: which one runs next."""


@dataclass(order=True, slots=True)
class Timer:
    """A task for later. Cancelling one that has run does nothing."""

    due: float
    number: int
    name: str = field(compare=False)
    action: Action | None = field(compare=False)

    def cancel(self) -> None:
        """Forget the task."""
        self.action = None


class Loop:
    """`now` is seconds since 1970 and moves only by `advance` (virtual) or as `move_to` is told (real)."""

    def __init__(self, start: float = 1_800_000_000.0, choose: Choose | None = None) -> None:
        """`start`: the first moment. Without `choose`, first come, first served."""
        self._now = start
        self.choose = choose
        """May be set at any time."""
        self._ready: deque[tuple[str, Action]] = deque()
        self._timers: list[Timer] = []
        self._numbers = itertools.count()
        self.woken: Action = lambda: None
        """Called when a task or timer is added: what drives the loop in real time looks again."""

    def now(self) -> float:
        """The present moment, in seconds since 1970."""
        return self._now

    def soon(self, name: str, action: Action) -> None:
        """Run this after what is ready already. The name says who does what: `deployment shop/checkout`."""
        self._ready.append((name, action))
        self.woken()

    def later(self, seconds: float, name: str, action: Action) -> Timer:
        """Make this ready once so much time has passed."""
        timer = Timer(self._now + seconds, next(self._numbers), name, action)
        heapq.heappush(self._timers, timer)
        self.woken()
        return timer

    @property
    def ready(self) -> Sequence[str]:
        """The names of the tasks that could run now, oldest first."""
        return [name for name, _ in self._ready]

    @property
    def next_due(self) -> float | None:
        """When the next timer is due; None without one."""
        while self._timers and self._timers[0].action is None:
            heapq.heappop(self._timers)
        return self._timers[0].due if self._timers else None

    def step(self) -> bool:
        """Run one ready task; False if there is none."""
        if not self._ready:
            return False
        index = self.choose(self.ready) if self.choose and len(self._ready) > 1 else 0
        _, action = self._ready[index]
        del self._ready[index]
        action()
        return True

    def settle(self, limit: int = 1_000_000) -> int:
        """Run all that is ready, and what that makes ready; how many tasks. Raises RuntimeError after `limit`: a livelock."""
        for count in range(limit):
            if not self.step():
                return count
        raise RuntimeError(f"still busy after {limit} tasks; next: {self.ready[:5]}")

    def move_to(self, moment: float) -> None:
        """Let time pass until then, without running tasks: timers that come due become ready, in order."""
        while (due := self.next_due) is not None and due <= moment:
            timer = heapq.heappop(self._timers)
            self._now = max(self._now, timer.due)
            assert timer.action is not None
            self._ready.append((timer.name, timer.action))
        self._now = max(self._now, moment)

    def advance(self, seconds: float) -> None:
        """Let so much virtual time pass, with everything that happens in it, each thing at its moment."""
        self.settle()
        end = self._now + seconds
        while (due := self.next_due) is not None and due <= end:
            self.move_to(due)
            self.settle()
        self.move_to(end)
        self.settle()
