"""`python -m tests.controlplane.kubelet settings.json`: the node, its scheduler and its pods, until SIGTERM."""

import asyncio
import contextlib
import itertools
import json
import signal
import sys
from pathlib import Path

import aiohttp

from tests.controlplane.kubelet import logs
from tests.controlplane.kubelet.client import Client, Object, Refused
from tests.controlplane.kubelet.container import now
from tests.controlplane.kubelet.pod import Pod
from tests.controlplane.kubelet.settings import Settings


class Kubelet:
    """Keeps one task for each pod of the node, by uid."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._client = settings, Client(settings)
        self._pods: dict[str, tuple[Pod, asyncio.Task[None]]] = {}
        self._scheduled: set[str] = set()
        self._background: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(256)  # 10.244.0.x is for the control plane.

    async def run(self) -> None:
        """Follow all pods of the cluster, for ever."""
        _, port = await logs.serve(self._settings)
        await self._register(port)
        async for kind, content in self._client.follow("/api/v1/pods"):
            if isinstance(content, list):
                self._forget_all_but({pod["metadata"]["uid"] for pod in content})
                for pod in content:
                    self._observe(pod)
            elif kind == "DELETED":
                self._forget(content["metadata"]["uid"])
            elif kind != "BOOKMARK":
                self._observe(content)

    async def _register(self, port: int) -> None:
        name, plenty = self._settings.node, {"cpu": "1k", "memory": "1Ti", "pods": "10k"}
        labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
        with contextlib.suppress(Refused):  # It is there already.
            await self._client.call("POST", "/api/v1/nodes", {"metadata": {"name": name, "labels": labels}})
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": now(),
                 "lastTransitionTime": now(), "message": "kubelet is posting ready status"}  # fmt: skip
        status = {"conditions": [ready], "capacity": plenty, "allocatable": plenty,
                  "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
                  "addresses": [{"type": "InternalIP", "address": self._settings.node_address}]}  # fmt: skip
        patch = "application/strategic-merge-patch+json"
        await self._client.call("PATCH", f"/api/v1/nodes/{name}/status", {"status": status}, patch)

    def _observe(self, pod: Object) -> None:
        uid, node = pod["metadata"]["uid"], pod["spec"].get("nodeName")
        if uid in self._pods:
            self._pods[uid][0].observe(pod)
        elif node == self._settings.node and pod["status"]["phase"] not in ("Succeeded", "Failed"):
            number = next(self._numbers)
            started = Pod(self._settings, self._client, pod, f"10.244.{number // 256 % 256}.{number % 256}")
            self._pods[uid] = (started, asyncio.create_task(started.run()))
            started.observe(pod)
        elif node is None and uid not in self._scheduled and "schedulingGates" not in pod["spec"]:
            self._scheduled.add(uid)
            task = asyncio.create_task(self._schedule(pod))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    def _forget_all_but(self, uids: set[str]) -> None:
        for uid in set(self._pods) - uids:
            self._forget(uid)

    def _forget(self, uid: str) -> None:
        self._scheduled.discard(uid)
        if uid in self._pods:
            self._pods.pop(uid)[1].cancel()

    async def _schedule(self, pod: Object) -> None:
        """Bind it to the node; a pod with a nodeSelector that the node does not match stays Pending, and says so."""
        path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
        wanted = pod["spec"].get("nodeSelector", {})
        try:
            if wanted.items() <= {"kubernetes.io/hostname": self._settings.node, "kubernetes.io/os": "linux"}.items():
                target = {"apiVersion": "v1", "kind": "Node", "name": self._settings.node}
                metadata = {"name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
                await self._client.call("POST", path + "/binding", {"metadata": metadata, "target": target})
            else:
                message = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
                condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                             "message": message, "lastTransitionTime": now()}  # fmt: skip
                patch = {"metadata": {"uid": pod["metadata"]["uid"]}, "status": {"conditions": [condition]}}
                await self._client.call("PATCH", path + "/status", patch, "application/strategic-merge-patch+json")
        except (Refused, aiohttp.ClientError) as problem:
            print(f"{path} is not scheduled: {problem!r}", flush=True)
            self._scheduled.discard(pod["metadata"]["uid"])


async def _main(path: Path) -> None:
    told = json.loads(path.read_text())
    settings = Settings(**told | {
        "certificate": Path(told["certificate"]), "key": Path(told["key"]), "folder": Path(told["folder"]),
        "keep_visible": [Path(p) for p in told["keep_visible"]],
    })  # fmt: skip
    running = asyncio.create_task(Kubelet(settings).run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
