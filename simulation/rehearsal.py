"""One release by its own manifests, from the revision that is there to a new one, in virtual time.

What gates would measure is not known: they answer well, or badly from a step on. Everything else happens as the product decides
it and as the playground's Kubernetes carries it out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from playground.apiserver.store import Event
from playground.cluster import Cluster
from playground.loop import Loop
from simulation import process
from simulation.scene import GROUP, CannotRehearse, build, chosen, namespace_of
from simulation.wire import Wire
from strategies.analysis.series import Series
from strategies.analysis.verdict import Sample, Unknown, window_key
from strategies.world.observation import Told

Object = dict[str, Any]
_RELEASES, _DEPLOYMENTS, _SETS = f"releases.{GROUP}", "deployments.apps", "replicasets.apps"
_FOLLOWED = (_RELEASES, _SETS, "services", "httproutes.gateway.networking.k8s.io")
_CHANGED = "release-coordinator-simulated"
_SETTLES, _PATIENCE, _LONGEST, _MOST_STEPS = 900.0, 900.0, 30 * 86_400.0, 2_000_000
"""Seconds for the old revision to be up and for what is in the way to go; seconds and tasks for a release."""
_IN_THE_WAY = frozenset({"Blocked", "Invalid", "WorkloadMissing", "Waiting", "Initializing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What came about at a moment: `at` in seconds since the change, `weight` and `mirror` in percent, pods as wanted."""

    at: float
    phase: str
    reason: str
    step: str
    weight: int
    mirror: int
    stable_pods: int
    candidate_pods: int


@dataclass(kw_only=True)
class Course:
    """How a rehearsal went. Moments are in seconds since the change of the template; None: it did not come to that.

    `steps`: those that the cluster had, by number. `bad_at`: a gate, or a person where there is none, sees harm; `users_back_at`:
    the first write to route or Services that takes users back to stable.
    """

    fails_at: int | None
    steps: dict[int, str] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    approvals: int = 0
    most_pods: int = 0
    bad_at: float | None = None
    users_back_at: float | None = None
    ended_at: float = 0.0
    outcome: str = ""
    message: str = ""
    left_out: list[str] = field(default_factory=list)


class _Process(process.Process):
    bad: Callable[[], bool]

    def answer(self, promql: str, at: datetime) -> Sample | Unknown:  # noqa: ARG002  All gates are asked the same.
        return Sample(value=float(self.bad()), at=at, key=window_key(at))

    def series(self, promql: str, at: datetime) -> tuple[Series, ...] | Unknown:  # noqa: ARG002
        return Unknown(reason="NoData", message="nothing is measured in a simulation")

    def told(self, text: str, at: datetime) -> Told:
        raise NotImplementedError(f"no gate of a simulation asks others: {text} at {at}")


class Rehearsal:
    """`fails_at`: the number of the step, from 0, in which harm is seen; None: in none. Raises CannotRehearse."""

    def __init__(
        self, manifests: Sequence[Object], release: str = "", *, start_up: float = 1.0, fails_at: int | None = None
    ) -> None:
        self.course, self._start_up = Course(fails_at=fails_at), start_up
        self._loop = Loop()
        self._cluster = Cluster(self._loop, audience=False)
        self._admin = self._cluster.api.client("admin")
        self._release = chosen(manifests, release)
        self._name, self._namespace = self._release["metadata"]["name"], namespace_of(self._release)
        self._workload = str((self._release["spec"].get("workloadRef") or {}).get("name", ""))
        self._changed_at = 0.0
        self._asked: set[tuple[str, int]] = set()
        for name in {namespace_of(each) for each in manifests} - {"default"}:
            self._admin.create("namespaces", {"metadata": {"name": name}})
        self._loop.advance(1.0)
        self.course.left_out = build(self._admin, self._cluster.api.registry, manifests, self._release, start_up)
        if self._admin.find(_DEPLOYMENTS, self._workload, self._namespace) is None:
            raise CannotRehearse(f"Release {self._name} names Deployment {self._namespace}/{self._workload}, which is in none "
                                 "of the files. Give its file too.")  # fmt: skip

    def run(self) -> Course:
        """From the change of the template to the release's end."""
        leader = _Process(self._loop, Wire(self._cluster.api), "simulated")
        leader.bad = self._bad
        leader.begin()
        if not self._until(lambda: self._status.get("phase") == "Healthy", _SETTLES):
            raise CannotRehearse(f"Before any change, the Release is {self._said()}")
        if not self._until(self._is_up, _SETTLES + self._start_up):
            raise CannotRehearse(f"Before any change, the pods of Deployment {self._workload} do not become ready.")
        for number, resource in enumerate(_FOLLOWED, 1):
            plural, _, group = resource.partition(".")
            self._cluster.api.store.collection(group, plural).watchers[-number] = self._record
        self._changed_at = self._loop.now()
        change = {"spec": {"template": {"metadata": {"annotations": {_CHANGED: "true"}}}}}
        self._admin.patch(_DEPLOYMENTS, self._workload, self._namespace, change)
        if not self._until(lambda: self._stands() or self._over(), _LONGEST) or self._stands():
            raise CannotRehearse(f"The release does not end; after {self._now:g} s it is {self._said()}")
        self.course.outcome, self.course.message = (self._status["history"][-1][key] for key in ("outcome", "message"))
        self.course.ended_at = self._now
        return self.course

    def _is_up(self) -> bool:
        found = self._admin.get(_DEPLOYMENTS, self._workload, self._namespace)
        return bool(found["status"].get("readyReplicas", 0) == found["spec"]["replicas"])

    def _over(self) -> bool:
        return bool(self._status.get("history")) and self._status.get("phase") in ("Healthy", "RolledBack")

    def _stands(self) -> bool:
        """Whether something that time alone does not mend has been in the way for long."""
        if self._status.get("phase") not in _IN_THE_WAY:
            return False
        return self._loop.now() - datetime.fromisoformat(self._status["since"]).timestamp() > _PATIENCE

    def _until(self, so: Callable[[], bool], seconds: float) -> bool:
        end, steps = self._loop.now() + seconds, 0
        while not so():
            self._people()
            if self._loop.step():
                steps += 1
                if steps > _MOST_STEPS:
                    return False
                continue
            due = self._loop.next_due
            if due is None or due > end:
                return False
            self._loop.move_to(due)
        return True

    # --- gates and people

    def _bad(self) -> bool:
        step = self._step
        if self.course.fails_at is None or step is None or step["index"] < self.course.fails_at:
            return False
        if self.course.bad_at is None:
            self.course.bad_at = self._now
        return True

    def _people(self) -> None:
        """Somebody approves at once what waits for approval, and aborts where no gate could see the harm."""
        step = self._step
        if step is None:
            return
        if self._status.get("phase") == "AwaitingApproval":
            self._ask("promote", "step", step["index"])
        elif not self._release["spec"].get("gates") and self._bad():
            self._ask("abort", "true", step["index"])

    def _ask(self, request: str, value: str, step: int) -> None:
        if (request, step) not in self._asked:
            self._asked.add((request, step))
            self.course.approvals += request == "promote"
            body = {"metadata": {"annotations": {f"{GROUP}/{request}": value}}}
            self._admin.patch(_RELEASES, self._name, self._namespace, body)

    # --- looking

    @property
    def _now(self) -> float:
        return round(self._loop.now() - self._changed_at, 1)

    @property
    def _status(self) -> Mapping[str, Any]:
        found = self._cluster.api.store.collection(GROUP, "releases").get((self._namespace, self._name))
        status: Mapping[str, Any] = (found.obj.get("status") if found else None) or {}
        return status

    @property
    def _step(self) -> Mapping[str, Any] | None:
        """The step of a trial that goes forward, once the cluster has it."""
        trial = self._status.get("trial") or {}
        return trial["step"] if trial and not trial.get("outcome") and "since" in trial["step"] else None

    def _said(self) -> str:
        status = self._status
        missing = f" Left out, because the simulated cluster does not know the kind: {', '.join(self.course.left_out)}."
        return f"{status.get('phase', 'not looked at yet')}: {status.get('message', '')}{missing if self.course.left_out else ''}"

    def _record(self, event: Event) -> None:
        kind, status = event.now.obj["kind"], self._status
        if kind in ("HTTPRoute", "Service") and status.get("phase") == "RollingBack" and self.course.users_back_at is None:
            self.course.users_back_at = self._now
        trial = status.get("trial") or {}
        names = [(status.get("stable") or {}).get("replicaSet"), (trial.get("candidate") or {}).get("replicaSet")]
        wanted = {each["metadata"]["name"]: each["spec"]["replicas"] for each in self._admin.list(_SETS, self._namespace)}
        stable, candidate = (wanted.get(name or "", 0) for name in names)
        self.course.most_pods = max(self.course.most_pods, stable + candidate)
        if not trial and not self.course.lines:
            return  # It has not seen the change yet.
        step = trial.get("step") or {}
        named = f"{step['name']} {step['index'] + 1}/{step['of']}" if step else ""
        if (there := self._step) is not None:
            self.course.steps[there["index"]] = named
        line = Line(at=self._now, phase=status["phase"], reason=status["reason"], step=named, weight=step.get("weight", 0),
                    mirror=step.get("mirror", 0), stable_pods=stable, candidate_pods=candidate)  # fmt: skip
        if not self.course.lines or replace(self.course.lines[-1], at=line.at) != line:
            self.course.lines.append(line)
