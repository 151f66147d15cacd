"""Driving a loop in real time from asyncio: tasks as they become ready, timers when they are due, requests in between."""

import asyncio
import logging
import time

from playground.loop import Loop

_SLICE = 0.004
"""Seconds of tasks before the sockets have their turn again."""
_logger = logging.getLogger(__name__)


class Driver:
    """Runs in the thread of the running asyncio loop. The loop's clock is the wall's of this moment and then a steady one.

    Whoever asks by the wall clock would otherwise miss the newest samples by as long as the making of the cluster took.
    """

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._asyncio = asyncio.get_running_loop()
        self._offset = time.time() - time.monotonic()
        self._handle: asyncio.Handle | None = None
        self._soon = False
        self._stopped = False
        self.failures: list[BaseException] = []
        """What tasks have raised: mistakes of the playground's own."""
        loop.woken = self.wake
        self.wake()

    def synchronize(self) -> None:
        """Bring the loop's time up to now."""
        self._loop.move_to(time.monotonic() + self._offset)

    def wake(self) -> None:
        """Look again soon: there is something to do."""
        if self._soon or self._stopped:
            return
        if self._handle is not None:
            self._handle.cancel()
        self._soon = True
        self._handle = self._asyncio.call_soon(self._run)

    def stop(self) -> None:
        """Run no more tasks."""
        self._stopped = True
        self._loop.woken = lambda: None
        if self._handle is not None:
            self._handle.cancel()

    def _run(self) -> None:
        self.synchronize()
        busy, end = True, time.monotonic() + _SLICE
        while busy and time.monotonic() < end:
            busy = self._step()
        self._soon = False
        if busy:
            self.wake()
        elif (due := self._loop.next_due) is not None:
            self._handle = self._asyncio.call_later(max(0.0, due - self._offset - time.monotonic()), self._run_timers)

    def _run_timers(self) -> None:
        self._soon = True
        self._run()

    def _step(self) -> bool:
        try:
            return self._loop.step()
        except Exception as problem:
            _logger.exception("a task of the playground failed")
            self.failures.append(problem)
            return True
