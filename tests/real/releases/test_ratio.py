"""Gates that compare candidate and stable, with a real gateway and a real Prometheus."""

import os
import signal
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tests.controlplane.cluster import ControlPlane
from tests.controlplane.gateway import Gateway
from tests.controlplane.prometheus import Prometheus
from tests.real.releases.shop import STANDING, Manifest, Shop

MakeShop = Callable[..., Shop]
Measured = Callable[[str, float], None]
# Long enough that the bad candidates below are found with certainty, also on a machine that sends half of the requests only.
HALF = {"type": "Canary", "canary": {"steps": [{"weight": 50, "duration": "24s"}, {"weight": 100}]}}
_OF = 'namespace="$namespace"'
QUICK: Manifest = {"interval": "2s", "delay": "2s"}
RATIO: Manifest = {"bad": f'http_requests_total{{{_OF},code=~"5.."}}', "total": f"http_requests_total{{{_OF}}}", **QUICK}
LATENCY: Manifest = {"histogram": f"http_request_duration_seconds_bucket{{{_OF}}}", "threshold": 0.05, "edges": [0.01, 0.1],
                     **QUICK}  # fmt: skip


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


def test_twice_as_many_errors_as_one_in_two_hundred_are_found(
    shop: MakeShop, gateway: Gateway, prometheus: Prometheus, measured: Measured
) -> None:
    """0.5 % against 1 %, which no limit could tell from a busy hour; the review says beforehand whether the gate can see it."""
    checkout = shop(pods=2, image="shop:1-errors0.5", gateway=gateway)
    checkout.release(strategy=STANDING, gates=[{"name": "errors", "ratio": {**RATIO, "tolerance": 1}}])
    with checkout.traffic(rate=500, seconds=300):
        asked = f'increase(http_requests_total{{namespace="{checkout.namespace}",code="500"}}[1m] offset 4s) > 0'
        checkout.wait_for(lambda: prometheus.query(asked), what="errors of stable, older than the gate's delay")
        checkout.ship("2-errors1")
        checkout.wait_for_trial_weight(50)
        (foreseen,) = checkout.wait_for(lambda: checkout.status()["review"].get("foreseen"), what="what the gate can see")
        (watched,) = [item for item in checkout.status()["review"]["checklist"] if item["name"] == "Gates"]
        began = time.time()
        found = checkout.wait_for_outcome("Rejected", timeout=280)["history"][-1]
    assert "gate errors" in foreseen.lower() and "at stable's " in foreseen
    assert (watched["state"], "what they count of stable is there now" in watched["evidence"]) == ("Done", True)
    measured("1 % errors against 0.5 % at 500 requests a second", datetime.fromisoformat(found["ended"]).timestamp() - began)
    assert "gate errors: candidate " in found["message"]
    assert " of 100 against" in found["message"]
    assert checkout.images() == {"shop:1-errors0.5": 2}


def test_a_second_scraper_makes_the_gate_wait_and_names_the_label_to_match_on(
    shop: MakeShop, gateway: Gateway, prometheus: Prometheus, plane: ControlPlane
) -> None:
    """Every request is there twice: that is neither a pass nor a failure. With one of the two alone the release goes on."""
    checkout = shop(pods=2, image="shop:1-errors2", gateway=gateway)
    checkout.release(strategy=HALF, gates=[{"name": "errors", "ratio": RATIO}])
    with Prometheus(plane, beside=prometheus), checkout.traffic(rate=60, seconds=120):
        checkout.ship("2-errors2")
        checkout.wait_for(lambda: gate(checkout).get("reason") == "Duplicates", timeout=40)
        seen = gate(checkout)
        assert "counters are there twice, with prometheus_replica '' and 'b'; match on one of them" in seen["message"]
        assert seen["verdict"] == "Inconclusive"
        alone = {name: RATIO[name].replace("{", '{prometheus_replica="",') for name in ("bad", "total")}
        checkout.apply(checkout.manifest(strategy=HALF, gates=[{"name": "errors", "ratio": {**RATIO, **alone}}]))
        checkout.wait_for_outcome("Completed", timeout=70)
    assert checkout.images() == {"shop:2-errors2": 2}


def test_no_request_is_counted_twice_when_pods_restart_in_mid_window(shop: MakeShop, gateway: Gateway) -> None:
    """A container of stable's is killed and counts from 0 again; a pod of the candidate's is deleted, and another one made."""
    checkout = shop(pods=2, image="shop:1-errors2", gateway=gateway)
    checkout.release(strategy=STANDING, gates=[{"name": "errors", "ratio": RATIO}])
    old = set(checkout.pods())
    with checkout.traffic(rate=60, seconds=90) as users:
        checkout.ship("2-errors2")
        checkout.wait_for(lambda: (gate(checkout).get("test") or {}).get("windows", 0) >= 2, timeout=40)
        before = gate(checkout)["test"]
        _kill(min(old))
        checkout.kubectl("delete", "pod", min(set(checkout.pods()) - old), "--wait=false", user="admin")
        checkout.wait_for(lambda: gate(checkout)["test"]["windows"] >= before["windows"] + 4, timeout=40)
        seen, sent = gate(checkout)["test"], users.by_version()
        checkout.ask("promote", "full")
        checkout.wait_for_outcome("Completed", timeout=70)
    for side, version in (("stable", "1"), ("candidate", "2")):
        assert sum(before[side]) < sum(seen[side]) <= sent[version].requests
    assert checkout.images() == {"shop:2-errors2": 2}


def _kill(pod: str) -> None:
    """SIGKILL the application of a pod."""
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"HOSTNAME={pod}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            continue
