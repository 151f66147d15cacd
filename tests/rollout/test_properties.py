"""Properties: what holds for any plan, any sight of the world, and any mixture of what people do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.reconcile import commit
from strategies.analysis.pods import PodHealth
from strategies.analysis.verdict import Unknown
from strategies.rollout.decide import decide
from strategies.rollout.plan import canary_pods, plan, replica_share
from strategies.rollout.requests import KEYS
from strategies.spec.phase import Phase
from strategies.spec.status import Kind, Status
from strategies.world.observation import Observation, Request
from tests.rollout.objects import START
from tests.rollout.stories import APPROVAL, BLUE_GREEN, CANARY, GATE, ROLLING, ROUTED
from tests.rollout.world import World, healthy, make_spec

QUICK = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
SPECS: dict[str, dict[str, Any]] = {
    "canary": {**CANARY, **GATE}, "routed": {**ROUTED, **GATE}, "blue-green": BLUE_GREEN, "rolling": {**ROLLING, **GATE},
    "approval": APPROVAL, "reverting": {**ROUTED, "rollback": {"revertTemplate": True, "warm": {"for": "20s"}}},
}  # fmt: skip


# --- plans


@given(
    weights=st.lists(st.integers(1, 99), max_size=8, unique=True).map(sorted),
    kind=st.sampled_from(Kind), strategy=st.sampled_from(["Canary", "BlueGreen", "Rolling"]),
    batch=st.one_of(st.integers(1, 50).map(str), st.integers(1, 100).map(lambda n: f"{n}%")),
    replicas=st.integers(1, 200), routed=st.booleans(),
)  # fmt: skip
@settings(QUICK, max_examples=300)
def test_a_plan_rises_to_all_traffic_and_full_size(
    weights: list[int], kind: Kind, strategy: str, batch: str, replicas: int, routed: bool
) -> None:
    """Weights and pods never fall from step to step; the last step has 100 % and all replicas."""
    steps = [{"weight": w} for w in [*weights, 100]]
    spec = make_spec(strategy={"type": strategy, "canary": {"steps": steps}, "rolling": {"batch": batch}})
    planned = plan(spec, kind, replicas, routed=routed)
    assert (planned[-1].weight, planned[-1].candidate) == (100, replicas)
    assert [s.weight for s in planned] == sorted(s.weight for s in planned)
    if strategy != "BlueGreen":
        assert [s.candidate for s in planned] == sorted(s.candidate for s in planned)
    assert all(1 <= s.candidate <= replicas for s in planned)


@given(weight=st.integers(1, 99), replicas=st.integers(1, 200))
@settings(QUICK, max_examples=200)
def test_without_router_the_share_is_the_nearest_that_pods_can_make(weight: int, replicas: int) -> None:
    """No other number of pods between 1 and stable's comes nearer to the weight."""
    pods = canary_pods(weight, replicas, routed=False)
    away = abs(replica_share(pods, replicas) - weight)
    best = min(abs(replica_share(n, replicas) - weight) for n in range(1, replicas + 1))
    assert away <= best + 1


@given(weight=st.integers(1, 99), replicas=st.integers(1, 200))
@settings(QUICK, max_examples=200)
def test_with_router_the_candidate_can_carry_its_share(weight: int, replicas: int) -> None:
    """As many pods in proportion as stable has for everything, rounded up."""
    pods = canary_pods(weight, replicas, routed=True)
    assert pods * 100 >= weight * replicas > (pods - 1) * 100 or pods == 1


# --- decide never raises

UNKNOWN = Unknown(reason="NotListed", message="it could not be read.")
PARTS = ("workload", "hold", "replica_sets", "services", "candidate_service", "route", "pods", "kept")


def _moments() -> list[World]:
    """Worlds in all kinds of states."""
    found = []
    for spec in SPECS.values():
        world = healthy(make_spec(**spec), answers={"errors": 0.0})
        world.apply("v2")
        for _ in range(25):
            found.append(_snapshot(world))
            if not world.turn():
                world._pass_time()
        world.ask("abort")
        for _ in range(6):
            found.append(_snapshot(world))
            world.turn()
    return found


def _snapshot(world: World) -> Any:
    return world.spec, world.observe(), world.status, world.now


MOMENTS = _moments()
mangled = st.fixed_dictionaries(
    {},
    optional={
        **{part: st.just(UNKNOWN) for part in PARTS},
        "deleting": st.booleans(),
        "finalizer": st.booleans(),
        "autoscaled": st.booleans(),
        "spec_error": st.just("no"),
        "failing": st.just({"SetWeight": "no", "Scale": "no"}),
        "pins_since": st.just(START),
        "samples": st.just({"errors": (UNKNOWN,)}),
        "requests": st.builds(
            lambda key, value: (Request(id="1", key=key, value=value, author=""),),
            st.sampled_from(KEYS), st.sampled_from(["", "true", "step", "full", "previous", "revision:kv1", "version:x", "🦊"]),
        ),
    },
)  # fmt: skip
pods = st.builds(
    PodHealth, name=st.text(max_size=3), ready=st.booleans(), phase=st.sampled_from(["Pending", "Running", "Failed", ""]),
    restarts=st.integers(0, 3), waiting_reason=st.sampled_from(["", "CrashLoopBackOff", "ErrImagePull", "x"]),
    created=st.just(START),
)  # fmt: skip
workloads = st.fixed_dictionaries(
    {},
    optional={
        "replicas": st.integers(0, 5), "paused": st.booleans(), "held": st.booleans(), "driven": st.booleans(),
        "claimed_by": st.sampled_from([None, "shop", "other"]), "uid": st.just("another"), "generation": st.integers(0, 9),
        "max_surge": st.integers(0, 2), "recreate": st.booleans(), "failure_shown": st.booleans(), "history_limit": st.just(0),
        "changed_by": st.just("x" * 317),
    },
)  # fmt: skip


@given(
    moment=st.sampled_from(MOMENTS), other=st.sampled_from(MOMENTS), parts=mangled, workload=workloads,
    absent=st.sets(st.sampled_from(["workload", "route", "candidate_service", "replica_sets", "spec"])),
    rest=st.tuples(st.lists(pods, max_size=3), st.integers(-2, 2)),
)  # fmt: skip
@settings(QUICK, max_examples=400)
def test_decide_never_raises_and_its_status_can_be_committed(
    moment: Any, other: Any, parts: dict[str, Any], workload: dict[str, Any], absent: set[str], rest: tuple[list[PodHealth], int]
) -> None:  # fmt: skip
    """Any status with any sight of the world: parts Unknown or gone, another Deployment, clocks that jump, no spec."""
    spec, observation, _, now = moment
    status = other[2]
    if not isinstance(observation.workload, Unknown):
        observation = replace(observation, workload=replace(observation.workload, **workload))
    nothing = {"replica_sets": (), "workload": None, "route": None, "candidate_service": None}
    pods, hours = rest
    observation = replace(observation, pods=tuple(pods), **{k: v for k, v in nothing.items() if k in absent})
    observation = replace(observation, **parts)
    decision = decide(None if "spec" in absent else spec, observation, status, now + timedelta(hours=hours))
    assert Status.model_validate(commit.dump(decision.status)) == decision.status
    assert sum(not c.held for c in decision.trace) <= 1


@given(parts=mangled)
@settings(QUICK, max_examples=100)
def test_what_cannot_be_seen_stops_every_effect_on_the_cluster(parts: dict[str, Any]) -> None:
    """With any needed part Unknown in mid-trial, nothing but the Release itself and its requests is written."""
    needed = ("workload", "replica_sets", "services", "candidate_service", "route")
    for spec, observation, status, now in MOMENTS[5:25]:
        seen: Observation = replace(observation, **{**dict.fromkeys(needed[:1], UNKNOWN), **parts})
        if seen.workload is not UNKNOWN:
            continue
        decision = decide(spec, seen, status, now)
        assert {effect.kind() for effect in decision.effects} <= {"RemoveRequest"}


# --- people do what they want

Action = Callable[[World], None]


def _do(name: str) -> Action:
    def act(world: World) -> None:
        world.turn()
        key, _, value = name.partition(" ")
        if key == "apply":
            world.apply(value)
        elif key == "scale":
            world.scale(int(value))
        elif key == "answer":
            world.answers["errors"] = None if value == "nothing" else float(value)
        elif key == "break":
            world.broken ^= {value}
        elif key == "fail":
            world.failing ^= {value}
        elif key == "hold":
            world.hold = value == "works"
        elif key == "autoscaled":
            world.autoscaled = not world.autoscaled
        elif key == "wait":
            world.now += timedelta(seconds=int(value))
        elif key == "run":
            for _ in range(int(value)):
                if not world.turn():
                    world._pass_time()
        else:
            world.asked += 1
            world.requests = [r for r in world.requests if r.key != key]
            world.requests.append(Request(id=f"{key}/{world.asked}", key=key, value=value, author="anna"))

    return act


ACTIONS = (
    "apply v1", "apply v2", "apply v3", "apply v1+1", "scale 0", "scale 2", "scale 5", "answer 0", "answer 9", "answer nothing",
    "break v1", "break v2", "break v3", "fail SetWeight", "fail Scale", "fail Pin", "fail DeleteReplicaSet", "fail GiveBack",
    "wait 5", "wait 90", "wait 700", "run 1", "run 3", "run 8", "run 20", "abort true", "promote step", "promote full",
    "pause true",
    "resume true", "retry true", "revert true", "rollback previous", "rollback revision:kv1", "autoscaled",
)  # fmt: skip


@pytest.mark.parametrize("name", SPECS)
@given(actions=st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=14))
@settings(QUICK, max_examples=40)
def test_whatever_people_do_the_invariants_hold_and_the_world_comes_to_rest(name: str, actions: list[str]) -> None:
    """S1–S6 after each write; L1: once pods run and effects work, the world matches and is left alone."""
    world = healthy(make_spec(**SPECS[name]), answers={"errors": 0.0})
    for action in actions:
        _do(action)(world)
    world.failing.clear()
    world.broken.clear()
    world.answers["errors"] = 0.0
    if world.deployment is not None and world.deployment.replicas == 0:
        world.scale(3)
    stopped = (Phase.AWAITING_APPROVAL, Phase.PAUSED)
    while world.run(lambda w: w.status.phase in stopped, at_rest=True).status.phase in stopped:
        world.ask(*(("resume",) if world.status.paused else ("promote", "step")))
    assert world.status.phase in (Phase.HEALTHY, Phase.ROLLED_BACK), f"{world.status.phase}: {world.status.message}"
    assert world.deployment is not None
    assert world.deployment.paused == (world.status.phase is Phase.ROLLED_BACK)
    assert (world.services["shop"].pin, world.candidate_service, world.status.wheel) == (None, None, None)
    assert sum(s.replicas for s in world.sets.values()) == world.deployment.replicas
    written = len(world.writes)
    world.turn()
    assert world.writes[written:] == []
