"""The invariants S1 to S12, each under its name, held against the raw objects after every write, whoever made it.

Nothing of the product's own reading of the world is used here: an error in it must not hide itself.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from controller.api import names
from playground.apiserver.store import Event
from strategies.analysis.verdict import window_key
from strategies.spec.base import parse_duration
from tests.simulation import backends, changes, flagging, migrating, mirroring, rehearsing
from tests.simulation.look import Look, concerned, is_owned

if TYPE_CHECKING:
    from tests.simulation.process import Process
    from tests.simulation.world import World, Write

Object = dict[str, Any]
SECRET = "s3cret-token-of-the-source"
TEMPLATED: Object = {"query": 'errors{hash="$candidate"}', "max": 0.05, "interval": "2s", "failures": 2}
"""What the stories' template asks."""
_SEEN = 1.0
"""Seconds until a new Service is pinned."""
_STAGES = {"Preview": "before-traffic", "Shadow": "step", "Traffic": "step", "Batch": "step", "Bake": "bake"}


class Broken(AssertionError):
    """An invariant does not hold; the message begins with its name."""


class Invariants:
    """Looks at every change of the story's namespace. `checks` counts them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.checks, self.last_write, self._returning = 0, 0.0, False
        self._migrations = migrating.Migrations()
        self.misled = False
        """Somebody has edited the status by hand: what is held against it proves nothing."""
        self.began = ""
        """The type of strategy that the spec had when the last trial began."""
        self._made: dict[str, float] = {}
        """When each Service was made: it may find any pod until we have seen it."""
        self._objects: dict[str, dict[str, Object]] = defaultdict(dict)
        self._answers: dict[str, dict[datetime, float]] = defaultdict(dict)
        self._completed: dict[str, str] = {}
        self._generation: dict[str, int] = {}
        self._failed_at: float | None = None
        self._reached: set[str] = set()
        self._left: dict[str, float] = {}

    # --- what is told

    def before_call(self, process: Process, method: str, path: str, query: str) -> None:
        """S11: no write outside of the Release's namespace, no Secret but in the controller's own."""
        _ = query
        inside = "/namespaces/shop/" in path or "/namespaces/crowd-" in path or "/namespaces/release-coordinator/leases" in path
        assert method == "GET" or inside, f"S11: {process.name} writes {path}"
        assert "/secrets" not in path or "/namespaces/release-coordinator/" in path, f"S11: {process.name} reads {path}"

    def answered(self, _process: Process, promql: str, value: float, at: datetime) -> None:
        """A finite answer that a process has got."""
        if math.isfinite(value):
            self._answers[promql][at] = value

    def after_write(self, event: Event, writer: Process | None) -> None:
        """Everything that must hold now."""
        now, before = event.now.obj, event.before.obj if event.before else None
        kind, metadata = now["kind"], now["metadata"]
        if metadata.get("namespace") != "shop":
            return
        self.checks += 1
        if event.kind == "DELETED":
            self._objects[kind].pop(metadata["name"], None)
        else:
            self._objects[kind][metadata["name"]] = now
        if kind == "Job" and any(c["type"] == "Complete" for c in (now.get("status") or {}).get("conditions") or []):
            self._completed[metadata["uid"]] = metadata["labels"].get(names.STEP, "")
        if writer is not None:
            self.last_write = self._world.loop.now()
            if change := changes.describe(event.kind, before, now, self._image):
                self._world.writes[-1].changes.append(change)
                self._world.note(f"{writer.name} {change}")
            assert concerned(before or now), f"S5: {writer.name} has written {kind} {metadata['name']} of somebody else"
        if self.misled:
            return
        look = Look(self._world, self._objects)
        self._follow_users(look)
        {"ReplicaSet": self._set, "Release": self._release, "HTTPRoute": self._route, "Service": self._service, "ConfigMap":
         flagging.written, "Job": self._migrations.written}.get(kind, lambda *_: None)(
            look, event.kind, before, now, writer)  # fmt: skip
        self._always(look)

    def at_rest(self, written: list[Write]) -> None:
        """S9, and that nothing of a release is left."""
        assert not written, f"S9: a world at rest was written to: {written[0].call} {written[0].changes}"
        look = Look(self._world, self._objects)
        if not look.release or not look.deployment or look.status.get("phase") in ("Blocked", "Paused", "AwaitingApproval"):
            return
        assert names.DRIVEN not in look.labels, "L1: at rest, and the wheel is not given back"
        assert not look.pinned, f"L1: at rest, and {look.pinned} are pinned"
        assert "shop-candidate" not in self._objects["Service"], "L1: at rest, and the candidate's Service is there"
        assert look.share(look.route) is None, "L1: at rest, and the route is split"
        assert not (look.route and mirroring.mirror(look.route)), "L1: at rest, and the route mirrors"
        assert not self._objects["Job"], f"L1: at rest, and Jobs are left: {list(self._objects['Job'])}"
        active = [s["metadata"]["name"] for s in look.active]
        stable = (look.status.get("stable") or {}).get("replicaSet")
        assert active == ([stable] if look.replicas else []), f"L1: at rest, {active} run, and {stable} is stable"
        assert SECRET not in json.dumps([look.release, *self._world.admin.list("events.events.k8s.io", "shop")]), "S11: a secret"

    # --- by what has changed

    def _set(self, look: Look, kind: str, before: Object | None, now: Object, writer: Process | None) -> None:
        name, stable, trial = now["metadata"]["name"], look.status.get("stable") or {}, look.trial
        old, new = (before or {}).get("spec", {}).get("replicas", 0), now["spec"]["replicas"]
        protected = look.known and look.replicas and trial and trial["kind"] != "Unprotected"
        if protected and name == stable.get("replicaSet"):
            assert kind != "DELETED", "S1: stable's ReplicaSet is gone"
            if new < old:
                self._s1_shrunk(look, new)
        if writer is None or look.deployment is None or not is_owned(now, look.deployment):
            return
        if kind == "ADDED":
            self._migrations.candidate(look, now)
        if kind == "MODIFIED" and new != old:
            flagging.first(look, f"{name} was scaled")
            mirroring.first(look, f"{name} was scaled")
            driven = names.DRIVEN in look.labels and look.deployment["spec"].get("paused")
            assert driven and look.recreate, f"S5: {name} was scaled without the wheel"
            if new < old and name in look.leaving:
                self._s2_leaving(look, name)
        if trial and trial.get("outcome") and name == trial["candidate"]["replicaSet"]:
            assert new <= old, "S4: a failed candidate got pods"
        if kind == "ADDED":
            versions = [r.get("version") for r in look.status.get("rejected") or []]
            assert changes.tag(now) not in versions or not trial or trial["candidate"].get("version") == changes.tag(now), (
                "S4: a rejected template got a ReplicaSet")  # fmt: skip
            assert new == 0, "S5: a ReplicaSet was made with pods"

    def _s1_shrunk(self, look: Look, new: int) -> None:
        trial = look.trial or {}
        if not look.exchange:
            assert new >= look.replicas, f"S1: stable was shrunk to {new} of {look.replicas} before the bake has passed"
            return
        candidate = self._objects["ReplicaSet"].get(trial["candidate"]["replicaSet"], {})
        available = (candidate.get("status") or {}).get("availableReplicas", 0)
        assert new >= 1, "S1: a batch took the last pod of stable"
        assert new + available >= look.replicas - look.unavailable, f"S1: a batch left {new} + {available} of {look.replicas}"

    def _follow_users(self, look: Look) -> None:
        """Which ReplicaSets users reach, and since when they do not reach the others any more."""
        reached = {s["metadata"]["name"] for s in self._objects["ReplicaSet"].values() if look.reached(s)}
        self._left |= dict.fromkeys(self._reached - reached, self._world.loop.now())
        self._reached = reached

    def _s2_leaving(self, look: Look, name: str) -> None:
        """Pods of a revision that goes are taken away only once users have gone, and their connections with them."""
        status = self._objects["ReplicaSet"][name].get("status") or {}
        if look.in_batches or not status.get("readyReplicas") or not look.replicas:
            return
        assert name not in self._reached, f"S2: {name} is shrunk while users are sent to it"
        drain = parse_duration(((look.release or {})["spec"].get("traffic") or {}).get("drain", "0s")).total_seconds()
        gone = self._world.loop.now() - self._left.get(name, 0.0)
        assert self._skewed or gone >= drain - 0.001, f"S2: {name} is shrunk {gone:.3f} s after its last user"

    @property
    def _skewed(self) -> bool:
        return any(p.skew or p._pace != 1.0 for p in self._world.processes)

    def not_reached(self) -> None:
        """L2: users are not sent to a revision that is being taken back, whatever lever does not work."""
        look = Look(self._world, self._objects)
        trial = look.trial or {}
        spent = self._world.loop.now() - datetime.fromisoformat(look.status["since"]).timestamp() if trial.get("outcome") else 0.0
        name = trial["candidate"]["replicaSet"] if spent > 5.0 else ""
        assert name not in self._reached, f"L2: the route cannot be written, and users are still sent to {name}"

    def not_on_trial(self) -> None:
        """S5: a trial needs the hold."""
        trial = Look(self._world, self._objects).trial
        assert not trial or trial.get("outcome"), "S5: no policy holds changes, and a trial goes on"

    def _service(self, look: Look, _kind: str, before: Object | None, now: Object, writer: Process | None) -> None:
        """S1: all users at once only for a revision that can carry them; with a fault, pods may go unseen at any time."""
        old, new = ((o["spec"].get("selector") or {}).get(names.HASH) if o else None for o in (before, now))
        trial = look.trial
        if before is None:
            self._made[now["metadata"]["name"]] = self._world.loop.now()
        if writer is None or old == new or not trial or trial.get("outcome") or self._world.faults:
            return
        found = self._objects["ReplicaSet"].get(trial["candidate"]["replicaSet"])
        if before is not None and new == trial["candidate"]["hash"] and found:
            there = (found.get("status") or {}).get("availableReplicas", 0)
            assert there >= look.replicas, f"S1: all users are sent to {there} of {look.replicas} pods"

    def _release(self, look: Look, kind: str, before: Object | None, now: Object, _writer: Process | None) -> None:
        old, new = (before or {}).get("status") or {}, now.get("status") or {}
        if kind == "DELETED" or not new or new == old:
            return
        uid = now["metadata"]["uid"]
        assert new.get("observedGeneration", 0) >= self._generation.get(uid, 0), "S8: observedGeneration fell"
        self._generation[uid] = new.get("observedGeneration", 0)
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in new.get("conditions") or [])
        settled = new["phase"] == "Healthy" and not (new.get("trial") or new.get("retiring") or new.get("wheel"))
        assert not ready or settled, f"S8: Ready in {new['phase']}"
        for gate in (new.get("trial") or {}).get("gates") or []:
            answered = gate.get("key") in self._completed or gate.get("key") in self._world.judge.passed
            known = answered or gate.get("name") == "pods" or isinstance(gate.get("value"), float | int)
            assert gate["verdict"] != "Pass" or known, f"S12: gate {gate['name']} passed on nothing"
            answers = new.get("requests") != old.get("requests")
            undone = new["trial"].get("outcome") or gate["verdict"] != "Fail"
            assert undone or answers, f"S4: gate {gate['name']} has failed, and the trial goes on"
        was, is_ = old.get("trial") or {}, new.get("trial") or {}
        if is_ and is_["attempt"] != was.get("attempt"):
            asked = (now["spec"].get("strategy") or {}).get("type", "Canary")
            self.began = is_.get("strategy", "") if asked == "Auto" else asked
        if is_ and not is_.get("outcome") and (is_["attempt"], is_["kind"]) == (was.get("attempt"), was.get("kind")):
            self._s2_step(look, was, is_)
        if is_ and is_["attempt"] != was.get("attempt") and is_["kind"] == "Release":
            again = is_["candidate"].get("version") in [r.get("version") for r in new.get("rejected") or []]
            assert not again, f"S4: rejected {is_['candidate'].get('version')} is on trial again"
        self._s3_gate(look, old, new, now["spec"])
        self._s10_once(old, new)
        if new.get("phase") != old.get("phase") or new.get("reason") != old.get("reason"):
            self._world.note(f"phase {new['phase']}/{new['reason']}")

    def _s2_step(self, look: Look, was: Object, is_: Object) -> None:
        """Another weight comes with an advance; or the steps were changed, and it is none that is higher."""
        old, new = was["step"], is_["step"]
        advanced = len(is_.get("passed") or []) > len(was.get("passed") or [])
        rose = new["weight"] > old["weight"] and (look.routed or was.get("steps") != is_.get("steps"))
        assert advanced or not rose or new["index"] == 0, f"S2: the step's weight rose to {new['weight']} without an advance"
        self._returning |= new["name"] in rehearsing.UNUSED and new["name"] != old["name"]
        rehearsing.left(look, was, is_, returning=self._returning)

    def _s3_counted(self, gate: Object, step: Object, since: datetime) -> None:
        """Of a gate that compares: as many windows as it needs were begun and read after the step's start."""
        counting = gate.get("ratio") or gate["latency"]
        if step["name"] == "Bake" and "max" not in counting:
            return
        least = parse_duration(counting["interval"]) * counting["windows"] + parse_duration(counting["delay"])
        read = [at for _, at in self._world.asked if at - least >= since]
        assert read, f"S3: step {step['index']} was left, and gate {gate['name']} had no windows of it"

    def _s3_gate(self, look: Look, old: Object, new: Object, spec: Object) -> None:
        """No step is left without a Pass of every gate asked in it, from evidence newer than its start, nor before its time."""
        was, is_ = old.get("trial"), new.get("trial")
        if not was or was.get("outcome"):
            return
        completed = not is_ and new.get("retiring") and not old.get("retiring")
        stepped = (
            is_
            and (is_["attempt"], is_["kind"]) == (was["attempt"], was["kind"])
            and is_["step"]["index"] > was["step"]["index"]
            and was.get("steps") == is_.get("steps")
        )
        promoted = [
            a for a in new.get("requests") or [] if a not in (old.get("requests") or []) and a["key"] == "promote" and a["done"]
        ]
        if not (completed or stepped) or promoted:
            return
        step = was["step"]
        gates = [g for g in spec.get("gates") or [] if _STAGES.get(step["name"]) in g.get("at", ["step", "bake"])]
        shortest = look.duration(step)
        if was["kind"] != "Release" or not (gates or shortest):
            return
        assert step.get("since"), f"S3: step {step['index']} was left before the cluster had it"
        since = datetime.fromisoformat(step["since"])
        spent = self._world.loop.now() - since.timestamp()
        if spent < 0:  # Begun after a rest, in which a clock that had been set forward was taken over.
            spent += self._world.processes[-1].skew
        # A clock that is set moves nothing in the process that runs; one that starts or takes over with it knows no better.
        several = len(self._world.processes) > 1
        skewed = any((p.skew and several) or p._pace != 1.0 for p in self._world.processes)
        assert skewed or spent >= shortest.total_seconds() - 0.001, f"S3: step {step['index']} lasted {spent:.3f} s"
        for gate in gates:
            if "job" in gate:
                made_for = f"{was['candidate']['hash']}-{step['index']}"
                assert made_for in self._completed.values(), f"S3: step {step['index']} was left, and its Job had not completed"
                continue
            if "webhook" in gate or "contract" in gate:
                asked_of, passed = (was["candidate"]["hash"], step["index"]), self._world.judge.passed.values()
                assert asked_of in passed, f"S3: step {step['index']} was left, and nobody had said pass"
                continue
            if "threshold" not in gate and "template" not in gate:
                self._s3_counted(gate, step, since)
                continue
            limit, hash_ = gate.get("threshold", TEMPLATED), f'"{was["candidate"]["hash"]}"'
            named = limit["query"].partition("{")[0]
            asked = [samples for promql, samples in self._answers.items() if hash_ in promql and promql.startswith(named)]
            good = [at for samples in asked for at, v in samples.items() if at > since and v <= limit["max"]]
            assert good, f"S3: step {step['index']} was left, and gate {gate['name']} had not passed in it"

    def _s10_once(self, old: Object, new: Object) -> None:
        was, is_ = old.get("trial"), new.get("trial")
        if not was or not is_ or was["attempt"] != is_["attempt"] or was["step"]["index"] != is_["step"]["index"]:
            return
        before = {g["name"]: g for g in was.get("gates") or []}
        for gate in is_.get("gates") or []:
            last = before.get(gate["name"], {})
            if gate.get("question") != last.get("question"):
                continue  # Another question has windows of its own.
            key, last_key = gate.get("key", ""), last.get("key", "")
            assert key >= last_key, f"S10: gate {gate['name']} went back from window {last_key} to {key}"
            asked = {at for samples in self._answers.values() for at in samples}
            windows = sum(last_key < window_key(at) <= key for at in asked)
            counted = gate.get("failures", 0) - last.get("failures", 0)
            assert counted <= windows, f"S10: gate {gate['name']} counted {counted} failures in {windows} windows"

    def _route(self, look: Look, _kind: str, before: Object | None, now: Object, writer: Process | None) -> None:
        if writer is None or before is None:
            return
        mirroring.written(look, before, now)
        backends.written(look, before, now)
        old, new, trial = look.share(before) or 0, look.share(now) or 0, look.trial
        if new < old:
            flagging.first(look, "users were moved")
        if new > old:
            assert trial and not trial.get("outcome"), f"S4: the candidate's weight rose to {new} although nothing goes forward"
            assert new <= trial["step"]["weight"], f"S2: weight {new} is above step {trial['step']['weight']}"
            assert look.ready("shop-candidate").get(trial["candidate"]["replicaSet"]), f"S2: weight {new} for no ready endpoint"
        whole = look.weights(now)
        assert look.share(now) is None or sum(whole) == 100, f"S2: the weights are {whole}"

    # --- whatever has changed

    def _always(self, look: Look) -> None:
        trial, deployment = look.trial, look.deployment
        if (
            deployment is None
            or look.release is None
            or look.labels.get(names.RELEASE) != "shop"
            or not look.status.get("stable")
        ):
            return
        if look.status.get("workloadUid") not in (None, deployment["metadata"]["uid"]):
            return
        paused, driven = bool(deployment["spec"].get("paused")), names.DRIVEN in look.labels
        assert paused or not driven, "S5: driven and unpaused"
        assert not (look.recreate and not paused), "S5: Recreate and unpaused"
        if len(look.active) > 1 and paused:
            assert driven, f"S5: {[s['metadata']['name'] for s in look.active]} are active, and nobody drives"
            saturated = [s for s in look.active if names.DESIRED_REPLICAS in (s["metadata"].get("annotations") or {})]
            marked = [s["metadata"]["name"] for s in saturated if changes.tag(s) == changes.tag(deployment)]
            assert not marked, f"S5: {marked} carries desired-replicas"
        assert not look.pinned or paused, f"S5: {look.pinned} are pinned, and nothing is held"
        if names.HELD in look.labels:
            stray = [s["metadata"]["name"] for s in look.active if s["metadata"]["name"] not in look.named]
            assert not stray, f"S5: {stray} run, and no commit names them"
        self._s2_endpoints(look)
        self._l2_back(look)
        protects = trial and trial["kind"] != "Unprotected" and not trial.get("outcome")
        made = self._objects["ReplicaSet"].get((trial or {}).get("candidate", {}).get("replicaSet", ""), {})
        if trial and protects and made.get("metadata", {}).get("ownerReferences"):
            stable = look.status["stable"]
            found = self._objects["ReplicaSet"].get(stable["replicaSet"])
            assert found and "deletionTimestamp" not in found["metadata"], "S6: stable's ReplicaSet is gone"
            kept = [c["metadata"]["labels"].get(names.HASH) for c in self._objects["ControllerRevision"].values()]
            assert stable["hash"] in kept, "S6: stable's template is not kept"

    def _l2_back(self, look: Look) -> None:
        """A failed revision loses its traffic within a minute, faults aside: by the route, or by the Service behind its share."""
        trial, now = look.trial, self._world.loop.now()
        hash_ = trial["candidate"]["hash"] if trial and trial.get("outcome") else None
        behind = self._objects["Service"].get("shop-candidate", {}).get("spec", {}).get("selector", {}).get(names.HASH)
        if not hash_ or not look.share(look.route) or behind != hash_:
            self._failed_at = None
            return
        self._failed_at = self._failed_at or now
        assert now - self._failed_at < 60.0 + self._world.trouble, "L2: a failed revision still has traffic"

    def _s2_endpoints(self, look: Look) -> None:
        """No Service has ready endpoints of the candidate before its step says so."""
        trial = look.trial
        if not trial or trial.get("outcome") or trial["kind"] in ("Unprotected", "Restart") or look.exchange:
            return
        if not look.routed and trial["step"]["name"] not in rehearsing.UNUSED:
            return
        name, now = trial["candidate"]["replicaSet"], self._world.loop.now()
        free = {"shop-candidate", *look.ignored, *(s for s, made in self._made.items() if now - made < _SEEN)}
        counts = {s: look.ready(s).get(name, 0) for s in self._objects["Service"] if s not in free}
        found = [f"Service {service} has {count} endpoints" for service, count in counts.items() if count]
        self._returning = self._returning and bool(found) and trial["step"]["name"] in rehearsing.UNUSED
        assert not found or self._returning, f"S2: {found[0]} of the candidate"

    def _image(self, name: str) -> str:
        """The tag of a ReplicaSet or of a hash, so that names do not matter."""
        for found in self._objects["ReplicaSet"].values():
            if name in (found["metadata"]["name"], found["metadata"]["labels"].get(names.HASH)):
                return changes.tag(found)
        return "?"
