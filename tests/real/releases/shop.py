"""A shop: one Deployment with its Service, perhaps a route, under a Release; and what its users and the API say of it."""

import json
import time
from collections.abc import Callable
from typing import Any

import yaml

from tests.controlplane.cluster import ControlPlane
from tests.controlplane.gateway import Gateway
from tests.controlplane.traffic import Traffic
from tests.real.releases.watching import PATHS, Watch

GROUP = "release-coordinator.io"
Manifest = dict[str, Any]
_QUICK_STEPS = [{"weight": 5, "duration": "2s"}, {"weight": 25, "duration": "2s"}, {"weight": 100}]
QUICK_CANARY = {"type": "Canary", "canary": {"steps": _QUICK_STEPS}}
STANDING = {"type": "Canary", "canary": {"steps": [{"weight": 50, "duration": "10m"}, {"weight": 100}]}}
"""A canary that stays at half of the traffic until a person promotes it or something ends it."""


HOLD = (f"Deployment label {GROUP}/held", f"Deployment annotation {GROUP}/changed-by", "Deployment paused")
"""What a template that waits, or was rejected, leaves on the Deployment."""


class Shop:
    """`deploy`, `release`, `ship`, then ask."""

    def __init__(self, plane: ControlPlane, namespace: str, name: str, gateway: Gateway | None) -> None:
        self.plane, self.namespace, self.name, self.gateway = plane, namespace, name, gateway
        self.host = f"{name}.{namespace}.example"
        self._watches: list[Watch] = []
        self._ended = 0

    # --- making

    def deployment(self, *, pods: int, image: str, extra: Manifest | None = None) -> Manifest:
        """The Deployment's manifest; `extra` goes into its spec."""
        container = {
            "name": "app", "image": image, "ports": [{"name": "http", "containerPort": 8080}],
            "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 1},
        }  # fmt: skip
        return {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {"replicas": pods, "selector": {"matchLabels": {"app": self.name}},
                     # Namespaces end after half of their pods' grace.
                     "template": {"metadata": {"labels": {"app": self.name}},
                                  "spec": {"containers": [container], "terminationGracePeriodSeconds": 2}},
                     **(extra or {})},
        }  # fmt: skip

    def service(self, name: str | None = None, **spec: Any) -> Manifest:
        """A Service on the shop's pods."""
        return {
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name or self.name, "namespace": self.namespace},
            "spec": {"selector": {"app": self.name}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}], **spec},
        }  # fmt: skip

    def route(self) -> Manifest:
        """An HTTPRoute to the Service through the test's gateway."""
        assert self.gateway is not None
        return {
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {"parentRefs": [{**self.gateway.parent}], "hostnames": [self.host],
                     "rules": [{"backendRefs": [{"name": self.name, "port": 80}]}]},
        }  # fmt: skip

    def deploy(self, *, pods: int = 4, image: str = "shop:1", extra: Manifest | None = None) -> None:
        """Deployment, Service and, with a gateway, route, where they are missing; returns when users reach all pods."""
        routes = [] if self.gateway is None else [self.route()]
        for made in (self.deployment(pods=pods, image=image, extra=extra), self.service(), *routes):
            kind = made["kind"].lower()
            if self.plane.find(self.plane.address(kind, self.namespace, self.name)) is None:
                self.plane.api("POST", f"{self.plane.address(kind, self.namespace)}?fieldValidation=Strict", made)
        self.wait_for(lambda: self.get("deployment").get("status", {}).get("availableReplicas", 0) == pods, 30, "available pods")
        # EndpointSlices follow pods in their own time: a watch that a test starts now must not see them still filling.
        self.wait_for(lambda: len(self.ready_endpoints()) == pods, what=f"{pods} ready endpoints")
        if self.gateway is not None:
            self.wait_for(self._is_served, what="the gateway sends to the pods")

    def ready_endpoints(self) -> list[str]:
        """Names of the pods that the shop's Service sends to."""
        slices = [s for s in self.items("endpointslices") if s["metadata"]["labels"]["kubernetes.io/service-name"] == self.name]
        return [e["targetRef"]["name"] for s in slices for e in s.get("endpoints") or [] if e["conditions"].get("ready")]

    def _is_served(self) -> bool:
        with self.traffic(rate=20, seconds=0.1) as one:
            one.wait()
        return not one.problems

    def release(self, **spec: Any) -> None:
        """Put it under a Release and wait until that is Healthy. `spec` replaces parts of a quick canary's."""
        self.apply(self.manifest(**spec))
        self.wait_for_phase("Healthy")

    def manifest(self, **spec: Any) -> Manifest:
        """The Release's manifest."""
        traffic: Manifest = {"drain": "1s"}
        if self.gateway is not None:
            # On a busy machine the gateway follows a second late, and sends to pods that have gone.
            traffic = {"drain": "3s", "httpRoute": {"name": self.name}}
        whole = {"workloadRef": {"name": self.name}, "strategy": QUICK_CANARY, "traffic": traffic,
                 "rollback": {"warm": {"for": "2s"}}, **spec}  # fmt: skip
        return {"apiVersion": f"{GROUP}/v1alpha1", "kind": "Release",
                "metadata": {"name": self.name, "namespace": self.namespace}, "spec": whole}  # fmt: skip

    def ship(self, tag: str) -> None:
        """Change the image, with the patch that `kubectl set image` sends."""
        body = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": f"shop:{tag}"}]}}}}
        path = f"{self.plane.address('deployments', self.namespace, self.name)}?fieldManager=kubectl-set"
        self.plane.api("PATCH", path, body, "application/strategic-merge-patch+json", user="alice")

    def ask(self, key: str, value: str = "true", user: str = "alice") -> float:
        """A request by annotation; when the API server had it."""
        body = {"metadata": {"annotations": {f"{GROUP}/{key}": value}}}
        self.plane.api("PATCH", self.release_path, body, "application/merge-patch+json", user=user)
        return time.time()

    def scale(self, pods: int) -> None:
        """Change spec.replicas as an autoscaler does."""
        self.kubectl("scale", f"deployment/{self.name}", f"--replicas={pods}")

    # --- asking

    def kubectl(self, *arguments: str, user: str = "alice", check: bool = True, timeout: float = 60) -> Any:
        """kubectl in the shop's namespace."""
        return self.plane.kubectl("-n", self.namespace, *arguments, user=user, check=check, timeout=timeout)

    def apply(self, *manifests: Manifest, user: str = "admin") -> None:
        """`kubectl apply`."""
        self.plane.apply(yaml.safe_dump_all(manifests), user=user)

    def get(self, kind: str, name: str | None = None) -> Manifest:
        """An object as it is."""
        found: Manifest = self.plane.api("GET", self.plane.address(kind, self.namespace, name or self.name))
        return found

    def items(self, kind: str) -> list[Manifest]:
        """All objects of a kind in the namespace."""
        found: list[Manifest] = self.plane.api("GET", self.plane.address(kind, self.namespace))["items"]
        return found

    @property
    def release_path(self) -> str:
        """The Release's address."""
        return f"/apis/{GROUP}/v1alpha1/namespaces/{self.namespace}/releases/{self.name}"

    def status(self) -> Manifest:
        """The Release's status; empty before the first commit."""
        found = self.plane.find(self.release_path) or {}
        status: Manifest = found.get("status") or {}
        return status

    def wait_for_phase(self, *phases: str, timeout: float = 30, step: int | None = None) -> Manifest:
        """Wait until the Release is in one of the phases (at this step); its status."""

        def there() -> Manifest | None:
            status = self.status()
            trial = status.get("trial") or {}
            if status.get("phase") in phases and (step is None or trial.get("step", {}).get("index") == step):
                return status
            return None

        try:
            return self.plane.wait_for(there, timeout, f"{self.name} in {phases}")  # type: ignore[return-value]
        except TimeoutError as error:
            raise AssertionError(f"{error}; status now: {json.dumps(self.status(), indent=1)}") from error

    def wait_for_outcome(self, outcome: str, timeout: float = 30) -> Manifest:
        """Wait until the trial under way, or about to begin, has ended and all is wound up, and that it ended so; the status.

        Trials are counted: the end of one that an earlier call has told does not count again.
        """

        def over() -> Manifest | None:
            status = self.status()
            new = len(status.get("history") or []) > self._ended
            return status if new and not status.get("trial") and not status.get("retiring") else None

        status: Manifest = self.wait_for(over, timeout)
        self._ended = len(status["history"])
        assert status["history"][-1]["outcome"] == outcome, status["history"][-1]
        return status

    def wait_for(self, question: Callable[[], Any], timeout: float = 20, what: str = "") -> Any:
        """Wait until the answer is true-ish, and return it; the status is told when it never is."""
        try:
            return self.plane.wait_for(question, timeout, what or f"what {self.name} waits for")
        except TimeoutError as error:
            raise AssertionError(f"{error}; status now: {json.dumps(self.status(), indent=1)}") from error

    def condition(self, kind: str) -> Manifest:
        """A condition of the Release."""
        return next((c for c in self.status().get("conditions") or [] if c["type"] == kind), {})

    def wait_for_trial_weight(self, weight: int, timeout: float = 30) -> Manifest:
        """Wait until the trial's step has this weight and was reached."""

        def there() -> Manifest | None:
            status = self.status()
            step = (status.get("trial") or {}).get("step") or {}
            return status if step.get("weight") == weight and step.get("since") else None

        return self.plane.wait_for(there, timeout, f"{self.name} at {weight}%")  # type: ignore[return-value]

    def wait_for_message(self, *words: str, timeout: float = 20) -> str:
        """Wait until the status' message, or a condition's, has all these words; the message."""

        def said() -> str | None:
            status = self.status()
            messages = [str(status.get("message")), *(c["message"] for c in status.get("conditions") or [])]
            return next((m for m in messages if all(w in m for w in words)), None)

        return str(self.wait_for(said, timeout, f"a message with {words}"))

    def refused(self, key: str, value: str = "true") -> str:
        """Ask for something that makes no sense now; what the answer says."""
        self.ask(key, value)

        def answer() -> str | None:
            given = [r for r in self.status().get("requests") or [] if (r["key"], r.get("value")) == (key, value)]
            return None if not given or given[-1]["done"] else str(given[-1]["message"])

        return str(self.wait_for(answer, what=f"a refusal of {key}={value}"))

    def wait_for_event(self, reason: str, kind: str = "Release") -> str:
        """Wait until we have written an Event of this reason, as happens after the commit; the latest one's note."""
        return str(self.wait_for(lambda: dict(self.events(kind)).get(reason), what=f"an event {reason}"))

    def events(self, kind: str = "Release") -> list[tuple[str, str]]:
        """(reason, note) of the Events about the Release, or the Deployment, that we have written; oldest first."""
        found = [e for e in self.items("events.events.k8s.io")
                 if e["regarding"]["kind"] == kind and e["regarding"]["name"] == self.name and e["reportingController"] == GROUP]
        return [(e["reason"], e["note"]) for e in sorted(found, key=lambda e: str(e["eventTime"]))]

    def wheel_is_ours(self) -> bool:
        """Whether the Deployment is paused, Recreate, and marked as held and driven."""
        found = self.get("deployment")
        labels = found["metadata"].get("labels") or {}
        marks = {f"{GROUP}/release", f"{GROUP}/held", f"{GROUP}/driven"}
        return marks <= set(labels) and found["spec"].get("paused") is True and found["spec"]["strategy"]["type"] == "Recreate"

    def pin(self) -> str | None:
        """The hash that the shop's Service is pinned to."""
        found: str | None = (self.get("service")["spec"].get("selector") or {}).get("pod-template-hash")
        return found

    def pods(self) -> dict[str, Manifest]:
        """Pods that are not going, by name."""
        return {p["metadata"]["name"]: p for p in self.items("pods")
                if p["metadata"]["labels"].get("app") == self.name and "deletionTimestamp" not in p["metadata"]}  # fmt: skip

    def uids(self) -> dict[str, str]:
        """Names of the pods by uid and restarts: one that was replaced, or whose container was restarted, is another one."""
        return {f"{pod['metadata']['uid']} {_restarts(pod)}": name for name, pod in self.pods().items()}

    def images(self) -> dict[str, int]:
        """How many pods run each image."""
        counts: dict[str, int] = {}
        for pod in self.pods().values():
            image = pod["spec"]["containers"][0]["image"]
            counts[image] = counts.get(image, 0) + 1
        return counts

    def replica_sets(self) -> list[Manifest]:
        """The Deployment's ReplicaSets, oldest first."""
        mine = [r for r in self.items("replicasets") if r["metadata"]["labels"].get("app") == self.name]
        return sorted(mine, key=lambda r: str(r["metadata"]["creationTimestamp"]))

    def replicas(self) -> dict[str, int]:
        """Wanted pods by image, of the ReplicaSets that want any."""
        return {r["spec"]["template"]["spec"]["containers"][0]["image"]: r["spec"]["replicas"]
                for r in self.replica_sets() if r["spec"]["replicas"]}  # fmt: skip

    def traffic(self, *, rate: float = 100, seconds: float = 30, path: str = "/") -> Traffic:
        """Users' requests through the gateway."""
        assert self.gateway is not None
        return Traffic(self.gateway.address, host=self.host, rate=rate, seconds=seconds, path=path)

    # --- watching

    def watch(self, kind: str) -> Watch:
        """Follow all objects of a kind (see PATHS) in the namespace from now on."""
        watch = Watch(self.plane.client(), f"{PATHS[kind]}/namespaces/{self.namespace}/{kind}")
        self._watches.append(watch)
        return watch

    def watch_endpoints(self, forbidden: Callable[[str, str], bool]) -> Callable[[], list[str]]:
        """Follow the EndpointSlices from now on; the answer tells what `forbidden(service, pod)` said yes to so far."""
        slices = self.watch("endpointslices")
        return lambda: [
            f"{at:.2f} {service} {pod}" for at, service, pods in slices.endpoints() for pod in pods if forbidden(service, pod)
        ]

    def watch_mixed(self, stable: set[str]) -> Callable[[], list[str]]:
        """Follow the EndpointSlices from now on; the answer tells which Services had stable and other pods at a time."""
        slices = self.watch("endpointslices")
        return lambda: [f"{at:.2f} {service} {pods}" for at, service, pods in slices.endpoints()
                        if set(pods) & stable and set(pods) - stable]  # fmt: skip

    def stop_watching(self) -> None:
        """End all watches."""
        for watch in self._watches:
            watch.stop()

    def left_behind(self, *, held: bool = False) -> list[str]:
        """What is left of a release a moment after its end: an empty list is what a test wants. `held`: but for the hold."""
        deadline = time.monotonic() + 10
        while (left := [w for w in self.at_rest() if not (held and w in HOLD)]) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left

    def at_rest(self) -> list[str]:
        """What is left at this moment of a release that should have left nothing."""
        left = []
        deployment = self.get("deployment")
        labels, annotations = deployment["metadata"].get("labels") or {}, deployment["metadata"].get("annotations") or {}
        left += [f"Deployment label {k}" for k in labels if k in (f"{GROUP}/driven", f"{GROUP}/held")]
        left += [f"Deployment annotation {k}" for k in annotations if k.startswith(GROUP)]
        if deployment["spec"].get("paused"):
            left.append("Deployment paused")
        if deployment["spec"]["strategy"]["type"] != "RollingUpdate":
            left.append("Deployment strategy")
        services = [s for s in self.items("services") if (s["spec"].get("selector") or {}).get("app") == self.name]
        for service in services:
            name = service["metadata"]["name"]
            pins = (service["spec"].get("selector") or {}).keys() | (service["metadata"].get("labels") or {}).keys()
            if pins & {"pod-template-hash", f"{GROUP}/pin"}:
                left.append(f"pin on Service {name}")
            if name.endswith("-candidate"):
                left.append(f"Service {name}")
        routes = [self.get("httproute")] if self.gateway is not None else []
        for route in routes:
            refs = [ref for rule in route["spec"]["rules"] for ref in rule["backendRefs"]]
            if len(refs) != 1 or refs[0].get("weight", 1) != 1:
                left.append(f"route {refs}")
        release = self.plane.find(self.release_path)
        if release and release["metadata"].get("finalizers"):
            left.append("finalizer")
        return left + [f"managedFields of {one}" for one in self.owned()]

    def owned(self) -> list[str]:
        """Deployment, Services and route, as far as their managedFields name us as an owner."""
        services = [s for s in self.items("services") if (s["spec"].get("selector") or {}).get("app") == self.name
                    and not s["metadata"]["name"].endswith("-candidate")]  # fmt: skip
        routes = [self.get("httproute")] if self.gateway is not None else []
        return [f"{one['kind']} {one['metadata']['name']}" for one in (self.get("deployment"), *services, *routes)
                for entry in one["metadata"]["managedFields"]
                if entry["manager"] == "release-coordinator" and entry.get("subresource") != "status"]  # fmt: skip


def _restarts(pod: Manifest) -> int:
    return sum(c["restartCount"] for c in pod["status"].get("containerStatuses") or [])
