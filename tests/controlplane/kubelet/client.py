"""The test kubelet's access to the API server: asynchronous, and nothing but raw calls."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from tests.controlplane.kubelet.settings import Settings

Object = dict[str, Any]


class Refused(Exception):
    """The API server answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Client:
    """One session, many connections."""

    def __init__(self, settings: Settings) -> None:
        context = ssl.create_default_context(cafile=str(settings.certificate))
        self._server = settings.server
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context, limit=32, keepalive_timeout=60),
            headers={"Authorization": f"Bearer {settings.token}", "User-Agent": "test-kubelet"},
            timeout=aiohttp.ClientTimeout(total=30),
        )

    async def call(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        """The parsed answer. Raises Refused, or aiohttp.ClientError when there is none."""
        data = None if body is None else json.dumps(body)
        async with self._session.request(
            method, self._server + path, data=data, headers={"Content-Type": content_type}
        ) as answer:
            content = await answer.read()
            if answer.status >= 400:
                raise Refused(answer.status, content.decode(errors="replace"))
            return json.loads(content)

    async def find(self, path: str) -> Any:
        """The object, or None if it does not exist."""
        try:
            return await self.call("GET", path)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    async def follow(self, path: str) -> AsyncIterator[tuple[str, Object | list[Object]]]:
        """("LIST", all objects), then (a watch event's type, its object) for ever; lists again after an error."""
        while True:
            try:
                listed = await self.call("GET", path)
                yield "LIST", listed["items"]
                version = listed["metadata"]["resourceVersion"]
                async for event in self._watch(f"{path}?watch=1&resourceVersion={version}&timeoutSeconds=3600"):
                    if event["type"] == "ERROR":
                        break
                    yield event["type"], event["object"]
            except (aiohttp.ClientError, Refused, TimeoutError) as problem:
                print(f"watch of {path} is interrupted: {problem!r}", flush=True)
            await asyncio.sleep(0.2)

    async def _watch(self, path: str) -> AsyncIterator[Object]:
        endless = aiohttp.ClientTimeout(total=None, connect=5)
        async with self._session.get(self._server + path, timeout=endless) as answer:
            if answer.status >= 400:
                raise Refused(answer.status, await answer.text())
            rest = b""
            async for chunk in answer.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield json.loads(line)
