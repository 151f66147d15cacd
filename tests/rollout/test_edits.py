"""Steps that are edited in mid-release: where the trial goes on, and what it says."""

from typing import Any

import pytest

from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Outcome
from strategies.world import effects as e
from tests.rollout.stories import ROUTED, at_step
from tests.rollout.world import World, healthy, make_spec


def _edited(at: int, weights: tuple[int, ...], **strategy: Any) -> World:
    """A canary of 25, 50, 100 % by a route, whose steps are others since it had step `at`."""
    world = healthy(make_spec(**ROUTED))
    world.apply("v2")
    world.run(at_step(at))
    canary = {"steps": [*({"weight": w, "duration": "30s"} for w in weights), {"weight": 100}]}
    world.spec = make_spec(**(ROUTED | {"strategy": {"type": "Canary", "canary": canary, **strategy}}))
    world.writes.clear()
    world.turn()
    return world


@pytest.mark.parametrize(("at", "weights", "goes_on"), [
    (2, (25, 50, 75), 2),  # A later step is new: the one under way stays.
    (2, (10, 25, 50), 3),  # … also where it has another number now.
    (2, (10, 20, 75), 2),  # Its weight is gone: back to the last one that gives no more.
    (1, (50,), 0),  # There is none that gives traffic: back to the preview, for no edit raises a weight.
    (1, (), 0),
    (1, (5, 10), 2),
])  # fmt: skip
def test_a_trial_goes_on_from_the_last_step_that_gives_no_more_than_it_has(
    at: int, weights: tuple[int, ...], goes_on: int
) -> None:
    """The status names step and weight before the route has them, and says that the steps were changed."""
    world = _edited(at, weights)
    had, trial = (0, 25, 50)[at], world.status.trial
    assert trial is not None
    assert (trial.step.index, trial.step.of) == (goes_on, len(weights) + 2)
    assert trial.step.weight == (0, *weights)[goes_on] <= had
    assert (trial.step.since is not None) == (trial.step.weight == had)
    assert world.status.reason is Reason.STEPS_CHANGED
    assert "changed to" in world.status.message
    world.run()
    assert world.status.history[-1].outcome is Outcome.COMPLETED
    given = [w.weight for w in world.writes if isinstance(w, e.SetWeight) and w.weight is not None]
    assert given[-2:] == [100, 0]
    assert trial.step.weight == had or given[0] == trial.step.weight


def test_a_trial_keeps_the_type_that_it_began_with_and_says_so() -> None:
    """Until its end; the next one takes the new type."""
    world = _edited(1, (25, 50), type="Rolling")
    kept = [c for c in world.status.conditions if c.type == "SpecFollowed"]
    assert [(c.status, c.reason) for c in kept] == [("False", "StrategyKept")]
    assert "abort=true, then retry=true" in kept[0].message
    world.run()
    assert world.status.phase is Phase.HEALTHY
    assert [c for c in world.status.conditions if c.type == "SpecFollowed"] == []
    world.apply("v3")
    world.run(lambda w: w.status.trial is not None)
    assert world.status.trial is not None
    assert world.status.trial.step.name == "Batch"
