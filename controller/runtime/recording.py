"""Events on their way to the API: the one place where the recorder meets the client.

What is told, and how often, is the recorder's business; only how it is written stands here.
"""

from typing import Any

from controller.kube import paths
from controller.kube.client import MERGE_PATCH, Client
from controller.telemetry.events import Recorder


def recorder(client: Client, identity: str) -> Recorder:
    """A recorder that writes with this client."""

    def create(event: dict[str, Any]) -> object:
        return client.create(paths.EVENTS.path(event["metadata"]["namespace"]), event)

    def recount(event: dict[str, Any]) -> object:
        metadata = event["metadata"]
        path = paths.EVENTS.path(metadata["namespace"], metadata["name"])
        return client.patch(path, {"series": event["series"]}, MERGE_PATCH)

    return Recorder(create, recount, identity)
