"""The installed controller with something between it and the world."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from tests.controlplane.cluster import ControlPlane
from tests.controlplane.gateway import Gateway
from tests.controlplane.proxy import Proxy
from tests.real.releases.installation import Installation
from tests.real.releases.shop import Shop

MakeStores = Callable[..., list[list[Shop]]]


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
def stores(plane: ControlPlane, gateway: Gateway) -> Iterator[MakeStores]:
    """Makes shops with a route, of these names in a namespace for each prefix, and puts them under Releases; all namespaces are
    deleted afterwards.
    """
    made: list[Shop] = []

    def make(*prefixes: str, names: Sequence[str] = ("shop",), pods: int = 1, **spec: Any) -> list[list[Shop]]:
        def one(place: tuple[str, str]) -> Shop:
            shop = Shop(plane, *place, gateway)
            made.append(shop)
            shop.deploy(pods=pods)
            shop.release(**spec)
            return shop

        namespaces = [plane.namespace(prefix) for prefix in prefixes]
        with ThreadPoolExecutor(8) as threads:
            shops = list(threads.map(one, ((namespace, name) for namespace in namespaces for name in names)))
        return [[shop for shop in shops if shop.namespace == namespace] for namespace in namespaces]

    yield make
    for each in made:
        each.stop_watching()
    for namespace in {s.namespace for s in made}:
        plane.api("DELETE", f"/api/v1/namespaces/{namespace}")
