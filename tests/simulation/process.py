"""One controller process that may die, stand still, and share its election with another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from controller.kube.elector import Elector
from controller.kube.errors import ApiError
from controller.reconcile.inbox import Waiting
from controller.reconcile.next_turn import Next
from controller.reconcile.turn import Reconciler
from simulation import process
from simulation.process import NAMESPACE
from strategies.analysis.series import Series
from strategies.analysis.verdict import Sample, Unknown
from strategies.spec.webhook import Allowed
from strategies.world.observation import Alert, Differing, Told
from tests.simulation.views import Following
from tests.simulation.wire import Crashed, Wire

if TYPE_CHECKING:
    from tests.simulation.world import World

Key = tuple[str, str]
__all__ = ["NAMESPACE", "WEBHOOKS", "Process"]
WEBHOOKS = (Allowed(url="https://qa.test", secret_name="qa"),)


class Turns(Reconciler):
    """The real turns. One that raises is tried again for ever: unless the API server has asked for that, it fails the run."""

    raised: Callable[[BaseException], None]

    def turn(self, key: Key) -> Next:
        """See Reconciler.turn."""
        try:
            return super().turn(key)
        except Exception as error:
            if not getattr(error, "retryable", False) and "injected:" not in str(error):
                self.raised(error)
            raise


class Process(process.Process):
    """A process from its start to its end."""

    reconciling = Turns
    viewing = Following

    def __init__(self, world: World, name: str, *, skew: float = 0.0, pace: float = 1.0) -> None:
        self.world, self.dead, self.suspended = world, False, False
        self._parked: list[Callable[[], None]] = []
        super().__init__(world.loop, Wire(self), name, skew=skew, pace=pace, webhooks=WEBHOOKS)
        assert isinstance(self.reconciler, Turns)
        self.reconciler.raised = partial(world.raised, self)

    @property
    def leads(self) -> bool:
        """Whether it lives, and believes to lead."""
        return self._leads and not self.dead and not self.suspended

    def _run(self, action: Callable[[], None]) -> None:
        """A task waits while the process is stopped, and never comes when it has died."""
        if self.dead:
            return
        if self.suspended:
            self._parked.append(action)
            return
        try:
            action()
        except Crashed:
            self.die()

    def wake_up(self) -> None:
        """Go on after having been stopped."""
        self.suspended, parked = False, self._parked
        self._parked = []
        for action in parked:
            self.soon("goes on", action)

    def die(self) -> None:
        """Nothing of it remains; a call that was under way meanwhile comes to nothing, too."""
        if self.dead:
            return
        self.dead = True
        for view in self.views:
            view.stop()
        self.world.died(self)

    def _look(self) -> None:
        if not self.dead:
            super()._look()

    def _one(self, key: Key) -> None:
        super()._one(key)
        self.world.turns += 1

    # --- questions

    @property
    def latency(self) -> float:  # type: ignore[override]
        """The world's."""
        return self.world.latency

    def answer(self, promql: str, at: datetime) -> Sample | Unknown:
        """The world's."""
        return self.world.answer(self, promql, at)

    def series(self, promql: str, at: datetime) -> tuple[Series, ...] | Unknown:
        """The world's."""
        return self.world.raw(promql, at)

    def told(self, text: str, at: datetime) -> Told | Differing:
        """The world's judge's."""
        return self.world.judge.answer(text, at)

    def hear(self, alert: Alert) -> Waiting:
        """Alertmanager sends an alert about the story's Release to this leader."""
        (waiting,) = self.reconciler.inbox.put({("shop", "shop"): (alert,)})
        self._add(("shop", "shop"))
        return waiting

    # --- election

    def _candidate(self) -> Elector:
        if not self.world.elected:
            return super()._candidate()
        elector = Elector(self.client, NAMESPACE, "release-coordinator", identity=self.name)
        elector.clock = self.clock
        return elector

    def _stand(self) -> None:
        if not self.world.elected:
            self._lead_now()
            return
        terms = self.elector.terms
        try:
            pause = self.elector._turn()
        except ApiError as error:
            pause = max(error.retry_after or 0.0, terms.renew / 4)
        self._announce_now()
        self.later(min(pause, terms.renew), "stands", self._stand)
        if self._leads:
            self.later(max(0.001, self.elector._until - self._steady()), "fence", self._announce_now)

    def _announce_now(self) -> None:
        leads = self.elector.is_leader()
        if leads and not self._leads:
            self._lead_now()
        elif self._leads and not leads:
            self._leads = False
            self._follow()
