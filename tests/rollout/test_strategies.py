"""What each strategy does to the cluster, from the new template to the end, in exact shares and batches."""

from datetime import timedelta
from typing import Any

import pytest

from strategies.spec.phase import Phase
from strategies.spec.status import Kind, Outcome
from strategies.world import effects as e
from tests.rollout.stories import APPROVAL, BLUE_GREEN, CANARY, GATE, ROLLING, ROUTED, at_step, in_phase
from tests.rollout.world import World, healthy, make_spec


def released(spec: dict[str, Any], *, replicas: int = 4, **changed: Any) -> World:
    """A world in which v2 has gone out."""
    world = healthy(make_spec(**spec), replicas=replicas)
    if world.deployment is not None:
        for name, value in changed.items():
            setattr(world.deployment, name, value)
    world.apply("v2")
    world.run()
    assert world.status.phase is Phase.HEALTHY
    assert world.refused == []
    return world


def weights(world: World) -> list[int | None]:
    """The weights that the route was given, in order."""
    return [w.weight for w in world.writes if isinstance(w, e.SetWeight)]


def pins(world: World) -> list[str | None]:
    """What the Service was pinned to, in order: stable, candidate or nothing."""
    names = {None: None, "kv1": "stable"}
    return [names.get(w.new, "candidate") for w in world.writes if isinstance(w, e.Pin)]


def candidate_sizes(world: World) -> list[int]:
    """The sizes that the candidate was given, in order."""
    return [w.new for w in world.writes if isinstance(w, e.Scale) and w.replica_set != "shop-kv1"]


def test_canary_with_router_gives_each_step_s_weight_and_leaves_the_route_as_its_owner_wrote_it() -> None:
    """The route gets 25, 50, 100; the candidate's backend enters it and leaves it without a share."""
    world = released(ROUTED)
    assert weights(world) == [0, 25, 50, 100, 0, None]
    assert world.candidate_service is None


def test_canary_with_router_pins_the_service_to_stable_until_the_candidate_is_stable() -> None:
    """The pin moves only after 100 %, and goes in the end."""
    assert pins(released(ROUTED)) == ["stable", "candidate", None]


def test_canary_without_router_shares_by_pods_from_the_first_step_on() -> None:
    """The Service is pinned before the candidate exists, unpinned for the steps, and pinned to the candidate in bake."""
    world = released(CANARY, replicas=6)
    assert candidate_sizes(world) == [2, 6]
    assert pins(world) == ["stable", None, "candidate", None]


def test_a_step_is_never_shorter_than_its_duration() -> None:
    """Both steps of 30 s and the bake of 20 s are counted from when the cluster had them."""
    world = released(ROUTED)
    (past,) = world.status.history
    assert past.outcome is Outcome.COMPLETED
    assert past.ended - past.started >= timedelta(seconds=80)


def test_a_canary_keeps_its_pods_through_completion() -> None:
    """The ReplicaSet of the candidate is the one that serves in the end, at full size; the former stays as history."""
    world = released(ROUTED)
    assert world.status.stable is not None
    sizes = {s.name: s.replicas for s in world.sets.values()}
    assert sizes == {"shop-kv1": 0, world.status.stable.replica_set: 4}
    assert world.deployment is not None
    assert (world.deployment.paused, world.deployment.driven, world.deployment.held) == (False, False, False)


def test_blue_green_moves_the_pin_once() -> None:
    """Full size first, then one switch; no moment in which the Service finds both."""
    world = released(BLUE_GREEN)
    assert candidate_sizes(world) == [4]
    assert pins(world) == ["stable", "candidate", None]


def test_blue_green_preview_has_its_duration_and_its_approval() -> None:
    """Before the switch a person is waited for, and the preview's time is kept."""
    world = healthy(make_spec(strategy={"type": "BlueGreen", "blueGreen": {"previewDuration": "40s", "approval": True}}))
    world.apply("v2")
    started = world.now
    world.run(in_phase(Phase.AWAITING_APPROVAL))
    assert world.now - started >= timedelta(seconds=40)
    world.ask("promote", "step")
    world.run()
    assert world.status.phase is Phase.HEALTHY


BATCHES = [
    # replicas, batch, surge, unavailable: the candidate's pods after each batch
    (4, "25%", 1, 1, [1, 2, 3, 4]),
    (4, "25%", 1, 0, [1, 2, 3, 4]),
    (4, "25%", 0, 1, [1, 2, 3, 4]),
    (4, "50%", 1, 1, [2, 4]),
    (4, "100%", 1, 0, [4]),
    (4, "100%", 0, 1, [4]),
    (10, "3", 2, 2, [3, 6, 9, 10]),
    (10, "3", 0, 3, [3, 6, 9, 10]),
    (3, "25%", 1, 0, [1, 2, 3]),
    (1, "25%", 1, 0, [1]),
    (1, "25%", 0, 1, [1]),
    (2, "5", 0, 1, [2]),
]


@pytest.mark.parametrize(("replicas", "batch", "surge", "unavailable", "sizes"), BATCHES)
def test_rolling_goes_in_exact_batches_within_the_deployment_s_own_limits(
    replicas: int, batch: str, surge: int, unavailable: int, sizes: list[int]
) -> None:
    """After each batch the candidate has exactly the batch's pods; the limits are S1's, checked after each write."""
    world = healthy(make_spec(strategy={"type": "Rolling", "rolling": {"batch": batch, "pause": "10s"}}), replicas=replicas)
    assert world.deployment is not None
    world.deployment.surge, world.deployment.unavailable = surge, unavailable
    world.apply("v2")
    reached = []
    for index, size in enumerate(sizes):
        world.run(at_step(index))
        candidate = next(s for s in world.sets.values() if s.template == "v2")
        # Stable keeps one pod until the gates after the last batch have passed.
        room = replicas + max(surge, replicas == 1) - 1
        reached.append((candidate.replicas, world.ready(candidate)))
        assert reached[-1] == (min(size, room),) * 2
    world.run()
    assert world.status.phase is Phase.HEALTHY
    assert {s.template: s.replicas for s in world.sets.values()} == {"v1": 0, "v2": replicas}
    assert world.refused == []


def test_rolling_is_asked_its_gates_between_batches() -> None:
    """A gate that fails after the second batch brings all pods of stable back before the candidate's go."""
    world = healthy(make_spec(**ROLLING, **GATE), answers={"errors": 0.0})
    world.apply("v2")
    world.run(at_step(1))
    world.answers["errors"] = 5.0
    world.run(in_phase(Phase.ROLLED_BACK))
    world.run()
    assert {s.template: s.replicas for s in world.sets.values()} == {"v1": 4}
    assert "5 is above max 1" in world.status.message


def test_a_restart_rolls_without_gates() -> None:
    """Only restartedAt has changed: batches on pod health alone, whatever the strategy and however bad the gates."""
    world = healthy(make_spec(**ROUTED, **GATE), answers={"errors": 9.0})
    world.apply("v1+1")
    world.run(lambda w: w.status.trial is not None)
    assert world.status.trial is not None
    assert world.status.trial.kind is Kind.RESTART
    world.run()
    assert world.status.phase is Phase.HEALTHY
    assert weights(world) == []


def test_an_approval_waits_for_a_person_at_each_step_that_asks_for_it() -> None:
    """Both the 25 % step and the bake wait; the record says who let them go on."""
    world = healthy(make_spec(**APPROVAL))
    world.apply("v2")
    for _ in range(2):
        world.run(in_phase(Phase.AWAITING_APPROVAL))
        assert world.run().status.phase is Phase.AWAITING_APPROVAL
        world.ask("promote", "step")
    world.run()
    assert world.status.phase is Phase.HEALTHY
    assert "promote: step by anna" in world.status.history[-1].message


@pytest.mark.parametrize("spec", [CANARY, ROUTED, BLUE_GREEN, ROLLING], ids=["canary", "routed", "blue-green", "rolling"])
def test_pods_that_never_become_ready_are_rolled_back_at_the_deadline_and_no_sooner(spec: dict[str, Any]) -> None:
    """progressDeadline is 10 min: the revision is rejected then, stable is untouched."""
    world = healthy(make_spec(**spec))
    world.broken.add("v2")
    world.apply("v2")
    started = world.now
    world.run()
    assert world.status.phase is Phase.ROLLED_BACK
    assert timedelta(minutes=10) <= world.now - started < timedelta(minutes=11)
    assert "became ready within progressDeadline" in world.status.message
    assert {s.template: s.replicas for s in world.sets.values()} == {"v1": 4}


def test_time_in_which_nobody_asked_for_pods_does_not_count_for_the_deadline() -> None:
    """A controller that is away for hours right after the commit gives the pods their time when it is back."""
    world = healthy(make_spec(**ROUTED))
    world.apply("v2")
    world.crash_after = len(world.writes) + 1
    world.turn()
    world.now += timedelta(hours=3)
    world.run()
    assert world.status.phase is Phase.HEALTHY
    assert world.status.history[-1].outcome is Outcome.COMPLETED


def test_a_long_absence_at_a_step_does_not_bring_a_burst_of_steps() -> None:
    """Back after hours at 25 %, the 50 % step still takes its 30 s and the bake its 20 s."""
    world = healthy(make_spec(**ROUTED, **GATE), answers={"errors": 0.0})
    world.apply("v2")
    world.run(at_step(1))
    world.now += timedelta(hours=3)
    back = world.now
    world.run(in_phase(Phase.COMPLETING))
    assert world.now - back >= timedelta(seconds=50)


def test_a_gate_that_cannot_tell_never_advances_a_step_and_pauses_after_max_inconclusive() -> None:
    """S12: an unreachable source is no pass; after 5 min a person is called, and the message names the ways on."""
    world = healthy(make_spec(**ROUTED, **GATE), answers={"errors": 0.0})
    world.apply("v2")
    world.run(at_step(1))
    world.answers["errors"] = None
    began = world.now
    world.run(in_phase(Phase.PAUSED))
    assert timedelta(minutes=5) <= world.now - began <= timedelta(minutes=5, seconds=35)
    for way in ("Prometheus cannot be reached", "promote=step", "resume=true", "abort=true"):
        assert way in world.status.message
    world.ask("resume")
    world.answers["errors"] = 0.0
    world.run()
    assert world.status.phase is Phase.HEALTHY


def test_one_bad_value_is_forgiven_and_two_in_a_row_are_not() -> None:
    """failures: 2."""
    world = healthy(make_spec(**ROUTED, **GATE), answers={"errors": 0.0})
    world.apply("v2")
    world.run(at_step(1))
    world.answers["errors"] = 5.0
    world.run(lambda w: w.status.trial is not None and any(g.failures == 1 for g in w.status.trial.gates))
    world.answers["errors"] = 0.0
    world.run(at_step(2))
    world.answers["errors"] = 5.0
    world.run(in_phase(Phase.ROLLED_BACK))
    assert world.status.history[-1].outcome is Outcome.REJECTED


def test_a_rollback_that_cannot_write_the_route_takes_the_traffic_through_the_candidate_s_service() -> None:
    """L2: with SetWeight failing, the Service behind the candidate's share is pointed at stable, and the pods can go."""
    world = healthy(make_spec(**ROUTED))
    world.apply("v2")
    world.run(at_step(2))
    world.failing.add("SetWeight")
    world.ask("abort")
    world.run(lambda w: w.candidate_service is not None and w.candidate_service.pin == "kv1")
    world.run(lambda w: all(s.template == "v1" for s in w.sets.values()))
    world.failing.clear()
    world.run()
    assert (world.status.phase, world.route and world.route.weight) == (Phase.ROLLED_BACK, None)


def test_a_route_that_is_deleted_in_mid_trial_does_not_hold_up_an_abort() -> None:
    """There is no share to take back any more; stable's Service was pinned all the time."""
    world = healthy(make_spec(**ROUTED))
    world.apply("v2")
    world.run(at_step(1))
    world.route = None
    world.ask("abort")
    world.run()
    assert world.status.phase is Phase.ROLLED_BACK
    assert {s.template for s in world.sets.values()} == {"v1"}


def test_somebody_who_reverts_the_weights_gets_them_put_back_and_no_gate_passes_meanwhile() -> None:
    """The step is not settled while the route is not as wanted."""
    world = healthy(make_spec(**ROUTED))
    world.apply("v2")
    world.run(at_step(1))
    assert world.route is not None
    world.route.weight = None
    world.run(lambda w: w.route is not None and w.route.weight == 25)
    world.run()
    assert world.status.phase is Phase.HEALTHY


def test_a_rule_that_its_owner_adds_to_the_route_gets_the_step_s_share_too() -> None:
    """The other rules have it already, so the weight is as wanted, and yet users of the new rule would be left out."""
    world = healthy(make_spec(**ROUTED))
    world.apply("v2")
    world.run(at_step(1))
    assert world.route is not None
    weight, world.route.even, written = world.route.weight, False, len(world.writes)
    world.run(lambda w: w.route is not None and w.route.even)
    assert [w for w in world.writes[written:] if isinstance(w, e.SetWeight)] == [e.SetWeight(weight=weight)]


def test_a_lost_pin_is_put_back_at_once() -> None:
    """With a router, the Service must find stable alone during the whole trial."""
    world = healthy(make_spec(**ROUTED))
    world.apply("v2")
    world.run(at_step(1))
    world.services["shop"].pin = None
    world.turn()
    assert world.services["shop"].pin == "kv1"
