"""Stands in for controller.kube.connection.Connection: the playground's API without a socket."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from controller.kube.errors import ApiError, from_answer
from playground.apiserver import people
from playground.apiserver.api import ApiServer
from playground.apiserver.requests import Request, Response
from playground.apiserver.watching import Watch

USER = people.named(people.CONTROLLER)


class Answer:
    """As much of urllib3's response as the client uses."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.status, self.headers, self._body = status, headers, body

    def read1(self, _size: int, decode_content: object = None) -> bytes:  # noqa: ARG002  As urllib3's.
        """All of it, then nothing."""
        body, self._body = self._body, b""
        return body

    def release_conn(self) -> None:
        """There is none."""

    close = release_conn


class Wire:
    """One process' way to the API server."""

    generation = 0

    def __init__(self, api: ApiServer) -> None:
        self._api = api

    def renew(self, _generation: int) -> bool:
        """There are no credentials to read again."""
        return False

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, _timeouts: object) -> Answer:
        """One call."""
        path, _, query = target.partition("?")
        return self.answer(method, path, query, headers, body)

    def answer(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """What the API server says."""
        named = {name.lower(): value for name, value in headers.items()}
        asked = dict(parse_qsl(query, keep_blank_values=True))
        request = Request(method=method, path=unquote(path), query=asked, headers=named, body=body or b"", user=USER)
        answered = self._api.handle(request)
        assert isinstance(answered, Response)
        return _sent(answered)

    def watch(self, path: str, query: Mapping[str, str]) -> Watch:
        """A watch; its lines come when the loop's order says so. Raises as the client does."""
        asked = {**query, "watch": "true", "allowWatchBookmarks": "true"}
        answered = self._api.handle(Request(method="GET", path=path, query=asked, user=USER))
        if isinstance(answered, Response):
            raise refused(_sent(answered))
        return answered


def refused(answer: Answer) -> ApiError:
    """What the client makes of an answer that is no success."""
    return from_answer(answer.status, answer.read1(0), answer.headers.get("Retry-After"), json_patch=False)


def _sent(answered: Response) -> Answer:
    content: Any = answered.body
    return Answer(answered.status, content if isinstance(content, bytes) else json.dumps(content).encode(), answered.headers)
