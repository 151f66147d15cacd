"""Garbage collection: what belongs to owners that are gone is deleted, or let go, as the deletion asked for.

    background   the owner is gone at once; whatever had no other owner follows
    foreground   the owner waits (finalizer foregroundDeletion) until the dependents that block it are gone
    orphan       the owner waits (finalizer orphan) until its dependents no longer name it

The graph of who names whom as an owner is kept from watches of everything that can be deleted; whether an owner is there is
asked at the moment of the decision.
"""

from collections.abc import Callable

from playground.apiserver.client import Client
from playground.apiserver.errors import ApiError
from playground.apiserver.objects import Object
from playground.controllers import kinds
from playground.controllers.metadata import is_deleted
from playground.controllers.queue import Queue
from playground.loop import Loop

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
Node = tuple[str, str, str]
"""Resource, namespace and name."""


class GarbageCollector:
    """Watches every kind there is, those of CustomResourceDefinitions among them."""

    def __init__(self, loop: Loop, client: Client) -> None:
        self._client = client
        self._queue: Queue[Node] = Queue(loop, "garbage", self._sync)
        self._stops: dict[str, Callable[[], None]] = {}
        self._owners: dict[Node, tuple[str, ...]] = {}
        self._dependents: dict[str, dict[Node, None]] = {}
        self._deleting: dict[str, Node] = {}

    def start(self) -> None:
        """Begin to watch."""
        for kind in kinds.BUILT_IN_KINDS:
            if not kind.resource.startswith("events"):  # They are too many, and own nothing.
                self._begin(kind.resource)
        self._client.watch(kinds.DEFINITIONS, self._on_definition)

    def _begin(self, resource: str) -> None:
        self._stops[resource] = self._client.watch(resource, lambda event, found: self._on_event(resource, event, found))

    def _on_definition(self, event: str, definition: Object) -> None:
        resource = definition["metadata"]["name"]
        if event == "DELETED":
            self._stops.pop(resource, lambda: None)()
        elif resource not in self._stops:
            self._begin(resource)

    def _on_event(self, resource: str, event: str, found: Object) -> None:
        metadata = found["metadata"]
        node, uid = (resource, metadata.get("namespace", ""), metadata["name"]), metadata["uid"]
        owners = () if event == "DELETED" else tuple(one["uid"] for one in metadata.get("ownerReferences") or ())
        before = self._owners.pop(node, ())
        for owner in before:
            self._dependents.get(owner, {}).pop(node, None)
        for owner in owners:
            self._dependents.setdefault(owner, {})[node] = None
        if owners:
            self._owners[node] = owners
        if event == "DELETED":
            self._deleting.pop(uid, None)
            self._add(self._dependents.pop(uid, {}))
        elif is_deleted(found) and {FOREGROUND, ORPHAN} & set(metadata.get("finalizers") or ()):
            self._deleting[uid] = node
            self._add([node, *self._dependents.get(uid, {})])
        elif owners != before:
            self._queue.add(node)
        # An owner that waits for this one may go on.
        self._add([self._deleting[owner] for owner in dict.fromkeys((*before, *owners)) if owner in self._deleting])

    def _add(self, nodes: list[Node] | dict[Node, None]) -> None:
        for node in nodes:
            self._queue.add(node)

    def _sync(self, node: Node) -> None:
        found = self._read(node)
        if found is None:
            return
        finalizers = found["metadata"].get("finalizers") or ()
        if not is_deleted(found):
            self._judge(node, found)
        elif ORPHAN in finalizers:
            self._let_go(node, found)
        elif FOREGROUND in finalizers:
            self._wait(node, found)

    def _read(self, node: Node) -> Object | None:
        resource, namespace, name = node
        return self._client.find(resource, name, namespace)

    def _judge(self, node: Node, found: Object) -> None:
        """Delete it if no owner is left; drop references to owners that are gone if one is."""
        references: list[Object] = found["metadata"].get("ownerReferences") or []
        owners = [(reference, self._owner(reference, node)) for reference in references]
        waiting = [ref for ref, owner in owners if owner and _waits(owner)]
        solid = [ref for ref, owner in owners if owner and not _waits(owner)]
        if not references or len(solid) == len(references):
            return
        if solid:
            self._drop(node, found, [reference["uid"] for reference in references if reference not in solid])
            return
        finalizers = found["metadata"].get("finalizers") or ()
        policy = "Background"
        if waiting and self._dependents.get(found["metadata"]["uid"]):
            policy = "Foreground"
        elif ORPHAN in finalizers:
            policy = "Orphan"
        self._delete(node, found, "Foreground" if FOREGROUND in finalizers else policy)

    def _owner(self, reference: Object, node: Node) -> Object | None:
        """The owner, if the object of this name is still the one that was meant."""
        kind = kinds.named(self._client, reference["apiVersion"], reference["kind"])
        if kind is None:
            return {"metadata": {}}  # Nothing is known of such kinds, so nothing is deleted for their sake.
        owner = self._client.find(kind.resource, reference["name"], node[1] if kind.namespaced else "")
        return owner if owner and owner["metadata"]["uid"] == reference["uid"] else None

    def _wait(self, node: Node, found: Object) -> None:
        """Delete the dependents; when none is left that blocks, the owner may go."""
        uid = found["metadata"]["uid"]
        blocking = [one for one in self._dependents.get(uid, {}) if self._blocks(one, uid)]
        for dependent in blocking:
            self._queue.add(dependent)
        if not blocking:
            self._remove_finalizer(node, found, FOREGROUND)

    def _blocks(self, node: Node, uid: str) -> bool:
        references = ((self._read(node) or {"metadata": {}})["metadata"].get("ownerReferences")) or ()
        return any(reference["uid"] == uid and reference.get("blockOwnerDeletion") for reference in references)

    def _let_go(self, node: Node, found: Object) -> None:
        uid = found["metadata"]["uid"]
        for dependent in list(self._dependents.get(uid, {})):
            present = self._read(dependent)
            if present:
                self._drop(dependent, present, [uid])
        self._remove_finalizer(node, found, ORPHAN)

    def _drop(self, node: Node, found: Object, uids: list[str]) -> None:
        """Take these owners out of its references."""
        metadata = found["metadata"]
        kept = [reference for reference in metadata.get("ownerReferences") or () if reference["uid"] not in uids]
        self._patch(node, {"ownerReferences": kept or None, "resourceVersion": metadata["resourceVersion"]})

    def _remove_finalizer(self, node: Node, found: Object, finalizer: str) -> None:
        metadata = found["metadata"]
        kept = [one for one in metadata["finalizers"] if one != finalizer]
        self._patch(node, {"finalizers": kept or None, "resourceVersion": metadata["resourceVersion"]})

    def _patch(self, node: Node, metadata: Object) -> None:
        resource, namespace, name = node
        self._client.patch(resource, name, namespace, {"metadata": metadata})

    def _delete(self, node: Node, found: Object, propagation: str) -> None:
        try:
            self._client.delete(node[0], node[2], node[1], found["metadata"]["uid"], propagation)
        except ApiError as refused:
            if refused.status != 404:
                raise


def _waits(owner: Object) -> bool:
    """It is being deleted in the foreground."""
    return is_deleted(owner) and FOREGROUND in (owner["metadata"].get("finalizers") or ())
