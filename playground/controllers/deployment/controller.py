"""From events to turns at Deployments, and which path a turn takes. What the paths do is in the other modules."""

from playground.apiserver import selectors
from playground.apiserver.client import Client
from playground.apiserver.objects import Key, Object, key_of
from playground.controllers.claiming import Claim, Orphans
from playground.controllers.deployment import progress, recreating, rolling, scaling, sizes
from playground.controllers.deployment.turn import DEPLOYMENTS, REPLICASETS, Turn
from playground.controllers.events import Recorder
from playground.controllers.metadata import controller_key, controller_of, is_deleted
from playground.controllers.queue import Queue
from playground.loop import Loop


class DeploymentController:
    """Runs every Deployment of the cluster. The client is that of the user whose name its writes bear."""

    def __init__(self, loop: Loop, client: Client) -> None:
        self._loop = loop
        self._client = client
        self._recorder = Recorder(loop, client, "deployment-controller")
        self._queue = Queue(loop, "deployment", self._sync)
        self._orphans = Orphans(client, REPLICASETS)
        self._owners: dict[Key, Key] = {}

    def start(self) -> None:
        """Begin to watch."""
        self._client.watch(DEPLOYMENTS, lambda _, deployment: self._queue.add(key_of(deployment)))
        self._client.watch(REPLICASETS, self._on_replica_set)
        self._client.watch("pods", self._on_pod)

    def _on_replica_set(self, event: str, found: Object) -> None:
        self._orphans.observe(event, found)
        owner, before = controller_key(found, "Deployment"), self._owners.pop(key_of(found), None)
        if owner and event != "DELETED":
            self._owners[key_of(found)] = owner
        for key in dict.fromkeys(key for key in (before, owner) if key):
            self._queue.add(key)
        if not controller_of(found) and event != "DELETED":
            self._wake_adopters(found)

    def _wake_adopters(self, orphan: Object) -> None:
        for deployment in self._client.list(DEPLOYMENTS, orphan["metadata"]["namespace"]):
            if selectors.for_set(deployment["spec"]["selector"])(orphan):
                self._queue.add(key_of(deployment))

    def _on_pod(self, event: str, pod: Object) -> None:
        """Recreate waits for the last old pod."""
        owner = controller_key(pod, "ReplicaSet") if event == "DELETED" else None
        if owner and owner in self._owners:
            namespace, name = self._owners[owner]
            deployment = self._client.find(DEPLOYMENTS, name, namespace)
            if deployment and not sizes.is_rolling(deployment):
                self._queue.add(key_of(deployment))

    def _sync(self, key: Key) -> None:
        namespace, name = key
        deployment = self._client.find(DEPLOYMENTS, name, namespace)
        if deployment is None:
            return
        owned = self._client.owned(REPLICASETS, deployment["metadata"]["uid"], namespace)
        claim = Claim(owner=deployment, api_version="apps/v1", kind="Deployment", resource=REPLICASETS)
        sets = claim.take(self._client, [*owned, *self._orphans.present(namespace)])
        patience = _take(Turn(self._client, self._recorder, self._loop.now(), deployment, sets))
        if patience is not None:
            self._queue.later(key, patience)


def _take(turn: Turn) -> float | None:
    """One turn; after how many seconds the next is due, if no event comes first. Raises ApiError."""
    if is_deleted(turn.deployment):
        progress.sync_status(turn)
        return None
    progress.sync_paused_condition(turn)
    if turn.deployment["spec"].get("paused") or scaling.is_due(turn):
        scaling.sync(turn)
        return None
    return rolling.roll(turn) if sizes.is_rolling(turn.deployment) else recreating.recreate(turn)
