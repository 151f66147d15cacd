"""The API as a component in the same process uses it: as one user, without a socket, JSON in and JSON out.

Every call goes the way of an HTTP request, through rights, admission and validation. What is returned is shared: copy it
to change it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from playground.apiserver import selectors
from playground.apiserver.errors import ApiError
from playground.apiserver.objects import Object, copied
from playground.apiserver.requests import User
from playground.apiserver.store import Event

if TYPE_CHECKING:
    from playground.apiserver.api import ApiServer

Objects = list[Object]
OnEvent = Callable[[str, Object], None]


class Client:
    """Resources are named plural.group: `pods`, `deployments.apps`, `releases.release-coordinator.io`. Raises ApiError."""

    def __init__(self, server: ApiServer, user: User) -> None:
        self._server = server
        self.user = user

    @property
    def audience(self) -> bool:
        """Whether anybody reads what components tell people."""
        return self._server.audience

    def get(self, resource: str, name: str, namespace: str = "") -> Object:
        """The object; ApiError 404 if there is none."""
        return self._server.reader.get(self._call("get", resource, name, namespace)).obj

    def find(self, resource: str, name: str, namespace: str = "") -> Object | None:
        """The object, or None."""
        try:
            return self.get(resource, name, namespace)
        except ApiError as problem:
            if problem.status == 404:
                return None
            raise

    def list(self, resource: str, namespace: str = "", labels: str = "") -> Objects:
        """All of a namespace, or of all, with these labels (a labelSelector); ordered by namespace and name."""
        call = self._call("list", resource, "", namespace)
        matches = selectors.for_labels(labels)
        return [stored.obj for stored in self._server.reader.all(call) if not labels or matches(stored.obj)]

    def owned(self, resource: str, owner_uid: str, namespace: str) -> Objects:
        """Those whose controller has this uid."""
        call = self._call("list", resource, "", namespace)
        found = self._server.reader.collection(call).owned(owner_uid)
        return [stored.obj for stored in found if stored.key[0] == namespace]

    def create(self, resource: str, body: Object, namespace: str = "") -> Object:
        """The object as it was kept."""
        namespace = namespace or (body.get("metadata") or {}).get("namespace", "")
        return self._server.writer.create(self._call("create", resource, "", namespace), copied(body))

    def update(self, resource: str, body: Object, subresource: str = "") -> Object:
        """PUT. A resourceVersion in the body must be the present one (ApiError 409)."""
        metadata = body["metadata"]
        call = self._call("update", resource, metadata["name"], metadata.get("namespace", ""), subresource)
        return self._server.writer.update(call, copied(body))

    def patch(self, resource: str, name: str, namespace: str, body: Any, kind: str = "merge", subresource: str = "") -> Object:
        """`kind`: merge, json or strategic."""
        call = self._call("patch", resource, name, namespace, subresource)
        return self._server.writer.patch(call, kind, body)

    def delete(
        self, resource: str, name: str, namespace: str = "", uid: str = "", propagation: str = "", grace: int | None = None
    ) -> None:
        """`grace`: seconds; 0 removes a pod at once, as the kubelet does. `propagation`: Background, Foreground or Orphan."""
        options: Object = {"preconditions": {"uid": uid}} if uid else {}
        options |= {"propagationPolicy": propagation} if propagation else {}
        options |= {} if grace is None else {"gracePeriodSeconds": grace}
        self._server.deleter.delete(self._call("delete", resource, name, namespace), options)

    def watch(self, resource: str, on_event: OnEvent) -> Callable[[], None]:
        """Tell of every object there is, then of every change (ADDED, MODIFIED, DELETED), each in a task of its own.

        Returns what ends it. A resource that is not served yet, or no longer, is simply empty.
        """
        group = resource.partition(".")[2]
        collection = self._server.store.collection(group, resource.partition(".")[0])
        task = f"{self.user.name.rpartition(':')[2]}: {resource}"
        stopped = False

        def tell(kind: str, obj: Object) -> None:
            def deliver() -> None:
                if not stopped:
                    on_event(kind, obj)

            self._server.loop.soon(f"{task} {obj['metadata'].get('namespace', '')}/{obj['metadata']['name']} {kind}", deliver)

        def on_change(event: Event) -> None:
            tell(event.kind, event.now.obj)

        for stored in collection.within():
            tell("ADDED", stored.obj)
        number = self._server.context.next_watch()
        collection.watchers[number] = on_change

        def stop() -> None:
            nonlocal stopped
            stopped = True
            collection.watchers.pop(number, None)

        return stop

    def _call(self, verb: str, resource: str, name: str, namespace: str, subresource: str = "") -> Any:
        return self._server.call(self.user, verb, self._server.registry.named(resource), (namespace, name, subresource))
