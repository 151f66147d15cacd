"""`status`: one line for people, an exit code for scripts."""

from datetime import timedelta
from typing import Any

import click

from controller.cli import leading, printing, waiting
from controller.cli.access import Access, cluster_options, release_argument
from controller.cli.answers import Exit, Problem
from controller.cli.state import EXITS, Judgement, State, judge, needs_deployment
from controller.cli.view import versions, weight
from controller.kube import paths
from controller.kube.errors import Forbidden, NotFound
from strategies.spec.phase import Phase

Object = dict[str, Any]


@click.command()
@release_argument()
@click.option("--wait", is_flag=True, help="Wait until it is so, or cannot become so any more.")
@click.option("--for", "wanted", metavar="WHAT", help="healthy (the default), complete (the default with --wait), or phase=NAME.")
@click.option("--timeout", type=waiting.DurationType(), help="How long to wait at most, as 30s or 10m; for ever by default.")
@printing.output_option("json")
@cluster_options
def status(access: Access, name: str, wanted: str | None, timeout: timedelta | None, output: str | None, *, wait: bool) -> int:
    """Answer scripts: 0 it is so, 1 it has failed, 3 it is in progress, 4 it was not found, 124 out of time.

    healthy: users have the stable revision and nothing waits. complete: the same, and the last release went through; a script
    that has just changed the Deployment wants this one. phase=NAME: the Release is in this phase.
    """
    wanted = _wanted(wanted or ("complete" if wait else "healthy"))
    if timeout is not None and not wait:
        raise click.UsageError("--timeout says how long --wait may take; add --wait.")
    if not wait:
        seen = look(access, name)
        return _say(access, name, seen, _code(seen, wanted), output)

    def decided() -> tuple[Judgement, Exit] | None:
        seen = look(access, name)
        code = _code(seen, wanted)
        over = code is Exit.OK or (code is Exit.FAILED and seen.state is not State.IN_PROGRESS)
        return (seen, code) if over else None

    try:
        seen, code = waiting.until(decided, access, timeout)
    except waiting.Late:
        _say(access, name, look(access, name), Exit.TIMEOUT, output)
        late = f"It is not so after {waiting.spoken(timeout)}. {leading.said(access.client)}"
        raise Problem(late, Exit.TIMEOUT) from None
    return _say(access, name, seen, code, output)


def look(access: Access, name: str) -> Judgement:
    """The Release's state now. A Deployment that may not be read counts as one in which nothing waits."""
    release = access.release(name)
    workload = (release["spec"].get("workloadRef") or {}).get("name")
    found = None
    if workload and needs_deployment(release):
        try:
            found = access.client.get(paths.DEPLOYMENTS.path(access.namespace, workload))
        except (NotFound, Forbidden):
            found = None
    return judge(release, found)


def _wanted(text: str) -> str:
    kind, _, phase = text.partition("=")
    known = {str(p).lower(): str(p) for p in Phase}
    if kind == "phase" and phase.lower() in known:
        return f"phase={known[phase.lower()]}"
    if text.lower() in ("healthy", "complete"):
        return text.lower()
    raise click.UsageError(f"--for {text} is not known; write healthy, complete or phase=NAME with one of {', '.join(Phase)}.")


def _code(seen: Judgement, wanted: str) -> Exit:
    if wanted.startswith("phase="):
        if str(seen.status.phase) == wanted.removeprefix("phase="):
            return Exit.OK
        return Exit.IN_PROGRESS if seen.state is State.IN_PROGRESS else Exit.FAILED
    if wanted == "complete" and seen.state is State.HEALTHY and not seen.completed:
        return Exit.FAILED
    return EXITS[seen.state]


def _say(access: Access, name: str, seen: Judgement, code: Exit, output: str | None) -> int:
    status = seen.status
    last = status.history[-1] if status.history else None
    if output:
        printing.document(_document(access, name, seen, code), output)
        return int(code)
    share = f" at {weight(status)}" if status.trial else ""
    unwell = seen.state is State.HEALTHY and not seen.completed
    ended = f" The last release ended {last.outcome}: {last.message}" if last and unwell else ""
    click.echo(f"{access.namespace}/{name}: {status.phase}{share}, {versions(status) or 'no revision'}. {seen.message}{ended}")
    return int(code)


def _document(access: Access, name: str, seen: Judgement, code: Exit) -> Object:
    status = seen.status
    return {
        "namespace": access.namespace,
        "name": name,
        "state": str(seen.state),
        "phase": str(status.phase),
        "reason": str(status.reason),
        "message": seen.message,
        "weight": status.trial.step.weight if status.trial else None,
        "mirror": status.trial.step.mirror if status.trial else None,
        "stable": status.stable.version if status.stable else None,
        "candidate": status.trial.candidate.version if status.trial else None,
        "lastOutcome": str(status.history[-1].outcome) if status.history else None,
        "exitCode": int(code),
    }
