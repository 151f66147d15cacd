"""What can go wrong between the controller and the API server goes wrong, for as long as a release takes and longer."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.controlplane.cluster import ROOT, ControlPlane
from tests.controlplane.proxy import Call, Fault, Kind, Proxy
from tests.real.releases.analysis import gate
from tests.real.releases.faults.conftest import MakeStores, behind
from tests.real.releases.faults.promises import Promises, written_by_others
from tests.real.releases.installation import Installation
from tests.real.releases.shop import STANDING, Shop

Spec = dict[str, Any]
AT_ONCE = {"warm": {"for": "2s"}}
IN_EACH_WAY = (Kind.RESET, Kind.LOST, Kind.SLOW, Kind.BROKEN, Kind.THROTTLED, Kind.GARBAGE, Kind.TRUNCATED)
NO_ANSWER = {Kind.BROKEN: "500", Kind.THROTTLED: "429", Kind.GARBAGE: "NotJson", Kind.HUNG: "Timeout"}
"""What may come from an API server in the place of an answer, and how it is named."""
OUTAGE = 60.0
"""Seconds: six lease durations, and twice the longest timeout of a call."""
IMPATIENT = """
import sys
from controller.kube.reflector import Pace, Reflector
from controller.__main__ import main
Reflector.pace = Pace(mute=6.0)
sys.exit(main())
"""


@pytest.fixture(scope="module")
def network(product: Installation, proxy: Proxy) -> Iterator[Proxy]:
    """The controller sees the API server through the proxy alone."""
    with behind(product, KUBERNETES_SERVICE_PORT=str(proxy.port)):
        yield proxy


def canary(weight: int, seconds: int) -> Spec:
    """Two steps; after the first one, all."""
    steps = [{"weight": weight, "duration": f"{seconds}s"}, {"weight": 100}]
    return {"strategy": {"type": "Canary", "canary": {"steps": steps}}, "gates": [gate("errors", max=0.2)], "rollback": AT_ONCE}


def in_namespace(shop: Shop, *, watches: bool = False) -> Callable[[Call], bool]:
    """Calls about a shop's namespace: watches, or all others."""
    return lambda call: f"/namespaces/{shop.namespace}/" in call.path and call.watch is watches


@contextmanager
def promised(shops: Sequence[Shop], pods: int = 1) -> Iterator[None]:
    """Users of all shops; at the end of the block nothing was broken and no request lost."""
    promises = [Promises(each, pods) for each in shops]
    with ExitStack() as during:
        users = [during.enter_context(each.traffic(rate=8, seconds=200)) for each in shops]
        yield
    for shop, traffic in zip(shops, users, strict=True):
        # An error that a bad version makes is its own.
        lost = {problem: count for problem, count in traffic.problems.items() if problem != "status 500"}
        assert (shop.namespace, shop.name, lost) == (shop.namespace, shop.name, {})
    assert [broken for each in promises for broken in each.broken()] == []
    assert written_by_others(shops[0].plane, *(s.namespace for s in shops)) == []


@contextmanager
def quietly(product: Installation, lines: int) -> Iterator[None]:
    """The log of what happens in the block has no exception, and so many lines at most: no loop."""
    before = len(product.log())
    yield
    new = product.log()[before:]
    assert "Traceback" not in new, new[-5000:]
    assert new.count("\n") < lines, new[-5000:]


def test_a_fifth_of_all_calls_fails_in_each_way_and_every_release_ends_right(
    product: Installation, network: Proxy, stores: MakeStores
) -> None:
    """A good canary ends Completed, a bad one Rejected, at the same time; no request of a user is lost, and no promise broken."""
    kinds = (*IN_EACH_WAY, Kind.GONE)
    made = stores(*(kind.name.lower() for kind in kinds), names=("good", "bad"), **canary(30, 4))
    streets = dict(zip(kinds, made, strict=True))
    shops = [shop for street in streets.values() for shop in street]
    faults: list[Fault] = []
    with quietly(product, 3000), promised(shops), ExitStack() as during:
        for kind, (good, _) in streets.items():
            # What 410 is about is a watch that begins: some times in a row.
            how: dict[str, Any] = {"most": 12} if kind is Kind.GONE else {"share": 0.2}
            about = in_namespace(good, watches=kind is Kind.GONE)
            faults.append(during.enter_context(network.fault(kind, about, **how)))
        network.cut_all()  # Watches that are there already have to begin again.
        for good, bad in streets.values():
            good.ship("2")
            bad.ship("2-errors100")
        for good, bad in streets.values():
            good.wait_for_outcome("Completed", timeout=120)
            bad.wait_for_outcome("Rejected", timeout=120)
    assert [f.kind for f in faults if f.struck < 3] == []
    for good, bad in streets.values():
        assert (good.images(), bad.images()) == ({"shop:2": 1}, {"shop:1": 1})
        assert (good.left_behind(), bad.left_behind(held=True)) == ([], [])


def test_a_write_that_gets_no_answer_is_named_and_goes_on_by_itself(network: Proxy, stores: MakeStores) -> None:
    """The message names the effect and what came instead; nothing has to be asked again."""
    faults: dict[Kind, ExitStack] = {}
    with ExitStack() as during:
        made = stores(*(f"write-{kind.name.lower()}" for kind in NO_ANSWER), strategy=STANDING)
        shops = {kind: shop for kind, (shop,) in zip(NO_ANSWER, made, strict=True)}
        for kind, each in shops.items():
            mine = in_namespace(each)
            creates = lambda call, mine=mine: mine(call) and (call.method, call.path[-12:]) == ("POST", "/replicasets")  # noqa: E731
            faults[kind] = during.enter_context(ExitStack())
            faults[kind].enter_context(network.fault(kind, creates))
            each.ship("2")
        for kind, each in shops.items():
            each.wait_for_message("CreateReplicaSet fails", NO_ANSWER[kind], timeout=60)
            faults[kind].close()
    for each in shops.values():
        each.wait_for_trial_weight(50, timeout=60)
        assert each.condition("Stalled")["status"] == "False"


def test_an_api_server_that_gives_no_answer_at_the_start_is_waited_for(
    product: Installation, network: Proxy, stores: MakeStores
) -> None:
    """500, 429, garbage, nothing: the log says what came, without an exception; then the controller does what it is asked."""
    ((shop,),) = stores("start", strategy=STANDING)
    shop.ship("2")
    shop.wait_for_trial_weight(50)
    for number, (kind, named) in enumerate(NO_ANSWER.items()):
        before = len(product.log())
        with quietly(product, 300):
            with network.fault(kind) as fault:
                product.kill()
                shop.wait_for(lambda fault=fault: fault.struck > 20 or (fault.kind is Kind.HUNG and fault.struck > 5), 60, kind)
                shop.ask(("pause", "resume")[number % 2])
            shop.wait_for_phase(("Paused", "Progressing")[number % 2], timeout=60)
        said = product.log()[before:]
        assert "following /apis/" in said
        assert named in said or kind is Kind.HUNG, said


def test_an_outage_of_six_lease_durations_decides_nothing_and_loses_no_request(
    product: Installation, network: Proxy, stores: MakeStores
) -> None:
    """A quarter of it no answers, then no connections; a step's time runs on, and what was asked meanwhile is done afterwards."""
    ((good,),) = stores("outage", pods=2, **canary(30, 20))
    ((bad,),) = stores("outage", pods=2, strategy=STANDING, rollback=AT_ONCE)
    restarts = [c["restartCount"] for p in product.pods() for c in p["status"]["containerStatuses"]]
    with quietly(product, 1000), promised([good, bad], pods=2):
        good.ship("2")
        bad.ship("2")
        good.wait_for_trial_weight(30)
        bad.wait_for_trial_weight(50)
        steps = [s.status()["trial"]["step"]["index"] for s in (good, bad)]
        ends = time.monotonic() + OUTAGE
        with network.fault(Kind.HUNG):
            time.sleep(OUTAGE / 4)
        with network.fault(Kind.REFUSED):
            bad.ask("abort")
            time.sleep(ends - time.monotonic())
            assert [s.status()["trial"]["step"]["index"] for s in (good, bad)] == steps
        bad.wait_for_outcome("Aborted", timeout=60)
        good.wait_for_outcome("Completed", timeout=60)
    assert [c["restartCount"] for p in product.pods() for c in p["status"]["containerStatuses"]] == restarts
    assert (good.left_behind(), bad.left_behind(held=True)) == ([], [])


@pytest.fixture
def impatient(plane: ControlPlane, product: Installation, network: Proxy) -> Iterator[Proxy]:
    """A controller that believes a silent watch for six seconds, and not for two minutes."""

    def run(*command: str) -> None:
        change = {"spec": {"template": {"spec": {"containers": [{"name": "controller", "command": list(command) or None}]}}}}
        path = f"/apis/apps/v1/namespaces/{product.namespace}/deployments/{product.name}"
        plane.api("PATCH", path, change, "application/strategic-merge-patch+json")
        plane.kubectl("rollout", "status", f"deployment/{product.name}", "-n", product.namespace, "--timeout=60s", timeout=70)

    run("/usr/bin/env", f"PYTHONPATH={ROOT}", sys.executable, "-c", IMPATIENT)
    yield network
    run()


def test_a_watch_that_stays_open_and_silent_is_noticed(product: Installation, impatient: Proxy, stores: MakeStores) -> None:
    """What it did not tell is found by listing, and the release goes on."""
    ((shop,),) = stores("silent", strategy=STANDING, rollback=AT_ONCE)
    with promised([shop]):
        shop.ship("2")
        shop.wait_for_trial_weight(50)
        releases = lambda call: call.watch and call.path.endswith("/releases")  # noqa: E731
        with impatient.fault(Kind.SILENT, releases) as fault:
            shop.ask("promote", "full")
            shop.wait_for(lambda: fault.struck, what="a silent watch")
        shop.wait_for_outcome("Completed", timeout=60)
    assert "following /apis/release-coordinator.io/v1alpha1/releases, failure 1 in a row" in product.log()
