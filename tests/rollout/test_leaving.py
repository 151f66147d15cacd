"""The Release, its Deployment and its label come and go: what is left behind, and what is taken up again."""

from typing import Any

import pytest

from strategies.analysis.verdict import Unknown
from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Outcome
from strategies.world import effects as e
from tests.rollout.objects import Deployment
from tests.rollout.stories import CANARY, ROUTED, trial_of
from tests.rollout.test_edges import MOMENTS, reach
from tests.rollout.world import World, healthy, make_spec


def _nothing_of_ours(world: World) -> None:
    d = world.deployment
    assert d is not None
    assert (d.claimed_by, d.driven, d.held, d.changed_by) == (None, False, False, None)
    assert world.services["shop"].pin is None
    assert world.candidate_service is None
    assert world.route is None or world.route.weight is None


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_deleted_release_leaves_stable_serving_and_the_new_template_paused(moment: str) -> None:
    """L3: nothing ungated goes out because a Release went away, and nothing of ours is left."""
    world = reach(moment)
    through = world.status.phase is Phase.COMPLETING
    world.deleting = True
    world.run(lambda w: w.gone)
    world.kubernetes()
    _nothing_of_ours(world)
    assert world.deployment is not None
    assert world.deployment.paused is not through
    assert {s.template: s.replicas for s in world.sets.values() if s.replicas} == {"v2" if through else "v1": 4}


def test_a_deleted_release_whose_finalizer_cannot_be_removed_does_not_take_the_deployment_back() -> None:
    """RemoveFinalizer fails for a while: no label is put on again, and the deletion ends when it works."""
    world = reach("at the first step")
    world.deleting = True
    world.failing.add("RemoveFinalizer")
    world.run()
    written = len(world.writes)
    for _ in range(5):
        world.turn()
    assert not [w for w in world.writes[written:] if isinstance(w, e.Effect)]
    world.failing.clear()
    world.run(lambda w: w.gone)
    _nothing_of_ours(world)


def test_a_release_is_ready_before_its_finalizer_is_gone() -> None:
    """What users wait for is done: to say so only afterwards would be another write of every release's status."""
    world = reach("at the first step")
    world.failing.add("RemoveFinalizer")
    world.run(lambda w: w.status.phase is Phase.HEALTHY)
    assert world.observe().finalizer
    said = {c.type: c.status for c in world.status.conditions}
    assert (said["Ready"], said["Progressing"]) == ("True", "False")


@pytest.mark.parametrize("moment", ["at rest", *MOMENTS])
def test_an_uninstallation_lets_go_of_every_deployment_and_stays_away(moment: str) -> None:
    """Every Release is treated as one that is being deleted, although none is: the label does not come back."""
    world = healthy(make_spec(**ROUTED)) if moment == "at rest" else reach(moment)
    world.deleting = True
    world.run()
    _nothing_of_ours(world)
    written = len(world.writes)
    for _ in range(5):
        world.turn()
    assert world.writes[written:] == []


def test_a_template_that_is_held_at_the_deletion_stays_paused() -> None:
    """Rejected and held; the Release goes; a person must say that it may go out."""
    world = reach("at the first step")
    world.ask("abort")
    world.run()
    world.finalizer = world.deleting = True
    world.run(lambda w: w.gone)
    _nothing_of_ours(world)
    assert world.deployment is not None
    assert world.deployment.paused


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_deployment_that_is_deleted_leaves_no_pin_no_route_and_no_finalizer(moment: str) -> None:
    """And the trial is recorded as ended, so that nothing goes on when a Deployment of the name comes back."""
    world = reach(moment)
    world.deployment = None
    world.kubernetes()
    world.run()
    assert world.status.phase is Phase.WORKLOAD_MISSING
    assert (world.status.trial, world.status.wheel, world.finalizer) == (None, None, False)
    assert world.services["shop"].pin is None
    assert world.route is None or world.route.weight is None


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_deployment_that_is_made_anew_is_another_one(moment: str) -> None:
    """Its pods get the traffic at once, it is adopted as it is, and its own strategy is what is restored later."""
    world = reach(moment)
    world.recreate()
    world.run()
    assert world.status.phase is Phase.HEALTHY
    assert (world.status.wheel, world.status.trial) == (None, None)
    assert world.services["shop"].pin is None
    assert world.deployment is not None
    world.deployment.strategy = '{"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3}}'
    world.apply("v3")
    world.run()
    if world.status.phase is Phase.HEALTHY:
        assert "maxSurge" in world.deployment.strategy


def test_requests_to_a_release_without_deployment_are_refused() -> None:
    """There is nothing to abort any more."""
    world = reach("at the first step")
    world.deployment = None
    world.kubernetes()
    world.run()
    assert world.ask("abort") == (
        "There is nothing to abort: no release goes forward. To go back to an earlier revision, write rollback=previous."
    )
    assert world.status.phase is Phase.WORKLOAD_MISSING


@pytest.mark.parametrize("moment", ["at rest", *MOMENTS])
def test_break_glass_is_respected_until_the_label_is_back(moment: str) -> None:
    """Pins and route are taken back, no ReplicaSet is touched, and the message says how to go on."""
    world = healthy(make_spec(**ROUTED)) if moment == "at rest" else reach(moment)
    sizes = {s.name: s.replicas for s in world.sets.values()}
    world.break_glass()
    written = len(world.writes)
    world.run()
    assert (world.status.phase, world.status.reason) == (Phase.BLOCKED, Reason.BREAK_GLASS)
    assert "kubectl label deployment shop release-coordinator.io/release=shop" in world.status.message
    assert world.status.message.startswith("bob took the label off Deployment shop (break-glass): the controller is down. ")
    (kept,) = world.status.overrides
    assert (kept.what, kept.author, kept.because) == ("BreakGlass", "bob", "the controller is down.")
    ended = [past.message for past in world.status.history if past.outcome is Outcome.WORKLOAD_GONE]
    assert all(each == "bob took Deployment shop out of our hands: the controller is down." for each in ended)
    assert not any(isinstance(w, e.Scale | e.DeleteReplicaSet | e.Claim) for w in world.writes[written:])
    assert world.services["shop"].pin is None
    assert world.deployment is not None
    if moment != "at rest":
        assert {s.name: s.replicas for s in world.sets.values()} == sizes
        world.deployment.paused = False
        world.deployment.generation += 1
        world.kubernetes()
    world.deployment.claimed_by = "shop"
    world.run()
    assert world.status.phase is Phase.HEALTHY


def test_a_glass_that_was_broken_without_the_policy_is_told_all_the_same() -> None:
    """Nobody knows who or why, and that is said."""
    world = healthy(make_spec(**ROUTED))
    world.break_glass(reason="")
    world.run()
    assert world.status.message.startswith("Somebody took the label off Deployment shop (break-glass): no reason was given. ")
    assert [(each.author, each.because) for each in world.status.overrides] == [("", "")]


def test_two_releases_of_one_deployment_are_told_and_only_one_has_it() -> None:
    """The second is blocked, writes nothing, and goes on when the first is gone."""
    world = World(deployment=Deployment(replicas=2, claimed_by="other"), spec=make_spec(**CANARY))
    world.act()
    world.run()
    assert (world.status.phase, world.status.reason) == (Phase.BLOCKED, Reason.WORKLOAD_TAKEN)
    assert world.status.message == "Deployment shop belongs to Release other; delete one of the two."
    assert not [w for w in world.writes if isinstance(w, e.Effect)]
    assert world.deployment is not None
    world.deployment.claimed_by = None
    assert world.run().status.phase is Phase.HEALTHY


INITIAL: dict[str, tuple[dict[str, Any], Reason, str]] = {
    "Kubernetes is rolling out": ({"generation": 2}, Reason.NATIVE_ROLLOUT, "Kubernetes is rolling out Deployment shop"),
    "a person has paused it": ({"paused": True}, Reason.PAUSED_BY_USER, "kubectl rollout resume deployment/shop"),
}


@pytest.mark.parametrize("case", INITIAL)
def test_a_deployment_is_not_claimed_while_something_is_under_way(case: str) -> None:
    """The label goes on only when there is a settled revision to protect."""
    changed, reason, message = INITIAL[case]
    world = World(deployment=Deployment(replicas=2), spec=make_spec())
    world.act()
    assert world.deployment is not None
    for name, value in changed.items():
        setattr(world.deployment, name, value)
    before = world.turn()
    assert before
    assert (world.status.phase, world.status.reason) == (Phase.INITIALIZING, reason)
    assert message in world.status.message
    assert world.deployment.claimed_by is None


def test_a_release_is_healthy_only_when_the_hold_is_proved() -> None:
    """The label alone is no protection: until the dry-run is held, nothing is adopted."""
    world = World(deployment=Deployment(replicas=2), spec=make_spec(), hold=False)
    world.act()
    world.run()
    assert (world.status.phase, world.status.reason) == (Phase.INITIALIZING, Reason.HOLD_NOT_ACTIVE)
    assert world.deployment is not None
    assert world.deployment.claimed_by == "shop"
    world.hold = True
    assert world.run().status.phase is Phase.HEALTHY


def test_a_trial_that_a_new_deployment_ended_is_in_the_history() -> None:
    """With the outcome WorkloadGone."""
    world = reach("at the first step")
    world.recreate()
    world.run()
    assert world.status.history[-1].outcome is Outcome.WORKLOAD_GONE
    world.apply("v3")
    world.run(trial_of("v3"))


def test_a_release_that_is_deleted_before_its_adoption_lets_go_and_stays_away() -> None:
    """The hold was not proved yet; the label must not come back when it was taken off."""
    world = World(deployment=Deployment(replicas=2), spec=make_spec(), hold=False)
    world.act()
    world.run()
    world.deleting = True
    world.run()
    _nothing_of_ours(world)
    assert [type(w) for w in world.writes if isinstance(w, e.Effect)] == [e.Claim, e.Unclaim]


def test_nothing_is_adopted_before_the_traces_of_the_former_deployment_are_gone() -> None:
    """The route cannot be written for a while; a release that began now would take over what the old one has to restore."""
    world = reach("at the first step")
    world.recreate()
    world.failing.add("SetWeight")
    world.run()
    assert (world.status.phase, world.status.stable) == (Phase.INITIALIZING, None)
    world.failing.clear()
    assert world.run().status.phase is Phase.HEALTHY
    assert world.status.wheel is None


def test_a_deployment_that_was_restored_in_mid_trial_gets_its_own_strategy_back() -> None:
    """Another uid: what was committed for the former one must not be written into it."""
    world = reach("at the first step")
    world.recreate()
    world.sets.clear()
    own = '{"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3}}'
    assert world.deployment is not None
    world.deployment.driven = world.deployment.paused = world.deployment.held = True
    world.deployment.claimed_by, world.deployment.strategy = "shop", own
    world.run()
    assert (world.deployment.driven, world.deployment.strategy) == (False, own)


def test_kubernetes_own_mark_is_left_alone_once_it_has_the_wheel() -> None:
    """Somebody scales right after the completion; taking the mark off would be a write for nothing."""
    world = reach("while it is completed")
    world.run(lambda w: w.deployment is not None and not w.deployment.driven)
    world.scale(7)
    world.kubernetes()
    written = len(world.writes)
    world.run()
    assert not any(isinstance(w, e.Unmark) for w in world.writes[written:])


def test_an_abort_with_a_route_that_cannot_be_read_pulls_the_second_lever() -> None:
    """L2: the Service behind the candidate's share is pointed to stable, the candidate goes, and the route is restored later."""
    world = reach("at the first step")
    world.unknown["route"] = Unknown(reason="NotListed", message="HTTPRoutes cannot be listed.")
    world.ask("abort")
    world.run(lambda w: not any("-" in s.hash for s in w.sets.values()))
    assert world.status.stable is not None
    assert world.candidate_service is not None
    assert world.candidate_service.pin == world.status.stable.hash
    assert world.route is not None
    assert world.route.weight
    world.unknown.clear()
    world.run()
    assert world.status.phase is Phase.ROLLED_BACK
    assert world.candidate_service is None
    assert world.route.weight is None


def test_a_deletion_does_not_wait_for_ever_for_a_stable_revision_without_pods() -> None:
    """L3: after progressDeadline the deleted Release lets go, although stable cannot take its traffic back."""
    world = reach("at the first step")
    world.broken.add("v1")
    world.deleting = True
    world.run(lambda w: w.gone)
    _nothing_of_ours(world)
