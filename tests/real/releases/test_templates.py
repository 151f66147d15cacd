"""Gates of templates, on the real API server and with the real Prometheus: missing, made, changed and deleted under way."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.controlplane.cluster import ControlPlane
from tests.controlplane.gateway import Gateway
from tests.controlplane.prometheus import Prometheus
from tests.real.releases.shop import GROUP, Manifest, Shop
from tests.real.releases.test_ratio import RATIO, gate

MakeShop = Callable[..., Shop]
LONG = {"type": "Canary", "canary": {"steps": [{"weight": 50, "duration": "15s"}, {"weight": 100}]}}


def _template(shop: Shop, **ratio: object) -> Manifest:
    parameters = [
        {"name": "class", "description": "First digit of bad status codes."},
        {"name": "tolerance", "type": "Number", "sets": "tolerance", "default": "1.25", "minimum": "1"},
    ]
    question = {**RATIO, "bad": RATIO["bad"].replace("5..", "$class.."), **ratio}
    return {"apiVersion": f"{GROUP}/v1alpha1", "kind": "GateTemplate",
            "metadata": {"name": "errors", "namespace": shop.namespace},
            "spec": {"description": "Errors.", "parameters": parameters, "ratio": question}}  # fmt: skip


def test_a_template_that_comes_changes_and_goes_under_way_is_told_and_the_release_ends_well(
    shop: MakeShop, gateway: Gateway
) -> None:
    """Blocked without it; its evidence begins anew when it changes; it waits while it is gone, and goes on when it is back."""
    checkout = shop(pods=2, image="shop:1-errors2", gateway=gateway)
    named = {"name": "errors", "arguments": {"class": "5"}}
    slowly = {"type": "Canary", "canary": {"steps": [{"weight": 50, "duration": "45s"}, {"weight": 100}]}}
    checkout.release(strategy=slowly, gates=[{"name": "errors", "template": named}], rollback={"warm": {"for": "2s"}})
    with checkout.traffic(rate=60, seconds=150):
        checkout.ship("2-errors2")
        assert checkout.wait_for_phase("Blocked")["reason"] == "GateUnusable"
        checkout.wait_for_message(f"template: GateTemplate errors does not exist in namespace {checkout.namespace}")
        checkout.apply(_template(checkout))
        checkout.wait_for(lambda: gate(checkout).get("verdict") == "Pass", timeout=40)
        first = gate(checkout)
        checkout.apply(_template(checkout, tolerance=3, windows=2))
        checkout.wait_for(lambda: gate(checkout).get("question") not in ("", first["question"]), timeout=20)
        checkout.kubectl("delete", "gatetemplate", "errors", user="admin")
        checkout.wait_for(lambda: gate(checkout).get("reason") == "TemplateUnusable", timeout=20)
        assert "does not exist" in gate(checkout)["message"]
        assert checkout.status()["trial"]["step"]["weight"] == 50
        checkout.apply(_template(checkout, tolerance=3, windows=2))
        checkout.wait_for_outcome("Completed", timeout=90)
    assert checkout.images() == {"shop:2-errors2": 2}
    assert checkout.left_behind() == []


def test_a_bad_candidate_is_found_by_a_gate_of_a_template(shop: MakeShop, gateway: Gateway) -> None:
    """As by one that is written out."""
    worse = shop("worse", pods=2, image="shop:1-errors2", gateway=gateway)
    worse.apply(_template(worse))
    worse.release(strategy=LONG, gates=[{"name": "errors", "template": {"name": "errors", "arguments": {"class": "5"}}}])
    with worse.traffic(rate=60, seconds=90):
        worse.ship("2-errors40")
        found = worse.wait_for_outcome("Rejected", timeout=60)["history"][-1]
    assert "times worse (99% sure at any time); evidence" in found["message"]
    assert worse.images() == {"shop:1-errors2": 2}


def test_the_ready_templates_of_http_servers_and_of_traefik_find_a_bad_candidate(
    shop: MakeShop, gateway: Gateway, prometheus: Prometheus
) -> None:
    """Installed with the chart, asked of the real Prometheus: errors and slowness by the application's counters, errors by the
    gateway's; a good candidate passes all of them.
    """
    prometheus.also_scrape("traefik", gateway.metrics_address)
    quick = {"interval": "2s", "delay": "2s"}

    def named(template: str, **arguments: str) -> Manifest:
        reference = {"kind": "ClusterGateTemplate", "name": template, "arguments": arguments}
        return {"name": template, "template": reference, "at": ["step"]}

    failing, slow, traefik, good = (
        shop(name, pods=2, image="shop:1-errors2", gateway=gateway) for name in ("failing", "slow", "traefik", "good")
    )
    at_gateway = {"interval": "1s", "over": "5s", "max": "0.1"}
    failing.release(strategy=LONG, gates=[named("http-errors", **quick)])
    slow.release(strategy=LONG, gates=[named("http-latency", threshold="0.05", **quick)])
    traefik.release(strategy=LONG, gates=[named("traefik-errors", service="traefik", **at_gateway)])
    good.release(strategy=LONG, gates=[
        named("http-errors", **quick), named("http-latency", threshold="0.05", **quick),
        named("traefik-errors", service="good", **at_gateway), named("traefik-latency", service="good", interval="1s", over="5s"),
    ])  # fmt: skip
    with (
        failing.traffic(rate=60, seconds=90),
        slow.traffic(rate=40, seconds=90),
        traefik.traffic(rate=40, seconds=90),
        good.traffic(rate=40, seconds=90),
    ):
        failing.ship("2-errors40")
        slow.ship("2-errors2-slow80")
        traefik.ship("2-errors40")
        good.ship("2-errors2")
        good.wait_for_outcome("Completed", timeout=80)
        for one in (failing, slow, traefik):
            found = one.wait_for_outcome("Rejected", timeout=60)["history"][-1]
            assert found["outcome"] == "Rejected"


def test_lint_asks_the_cluster_whether_a_gate_could_see_harm_in_time(
    shop: MakeShop, gateway: Gateway, plane: ControlPlane, tmp_path: Path
) -> None:
    """Of a Deployment that is not yet released, with a template that only the cluster has: the real counters of its pods."""
    checkout = shop(pods=2, image="shop:1-errors2", gateway=gateway)
    named = {"kind": "ClusterGateTemplate", "name": "http-errors"}
    steps = [{"weight": 5, "duration": "2m"}, {"weight": 100}]
    manifest = checkout.manifest(strategy={"canary": {"steps": steps}}, gates=[{"name": "errors", "template": named}])
    file = tmp_path / "release.yaml"
    file.write_text(json.dumps(manifest))
    with checkout.traffic(rate=40, seconds=70):
        time.sleep(55)  # What came in the last 35 s, the gate's delay, does not count.
        command = [sys.executable, "-m", "controller.cli", "lint", "--cluster", "--kubeconfig", str(plane.kubeconfig("admin"))]
        done = subprocess.run([*command, str(file)], capture_output=True, text=True, timeout=60, check=False)
    assert "2m at 5 % is too short for gate errors: at stable's" in done.stdout, done.stdout + done.stderr
    assert any(remedy in done.stdout for remedy in ("Make it ", "Give the step ")), done.stdout
