"""The requests: each writes its annotation on the Release, and prints what the controller has answered.

What a request does, and when it is refused, is decided by the controller alone (strategies.rollout.requests).
"""

import copy
import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import click

from controller.api import names
from controller.cli import leading, printing, waiting
from controller.cli.access import Access, cluster_options, release_argument
from controller.cli.answers import Exit, Problem
from controller.kube import paths
from controller.kube.client import MERGE_PATCH
from controller.kube.errors import Conflict, Invalid, NotFound
from controller.reconcile import commit
from controller.reconcile.requests import Presence, read_requests, trim
from strategies.spec.status import Answer

Object = dict[str, Any]
Command = TypeVar("Command", bound=Callable[..., Any])
_TARGET = re.compile(r"previous|(revision|version):.+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How a request is made: in which cluster, of which Release, how long its answer is waited for (None: not at all)."""

    access: Access
    name: str
    patience: timedelta | None
    output: str | None


def _request(command: Command) -> click.Command:
    """A command that asks: the name, the options of waiting and of the cluster; they arrive as one argument, `asking`."""

    @functools.wraps(command)
    def asked(*, access: Access, name: str, no_wait: bool, timeout: timedelta, output: str | None, **rest: Any) -> Any:
        patience = None if no_wait else timeout
        return command(asking=Asking(access=access, name=name, patience=patience, output=output), **rest)

    decorated: Any = cluster_options(asked)
    for option in (
        printing.output_option("json"),
        click.option("--timeout", type=waiting.DurationType(), default="30s", show_default=True, help="How long to wait for it."),
        click.option("--no-wait", is_flag=True, help="Ask, and do not wait for the answer."),
        release_argument(),
    ):
        decorated = option(decorated)
    return click.command()(decorated)


_because = click.option("--because", metavar="WHY", default="true", help="The reason, for whoever looks later.")


@_request
@click.option("--full", is_flag=True, help="Go to the last step at once, and give the candidate all traffic.")
def promote(asking: Asking, *, full: bool) -> int:
    """Let a release go on: leave its step, whatever its time, its gates or its approval say. In the bake: complete it."""
    return ask(asking, "promote", "full" if full else "step")


@_request
@_because
def abort(asking: Asking, because: str) -> int:
    """Take the release in flight back to stable, and reject its revision."""
    return ask(asking, "abort", because)


@_request
@click.option("--to", "target", metavar="WHERE", default="previous", show_default=True,
              help="previous, revision:<hash> or version:<version>; `releasectl history` lists them.")  # fmt: skip
def rollback(asking: Asking, target: str) -> int:
    """Go back to an earlier revision; in a release, as abort does."""
    if not _TARGET.fullmatch(target):
        raise click.UsageError(f"--to {target} is not known; write previous, revision:<hash> or version:<version>.")
    return ask(asking, "rollback", target)


@_request
def revert(asking: Asking) -> int:
    """Write stable's template back into the Deployment, over one that is held, rejected or on trial."""
    return ask(asking, "revert", "true")


@_request
def retry(asking: Asking) -> int:
    """Start the rejected template again, at the first step."""
    return ask(asking, "retry", "true")


@_request
@_because
def pause(asking: Asking, because: str) -> int:
    """Keep a release at its step. Its gates go on, and a failing one still takes it back."""
    return ask(asking, "pause", because)


@_request
def resume(asking: Asking) -> int:
    """Let a paused release go on."""
    return ask(asking, "resume", "true")


@_request
@click.option("--because", metavar="WHY", required=True, help="The reason; it is kept with your name.")
def override(asking: Asking, because: str) -> int:
    """Let the change that waits go out in spite of ReleasePolicies; for members of the break-glass group."""
    return ask(asking, "override", because)


def ask(asking: Asking, key: str, value: str) -> int:
    """Write the request, wait for its answer and print it."""
    access = asking.access
    release = access.release(asking.name)
    # Of this very Release: one that was deleted and made anew in between must not get it.
    body = {"metadata": {"uid": release["metadata"]["uid"], "annotations": {f"{names.GROUP}/{key}": value}}}
    try:
        written = access.client.patch(paths.RELEASES.path(access.namespace, asking.name), body, MERGE_PATCH)
    except (Conflict, Invalid, NotFound) as error:
        raise Problem(f"{asking.name} was not asked: it was deleted, or made anew, in this moment ({error.message}). "
                      "Look at it, and ask again.") from error  # fmt: skip
    said = f"{access.namespace}/{asking.name}: {key}={value}"
    if asking.patience is None:
        if asking.output:
            printing.document({"key": key, "value": value, "answered": False}, asking.output)
        else:
            click.echo(f"{said} is asked.")
        return Exit.OK
    identity = _identity(written, key)
    before = {answer.id for answer in commit.read(release)[0].requests}
    try:
        answer = waiting.until(lambda: _answer(access, asking.name, written, identity, before), access, asking.patience)
    except waiting.Late:
        raise Problem(f"{said} is asked, and was not answered within {waiting.spoken(asking.patience)}. It stays asked. "
                      f"{leading.said(access.client)}", Exit.TIMEOUT) from None  # fmt: skip
    return _print(said, answer, asking.output)


def _identity(written: Object, key: str) -> str:
    """What the controller will call this request; see controller.reconcile.requests."""
    status, _ = commit.read(written)
    asked = read_requests(trim(copy.deepcopy(written)), status.attempts, Presence())
    return next(request.id for request in asked if request.key == key)


def _answer(access: Access, name: str, written: Object, identity: str, before: set[str]) -> Answer | None:
    release = access.release(name)
    if release["metadata"]["uid"] != written["metadata"]["uid"]:
        raise Problem(f"Release {name} was deleted and made anew before it answered; look at it, and ask again.")
    answers = commit.read(release)[0].requests
    # A request quickly repeated gets a number behind a #.
    return next((a for a in answers if a.id.partition("#")[0] == identity and a.id not in before), None)


def _print(said: str, answer: Answer, output: str | None) -> int:
    if output:
        printing.document(answer.model_dump(mode="json", by_alias=True), output)
    elif answer.done:
        click.echo(f"{said} is done. {answer.message}")
    if not answer.done:
        raise Problem(f"{said} is refused. {answer.message}")
    return Exit.OK
