"""What a member's turn reads of trains from the views, and by which time a train measures."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from controller.clock import Clock
from controller.reconcile import trains
from controller.reconcile.cluster import Cluster, members_of, train_key, train_of
from strategies.analysis.verdict import Unknown
from strategies.spec.reason import Reason
from strategies.spec.status import Status, TrainAwaited
from strategies.world.observation import Queued, Workload


def cluster(*found: dict[str, Any], synced: bool = True, others: tuple[str, ...] = ()) -> Cluster:
    """With the view of these trains, and of `others` that do not have the Release as a member."""
    view = SimpleNamespace(synced=synced, get=lambda _namespace, name: {} if name in others else None)
    return cast(Cluster, SimpleNamespace(trains=view, trains_of=lambda _key: list(found)))


def queued(seen: Cluster, awaited: TrainAwaited | None = None) -> Queued | Unknown | None:
    """What version 2 of web is told."""
    held = SimpleNamespace(template=SimpleNamespace(version="2", digest="two"), generation=7)
    return trains.queued(seen, ("shop", "web"), Status(train=awaited), cast(Workload, held))


def test_before_trains_were_listed_nothing_starts() -> None:
    """One of them might hold it back."""
    told = queued(cluster(synced=False))
    assert isinstance(told, Unknown)
    assert "releasetrains could not be listed" in told.message


def test_a_member_waits_with_a_reason_of_its_own() -> None:
    """Or it would stand in a policy's queue before the very members that it waits for."""
    told = queued(cluster({"metadata": {"name": "t"}, "spec": {}}))
    assert isinstance(told, Queued)
    assert (told.reason, told.train) == (Reason.IN_TRAIN, "t")
    assert queued(cluster()) is None


@pytest.mark.parametrize(("awaited", "others", "waits"), [
    (TrainAwaited(name="t", digest="two", generation=7), (), True),
    (TrainAwaited(name="t", digest="two", generation=6), (), True),
    (TrainAwaited(name="t", digest="another form of two", generation=7), (), True),
    (TrainAwaited(name="t", digest="one", generation=6), (), False),
    (TrainAwaited(name="t", digest="two", generation=7), ("t",), False),
    (TrainAwaited(name="t", digest="two", generation=7), ("another",), True),
])  # fmt: skip
def test_what_waited_for_a_train_that_is_gone_waits_on(awaited: TrainAwaited, others: tuple[str, ...], waits: bool) -> None:
    """Not another template, and not where the train is there and leaves the Release out: that is somebody's word."""
    told = queued(cluster(others=others), awaited)
    assert (isinstance(told, Queued) and (told.reason, told.train) == (Reason.TRAIN_GONE, "t")) is waits


def test_a_status_that_a_hand_has_broken_lets_nobody_go() -> None:
    """What cannot be read counts as not there."""
    broken = {"metadata": {"name": "t"}, "spec": {}, "status": {"phase": "Progressing", "members": [{"name": "web"}]}}
    assert isinstance(queued(cluster(broken)), Queued)


def test_a_train_has_the_members_of_its_spec_and_in_flight_those_of_its_run() -> None:
    """An edit in mid-run lets nobody out who went with it."""
    train = {
        "spec": {"members": [{"name": "new"}, "nonsense", {}]},
        "status": {"phase": "RollingBack", "members": [{"name": "old"}]},
    }
    assert members_of(train) == {"new", "old"}
    assert members_of({**train, "status": {**train["status"], "phase": "RolledBack"}}) == {"new"}  # type: ignore[dict-item]


def test_a_train_and_a_release_of_one_name_have_keys_of_their_own() -> None:
    """They stand in one queue."""
    assert train_of(train_key("shop", "web")) == "web"
    assert train_of(("shop", "web")) is None


def test_a_clock_that_is_set_in_mid_run_shortens_no_verification() -> None:
    """Time goes on as it was; at rest the wall clock is read anew."""
    wall, steady = datetime(2026, 1, 1, tzinfo=UTC), 10.0
    clock = cast(Clock, SimpleNamespace(wall=lambda: wall, steady=lambda: steady))
    memory = trains._Memory(uid="u")
    assert memory.now(clock, measures=True) == wall
    began, wall, steady = wall, wall + timedelta(hours=1), steady + 5
    assert memory.now(clock, measures=True) == began + timedelta(seconds=5)
    assert memory.now(clock, measures=False) == wall
