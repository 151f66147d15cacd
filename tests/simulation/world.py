"""The whole: the playground's cluster, one or more controller processes, what people do, and the faults of a plan, on one loop.

One scheduler chooses what happens next: first come, first served, or drawn from a seed. Everything that can differ between two
runs follows from story, plan and seed, so the same three give the same run, byte for byte.
"""

from __future__ import annotations

import hashlib
import logging
import random
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

import structlog

from controller.metrics.answers import read_series
from playground.apiserver.store import Event
from playground.apiserver.watching import Watch
from playground.cluster import Cluster
from playground.loop import Loop
from strategies.analysis.series import Series
from strategies.analysis.verdict import Sample, Unknown, window_key
from tests.simulation import disturbances
from tests.simulation.faults import LEADERS, Fault, Kind, On, Plan
from tests.simulation.invariants import Invariants
from tests.simulation.outside import Judge
from tests.simulation.process import Process
from tests.simulation.views import Following
from tests.simulation.wire import counts, is_write

Object = dict[str, Any]
NAMESPACE, NAME = "shop", "shop"
RESOURCES = ("releases.release-coordinator.io", "deployments.apps", "replicasets.apps", "services",
             "endpointslices.discovery.k8s.io", "httproutes.gateway.networking.k8s.io", "controllerrevisions.apps",
             "jobs.batch", "configmaps", "releasetrains.release-coordinator.io")  # fmt: skip
_LONGEST = 20_000.0
_DISPLAY, _QUIET = 35.0, 40.0
"""Seconds until the last of the display is written; then those in which nothing may be."""
_MOST_STEPS = 15_000


def silence() -> None:
    """Let the controller log nothing: thousands of runs would be told."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.getLogger("controller").setLevel(logging.CRITICAL)


class Unsettled(AssertionError):
    """L1: the world did not come to rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What somebody does once the world is so. `name` is for messages."""

    name: str
    when: Callable[[World], bool]
    do: Callable[[World], None]


@dataclass(kw_only=True)
class Story:
    """What is there in the beginning, what people do, and when it is over; with an audience, users send requests all the time."""

    name: str
    make: Callable[[World], None]
    acts: tuple[Act, ...]
    over: Callable[[World], bool]
    elected: bool = False
    audience: bool = False


@dataclass
class Write:
    """A write of a process: its number, the call, and whether anything came of it."""

    number: int
    process: str
    call: str
    changes: list[str] = field(default_factory=list)


class World:
    """One run. `steps` counts tasks, `turns` the controllers', `checks` the states that the invariants were held against."""

    def __init__(self, story: Story, plan: Plan = (), seed: int | None = None) -> None:
        self.story = story
        self.loop = Loop()
        self.cluster = Cluster(self.loop, audience=story.audience)
        self.admin, self.person = self.cluster.api.client("admin"), self.cluster.api.client("alice")
        self.writer: Process | None = None
        self.writes: list[Write] = []
        self.calls = self.events = self.steps = self.turns = 0
        self.processes: list[Process] = []
        self._coming = 0
        self.restart_after = disturbances.RESTART
        self.lagging: dict[str, Watch] = {}
        self.fork: Callable[[On, int], Fault | None] | None = None
        self.forked = ""
        self.broken: AssertionError | None = None
        self.answers: dict[str, Callable[[datetime], float | None]] = {}
        self.latency, self.finished = 0.05, 0.0
        self.judge = Judge()
        self.override: Callable[[datetime], float | None] | None = None
        self.asked: Counter[tuple[str, datetime]] = Counter()
        self.refusing: tuple[str, Kind] | None = None
        self.untouchable = ""
        self.struck = False
        self.history: list[str] = []
        self.acts = list(story.acts)
        self._changed = True
        self.invariants = Invariants(self)
        for number, resource in enumerate(RESOURCES, 1):
            plural, _, group = resource.partition(".")
            self.cluster.api.store.collection(group, plural).watchers[-number] = self._record
        self.loop.settle()
        self.under((), None)
        story.make(self)
        self.under(plan, seed)

    def under(self, plan: Plan, seed: int | None) -> World:
        """What will go wrong from here on, and in which order things happen. The story's beginning is the same for all."""
        self.seed, self.plan, self.faults = seed, list(plan), len(plan)
        self.trouble = sum(abs(f.seconds) + 10.0 for f in plan)
        self.elected = self.story.elected or any(f.kind in LEADERS for f in plan)
        self._chance = random.Random(f"{seed} order")
        self.loop.choose = None if seed is None else self._choose
        return self

    # --- the scheduler

    def _choose(self, ready: Sequence[str]) -> int:
        """Any task, but those of one watch in their order."""
        stream = _stream(ready[self._chance.randrange(len(ready))])
        return next(i for i, name in enumerate(ready) if _stream(name) == stream)

    def go(self, until: Callable[[], bool], seconds: float) -> bool:
        """Run until this is so; False when it is not after so many seconds."""
        end = self.loop.now() + seconds
        while True:
            if self.broken is not None:
                raise self.broken
            if self._changed:
                self._changed = False
                self._act()
            if until():
                return True
            if self.loop.step():
                self.steps += 1
                if self.steps > _MOST_STEPS * (10 if self.story.audience else 1):
                    raise Unsettled(f"L1: still busy after {self.steps} steps: {self.said()}; next: {self.loop.ready[:3]}")
                continue
            due = self.loop.next_due
            if due is None or due > end:
                self.loop.move_to(end)
                return until()
            self.loop.move_to(due)

    def _act(self) -> None:
        while self.acts and self.acts[0].when(self):
            act = self.acts.pop(0)
            self.note(f"- {act.name}")
            act.do(self)

    def run(self) -> World:
        """The story to its end, and then a quiet time in which nothing more may be written."""
        self.start()
        for fault in [f for f in self.plan if f.on is On.TIME]:
            self.plan.remove(fault)
            self._coming += 1
            self.loop.later(fault.at, str(fault), lambda f=fault: self._happen(f))
        return self.finish()

    def finish(self) -> World:
        """What is left of the story, and the quiet time: also for an act that forks the run."""
        if not self.go(lambda: not self.acts and self._calm() and self.story.over(self), _LONGEST):
            raise Unsettled(f"L1: not at rest after {_LONGEST:.0f} s: {self.said()}; still to do: {[a.name for a in self.acts]}")
        self.finished = self.invariants.last_write
        self.go(lambda: False, _DISPLAY)
        written = len(self.writes)
        self.go(lambda: False, _QUIET)
        self.invariants.at_rest(self.writes[written:])
        return self

    def _calm(self) -> bool:
        """No fault is still to come or under way, every process that should run does, and the last write is some seconds past."""
        return not self._coming and any(not p.dead for p in self.processes) and self.quiet > 10.0

    @property
    def quiet(self) -> float:
        """Seconds since a process has written."""
        return self.loop.now() - self.invariants.last_write

    def _happen(self, fault: Fault) -> None:
        self._coming -= 1
        disturbances.happen(self, fault)

    def lasting(self, seconds: float, what: str, end: Callable[[], None]) -> None:
        """A fault is under way for so long, and ends so. No world is at rest before: what was kept back is still to be seen."""
        self._coming += 1

        def over() -> None:
            self._coming -= 1
            end()

        self.loop.later(seconds, what, over)

    def accept(self) -> None:
        """Calls are answered again."""
        self.refusing = None

    # --- processes

    def start(self, **options: float) -> Process:
        """One more process."""
        process = Process(self, f"p{len(self.processes) + 1}", **options)
        self.processes.append(process)
        process.begin()
        return process

    def died(self, process: Process) -> None:
        """It is started again a little later, as its Deployment would."""
        self.note(f"- {process.name} died")
        self.loop.later(self.restart_after, "kubelet starts the controller", lambda: self.start() and None)

    def raised(self, process: Process, error: BaseException) -> None:
        """A turn has raised what no repetition mends."""
        where = "".join(traceback.format_tb(error.__traceback__)[-3:])
        self.broken = self.broken or AssertionError(f"a turn of {process.name} raised {error!r}: {where}")

    # --- faults

    def strikes(self, process: Process, method: str, path: str, query: str) -> Fault | None:
        """Count a call; the fault that strikes it, if any."""
        self.calls += 1
        if is_write(method, query):
            self.writes.append(Write(len(self.writes) + 1, process.name, f"{method} {path}"))
            self._may_fork(On.WRITE, len(self.writes))
        self._may_fork(On.CALL, self.calls)
        if (refused := self.refusal(method, path)) is not None:
            return refused
        for fault in self.plan:
            number = len(self.writes) if fault.on is On.WRITE else self.calls
            if fault.on is not On.EVENT and counts(fault.on, method, query) and fault.at == number:
                self.plan.remove(fault)
                self.struck = True
                self.note(f"- {fault} strikes {method} {path}")
                return fault
        return None

    def refusal(self, method: str, path: str = "") -> Fault | None:
        """Of an outage, or of rights that were taken away."""
        if method != "GET" and self.untouchable and self.untouchable in path:
            return Fault(kind=Kind.REFUSED, on=On.CALL, at=self.calls)
        if self.refusing is None or self.refusing[0] not in ("", method):
            return None
        return Fault(kind=self.refusing[1], on=On.CALL, at=self.calls)

    def _may_fork(self, on: On, at: int) -> None:
        if self.fork is not None and (struck := self.fork(on, at)) is not None:
            self.plan.append(struck)

    def meanwhile(self, process: Process, fault: Fault) -> None:
        """A call is under way for so long, and its process' views go on; or the process stands still, and another one leads."""
        if stopped := fault.kind in LEADERS:
            process.suspended = True
            self.start()
        writer, self.writer = self.writer, None
        try:
            self.go(lambda: False, fault.seconds)
        finally:
            self.writer = writer
        if stopped:
            self.loop.soon(f"{process.name}/wakes", process.wake_up)

    def notified(self, view: Following, event: Object) -> bool:
        """Count a notification; whether it is kept from the process for now."""
        self.events += 1
        self._may_fork(On.EVENT, self.events)
        for fault in self.plan:
            if fault.on is not On.EVENT or fault.at != self.events:
                continue
            self.plan.remove(fault)
            self.note(f"- {fault} strikes {event['type']} {event['object']['kind']} {event['object']['metadata']['name']}")
            if fault.kind is Kind.FROZEN:
                view.frozen = True
                view._waiting.appendleft(event)
                self.lasting(fault.seconds, "thaws", view.thaw)
            elif fault.kind is Kind.UNOBSERVED:
                self.lasting(fault.seconds, "is seen late", lambda: view.unsee(event) or view._wake())
            elif fault.kind is Kind.COMPACTED:
                view.drop()
            return True
        return False

    # --- the world's memory

    @contextmanager
    def writing(self, process: Process, method: str, path: str, query: str) -> Iterator[None]:
        """Whose write it is that the store tells of meanwhile."""
        self.invariants.before_call(process, method, path, query)
        self.writer = process
        try:
            yield
        finally:
            self.writer = None

    def _record(self, event: Event) -> None:
        self._changed = True
        try:
            self.invariants.after_write(event, self.writer)
        except AssertionError as broken:  # The API server would make an answer of it.
            self.broken = self.broken or broken

    def note(self, line: str) -> None:
        """A line of the run's history."""
        self.history.append(f"{self.loop.now() - 1_800_000_000.0:10.3f} {line}")

    @property
    def digest(self) -> str:
        """Of the whole history: equal runs are equal to the byte."""
        return hashlib.sha256("\n".join(self.history).encode()).hexdigest()[:16]

    # --- answers of the metric source

    def answer(self, process: Process, promql: str, at: datetime) -> Sample | Unknown:
        """The value for the revision that the query names: by its image."""
        for found in self.admin.list("replicasets.apps", NAMESPACE):
            digest = (found["spec"]["selector"].get("matchLabels") or {}).get("pod-template-hash", "")
            if f'"{digest}"' in promql:
                image = found["spec"]["template"]["spec"]["containers"][0]["image"]
                known = self.override or self.answers.get(image)
                value = known(at) if known else 0.0
                if value is None:
                    return Unknown(reason="NoData", message="there is no series")
                self.invariants.answered(process, promql, value, at)
                return Sample(value=value, at=at, key=window_key(at))
        return Unknown(reason="NoData", message="there is no series of this revision")

    def raw(self, promql: str, at: datetime) -> tuple[Series, ...] | Unknown:
        """Raw samples, as the playground's Prometheus has them."""
        asked = urlencode({"query": promql, "time": at.timestamp()})
        status, document = self.cluster.prometheus.handle("GET", "/api/v1/query", asked)
        assert status == 200, document
        self.asked[promql, at] += 1
        return read_series(document["data"]["resultType"], document["data"]["result"], document)

    # --- looking

    def find(self, resource: str, name: str = NAME) -> Object | None:
        """An object of the story's namespace, as it is."""
        plural, _, group = resource.partition(".")
        found = self.cluster.api.store.collection(group, plural).get((NAMESPACE, name))
        return found and found.obj

    def person_patch(self, resource: str, body: Object, kind: str = "merge") -> None:
        """Somebody changes the object of the story's name."""
        self.admin.patch(resource, NAME, NAMESPACE, body, kind)

    @property
    def status(self) -> Object:
        """The Release's status; empty without one."""
        return (self.find("releases.release-coordinator.io") or {}).get("status") or {}

    def said(self) -> str:
        """Phase, reason and message."""
        status = self.status
        return f"{status.get('phase')}/{status.get('reason')}: {status.get('message')}"


@cache
def _stream(name: str) -> str:
    """What must stay in order: the first two words of a task's name."""
    first, _, rest = name.partition(" ")
    return f"{first} {rest.partition(' ')[0]}"
