"""The spec, or an object that it names, is edited while a release is in flight, at each of several moments, and stays so.

Invariants hold after every write, no turn raises, and the release comes to its end; what it takes of an edit is said.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import pytest

from tests.simulation.exploring import Result, in_forks, judged
from tests.simulation.malforming import put
from tests.simulation.stories import (
    DEPLOYMENTS,
    GOOD,
    RELEASES,
    ROUTES,
    STORIES,
    phase,
    rests,
    scale,
    ship,
    step,
    wound_up,
)
from tests.simulation.world import NAME, NAMESPACE, Act, Story, World

Object = dict[str, Any]
Edit = Callable[[World], None]
MOMENTS = {
    "preview": lambda world: world.status.get("phase") == "Progressing" and world.status["trial"]["step"]["index"] == 0,
    "step 1": step(1),
    "step 2": step(2),
    "bake": phase("Baking"),
    "completion": phase("Completing"),
    "wound up": wound_up,
}
_HAS_NONE = {("blue-green", "step 2"), ("rolling", "bake")}
_CANARIES, _ALL = ("canary-route", "canary-share"), ("canary-route", "canary-share", "blue-green", "rolling")


def _spec(**changes: Any) -> Edit:
    """Somebody writes these fields of the spec, and leaves the others: `strategy__type` is strategy.type."""

    def change(found: Object) -> None:
        for path, value in changes.items():
            *where, last = path.split("__")
            at = found["spec"]
            for part in where:
                at = at.setdefault(part, {})
            at[last] = value

    return put(RELEASES, NAME, change)


def _steps(*weights: int, **more: Any) -> Edit:
    steps = [{"weight": weight, "duration": "2s", **more} for weight in weights]
    return _spec(strategy__canary={"steps": [*steps, {"weight": 100}]})


def _gate(name: str, **more: Any) -> Object:
    threshold = {"query": 'errors{hash="$candidate"}', "max": 0.5, "interval": "1s", "failures": 1}
    return {"name": name, "threshold": threshold, **more}


def _service(selector: Object, name: str = NAME) -> Edit:
    return put("services", name, lambda found: found["spec"].update(selector=selector))


def _another_service(world: World) -> None:
    body = {"metadata": {"name": "late"}, "spec": {"selector": {"app": NAME}, "ports": [{"port": 80}]}}
    world.admin.create("services", body, NAMESPACE)


def _no_route(world: World) -> None:
    if world.find(ROUTES):
        world.admin.delete(ROUTES, NAME, NAMESPACE)


EDITS: dict[str, tuple[tuple[str, ...], Edit]] = {
    "type Rolling": (_ALL[:3], _spec(strategy__type="Rolling")),
    "type BlueGreen": (("canary-route", "canary-share", "rolling"), _spec(strategy__type="BlueGreen")),
    "type Canary": (_ALL[2:], _spec(strategy__type="Canary")),
    "steps raised": (_CANARIES, _steps(50, 80)),
    "steps lowered": (_CANARIES, _steps(1, 2)),
    "steps put in between": (_CANARIES, _steps(5, 10, 25, 50)),
    "steps taken out": (_CANARIES, _steps()),
    "steps shorter": (_CANARIES, _steps(5, 25)),
    "steps without a gate's time": (_CANARIES, _steps(5, 25, duration="0s")),
    "batches of all": (("rolling",), _spec(strategy__rolling={"batch": "100%", "pause": "1s"})),
    "batches of two": (("rolling",), _spec(strategy__rolling={"batch": "2", "pause": "0s"})),
    "preview longer": (("blue-green",), _spec(strategy__blueGreen={"previewDuration": "9s"})),
    "parallel allowed": (_ALL, _spec(strategy__allowParallel=True)),
    "no gates": (_ALL, _spec(gates=[])),
    "no Jobs": (("job",), _spec(gates=[])),
    "another gate": (_ALL, _spec(gates=[_gate("errors"), _gate("more", at=["before-traffic", "step", "bake"])])),
    "a gate renamed": (_ALL, _spec(gates=[_gate("faults")])),
    "no route": (("canary-route",), _spec(traffic={"drain": "2s"})),
    "another route": (("canary-route",), _spec(traffic={"drain": "2s", "httpRoute": {"name": "nobody"}})),
    "a route": (_ALL[1:], _spec(traffic={"drain": "2s", "httpRoute": {"name": NAME}})),
    "drain": (_ALL, _spec(traffic__drain="4s")),
    "a Service ignored": (_ALL, _spec(traffic__ignoreServices=["internal"])),
    "the route's Service ignored": (_ALL, _spec(traffic__ignoreServices=[NAME])),
    "no bake": (_ALL, _spec(rollback__warm={"for": "0s"})),
    "a longer bake": (_ALL, _spec(rollback__warm={"for": "20s"})),
    "the template reverted": (_ALL, _spec(rollback__revertTemplate=True)),
    "deadline": (_ALL, _spec(progressDeadline="1s")),
    "patience": (_ALL, _spec(maxInconclusive="1h")),
    "version": (_ALL, _spec(version={"literal": "2"})),
    "replicas": (_ALL, scale(5, phase("Healthy")).do),
    "fewer replicas": (_ALL, scale(1, phase("Healthy")).do),
    "the Deployment's strategy": (_ALL, put(DEPLOYMENTS, NAME, lambda d: d["spec"].update(strategy={"type": "RollingUpdate"}))),
    "the Deployment unpaused": (_ALL, put(DEPLOYMENTS, NAME, lambda d: d["spec"].update(paused=False))),
    "minReadySeconds": (_ALL, put(DEPLOYMENTS, NAME, lambda d: d["spec"].update(minReadySeconds=2))),
    "history limit": (_ALL, put(DEPLOYMENTS, NAME, lambda d: d["spec"].update(revisionHistoryLimit=0))),
    "another Service": (_ALL, _another_service),
    "a Service for others": (_ALL, _service({"app": "somebody-else"}, "internal")),
}
"""Edit → on which stories, and what is written. After each of them the release goes through."""


@cache
def _tried(story: str) -> dict[tuple[str, str], str]:
    """(edit, moment) → what became of it: each goes on from the same run, which forks at the moment."""
    found: dict[tuple[str, str], str] = {}

    def fork(moment: str, world: World) -> None:
        edits = [name for name, (stories, _) in EDITS.items() if story in stories]
        for edit, result in zip(edits, in_forks([partial(_edited, world, edit) for edit in edits]), strict=True):
            found[edit, moment] = result.problem

    moments = [name for name in MOMENTS if (story, name) not in _HAS_NONE]
    acts = [Act(name=name, when=MOMENTS[name], do=partial(fork, name)) for name in moments]
    World(Story(name=story, make=STORIES[story].make, acts=(ship(GOOD, rests("1")), *acts), over=rests("2", "Completed"))).run()
    return found


def _edited(world: World, edit: str) -> Result:
    world.acts.clear()
    EDITS[edit][1](world)
    return judged(world, edit, World.finish)


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_in_mid_release_lets_it_come_to_its_end(edit: str) -> None:
    """At whatever moment: users end on the new version, and nothing of the release is left."""
    tried = {(story, *key): problem for story in EDITS[edit][0] for key, problem in _tried(story).items() if key[0] == edit}
    assert len(tried) >= 5 * len(EDITS[edit][0])
    assert not {key: problem for key, problem in tried.items() if problem}
