"""`releasectl simulate`: a release of one's own manifests, in virtual time: once well, and once for each step that goes wrong.

The cluster and the controller are a process of their own, `python -m simulation`, which this package never imports.
"""

import json
import subprocess
import sys
from datetime import timedelta
from typing import Any

import click

from controller.cli.answers import Exit, Problem
from controller.cli.findings import Resource, Severity
from controller.cli.lint import check, objects_of, sources_of
from controller.cli.manifests import Fault, read
from controller.cli.playground import tree
from controller.cli.printing import document, note, output_option, show, table
from controller.cli.view import lasting

Course = dict[str, Any]


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("-R", "--recursive", is_flag=True, help="Of a directory, read all that is in it, however deep.")
@click.option("--release", default="", metavar="NAME", help="Which Release, where there are several.")
@click.option("--start-up", type=click.FloatRange(0, 3600), default=5.0, show_default=True, metavar="SECONDS",
              help="How long a pod takes until it is ready.")  # fmt: skip
@output_option("json")
def simulate(files: tuple[str, ...], *, recursive: bool, release: str, start_up: float, output: str | None) -> int:
    """Run the release of the Deployment in FILEs, without a cluster and without waiting.

    The Release, its Deployment, Services and route are to be in FILEs. All of them are put into a simulated cluster, the
    Deployment's template changes, and the controller does what it would do. Gates pass; then, once for each step, they fail in
    that step. What they would measure is not known here. Exit codes: 0 the good release completes, 1 it does not, 2 unusable.
    """
    resources = _resources(files, recursive=recursive)
    asked = {"manifests": [each.value for each in resources], "release": release, "startUp": start_up}
    done = subprocess.run([sys.executable, "-m", "simulation"], input=json.dumps(asked), capture_output=True, text=True,
                          check=False, cwd=tree())  # fmt: skip
    if done.returncode == 2:
        raise Problem(done.stderr.strip(), Exit.FAILED)
    if done.returncode:
        raise Problem(f"The simulation has ended with an error of its own, which is a defect:\n{done.stderr.strip()[-2000:]}")
    courses = json.loads(done.stdout)
    if output:
        document(courses, output)
    else:
        _tell(courses["good"], courses["bad"])
    return Exit.OK if courses["good"]["outcome"] == "Completed" else Exit.FAILED


def _resources(files: tuple[str, ...], *, recursive: bool) -> list[Resource]:
    """The objects in the files. Raises Problem where lint finds errors: what is refused cannot be simulated."""
    sources = [source for name in files for source in sources_of(name, recursive=recursive)]
    wrong = [each for each in check(sources) if each.severity is Severity.ERROR]
    if wrong:
        first = wrong[0]
        raise Problem(f"{first.file}:{first.place.line}: {first.message} There are {len(wrong)} errors in all: releasectl lint "
                      + " ".join(files), Exit.USAGE)  # fmt: skip
    parts = [(source, part) for source in sources for part in read(source.text)]
    return [each for source, part in parts if not isinstance(part, Fault) for each in objects_of(source, part, [])]


def _tell(good: Course, bad: list[Course]) -> None:
    for left_out in good["left_out"]:
        note(f"{left_out} is left out: the simulated cluster does not know this kind.")
    people = f"; {good['approvals']} × somebody approves" if good["approvals"] else ""
    why = "" if good["outcome"] == "Completed" else f" {good['message']}"
    took, pods = _time(good["ended_at"]), good["most_pods"]
    click.echo(f"With good gates: {good['outcome']} after {took}, at most {pods} pods{people}.{why}\n")
    rows = [(f"+{_time(each['at'])}", each["phase"], each["step"], _share(each),
             f"{each['stable_pods']} + {each['candidate_pods']}") for each in good["lines"]]  # fmt: skip
    show(table(("AT", "PHASE", "STEP", "USERS", "PODS"), rows), indent=2)
    seen = [each for each in bad if each["bad_at"] is not None]
    if not seen:
        click.echo("\nNo step lasts long enough for a gate, or a person, to see harm in it.")
        return
    click.echo("\nWhere harm is seen in a step, by the first bad answer of a gate, or by a person where there is none:\n")
    back = {each["fails_at"]: (each["users_back_at"] or each["ended_at"]) - each["bad_at"] for each in seen}
    rows = [(each["steps"].get(str(each["fails_at"]), ""), f"+{_time(each['bad_at'])}", each["outcome"],
             _time(back[each["fails_at"]]), _time(each["ended_at"] - each["bad_at"])) for each in seen]  # fmt: skip
    show(table(("STEP", "HARM SEEN", "OUTCOME", "USERS BACK AFTER", "OVER AFTER"), [list(row) for row in rows]), indent=2)
    worst = max(seen, key=lambda each: back[each["fails_at"]])
    click.echo(f"\nWorst case: users are back on stable {_time(back[worst['fails_at']])} after harm is first seen, "
               f"in {worst['steps'].get(str(worst['fails_at']), 'a step')}.")  # fmt: skip


def _share(line: dict[str, Any]) -> str:
    copies = f", copies of {line['mirror']} %" if line["mirror"] else ""
    return f"{line['weight']} %{copies}" if line["step"] else ""


def _time(seconds: float) -> str:
    return f"{seconds:.1f}s" if seconds < 60 else lasting(timedelta(seconds=round(seconds)))
