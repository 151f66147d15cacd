"""Whose objects are whose: a controller adopts orphans that its selector matches and releases its own that it no longer does.

The same for ReplicaSets of a Deployment and pods of a ReplicaSet; what is done with the claimed ones is not said here.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from playground.apiserver import selectors
from playground.apiserver.client import Client
from playground.apiserver.errors import ApiError
from playground.apiserver.objects import Object
from playground.controllers.metadata import controlled_by, controller_of, is_deleted


class Orphans:
    """The names of the objects of one resource that nobody controls, by namespace; kept up by watch events."""

    def __init__(self, client: Client, resource: str) -> None:
        self._client = client
        self._resource = resource
        self._names: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def observe(self, event: str, found: Object) -> None:
        """Take note of a watch event."""
        names, name = self._names[found["metadata"]["namespace"]], found["metadata"]["name"]
        if event == "DELETED" or controller_of(found):
            names.pop(name, None)
        else:
            names[name] = None

    def present(self, namespace: str) -> list[Object]:
        """Those that are still there, as they are now."""
        found = (self._client.find(self._resource, name, namespace) for name in self._names[namespace])
        return [one for one in found if one and not controller_of(one)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who claims what: the owner with its version and kind, and the resource of the objects claimed."""

    owner: Object
    api_version: str
    kind: str
    resource: str

    def take(self, client: Client, candidates: Iterable[Object]) -> list[Object]:
        """Adopt and release as needed; those that are the owner's now. Raises ApiError."""
        return [claimed for found in candidates if (claimed := self._take_one(client, found))]

    def _take_one(self, client: Client, found: Object) -> Object | None:
        uid, controller = self.owner["metadata"]["uid"], controller_of(found)
        matches = selectors.for_set(self.owner["spec"]["selector"])(found)
        if controller and controller["uid"] != uid:
            return None
        if controller and matches:
            return found
        if is_deleted(self.owner) or (not controller and (not matches or is_deleted(found))):
            return None
        if controller:
            self._patch(client, found, {"$patch": "delete", "uid": uid})
            return None
        return self._patch(client, found, controlled_by(self.owner, self.api_version, self.kind))

    def _patch(self, client: Client, found: Object, reference: Object) -> Object | None:
        metadata = found["metadata"]
        body = {"metadata": {"ownerReferences": [reference], "uid": metadata["uid"]}}
        try:
            return client.patch(self.resource, metadata["name"], metadata["namespace"], body, "strategic")
        except ApiError as refused:
            if refused.status == 404:
                return None
            raise
