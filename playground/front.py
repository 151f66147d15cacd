"""HTTP to requests and back (ASGI, no framework): who the token belongs to, bodies, warnings, and watches that stream."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from pydantic_core import to_json

from playground.apiserver import people
from playground.apiserver.api import Request, Response, User, Watch
from playground.apiserver.errors import unauthorized
from playground.cluster import Cluster
from playground.driving import Driver

Scope = Mapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
PROMETHEUS = "/prometheus"
_JSON = (b"content-type", b"application/json")
_KUBECTL = re.compile(r"kubectl[^/]*/v1\.(\d+)")
_OLDEST_KUBECTL = 32
"""The minor version with which kubectl is tried here."""


class Front:
    """The ASGI application. `driver` is set before the first request."""

    driver: Driver

    def __init__(self, cluster: Cluster, tokens: Mapping[str, User]) -> None:
        self._cluster, self._tokens = cluster, tokens
        self._watches: set[Watch] = set()
        self.requests = 0
        """How many there have been."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        self.requests += 1
        body = await _body(receive)
        self.driver.synchronize()
        path: str = scope["path"]
        if path.startswith(PROMETHEUS + "/"):
            query = scope["query_string"].decode()
            status, answer = self._cluster.prometheus.handle(scope["method"], path.removeprefix(PROMETHEUS), query, body)
            await _respond(send, Response(status=status, body=answer.encode() if isinstance(answer, str) else answer))
            return
        answered = self._answer(scope, path, body)
        if isinstance(answered, Response):
            await _respond(send, answered)
        else:
            await self._stream(answered, receive, send)

    def close(self) -> None:
        """End all watches."""
        for watch in list(self._watches):
            watch.close()

    def _answer(self, scope: Scope, path: str, body: bytes) -> Response | Watch:
        headers: dict[str, str] = {}
        for raw, value in scope["headers"]:
            name, text = raw.decode("latin-1"), value.decode("latin-1")
            headers[name] = f"{headers[name]},{text}" if name in headers else text
        user = self._user(headers.get("authorization", ""))
        if user is None:
            problem = unauthorized()
            return Response(status=problem.status, body=problem.body)
        query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        request = Request(method=scope["method"], path=path, query=query, headers=headers, body=body, user=user)
        answered = self._cluster.api.handle(request)
        if (said := _too_old(headers.get("user-agent", ""))) and isinstance(answered, Response):
            return replace(answered, warnings=(*answered.warnings, said))
        return answered

    def _user(self, authorization: str) -> User | None:
        """None for a token that nobody has."""
        kind, _, token = authorization.partition(" ")
        if not authorization:
            return people.NOBODY
        if kind.lower() != "bearer":
            return None
        return self._tokens.get(token) or self._cluster.api.subresources.tokens.get(token)

    async def _stream(self, watch: Watch, receive: Receive, send: Send) -> None:
        self._watches.add(watch)
        woken = asyncio.Event()
        watch.wake = woken.set
        leaving = asyncio.create_task(_disconnected(receive))
        leaving.add_done_callback(lambda _: watch.close())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [_JSON]})
            while True:
                woken.clear()
                if lines := watch.take():
                    await send({"type": "http.response.body", "body": lines, "more_body": True})
                elif watch.ended:
                    break
                else:
                    await woken.wait()
            await send({"type": "http.response.body", "body": b""})
        finally:
            leaving.cancel()
            watch.close()
            self._watches.discard(watch)


async def _body(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _respond(send: Send, answer: Response) -> None:
    body = answer.body if isinstance(answer.body, bytes) else to_json(answer.body)
    headers = dict(answer.headers)
    kind = headers.pop("content-type", "application/json").encode()
    lines = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    lines += [(name.encode(), value.encode()) for name, value in headers.items()]
    lines += [(b"warning", f"299 - {_quoted(text)}".encode()) for text in answer.warnings]
    await send({"type": "http.response.start", "status": answer.status, "headers": lines})
    await send({"type": "http.response.body", "body": body})


def _too_old(agent: str) -> str:
    """What to tell the user of such a kubectl; nothing to others. kubectl shows a warning once for each command."""
    found = _KUBECTL.match(agent)
    if found is None or int(found[1]) >= _OLDEST_KUBECTL:
        return ""
    return (f"kubectl 1.{found[1]} is older than 1.{_OLDEST_KUBECTL}, with which the playground is tried: commands may fail. "
            "Install a newer one: https://kubernetes.io/docs/tasks/tools/")  # fmt: skip


def _quoted(text: str) -> str:
    """As a header's quoted string; what is no printable ASCII would be refused by clients."""
    plain = " ".join(text.split()).encode("ascii", "replace").decode()
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
