"""One look at a Release's world with the user's rights: what the controller's gatherer would see, from lists instead of views.

Read-only: the one call that looks like a write is the server dry-run that asks whether changes are held. What the user may
not read is Unknown, and is told; where the controller has put what it saw into the status, that counts instead.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from controller.cli.access import FIELD_MANAGER, Access
from controller.cli.answers import may_not, what_was_asked
from controller.cli.view import condition
from controller.kube import paths
from controller.kube.client import Client, Page, Query
from controller.kube.connection import Connection
from controller.kube.errors import Forbidden, NotFound
from controller.kube.paths import Resource
from controller.kube.reflector import Reflector
from controller.kube.store import key_of
from controller.metrics.pool import Queries
from controller.reconcile import commit, templates
from controller.reconcile.asking import Asker
from controller.reconcile.cluster import FLAG_HOLDERS, TEMPLATES, Cluster, Key, Namespace
from controller.reconcile.gather import PODS_EVERY, Gatherer
from controller.reconcile.memory import Filled, Memory
from controller.reconcile.requests import trim
from controller.reconcile.turn import read_spec
from controller.settings import Settings
from strategies.analysis.verdict import Unknown
from strategies.spec.gate import TemplateRef
from strategies.spec.reason import Reason
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Status
from strategies.world.observation import Observation, Queued, Route

Object = dict[str, Any]
_TRAFFIC = ("services", "candidate_service", "route")
_NEEDED = {
    "get deployments": ("workload",), "patch deployments": ("hold",), "list replicasets": ("replica_sets",),
    "list services": _TRAFFIC, "list endpointslices": _TRAFFIC, "list httproutes": ("route",), "list pods": ("pods",),
    "list controllerrevisions": ("kept",), "list jobs": ("jobs",),
}  # fmt: skip
"""Call → the parts of an Observation that cannot be known without it."""
_GATE_PROBLEM = re.compile(r"spec\.gates\[([^]]+)\]: (.*)", re.DOTALL)
"""As strategies.rollout.start says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A Release, what was committed, and what is seen of its world now. `unread` says what could not be read,
    `templates` which gates are of a template, and with which arguments.
    """

    release: Object
    spec: ReleaseSpec | None
    status: Status
    observation: Observation
    now: datetime
    unread: tuple[str, ...]
    templates: tuple[tuple[str, str], ...] = ()


def take(access: Access, name: str) -> Snapshot:
    """Look once. Raises Problem when the Release itself cannot be read."""
    release = trim(access.release(name))
    status, _ = commit.read(release)
    spec, error = read_spec(release)
    reader = _Reader(access.connection)
    listed = _Listed(reader)
    named = tuple((gate.name, _named(gate.template)) for gate in spec.gates if gate.template) if spec else ()
    # What is seen for the first time is as old for us as for a controller that starts at this moment.
    memory = Memory(uid=release["metadata"]["uid"])
    memory.attend(status.attempts)
    memory.pods_at = listed.clock.steady() - 2 * PODS_EVERY
    spec, unfilled = listed.filled(spec, access.namespace, memory) if spec else (None, {})
    listed.read_freezes()
    observation = Gatherer(listed).look(release, spec, status, memory)
    assert observation is not None  # Nothing is waited for: what was listed is there, and what was not has been refused.
    changes: dict[str, Any] = {"spec_error": error}
    for call, said in reader.refused.items():
        changes |= dict.fromkeys(_NEEDED.get(call, ()), Unknown(reason="NotRead", message=said))
    calls = {kind: f"list {resource.plural}" for kind, resource in FLAG_HOLDERS.items()}
    lost = {k: Unknown(reason="NotRead", message=reader.refused[call]) for k, call in calls.items() if call in reader.refused}
    changes["flags"] = {place: lost.get(place.kind, seen) for place, seen in observation.flags.items()}
    if spec is not None and memory.scope:
        changes["gate_problems"] = {**listed.gate_problems(spec, status, access.namespace), **unfilled}
    seen = _as_committed(replace(observation, **changes), status, reader)
    return Snapshot(release=release, spec=spec, status=status, observation=seen, now=_now(status),
                    unread=tuple(dict.fromkeys(reader.refused.values())), templates=named)  # fmt: skip


def _named(template: TemplateRef) -> str:
    """A template and its arguments, on one line."""
    given = ", ".join(f"{name}={value}" for name, value in template.arguments.items())
    return f"{template}{': ' if given else ''}{given}"


def _now(status: Status) -> datetime:
    """The time here, but never before the present step began: the controller's clock may be ahead of ours."""
    now, since = datetime.now(UTC), status.trial.step.since if status.trial else None
    return now if since is None else max(now, since)


class _Reader(Client):
    """A client that notes what it was refused: call (`list pods`) → a sentence."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, field_manager=FIELD_MANAGER)
        self.refused: dict[str, str] = {}

    def get(self, path: str, query: Query | None = None) -> Object:
        """As Client's."""
        with self._noting():
            return super().get(path, query)

    def list(self, path: str, query: Query | None = None) -> Page:
        """As Client's. A kind that the cluster does not know counts as refused."""
        with self._noting(absent=True):
            return super().list(path, query)

    def patch(self, path: str, body: object, content_type: str, query: Query | None = None) -> Object:
        """As Client's; the gatherer makes dry runs only."""
        assert query is not None and query.get("dryRun") == "All"
        with self._noting():
            return super().patch(path, body, content_type, query)

    @contextmanager
    def _noting(self, *, absent: bool = False) -> Iterator[None]:
        try:
            yield
        except (Forbidden, NotFound) as error:
            verb, resource, _ = what_was_asked(error)
            if isinstance(error, Forbidden):
                why = " (a dry run, which would tell whether changes are held)" if verb == "patch" else ""
                self.refused[f"{verb} {resource}"] = f"you may not {may_not(error)}{why}"
            elif absent:
                self.refused[f"{verb} {resource}"] = f"this cluster does not know {resource}"
            raise


class _Views(Namespace):
    """A namespace whose resources are listed when they are first asked for, and not followed."""

    def __init__(self, reader: _Reader, namespace: str) -> None:
        super().__init__(reader, namespace, lambda _namespace, _changed: None, Reflector)
        self._reader, self._where = reader, namespace
        self._listed: dict[tuple[Resource, str | None], Reflector] = {}

    def follow(self, resource: Resource, name: str | None = None) -> Reflector:
        """The view of a resource, or of the one object of this name, filled once."""
        if (resource, name) not in self._listed:
            view = self._listed[resource, name] = Reflector(self._reader, resource, namespace=self._where)
            _fill(self._reader, view, resource.path(self._where), {"fieldSelector": f"metadata.name={name}"} if name else None)
        return self._listed[resource, name]


class _Listed(Cluster):
    """The cluster as the gatherer takes it. Nothing is started: views are filled by one list each."""

    def __init__(self, reader: _Reader) -> None:
        settings = Settings()
        super().__init__(reader, lambda *_, **__: None, (settings.hold_policy, settings.pin_policy))
        self._reader = reader

    def enter(self, key: Key) -> Namespace:
        """The Release's namespace, read as it is asked for."""
        return _Views(self._reader, key[0])

    def filled(self, spec: ReleaseSpec, namespace: str, memory: Memory) -> Filled:
        """The spec with its templates filled; one that may not be read stays, and counts as unknown."""
        kinds = {gate.template.kind for gate in spec.gates if gate.template is not None}
        where = {kind: TEMPLATES[kind].path(namespace if TEMPLATES[kind].namespaced else None) for kind in kinds}
        refused = {kind for kind, path in where.items() if not _fill(self._reader, self.templates[kind].reflectors[0], path)}
        made, problems = templates.filled(self, spec, namespace, memory)
        unread = {gate.name for gate in made.gates if gate.template is not None and gate.template.kind in refused}
        return made, {name: problem for name, problem in problems.items() if name not in unread}

    def read_freezes(self) -> None:
        """List the policies that freeze releases."""
        _fill(self._reader, self.release_policies.reflectors[0], paths.RELEASE_POLICIES.path())

    def gate_problems(self, spec: ReleaseSpec, status: Status, namespace: str) -> Mapping[str, str]:
        """What is wrong with the gates' sources; what the controller said of them where the user may not list sources."""
        if not spec.gates:
            return {}
        match = _GATE_PROBLEM.match(status.message) if status.reason is Reason.GATE_UNUSABLE else None
        said = {match[1]: match[2]} if match else {}
        if not _fill(self._reader, self.sources.reflectors[0], paths.METRIC_SOURCES.path()):
            return said
        found = Asker(self, Queries(), "", lambda _key: None).problems(spec, namespace, starting=status.trial is None)
        # What the controller's image has to compare contracts with, only the controller sees.
        unseen = {gate.name for gate in spec.gates if gate.contract is not None}
        return {name: problem for name, problem in found.items() if name not in unseen} | {
            name: problem for name, problem in said.items() if name in unseen
        }


def _fill(reader: _Reader, view: Reflector, path: str, query: Query | None = None) -> bool:
    """List once into a view; false, and the view is empty, where that is refused."""
    view.synced.set()
    try:
        items, version = reader.list(path, query)
    except (Forbidden, NotFound):
        return False
    view.store.replace({key_of(item): item for item in items}, version)
    return True


def _as_committed(seen: Observation, status: Status, reader: _Reader) -> Observation:
    """With what the controller has said in the status where the user may not look for himself."""
    hold = condition(status, "HoldActive")
    if isinstance(seen.hold, Unknown) and hold is not None and hold.status != "Unknown":
        seen = replace(seen, hold=hold.status == "True")
    if "list releasepolicies" in reader.refused:
        waits = status.reason in (Reason.FROZEN, Reason.REQUIREMENT_UNMET)
        seen = replace(seen, frozen=Unknown(reason=status.reason, message=status.message) if waits else None)
    # Whose turn it is, and what a train says, only the controller sees, which follows all Releases.
    waits, train = status.reason in (Reason.QUEUED, Reason.IN_TRAIN, Reason.TRAIN_GONE), status.train.name if status.train else ""
    seen = replace(seen, queued=Queued(message=status.message, reason=status.reason, train=train) if waits else None)
    if isinstance(seen.route, Route) and {"get gateways", "get gatewayclasses"} & reader.refused.keys():
        problem = status.message if status.reason is Reason.ROUTE_UNUSABLE else None
        seen = replace(seen, route=replace(seen.route, problem=problem))
    return seen
