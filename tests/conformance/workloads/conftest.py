"""A Deployment in a namespace of its own."""

import pytest

from tests.conformance.workloads.workload import Workload
from tests.controlplane.cluster import Cluster


@pytest.fixture
def shop(cluster: Cluster, namespace: str) -> Workload:
    """Not made yet."""
    return Workload(cluster, namespace)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pods have to run for most of them."""
    for item in items:
        if "conformance/workloads" in str(item.path):
            item.add_marker(pytest.mark.needs_kubelet)
