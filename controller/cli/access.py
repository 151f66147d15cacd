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

from controller.api import names
from controller.cli import kubeconfig
from controller.cli.answers import Exit, Problem, problem_of
from controller.kube import paths
from controller.kube.client import Client
from controller.kube.connection import ConfigurationError, Connection, Timeouts, from_kubeconfig, in_cluster
from controller.kube.errors import ApiError, Forbidden, NotFound
from controller.kube.paths import Resource

Object = dict[str, Any]
Command = TypeVar("Command", bound=Callable[..., Any])
FIELD_MANAGER = "releasectl"
_COMPLETING = Timeouts(connect=2.0, read=3.0, total=3.0)
_TRAIN = "train/"
_TYPES = {**dict.fromkeys(("release", "releases", "rel"), "Release"),
          **dict.fromkeys(("train", "releasetrain", "releasetrains", "rt"), "ReleaseTrain")}  # fmt: skip
"""What may stand before a / → kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One user's way to one cluster, in one namespace."""

    connection: Connection
    client: Client
    namespace: str
    context: kubeconfig.Context

    def releases(self, *, everywhere: bool = False) -> list[Object]:
        """The Releases of the namespace, or of all. Raises Problem where the product is not installed."""
        return self._listed("Releases", paths.RELEASES.path(None if everywhere else self.namespace))

    def trains(self) -> list[Object]:
        """The ReleaseTrains of the namespace. Raises Problem where the product is not installed."""
        return self._listed("ReleaseTrains", paths.RELEASE_TRAINS.path(self.namespace))

    def release(self, name: str) -> Object:
        """One Release. Raises Problem when it does not exist: the similar ones are named."""
        try:
            return self.client.get(paths.RELEASES.path(self.namespace, name))
        except NotFound:
            self._missing("Release", name, self.releases)

    def train(self, name: str) -> Object:
        """One ReleaseTrain. Raises Problem when it does not exist: the similar ones are named."""
        try:
            return self.client.get(paths.RELEASE_TRAINS.path(self.namespace, name))
        except NotFound:
            self._missing("ReleaseTrain", name, self.trains)

    def problem(self, error: ApiError) -> Problem:
        """The sentence for an error of this cluster."""
        return problem_of(error, str(self.context))

    def _listed(self, kinds: str, path: str) -> list[Object]:
        try:
            return self.client.list(path)[0]
        except NotFound:
            raise Problem(f"Release Coordinator is not installed in {self.context}: it does not know {kinds}. Install it with "
                          "the chart charts/release-coordinator, or choose another cluster with --context.",
                          Exit.UNREACHABLE) from None  # fmt: skip

    def _missing(self, kind: str, name: str, others: Callable[[], list[Object]]) -> NoReturn:
        message = f"{kind} {name} does not exist in namespace {self.namespace}."
        try:
            there = [found["metadata"]["name"] for found in others()]
        except Forbidden:
            raise Problem(f"{message} Name the namespace with -n.", Exit.UNREACHABLE) from None
        similar = difflib.get_close_matches(name, there, n=3, cutoff=0.5)
        if similar:
            raise Problem(f"{message} Did you mean {' or '.join(similar)}?", Exit.UNREACHABLE)
        looks = "; `releasectl get -A` looks everywhere" if kind == "Release" else ""
        hint = f"There are: {', '.join(there[:10])}." if there else f"There is none{looks}."
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
    return click.argument("name", required=required, callback=_release, shell_complete=_completed(paths.RELEASES))


def train_argument(*, required: bool = True) -> Callable[[Command], Command]:
    """The argument NAME of a command for trains alone; `train/NAME` is the same."""
    return click.argument("name", required=required, callback=_train, shell_complete=_completed(paths.RELEASE_TRAINS))


def either_argument() -> Callable[[Command], Command]:
    """The argument NAME of a Release, or train/NAME: it arrives as kind and name."""
    return click.argument("name", metavar="[train/]NAME", callback=_either, shell_complete=_complete_either)


def _release(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    return None if value is None else named(value, "Release")[1]


def _train(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    return None if value is None else named(value, "ReleaseTrain")[1]


def _either(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, str]:
    return named(value, "Release", "ReleaseTrain")


def named(value: str, *kinds: str) -> tuple[str, str]:
    """Kind and name of NAME, which is of the first kind, or of TYPE/NAME. Another kind is wrong usage: names are often shared."""
    word, slash, name = value.rpartition("/")
    kind = _TYPES.get(word.lower().removesuffix(f".{names.GROUP}")) if slash else kinds[0]
    if not name or name in (".", "..") or kind is None:
        raise click.BadParameter(f"{value!r} is no name of a {' or '.join(kinds)}.")
    if kind not in kinds:
        raise click.BadParameter(f"{value!r} is a {kind}, and this command is for a {kinds[0]}.")
    return kind, name


def _completed(resource: Resource, prefix: str = "") -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Names behind a prefix; nothing at all when the cluster cannot tell them at once."""

    def complete(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        given = context.params
        try:
            access = enter(given.get("kubeconfig"), given.get("context"), given.get("namespace"))
            items, _ = access.client.bounded(_COMPLETING).list(resource.path(access.namespace))
        except (Problem, ApiError):
            return []
        found = [f"{prefix}{item['metadata']['name']}" for item in items]
        return [CompletionItem(name) for name in sorted(found) if name.startswith(incomplete)]

    return complete


def _complete_either(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    releases = [] if "/" in incomplete else _completed(paths.RELEASES)(context, parameter, incomplete)
    # Trains are looked up only where one can be meant.
    trains = incomplete.startswith(_TRAIN) or _TRAIN.startswith(incomplete)
    return [*releases, *(_completed(paths.RELEASE_TRAINS, _TRAIN)(context, parameter, incomplete) if trains else ())]
