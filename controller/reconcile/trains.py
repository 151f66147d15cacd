"""Turns of trains, and what a member's own turn asks: whether its train has let it go.

All that a train looks at is in the views: Releases and their Deployments. It writes its own status, and requests on its members;
nothing else of a member is ever touched from here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from pydantic import ValidationError

from controller.api import names
from controller.clock import Clock
from controller.kube import paths
from controller.kube.client import JSON_PATCH, MERGE_PATCH
from controller.kube.errors import ApiError
from controller.reconcile import commit
from controller.reconcile.cluster import Cluster, Key
from controller.reconcile.fencing import is_same
from controller.reconcile.next_turn import Next
from controller.reconcile.requests import REQUESTS, Presence, read_requests, removal
from controller.telemetry import metrics
from controller.telemetry.events import Recorder
from controller.workloads import deployment, template
from strategies.analysis.verdict import Unknown
from strategies.spec.reason import Reason
from strategies.spec.status import Status
from strategies.spec.train import ReleaseTrainSpec
from strategies.spec.train_status import IN_FLIGHT, TrainStatus
from strategies.train.asking import Ask
from strategies.train.decide import Decision, decide
from strategies.train.hold import Ordering, held_back, left_behind
from strategies.train.turn import Seen, Turn
from strategies.world.observation import Queued, Workload

Object = dict[str, Any]
log = structlog.get_logger()
_AGAIN = 1.0
"""Seconds until what could not be written is tried again, if the API server does not say another time."""


def queued(cluster: Cluster, key: Key, status: Status, workload: Workload) -> Queued | Unknown | None:
    """Why a Release's held template waits for a train; None when it may begin.

    One that waited for a train that is gone goes on waiting; one that a train was edited to leave out may begin.
    """
    if not cluster.trains.synced:
        return Unknown(reason="NotListed", message="releasetrains could not be listed yet; see the controller's log.")
    found = [Ordering(name=t["metadata"]["name"], status=commit.read_train(t)[0]) for t in cluster.trains_of(key)]
    if found:
        why = held_back(key[1], workload.template.version, found)
        return None if why is None else Queued(message=why[:1024], reason=Reason.IN_TRAIN, train=found[0].name)
    awaited = status.train
    if awaited is None or (awaited.digest != workload.template.digest and awaited.generation != workload.generation):
        return None
    if cluster.trains.get(key[0], awaited.name) is not None:
        return None
    return Queued(message=left_behind(awaited.name), reason=Reason.TRAIN_GONE, train=awaited.name)


@dataclass(slots=True)
class _Memory:
    """Soft state of one train: which requests were seen, whether the metrics have it, what both clocks said at first."""

    uid: str
    presence: Presence = field(default_factory=Presence)
    shown: bool = False
    began: tuple[datetime, float] | None = None

    def now(self, clock: Clock, *, measures: bool) -> datetime:
        """The wall's time; while a train `measures`, as it goes on by the steady clock: one that is set cuts nothing short."""
        if not measures or self.began is None:
            self.began = clock.wall(), clock.steady()
        return self.began[0] + timedelta(seconds=clock.steady() - self.began[1])


class Trains:
    """Turns for all trains. One train is never in two turns at a time; the queue sees to it."""

    def __init__(self, cluster: Cluster, recorder: Recorder, *, may_write: Callable[[], bool]) -> None:
        """`may_write` is the leader's fence."""
        self._cluster, self._recorder, self._may_write = cluster, recorder, may_write
        self._memories: dict[Key, _Memory] = {}
        self._templates = template.Templates()

    def turn(self, namespace: str, name: str) -> Next:
        """Gather, decide, commit, ask."""
        key, train = (namespace, name), self._cluster.trains.get(namespace, name)
        if train is None or "deletionTimestamp" in train["metadata"]:
            # Who is on his way goes on, who waits for it stays held; there is nothing to undo.
            self._memories.pop(key, None)
            metrics.forget_train(key)
            return Next()
        memory = self._memories.get(key)
        if memory is None or memory.uid != train["metadata"]["uid"]:
            memory = self._memories[key] = _Memory(uid=train["metadata"]["uid"])
        status, readable = commit.read_train(train)
        turn = self._look(train, status, memory)
        decision = decide(turn)
        if decision.moved or not readable or not train.get("status"):
            committed = self._commit(key, train, status, decision)
            if committed is None:
                return Next(after=0.05)
            train = committed
        if not memory.shown:
            metrics.show_train(key, None, decision.status)
            memory.shown = True
        failed = self._perform(train, turn, decision)
        if failed is not None:
            return Next(after=failed)
        if decision.moved or decision.removals:  # The answer of a write may show what somebody else has asked meanwhile.
            return Next(after=0.0)
        return Next(after=None if decision.wake_at is None else max(0.05, (decision.wake_at - turn.now).total_seconds()))

    def forget_all(self) -> None:
        """Another leads."""
        self._memories.clear()

    # --- what is seen

    def _look(self, train: Object, status: TrainStatus, memory: _Memory) -> Turn:
        metadata = train["metadata"]
        spec, error = read_spec(train)
        members = {m.name for m in spec.members} if spec else set[str]()
        members |= {m.name for m in status.members}
        return Turn(
            name=metadata["name"],
            spec=spec,
            error=error,
            status=status,
            seen={name: self._seen(metadata["namespace"], name, metadata["name"]) for name in sorted(members)},
            generation=metadata.get("generation", 0),
            now=memory.now(self._cluster.clock, measures=status.phase in IN_FLIGHT),
            requests=read_requests(train, status.run.number if status.run else 0, memory.presence),
        )

    def _seen(self, namespace: str, name: str, train: str) -> Seen:
        release = self._cluster.releases.get(namespace, name)
        if release is None:
            return Seen()
        others = tuple(n for t in self._cluster.trains_of((namespace, name)) if (n := t["metadata"]["name"]) != train)
        spec = release.get("spec") or {}
        found = self._cluster.deployments.get(namespace, str((spec.get("workloadRef") or {}).get("name")))
        version = spec.get("version") or {}
        label, literal = version.get("fromLabel"), version.get("literal")
        workload = deployment.read_workload(found, label, literal, self._templates) if found else None
        asked = REQUESTS & (release["metadata"].get("annotations") or {}).keys()
        return Seen(status=commit.read(release)[0], workload=workload, others=others, requests=bool(asked))

    # --- what is written

    def _commit(self, key: Key, train: Object, old: TrainStatus, decision: Decision) -> Object | None:
        """The train with the decision committed; None when somebody knew more."""
        if not self._may_write():
            return None
        new = decision.status
        try:
            written = commit.commit(self._cluster.client, train, old, new, forward=False)
        except ApiError as error:
            if error.read_again:
                metrics.LOST_COMMITS.inc()
                return None
            raise
        self._cluster.trains.remember(written)
        log.info("train_committed", train=key, turn=old.turn + 1, phase=new.phase, reason=new.reason, message=new.message,
                 check=decision.check)  # fmt: skip
        metrics.show_train(key, old, new)
        self._recorder.train(written, old, new)
        # A member's turn reads the view; who was let go must not wait for the watch to tell.
        for member in new.members:
            self._cluster.wake((key[0], member.name))
        return written

    def _perform(self, train: Object, turn: Turn, decision: Decision) -> float | None:
        """Ask members, take off the requests that are answered; seconds until a failure is tried again."""
        wait: list[float] = []
        for ask in decision.asks:
            wait += self._written(partial(self._ask, train, ask), "ask", ask)
        values = {request.key: request.value for request in turn.requests}
        for key in decision.removals:
            wait += self._written(partial(self._remove, train, key, values[key]), "remove_request", key)
        return max(wait, default=None)

    def _written(self, write: Callable[[], None], what: str, about: object) -> list[float]:
        if not self._may_write():
            return [_AGAIN]
        try:
            write()
        except ApiError as error:
            log.warning("train_effect_failed", effect=what, about=str(about), error=str(error))
            return [0.05 if error.read_again else max(_AGAIN, error.retry_after or 0.0)]
        return []

    def _ask(self, train: Object, ask: Ask) -> None:
        """One request on a member, in the train's name, if the member is as it was seen: with no other request on it."""
        namespace = train["metadata"]["namespace"]
        release = self._cluster.releases.get(namespace, ask.member)
        if release is None:
            return
        metadata = {"uid": release["metadata"]["uid"], "resourceVersion": release["metadata"]["resourceVersion"],
                    "annotations": {f"{names.GROUP}/{ask.key}": ask.value, names.REQUESTED_BY: ask.by}}  # fmt: skip
        path = paths.RELEASES.path(namespace, ask.member)
        self._cluster.releases.remember(self._cluster.client.patch(path, {"metadata": metadata}, MERGE_PATCH))
        self._cluster.wake((namespace, ask.member))
        log.info("train_asked", train=(namespace, train["metadata"]["name"]), member=ask.member, request=ask.key, value=ask.value)

    def _remove(self, train: Object, key: str, value: str) -> None:
        metadata = train["metadata"]
        now = self._cluster.trains.get(metadata["namespace"], metadata["name"]) or train
        patch = [is_same(train), *removal(train, key, value, now)]
        path = paths.RELEASE_TRAINS.path(metadata["namespace"], metadata["name"])
        self._cluster.trains.remember(self._cluster.client.patch(path, patch, JSON_PATCH))


def read_spec(train: Object) -> tuple[ReleaseTrainSpec | None, str]:
    """The spec, or what is wrong with it: the field's path, the problem."""
    try:
        return ReleaseTrainSpec.model_validate(train.get("spec") or {}), ""
    except ValidationError as error:
        said = [f"spec.{'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()[:3]]
        return None, "; ".join(said)
