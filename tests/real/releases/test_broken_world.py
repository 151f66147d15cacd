"""Abort while something that it needs is broken: users get stable in any case, and the status says what fails."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.controlplane.cluster import ControlPlane
from tests.controlplane.gateway import Gateway
from tests.controlplane.prometheus import Prometheus
from tests.real.releases.shop import STANDING, Shop

MakeShop = Callable[..., Shop]
ROLE = "/apis/rbac.authorization.k8s.io/v1/clusterroles/release-coordinator-workloads"
JSON_PATCH = "application/json-patch+json"


@contextmanager
def forbidden(plane: ControlPlane, resource: str, verb: str) -> Iterator[None]:
    """The controller's role lacks one verb for one resource, until the end of the block."""
    rules = plane.api("GET", ROLE)["rules"]
    fewer = json.loads(json.dumps(rules))
    for rule in fewer:
        if resource in rule["resources"]:
            rule["verbs"].remove(verb)
    plane.api("PATCH", ROLE, [{"op": "replace", "path": "/rules", "value": fewer}], JSON_PATCH)
    try:
        yield
    finally:
        plane.api("PATCH", ROLE, [{"op": "replace", "path": "/rules", "value": rules}], JSON_PATCH)


def standing(shop: MakeShop, gateway: Gateway | None, tag: str = "2", **spec: object) -> Shop:
    """A shop with a trial at half of the traffic."""
    checkout = shop(gateway=gateway, pods=2)
    checkout.release(strategy=STANDING, **spec)
    checkout.ship(tag)
    checkout.wait_for_trial_weight(50)
    return checkout


def test_abort_with_the_route_deleted_comes_to_its_end(shop: MakeShop, gateway: Gateway) -> None:
    """Without the route nobody is sent to the candidate; nothing waits for it, and a later release says what is missing."""
    checkout = standing(shop, gateway)
    checkout.kubectl("delete", "httproute", "checkout")
    checkout.ask("abort")
    status = checkout.wait_for_phase("RolledBack", timeout=10)
    assert "alice" in status["message"]
    assert checkout.replicas() == {"shop:1": 2}
    assert checkout.pin() is None
    checkout.ship("3")
    assert "HTTPRoute checkout does not exist" in checkout.wait_for_phase("Blocked")["message"]
    checkout.apply(checkout.route())
    checkout.wait_for_trial_weight(50)


def test_abort_with_the_route_read_only_uses_the_second_lever(plane: ControlPlane, shop: MakeShop, gateway: Gateway) -> None:
    """The Service behind the candidate's share is pointed to stable: no user sees the bad version; the status says what fails."""
    checkout = standing(shop, gateway, "2-errors100")
    with forbidden(plane, "httproutes", "patch"):
        checkout.ask("abort")
        checkout.wait_for_phase("RollingBack")
        checkout.wait_for(lambda: checkout.replicas() == {"shop:1": 2}, what="the candidate is scaled to 0")
        with checkout.traffic(rate=50, seconds=2) as users:
            users.wait()
        assert not users.problems
        stalled = checkout.wait_for_message("SetWeight fails")
        assert "patch" in stalled
        assert "httproutes" in stalled
        note = checkout.wait_for_event("EffectFailing")
        assert "SetWeight" in note
        assert "RBAC" in note
    checkout.wait_for_phase("RolledBack", timeout=40)
    checkout.ask("revert")
    checkout.wait_for_phase("Healthy")
    assert checkout.left_behind() == []


def test_abort_with_prometheus_hung_is_not_delayed(shop: MakeShop, gateway: Gateway, prometheus: Prometheus) -> None:
    """A gate that gets no answer is inconclusive; it neither fails the release nor holds up an abort."""
    query = 'sum(up{namespace="$namespace", pod_template_hash="$candidate"})'
    gate = {"name": "up", "threshold": {"query": query, "min": 1, "interval": "1s"}}
    prometheus.pause()
    try:
        checkout = standing(shop, gateway, gates=[gate])
        checkout.wait_for_message("up:")
        assert checkout.condition("GatesHealthy")["status"] == "Unknown"
        checkout.ask("abort")
        checkout.wait_for_phase("RollingBack", "RolledBack", timeout=8)  # A query may take 10 s.
    finally:
        prometheus.resume()
    checkout.wait_for_phase("RolledBack")
    assert checkout.replicas() == {"shop:1": 2}


def test_a_missing_right_is_named_and_the_release_goes_on_when_it_is_given(plane: ControlPlane, shop: MakeShop) -> None:
    """The condition and the event name the effect and the verb; with the right restored nothing has to be asked again."""
    checkout = shop(pods=1)
    checkout.release(strategy=STANDING)
    with forbidden(plane, "replicasets", "create"):
        checkout.ship("2")
        message = checkout.wait_for_message("CreateReplicaSet fails")
        assert 'cannot create resource "replicasets"' in message
        note = checkout.wait_for_event("EffectFailing")
        assert ("CreateReplicaSet" in note, "see the chart's roles" in note) == (True, True)
    checkout.wait_for_trial_weight(50, timeout=15)
    assert checkout.condition("Stalled")["status"] == "False"
