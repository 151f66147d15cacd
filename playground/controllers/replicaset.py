"""The ReplicaSet controller: as many active pods as asked for, and a status that counts them.

Pods are counted from the API at the moment of the decision, so a pod that was just made is never made again.
"""

from playground.apiserver import selectors
from playground.apiserver.client import Client
from playground.apiserver.errors import ApiError
from playground.apiserver.objects import Key, Object, key_of, labels_of, timestamp
from playground.controllers import pods, ranking
from playground.controllers.claiming import Claim, Orphans
from playground.controllers.events import Recorder
from playground.controllers.metadata import controlled_by, controller_key, controller_of, is_deleted
from playground.controllers.queue import Queue
from playground.loop import Loop

REPLICASETS = "replicasets.apps"
AT_ONCE = 500


class ReplicaSetController:
    """Runs every ReplicaSet of the cluster. The client is that of the user whose name its writes bear."""

    def __init__(self, loop: Loop, client: Client) -> None:
        self._loop = loop
        self._client = client
        self._recorder = Recorder(loop, client, "replicaset-controller")
        self._queue: Queue[Key] = Queue(loop, "replicaset", self._sync)
        self._orphans = Orphans(client, "pods")
        self._owners: dict[Key, Key] = {}

    def start(self) -> None:
        """Begin to watch."""
        self._client.watch(REPLICASETS, lambda _, found: self._queue.add(key_of(found)))
        self._client.watch("pods", self._on_pod)

    def _on_pod(self, event: str, pod: Object) -> None:
        self._orphans.observe(event, pod)
        owner, before = controller_key(pod, "ReplicaSet"), self._owners.pop(key_of(pod), None)
        if owner and event != "DELETED":
            self._owners[key_of(pod)] = owner
        for key in dict.fromkeys(key for key in (before, owner) if key):
            self._queue.add(key)
        if not controller_of(pod) and event != "DELETED":
            self._wake_adopters(pod)

    def _wake_adopters(self, orphan: Object) -> None:
        for found in self._client.list(REPLICASETS, orphan["metadata"]["namespace"]):
            if selectors.for_set(found["spec"]["selector"])(orphan):
                self._queue.add(key_of(found))

    def _sync(self, key: Key) -> None:
        namespace, name = key
        found = self._client.find(REPLICASETS, name, namespace)
        if found is None:
            return
        active, terminating = self._pods(found)
        failure: ApiError | None = None
        if not is_deleted(found):
            try:
                self._scale(found, active)
            except ApiError as refused:
                failure = refused
        self._save(found, _status(found, active, terminating, failure, self._loop.now()))
        if failure:
            raise failure
        self._look_again(key, found, active)

    def _pods(self, found: Object) -> tuple[list[Object], int]:
        """The active pods, after adoption and release, and how many of its own are on their way out."""
        metadata = found["metadata"]
        owned = self._client.owned("pods", metadata["uid"], metadata["namespace"])
        claim = Claim(owner=found, api_version="apps/v1", kind="ReplicaSet", resource="pods")
        orphans = (pod for pod in self._orphans.present(metadata["namespace"]) if pods.is_active(pod))
        active = claim.take(self._client, [*(pod for pod in owned if pods.is_active(pod)), *orphans])
        matches = selectors.for_set(found["spec"]["selector"])
        return active, sum(is_deleted(pod) and not pods.has_ended(pod) and matches(pod) for pod in owned)

    def _scale(self, found: Object, active: list[Object]) -> None:
        missing = found["spec"].get("replicas", 1) - len(active)
        for _ in range(min(missing, AT_ONCE)):
            self._make_pod(found)
        if missing < 0:
            for pod in ranking.first_to_go(active, self._related(found), min(-missing, AT_ONCE), self._loop.now()):
                self._delete_pod(found, pod)

    def _related(self, found: Object) -> list[Object]:
        """The pods of all ReplicaSets of the same owner."""
        owner, namespace = controller_of(found), found["metadata"]["namespace"]
        family = self._client.owned(REPLICASETS, owner["uid"], namespace) if owner else [found]
        return [pod for one in family for pod in self._client.owned("pods", one["metadata"]["uid"], namespace)]

    def _make_pod(self, found: Object) -> None:
        template, metadata = found["spec"]["template"], found["metadata"]
        kept = {key: value for key, value in template["metadata"].items() if key in ("labels", "annotations", "finalizers")}
        owner = controlled_by(found, "apps/v1", "ReplicaSet")
        body = {
            "apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
            "metadata": {**kept, "generateName": f"{metadata['name']}-", "ownerReferences": [owner]},
        }  # fmt: skip
        try:
            pod = self._client.create("pods", body, metadata["namespace"])
        except ApiError as refused:
            self._recorder.warning(found, "FailedCreate", f"Error creating: {refused.message}")
            raise
        self._recorder.normal(found, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")

    def _delete_pod(self, found: Object, pod: Object) -> None:
        name = pod["metadata"]["name"]
        try:
            self._client.delete("pods", name, pod["metadata"]["namespace"])
        except ApiError as refused:
            if refused.status == 404:
                return
            self._recorder.warning(found, "FailedDelete", f"Error deleting: {refused.message}")
            raise
        self._recorder.normal(found, "SuccessfulDelete", f"Deleted pod: {name}")

    def _save(self, found: Object, status: Object) -> None:
        if status != (found.get("status") or {}):
            self._client.update(REPLICASETS, found | {"status": status}, "status")

    def _look_again(self, key: Key, found: Object, active: list[Object]) -> None:
        """When the next ready pod becomes available."""
        now, patience = self._loop.now(), found["spec"].get("minReadySeconds", 0)
        due = [since + patience for pod in active if (since := pods.ready_since(pod)) is not None and since + patience > now]
        if due:
            self._queue.later(key, min(due) - now)


def _status(found: Object, active: list[Object], terminating: int, failure: ApiError | None, now: float) -> Object:
    """The counts, as before this turn's creations and deletions: the events of those bring the next turn."""
    patience, labels = found["spec"].get("minReadySeconds", 0), labels_of(found["spec"]["template"])
    ready = [since for pod in active if (since := pods.ready_since(pod)) is not None]
    counts = {
        "fullyLabeledReplicas": sum(labels.items() <= labels_of(pod).items() for pod in active),
        "readyReplicas": len(ready),
        "availableReplicas": sum(patience == 0 or since + patience <= now for since in ready),
        "observedGeneration": found["metadata"]["generation"],
    }
    status: Object = {"replicas": len(active), "terminatingReplicas": terminating}
    status |= {field: count for field, count in counts.items() if count}
    present = (found.get("status") or {}).get("conditions") or []
    conditions = [one for one in present if one["type"] != "ReplicaFailure" or failure]
    if failure and not any(one["type"] == "ReplicaFailure" for one in present):
        reason = "FailedCreate" if len(active) < found["spec"].get("replicas", 1) else "FailedDelete"
        conditions.append({
            "type": "ReplicaFailure", "status": "True", "lastTransitionTime": timestamp(now), "reason": reason,
            "message": failure.message,
        })  # fmt: skip
    return status | ({"conditions": conditions} if conditions else {})
