"""A turn: gather, decide, commit, perform, publish. Nothing is carried from one turn to the next but soft state.

The commit comes before any effect; a failed commit means that somebody knows more, so the decision is dropped. What is only for
display is written less often, and never by itself makes another turn.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import ValidationError

from controller.api import names
from controller.kube import paths
from controller.kube.client import JSON_PATCH
from controller.kube.errors import ApiError, Forbidden, Invalid, NotFound
from controller.reconcile import commit, templates
from controller.reconcile.asking import Asker
from controller.reconcile.cluster import Cluster, Key, train_of
from controller.reconcile.fencing import fence
from controller.reconcile.gather import Gatherer
from controller.reconcile.inbox import Inbox
from controller.reconcile.memory import Memory
from controller.reconcile.next_turn import Next
from controller.reconcile.perform import Performer, Stale
from controller.reconcile.trains import Trains
from controller.telemetry import metrics
from controller.telemetry.events import Recorder
from controller.workloads import deployment
from strategies.rollout.decide import Decision, decide
from strategies.rollout.notifications import cloud_event, notifications
from strategies.spec.phase import Phase
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Status
from strategies.world import effects

Object = dict[str, Any]
log = structlog.get_logger()
PUBLISH_EVERY = 30.0
"""Seconds between two writes that are only for display, such as a gate's newest value."""
PUBLISH_NEWS = 2.0
"""The same where a verdict or a condition has changed."""
_UNSETTLED = 0.8
"""Seconds until an unsettled world is looked at again even if no view tells of a change."""
_SETTLED = 5.0
"""The same of a release in which all is as it should be, and nothing but time, gates and pods is waited for."""
_LAGGING = 5.0
"""Seconds at most between two times that the same is done, because a view does not show it yet."""
_RACES = 5
"""So often one effect may find the world other than it expected; more before the next commit is no race but a failure."""
_LOOK_AGAIN = {Phase.INITIALIZING: 0.8, Phase.BLOCKED: 2.0}
"""Seconds until the same for a phase that waits for what no view of the namespace tells: a policy, a MetricSource."""
_TOLD_AGAIN = timedelta(minutes=5)
"""What was reached within so long is told again by a process that sees the Release for the first time, under the same id."""
_MISSING = 5.0
"""Seconds until a Deployment that does not exist is looked for again: a new one has no label, so that no view tells of it."""


class Reconciler:
    """Turns for all Releases and trains. None is ever in two turns at a time; the queue sees to it."""

    def __init__(
        self,
        cluster: Cluster,
        asker: Asker,
        recorder: Recorder,
        *,
        may_write: Callable[[], bool],
        leaving: bool = False,
        tell: Callable[[str, Object], None] | None = None,
    ) -> None:
        """`may_write` is the leader's fence. `leaving`: every Release is treated as one that is being deleted. `tell` gets a
        namespace and a CloudEvent of a Release in it, and must not wait.
        """
        self.inbox = Inbox()
        self._cluster, self._asker, self._recorder = cluster, asker, recorder
        self._may_write, self._leaving, self._clock, self._tell = may_write, leaving, cluster.clock, tell
        self._trains = Trains(cluster, recorder, may_write=may_write)
        self._gatherer = Gatherer(cluster)
        self._memories: dict[Key, Memory] = {}

    def turn(self, key: Key) -> Next:
        """One turn for one Release, or for one train."""
        if (train := train_of(key)) is not None:
            return self._trains.turn(key[0], train)
        release = self._cluster.releases.get(*key)
        if release is None:
            return self._orphaned(key)
        memory = self._memory(key, release)
        status, readable = _status(release, memory)
        spec, error = _spec(release, memory)
        if not memory.shown:
            metrics.show(key, status)
            # Whoever led before may have died between the commit and the telling.
            self._notify(key, memory, Status(), status, since=memory.now(self._clock) - _TOLD_AGAIN)
            memory.shown = True
        spec, unfilled = templates.filled(self._cluster, spec, key[0], memory) if spec else (None, {})
        memory.attend(status.attempts, templates.questions(spec) if spec else {})
        observation = self._gatherer.look(release, spec, status, memory)
        if observation is None:
            return Next(after=0.02)
        waiting = self.inbox.of(key)
        memory.hurry = memory.hurry or bool(waiting)
        alerts = tuple(alert for one in waiting for alert in one.alerts)
        more: dict[str, Any] = {"alerts": alerts, "spec_error": error, "deleting": observation.deleting or self._leaving}
        if spec is not None and memory.scope:
            more["gate_problems"] = {**self._asker.problems(spec, key[0], starting=status.trial is None), **unfilled}
            more["migration_problems"] = self._asker.migration_problems(spec, key[0]) if status.trial is None else {}
        decision = decide(spec, replace(observation, **more), status, memory.now(self._clock))
        if not readable:
            log.warning("status_unreadable", release=key, message="the status was changed by hand; what cannot be is made anew")
        decided_on, release = release, self._commit(key, release, status, decision, memory, readable=readable)
        if release is None:
            return Next(after=_again(memory.tried("commit")))
        self.inbox.take(key, waiting)
        # Questions go out before effects: a slow API must not delay the evidence.
        due = self._asker.ask(key, spec, decision.status, decision.asking, memory) if spec else None
        if spec:
            self._asker.foresee(key, spec, decision.status, memory)
        following = self._perform(key, release, decision, memory, due)
        if _overtaken(decided_on, release):
            return Next(after=0.0)
        if following.after is None:
            memory.rest()
        return following

    def forget(self, key: Key) -> None:
        """The Release is gone for good."""
        self._memories.pop(key, None)
        self._cluster.leave(key)
        metrics.forget(key)

    def step_down(self) -> None:
        """Another leads: what is remembered here grows old, and what Releases do is no longer ours to tell."""
        self._memories.clear()
        self._trains.forget_all()
        self.inbox.drop()
        metrics.forget_all()

    def _memory(self, key: Key, release: Object) -> Memory:
        """The soft state of this very Release; another of the same name starts with none."""
        known = self._memories.get(key)
        if known is None or known.uid != release["metadata"]["uid"]:
            known = self._memories[key] = Memory(uid=release["metadata"]["uid"])
        return known

    # --- commit and publish

    def _commit(
        self, key: Key, release: Object, old: Status, decision: Decision, memory: Memory, *, readable: bool
    ) -> Object | None:
        """The Release with the decision committed; None when somebody knew more."""
        new = decision.status
        if new == old and readable and release.get("status"):
            memory.publish_in = 0.0
            return self._cluster.releases.get(*key)
        material = commit.decided(old) != commit.decided(new) or not readable or not release.get("status")
        if not material:
            self._publish(release, old, new, memory)
            return self._cluster.releases.get(*key)
        if not self._may_write():
            return None
        try:
            written = commit.commit(self._cluster.client, release, old, new, forward=_forward(new))
        except Invalid as error:
            log.error("status_invalid", release=key, error=str(error), causes=[str(c) for c in error.causes])
            raise
        except ApiError as error:
            if error.read_again:
                metrics.LOST_COMMITS.inc()
                return None
            raise
        self._cluster.releases.remember(written)
        self._cluster.wake_trains(key)
        memory.tries.clear()
        memory.quiet.clear()
        memory.published_at = self._clock.steady()
        self._told(key, written, old, new, decision)
        self._notify(key, memory, old, new)
        return written

    def _publish(self, release: Object, old: Status, new: Status, memory: Memory) -> None:
        """What is only for display, not too often, and only if it changed."""
        memory.publish_in = 0.0
        if not self._may_write():
            return
        now = self._clock.steady()
        due = memory.published_at + (PUBLISH_EVERY if commit.news(old) == commit.news(new) else PUBLISH_NEWS)
        memory.publish_in = max(0.0, due - now)
        if memory.publish_in or commit.dump(old) == commit.dump(new):
            return
        memory.published_at = now
        try:
            self._cluster.releases.remember(commit.commit(self._cluster.client, release, old, new, forward=False))
        except ApiError as error:
            log.info("not_published", error=str(error))

    def _told(self, key: Key, release: Object, old: Status, new: Status, decision: Decision) -> None:
        why = next((c for c in decision.trace if not c.held), None)
        log.info("committed", release=key, turn=old.turn + 1, phase=new.phase, reason=new.reason, message=new.message,
                 check=why.name if why else None)  # fmt: skip
        metrics.transition(key, old, new)
        self._recorder.transition(release, old, new)

    def _notify(self, key: Key, memory: Memory, old: Status, new: Status, since: datetime | None = None) -> None:
        """Hand on what was reached, `since` then if that is given."""
        if self._tell is None:
            return
        spec = memory.spec[1] if memory.spec else None
        for told in notifications(old, new):
            if since is None or told.at >= since:
                self._tell(key[0], cloud_event(told, *key, memory.uid, spec))

    # --- effects

    def _perform(self, key: Key, release: Object, decision: Decision, memory: Memory, due: datetime | None) -> Next:
        performer = Performer(
            cluster=self._cluster, release=release, status=decision.status, memory=memory, may_write=self._may_write
        )
        memory.busy = not decision.pending.settled
        wait = memory.early(decision.effects, self._clock.steady())
        failed = wait > 0
        for effect in () if failed else decision.effects:
            memory.contested(effect, self._clock.steady())
            known = memory.failing.get(effect.kind())
            if known is not None and known.not_before > self._clock.steady():
                failed, wait = True, max(wait, known.not_before - self._clock.steady())
                continue
            try:
                performer.perform(effect)
                memory.failing.pop(effect.kind(), None)
                metrics.effect(type(effect).__name__, ok=True)
                log.info("performed", release=key, effect=str(effect))
                if isinstance(effect, effects.FlagSwitch):
                    self._recorder.switched(release, effect)
                if memory.wrote(effect, self._clock.steady()):
                    self._recorder.undone(release, effect)
                if isinstance(effect, effects.Unclaim):
                    self._recorder.orphaned(_named_by(release, decision.status), key[1], held=not effect.resume)
            except Stale as stale:
                log.info("effect_stale", release=key, effect=effect.kind(), why=str(stale))
                failed = True
            except ApiError as error:
                failed, wait = True, max(wait, self._failed(key, release, effect, error, memory))
        if not decision.effects:
            memory.failing.clear()
        moments = ((decision.wake_at, memory.now(self._clock)), (due, memory.asking_at(self._clock)))
        after = min(((m - now).total_seconds() for m, now in moments if m is not None), default=None)
        if failed:
            # An effect that must wait holds up neither the gates' questions nor what time alone decides.
            return Next(after=max(0.05, wait if after is None else min(wait, after)))
        if decision.effects:
            again = _again(memory.tried(decision.effects))
            memory.quiet[decision.effects] = self._clock.steady() + again
            return Next(after=again)
        return Next(after=0.0 if decision.moved else self._idle(decision, memory, after))

    def _idle(self, decision: Decision, memory: Memory, after: float | None) -> float | None:
        """Seconds until the next look where nothing was done; `after`: until time alone changes something."""
        if not decision.pending.settled or decision.status.trial is not None:
            look = _SETTLED if decision.pending.settled else _UNSETTLED
            look = look if memory.pods_due is None else min(look, memory.pods_due - self._clock.steady())
            after = min(look, after) if after is not None else look
        elif memory.scope and after is None:
            after = _LOOK_AGAIN.get(decision.status.phase)
        elif after is None and decision.status.phase is Phase.WORKLOAD_MISSING:
            after = _MISSING
        if memory.publish_in:
            after = min(memory.publish_in, after) if after is not None else memory.publish_in
        return None if after is None else max(0.0, after)

    def _failed(self, key: Key, release: Object, effect: effects.Effect, error: ApiError, memory: Memory) -> float:
        metrics.effect(type(effect).__name__, ok=False)
        lost = error.read_again and not isinstance(error, NotFound)
        if lost and memory.tried(effect) < _RACES:
            log.info("effect_outdated", release=key, effect=effect.kind(), error=str(error))
            return 0.05
        at_least = error.retry_after or 0.0
        wait = memory.failed(effect.kind(), str(error)[:500], self._clock.steady(), at_least)
        log.warning("effect_failed", release=key, effect=str(effect), error=str(error), again_in=round(wait, 2))
        remedy = " The controller's RBAC lacks this right; see the chart's roles." if isinstance(error, Forbidden) else ""
        self._recorder.failed(release, effect.kind(), f"{error}.{remedy}")
        return wait

    # --- a Deployment whose Release is gone

    def _orphaned(self, key: Key) -> Next:
        """The Release was deleted at rest: its mark goes, and nothing ungated goes out because of that."""
        for found in self._cluster.deployments.list(key[0]):
            if (found["metadata"].get("labels") or {}).get(names.RELEASE) != key[1]:
                continue
            held = names.HELD in (found["metadata"].get("labels") or {})
            patch = [*fence(found), *deployment.unclaim(found, effects.Unclaim(strategy=None, resume=False))]
            path = paths.DEPLOYMENTS.path(key[0], found["metadata"]["name"])
            if not self._may_write():
                return Next(after=1.0)
            try:
                self._cluster.client.patch(path, patch, JSON_PATCH)
            except ApiError as error:
                log.warning("not_let_go", release=key, deployment=found["metadata"]["name"], error=str(error))
                return Next(failed=str(error), at_least=error.retry_after or 0.0)
            self._recorder.orphaned(found, key[1], held=held)
        self.forget(key)
        return Next()


def _again(times: int) -> float:
    """Seconds until what was done so many times before is tried again: at once the first time, for a view is rarely behind."""
    return min(_LAGGING, 0.05 * 2.0 ** min(times, 10)) if times else 0.0


def _overtaken(before: Object, after: Object) -> bool:
    """Whether somebody else has written meanwhile: what our write's answer showed first, the view does not tell of again."""
    if before is after:
        return False  # As in most turns: nothing was written.
    own = {"resourceVersion", "managedFields"}
    was, now = ({k: v for k, v in one["metadata"].items() if k not in own} for one in (before, after))
    return was != now


def _named_by(release: Object, status: Status) -> Object:
    """The Deployment of a Release, as far as an event needs it."""
    metadata = release["metadata"]
    return {"metadata": {"name": release["spec"]["workloadRef"]["name"], "namespace": metadata["namespace"],
                         "uid": status.workload_uid or ""}}  # fmt: skip


def _spec(release: Object, memory: Memory) -> tuple[ReleaseSpec | None, str | None]:
    """As `read_spec`, once for each generation: reading parses queries."""
    generation = release["metadata"].get("generation", 0)
    if memory.spec is None or memory.spec[0] != generation:
        memory.spec = (generation, *read_spec(release))
    return memory.spec[1:]


def _status(release: Object, memory: Memory) -> tuple[Status, bool]:
    """As `commit.read`, once for each Release as the view has it: what the view gives is never changed."""
    if memory.status is None or memory.status[0] is not release:
        memory.status = (release, *commit.read(release))
    return memory.status[1:]


def read_spec(release: Object) -> tuple[ReleaseSpec | None, str | None]:
    """The spec, or what is wrong with it: the field's path, the problem."""
    try:
        return ReleaseSpec.model_validate(release.get("spec") or {}), None
    except ValidationError as error:
        said = [f"spec.{'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()[:3]]
        return None, "; ".join(said)


def _forward(status: Status) -> bool:
    return status.trial is not None and status.trial.outcome is None
