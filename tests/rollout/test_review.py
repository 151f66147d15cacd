"""The review in a release's life: made before the start, kept through the trial, gone with it; and Auto, which follows it."""

from dataclasses import replace
from typing import Any

import pytest

from controller.reconcile import commit
from strategies.analysis.feasibility import Traffic
from strategies.rollout.decide import decide
from strategies.spec.phase import Phase
from strategies.spec.release import StrategyType
from strategies.spec.review import Risk
from strategies.spec.status import Kind, Outcome
from strategies.world import effects as e
from tests.review.subjects import template
from tests.rollout.stories import at_step, in_phase, trial_of
from tests.rollout.world import World, healthy, make_spec

AUTO: dict[str, Any] = {
    "strategy": {"type": "Auto", "canary": {"steps": [{"weight": 25, "duration": "30s"}, {"weight": 100}]},
                 "rolling": {"pause": "10s"}},
    "rollback": {"plan": "Traffic returns to the former ReplicaSet.", "warm": {"for": "20s"}},
}  # fmt: skip
TEMPLATES = {"v1": template("shop:2.3.1"), "vpatch": template("shop:2.3.2"), "vminor": template("shop:2.4.0")}
PLANS = {
    "Cosmetic": ("vpatch", StrategyType.ROLLING, "Batch"),
    "Feature": ("vminor", StrategyType.CANARY, "Traffic"),
    "Core": ("vminor", StrategyType.BLUE_GREEN, "Bake"),
}


def world(kind: str, **spec: Any) -> World:
    """A Release of type Auto whose change is of this kind; nothing waits yet."""
    return healthy(make_spec(**{**AUTO, **spec}, change={"kind": kind}), templates=TEMPLATES)


def test_the_review_is_committed_before_anything_is_done_and_stays_the_same_until_the_end() -> None:
    """No write comes before the commit that has it; afterwards only the level of risk is kept."""
    found = world("Feature")
    before = len(found.writes)
    found.apply("vminor")
    found.run(lambda w: w.status.review is not None)
    made = found.status.review
    assert made is not None
    assert not any(isinstance(write, e.CreateReplicaSet | e.TakeWheel) for write in found.writes[before:])
    found.run(at_step(1))
    assert found.status.review == made
    found.run()
    assert (found.status.phase, found.status.review) == (Phase.HEALTHY, None)
    assert found.status.history[-1].risk is Risk.MEDIUM


@pytest.mark.parametrize("kind", PLANS)
def test_auto_goes_out_by_the_strategy_of_the_table(kind: str) -> None:
    """The steps are that strategy's, and the trial says which it is."""
    version, strategy, name = PLANS[kind]
    found = world(kind)
    found.apply(version)
    found.run(at_step(1))
    assert found.status.trial is not None and found.status.review is not None
    assert (found.status.trial.strategy, found.status.trial.step.name) == (strategy, name)
    assert found.status.review.strategy is strategy
    found.run()
    assert found.status.history[-1].outcome is Outcome.COMPLETED
    assert found.refused == []


def test_the_strategy_of_a_trial_stays_what_was_chosen_when_the_declaration_is_edited_in_mid_release() -> None:
    """Another kind of change would lead to another strategy; it holds from the next release on."""
    found = world("Feature")
    found.apply("vminor")
    found.run(at_step(1))
    found.spec = make_spec(**AUTO, change={"kind": "Cosmetic"})
    found.run()
    past = found.status.history[-1]
    assert (past.strategy, past.outcome) == (StrategyType.CANARY, Outcome.COMPLETED)


def test_a_template_that_cannot_be_compared_is_not_taken_for_a_small_change() -> None:
    """Auto without both templates goes out as a canary, whatever is declared."""
    found = healthy(make_spec(**AUTO, change={"kind": "Cosmetic"}))
    found.apply("vpatch")
    found.run(at_step(1))
    assert found.status.trial is not None
    assert found.status.trial.strategy is StrategyType.CANARY


def test_a_newer_template_gets_a_review_of_its_own() -> None:
    """The one before ends with its trial."""
    found = world("Feature")
    found.apply("vpatch")
    found.run(at_step(1))
    first = found.status.review
    found.apply("vminor")
    found.run(trial_of("vminor"))
    assert found.status.review is not None
    assert found.status.review != first
    assert any("shop:2.3.1 → shop:2.4.0" in line for line in found.status.review.differences)


def test_a_retry_is_reviewed_with_what_was_written_since() -> None:
    """The plan, and a rehearsal of it, may have been added."""
    found = world("Feature", rollback={"warm": {"for": "20s"}})
    found.apply("vminor")
    found.run(at_step(1))
    assert found.status.review is not None
    assert {"NoMonitoring", "RollbackUnproven"} == {flag.name for flag in found.status.review.red_flags}
    found.ask("abort", "true")
    found.run(in_phase(Phase.ROLLED_BACK))
    assert found.status.review is None
    found.spec = make_spec(**{**AUTO, "rollback": {**AUTO["rollback"], "rehearse": True}}, change={"kind": "Feature"})
    found.ask("retry", "true")
    found.run(at_step(1))
    assert found.status.review is not None
    assert {"NoMonitoring"} == {flag.name for flag in found.status.review.red_flags}


def test_restarts_and_rollbacks_are_not_reviewed() -> None:
    """They bring nothing new."""
    found = world("Core")
    found.apply("v1+1")
    found.run(lambda w: w.status.trial is not None)
    assert found.status.trial is not None
    assert (found.status.trial.kind, found.status.review) == (Kind.RESTART, None)


def test_what_the_gates_can_see_is_added_to_the_review_once_and_decides_nothing() -> None:
    """As it was told at the beginning; a stable that has more requests later changes no review."""
    gate = {"name": "errors", "ratio": {"bad": "bad_total", "total": "all_total"}}
    found = healthy(make_spec(gates=[gate], strategy={"canary": {"steps": [{"weight": 20, "duration": "5m"}, {"weight": 100}]}}))
    found.apply("v2")
    found.run(trial_of("v2"))
    before = decide(found.spec, found.observe(), found.status, found.now)
    assert before.status.review is not None and before.status.review.foreseen == ()
    for rate in (1, 1000):
        seen = replace(found.observe(), traffic={"errors": Traffic(rate=rate, bad=0.01)})
        after = decide(found.spec, seen, found.status, found.now)
        assert after.status.review is not None
        assert "is too short for gate errors: at stable's 1 requests a second" in after.status.review.foreseen[0]
        assert {item.name: item.state for item in after.status.review.checklist}["Gates"] == "Done"
        assert commit.decided(after.status) == commit.decided(before.status)
        found.status = after.status
