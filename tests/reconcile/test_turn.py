"""What a turn leaves in memory: a fleet at rest costs what the views hold of it, and little more."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from controller.clock import Clock
from controller.kube.errors import Conflict
from controller.reconcile import commit
from controller.reconcile.asking import Asker
from controller.reconcile.cluster import Cluster
from controller.reconcile.next_turn import Next
from controller.reconcile.turn import Reconciler
from controller.telemetry.events import Recorder
from strategies.spec.status import Status
from tests.rollout.stories import CANARY, at_step
from tests.rollout.world import World, healthy, make_spec

KEY = ("prod", "shop")


def _reconciler(world: World) -> Reconciler:
    """One that sees this world's Release and observation, and asks nobody."""
    release: dict[str, Any] = {
        "metadata": {"namespace": "prod", "name": "shop", "uid": "u", "generation": 1},
        "spec": world.spec.model_dump(mode="json", by_alias=True, exclude_none=True), "status": commit.dump(world.status),
    }  # fmt: skip
    cluster = SimpleNamespace(releases=SimpleNamespace(get=lambda *_: release), clock=Clock(wall=lambda: world.now))
    asker = SimpleNamespace(problems=lambda *_: (), ask=lambda *_: None, foresee=lambda *_: None)
    made = Reconciler(cast(Cluster, cluster), cast(Asker, asker), cast(Recorder, None), may_write=lambda: False)
    made._gatherer = cast(Any, SimpleNamespace(look=lambda *_: world.observe()))
    return made


def test_a_release_at_rest_keeps_nothing_that_can_be_read_again() -> None:
    """Spec and status as parsed were half of what an idle one took."""
    reconciler = _reconciler(healthy(make_spec(**CANARY)))
    assert reconciler.turn(KEY).after is None
    memory = reconciler._memories[KEY]
    assert (memory.spec, memory.status) == (None, None)


def test_a_release_in_flight_is_not_read_anew_each_turn() -> None:
    """Turns follow each other closely then."""
    world = healthy(make_spec(**CANARY))
    world.apply("v2")
    reconciler = _reconciler(world.run(lambda w: w.status.trial is not None and w.status.trial.step.since is not None))
    assert reconciler.turn(KEY).after is not None
    memory = reconciler._memories[KEY]
    assert memory.spec is not None and memory.status is not None


def _telling(world: World, monkeypatch: pytest.MonkeyPatch, *, lost: bool = False) -> tuple[Reconciler, list[str]]:
    """One that leads, and a list of its commits and of what it tells; `lost`: somebody else always knows more."""
    done: list[str] = []

    def committed(_client: object, release: dict[str, Any], _old: Status, new: Status, **_: Any) -> dict[str, Any]:
        if lost:
            raise Conflict(409, "Conflict", "later")
        done.append("committed")
        return {**release, "status": commit.dump(new)}

    monkeypatch.setattr(commit, "commit", committed)
    made = _reconciler(world)
    cluster = cast(Any, made._cluster)
    cluster.client, cluster.releases.remember, cluster.wake_trains = None, lambda _: None, lambda _: None
    made._may_write, made._recorder = lambda: True, cast(Any, SimpleNamespace(transition=lambda *_: None))
    made._tell = lambda namespace, event: done.append(f"{namespace} {event['type'].rpartition('.')[2]}")
    monkeypatch.setattr(made, "_perform", lambda *_: Next())
    return made, done


def test_a_start_is_told_after_its_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """And never before: what is told has happened."""
    world = healthy(make_spec(**CANARY))
    world.apply("v2")
    reconciler, done = _telling(world, monkeypatch)
    reconciler.turn(KEY)
    assert done == ["committed", "prod started"]


def test_a_commit_that_is_lost_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever knew more tells."""
    world = healthy(make_spec(**CANARY))
    world.apply("v2")
    reconciler, done = _telling(world, monkeypatch, lost=True)
    reconciler.turn(KEY)
    assert done == []


def test_a_new_process_tells_what_was_reached_just_before_and_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one before may have died between commit and telling; what lies longer back was told."""
    world = healthy(make_spec(**CANARY))
    world.apply("v2")
    world.run(at_step(1))
    reconciler, done = _telling(world, monkeypatch)
    reconciler.turn(KEY)
    reconciler.turn(KEY)
    assert [each for each in done if each != "committed"] == ["prod started"]
    world.now += timedelta(minutes=6)
    reconciler, done = _telling(world, monkeypatch)
    reconciler.turn(KEY)
    assert [each for each in done if each != "committed"] == []
