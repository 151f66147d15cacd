"""A freeze on the playground, with the real reconcile code: what is new waits for its end, and goes out by itself."""

from datetime import UTC, datetime, timedelta

import pytest

from playground.apiserver.errors import ApiError
from tests.simulation.stories import GOOD, GROUP, RELEASES, Object, phase, rests, ship, shop
from tests.simulation.world import NAME, NAMESPACE, Act, Story, World

START = datetime.fromtimestamp(1_800_000_000, UTC)
POLICIES = f"releasepolicies.{GROUP}"


def _release() -> Object:
    spec = {"workloadRef": {"name": "shop"}, "strategy": {"type": "Rolling"}, "traffic": {"drain": "2s"}}
    return {"apiVersion": f"{GROUP}/v1alpha1", "kind": "Release", "metadata": {"name": "shop"}, "spec": spec}


def _policy(hours: int) -> Object:
    """One freeze of so many hours, in force from the beginning of the story."""
    freeze = {"name": "weekend", "start": f"{START:%Y-%m-%dT%H:%M}", "duration": f"{hours}h", "reason": "Nobody is here"}
    return {
        "apiVersion": f"{GROUP}/v1alpha1",
        "kind": "ReleasePolicy",
        "metadata": {"name": "calm"},
        "spec": {"freezes": [freeze]},
    }


def told(hours: int, *acts: Act) -> World:
    """A change within the freeze, and what people do."""
    made = shop(_release(), routed=False)

    def make(world: World) -> None:
        world.admin.create(POLICIES, _policy(hours))
        made(world)

    return World(Story(name="freeze", make=make, acts=(ship(GOOD, rests("1")), *acts), over=rests("2", "Completed"))).run()


def started(world: World) -> datetime:
    """When the trial began."""
    return datetime.fromisoformat(world.status["history"][-1]["started"])


def test_a_change_in_a_freeze_goes_out_when_the_freeze_is_over() -> None:
    """At its end, to the second, with few turns while it waits."""
    seen: list[tuple[str, str, int]] = []
    look = Act(name="look", when=phase("Blocked"), do=lambda world: seen.append(
        (world.status["reason"], world.status["message"], world.turns)))  # fmt: skip
    world = told(1, look)
    ((reason, message, turns),) = seen
    assert reason == "Frozen"
    assert "Freeze weekend of ReleasePolicy calm is in force until" in message
    assert timedelta() <= started(world) - (START + timedelta(hours=1)) < timedelta(seconds=2)
    assert world.turns - turns < 200


def test_when_the_policy_is_taken_away_the_change_goes_out_at_once() -> None:
    """Nobody waits for the next look."""
    at: list[float] = []

    def unfreeze(world: World) -> None:
        at.append(world.loop.now())
        world.admin.delete(POLICIES, "calm")

    world = told(500, Act(name="unfreeze", when=phase("Blocked"), do=unfreeze))
    assert started(world).timestamp() - at[0] < 3


def test_who_may_override_a_freeze_lets_the_change_out_at_once() -> None:
    """Alice is refused by the policy; with bob's reason the change goes out."""
    body = {"metadata": {"annotations": {f"{GROUP}/override": "it burns"}}}
    at: list[float] = []

    def override(world: World) -> None:
        with pytest.raises(ApiError, match="User alice may not override"):
            world.cluster.api.client("alice").patch(RELEASES, NAME, NAMESPACE, body, "merge")
        at.append(world.loop.now())
        world.cluster.api.client("bob").patch(RELEASES, NAME, NAMESPACE, body, "merge")

    world = told(500, Act(name="override", when=phase("Blocked"), do=override))
    assert started(world).timestamp() - at[0] < 3
    (kept,) = world.status["overrides"]
    assert (kept["author"], kept["because"], kept["what"]) == ("bob", "it burns", "Frozen")
