"""The node, the scheduler that binds every pod to it, and the kubelet that keeps one Pod for each of them.

What is not done, on purpose: resource limits, volumes, exec, liveness probes (processes crash only as their image
says), readiness gates, and waiting for init containers, which have always just ended well.
"""

from collections.abc import Callable, Mapping

from playground.apiserver.client import Client
from playground.apiserver.errors import ApiError
from playground.apiserver.objects import Object, timestamp
from playground.controllers.events import Recorder
from playground.loop import Loop
from playground.nodes.addresses import Addresses
from playground.nodes.application import Application
from playground.nodes.pod import NODE, NODE_ADDRESS, Effects, Pod

_LABELS = {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
_PLENTY = {"cpu": "1k", "memory": "1Ti", "pods": "10k"}
_RETRY = 1.0


class Kubelet:
    """`pods` are those of the node; `application` is what answers at a pod's address."""

    def __init__(self, loop: Loop, client: Client) -> None:
        self._loop, self._client = loop, client
        self._scheduler = Recorder(loop, client, "default-scheduler")
        recorder = Recorder(loop, client, "kubelet")
        tell = {"Normal": recorder.normal, "Warning": recorder.warning}
        self._effects = Effects(
            write_status=self._write_status,
            remove=self._remove,
            record=lambda pod, kind, reason, message: tell[kind](pod, reason, message),
        )
        self._pods: dict[str, Pod] = {}
        self._by_address: dict[str, Pod] = {}
        self._addresses = Addresses()
        self._scheduled: set[str] = set()

    @property
    def pods(self) -> Mapping[str, Pod]:
        """The pods of the node by uid, ended ones included while their objects are there."""
        return self._pods

    def start(self) -> None:
        """Register the node, and take care of all pods from now on."""
        self._register()
        self._client.watch("pods", self._observe)

    def application(self, address: str) -> Application | None:
        """What answers at this address; None: the connection is refused."""
        pod = self._by_address.get(address)
        return pod.application if pod else None

    def log(self, uid: str, container: str) -> str | None:
        """What a container of the pod with this uid has written; None without one of that name."""
        pod = self._pods.get(uid)
        return pod.log(container) if pod else None

    def _register(self) -> None:
        now = timestamp(self._loop.now())
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE, "labels": _LABELS}, "spec": {}}
        if self._client.find("nodes", NODE) is None:
            self._client.create("nodes", node)
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": now,
                 "lastTransitionTime": now, "message": "kubelet is posting ready status"}  # fmt: skip
        status = {"conditions": [ready], "capacity": _PLENTY, "allocatable": _PLENTY,
                  "addresses": [{"type": "InternalIP", "address": NODE_ADDRESS}, {"type": "Hostname", "address": NODE}],
                  "nodeInfo": {"kubeletVersion": "v1.37.1", "osImage": "playground", "architecture": "amd64",
                               "operatingSystem": "linux", "containerRuntimeVersion": "playground://1"}}  # fmt: skip
        self._client.patch("nodes", NODE, "", {"status": status}, "merge", "status")

    def _observe(self, event: str, manifest: Object) -> None:
        uid, node = manifest["metadata"]["uid"], manifest["spec"].get("nodeName")
        if event == "DELETED":
            self._forget(uid)
        elif uid in self._pods:
            self._pods[uid].observe(manifest)
        elif node == NODE:
            self._run(manifest)
        elif not node:
            self._schedule(manifest)

    def _run(self, manifest: Object) -> None:
        pod = Pod(self._loop, self._effects, manifest, self._addresses.take())
        self._pods[manifest["metadata"]["uid"]] = self._by_address[pod.address] = pod
        if "deletionTimestamp" in manifest["metadata"]:
            pod.observe(manifest)
        elif manifest["status"].get("phase") not in ("Succeeded", "Failed"):
            pod.start()

    def _forget(self, uid: str) -> None:
        self._scheduled.discard(uid)
        pod = self._pods.pop(uid, None)
        if pod is not None:
            del self._by_address[pod.address]
            self._addresses.free(pod.address)
            pod.kill()

    def _schedule(self, manifest: Object) -> None:
        """Bind it to the node; one whose nodeSelector the node does not match stays Pending, and says so."""
        metadata = manifest["metadata"]
        if metadata["uid"] in self._scheduled or manifest["spec"].get("schedulingGates") or "deletionTimestamp" in metadata:
            return
        self._scheduled.add(metadata["uid"])
        wanted = manifest["spec"].get("nodeSelector") or {}
        place = self._bind if wanted.items() <= _LABELS.items() else self._refuse
        self._loop.soon(f"scheduler {metadata['namespace']}/{metadata['name']}", lambda: self._try(place, manifest))

    def _try(self, place: Callable[[Object], None], manifest: Object) -> None:
        metadata = manifest["metadata"]
        try:
            place(manifest)
        except ApiError as refused:
            if refused.status not in (404, 409):
                again = f"scheduler {metadata['namespace']}/{metadata['name']} again"
                self._loop.later(_RETRY, again, lambda: self._try(place, manifest))

    def _bind(self, manifest: Object) -> None:
        metadata = manifest["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        self._client.patch("pods", name, namespace, {"metadata": {"uid": metadata["uid"]}, "spec": {"nodeName": NODE}})
        self._scheduler.normal(manifest, "Scheduled", f"Successfully assigned {namespace}/{name} to {NODE}")

    def _refuse(self, manifest: Object) -> None:
        message = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message,
                     "lastProbeTime": None, "lastTransitionTime": timestamp(self._loop.now())}  # fmt: skip
        self._write_status(manifest, {"conditions": [condition]})
        self._scheduler.warning(manifest, "FailedScheduling", message)

    def _write_status(self, manifest: Object, status: Object) -> None:
        metadata = manifest["metadata"]
        patch = {"metadata": {"uid": metadata["uid"]}, "status": status}
        self._client.patch("pods", metadata["name"], metadata["namespace"], patch, "merge", "status")

    def _remove(self, manifest: Object) -> None:
        metadata = manifest["metadata"]
        self._client.delete("pods", metadata["name"], metadata["namespace"], uid=metadata["uid"], grace=0)
