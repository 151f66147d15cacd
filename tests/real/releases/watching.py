"""What the API has shown since a moment: every version of the watched objects, with the time at which it came.

Only for looking: what a test wants of it, it says itself.
"""

import threading
import time
from collections.abc import Iterator
from typing import Any

from tests.controlplane.api import Client

Object = dict[str, Any]
PATHS = {
    "releases": "/apis/release-coordinator.io/v1alpha1",
    "httproutes": "/apis/gateway.networking.k8s.io/v1",
    "endpointslices": "/apis/discovery.k8s.io/v1",
    "replicasets": "/apis/apps/v1",
    "deployments": "/apis/apps/v1",
    "services": "/api/v1",
    "configmaps": "/api/v1",
    "pods": "/api/v1",
}


class Watch:
    """Follows a path in a thread of its own, for as long as the test asks and no shorter: it begins before it is made, and
    whoever looks at what it has seen after it broke off is told so.
    """

    def __init__(self, client: Client, path: str, patience: float = 300) -> None:
        self._seen: list[tuple[float, Object]] = []
        self._client, self._path, self._patience = client, path, patience
        self._stop, self._began = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()
        assert self._began.wait(10), f"the watch of {path} does not begin"

    @property
    def seen(self) -> list[tuple[float, Object]]:
        """(wall-clock time, object), oldest first; deletions are left out."""
        assert self._thread.is_alive() or self._stop.is_set(), f"the watch of {self._path} has broken off"
        return self._seen

    def stop(self) -> None:
        """Look no further."""
        self._stop.set()

    def of(self, name: str) -> list[tuple[float, Object]]:
        """The versions of one object."""
        return [(at, found) for at, found in self.seen if found["metadata"]["name"] == name]

    def endpoints(self) -> Iterator[tuple[float, str, list[str]]]:
        """Of EndpointSlices: when, of which Service, the pods that were ready."""
        for at, found in list(self.seen):
            service = (found["metadata"].get("labels") or {}).get("kubernetes.io/service-name", "")
            ready = [e for e in found.get("endpoints") or [] if e["conditions"].get("ready")]
            yield at, service, [(e.get("targetRef") or {}).get("name", "") for e in ready]

    def weights(self, of: str) -> list[tuple[float, int]]:
        """Of an HTTPRoute: when which share, in percent, went to `<of>-candidate`; repetitions are left out."""
        found: list[tuple[float, int]] = []
        for at, route in self.of(of):
            refs = [ref for rule in route["spec"]["rules"] for ref in rule["backendRefs"]]
            total = sum(ref.get("weight", 1) for ref in refs)
            share = sum(100 * ref.get("weight", 1) for ref in refs if ref["name"] == f"{of}-candidate") // total
            if not found or found[-1][1] != share:
                found.append((at, share))
        return found

    def _follow(self) -> None:
        for event in self._client.watch(self._path, timeout=self._patience):
            if self._stop.is_set():
                return
            self._began.set()
            if event["type"] in ("ADDED", "MODIFIED"):
                self._seen.append((time.time(), event["object"]))
