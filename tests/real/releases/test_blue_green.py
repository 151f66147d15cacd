"""Blue-green releases: all traffic switches at once, after a preview, and can be switched back."""

import contextlib
import time
import urllib.request
from collections.abc import Callable

import pytest

from tests.controlplane.contour import ContourGateway
from tests.controlplane.gateway import Gateway
from tests.real.releases.analysis import gate
from tests.real.releases.shop import Manifest, Shop

MakeShop = Callable[..., Shop]
PREVIEW = {"type": "BlueGreen", "blueGreen": {"approval": True}}
_WRONG = 'sum(http_requests_total{namespace="$namespace",pod_template_hash="$candidate",code="500"})'
SMOKE = gate("smoke", _WRONG, at=("before-traffic",), max=0)


def _try_out(shop: Shop) -> None:
    """A tester looks at every pod of green, as long as they are there."""
    for pod in shop.pods().values():
        if pod["spec"]["containers"][0]["image"] != "shop:1":
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://{pod['status']['podIP']}:8080/", timeout=5).close()


def _traffic(*, routed: bool) -> Manifest:
    return {"drain": "3s", **({"httpRoute": {"name": "checkout"}} if routed else {})}


@pytest.mark.parametrize("routed", [False, True], ids=["by the pin", "by the route"])
def test_blue_green_switches_everybody_at_once_and_fails_nobody(shop: MakeShop, gateway: Gateway, *, routed: bool) -> None:
    """Green stands at full size without a user; after the approval no Service and no user sees both versions for long."""
    checkout = shop(gateway=gateway)
    checkout.release(strategy=PREVIEW, traffic=_traffic(routed=routed))
    blue, slices = set(checkout.pods()), checkout.watch("endpointslices")
    with checkout.traffic(rate=60, seconds=60) as users:
        checkout.ship("2")
        checkout.wait_for_phase("AwaitingApproval")
        assert checkout.images() == {"shop:1": 4, "shop:2": 4}
        green = set(checkout.uids().items()) - {(uid, name) for uid, name in checkout.uids().items() if name in blue}
        assert set(users.by_version()) == {"1"}
        checkout.ask("promote", "step")
        checkout.wait_for_phase("Baking")
        assert blue <= set(checkout.pods())
        checkout.wait_for_outcome("Completed")
    assert not users.problems
    for _, service, pods in slices.endpoints():
        assert len({pod in blue for pod in pods}) <= 1 or service == "checkout-candidate", f"both in {service}: {pods}"
    versions = [answer.version for answer in sorted(users.answers, key=lambda a: a.at)]
    assert "1" not in versions[versions.index("2") + 20 :]
    assert green == set(checkout.uids().items())
    assert checkout.left_behind() == []


def test_nobody_is_failed_behind_a_gateway_that_tells_its_proxy_of_routes_and_backends_in_no_order(
    shop: MakeShop, contour: ContourGateway
) -> None:
    """Twice green enters the route and blue's form comes back, at 300 requests a second: Envoy always knows whom it sends to."""
    checkout = shop(gateway=contour)
    checkout.release(strategy={"type": "BlueGreen"})
    with checkout.traffic(rate=300, seconds=60) as users:
        for tag in ("2", "3"):
            checkout.ship(tag)
            checkout.wait_for_outcome("Completed")
    assert set(users.by_version()) == {"1", "2", "3"}
    assert not users.problems, contour.failed(checkout.host)


@pytest.mark.parametrize("routed", [False, True], ids=["by the pin", "by the route"])
def test_blue_green_is_taken_back_before_and_after_the_switch(shop: MakeShop, gateway: Gateway, *, routed: bool) -> None:
    """Rejected by a gate in the preview no user has seen it; rolled back in the bake everybody has blue's same pods again."""
    checkout = shop(gateway=gateway)
    checkout.release(strategy=PREVIEW, traffic=_traffic(routed=routed), rollback={"warm": {"for": "60s"}}, gates=[SMOKE])
    blue = set(checkout.uids())
    with checkout.traffic(rate=60, seconds=60) as users:
        checkout.ship("2-errors100")
        checkout.wait_for_phase("AwaitingApproval")
        _try_out(checkout)
        assert "gate smoke" in checkout.wait_for_outcome("Rejected")["message"]
        assert set(users.by_version()) == {"1"}
        checkout.ship("3")
        checkout.wait_for_phase("AwaitingApproval")
        checkout.ask("promote", "step")
        checkout.wait_for_trial_weight(100)
        checkout.wait_for(lambda: "3" in users.by_version())
        checkout.ask("rollback", "previous")
        checkout.wait_for_outcome("Aborted")
    assert not users.problems
    assert set(users.by_version()) == {"1", "3"}
    assert set(checkout.uids()) == blue
    assert checkout.left_behind(held=True) == []


def test_blue_green_that_fails_its_gate_after_the_switch_is_switched_back_by_itself(shop: MakeShop, gateway: Gateway) -> None:
    """Everybody has green, half of whose answers are wrong: back on blue's warm pods within seconds, without a person."""
    checkout = shop(gateway=gateway)
    checkout.release(strategy={"type": "BlueGreen"}, traffic=_traffic(routed=False), rollback={"warm": {"for": "60s"}},
                     gates=[gate("errors")])  # fmt: skip
    blue = set(checkout.uids())
    with checkout.traffic(rate=40, seconds=60) as users:
        checkout.ship("2-errors50")
        assert "gate errors" in checkout.wait_for_outcome("Rejected")["message"]
        now = time.time()
        checkout.wait_for(lambda: sum(a.at > now for a in users.answers) > 20, what="later requests")
        assert {(a.version, a.status) for a in users.answers if a.at > now} == {("1", 200)}
    served = users.by_version()
    assert (served["1"].errors, served["2"].errors > 0) == (0, True)
    assert set(checkout.uids()) == blue
    assert checkout.left_behind(held=True) == []
