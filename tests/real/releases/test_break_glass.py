"""When the policies go, and when a person takes the Deployment out of our hands: stable's users notice neither."""

import json
from collections.abc import Callable

from tests.controlplane.cluster import ControlPlane
from tests.controlplane.gateway import Gateway
from tests.real.releases.installation import Installation
from tests.real.releases.shop import GROUP, STANDING, Shop

MakeShop = Callable[..., Shop]
BROKEN = {"metadata": {"labels": {f"{GROUP}/release": None}, "annotations": {f"{GROUP}/break-glass": "it burns"}}}
LEFT = {"Deployment paused", *(f"Deployment annotation {GROUP}/{key}" for key in ("break-glass", "broken-by"))}
HOLD = ("mutatingadmissionpolicybinding,mutatingadmissionpolicy", "release-coordinator-hold")


def test_without_the_hold_policy_the_trial_is_taken_back_and_goes_on_when_it_is_restored(
    plane: ControlPlane, product: Installation, shop: MakeShop, gateway: Gateway
) -> None:
    """The wheel goes back at once, the release is Blocked with an alarm; `helm upgrade` restores the policy and it goes out."""
    checkout, idle = shop(gateway=gateway, pods=2), shop("idle", pods=1)
    checkout.release(strategy=STANDING)
    stable = set(checkout.pods())
    with checkout.traffic(rate=40, seconds=60) as users:
        checkout.ship("2")
        checkout.wait_for_trial_weight(50)
        plane.kubectl("delete", *HOLD)
        try:
            status = checkout.wait_for_phase("Blocked")
            assert "Restore the chart's admission policies with helm upgrade" in status["message"]
            assert checkout.condition("Stalled")["status"] == "True"
            assert [left for left in checkout.left_behind(held=True) if left != "finalizer"] == []
            deployment = checkout.get("deployment")
            assert (deployment["spec"]["paused"], deployment["spec"]["strategy"]["type"]) == (True, "RollingUpdate")
            assert set(checkout.pods()) == stable
            checkout.wait_for_event("PolicyMissing")
            idle.apply(idle.manifest())
            assert "not held" in idle.wait_for_message("Changes are not held yet")
        finally:
            product.install()
        checkout.wait_for_trial_weight(50)
        idle.wait_for_phase("Healthy")
        checkout.ask("promote", "full")
        checkout.wait_for_phase("Healthy")
    assert not users.problems
    assert (checkout.images(), checkout.left_behind()) == ({"shop:2": 2}, [])


def test_break_glass_in_mid_trial_gives_the_deployment_to_its_owner_and_the_label_gives_it_back(
    shop: MakeShop, gateway: Gateway
) -> None:
    """Pins off, route restored, marks gone: Kubernetes rolls as the owner says. The label back on: held as before."""
    checkout = shop(gateway=gateway, pods=2)
    checkout.release(strategy=STANDING)
    with checkout.traffic(rate=40, seconds=60) as users:
        checkout.ship("2")
        checkout.wait_for_trial_weight(50)
        checkout.kubectl("label", "deployment/checkout", f"{GROUP}/release-", user="alice")
        assert checkout.wheel_is_ours()  # Alice may not.
        said = checkout.kubectl("label", "deployment/checkout", f"{GROUP}/release-", user="bob", check=False).stderr
        assert "say why in the same request" in said
        checkout.kubectl("patch", "deployment/checkout", "-p", json.dumps(BROKEN), user="bob")
        status = checkout.wait_for_phase("Blocked")
        assert status["reason"] == "BreakGlass"
        assert status["message"].startswith("bob took the label off Deployment checkout (break-glass): it burns.")
        kept = status["overrides"][-1]
        assert (kept["what"], kept["author"], kept["because"]) == ("BreakGlass", "bob", "it burns")
        assert "bob took the label off" in checkout.wait_for_event("BreakGlass")
        checkout.wait_for(lambda: set(checkout.at_rest()) == LEFT, what="everything but the pause is put back")
    assert not users.problems
    checkout.kubectl("rollout", "resume", "deployment/checkout", user="alice")
    checkout.kubectl("rollout", "status", "deployment/checkout", "--timeout=30s")
    assert checkout.images() == {"shop:2": 2}
    checkout.ship("3")
    checkout.kubectl("rollout", "status", "deployment/checkout", "--timeout=30s")
    assert checkout.status()["phase"] == "Blocked"
    checkout.kubectl("label", "deployment/checkout", f"{GROUP}/release=checkout", user="bob")
    checkout.wait_for_phase("Healthy")
    checkout.ship("4")
    checkout.wait_for_trial_weight(50)
    assert checkout.replicas() == {"shop:3": 2, "shop:4": 1}
    checkout.ask("abort")
    checkout.wait_for_phase("RolledBack")
    assert checkout.images() == {"shop:3": 2}
