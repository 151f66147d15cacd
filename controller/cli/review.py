"""`review`: how much a change risks, what is missing, how it goes out and how it comes back; by the controller's own judgement.

It reads only. With --against and --against-git no cluster is asked.
"""

from dataclasses import replace
from typing import Any

import click

from controller.cli import printing
from controller.cli.access import Access, enter, release_argument, way_options
from controller.cli.answers import Exit, Problem
from controller.cli.foreseeing import foreseen
from controller.cli.lint import Source, sources_of
from controller.cli.reviewed import against_cluster, from_files, live_spec, live_subject, of_git, offline
from controller.kube.errors import ApiError
from controller.reconcile import commit
from controller.workloads import template
from strategies.review.judge import examine
from strategies.review.markdown import page
from strategies.review.plans import release_plan, rollback_plan
from strategies.review.subject import Case
from strategies.rollout.plan import of_release, taken
from strategies.spec.review import Review
from strategies.spec.status import Kind, Status

Object = dict[str, Any]


@click.command()
@release_argument(required=False)
@click.option(
    "-f", "--filename", "files", multiple=True, metavar="FILE", help="Manifests as they will be applied; may be repeated."
)
@click.option("--against", metavar="FILE", help="Compare with these manifests, without a cluster.")
@click.option("--against-git", metavar="REV", help="Compare with the same files in this revision of git, without a cluster.")
@printing.output_option("json")
@way_options
def review(
    *, name: str | None, files: tuple[str, ...], against: str | None, against_git: str | None, output: str | None, **way: Any
) -> int:  # fmt: skip
    """Judge a change before it goes out: risk, compatibility, the plan forwards and back, what is missing, red flags.

    NAME: the change that waits in the cluster, or is on its way. With -f: what the manifests would change in the cluster, or
    against older ones.

    Exit codes: 0 ready, 1 red flags or something missing, 2 wrong usage or manifests that cannot be read.
    """
    if (against or against_git) and not files:
        raise Problem("--against and --against-git compare manifests; name them with -f.", Exit.USAGE)
    if against and against_git:
        raise Problem("Choose one of --against and --against-git.", Exit.USAGE)
    if not files and name is None:
        raise Problem("Name a Release, or manifests with -f.", Exit.USAGE)
    if against or against_git:
        case, made = _offline(name, files, against, against_git, way["namespace"])
    else:
        case, made = _online(name, files, way)
    forward, back = release_plan(case), rollback_plan(case)
    if output:
        printing.document(_document(case, made, forward, back), output)
    else:
        click.echo(page(made, forward, back), nl=False)
    return Exit.OK if made.ready else Exit.FAILED


def _offline(
    name: str | None, files: tuple[str, ...], against: str | None, revision: str | None, namespace: str | None
) -> tuple[Case, Review]:  # fmt: skip
    given = _sources(*files)
    earlier = _sources(against) if against else of_git(given, str(revision))
    return examine(offline(from_files(given), from_files(earlier), name, namespace))


def _sources(*names: str) -> list[Source]:
    return [source for name in names for source in sources_of(name, recursive=False)]


def _online(name: str | None, files: tuple[str, ...], way: dict[str, Any]) -> tuple[Case, Review]:
    manifests = from_files(_sources(*files)) if files else None
    access = enter(way["kubeconfig"], way["context"], way["namespace"])
    try:
        if manifests is None:
            return _live(access, str(name))
        given = manifests.release(name)
        if given is not None and given[0].namespace:
            access = replace(access, namespace=given[0].namespace)
        return _foreseen(access, *examine(against_cluster(access, manifests, name)))
    except ApiError as error:
        raise access.problem(error) from error


def _live(access: Access, name: str) -> tuple[Case, Review]:
    """What the controller has judged of the release in flight, or what is to be said of the change that waits."""
    release = access.release(name)
    status, _ = commit.read(release)
    spec = live_spec(release)
    subject = live_subject(access, name, spec, release, None)
    case, made = examine(subject)
    if status.trial is not None and status.review is not None:
        return _as_begun(case, status.review), status.review
    if status.trial is not None and status.trial.kind is not Kind.RELEASE:
        raise Problem(f"A {status.trial.kind} is in flight, which goes out on pod health alone and is not reviewed.")
    if status.stable is not None and subject.new is not None and _digest(subject.new) == status.stable.digest:
        raise Problem(f"Nothing waits: users of {name} have what the Deployment says{_last(status)}. "
                      "To review a change before it is applied: releasectl review -f FILE.")  # fmt: skip
    return _foreseen(access, case, made)


def _foreseen(access: Access, case: Case, made: Review) -> tuple[Case, Review]:
    """With what the gates could see at stable's requests of now."""
    return case, foreseen(access, case.subject.name, taken(case.subject.spec, made.strategy), made)


def _as_begun(case: Case, kept: Review) -> Case:
    """The case with the strategy by which the release began."""
    steps = of_release(taken(case.subject.spec, kept.strategy), case.subject.replicas)
    return replace(case, risk=kept.risk, recommended=kept.recommended, strategy=kept.strategy, steps=steps)


def _digest(pods: Any) -> str:
    return template.view(dict(pods), None, None).digest


def _last(status: Status) -> str:
    risk = status.history[-1].risk if status.history else None
    return f" (the last release had a {risk.lower()} risk)" if risk else ""


def _document(case: Case, made: Review, forward: tuple[str, ...], back: tuple[str, ...]) -> Object:
    return {
        "name": case.subject.name,
        **made.model_dump(mode="json", by_alias=True),
        "releasePlan": list(forward),
        "rollbackPlan": list(back),
    }
