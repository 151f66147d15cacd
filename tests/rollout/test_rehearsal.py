"""The rehearsal of the way back: a small share goes to the candidate and back before the first step, and its time is kept."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from strategies.analysis.verdict import Unknown
from strategies.review.judge import examine
from strategies.review.plans import release_plan
from strategies.rollout import comparing
from strategies.rollout.plan import WAY_BACK, of_release
from strategies.spec.phase import Phase
from strategies.spec.review import Check, Item, State
from strategies.spec.status import Outcome
from strategies.world import effects as e
from strategies.world.observation import Observation
from tests.review.subjects import FEATURE, item, review, subject, template
from tests.rollout.stories import GATE, at_step, in_phase
from tests.rollout.world import NeverAtRest, World, healthy, make_spec

PLAN = "Traffic returns to the former ReplicaSet."
STEPS = {"canary": {"steps": [{"weight": 25, "duration": "30s"}, {"weight": 50}, {"weight": 100}]}}
SHARED: dict[str, Any] = {
    "strategy": STEPS, "rollback": {"plan": PLAN, "warm": {"for": "20s"}, "rehearse": True}, "change": {"kind": "Feature"},
}  # fmt: skip
ROUTED: dict[str, Any] = {**SHARED, "traffic": {"httpRoute": {"name": "shop"}}}
TEMPLATES = {"v1": template("shop:2.3.1"), "v2": template("shop:2.4.0")}


def begun(**spec: Any) -> World:
    """A world in which v2 has begun to go out."""
    world = healthy(make_spec(**(spec or ROUTED)), templates=TEMPLATES)
    world.writes.clear()
    world.apply("v2")
    return world.run(lambda w: w.status.trial is not None)


def shares(world: World) -> list[int | None]:
    """What the route gave to the candidate, in order."""
    return [w.weight for w in world.writes if isinstance(w, e.SetWeight)]


def plan_item(world: World) -> Item:
    """What the review says of the rollback plan."""
    assert world.status.review is not None
    return item(world.status.review, Check.ROLLBACK_PLAN)


def test_a_share_goes_there_and_back_before_the_first_step_and_its_time_is_kept() -> None:
    """With a router one percent, for as long as `drain`; the release goes on as without, and history has the time."""
    world = begun()
    assert (plan_item(world).state, world.status.review.red_flags[-1:]) == (State.PENDING, world.status.review.red_flags[-1:])  # type: ignore[union-attr]
    world.run(at_step(1))
    assert world.status.trial is not None and world.status.trial.step.since is not None
    went = world.status.trial.step.since
    world.run(at_step(2))
    assert world.now - went >= timedelta(seconds=5)
    world.run(at_step(3))
    proof = world.status.trial.rehearsal
    assert proof is not None and (proof.weight, proof.took) == (1, proof.at - world.status.trial.passed[1].left)
    assert (plan_item(world).state, proof.told in plan_item(world).evidence) == (State.DONE, True)
    assert f"Traffic 3 of 5: 25%. Step before: rehearsed, {proof.told}" in "\n".join(world.messages)
    world.run()
    assert shares(world) == [0, 1, 0, 25, 50, 100, 0, None]
    assert (world.status.history[-1].outcome, world.status.history[-1].rehearsal) == (Outcome.COMPLETED, proof)


def test_a_share_that_nobody_saw_come_is_not_taken_for_one_that_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a router: a view of the endpoints that lags behind shows stable alone, and the rehearsal waits for it."""
    world = begun(**SHARED)
    observe = world.observe

    def lagging() -> Observation:
        seen = observe()
        assert isinstance(seen.services, tuple)
        return replace(seen, services=tuple(replace(s, endpoints={"kv1": s.endpoints.get("kv1", 0)}) for s in seen.services))

    monkeypatch.setattr(world, "observe", lagging)
    with pytest.raises(NeverAtRest):
        world.run(at_step(1))
    assert world.status.trial is not None and world.status.trial.step.since is None
    assert {s.pin for s in world.services.values()} == {None}
    monkeypatch.undo()
    world.run(at_step(2))


def test_without_a_router_the_services_find_one_pod_more_and_then_stable_alone_again() -> None:
    """The share is that of the pods, and it is back once the endpoints have followed."""
    world = begun(**SHARED)
    world.run(at_step(1))
    assert world.status.trial is not None and world.status.trial.step.weight == 20
    world.run(at_step(2))
    assert {s.pin for s in world.services.values()} == {"kv1"}
    world.run()
    pins = [w.new for w in world.writes if isinstance(w, e.Pin)]
    candidate = world.status.history[-1].revision.hash
    assert pins == ["kv1", None, "kv1", None, candidate, None]


@pytest.mark.parametrize("stuck", ["SetWeight", "route", "gateway"])
def test_a_share_that_does_not_come_back_in_time_takes_the_release_back_and_says_why(stuck: str) -> None:
    """The route cannot be written or read, or is not accepted: users go back by the other lever; the revision waits for retry."""
    world = begun()
    world.run(at_step(1))
    if stuck == "SetWeight":
        world.failing.add("SetWeight")
    world.run(lambda w: w.status.trial is not None and w.status.trial.step.name == "Return")
    if stuck == "route":
        world.unknown = {"route": Unknown(reason="NotRead", message="The route could not be read.")}
    assert world.status.trial is not None
    since = world.status.trial.step.entered
    while world.status.trial is not None and world.status.trial.outcome is None and world.now < since + 2 * WAY_BACK:
        if stuck == "gateway" and world.route is not None:
            world.route.accepted = False
        world.turn_blind()
    assert WAY_BACK <= world.now - since < WAY_BACK + timedelta(seconds=30)
    assert (world.status.reason, world.status.trial.outcome) == ("RehearsalFailed", Outcome.REJECTED)
    assert "was not back on stable within 5m." in world.status.message and "retry=true" in world.status.message
    world.failing.clear()
    world.unknown = {}
    world.run(in_phase(Phase.ROLLED_BACK))
    assert 25 not in shares(world)
    world.ask("retry")
    world.run()
    assert world.status.history[-1].rehearsal is not None


def test_time_in_which_no_controller_ran_is_no_failure() -> None:
    """One that comes back an hour later looks first."""
    world = begun()
    world.run(at_step(1))
    world.run(lambda w: w.status.trial is not None and w.status.trial.step.name == "Return")
    world.now += timedelta(hours=1)
    world.unknown = {"watched_since": world.now}  # type: ignore[dict-item]
    world.run(at_step(3))
    assert world.status.trial is not None and world.status.trial.rehearsal is not None
    assert world.status.trial.rehearsal.took >= timedelta(hours=1)


def test_gates_are_not_asked_and_flags_not_switched_in_a_rehearsal() -> None:
    """Only the pods' health is: the time is too short for more, and a flag would be off again at once."""
    flags = [{"name": "new", "source": {"configMap": "flags"}, "weight": 1}]
    spec = make_spec(**{**ROUTED, **GATE, "flags": flags})
    steps = of_release(spec, 4)
    assert [s.name for s in steps if comparing.is_asked(spec.gates[0], s)] == ["Preview", "Traffic", "Traffic", "Bake"]
    world = healthy(spec, templates=TEMPLATES, answers={"errors": 0.0}, flags={"new": "off"})
    world.apply("v2")
    world.run(at_step(3))
    on = next(n for n, w in enumerate(world.writes) if isinstance(w, e.FlagOn))
    assert [w.weight for w in world.writes[:on] if isinstance(w, e.SetWeight)] == [0, 1, 0, 25]


@pytest.mark.parametrize(("at", "steps", "name", "weight"), [
    (0, [10, 100], "Preview", 0), (1, [10, 100], "Rehearsal", 1), (3, [10, 100], "Traffic", 10), (3, [25, 100], "Traffic", 25),
    (3, [50, 100], "Preview", 0),
])  # fmt: skip
def test_an_edit_of_the_steps_skips_no_rehearsal(at: int, steps: list[int], name: str, weight: int) -> None:
    """Whoever has not been there is not taken for being back; where less is wanted, users are taken back first."""
    world = begun()
    if at:
        world.run(at_step(at))
    world.spec = make_spec(**{**ROUTED, "strategy": {"canary": {"steps": [{"weight": w, "duration": "1m"} for w in steps]}}})
    world.turn()
    assert world.status.trial is not None
    assert (world.status.trial.step.name, world.status.trial.step.weight) == (name, weight)
    world.run()
    assert (world.status.history[-1].outcome, world.status.history[-1].rehearsal is not None) == (Outcome.COMPLETED, True)


@pytest.mark.parametrize("at", [1, 2])
def test_whoever_takes_the_rehearsal_out_in_the_midst_of_it_goes_on_without_it(at: int) -> None:
    """The share rises only by the steps that are left."""
    world = begun()
    world.run(at_step(at))
    world.spec = make_spec(**{**ROUTED, "rollback": {"warm": {"for": "20s"}}})
    world.run()
    assert shares(world) in ([0, 1, 25, 50, 100, 0, None], [0, 1, 0, 25, 50, 100, 0, None])
    assert world.status.history[-1].outcome is Outcome.COMPLETED


def test_a_canary_of_one_step_is_rehearsed_by_one_pod() -> None:
    """There is no first share, so it has the smallest; the others start for the bake."""
    spec = make_spec(strategy={"canary": {"steps": [{"weight": 100}]}}, rollback={"rehearse": True})
    assert [(s.name, s.weight, s.candidate) for s in of_release(spec, 4)] == [
        ("Preview", 0, 1), ("Rehearsal", 20, 1), ("Return", 0, 1), ("Bake", 100, 4)]  # fmt: skip


@pytest.mark.parametrize("strategy", ["BlueGreen", "Rolling", "Shadow"])
def test_what_cannot_be_rehearsed_is_refused_with_the_reason(strategy: str) -> None:
    """A field that has no effect would be a false promise."""
    with pytest.raises(ValidationError, match="which only a canary can"):
        make_spec(strategy={"type": strategy, "shadow": {"idempotent": True}}, rollback={"rehearse": True},
                  traffic={"httpRoute": {"name": "shop"}})  # fmt: skip


def test_the_review_tells_the_rehearsal_as_steps_of_its_plan() -> None:
    """Each with what it is verified by."""
    case, _ = examine(subject(strategy={"type": "Canary"}, traffic={"httpRoute": {"name": "shop"}}))
    lines = release_plan(case)
    ready = "Verified by: pods ready within 10m."
    back = "Verified by: the traffic is back within 5m, or the release goes back."
    assert lines[1] == f"As a rehearsal, 1% of the traffic goes to the candidate on 1 pod, for at least 5s. {ready}"
    assert lines[2] == f"That share goes back to the old version, and how long this takes is recorded. {back}"


def test_a_policy_that_wants_the_plan_rehearsed_is_met_by_a_release_that_will_rehearse_it() -> None:
    """It could not be done before it starts; a release that does not say so stays held."""
    assert item(review(change=FEATURE), Check.ROLLBACK_PLAN).state is State.PENDING
    assert review(change=FEATURE).ready
    assert not review(change=FEATURE, rollback={"plan": PLAN}).ready
