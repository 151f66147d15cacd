"""A small synchronous client of the Kubernetes API, for tests: JSON in, JSON out, connections kept alive.

It shares no code with the product on purpose: a test must not be blind where the product is. No retries, no caches.
"""

import http.client
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit


class ApiFailure(Exception):
    """The API server answered with an error."""

    def __init__(self, status: int, message: str, body: Any = None) -> None:
        super().__init__(f"{status}: {message}")
        self.status, self.message, self.body = status, message, body


class Client:
    """One user's access to one API server. Safe to use from several threads."""

    def __init__(self, server: str, headers: Mapping[str, str], tls: ssl.SSLContext | None, timeout: float = 30) -> None:
        self._server, self._headers, self._tls, self._timeout = urlsplit(server), dict(headers), tls, timeout
        self._local = threading.local()

    def request(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        """The parsed answer. Raises ApiFailure for 4xx and 5xx, OSError when there is no answer."""
        payload = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        status, answer = self._exchange(method, path, payload, content_type)
        try:
            parsed = json.loads(answer)
        except ValueError:
            parsed = answer.decode(errors="replace")
        if status >= 400:
            raise ApiFailure(status, parsed.get("message", "") if isinstance(parsed, dict) else parsed, parsed)
        return parsed

    def watch(self, path: str, timeout: float) -> Iterator[dict[str, Any]]:
        """The events of a watch, which the API server ends after `timeout` seconds."""
        connection = self._connect(timeout + 5)
        try:
            joined = f"{path}{'&' if '?' in path else '?'}watch=1&timeoutSeconds={int(timeout)}"
            connection.request("GET", joined, headers=self._headers)
            answer = connection.getresponse()
            if answer.status >= 400:
                raise ApiFailure(answer.status, answer.read().decode(errors="replace"))
            for line in answer:
                yield json.loads(line)
        finally:
            connection.close()

    def _exchange(self, method: str, path: str, payload: bytes | None, content_type: str) -> tuple[int, bytes]:
        kept: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        connection = kept or self._connect(self._timeout)
        self._local.connection = None
        headers = self._headers | ({"Content-Type": content_type} if payload is not None else {})
        try:
            connection.request(method, path, payload, headers)
            answer = connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLError):
            connection.close()
            if kept is None:
                raise
            return self._exchange(method, path, payload, content_type)  # An idle connection had been closed.
        status, content = answer.status, answer.read()
        self._local.connection = connection
        return status, content

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        host, port = self._server.hostname or "", self._server.port
        if self._tls is not None:
            return http.client.HTTPSConnection(host, port, timeout=timeout, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=timeout)
