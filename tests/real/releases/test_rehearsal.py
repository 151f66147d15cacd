"""Rehearsals of the way back on the real control plane, with a real gateway and its users."""

import time
from collections.abc import Callable
from typing import Any

from strategies.spec.base import parse_duration
from tests.controlplane.gateway import Gateway
from tests.real.releases.installation import Installation
from tests.real.releases.shop import Shop

MakeShop = Callable[..., Shop]
Measured = Callable[[str, float], None]
CANARY = {"type": "Canary", "canary": {"steps": [{"weight": 25, "duration": "4s"}, {"weight": 100}]}}
PROVEN: dict[str, Any] = {"plan": "Traffic returns to the former ReplicaSet.", "warm": {"for": "2s"}, "rehearse": True}


def _rehearsal(shop: Shop) -> dict[str, Any]:
    found: dict[str, Any] = shop.wait_for_outcome("Completed", timeout=60)["history"][-1]["rehearsal"]
    return found


def test_users_go_to_the_candidate_and_back_before_the_first_step_and_none_fails(
    shop: MakeShop, gateway: Gateway, measured: Measured
) -> None:
    """1, 0, 25, 100 %: some requests of the rehearsal are answered by the candidate, the review's plan is proven by the time."""
    checkout = shop(gateway=gateway)
    checkout.release(strategy=CANARY, rollback=PROVEN, change={"kind": "Feature"})
    route, releases = checkout.watch("httproutes"), checkout.watch("releases")
    with checkout.traffic(rate=200, seconds=60) as users:
        time.sleep(0.5)
        checkout.ship("2")
        proof = _rehearsal(checkout)
    assert not users.problems
    weights = route.weights("checkout")
    assert [weight for _, weight in weights] == [0, 1, 0, 25, 100, 0]
    assert proof["weight"] == 1
    measured("rehearsal: decision → seen to be back", parse_duration(proof["took"]).total_seconds())
    there, first = weights[1][0], weights[3][0]
    assert any(a.version == "2" for a in users.answers if there < a.at < first)
    items = [i for _, r in releases.of("checkout") for i in ((r.get("status") or {}).get("review") or {}).get("checklist") or []
             if i["name"] == "RollbackPlan"]  # fmt: skip
    assert [items[0]["state"], items[-1]["state"]] == ["Pending", "Done"]
    assert checkout.left_behind() == []


def test_without_a_router_one_pod_more_is_found_and_lost_again_before_the_first_step(
    shop: MakeShop, gateway: Gateway, measured: Measured
) -> None:
    """The endpoints are seen to be stable's alone between the two; no request fails."""
    checkout = shop(gateway=gateway)
    checkout.release(strategy=CANARY, rollback=PROVEN, traffic={"drain": "1s"})
    stable, slices = set(checkout.pods()), checkout.watch("endpointslices")
    with checkout.traffic(rate=60, seconds=60) as users:
        checkout.ship("2")
        measured("rehearsal by pods: decision → seen to be back", parse_duration(_rehearsal(checkout)["took"]).total_seconds())
    assert not users.problems
    mixes = [len(set(pods) - stable) for _, service, pods in slices.endpoints() if service == "checkout" and set(pods) & stable]
    turns = [count for number, count in enumerate(mixes) if not number or mixes[number - 1] != count]
    assert turns[:4] == [0, 1, 0, 1], turns
    assert checkout.left_behind() == []


def test_a_controller_that_is_killed_while_users_come_back_goes_on_where_it_was(
    shop: MakeShop, gateway: Gateway, product: Installation
) -> None:
    """Killed in the rehearsal; the next one takes the users back, and then begins the first step. No request fails."""
    checkout = shop(gateway=gateway)
    checkout.release(strategy=CANARY, rollback=PROVEN)
    route = checkout.watch("httproutes")
    with checkout.traffic(rate=60, seconds=90) as users:
        checkout.ship("2")
        checkout.wait_for_trial_weight(1)
        product.kill()
        _rehearsal(checkout)
    assert not users.problems
    assert [weight for _, weight in route.weights("checkout")] == [0, 1, 0, 25, 100, 0]
    assert checkout.left_behind() == []
