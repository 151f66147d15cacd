"""Tests against a real control plane. One cluster for the whole session; each test makes its own namespace in it.

`gateway` and `prometheus` are started when a test first asks for them.
"""

from collections.abc import Iterator

import pytest

from tests.conftest import EXISTING
from tests.controlplane.cluster import Cluster, ControlPlane
from tests.controlplane.gateway import Gateway
from tests.controlplane.prometheus import Prometheus


@pytest.fixture(scope="session")
def cluster(real_cluster: Cluster) -> Cluster:
    """The cluster under test."""
    return real_cluster


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs our kubelet on somebody else's cluster."""
    for item in items:
        if EXISTING and item.get_closest_marker("needs_kubelet"):
            item.add_marker(pytest.mark.skip(reason="needs the test kubelet"))
