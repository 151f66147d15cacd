"""The running controller: views, queue, workers, election, and their orderly end.

Views are followed by every replica, so that a standby takes over warm; turns are made by the leader alone.
"""

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from controller.kube.client import Client
from controller.kube.connection import Connection
from controller.kube.elector import Elector
from controller.metrics.pool import Queries
from controller.notify.sender import Notifier
from controller.reconcile.asking import Asker
from controller.reconcile.cluster import Cluster, Key, serving, train_of
from controller.reconcile.credentials import Secrets
from controller.reconcile.next_turn import Next
from controller.reconcile.turn import Reconciler
from controller.runtime.queue import Queue
from controller.runtime.recording import recorder
from controller.settings import Settings
from controller.telemetry import metrics
from strategies.spec.metric_source import SecretKey
from strategies.world.observation import Alert

log = structlog.get_logger()
_TURN_TAKES_LONG = 60.0
"""Seconds after which a turn counts as hung: longer than every timeout of the calls it can make in a row."""


_ALERTS_TAKE = 5.0
"""Seconds within which turns must have taken alerts: below the time that Alertmanager waits for an answer (10 s)."""


@dataclass(slots=True)
class _Worker:
    thread: threading.Thread
    busy_since: float | None = None


class Controller:
    """One process of the controller."""

    def __init__(self, settings: Settings, connection: Connection) -> None:
        self.settings = settings
        self.client = Client(connection, on_call=metrics.api_call)
        self.queue = Queue()
        self.cluster = Cluster(self.client, self.queue.add, (settings.hold_policy, settings.pin_policy),
                               settings.watch_namespaces, follow=serving(settings.policy_version))  # fmt: skip
        self.elector = Elector(self.client, settings.namespace, settings.lease_name, identity=settings.identity or None,
                               on_started=self._lead, on_stopped=self._follow)  # fmt: skip
        self.queries = Queries()
        self.recorder = recorder(self.client, self.elector.identity)
        asker = Asker(self.cluster, self.queries, settings.namespace, self.queue.add, settings.webhooks)
        secrets = Secrets(self.cluster, settings.namespace)
        self.notifier = Notifier(settings.notifications, lambda name, key: secrets.read(SecretKey(name=name, key=key)))
        self.reconciler = Reconciler(self.cluster, asker, self.recorder, may_write=self.elector.is_leader,
                                     tell=self.notifier.tell if settings.notifications else None)  # fmt: skip
        self._workers: list[_Worker] = []
        self._stopping = threading.Event()
        self._leading = threading.Event()

    def start(self) -> None:
        """Begin; returns at once."""
        self.cluster.start()
        self.recorder.start()
        self.notifier.start()
        self.elector.start()
        for number in range(self.settings.workers):
            worker = _Worker(thread=threading.Thread(target=self._work, args=(number,), name=f"worker-{number}", daemon=True))
            self._workers.append(worker)
            worker.thread.start()
        threading.Thread(target=self._keep_house, name="house", daemon=True).start()
        log.info("started", identity=self.elector.identity, workers=self.settings.workers)

    def stop(self) -> None:
        """Finish the turns under way, give the Lease back, end everything."""
        log.info("stopping")
        self._stopping.set()
        self._leading.set()
        self.queue.shut_down()
        for worker in self._workers:
            worker.thread.join(5.0)
        self.elector.stop()
        self.queries.close()
        self.recorder.stop()
        self.notifier.stop()
        self.cluster.stop()
        log.info("stopped")

    def problems(self) -> list[str]:
        """What is wrong with this process, for /healthz; nothing when workers and views are alive."""
        now, found = time.monotonic(), []
        for number, worker in enumerate(self._workers):
            since = worker.busy_since
            if not worker.thread.is_alive():
                found.append(f"worker {number} has ended")
            elif since is not None and now - since > _TURN_TAKES_LONG:
                found.append(f"worker {number} has been in one turn for {now - since:.0f} s")
        found += [f"the view of {r.resource.plural} has ended" for r in self.cluster.standing if not r.alive]
        if not self.elector.alive:
            found.append("the elector has ended")
        return found

    def ready(self) -> bool:
        """Whether the views are filled: then this process can lead, or does."""
        return self.cluster.synced

    def alerted(self, alerts: Mapping[Key, tuple[Alert, ...]]) -> bool:
        """Hand alerts to the turns of their Releases, and wait until these have taken them. False: they must be sent again."""
        known = {key: some for key, some in alerts.items() if self.cluster.releases.get(*key) is not None}
        if not self.cluster.synced or not self.elector.is_leader():
            return False
        waiting = self.reconciler.inbox.put(known)
        for key in known:
            self.queue.add(key)
        until = time.monotonic() + _ALERTS_TAKE
        return all(one.taken.wait(max(0.0, until - time.monotonic())) for one in waiting)

    # --- leading

    def _lead(self) -> None:
        metrics.LEADER.set(1)
        log.info("leading")
        self._leading.set()
        if self.cluster.synced:
            self._enqueue_all()

    def _follow(self) -> None:
        metrics.LEADER.set(0)
        if not self._stopping.is_set():
            self._leading.clear()
            self.reconciler.step_down()
        log.info("not_leading")

    def _enqueue_all(self) -> None:
        """Every Release, every Release that a marked Deployment names, which may be gone, and every train."""
        for key in self.cluster.known() | self.cluster.known_trains():
            self.queue.add(key)

    def _work(self, number: int) -> None:
        while not self._stopping.is_set():
            if not self._leading.is_set() or not self.cluster.synced:
                self._leading.wait(0.5)
                self._stopping.wait(0.0 if self.cluster.synced else 0.02)
                continue
            key = self.queue.get(timeout=1.0)
            if key is None:
                continue
            worker = self._workers[number]
            worker.busy_since = time.monotonic()
            try:
                self._one(key)
            finally:
                worker.busy_since = None
                self.queue.done(key)

    def _one(self, key: Key) -> None:
        """One turn, and when the next one is due. Nothing that goes wrong in it reaches another Release."""
        train = train_of(key)
        whose = {"release": key[1]} if train is None else {"train": train}
        structlog.contextvars.bind_contextvars(turn_id=secrets.token_hex(4), namespace=key[0], **whose)
        started = time.monotonic()
        try:
            following = self.reconciler.turn(key) if self.elector.is_leader() else Next(after=0.5)
            metrics.TURNS.labels(outcome="failed" if following.failed else "ok").inc()
        except Exception as error:
            metrics.TURNS.labels(outcome="raised").inc()
            retryable = getattr(error, "retryable", None)
            (log.warning if retryable else log.exception)("turn_failed", error=str(error))
            following = Next(failed=str(error), at_least=getattr(error, "retry_after", None) or 0.0)
        finally:
            metrics.TURN_SECONDS.observe(time.monotonic() - started)
            structlog.contextvars.clear_contextvars()
        if following.failed is not None:
            self.queue.retry(key, following.at_least)
            return
        self.queue.forget(key)
        if following.after is not None:
            self.queue.add_after(key, following.after)

    def _keep_house(self) -> None:
        enqueued = False
        while not self._stopping.wait(1.0 if enqueued else 0.02):
            if not enqueued and self.cluster.synced and self._leading.is_set():
                self._enqueue_all()
                enqueued = True
            enqueued = enqueued and self._leading.is_set()
            self.cluster.sweep()
            metrics.QUEUE_DEPTH.set(self.queue.depth())
            metrics.QUEUE_WAIT.set(self.queue.oldest_wait())
            for reflector in self.cluster.standing:
                metrics.VIEW_STALENESS.labels(resource=reflector.resource.plural).set(reflector.staleness())
