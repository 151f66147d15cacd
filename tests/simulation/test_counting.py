"""Gates that compare, end to end in virtual time: users, counters, Prometheus, the reconcile code, rollback and promotion."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.simulation import faults
from tests.simulation.stories import GROUP, ROUTES, Object, ask, phase, rests, ship, shop, step
from tests.simulation.world import Act, Story, World

STABLE = "1-errors0.5"
_QUICK: Object = {"interval": "5s", "delay": "2s"}
RATIO: Object = {
    "name": "errors",
    "ratio": {"bad": 'http_requests_total{namespace="$namespace", code=~"5.."}',
              "total": 'http_requests_total{namespace="$namespace"}', **_QUICK},
}  # fmt: skip
LATENCY: Object = {
    "name": "slow",
    "latency": {"histogram": "http_request_duration_seconds_bucket", "threshold": 0.1, **_QUICK},
}  # fmt: skip
STEPS: list[Object] = [{"weight": 20, "duration": "2m"}, {"weight": 50, "duration": "2m"}, {"weight": 100}]


def story(
    image: str, over: Callable[[World], bool], *gates: Object, steps: list[Object] = STEPS, acts: tuple[Act, ...] = (),
    rate: int = 100, **spec: Any,
) -> Story:  # fmt: skip
    """A canary of this image with so many requests a second, one in 200 of which fails at version 1."""
    wanted = {
        "workloadRef": {"name": "shop"},
        "strategy": {"type": "Canary", "canary": {"steps": steps}},
        "gates": list(gates),
        "traffic": {"httpRoute": {"name": "shop"}, "drain": "2s"},
        "rollback": {"warm": {"for": "40s"}},
        **spec,
    }
    release = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "Release", "metadata": {"name": "shop"}, "spec": wanted}
    made = shop(release, routed=True, image=f"shop:{STABLE}")

    def make(world: World) -> None:
        made(world)
        users = {f"playground.{GROUP}/requests-per-second": str(rate)}
        world.person_patch(ROUTES, {"metadata": {"annotations": users}})

    first = ship(image, rests(STABLE))
    return Story(name="counting", make=make, acts=(first, *acts), over=over, audience=True)


def told(*arguments: Any, plan: str = "", **more: Any) -> World:
    """The story's end."""
    return World(story(*arguments, **more), faults.parse(plan)).run()


def last(world: World) -> Object:
    """The last trial."""
    past: Object = world.status["history"][-1]
    return past


def lasted(world: World) -> timedelta:
    """How long it took."""
    return datetime.fromisoformat(last(world)["ended"]) - datetime.fromisoformat(last(world)["started"])


@pytest.fixture(scope="module")
def worse() -> World:
    """A version of which five times as many requests fail."""
    return told("shop:2-errors2.5", rests(STABLE, "Rejected"), RATIO)


def test_five_times_as_many_errors_are_found_at_the_first_step_and_said_with_a_bound(worse: World) -> None:
    """Long before the step is over; no query names a side, so that Releases of the namespace share it."""
    message = last(worse)["message"]
    assert "gate errors: candidate" in message
    assert "times worse (99% sure at any time); evidence" in message
    assert lasted(worse) < timedelta(minutes=2)
    assert {text.partition("[")[0] for text, _ in worse.asked if "[10m" not in text} == {
        'http_requests_total{namespace="shop",code=~"5.."}', 'http_requests_total{namespace="shop"}'
    }  # fmt: skip


def test_the_review_says_what_the_gate_can_see_before_users_meet_the_candidate() -> None:
    """Of stable's requests of the last ten minutes, asked once, although the controller is killed meanwhile."""
    seen: list[Object] = []

    def look(world: World) -> None:
        seen.append(world.status["review"])

    before = Act(name="look", when=step(1), do=look)
    world = told("shop:2-errors0.5", rests("2-errors0.5"), RATIO, acts=(before,), plan="killed@second90")
    first, second = seen[0]["foreseen"]
    assert first.startswith("2m at 20 % is too short for gate errors: at stable's ")
    assert second.startswith("2m at 50 % is too short for gate errors: at stable's ")
    assert ". Make it " in first
    assert len([text for text, _ in world.asked if "[10m" in text]) == 2


def test_a_crash_in_mid_step_changes_no_number(worse: World) -> None:
    """Windows that the status does not have yet are read again, each enters once, and the verdict is the same to the digit."""
    for second in (40, 55, 60):
        crashed = told("shop:2-errors2.5", rests(STABLE, "Rejected"), RATIO, plan=f"killed@second{second}")
        assert len(crashed.processes) == 2
        assert last(crashed)["message"] == last(worse)["message"]


def test_a_good_candidate_goes_early_once_it_is_certified() -> None:
    """At each step anew; the times of the steps are not waited for."""
    early = [{**each, "early": True} for each in STEPS[:-1]] + STEPS[-1:]
    world = told("shop:2-errors0.5", rests("2-errors0.5"), RATIO, steps=early, rate=400)
    assert lasted(world) < timedelta(minutes=4, seconds=30)
    usual = told("shop:2-errors0.5", rests("2-errors0.5"), RATIO, rate=400)
    assert lasted(usual) > timedelta(minutes=4, seconds=40)


def _incident(world: World) -> None:
    """For half a minute a third of all requests fails, whoever answers."""
    running = [pod.application for pod in world.cluster.kubelet.pods.values() if pod.application]
    usual = [application.behaviour for application in running]
    for application, behaviour in zip(running, usual, strict=True):
        application.behaviour = replace(behaviour, error_rate=0.33)

    def over() -> None:
        for application, behaviour in zip(running, usual, strict=True):
            application.behaviour = behaviour

    world.loop.later(30, "the incident is over", over)


def test_an_incident_of_both_sides_is_not_blamed_on_the_candidate() -> None:
    """Where a limit would take every release back."""

    def soon(world: World) -> None:
        world.loop.later(20, "incident", lambda: _incident(world))

    incident = Act(name="incident", when=step(1), do=soon)
    world = told("shop:2-errors0.5", rests("2-errors0.5"), RATIO, acts=(incident,))
    assert last(world)["outcome"] == "Completed"


def test_a_slower_candidate_is_found_by_the_share_above_the_threshold() -> None:
    """A limit is asked in the bake as well; the question for the histogram names the pods, because nothing else confines it."""
    world = told("shop:2-slow120", rests(STABLE, "Rejected"), LATENCY)
    assert "gate slow: above 0.1: candidate" in last(world)["message"]
    assert all('pod=~"' in text for text, _ in world.asked)


def test_a_slowdown_far_below_the_threshold_is_found_by_the_other_edges() -> None:
    """Which the threshold alone lets pass."""
    narrow = {**LATENCY, "latency": {**LATENCY["latency"], "threshold": 0.5}}
    assert last(told("shop:2-slow60", rests("2-slow60"), narrow))["outcome"] == "Completed"
    whole = {**narrow, "latency": {**narrow["latency"], "edges": [0.05, 0.1]}}
    message = last(told("shop:2-slow60", rests(STABLE, "Rejected"), whole))["message"]
    assert "gate slow: above 0.5: candidate 0 of " in message
    assert "; clearest above 0.05: " in message


def test_without_anybody_to_compare_with_a_limit_takes_the_candidate_back() -> None:
    """Blue-green after the switch."""
    gate = {**RATIO, "ratio": {**RATIO["ratio"], "max": 0.01}}
    world = told("shop:2-errors5", rests(STABLE, "Rejected"), gate, strategy={"type": "BlueGreen"}, traffic={"drain": "2s"},
                 rollback={"warm": {"for": "3m"}})  # fmt: skip
    assert "the limit is 1 %; at least" in last(world)["message"]


def test_a_route_that_gives_another_share_makes_the_gate_wait_and_say_so() -> None:
    """Requests that came another way are bet on by nobody; the release pauses, and a person decides."""
    seen: list[Object] = []

    def skewed(world: World) -> None:
        """Half of what the candidate should get goes to stable's pods, which count it."""
        world.loop.later(1, "more requests for stable", lambda: _extra(world))

    def _extra(world: World) -> None:
        stable = [pod.application for pod in world.cluster.kubelet.pods.values()
                  if pod.application and pod.application.behaviour.version == "1"]  # fmt: skip
        for application in stable:
            application.codes[200] += 100
        if world.status.get("trial"):
            seen.extend(each for each in world.status["trial"]["gates"] if each["name"] == "errors")
            world.loop.later(1, "more requests for stable", lambda: _extra(world))

    acts = (Act(name="skew", when=step(1), do=skewed), ask("abort", "true", phase("Paused")))
    world = told("shop:2-errors0.5", rests(STABLE, "Aborted"), RATIO, acts=acts, maxInconclusive="1m")
    said = [each for each in seen if each.get("reason") == "WrongShare"]
    assert "% of the requests instead of 20 %; look at the route" in said[0]["message"]
    assert last(world)["outcome"] == "Aborted"
