"""The views of the cluster that all turns share: Releases and claimed Deployments always, the rest only where it is needed.

A namespace's ReplicaSets, Services, EndpointSlices and routes are followed while a release is in flight there, and no longer:
at rest, a thousand Releases cost three watches.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from controller.api import names
from controller.clock import SYSTEM, Clock
from controller.kube import paths
from controller.kube.client import Client
from controller.kube.paths import Resource
from controller.kube.reflector import Reflector
from controller.reconcile.requests import trim
from controller.traffic import services
from controller.workloads.deployment import owner_name
from strategies.spec import train_status
from strategies.spec.flag import FlagKind
from strategies.spec.gate import TemplateKind
from strategies.spec.reason import Reason

Object = dict[str, Any]
Key = tuple[str, str]
Follow = Callable[..., Reflector]
_LINGER = 5.0
"""Seconds that a namespace is followed after its last release, so that the next one need not list again."""
IN_FLIGHT = (paths.REPLICA_SETS, paths.SERVICES, paths.ENDPOINT_SLICES)
TEMPLATES = {TemplateKind.GATE_TEMPLATE: paths.GATE_TEMPLATES, TemplateKind.CLUSTER_GATE_TEMPLATE: paths.CLUSTER_GATE_TEMPLATES}
"""Where templates of a kind are."""
FLAG_HOLDERS = {FlagKind.CONFIG_MAP: paths.CONFIG_MAPS, FlagKind.FEATURE_FLAG: paths.FEATURE_FLAGS}
"""Where flags are: followed by name, one object at a time, so that the right to all of a kind is not needed."""
_OURS = {paths.JOBS: {"labelSelector": names.STEP}}
"""Of a namespace's Jobs, those of gates and migrations."""


def serving(policy_version: str) -> Follow:
    """How views begin in a cluster that serves MutatingAdmissionPolicy in this version."""

    def follow(client: Client, resource: Resource, **how: Any) -> Reflector:
        policies = resource.group == paths.MUTATING_ADMISSION_POLICIES.group
        return Reflector(client, replace(resource, version=policy_version) if policies else resource, **how)

    return follow


_TRAIN = "train/"
"""Before a train's name in its key: no Release has a / in its name, so that both stand in one queue."""


def train_key(namespace: str, name: str) -> Key:
    """The key of a train."""
    return namespace, f"{_TRAIN}{name}"


def train_of(key: Key) -> str | None:
    """The train's name, if the key is a train's."""
    return key[1].removeprefix(_TRAIN) if key[1].startswith(_TRAIN) else None


class Wake(Protocol):
    """Whom to tell of something new."""

    def __call__(self, key: Key, *, last: bool = False) -> None:
        """Tell that this Release or train has something new; `last`: it can wait until nothing else is to be done."""


class Namespace:
    """What is followed in one namespace while a release is in flight there."""

    def __init__(self, client: Client, namespace: str, on_change: Callable[["Namespace", Object], None], follow: Follow) -> None:
        self.users: set[Key] = set()
        self.idle_since = 0.0
        self._client, self._namespace, self._on_change, self._follow = client, namespace, on_change, follow
        self._reflectors: dict[tuple[Resource, str | None], Reflector] = {}

    def follow(self, resource: Resource, name: str | None = None) -> Reflector:
        """The view of a resource, or of the one object of this name, begun at the first asking."""
        if (resource, name) not in self._reflectors:
            reflector = self._follow(
                self._client, resource, namespace=self._namespace,
                chosen={"fieldSelector": f"metadata.name={name}"} if name else _OURS.get(resource),
                on_change=lambda old, new: [self._on_change(self, each) for each in (old, new) if each is not None],
            )  # fmt: skip
            self._reflectors[resource, name] = reflector
            reflector.start()
        return self._reflectors[resource, name]

    def service_of(self, found: Object) -> Object | None:
        """The Service that this object is, or has the endpoints of; None if it is neither, or the Service is not known."""
        if found.get("kind") == "Service":
            return found
        name = services.served_by(found) if found.get("kind") == "EndpointSlice" else None
        view = self._reflectors.get((paths.SERVICES, None))
        return view.store.get(self._namespace, name) if view is not None and name is not None else None

    def stop(self) -> None:
        """End all views."""
        for reflector in self._reflectors.values():
            reflector.stop()


class View:
    """One resource of all namespaces, or of some: the same to its readers."""

    def __init__(self, reflectors: dict[str | None, Reflector]) -> None:
        self.reflectors = tuple(reflectors.values())
        self._by_namespace = reflectors

    def get(self, namespace: str, name: str) -> Object | None:
        """One object; None in a namespace that is not followed."""
        reflector = self._of(namespace)
        return reflector.store.get(namespace, name) if reflector else None

    def list(self, namespace: str | None = None) -> list[Object]:
        """The objects of one namespace, or all."""
        return [found for reflector in self.reflectors for found in reflector.store.list(namespace)]

    def remember(self, answer: Object) -> None:
        """Put in the answer of our own write."""
        reflector = self._of(answer["metadata"].get("namespace", ""))
        if reflector is not None:
            reflector.store.remember(answer)

    @property
    def synced(self) -> bool:
        """Whether all of it was listed once."""
        return all(r.synced.is_set() for r in self.reflectors)

    def _of(self, namespace: str) -> Reflector | None:
        return self._by_namespace.get(None) or self._by_namespace.get(namespace)


class Cluster:
    """All views. `wake` is told which Release has something new; `namespaces` empty means all; `follow` begins a view."""

    def __init__(
        self,
        client: Client,
        wake: Wake,
        policies: tuple[str, ...],
        namespaces: tuple[str, ...] = (),
        *,
        clock: Clock = SYSTEM,
        follow: Follow = Reflector,
    ) -> None:
        self.client, self.clock = client, clock
        self.wake, self._follow = wake, follow
        self._lock = threading.Lock()
        self._namespaces: dict[str, Namespace] = {}
        self.policies_changed_at = 0.0
        self.hold_guard = f"{policies[0]}-guard"
        scope: tuple[str | None, ...] = namespaces or (None,)
        self.releases = View({n: follow(client, paths.RELEASES, namespace=n, on_change=self._release_changed, trim=trim)
                              for n in scope})  # fmt: skip
        self.deployments = View({n: follow(client, paths.DEPLOYMENTS, namespace=n, chosen={"labelSelector": names.RELEASE},
                                              on_change=self._deployment_changed) for n in scope})  # fmt: skip
        self.sources = View({None: follow(client, paths.METRIC_SOURCES)})
        self.templates = {
            kind: View({n: follow(client, resource, namespace=n) for n in (scope if resource.namespaced else (None,))})
            for kind, resource in TEMPLATES.items()
        }
        self.trains = View({n: follow(client, paths.RELEASE_TRAINS, namespace=n, on_change=self._train_changed, trim=trim)
                            for n in scope})  # fmt: skip
        self.release_policies = View({None: follow(client, paths.RELEASE_POLICIES, on_change=self._release_policy_changed)})
        # The hold must not be believed to work longer than it does: the policy and its binding are followed by name.
        self._policies = tuple(
            follow(client, resource, chosen={"fieldSelector": f"metadata.name={name}"}, on_change=self._policy_changed)
            for resource in (paths.MUTATING_ADMISSION_POLICIES, paths.MUTATING_ADMISSION_POLICY_BINDINGS)
            for name in policies
        )

    @property
    def standing(self) -> tuple[Reflector, ...]:
        """The views that are always there."""
        views = (self.releases, self.trains, self.deployments, self.sources, self.release_policies, *self.templates.values())
        return *(reflector for view in views for reflector in view.reflectors), *self._policies

    @property
    def policies_installed(self) -> bool | None:
        """Whether the policies and their bindings are there; None while that is not known, or may not be read."""
        if not all(r.synced.is_set() for r in self._policies):
            return None
        return all(r.store.list() for r in self._policies)

    def known(self) -> set[Key]:
        """Every Release, and every Release that a marked Deployment names: it may be gone."""
        found = {(r["metadata"]["namespace"], r["metadata"]["name"]) for r in self.releases.list()}
        return found | {(d["metadata"]["namespace"], d["metadata"]["labels"][names.RELEASE]) for d in self.deployments.list()}

    def start(self) -> None:
        """Begin; the views fill by themselves."""
        for reflector in self.standing:
            reflector.start()

    @property
    def synced(self) -> bool:
        """Whether the views that every turn needs were listed once."""
        return self.releases.synced and self.deployments.synced

    def stop(self) -> None:
        """End all views."""
        with self._lock:
            namespaces, self._namespaces = list(self._namespaces.values()), {}
        for namespace in namespaces:
            namespace.stop()
        for reflector in self.standing:
            reflector.stop()

    def enter(self, key: Key) -> Namespace:
        """Follow the Release's namespace from now on."""
        with self._lock:
            namespace = self._namespaces.get(key[0])
            if namespace is None:
                namespace = self._namespaces[key[0]] = Namespace(self.client, key[0], self._in_flight_changed, self._follow)
            namespace.users.add(key)
            return namespace

    def leave(self, key: Key) -> None:
        """The Release no longer needs its namespace."""
        with self._lock:
            namespace = self._namespaces.get(key[0])
            if namespace is not None and key in namespace.users:
                namespace.users.discard(key)
                namespace.idle_since = self.clock.steady()

    def sweep(self) -> None:
        """End the views of namespaces that nobody has needed for a while; called now and then."""
        with self._lock:
            idle = [n for n, v in self._namespaces.items() if not v.users and self.clock.steady() - v.idle_since > _LINGER]
            ended = [self._namespaces.pop(n) for n in idle]
        for namespace in ended:
            namespace.stop()

    def known_trains(self) -> set[Key]:
        """The keys of all trains."""
        return {train_key(t["metadata"]["namespace"], t["metadata"]["name"]) for t in self.trains.list()}

    def trains_of(self, key: Key) -> list[Object]:
        """The trains that have this Release as a member, by name."""
        found = [train for train in self.trains.list(key[0]) if key[1] in members_of(train)]
        return sorted(found, key=lambda train: str(train["metadata"]["name"]))

    def _release_changed(self, old: Object | None, new: Object | None) -> None:
        metadata = (new or old or {})["metadata"]
        self._wake_release((metadata["namespace"], metadata["name"]))

    def _wake_release(self, key: Key, *, last: bool = False) -> None:
        """And the trains that look at it."""
        self.wake(key, last=last)
        self.wake_trains(key)

    def wake_trains(self, key: Key) -> None:
        """Those that look at this Release; for a turn, whose own writes no view tells of."""
        for train in self.trains_of(key):
            self.wake(train_key(key[0], train["metadata"]["name"]))

    def _train_changed(self, old: Object | None, new: Object | None) -> None:
        """Members may have to wait no more, or for another reason; another train may no longer have to share one."""
        metadata = (new or old or {})["metadata"]
        self.wake(train_key(metadata["namespace"], metadata["name"]))
        for name in {name for train in (old, new) for name in members_of(train or {})}:
            self._wake_release((metadata["namespace"], name))

    def _deployment_changed(self, old: Object | None, new: Object | None) -> None:
        for found in (old, new):
            metadata = (found or {}).get("metadata") or {}
            release = (metadata.get("labels") or {}).get(names.RELEASE)
            if release:
                key = (metadata["namespace"], release)
                self._wake_release(key, last=self._at_rest(key))

    def _at_rest(self, key: Key) -> bool:
        """Whether nothing is under way: a change of the Deployment is then a release that has not begun, or nothing at all."""
        status = (self.releases.get(*key) or {}).get("status") or {}
        return bool(status.get("stable")) and not any(status.get(name) for name in ("trial", "retiring", "wheel"))

    def _in_flight_changed(self, seen: Namespace, changed: Object) -> None:
        deployment, service = owner_name(changed), seen.service_of(changed)
        for key in tuple(seen.users):
            if self._may_look_at(service, key) if deployment is None else self.workload_of(key) == deployment:
                self.wake(key)

    def _may_look_at(self, service: Object | None, key: Key) -> bool:
        """Whether the Service is this Release's, or that cannot be told: a turn for nothing costs far more than to ask."""
        release = self.releases.get(*key)
        raw = self.deployments.get(key[0], self.workload_of(key) or "")
        if release is None or service is None or raw is None:
            return True
        status = release.get("status") or {}
        revisions = (status.get("stable"), status.get("retiring"), (status.get("trial") or {}).get("candidate"))
        hashes = [revision.get("hash") for revision in revisions if revision]
        return services.concerns(service, raw, hashes) or bool(services.split_for([service], release["metadata"]["uid"]))

    def _release_policy_changed(self, _old: Object | None, _new: Object | None) -> None:
        """Who waits for a policy may wait no more; all others ask when they start."""
        for release in self.releases.list():
            if (release.get("status") or {}).get("reason") in (Reason.FROZEN, Reason.REQUIREMENT_UNMET, Reason.QUEUED):
                self.wake((release["metadata"]["namespace"], release["metadata"]["name"]))

    def _policy_changed(self, _old: Object | None, _new: Object | None) -> None:
        self.policies_changed_at = self.clock.steady()
        for key in self.known():
            self.wake(key)

    def workload_of(self, key: Key) -> str | None:
        """Name of the Deployment that a Release is for."""
        spec = (self.releases.get(*key) or {}).get("spec") or {}
        name = (spec.get("workloadRef") or {}).get("name")
        return name if isinstance(name, str) else None


def members_of(train: Object) -> set[str]:
    """The Releases that a train is about: those that it names, and in flight those of its run."""
    status = train.get("status") or {}
    running = status.get("members") if status.get("phase") in train_status.IN_FLIGHT else None
    listed = [*((train.get("spec") or {}).get("members") or ()), *(running or ())]
    return {str(member["name"]) for member in listed if isinstance(member, dict) and "name" in member}
