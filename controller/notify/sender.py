"""Notifications on their way: a line and a thread for each receiver, so that no turn and no other receiver waits.

Everything is bounded: the line, one try, the tries. What cannot be delivered is given up with a metric and a log line, and never
reaches a decision. What is told, and under which id, is decided elsewhere.
"""

import contextlib
import json
import queue
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import structlog
from tenacity import (
    Retrying,
    retry_if_not_exception_type,
    stop_after_attempt,
    stop_when_event_set,
    wait_random_exponential,
)
from tenacity.nap import sleep_using_event

from controller.clock import utc_now
from controller.kube.errors import ApiError
from controller.metrics.problems import explained
from controller.metrics.webhook import HookSettings, Poster
from controller.telemetry import metrics
from strategies.rollout.notifications import spoken
from strategies.spec.metric_source import allows
from strategies.spec.receiver import Form, Receiver

Object = dict[str, Any]
Secret = Callable[[str, str], str]
"""Gives the value of a Secret's key. Raises LookupError when there is none, or what the API says."""
log = structlog.get_logger()
LONGEST_LINE = 1000
_TRIES = 5
_SECONDS = {Form.CLOUD_EVENTS: 5.0, Form.APPRISE: 30.0}
"""For one try, from the look-up of the name to the last byte of the answer. Apprise answers when all its services have."""
_FIRST_WAIT = 1.0
"""Seconds at most between the first try and the second; doubled each time."""
_TRUSTED = 60.0
"""Seconds after which the Secret is read again, so that a rotated key is noticed."""
_LATER = frozenset({408, 425, 429})
"""Answers below 500 that say: try again."""


class _Refused(Exception):
    """The receiver has answered that it will not take this, now or later."""


class _NotNow(Exception):
    """The receiver has answered that it cannot take this now."""


class Notifier:
    """Tells all receivers."""

    def __init__(self, receivers: tuple[Receiver, ...], secret: Secret) -> None:
        self._lines = [_Line(receiver, secret) for receiver in receivers]

    def start(self) -> None:
        """Begin to send."""
        for line in self._lines:
            line.thread.start()

    def stop(self, timeout: float = 2.0) -> None:
        """Try once what waits, then end, all within `timeout` seconds; what is left is told by whoever leads next."""
        until = time.monotonic() + timeout
        for line in self._lines:
            line.end()
        for line in self._lines:
            line.thread.join(max(0.0, until - time.monotonic()))

    def tell(self, namespace: str, event: Object) -> None:
        """Tell it to those who may know of this namespace. Never waits, never raises."""
        for line in self._lines:
            if allows(line.receiver.namespaces, namespace):
                line.put(event)


class _Line:
    """What waits for one receiver, and the thread that sends it."""

    def __init__(self, receiver: Receiver, secret: Secret) -> None:
        self.receiver, self._secret = receiver, secret
        self.thread = threading.Thread(target=self._send, name="notifications", daemon=True)
        self._waiting: queue.Queue[Object | None] = queue.Queue(maxsize=LONGEST_LINE)
        self._stopping = threading.Event()
        self._seconds = _SECONDS[receiver.form]
        self._poster: tuple[Poster, float] | None = None
        self._whom = urlsplit(receiver.url).netloc  # A path or query may be known to the administrators alone.

    def put(self, event: Object) -> None:
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            metrics.NOTIFICATIONS.labels(result="dropped").inc()
            log.warning("notification_dropped", receiver=self._whom, id=event["id"], type=event["type"])

    def end(self) -> None:
        self._stopping.set()
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)

    def _send(self) -> None:
        while (event := self._waiting.get()) is not None:
            try:
                for attempt in self._patiently():
                    with attempt:
                        self._post(event)
                metrics.NOTIFICATIONS.labels(result="sent").inc()
            except Exception as error:
                metrics.NOTIFICATIONS.labels(result="failed").inc()
                why = self._told(error)
                log.warning("notification_not_sent", receiver=self._whom, id=event["id"], type=event["type"], error=why)
            if self._stopping.is_set() and self._waiting.empty():
                return  # Into a full line no sign of the end could be put.

    def _post(self, event: Object) -> None:
        apprise = self.receiver.form is Form.APPRISE
        said, kind = (spoken(event), "application/json") if apprise else (event, "application/cloudevents+json; charset=utf-8")
        body = json.dumps(said, separators=(",", ":")).encode()
        answer = self._known().post(body, {"Content-Type": kind}, utc_now())
        if answer.status_code in _LATER or answer.status_code >= 500:
            raise _NotNow(f"it answered {answer.status_code}")
        if apprise and answer.status_code == 204:
            raise _Refused("it answered 204; Apprise has no services under the key at the end of the URL")
        if not 200 <= answer.status_code < 300:
            raise _Refused(f"it answered {answer.status_code}; a redirect is not followed, a refusal not tried again")

    def _known(self) -> Poster:
        now = time.monotonic()
        if self._poster is None or now - self._poster[1] >= _TRUSTED:
            self._poster = (self._made(), now)
        return self._poster[0]

    def _made(self) -> Poster:
        name, key, authorities = self.receiver.secret_name, "", ""
        if name is not None:
            key = self._secret(name, "key")
            with contextlib.suppress(LookupError):  # The public ones.
                authorities = self._secret(name, "ca.crt")
        return Poster(HookSettings(url=self.receiver.url, key=key, authorities=authorities, seconds=self._seconds))

    def _patiently(self) -> Retrying:
        return Retrying(
            retry=retry_if_not_exception_type(_Refused),
            wait=wait_random_exponential(multiplier=_FIRST_WAIT),
            stop=stop_after_attempt(_TRIES) | stop_when_event_set(self._stopping),
            sleep=sleep_using_event(self._stopping),
            reraise=True,
        )

    def _told(self, error: Exception) -> str:
        """What went wrong, without anything that was sent."""
        ours = isinstance(error, (_Refused, _NotNow, LookupError, ApiError))
        return str(error) if ours else explained(error, self._seconds, "the receiver").message
