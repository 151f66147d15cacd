"""Policies overridden: by whom and why is kept, and it holds for one template, once."""

from typing import Any

import pytest

from strategies.rollout.start import OF_POLICIES
from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Outcome
from strategies.world.observation import Queued
from tests.rollout.stories import CANARY, GATE, in_phase
from tests.rollout.test_start import FROZEN, REQUIRED
from tests.rollout.world import World, healthy, make_spec

QUEUED = Queued(message="ReleasePolicy calm lets 1 at a time be on their way.")
IN_TRAIN = Queued(message="Train t has not let it go.", reason=Reason.IN_TRAIN)
RULES: dict[Reason, dict[str, Any]] = {
    Reason.REQUIREMENT_UNMET: {"required": (REQUIRED,)}, Reason.FROZEN: {"frozen": FROZEN}, Reason.QUEUED: {"queued": QUEUED},
}  # fmt: skip


def blocked(rules: dict[str, Any], **spec: Any) -> World:
    """A world in which v2 waits for a policy."""
    world = healthy(make_spec(**{**CANARY, **spec}))
    world.unknown = rules
    world.apply("v2")
    return world.run(in_phase(Phase.BLOCKED))


def test_whatever_a_policy_keeps_waiting_can_be_overridden() -> None:
    """Each reason that is a policy's has its case here."""
    assert set(RULES) == OF_POLICIES


@pytest.mark.parametrize("reason", RULES)
def test_an_override_lets_the_change_out_and_keeps_who_and_why(reason: Reason) -> None:
    """What it was set over is kept, too; the release goes through all its steps."""
    world = blocked(RULES[reason])
    over = world.status.message
    said = world.ask("override", "the shop is on fire")
    assert said == "anna overrides what ReleasePolicies ask of this change: the shop is on fire"
    world.run()
    assert (world.status.phase, world.status.history[-1].outcome) == (Phase.HEALTHY, Outcome.COMPLETED)
    (kept,) = world.status.overrides
    assert (kept.what, kept.author, kept.because, kept.message) == (reason, "anna", "the shop is on fire", over)
    assert world.status.exempt is None


def test_one_override_is_enough_for_all_policies_at_once() -> None:
    """Or each would have to be found out by the one before."""
    world = blocked({key: value for rules in RULES.values() for key, value in rules.items()})
    world.ask("override", "the shop is on fire")
    world.run()
    assert world.status.history[-1].outcome is Outcome.COMPLETED


def test_an_override_is_for_the_template_that_waits_and_no_other() -> None:
    """The next one waits again; so does the same one after it has failed."""
    world = blocked(RULES[Reason.FROZEN], **GATE)
    world.answers["errors"] = 2.0
    world.ask("override", "the shop is on fire")
    world.run(in_phase(Phase.ROLLED_BACK))
    world.ask("retry")
    world.run(in_phase(Phase.BLOCKED))
    assert world.status.reason is Reason.FROZEN
    world.apply("v3")
    world.turn()
    assert world.status.reason is Reason.FROZEN


def test_a_template_that_arrives_after_the_override_is_not_meant_by_it() -> None:
    """Somebody else's change in the same minute waits for the policy."""
    world = blocked(RULES[Reason.FROZEN])
    world.ask("override", "the shop is on fire")
    assert world.status.exempt is not None
    exempt = world.status.exempt
    world.status = world.status.model_copy(update={"trial": None, "phase": Phase.BLOCKED, "exempt": exempt})
    world.apply("v3")
    assert not any(past.outcome is Outcome.COMPLETED for past in world.run(in_phase(Phase.BLOCKED)).status.history)


@pytest.mark.parametrize("value", ["", " ", "true", "yes", "no"])
def test_an_override_without_a_reason_is_refused(value: str) -> None:
    """It says what to write."""
    world = blocked(RULES[Reason.FROZEN])
    assert "is no reason, and one is kept with your name; write override=<why>" in world.ask("override", value)
    assert (world.status.phase, world.status.overrides) == (Phase.BLOCKED, ())


@pytest.mark.parametrize(("unknown", "said"), [
    ({}, "There is nothing to override: no change waits for a ReleasePolicy."),
    ({"queued": IN_TRAIN}, "this cannot be overridden: Train t has not let it go."),
])  # fmt: skip
def test_what_is_no_policys_is_not_overridden(unknown: dict[str, Any], said: str) -> None:
    """At rest there is nothing; a train lets its members go itself."""
    world = healthy(make_spec(**CANARY))
    if unknown:
        world.unknown = unknown
        world.apply("v2")
        world.run(in_phase(Phase.BLOCKED))
    assert said in world.ask("override", "the shop is on fire")
    assert world.status.overrides == ()
