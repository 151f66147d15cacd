"""Objects as other writers may leave them, and how a story goes on: to its end, or to a condition that says what to do.

What is malformed is data of the cases in test_malformed.py; here is how it is put there, and how an end is known.
"""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable
from typing import Any

from tests.simulation.stories import RELEASES
from tests.simulation.users import Users
from tests.simulation.world import NAME, NAMESPACE, Act, Story, World

Object = dict[str, Any]
When = Callable[[World], bool]
_AT_REST = ("Healthy", "RolledBack")
_PATIENCE, _WHILE = 1500.0, 45.0
ABSENT: Any = object()


def stalled(world: World) -> str:
    """What the condition Stalled says; "" while it is not true."""
    found = [c for c in world.status.get("conditions") or [] if c["type"] == "Stalled" and c["status"] == "True"]
    return str(found[0]["message"]) if found else ""


def put(resource: str, name: str, change: Callable[[Object], None], subresource: str = "") -> Callable[[World], None]:
    """Somebody with all rights changes the object as `change` says."""

    def do(world: World) -> None:
        found = copy.deepcopy(world.admin.get(resource, name, NAMESPACE))
        change(found)
        world.admin.update(resource, found, subresource)

    return do


def edit(path: tuple[str | int, ...], value: Any) -> Callable[[World], None]:
    """Somebody edits one field of the Release's status by hand; ABSENT removes it."""

    def change(found: Object) -> None:
        at: Any = found
        for part in path[:-1]:
            at = at[part]
        if value is ABSENT:
            at.pop(path[-1], None)
        else:
            at[path[-1]] = value

    def do(world: World) -> None:
        world.invariants.misled = True
        put(RELEASES, NAME, change, "status")(world)

    return do


def annotate(resource: str, name: str, text: str, key: str = "example.com/notes") -> Callable[[World], None]:
    """Somebody writes this annotation."""
    body = {"metadata": {"annotations": {key: text}}}
    return lambda world: world.admin.patch(resource, name, NAMESPACE, body) and None


def ended(world: World, over: When) -> Users:
    """Tell the story until `over` holds for a while; the users of its first malformation on."""
    users: list[Users] = []
    first = world.story.acts[0]
    world.acts[0] = Act(name=first.name, when=first.when, do=lambda w: users.append(Users(w)) or first.do(w))
    world.start()
    problem = goes_on(world, over)
    assert not problem, problem
    return users[0]


def over(world: World) -> bool:
    """At rest, or somebody is told what to do."""
    return world.status.get("phase") in _AT_REST or bool(stalled(world))


def begun(story: Story, when: When) -> World:
    """The story, told until this is so; only its first act is done."""
    world = World(Story(name=story.name, make=story.make, acts=story.acts[:1], over=story.over))
    world.start()
    assert world.go(lambda: not world.acts and when(world), _PATIENCE)
    return world


def goes_on(world: World, over: When) -> str:
    """Until `over` holds for a while; what is wrong, or ""."""
    since: list[float] = []

    def settled() -> bool:
        there = not world.acts and over(world)
        since[:] = (since or [world.loop.now()]) if there else []
        return there and world.loop.now() - since[0] >= _WHILE

    try:
        if not world.go(settled, _PATIENCE):
            return f"neither at its end nor stalled: {world.said()}; stalled: {stalled(world)!r}"
    except AssertionError as broken:
        return str(broken) or "an assertion failed"
    except Exception:
        return traceback.format_exc(limit=-4)
    return ""
