"""Many shops of the same kind: Deployments with Services, perhaps routes, each under a Release; made, changed and watched.

Which figures come of it does not belong here.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from bench.place import Place
from bench.stand_ins import GATEWAY
from bench.watching import Key, Object, View

GROUP = "release-coordinator.io"
RELEASES = f"/apis/{GROUP}/v1alpha1/releases"
DEPLOYMENTS = "/apis/apps/v1/deployments"
ROUTES = "/apis/gateway.networking.k8s.io/v1/httproutes"
T = TypeVar("T")
_WRITERS = 8
_NO_USERS = {"playground.release-coordinator.io/requests-per-second": "0"}
"""The playground would send them requests."""
_PATHS = {"Deployment": "/apis/apps/v1", "Service": "/api/v1", "HTTPRoute": "/apis/gateway.networking.k8s.io/v1",
          "Release": f"/apis/{GROUP}/v1alpha1"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Progress:
    """What matters of a Release's status. `weight` is the trial's step's, None without a trial, and 0 before it is reached;
    `ended` counts the trials that are over, the last of them with `outcome`.
    """

    phase: str
    weight: int | None
    candidate: str
    ended: int
    outcome: str

    @staticmethod
    def of(release: Object) -> "Progress":
        """Read it from a Release."""
        status = release.get("status") or {}
        trial = status.get("trial") or {}
        step = trial.get("step") or {}
        weight = None if not trial else step["weight"] if step.get("since") else 0
        history = status.get("history") or [{}]
        ended = status.get("attempts", 0) - (1 if trial else 0)
        return Progress(status.get("phase", ""), weight, (trial.get("candidate") or {}).get("hash", ""), ended,
                        history[-1].get("outcome", ""))  # fmt: skip


class Fleet:
    """`spec` is the Releases'; None: there are none. `route` says whether traffic is split by HTTPRoutes."""

    def __init__(self, place: Place, keys: Sequence[Key], spec: Object | None, *, pods: int = 1, route: bool = False) -> None:
        self.keys, self._place, self._spec, self._pods, self._route = tuple(keys), place, spec, pods, route
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="fleet")

    def make(self, timeout: float = 120) -> float:
        """Create everything; returns in how many seconds all Releases were Healthy, or all Deployments rolled out."""
        started = time.monotonic()
        client = self._place.client()
        for namespace in sorted({namespace for namespace, _ in self.keys}):
            client.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        self.each(self._create)
        if self._spec is None:
            with View(client, DEPLOYMENTS, rolled_out) as deployments:
                self.wait(deployments, bool, timeout)
        else:
            with View(client, RELEASES, Progress.of) as releases:
                self.wait(releases, lambda p: p.phase == "Healthy", timeout)
        return time.monotonic() - started

    def ship(self, tag: str) -> dict[Key, float]:
        """Change every image; when the API server had each change."""
        container = {"name": "app", "image": f"shop:{tag}"}
        body = {"spec": {"template": {"spec": {"containers": [container]}}}}
        moments: dict[Key, float] = {}

        def change(key: Key) -> None:
            path = f"/apis/apps/v1/namespaces/{key[0]}/deployments/{key[1]}"
            self._place.client().request("PATCH", path, body, "application/strategic-merge-patch+json")
            moments[key] = time.time()

        self.each(change)
        return moments

    def ask(self, key: Key, request: str) -> float:
        """A request by annotation; when the API server had it."""
        path = f"/apis/{GROUP}/v1alpha1/namespaces/{key[0]}/releases/{key[1]}"
        body = {"metadata": {"annotations": {f"{GROUP}/{request}": "true"}}}
        self._place.client().request("PATCH", path, body, "application/merge-patch+json")
        return time.time()

    def wait(self, view: View[T], holds: Callable[[T], bool], timeout: float) -> None:
        """Until all that belong to the fleet are as wanted. Raises RuntimeError."""
        late = set(self.keys)

        def all_there() -> bool | None:
            late.difference_update([k for k in late if (p := view.now.get(k)) is not None and holds(p)])
            return None if late else True

        try:
            view.wait_for(all_there, timeout, f"{len(self.keys)} objects")
        except Exception as problem:
            missing = sorted(late)[:3]
            raise RuntimeError(f"{len(late)} are late, such as {[(k, view.now.get(k)) for k in missing]}") from problem

    def each(self, action: Callable[[Key], Any], keys: Iterable[Key] | None = None) -> None:
        """Do it for every shop, several at a time. Raises what the first failure raised."""
        list(self._writers.map(action, self.keys if keys is None else keys))

    def _create(self, key: Key) -> None:
        for body in self._objects(key):
            path = f"{_PATHS[body['kind']]}/namespaces/{key[0]}/{body['kind'].lower()}s"
            self._place.client().request("POST", path, body)

    def _objects(self, key: Key) -> list[Object]:
        namespace, name = key
        metadata = {"name": name, "namespace": namespace, "annotations": _NO_USERS}
        labels = {"app": name}
        container = {"name": "app", "image": "shop:1", "ports": [{"name": "http", "containerPort": 8080}]}
        traffic: Object = {"drain": "0s"}
        made: list[Object] = [
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {
                "replicas": self._pods, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container], **self._place.pod_spec}}}},
            {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {
                "selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]}},
        ]  # fmt: skip
        if self._route:
            traffic["httpRoute"] = {"name": name}
            made.append({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata, "spec": {
                "parentRefs": [GATEWAY], "hostnames": [f"{name}.{namespace}.example"],
                "rules": [{"backendRefs": [{"name": name, "port": 80}]}]}})  # fmt: skip
        if self._spec is None:
            return made
        spec = {"workloadRef": {"name": name}, "traffic": traffic, "rollback": {"warm": {"for": "0s"}}, **self._spec}
        made.append({"apiVersion": f"{GROUP}/v1alpha1", "kind": "Release", "metadata": metadata, "spec": spec})
        return made


def keys(prefix: str, count: int, namespaces: int = 10) -> list[Key]:
    """Names of shops, spread evenly over some namespaces."""
    return [(f"{prefix}-{number % min(namespaces, count)}", f"{prefix}-{number:05}") for number in range(count)]


def canary(*steps: tuple[int, str], **more: Any) -> Object:
    """A canary's spec by (weight, duration)."""
    return {"strategy": {"type": "Canary", "canary": {"steps": [
        {"weight": weight, "duration": duration} for weight, duration in (*steps, (100, "0s"))]}}, **more}  # fmt: skip


def rolled_out(deployment: Object) -> str:
    """The image that all pods of a Deployment have; empty while Kubernetes has something left to do for it."""
    status, spec = deployment.get("status") or {}, deployment["spec"]
    counted = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
    done = status.get("observedGeneration") == deployment["metadata"]["generation"] and counted == [spec["replicas"]] * 3
    return spec["template"]["spec"]["containers"][0]["image"] if done else ""


def split_of(route: Object) -> int | None:
    """The candidate's weight in a route, in percent; None while the route is as its owner wrote it."""
    refs: list[Object] = route["spec"]["rules"][0]["backendRefs"]
    if len(refs) == 1:
        return None
    candidate: int = sum(ref.get("weight", 1) for ref in refs if ref["name"].endswith("-candidate"))
    return round(100 * candidate / (sum(ref.get("weight", 1) for ref in refs) or 1))
