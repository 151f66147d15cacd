"""What can go wrong between the controller and the API server goes wrong, for as long as a release takes and longer."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.controlplane.proxy import Call, Kind, Proxy
from tests.controlplane.traffic import Traffic
from tests.real.releases.analysis import gate
from tests.real.releases.faults.conftest import behind
from tests.real.releases.faults.promises import Promises, written_by_others
from tests.real.releases.installation import Installation
from tests.real.releases.shop import Shop

MakeStores = Callable[..., list[Shop]]
STEPS = [{"weight": 30, "duration": "4s"}, {"weight": 100}]
SPEC: dict[str, Any] = {
    "strategy": {"type": "Canary", "canary": {"steps": STEPS}}, "gates": [gate("errors", max=0.2)], "rollback": {"warm": {"for": "2s"}},
}  # fmt: skip
ONE_IN_THREE = (Kind.RESET, Kind.LOST, Kind.SLOW, Kind.BROKEN, Kind.THROTTLED, Kind.GARBAGE, Kind.TRUNCATED)
ALL = (Kind.BROKEN, Kind.THROTTLED, Kind.GARBAGE, Kind.HUNG)


@pytest.fixture(scope="module")
def network(product: Installation, proxy: Proxy) -> Iterator[Proxy]:
    """The controller sees the API server through the proxy alone."""
    with behind(product, KUBERNETES_SERVICE_PORT=str(proxy.port)):
        yield proxy


def in_namespace(namespace: str, *, watches: bool = False) -> Callable[[Call], bool]:
    """Calls about a shop's namespace: watches, or all others."""
    return lambda call: f"/namespaces/{namespace}/" in call.path and call.watch is watches


def visited(shop: Shop, seconds: float, rate: float = 8) -> Traffic:
    """Users of a shop, from now on."""
    return shop.traffic(rate=rate, seconds=seconds)


def unanswered(traffic: Traffic) -> dict[str, int]:
    """What was not answered by a pod; an error that a bad version makes is its own."""
    return {problem: count for problem, count in traffic.problems.items() if problem != "status 500"}


def test_every_third_call_fails_in_each_way_and_every_release_ends_right(network: Proxy, stores: MakeStores) -> None:
    """A good canary ends Completed, a bad one Rejected, at the same time; no request of a user is lost, and no promise broken."""
    streets = {kind: stores(kind.name.lower(), "good", "bad") for kind in (*ONE_IN_THREE, Kind.GONE)}
    shops = [shop for street in streets.values() for shop in street]
    for each in shops:
        each.apply(each.manifest(**SPEC))
    for each in shops:
        each.wait_for_phase("Healthy", timeout=60)
    promises = [Promises(each, 1) for each in shops]
    with ExitStack() as during:
        faults = [during.enter_context(network.fault(kind, in_namespace(street[0].namespace, watches=kind is Kind.GONE),
                                                     nth=1 if kind is Kind.GONE else 3)) for kind, street in streets.items()]  # fmt: skip
        users = [during.enter_context(visited(each, 120)) for each in shops]
        for good, bad in streets.values():
            good.ship("2")
            bad.ship("2-errors100")
        for good, bad in streets.values():
            good.wait_for_outcome("Completed", timeout=90)
            bad.wait_for_outcome("Rejected", timeout=90)
    assert [f.kind for f in faults if f.struck < 3] == []
    assert [(s.namespace, s.name, lost) for s, u in zip(shops, users, strict=True) if (lost := unanswered(u))] == []
    assert [broken for each in promises for broken in each.broken()] == []
    for good, bad in streets.values():
        assert (good.images(), bad.images()) == ({"shop:2": 1}, {"shop:1": 1})
        assert (good.left_behind(), bad.left_behind(held=True)) == ([], [])
