"""EndpointSlices: which pods are behind each Service with a selector, and in what state.

What a Service should have is worked out in `slices`; here are the events, the reading and the writing. When some slices
are to go and others to come, the ones that would go are rewritten: a selector that moves to other pods takes them all in one
write, and the Service is never empty in between.
"""

from playground.apiserver import selectors
from playground.apiserver.client import Client
from playground.apiserver.objects import Key, Object, key_of
from playground.controllers import slices
from playground.controllers.metadata import is_deleted
from playground.controllers.queue import Queue
from playground.loop import Loop

SLICES = "endpointslices.discovery.k8s.io"


class EndpointsController:
    """Keeps the EndpointSlices of every Service. The client is that of the user whose name its writes bear."""

    def __init__(self, loop: Loop, client: Client) -> None:
        self._client = client
        self._queue: Queue[Key] = Queue(loop, "endpoints", self._sync)
        self._services: dict[str, dict[str, Object]] = {}
        self._labels: dict[Key, Object] = {}

    def start(self) -> None:
        """Begin to watch."""
        self._client.watch("services", self._on_service)
        self._client.watch("pods", self._on_pod)
        self._client.watch(SLICES, self._on_slice)

    def _on_service(self, event: str, service: Object) -> None:
        namespace, name = key_of(service)
        services = self._services.setdefault(namespace, {})
        if event == "DELETED":
            services.pop(name, None)
        else:
            services[name] = service
            self._queue.add((namespace, name))

    def _on_pod(self, event: str, pod: Object) -> None:
        """Services that select the pod, or did before its labels changed."""
        key, before = key_of(pod), self._labels.pop(key_of(pod), None)
        if event != "DELETED":
            self._labels[key] = {"metadata": {"labels": pod["metadata"].get("labels")}}
        for service in self._services.get(key[0], {}).values():
            if any(_selects(service, one) for one in (pod, before) if one):
                self._queue.add(key_of(service))

    def _on_slice(self, _: str, found: Object) -> None:
        """Somebody else may have changed or deleted one of ours."""
        service = (found["metadata"].get("labels") or {}).get(slices.SERVICE)
        if service and slices.is_ours(found):
            self._queue.add((found["metadata"]["namespace"], service))

    def _sync(self, key: Key) -> None:
        namespace, name = key
        service = self._client.find("services", name, namespace)
        if service is None or service["spec"].get("type") == "ExternalName" or not service["spec"].get("selector"):
            return
        pods = self._client.list("pods", namespace, _text(service["spec"]["selector"]))
        ours = self._client.list(SLICES, namespace, f"{slices.SERVICE}={name},{slices.MANAGED_BY}={slices.MANAGER}")
        plan = slices.planned(service, pods, [found for found in ours if not is_deleted(found)])
        for made in plan.create if not is_deleted(service) else ():
            self._client.create(SLICES, made, namespace)
        for changed in plan.update:
            self._client.update(SLICES, changed)
        for gone in plan.delete:
            self._client.delete(SLICES, gone["metadata"]["name"], namespace)


def _selects(service: Object, pod: Object) -> bool:
    selector = service["spec"].get("selector")
    return bool(selector) and selectors.for_labels(_text(selector))(pod)


def _text(selector: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in selector.items())
