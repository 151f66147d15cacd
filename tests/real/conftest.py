"""Tests against a real control plane. One cluster for the whole session; each test makes its own namespace in it.

`gateway` and `prometheus` are started when a test first asks for them.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Never

import pytest

from tests.conftest import WHY_NOT_REAL
from tests.controlplane import binaries
from tests.controlplane.cluster import Cluster, ControlPlane
from tests.controlplane.existing import ExistingCluster
from tests.controlplane.gateway import Gateway
from tests.controlplane.prometheus import Prometheus

_EXISTING = os.environ.get("RELEASE_COORDINATOR_KUBECONFIG")


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """The cluster under test: our own control plane, or the one that RELEASE_COORDINATOR_KUBECONFIG names."""
    if _EXISTING:
        with ExistingCluster(Path(_EXISTING)) as existing:
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


@pytest.fixture(scope="session")
def plane(cluster: Cluster) -> ControlPlane:
    """The cluster, when a test needs what only our own has: its kubelet, its audit log, its files."""
    if not isinstance(cluster, ControlPlane):
        pytest.skip("needs the control plane that these tests start themselves")
    return cluster


@pytest.fixture(scope="session")
def gateway(plane: ControlPlane) -> Iterator[Gateway]:
    """Traefik, with its Gateway programmed."""
    with Gateway(plane) as started:
        yield started


@pytest.fixture(scope="session")
def prometheus(plane: ControlPlane) -> Iterator[Prometheus]:
    """Prometheus; a test that stops or pauses it starts or resumes it again."""
    with Prometheus(plane) as started:
        yield started


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A fresh namespace, deleted afterwards."""
    name = cluster.namespace()
    yield name
    if cluster.find(f"/api/v1/namespaces/{name}"):
        cluster.api("DELETE", f"/api/v1/namespaces/{name}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs our kubelet on somebody else's cluster."""
    for item in items:
        if _EXISTING and item.get_closest_marker("needs_kubelet"):
            item.add_marker(pytest.mark.skip(reason="needs the test kubelet"))


def _give_up(config: pytest.Config, why: str) -> Never:
    config.stash[WHY_NOT_REAL] = why
    if os.environ.get("CI") == "true":
        pytest.fail(why, pytrace=False)
    pytest.skip(why)
