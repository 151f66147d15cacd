"""The installed controller with something between it and the world."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.controlplane.cluster import ControlPlane
from tests.controlplane.gateway import Gateway
from tests.controlplane.proxy import Proxy
from tests.real.releases.installation import Installation
from tests.real.releases.shop import Shop


@contextmanager
def behind(product: Installation, replicas: int = 1, **environment: str) -> Iterator[None]:
    """The controller's pods with these variables; afterwards as they were. One leads when it begins."""

    def led() -> bool:
        return product.leader() in {p["metadata"]["name"] for p in product.pods() if "deletionTimestamp" not in p["metadata"]}

    product.install(f"replicas={replicas}", environment=environment)
    product.plane.wait_for(led, 40, "a leader among the new pods")
    try:
        yield
    finally:
        product.install()
        product.plane.wait_for(led, 40, "a leader among the old pods")


@pytest.fixture(scope="module")
def proxy(plane: ControlPlane) -> Iterator[Proxy]:
    """A way to the API server on which things go wrong."""
    with Proxy(plane) as started:
        yield started


@pytest.fixture
def stores(plane: ControlPlane, gateway: Gateway) -> Iterator[Callable[..., list[Shop]]]:
    """Makes shops of one pod with a route, those of one namespace at a time; all namespaces are deleted afterwards."""
    made: list[Shop] = []

    def make(prefix: str, *names: str, pods: int = 1) -> list[Shop]:
        namespace = plane.namespace(prefix)
        shops = [Shop(plane, namespace, name, gateway) for name in names]
        made.extend(shops)
        for each in shops:
            each.deploy(pods=pods)
        return shops

    yield make
    for each in made:
        each.stop_watching()
    for namespace in {s.namespace for s in made}:
        plane.api("DELETE", f"/api/v1/namespaces/{namespace}")
