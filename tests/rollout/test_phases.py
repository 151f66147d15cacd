"""The table of phases is what happens: every way that is taken is in it, and every entry of it is taken."""

import pytest

from strategies.rollout.phases import ANYWHERE, TRANSITIONS, allowed
from strategies.spec.phase import Phase
from strategies.spec.reason import SENTENCES, Reason
from tests.rollout.objects import Deployment
from tests.rollout.stories import APPROVAL, CANARY, GATE, ROLLING, STORIES, at_step, in_phase, tell, trial_of
from tests.rollout.world import World, healthy, make_spec

Move = tuple[Phase, Phase]


def _gated(spec: dict[str, object], until: Phase) -> World:
    world = healthy(make_spec(**spec, **GATE), answers={"errors": 0.0})
    world.apply("v2")
    return world.run(in_phase(until))


def _rejected(**spec: object) -> World:
    world = healthy(make_spec(**(spec or CANARY)))
    world.apply("v2")
    world.run(at_step(1))
    world.ask("abort")
    world.run(in_phase(Phase.ROLLED_BACK))
    return world.run()


def _blocked_at_the_first_look() -> World:
    world = World(deployment=Deployment(replicas=2, claimed_by="other"), spec=make_spec())
    world.act()
    world.run()
    world.deployment = Deployment(replicas=2, paused=True)
    return world.run()


def _blocked_and_the_deployment_is_released() -> World:
    world = World(deployment=Deployment(replicas=2, claimed_by="other"), spec=make_spec())
    world.act()
    world.run()
    assert world.deployment is not None
    world.deployment.claimed_by = "shop"
    return world.run()


def _from_blocked(template: str | None, replicas: int = 4) -> World:
    world = _rejected()
    world.apply("v3")
    world.hold = False
    world.run(in_phase(Phase.BLOCKED))
    world.scale(replicas)
    if template:
        world.hold = True
        world.apply(template)
    return world.run()


def _from_waiting(template: str, *, hold: bool = True) -> World:
    world = _rejected()
    world.scale(0)
    world.run()
    world.apply("v3")
    world.run(in_phase(Phase.WAITING))
    world.apply(template)
    world.hold = hold
    world.scale(4)
    return world.run()


def _waiting(spec: dict[str, object], then: str) -> World:
    """In Waiting, because the gate cannot tell; then something happens."""
    world = healthy(make_spec(**spec, **GATE), answers={"errors": 0.0})
    world.apply("v2")
    world.run(at_step(1))
    world.answers["errors"] = None
    world.run(in_phase(Phase.WAITING))
    if then in ("pause", "abort"):
        world.ask(then)
    elif then == "full":
        world.ask("promote", "full")
    else:
        world.answers["errors"] = 0.0
    for _ in range(60):
        world.turn()
        world._pass_time()
    return world


def _last_batch_cannot_tell() -> World:
    world = healthy(make_spec(**ROLLING, **GATE), answers={"errors": 0.0})
    world.apply("v2")
    world.run(at_step(3))
    world.answers["errors"] = None
    world.run(in_phase(Phase.WAITING))
    world.answers["errors"] = 0.0
    return world.run()


def _bake_cannot_tell() -> World:
    world = _gated(CANARY, Phase.BAKING)
    world.answers["errors"] = None
    world.run(in_phase(Phase.WAITING))
    world.scale(5)
    world.run(in_phase(Phase.BAKING))
    return world


def _approval_cannot_tell() -> World:
    world = _gated(APPROVAL, Phase.AWAITING_APPROVAL)
    world.answers["errors"] = None
    world.run(in_phase(Phase.WAITING))
    world.answers["errors"] = 0.0
    world.run(in_phase(Phase.AWAITING_APPROVAL))
    world.ask("abort")
    return world


def _paused(spec: dict[str, object], step: int, key: str, value: str = "true") -> World:
    world = healthy(make_spec(**spec))
    world.apply("v2")
    world.run(at_step(step))
    world.ask("pause")
    world.ask(key, value)
    return world


def _aborted_in_bake() -> World:
    world = healthy(make_spec(**CANARY))
    world.apply("v2")
    world.run(in_phase(Phase.BAKING))
    world.ask("abort")
    return world


def _approved(first: str) -> World:
    world = healthy(make_spec(**APPROVAL))
    world.apply("v2")
    world.run(in_phase(Phase.AWAITING_APPROVAL))
    if first == "scale":
        world.scale(8)
        world.run(in_phase(Phase.PROGRESSING))
        return world.run()
    world.ask("pause")
    return world


def _completing(then: str) -> World:
    world = healthy(make_spec(**CANARY))
    world.apply("v2")
    world.run(in_phase(Phase.COMPLETING))
    world.apply("v3")
    if then == "zero":
        world.scale(0)
    if then == "no hold":
        world.hold = False
    return world.run()


def _rolling_back(then: str) -> World:
    world = healthy(make_spec(**CANARY))
    world.apply("v2")
    world.run(at_step(1))
    world.ask("abort")
    world.apply("v3")
    if then == "zero":
        world.scale(0)
    return world.run()


def _rolled_back(then: str) -> World:
    world = _rejected()
    if then == "zero":
        world.scale(0)
        world.run()
    if then == "no hold":
        world.hold = False
    world.deployment.paused = world.deployment.held = True  # type: ignore[union-attr]
    world.deployment.template = "v3"  # type: ignore[union-attr]
    world.deployment.generation += 1  # type: ignore[union-attr]
    return world.run()


def _healthy_then(then: str) -> World:
    world = healthy(make_spec(**CANARY))
    if then == "zero":
        world.scale(0)
        world.run()
    world.apply("v2")
    if then == "no hold":
        world.hold = False
    return world.run()


def _rejected_again() -> World:
    world = _rejected()
    world.apply("v1")
    world.run()
    world.apply("v2")
    return world.run()


def _invalid(template: str) -> World:
    world = healthy(make_spec(**CANARY))
    world.spec_error = "no"
    world.apply(template)
    world.run()
    world.spec_error = None
    return world.run()


def _invalid_from_the_start() -> World:
    world = World(deployment=Deployment(replicas=2), spec=make_spec(), spec_error="no")
    world.act()
    world.run()
    world.spec_error = None
    return world.run()


def _made_again() -> World:
    world = healthy()
    world.deployment = None
    world.run()
    world.deployment = Deployment(uid="deployment-2", replicas=2)
    world.act()
    return world.run()


TALES = [
    _blocked_at_the_first_look, _blocked_and_the_deployment_is_released,
    lambda: _from_blocked("v2"), lambda: _from_blocked(None, 0), lambda: _from_blocked("v1"), lambda: _from_blocked("v3"),
    lambda: _from_waiting("v2"), lambda: _from_waiting("v1"), lambda: _from_waiting("v3"),
    lambda: _from_waiting("v3", hold=False),
    lambda: _waiting(CANARY, "pause"), lambda: _waiting(CANARY, "abort"), lambda: _waiting(CANARY, "full"),
    lambda: _waiting(CANARY, "answer"), _last_batch_cannot_tell, _bake_cannot_tell, _approval_cannot_tell,
    lambda: _paused(CANARY, 1, "resume"), lambda: _paused(CANARY, 1, "promote", "step"), lambda: _paused(CANARY, 1, "abort"),
    lambda: _paused(CANARY, 3, "resume"), lambda: _paused(CANARY, 3, "promote", "step"), lambda: _paused(ROLLING, 0, "abort"),
    _aborted_in_bake,
    lambda: _approved("pause"), lambda: _approved("scale"),
    lambda: _completing("zero"), lambda: _completing("no hold"), lambda: _completing(""),
    lambda: _rolling_back(""), lambda: _rolling_back("zero"), _rejected_again,
    lambda: _rolled_back(""), lambda: _rolled_back("zero"), lambda: _rolled_back("no hold"),
    lambda: _healthy_then(""), lambda: _healthy_then("zero"), lambda: _healthy_then("no hold"),
    lambda: _invalid("v1"), _invalid_from_the_start, _made_again,
]  # fmt: skip


@pytest.fixture(scope="module")
def taken() -> set[Move]:
    """Every way that the stories and the tales take. That each is allowed is checked in the world, at each commit."""
    worlds = [*(tell(name) for name in STORIES), *(tale() for tale in TALES)]
    return {move for world in worlds for move in world.moves}


@pytest.mark.parametrize(("old", "trigger", "new"), [(o, t, n) for o, row in TRANSITIONS.items() for t, n in row.items()])
def test_every_entry_of_the_table_is_taken(old: Phase, trigger: str, new: Phase, taken: set[Move]) -> None:
    """An entry that nothing reaches would be a lie in the diagram."""
    assert (old, new) in taken, f"nothing leads from {old} by {trigger!r} to {new}"


def test_the_table_refuses_what_is_not_in_it() -> None:
    """A release never begins in the bake, and a rejected one is never completed."""
    assert not allowed(Phase.HEALTHY, Phase.BAKING, Reason.BAKING)
    assert not allowed(Phase.ROLLED_BACK, Phase.COMPLETING, Reason.BAKE_PASSED)
    assert allowed(Phase.BAKING, Phase.BLOCKED, Reason.BREAK_GLASS)
    assert not allowed(Phase.BAKING, Phase.BLOCKED, Reason.ROUTE_UNUSABLE)


def test_every_phase_has_a_row_and_every_reason_a_sentence() -> None:
    """Nothing is shown without words."""
    assert set(TRANSITIONS) == set(Phase)
    assert set(SENTENCES) == set(Reason)
    assert set(ANYWHERE) <= set(Reason)
    assert trial_of("v2")(healthy()) is False
