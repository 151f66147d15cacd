"""What was made by whoever is no longer the leader when the answer comes: a create can test nothing, so it is taken back.

But never from under the next leader, who may count on what it finds there. A ReplicaSet that it uses it has scaled, which shows.
"""

from collections.abc import Mapping
from typing import Any

from controller.api import names
from controller.kube import paths
from controller.kube.client import Client
from controller.kube.errors import Conflict, NotFound
from controller.kube.paths import Resource

Object = dict[str, Any]
_TRIES = 4
_AWAITED = ("Waits", "Runs", "Undoing")
"""States of a migration whose Job the next leader has as its own. Any other is not to run: nobody would know of it."""
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
        if _is_counted_on(client, release, resource, made):
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


def _is_counted_on(client: Client, release: Object, resource: Resource, made: Object) -> bool:
    if resource not in _COUNTED_ON:
        return False
    status = _status(client, release)
    labels = made["metadata"].get("labels") or {}
    if names.MIGRATION not in labels:
        return any(status.get(part) for part in _COUNTED_ON[resource])
    run = (labels[names.MIGRATION], labels[names.STEP])
    records = ((each["name"], each["revision"], each.get("state")) for each in status.get("migrations") or ())
    return any(run == (name, revision) and (state or _AWAITED[0]) in _AWAITED for name, revision, state in records)


def _status(client: Client, release: Object) -> Object:
    """As the API server has it now; the view of a process that stood still is as old as that."""
    metadata = release["metadata"]
    chosen = {"fieldSelector": f"metadata.name={metadata['name']}"}
    found, _ = client.list(paths.RELEASES.path(metadata["namespace"]), chosen)
    status: Object = next((one.get("status") or {} for one in found), {})
    return status
