"""One Prometheus, as a function: PromQL and a time in, a Sample or Unknown out, and never an exception.

A gate must not be able to confuse "worse" with "not known", so everything but one finite, fresh, complete number is
an Unknown with a reason and a sentence that says what to do. prometheus_api_client sends the query; what it drops
(warnings, infos, the type of the result, the text of errors) is read from the response by a hook of the session. No
retries here: the next interval asks again. What a query means and how it is bound is decided elsewhere.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException

from controller.metrics import transport
from controller.metrics.answers import not_prometheus, read_answer, read_series, refusal, short
from controller.metrics.problems import explained
from strategies.analysis.series import Series
from strategies.analysis.verdict import Sample, Unknown

_Read = Callable[[Any, Any, dict[str, Any]], "T | Unknown"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """A metric source. `token` or `token_file` (read for each query) or `username` and `password`; times in seconds.

    `freshness`: how far the answer's timestamp may be from the time that was asked for. `body_limit` and `series_limit`: bytes of
    an answer that is one number, and of one that is raw samples.
    """

    url: str
    tls: transport.TLS = field(default_factory=transport.TLS)
    token: str = field(default="", repr=False)
    token_file: Path | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    connect_timeout: float = 2.0
    deadline: float = 10.0
    body_limit: int = 1 << 20
    series_limit: int = 8 << 20
    connections: int = 4
    freshness: float = 5.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("a metric source's address is http://… or https://…, with a host")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("a metric source's address holds no user, query or fragment; use the fields for credentials")
        if sum(map(bool, (self.token, self.token_file, self.username))) > 1:
            raise ValueError("a metric source has one way to authenticate: token, token file, or user and password")


class _Authentication(requests.auth.AuthBase):
    """Puts the credentials on each request, a token file's as it is at that moment; knows what must never be shown."""

    def __init__(self, settings: SourceSettings) -> None:
        self._settings = settings
        self._secrets: tuple[str, ...] = ()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        settings = self._settings
        if settings.username:
            request = requests.auth.HTTPBasicAuth(settings.username.encode(), settings.password.encode())(request)
            encoded = str(request.headers["Authorization"]).partition(" ")[2]
            self._secrets = (encoded, settings.password)
        elif token := (settings.token_file.read_text() if settings.token_file else settings.token).strip():
            if not (token.isascii() and token.isprintable()):  # http.client would quote it in its error
                raise requests.exceptions.InvalidHeader("the token cannot be a header")
            request.headers["Authorization"] = f"Bearer {token}"
            self._secrets = (token,)
        return request

    def redact(self, text: str) -> str:
        """The text without secrets: a server may send back what it was sent."""
        for secret in filter(None, self._secrets):
            text = text.replace(secret, "…")
        return text


class PrometheusSource:
    """A source that is asked by several threads at once. Raises, when made, only for TLS texts that cannot be read."""

    def __init__(self, settings: SourceSettings) -> None:
        self._settings = settings
        context = settings.tls.context() if settings.url.startswith("https:") else None
        self._session = transport.Session(context, settings.body_limit, settings.connections)
        self._session.hooks["response"].append(self._remember)
        self._seen = threading.local()  # the response of the query that this thread is asking
        self._authentication = _Authentication(settings)
        self._session.auth = self._authentication
        self._client = PrometheusConnect(
            url=settings.url.rstrip("/"), session=self._session, retry=urllib3.Retry(0), method="GET"
        )

    def query(self, promql: str, at: datetime) -> Sample | Unknown:
        """Evaluate at this (aware) time. Ends within the deadline, but for what the system's resolver takes on top."""
        freshness = self._settings.freshness
        return self._answer(promql, at, 0, lambda kind, result, document: read_answer(kind, result, document, at, freshness))

    def series(self, promql: str, at: datetime) -> tuple[Series, ...] | Unknown:
        """The same for a range selector: the raw samples until this time."""
        return self._answer(promql, at, self._settings.series_limit, read_series)

    def _answer(self, promql: str, at: datetime, body_limit: int, read: "_Read[T]") -> "T | Unknown":
        answer: T | Unknown
        try:
            with transport.deadline(self._settings.deadline, body_limit):
                answer = self._ask(promql, at, read)
        except Exception as problem:  # the one place where everything that can go wrong becomes a value
            answer = explained(problem, self._settings.deadline)
        finally:
            self._seen.response = None
        if isinstance(answer, Unknown):
            # Redacted before it is shortened: half a secret would not be found.
            return Unknown(reason=answer.reason, message=short(self._authentication.redact(answer.message)))
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _ask(self, promql: str, at: datetime, read: "_Read[T]") -> "T | Unknown":
        self._seen.response = None
        # Prometheus gives up at its `timeout` too, and does not go on computing for nobody.
        parameters = {"time": f"{at.timestamp():.3f}", "timeout": f"{self._settings.deadline:g}s"}
        timeout: Any = (self._settings.connect_timeout, self._settings.deadline)
        try:
            result = self._client.custom_query(promql, params=parameters, timeout=timeout)
        except PrometheusApiClientException:
            return refusal(self._seen.response)
        except (ValueError, KeyError, TypeError, RecursionError):
            if self._seen.response is None:
                raise
            return not_prometheus(self._seen.response)
        document = self._seen.response.json()
        if document.get("status") != "success":
            return not_prometheus(self._seen.response)
        return read(document["data"].get("resultType"), result, document)

    def _remember(self, response: requests.Response, **_: Any) -> None:
        # The library reads it first, then we: what a large answer becomes is not kept twice.
        response.json = cache(response.json)  # type: ignore[method-assign, assignment]
        self._seen.response = response
