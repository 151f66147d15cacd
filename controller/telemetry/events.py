"""Kubernetes Events: few, each at a turning point, repeated ones counted in one object instead of written anew.

Events never carry what is not in the status or the log too; losing one loses nothing.
"""

import hashlib
import queue
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from controller.api import names
from controller.clock import utc_now
from strategies.spec.phase import Phase
from strategies.spec.status import Status

Object = dict[str, Any]
log = structlog.get_logger()
_TOLD = {
    Phase.PROGRESSING: "Normal", Phase.BAKING: "Normal", Phase.HEALTHY: "Normal", Phase.AWAITING_APPROVAL: "Normal",
    Phase.PAUSED: "Warning", Phase.ROLLING_BACK: "Warning", Phase.ROLLED_BACK: "Warning", Phase.BLOCKED: "Warning",
    Phase.INVALID: "Warning", Phase.WORKLOAD_MISSING: "Warning",
}  # fmt: skip
_REPEAT = 300.0
_KNOWN = 2000
Send = Callable[[Object], object]


class Recorder:
    """Writes Events from a thread of its own, so that no turn waits for one."""

    def __init__(self, send: Send, identity: str, now: Callable[[], datetime] = utc_now) -> None:
        self._send, self._identity, self._now = send, identity, now
        self._waiting: queue.Queue[Object | None] = queue.Queue(maxsize=1000)
        self._said: dict[str, datetime] = {}
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
        started = new.trial is not None and (old.trial is None or old.trial.attempt != new.trial.attempt)
        if old.phase is Phase.WAITING and new.phase is Phase.PROGRESSING and not started:
            return
        kind = _TOLD.get(new.phase)
        if kind is not None and (old.phase is not new.phase or started):
            self._say(_about(release), kind, str(new.reason), new.message)

    def failed(self, release: Object, effect: str, error: str) -> None:
        """An effect that fails."""
        self._say(_about(release), "Warning", "EffectFailing", f"{effect} failed and is tried again: {error}")

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
        last = self._said.get(identity)
        if last is not None and (now - last).total_seconds() < _REPEAT:
            return
        if len(self._said) > _KNOWN:
            self._said.clear()
        self._said[identity] = now
        moment = now.isoformat(timespec="microseconds").replace("+00:00", "Z")
        event = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": f"{about['name'][:200]}.{identity}.{int(now.timestamp())}", "namespace": about["namespace"]},
            "eventTime": moment,
            "reportingController": names.GROUP,
            "reportingInstance": self._identity[:128],
            "action": reason,
            "reason": reason,
            "regarding": about,
            "note": message[:1024],
            "type": kind,
        }
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            log.warning("event_dropped", reason=reason, message=message)

    def _write(self) -> None:
        while (event := self._waiting.get()) is not None:
            try:
                for attempt in _patiently():
                    with attempt:
                        self._send(event)
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


def _about(release: Object) -> Object:
    metadata = release["metadata"]
    return {"apiVersion": f"{names.GROUP}/{names.VERSION}", "kind": "Release", "name": metadata["name"],
            "namespace": metadata["namespace"], "uid": metadata["uid"]}  # fmt: skip
