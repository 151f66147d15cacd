"""Effects as API calls. Each tests what it expects; deletions look live first; every answer is remembered by the views.

What an effect expects is more than old values: after a rollback the world looks as it did before the release, and a write of a
deposed leader that hung since then would find what it expects. So each tests the object's uid and generation as well (`fence`),
and what cannot test anything, a create, is taken back by whoever is no longer the leader when the answer comes.

What is written to objects of others is written in nobody's name: the chart's policy `ownership` takes our entry out of their
managedFields in the same request, or the owner's next server-side apply would fail with a conflict.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from controller.api import names
from controller.kube import paths
from controller.kube.client import JSON_PATCH, Client
from controller.kube.connection import Timeouts
from controller.kube.errors import AlreadyExists, ApiError, NotFound
from controller.kube.paths import Resource
from controller.kube.reflector import Reflector
from controller.reconcile import flagging
from controller.reconcile.cluster import FLAG_HOLDERS, Cluster
from controller.reconcile.fencing import fence
from controller.reconcile.gather import read_kept
from controller.reconcile.memory import Memory
from controller.reconcile.requests import removal
from controller.reconcile.taking_back import take_back
from controller.reconcile.traffic import ROUTERS
from controller.traffic import services
from controller.traffic.router import Unusable
from controller.workloads import deployment, job
from controller.workloads.deployment import Patch
from strategies.spec.status import Status
from strategies.world import effects
from strategies.world.observation import Kept

Object = dict[str, Any]


class Stale(Exception):
    """The view no longer has what the effect is about; the next turn sees why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Performer:
    """Carries out the effects of one Release's turn."""

    cluster: Cluster
    release: Object
    status: Status
    memory: Memory
    may_write: Callable[[], bool]

    @property
    def client(self) -> Client:
        """The API, behind the fence: a deposed leader writes nothing."""
        if not self.may_write():
            raise Stale("no longer the leader")
        return self.cluster.client

    @property
    def namespace(self) -> str:
        """The Release's namespace."""
        return str(self.release["metadata"]["namespace"])

    def perform(self, effect: effects.Effect) -> None:
        """Carry out one effect. Raises ApiError or Stale; then nothing, or everything, has happened."""
        _PERFORM[type(effect)](self, effect)

    # --- the objects as the views have them

    def workload(self) -> Object:
        """The Deployment, from the view or live."""
        name = self.release["spec"]["workloadRef"]["name"]
        found = self.cluster.deployments.get(self.namespace, name)
        return found or self.client.get(paths.DEPLOYMENTS.path(self.namespace, name))

    def seen(self, resource: Resource, name: str) -> Object:
        """An object of the namespace's views."""
        found = self._view(resource, name).store.get(self.namespace, name)
        if found is None:
            raise Stale(f"{resource.plural} {name} is gone")
        return found

    @property
    def _key(self) -> tuple[str, str]:
        return self.namespace, str(self.release["metadata"]["name"])

    def _view(self, resource: Resource, name: str) -> Reflector:
        by_name = resource in FLAG_HOLDERS.values()
        return self.cluster.enter(self._key).follow(resource, name if by_name else None)

    def _remember(self, resource: Resource, answer: Object) -> None:
        if resource is paths.DEPLOYMENTS:
            if names.RELEASE in (answer["metadata"].get("labels") or {}):
                self.cluster.deployments.remember(answer)
        elif resource is paths.RELEASES:
            self.cluster.releases.remember(answer)
        else:
            self._view(resource, answer["metadata"]["name"]).store.remember(answer)
        self.cluster.wake_trains(self._key)

    # --- writing

    def patch(
        self, resource: Resource, found: Object, patch: Patch, subresource: str | None = None, timeouts: Timeouts | None = None
    ) -> None:  # fmt: skip
        """A JSON Patch of an object that is as it was seen."""
        path = resource.path(self.namespace, found["metadata"]["name"], subresource)
        client = self.client.bounded(timeouts) if timeouts else self.client
        self._remember(resource, client.patch(path, [*fence(found), *patch], JSON_PATCH))

    def create(self, resource: Resource, body: Object) -> Object:
        """Make an object, as the leader. Raises AlreadyExists."""
        answer = self.client.create(resource.path(self.namespace), body)
        if not self.may_write():
            take_back(self.cluster.client, self.release, resource, answer)
            raise Stale("no longer the leader; what was made meanwhile is for the next one, or taken back")
        return answer


def _taken(what: str, whom: str) -> ApiError:
    """No race, which would pass: a person must give the name free."""
    return ApiError(409, "NameTaken", f"{what}; delete it, its name is needed for {whom}")


# --- the Release itself


def _add_finalizer(do: Performer, _: effects.Effect) -> None:
    present, path = do.release["metadata"].get("finalizers"), "/metadata/finalizers"
    same = {"op": "test", "path": path, "value": present}
    added = {"op": "add", "path": path, "value": [*(present or []), names.FINALIZER]}
    do.patch(paths.RELEASES, do.release, [same, added])


def _remove_finalizer(do: Performer, _: effects.Effect) -> None:
    present = do.release["metadata"].get("finalizers") or []
    if names.FINALIZER not in present:
        raise Stale("the finalizer is gone")
    path = f"/metadata/finalizers/{present.index(names.FINALIZER)}"
    test = {"op": "test", "path": path, "value": names.FINALIZER}
    do.patch(paths.RELEASES, do.release, [test, {"op": "remove", "path": path}])


def _remove_request(do: Performer, effect: effects.RemoveRequest) -> None:
    now = do.cluster.releases.get(*do._key) or do.release  # Another answer of this turn may have gone before.
    do.patch(paths.RELEASES, do.release, removal(do.release, effect.key, effect.value, now))


def _keep(do: Performer, effect: effects.Keep) -> None:
    body = deployment.keep(do.release, do.seen(paths.REPLICA_SETS, effect.replica_set), effect)
    try:
        item = do.create(paths.CONTROLLER_REVISIONS, body)
    except AlreadyExists:
        item = do.client.get(paths.CONTROLLER_REVISIONS.path(do.namespace, body["metadata"]["name"]))
    kept = read_kept(item)
    if kept is None:
        raise _taken(f"ControllerRevision {item['metadata']['name']} has no pod template", "stable's")
    known: tuple[Kept, ...] = do.memory.kept or ()
    do.memory.kept = (*(k for k in known if k.name != kept.name), kept)


def _forget(do: Performer, effect: effects.Forget) -> None:
    with contextlib.suppress(NotFound):
        do.client.delete(paths.CONTROLLER_REVISIONS.path(do.namespace, effect.kept))
    do.memory.kept = tuple(k for k in do.memory.kept or () if k.name != effect.kept)


# --- the Deployment and its ReplicaSets


def _on_workload(make: Callable[[Object, Any], Patch]) -> "Carry":
    def carry(do: Performer, effect: Any) -> None:
        found = do.workload()
        do.patch(paths.DEPLOYMENTS, found, make(found, effect))

    return carry


def _claim(do: Performer, _: effects.Effect) -> None:
    found = do.client.get(paths.DEPLOYMENTS.path(do.namespace, do.release["spec"]["workloadRef"]["name"]))
    do.patch(paths.DEPLOYMENTS, found, deployment.claim(found, do.release["metadata"]["name"]))


def _set_replicas(do: Performer, effect: effects.SetReplicas) -> None:
    do.patch(paths.DEPLOYMENTS, do.workload(), [{"op": "add", "path": "/spec/replicas", "value": effect.replicas}])


def _write_template(do: Performer, effect: effects.WriteTemplate) -> None:
    kept = do.client.get(paths.CONTROLLER_REVISIONS.path(do.namespace, effect.kept))
    do.patch(paths.DEPLOYMENTS, do.workload(), deployment.write_template(effect, kept))


def _create(do: Performer, effect: effects.CreateReplicaSet) -> None:
    found = do.workload()
    if found["metadata"]["generation"] != effect.generation:
        raise Stale("the Deployment has changed")
    try:
        answer = do.create(paths.REPLICA_SETS, deployment.candidate(found, effect))
    except AlreadyExists:
        answer = do.client.get(paths.REPLICA_SETS.path(do.namespace, effect.name))
        if not deployment.owned_by(answer, found["metadata"]["uid"]):
            raise _taken(f"ReplicaSet {effect.name} belongs to somebody else", "the candidate") from None
    do._remember(paths.REPLICA_SETS, answer)


def _delete_replica_set(do: Performer, effect: effects.DeleteReplicaSet) -> None:
    path = paths.REPLICA_SETS.path(do.namespace, effect.name)
    try:
        live = do.client.get(path)
    except NotFound:
        return
    protected = {r.replica_set for r in (do.status.stable, do.status.retiring) if r is not None}
    if live["metadata"]["uid"] != effect.uid or effect.name in protected:
        raise Stale(f"ReplicaSet {effect.name} is another one now")
    hash_ = (live["metadata"].get("labels") or {}).get(names.HASH, "")
    if "-" not in hash_ and live["spec"].get("replicas"):
        raise Stale(f"ReplicaSet {effect.name} has pods again")
    version = live["metadata"]["resourceVersion"]
    preconditions = {"uid": effect.uid, "resourceVersion": version}
    do.client.delete(path, {"propagationPolicy": "Background", "preconditions": preconditions})


def _scale(do: Performer, effect: effects.Scale) -> None:
    do.patch(paths.REPLICA_SETS, do.seen(paths.REPLICA_SETS, effect.replica_set), deployment.scale(effect))


def _unmark(do: Performer, effect: effects.Unmark) -> None:
    do.patch(paths.REPLICA_SETS, do.seen(paths.REPLICA_SETS, effect.replica_set), deployment.unmark(effect))


def _show(do: Performer, effect: effects.ShowRejection) -> None:
    _progressing(do, failed=True, message=effect.message)


def _clear(do: Performer, _: effects.Effect) -> None:
    _progressing(do, failed=False, message="Deployment is paused")


def _progressing(do: Performer, *, failed: bool, message: str) -> None:
    found = do.workload()
    now = do.cluster.clock.wall().strftime("%Y-%m-%dT%H:%M:%SZ")
    patch = deployment.progressing(found, failed=failed, message=message, now=now)
    do.patch(paths.DEPLOYMENTS, found, patch, paths.STATUS)


# --- Jobs of gates and migrations


def _create_job(do: Performer, effect: effects.CreateJob) -> None:
    body = job.make(do.release, effect)
    labels = body["spec"]["template"]["metadata"]["labels"]
    for service in do.cluster.enter(do._key).follow(paths.SERVICES).store.list(do.namespace):
        if services.selects(service, labels):
            said = f"Service {service['metadata']['name']} would send users to the Job's pods; take its labels off the template"
            raise ApiError(422, "SelectedByService", said)
    try:
        answer = do.create(paths.JOBS, body)
    except AlreadyExists:
        answer = do.client.get(paths.JOBS.path(do.namespace, effect.name))
        if not job.is_ours(answer, do.release["metadata"]["uid"], job.label_of(effect)):
            raise _taken(f"Job {effect.name} belongs to somebody else", effect.gate) from None
    do._remember(paths.JOBS, answer)


def _delete_job(do: Performer, effect: effects.DeleteJob) -> None:
    path = paths.JOBS.path(do.namespace, effect.name)
    with contextlib.suppress(NotFound):
        live = do.client.get(path)
        same = {"uid": live["metadata"]["uid"]}
        if same["uid"] != effect.uid:
            raise Stale(f"Job {effect.name} is another one now")
        if names.MIGRATION in (live["metadata"].get("labels") or {}):
            if not job.has_ended(live) and not live["spec"].get("suspend"):
                raise Stale(f"Job {effect.name} runs by now; a migration is not stopped in its middle")
            same["resourceVersion"] = live["metadata"]["resourceVersion"]
        do.client.delete(path, {"propagationPolicy": "Background", "preconditions": same})


def _resume_job(do: Performer, effect: effects.ResumeJob) -> None:
    found = do.seen(paths.JOBS, effect.name)
    if found["metadata"]["uid"] != effect.uid:
        raise Stale(f"Job {effect.name} is another one now")
    do.patch(paths.JOBS, found, job.resume())


# --- traffic


def _pin(do: Performer, effect: effects.Pin) -> None:
    found = do.seen(paths.SERVICES, effect.service)
    do.patch(paths.SERVICES, found, services.pin(found, effect))


def _ensure_candidate_service(do: Performer, effect: effects.EnsureCandidateService) -> None:
    service = do.seen(paths.SERVICES, effect.service)
    body = services.make_candidate(service, effect.hash, do.release)
    name = body["metadata"]["name"]
    try:
        do._remember(paths.SERVICES, do.create(paths.SERVICES, body))
    except AlreadyExists:
        found = do.client.get(paths.SERVICES.path(do.namespace, name))
        if services.side_of(found) != effect.service:
            raise
        do.patch(paths.SERVICES, found, services.point_candidate(effect.hash))


def _remove_candidate_service(do: Performer, effect: effects.RemoveCandidateService) -> None:
    path = paths.SERVICES.path(do.namespace, effect.name)
    try:
        live = do.client.get(path)
        if services.side_of(live) is None:
            raise Stale(f"Service {effect.name} is not ours")
        do.client.delete(path, {"preconditions": {"uid": live["metadata"]["uid"]}})
    except NotFound:
        return


def _set_weight(do: Performer, effect: effects.SetWeight) -> None:
    named = do.status.wheel.ref if do.status.wheel else None
    if named is None:
        raise Stale("no route is named")
    resource, router = ROUTERS[named.kind]
    route = do.seen(resource, named.name)
    in_namespace = do.cluster.enter(do._key).follow(paths.SERVICES).store.list(do.namespace)
    known = services.split_for(in_namespace, do.release["metadata"]["uid"])
    with contextlib.suppress(NotFound):  # A route is restored though the Deployment is gone.
        labels = do.workload()["spec"]["template"]["metadata"].get("labels") or {}
        known |= {s["metadata"]["name"] for s in in_namespace if services.selects(s, labels)}
    split = router.read(route, known)
    if isinstance(split, Unusable):
        raise Stale(split.problem)
    if effect.weight and split.as_owned and split.splits:
        raise Stale("the candidate's backend was taken out of the route meanwhile, and enters it without a share")
    do.patch(resource, route, router.write(route, split.service, effect.weight, effect.mirror))


# --- flags


def _switch(do: Performer, effect: effects.FlagSwitch) -> None:
    resource = FLAG_HOLDERS[effect.place.kind]
    found = do.seen(resource, effect.place.object)
    patch = flagging.patch(found, effect.place, effect.old, effect.new)
    if patch is None:
        raise Stale(f"the {effect.place} is not {effect.old} any more")
    do.patch(resource, found, patch, timeouts=flagging.BRIEFLY)


Carry = Callable[[Performer, Any], None]
_PERFORM: dict[type[effects.Effect], Carry] = {
    effects.AddFinalizer: _add_finalizer,
    effects.RemoveFinalizer: _remove_finalizer,
    effects.RemoveRequest: _remove_request,
    effects.Keep: _keep,
    effects.Forget: _forget,
    effects.Claim: _claim,
    effects.Unclaim: _on_workload(deployment.unclaim),
    effects.TakeWheel: _on_workload(deployment.take_wheel),
    effects.GiveBack: _on_workload(deployment.give_back),
    effects.WriteTemplate: _write_template,
    effects.SetReplicas: _set_replicas,
    effects.CreateReplicaSet: _create,
    effects.DeleteReplicaSet: _delete_replica_set,
    effects.Scale: _scale,
    effects.Unmark: _unmark,
    effects.CreateJob: _create_job,
    effects.RunMigration: _create_job,
    effects.ResumeJob: _resume_job,
    effects.DeleteJob: _delete_job,
    effects.ShowRejection: _show,
    effects.ClearRejection: _clear,
    effects.Pin: _pin,
    effects.EnsureCandidateService: _ensure_candidate_service,
    effects.RemoveCandidateService: _remove_candidate_service,
    effects.SetWeight: _set_weight,
    effects.FlagOn: _switch,
    effects.FlagOff: _switch,
}
"""How each effect is carried out; a test sees to it that none is missing."""
