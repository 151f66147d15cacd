"""Canary releases on the real control plane, with a real gateway and a real Prometheus."""

import time
from collections.abc import Callable

from tests.controlplane.gateway import Gateway
from tests.controlplane.traffic import Traffic
from tests.real.releases.analysis import gate, likely
from tests.real.releases.shop import Shop

MakeShop = Callable[..., Shop]
_PROXY_FOLLOWS = 1.0
"""Seconds until the gateway surely does what its route says, on a busy machine too."""
_SEEN_LATE = 0.3
"""Seconds by which a test may learn of a route's change after the gateway."""


def _share(users: Traffic, version: str, since: float, until: float) -> tuple[int, int]:
    """How many requests of this time a version answered, and how many there were."""
    answers = [a for a in users.answers if since + _PROXY_FOLLOWS < a.at < until - _SEEN_LATE]
    return sum(a.version == version for a in answers), len(answers)


def test_a_good_canary_with_a_router_gets_the_shares_of_its_steps_and_fails_nobody(shop: MakeShop, gateway: Gateway) -> None:
    """5, 25, 100 %: counted at the users; no request fails, and stable's pods are the same until the bake has passed."""
    checkout = shop(gateway=gateway)
    steps = [{"weight": 5, "duration": "4s"}, {"weight": 25, "duration": "3s"}, {"weight": 100}]
    checkout.release(strategy={"type": "Canary", "canary": {"steps": steps}}, gates=[gate("errors", max=0.01)])
    stable, route = set(checkout.uids()), checkout.watch("httproutes")
    with checkout.traffic(rate=100, seconds=60) as users:
        time.sleep(0.5)
        checkout.ship("2")
        checkout.wait_for_phase("Baking")
        candidate = set(checkout.uids()) - stable
        assert stable <= set(checkout.uids())
        checkout.wait_for_outcome("Completed")
    assert not users.problems
    weights = route.weights("checkout")
    assert [weight for _, weight in weights] == [0, 5, 25, 100, 0]
    moments = [at for at, _ in weights]
    for weight, since, until in ((5, moments[1], moments[2]), (25, moments[2], moments[3]), (100, moments[3], moments[4])):
        count, total = _share(users, "2", since, until)
        assert likely(count, total, weight / 100), f"{count} of {total} requests at {weight}%"
    assert checkout.images() == {"shop:2": 4}
    assert candidate <= set(checkout.uids())
    assert checkout.left_behind() == []


def test_a_canary_without_a_router_gets_its_share_by_replica_count(shop: MakeShop, gateway: Gateway) -> None:
    """No pod of the candidate in any Service before the first step, a share by pods in it, and nothing else in the bake."""
    checkout = shop(gateway=gateway)
    steps = [{"weight": 20, "duration": "2s"}, {"weight": 40, "duration": "2s"}, {"weight": 100}]
    checkout.release(strategy={"type": "Canary", "canary": {"steps": steps}}, traffic={"drain": "1s"})
    stable, slices = set(checkout.pods()), checkout.watch("endpointslices")
    with checkout.traffic(rate=60, seconds=60) as users:
        checkout.ship("2")
        checkout.wait_for_trial_weight(20)
        assert checkout.replicas() == {"shop:1": 4, "shop:2": 1}
        assert checkout.get("service")["spec"]["selector"] == {"app": "checkout"}
        checkout.wait_for_trial_weight(43)
        assert checkout.replicas() == {"shop:1": 4, "shop:2": 3}
        checkout.wait_for_phase("Baking")
        checkout.wait_for_outcome("Completed")
    assert not users.problems
    mixes = [(len(set(pods) & stable), len(set(pods) - stable)) for _, _, pods in slices.endpoints()]
    first_mixed = next(i for i, (_, new) in enumerate(mixes) if new)
    assert set(mixes[:first_mixed]) == {(4, 0)}, mixes
    assert mixes[first_mixed] == (4, 1)
    assert (4, 3) in mixes
    assert mixes[-1] == (0, 4)
    assert checkout.left_behind() == []
