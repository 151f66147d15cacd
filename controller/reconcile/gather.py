"""The only reader of the cluster: one look at everything a turn needs, as an Observation.

What is followed is read from the views; live reads happen at the start of a release (hold, autoscaler, kept templates,
gateway class) and for a candidate's pods while they are not all ready. What cannot be read is Unknown, with the reason.
"""

from typing import Any

from controller.api import names
from controller.kube import paths
from controller.kube.client import JSON_PATCH
from controller.kube.errors import ApiError, Forbidden, NotFound
from controller.reconcile import flagging, trains
from controller.reconcile.cluster import Cluster, Key
from controller.reconcile.fencing import owned
from controller.reconcile.memory import Memory
from controller.reconcile.policies import Policies
from controller.reconcile.queueing import Turnstile
from controller.reconcile.requests import read_requests
from controller.reconcile.running import read_jobs
from controller.reconcile.traffic import ROUTERS, Look, Seen, read_traffic
from controller.workloads import deployment, pods, template
from strategies.analysis.pods import PodHealth
from strategies.analysis.verdict import Unknown
from strategies.rollout import flags
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Status
from strategies.world.observation import Kept, Observation, ReplicaSet, TemplateChange, Workload

Object = dict[str, Any]
HOLD_TRUSTED = 60.0
"""Seconds for which a proof of the hold is believed while a release is in flight, unless the policies change."""
POLICY_SETTLES = 3.0
"""Seconds after a change of the policies within which API servers may still act on the old ones."""
PODS_EVERY = 0.8
"""Seconds between two looks at pods that are not ready."""
SYNC_PATIENCE, FLAGS_PATIENCE = 10.0, 2.0
"""Seconds that a first look waits for the views, and for flags: a right that is missing holds up no way back."""
_OWNING = Unknown(
    reason="OwnershipKept",
    message="a dry-run write left our entry in the Deployment's managedFields, at which its owner's next server-side apply would "
    "fail: the chart's policy `ownership` does not act",
)


class Gatherer:
    """Reads the world for one Release at a time; safe to use from many threads for different Releases."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster, self._clock = cluster, cluster.clock
        self._entered: dict[Key, float] = {}
        self._templates = template.Templates()
        self._policies = Policies(cluster)
        self._turnstile = Turnstile(cluster)

    def look(self, release: Object, spec: ReleaseSpec | None, status: Status, memory: Memory) -> Observation | None:
        """What is there to see; None while the namespace's views fill for the first time (look again in a moment)."""
        metadata = release["metadata"]
        key = (metadata["namespace"], metadata["name"])
        label, literal = (spec.version.from_label, spec.version.literal) if spec else (None, None)
        raw = self._deployment(key, release)
        workload: Workload | Unknown | None = None
        if isinstance(raw, Unknown):
            workload = raw
        elif raw is not None:
            workload = deployment.read_workload(raw, label, literal, self._templates)
        self._sight(workload, memory)
        requests = read_requests(release, status.attempts, memory.presence)
        base: dict[str, Any] = {
            "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"],
            "generation": metadata.get("generation", 0), "deleting": "deletionTimestamp" in metadata,
            "finalizer": names.FINALIZER in (metadata.get("finalizers") or []), "workload": workload,
            "requests": requests, "failing": {k: f.error for k, f in memory.failing.items()}, "samples": memory.answers(),
            "windows": memory.counts(), "told": dict(memory.told),
            "traffic": memory.traffic,
        }  # fmt: skip
        if not self._needs_namespace(status, workload, memory, base):
            self._cluster.leave(key)
            self._entered.pop(key, None)
            memory.scope = False
            return Observation(**base, kept=memory.kept or (), hold=self._installed())
        memory.scope = True
        now = memory.now(self._clock)
        base["watched_since"] = memory.began[0] if memory.began else None
        look = Look(client=self._cluster.client, views=self._cluster.enter(key), namespace=key[0], raw=raw, spec=spec,
                    status=status, memory=memory, now=now)  # fmt: skip
        missing = look.unsynced
        since = self._entered.setdefault(key, self._clock.steady())
        waited = self._clock.steady() - since
        if (missing and waited < SYNC_PATIENCE) or (waited < FLAGS_PATIENCE and flagging.unsynced(look)):
            return None
        unseen = Unknown(reason="NotListed", message=f"{', '.join(missing)} could not be listed; see the controller's log.")
        replica_sets = unseen if "replicasets" in missing else self._replica_sets(look, label)
        known: tuple[ReplicaSet, ...] = replica_sets if isinstance(replica_sets, tuple) else ()
        # A route that cannot be listed must not hide the Services: they are what a rollback needs.
        seen = unseen if set(missing) - {resource.plural for resource, _ in ROUTERS.values()} else read_traffic(look, known)
        parts: dict[str, Any] = {"services": unseen, "candidate_service": unseen, "route": unseen}
        if isinstance(seen, Seen):
            parts = {"services": seen.services, "candidate_service": seen.candidate, "route": seen.route,
                     "pins_since": seen.pins_since, "split_route": seen.split_route}  # fmt: skip
        if isinstance(workload, Workload) and _waits(look, workload):
            parts |= self._asked(key, status, workload)
        return Observation(
            **base, **parts,
            replica_sets=replica_sets,
            hold=self._hold(key[0], raw, workload, memory),
            pods=self._pods(key[0], known, status, memory),
            kept=self._kept(key, memory),
            change=_change(look, workload),
            jobs=read_jobs(look),
            flags=flagging.read_flags(look),
            autoscaled=self._autoscaled(key[0], workload, memory),
        )  # fmt: skip

    def _asked(self, key: Key, status: Status, workload: Workload) -> dict[str, Any]:
        """What policies and a train ask of a change that waits. Who waits for his train takes nobody's place in a queue."""
        namespace, now = key[0], self._clock.wall()
        queued = trains.queued(self._cluster, key, status, workload) or self._turnstile.queued(
            key, status, self._policies.limits(namespace, now)
        )
        return {"frozen": self._policies.frozen(namespace, now), "required": self._policies.required(namespace, now),
                "queued": queued}  # fmt: skip

    def _deployment(self, key: Key, release: Object) -> Object | Unknown | None:
        name = ((release.get("spec") or {}).get("workloadRef") or {}).get("name")
        if not isinstance(name, str):
            return Unknown(reason="NoName", message="spec.workloadRef.name is missing.")
        found = self._cluster.deployments.get(key[0], name)
        if found is not None and (found["metadata"].get("labels") or {}).get(names.RELEASE) == key[1]:
            return found
        try:
            # Without our label it is in no view: it is new to us, gone, or was taken out of our hands.
            return self._cluster.client.get(paths.DEPLOYMENTS.path(key[0], name))
        except NotFound:
            return None
        except ApiError as error:
            return Unknown(reason=error.reason, message=f"The Deployment could not be read: {error}.")

    def _needs_namespace(self, status: Status, workload: object, memory: Memory, base: dict[str, Any]) -> bool:
        if status.stable is None or status.trial or status.retiring or status.wheel or status.restoring or memory.busy:
            return True
        if base["requests"] or base["finalizer"] or flags.leaving(status.flags):
            return True
        if not isinstance(workload, Workload):
            return False
        digest = workload.template.digest
        return workload.driven or (digest != status.stable.digest and all(r.digest != digest for r in status.rejected))

    def _sight(self, workload: object, memory: Memory) -> None:
        """A change that has just been held proves the hold as well as a dry-run would, after one that said yes."""
        held = workload.held if isinstance(workload, Workload) else None
        if held and memory.held is False and memory.hold is True:
            memory.hold_at = self._clock.steady()
        memory.held = held

    def _hold(self, namespace: str, raw: Object | Unknown | None, workload: object, memory: Memory) -> bool | Unknown:
        """Whether a change of this very Deployment would be held, and no name of ours left on it: a server dry-run says."""
        if not isinstance(raw, dict) or not isinstance(workload, Workload) or workload.claimed_by is None:
            return Unknown(reason="NotClaimed", message="the Deployment is being labelled")
        if self._cluster.policies_installed is False:
            return False
        at, changed = memory.hold_at, self._cluster.policies_changed_at
        now = self._clock.steady()
        settled = at > changed + POLICY_SETTLES or now - at < 0.5
        if memory.hold is True and now - at < HOLD_TRUSTED and settled:
            return True
        if memory.hold is False and now - at < 0.5:
            return False
        memory.hold_at = now
        path = paths.DEPLOYMENTS.path(namespace, workload.name)
        try:
            answer = self._cluster.client.patch(path, deployment.probe_hold(), JSON_PATCH, {"dryRun": "All"})
            held = deployment.is_held(answer)
            memory.hold = _OWNING if held and owned(answer) else held
        except ApiError as error:
            # The guard speaks only when the hold does not work; every other refusal says nothing about the hold.
            refused_by_guard = isinstance(error, Forbidden) and f"'{self._cluster.hold_guard}'" in error.message
            memory.hold = False if refused_by_guard else Unknown(reason=error.reason, message=f"the dry-run failed: {error}")
        return memory.hold

    def _installed(self) -> bool | Unknown:
        """At rest the policies' presence is what is known of the hold; its proof belongs to a release."""
        installed = self._cluster.policies_installed
        return Unknown(reason="NotListed", message="the admission policies cannot be listed") if installed is None else installed

    def _pods(
        self, namespace: str, known: tuple[ReplicaSet, ...], status: Status, memory: Memory
    ) -> tuple[PodHealth, ...] | Unknown:  # fmt: skip
        trial = status.trial
        memory.pods_due = None
        candidate = next((r for r in known if trial and r.name == trial.candidate.replica_set), None)
        ready = candidate is not None and candidate.current and candidate.ready >= candidate.replicas
        if candidate is None or trial is None or trial.outcome or candidate.replicas == 0 or ready:
            memory.pods_at = 0.0
            return ()
        now = self._clock.steady()
        if not memory.pods_at:  # They have just become wanted, or unready: most are ready before a look would tell anything.
            memory.pods_at, memory.pods = now, ()
        memory.pods_due = memory.pods_at + PODS_EVERY
        if now < memory.pods_due:
            return memory.pods
        memory.pods_at, memory.pods_due = now, now + PODS_EVERY
        query = {"labelSelector": f"{names.HASH}={candidate.hash}", "resourceVersion": "0"}
        try:
            items, _ = self._cluster.client.list(paths.PODS.path(namespace), query)
            memory.pods = tuple(pods.read(p) for p in items if deployment.owned_by(p, candidate.uid) and pods.counts(p))
        except ApiError as error:
            memory.pods = Unknown(reason=error.reason, message=f"The candidate's pods could not be listed: {error}.")
        return memory.pods

    def _kept(self, key: Key, memory: Memory) -> tuple[Kept, ...] | Unknown:
        if memory.kept is not None:
            return memory.kept
        query = {"labelSelector": f"{names.RELEASE}={key[1]}"}
        try:
            items, _ = self._cluster.client.list(paths.CONTROLLER_REVISIONS.path(key[0]), query)
        except ApiError as error:
            return Unknown(reason=error.reason, message=f"The kept templates could not be listed: {error}.")
        items.sort(key=lambda item: (item["metadata"]["creationTimestamp"], item["metadata"]["name"]))
        memory.kept = tuple(kept for item in items if (kept := read_kept(item)) is not None)
        return memory.kept

    def _autoscaled(self, namespace: str, workload: object, memory: Memory) -> bool:
        if memory.autoscaled is None and isinstance(workload, Workload):
            try:
                items, _ = self._cluster.client.list(paths.HORIZONTAL_POD_AUTOSCALERS.path(namespace))
            except ApiError:
                return True  # The careful answer: an autoscaler may be there.
            targets = [(h.get("spec") or {}).get("scaleTargetRef") or {} for h in items]
            memory.autoscaled = any(t.get("kind") == "Deployment" and t.get("name") == workload.name for t in targets)
        return bool(memory.autoscaled)

    def _replica_sets(self, look: Look, label: str | None) -> tuple[ReplicaSet, ...]:
        if not isinstance(look.raw, dict):
            return ()
        found = look.views.follow(paths.REPLICA_SETS).store.list(look.namespace)
        uid = look.raw["metadata"]["uid"]
        return tuple(deployment.read_replica_set(r, label, self._templates) for r in found if deployment.owned_by(r, uid))


def _waits(look: Look, workload: Workload | Unknown | None) -> bool:
    """Whether the Deployment has a template that is neither stable's nor on trial."""
    stable, trial = look.status.stable, look.status.trial
    if stable is None or not isinstance(workload, Workload):
        return False
    digest = workload.template.digest
    return digest != stable.digest and not (trial and trial.outcome is None and trial.candidate.digest == digest)


def _change(look: Look, workload: Workload | Unknown | None) -> TemplateChange | None:
    """Both templates while one waits that is on no trial: a review compares them."""
    stable = look.status.stable
    if stable is None or not isinstance(look.raw, dict) or not _waits(look, workload):
        return None
    found = look.views.follow(paths.REPLICA_SETS).store.get(look.namespace, stable.replica_set)
    if found is None or not deployment.owned_by(found, look.raw["metadata"]["uid"]):
        return None
    old, new = (template.plain(each["spec"]["template"]) for each in (found, look.raw))
    return TemplateChange(old=old, new=new)


def read_kept(item: Object) -> Kept | None:
    """A kept template as a value; None for what somebody else has put there and is no pod template."""
    metadata = item["metadata"]
    version = (metadata.get("annotations") or {}).get(f"{names.GROUP}/version") or None
    data = item.get("data")
    pod_template = data.get("template") if isinstance(data, dict) else None
    if not isinstance(pod_template, dict) or not template.is_one(pod_template):
        return None
    return Kept(
        name=metadata["name"],
        hash=(metadata.get("labels") or {}).get(names.HASH, ""),
        version=version,
        digest=template.view(pod_template, None, None).digest,
    )
