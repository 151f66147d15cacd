"""The receiver of Alertmanager's webhooks: who may send, what is read of it, and what is answered.

200 says that a turn of the leader has seen every alert that concerns a Release here. Everything else makes Alertmanager send
again: a standby answers 503 and keeps nothing, so that no alert is lost with it. Nothing is decided here.
"""

import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from controller.reconcile.cluster import Key
from controller.runtime.server import Answer, Post
from strategies.world.observation import Alert

PATH = "/api/v1/alerts"
NAMESPACE, RELEASE = "namespace", "release"
"""The labels by which an alert names a Release."""
MOST = 1000
_TEXT = 300

Deliver = Callable[[Mapping[Key, tuple[Alert, ...]]], bool]
"""Hands alerts to the turns of their Releases; false where that did not come about."""


class _Alert(BaseModel):
    model_config = ConfigDict(extra="ignore", alias_generator=to_camel)

    status: str
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    starts_at: datetime


class _Message(BaseModel):
    """Version 4 of Alertmanager's webhook, as far as it is read."""

    model_config = ConfigDict(extra="ignore")

    version: str
    alerts: list[_Alert] = Field(max_length=MOST)


def receiver(token_file: Path, deliver: Deliver) -> Post:
    """The page. The token is read for each message, so that a rotated Secret is noticed."""

    def post(headers: Mapping[str, str], read: Callable[[], bytes | None]) -> Answer:
        refused = _refused(token_file, headers)
        if refused is not None:
            return refused
        body = read()
        if body is None:
            return 413, "text/plain", b"too large, or without Content-Length\n"
        try:
            message = _Message.model_validate(json.loads(body))
        except (ValueError, ValidationError, RecursionError):
            return 400, "text/plain", b"no message of Alertmanager's webhook, version 4\n"
        if message.version != "4":
            return 400, "text/plain", b"version 4 of the message is understood\n"
        if not deliver(firing(message.alerts)):
            return 503, "text/plain", b"not taken here and now; send it again\n"
        return 200, "text/plain", b"taken\n"

    return post


def firing(alerts: list[_Alert]) -> dict[Key, tuple[Alert, ...]]:
    """Those that fire and name a Release, by Release. What is resolved changes nothing: gates look for themselves."""
    found: dict[Key, tuple[Alert, ...]] = {}
    for alert in alerts:
        labels = alert.labels
        if alert.status != "firing" or not (labels.get(NAMESPACE) and labels.get(RELEASE)) or alert.starts_at.tzinfo is None:
            continue
        key = (labels[NAMESPACE], labels[RELEASE])
        said = alert.annotations.get("summary") or alert.annotations.get("description") or ""
        one = Alert(name=labels.get("alertname", "")[:_TEXT], summary=" ".join(said.split())[:_TEXT], since=alert.starts_at)
        found[key] = (*found.get(key, ()), one)
    return found


def _refused(token_file: Path, headers: Mapping[str, str]) -> Answer | None:
    try:
        token = token_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError):
        token = ""
    if not token:
        return 503, "text/plain", b"the receiver has no token; see the chart's value alertReceiver.secretName\n"
    given = headers.get("Authorization") or ""
    if hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return None
    return 401, "text/plain", b"a bearer token is needed\n"
