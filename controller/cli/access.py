"""The way to the cluster that all commands share: options, connection, and Releases by name.

Every call is made with the rights of the user in the kubeconfig. Nothing here writes.
"""

import difflib
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import click
from click.shell_completion import CompletionItem

from controller.cli import kubeconfig
from controller.cli.answers import Exit, Problem, problem_of
from controller.kube import paths
from controller.kube.client import Client
from controller.kube.connection import ConfigurationError, Connection, Timeouts, from_kubeconfig, in_cluster
from controller.kube.errors import ApiError, Forbidden, NotFound

Object = dict[str, Any]
Command = TypeVar("Command", bound=Callable[..., Any])
FIELD_MANAGER = "releasectl"
_COMPLETING = Timeouts(connect=2.0, read=3.0, total=3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One user's way to one cluster, in one namespace."""

    connection: Connection
    client: Client
    namespace: str
    context: kubeconfig.Context

    def releases(self, *, everywhere: bool = False) -> list[Object]:
        """The Releases of the namespace, or of all. Raises Problem where the product is not installed."""
        try:
            return self.client.list(paths.RELEASES.path(None if everywhere else self.namespace))[0]
        except NotFound:
            raise _not_installed(self.context) from None

    def release(self, name: str) -> Object:
        """One Release. Raises Problem when it does not exist: the similar ones are named."""
        try:
            return self.client.get(paths.RELEASES.path(self.namespace, name))
        except NotFound:
            self._missing(name)

    def problem(self, error: ApiError) -> Problem:
        """The sentence for an error of this cluster."""
        return problem_of(error, str(self.context))

    def _missing(self, name: str) -> NoReturn:
        message = f"Release {name} does not exist in namespace {self.namespace}."
        try:
            there = [found["metadata"]["name"] for found in self.releases()]
        except Forbidden:
            raise Problem(f"{message} Name the namespace with -n.", Exit.UNREACHABLE) from None
        similar = difflib.get_close_matches(name, there, n=3, cutoff=0.5)
        if similar:
            raise Problem(f"{message} Did you mean {' or '.join(similar)}?", Exit.UNREACHABLE)
        hint = f"There are: {', '.join(there[:10])}." if there else "There is none; `releasectl get -A` looks everywhere."
        raise Problem(f"{message} {hint} Name another namespace with -n.", Exit.UNREACHABLE)


def enter(files: str | None, context: str | None, namespace: str | None) -> Access:
    """The way that the options name. Raises Problem; no call is made yet."""
    found = kubeconfig.find(files, context)
    try:
        connection = from_kubeconfig(found.files, found.name) if found.files else in_cluster()
    except ConfigurationError as error:
        raise Problem(str(error), Exit.UNREACHABLE) from error
    client = Client(connection, field_manager=FIELD_MANAGER)
    return Access(connection=connection, client=client, namespace=namespace or found.namespace, context=found)


def cluster_options(function: Command) -> Command:
    """The options of every command that goes to a cluster; they arrive as one argument, `access`."""

    @functools.wraps(function)
    def entered(*, kubeconfig: str | None, context: str | None, namespace: str | None, **rest: Any) -> Any:
        access = enter(kubeconfig, context, namespace)
        try:
            return function(access=access, **rest)
        except ApiError as error:
            raise access.problem(error) from error

    decorated: Any = way_options(entered)
    return decorated  # type: ignore[no-any-return]


def way_options(function: Command) -> Command:
    """The same options as they are given, for a command that goes to a cluster only if it must: arguments of `enter`."""
    decorated: Any = function
    for option in (
        click.option("--context", metavar="NAME", help="Context of the kubeconfig; the current one by default."),
        click.option("--kubeconfig", metavar="FILE", help="Kubeconfig; KUBECONFIG or ~/.kube/config by default."),
        click.option("-n", "--namespace", metavar="NAME", help="Namespace; the context's by default."),
    ):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def release_argument(*, required: bool = True) -> Callable[[Command], Command]:
    """The argument NAME; `release/NAME`, as `-o name` prints it, is the same."""
    return click.argument("name", required=required, callback=named("Release"), shell_complete=_complete)


def named(kind: str) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """The callback of a NAME: without what stands before a /."""

    def bare(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
        if value is None:
            return None
        found = value.rpartition("/")[2]
        if not found or found in (".", ".."):
            raise click.BadParameter(f"{value!r} is no name of a {kind}.")
        return found

    return bare


def _complete(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of Releases; nothing at all when the cluster cannot tell them at once."""
    given = context.params
    try:
        access = enter(given.get("kubeconfig"), given.get("context"), given.get("namespace"))
        items, _ = access.client.bounded(_COMPLETING).list(paths.RELEASES.path(access.namespace))
    except (Problem, ApiError):
        return []
    found = [str(item["metadata"]["name"]) for item in items]
    return [CompletionItem(name) for name in sorted(found) if name.startswith(incomplete)]


def _not_installed(context: kubeconfig.Context) -> Problem:
    return Problem(f"Release Coordinator is not installed in {context}: it does not know Releases. Install it with the chart "
                   "charts/release-coordinator, or choose another cluster with --context.", Exit.UNREACHABLE)  # fmt: skip
