"""Every plan of a story, each from where it begins to differ: the fault-free run forks at each point where a fault can strike.

A forked run and one that is made anew from the same story and plan are the same; the former shares what came before the fault.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, BinaryIO, Generic, Never, TypeVar

from tests.simulation import oracle
from tests.simulation.faults import LEADERS, Fault, Kind, On, Plan
from tests.simulation.stories import BETTER, STORIES, rests, ship
from tests.simulation.world import Story, World

Object = dict[str, Any]
T = TypeVar("T")
WORKERS = (os.cpu_count() or 1) + 1
"""Processes at a time. Results are taken in order: one that takes long must not leave a processor idle."""
WRITE_KINDS = (
    Kind.CRASH_BEFORE,
    Kind.CRASH_AFTER,
    Kind.LOST,
    Kind.UNSENT,
    Kind.CONFLICT,
    Kind.THROTTLED,
    Kind.BROKEN,
    Kind.REFUSED,
)
_WHERE = {
    **dict.fromkeys((*WRITE_KINDS, Kind.SLOW, *LEADERS), On.WRITE),
    **dict.fromkeys((Kind.FROZEN, Kind.UNOBSERVED, Kind.COMPACTED), On.EVENT),
}
"""What each kind can strike; those that happen at a moment are the seeds' and the named cases'."""
_SECONDS = {Kind.THROTTLED: 2.0, Kind.FROZEN: 20.0, Kind.UNOBSERVED: 3.0, **dict.fromkeys(LEADERS, 25.0), Kind.SLOW: 12.0}
LATE = {
    name: replace(STORIES[name], acts=(STORIES[name].acts[0], ship(image, rests("2", "Completed"))))
    for name, image in {"superseded": BETTER, "reverted": "shop:1"}.items()
}
"""How else a story may go where a view stands still: a release completes before what would have superseded it is seen."""


@dataclass(kw_only=True)
class Result:
    """What became of a run. `problem`: "" when all held."""

    story: str
    plan: str
    seed: int | None = None
    problem: str = ""
    history: list[str] = field(default_factory=list)
    end: Object = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    checks: int = 0
    digest: str = ""


def told(story: Story, plan: Plan = (), seed: int | None = None) -> Result:
    """The story under this plan, from its beginning."""
    return judged(World(story, plan, seed), str_of(plan))


def judged(world: World, plan: str, run: Callable[[World], World] = World.run) -> Result:
    """Run it and note what became of it."""
    result = Result(story=world.story.name, plan=plan, seed=world.seed)
    try:
        run(world)
        result.end, result.made = oracle.end(world), oracle.once(world)
    except AssertionError as broken:
        result.problem = str(broken) or "an assertion failed"
    except Exception as raised:
        result.problem = f"raised {raised!r}: {traceback.format_exc(limit=-4)}"
    result.history, result.steps = world.history, world.steps
    result.checks, result.digest = world.invariants.checks, world.digest
    return result


def difference(result: Result, plain: Result, *, once: bool = True) -> str:
    """In what a run differs from the fault-free one, with `once` also in what was made, deleted and switched; "" for nothing.

    Where a view stands still, a change may be seen a step later, or too late: then the run ends as that one or as the late one,
    having made and deleted the same; only what was switched on the way may differ.
    """
    said = oracle.difference(result.end, result.made if once else plain.made, plain.end, plain.made)
    if not said or result.story not in LATE or Kind.FROZEN not in result.plan:
        return said
    for other in (plain, _late(result.story)):
        made = oracle.kept(other.made)
        if not oracle.difference(result.end, oracle.kept(result.made) if once else made, other.end, made):
            return ""
    return said


@cache
def _late(story: str) -> Result:
    return told(LATE[story])


def str_of(plan: Plan) -> str:
    """As `faults.parse` reads it."""
    return " ".join(map(str, plan))


def fault(kind: Kind, on: On, at: int) -> Fault:
    """With its usual duration."""
    return Fault(kind=kind, on=on, at=at, seconds=_SECONDS.get(kind, 0.0))


class Forks(Generic[T]):
    """Processes that go on from here, each to one result; `results` in the order in which they were begun."""

    def __init__(self) -> None:
        self.results: list[T] = []
        self._running: list[tuple[int, BinaryIO]] = []
        gc.collect()
        gc.freeze()

    def begin(self) -> BinaryIO | None:
        """In a new process: where it leaves its result. In this one None, once there is room for one more."""
        while len(self._running) >= WORKERS:
            self._collect()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            gc.disable()  # It ends before its garbage matters; collecting costs one twentieth.
            os.close(reading)
            return os.fdopen(writing, "wb")
        os.close(writing)
        self._running.append((child, os.fdopen(reading, "rb")))
        return None

    def ended(self) -> list[T]:
        """The results, when all have ended."""
        while self._running:
            self._collect()
        return self.results

    def _collect(self) -> None:
        child, pipe = self._running.pop(0)
        with pipe:
            self.results.append(pickle.load(pipe))
        os.waitpid(child, 0)


def leave(result: object, out: BinaryIO) -> Never:
    """End a forked process."""
    with out:
        pickle.dump(result, out)
    sys.stdout.flush()
    os._exit(0)


def in_forks(tasks: Iterable[Callable[[], T]]) -> Iterator[T]:
    """Each task in a process of its own; results in the order of the tasks."""
    forks = Forks[T]()
    for task in tasks:
        if (out := forks.begin()) is not None:
            leave(task(), out)
        while forks.results:
            yield forks.results.pop(0)
    yield from forks.ended()


class Explorer:
    """All single faults of one story, or one in `every`, always the same."""

    def __init__(self, story: Story, every: int = 1) -> None:
        self._story, self._every = story, every
        self._forks = Forks[Result]()
        self._out: BinaryIO | None = None

    def explore(self, kinds: Iterable[Kind]) -> list[Result]:
        """The fault-free run first, then every plan's result, judged against it."""
        wanted = tuple(kinds)
        world = World(self._story)
        world.fork = lambda on, at: self._fork(world, on, at, wanted)
        plain = judged(world, "")
        if self._out is not None:
            plain.plan = world.forked
            plain.history = plain.history if plain.problem else []
            leave(plain, self._out)
        results = self._forks.ended()
        for result in results:
            if not result.problem and not plain.problem:
                result.problem = difference(result, plain)
        return [plain, *results]

    def _fork(self, world: World, on: On, at: int, kinds: tuple[Kind, ...]) -> Fault | None:
        """In the parent None; in each child the fault that strikes here."""
        for kind in kinds:
            struck = fault(kind, on, at)
            if on is not _WHERE.get(kind) or zlib.crc32(str(struck).encode()) % self._every:
                continue
            if (out := self._forks.begin()) is not None:
                self._out = out
                world.forked, world.fork = str(struck), None
                world.steps = world.invariants.checks = 0  # What came before is counted once, by the fault-free run.
                return struck
        return None
