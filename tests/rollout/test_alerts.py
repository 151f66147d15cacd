"""Alerts that take a release back: which, when, and with what words."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Outcome
from strategies.world.observation import Alert
from tests.rollout.stories import CANARY, at_step, in_phase
from tests.rollout.world import World, healthy, make_spec

NAMED: dict[str, Any] = {**CANARY, "rollback": {"warm": {"for": "20s"}, "onAlerts": ["Burn", "Down"]}}


def at_first_step(**parts: Any) -> World:
    """A release at its first step."""
    world = healthy(make_spec(**(parts or NAMED)))
    world.apply("v2")
    return world.run(at_step(1))


def hears(world: World, name: str, since: datetime) -> None:
    """One turn in which an alert has come."""
    alert = Alert(name=name, summary="14 times the errors", since=since)
    world.unknown["alerts"] = (alert,)  # type: ignore[assignment]
    world.turn()
    del world.unknown["alerts"]


def test_an_alert_that_the_release_names_takes_it_back_at_once() -> None:
    """Rejected, with the alert's name and summary; it does not start again by itself."""
    world = at_first_step()
    hears(world, "Burn", world.now)
    assert (world.status.phase, world.status.reason) == (Phase.ROLLING_BACK, Reason.ALERT_FIRED)
    world.run(in_phase(Phase.ROLLED_BACK)).run()
    past = world.status.history[-1]
    assert past.outcome is Outcome.REJECTED
    assert past.message == "Rolled back by itself. Alert Burn fires: 14 times the errors"


@pytest.mark.parametrize(("name", "before"), [("Other", False), ("Burn", True)])
def test_another_alert_or_one_that_fired_before_takes_nothing_back(name: str, *, before: bool) -> None:
    """What was burning before the release began has another cause."""
    world = at_first_step()
    assert world.status.trial is not None
    hears(world, name, world.status.trial.started - timedelta(seconds=1) if before else world.now)
    assert world.status.phase is Phase.PROGRESSING


def test_a_release_that_names_none_is_not_taken_back() -> None:
    """Alerts decide only where the author says so."""
    world = at_first_step(**CANARY)
    hears(world, "Burn", world.now)
    assert world.status.phase is Phase.PROGRESSING


def test_a_paused_release_and_one_that_bakes_are_taken_back_too() -> None:
    """Users have the candidate in both."""
    world = at_first_step()
    world.ask("pause")
    hears(world, "Down", world.now)
    assert world.status.phase is Phase.ROLLING_BACK
    baking = at_first_step()
    baking.run(in_phase(Phase.BAKING))
    hears(baking, "Down", baking.now)
    assert baking.status.phase is Phase.ROLLING_BACK


def test_at_rest_an_alert_does_nothing() -> None:
    """There is nothing to take back, and nothing is written."""
    world = healthy(make_spec(**NAMED))
    written = len(world.writes)
    hears(world, "Burn", world.now)
    assert world.status.phase is Phase.HEALTHY
    assert len(world.writes) == written
