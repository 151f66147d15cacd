"""Each test runs on the playground and on the real control plane; its name says on which.

What differs between the two is a mistake of the playground's. A test that only one of them can pass does not belong here.
"""

from collections.abc import Iterator

import pytest

from tests.controlplane.cluster import Cluster
from tests.controlplane.playground import PlaygroundCluster


@pytest.fixture(scope="session", params=["playground", "real"])
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """The cluster under test; pytest runs all tests of one before those of the other, so each is started once."""
    if request.param == "real":
        yield request.getfixturevalue("real_cluster")
        return
    with PlaygroundCluster() as playground:
        yield playground


@pytest.fixture(autouse=True)
def _kubelet(request: pytest.FixtureRequest, cluster: Cluster) -> None:
    """Skip what needs pods that run where none do."""
    if request.node.get_closest_marker("needs_kubelet") and not cluster.has_kubelet:
        pytest.skip("needs the test kubelet")
