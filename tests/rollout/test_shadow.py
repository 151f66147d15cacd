"""Shadow releases: copies of requests first, the switch after, and no answer of the shadow ever reaches a user."""

from typing import Any

import pytest

from strategies.analysis.feasibility import Traffic
from strategies.rollout import comparing
from strategies.rollout.foreseen import told
from strategies.rollout.plan import of_release
from strategies.spec.phase import Phase
from strategies.spec.release import StrategyType
from strategies.spec.review import Danger
from strategies.spec.status import Outcome
from strategies.world import effects as e
from tests.review.subjects import template
from tests.rollout.objects import Splitting
from tests.rollout.stories import GATE, SHADOW, at_step, in_phase
from tests.rollout.world import World, healthy, make_spec

COUNTING = {"bad": "errors_total", "total": "requests_total"}


def shadowed(**more: Any) -> World:
    """A world in which v2 gets copies of the requests."""
    world = healthy(make_spec(**{**SHADOW, **more}), answers={"errors": 0.0})
    world.writes.clear()
    world.apply("v2")
    return world.run(at_step(1))


def given(world: World) -> list[tuple[int | None, int]]:
    """What the route was given, in order: the candidate's share, and what is mirrored."""
    return [(w.weight, w.mirror) for w in world.writes if isinstance(w, e.SetWeight)]


def restored(world: World) -> bool:
    """Whether the route is as its owner wrote it."""
    assert world.route is not None
    return world.route.weight is None and world.route.mirror == 0


def test_a_good_shadow_is_mirrored_then_switched_then_gives_the_route_back() -> None:
    """Four writes of the route: copies, everything without copies, nothing, the owner's form; the candidate is whole before."""
    world = shadowed()
    assert world.status.trial is not None
    assert (world.status.trial.step.name, world.status.trial.step.mirror, world.status.trial.step.weight) == ("Shadow", 100, 0)
    assert "Progressing/Step: Shadow 1 of 2: 100% mirrored" in "\n".join(world.messages)
    assert [s.replicas for s in world.sets.values()] == [4, 4]
    world.run()
    assert given(world) == [(0, 100), (100, 0), (0, 0), (None, 0)]
    assert (world.status.phase, world.status.history[-1].strategy) == (Phase.HEALTHY, StrategyType.SHADOW)


def test_a_bad_shadow_is_rejected_and_no_user_had_a_share() -> None:
    """The mirror goes first, in the one write that gives the route back."""
    world = shadowed(**GATE)
    world.answers["errors"] = 2.0
    world.run(in_phase(Phase.ROLLED_BACK))
    assert world.status.history[-1].outcome is Outcome.REJECTED
    assert given(world) == [(0, 100), (None, 0)]
    assert restored(world)


def test_the_candidate_has_no_copies_while_it_has_no_ready_pod() -> None:
    """And has them again with the pods."""
    world = shadowed()
    world.broken.add("v2")
    world.run(lambda w: w.route is not None and w.route.mirror == 0)
    world.broken.clear()
    world.run(lambda w: w.route is not None and w.route.mirror == 100)
    assert given(world) == [(0, 100), (None, 0), (0, 100)]


def test_another_percentage_is_followed_in_the_same_step() -> None:
    """The clock of the step goes on."""
    world = shadowed()
    assert world.status.trial is not None
    since = world.status.trial.step.since
    world.spec = make_spec(**{**SHADOW, "strategy": {"type": "Shadow", "shadow": {"percent": 20, "idempotent": True}}})
    world.run(lambda w: w.route is not None and w.route.mirror == 20)
    assert (world.status.trial.step.mirror, world.status.trial.step.since) == (20, since)


@pytest.mark.parametrize("how", ["abort", "deletion", "a newer template"])
def test_a_mirror_that_cannot_be_taken_away_holds_up_no_way_back_and_is_not_forgotten(how: str) -> None:
    """The candidate's pods go although the route cannot be written; the route is given back as soon as it can."""
    world = shadowed()
    candidate = next(s for s in world.sets.values() if "-" in s.hash)
    world.failing.add("SetWeight")
    if how == "abort":
        world.ask("abort")
    elif how == "deletion":
        world.deleting = True
    else:
        world.apply("v1")
    world.run(lambda w: candidate.name not in w.sets)
    assert not restored(world)
    assert not any(isinstance(w, e.EnsureCandidateService) and w.hash == "kv1" for w in world.writes), "stable got the copies"
    world.failing.clear()
    world.run(lambda w: w.gone or w.status.trial is None)
    assert restored(world)


@pytest.mark.parametrize(("spec", "route", "said"), [
    ({"idempotent": False}, {"unsafe": "spec.rules[0].matches[0] takes method POST"}, "shadow.idempotent: true if every request"),
    ({"idempotent": True}, {"unmirrored": "no such feature"}, "no such feature"),
])  # fmt: skip
def test_what_may_not_be_mirrored_does_not_start_and_says_why(spec: dict[str, Any], route: dict[str, str], said: str) -> None:
    """The change stays held, and goes out once the obstacle is gone."""
    world = healthy(make_spec(**{**SHADOW, "strategy": {"type": "Shadow", "shadow": {"duration": "5s", **spec}}}),
                    route=Splitting(**route))  # fmt: skip
    world.apply("v2")
    world.run(in_phase(Phase.BLOCKED))
    assert (world.status.reason, said in world.status.message) == ("RouteUnusable", True)
    world.route = Splitting()
    world.run(at_step(1))
    assert world.route.mirror == 100


def test_methods_that_change_nothing_need_no_declaration() -> None:
    """The route says that it matches no others."""
    world = healthy(make_spec(**{**SHADOW, "strategy": {"type": "Shadow"}}))
    world.apply("v2")
    world.run(at_step(1))
    assert world.route is not None and world.route.mirror == 100


@pytest.mark.parametrize(("route", "strategy"), [
    ({}, StrategyType.SHADOW), ({"unmirrored": "no such feature"}, StrategyType.BLUE_GREEN), (None, StrategyType.BLUE_GREEN),
])  # fmt: skip
def test_auto_mirrors_what_is_critical_where_it_can(route: dict[str, str] | None, strategy: StrategyType) -> None:
    """Elsewhere it switches after a preview, and a red flag says what is missing."""
    traffic = {} if route is None else {"traffic": {"httpRoute": {"name": "shop"}}}
    spec = make_spec(strategy={"type": "Auto"}, change={"kind": "DataMigration"}, **traffic)
    templates = {"v1": template("shop:2.3.1"), "v2": template("shop:2.4.0")}
    world = healthy(spec, route=Splitting(**route) if route is not None else None, templates=templates)
    world.apply("v2")
    world.run(in_phase(Phase.PROGRESSING))
    review, trial = world.status.review, world.status.trial
    assert review is not None and trial is not None
    assert (trial.strategy, review.recommended) == (strategy, StrategyType.SHADOW)
    flagged = {flag.name: flag.message for flag in review.red_flags}
    assert (Danger.NO_PARALLEL_RUN in flagged) is (strategy is not StrategyType.SHADOW)
    assert Danger.WEAKER_STRATEGY not in flagged
    if strategy is StrategyType.BLUE_GREEN:
        why = "No route is named" if route is None else "no such feature"
        assert why in flagged[Danger.NO_PARALLEL_RUN] and why in review.chosen


def test_a_person_lets_a_shadow_go_on() -> None:
    """With approval it waits, mirrored, until `promote: step`."""
    strategy = {"type": "Shadow", "shadow": {"duration": "5s", "idempotent": True, "approval": True}}
    world = shadowed(strategy=strategy)
    world.run(in_phase(Phase.AWAITING_APPROVAL))
    assert "Shadow at 100% mirrored has passed its gates" in world.status.message
    assert given(world) == [(0, 100)]
    world.ask("promote", "step")
    world.run()
    assert given(world) == [(0, 100), (100, 0), (0, 0), (None, 0)]


@pytest.mark.parametrize(("lost", "at_once"), [(0, True), (2, True), (3, False)])
def test_where_a_route_gives_no_shares_users_go_back_once_stable_can_carry_half_of_them(lost: int, at_once: bool) -> None:
    """A pod of stable that is lost does not keep everybody on a bad version; with most of them lost, they wait for one more."""
    world = healthy(make_spec(**SHADOW), route=Splitting(splits=False))
    world.apply("v2")
    world.run(in_phase(Phase.BAKING)).run(lambda w: w.route is not None and w.route.weight == 100)
    stable = next(s for s in world.sets.values() if "-" not in s.hash)
    stable.births[:lost] = [world.now] * lost
    world.act()
    world.writes.clear()
    asked = world.now
    world.ask("abort")
    world.run(lambda w: w.route is not None and not w.route.weight)
    assert (world.now == asked) is at_once
    world.run(in_phase(Phase.ROLLED_BACK))


@pytest.mark.parametrize(("percent", "share"), [(100, 50), (50, 33), (1, 1)])
def test_gates_that_compare_are_asked_on_copies_with_the_share_that_copies_are(percent: int, share: int) -> None:
    """Of all requests that pods get, copies are so many; no limit is needed for the comparison, and none is asked in the bake."""
    spec = make_spec(**{**SHADOW, "strategy": {"type": "Shadow", "shadow": {"percent": percent, "idempotent": True}}},
                     gates=[{"name": "errors", "ratio": COUNTING}])  # fmt: skip
    steps = of_release(spec, 4)
    assert [step.name for step in steps if comparing.is_asked(spec.gates[0], step)] == ["Shadow"]
    assert [step.share for step in steps] == [0, share, 100]


@pytest.mark.parametrize(("duration", "seen"), [("10s", False), ("2h", True)])
def test_the_review_tells_whether_copies_are_enough_to_see_harm(duration: str, seen: bool) -> None:
    """At stable's own requests, of which there are copies beside them."""
    spec = make_spec(**{**SHADOW, "strategy": {"type": "Shadow", "shadow": {"duration": duration, "idempotent": True}}},
                     gates=[{"name": "errors", "ratio": COUNTING}])  # fmt: skip
    (line,) = told(spec, 4, {"errors": Traffic(rate=50.0, bad=0.01)})
    assert ("would see 2 times as many" in line) is seen
    assert (f"{duration} with 100 % of the requests mirrored is too short" in line) is not seen
