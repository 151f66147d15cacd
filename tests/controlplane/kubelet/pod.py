"""One pod's life on the node: volumes, containers, statuses, and its orderly end."""

import asyncio
import contextlib
import shutil
from collections.abc import Mapping

import aiohttp

from tests.controlplane.kubelet import files
from tests.controlplane.kubelet.client import Client, Object, Refused
from tests.controlplane.kubelet.container import Container, now
from tests.controlplane.kubelet.settings import Settings

_MERGE = "application/strategic-merge-patch+json"


class Pod:
    """Runs until the API object is gone. `address` is the pod's own, local to the network namespace."""

    def __init__(self, settings: Settings, client: Client, manifest: Object, address: str) -> None:
        self.settings, self.client, self.manifest, self.address = settings, client, manifest, address
        metadata = manifest["metadata"]
        self.name, self.namespace, self.uid = metadata["name"], metadata["namespace"], metadata["uid"]
        self.folder = settings.folder / f"{self.namespace}_{self.name}_{self.uid}"
        self.restart_policy: str = manifest["spec"]["restartPolicy"]
        self._path = f"/api/v1/namespaces/{self.namespace}/pods/{self.name}"
        self._started_at = manifest["status"].get("startTime") or now()
        self._has_address = False
        self._changed = asyncio.Event()
        self._deleting = asyncio.Event()
        self._containers = [Container(self, spec) for spec in manifest["spec"]["containers"]]
        self._conditions: dict[str, Object] = {}

    def __str__(self) -> str:
        return f"{self.name}_{self.namespace}({self.uid})"

    def log(self, message: str) -> None:
        """Say something in the kubelet's own log."""
        print(f"{self}: {message}", flush=True)

    @property
    def service_environment(self) -> Mapping[str, str]:
        """Where the API server is: there is no proxy for Services, so it is named directly."""
        host, _, port = self.settings.server.removeprefix("https://").partition(":")
        return {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}

    def manifest_with_address(self) -> Object:
        """The pod as its containers may ask for it by fieldRef."""
        status = self.manifest["status"] | {"podIP": self.address, "hostIP": self.settings.node_address}
        return self.manifest | {"status": status}

    def observe(self, manifest: Object) -> None:
        """The API object has changed."""
        self.manifest = manifest
        if "deletionTimestamp" in manifest["metadata"]:
            self._deleting.set()

    async def run(self) -> None:
        """From creation to the end of the API object. Cancelled (the object was removed by force): kills at once."""
        writing = asyncio.create_task(self._write_statuses())
        living = asyncio.create_task(self._live())
        try:
            await self._deleting.wait()
            await self._end(living)
            writing.cancel()
            await self._remove()
        finally:
            for container in self._containers:
                container.kill()
            living.cancel()
            writing.cancel()
            for leftover in ("volumes", *(spec["name"] for spec in self.manifest["spec"]["containers"])):
                shutil.rmtree(self.folder / leftover, ignore_errors=True)  # The output stays.

    def publish(self) -> None:
        """Have the present status written soon."""
        self._changed.set()

    async def _live(self) -> None:
        self.publish()
        self.folder.mkdir(parents=True, exist_ok=True)
        volumes = files.Volumes(self.client, self.manifest_with_address(), self.folder / "volumes")
        while True:
            try:
                await volumes.write()
                break
            except (files.NotThereYet, Refused, aiohttp.ClientError) as problem:
                self.log(f"waits for its volumes: {problem}")
                await asyncio.sleep(0.5)
        self._has_address = True
        following = asyncio.create_task(volumes.follow())
        try:
            await asyncio.gather(*(container.run() for container in self._containers))
        except Exception as defect:
            self.log(f"the test kubelet has a defect: {defect!r}")
            raise
        finally:
            following.cancel()

    async def _end(self, living: asyncio.Task[None]) -> None:
        """Stop the containers; those that had not started yet never will."""
        if not any(container.is_running for container in self._containers):
            living.cancel()
        grace = self.manifest["metadata"].get("deletionGracePeriodSeconds", 30)
        stopping = [asyncio.create_task(container.stop(grace)) for container in self._containers]
        while any(container.is_running for container in self._containers):
            await asyncio.sleep(0.02)
        for task in (*stopping, living):
            task.cancel()

    async def _remove(self) -> None:
        with contextlib.suppress(Refused, aiohttp.ClientError):
            await self._write(self._status())
        preconditions = {"gracePeriodSeconds": 0, "preconditions": {"uid": self.uid}}
        while True:
            try:
                await self.client.call("DELETE", self._path, preconditions)
                return
            except Refused as refused:
                if refused.status in (404, 409):
                    return
            except aiohttp.ClientError as problem:
                self.log(f"cannot be removed yet: {problem!r}")
            await asyncio.sleep(0.5)

    async def _write_statuses(self) -> None:
        written: Object = {}
        while True:
            await self._changed.wait()
            self._changed.clear()
            status = self._status()
            if status == written:
                continue
            try:
                await self._write(status)
                written = status
            except (Refused, aiohttp.ClientError) as problem:
                if isinstance(problem, Refused) and problem.status in (404, 409):
                    return
                self.log(f"status is not written: {problem!r}")
                await asyncio.sleep(0.5)
                self._changed.set()

    async def _write(self, status: Object) -> None:
        patch = {"metadata": {"uid": self.uid}, "status": status}
        await self.client.call("PATCH", self._path + "/status", patch, _MERGE)

    def _status(self) -> Object:
        containers = [container.status for container in self._containers]
        phase = _phase(containers, self.restart_policy)
        status: Object = {
            "phase": phase, "startTime": self._started_at, "hostIP": self.settings.node_address,
            "hostIPs": [{"ip": self.settings.node_address}], "containerStatuses": containers,
            "observedGeneration": self.manifest["metadata"].get("generation", 1),
            "conditions": self._current_conditions(phase, containers),
        }  # fmt: skip
        if self._has_address:
            status |= {"podIP": self.address, "podIPs": [{"ip": self.address}]}
        return status

    def _current_conditions(self, phase: str, containers: list[Object]) -> list[Object]:
        unready = [container["name"] for container in containers if not container["ready"]]
        readiness = {"status": "True"}
        if phase in ("Succeeded", "Failed"):
            readiness = {"status": "False", "reason": "PodCompleted" if phase == "Succeeded" else "PodFailed"}
        elif unready:
            message = f"containers with unready status: [{' '.join(unready)}]"
            readiness = {"status": "False", "reason": "ContainersNotReady", "message": message}
        sandbox = {"status": "True" if self._has_address and phase in ("Pending", "Running") else "False"}
        wanted = {
            "PodReadyToStartContainers": sandbox, "Initialized": {"status": "True"}, "Ready": readiness,
            "ContainersReady": readiness, "PodScheduled": {"status": "True"},
        }  # fmt: skip
        for kind, condition in wanted.items():
            before = self._conditions.get(kind, {})
            moved = before.get("status") != condition["status"]
            since = now() if moved else before["lastTransitionTime"]
            self._conditions[kind] = {
                "type": kind,
                "lastTransitionTime": since,
                "reason": None,
                "message": None,
                **condition,
            }
        return list(self._conditions.values())


def _phase(containers: list[Object], restart_policy: str) -> str:
    """As a kubelet says it: Pending until every container has started once; then by what runs and will run again."""
    states = [container["state"] for container in containers]
    if any("waiting" in s and not c["lastState"] for s, c in zip(states, containers, strict=True)):
        return "Pending"
    if restart_policy != "Always" and all("terminated" in state for state in states):
        codes = [state["terminated"]["exitCode"] for state in states]
        if not any(codes):
            return "Succeeded"
        return "Failed" if restart_policy == "Never" else "Running"
    return "Running"
