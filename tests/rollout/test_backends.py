"""The candidate's backend enters a route and leaves it without a share, each seen to be accepted by the gateway; no end waits for
a gateway for ever.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from strategies.rollout.traffic_stages import ACCEPTANCE_PATIENCE
from strategies.spec.phase import Phase
from strategies.world import effects as e
from tests.rollout.objects import Splitting
from tests.rollout.stories import ROUTED, at_step
from tests.rollout.world import World, healthy, make_spec

UNACCEPTED = "The gateway has not accepted the route's present form yet; status.parents of the route says why."


def shares(world: World) -> list[int | None]:
    """What the route gave to the candidate, in order."""
    return [w.weight for w in world.writes if isinstance(w, e.SetWeight)]


def silenced(until: Callable[[World], bool]) -> World:
    """A world whose gateway falls silent in mid-release."""
    world = healthy(make_spec(**ROUTED))
    world.apply("v2")
    world.run(until)
    assert world.route is not None
    world.route.silent, world.route.accepted = True, False
    return world


def test_a_candidate_gets_no_share_from_a_gateway_that_accepts_nothing_and_the_status_says_so() -> None:
    """Its backend is in the route, and waits there; with the first word of the gateway it goes on."""
    world = healthy(make_spec(**ROUTED), route=Splitting(silent=True))
    world.apply("v2")
    world.run()
    assert (shares(world), world.status.phase) == ([0], Phase.PROGRESSING)
    said = {c.type: c.message for c in world.status.conditions}
    assert said["TrafficVerified"] == said["Progressing"] == UNACCEPTED
    assert world.route is not None
    world.route.silent = False
    world.kubernetes()
    world.run()
    assert shares(world) == [0, 25, 50, 100, 0, None]


def test_an_abort_takes_the_share_back_in_one_write_whatever_the_gateway_says() -> None:
    """At once; only that the backend leaves may take its time, and no longer than a gateway's answer is waited for."""
    world = silenced(at_step(1))
    asked = world.now
    world.ask("abort")
    assert (shares(world)[2:], world.now) == ([0], asked)
    world.run()
    assert (shares(world)[2:], world.status.phase) == ([0, None], Phase.ROLLED_BACK)
    assert world.now - asked <= ACCEPTANCE_PATIENCE + timedelta(seconds=5)


def test_an_abort_before_the_first_share_takes_only_the_backend_out() -> None:
    """It is in the route without a share: there is nothing to take back."""
    world = healthy(make_spec(**ROUTED), route=Splitting(silent=True))
    world.apply("v2")
    world.run()
    world.ask("abort")
    world.run()
    assert (shares(world), world.status.phase) == ([0, None], Phase.ROLLED_BACK)


@pytest.mark.parametrize("how", ["completion", "deletion", "loss of the Deployment"])
def test_a_gateway_that_is_gone_keeps_no_release_from_ending(how: str) -> None:
    """L3: the route is given back once its answer has been waited for, and everything else after it."""
    world = silenced(at_step(3 if how == "completion" else 1))
    if how == "completion":
        assert world.route is not None
        world.route.accepted = True  # All traffic was seen to be there.
    elif how == "deletion":
        world.deleting = True
    else:
        world.deployment = None
        world.kubernetes()
    world.run()
    assert shares(world)[-2:] == [0, None]
    assert world.candidate_service is None
    assert world.gone or world.status.phase in (Phase.HEALTHY, Phase.WORKLOAD_MISSING)


def test_a_backend_that_somebody_takes_out_enters_again_before_it_has_its_share_again() -> None:
    """In mid-release, by a tool that applies its owner's route."""
    world = healthy(make_spec(**ROUTED))
    world.apply("v2")
    world.run(at_step(2))
    assert world.route is not None
    world.route.weight = None
    world.run()
    assert shares(world) == [0, 25, 50, 0, 50, 100, 0, None]
