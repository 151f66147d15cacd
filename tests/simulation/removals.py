"""How a guard is taken out of the running code, for tests.simulation.mutants: patches of attributes, undone afterwards.

No source is written anew, and nothing here knows what a removal leads to.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

import strategies.rollout.decide as deciding
from controller.kube.client import JSON_PATCH
from controller.kube.elector import Elector
from controller.kube.store import Key, Store, key_of
from controller.reconcile import commit, perform
from controller.reconcile import requests as reading
from controller.reconcile.gather import Gatherer
from controller.reconcile.inbox import Inbox
from controller.reconcile.memory import Memory
from controller.reconcile.perform import Performer
from strategies.analysis import threshold
from strategies.analysis.verdict import Sample, Verdict
from strategies.rollout import checks, contracts, jobs, order, progress, requests, traffic_stages, webhooks, workload_stages
from strategies.rollout import wanted as wanting
from strategies.rollout.order import Pending
from strategies.rollout.stage import Stage, Wait
from strategies.rollout.turn import Turn
from strategies.rollout.wanted import Mode
from strategies.spec.status import Status
from strategies.world import effects

Object = dict[str, Any]
Patching = pytest.MonkeyPatch
Remove = Callable[[Patching], None]
_COMMIT = commit.patch
_FENCE = perform.fence
_FOLD = threshold.fold
_ANSWER = requests.answer


def stage(gone: Stage, *modes: Mode) -> Remove:
    """A stage of the order of effects, in these modes or in all."""

    def remove(patching: Patching) -> None:
        for mode in modes or tuple(Mode):
            patching.setitem(order.ORDER, mode, tuple(s for s in order.ORDER[mode] if s is not gone))

    return remove


def placed(mode: Mode, moved: Stage, *, before: Stage | None) -> Remove:
    """A stage of the order of effects stands elsewhere: before another one, or at the end of its mode."""

    def remove(patching: Patching) -> None:
        left = [s for s in order.ORDER[mode] if s is not moved]
        left.insert(len(left) if before is None else left.index(before), moved)
        patching.setitem(order.ORDER, mode, tuple(left))

    return remove


def check(gone: checks.Check) -> Remove:
    """A check of the order of decisions."""
    return lambda patching: patching.setattr(deciding, "CHECKS", tuple(c for c in checks.CHECKS if c[0] is not gone))


def attribute(owner: object, name: str, value: object) -> Remove:
    """Something else in the place of an attribute."""
    return lambda patching: patching.setattr(owner, name, value)


def all_of(*removals: Remove) -> Remove:
    """Guards that stand for one another go together."""

    def remove(patching: Patching) -> None:
        for one in removals:
            one(patching)

    return remove


# --- the commit


def commit_tests(*paths: str) -> Remove:
    """Tests in the commit's patch."""

    def patch(*arguments: Any, **options: Any) -> list[Object]:
        return [o for o in _COMMIT(*arguments, **options) if o["op"] != "test" or o["path"] not in paths]

    return attribute(commit, "patch", patch)


# --- effects


def fence_tests(kind: str = "") -> Remove:
    """The tests of uid and generation in every write, or in those on one kind."""
    return attribute(perform, "fence", lambda found: [] if kind in ("", found["kind"]) else _FENCE(found))


def effect_tests(effect: type[effects.Effect], *, fenced: bool = True) -> Remove:
    """The tests in one effect's own patch, and with `fenced=False` those of its fence, too."""
    carry: Any = perform._PERFORM[effect]

    def careless(do: Performer, wish: Any) -> None:
        with pytest.MonkeyPatch.context() as patching:
            send = Performer.client.fget
            assert send is not None
            patching.setattr(Performer, "client", property(lambda self: _Careless(send(self), fence=2 if fenced else 0)))
            if not fenced:
                patching.setattr(perform, "fence", lambda _: [])
            carry(do, wish)

    return lambda patching: patching.setitem(perform._PERFORM, effect, careless)


class _Careless:
    """A client whose JSON Patches test nothing but in their first `fence` operations, those that `perform` puts there."""

    def __init__(self, client: Any, fence: int) -> None:
        self._client, self._fence = client, fence

    def patch(self, path: str, patch: Any, *rest: Any) -> Object:
        """Without the tests."""
        if rest == (JSON_PATCH,):
            patch = [*patch[: self._fence], *(o for o in patch[self._fence :] if o["op"] != "test")]
        return dict(self._client.patch(path, patch, *rest))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def blind_deletion(patching: Patching) -> None:
    """A ReplicaSet is deleted by its name, without having been looked at and without preconditions."""

    def delete(do: Performer, effect: effects.DeleteReplicaSet) -> None:
        path = perform.paths.REPLICA_SETS.path(do.namespace, effect.name)
        do.client.delete(path, {"propagationPolicy": "Background"})

    patching.setitem(perform._PERFORM, effects.DeleteReplicaSet, delete)


def lasting_create(patching: Patching) -> None:
    """What a process makes when it is no longer the leader stays."""
    patching.setattr(Performer, "create", lambda do, resource, body: do.client.create(resource.path(do.namespace), body))


def late_fence(patching: Patching) -> None:
    """Whoever has led believes to lead until told otherwise."""
    patching.setattr(Elector, "is_leader", lambda elector: elector._until > 0.0)


# --- views


def ghosts(patching: Patching) -> None:
    """What a list no longer has stays in the view."""
    replace_all = Store.replace

    def keep(store: Store, objects: Mapping[Key, Object], version: str) -> Any:
        return replace_all(store, {**{key_of(o): o for o in store.list()}, **objects}, version)

    patching.setattr(Store, "replace", keep)


# --- what is believed


def old_windows(patching: Patching) -> None:
    """A window enters a gate as often as it is seen."""

    def fold(config: Any, evidence: threshold.GateEvidence, answer: Any, **moments: Any) -> Any:
        return _FOLD(config, replace(evidence, last_key=""), answer, **moments)

    patching.setattr(threshold, "fold", fold)


def old_evidence(patching: Patching) -> None:
    """A sample from before the step counts in it."""

    def fold(config: Any, evidence: Any, answer: Any, **moments: Any) -> Any:
        return _FOLD(config, evidence, answer, **{**moments, "since": moments["since"] - timedelta(hours=1)})

    patching.setattr(threshold, "fold", fold)


def numbers_only_by_name(patching: Patching) -> None:
    """NaN is within any limits."""

    def fold(config: Any, evidence: Any, answer: Any, **moments: Any) -> Any:
        if isinstance(answer, Sample) and math.isnan(answer.value):
            answer = replace(answer, value=0.0)
        return _FOLD(config, evidence, answer, **moments)

    patching.setattr(threshold, "fold", fold)


def silence_is_consent(patching: Patching) -> None:
    """No answer passes."""

    def fold(config: Any, evidence: threshold.GateEvidence, answer: Any, **moments: Any) -> Any:
        folded, verdict = _FOLD(config, evidence, answer, **moments)
        return (folded, verdict) if isinstance(answer, Sample) else (replace(folded, verdict=Verdict.PASS), Verdict.PASS)

    patching.setattr(threshold, "fold", fold)


def answers_for_ever(patching: Patching) -> None:
    """Answers of an earlier trial are kept for the next one."""

    def attend(memory: Memory, attempt: int, _: object = None) -> None:
        memory.attempt = attempt

    patching.setattr(Memory, "attend", attend)


def hasty_step(patching: Patching) -> None:
    """A step is over as soon as its gates pass."""
    following = progress.next_step

    def next_step(turn: Turn, pending: Pending) -> Status | None:
        later = turn.now + timedelta(days=1)
        return following(replace(turn, now=later), pending)

    _swap(patching, following, next_step)


def answered_again(patching: Patching) -> None:
    """Whether a request has its answer already is not asked."""

    def answer(turn: Turn, pending: Pending) -> Status | None:
        given = turn.status.requests
        status = _ANSWER(replace(turn, status=turn.status.model_copy(update={"requests": ()})), pending)
        return status and status.model_copy(update={"requests": (*given, *status.requests)[-requests.ANSWERS :]})

    _swap(patching, _ANSWER, answer)


def request_by_value(patching: Patching) -> None:
    """Two requests of the same value are one."""
    read = reading._request

    def request(*arguments: Any) -> Any:
        found = read(*arguments)
        return replace(found, id=f"{found.key}={found.value}")

    patching.setattr(reading, "_request", request)


def _swap(patching: Patching, gone: checks.Check, instead: checks.Check) -> None:
    patching.setattr(deciding, "CHECKS", tuple((instead if c is gone else c, what) for c, what in checks.CHECKS))


def resumed_rejected(patching: Patching) -> None:
    """The wheel goes back to Kubernetes with the Deployment running, whatever its template."""
    back = workload_stages.wheel_back

    def wheel_back(turn: Turn, world: wanting.World) -> Any:
        given = back(turn, world)
        return [replace(e, resume=True) if isinstance(e, effects.GiveBack | effects.Unclaim) else e for e in given]

    wheel_back.__name__ = "wheel_back"
    for mode, stages in order.ORDER.items():
        patching.setitem(order.ORDER, mode, tuple(wheel_back if s is back else s for s in stages))


def held_for_sure(patching: Patching) -> None:
    """That changes are held is taken for granted."""
    probe = Gatherer._hold

    def hold(gatherer: Gatherer, *seen: Any) -> Any:
        found = probe(gatherer, *seen)
        return True if found is False else found

    patching.setattr(Gatherer, "_hold", hold)


def unseen_is_nothing(patching: Patching) -> None:
    """What could not be read counts as not there."""
    patching.setattr(Turn, "unseen", property(lambda _: None))
    patching.setattr(Turn, "unseen_pods", property(lambda _: None))


def answers(stage_: Stage, change: Callable[[list[effects.Effect]], list[effects.Effect]]) -> Remove:
    """Other effects in the place of those that a stage answers with."""

    def changed(turn: Turn, world: wanting.World) -> list[effects.Effect] | Wait:
        found = stage_(turn, world)
        return change(found) if isinstance(found, list) else found

    changed.__name__ = stage_.__name__

    def remove(patching: Patching) -> None:
        for mode, stages in order.ORDER.items():
            patching.setitem(order.ORDER, mode, tuple(changed if s is stage_ else s for s in stages))

    return remove


no_second_lever = answers(traffic_stages.weight_back, lambda found: [
    e for e in found if not isinstance(e, effects.EnsureCandidateService)])  # fmt: skip
"""The way back knows the route alone."""
restored_at_once = answers(traffic_stages.route_restored, lambda found: [effects.SetWeight(weight=None)] if found else [])
"""The route is given back in one write."""


def hasty_job(patching: Patching) -> None:
    """A Job that runs counts as one that has completed."""
    meaning = jobs._meaning
    patching.setattr(jobs, "_meaning", lambda asked, job: meaning(asked, replace(job, ended=job.ended or jobs.COMPLETE)))


def hasty_webhook(patching: Patching) -> None:
    """Whoever wants to be asked again has said pass."""
    judged = webhooks.judged

    def hasty(turn: Turn, gate: Any, known: Any) -> Any:
        found = judged(turn, gate, known)
        return found.model_copy(update={"verdict": Verdict.PASS}) if found.reason == "Waits" else found

    patching.setattr(webhooks, "judged", hasty)


def lenient_contract(patching: Patching) -> None:
    """What breaks counts as what is added."""
    meaning = contracts._meaning
    patching.setattr(contracts, "_meaning", lambda turn, gate, seen: meaning(turn, gate, replace(seen, breaking=(), breaks=0)))


def careless_inbox(patching: Patching) -> None:
    """Alerts count as taken when they are looked at."""
    of = Inbox.of

    def taken(inbox: Inbox, key: Any) -> Any:
        seen = of(inbox, key)
        inbox.take(key, seen)
        return seen

    patching.setattr(Inbox, "of", taken)
