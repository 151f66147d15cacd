"""The real control plane that all tests share, and its network namespace, which must be entered before pytest starts a thread.

That is done only when tests are asked for that use it, and not when RELEASE_COORDINATOR_KUBECONFIG names a cluster to use
instead.
"""

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Never

import pytest

from tests.controlplane import binaries, namespace
from tests.controlplane.cluster import Cluster, ControlPlane
from tests.controlplane.existing import ExistingCluster

COLLECT_AFTER = 200_000
"""New objects between two looks for garbage. Worlds of values are made and dropped whole: to look after every 700 of them, as
Python does, takes a fifth of the time.
"""
USERS_OF_IT = tuple(Path(__file__).parent / folder for folder in ("real", "conformance"))
WHY_NOT_REAL = pytest.StashKey[str]()
EXISTING = os.environ.get("RELEASE_COORDINATOR_KUBECONFIG")


def pytest_configure(config: pytest.Config) -> None:
    """Enter the namespace, or remember why not; have Ctrl-C end programs."""
    gc.set_threshold(COLLECT_AFTER)
    # In the background of a script we were started with Ctrl-C ignored, and so would be what tests end by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    asked = [Path(os.path.abspath(argument.partition("::")[0])) for argument in config.args]
    wanted = any(user.is_relative_to(path) or path.is_relative_to(user) for path in asked for user in USERS_OF_IT)
    if wanted and not EXISTING:
        try:
            namespace.enter()
        except namespace.Unavailable as problem:
            config.stash[WHY_NOT_REAL] = str(problem)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly that the real tests were not run."""
    if WHY_NOT_REAL in config.stash:
        why = config.stash[WHY_NOT_REAL]
        terminalreporter.write_line(f"NOT RUN: what needs the real control plane: {why}", yellow=True, bold=True)
    for skipped in terminalreporter.stats.get("skipped", []):
        if "NOT RUN" in str(skipped.longrepr):
            terminalreporter.write_line(f"{skipped.nodeid}: {skipped.longrepr[2]}", yellow=True, bold=True)


@pytest.fixture(scope="session")
def real_cluster(pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """Our own control plane, or the cluster that RELEASE_COORDINATOR_KUBECONFIG names; one for the whole session."""
    if EXISTING:
        with ExistingCluster(Path(EXISTING)) as existing:
            yield existing
        return
    if WHY_NOT_REAL in pytestconfig.stash:
        _give_up(pytestconfig, pytestconfig.stash[WHY_NOT_REAL])
    plane = ControlPlane()
    try:
        plane.start()
    except binaries.Missing as problem:
        _give_up(pytestconfig, str(problem))
    else:
        yield plane
    finally:
        plane.stop()


@pytest.fixture
def oasdiff(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real one on the PATH."""
    try:
        found = binaries.path("oasdiff")
    except binaries.Missing as missing:
        pytest.skip(str(missing))
    monkeypatch.setenv("PATH", f"{found.parent}:{os.environ['PATH']}")


@pytest.fixture(name="namespace")
def fresh_namespace(cluster: Cluster) -> Iterator[str]:
    """A fresh namespace in the cluster under test, deleted afterwards."""
    name = cluster.namespace()
    yield name
    if cluster.find(f"/api/v1/namespaces/{name}"):
        cluster.api("DELETE", f"/api/v1/namespaces/{name}")


def _give_up(config: pytest.Config, why: str) -> Never:
    config.stash[WHY_NOT_REAL] = why
    if os.environ.get("CI") == "true":
        pytest.fail(why, pytrace=False)
    pytest.skip(why)
