"""Stories: what people and pods do, told to a model world. Each ends at rest, and may be interrupted anywhere.

Tests take them to look at every transition, and to crash the controller after each of their writes.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from strategies.spec.phase import Phase
from tests.rollout.world import World, healthy, make_spec

CANARY: dict[str, Any] = {
    "strategy": {"canary": {"steps": [{"weight": 25, "duration": "30s"}, {"weight": 50, "duration": "30s"}, {"weight": 100}]}},
    "rollback": {"warm": {"for": "20s"}},
}
ROUTED: dict[str, Any] = {**CANARY, "traffic": {"httpRoute": {"name": "shop"}}}
REHEARSED: dict[str, Any] = {"rollback": {"warm": {"for": "20s"}, "rehearse": True}}
BLUE_GREEN: dict[str, Any] = {"strategy": {"type": "BlueGreen"}, "rollback": {"warm": {"for": "20s"}}}
SHADOW: dict[str, Any] = {
    "strategy": {"type": "Shadow", "shadow": {"duration": "30s", "idempotent": True}}, "rollback": {"warm": {"for": "20s"}},
    "traffic": {"httpRoute": {"name": "shop"}},
}  # fmt: skip
ROLLING: dict[str, Any] = {"strategy": {"type": "Rolling", "rolling": {"pause": "10s"}}}
GATE: dict[str, Any] = {
    "gates": [{"name": "errors", "at": ["before-traffic", "step", "bake"],
               "threshold": {"query": "errors", "max": 1, "interval": "1s", "failures": 2}}],
    "maxInconclusive": "5m",
}  # fmt: skip
SMOKE: dict[str, Any] = {
    "gates": [{"name": "smoke", "at": ["before-traffic", "step", "bake"],
               "job": {"template": {"spec": {"containers": [{"name": "smoke", "image": "smoke:1"}]}}}}],
}  # fmt: skip
FLAG: dict[str, Any] = {"flags": [{"name": "new", "source": {"configMap": "flags"}, "weight": 50},
                                  {"name": "late", "source": {"featureFlag": "shop"}}]}  # fmt: skip
_RUN: dict[str, Any] = {"template": {"spec": {"containers": [{"name": "sql", "image": "sql:1"}]}}}
_SAFE: dict[str, Any] = {"reversible": True, "backwardCompatible": True, "job": _RUN}
MIGRATION: dict[str, Any] = {"change": {"kind": "DataMigration", "migrations": [
    {"name": "add-column", **_SAFE, "undo": _RUN}, {"name": "fill-column", **_SAFE, "undo": _RUN}]}}  # fmt: skip
APPROVAL: dict[str, Any] = {
    "strategy": {"canary": {"steps": [{"weight": 25, "approval": True}, {"weight": 100, "approval": True}]}},
    "rollback": {"warm": {"for": "20s"}},
}

Story = Callable[[World], None]
STORIES: dict[str, tuple[Callable[[], World], Story]] = {}


def in_phase(*phases: Phase) -> Callable[[World], bool]:
    """Whether the release is in one of these phases."""
    return lambda world: world.status.phase in phases


def at_step(index: int) -> Callable[[World], bool]:
    """Whether the cluster has what this step wants."""
    return lambda world: (t := world.status.trial) is not None and t.step.index == index and t.step.since is not None


def trial_of(template: str) -> Callable[[World], bool]:
    """Whether this template is on trial."""
    return lambda world: world.status.trial is not None and world.status.trial.candidate.digest.endswith(f" {template}")


def _story(name: str, **parts: Any) -> Callable[[Story], Story]:
    def told(story: Story) -> Story:
        answers = {"errors": 0.0} if "gates" in parts else {}
        flags = {each["name"]: "off" for each in parts.get("flags", ())}
        STORIES[name] = (lambda: healthy(make_spec(**parts), answers=dict(answers), flags=dict(flags)), story)
        return story

    return told


def tell(name: str, crash_after: int | None = None, *, crash_again: bool = False) -> World:
    """The world at the end of a story; with a crash after so many writes of it, or after each from then on."""
    make, story = STORIES[name]
    world = make()
    world.writes.clear()
    world.crash_after, world.crash_again = crash_after, crash_again
    story(world)
    return world.run()


@_story("a good canary without router", **CANARY)
@_story("a good canary with router", **ROUTED)
@_story("a good canary with router and gates", **ROUTED, **GATE)
@_story("a good canary with router and a Job", **ROUTED, **SMOKE)
@_story("a good canary with router and flags", **ROUTED, **FLAG)
@_story("a good rolling release with flags", **ROLLING, **FLAG)
@_story("a good canary that is rehearsed", **{**CANARY, **REHEARSED})
@_story("a good canary that is rehearsed, with router", **{**ROUTED, **REHEARSED})
@_story("a good blue-green", **BLUE_GREEN)
@_story("a good canary with router and migrations", **ROUTED, **MIGRATION)
@_story("a good rolling release with migrations", **ROLLING, **MIGRATION)
@_story("a good rolling release", **ROLLING)
@_story("a good shadow with gates", **SHADOW, **GATE)
@_story("a good shadow with flags", **SHADOW, **FLAG)
def _good(world: World) -> None:
    world.apply("v2")
    world.run(in_phase(Phase.COMPLETING))


@_story("a restart")
def _restart(world: World) -> None:
    world.apply("v1+1")


@_story("a gate fails with router", **ROUTED, **GATE)
@_story("a gate fails without router", **CANARY, **GATE)
@_story("a gate fails in a rolling release", **ROLLING, **GATE)
@_story("a gate fails on mirrored requests", **SHADOW, **GATE)
@_story("a gate fails and the template is reverted", **{**CANARY, "rollback": {"revertTemplate": True}}, **GATE)
def _bad(world: World) -> None:
    world.apply("v2")
    world.run(at_step(1))
    world.answers["errors"] = 2.0
    world.run(in_phase(Phase.ROLLED_BACK))


@_story("a gate fails with router and flags", **ROUTED, **GATE, **FLAG)
@_story("a gate fails in a rolling release with flags", **ROLLING, **GATE, **FLAG)
def _bad_with_flags(world: World) -> None:
    world.apply("v2")
    world.run(at_step(2))
    assert world.flags["new"] == "on"
    world.answers["errors"] = 2.0
    world.run(in_phase(Phase.ROLLED_BACK))


@_story("a Job fails with router", **ROUTED, **SMOKE)
@_story("a Job fails in a rolling release", **ROLLING, **SMOKE)
def _smoke(world: World) -> None:
    world.apply("v2")
    world.run(at_step(1))
    world.ends["smoke"] = ("Failed", "BackoffLimitExceeded")
    world.run(in_phase(Phase.ROLLED_BACK))


@_story("a migration fails after another with router", **ROUTED, **MIGRATION)
def _migration_fails(world: World) -> None:
    world.ends["fill-column"] = ("Failed", "BackoffLimitExceeded")
    world.apply("v2")
    world.run(in_phase(Phase.ROLLED_BACK))


@_story("abort with migrations, retry, and it is good", **ROUTED, **MIGRATION)
def _abort_migrated(world: World) -> None:
    world.apply("v2")
    world.run(at_step(1))
    world.ask("abort")
    world.run(in_phase(Phase.ROLLED_BACK))
    world.run()
    world.ask("retry")
    world.run(in_phase(Phase.COMPLETING))


@_story("abort with router, retry, and it is good", **ROUTED)
def _abort_retry(world: World) -> None:
    world.apply("v2")
    world.run(at_step(2))
    world.ask("abort")
    world.run(in_phase(Phase.ROLLED_BACK))
    world.ask("retry")
    world.run(in_phase(Phase.COMPLETING))


@_story("three templates, each before the last is through", **ROUTED)
def _superseded(world: World) -> None:
    for template in ("v2", "v3", "v4"):
        world.apply(template)
        world.run(at_step(1))
    world.run(in_phase(Phase.COMPLETING))


@_story("a newer template at the step of a flag", **ROUTED, **FLAG)
def _superseded_with_flags(world: World) -> None:
    world.apply("v2")
    world.run(at_step(2))
    world.apply("v3")
    world.run(in_phase(Phase.COMPLETING))


@_story("the Deployment is deleted at the step of a flag, and made anew", **ROUTED, **FLAG)
def _lost_with_flags(world: World) -> None:
    world.apply("v2")
    world.run(at_step(2))
    world.recreate()
    world.run(in_phase(Phase.HEALTHY))


@_story("stable's template comes back", **ROUTED)
@_story("stable's template comes back while requests are mirrored", **SHADOW)
def _returns(world: World) -> None:
    world.apply("v2")
    world.run(at_step(1))
    world.apply("v1")


@_story("a good release, then back to the one before", **CANARY)
@_story("a good release with flags, then back to the one before", **CANARY, **FLAG)
def _rollback(world: World) -> None:
    world.apply("v2")
    world.run(in_phase(Phase.COMPLETING))
    world.run(in_phase(Phase.HEALTHY))
    world.run()
    world.ask("rollback", "previous")
    world.run(trial_of("v1"))
    world.run(in_phase(Phase.COMPLETING))
    world.apply("v2")


@_story("to no replicas and back", **CANARY)
def _zero(world: World) -> None:
    world.apply("v2")
    world.run(at_step(1))
    world.scale(0)
    world.run(in_phase(Phase.WAITING))
    world.scale(4)
    world.run(in_phase(Phase.COMPLETING))


@_story("approvals, a pause and promotions", **APPROVAL)
def _approval(world: World) -> None:
    world.apply("v2")
    world.run(in_phase(Phase.AWAITING_APPROVAL))
    world.ask("pause")
    world.ask("resume")
    world.run(in_phase(Phase.AWAITING_APPROVAL))
    world.ask("promote", "step")
    world.run(in_phase(Phase.BAKING))
    world.run(in_phase(Phase.AWAITING_APPROVAL))
    world.ask("promote", "step")
    world.run(in_phase(Phase.COMPLETING))


@_story("the Release is deleted in mid-trial", **ROUTED)
@_story("the Release is deleted at the step of a flag", **ROUTED, **FLAG)
def _deleted(world: World) -> None:
    world.apply("v2")
    world.run(at_step(2))
    world.deleting = True
    world.run(lambda w: w.gone)


@_story("a rolling release is aborted half-way", **ROLLING)
def _rolling_abort(world: World) -> None:
    world.apply("v2")
    world.run(at_step(2))
    world.ask("abort", "too slow")
    world.run(in_phase(Phase.ROLLED_BACK))
    world.ask("revert")
    world.run(in_phase(Phase.HEALTHY))


@_story("the Release is deleted while requests are mirrored", **SHADOW)
def _deleted_shadow(world: World) -> None:
    world.apply("v2")
    world.run(at_step(1))
    world.deleting = True
    world.run(lambda w: w.gone)


@_story("the policies are missing for a while", **ROUTED)
@_story("the policies are missing while requests are mirrored", **SHADOW)
def _policies(world: World) -> None:
    world.apply("v2")
    world.run(at_step(1))
    world.hold = False
    world.run(in_phase(Phase.BLOCKED))
    world.run()
    world.hold = True
    world.run(in_phase(Phase.COMPLETING))


@_story("stable loses all pods", **CANARY)
def _unprotected(world: World) -> None:
    world.apply("v2")
    world.run(at_step(1))
    world.broken.add("v1")
    world.now += timedelta(seconds=1)
    world.run(in_phase(Phase.COMPLETING))
