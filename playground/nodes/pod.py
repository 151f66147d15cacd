"""One pod on the node: its containers, its address, its status as a kubelet writes it, and its end.

The pod's object is only ever changed through its status. Which pods are here at all is the kubelet's business.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from playground.apiserver.errors import ApiError
from playground.apiserver.objects import Object, timestamp
from playground.loop import Loop, Timer
from playground.nodes.application import Application
from playground.nodes.container import Container

NODE, NODE_ADDRESS = "playground", "10.244.0.1"
_NOT_THERE_ANY_MORE = (404, 409)
_RETRY = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What a pod may do to the world. `remove` takes the object away for good."""

    write_status: Callable[[Object, Object], None]
    remove: Callable[[Object], None]
    record: Callable[[Object, str, str, str], None]
    """An event about the pod: the object, Normal or Warning, reason, message."""


class Pod:
    """From being bound to the node until the object is gone. `address` is its own."""

    def __init__(self, loop: Loop, effects: Effects, manifest: Object, address: str) -> None:
        self.loop, self.address, self.manifest = loop, address, manifest
        self._effects = effects
        metadata = manifest["metadata"]
        self.name, self.namespace, self.uid = (metadata[key] for key in ("name", "namespace", "uid"))
        self._policy: str = manifest["spec"].get("restartPolicy", "Always")
        self._since = timestamp(loop.now())
        self._has_address = self._is_published = self._is_over = False
        self._conditions: dict[str, Object] = {}
        self._written: Object = {}
        self._ending: Timer | None = None
        self._containers = [Container(self, spec) for spec in manifest["spec"]["containers"]]
        serving = (container for container in self._containers if container.spec.get("ports"))
        self.serving = next(serving, self._containers[0])
        """The container that answers requests: the first with a port."""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def full_name(self) -> str:
        """As a kubelet names it in its messages."""
        return f"{self.name}_{self.namespace}({self.uid})"

    @property
    def application(self) -> Application | None:
        """What answers requests; None while it does not run."""
        return self.serving.application

    def log(self, container: str) -> str | None:
        """What this container has written; None without one of that name. "" is the first one."""
        found = [one for one in self._containers if container in ("", one.spec["name"])]
        return found[0].log if found else None

    @property
    def labels(self) -> Mapping[str, str]:
        """The object's labels."""
        return self.manifest["metadata"].get("labels") or {}

    @property
    def phase(self) -> str:
        """Pending until every container has started once; then by what runs and what will run again."""
        states = [container.status for container in self._containers]
        if not self._is_over and any("waiting" in status["state"] and not status["lastState"] for status in states):
            return "Pending"
        ended = [status["state"].get("terminated") or status["lastState"].get("terminated") for status in states]
        if not self._is_over and (self._policy == "Always" or not all("terminated" in status["state"] for status in states)):
            return "Running"
        failed = any(one["exitCode"] != 0 for one in ended if one)
        if not failed:
            return "Succeeded"
        return "Failed" if self._policy == "Never" or self._is_over else "Running"

    def start(self) -> None:
        """Create the containers."""
        self._has_address = True
        self.publish()
        for container in self._containers:
            container.create()

    def observe(self, manifest: Object) -> None:
        """The object has changed; a deletion begins, or is to be quicker than it was."""
        self.manifest = manifest
        if "deletionTimestamp" not in manifest["metadata"] or self._is_over:
            return
        if self._ending is None:
            for container in self._containers:
                container.stop()
                if container.application:
                    self.tell(f"Stopping container {container.spec['name']}", "Killing")
        lasts = max(container.lasts for container in self._containers)
        grace: float = manifest["metadata"].get("deletionGracePeriodSeconds", 30)
        due = self.loop.now() + min(grace, lasts)
        if self._ending is None or due < self._ending.due:
            self.forget()
            self._ending = self.loop.later(due - self.loop.now(), f"kubelet {self} has stopped", lambda: self._end(grace < lasts))

    def forget(self) -> None:
        """Do nothing any more: the object is gone, or something else was decided."""
        for container in self._containers:
            container.stop()
        if self._ending is not None:
            self._ending.cancel()

    def kill(self) -> None:
        """The object is gone: so are the processes."""
        self.forget()
        self._is_over = self._is_published = True
        for container in self._containers:
            container.application = None

    def restarts(self, code: int) -> bool:
        """Whether a container that ended with this exit code is started again."""
        return self._policy == "Always" or (self._policy == "OnFailure" and code != 0)

    def tell(self, message: str, reason: str) -> None:
        """Leave a normal event."""
        self._effects.record(self.manifest, "Normal", reason, message)

    def warn(self, message: str, reason: str) -> None:
        """Leave a warning."""
        self._effects.record(self.manifest, "Warning", reason, message)

    def publish(self) -> None:
        """Have the present status written soon: once for all that happens until then."""
        if not self._is_published:
            self._is_published = True
            self.loop.soon(f"kubelet {self} writes its status", self._write)

    def _write(self) -> None:
        if self._is_over:
            return
        self._is_published = False
        status = self._status()
        if status == self._written:
            return
        try:
            self._effects.write_status(self.manifest, status)
            self._written = status
        except ApiError as refused:
            if refused.status not in _NOT_THERE_ANY_MORE:
                self.loop.later(_RETRY, f"kubelet {self} tries again to write its status", self.publish)

    def _end(self, killed: bool) -> None:  # noqa: FBT001 - a flag of its timer's
        """All containers have stopped. The object ends in a final phase, and goes."""
        for container in self._containers:
            container.end(137 if killed else 0)
        self._is_over = self._is_published = True
        self.loop.soon(f"kubelet {self} is over", self._leave)

    def _leave(self) -> None:
        try:
            self._effects.write_status(self.manifest, self._status())
            self._effects.remove(self.manifest)
        except ApiError as refused:
            if refused.status not in _NOT_THERE_ANY_MORE:
                self.loop.later(_RETRY, f"kubelet {self} tries again to leave", self._leave)

    def _status(self) -> Object:
        containers, phase = [container.status for container in self._containers], self.phase
        address: Object = {"podIP": self.address, "podIPs": [{"ip": self.address}]} if self._has_address else {}
        initial = self.manifest["spec"].get("initContainers")
        return {
            "phase": phase, "startTime": self._since, "hostIP": NODE_ADDRESS, "hostIPs": [{"ip": NODE_ADDRESS}],
            "observedGeneration": self.manifest["metadata"].get("generation", 1),
            "conditions": self._current_conditions(phase, containers), "containerStatuses": containers, **address,
            **({"initContainerStatuses": [self._initialized(spec) for spec in initial]} if initial else {}),
        }  # fmt: skip

    def _initialized(self, spec: Object) -> Object:
        """Init containers have always just ended well."""
        state = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": self._since, "finishedAt": self._since}}
        return {"name": spec["name"], "image": spec["image"], "imageID": f"docker.io/{spec['image']}", "ready": True,
                "started": False, "restartCount": 0, "state": state, "lastState": {}}  # fmt: skip

    def _current_conditions(self, phase: str, containers: list[Object]) -> list[Object]:
        unready = [container["name"] for container in containers if not container["ready"]]
        readiness: dict[str, Any] = {"status": "True"}
        if phase in ("Succeeded", "Failed"):
            readiness = {"status": "False", "reason": "PodCompleted" if phase == "Succeeded" else "PodFailed"}
        elif unready:
            message = f"containers with unready status: [{' '.join(unready)}]"
            readiness = {"status": "False", "reason": "ContainersNotReady", "message": message}
        sandbox = {"status": "True" if phase in ("Pending", "Running") else "False"}
        wanted = {
            "PodReadyToStartContainers": sandbox, "Initialized": {"status": "True"}, "Ready": readiness,
            "ContainersReady": readiness, "PodScheduled": {"status": "True"},
        }  # fmt: skip
        for kind, condition in wanted.items():
            before = self._conditions.get(kind, {})
            moved = before.get("status") != condition["status"]
            since = timestamp(self.loop.now()) if moved else before["lastTransitionTime"]
            self._conditions[kind] = {"type": kind, "lastProbeTime": None, "lastTransitionTime": since, **condition}
        return list(self._conditions.values())
