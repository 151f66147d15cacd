"""A train on the real reconcile code, whatever people do to it in whatever moment, and whatever write fails: drawn from seeds."""

import random
from collections.abc import Callable, Iterator

import pytest

from tests.simulation.faults import Fault, Kind, On
from tests.simulation.stories import GROUP, RELEASES
from tests.simulation.test_trains import BROKEN, MEMBERS, TRAINS, WHERE, all_healthy, find, made, ship, train
from tests.simulation.world import Act, Story, World

SEEDS = (*range(8), 57, 75)
"""The last two take a run back while the producer's next version is held."""
REQUESTS = ("pause", "resume", "abort", "retry", "rollback")
FAULTS = (Kind.CRASH_BEFORE, Kind.CRASH_AFTER, Kind.LOST, Kind.UNSENT, Kind.OVERTAKEN)
NEXT = {"spec": {"members": [{"name": name, "version": "3" if name == "orders" else "2", "role": role}
                             for name, role in MEMBERS.items()]}}  # fmt: skip
"""The producer is to have another version next."""


@pytest.mark.parametrize("seed", SEEDS)
def test_no_producer_is_ever_new_beside_an_old_consumer(seed: int) -> None:
    """On the way there and back, paused, halted, edited for the next run, or deleted; and in the end nothing is written."""
    chance = random.Random(seed)
    policy = chance.choice(({}, {"onFailure": "RollBackMember"}))
    faults = (Fault(kind=chance.choice(FAULTS), on=On.WRITE, at=chance.randint(20, 140)),)[: chance.randint(0, 1)]

    def over(world: World) -> bool:
        _look(world)
        return world.quiet > 70

    World(Story(name="train", make=made("2", **policy), acts=tuple(_acts(chance)), over=over), faults).run()


def _acts(chance: random.Random) -> Iterator[Act]:
    yield ship("orders", "orders:2", _later(chance.uniform(0, 2), all_healthy))
    yield ship("web", "web:2", _later(chance.uniform(0, 3)))
    yield ship("mail", "mail:2", _later(chance.uniform(0, 3)))
    for _ in range(chance.randint(1, 5)):
        what = chance.choice((*REQUESTS, "another", "next", "broken"))
        when = _later(chance.choice((0.0, chance.uniform(0, 2), chance.uniform(0, 20), chance.uniform(0, 60))))
        if what == "another":
            yield ship("orders", "orders:3", when)
        elif what == "broken":
            name = chance.choice(tuple(MEMBERS))
            yield ship(name, f"{name}:{BROKEN}", when)
        else:
            asked = {"metadata": {"annotations": {f"{GROUP}/{what}": "previous" if what == "rollback" else "true"}}}
            yield Act(name=what, when=when, do=_patching(NEXT if what == "next" else asked))
    if chance.random() < 0.3:
        when = _later(chance.uniform(0, 20))
        yield Act(name="delete", when=when, do=lambda world: world.admin.delete(TRAINS, "new-format", WHERE) and None)


def _patching(body: dict[str, object]) -> Callable[[World], None]:
    return lambda world: world.person.patch(TRAINS, "new-format", WHERE, body, "merge") and None


def _later(seconds: float, first: Callable[[World], bool] = lambda _world: True) -> Callable[[World], bool]:
    """So long after the act before, and after `first` was so."""
    due: list[float] = []

    def when(world: World) -> bool:
        def wake() -> None:
            world._changed = True

        _look(world)
        if not due and first(world):
            due.append(world.loop.now() + seconds)
            world.lasting(seconds, "somebody thinks", wake)
        return bool(due) and world.loop.now() >= due[0]

    return when


def _look(world: World) -> None:
    """What users have of the consumers, whenever they may get messages of the new format."""
    status = {name: find(world, RELEASES, name) for name in MEMBERS}
    trial = status["orders"].get("trial") or {}
    goes = trial.get("kind") == "Release" and not trial.get("outcome")
    if goes or (status["orders"].get("stable") or {}).get("version") not in (None, "1"):
        old = [name for name in MEMBERS if name != "orders" and status[name]["stable"]["version"] == "1"]
        assert not old, f"orders is new, or on its way, beside {old}; the train is {train(world).get('phase')}"
