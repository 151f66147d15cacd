"""`releasectl playground`: a cluster to try things in, with the controller, for as long as this command runs.

Either the embedded one (a process of its own, which this package never imports) or the real control plane of the tests.
"""

import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from controller.cli import embedded, installed
from controller.cli.answers import Exit, Problem
from controller.cli.children import Children
from controller.cli.printing import document, output_option
from controller.cli.trying import Trying, told

ROOT = Path(__file__).parents[2]
"""The tree that runs: examples, chart and tests are in it, unless releasectl is installed."""
CHART = Path("charts", "release-coordinator")
_EMBEDDED = "A cluster in one process, with Release Coordinator in it. Pods, users and metrics are simulated."
_REAL = "A real control plane on this machine, with Release Coordinator in it. Pods are processes."


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Port of the API; a free one by default.")
@click.option("--real", is_flag=True, help="Run the real control plane of the tests (etcd, kube-apiserver, …) instead.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), metavar="FILE", help="Where the kubeconfig is to be.")
@output_option("json")
def playground(*, port: int, real: bool, kubeconfig: Path | None, output: str | None) -> int:
    """Run a cluster with the controller in it, until Ctrl-C.

    kubectl, helm and releasectl work with it as with any other. It listens on 127.0.0.1 only, and at the end nothing is left.
    """
    _look_before(port, kubeconfig, real=real)
    with _files() as folder, Children(folder) as children:
        click.echo("Starting …", err=True)
        environment = _environment(folder)
        if real:
            cluster = installed.start(children, tree(), environment)
        else:
            cluster = embedded.start(children, folder, tree(), port, environment)
        with _kept(cluster.kubeconfig, kubeconfig) as path:
            _tell(cluster, path, _REAL if real else _EMBEDDED, output)
            try:
                while True:
                    children.look()
                    time.sleep(0.2)
            except KeyboardInterrupt:
                click.echo("\nEnding …", err=True)
    click.echo("The playground has ended; nothing is left of it.", err=True)
    return Exit.OK


def tree() -> Path:
    """The source tree: the one that runs, or the one we stand in. Raises Problem."""
    for tree in (ROOT, Path.cwd()):
        if (tree / CHART).is_dir():
            return tree
    raise Problem(f"A playground is made of the source tree, and neither {ROOT} nor {Path.cwd()} is one. "
                  "Run releasectl at the top of a checkout.")  # fmt: skip


def _look_before(port: int, kubeconfig: Path | None, *, real: bool) -> None:
    """What would be in the way, said before anything is started."""
    if port and real:
        raise Problem("--port is for the embedded cluster; --real takes free ones.", Exit.USAGE)
    if kubeconfig is not None and kubeconfig.exists():
        raise Problem(f"{kubeconfig} exists and is not overwritten. Name another file, or remove it first.", Exit.USAGE)
    try:
        with socket.create_server(("127.0.0.1", port)):
            pass
    except OSError as error:
        raise Problem(f"Port {port} on 127.0.0.1 cannot be used: {error.strerror}. Name another one, or leave --port out and "
                      "a free one is taken.") from error  # fmt: skip


def _tell(cluster: Trying, kubeconfig: Path, what: str, output: str | None) -> None:
    if output:
        document({"kubeconfig": str(kubeconfig), "prometheus": cluster.prometheus, "notes": list(cluster.notes)}, output)
    else:
        click.echo(told(cluster, kubeconfig, what))


@contextmanager
def _files() -> Iterator[Path]:
    """A folder that goes at the end, also when we are told to end."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGTERM, signal.SIGHUP)}
    folder = Path(tempfile.mkdtemp(prefix="release-playground-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for number, handler in before.items():
            signal.signal(number, handler)


def _environment(folder: Path) -> dict[str, str]:
    """Ours, without what would lead programs to another cluster; their temporary files go with our folder."""
    kept = {k: v for k, v in os.environ.items() if k != "KUBECONFIG" and not k.lower().endswith("_proxy")}
    return {k: v for k, v in kept.items() if not k.startswith("RELEASE_COORDINATOR_")} | {"TMPDIR": str(folder)}


@contextmanager
def _kept(written: Path, wanted: Path | None) -> Iterator[Path]:
    """The kubeconfig where the user wants it, for as long as the cluster is there."""
    if wanted is None:
        yield written
        return
    try:
        wanted.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise Problem(f"{wanted} cannot be written: {error.strerror}. Name another file.", Exit.USAGE) from error
    try:
        shutil.copyfile(written, wanted)
        yield wanted
    finally:
        wanted.unlink(missing_ok=True)
