"""What is remembered of a Release between turns."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from controller.clock import Clock
from controller.reconcile.memory import Memory
from strategies.world.effects import Pin, RemoveRequest, Scale, SetWeight


def test_tries_are_counted_by_what_was_tried() -> None:
    """An effect, all effects of a turn, and the commit itself, each for itself."""
    memory = Memory(uid="u")
    abort, pause = RemoveRequest(key="abort", value="true"), RemoveRequest(key="pause", value="true")
    assert [memory.tried(what) for what in (abort, abort, pause, (abort,), "commit", "commit", abort)] == [0, 1, 0, 0, 0, 1, 2]


def test_weights_that_somebody_undoes_again_and_again_are_put_back_ever_less_often() -> None:
    """Once at once; then after 2 s, 4 s, at last every 30 s, and it is told as an effect that fails, with the remedy."""
    memory, quarter, now, waits = Memory(uid="u"), SetWeight(weight=25), 0.0, []
    assert not memory.wrote(quarter, now)
    for _ in range(7):
        memory.contested(quarter, now)
        if known := memory.failing.get("SetWeight"):
            assert "take the route's weights and mirrors out" in known.error
            waits.append(known.not_before - now)
            now = known.not_before
        assert memory.wrote(quarter, now)
        memory.failing.clear()
    assert waits == [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_a_backend_that_somebody_takes_out_again_and_again_enters_ever_less_often() -> None:
    """Though the share that it then gets is another write; its first entry, and its leaving, are nobody's undoing."""
    memory, enter, quarter, waits = Memory(uid="u"), SetWeight(weight=0, enters=True), SetWeight(weight=25), []
    assert [memory.wrote(effect, 0.0) for effect in (enter, quarter, SetWeight(weight=0))] == [False, False, False]
    for _ in range(3):
        assert memory.wrote(enter, 0.0)
        assert not memory.failing
        memory.contested(enter, 0.0)
        waits.append(memory.failing.pop("SetWeight").not_before)
        memory.wrote(quarter, 0.0)
    assert waits == [2.0, 4.0, 8.0]


def test_a_way_back_is_never_held_up_by_a_quarrel_about_the_way_forward() -> None:
    """Another weight is another write; so is the same one in another trial."""
    memory = Memory(uid="u")
    for _ in range(5):
        memory.wrote(SetWeight(weight=25), 0.0)
    memory.contested(SetWeight(weight=0), 0.0)
    assert memory.failing == {}
    assert not memory.wrote(SetWeight(weight=0), 0.0)
    memory.attend(2)
    assert not memory.wrote(SetWeight(weight=0), 0.0)


def test_a_lost_pin_is_put_back_at_once_each_time_and_told() -> None:
    """Each Service by itself; other effects are nobody else's to undo."""
    memory, pin = Memory(uid="u"), Pin(service="shop", old=None, new="h1")
    assert [memory.wrote(p, 0.0) for p in (pin, Pin(service="other", old=None, new="h1"), pin, pin)] == [False, False, True, True]
    memory.contested(pin, 0.0)
    assert memory.failing == {}
    scale = Scale(replica_set="r", uid="u", old=1, new=2)
    assert [memory.wrote(scale, 0.0), memory.wrote(scale, 0.0)] == [False, False]


@dataclass
class _Watch:
    """Both clocks of a machine."""

    wall: datetime
    steady: float = 0.0

    def clock(self) -> Clock:
        return Clock(wall=lambda: self.wall, steady=lambda: self.steady)

    def pass_by(self, seconds: float, jump: float = 0.0) -> None:
        self.steady += seconds
        self.wall += timedelta(seconds=seconds + jump)


def test_a_wall_clock_that_is_set_in_mid_release_moves_no_time_of_it() -> None:
    """Forward or back: what has gone by is what a clock says that nobody sets. At rest, the wall clock is believed anew."""
    noon = datetime(2026, 11, 28, 12, tzinfo=UTC)
    memory, watch = Memory(uid="u"), _Watch(noon)
    assert memory.now(watch.clock()) == memory.asking_at(watch.clock()) == noon
    for jump in (3600.0, -7200.0):
        before = memory.now(watch.clock())
        watch.pass_by(10, jump)
        assert memory.now(watch.clock()) - before == timedelta(seconds=10)
        assert memory.asking_at(watch.clock()) == max(watch.wall, memory.now(watch.clock()))
    memory.rest()
    assert memory.now(watch.clock()) == watch.wall == noon - timedelta(hours=1) + timedelta(seconds=20)
