"""`releasectl init`: a first Release for a Deployment that is there, from what stands around it. It applies nothing."""

from pathlib import Path
from typing import Any

import click
import yaml

from controller.cli.access import Access, cluster_options
from controller.cli.answers import Exit, Problem
from controller.cli.draft import choose, draft
from controller.cli.obstacles import Unreadable
from controller.cli.printing import document
from controller.cli.survey import Survey, look, name_of
from strategies.spec.reason import Reason
from strategies.spec.release import StrategyType

_STRATEGIES = {"canary": StrategyType.CANARY, "blue-green": StrategyType.BLUE_GREEN, "rolling": StrategyType.ROLLING}

_OUTPUT = "Where to write; - (the default) is the terminal. `json`: print one JSON document, without comments."


@click.command()
@click.argument("deployment")
@click.option("--strategy", type=click.Choice(list(_STRATEGIES)), help="How changes go out; by default, what fits.")
@click.option("--route", metavar="NAME", help="The HTTPRoute to split, where several send to these pods.")
@click.option("-o", "--output", metavar="FILE", default="-", help=_OUTPUT)
@cluster_options
def init(access: Access, deployment: str, strategy: str | None, route: str | None, output: str) -> None:
    """Write a Release for DEPLOYMENT, with comments on what was found.

    Services, routes, autoscalers and MetricSources are read with your rights. Nothing is applied.
    """
    survey = look(access, deployment.rpartition("/")[2])
    chosen = _route(survey, route)
    kind = _STRATEGIES[strategy] if strategy else choose(survey, routed=chosen is not None)
    try:
        made = draft(survey, kind, chosen)
    except Unreadable as error:
        raise Problem(f"Deployment {survey.name} cannot be understood: {error}. See `kubectl get deployment -o yaml`.") from error
    if survey.recreate and kind is StrategyType.ROLLING:
        raise Problem(next(message for reason, message in made.obstacles if reason is Reason.RECREATE_STRATEGY))
    _write(made.text, output)
    for _, message in made.obstacles:
        click.echo(f"In the way of a release now: {message}", err=True)
    file = "FILE" if output in ("-", "json") else output
    click.echo(f"Nothing was applied. When it is as you want it: kubectl -n {survey.namespace} apply -f {file}", err=True)


def _route(survey: Survey, wanted: str | None) -> dict[str, Any] | None:
    """The route that is meant: the one that is named, or the only one."""
    there = {name_of(route): route for route in survey.routes}
    if wanted is None and len(there) > 1:
        raise Problem(f"Several HTTPRoutes send to the pods of Deployment {survey.name}: {', '.join(sorted(there))}. "
                      "One of them can be split; say which with --route NAME.", Exit.USAGE)  # fmt: skip
    if wanted is None:
        return next(iter(there.values()), None)
    if wanted not in there:
        known = f"There {'is' if len(there) == 1 else 'are'}: {', '.join(sorted(there))}." if there else "There is none."
        raise Problem(f"No HTTPRoute {wanted} sends to the pods of Deployment {survey.name}. {known}", Exit.USAGE)
    return there[wanted]


def _write(text: str, output: str) -> None:
    if output == "-":
        click.echo(text, nl=False)
        return
    if output == "json":
        document(yaml.safe_load(text), "json")
        return
    try:
        with Path(output).open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise Problem(f"{output} exists and is not overwritten. Name another file, or remove it first.", Exit.USAGE) from error
    except OSError as error:
        raise Problem(f"{output} cannot be written: {error.strerror}. Name another file.", Exit.USAGE) from error
