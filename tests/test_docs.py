"""What the documentation says is so: its YAML, its commands, its links, its tables. No test here needs a cluster.

The stories of examples/ are told by tests/real/releases/test_examples.py.
"""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import promql_parser
import pytest
import yaml
from pydantic import BaseModel

from controller.cli.commands import COMMANDS
from scripts import phases, reference
from strategies.spec.gate import Gate
from strategies.spec.gate_template import GateTemplateSpec
from strategies.spec.metric_source import MetricSourceSpec
from strategies.spec.phase import Phase
from strategies.spec.policy import ReleasePolicySpec
from strategies.spec.reason import Reason
from strategies.spec.release import ReleaseSpec, Strategy
from strategies.spec.train import ReleaseTrainSpec

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/README.md")])
SCRIPTS = sorted([*ROOT.glob("scripts/*.sh"), ROOT / ".ci" / "run"])
MANIFESTS = sorted(ROOT.glob("examples/*/*.yaml"))
MODELS: dict[str, type[BaseModel]] = {
    "Release": ReleaseSpec, "MetricSource": MetricSourceSpec, "GateTemplate": GateTemplateSpec,
    "ClusterGateTemplate": GateTemplateSpec, "ReleasePolicy": ReleasePolicySpec, "ReleaseTrain": ReleaseTrainSpec,
}  # fmt: skip


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _blocks(language: str) -> list[Any]:
    block = re.compile(rf"^```{language}\n(.*?)^```", re.DOTALL | re.MULTILINE)
    return [
        pytest.param(found, id=f"{_name(page)}-{number}")
        for page in PAGES
        for number, found in enumerate(block.findall(page.read_text()))
    ]


def _check(document: dict[str, Any]) -> None:
    """A whole resource of ours, or a part of a Release's spec; what belongs to others is only read."""
    model = MODELS.get(document.get("kind", ""))
    if model is not None:
        assert document["apiVersion"] == "release-coordinator.io/v1alpha1"
        model.model_validate(document["spec"])
    if "kind" not in document and "strategy" in document:
        Strategy.model_validate(document["strategy"])
    if "kind" not in document:
        for gate in document.get("gates", []):
            Gate.model_validate(gate)
    for group in document.get("groups", []):
        for alert in group["rules"]:
            promql_parser.parse(alert["expr"])


@pytest.mark.parametrize("text", _blocks("yaml"))
def test_yaml_in_the_documentation_is_what_the_models_take(text: str) -> None:
    """A reader can copy it: each Release and MetricSource, and each part of one, validates."""
    for document in yaml.safe_load_all(text):
        _check(document)


@pytest.mark.parametrize("path", MANIFESTS, ids=_name)
def test_manifests_of_the_examples_are_what_the_models_take(path: Path) -> None:
    """Each document names its kind, and ours validate."""
    documents = list(yaml.safe_load_all(path.read_text()))
    assert all(document["kind"] for document in documents)
    for document in documents:
        _check(document)


def test_a_wrong_release_in_the_documentation_would_be_noticed() -> None:
    """The check above can fail: a misspelt field is refused."""
    with pytest.raises(ValueError, match="weigth"):
        _check({"strategy": {"canary": {"steps": [{"weigth": 5}, {"weight": 100}]}}})


@pytest.mark.parametrize("text", _blocks("bash"))
def test_commands_in_the_documentation_parse(text: str) -> None:
    """`bash -n` takes every shell block."""
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_of_releasectl_that_a_page_names_exist(page: Path) -> None:
    """`releasectl …` in code names a command, as `releasectl --help` lists them."""
    assert set(re.findall(r"(?:`|^)releasectl ([a-z]+)", page.read_text(), re.MULTILINE)) <= set(COMMANDS)


@pytest.mark.parametrize("path", SCRIPTS, ids=_name)
def test_scripts_parse_can_be_run_and_stop_at_the_first_error(path: Path) -> None:
    """`bash -n` takes them, they are executable, and they set -euo pipefail."""
    done = subprocess.run(["bash", "-n", path], capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 0, done.stderr
    assert path.stat().st_mode & 0o100
    assert "set -euo pipefail" in path.read_text()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Files exist, and so do the headings that a link names."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, heading = unquote(target).partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), f"{target} does not exist"
        assert not heading or heading in _headings(there), f"{target}: no such heading"


def _headings(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_targets_of_make_that_a_page_names_exist(page: Path) -> None:
    """`make …` in code means a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = page.read_text()
    named = set(re.findall(r"`(?:\w+=\w+ )?make ([a-z-]+)", text)) | set(re.findall(r"^make ([a-z-]+)", text, re.MULTILINE))
    assert named <= targets


def test_the_reference_is_in_step_with_the_models() -> None:
    """`make docs` was run after the last change of strategies/spec."""
    assert reference.PAGE.read_text() == reference.page()


def test_the_page_of_phases_is_in_step_with_the_table() -> None:
    """`make docs` was run after the last change of strategies/rollout/phases.py."""
    assert phases.PAGE.read_text() == phases.page()


def test_every_right_in_the_chart_is_explained_in_the_page_on_security() -> None:
    """Each resource of the controller's rules stands in a table's row that has all its verbs."""
    rules = (ROOT / "charts/release-coordinator/templates/rbac.yaml").read_text().partition("# For people:")[0]
    rows = [row for row in (ROOT / "docs/security.md").read_text().splitlines() if row.startswith("| `")]
    found = re.findall(r"resources: \[([^\]]+)\],? ?(?:resourceNames: \[[^\]]+\], )?(?:verbs: \[([^\]]+)\])?", rules)
    assert len(found) > 15
    for resources, verbs in found:
        for resource in resources.split(", "):
            mine = [row for row in rows if f"`{resource}`" in row]
            assert mine, f"{resource} is not in docs/security.md"
            assert all(verb in mine[0] for verb in verbs.split(", ")), f"{resource}: {verbs} against {mine[0]}"


def test_metrics_in_the_page_on_operations_exist() -> None:
    """Each series that the tables and alerts name is one of the controller's, and each of these is named."""
    source = (ROOT / "controller/telemetry/metrics.py").read_text()
    ours = {f"release_coordinator_{name}" for name in re.findall(r'f"\{_PREFIX\}_(\w+)"', source)}
    named = set(re.findall(r"\brelease_coordinator_\w+", (ROOT / "docs/operations.md").read_text()))
    assert named == ours


def test_reasons_and_phases_in_the_page_on_troubleshooting_exist() -> None:
    """What its tables tell people to look for is what the status says."""
    known = {*Phase, *Reason, "EffectFailing", "RequestRefused", "Stalled"}
    night = (ROOT / "docs/troubleshooting.md").read_text()
    words = {*re.findall(r"(?:[Pp]hase|[Rr]eason) `(\w+)`", night), *re.findall(r"^\| `(\w+)`", night, re.MULTILINE)}
    assert len(words) > 20
    assert words <= known


def test_whatever_keeps_a_release_from_starting_is_in_the_page_on_troubleshooting() -> None:
    """Each obstacle of strategies/rollout/start.py has a row with a command."""
    obstacles = set(re.findall(r"Reason\.(\w+)", (ROOT / "strategies/rollout/start.py").read_text()))
    night = (ROOT / "docs/troubleshooting.md").read_text()
    assert len(obstacles) > 5
    assert [name for name in sorted(obstacles) if f"| `Blocked`, reason `{Reason[name]}` |" not in night] == []


def test_the_table_of_what_tools_show_has_every_phase() -> None:
    """A phase that is added is looked at with the tools, too; a Deployment that does not exist shows nothing."""
    page = (ROOT / "docs/what-tools-show.md").read_text()
    shown = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]*)\|", page, re.MULTILINE))))
    assert set(Phase) - shown == {Phase.WORKLOAD_MISSING}


def test_every_page_is_in_the_index() -> None:
    """docs/README.md leads to each page beside it, by what a reader wants."""
    index = (ROOT / "docs/README.md").read_text()
    assert [page.name for page in ROOT.glob("docs/*.md") if page.name != "README.md" and f"({page.name}" not in index] == []


def test_the_lock_files_have_every_dependency() -> None:
    """Names and hashes: what runs; that and the tools; what the benchmark of the gates needs; and no address."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = project["project"]["dependencies"]
    for file, wanted in (
        ("requirements.txt", runtime),
        ("requirements-dev.txt", [*runtime, *project["dependency-groups"]["dev"]]),
        ("requirements-bench.txt", project["dependency-groups"]["bench"]),
    ):
        text = (ROOT / file).read_text()
        locked = set(re.findall(r"^([\w.-]+)==", text, re.MULTILINE))
        assert {re.split(r"[\[<>=~!]", name)[0] for name in wanted} <= locked
        assert text.count("==") <= text.count("--hash=sha256:")
        assert "://" not in text


def test_the_kind_configuration_is_what_kind_reads() -> None:
    """Its kind, its version, one control-plane node at least."""
    configuration = yaml.safe_load((ROOT / "scripts/kind.yaml").read_text())
    assert (configuration["kind"], configuration["apiVersion"]) == ("Cluster", "kind.x-k8s.io/v1alpha4")
    assert any(node["role"] == "control-plane" for node in configuration["nodes"])
