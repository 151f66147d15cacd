"""An API server in memory with one Release in it, and the model world behind it as its cluster and its controller.

It answers as the real one does what releasectl asks: objects, lists, watches, a merge patch of the Release, a dry run of the
Deployment, refusals. Nothing else belongs here: the whole behaviour of Kubernetes is the business of other doubles.
"""

import copy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from controller.api import names
from controller.reconcile import commit
from controller.reconcile.requests import Presence, read_requests, trim
from controller.workloads import template
from strategies.world.observation import Request
from tests.kube.serving import Exchange, mark, serve, status
from tests.rollout.objects import Set
from tests.rollout.world import World

Object = dict[str, Any]
RELEASES = "/apis/release-coordinator.io/v1alpha1/namespaces/prod/releases"
RELEASE = f"{RELEASES}/shop"
DEPLOYMENT = "/apis/apps/v1/namespaces/prod/deployments/shop"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/release-coordinator/leases/release-coordinator"
PROMETHEUS = "/api/v1/namespaces/monitoring/services/"
_LISTS = {
    "/apis/apps/v1/namespaces/prod/replicasets": "replicasets",
    "/apis/apps/v1/namespaces/prod/controllerrevisions": "controllerrevisions",
    "/apis/autoscaling/v2/namespaces/prod/horizontalpodautoscalers": "horizontalpodautoscalers",
    "/apis/discovery.k8s.io/v1/namespaces/prod/endpointslices": "endpointslices",
    "/apis/events.k8s.io/v1/namespaces/prod/events": "events",
    "/apis/gateway.networking.k8s.io/v1/namespaces/prod/httproutes": "httproutes",
    "/apis/release-coordinator.io/v1alpha1/metricsources": "metricsources",
    "/apis/release-coordinator.io/v1alpha1/clustergatetemplates": "clustergatetemplates",
    "/apis/release-coordinator.io/v1alpha1/releasepolicies": "releasepolicies",
    "/apis/release-coordinator.io/v1alpha1/namespaces/prod/releasetrains": "releasetrains",
    "/apis/release-coordinator.io/v1alpha1/namespaces/prod/gatetemplates": "gatetemplates",
    "/api/v1/namespaces/prod/pods": "pods",
    "/api/v1/namespaces/prod/services": "services",
}


class Double:
    """The double. `refused` has what the user may not do (`list pods`); `answers` is false where no controller runs.

    `train_asked` gets a train on which a request was written. `refusals` is set when somebody who looked at the Release has found
    the API down.
    """

    def __init__(self, world: World, *, spec: Object | None = None) -> None:
        self.world, self.refused, self.answers = world, set[str](), True
        self.installed, self.down, self.unauthorized, self.deleted = True, False, False, False
        self.refusals = threading.Event()
        self.spec = spec or {"workloadRef": {"name": "shop"}}
        self.annotations: dict[str, str] = {}
        self.others: dict[str, list[Object]] = {}
        self.lease: Object | None = None
        self.url = ""
        self.train_asked: Callable[[Object], None] = lambda _train: None
        self.prometheus: Callable[[str, dict[str, str]], Object | None] = lambda _path, _query: None
        self._asked: list[Object] = []
        self._version, self._shown, self._changed = 1, 0, threading.Condition()

    # --- what tests do

    def change(self, act: Callable[[World], object]) -> None:
        """Something happens in the world; watches are told."""
        with self._changed:
            act(self.world)
            self._version += 1
            self._changed.notify_all()

    def wait_until_seen(self) -> None:
        """Return when somebody was shown the newest version."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._shown >= self._version, timeout=30)

    def _show(self, version: int) -> None:
        with self._changed:
            self._shown = max(self._shown, version)
            self._changed.notify_all()

    def kubeconfig(self, folder: Path, **changed: object) -> Path:
        """A kubeconfig for it; `changed` replaces whole parts of it."""
        content = {
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self.url}}],
            "users": [{"name": "user", "user": {"token": "secret"}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "user", "namespace": "prod"}}],
        } | changed  # fmt: skip
        path = folder / "kubeconfig"
        path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))
        return path

    # --- objects

    def release(self) -> Object:
        """The Release with the model world's status."""
        metadata = {"name": "shop", "namespace": "prod", "uid": "release-1", "generation": 1, "annotations": self.annotations,
                    "resourceVersion": str(self._version), "creationTimestamp": "2026-01-01T00:00:00Z",
                    "managedFields": self._asked, "finalizers": [names.FINALIZER] if self.world.finalizer else []}  # fmt: skip
        text = json.dumps({"metadata": metadata, "spec": self.spec, "status": commit.dump(self.world.status)})
        return json.loads(_digested(text))  # type: ignore[no-any-return]

    def deployment(self) -> Object | None:
        """The Deployment, if there is one."""
        d = self.world.deployment
        if d is None:
            return None
        labels = {names.RELEASE: d.claimed_by, names.HELD: "" if d.held else None, names.DRIVEN: "" if d.driven else None}
        annotations = {names.STRATEGY: d.strategy} if d.driven else {}
        annotations |= {names.CHANGED_BY: d.changed_by} if d.changed_by else {}
        ready = sum(self.world.ready(s) for s in self.world.sets.values())
        return {
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "shop", "namespace": "prod", "uid": d.uid, "generation": d.generation, "resourceVersion": "1",
                         "annotations": annotations, "labels": {k: v for k, v in labels.items() if v is not None}},
            "spec": {"replicas": d.replicas, "paused": d.paused, "strategy": json.loads(d.strategy),
                     "template": _template(d.template)},
            "status": {"observedGeneration": d.observed, "readyReplicas": ready, "availableReplicas": ready},
        }  # fmt: skip

    def items(self, kind: str) -> list[Object]:
        """The objects of a kind."""
        made = {"replicasets": self._replica_sets, "services": self._services, "endpointslices": self._slices, "pods": self._pods,
                "controllerrevisions": self._kept}  # fmt: skip
        return [*(made[kind]() if kind in made else []), *self.others.get(kind, [])]

    def _replica_sets(self) -> list[Object]:
        return [{
            "metadata": _metadata(found.name, found.uid, found.created, self._owner("Deployment"), {names.HASH: found.hash}),
            "spec": {"replicas": found.replicas, "template": _template(found.template)},
            "status": {"replicas": len(found.births), "readyReplicas": self.world.ready(found),
                       "availableReplicas": self.world.ready(found), "observedGeneration": 1},
        } for found in self.world.sets.values()]  # fmt: skip

    def _pods(self) -> list[Object]:
        return [self._pod(found, number) for found in self.world.sets.values() for number in range(len(found.births))]

    def _pod(self, found: Set, number: int) -> Object:
        ready = number < self.world.ready(found)
        owner = {"kind": "ReplicaSet", "name": found.name, "uid": found.uid, "controller": True}
        return {
            "metadata": _metadata(f"{found.name}-{number:05}", f"{found.uid}-{number}", found.births[number], owner,
                                  {names.HASH: found.hash, "app": "shop"}),
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": str(ready)}],
                       "containerStatuses": [{"name": "app", "restartCount": 0, "ready": ready, "state": {"running": {}}}]},
        }  # fmt: skip

    def _services(self) -> list[Object]:
        return [{
            "metadata": _metadata(name, f"uid-{name}", self.world.now, {}, {}),
            "spec": {"selector": {"app": "shop", **({names.HASH: service.pin} if service.pin else {})}},
        } for name, service in self.world.services.items()]  # fmt: skip

    def _slices(self) -> list[Object]:
        sets = {s.hash: s.name for s in self.world.sets.values()}
        return [{
            "metadata": _metadata(name, f"slice-{name}", self.world.now, {}, {"kubernetes.io/service-name": name}),
            "endpoints": [{"conditions": {"ready": True}, "targetRef": {"name": f"{sets[hash_]}-{number:05}"}}
                          for hash_, count in service.endpoints.items() for number in range(count)],
        } for name, service in self.world.services.items()]  # fmt: skip

    def _kept(self) -> list[Object]:
        return [{
            "metadata": _metadata(kept.name, f"uid-{kept.name}", self.world.now, {}, {names.HASH: kept.hash}),
            "data": {"template": _template(kept.digest.removeprefix("digest of "))},
        } for kept in self.world.kept]  # fmt: skip

    def _owner(self, kind: str) -> Object:
        uid = self.world.deployment.uid if self.world.deployment else ""
        return {"kind": kind, "name": "shop", "uid": uid, "controller": True}

    # --- answering

    def answer(self, exchange: Exchange) -> None:
        """One request."""
        request = exchange.request
        named = request.path not in _LISTS and not request.path.endswith("/releases")
        watching = request.query.get("watch") == "true"
        verb = {"PATCH": "patch"}.get(request.method, "watch" if watching else "get" if named else "list")
        resource = request.path.split("/")[-2 if named else -1]
        resource = "services/proxy" if request.path.startswith(PROMETHEUS) else resource
        if self.down:
            exchange.json(503, status(503, "ServiceUnavailable", "the server is starting"))
            if request.path == RELEASE:
                self.refusals.set()
        elif self.unauthorized:
            exchange.json(401, status(401, "Unauthorized", "Unauthorized"))
        elif f"{verb} {resource}" in self.refused:
            exchange.json(403, status(403, "Forbidden", f'{resource} is forbidden: User "alice" cannot {verb} resource'))
        elif "release-coordinator.io" in request.path and not self.installed:
            exchange.json(404, status(404, "NotFound", "the server could not find the requested resource"))
        elif watching:
            self._watch(exchange)
        elif request.method == "PATCH":
            self._patch(exchange)
        else:
            self._read(exchange)

    def _read(self, exchange: Exchange) -> None:
        request = exchange.request
        path = request.path
        if path == RELEASE and not self.deleted:
            release = self.release()
            exchange.json(200, release)
            self._show(int(release["metadata"]["resourceVersion"]))
            return
        found: Object | None = {DEPLOYMENT: self.deployment, LEASE: lambda: self.lease}.get(path, lambda: None)()
        if path in _LISTS:
            found = {"metadata": {"resourceVersion": "1"}, "items": self.items(_LISTS[path])}
        elif path.startswith(PROMETHEUS):
            found = self.prometheus(path, request.query)
        elif any(f"{kind}/" in path for kind in ("/metricsources", "gatetemplates", "/releasetrains", "/configmaps")):
            name, kind = path.rpartition("/")[2], path.split("/")[-2]
            found = next((each for each in self.others.get(kind, []) if each["metadata"]["name"] == name), None)
        elif path.endswith("/releases"):
            ours = path in (RELEASES, RELEASES.replace("/namespaces/prod", ""))
            found = {"metadata": {"resourceVersion": str(self._version)}, "items": [self.release()] if ours else []}
        exchange.json(*((200, found) if found is not None else (404, status(404, "NotFound", f"{path} not found"))))

    def _patch(self, exchange: Exchange) -> None:
        request = exchange.request
        if request.query.get("dryRun") == "All":
            found = self.deployment() or {}
            found["spec"]["paused"] = found["spec"]["paused"] or self.world.hold
            exchange.json(200, found)
            return
        metadata = request.body["metadata"]
        fields = {"f:metadata": {"f:annotations": {f"f:{key}": {} for key in metadata["annotations"]}}}
        asked = {"manager": request.query["fieldManager"], "operation": "Update", "fieldsV1": fields,
                 "time": f"2026-01-01T00:00:{self._version:02}Z"}  # fmt: skip
        train = next((each for each in self.others.get("releasetrains", []) if request.path.endswith(each["metadata"]["name"])),
                     None) if "/releasetrains/" in request.path else None  # fmt: skip
        if train is not None:
            train["metadata"] |= {"annotations": metadata["annotations"], "managedFields": [asked]}
            exchange.json(200, train)
            self.train_asked(train)
            return
        if metadata.get("uid") not in (None, "release-1"):
            cause = {"field": "metadata.uid", "reason": "FieldValueInvalid", "message": "field is immutable"}
            exchange.json(422, status(422, "Invalid", "metadata.uid: field is immutable", causes=[cause]))
            return

        def ask(_world: World) -> None:
            self._asked = [asked]
            self.annotations = dict(metadata["annotations"])

        self.change(ask)
        exchange.json(200, self.release())
        if self.answers:
            self.change(self._take_up)

    def _take_up(self, world: World) -> None:
        """The controller's turns until the request is answered, and its annotation gone."""
        found = read_requests(trim(copy.deepcopy(self.release())), world.status.attempts, Presence())
        world.requests += [Request(id=r.id, key=r.key, value=r.value, author="alice") for r in found]
        while world.requests:
            world.turn()
        self.annotations, self._asked = {}, []

    def _watch(self, exchange: Exchange) -> None:
        """The newest version, whenever there is another one, until the test is over."""
        exchange.begin()
        seen = int(exchange.request.query.get("resourceVersion") or 0)
        if "sendInitialEvents" in exchange.request.query:
            seen, release = self._next_after(seen)
            exchange.event("ADDED", release)
            exchange.event(*mark(seen))
            self._show(seen)
        while not exchange.hang(0):
            version, release = self._next_after(seen)
            if version > seen and exchange.request.path == RELEASES:
                exchange.event("MODIFIED", release)
                self._show(version)
            seen = version

    def _next_after(self, seen: int) -> tuple[int, Object]:
        with self._changed:
            self._changed.wait_for(lambda: self._version > seen, timeout=0.05)
            return self._version, self.release()


@contextmanager
def serving(double: Double) -> Iterator[Double]:
    """Serve a double on loopback."""
    with serve(double.answer) as server:
        double.url = server.url
        yield double


def _template(word: str) -> Object:
    """The pod template that the model world calls by this word; what stands behind a + is its restart."""
    plain, _, restarted = word.partition("+")
    annotations = {names.RESTARTED_AT: restarted} if restarted else {}
    return {"metadata": {"labels": {"app": "shop"}, "annotations": annotations},
            "spec": {"containers": [{"name": "app", "image": f"example/shop:{plain[1:]}.0.0"}]}}  # fmt: skip


def _digested(text: str) -> str:
    """The model world's digests as those of the templates."""
    for word in ("v1", "v2", "v3"):
        text = text.replace(f'"digest of {word}"', json.dumps(template.view(_template(word), None, None).digest))
    return text


def _metadata(name: str, uid: str, created: datetime, owner: Object, labels: dict[str, str]) -> Object:
    return {"name": name, "namespace": "prod", "uid": uid, "generation": 1, "resourceVersion": "1", "labels": labels,
            "creationTimestamp": created.isoformat(), "ownerReferences": [owner] if owner else []}  # fmt: skip
