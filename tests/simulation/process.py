"""One controller process on the loop: the real queue, turns, election and views; its threads are tasks of the scheduler."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from controller.clock import Clock
from controller.kube import paths
from controller.kube.client import MERGE_PATCH, Client
from controller.kube.elector import Elector
from controller.kube.errors import ApiError
from controller.reconcile.asking import Asker
from controller.reconcile.cluster import Cluster
from controller.reconcile.inbox import Waiting
from controller.reconcile.next_turn import Next
from controller.reconcile.turn import Reconciler
from controller.runtime.controller import Controller
from controller.runtime.queue import Queue
from controller.settings import Settings
from controller.telemetry.events import Recorder
from playground.loop import Timer
from strategies.analysis.series import Series
from strategies.analysis.verdict import Sample, Unknown
from strategies.spec.webhook import Allowed
from strategies.world.observation import Alert, Told
from tests.simulation.views import Following
from tests.simulation.wire import Crashed, Wire

if TYPE_CHECKING:
    from tests.simulation.world import World

Key = tuple[str, str]
NAMESPACE = "release-coordinator"
WEBHOOKS = (Allowed(url="https://qa.test", secret_name="qa"),)
_HOUSE = 5.0


class Alone:
    """Of an election with one candidate."""

    holder = ""

    def __init__(self, identity: str) -> None:
        self.identity = identity

    def is_leader(self) -> bool:
        """Always."""
        return True


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


class Process(Controller):
    """A process from its start to its end. `skew`: how far its wall clock is off, in seconds; `pace`: how fast its steady is."""

    def __init__(self, world: World, name: str, *, skew: float = 0.0, pace: float = 1.0) -> None:
        self.world, self.name, self.dead, self.suspended = world, name, False, False
        self.skew, self._pace, self._born = skew, pace, world.loop.now()
        self.wire, self.clock = Wire(self), Clock(wall=self._wall, steady=self._steady)
        self.settings = Settings(lease_namespace=NAMESPACE, identity=name, webhooks=WEBHOOKS)
        self.client = Client(self.wire)
        self.queue = Queue(clock=self.clock.steady, chance=lambda: 0.5)
        policies = (self.settings.hold_policy, self.settings.pin_policy)
        follow: Any = partial(self._view)
        self.views: list[Following] = []
        self.cluster = Cluster(self.client, self._add, policies, clock=self.clock, follow=follow)
        self.recorder = Recorder(self._note, self._note_again, name, self.clock.wall)
        self.elector = self._election() if world.elected else Alone(name)
        asker = Asker(self.cluster, self, NAMESPACE, self._add, self.settings.webhooks)
        self.reconciler = Turns(self.cluster, asker, self.recorder, may_write=self.elector.is_leader)
        self.reconciler.raised = partial(world.raised, self)
        self._stopping, self._leading = threading.Event(), threading.Event()
        self._parked: list[Callable[[], None]] = []
        self._leads = self._due = False
        self._alarm: Timer | None = None

    # --- time and tasks

    def _wall(self) -> datetime:
        return datetime.fromtimestamp(self.world.loop.now(), UTC) + timedelta(seconds=self.skew)

    def _steady(self) -> float:
        return 1000.0 + (self.world.loop.now() - self._born) * self._pace

    def soon(self, what: str, action: Callable[[], None]) -> None:
        """A task of this process; it waits while the process is stopped, and never comes when it has died."""
        self.world.loop.soon(f"{self.name}/{what}", partial(self._run, action))

    def later(self, seconds: float, what: str, action: Callable[[], None]) -> Timer:
        """The same in a while, as its own clock counts."""
        return self.world.loop.later(seconds / self._pace, f"{self.name}/{what}", partial(self._run, action))

    @property
    def leads(self) -> bool:
        """Whether it lives, and believes to lead."""
        return self._leads and not self.dead and not self.suspended

    def _run(self, action: Callable[[], None]) -> None:
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

    def begin(self) -> None:
        """As the process' start."""
        self.cluster.start()
        if self.world.elected:
            self._stand()
        else:
            self._lead_now()
        self._keep_house_now()

    def die(self) -> None:
        """Nothing of it remains; a call that was under way meanwhile comes to nothing, too."""
        if self.dead:
            return
        self.dead = True
        for view in self.views:
            view.stop()
        self.world.died(self)

    # --- views

    def _view(self, *arguments: Any, **options: Any) -> Following:
        view = Following(self, *arguments, **options)
        self.views.append(view)
        return view

    def sync(self) -> None:
        """A view was listed."""
        if self._leads and self.cluster.synced:
            self._enqueue_all()
        self._look()

    # --- work

    def _add(self, key: Key) -> None:
        self.queue.add(key)
        self._look()

    def _look(self) -> None:
        """See to it that ready keys are worked on, and that the next delayed one is."""
        if self.dead or not self._leads or not self.cluster.synced:
            return
        if not self._due and self.queue.depth():
            self._due = True
            self.soon("works", self._work_once)
        alarm = self.queue._next_alarm()
        if alarm is not None:
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm = self.later(max(0.0, alarm - self._steady()) + 1e-6, "is due", self._look)

    def _work_once(self) -> None:
        self._due = False
        key = self.queue.get(0)
        if key is None:
            self._look()
            return
        try:
            self._one(key)
        finally:
            self.queue.done(key)
        self.world.turns += 1
        while not self.recorder._waiting.empty():
            waiting = self.recorder._waiting.get()
            assert waiting is not None
            send, event = waiting
            try:
                send(event)
            except ApiError:
                continue  # An Event is worth no more.
        self._look()

    def _note(self, event: dict[str, Any]) -> object:
        return self.client.create(paths.EVENTS.path(event["metadata"]["namespace"]), event)

    def _note_again(self, event: dict[str, Any]) -> object:
        path = paths.EVENTS.path(event["metadata"]["namespace"], event["metadata"]["name"])
        return self.client.patch(path, {"series": event["series"]}, MERGE_PATCH)

    def _keep_house_now(self) -> None:
        self.cluster.sweep()
        self.later(_HOUSE, "keeps house", self._keep_house_now)

    # --- questions: this process is its own `Queries`

    def submit(
        self, _source: str, _asked: object, promql: str, at: datetime, callback: Callable[[Sample | Unknown], None], _tenant: str
    ) -> None:
        """Ask the world; the answer comes a little later."""
        self.later(self.world.latency, "hears", lambda: callback(self.world.answer(self, promql, at)))

    def call(self, _name: str, _asked: object, text: str, at: datetime, callback: Callable[[Told], None], _tenant: str) -> None:
        """The same for a webhook."""
        self.later(self.world.latency, "is told", lambda: callback(self.world.judge.answer(text, at)))

    def hear(self, alert: Alert) -> Waiting:
        """Alertmanager sends an alert about the story's Release to this leader."""
        (waiting,) = self.reconciler.inbox.put({("shop", "shop"): (alert,)})
        self._add(("shop", "shop"))
        return waiting

    def submit_series(
        self,
        _source: str,
        _asked: object,
        promql: str,
        at: datetime,
        callback: Callable[[tuple[Series, ...] | Unknown], None],
        _tenant: str,
    ) -> None:
        """The same for raw samples."""
        self.later(self.world.latency, "hears", lambda: callback(self.world.raw(promql, at)))

    # --- election

    def _election(self) -> Elector:
        elector = Elector(self.client, NAMESPACE, "release-coordinator", identity=self.name)
        elector.clock = self.clock
        return elector

    def _stand(self) -> None:
        assert isinstance(self.elector, Elector)
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

    def _lead_now(self) -> None:
        self._leads = True
        self._lead()
        self._look()
