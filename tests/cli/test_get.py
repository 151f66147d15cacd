"""`get` and `history`: what people and programs read of Releases."""

import json

import yaml

from tests.cli.conftest import Run
from tests.cli.double import Double
from tests.rollout.world import World


def test_the_table_says_phase_step_weight_versions_and_reason(cluster: Double, run: Run) -> None:
    """One line a Release; the namespace comes from the kubeconfig's context."""
    said = run("get")
    assert said.code == 0
    headings, row = said.out.splitlines()
    assert headings.split() == ["NAME", "PHASE", "STEP", "WEIGHT", "VERSION", "READY", "REASON", "AGE"]
    assert row.split()[:7] == ["shop", "Progressing", "1/3", "20%", "1.0.0", "→", "2.0.0"]
    assert " False " in row and " Step " in row


def test_columns_that_have_nothing_to_say_are_left_out(cluster: Double, run: Run) -> None:
    """At rest there is no step and no weight."""
    cluster.world.apply("v1")
    cluster.world.run()
    headings, row = run("get", "shop").out.splitlines()
    assert headings.split() == ["NAME", "PHASE", "VERSION", "READY", "REASON", "AGE"]
    assert row.split()[:4] == ["shop", "Healthy", "1.0.0", "True"]


def test_all_namespaces_are_shown_with_their_names(cluster: Double, run: Run) -> None:
    """-A."""
    headings, row = run("get", "-A").out.splitlines()
    assert headings.split()[0] == "NAMESPACE"
    assert row.split()[0] == "prod"


def test_programs_get_one_document_as_the_api_has_it(cluster: Double, run: Run) -> None:
    """-o json is the object, or a list; -o yaml the same; -o name what other commands take."""
    one = json.loads(run("get", "shop", "-o", "json").out)
    assert (one["kind"], one["metadata"]["name"]) == ("Release", "shop")
    assert "managedFields" not in one["metadata"]
    every = json.loads(run("get", "-o", "json").out)
    assert (every["kind"], len(every["items"])) == ("ReleaseList", 1)
    assert yaml.safe_load(run("get", "shop", "-o", "yaml").out) == one
    name = run("get", "-o", "name").out.strip()
    assert name == "release.release-coordinator.io/shop"
    assert run("get", name).code == 0


def test_an_empty_namespace_is_said_on_stderr_only(cluster: Double, run: Run) -> None:
    """A script that counts lines counts none."""
    said = run("get", "-n", "elsewhere")
    assert (said.code, said.out) == (0, "")
    assert "no Release in namespace elsewhere" in said.err
    assert "releasectl init" in said.err


def test_the_history_tells_how_each_release_ended(rejected: World, cluster: Double, run: Run) -> None:
    """The newest stands last, with why; -o json is the status' own list."""
    said = run("history", "shop")
    headings, first, second = said.out.splitlines()
    assert headings.split()[:4] == ["REVISION", "VERSION", "KIND", "OUTCOME"]
    assert first.split()[1:4] == ["2.0.0", "Release", "Superseded"]
    assert second.split()[1:4] == ["3.0.0", "Release", "Rejected"]
    assert [past["outcome"] for past in json.loads(run("history", "shop", "-o", "json").out)] == ["Superseded", "Rejected"]


def test_a_release_without_history_says_so(cluster: Double, run: Run) -> None:
    """No empty table."""
    said = run("history", "shop")
    assert (said.code, said.out) == (0, "")
    assert "Nothing has been released by shop yet" in said.err
    assert json.loads(run("history", "shop", "-o", "json").out) == []


def test_what_was_overridden_is_told_with_who_and_why(cluster: Double, run: Run) -> None:
    """By `history` under its table, and by `explain`, to programs too."""
    cluster.change(lambda world: (world.break_glass("bob", "it burns"), world.run()))
    for command in ("history", "explain"):
        said = run(command, "shop").out
        line = next(line for line in said[said.index("Overrides:") :].splitlines() if line.strip().startswith("BreakGlass"))
        assert line.split()[1] == "bob"
        assert "it burns" in line
    (kept,) = json.loads(run("explain", "shop", "-o", "json").out)["overrides"]
    assert (kept["what"], kept["author"], kept["because"]) == ("BreakGlass", "bob", "it burns")
