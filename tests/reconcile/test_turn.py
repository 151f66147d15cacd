"""What a turn leaves in memory: a fleet at rest costs what the views hold of it, and little more."""

from types import SimpleNamespace
from typing import Any, cast

from controller.clock import Clock
from controller.reconcile import commit
from controller.reconcile.asking import Asker
from controller.reconcile.cluster import Cluster
from controller.reconcile.turn import Reconciler
from controller.telemetry.events import Recorder
from tests.rollout.stories import CANARY
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
