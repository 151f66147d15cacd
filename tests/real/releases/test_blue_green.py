"""Blue-green releases: all traffic switches at once, after a preview, and can be switched back."""

from collections.abc import Callable

import pytest

from tests.controlplane.gateway import Gateway
from tests.real.releases.shop import Manifest, Shop

MakeShop = Callable[..., Shop]
PREVIEW = {"type": "BlueGreen", "blueGreen": {"approval": True}}


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


@pytest.mark.parametrize("routed", [False, True], ids=["by the pin", "by the route"])
def test_blue_green_is_taken_back_before_and_after_the_switch(shop: MakeShop, gateway: Gateway, *, routed: bool) -> None:
    """Rejected in the preview no user has seen it; rolled back in the bake everybody has blue again, from the same pods."""
    checkout = shop(gateway=gateway)
    checkout.release(strategy=PREVIEW, traffic=_traffic(routed=routed), rollback={"warm": {"for": "60s"}})
    blue = set(checkout.uids())
    with checkout.traffic(rate=60, seconds=60) as users:
        checkout.ship("2")
        checkout.wait_for_phase("AwaitingApproval")
        checkout.ask("abort")
        checkout.wait_for_outcome("Aborted")
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
