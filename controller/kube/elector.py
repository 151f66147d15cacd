"""One leader among several processes, and a fence that falls in time even when nothing moves any more.

Two rules: a leader leads only until `give_up` seconds after it *sent* its last successful renewal, and nobody else
takes the lease before its duration has passed since they *saw* that renewal. `is_leader()` computes the first from a
clock, so it turns false when the renewing thread hangs in a call, is not scheduled, or is dead.

Two threads: one renews or stands by, one announces. The second exists so that `on_stopped` comes in time while the
first hangs, and so that a slow callback cannot keep a renewal from going out. What a leader does with its time does
not belong here.
"""

import logging
import random
import socket
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from controller.clock import SYSTEM, Clock
from controller.kube import lease
from controller.kube.answers import Object
from controller.kube.client import MERGE_PATCH, Client
from controller.kube.connection import Timeouts
from controller.kube.errors import ApiError, Conflict, NotFound
from controller.kube.paths import LEASES

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Seconds: how long others wait, how often we renew, when we give up leading, how often a standby looks."""

    duration: int = 10
    renew: float = 2.0
    give_up: float = 7.0
    look: float = 1.0

    def __post_init__(self) -> None:
        """Refuse terms under which two could lead at once."""
        if not 0 < self.renew < self.give_up < self.duration:
            raise ValueError(f"renew < give_up < duration must hold, not {self.renew}, {self.give_up}, {self.duration}")


def unique_identity() -> str:
    """The host's name and a part that no earlier process of this name had: a lease of the dead is never ours."""
    return f"{socket.gethostname()}_{uuid.uuid4()}"


def _nothing() -> None:
    """The callback nobody asked for."""


class Elector:
    """Stands for election on one Lease until stopped.

    `on_started` and `on_stopped` come in turn, each from the announcing thread. A write of the leader asks
    `is_leader()` right before it goes out; a turn that must not outlive its leadership compares `term`.
    """

    terms = Terms()  # Both set on the instance before `start` to change them.
    clock: Clock = SYSTEM

    def __init__(
        self,
        client: Client,
        namespace: str,
        name: str,
        *,
        identity: str | None = None,
        on_started: Callable[[], None] = _nothing,
        on_stopped: Callable[[], None] = _nothing,
    ) -> None:
        """The Lease `namespace/name` is created when it does not exist."""
        self.identity = identity or unique_identity()
        self.holder = ""  # Who leads, as far as we know.
        self._client = client
        self._namespace, self._name = namespace, name
        self._on_started, self._on_stopped = on_started, on_stopped
        self._changed = threading.Condition()
        self._until = 0.0  # The fence: we lead while the clock is before it.
        self._term = 0
        self._seen: lease.Observation | None = None
        self._stopping = threading.Event()
        self._renewing = threading.Thread(target=self._stand, name="elect", daemon=True)
        self._announcing = threading.Thread(target=self._announce, name="elect-announce", daemon=True)

    def start(self) -> None:
        """Stand for election; returns at once."""
        spare = self.terms.give_up - self.terms.renew  # Time for two attempts between a renewal's turn and giving up.
        self._client = self._client.bounded(Timeouts(connect=spare / 4, read=spare / 2, total=spare / 2))
        self._announcing.start()
        self._renewing.start()

    def is_leader(self) -> bool:
        """The fence: whether a write may go out now. Costs a clock reading; ask before every write."""
        return self.clock.steady() < self._until

    @property
    def term(self) -> int:
        """Rises each time leadership begins; losing the fence and getting it back is another term."""
        return self._term

    @property
    def transitions(self) -> int:
        """How often the lease has changed hands, as far as we know."""
        return self._seen.record.transitions if self._seen and self._seen.record else 0

    @property
    def alive(self) -> bool:
        """Whether both threads run."""
        return self._renewing.is_alive() and self._announcing.is_alive()

    def stop(self, timeout: float = 5.0) -> None:
        """Stop leading, wait until `on_stopped` has returned, then release the lease so that a standby takes over.

        Stop the workers first: a write that is under way is not called back. When the callback or the API takes longer
        than `timeout` the lease is not released and runs out by itself.
        """
        until = self.clock.steady() + timeout
        self._stopping.set()
        self._lead_until(0.0)
        for thread in (self._announcing, self._renewing):
            if thread.is_alive():
                thread.join(max(0.0, until - self.clock.steady()))
        if not self._announcing.is_alive() and not self._renewing.is_alive():
            self._release()

    def _stand(self) -> None:
        while not self._stopping.is_set():
            pause = self.terms.look
            try:
                pause = self._turn()
            except ApiError as error:
                log.warning("lease %s/%s: %s", self._namespace, self._name, error)
                pause = max(error.retry_after or 0.0, self.terms.renew / 4)
            except Exception:
                log.exception("lease %s/%s: an unexpected failure; trying again", self._namespace, self._name)
            # Jitter, so that several standbys do not look at the same moment. Never beyond what keeps us leading.
            jitter = random.uniform(0.8, 1.0)  # noqa: S311  No secret.
            self._stopping.wait(min(pause, self.terms.renew) * jitter)

    def _turn(self) -> float:
        """Look if need be, act by the rule; returns how long to pause."""
        seen = self._seen
        if seen is None or seen.record is None or seen.record.holder != self.identity:
            seen = self._look()
        try:
            return self._act(seen)
        except (Conflict, NotFound):
            # Not as we saw it: somebody was quicker, or touched it. What is there now decides, in the same turn.
            seen = self._look()
            if seen.record is None or seen.record.holder != self.identity:
                self._lead_until(0.0)
            return self._act(seen)

    def _look(self) -> lease.Observation:
        try:
            record = lease.read(self._client.get(LEASES.path(self._namespace, self._name)))
        except NotFound:
            record = None
        self._seen = lease.observe(self._seen, record, self.clock.steady())
        self.holder = record.holder if record else ""
        return self._seen

    def _act(self, seen: lease.Observation) -> float:
        verdict = lease.judge(seen, self.clock.steady(), self.identity)
        if isinstance(verdict, lease.Wait):
            self._lead_until(0.0)
            return min(verdict.seconds, self.terms.look)
        now = lease.micro_time(self.clock.wall())
        sent = self.clock.steady()  # Before the call: the answer may come late, but nobody saw the record change earlier.
        if isinstance(verdict, lease.Create):
            answer = self._create(now)
        elif isinstance(verdict, lease.Take):
            answer = self._write(seen, self.identity, verdict.transitions, now, now)
        elif seen.record is not None:
            answer = self._write(seen, self.identity, seen.record.transitions, seen.record.acquired, now)
        self._seen = lease.Observation(record=lease.read(answer), since=self.clock.steady())
        self.holder = self.identity
        self._lead_until(sent + self.terms.give_up)
        return self.terms.renew

    def _create(self, now: str) -> Object:
        body = {
            "apiVersion": LEASES.api_version,
            "kind": "Lease",
            "metadata": {"name": self._name, "namespace": self._namespace},
            "spec": lease.written(self.identity, self.terms.duration, 0, now, now),
        }
        return self._client.create(LEASES.path(self._namespace), body)

    def _write(self, seen: lease.Observation, holder: str, transitions: int, acquired: str, renewed: str) -> Object:
        """Change the lease if it is still as seen: the resourceVersion in the patch makes the server check that."""
        version = seen.record.version if seen.record else ""
        spec = lease.written(holder, self.terms.duration, transitions, acquired, renewed)
        body = {"metadata": {"resourceVersion": version}, "spec": spec}
        return self._client.patch(LEASES.path(self._namespace, self._name), body, MERGE_PATCH)

    def _release(self) -> None:
        seen = self._seen
        if seen is None or seen.record is None or seen.record.holder != self.identity:
            return
        try:
            now = lease.micro_time(self.clock.wall())
            self._write(seen, "", seen.record.transitions, seen.record.acquired, now)
        except ApiError as error:
            log.warning("the lease could not be released and will run out by itself: %s", error)

    def _lead_until(self, until: float) -> None:
        with self._changed:
            if self._stopping.is_set():
                until = 0.0  # A renewal that was under way when we were stopped must not raise the fence again.
            if until and not self.is_leader():
                self._term += 1
            self._until = until
            self._changed.notify_all()

    def _announce(self) -> None:
        """Tell of every change of leadership, in order, and of the fence's fall when it falls."""
        told = 0  # The term we have announced; 0 while not leading.
        while True:
            with self._changed:
                now_leading = self._term if self.is_leader() else 0
                if not told and self._stopping.is_set():
                    return
                if now_leading == told:
                    self._changed.wait(max(0.001, self._until - self.clock.steady()) if told else None)
                    continue
            self._tell(self._on_stopped if told else self._on_started)
            told = 0 if told else now_leading

    def _tell(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception:
            log.exception("a callback of the election failed")
