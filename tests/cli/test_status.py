"""`status`: exit codes that scripts can rely on."""

import json
import threading
from collections.abc import Callable

import pytest

from strategies.spec.phase import Phase
from tests.cli.conftest import Run
from tests.cli.double import Double
from tests.rollout.stories import in_phase
from tests.rollout.world import World

Act = Callable[[World], object]


def _completed(world: World) -> None:
    world.run()


def _rejected(world: World) -> None:
    world.apply("v3")
    world.broken.add("v3")
    world.run()


def _taken_back(world: World) -> None:
    world.apply("v1")
    world.run()


def _blocked(world: World) -> None:
    _completed(world)
    world.hold = False
    world.break_glass()
    world.run()


def _held(world: World) -> None:
    _completed(world)
    world.apply("v3")


def _held_after_a_rejection(world: World) -> None:
    _rejected(world)
    world.apply("v2")


@pytest.mark.parametrize(("act", "healthy", "complete"), [
    (None, 3, 3), (_completed, 0, 0), (_rejected, 1, 1), (_taken_back, 0, 1), (_blocked, 1, 1), (_held, 3, 3),
    (_held_after_a_rejection, 3, 3),
])  # fmt: skip
def test_the_exit_code_says_where_a_release_is(cluster: Double, run: Run, act: Act | None, healthy: int, complete: int) -> None:
    """A change that is made and not taken up yet is under way; complete also asks how the last release ended."""
    if act is not None:
        cluster.change(act)
    assert run("status", "shop").code == healthy
    assert run("status", "shop", "--for", "complete").code == complete


def test_the_line_says_phase_share_versions_and_why(cluster: Double, run: Run) -> None:
    """For people who read the script's log."""
    assert run("status", "shop").out.startswith("prod/shop: Progressing at 20%, 1.0.0 → 2.0.0. Traffic 1 of 3: 20%.")
    cluster.change(_taken_back)
    assert "The last release ended Reverted:" in run("status", "shop").out


def test_programs_get_a_document(cluster: Double, run: Run) -> None:
    """With the exit code in it."""
    said = run("status", "shop", "-o", "json")
    document = json.loads(said.out)
    assert said.code == document["exitCode"] == 3
    assert (document["phase"], document["weight"], document["stable"], document["candidate"]) == (
        "Progressing", 20, "1.0.0", "2.0.0"
    )  # fmt: skip


@pytest.mark.parametrize(("act", "code"), [(_completed, 0), (_rejected, 1)])
def test_waiting_ends_with_the_release(cluster: Double, run: Run, act: Act, code: int) -> None:
    """0 when it went through, 1 when it was rolled back; the change comes while the command waits."""
    later = threading.Timer(0.3, cluster.change, [act])
    later.start()
    said = run("status", "shop", "--wait", "--timeout", "60s")
    later.join()
    assert said.code == code


def test_a_phase_can_be_waited_for(cluster: Double, run: Run) -> None:
    """--for=phase=NAME, in any case of letters."""
    cluster.change(lambda world: world.run(in_phase(Phase.BAKING)))
    assert run("status", "shop", "--for=phase=baking", "--wait").code == 0
    assert run("status", "shop", "--for=phase=Paused").code == 3
    cluster.change(_completed)
    assert run("status", "shop", "--for=phase=Paused").code == 1


def test_time_runs_out(cluster: Double, run: Run) -> None:
    """124, with the line as it is then and whether a controller leads."""
    said = run("status", "shop", "--wait", "--timeout", "10ms")
    assert said.code == 124
    assert "Progressing at 20%" in said.out
    assert "It is not so after 10ms. There is no Lease release-coordinator/release-coordinator" in said.err


def test_short_outages_are_borne_while_waiting(cluster: Double, run: Run) -> None:
    """A restart of the API server ends no script."""
    cluster.down = True

    def up(world: World) -> None:
        cluster.down = False
        _completed(world)

    later = threading.Timer(0.5, cluster.change, [up])
    later.start()
    assert run("status", "shop", "--wait", "--timeout", "60s").code == 0
    later.join()


def test_a_deployment_that_may_not_be_read_holds_nothing_up(cluster: Double, run: Run) -> None:
    """The Release alone is judged then."""
    cluster.change(_completed)
    cluster.refused = {"get deployments"}
    assert run("status", "shop").code == 0


@pytest.mark.parametrize("typed", [["--for", "happy"], ["--for", "phase=Happy"], ["--timeout", "1s"]])
def test_unknown_wishes_are_wrong_usage(cluster: Double, run: Run, typed: list[str]) -> None:
    """Exit 2, and what may be written."""
    said = run("status", "shop", *typed)
    assert said.code == 2
