"""A model world: one Deployment, one Release, and the turns between them, in virtual time and without I/O.

`run` does what the shell does: decide, commit, perform. Each effect is applied as the API would, with the same tests, and
after every write, ours or Kubernetes', the invariants are looked at. Nothing of the product may be copied into it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from controller.reconcile import commit
from strategies.analysis.pods import PodHealth
from strategies.analysis.verdict import Unknown
from strategies.rollout.decide import Decision, decide
from strategies.rollout.phases import allowed
from strategies.spec.phase import Phase
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Status
from strategies.world import effects as e
from strategies.world.observation import CandidateService, Glass, Kept, Observation, ReplicaSet, Request, Route, Service, Workload
from tests.rollout import invariants
from tests.rollout.objects import Deployment, Kubernetes, Refused, Selecting, Set, Splitting, sample, view

NAME = "shop"
Until = Callable[["World"], bool]


class NeverAtRest(Exception):
    """The world did not come to what was waited for."""


def make_spec(**parts: Any) -> ReleaseSpec:
    """A spec of these parts, in the words of the resource."""
    return ReleaseSpec.model_validate({"workloadRef": {"name": NAME}, **parts})


@dataclass(kw_only=True)
class World(Kubernetes):
    """The whole world. `failing` names effects that the API refuses, `answers` what each gate's query gives.

    The controller dies once there were `crash_after` writes, with `crash_again` after each one from then on.
    """

    status: Status = field(default_factory=Status)
    spec_error: str | None = None
    deleting: bool = False
    finalizer: bool = False
    gone: bool = False
    hold: bool = True
    autoscaled: bool = False
    unknown: dict[str, Unknown] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    answers: dict[str, float | None] = field(default_factory=dict)
    gate_problems: dict[str, str] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    writes: list[e.Effect | str] = field(default_factory=list)
    moves: list[tuple[Phase, Phase]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    asking: tuple[str, ...] = ()
    wake_at: datetime | None = None
    pins_since: datetime | None = None
    crash_after: int | None = None
    crash_again: bool = False
    asked: int = 0

    # --- looking

    def observe(self) -> Observation:
        """What the gatherer would see; parts of it may be Unknown."""
        return replace(self.look(), **self.unknown)

    def look(self) -> Observation:
        """What is there."""
        seen: dict[str, Any] = {
            "workload": self._workload(), "replica_sets": tuple(self._replica_set(s) for s in self.sets.values()),
            "services": tuple(Service(name=n, pin=s.pin, endpoints=dict(s.endpoints), foreign=s.foreign)
                              for n, s in self.services.items()),
            "candidate_service": self._candidate_service(), "route": self._route(), "pods": self._pods(),
            "kept": tuple(self.kept), "change": self.change(self.status.stable), "hold": self._hold(), "jobs": self.seen_jobs(),
            "flags": {each.place: self.flag(each.place) for each in (*self.spec.flags, *self.status.flags)},
        }  # fmt: skip
        return Observation(
            name=NAME, namespace="prod", uid="release-1", generation=1, deleting=self.deleting, finalizer=self.finalizer,
            spec_error=self.spec_error, gate_problems=self.gate_problems, requests=tuple(self.requests),
            samples={n: (sample(v, self.now),) for n, v in self.answers.items() if n in self.asking},
            autoscaled=self.autoscaled, failing=dict.fromkeys(sorted(self.failing), "the API refuses it"),
            pins_since=self.pins_since, **seen,
        )  # fmt: skip

    def _hold(self) -> bool | Unknown:
        if self.deployment is None or self.deployment.claimed_by is None:
            return Unknown(reason="NotClaimed", message="the Deployment is being labelled")
        return self.hold

    def _workload(self) -> Workload | None:
        d = self.deployment
        if d is None:
            return None
        sets = list(self.sets.values())
        ready = sum(self.ready(s) for s in sets)
        return Workload(
            name=NAME, uid=d.uid, generation=d.generation, observed_generation=d.observed, replicas=d.replicas,
            template=view(d.template), paused=d.paused, strategy=d.strategy, recreate="Recreate" in d.strategy,
            max_surge=d.surge, max_unavailable=d.unavailable, history_limit=d.history, held=d.held, driven=d.driven,
            claimed_by=d.claimed_by, changed_by=d.changed_by, glass=d.glass, ready=ready, available=ready,
            updated=sum(len(s.births) for s in sets if s.template == d.template),
            pods=sum(len(s.births) for s in sets), failure_shown=d.failure_shown,
        )  # fmt: skip

    def _replica_set(self, s: Set) -> ReplicaSet:
        return ReplicaSet(
            name=s.name, uid=s.uid, hash=s.hash, template=view(s.template), created=s.created, replicas=s.replicas,
            pods=len(s.births), ready=self.ready(s), available=self.ready(s), current=s.seen == s.replicas,
            ours="-" in s.hash, saturation_mark=s.mark, deleting=s.deleting,
        )  # fmt: skip

    def _candidate_service(self) -> CandidateService | None:
        found = self.candidate_service
        if found is None:
            return None
        pods = dict(found.endpoints)
        return CandidateService(name="shop-candidate", of="shop", ours=not found.foreign, selects=found.pin, endpoints=pods)

    def _route(self) -> Route | None:
        r = self.route
        if r is None:
            return None
        return Route(service=None if r.problem else "shop", weight=r.weight or 0, as_owned=r.weight is None and not r.mirror,
                     accepted=r.accepted, since=r.since, problem=r.problem, even=r.even, mirror=r.mirror,
                     splits=r.splits, unmirrored=r.unmirrored, unsafe=r.unsafe)  # fmt: skip

    def _pods(self) -> tuple[PodHealth, ...]:
        trial = self.status.trial
        found = self.sets.get(trial.candidate.replica_set) if trial else None
        births = found.births if found else []
        return tuple(PodHealth(name=f"pod-{i}", ready=False, phase="Pending", created=b) for i, b in enumerate(births))

    # --- the turns

    def turn(self) -> bool:
        """One turn of ours and one of Kubernetes'; whether anything came of it."""
        before = self.observe()
        decision = decide(None if self.spec_error else self.spec, before, self.status, self.now)
        self._commit(decision)
        crashed = self._crashes()
        for effect in decision.effects:
            if not crashed and effect.kind() not in self.failing:
                crashed = self.write(effect)
        self.asking, self.wake_at = decision.asking, decision.wake_at
        self.kubernetes()
        return bool(decision.moved or self.observe() != before)

    def turn_blind(self) -> None:
        """A turn and some seconds, whatever comes of it."""
        self.turn()
        self.now += timedelta(seconds=7)

    def _commit(self, decision: Decision) -> None:
        old, new = self.status, decision.status
        if new == old:
            return
        read = Status.model_validate(commit.dump(new))
        assert read == new, "a status must come back from the API as it was written"
        if commit.decided(old) == commit.decided(new):
            self.status = new
            return
        assert allowed(old.phase, new.phase, new.reason), f"{old.phase} -> {new.phase} ({new.reason}) is not in the table"
        invariants.gate(self, old, new)
        self.moves.append((old.phase, new.phase))
        self.messages.append(f"{new.phase}/{new.reason}: {new.message}")
        self.status = read.model_copy(update={"turn": old.turn + 1})
        self.writes.append(f"commit {new.phase}")

    def write(self, effect: e.Effect) -> bool:
        """Carry out an effect, look at the invariants, and say whether the controller has died of it."""
        before = self.look()
        try:
            getattr(self, f"_do_{type(effect).__name__}")(effect)
        except Refused as refusal:
            self.refused.append(f"{effect}: {refusal}")
            return False
        self.writes.append(effect)
        invariants.after_write(self, before, effect)
        return self._crashes()

    def _crashes(self) -> bool:
        if self.crash_after is None or len(self.writes) < self.crash_after:
            return False
        self.crash_after = len(self.writes) + 1 if self.crash_again else None
        if self.pins_since is not None:
            self.pins_since = self.now
        if self.route is not None:
            self.route.since = self.now
        return True

    def kubernetes(self) -> None:
        """Kubernetes' controllers run, and what they did is looked at, too."""
        before = self.look()
        self.act()
        invariants.after_kubernetes(self, before)

    def run(self, until: Until | None = None, *, most: int = 600, at_rest: bool = False) -> "World":
        """Turns and time until this is so; without it, or `at_rest`, until nothing more happens."""
        for _ in range(most):
            if until is not None and until(self):
                return self
            if not self.turn() and not self._pass_time():
                if until is None or at_rest or until(self):
                    return self
                raise NeverAtRest(f"nothing more happens in {self.status.phase}: {self.status.message}")
        raise NeverAtRest(f"{most} turns, and still {self.status.phase}/{self.status.reason}: {self.status.message}")

    def _pass_time(self) -> bool:
        again = self.now + timedelta(seconds=1) if self.asking else None
        moments = [m for m in (self.wake_at, self.next_ready(), again, *self.ending()) if m is not None and m > self.now]
        if not moments:
            return False
        self.now = min(moments)
        self.kubernetes()
        return True

    # --- what people do

    def apply(self, template: str) -> None:
        """Somebody writes a template; the policy holds it."""
        d = self._there()
        self._template(d, template)
        if d.held:
            d.changed_by = "anna"

    def _template(self, d: Deployment, template: str) -> None:
        if template == d.template:
            return
        d.template, d.generation = template, d.generation + 1
        if d.claimed_by is not None and self.hold:
            d.paused = d.held = True

    def scale(self, replicas: int) -> None:
        """Somebody, or an autoscaler, writes spec.replicas."""
        d = self._there()
        d.replicas, d.generation = replicas, d.generation + 1

    def ask(self, key: str, value: str = "true") -> str:
        """A request; the world runs until it is answered, and the answer comes back."""
        self.asked += 1
        id_ = f"{key}/{self.asked}"
        self.requests.append(Request(id=id_, key=key, value=value, author="anna"))
        self.run(lambda w: any(a.id == id_ for a in w.status.requests))
        return next(a.message for a in self.status.requests if a.id == id_)

    def recreate(self) -> None:
        """The Deployment is deleted and made anew in a moment; its pods start again."""
        old = self._there()
        self.sets.clear()
        self.deployment = Deployment(uid=f"{old.uid}1", replicas=old.replicas, template=old.template)
        self.act()

    def break_glass(self, author: str = "bob", reason: str = "the controller is down.") -> None:
        """A member of the group takes our label off, and says why; the policy takes the marks off in the same request."""
        d = self._there()
        d.glass = Glass(author=author, reason=reason) if reason else None
        d.claimed_by, d.changed_by, d.held, d.driven, d.generation = None, None, False, False, d.generation + 1

    def _there(self) -> Deployment:
        if self.deployment is None:
            raise Refused("the Deployment is gone")
        return self.deployment

    def _set(self, name: str, uid: str) -> Set:
        found = self.sets.get(name)
        if found is None or found.uid != uid:
            raise Refused(f"ReplicaSet {name} is gone or another one")
        return found

    # --- effects, as the API carries them out

    def _do_Claim(self, _: e.Claim) -> None:
        if self._there().claimed_by not in (None, NAME):
            raise Refused("somebody else's")
        self._there().claimed_by = NAME

    def _do_Unclaim(self, effect: e.Unclaim) -> None:
        d = self._there()
        d.driven, d.strategy = False, effect.strategy or d.strategy
        d.paused = d.paused and not (d.held and effect.resume)
        d.claimed_by, d.changed_by, d.held, d.generation = None, None, False, d.generation + 1

    def _do_AddFinalizer(self, _: e.AddFinalizer) -> None:
        self.finalizer = True

    def _do_RemoveFinalizer(self, _: e.RemoveFinalizer) -> None:
        self.finalizer, self.gone = False, self.deleting

    def _do_TakeWheel(self, effect: e.TakeWheel) -> None:
        d = self._there()
        if not d.paused:
            raise Refused("not paused")
        assert effect.strategy == d.strategy
        d.driven, d.generation = True, d.generation + 1

    def _do_GiveBack(self, effect: e.GiveBack) -> None:
        d = self._there()
        if d.generation != effect.generation:
            raise Refused("generation")
        d.driven, d.strategy, d.generation = False, effect.strategy or d.strategy, d.generation + 1
        if effect.resume:
            d.paused, d.held, d.changed_by = False, False, None

    def _do_Unmark(self, effect: e.Unmark) -> None:
        self._set(effect.replica_set, effect.uid).mark = False

    def _do_CreateReplicaSet(self, effect: e.CreateReplicaSet) -> None:
        d = self._there()
        if d.generation != effect.generation:
            raise Refused("generation")
        if effect.name not in self.sets:
            self.new_set(effect.name, effect.hash, d.template)

    def _do_DeleteReplicaSet(self, effect: e.DeleteReplicaSet) -> None:
        found = self._set(effect.name, effect.uid)
        if "-" not in found.hash and found.replicas:
            raise Refused("has pods again")
        found.deleting = True

    def _do_Scale(self, effect: e.Scale) -> None:
        found = self._set(effect.replica_set, effect.uid)
        if found.replicas != effect.old:
            raise Refused("replicas")
        found.replicas, found.seen = effect.new, -1

    def _do_SetReplicas(self, effect: e.SetReplicas) -> None:
        self.scale(effect.replicas)

    def _do_Pin(self, effect: e.Pin) -> None:
        if self.services[effect.service].pin != effect.old:
            raise Refused("selector")
        self.services[effect.service].pin, self.pins_since = effect.new, self.now

    def _do_EnsureCandidateService(self, effect: e.EnsureCandidateService) -> None:
        self.candidate_service = self.candidate_service or Selecting()
        self.candidate_service.pin = effect.hash

    def _do_RemoveCandidateService(self, _: e.RemoveCandidateService) -> None:
        self.candidate_service = None

    def _do_SetWeight(self, effect: e.SetWeight) -> None:
        if self.route is None or self.status.wheel is None or self.status.wheel.route is None:
            raise Refused("no route is named")
        assert self.route.splits or effect.weight in (None, 0, 100), "a share that this route cannot give"
        weight = effect.weight or None if effect.mirror else effect.weight
        self.route = replace(self.route, weight=weight, mirror=effect.mirror, accepted=False, since=self.now, even=True)

    def _do_ShowRejection(self, _: e.ShowRejection) -> None:
        self._there().failure_shown = True

    def _do_ClearRejection(self, _: e.ClearRejection) -> None:
        self._there().failure_shown = False

    def _do_WriteTemplate(self, effect: e.WriteTemplate) -> None:
        d = self._there()
        if d.generation != effect.generation:
            raise Refused("generation")
        found = next(k for k in self.kept if k.name == effect.kept)
        self._template(d, found.digest.removeprefix("digest of "))

    def _do_Keep(self, effect: e.Keep) -> None:
        found = self.sets[effect.replica_set]
        self.kept.append(Kept(name=f"shop-{effect.hash}", hash=effect.hash, version=effect.version,
                              digest=view(found.template).digest))  # fmt: skip

    def _do_Forget(self, effect: e.Forget) -> None:
        self.kept = [k for k in self.kept if k.name != effect.kept]

    def _do_RemoveRequest(self, effect: e.RemoveRequest) -> None:
        self.requests = [r for r in self.requests if (r.key, r.value) != (effect.key, effect.value)]


def healthy(spec: ReleaseSpec | None = None, *, replicas: int = 4, **changed: Any) -> World:
    """A world at rest: the Release has adopted template v1."""
    spec = spec or make_spec()
    world = World(deployment=Deployment(replicas=replicas), spec=spec, **changed)
    if spec.traffic.http_route is not None and world.route is None:
        world.route = Splitting()
    world.act()
    world.run(lambda w: w.status.phase is Phase.HEALTHY and w.observe() == w.observe())
    return world.run()
