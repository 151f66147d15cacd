"""The requests: each writes its annotation on the Release or the train, and prints what the controller has answered.

What a request does, and when it is refused, is decided by the controller alone (strategies.rollout.requests, and
strategies.train.requests).
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
from controller.cli.access import Access, cluster_options, either_argument, release_argument
from controller.cli.answers import Exit, Problem
from controller.kube import paths
from controller.kube.client import MERGE_PATCH
from controller.kube.errors import Conflict, Invalid, NotFound
from controller.reconcile import commit
from controller.reconcile.requests import Presence, read_requests, trim
from strategies.spec.status import Answer
from strategies.train.requests import KEYS

Object = dict[str, Any]
Command = TypeVar("Command", bound=Callable[..., Any])
_TARGET = re.compile(r"previous|(revision|version):.+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How a request is made: in which cluster, of what, how long its answer is waited for (None: not at all)."""

    access: Access
    kind: str
    name: str
    patience: timedelta | None
    output: str | None

    @property
    def path(self) -> str:
        """Where the request is written."""
        return (paths.RELEASE_TRAINS if self.of_train else paths.RELEASES).path(self.access.namespace, self.name)

    @property
    def of_train(self) -> bool:
        """Whether a train is asked."""
        return self.kind == "ReleaseTrain"

    def look(self) -> Object:
        """The object that is asked, as it is now."""
        return self.access.train(self.name) if self.of_train else self.access.release(self.name)

    def heard(self, found: Object) -> tuple[tuple[Answer, ...], int]:
        """What it has answered so far, and the number of its trial or run."""
        if not self.of_train:
            status, _ = commit.read(found)
            return status.requests, status.attempts
        train, _ = commit.read_train(found)
        return train.requests, train.run.number if train.run else 0


def _request(command: Command) -> click.Command:
    """A command that asks: the name, the options of waiting and of the cluster; they arrive as one argument, `asking`.

    What trains know is asked of them, too.
    """
    both = command.__name__ in KEYS

    @functools.wraps(command)
    def asked(*, access: Access, name: Any, no_wait: bool, timeout: timedelta, output: str | None, **rest: Any) -> Any:
        kind, name = name if both else ("Release", name)
        patience = None if no_wait else timeout
        return command(asking=Asking(access=access, kind=kind, name=name, patience=patience, output=output), **rest)

    decorated: Any = cluster_options(asked)
    for option in (
        printing.output_option("json"),
        click.option("--timeout", type=waiting.DurationType(), default="30s", show_default=True, help="How long to wait for it."),
        click.option("--no-wait", is_flag=True, help="Ask, and do not wait for the answer."),
        either_argument() if both else release_argument(),
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
    """Take the release in flight back to stable, and reject its revision; of a train, all that went out in its run."""
    return ask(asking, "abort", because)


@_request
@click.option("--to", "target", metavar="WHERE", default="previous", show_default=True,
              help="previous, revision:<hash> or version:<version>; `releasectl history` lists them.")  # fmt: skip
def rollback(asking: Asking, target: str) -> int:
    """Go back to an earlier revision; in a release, as abort does. Of a train: take its last run back, also a completed one."""
    if not _TARGET.fullmatch(target):
        raise click.UsageError(f"--to {target} is not known; write previous, revision:<hash> or version:<version>.")
    return ask(asking, "rollback", target)


@_request
def revert(asking: Asking) -> int:
    """Write stable's template back into the Deployment, over one that is held, rejected or on trial."""
    return ask(asking, "revert", "true")


@_request
def retry(asking: Asking) -> int:
    """Start the rejected template again, at the first step. Of a train: begin another run after one that has failed."""
    return ask(asking, "retry", "true")


@_request
@_because
def pause(asking: Asking, because: str) -> int:
    """Keep a release at its step. Its gates go on, and a failing one still takes it back. Of a train: nobody else begins."""
    return ask(asking, "pause", because)


@_request
def resume(asking: Asking) -> int:
    """Let a paused release or train go on."""
    return ask(asking, "resume", "true")


@_request
@click.option("--because", metavar="WHY", required=True, help="The reason; it is kept with your name.")
def override(asking: Asking, because: str) -> int:
    """Let the change that waits go out in spite of ReleasePolicies; for members of the break-glass group."""
    return ask(asking, "override", because)


def ask(asking: Asking, key: str, value: str) -> int:
    """Write the request, wait for its answer and print it."""
    access = asking.access
    found = asking.look()
    # Of this very object: one that was deleted and made anew in between must not get it.
    body = {"metadata": {"uid": found["metadata"]["uid"], "annotations": {f"{names.GROUP}/{key}": value}}}
    try:
        written = access.client.patch(asking.path, body, MERGE_PATCH)
    except (Conflict, Invalid, NotFound) as error:
        raise Problem(f"{asking.name} was not asked: it was deleted, or made anew, in this moment ({error.message}). "
                      "Look at it, and ask again.") from error  # fmt: skip
    said = f"{'ReleaseTrain ' if asking.of_train else ''}{access.namespace}/{asking.name}: {key}={value}"
    if asking.patience is None:
        if asking.output:
            printing.document({"key": key, "value": value, "answered": False}, asking.output)
        else:
            click.echo(f"{said} is asked.")
        return Exit.OK
    identity = _identity(asking, written, key)
    before = {answer.id for answer in asking.heard(found)[0]}
    try:
        answer = waiting.until(lambda: _answer(asking, written, identity, before), access, asking.patience)
    except waiting.Late:
        raise Problem(f"{said} is asked, and was not answered within {waiting.spoken(asking.patience)}. It stays asked. "
                      f"{leading.said(access.client)}", Exit.TIMEOUT) from None  # fmt: skip
    return _print(said, answer, asking.output)


def _identity(asking: Asking, written: Object, key: str) -> str:
    """What the controller will call this request; see controller.reconcile.requests."""
    _, number = asking.heard(written)
    asked = read_requests(trim(copy.deepcopy(written)), number, Presence())
    return next(request.id for request in asked if request.key == key)


def _answer(asking: Asking, written: Object, identity: str, before: set[str]) -> Answer | None:
    found = asking.look()
    if found["metadata"]["uid"] != written["metadata"]["uid"]:
        raise Problem(f"{asking.kind} {asking.name} was deleted and made anew before it answered; look at it, and ask again.")
    answers, _ = asking.heard(found)
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
