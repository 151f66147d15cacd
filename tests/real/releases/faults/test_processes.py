"""The leader stands still beyond its lease with a write on its way, another one leads, and then the first is awake again."""

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack

from tests.controlplane.proxy import Call, Kind, Proxy
from tests.real.releases.faults.conftest import MakeStores, behind
from tests.real.releases.faults.promises import Promises, written_by_others
from tests.real.releases.installation import Installation
from tests.real.releases.shop import STANDING, Shop

AT_ONCE = {"warm": {"for": "2s"}}


def call_of(shop: Shop, method: str, resource: str) -> Callable[[Call], bool]:
    """Whether a call is this one."""
    return lambda call: call.method == method and f"/namespaces/{shop.namespace}/{resource}" in call.path


def test_a_leader_that_stood_still_with_writes_on_their_way_changes_nothing_when_it_is_awake(
    product: Installation, proxy: Proxy, stores: MakeStores
) -> None:
    """A weight that arrives after the rollback is refused; a Service whose making it hears of late is not taken from the users
    whom the new leader has sent there; every release ends right.
    """
    with behind(product, 2, KUBERNETES_SERVICE_PORT=str(proxy.port)), ExitStack() as during:
        (weighed,), (made,) = stores("weighed", "made", strategy=STANDING, rollback=AT_ONCE)
        promises = [Promises(each, 1) for each in (weighed, made)]
        users = [during.enter_context(each.traffic(rate=20, seconds=120)) for each in (weighed, made)]
        former = product.leader()
        with ExitStack() as on_their_way:
            weight = on_their_way.enter_context(proxy.fault(Kind.HELD, call_of(weighed, "PATCH", "httproutes"), most=1))
            making = on_their_way.enter_context(proxy.fault(Kind.LATE, call_of(made, "POST", "services"), most=1))
            weighed.ship("2")
            made.ship("2")
            weighed.wait_for(lambda: weight.struck and making.struck, what="a write and an answer on their way")
            stopped = product.processes(former)
            for process in stopped:
                os.kill(process, signal.SIGSTOP)
            product.plane.wait_for(lambda: product.leader() not in ("", former), 40, "another leader")
            made.wait_for_trial_weight(50)
            service = made.get("service", "shop-candidate")["metadata"]["uid"]
            weighed.wait_for_trial_weight(50)
            weighed.ask("abort")
            weighed.wait_for_outcome("Aborted")
        refused = product.plane.wait_for(lambda: _codes(weighed, former), what="the weight arrives")
        for process in stopped:
            os.kill(process, signal.SIGCONT)
        product.plane.wait_for(lambda: "no longer the leader; what was made meanwhile" in product.log(), what="the late answer")
        assert refused == [422]
        assert made.get("service", "shop-candidate")["metadata"]["uid"] == service
        made.ask("promote", "full")
        made.wait_for_outcome("Completed")
        assert product.leader() != former
        assert written_by_others(product.plane, weighed.namespace, made.namespace) == []
    assert [broken for each in promises for broken in each.broken()] == []
    assert [each.problems for each in users] == [{}, {}]
    assert (weighed.images(), made.images()) == ({"shop:1": 1}, {"shop:2": 1})
    assert (weighed.left_behind(held=True), made.left_behind()) == ([], [])


def _codes(shop: Shop, pod: str) -> list[int]:
    """How a pod's writes on the shop's route were answered."""
    mine = [c for c in shop.plane.audit() if (c.pod, c.namespace) == (pod, shop.namespace)]
    return [c.code for c in mine if (c.resource, c.verb) == ("httproutes", "patch")]
