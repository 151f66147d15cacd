"""Gates that compare candidate and stable, with a real gateway and a real Prometheus."""

import time
from collections.abc import Callable
from datetime import datetime

from tests.controlplane.gateway import Gateway
from tests.controlplane.prometheus import Prometheus
from tests.real.releases.shop import Manifest, Shop

MakeShop = Callable[..., Shop]
Measured = Callable[[str, float], None]
# Long enough that the bad candidates below are found with certainty, also on a machine that sends half of the requests only.
HALF = {"type": "Canary", "canary": {"steps": [{"weight": 50, "duration": "24s"}, {"weight": 100}]}}
_OF = 'namespace="$namespace"'
QUICK: Manifest = {"interval": "2s", "delay": "2s"}
RATIO: Manifest = {"bad": f'http_requests_total{{{_OF},code=~"5.."}}', "total": f"http_requests_total{{{_OF}}}", **QUICK}
LATENCY: Manifest = {"histogram": f"http_request_duration_seconds_bucket{{{_OF}}}", "threshold": 0.05, **QUICK}


def gate(shop: Shop, name: str = "errors") -> Manifest:
    """The gate in the status; empty while no step asks it."""
    gates = (shop.status().get("trial") or {}).get("gates") or []
    found: Manifest = next((each for each in gates if each["name"] == name), {})
    return found


def test_a_regression_is_found_and_an_incident_of_both_sides_is_blamed_on_nobody(
    shop: MakeShop, gateway: Gateway, measured: Measured
) -> None:
    """Ten times as many errors, and a slowdown, beside a good candidate at the worst time; pods are known by name or by hash."""
    worse, slower, unlucky = (shop(n, pods=2, image="shop:1-errors2", gateway=gateway) for n in ("worse", "slower", "unlucky"))
    worse.release(strategy=HALF, gates=[{"name": "errors", "ratio": RATIO}])
    slower.release(strategy=HALF, gates=[{"name": "slow", "latency": LATENCY}])
    unlucky.release(strategy=HALF, gates=[{"name": "errors", "ratio": {**RATIO, "hashLabel": "pod_template_hash"}}])
    with (
        worse.traffic(rate=60, seconds=90),
        slower.traffic(rate=40, seconds=90),
        unlucky.traffic(rate=60, seconds=90),
    ):
        worse.ship("2-errors20")
        slower.ship("2-errors2-slow80")
        unlucky.ship("2-errors2")
        unlucky.wait_for_trial_weight(50)
        began = time.time()
        with unlucky.traffic(rate=40, seconds=5, path="/broken") as incident:
            incident.wait()
        found = worse.wait_for_outcome("Rejected", timeout=60)["history"][-1]
        slow = slower.wait_for_outcome("Rejected", timeout=60)["history"][-1]
        took = datetime.fromisoformat(found["ended"]).timestamp() - began
        measured("a gate that compares: traffic → ten times as many errors found", took)
        unlucky.wait_for_outcome("Completed", timeout=60)
    assert "times worse (99% sure at any time); evidence" in found["message"]
    assert "gate slow: above 0.05: candidate" in slow["message"]
    assert len(incident.problems) == 1
    assert worse.images() == {"shop:1-errors2": 2}
    assert unlucky.images() == {"shop:2-errors2": 2}
    assert worse.left_behind(held=True) == []


def test_a_restart_of_prometheus_in_mid_step_stops_only_the_clock(
    shop: MakeShop, gateway: Gateway, prometheus: Prometheus
) -> None:
    """The gate says why it cannot tell; what it has seen is kept, and with the data that Prometheus had it goes on."""
    checkout = shop(pods=2, image="shop:1-errors2", gateway=gateway)
    checkout.release(strategy=HALF, gates=[{"name": "errors", "ratio": RATIO}])
    with checkout.traffic(rate=60, seconds=90):
        checkout.ship("2-errors2")
        checkout.wait_for(lambda: gate(checkout).get("verdict") == "Pass", timeout=40)
        before = gate(checkout)["test"]
        prometheus.stop()
        try:
            checkout.wait_for(lambda: gate(checkout).get("reason") == "Refused", timeout=20)
            assert "the source refuses connections; is it running?; waits" in gate(checkout)["message"]
            assert gate(checkout)["test"]["windows"] >= before["windows"]
        finally:
            prometheus.start()
        checkout.wait_for_outcome("Completed", timeout=60)
    assert checkout.images() == {"shop:2-errors2": 2}
    assert checkout.left_behind() == []
