"""A Deployment under test with its ReplicaSets and pods: made, changed, and asked about in few words."""

import json
from collections.abc import Callable
from typing import Any

from tests.controlplane.cluster import Cluster

Object = dict[str, Any]
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
HASH = "pod-template-hash"
PREFIX = "deployment.kubernetes.io/"
DESIRED = f"{PREFIX}desired-replicas"
REVISION = f"{PREFIX}revision"
RECREATE: Object = {"type": "Recreate"}


def rolling(surge: int | str, unavailable: int | str) -> Object:
    """The strategy."""
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}


class Workload:
    """`name` is the Deployment's, and the value of the label `app`. Images tell the ReplicaSets apart."""

    def __init__(self, cluster: Cluster, namespace: str, name: str = "shop") -> None:
        self.cluster, self.namespace, self.name = cluster, namespace, name
        self._deadline = 600

    # --- making and changing

    def template(self, image: str = "shop:1", **container: Any) -> Object:
        """A pod template of the test application, which is ready when it says so."""
        probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}
        app = {"name": "app", "image": image, "readinessProbe": probe, **container}
        return {"metadata": {"labels": {"app": self.name}}, "spec": {"containers": [app], "terminationGracePeriodSeconds": 2}}

    def make(self, replicas: int = 2, image: str = "shop:1", **spec: Any) -> None:
        """The Deployment, completely rolled out."""
        selector = {"matchLabels": {"app": self.name}}
        body = {"metadata": {"name": self.name},
                "spec": {"replicas": replicas, "selector": selector, "template": self.template(image), **spec}}  # fmt: skip
        self.cluster.api("POST", self.path("deployments"), body)
        self.wait_until_complete()

    def patch(self, spec: Object, **metadata: Any) -> Object:
        """A merge patch of the Deployment."""
        body = {"spec": spec, "metadata": metadata} if metadata else {"spec": spec}
        return dict(self.cluster.api("PATCH", self.path("deployments", self.name), body, MERGE))

    def ship(self, image: str, **spec: Any) -> None:
        """A new image, with other changes of the spec in the same write."""
        template = {"spec": {"containers": [{"name": "app", "image": image}]}}
        body = {"spec": {"template": template, **spec}}
        self.cluster.api("PATCH", self.path("deployments", self.name), body, STRATEGIC)

    def roll_out(self, image: str) -> None:
        """A new image, rolled out."""
        self.ship(image)
        self.wait_until_complete()

    def by_hand(self, suffix: str, replicas: int = 0, *, owned: bool = True) -> str:
        """A ReplicaSet with the Deployment's template, as the controller would make it; its name."""
        found = self.deployment()
        template: Object = json.loads(json.dumps(found["spec"]["template"]))
        template["metadata"]["labels"][HASH] = suffix
        owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": self.name, "uid": found["metadata"]["uid"],
                 "controller": True, "blockOwnerDeletion": True}  # fmt: skip
        body = {
            "metadata": {"name": f"{self.name}-{suffix}", "labels": {"app": self.name, HASH: suffix},
                         "ownerReferences": [owner] if owned else []},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": self.name, HASH: suffix}}, "template": template},
        }  # fmt: skip
        self.cluster.api("POST", self.path("replicasets"), body)
        return f"{self.name}-{suffix}"

    def change_set(self, name: str, body: Object) -> None:
        """A merge patch of a ReplicaSet."""
        self.cluster.api("PATCH", self.path("replicasets", name), body, MERGE)

    def scale_set(self, name: str, replicas: int) -> None:
        """Scale a ReplicaSet, and wait until its pods are ready."""
        self.change_set(name, {"spec": {"replicas": replicas}})
        self.wait_for(lambda: self.ready(name) == replicas and self.count(name) == replicas, f"{replicas} pods of {name}")

    def set_progressing(self, status: str, reason: str, message: str) -> None:
        """Write the condition Progressing by hand."""
        moment = "2026-01-02T03:04:05Z"
        mine = {"type": "Progressing", "status": status, "reason": reason, "message": message,
                "lastUpdateTime": moment, "lastTransitionTime": moment}  # fmt: skip
        others = [one for one in self.deployment()["status"]["conditions"] if one["type"] != "Progressing"]
        path = f"{self.path('deployments', self.name)}/status"
        self.cluster.api("PATCH", path, {"status": {"conditions": [*others, mine]}}, MERGE)

    # --- asking

    def path(self, resource: str, name: str = "") -> str:
        """The API path of a resource in the namespace."""
        return self.cluster.address(resource, self.namespace, name)

    def deployment(self) -> Object:
        """As it is."""
        return dict(self.cluster.api("GET", self.path("deployments", self.name)))

    def sets(self) -> list[Object]:
        """All ReplicaSets with the label."""
        return list(self.cluster.api("GET", f"{self.path('replicasets')}?labelSelector=app%3D{self.name}")["items"])

    def set_of(self, image: str) -> Object:
        """The one ReplicaSet of this image."""
        (found,) = (one for one in self.sets() if image_of(one) == image)
        return found

    def name_of(self, image: str) -> str:
        """Its name."""
        return str(self.set_of(image)["metadata"]["name"])

    def sizes(self) -> dict[str, int]:
        """Image → `spec.replicas`."""
        return {image_of(one): one["spec"]["replicas"] for one in self.sets()}

    def annotations(self, image: str) -> dict[str, str]:
        """Those of the ReplicaSet of this image."""
        return dict(self.set_of(image)["metadata"].get("annotations") or {})

    def ready(self, name: str) -> int:
        """Ready pods of a ReplicaSet, as its status says."""
        return int(self._set_status(name).get("readyReplicas", 0))

    def count(self, name: str) -> int:
        """Pods of a ReplicaSet, as its status says."""
        return int(self._set_status(name).get("replicas", 0))

    def _set_status(self, name: str) -> Object:
        return dict(self.cluster.api("GET", self.path("replicasets", name))["status"])

    def pods(self) -> list[Object]:
        """Those that are not on their way out."""
        found = self.cluster.api("GET", f"{self.path('pods')}?labelSelector=app%3D{self.name}")["items"]
        return [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]

    def uids(self) -> set[str]:
        """The uids of these."""
        return {str(pod["metadata"]["uid"]) for pod in self.pods()}

    def condition(self, kind: str) -> Object:
        """The Deployment's condition of this type; empty without it."""
        conditions = self.deployment().get("status", {}).get("conditions", [])
        return next((dict(one) for one in conditions if one["type"] == kind), {})

    def events(self, reason: str) -> list[str]:
        """The messages of the events with this reason, oldest first."""
        found = self.cluster.api("GET", self.path("events"))["items"]
        chosen = [one for one in found if one["reason"] == reason]
        return [one["message"] for one in sorted(chosen, key=lambda one: int(one["metadata"]["resourceVersion"]))]

    # --- waiting

    def wait_for(self, question: Callable[[], Any], what: str) -> Any:
        """Until the answer is true-ish."""
        return self.cluster.wait_for(question, timeout=60, what=what)

    def wait_until_complete(self) -> None:
        """All pods are of the present template and available, and no other is left."""
        self.wait_for(self._is_complete, "a complete rollout")

    def _is_complete(self) -> bool:
        found = self.deployment()
        status, wanted = found.get("status", {}), found["spec"]["replicas"]
        counts = [status.get(field, 0) for field in ("replicas", "updatedReplicas", "availableReplicas")]
        return counts == [wanted] * 3 and status.get("observedGeneration", 0) >= found["metadata"]["generation"]

    def wait_for_sizes(self, **expected: int) -> None:
        """`_1=3` stands for the ReplicaSet of image shop:1 at 3."""
        wanted = {f"shop:{tag.removeprefix('_')}": size for tag, size in expected.items()}
        self.wait_for(lambda: wanted.items() <= self.sizes().items(), f"{wanted}, present {self.sizes()}")

    def wait_for_another_second(self) -> None:
        """Ages are told in whole seconds: what is made from now on is younger than all ReplicaSets."""
        youngest = max(one["metadata"]["creationTimestamp"] for one in self.sets())
        self.wait_for(lambda: self._made_now() > youngest, "another second")

    def _made_now(self) -> str:
        path = f"/api/v1/namespaces/{self.namespace}/configmaps?dryRun=All"
        return str(self.cluster.api("POST", path, {"metadata": {"name": "now"}})["metadata"]["creationTimestamp"])

    def settle(self) -> None:
        """Until the controller has looked at everything that is so now: after that, what it left alone it leaves alone.

        Twice a change that means nothing is seen by it in the status; what happened before is then in its view.
        """
        for _ in range(2):
            self._deadline += 1
            self.patch({"progressDeadlineSeconds": self._deadline})
            self.wait_for(self._is_observed, "the controller's turn")

    def _is_observed(self) -> bool:
        found = self.deployment()
        return bool(found["status"].get("observedGeneration", 0) >= found["metadata"]["generation"])


def image_of(found: Object) -> str:
    """The image in a template."""
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"])


def version_now(cluster: Cluster, path: str) -> str:
    """The version of a list at this moment, from which `happened` tells."""
    return str(cluster.api("GET", f"{path}?limit=1")["metadata"]["resourceVersion"])


def happened(cluster: Cluster, path: str, since: str) -> list[tuple[str, Object]]:
    """The events of a resource since that version, in their order: ADDED, MODIFIED or DELETED, and the object.

    Up to the last change of what is there now; what was deleted after that is not told.
    """
    last = max((_version(found) for found in cluster.api("GET", path)["items"]), default=0)
    seen: list[tuple[str, Object]] = []
    watch = cluster.client().watch(f"{path}?resourceVersion={since}", 10) if last > int(since) else ()
    for event in watch:
        seen.append((event["type"], event["object"]))
        if _version(event["object"]) >= last:
            break
    return seen


def _version(found: Object) -> int:
    return int(found["metadata"]["resourceVersion"])
