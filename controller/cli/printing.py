"""How commands print: tables, JSON and YAML on stdout, sentences for people on stderr.

A table has its natural width where no terminal limits it, so that a pipe never cuts a cell. rich sees to NO_COLOR, dumb
terminals and narrow ones.
"""

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
import yaml
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

Command = TypeVar("Command", bound=Callable[..., Any])
_UNBOUNDED = 100_000
_STYLES = {
    "Healthy": "green", "True": "green", "Pass": "green", "Completed": "green", "done": "green",
    "Blocked": "red", "RollingBack": "red", "RolledBack": "red", "Invalid": "red", "WorkloadMissing": "red", "Fail": "red",
    "Rejected": "red", "Aborted": "red", "refused": "red", "Halted": "red", "Failed": "red",
    "Paused": "yellow", "AwaitingApproval": "yellow", "Waiting": "yellow", "Inconclusive": "yellow",
    "Progressing": "cyan", "Baking": "cyan", "Completing": "cyan", "Initializing": "cyan", "Verifying": "cyan",
}  # fmt: skip


def console() -> Console:
    """Where answers are printed."""
    return Console(width=None if sys.stdout.isatty() else _UNBOUNDED, highlight=False, markup=False, emoji=False)


def styled(word: str) -> Text:
    """A word in the colour of what it means."""
    return Text(word, style=_STYLES.get(word, ""))


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Rows under headings, as kubectl prints them. Columns in which all cells are empty are left out."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 3, 0, 0))
    used = [number for number in range(len(headings)) if any(row[number] for row in rows)]
    for number in used:
        made.add_column(headings[number], overflow="fold")
    for row in rows:
        made.add_row(*(styled(row[number]) for number in used))
    return made


def show(made: Table, indent: int = 0) -> None:
    """Print a table."""
    for line in lines(made, indent):
        click.echo(line)


def lines(made: Table, indent: int = 0) -> list[str]:
    """A table as it is printed, without blanks at the ends of its lines."""
    out = console()
    with out.capture() as captured:
        out.print(Padding(made, (0, 0, 0, indent)))
    return [line.rstrip() for line in captured.get().splitlines()]


def document(value: Any, form: str) -> None:
    """One document on stdout: `json` or `yaml`."""
    click.echo(written(value, form))


def written(value: Any, form: str) -> str:
    """A document as it is printed."""
    if form == "json":
        return json.dumps(value, indent=2, ensure_ascii=False)
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120).rstrip()


def note(message: str) -> None:
    """A sentence for people, beside the answer."""
    click.echo(message, err=True)


def output_option(*forms: str) -> Callable[[Command], Command]:
    """The option -o with these forms."""
    return click.option("-o", "--output", type=click.Choice(forms), help="Print for programs.")
