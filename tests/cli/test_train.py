"""`train`: what people and programs see of a train, and how watching one ends."""

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from click.shell_completion import ShellComplete

from controller.cli.commands import releasectl
from controller.reconcile import commit
from controller.reconcile.requests import Presence, read_requests, trim
from strategies.spec.train_status import TrainPhase
from tests.cli.conftest import Run
from tests.cli.double import Double
from tests.rollout.stories import at_step
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


def test_watching_shows_the_steps_of_members_and_bears_an_outage(
    cluster: Double, on_its_way: Line, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The train's own status says nothing while a member goes from step to step; each picture is printed once."""
    moments = iter(["nothing", "step", "down", "up", "end"])

    def later(_seconds: float) -> None:
        moment = next(moments)
        if moment == "step":
            cluster.world.ask("promote", "step")
            cluster.change(lambda world: world.run(at_step(2)))
        elif moment == "end":
            on_its_way.status = on_its_way.status.model_copy(update={"phase": TrainPhase.COMPLETED})
            cluster.others["releasetrains"] = [shown(on_its_way)]
        else:
            cluster.down = moment == "down"

    monkeypatch.setattr("controller.cli.train.time.sleep", later)
    monkeypatch.setattr("controller.cli.waiting.time.sleep", later)
    said = run("train", "new-format", "--watch")
    assert said.code == 0
    assert said.err == ""
    pictures = said.out.split("ReleaseTrain ")[1:]
    assert ["Progressing 1/3 20%" in each for each in pictures] == [True, False, False]
    assert "Progressing 2/3" in pictures[1]


def test_an_outage_is_told_to_who_looks_once(cluster: Double, on_its_way: Line, run: Run) -> None:
    """At once."""
    cluster.down = True
    assert run("train", "new-format").code == 4


def test_a_train_that_does_not_exist_is_told_with_those_that_do(on_its_way: Line, run: Run) -> None:
    """And how to look elsewhere."""
    said = run("train", "new-fromat")
    assert (said.code, said.out) == (4, "")
    assert "ReleaseTrain new-fromat does not exist in namespace prod. Did you mean new-format?" in said.err
    assert "There are: new-format. Name another namespace with -n." in run("pause", "train/shop").err
    empty = run("train", "-n", "elsewhere")
    assert empty.code == 4


@pytest.fixture
def asked(cluster: Double, on_its_way: Line) -> Line:
    """The train as its controller takes up what it is asked."""

    def take_up(train: dict[str, Any]) -> None:
        on_its_way.waiting = [replace(r, author="alice") for r in read_requests(trim(copy.deepcopy(train)), 1, Presence())]
        on_its_way.settle()
        cluster.others["releasetrains"] = [shown(on_its_way)]

    cluster.train_asked = take_up
    return on_its_way


def test_a_train_is_asked_by_the_commands_that_ask_a_release(asked: Line, run: Run) -> None:
    """Behind train/, or as kubectl prints its name; the answer comes back, and the exit code says whether it was done."""
    said = run("pause", "train/new-format", "--because", "lunch")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("ReleaseTrain prod/new-format: pause=lunch is done. Paused by alice: lunch. No further member")
    assert asked.status.phase is TrainPhase.PAUSED
    again = run("pause", "rt/new-format", "-o", "json")
    assert (again.code, json.loads(again.out)["done"]) == (1, False)
    assert run("resume", "releasetrain.release-coordinator.io/new-format").code == 0
    assert json.loads(run("abort", "train/new-format", "-o", "json").out)["message"] == "Aborted by alice."
    assert asked.status.phase in (TrainPhase.ROLLING_BACK, TrainPhase.ROLLED_BACK)
    refused = run("rollback", "train/new-format", "--to", "version:1")
    assert refused.code == 1
    assert "is refused. rollback: 'version:1' is not known of a train; write rollback=previous." in refused.err


def test_without_an_answer_the_request_stays_asked(on_its_way: Line, run: Run) -> None:
    """As on a Release: 124, or at once for who does not wait."""
    assert run("retry", "train/new-format", "--timeout", "10ms").code == 124
    said = run("retry", "train/new-format", "--no-wait")
    assert (said.code, said.out) == (0, "ReleaseTrain prod/new-format: retry=true is asked.\n")


@pytest.mark.parametrize(("typed", "said"), [
    (["promote", "train/new-format"], "'train/new-format' is a ReleaseTrain, and this command is for a Release."),
    (["explain", "releasetrain/shop"], "'releasetrain/shop' is a ReleaseTrain"),
    (["train", "release/shop"], "'release/shop' is a Release, and this command is for a ReleaseTrain."),
    (["abort", "deployment/shop"], "'deployment/shop' is no name of a Release or ReleaseTrain."),
])  # fmt: skip
def test_another_kind_of_the_same_name_is_never_asked(cluster: Double, run: Run, typed: list[str], said: str) -> None:
    """Wrong usage, before anything is read."""
    done = run(*typed)
    assert (done.code, cluster.annotations) == (2, {})
    assert said in " ".join(done.err.split())


@pytest.mark.parametrize(("words", "found"), [
    ("abort ", ["shop", "train/new-format"]), ("abort train/n", ["train/new-format"]), ("abort s", ["shop"]),
    ("abort rt/", []), ("promote ", ["shop"]), ("train ", ["new-format"]),
])  # fmt: skip
def test_names_of_trains_are_completed_where_one_may_be_asked(on_its_way: Line, words: str, found: list[str]) -> None:
    """Behind train/; and alone where only a train can be meant."""
    command, _, incomplete = words.partition(" ")
    completing = ShellComplete(releasectl, {}, "releasectl", "_X")
    assert [item.value for item in completing.get_completions([command], incomplete)] == found
