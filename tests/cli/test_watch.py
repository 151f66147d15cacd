"""`watch`: lines under a pipe, a drawing on a terminal, and an end when it is asked for."""

import json
import threading
from datetime import UTC, datetime

import pytest
from rich.console import Console

from controller.cli import drawing
from controller.cli.scene import Found, Scene, scene
from strategies.spec.phase import Phase
from tests.cli.conftest import Run
from tests.cli.double import Double
from tests.rollout.stories import in_phase
from tests.rollout.world import World


def _step_by_step(cluster: Double, *phases: Phase) -> threading.Thread:
    """The world goes on from phase to phase in a thread, each seen by watches before the next."""

    def go() -> None:
        for phase in phases:
            cluster.wait_until_seen()
            cluster.change(lambda world, phase=phase: world.run(in_phase(phase)))
        cluster.wait_until_seen()
        cluster.change(lambda world: world.run())

    thread = threading.Thread(target=go)
    thread.start()
    return thread


def test_each_change_is_a_line_until_the_release_is_at_rest(cluster: Double, run: Run) -> None:
    """With its time, phase, step, share and gates; exit 0 because it went through."""
    thread = _step_by_step(cluster, Phase.BAKING)
    said = run("watch", "shop", "--until-done")
    thread.join()
    assert said.code == 0
    lines = [line.split("  ") for line in said.out.splitlines()]
    assert all(datetime.fromisoformat(line[0]).tzinfo == UTC for line in lines)
    phases = [line[1].partition("/")[0] for line in lines]
    assert phases[0] == "Progressing" and "Baking" in phases and phases[-1] == "Healthy"
    assert lines[0][2:5] == ["step 1/3 Traffic 20%", "reached", "pods=Pass"]
    assert len({tuple(line[1:]) for line in lines}) == len(lines)


def test_a_rejected_release_ends_with_1(rejected: World, cluster: Double, run: Run) -> None:
    """So that a pipeline stops."""
    said = run("watch", "shop", "--until-done")
    assert said.code == 1
    assert "RolledBack/Rejected" in said.out


def test_programs_get_a_document_a_line(rejected: World, cluster: Double, run: Run) -> None:
    """Each is the Release as the API has it."""
    (line,) = run("watch", "shop", "--until-done", "-o", "json").out.splitlines()
    assert json.loads(line)["status"]["phase"] == "RolledBack"


def test_what_may_not_be_seen_is_told_once_and_the_rest_is_shown(rejected: World, cluster: Double, run: Run) -> None:
    """Without the right to list pods, Events or to watch."""
    cluster.refused = {"list pods", "list events", "watch releases", "get deployments"}
    said = run("watch", "shop", "--until-done")
    assert said.code == 1
    assert said.err.count("Not shown: you may not list pods in prod.") == 1
    assert said.err.count("Not shown: you may not list events in prod.") == 1


def test_an_outage_is_told_and_borne(cluster: Double, run: Run) -> None:
    """What is shown is said to be old; the end is still seen."""

    def outage() -> None:
        cluster.wait_until_seen()
        cluster.down = True
        assert cluster.refusals.wait(30)
        cluster.down = False
        cluster.change(lambda world: world.run())

    thread = threading.Thread(target=outage)
    thread.start()
    said = run("watch", "shop", "--until-done")
    thread.join()
    assert said.code == 0
    assert "No answer from the API since" in said.err


def test_a_release_that_is_deleted_ends_it(cluster: Double, run: Run) -> None:
    """With a sentence, and 4."""

    def delete() -> None:
        cluster.wait_until_seen()
        cluster.deleted = True

    thread = threading.Thread(target=delete)
    thread.start()
    said = run("watch", "shop", "--until-done")
    thread.join()
    assert (said.code, said.err.strip()) == (4, "releasectl: Release shop was deleted.")


def _scene(cluster: Double) -> Scene:
    release = cluster.release()
    found = Found(deployment=cluster.deployment(), pods=cluster.items("pods"), events=cluster.items("events"))
    return scene(release, cluster.world.spec, found, ["Not shown: nothing."], cluster.world.now)


def _drawn(cluster: Double, width: int, **terminal: object) -> str:
    console = Console(width=width, force_terminal=True, **{"color_system": None, **terminal})  # type: ignore[arg-type]
    with console.capture() as captured:
        console.print(drawing.draw(_scene(cluster), width))
    return captured.get()


def test_the_drawing_has_steps_gates_pods_events_and_notes(cluster: Double) -> None:
    """Marks say what is done, now and later; pods of both sides with their state; the time left in the step."""
    metadata = {"creationTimestamp": "2026-01-01T00:00:00Z"}
    cluster.others["events"] = [{"metadata": metadata, "type": "Warning", "reason": "GateFailed", "note": "errors"}]
    text = _drawn(cluster, 120)
    for words in ("prod/shop  Progressing", "1.0.0 → 2.0.0", "✓  Preview", "▶  20%", "10m left", "·  50%", "·  Bake",
                  "pods   Pass", "wanted 20%", "stable      1.0.0 (kv1)", "4/4", "candidate   2.0.0", "shop-kv1-00000",
                  "Running", "RESTARTS", "GateFailed", "Not shown: nothing."):  # fmt: skip
        assert words in text, words
    assert "\x1b" not in text


@pytest.mark.parametrize("width", [20, 40, 79, 200])
def test_the_drawing_fits_the_terminal(cluster: Double, width: int) -> None:
    """No line is longer than it is wide."""
    assert all(len(line.rstrip()) <= width for line in _drawn(cluster, width).splitlines())


def test_pods_in_trouble_come_first_and_many_are_counted(cluster: Double) -> None:
    """A hundred good pods do not hide the bad one."""
    cluster.change(lambda world: (world.scale(30), world.run(in_phase(Phase.BAKING)), world.broken.add("v2")))
    text = _drawn(cluster, 120)
    rows = text.partition("RESTARTS")[2].splitlines()
    assert " no " in rows[1]
    assert "and 48 more" in text


def test_an_undone_step_is_marked(cluster: Double) -> None:
    """A release on its way back shows where it was turned."""
    cluster.change(lambda world: world.ask("abort"))
    assert "✗  20%" in _drawn(cluster, 100)
    assert "Aborted" in _drawn(cluster, 100)
