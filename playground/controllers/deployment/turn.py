"""One turn at one Deployment: what was found, and every write that is made on it, so that the next step of the same turn
sees what the last one wrote. Nothing is decided here.
"""

from playground.apiserver.client import Client
from playground.apiserver.objects import Object
from playground.controllers.deployment import revisions, sizes, templates
from playground.controllers.events import Recorder
from playground.controllers.metadata import age

DEPLOYMENTS = "deployments.apps"
REPLICASETS = "replicasets.apps"


class Turn:
    """`deployment` is this turn's own, two levels deep; `sets` are its ReplicaSets, oldest first, each shared with the store."""

    def __init__(self, client: Client, recorder: Recorder, now: float, deployment: Object, sets: list[Object]) -> None:
        self.client = client
        self.recorder = recorder
        self.now = now
        self.deployment = {"status": {}} | deployment | {"metadata": dict(deployment["metadata"])}
        self.sets = sorted(sets, key=age)
        self._new = self._find_new()

    @property
    def status(self) -> Object:
        """The Deployment's status, as it was found or last written."""
        status: Object = self.deployment["status"]
        return status

    @status.setter
    def status(self, status: Object) -> None:
        self.deployment["status"] = status

    @property
    def new(self) -> Object | None:
        """The oldest ReplicaSet that has the Deployment's template."""
        return next((found for found in self.sets if found["metadata"]["uid"] == self._new), None)

    @property
    def old(self) -> list[Object]:
        """All others, oldest first."""
        return [found for found in self.sets if found["metadata"]["uid"] != self._new]

    @property
    def active(self) -> list[Object]:
        """Those that have pods, or should."""
        return [found for found in self.sets if sizes.size(found) > 0]

    @property
    def active_old(self) -> list[Object]:
        """The old ones among them."""
        return [found for found in self.old if sizes.size(found) > 0]

    def scale(self, found: Object, size: int, *, always: bool = False) -> bool:
        """Give it this size, and note which sizes were meant; `always`: note them even if the size is right. Was it scaled?"""
        before = sizes.size(found)
        present, meant = revisions.annotations(found), sizes.meant(self.deployment)
        if before == size and not (always and present | meant != present):
            return False
        metadata = found["metadata"] | {"annotations": present | meant}
        self.replace(found | {"metadata": metadata, "spec": found["spec"] | {"replicas": size}})
        if before != size:
            self.tell_scaled(found["metadata"]["name"], before, size)
        return before != size

    def tell_scaled(self, name: str, before: int, after: int) -> None:
        """The event of a scaling."""
        direction = "up" if before < after else "down"
        message = f"Scaled {direction} replica set {name} from {before} to {after}"
        self.recorder.normal(self.deployment, "ScalingReplicaSet", message)

    def replace(self, changed: Object) -> None:
        """Write a ReplicaSet."""
        written = self.client.update(REPLICASETS, changed)
        self.sets = [written if one["metadata"]["uid"] == written["metadata"]["uid"] else one for one in self.sets]

    def add(self, made: Object) -> None:
        """Take note of a ReplicaSet that is the new one."""
        self.sets = sorted([*self.sets, made], key=age)
        self._new = made["metadata"]["uid"]

    def save_status(self) -> None:
        """Write the status, and the revision in the annotations, which its subresource may change."""
        written = self.client.update(DEPLOYMENTS, self.deployment, "status")
        self.deployment["metadata"]["resourceVersion"] = written["metadata"]["resourceVersion"]

    def _find_new(self) -> str | None:
        template = self.deployment["spec"]["template"]
        equal = (found for found in self.sets if templates.are_equal(found["spec"]["template"], template))
        return next((str(found["metadata"]["uid"]) for found in equal), None)
