"""What may go wrong with what a process sees: a view stands still, a notification comes late, a version is compacted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from controller.kube.paths import Resource
from controller.kube.reflector import Reflector
from controller.kube.store import Key, key_of, version_of
from simulation import views

if TYPE_CHECKING:
    from tests.simulation.process import Process

Object = dict[str, Any]


class Following(views.Following):
    """One view of one process."""

    def __init__(self, process: Process, *arguments: Any, **options: Any) -> None:
        super().__init__(process, *arguments, **options)
        self._world = process.world
        self._told: dict[Key, int] = {}

    def thaw(self) -> None:
        """Notifications arrive again."""
        self.frozen = False
        self._wake()

    def drop(self) -> None:
        """The version is compacted: what has not arrived never will, and is found by listing."""
        self._lose(410)

    def _arrives(self, event: Object) -> None:
        if event["type"] == "BOOKMARK" or not self._world.notified(self, event):
            self._told[key_of(event["object"])] = version_of(event["object"])
            super()._arrives(event)

    def overtaken(self, event: Object) -> bool:
        """Whether a later notification about the same object waits already."""
        key = key_of(event["object"])
        return any(e["type"] != "BOOKMARK" and key_of(e["object"]) == key for e in self._waiting)

    def unsee(self, event: Object) -> None:
        """Put a notification back behind those that wait; never after a newer one about its object, which no watch does."""
        if self._told.get(key_of(event["object"]), 0) < version_of(event["object"]) and not self.overtaken(event):
            self._waiting.append(event)


def resource_name(view: Reflector) -> str:
    """For plans and messages."""
    resource: Resource = view.resource
    return resource.plural
