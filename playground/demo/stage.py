"""Where the story is told: the embedded cluster, the product's controller as a process of its own, and what is seen there.

Everything is done as a user of the API, with the manifests of examples/, seconds where production has minutes. What the
acts claim is measured here, from outside of the product: the route's weights, the endpoints, the users' requests.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import yaml

from playground.server import Serving

T = TypeVar("T")
Object = dict[str, Any]
GROUP = "release-coordinator.io"
RELEASES, ROUTES, SLICES = f"releases.{GROUP}", "httproutes.gateway.networking.k8s.io", "endpointslices.discovery.k8s.io"
EXAMPLES = Path(__file__).parents[2] / "examples"
NAME = "shop"


class NotAsTold(Exception):
    """The story went another way; the message says what was waited for and what was there instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """What users have seen: requests, how many failed, and how many each version answered."""

    requests: int
    errors: int
    by_version: dict[str, int]

    def since(self, earlier: "Users") -> "Users":
        """What they have seen after that."""
        by_version = {v: n - earlier.by_version.get(v, 0) for v, n in self.by_version.items()}
        return Users(requests=self.requests - earlier.requests, errors=self.errors - earlier.errors, by_version=by_version)


_NOBODY = Users(requests=0, errors=0, by_version={})


class Stage:
    """One shop (Deployment, Service, route, Release) in a namespace of its own; all watches are there from the beginning."""

    def __init__(self, serving: Serving, namespace: str) -> None:
        self._serving, self.namespace = serving, namespace
        self.route: list[tuple[float, int]] = []
        """When which share of the route, in percent, went to the candidate."""
        self.images: list[tuple[float, frozenset[str]]] = []
        """When the shop's Service sent to which images."""
        self.status: Object = {}
        self._before = _NOBODY
        """What users had seen when the latest version was shipped."""
        self._admin = serving.cluster.api.client("admin")
        self._client = serving.cluster.api.client("alice")
        serving.do(self._look)

    def _look(self) -> None:
        self._admin.create("namespaces", {"metadata": {"name": self.namespace}})
        self._admin.watch(RELEASES, self._on_release)
        self._admin.watch(ROUTES, self._on_route)
        self._admin.watch(SLICES, self._on_slice)

    def _on_release(self, _: str, release: Object) -> None:
        if release["metadata"]["namespace"] == self.namespace:
            self.status = release.get("status") or {}

    def _on_route(self, _: str, route: Object) -> None:
        if route["metadata"]["namespace"] == self.namespace:
            refs = route["spec"]["rules"][0]["backendRefs"]
            total = sum(ref.get("weight", 1) for ref in refs)
            share = sum(100 * ref.get("weight", 1) for ref in refs if ref["name"] == f"{NAME}-candidate") // total
            if not self.route or self.route[-1][1] != share:
                self.route.append((self._serving.cluster.loop.now(), share))

    def _on_slice(self, _: str, found: Object) -> None:
        metadata = found["metadata"]
        if metadata["namespace"] == self.namespace and metadata["labels"].get("kubernetes.io/service-name") == NAME:
            ready = [e["targetRef"]["name"] for e in found["endpoints"] or [] if e["conditions"].get("ready")]
            pods = (self._admin.find("pods", name, self.namespace) for name in ready)
            images = frozenset(pod["spec"]["containers"][0]["image"] for pod in pods if pod)
            self.images.append((self._serving.cluster.loop.now(), images))

    # --- doing, as alice, who works with the platform

    def apply(self, file: Path, **changes: Any) -> None:
        """Create what a file of the examples has; `changes` of a Release's spec make it quick."""
        for manifest in yaml.safe_load_all(file.read_text()):
            if manifest["kind"] == "Release":
                manifest["spec"] |= changes
                manifest["spec"].setdefault("traffic", {})["drain"] = "1s"
            if manifest["kind"] == "HTTPRoute":
                manifest["metadata"]["annotations"] = {f"playground.{GROUP}/requests-per-second": "200"}
            group = manifest["apiVersion"].partition("/")[0] if "/" in manifest["apiVersion"] else ""
            plural = f"{manifest['kind'].lower()}s"
            resource = f"{plural}.{group}" if group else plural
            self._call(partial(self._client.create, resource, manifest, self.namespace))

    def ship(self, tag: str) -> None:
        """`kubectl set image deployment/shop shop=shop:<tag>`."""
        container = {"name": NAME, "image": f"{NAME}:{tag}"}
        body = {"spec": {"template": {"spec": {"containers": [container]}}}}
        self._before = self.users()
        self._call(lambda: self._client.patch("deployments.apps", NAME, self.namespace, body, kind="strategic"))

    def annotate(self, request: str, value: str) -> float:
        """`kubectl annotate release shop release-coordinator.io/<request>=<value>`; when the API server had it."""
        body = {"metadata": {"annotations": {f"{GROUP}/{request}": value}}}
        self._call(lambda: self._client.patch(RELEASES, NAME, self.namespace, body))
        return self._serving.cluster.loop.now()

    def _call(self, call: Callable[[], T]) -> T:
        return self._serving.do(call)

    # --- asking

    def wait(self, question: Callable[[], Any], seconds: float, what: str) -> None:
        """Wait until it is so. Raises NotAsTold."""
        deadline = time.monotonic() + seconds
        while not question():
            if time.monotonic() > deadline:
                said = f"{self.status.get('phase')}: {self.status.get('message')}"
                raise NotAsTold(f"{what} was to come about within {seconds:g} s. The release is {said}")
            time.sleep(0.02)

    def wait_for_phase(self, *phases: str, seconds: float = 20) -> None:
        """Wait until the release is in one of these phases."""
        self.wait(lambda: self.status.get("phase") in phases, seconds, f"phase {' or '.join(phases)}")

    def wait_for_share(self, share: int, seconds: float = 20) -> None:
        """Wait until the step with this share of the traffic has been reached."""

        def reached() -> bool:
            step = (self.status.get("trial") or {}).get("step") or {}
            return step.get("weight") == share and step.get("since") is not None

        self.wait(reached, seconds, f"a step at {share}%")

    def wait_for_end(self, trials: int, seconds: float = 30) -> Object:
        """Wait until so many trials have ended and nothing of them is left; the record of the last."""

        def over() -> bool:
            quiet = not self.status.get("trial") and not self.status.get("retiring")
            return quiet and len(self.status.get("history") or []) >= trials

        self.wait(over, seconds, "the end of the release")
        last: Object = self.status["history"][-1]
        return last

    def users(self) -> Users:
        """What the shop's users have seen so far."""
        seen = self._call(lambda: self._serving.cluster.users.report(self.namespace, NAME))
        by_version = {version: answers.requests for version, answers in seen.by_version.items()}
        return Users(requests=seen.requests, errors=seen.errors, by_version=by_version)

    def seen(self) -> Users:
        """What they have seen since the latest version was shipped; nothing before the first."""
        return self.users().since(self._before) if self._before is not _NOBODY else _NOBODY

    def pods(self) -> dict[str, str]:
        """Images of the pods, by uid: a pod that was restarted by replacement has another uid."""
        pods = self._call(lambda: self._admin.list("pods", self.namespace))
        return {
            p["metadata"]["uid"]: p["spec"]["containers"][0]["image"] for p in pods if "deletionTimestamp" not in p["metadata"]
        }
