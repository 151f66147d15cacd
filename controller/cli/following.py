"""Following one Release: every version of it as the API tells, and a look around it once a second.

The view of the Release loses no version; the look notices at once when the API no longer answers, and is all there is for
somebody who may not watch.
"""

import queue
import time
from datetime import UTC, datetime
from typing import Any

from controller.api import names
from controller.cli.access import Access
from controller.cli.answers import Exit, Problem, may_not
from controller.cli.scene import Found, Scene, revisions, scene
from controller.kube import paths
from controller.kube.connection import Timeouts
from controller.kube.errors import ApiError, Forbidden, NotFound
from controller.kube.paths import Resource
from controller.kube.reflector import Reflector
from controller.kube.store import version_of
from controller.reconcile import commit
from controller.reconcile.turn import read_spec

Object = dict[str, Any]
_EVERY = 1.0
_LOOKS = Timeouts(connect=2.0, read=5.0, total=5.0)


class Following:
    """One Release, followed. Use it as a context."""

    def __init__(self, access: Access, name: str) -> None:
        self._access, self._name = access, name
        self._client = access.client.bounded(_LOOKS)
        self._versions: queue.SimpleQueue[Object | None] = queue.SimpleQueue()
        self._view = Reflector(access.client, paths.RELEASES, namespace=access.namespace,
                               chosen={"fieldSelector": f"metadata.name={name}"},
                               on_change=lambda _old, new: self._versions.put(new))  # fmt: skip
        self._release = access.release(name)
        self._found = Found()
        self._unread: dict[str, str] = {}
        self._silent: tuple[datetime, str] | None = None
        self._looked = 0.0

    def __enter__(self) -> "Following":
        self._view.start()
        self._look()
        return self

    def __exit__(self, *_: object) -> None:
        self._view.stop(timeout=0.2)

    @property
    def release(self) -> Object:
        """The newest version."""
        return self._release

    @property
    def deployment(self) -> Object | None:
        """The Deployment, if it is there and may be read."""
        return self._found.deployment

    @property
    def current(self) -> bool:
        """Whether what was last read around the Release is not older than it. A judgement needs both."""
        return self._silent is None and self._versions.empty()

    def scene(self) -> Scene:
        """What there is to show now."""
        notes = [f"Not shown: {said}." for said in self._unread.values()]
        if self._silent is not None:
            since, why = self._silent
            notes.append(f"No answer from the API since {since:%H:%M:%S}Z: {why}. What you see is from then; trying again.")
        spec, _ = read_spec(self._release)
        return scene(self._release, spec, self._found, notes, datetime.now(UTC))

    def wait(self, seconds: float) -> bool:
        """Wait at most so long for another version; whether one came. Raises Problem when the Release is gone."""
        if time.monotonic() - self._looked >= _EVERY:
            self._look()
        try:
            version = self._versions.get(timeout=seconds)
        except queue.Empty:
            return False
        return self._take(version)

    def _take(self, version: Object | None) -> bool:
        if version is None:
            raise Problem(f"Release {self._name} was deleted.", Exit.UNREACHABLE)
        if version_of(version) <= version_of(self._release):
            return False
        self._release = version
        return True

    def _look(self) -> None:
        """Everything around the Release, and the Release itself."""
        self._looked = time.monotonic()
        try:
            self._versions.put(self._client.get(paths.RELEASES.path(self._access.namespace, self._name)))
            self._found = self._around()
            self._silent = None
        except NotFound:
            raise Problem(f"Release {self._name} was deleted.", Exit.UNREACHABLE) from None
        except ApiError as error:
            if not error.retryable:
                raise self._access.problem(error) from error
            self._silent = self._silent or (datetime.now(UTC), error.message)

    def _around(self) -> Found:
        status, _ = commit.read(self._release)
        namespace = self._access.namespace
        workload = (self._release["spec"].get("workloadRef") or {}).get("name", "")
        hashes = ",".join(revision.hash for revision in revisions(status).values())
        about = f"regarding.kind=Release,regarding.name={self._name}"
        return Found(
            deployment=self._get(paths.DEPLOYMENTS, workload) if workload else None,
            pods=self._list(paths.PODS, namespace, {"labelSelector": f"{names.HASH} in ({hashes})"}) if hashes else (),
            events=self._list(paths.EVENTS, namespace, {"fieldSelector": about}),
        )

    def _get(self, resource: Resource, name: str) -> Object | None:
        if resource.plural in self._unread:
            return None
        try:
            return self._client.get(resource.path(self._access.namespace, name))
        except NotFound:
            return None
        except Forbidden as error:
            self._unread[resource.plural] = f"you may not {may_not(error)}"
            return None

    def _list(self, resource: Resource, namespace: str, query: dict[str, str]) -> list[Object]:
        if resource.plural in self._unread:
            return []
        try:
            return self._client.list(resource.path(namespace), query)[0]
        except Forbidden as error:
            self._unread[resource.plural] = f"you may not {may_not(error)}"
            return []
