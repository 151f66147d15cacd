"""The controller may die after any write: what was committed and what is there are enough to go on."""

from collections import Counter
from typing import Any

import pytest

from strategies.spec.status import Status
from strategies.world import effects as e
from tests.rollout.stories import STORIES, tell
from tests.rollout.world import World


def _end(world: World) -> Any:
    """What is there in the end; times, uids and generations aside."""
    deployment, status = world.deployment, world.status
    assert deployment is not None
    return {
        "phase": status.phase, "reason": status.reason, "stable": status.stable and status.stable.hash,
        "outcomes": [p.outcome for p in status.history], "attempts": status.attempts,
        "rejected": [r.digest for r in status.rejected], "wheel": status.wheel, "restoring": status.restoring,
        "deployment": (deployment.template, deployment.replicas, deployment.paused, deployment.held, deployment.driven,
                       deployment.strategy, deployment.failure_shown, deployment.claimed_by),
        "sets": sorted((s.name, s.replicas) for s in world.sets.values()),
        "services": {n: s.pin for n, s in world.services.items()}, "candidate service": world.candidate_service,
        "route": world.route and world.route.weight, "kept": [k.hash for k in world.kept], "finalizer": world.finalizer,
        "jobs": world.jobs, "flags": (world.flags, [(t.flag, t.state) for t in status.flags]),
    }  # fmt: skip


def _once(world: World) -> Counter[str]:
    """S7: creates, deletes and switches by object."""
    kinds = (
        e.CreateReplicaSet,
        e.DeleteReplicaSet,
        e.Pin,
        e.SetWeight,
        e.TakeWheel,
        e.GiveBack,
        e.Keep,
        e.WriteTemplate,
        e.Scale,
        e.CreateJob,
        e.DeleteJob,
        e.FlagOn,
        e.FlagOff,
    )
    shown = [repr(w).partition(", generation=")[0] for w in world.writes if isinstance(w, kinds)]
    return Counter(shown)


@pytest.mark.parametrize("name", STORIES)
def test_a_crash_after_any_write_changes_neither_the_end_nor_what_is_made_deleted_and_switched(name: str) -> None:
    """Status and world alone are carried over a crash; the end state and S7's counts equal the fault-free run's.

    Once it dies after each write; then after every third write alone. Every one alone is the simulation's to try.
    """
    whole = tell(name)
    assert whole.refused == []
    always = tell(name, 1, crash_again=True)
    assert (_end(always), _once(always)) == (_end(whole), _once(whole))
    for crash_after in range(2, len(whole.writes), 3):
        crashed = tell(name, crash_after)
        assert _end(crashed) == _end(whole), f"crashed after write {crash_after}: {whole.writes[crash_after - 1]}"
        assert _once(crashed) == _once(whole), f"crashed after write {crash_after}: {whole.writes[crash_after - 1]}"


@pytest.mark.parametrize("name", STORIES)
def test_a_world_at_rest_is_left_alone(name: str) -> None:
    """S9: at the end of each story, more turns write nothing and move nothing."""
    world = tell(name)
    written = len(world.writes)
    for _ in range(3):
        world.turn()
    assert world.writes[written:] == []


def test_unknown_fields_of_a_newer_status_are_kept() -> None:
    """A status that a newer controller has written goes through a turn without loss."""
    world = tell("a good canary without router")
    newer = {**world.status.model_dump(mode="json", by_alias=True, exclude_none=True), "futureField": {"a": [1]}}
    world.status = Status.model_validate(newer)
    world.apply("v2+1")
    world.run()
    assert world.status.model_dump(by_alias=True)["futureField"] == {"a": [1]}
