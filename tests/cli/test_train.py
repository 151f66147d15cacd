"""`train`: what people and programs see of a train, and how watching one ends."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from controller.reconcile import commit
from strategies.spec.train_status import TrainPhase
from tests.cli.conftest import Run
from tests.cli.double import Double
from tests.train.line import Line, line, member


def shown(made: Line) -> dict[str, Any]:
    """The train as the API has it."""
    metadata = {"name": "new-format", "namespace": "prod", "uid": "t", "creationTimestamp": "2026-01-01T00:00:00Z",
                "resourceVersion": "1", "managedFields": []}  # fmt: skip
    assert made.spec is not None
    return {"metadata": metadata, "spec": made.spec.model_dump(mode="json", by_alias=True), "status": commit.dump(made.status)}


@pytest.fixture
def on_its_way(cluster: Double) -> Line:
    """A consumer, which has a Release in the double, and a producer behind it."""
    made = line(member("orders", "Producer"), member("shop", "Consumer"))
    cluster.others["releasetrains"] = [shown(made)]
    return made


def test_members_are_shown_stage_by_stage_with_what_each_waits_for(on_its_way: Line, run: Run) -> None:
    """And of those on their way, step and share."""
    said = run("train", "releasetrain/new-format")
    assert said.code == 0
    first, why, _, headings, shop, orders = said.out.strip().splitlines()
    assert first == "ReleaseTrain prod/new-format: Progressing, run 1 since 2026-01-01T00:00:00.000000Z"
    assert why == "Stage 0 is let go: shop."
    assert headings.split("  ")[0] == "STAGE"
    assert shop.split()[:6] == ["0", "shop", "Consumer", "1", "→", "2"]
    assert "Progressing 1/3 20%" in shop
    assert orders.split()[:4] == ["1", "orders", "Producer", "2"]
    assert orders.endswith("It goes once shop has its version.")


def test_all_trains_are_one_line_each(on_its_way: Line, run: Run) -> None:
    """Without a name."""
    headings, row = run("train").out.splitlines()
    assert headings.split() == ["NAME", "PHASE", "RUN", "MEMBERS", "REASON", "AGE"]
    assert row.split()[:5] == ["new-format", "Progressing", "1", "orders,shop", "Stage"]


def test_programs_get_the_object(on_its_way: Line, run: Run) -> None:
    """One, or a list."""
    one = json.loads(run("train", "new-format", "-o", "json").out)
    assert (one["kind"], one["status"]["members"][0]["state"]) == ("ReleaseTrain", "Progressing")
    assert "managedFields" not in one["metadata"]
    assert json.loads(run("train", "-o", "json").out)["items"] == [one]


@pytest.mark.parametrize(("phase", "code"), [(TrainPhase.COMPLETED, 0), (TrainPhase.ROLLED_BACK, 1)])
def test_watching_ends_when_the_train_is_at_rest(
    cluster: Double, on_its_way: Line, run: Run, monkeypatch: pytest.MonkeyPatch, phase: TrainPhase, code: int
) -> None:
    """Not while members are waited for; with the exit code of how it ended; each change is printed once."""
    phases = [TrainPhase.WAITING, phase]

    def later(_seconds: float) -> None:
        phase = phases.pop(0)
        on_its_way.status = on_its_way.status.model_copy(update={"phase": phase, "since": datetime(2026, 1, 2, tzinfo=UTC)})
        cluster.others["releasetrains"] = [shown(on_its_way)]

    monkeypatch.setattr("controller.cli.train.time.sleep", later)
    said = run("train", "new-format", "--watch")
    assert said.code == code
    assert said.out.count("ReleaseTrain prod/new-format") == 3


def test_a_train_that_does_not_exist_is_told_with_those_that_do(on_its_way: Line, run: Run) -> None:
    """And how to look elsewhere."""
    said = run("train", "new-fromat")
    assert (said.code, said.out) == (4, "")
    assert "ReleaseTrain new-fromat does not exist in namespace prod. There are: new-format." in said.err
    empty = run("train", "-n", "elsewhere")
    assert empty.code == 4
