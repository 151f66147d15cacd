"""Flags: on with their share of the traffic, off before anything else, and never in the way of users going back."""

from typing import Any

import pytest

from strategies.analysis.verdict import Unknown
from strategies.rollout.order import pending
from strategies.rollout.turn import Turn
from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Outcome
from strategies.world import effects as e
from strategies.world.observation import FlagSeen
from tests.rollout.stories import CANARY, FLAG, GATE, ROUTED, at_step, in_phase, tell, trial_of
from tests.rollout.world import World, healthy, make_spec


def shop(*parts: dict[str, Any], **flags: str) -> World:
    """At rest on v1, with both flags off unless they are said to be otherwise."""
    merged: dict[str, Any] = {}
    for part in (ROUTED, FLAG, *parts):
        merged |= part
    answers: dict[str, float | None] = {"errors": 0.0} if "gates" in merged else {}
    return healthy(make_spec(**merged), flags={"new": "off", "late": "off"} | flags, answers=answers)


def switches(world: World) -> list[tuple[str, str]]:
    """Flags that were written, and their new defaults, in order."""
    return [(w.place.flag, w.new) for w in world.writes if isinstance(w, e.FlagOn | e.FlagOff)]


def test_a_flag_goes_on_with_the_step_that_reaches_its_share_once_the_traffic_is_there() -> None:
    """One of 50 % after the weight of 50, one of the promotion after that of 100; they stay on when the release is through."""
    world = tell("a good canary with router and flags")
    order = [f"{w.kind()}" if not isinstance(w, e.SetWeight) else f"weight {w.weight}"
             for w in world.writes if isinstance(w, e.SetWeight | e.FlagOn)]  # fmt: skip
    assert order == ["weight 0", "weight 25", "weight 50", "FlagOn new", "weight 100", "FlagOn late", "weight 0", "weight None"]
    assert world.flags == {"new": "on", "late": "on"}


def test_a_step_is_reached_only_with_its_flag() -> None:
    """What the gates see of a step is seen with the new behaviour on."""
    world = shop()
    world.failing.add("FlagOn new")
    world.apply("v2")
    world.run(lambda w: w.status.trial is not None and w.status.trial.step.index == 2)
    for _ in range(10):
        world.turn_blind()
    assert world.status.trial is not None
    assert (world.status.trial.step.index, world.status.trial.step.since) == (2, None)
    world.failing.clear()
    world.run(in_phase(Phase.COMPLETING))


def test_the_first_write_of_a_rollback_switches_the_flag_off() -> None:
    """Before traffic, pins and pods; a flag whose share was never reached is not touched."""
    world = tell("a gate fails with router and flags")
    rolled_back = world.writes.index("commit RollingBack")
    first = world.writes[rolled_back + 1]
    assert isinstance(first, e.FlagOff)
    assert switches(world) == [("new", "on"), ("new", "off")]
    assert world.flags == {"new": "off", "late": "off"}
    assert world.status.flags == ()


def test_a_flag_that_cannot_be_written_holds_no_user_on_the_bad_version() -> None:
    """Traffic, pods and the wheel go back; the release says that it waits for the flag, and ends once that is off."""
    world = shop(GATE)
    world.apply("v2")
    world.run(at_step(2))
    world.failing.add("FlagOff new")
    world.answers["errors"] = 2.0
    world.run(lambda w: w.deployment is not None and not w.deployment.driven)
    assert world.route is not None
    assert world.route.weight is None
    assert world.status.phase is Phase.ROLLING_BACK
    stalled = next(c for c in world.status.conditions if c.type == "Stalled")
    assert (stalled.status, stalled.reason) == ("True", "EffectFailing")
    assert "FlagOff new" in stalled.message
    world.failing.clear()
    world.run(in_phase(Phase.ROLLED_BACK))
    assert world.flags["new"] == "off"


def test_what_cannot_be_seen_of_pods_and_services_does_not_hold_a_flag_on() -> None:
    """A rollback that has to wait for a look at Services begins with the flag all the same."""
    world = shop(GATE)
    world.apply("v2")
    world.run(at_step(2))
    unseen = Unknown(reason="NotListed", message="services could not be listed.")
    world.unknown = {"services": unseen, "replica_sets": unseen}
    world.ask("abort")
    world.turn()
    assert world.flags["new"] == "off"


def test_a_flag_that_is_on_before_the_release_is_left_alone_by_it_and_its_rollback() -> None:
    """It is stable's: users would lose what they have."""
    world = shop(GATE, new="on")
    world.apply("v2")
    world.run(at_step(2))
    world.answers["errors"] = 2.0
    world.run(in_phase(Phase.ROLLED_BACK))
    assert switches(world) == []


def test_going_back_after_completion_switches_off_what_the_revisions_left_behind_have_put_on() -> None:
    """First of all, and no flag of the revision that it goes back to."""
    world = shop()
    world.apply("v2")
    world.run(in_phase(Phase.COMPLETING))
    world.run()
    assert world.status.stable is not None
    second = world.status.stable.hash
    world.spec = make_spec(**ROUTED, flags=[{"name": "third", "source": {"configMap": "flags"}}])
    world.flags["third"] = "off"
    world.apply("v3")
    world.run(in_phase(Phase.COMPLETING))
    world.run()
    assert world.flags == {"new": "on", "late": "on", "third": "on"}
    world.writes.clear()
    world.ask("rollback", f"revision:{second}")
    world.run(trial_of("v2"))
    world.run(in_phase(Phase.COMPLETING))
    world.run()
    assert world.flags == {"new": "on", "late": "on", "third": "off"}
    moved = next(n for n, w in enumerate(world.writes) if isinstance(w, e.SetWeight | e.TakeWheel | e.Scale))
    assert any(isinstance(w, e.FlagOff) for w in world.writes[:moved])
    world.ask("rollback", "previous")
    world.run(trial_of("v1"))
    world.run(in_phase(Phase.COMPLETING))
    assert world.flags == {"new": "off", "late": "off", "third": "off"}


def test_a_newer_template_begins_with_the_flag_off() -> None:
    """The former candidate's flag is off before the next one starts."""
    world = tell("a newer template at the step of a flag")
    assert switches(world) == [("new", "on"), ("new", "off"), ("new", "on"), ("late", "on")]


def test_the_next_release_waits_until_the_flag_is_off() -> None:
    """Or it would begin with the new behaviour on for everybody."""
    world = shop()
    world.apply("v2")
    world.run(at_step(2))
    world.failing.add("FlagOff new")
    world.apply("v3")
    for _ in range(20):
        world.turn_blind()
    assert world.status.trial is not None
    assert world.status.trial.outcome is Outcome.SUPERSEDED
    world.failing.clear()
    world.run(in_phase(Phase.COMPLETING))
    assert world.flags["new"] == "on"


@pytest.mark.parametrize("lost", ["recreate", "break_glass"])
def test_a_flag_goes_off_when_the_deployment_is_lost(lost: str) -> None:
    """Deleted and made anew, or taken out of our hands: the trial is over."""
    world = shop()
    world.apply("v2")
    world.run(at_step(2))
    getattr(world, lost)()
    world.run(lambda w: w.flags["new"] == "off")
    world.run()
    assert world.status.flags == ()


def test_a_deletion_ends_even_if_the_flag_can_never_be_written() -> None:
    """L3: after progressDeadline."""
    world = shop()
    world.apply("v2")
    world.run(at_step(2))
    world.failing.add("FlagOff new")
    world.deleting = True
    for _ in range(120):
        world.turn_blind()
    assert world.gone


def test_a_flag_that_was_taken_out_of_its_object_is_off() -> None:
    """Nobody gets a variant of what is not there."""
    world = shop()
    world.apply("v2")
    world.run(at_step(2))
    del world.flags["new"]
    world.ask("abort")
    world.run(in_phase(Phase.ROLLED_BACK))


@pytest.mark.parametrize("place", ["the spec", "the status"])
def test_what_is_edited_out_of_the_spec_in_mid_release_goes_off_all_the_same(place: str) -> None:
    """The way back is in the status."""
    world = shop()
    world.apply("v2")
    world.run(at_step(2))
    world.spec = make_spec(**ROUTED)
    world.ask("abort")
    world.run(in_phase(Phase.ROLLED_BACK))
    assert world.flags["new"] == "off"


SEEN = {"variant": "off", "variants": ("on", "off")}


@pytest.mark.parametrize(
    ("seen", "reason", "said"),
    [
        (FlagSeen(variant=None, problem="there is no such flag"), Reason.FLAG_UNUSABLE, "there is no such flag"),
        (FlagSeen(variant="off", variants=("off", "maybe")), Reason.FLAG_UNUSABLE, "no variant on; there are: off, maybe"),
        (FlagSeen(variant="x", variants=("on", "x")), Reason.FLAG_UNUSABLE, "no variant off; there are: on, x"),
        (FlagSeen(variant="off", variants=("on", "off"), problem="it is DISABLED"), Reason.FLAG_UNUSABLE, "it is DISABLED"),
        (Unknown(reason="NotListed", message="it could not be read"), Reason.NOT_OBSERVED, "it could not be read"),
    ],
)
def test_a_release_whose_flag_could_not_go_both_ways_does_not_start(
    seen: FlagSeen | Unknown, reason: Reason, said: str
) -> None:
    """It is blocked, names the field and says what is wrong; it starts by itself once that is mended."""
    world = shop()
    (place, *_) = (flag.place for flag in world.spec.flags)
    world.unknown = {"flags": {**world.look().flags, place: seen}}  # type: ignore[dict-item]
    world.apply("v2")
    world.run(in_phase(Phase.BLOCKED))
    assert world.status.reason is reason
    assert "spec.flags[0], flag new of ConfigMap flags" in world.status.message
    assert said in world.status.message
    world.unknown = {}
    world.run(in_phase(Phase.COMPLETING))


def test_a_broken_flag_does_not_keep_a_rollback_from_starting() -> None:
    """The way back needs no flag to go on."""
    world = shop()
    world.apply("v2")
    world.run(in_phase(Phase.COMPLETING))
    world.run()
    world.flags.clear()
    world.ask("rollback", "previous")
    world.run(trial_of("v1"))
    world.run(in_phase(Phase.COMPLETING))


def test_a_restart_switches_nothing() -> None:
    """It is the same version."""
    world = shop()
    world.apply("v1+1")
    world.run()
    assert switches(world) == []


def test_without_flags_nothing_is_ever_off() -> None:
    """A spec without them has an empty status, and no stage of theirs has anything to do."""
    world = healthy(make_spec(**CANARY))
    world.apply("v2")
    world.run(at_step(1))
    turn = Turn(spec=world.spec, status=world.status, observation=world.observe(), now=world.now)
    assert (world.status.flags, pending(turn).stage) == ((), None)
