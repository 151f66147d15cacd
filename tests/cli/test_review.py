"""`releasectl review`: of the cluster, of a file against it, against an older file, against git; and its exit codes for CI."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.cli.answers import Exit
from strategies.spec.phase import Phase
from tests.cli.conftest import Run
from tests.cli.double import Double
from tests.review.subjects import FEATURE, GATE, PLAN, READY, WENT_BACK
from tests.rollout.world import World

READY_SPEC: dict[str, Any] = {
    "workloadRef": {"name": "shop"}, "strategy": {"type": "Auto"}, "gates": [GATE], "rollback": {"plan": PLAN, "rehearse": True},
    "change": FEATURE,
}  # fmt: skip
"""A Release of which nothing is to be said."""


def manifests(image: str, *, replicas: int = 4, **spec: Any) -> str:
    """A Release, its Deployment and a Service, as a team keeps them in one file."""
    container = {"name": "app", "image": image, "ports": [{"name": "http", "containerPort": 8080}], "readinessProbe": READY}
    pods = {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [container]}}
    return yaml.safe_dump_all([
        {"apiVersion": "release-coordinator.io/v1alpha1", "kind": "Release", "metadata": {"name": "shop"},
         "spec": {**READY_SPEC, **spec}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"},
         "spec": {"replicas": replicas, "template": pods}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}, "spec": {"selector": {"app": "shop"}}},
    ])  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Version 2.4.0."""
    path = tmp_path / "new.yaml"
    path.write_text(manifests("shop:2.4.0"))
    return path


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """Version 2.3.1."""
    path = tmp_path / "old.yaml"
    path.write_text(manifests("shop:2.3.1"))
    return path


@pytest.fixture
def no_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without a kubeconfig."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)


@pytest.mark.usefixtures("no_cluster")
def test_a_file_against_an_older_one_needs_no_cluster(run: Run, file: Path, older: Path) -> None:
    """The four sections first; ready, and what cannot be known without a cluster is said to be unknown."""
    said = run("review", "-f", str(file), "--against", str(older))
    assert said.code == Exit.OK
    headings = [line for line in said.out.splitlines() if line.startswith("###")]
    assert headings[:4] == ["### Risk Assessment", "### Compatibility", "### Release Plan", "### Rollback Plan"]
    assert "Services: shop" in said.out
    assert "version 2.3.1 → 2.4.0" in said.out
    assert "[~] RollbackPlan" in said.out
    assert "Ready, as far as can be seen" in said.out


@pytest.mark.usefixtures("no_cluster")
def test_ci_gets_1_for_a_red_flag_and_json_with_everything(run: Run, tmp_path: Path, older: Path) -> None:
    """The document has the review, both plans and whether it is ready."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(manifests("shop:2.4.0", rollback={"plan": "Stop. Then go back."}, gates=[]))
    said = run("review", "-f", str(wrong), "--against", str(older), "-o", "json")
    assert said.code == Exit.FAILED
    made = json.loads(said.out)
    assert {flag["name"] for flag in made["redFlags"]} == {"NoMonitoring", "RollbackUnproven"}
    assert (made["name"], made["risk"], made["strategy"], made["ready"]) == ("shop", "Medium", "Canary", False)
    assert len(made["checklist"]) == 9
    assert made["releasePlan"] and made["rollbackPlan"]


@pytest.mark.usefixtures("no_cluster")
def test_a_file_against_a_revision_of_git(run: Run, tmp_path: Path) -> None:
    """The same file as it was; a revision that is none is wrong usage."""
    path = tmp_path / "release.yaml"
    path.write_text(manifests("shop:2.3.1"))
    _git(tmp_path, "init", "-q")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "first")
    path.write_text(manifests("shop:2.4.0"))
    said = run("review", "-f", str(path), "--against-git", "HEAD")
    assert said.code == Exit.OK
    assert "containers[app].image: shop:2.3.1 → shop:2.4.0" in said.out
    for wrong in ("nowhere", "--output=x"):
        assert run("review", "-f", str(path), f"--against-git={wrong}").code == Exit.USAGE
    (tmp_path / "later.yaml").write_text(manifests("shop:2.4.0"))
    assert "None of the files is in revision HEAD" in run("review", "-f", str(tmp_path / "later.yaml"), "--against-git=HEAD").err


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, timeout=30)


def test_a_file_against_the_cluster_takes_what_it_leaves_out_from_there(run: Run, cluster: Double, file: Path) -> None:
    """Stable's template, Services and history are the cluster's."""
    cluster.change(lambda world: _keep(world, WENT_BACK))
    said = run("review", "-f", str(file))
    assert "containers[app].image: example/shop:1.0.0 → shop:2.4.0" in said.out
    assert "[x] RollbackPlan: documented" in said.out
    assert said.code == Exit.OK
    cluster.refused |= {"list services", "list horizontalpodautoscalers", "list replicasets"}
    said = run("review", "-f", str(file))
    assert "Services: unknown" in said.out
    assert "what differs could not be seen" in said.out


def _keep(world: World, history: Any) -> None:
    world.status = world.status.model_copy(update={"history": history})


def test_of_a_release_in_flight_the_review_is_the_one_that_was_made_before_it_started(run: Run, cluster: Double) -> None:
    """What the status keeps, with the plans."""
    kept = cluster.world.status.review
    assert kept is not None
    said = run("review", "shop", "-o", "json")
    assert said.code == Exit.FAILED
    made = json.loads(said.out)
    assert made["redFlags"] == [flag.model_dump(mode="json") for flag in kept.red_flags]
    assert made["reasons"][0]["message"].startswith("nobody says what kind of change this is")
    assert any("25%" in line or "20%" in line for line in made["releasePlan"])


def test_of_a_release_at_rest_there_is_nothing_to_review(run: Run, cluster: Double) -> None:
    """It says how to review a change before it is applied."""
    cluster.change(lambda world: world.ask("promote", "full"))
    cluster.change(lambda world: world.ask("promote", "step") if world.status.phase is Phase.BAKING else None)
    cluster.change(lambda world: world.run(lambda w: w.status.phase is Phase.BAKING))
    cluster.change(lambda world: world.ask("promote", "step"))
    cluster.change(lambda world: world.run(lambda w: w.status.phase is Phase.HEALTHY))
    said = run("review", "shop")
    assert (said.code, said.out) == (Exit.FAILED, "")
    assert "Nothing waits" in said.err
    assert "releasectl review -f FILE" in said.err


WRONG: dict[str, tuple[list[str], str]] = {
    "nothing": ([], "Name a Release, or manifests with -f"),
    "an older file alone": (["--against", "old.yaml"], "name them with -f"),
    "two older ones": (["-f", "new.yaml", "--against", "old.yaml", "--against-git", "HEAD"], "Choose one of"),
    "a file that is not there": (["-f", "none.yaml", "--against", "old.yaml"], "none.yaml"),
    "no YAML": (["-f", "broken.yaml", "--against", "old.yaml"], "broken.yaml:1"),
    "a Release that is not valid": (["-f", "invalid.yaml", "--against", "old.yaml"], "spec.strategy.type"),
    "no Release": (["-f", "empty.yaml", "--against", "empty.yaml"], "There is no Release in empty.yaml"),
    "several Releases": (["-f", "two.yaml", "--against", "old.yaml"], "several Releases: other, shop"),
    "no Deployment": (["-f", "release.yaml", "--against", "old.yaml"], "There is no Deployment shop in release.yaml"),
    "a Deployment without a template": (["-f", "bare.yaml", "--against", "old.yaml"], "no pod template that can be read"),
}


@pytest.mark.usefixtures("no_cluster")
@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_usage_is_told_with_exit_code_2(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    """A CI job can tell it from a change that is not ready."""
    whole = manifests("shop:2.3.1")
    documents = list(yaml.safe_load_all(whole))
    texts = {
        "old.yaml": whole, "new.yaml": whole, "broken.yaml": "a: [", "empty.yaml": "",
        "release.yaml": yaml.safe_dump(documents[0]),
        "invalid.yaml": manifests("shop:2", strategy={"type": "Fast"}),
        "two.yaml": whole + "---\n" + whole.replace("name: shop\nspec", "name: other\nspec"),
        "bare.yaml": yaml.safe_dump_all([documents[0], {**documents[1], "spec": {}}]),
    }  # fmt: skip
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    said = run("review", *arguments)
    assert said.code == Exit.USAGE
    assert message in said.err


@pytest.mark.usefixtures("no_cluster")
def test_the_review_of_the_example_says_what_the_example_tells(run: Run) -> None:
    """examples/04-auto: a feature, so a canary; a variable that a cosmetic change would not bring; no gate yet."""
    folder = Path(__file__).parents[2] / "examples" / "04-auto"
    said = run("review", "-f", str(folder / "shop-1.1.0.yaml"), "--against", str(folder / "shop.yaml"))
    assert said.code == Exit.FAILED
    for line in (
        "### Level: Medium",
        "- Strategy, chosen by Auto: Canary: the risk is Medium.",
        "containers[shop].env[FEATURE] added",
    ):
        assert line in said.out
    verdict = "Not ready: 1 red flag, 1 of the checklist missing; 1 of the checklist cannot be known; 1 pending."
    assert said.out.endswith(f"**{verdict}**\n")
