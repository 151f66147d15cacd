"""What a member's own turn is told by the trains that have it."""

import pytest

from strategies.spec.train_status import TrainStatus
from strategies.train.hold import Ordering, held_back
from tests.train.line import CONSUMER, PRODUCER, line, member

WAITING = line(member("orders", PRODUCER), member("web", CONSUMER)).status


@pytest.mark.parametrize(("release", "version", "trains", "said"), [
    ("web", "2", [], None),
    ("web", "2", [("t", WAITING)], None),
    ("orders", "2", [("t", WAITING)], "Member orders (stage 1) of ReleaseTrain t waits; the train is Progressing. It goes once"),
    ("web", "3", [("t", WAITING)], "ReleaseTrain t is for version 2 of web, and the Deployment has 3: write that into"),
    ("web", None, [("t", WAITING)], "the Deployment has none that can be read"),
    ("web", "2", [("t", TrainStatus())], "the train has not looked at it yet"),
    ("web", "2", [("a", WAITING), ("b", WAITING)], "is a member of ReleaseTrain a and b: take it out of one of them"),
])  # fmt: skip
def test_a_member_begins_only_what_its_one_train_has_let_go(
    release: str, version: str | None, trains: list[tuple[str, TrainStatus]], said: str | None
) -> None:
    """And is told which member of which train it is, and what would let it go."""
    why = held_back(release, version, [Ordering(name=name, status=status) for name, status in trains])
    assert why is None if said is None else said in str(why)
