"""All Services on the pods, not only the one that people think of: none has a pod of the candidate before its time."""

from collections.abc import Callable

import pytest

from tests.controlplane.gateway import Gateway
from tests.real.releases.shop import Manifest, Shop

MakeShop = Callable[..., Shop]
CANARY = {"type": "Canary", "canary": {"steps": [{"weight": 50, "duration": "2s"}, {"weight": 100}]}}
BLUE_GREEN = {"type": "BlueGreen", "blueGreen": {"previewDuration": "2s"}}


def _others(shop: Shop) -> list[Manifest]:
    return [shop.service("internal"), shop.service("headless", clusterIP="None"),
            shop.service("eager", publishNotReadyAddresses=True)]  # fmt: skip


@pytest.mark.parametrize("strategy", [CANARY, BLUE_GREEN], ids=["canary", "blue-green"])
def test_no_service_has_the_candidate_while_a_route_splits_the_traffic(
    shop: MakeShop, gateway: Gateway, strategy: Manifest
) -> None:
    """Until promotion only `<service>-candidate` has the candidate, then all Services move; never both in one."""
    checkout = shop(pods=2, gateway=gateway)
    checkout.apply(*_others(checkout))
    checkout.release(strategy=strategy)
    stable = set(checkout.pods())
    both = checkout.watch_mixed(stable)
    early = checkout.watch_endpoints(lambda service, pod: pod not in stable and service != "checkout-candidate")
    checkout.ship("2")
    checkout.wait_for_trial_weight(100)
    assert early() == []
    checkout.wait_for_outcome("Completed")
    # What publishes unready pods also publishes those that are being terminated.
    assert [found for found in both() if " eager " not in found] == []
    assert checkout.images() == {"shop:2": 2}
    assert checkout.left_behind() == []


def test_without_a_route_all_services_open_and_close_together(shop: MakeShop) -> None:
    """Preview: none has the candidate; a canary's step: all have both; blue-green: none ever has both."""
    canary, blue = shop("canary", pods=2), shop("blue", pods=2)
    for one in (canary, blue):
        one.apply(one.service(f"{one.name}-internal"), one.service(f"{one.name}-headless", clusterIP="None"))
    canary.release(strategy=CANARY)
    blue.release(strategy=BLUE_GREEN)
    stable = {one.name: set(one.pods()) for one in (canary, blue)}
    mixed = blue.watch_mixed(stable["blue"])
    early = canary.watch_endpoints(lambda service, pod: service.startswith("canary") and pod not in stable["canary"]
                                   and not canary.status()["trial"]["step"]["index"])  # fmt: skip
    for one in (canary, blue):
        one.ship("2")
    canary.wait_for_trial_weight(50)
    assert early() == []
    in_step = canary.watch("endpointslices")
    canary.wait_for(lambda: {s: len(pods) for _, s, pods in in_step.endpoints() if s.startswith("canary")}
                    == {"canary": 4, "canary-internal": 4, "canary-headless": 4})  # fmt: skip
    for one in (canary, blue):
        one.wait_for_outcome("Completed")
        assert one.left_behind() == []
    assert [found for found in mixed() if " blue" in found] == []


def test_a_service_that_appears_in_mid_release_is_pinned_like_the_others(shop: MakeShop, gateway: Gateway) -> None:
    """A Service made during a step soon has stable's pods only; an ignored one is left as it is; no other has the candidate,
    on the way back neither.
    """
    checkout = shop(pods=2, gateway=gateway)
    checkout.apply(checkout.service("ignored"))
    checkout.release(strategy={"type": "Canary", "canary": {"steps": [{"weight": 50, "duration": "60s"}, {"weight": 100}]}},
                     traffic={"drain": "1s", "httpRoute": {"name": "checkout"}, "ignoreServices": ["ignored"]})  # fmt: skip
    stable_pods = set(checkout.pods())
    early = checkout.watch_endpoints(lambda service, pod: pod not in stable_pods and service == "checkout")
    checkout.ship("2")
    status = checkout.wait_for_trial_weight(50)
    checkout.apply(checkout.service("late"))
    stable = status["stable"]["hash"]
    checkout.wait_for(lambda: checkout.get("service", "late")["spec"]["selector"].get("pod-template-hash") == stable)
    assert checkout.get("service", "ignored")["spec"]["selector"] == {"app": "checkout"}
    checkout.ask("abort")
    checkout.wait_for_outcome("Aborted")
    assert checkout.left_behind(held=True) == []
    assert early() == []


def test_a_service_of_several_workloads_blocks_the_start_and_says_what_to_do(shop: MakeShop) -> None:
    """It cannot be pinned without taking the other's pods away: narrower selector, or ignoreServices."""
    ours, theirs = shop("ours", pods=1), shop("theirs", pods=1)
    ours.apply({**ours.service("shared"), "spec": {"selector": {"tier": "web"}, "ports": [{"port": 80, "targetPort": "http"}]}})
    for one in (ours, theirs):
        one.kubectl("patch", "deployment", one.name, "--type=json", "-p",
                    '[{"op":"add","path":"/spec/template/metadata/labels/tier","value":"web"}]')  # fmt: skip
        one.kubectl("rollout", "status", f"deployment/{one.name}")
    ours.release(strategy=CANARY)
    ours.ship("2")
    status = ours.wait_for_phase("Blocked")
    assert (status["reason"], "ignoreServices" in status["message"]) == ("ServiceShared", True)
    ours.kubectl("delete", "service", "shared")
    ours.wait_for_outcome("Completed")
    assert ours.left_behind() == []
    assert theirs.images() == {"shop:1": 1}
