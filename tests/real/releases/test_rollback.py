"""The way back, asked for by a person: in mid-canary, in the bake, and after completion."""

import time
from collections.abc import Callable

from tests.controlplane.gateway import Gateway
from tests.real.releases.shop import Shop

MakeShop = Callable[..., Shop]
Measured = Callable[[str, float], None]
LONG = {"type": "Canary", "canary": {"steps": [{"weight": 25, "duration": "60s"}, {"weight": 100}]}}
SHORT = {"type": "Canary", "canary": {"steps": [{"weight": 50}, {"weight": 100}]}}


def test_a_rollback_in_mid_canary_and_in_the_bake_is_instant_and_fails_nobody(
    shop: MakeShop, gateway: Gateway, measured: Measured
) -> None:
    """From the annotation to weight 0; stable's pods never changed; what was taken back stays held."""
    canary, baking = shop("canary", gateway=gateway), shop("baking", gateway=gateway)
    canary.release(strategy=LONG)
    baking.release(strategy=SHORT, rollback={"warm": {"for": "60s"}})
    stable = {one.name: set(one.uids()) for one in (canary, baking)}
    routes = canary.watch("httproutes")
    with canary.traffic(rate=40, seconds=60) as users_a, baking.traffic(rate=40, seconds=60) as users_b:
        for one in (canary, baking):
            one.ship("2")
        canary.wait_for_trial_weight(25)
        baking.wait_for_trial_weight(100)
        time.sleep(0.5)
        for one, value in ((canary, "previous"), (baking, "previous")):
            asked = one.ask("rollback", value)
            status = one.wait_for_outcome("Aborted")
            zero, weight = routes.weights(one.name)[-1]
            assert weight == 0
            measured(f"rollback of a {one.name}: annotation → weight 0", zero - asked)
            assert status["phase"] == "RolledBack"
            assert set(one.uids()) == stable[one.name]
            assert one.left_behind(held=True) == []
    assert not users_a.problems
    assert not users_b.problems
    assert baking.get("deployment")["spec"]["template"]["spec"]["containers"][0]["image"] == "shop:2"


def test_after_completion_an_earlier_revision_is_redeployed_and_the_rejected_one_stays_away(shop: MakeShop) -> None:
    """`previous`, `version:` and `revision:` write the old template back; what was rolled back is held until `retry`."""
    checkout = shop(pods=2)
    checkout.release(strategy=SHORT)
    first = checkout.status()["stable"]["hash"]
    for tag in ("2.0.0", "3.0.0"):
        checkout.ship(tag)
        checkout.wait_for_outcome("Completed")
    for value, image in (("previous", "shop:2.0.0"), (f"revision:{first}", "shop:1")):
        checkout.ask("rollback", value)
        status = checkout.wait_for_outcome("Completed")
        assert status["history"][-1]["kind"] == "Rollback"
        assert checkout.images() == {image: 2}
        assert checkout.left_behind() == []
    checkout.ship("3.0.0")
    checkout.wait_for_phase("RolledBack")
    time.sleep(0.5)
    assert checkout.images() == {"shop:1": 2}
    assert checkout.left_behind(held=True) == []
    checkout.ask("retry")
    checkout.wait_for_outcome("Completed")
    assert checkout.images() == {"shop:3.0.0": 2}
    checkout.ask("rollback", "version:v2.0.0")
    checkout.wait_for_outcome("Completed")
    assert checkout.images() == {"shop:2.0.0": 2}
    checkout.ask("rollback", "version:9.9.9")
    checkout.wait_for(lambda: not checkout.status()["requests"][-1]["done"])
    assert "2.0.0" in checkout.status()["requests"][-1]["message"]
    assert checkout.left_behind() == []
