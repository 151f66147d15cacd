"""One container's life: pulled, started, probed, restarted with back-off, and what its status says meanwhile."""

import asyncio
import re
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.controlplane.kubelet import files, probes
from tests.controlplane.kubelet.client import Object
from tests.controlplane.kubelet.process import Process

if TYPE_CHECKING:
    from tests.controlplane.kubelet.pod import Pod


class BadConfiguration(Exception):
    """The environment names something that does not exist."""


class Container:
    """`status` is always what the pod's status should say about this container."""

    def __init__(self, pod: "Pod", spec: Object) -> None:
        self._pod, self._spec = pod, spec
        self._folder = pod.folder / spec["name"]
        self._process: Process | None = None
        self._stopping = False
        self._restarts = 0
        self.status: Object = {
            "name": spec["name"], "image": spec["image"], "imageID": "", "ready": False, "started": False,
            "restartCount": 0, "state": _waiting("ContainerCreating"), "lastState": {},
        }  # fmt: skip

    async def run(self) -> int:
        """Until the container has ended for good; its exit code."""
        settings = self._pod.settings
        if settings.command(self._spec["image"]) is None:
            await self._fail_to_pull()
        back_off = 0.0
        while True:
            await self._start()
            code = await self._watch()
            if self._stopping or not _restarts(self._pod.restart_policy, code):
                return code
            if back_off:
                message = f"back-off {back_off:g}s restarting failed container={self._spec['name']} pod={self._pod}"
                self._say(state=_waiting("CrashLoopBackOff", message), lastState=self.status["state"])
                await asyncio.sleep(back_off)
                if self._stopping:
                    return code
            back_off = min(back_off * 2 or settings.first_back_off, settings.longest_back_off)
            self._restarts += 1

    async def stop(self, grace: float) -> None:
        """Sleep as preStop says, SIGTERM, and SIGKILL when `grace` seconds have passed. Never started again."""
        self._stopping = True
        pause = self._spec.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        await asyncio.sleep(min(pause, grace))
        if self._process is not None:
            self._process.terminate()
        await asyncio.sleep(max(grace - pause, 0))
        self.kill()

    def kill(self) -> None:
        """End it at once, and never start it again."""
        self._stopping = True
        if self._process is not None:
            self._process.kill()

    @property
    def is_running(self) -> bool:
        """Whether it has a process."""
        return self._process is not None

    def _say(self, **changes: Any) -> None:
        self.status = self.status | changes
        self._pod.publish()

    async def _fail_to_pull(self) -> None:
        image, settings = self._spec["image"], self._pod.settings
        failure = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": not found'
        back_off = settings.first_back_off
        while True:
            self._say(state=_waiting("ErrImagePull", failure))
            await asyncio.sleep(min(0.5, back_off))
            message = f'Back-off pulling image "{image}": ErrImagePull: {failure}'
            self._say(state=_waiting("ImagePullBackOff", message))
            await asyncio.sleep(back_off)
            back_off = min(back_off * 2, settings.longest_back_off)

    async def _start(self) -> None:
        while True:
            try:
                environment = await self._environment()
                break
            except (BadConfiguration, files.NotThereYet) as problem:
                self._say(state=_waiting("CreateContainerConfigError", str(problem)))
                await asyncio.sleep(1)
        previous = self.status["state"] if "terminated" in self.status["state"] else self.status["lastState"]
        try:
            self._process = self._launch(environment)
        except (OSError, subprocess.SubprocessError) as problem:
            self._process = None
            self._pod.log(f"container {self._spec['name']} cannot be started: {problem}")
        self._say(
            state={"running": {"startedAt": now()}}, lastState=previous, restartCount=self._restarts,
            imageID=f"docker.io/{self._spec['image']}", containerID=f"process://{self._pod.uid}/{self._restarts}",
            started="startupProbe" not in self._spec,
            ready="readinessProbe" not in self._spec and "startupProbe" not in self._spec,
        )  # fmt: skip

    def _launch(self, environment: Mapping[str, str]) -> Process:
        entry_point = self._spec.get("command") or self._pod.settings.command(self._spec["image"]) or ()
        argv = [_expand(a, environment) for a in (*entry_point, *self._spec.get("args", []))]
        if not argv:
            raise OSError("no command specified")
        work = self._folder / "work"
        work.mkdir(parents=True, exist_ok=True)
        root = self._folder / "root"
        visible = self._pod.settings.keep_visible
        files.make_root(root, self._spec.get("volumeMounts", []), self._pod.folder / "volumes", visible)
        log: Path = self._pod.folder / f"{self._spec['name']}.log"
        return Process(argv, environment, work, root, log)

    async def _watch(self) -> int:
        started = now()
        asking = asyncio.create_task(self._probe())
        try:
            code = await self._process.wait() if self._process is not None else 128
        finally:
            asking.cancel()
            self._process = None
        ended = {
            "exitCode": code, "reason": "Completed" if code == 0 else "Error", "startedAt": started,
            "finishedAt": now(), "containerID": self.status["containerID"],
        }  # fmt: skip
        self._say(state={"terminated": ended}, ready=False, started=False)
        return code

    async def _probe(self) -> None:
        started = asyncio.Event()
        async with asyncio.TaskGroup() as asking:

            def on_startup(success: bool) -> None:
                if success and not started.is_set():
                    started.set()
                    self._say(started=True, ready="readinessProbe" not in self._spec)
                elif not success:
                    self._restart()

            async def ask(kind: str, tell: Callable[[bool], None]) -> None:
                if kind != "startupProbe":
                    await started.wait()
                if kind in self._spec:
                    await probes.follow(self._spec[kind], self._spec, self._pod.address, tell)

            if "startupProbe" not in self._spec:
                started.set()
            asking.create_task(ask("startupProbe", on_startup))
            asking.create_task(ask("readinessProbe", self._on_readiness))
            asking.create_task(ask("livenessProbe", lambda alive: None if alive else self._restart()))

    def _on_readiness(self, ready: bool) -> None:
        if self.status["ready"] != ready:
            self._say(ready=ready)

    def _restart(self) -> None:
        if self._process is not None:
            self._process.terminate()

    async def _environment(self) -> dict[str, str]:
        environment = {
            "HOSTNAME": self._pod.name, "HOME": "/", "PATH": "/usr/local/bin:/usr/bin:/bin",
            "POD_IP": self._pod.address, "IMAGE": self._spec["image"], **self._pod.service_environment,
        }  # fmt: skip
        for source in self._spec.get("envFrom", []):
            kind, field = ("configmaps", "configMapRef") if "configMapRef" in source else ("secrets", "secretRef")
            data = await self._data(kind, source[field])
            environment |= {source.get("prefix", "") + key: value.decode() for key, value in data.items()}
        for entry in self._spec.get("env", []):
            value = await self._value(entry)
            if value is not None:
                environment[entry["name"]] = _expand(value, environment)
        return environment

    async def _value(self, entry: Object) -> str | None:
        source = entry.get("valueFrom")
        if source is None:
            return str(entry.get("value", ""))
        if "fieldRef" in source:
            return files.field_of(self._pod.manifest_with_address(), source["fieldRef"]["fieldPath"])
        for reference, kind in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
            if reference in source:
                wish = source[reference]
                data = await self._data(kind, wish)
                if wish["key"] not in data and not wish.get("optional"):
                    raise BadConfiguration(f"couldn't find key {wish['key']} in {kind} {wish['name']}")
                return data[wish["key"]].decode() if wish["key"] in data else None
        raise BadConfiguration(f"the test kubelet does not know {source}")

    async def _data(self, kind: str, reference: Object) -> dict[str, bytes]:
        data = await files.data_of(self._pod.client, self._pod.namespace, kind, reference["name"])
        if data is None and not reference.get("optional"):
            raise BadConfiguration(f'{kind.removesuffix("s")} "{reference["name"]}" not found')
        return data or {}


def now() -> str:
    """The time as Kubernetes writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _waiting(reason: str, message: str = "") -> Object:
    return {"waiting": {"reason": reason} | ({"message": message} if message else {})}


def _restarts(policy: str, code: int) -> bool:
    return policy == "Always" or (policy == "OnFailure" and code != 0)


def _expand(text: str, environment: Mapping[str, str]) -> str:
    return re.sub(r"\$\(([\w.-]+)\)", lambda match: environment.get(match[1], match[0]), text)
