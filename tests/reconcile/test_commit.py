"""The commit: it fails when anybody else has committed, when the Release is another one, and, forward, on another spec."""

from typing import Any

import pytest

from controller.reconcile import commit
from strategies.spec.phase import Phase
from strategies.spec.status import Status
from tests.patching import Refused, applied

OLD = Status(turn=4, phase=Phase.HEALTHY)
NEW = OLD.model_copy(update={"phase": Phase.PROGRESSING})


def release(**status: Any) -> dict[str, Any]:
    """A Release in generation 3."""
    return {"metadata": {"uid": "r", "generation": 3, "resourceVersion": "1"}, **({"status": status} if status else {})}


def test_a_commit_writes_the_status_with_the_next_turn() -> None:
    """And what was read back is what was decided."""
    found = release(**commit.dump(OLD))
    written = applied(found, commit.patch(found, OLD, NEW, forward=True))
    assert commit.read(written) == (NEW.model_copy(update={"turn": 5}), True)


def test_the_first_commit_needs_that_there_is_no_status() -> None:
    """Two leaders raced: one winner."""
    found = release()
    patch = commit.patch(found, Status(), NEW, forward=True)
    assert applied(found, patch)["status"]["turn"] == 1
    with pytest.raises(Refused):
        applied(release(turn=1), patch)


@pytest.mark.parametrize(("change", "forward", "refused"), [
    ({"generation": 4}, True, True), ({"generation": 4}, False, False), ({"uid": "other"}, False, True),
    ({"resourceVersion": "99"}, True, False), ({"annotations": {"a": "b"}}, True, False),
])  # fmt: skip
def test_a_commit_is_refused_when_somebody_knows_more(change: dict[str, Any], forward: bool, refused: bool) -> None:
    """Another spec stops steps forward and no rollback; an annotation stops nothing."""
    found = release(**commit.dump(OLD))
    patch = commit.patch(found, OLD, NEW, forward=forward)
    found["metadata"] = {**found["metadata"], **change}
    if refused:
        with pytest.raises(Refused):
            applied(found, patch)
    else:
        assert applied(found, patch)["status"]["phase"] == "Progressing"


def test_a_commit_of_a_deposed_leader_is_refused() -> None:
    """The turn has moved on."""
    found = release(**commit.dump(OLD))
    patch = commit.patch(found, OLD, NEW, forward=False)
    found["status"]["turn"] = 5
    with pytest.raises(Refused):
        applied(found, patch)


@pytest.mark.parametrize("broken", [{"phase": "Nowhere", "turn": 7}, {"turn": "many"}, {"trial": {}, "turn": 7}])
def test_a_status_that_a_hand_has_broken_counts_as_none_and_its_turn_is_kept_if_it_is_one(broken: dict[str, Any]) -> None:
    """The next commit must still test what stands there."""
    status, readable = commit.read(release(**broken))
    assert not readable
    assert status == Status(turn=7 if broken["turn"] == 7 else 0)


def test_times_keep_their_microseconds() -> None:
    """A step is never shorter than its duration."""
    moment = "2026-01-01T00:00:00.000001Z"
    assert commit.dump(Status.model_validate({"since": moment}))["since"] == moment
