"""One controller process on the loop: the real queue, turns and views; its threads are tasks of the loop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from controller.clock import Clock
from controller.kube import paths
from controller.kube.client import MERGE_PATCH, Client
from controller.kube.elector import Elector
from controller.kube.errors import ApiError
from controller.reconcile.asking import Asker
from controller.reconcile.cluster import Cluster
from controller.reconcile.contracting import Comparer
from controller.reconcile.turn import Reconciler
from controller.runtime.controller import Controller
from controller.runtime.queue import Queue
from controller.settings import Settings
from controller.telemetry.events import Recorder
from playground.loop import Loop, Timer
from simulation.views import Following
from simulation.wire import Wire
from strategies.analysis.series import Series
from strategies.analysis.verdict import Sample, Unknown
from strategies.spec.webhook import Allowed
from strategies.world.observation import Differing, Told

Key = tuple[str, str]
NAMESPACE = "release-coordinator"
_HOUSE = 5.0


class Alone:
    """Of an election with one candidate."""

    holder = ""

    def __init__(self, identity: str) -> None:
        self.identity = identity

    def is_leader(self) -> bool:
        """Always."""
        return True


class _Comparer(Comparer):
    def problem(self) -> str | None:
        """None: what it would start is not needed, for `told` answers."""
        return None


class Process(Controller):
    """A process from its start on, leading. It is its own `Queries`: subclasses say what `answer`, `series` and `told` say.

    `skew`: how far its wall clock is off, in seconds; `pace`: how fast its steady one is.
    """

    reconciling: type[Reconciler] = Reconciler
    viewing: type[Following] = Following
    latency = 0.05
    """Seconds until an answer comes."""

    def __init__(
        self, loop: Loop, wire: Wire, name: str, *, skew: float = 0.0, pace: float = 1.0, webhooks: tuple[Allowed, ...] = ()
    ) -> None:
        self.loop, self.wire, self.name = loop, wire, name
        self.skew, self._pace, self._born = skew, pace, loop.now()
        self.clock = Clock(wall=self._wall, steady=self._steady)
        self.settings = Settings(lease_namespace=NAMESPACE, identity=name, webhooks=webhooks)
        self.client = Client(self.wire)  # type: ignore[arg-type]
        self.queue = Queue(clock=self.clock.steady, chance=lambda: 0.5)
        policies = (self.settings.hold_policy, self.settings.pin_policy)
        follow: Any = partial(self._view)
        self.views: list[Any] = []
        self.cluster = Cluster(self.client, self._add, policies, clock=self.clock, follow=follow)
        self.recorder = Recorder(self._note, self._note_again, name, self.clock.wall)
        self.elector = self._candidate()
        asker = Asker(self.cluster, self, NAMESPACE, self._add, self.settings.webhooks)  # type: ignore[arg-type]
        asker.comparer = _Comparer(self.cluster, self, self._add)  # type: ignore[arg-type]
        self.reconciler = self.reconciling(self.cluster, asker, self.recorder, may_write=self.elector.is_leader)
        self._stopping, self._leading = threading.Event(), threading.Event()
        self._leads = self._due = False
        self._alarm: Timer | None = None

    def _candidate(self) -> Elector:
        return Alone(self.name)  # type: ignore[return-value]

    # --- time and tasks

    def _wall(self) -> datetime:
        return datetime.fromtimestamp(self.loop.now(), UTC) + timedelta(seconds=self.skew)

    def _steady(self) -> float:
        return 1000.0 + (self.loop.now() - self._born) * self._pace

    def soon(self, what: str, action: Callable[[], None]) -> None:
        """A task of this process."""
        self.loop.soon(f"{self.name}/{what}", partial(self._run, action))

    def later(self, seconds: float, what: str, action: Callable[[], None]) -> Timer:
        """The same in a while, as its own clock counts."""
        return self.loop.later(seconds / self._pace, f"{self.name}/{what}", partial(self._run, action))

    def _run(self, action: Callable[[], None]) -> None:
        action()

    def begin(self) -> None:
        """As the process' start."""
        self.cluster.start()
        self._stand()
        self._keep_house_now()

    # --- views

    def _view(self, *arguments: Any, **options: Any) -> Following:
        view = self.viewing(self, *arguments, **options)
        self.views.append(view)
        return view

    def sync(self) -> None:
        """A view was listed."""
        if self._leads and self.cluster.synced:
            self._enqueue_all()
        self._look()

    # --- work

    def _add(self, key: Key, *, last: bool = False) -> None:
        self.queue.add(key, last=last)
        self._look()

    def _look(self) -> None:
        """See to it that ready keys are worked on, and that the next delayed one is."""
        if not self._leads or not self.cluster.synced:
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

    # --- questions

    def submit(
        self, _source: str, _asked: object, promql: str, at: datetime, callback: Callable[[Sample | Unknown], None], _tenant: str
    ) -> None:
        """Ask for a value; the answer comes a little later."""
        self.later(self.latency, "hears", lambda: callback(self.answer(promql, at)))

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
        self.later(self.latency, "hears", lambda: callback(self.series(promql, at)))

    def call(self, _name: str, _asked: object, text: str, at: datetime, callback: Callable[[Any], None], _tenant: str) -> None:
        """The same for a webhook, or for two contracts."""
        self.later(self.latency, "is told", lambda: callback(self.told(text, at)))

    def answer(self, promql: str, at: datetime) -> Sample | Unknown:
        """What a metric source says."""
        raise NotImplementedError

    def series(self, promql: str, at: datetime) -> tuple[Series, ...] | Unknown:
        """What a metric source says of raw samples."""
        raise NotImplementedError

    def told(self, text: str, at: datetime) -> Told | Differing:
        """What a webhook says, or what two contracts differ in."""
        raise NotImplementedError

    # --- leading

    def _stand(self) -> None:
        self._lead_now()

    def _lead_now(self) -> None:
        self._leads = True
        self._lead()
        self._look()
