"""`simulate`: what people and programs see of a release in virtual time."""

import json
from pathlib import Path

from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]


def test_a_release_is_told_step_by_step_with_its_worst_way_back(run: Run) -> None:
    """Good once, then harm in each step."""
    said = run("simulate", str(ROOT / "examples" / "02-blue-green"))
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0] == "With good gates: Completed after 12m, at most 6 pods; 1 × somebody approves."
    assert [line.split()[1] for line in lines[3:9]] == [
        "Progressing", "Progressing", "AwaitingApproval", "Baking", "Completing", "Healthy"]  # fmt: skip
    assert sum("Aborted" in line for line in lines) == 2
    assert lines[-1].startswith("Worst case: users are back on stable 0.0s after harm is first seen")


def test_programs_get_all_courses(run: Run) -> None:
    """As JSON."""
    courses = json.loads(run("simulate", str(ROOT / "examples" / "02-blue-green"), "-o", "json").out)
    assert (courses["good"]["outcome"], [each["fails_at"] for each in courses["bad"]]) == ("Completed", [0, 1])


def test_what_cannot_be_simulated_is_said_with_what_to_do(run: Run, tmp_path: Path) -> None:
    """What lint refuses, and a Release without its Deployment."""
    text = (ROOT / "examples" / "01-canary" / "release.yaml").read_text()
    file = tmp_path / "release.yaml"
    file.write_text(text)
    said = run("simulate", str(file))
    assert (said.code, "which is in none of the files. Give its file too." in said.err) == (1, True)
    file.write_text(text.replace("workloadRef", "workload"))
    said = run("simulate", str(file))
    assert (said.code, "releasectl lint" in said.err) == (2, True)
