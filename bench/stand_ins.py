"""`python -m bench.stand_ins settings.json`: a kubelet and a gateway that only write statuses, so that hundreds of pods fit on a
small machine.

Pods are never run: one is ready 50 ms after it is seen (never, and in CrashLoopBackOff, if its image's tag has `crash`). Their
spec names the node, so nothing schedules them, and gives no grace, so the API server removes them itself (POD_SPEC). Every
HTTPRoute is accepted at once.
"""

import asyncio
import contextlib
import itertools
import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from tests.controlplane.kubelet.client import Client, Refused
from tests.controlplane.kubelet.settings import Settings

Object = dict[str, Any]
START_UP = 0.05
"""Seconds from when a pod is seen to when it is ready, or has crashed."""
NODE = "node-1"
POD_SPEC: Object = {"nodeName": NODE, "terminationGracePeriodSeconds": 0}
GATEWAY = {"name": "gateway", "namespace": "gateway-system"}
_ROUTES = "/apis/gateway.networking.k8s.io/v1/httproutes"


class StandIns:
    """Each status that is due is written by a task of its own."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._tasks: set[asyncio.Task[None]] = set()
        self._done: set[str] = set()
        self._numbers = itertools.count(256)

    async def run(self) -> None:
        """Follow pods and routes, for ever."""
        await asyncio.gather(self._follow("/api/v1/pods", self._pod), self._follow(_ROUTES, self._route))

    async def _follow(self, path: str, observe: Any) -> None:
        async for kind, content in self._client.follow(path):
            for found in content if isinstance(content, list) else [content] if kind in ("ADDED", "MODIFIED") else []:
                observe(found)

    def _pod(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        if uid not in self._done and "deletionTimestamp" not in pod["metadata"]:
            self._done.add(uid)
            number = next(self._numbers)
            status = _pod_status(pod, f"10.244.{number // 256 % 256}.{number % 256}")
            self._later(START_UP, f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods", pod, status)

    def _route(self, route: Object) -> None:
        generation = route["metadata"]["generation"]
        told = [c.get("observedGeneration") for p in route.get("status", {}).get("parents", []) for c in p["conditions"]]
        if told and min(told) >= generation:
            return
        conditions = [{"type": kind, "status": "True", "reason": kind, "message": "", "observedGeneration": generation,
                       "lastTransitionTime": _now()} for kind in ("Accepted", "ResolvedRefs")]  # fmt: skip
        status = {"parents": [{"parentRef": GATEWAY, "controllerName": "bench/gateway", "conditions": conditions}]}
        namespaced = _ROUTES.replace("/httproutes", f"/namespaces/{route['metadata']['namespace']}/httproutes")
        self._later(0, namespaced, route, status)

    def _later(self, seconds: float, collection: str, found: Object, status: Object) -> None:
        async def write() -> None:
            await asyncio.sleep(seconds)
            body = {"metadata": {"uid": found["metadata"]["uid"]}, "status": status}
            path = f"{collection}/{found['metadata']['name']}/status"
            with contextlib.suppress(Refused, aiohttp.ClientError):  # It is gone, or newer: then there is another event.
                await self._client.call("PATCH", path, body, "application/merge-patch+json")

        task = asyncio.create_task(write())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _pod_status(pod: Object, address: str) -> Object:
    container = pod["spec"]["containers"][0]
    crashes = "crash" in container["image"]
    state: Object = {"running": {"startedAt": _now()}}
    if crashes:
        state = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off restarting failed container"}}
    ready = "False" if crashes else "True"
    conditions = [{"type": kind, "status": ready, "lastTransitionTime": _now()} for kind in ("Ready", "ContainersReady")]
    return {
        "phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "startTime": _now(), "conditions": conditions,
        "containerStatuses": [{"name": container["name"], "image": container["image"], "imageID": "", "ready": not crashes,
                               "restartCount": 2 if crashes else 0, "state": state, "lastState": {}}],
    }  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def _main(told: Object) -> None:
    files = {name: Path(told[name]) for name in ("certificate", "key", "folder")}
    settings = Settings(server=told["server"], token=told["token"], images={}, **files)
    running = asyncio.create_task(StandIns(Client(settings)).run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


if __name__ == "__main__":
    asyncio.run(_main(json.loads(Path(sys.argv[1]).read_text())))
