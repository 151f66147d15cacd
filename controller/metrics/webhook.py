"""One web server that answers a gate, as a function: a document in, a verdict or Unknown out, and never an exception.

It shares the transport with the metric sources: one deadline for everything, bounded bodies, no redirects, no proxies of the
environment, addresses looked at after the name was resolved. Everything but a complete answer of the agreed form is an
Unknown: it is neither a pass nor a failure. When it is asked, and again, is decided elsewhere.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import requests
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from controller.metrics import transport
from controller.metrics.answers import short
from controller.metrics.problems import explained
from strategies.analysis.verdict import Unknown, Verdict
from strategies.world.observation import Told

LARGEST = 16_384
"""Bytes of an answer."""
_VERDICTS = {"pass": Verdict.PASS, "fail": Verdict.FAIL, "wait": Verdict.INCONCLUSIVE}
_HERE = ("localhost", "127.0.0.1", "[::1]", "::1")


class _Answer(BaseModel):
    """What a server must answer with, and nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True)

    verdict: Literal["pass", "fail", "wait"]
    message: Annotated[str, StringConstraints(max_length=500)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSettings:
    """Where to post, with which key to sign ("": not at all), whom to trust. `seconds` is for all of it."""

    url: str
    key: str = field(repr=False)
    authorities: str = ""
    seconds: float = 10.0


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port. Raises ValueError for what is no address of a web server."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError(f"{url!r} is no address; write https://host or http://host:port")
    return parts.scheme, parts.hostname.lower(), parts.port or {"http": 80, "https": 443}[parts.scheme]


def signature(key: str, sent: int, body: bytes) -> str:
    """`t=<seconds since 1970>,v1=<hex>`: HMAC-SHA256 over the time, a point, and the body."""
    code = hmac.new(key.encode(), f"{sent}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={sent},v1={code}"


class Poster:
    """Posts to one server, also from several threads at once. Raises, when made, only for a certificate that cannot be read."""

    def __init__(self, settings: HookSettings) -> None:
        self._settings = settings
        tls = transport.TLS(authorities=settings.authorities)
        context = tls.context() if settings.url.startswith("https:") else None
        self._session = transport.Session(context, LARGEST, connections=2)
        self._abroad = urlsplit(settings.url).hostname not in _HERE

    def post(self, body: bytes, headers: dict[str, str], at: datetime) -> requests.Response:
        """Post it, signed as sent at this time. Raises whatever goes wrong; see `explained`."""
        settings = self._settings
        if settings.key:
            headers = headers | {"Release-Coordinator-Signature": signature(settings.key, int(at.timestamp()), body)}
        with transport.deadline(settings.seconds, abroad=self._abroad):
            return self._session.post(settings.url, data=body, headers=headers, timeout=(2.0, settings.seconds))


class Hook:
    """A server that is asked by several threads at once. Raises, when made, only for a certificate that cannot be read."""

    def __init__(self, settings: HookSettings) -> None:
        self._seconds, self._poster = settings.seconds, Poster(settings)

    def query(self, document: str, at: datetime) -> Told | Unknown:
        """Post it, as sent at this time. Of the same form as a metric source's, so that both wait in the same lanes."""
        try:
            return self._ask(document.encode(), json.loads(document)["id"], at)
        except Exception as problem:  # the one place where everything that can go wrong becomes a value
            return explained(problem, self._seconds, "the webhook")

    def series(self, promql: str, at: datetime) -> Any:
        """It has none."""
        raise NotImplementedError

    def _ask(self, body: bytes, key: str, at: datetime) -> Told | Unknown:
        answer = self._poster.post(body, {"Content-Type": "application/json", "Idempotency-Key": key}, at)
        if 300 <= answer.status_code < 400:
            return Unknown(reason="Redirect", message="the webhook answered with a redirect, which is not followed")
        if answer.status_code != 200:
            return Unknown(reason="Refused", message=f"the webhook answered {answer.status_code}: {short(answer.text)}")
        try:
            found = _Answer.model_validate_json(answer.content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "the whole"
            form = 'write {"verdict": "pass" | "fail" | "wait", "message": "…"}'
            return Unknown(reason="BadAnswer", message=f"the webhook's answer is not as agreed ({where}: {first['msg']}); {form}")
        return Told(verdict=_VERDICTS[found.verdict], message=short(found.message), at=at)
