"""`watch`: a release as it goes; drawn on a terminal, one line for each change under a pipe."""

import json
from collections.abc import Iterator

import click
from rich.live import Live

from controller.cli import drawing, printing
from controller.cli.access import Access, cluster_options, release_argument
from controller.cli.answers import Exit
from controller.cli.following import Following
from controller.cli.scene import Scene
from controller.cli.state import Judgement, State, judge
from controller.kube.store import without_managed_fields
from strategies.spec.status import format_time

_TICK = 0.25
"""Seconds between two drawings: what is left of a step counts down by itself."""


@click.command()
@release_argument()
@click.option("--until-done", is_flag=True, help="End when the release is at rest: with 0 if it went through, else with 1.")
@printing.output_option("json")
@cluster_options
def watch(access: Access, name: str, output: str | None, *, until_done: bool) -> int:
    """Follow a release: its steps, the gates with their evidence, the pods of both sides, the latest events.

    On a terminal the view is drawn anew as things change; under a pipe each change is one line with its time, with -o json one
    JSON document a line. Ctrl-C ends it.
    """
    terminal = printing.console()
    with Following(access, name) as following:
        if output is None and terminal.is_terminal and not terminal.is_dumb_terminal:
            with Live(console=terminal, auto_refresh=False) as live:
                for seen in _scenes(following, until_done=until_done):
                    live.update(drawing.draw(seen, terminal.width), refresh=True)
        else:
            _lines(following, output, until_done=until_done)
        if not until_done:
            return Exit.OK
        return Exit.OK if judge(following.release, following.deployment).completed else Exit.FAILED


def _scenes(following: Following, *, until_done: bool) -> Iterator[Scene]:
    """A scene for every change and every tick, without end unless asked for."""
    while True:
        yield following.scene()
        if until_done and following.current and _judged(following).state is not State.IN_PROGRESS:
            return
        following.wait(_TICK)


def _judged(following: Following) -> Judgement:
    return judge(following.release, following.deployment)


def _lines(following: Following, output: str | None, *, until_done: bool) -> None:
    last = None
    told: tuple[str, ...] = ()
    for seen in _scenes(following, until_done=until_done):
        for note in seen.notes:
            if note not in told:
                printing.note(note)
        told = seen.notes
        said = drawing.line(seen)
        if said == last:
            continue
        last = said
        if output:
            click.echo(json.dumps(without_managed_fields(seen.release), ensure_ascii=False))
        else:
            click.echo(f"{format_time(seen.now)}  {said}")
