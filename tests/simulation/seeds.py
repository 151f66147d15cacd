"""One number is one run: the story, the order of events, and up to five things that go wrong are drawn from it."""

import random
from collections.abc import Callable, Iterable
from functools import cache

from tests.simulation import exploring
from tests.simulation.exploring import Result, told
from tests.simulation.faults import Fault, Kind, On, Plan
from tests.simulation.stories import POINTED, STORIES
from tests.simulation.world import World

_WRITES = tuple(Kind)[: tuple(Kind).index(Kind.SLOW)]
_EVENTS = (Kind.FROZEN, Kind.UNOBSERVED, Kind.COMPACTED)
_MOMENTS = tuple(Kind)[tuple(Kind).index(Kind.POD_DELETED) : tuple(Kind).index(Kind.NODE_LOST)]
_LASTS = {Kind.THROTTLED: (0, 3), Kind.FROZEN: (1, 40), Kind.UNOBSERVED: (1, 10), Kind.SLOW: (1, 25), Kind.SILENT: (5, 60),
          Kind.NOT_A_NUMBER: (5, 60), Kind.POLICY_GONE: (2, 20), Kind.OUTAGE: (2, 90), Kind.FORBIDDEN: (2, 60),
          Kind.CLOCK_JUMP: (-3600, 3600), Kind.STORM: (1, 2), Kind.SCALED: (1, 5), Kind.OVERLAP: (12, 40)}  # fmt: skip
CHANGES_THE_END = frozenset({Kind.SCALED, Kind.POLICY_GONE, Kind.CLOCK_JUMP, Kind.APPLIED})
"""After these a story need not end as it would have without them; the invariants hold all the same."""
_MANY_ENDS = frozenset({"flipped"})
"""Stories in which a change may be overtaken by the next one before it is seen, or not."""


def drawn(seed: int) -> tuple[str, Plan]:
    """The story's name and the plan of this seed; the order of events is drawn from it, too."""
    chance = random.Random(f"{seed} plan")
    name = chance.choice(sorted(STORIES))
    return name, tuple(_fault(chance) for _ in range(chance.randint(0, 5)))


def _fault(chance: random.Random) -> Fault:
    on = chance.choices((On.WRITE, On.CALL, On.EVENT, On.TIME), (4, 2, 2, 3))[0]
    kinds = {On.WRITE: (*_WRITES, Kind.SLOW), On.CALL: (*_WRITES, Kind.SLOW), On.EVENT: _EVENTS, On.TIME: _MOMENTS}[on]
    kind = chance.choice(kinds)
    low, high = _LASTS.get(kind, (0, 0))
    return Fault(kind=kind, on=on, at=chance.randint(1, 90), seconds=chance.randint(low, high))


def run(wanted: Iterable[int], begun: dict[str, World]) -> list[Result]:
    """Tell the seeds' stories. A beginning is the same for all, and used up by the first: in a process of its own."""
    results = []
    for seed in wanted:
        name, plan = drawn(seed)
        results.append(judged(name, plan, seed, begun.pop(name, None)))
        if not results[-1].problem:
            results[-1].history = []
    return results


def judged(name: str, plan: Plan, seed: int | None, begun: World | None = None) -> Result:
    """A story under a plan; where nothing has changed its end, against the fault-free run."""
    result = exploring.judged((begun or World((STORIES | POINTED)[name])).under(plan, seed), exploring.str_of(plan))
    if not result.problem and name not in _MANY_ENDS and not CHANGES_THE_END & {f.kind for f in plan}:
        result.problem = plain(name).problem or exploring.difference(result, plain(name), once=False)
    return result


@cache
def plain(name: str) -> Result:
    """The fault-free run."""
    return told((STORIES | POINTED)[name])


def smallest(name: str, plan: Plan, seed: int | None, fails: Callable[[Result], bool] = lambda r: bool(r.problem)) -> Plan:
    """The plan with every fault left out that the failure does not need."""
    for fault in plan:
        fewer = tuple(f for f in plan if f is not fault)
        if fails(judged(name, fewer, seed)):
            return smallest(name, fewer, seed, fails)
    return plan
