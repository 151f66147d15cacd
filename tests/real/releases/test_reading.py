"""What people and programs read: kubectl's views, Events, health and metrics. And the rights that the controller uses."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest

from tests.controlplane.cluster import ControlPlane
from tests.controlplane.gateway import Gateway
from tests.real.releases.flags import config_map, feature_flag
from tests.real.releases.installation import ACCOUNT, Installation
from tests.real.releases.shop import GROUP, STANDING, Shop
from tests.real.releases.test_jobs import smoke

MakeShop = Callable[..., Shop]


def test_kubectl_shows_a_release_as_people_expect(shop: MakeShop) -> None:
    """explain teaches, get has the columns that matter, wait and rollout status end in time, describe tells the story."""
    checkout = shop(pods=1)
    explained = checkout.kubectl("explain", "release.spec.strategy").stdout
    assert "Canary moves traffic in steps, BlueGreen switches all of it at once" in explained
    assert "`promote: step`" in checkout.kubectl("explain", "release.spec.strategy.canary.steps.approval").stdout
    checkout.apply(checkout.manifest(strategy=STANDING))
    checkout.kubectl("wait", "--for=condition=Ready", "release/checkout", "--timeout=20s")
    checkout.ship("2")
    checkout.wait_for_trial_weight(50)
    columns, row = (line.split() for line in checkout.kubectl("get", "rel").stdout.splitlines())
    assert columns == ["NAME", "PHASE", "STEP", "WEIGHT", "STABLE", "CANDIDATE", "REASON", "AGE"]
    assert row[:-1] == ["checkout", "Progressing", "1", "50", "1", "2", "Step"]
    assert checkout.kubectl("wait", "--for=condition=Ready=false", "release/checkout", "--timeout=1s").returncode == 0
    checkout.ask("promote", "full")
    checkout.kubectl("wait", "--for=condition=Ready", "release/checkout", "--timeout=20s")
    checkout.kubectl("rollout", "status", "deployment/checkout", "--timeout=5s")
    assert checkout.kubectl("get", "rel", "--no-headers").stdout.split()[:-1] == ["checkout", "Healthy", "2", "AtRest"]
    assert "successfully rolled out" in checkout.kubectl("rollout", "status", "deployment/checkout").stdout
    described = checkout.kubectl("describe", "release", "checkout").stdout
    for part in ("Phase:", "Healthy", "promote: full by alice", "Version:", "Events:", "Normal", "Type:"):
        assert part in described, described


def test_a_good_canary_writes_four_events_at_most_and_they_tell_what_happened(shop: MakeShop, gateway: Gateway) -> None:
    """Begun by whom, baking, completed: no event for each step of ours."""
    checkout = shop(pods=1, gateway=gateway)
    checkout.release(strategy={"type": "Canary", "canary": {"steps": [{"weight": 50, "duration": "1s"}, {"weight": 100}]}},
                     rollback={"warm": {"for": "1s"}}, traffic={"drain": "0s", "httpRoute": {"name": "checkout"}})  # fmt: skip
    checkout.wait_for_event("AtRest")
    already = len(checkout.events())
    checkout.ship("2")
    checkout.wait_for_outcome("Completed")
    assert "is stable now" in checkout.wait_for_event("BakePassed")
    events = checkout.events()[already:]
    assert len(events) <= 4, events
    assert "changed by alice" in events[0][1]
    assert "Baking" in [reason for reason, _ in events]
    assert checkout.events("Deployment") == []


def test_health_and_metrics_answer_on_their_own_ports(product: Installation, shop: MakeShop) -> None:
    """/healthz and /readyz on 8081, /metrics on 8080, with counters that exist from the start; nothing else is served."""
    shop(pods=1).release()
    address = product.pods()[0]["status"]["podIP"]

    def get(port: int, path: str) -> str:
        with urllib.request.urlopen(f"http://{address}:{port}{path}", timeout=5) as answer:
            return str(answer.read().decode())

    assert (get(8081, "/healthz"), get(8081, "/readyz")) == ("ok\n", "ok\n")
    text = get(8080, "/metrics")
    for series in (
        'release_coordinator_releases_ended_total{outcome="Completed"}', 'release_coordinator_turns_total{outcome="raised"} 0.0',
        "release_coordinator_leader 1.0", "release_coordinator_api_calls_total{", "release_coordinator_effects_total{",
        "release_coordinator_queue_depth", "release_coordinator_view_staleness_seconds{", 'release="checkout"',
    ):  # fmt: skip
        assert series in text, series
    for port, path in ((8081, "/metrics"), (8080, "/debug/pprof"), (8080, "/healthz")):
        with pytest.raises(urllib.error.HTTPError):
            get(port, path)


ALSO_GRANTED = {
    "update releases/finalizers", "update deployments/finalizers",
    *(f"{verb} traefikservices" for verb in ("watch", "patch")),
}
"""For OwnerReferencesPermissionEnforcement: looked at by the API server, never called. For Traefik: see test_shadow.py."""


def test_every_right_of_the_chart_is_used_no_other_call_is_made_and_none_is_forbidden(
    plane: ControlPlane, product: Installation, shop: MakeShop, gateway: Gateway, feature_flags: None
) -> None:
    """Story after story: gates with a Secret and a Job, a migration, flags, an autoscaler, a route, a rejection, a rollback, much
    history; a train.
    """
    began = plane.audit()[-1].time
    plane.api("DELETE", "/apis/coordination.k8s.io/v1/namespaces/release-coordinator/leases/release-coordinator")
    product.kill()  # Its views are listed and its Lease is made again.
    checkout = shop(pods=1, gateway=gateway)
    token = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token", "namespace": product.namespace},
             "stringData": {"token": "t"}}  # fmt: skip
    source = plane.api("GET", f"/apis/{GROUP}/v1alpha1/metricsources/default")["spec"]
    source |= {"authentication": {"bearer": {"name": "token", "key": "token"}}}
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
              "metadata": {"name": "checkout", "namespace": checkout.namespace},
              "spec": {"maxReplicas": 3,
                       "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "checkout"}}}  # fmt: skip
    named = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "MetricSource", "metadata": {"name": "named"}, "spec": source}
    checkout.apply(token, scaler, named, config_map(checkout), feature_flag(checkout, "newer"))
    flags = [{"name": "new-checkout", "source": {"configMap": "flags"}, "weight": 50},
             {"name": "newer", "source": {"featureFlag": "shop"}, "weight": 50}]  # fmt: skip
    gate = {"name": "up", "threshold": {"query": "vector(1)", "max": 2, "interval": "1s", "source": "named"}}
    quick = {"strategy": {"type": "BlueGreen"}, "rollback": {"warm": {"for": "0s"}},
             "traffic": {"drain": "0s", "httpRoute": {"name": "checkout"}}}  # fmt: skip
    tried = smoke("true", "before-traffic")
    migration = {"name": "a", "reversible": True, "backwardCompatible": True, "job": tried["job"], "undo": tried["job"]}
    checkout.release(**{**quick, "gates": [gate, tried], "flags": flags, "strategy": STANDING,
                        "change": {"kind": "DataMigration", "migrations": [migration]}})  # fmt: skip
    checkout.ship("2-startup2")
    checkout.wait_for_trial_weight(50)
    checkout.kubectl("scale", "deployment/checkout", "--replicas=2")
    checkout.wait_for(lambda: checkout.replicas().get("shop:1") == 2)
    checkout.kubectl("scale", "deployment/checkout", "--replicas=1")  # Kept back, then written by us through /scale.
    checkout.wait_for(lambda: checkout.status()["trial"]["gates"][-1].get("at"), what="an answer to the gate")
    checkout.kubectl("annotate", "release/checkout", f"{GROUP}/abort=true", user="admin")  # alice has no right to FeatureFlags.
    checkout.wait_for_phase("RolledBack")
    checkout.apply(checkout.manifest(**quick))
    for tag in range(3, 9):
        checkout.ship(str(tag))
        checkout.wait_for(lambda tag=tag: _is_stable(checkout, f"shop:{tag}"))
    checkout.ask("rollback", "previous")
    checkout.wait_for(lambda: _is_stable(checkout, "shop:7"))
    for _ in range(2):
        checkout.ask("retry")
        checkout.wait_for(lambda: f"{GROUP}/retry" not in (checkout.get("release")["metadata"].get("annotations") or {}))
    checkout.wait_for(lambda: _counted(checkout, "RequestRefused") == [2], what="one event that counts both refusals")
    asked = {"name": "alone", "namespace": checkout.namespace, "annotations": {f"{GROUP}/pause": "true"}}
    checkout.apply({"apiVersion": f"{GROUP}/v1alpha1", "kind": "ReleaseTrain", "metadata": asked,
                    "spec": {"members": [{"name": "checkout", "version": "7"}]}})  # fmt: skip
    checkout.wait_for(lambda: f"{GROUP}/pause" not in checkout.get("releasetrain", "alone")["metadata"]["annotations"])
    ours = [c for c in plane.audit() if c.user == ACCOUNT and c.time > began]
    # Namespaces of earlier tests are being deleted meanwhile, where nothing may be made any more.
    assert [c for c in ours if c.code == 403 and c.namespace in (checkout.namespace, product.namespace, "")] == []
    called = {f"{c.verb} {c.resource}{'/' if c.subresource else ''}{c.subresource}" for c in ours if c.resource}
    granted = _granted(plane)
    # An API server that does not begin a watch with all there is must be asked for a list first.
    lists = {right.replace("watch", "list") for right in granted if right.startswith("watch ")}
    assert called - granted == set()
    assert granted - called - lists == ALSO_GRANTED


def _counted(shop: Shop, reason: str) -> list[int]:
    """How often each Event of ours with this reason says that it happened."""
    found = [e for e in shop.items("events.events.k8s.io") if (e["reason"], e["regarding"]["name"]) == (reason, shop.name)]
    return [(e.get("series") or {"count": 1})["count"] for e in found]


def _is_stable(shop: Shop, image: str) -> bool:
    return shop.status()["phase"] == "Healthy" and shop.replicas().keys() == {image}


def _granted(plane: ControlPlane) -> set[str]:
    """`verb resource` for every right in the controller's roles."""
    wanted = ("clusterrole/release-coordinator-workloads", "clusterrole/release-coordinator-cluster", "role/release-coordinator")
    found = [json.loads(plane.kubectl("get", one, "-n", "release-coordinator", "-o", "json").stdout)["rules"] for one in wanted]
    return {f"{verb} {resource}" for rules in found for rule in rules for resource in rule["resources"] for verb in rule["verbs"]}
