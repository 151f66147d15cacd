"""Kubernetes Events: few, each at a turning point, repeated ones counted in one object instead of written anew.

Events never carry what is not in the status or the log too; losing one loses nothing.
"""

import hashlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from controller.api import names
from controller.clock import utc_now
from strategies.review.judge import headline
from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Status
from strategies.spec.train_status import TrainPhase, TrainReason, TrainStatus
from strategies.world.effects import Effect, FlagOn, FlagSwitch, Pin

Object = dict[str, Any]
log = structlog.get_logger()
_TOLD = {
    Phase.PROGRESSING: "Normal", Phase.BAKING: "Normal", Phase.COMPLETING: "Normal", Phase.HEALTHY: "Normal",
    Phase.AWAITING_APPROVAL: "Normal",
    Phase.PAUSED: "Warning", Phase.ROLLING_BACK: "Warning", Phase.ROLLED_BACK: "Warning", Phase.BLOCKED: "Warning",
    Phase.INVALID: "Warning", Phase.WORKLOAD_MISSING: "Warning",
}  # fmt: skip
_KNOWN_TO_COME = frozenset({(Phase.WAITING, Phase.PROGRESSING), (Phase.COMPLETING, Phase.HEALTHY)})
"""From a wait back to the trial, and from stable to at rest: what was told before has said it."""
_TRAIN_GOES = frozenset({TrainPhase.WAITING, TrainPhase.PROGRESSING, TrainPhase.VERIFYING, TrainPhase.COMPLETED})
_REPEAT = 300.0
"""Seconds of silence after which the same happening is told by a new Event."""
_RECOUNT = 60.0
"""Seconds after which a count is written in any case; before, when it has doubled."""
_KNOWN = 2000
Send = Callable[[Object], object]


@dataclass(slots=True)
class _Series:
    """An Event that was written: under which name, how often it has happened, and when that was last so and last written."""

    name: str
    count: int
    last: datetime
    told: datetime


class Recorder:
    """Writes Events from a thread of its own, so that no turn waits for one.

    `create` gets a whole Event. `recount` gets one that was created before: `metadata` with its name, and its new `series`.
    """

    def __init__(self, create: Send, recount: Send, identity: str, now: Callable[[], datetime] = utc_now) -> None:
        self._create, self._recount, self._identity, self._now = create, recount, identity, now
        self._waiting: queue.Queue[tuple[Send, Object] | None] = queue.Queue(maxsize=1000)
        self._said: dict[str, _Series] = {}
        self._thread = threading.Thread(target=self._write, name="events", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self, timeout: float = 2.0) -> None:
        """Write what waits, then end."""
        self._waiting.put(None)
        self._thread.join(timeout)

    def transition(self, release: Object, old: Status, new: Status) -> None:
        """The turning points of a release, and the answers to requests."""
        for answer in new.requests:
            if answer not in old.requests and not answer.done:
                self._say(_about(release), "Warning", "RequestRefused", answer.message)
        for each in new.overrides:
            if each not in old.overrides:
                said = f"{each.message.rstrip('.')}. By {each.author or 'somebody'}, because: {each.because or 'no reason given'}"
                self._say(_about(release), "Warning", "Overridden", said)
        started = new.trial is not None and (old.trial is None or old.trial.attempt != new.trial.attempt)
        if (old.phase, new.phase) in _KNOWN_TO_COME and not started:
            return
        kind = "Normal" if new.reason is Reason.STEPS_CHANGED else _TOLD.get(new.phase)
        if new.reason is Reason.WORKLOAD_RECREATED and new.restoring is not None:
            kind = "Warning"
        turned = old.phase is not new.phase or (new.reason is Reason.STEPS_CHANGED and old.message != new.message)
        turned = turned or (new.reason is Reason.TRAIN_GONE and old.reason is not new.reason)
        said = new.message
        if started and new.review is not None and new.review.red_flags:
            kind, said = "Warning", f"{said} {headline(new.review)}"
        if kind is not None and (turned or started):
            self._say(_about(release), kind, str(new.reason), said)

    def train(self, train: Object, old: TrainStatus, new: TrainStatus) -> None:
        """The turning points of a train: its phases, its stages, and the answers to requests."""
        for answer in new.requests:
            if answer not in old.requests and not answer.done:
                self._say(_about(train, "ReleaseTrain"), "Warning", "RequestRefused", answer.message)
        staged = new.reason is TrainReason.STAGE and new.message != old.message
        if old.phase is not new.phase or staged:
            kind = "Normal" if new.phase in _TRAIN_GOES else "Warning"
            self._say(_about(train, "ReleaseTrain"), kind, str(new.reason), new.message)

    def failed(self, release: Object, effect: str, error: str) -> None:
        """An effect that fails."""
        self._say(_about(release), "Warning", "EffectFailing", f"{effect} failed and is tried again: {error}")

    def undone(self, release: Object, effect: Effect) -> None:
        """Somebody else has undone a write of ours that users rest on, and it was put back."""
        if isinstance(effect, Pin):
            reason, said = "PinLost", (
                f"Service {effect.service} was found without its pin in mid-release, and may have sent users to a revision that "
                "no gate has allowed. It is pinned again; see who changes its selector."
            )
        elif isinstance(effect, FlagSwitch):
            reason, said = "FlagUndone", (
                f"Somebody else has written the {effect.place} back to {effect.old} in mid-release; it is {effect.new} again. "
                "Take its defaultVariant out of what your tools apply."
            )
        else:
            reason, said = "WeightsUndone", (
                "Somebody else has written the route's weights back in mid-release; they are put back. Meanwhile users are on "
                "the pinned Service. Take the weights out of what your tools apply during a release."
            )
        self._say(_about(release), "Warning", reason, said)

    def switched(self, release: Object, effect: FlagSwitch) -> None:
        """A flag has another default."""
        on = isinstance(effect, FlagOn)
        why = "the new version has its share of the traffic" if on else "its version goes back"
        self._say(_about(release), "Normal" if on else "Warning", "FlagOn" if on else "FlagOff",
                  f"The {effect.place} is {effect.new} now, and was {effect.old}: {why}.")  # fmt: skip

    def orphaned(self, deployment: Object, release: str, *, held: bool) -> None:
        """A Deployment that its Release has let go: the Release was deleted, or the coordinator is uninstalled."""
        name = deployment["metadata"]["name"]
        going_on = (
            " It is paused with a template that never went out. To let it out: `kubectl rollout resume deployment/"
            f"{name}`. To keep what runs: apply the earlier template, then resume."
            if held
            else ""
        )
        about = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": deployment["metadata"]["uid"],
                 "namespace": deployment["metadata"]["namespace"]}  # fmt: skip
        self._say(about, "Warning" if held else "Normal", "LetGo", f"Release {release} has let the Deployment go.{going_on}")

    def _say(self, about: Object, kind: str, reason: str, message: str) -> None:
        now = self._now()
        identity = hashlib.sha256(f"{about['uid']}/{kind}/{reason}/{message}".encode()).hexdigest()[:16]
        known = self._said.get(identity)
        if known is not None and (now - known.last).total_seconds() < _REPEAT:
            self._again(known, about["namespace"], now)
            return
        if len(self._said) > _KNOWN:
            self._said.clear()
        name = f"{about['name'][:200]}.{identity}.{int(now.timestamp())}"
        self._said[identity] = _Series(name=name, count=1, last=now, told=now)
        event = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": about["namespace"]},
            "eventTime": _moment(now),
            "reportingController": names.GROUP,
            "reportingInstance": self._identity[:128],
            "action": reason,
            "reason": reason,
            "regarding": about,
            "note": message[:1024],
            "type": kind,
        }
        self._put(self._create, event)

    def _again(self, series: _Series, namespace: str, now: datetime) -> None:
        """Count it; write the count when it has doubled, so that a thousand times are ten writes."""
        series.count, series.last = series.count + 1, now
        if series.count & (series.count - 1) and (now - series.told).total_seconds() < _RECOUNT:
            return
        series.told = now
        counted = {"count": series.count, "lastObservedTime": _moment(now)}
        self._put(self._recount, {"metadata": {"name": series.name, "namespace": namespace}, "series": counted})

    def _put(self, send: Send, event: Object) -> None:
        try:
            self._waiting.put_nowait((send, event))
        except queue.Full:
            log.warning("event_dropped", event_name=event["metadata"]["name"])

    def _write(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            send, event = waiting
            try:
                for attempt in _patiently():
                    with attempt:
                        send(event)
            except Exception as error:
                log.info("event_not_written", error=str(error))


def _patiently() -> Retrying:
    """Again while the API server says that it may succeed later, for some seconds: an Event is worth no more."""
    return Retrying(
        retry=retry_if_exception(lambda error: bool(getattr(error, "retryable", False))),
        wait=wait_random_exponential(multiplier=0.2, max=2),
        stop=stop_after_delay(10),
        reraise=True,
    )


def _about(release: Object, kind: str = "Release") -> Object:
    metadata = release["metadata"]
    return {"apiVersion": f"{names.GROUP}/{names.VERSION}", "kind": kind, "name": metadata["name"],
            "namespace": metadata["namespace"], "uid": metadata["uid"]}  # fmt: skip


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
