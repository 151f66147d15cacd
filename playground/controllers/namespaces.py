"""Namespaces: furnished when they are made, emptied and finalized when they are deleted."""

from playground.apiserver.client import Client
from playground.apiserver.errors import ApiError
from playground.apiserver.objects import Object, timestamp
from playground.controllers import kinds
from playground.controllers.metadata import is_deleted
from playground.controllers.queue import Queue
from playground.loop import Loop

FINALIZER = "kubernetes"
FURNITURE = ("default", "kube-root-ca.crt")
"""The ServiceAccount and the ConfigMap that every namespace has."""
PATIENCE = 0.2
"""After how many seconds to look again at what is still going."""


class NamespaceController:
    """Deletes everything in a terminating namespace, waits until it is gone, and takes the finalizer off.

    `authority`: the certificate of the API server, in PEM, which every namespace has as a ConfigMap.
    """

    def __init__(self, loop: Loop, client: Client, authority: str = "") -> None:
        self._loop = loop
        self._client = client
        self._authority = authority
        self._queue: Queue[tuple[str]] = Queue(loop, "namespace", self._sync)

    def start(self) -> None:
        """Begin to watch."""
        self._client.watch("namespaces", lambda _, found: self._queue.add((found["metadata"]["name"],)))
        for resource in ("serviceaccounts", "configmaps"):
            self._client.watch(resource, self._on_furniture)

    def _on_furniture(self, event: str, found: Object) -> None:
        if event == "DELETED" and found["metadata"]["name"] in FURNITURE:
            self._queue.add((found["metadata"]["namespace"],))

    def _sync(self, key: tuple[str]) -> None:
        (name,) = key
        found = self._client.find("namespaces", name)
        if found is None:
            return
        if not is_deleted(found):
            self._furnish(name)
        elif FINALIZER in (found["spec"].get("finalizers") or ()):
            self._empty(key, found)

    def _furnish(self, name: str) -> None:
        account: Object = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": FURNITURE[0]}}
        data = {"ca.crt": self._authority}
        certificate: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": FURNITURE[1]}, "data": data}
        for resource, body in (("serviceaccounts", account), ("configmaps", certificate)):
            if self._client.find(resource, body["metadata"]["name"], name) is None:
                self._client.create(resource, body, name)

    def _empty(self, key: tuple[str], found: Object) -> None:
        all_kinds = (kind for kind in kinds.present(self._client) if kind.namespaced)
        remaining = {kind.resource: left for kind in all_kinds if (left := self._clear(kind, key[0]))}
        if remaining:
            self._report(found, remaining)
            self._queue.later(key, PATIENCE)
            return
        finalizers = [one for one in found["spec"]["finalizers"] if one != FINALIZER]
        self._client.update("namespaces", found | {"spec": found["spec"] | {"finalizers": finalizers}}, "finalize")

    def _clear(self, kind: kinds.Kind, namespace: str) -> list[Object]:
        """Delete what is not being deleted yet; what is then still there."""
        for found in self._list(kind, namespace):
            if not is_deleted(found):
                self._delete(kind.resource, found)
        return self._list(kind, namespace)

    def _list(self, kind: kinds.Kind, namespace: str) -> list[Object]:
        try:
            return self._client.list(kind.resource, namespace)
        except ApiError as refused:
            if refused.status == 404:  # Defined, and not served yet or no longer.
                return []
            raise

    def _delete(self, resource: str, found: Object) -> None:
        metadata = found["metadata"]
        try:
            self._client.delete(resource, metadata["name"], metadata["namespace"], propagation="Background")
        except ApiError as refused:
            if refused.status != 404:
                raise

    def _report(self, found: Object, remaining: dict[str, list[Object]]) -> None:
        """What is still there, and whose finalizers it has, in the status."""
        # The name of a resource without a group ends in a point, as the real one says it.
        names = {resource: resource if "." in resource else f"{resource}." for resource in remaining}
        counts = ", ".join(f"{names[resource]} has {len(left)} resource instances" for resource, left in remaining.items())
        said = [("NamespaceContentRemaining", "SomeResourcesRemain", f"Some resources are remaining: {counts}")]
        waiting: dict[str, int] = {}
        for one in (one for left in remaining.values() for one in left):
            for finalizer in one["metadata"].get("finalizers") or ():
                waiting[finalizer] = waiting.get(finalizer, 0) + 1
        if waiting:
            list_ = ", ".join(f"{finalizer} in {count} resource instances" for finalizer, count in waiting.items())
            message = f"Some content in the namespace has finalizers remaining: {list_}"
            said.append(("NamespaceFinalizersRemaining", "SomeFinalizersRemain", message))
        before = {one["type"]: one for one in (found.get("status") or {}).get("conditions") or ()}
        conditions = [self._condition(before.get(kind), kind, reason, message) for kind, reason, message in said]
        if conditions != list(before.values()):
            self._client.update("namespaces", found | {"status": found["status"] | {"conditions": conditions}}, "status")

    def _condition(self, before: Object | None, kind: str, reason: str, message: str) -> Object:
        since = before["lastTransitionTime"] if before else timestamp(self._loop.now())
        return {"type": kind, "status": "True", "lastTransitionTime": since, "reason": reason, "message": message}
