"""What the world does in the middle of a release: newer templates, replicas, autoscalers, lost pods, missing policies."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Kind, Outcome
from strategies.world import effects as e
from tests.rollout.stories import APPROVAL, BLUE_GREEN, CANARY, GATE, ROLLING, ROUTED, at_step, in_phase, trial_of
from tests.rollout.world import World, healthy, make_spec

MOMENTS: dict[str, tuple[dict[str, Any], Callable[[World], bool]]] = {
    "right after the start": (ROUTED, lambda w: w.status.trial is not None),
    "in preview": (ROUTED, lambda w: any(s.template == "v2" and s.replicas for s in w.sets.values())),
    "at the first step": (ROUTED, at_step(1)),
    "in bake": (ROUTED, at_step(3)),
    "at a share of the pods": (CANARY, at_step(1)),
    "in bake without router": (CANARY, at_step(3)),
    "while a person is waited for": (APPROVAL, in_phase(Phase.AWAITING_APPROVAL)),
    "after the switch": (BLUE_GREEN, at_step(1)),
    "in the second batch": (ROLLING, at_step(1)),
    "in the last batch": (ROLLING, at_step(3)),
    "while it is completed": (ROUTED, in_phase(Phase.COMPLETING)),
}


def finish(world: World) -> World:
    """Everything is approved, and goes to its end."""
    while world.run().status.phase is Phase.AWAITING_APPROVAL:
        world.ask("promote", "step")
    return world


def reach(moment: str, **changed: Any) -> World:
    """A world with v2 on trial, at this moment."""
    spec, until = MOMENTS[moment]
    world = healthy(make_spec(**spec), **changed)
    world.apply("v2")
    return world.run(until)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_newer_template_replaces_the_candidate_and_starts_from_step_0(moment: str) -> None:
    """v2 is withdrawn, not rejected, and v3 goes out against the same stable (or the new one, if v2 is through)."""
    world = reach(moment)
    world.apply("v3")
    world.run(trial_of("v3"))
    assert world.status.trial is not None
    assert world.status.trial.step.index == 0
    assert world.status.rejected == ()
    finish(world)
    assert world.status.phase is Phase.HEALTHY
    assert {s.template: s.replicas for s in world.sets.values() if s.replicas} == {"v3": 4}


@pytest.mark.parametrize("moment", [m for m in MOMENTS if m != "while it is completed"])
def test_stable_s_template_back_ends_the_trial_without_a_restart(moment: str) -> None:
    """No gate is asked, stable's pods run on, and the Deployment is Kubernetes' own again."""
    world = reach(moment)
    pods = list(world.sets["shop-kv1"].births)
    world.apply("v1")
    world.run()
    assert world.status.phase is Phase.HEALTHY
    assert world.status.history[-1].outcome is Outcome.REVERTED
    assert world.sets["shop-kv1"].births[: len(pods)] == pods
    assert {s.name: s.replicas for s in world.sets.values()} == {"shop-kv1": 4}
    assert world.deployment is not None
    assert (world.deployment.paused, world.deployment.driven, world.deployment.held) == (False, False, False)


@pytest.mark.parametrize("moment", MOMENTS)
def test_no_replicas_end_the_trial_and_the_change_goes_out_when_there_are_some_again(moment: str) -> None:
    """Kubernetes itself takes stable to 0; afterwards v2 starts anew and goes through."""
    world = reach(moment)
    world.scale(0)
    world.run()
    assert all(not s.replicas for s in world.sets.values())
    assert world.services["shop"].pin is None
    world.scale(4)
    finish(world)
    assert world.status.phase is Phase.HEALTHY
    assert {s.template: s.replicas for s in world.sets.values() if s.replicas} == {"v2": 4}


@pytest.mark.parametrize("how", ["while there are no replicas", "and scaled to 0 while it may not start"])
def test_a_held_template_that_history_knows_gets_no_pod_when_the_deployment_is_scaled_up(how: str) -> None:
    """Kubernetes starts the ReplicaSet that equals the template when all are at 0: that one is gone before."""
    world = healthy(make_spec(**ROUTED))
    world.apply("v2")
    finish(world)
    if how == "while there are no replicas":
        world.scale(0)
        world.run()
        world.apply("v1")
    else:
        world.gate_problems = {"errors": "MetricSource default does not exist."}
        world.apply("v1")
        world.run(in_phase(Phase.BLOCKED))
        world.run()
        world.scale(0)
    world.run()
    world.scale(4)
    world.kubernetes()
    assert {s.template: s.replicas for s in world.sets.values() if s.replicas} == {"v2": 4}
    world.gate_problems = {}
    finish(world)
    assert {s.template: s.replicas for s in world.sets.values() if s.replicas} == {"v1": 4}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("replicas", [2, 9])
def test_another_size_in_mid_release_is_followed_by_both_sides(moment: str, replicas: int) -> None:
    """The plan is made of the present size at every turn."""
    world = reach(moment)
    world.scale(replicas)
    finish(world)
    assert world.status.phase is Phase.HEALTHY
    assert {s.template: s.replicas for s in world.sets.values() if s.replicas} == {"v2": replicas}


@pytest.mark.parametrize("moment", ["in preview", "at the first step", "in bake", "at a share of the pods", "after the switch"])
def test_an_autoscaler_that_is_deceived_by_idle_pods_takes_no_capacity_away(moment: str) -> None:
    """It averages over both sides; its decrease lands on no side that serves, and is taken back before one side goes."""
    world = reach(moment, autoscaled=True)
    world.scale(2)
    world.turn()
    assert world.sets["shop-kv1"].replicas == 4
    world.run(in_phase(Phase.COMPLETING))
    serving = next(s for s in world.sets.values() if s.template == "v2")
    size = serving.replicas
    world.run()
    assert world.status.phase is Phase.HEALTHY
    assert serving.replicas == size >= 2


def test_stable_without_ready_pods_for_a_minute_has_nothing_to_protect() -> None:
    """The candidate gets full size and all traffic, on pod health alone."""
    world = reach("at the first step")
    world.broken.add("v1")
    world.run(lambda w: w.status.trial is not None and w.status.trial.kind is Kind.UNPROTECTED)
    assert "Stable has had no ready pod for a minute" in world.status.message
    world.run()
    assert world.status.phase is Phase.HEALTHY
    assert {s.template: s.replicas for s in world.sets.values() if s.replicas} == {"v2": 4}


def test_a_short_outage_of_stable_is_no_reason_to_give_it_up() -> None:
    """A node's restart of 50 s; the 60 s are counted anew at the next outage."""
    world = healthy(make_spec(strategy={"canary": {"steps": [{"weight": 25, "duration": "1h"}, {"weight": 100}]}}))
    world.apply("v2")
    world.run(at_step(1))
    for _ in range(3):
        world.broken.add("v1")
        world.turn()
        world.now += timedelta(seconds=50)
        world.turn()
        world.broken.clear()
        world.turn()
    assert world.status.unready_since is None
    assert world.status.trial is not None
    assert world.status.trial.kind is Kind.RELEASE


@pytest.mark.parametrize("moment", [m for m in MOMENTS if m != "while it is completed"])
def test_missing_policies_give_the_wheel_back_at_once_and_block_until_they_are_there(moment: str) -> None:
    """Nothing may be on trial without the hold; the message names the remedy; the template is not rejected."""
    world = reach(moment)
    world.hold = False
    world.run(in_phase(Phase.BLOCKED))
    world.run()
    assert world.status.reason is Reason.POLICY_MISSING
    assert "helm upgrade" in world.status.message
    assert world.deployment is not None
    assert (world.deployment.driven, world.deployment.paused) == (False, True)
    assert {s.template: s.replicas for s in world.sets.values()} == {"v1": 4}
    world.hold = True
    world.run(trial_of("v2"))


def test_a_webhook_that_changes_the_candidate_s_template_is_found_out() -> None:
    """What was created is not what was asked for: taken back, rejected, and the message says where to look."""
    world = healthy(make_spec(**ROUTED))
    world.apply("v2")
    world.run(lambda w: any(isinstance(x, e.CreateReplicaSet) for x in w.writes))
    next(s for s in world.sets.values() if s.template == "v2").template = "v9"
    world.run()
    assert world.status.phase is Phase.ROLLED_BACK
    assert "find the webhook" in world.status.message


def test_a_change_that_was_not_held_is_adopted_and_told() -> None:
    """The policies were away: Kubernetes has rolled v2 out by itself, so v2 is what users have."""
    world = healthy(make_spec(**ROUTED))
    world.hold = False
    world.apply("v2")
    world.kubernetes()
    world.hold = True
    world.run()
    assert world.status.phase is Phase.HEALTHY
    assert world.status.stable is not None
    assert world.status.stable.hash == "kv2"
    assert any("went out without being held" in m for m in world.messages)


def test_a_spec_that_becomes_invalid_in_mid_trial_stops_the_trial_where_it_is_and_lets_a_person_abort() -> None:
    """Nothing raises, nothing moves forward, and the way back is open."""
    world = reach("at the first step")
    world.spec_error = "spec.gates.0.threshold.query: not PromQL"
    written = len(world.writes)
    for _ in range(5):
        world.turn()
        world.now += timedelta(minutes=1)
    assert world.writes[written:] == []
    assert any(c.type == "Progressing" and "not PromQL" in c.message for c in world.status.conditions)
    world.ask("abort")
    world.run()
    assert world.status.phase is Phase.INVALID
    assert {s.template: s.replicas for s in world.sets.values()} == {"v1": 4}
    world.spec_error = None
    assert world.run().status.phase is Phase.ROLLED_BACK


def test_a_strategy_that_its_owner_changed_between_two_releases_is_not_undone_by_the_second() -> None:
    """The wheel was given back and the next template arrives before that is committed: what is found then is restored."""
    world = reach("at the first step")
    world.ask("abort")
    world.run(lambda w: w.deployment is not None and not w.deployment.driven)
    assert world.deployment is not None
    world.deployment.strategy = '{"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3}}'
    world.apply("v3")
    world.run()
    assert world.status.phase is Phase.HEALTHY
    assert "maxSurge" in world.deployment.strategy


def test_a_failing_rolling_restart_of_a_routed_deployment_pins_nothing() -> None:
    """Its pods serve together; a pin would put all traffic on the few pods that stable has left."""
    world = healthy(make_spec(**{**ROUTED, "strategy": {**ROUTED["strategy"], "rolling": {"pause": "10s"}}}))
    world.apply("v1+1")
    world.run(at_step(1))
    written = len(world.writes)
    world.ask("abort")
    world.run()
    assert world.status.phase is Phase.ROLLED_BACK
    assert not any(isinstance(w, e.Pin | e.SetWeight) for w in world.writes[written:])


def test_traffic_goes_back_only_as_far_as_stable_can_carry_it() -> None:
    """Stable has lost half of its pods in bake: half of the traffic at once, the rest when they are back."""
    world = reach("in bake", answers={})
    stable = world.sets["shop-kv1"]
    stable.births[2:] = [world.now] * 2
    world.ready_after = timedelta(seconds=3)
    world.now += timedelta(seconds=1)
    world.ask("abort")
    seen = [w.weight for w in world.writes if isinstance(w, e.SetWeight)]
    assert seen[-1] == 50
    world.run()
    assert world.status.phase is Phase.ROLLED_BACK


@pytest.mark.parametrize("silence", ["an error", "no answer at all"])
def test_evidence_of_an_earlier_step_passes_no_later_one(silence: str) -> None:
    """S3 and S12: the source falls silent at the moment of the advance, so the next step waits."""
    world = healthy(make_spec(**ROUTED, **GATE), answers={"errors": 0.0})
    world.apply("v2")
    world.run(lambda w: w.status.trial is not None and w.status.trial.step.index == 2)
    if silence == "an error":
        world.answers["errors"] = None
    else:
        world.answers.clear()
    world.run(in_phase(Phase.WAITING))
    world.run(in_phase(Phase.PAUSED))
    assert world.status.trial is not None
    assert world.status.trial.step.index == 2


def test_a_clock_that_is_set_back_begins_the_step_anew_and_with_fresh_evidence() -> None:
    """The step takes its duration once more, not an hour longer, and what a gate has seen before counts no more."""
    world = healthy(make_spec(**ROUTED, **GATE), answers={"errors": 0.0})
    world.apply("v2")
    world.run(lambda w: at_step(1)(w) and w.status.trial is not None and any(g.at for g in w.status.trial.gates))
    back = timedelta(hours=1)
    world.now -= back
    for found in world.sets.values():  # Pods do not grow younger.
        found.births = [born - back for born in found.births]
    world.turn()
    trial = world.status.trial
    assert trial is not None
    assert trial.step.since == world.now
    assert [g for g in trial.gates if g.at] == []
    finish(world)
    assert world.status.phase is Phase.HEALTHY
