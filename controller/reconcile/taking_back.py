"""What was made by whoever is no longer the leader when the answer comes: a create can test nothing, so it is taken back.

But never from under the next leader, who may count on what it finds there. A ReplicaSet that it uses it has scaled, which shows.
"""

from collections.abc import Mapping
from typing import Any

from controller.kube import paths
from controller.kube.client import Client
from controller.kube.errors import Conflict, NotFound
from controller.kube.paths import Resource

Object = dict[str, Any]
_TRIES = 4
_COUNTED_ON: Mapping[Resource, tuple[str, ...]] = {
    paths.SERVICES: ("trial", "retiring", "wheel"),  # Users may be sent to it; at the release's end it is removed.
    paths.JOBS: ("trial",),  # Its name says what it is for: the next leader has it as its own, or stops it.
    paths.CONTROLLER_REVISIONS: ("stable",),  # It may be the way back; one too many is forgotten in time.
}
"""What of a Release's status says that its leader counts on such an object, or sees to its end."""


def take_back(client: Client, release: Object, resource: Resource, made: Object) -> None:
    """Delete what was `made` for the Release, unless somebody builds on it by now. Raises ApiError; then it may still be there.

    The resourceVersion alone does not tell: Kubernetes writes the status of what it finds within milliseconds.
    """
    path = resource.path(made["metadata"]["namespace"], made["metadata"]["name"])
    for _ in range(_TRIES):
        if resource in _COUNTED_ON and _says(client, release, _COUNTED_ON[resource]):
            return
        try:
            live = client.get(path)
            if live["metadata"]["uid"] != made["metadata"]["uid"] or live.get("spec") != made.get("spec"):
                return
            same = {"uid": live["metadata"]["uid"], "resourceVersion": live["metadata"]["resourceVersion"]}
            client.delete(path, {"propagationPolicy": "Background", "preconditions": same})
        except NotFound:
            return
        except Conflict:
            continue
        return


def _says(client: Client, release: Object, parts: tuple[str, ...]) -> bool:
    """Of the status as the API server has it now; the view of a process that stood still is as old as that."""
    metadata = release["metadata"]
    chosen = {"fieldSelector": f"metadata.name={metadata['name']}"}
    found, _ = client.list(paths.RELEASES.path(metadata["namespace"]), chosen)
    return any((one.get("status") or {}).get(part) for one in found for part in parts)
