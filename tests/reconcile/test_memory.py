"""What is remembered of a Release between turns."""

from controller.reconcile.memory import Memory
from strategies.world.effects import RemoveFinalizer, RemoveRequest


def test_only_the_same_effect_in_a_row_counts_as_a_race_lost_again() -> None:
    """Another effect in between begins anew: the world has moved."""
    memory = Memory(uid="u")
    abort, pause = RemoveRequest(key="abort", value="true"), RemoveRequest(key="pause", value="true")
    assert [memory.lost_race(effect) for effect in (abort, abort, pause, abort, abort, abort)] == [1, 2, 1, 1, 2, 3]
    assert memory.lost_race(RemoveFinalizer()) == 1
