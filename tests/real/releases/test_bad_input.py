"""What people get wrong: each mistake has its own error, at `kubectl apply` where the API server can see it, else in status."""

from collections.abc import Callable

import pytest
import yaml

from tests.controlplane.gateway import Gateway
from tests.real.releases.shop import GROUP, QUICK_CANARY, STANDING, Manifest, Shop

MakeShop = Callable[..., Shop]


def canary(*weights: int, **first: object) -> Manifest:
    """A canary's strategy; `first` is more of its first step."""
    steps: list[Manifest] = [{"weight": w} for w in weights]
    if steps:
        steps[0] |= first
    return {"type": "Canary", "canary": {"steps": steps}}


def gate(**changes: object) -> list[Manifest]:
    """One gate, with a limit unless `changes` says otherwise."""
    return [{"name": "g", "threshold": {"query": "vector(1)", "max": 2, "interval": "1s", **changes}}]


REFUSED: dict[str, tuple[Manifest, str]] = {
    "an unknown field": ({"startegy": {}}, 'unknown field "spec.startegy"'),
    "a misspelt field deep down": ({"strategy": {"canary": {"step": []}}}, 'unknown field "spec.strategy.canary.step"'),
    "weights that fall": ({"strategy": canary(50, 20, 100)}, "weights must rise from step to step"),
    "a weight above 100": ({"strategy": canary(50, 120)}, "less than or equal to 100"),
    "steps that never end": ({"strategy": canary(5, 25)}, "add a last step of weight 100"),
    "no steps": ({"strategy": canary()}, "should have at least 1 item"),
    "a duration that is none": ({"strategy": canary(5, 100, duration="five minutes")}, "spec.strategy.canary.steps[0].duration"),
    "another kind of strategy": ({"strategy": {"type": "Yolo"}}, '"Canary", "BlueGreen", "Rolling"'),
    "another kind of workload": ({"workloadRef": {"kind": "StatefulSet", "name": "x"}}, 'Unsupported value: "StatefulSet"'),
    "min above max": ({"gates": gate(min=3)}, "min must not be above max"),
    "a gate without limits": ({"gates": [{"name": "g", "threshold": {"query": "up"}}]}, "set min, max or both"),
    "a rehearsal of batches": ({"strategy": {"type": "Rolling"}, "rollback": {"rehearse": True}}, "which only a canary can"),
    "two gates of one name": ({"gates": gate() * 2}, "each gate needs a name of its own"),
}


def test_what_the_api_server_can_see_is_refused_at_apply(shop: MakeShop) -> None:
    """The message names the field, and where a rule of ours speaks, what to write instead."""
    checkout = shop(deploy=False)
    for mistake, (spec, said) in REFUSED.items():
        text = yaml.safe_dump(checkout.manifest(**spec))
        done = checkout.plane.kubectl("apply", "-f", "-", user="alice", check=False, input=text)
        assert done.returncode != 0, mistake
        assert said in done.stderr, f"{mistake}: {done.stderr}"


INVALID: dict[str, tuple[Manifest, str]] = {
    "bad PromQL": ({"gates": gate(query="sum(rate(x[1m])")}, "spec.gates.0.threshold.query"),
    "an unknown variable": ({"gates": gate(query='up{pod=~"$canary_pods"}')}, "$canary_pods"),
}
BLOCKED: dict[str, tuple[Manifest, str]] = {
    "an unknown MetricSource": ({"gates": gate(source="nowhere")}, "nowhere does not exist; see `kubectl get metricsources`"),
    "a forbidden MetricSource": ({"gates": gate(source="theirs")}, "MetricSource theirs may not be used in namespace"),
    "a route that is not there": ({"traffic": {"httpRoute": {"name": "nosuch"}}}, "HTTPRoute nosuch does not exist; create it"),
    "a route to other pods": ({"traffic": {"httpRoute": {"name": "elsewhere"}}}, "has no backend that selects these pods"),
    "a route to several Services": (
        {"traffic": {"httpRoute": {"name": "both"}}},
        "several Services of these pods (checkout, checkout-b)",
    ),
}


def test_what_only_the_controller_can_see_is_said_in_the_status(shop: MakeShop, gateway: Gateway) -> None:
    """Invalid at once for a spec that can never run; Blocked, with the remedy, for what can be mended; nothing starts."""
    checkout = shop(pods=1, gateway=gateway)
    other = checkout.service("checkout-other", selector={"app": "other"})
    route = checkout.route()

    def to(name: str, *services: str) -> Manifest:
        refs = [{"name": s, "port": 80} for s in services]
        spec = {**route["spec"], "rules": [{"backendRefs": refs}]}
        return route | {"metadata": {"name": name, "namespace": checkout.namespace}, "spec": spec}

    checkout.apply(checkout.service("checkout-b"), other, to("elsewhere", "checkout-other"), to("both", "checkout", "checkout-b"),
                   {"apiVersion": f"{GROUP}/v1alpha1", "kind": "MetricSource", "metadata": {"name": "theirs"},
                    "spec": {"address": "http://10.244.0.1:1", "namespaces": ["team-*"]}})  # fmt: skip
    checkout.release()
    for mistake, (spec, said) in INVALID.items():
        checkout.apply(checkout.manifest(**spec))
        status = checkout.wait_for_phase("Invalid")
        assert said in status["message"], f"{mistake}: {status['message']}"
        checkout.apply(checkout.manifest())
        checkout.wait_for_phase("Healthy")
    checkout.ship("2-neverready")
    checkout.wait_for_phase("Progressing")
    checkout.ask("abort")
    checkout.wait_for_phase("RolledBack")
    for number, (mistake, (spec, said)) in enumerate(BLOCKED.items()):
        checkout.apply(checkout.manifest(**spec))
        wanted = checkout.get("release")["metadata"]["generation"]
        checkout.wait_for(lambda wanted=wanted: checkout.status().get("observedGeneration") == wanted)
        checkout.ship(f"blocked-{number}")
        assert said in checkout.wait_for_message(said), mistake
        assert checkout.status()["phase"] == "Blocked", mistake
        assert checkout.replicas() == {"shop:1": 1}, mistake
    checkout.apply(checkout.manifest(strategy=STANDING))
    checkout.ship("2")
    checkout.wait_for_trial_weight(50)


def test_workloads_that_cannot_be_released_are_named_with_the_remedy(shop: MakeShop, gateway: Gateway) -> None:
    """Recreate with rolling and with canary, no history, a shared Service, a foreign candidate Service, a gateway that cannot
    mirror, no Deployment at all.
    """
    recreate: Manifest = {"strategy": {"type": "Recreate"}}
    rolls, parallel = shop("rolls", pods=1, **recreate), shop("parallel", pods=1, **recreate)
    forgetful, shared = shop("forgetful", pods=1, revisionHistoryLimit=0), shop("shared", pods=1)
    taken, missing = shop("taken", pods=1, gateway=gateway), shop("missing", deploy=False)
    copied = shop("copied", pods=1, gateway=gateway)
    wide = shared.deployment(pods=1, image="shop:1")
    wide["metadata"]["name"] = "shared-too"
    wide["spec"]["selector"]["matchLabels"]["part"] = wide["spec"]["template"]["metadata"]["labels"]["part"] = "two"
    shared.apply(wide)
    taken.apply(taken.service("taken-candidate"))
    rolls.release(strategy={"type": "Rolling"})
    copied.release(strategy={"type": "Shadow", "shadow": {"idempotent": True}})
    for one in (parallel, forgetful, shared, taken):
        one.release(strategy=STANDING)
    missing.apply(missing.manifest())
    expected = {
        rolls: ("RecreateStrategy", "cannot roll"), parallel: ("RecreateStrategy", "spec.strategy.allowParallel: true"),
        forgetful: ("NoHistory", "set it to 1 or more"), shared: ("ServiceShared", "spec.traffic.ignoreServices"),
        taken: ("RouteUnusable", "Service taken-candidate exists and is not ours"),
        copied: ("RouteUnusable", "does not list the feature HTTPRouteRequestMirror"),
    }  # fmt: skip
    for one in expected:
        one.ship("2")
    for one, (reason, said) in expected.items():
        status = one.wait_for_phase("Blocked")
        assert (one.name, status["reason"]) == (one.name, reason)
        assert said in status["message"]
        assert one.condition("Ready")["status"] == "False"
        assert one.condition("Stalled")["message"] == status["message"]
    assert "Deployment missing does not exist; create it" in missing.wait_for_phase("WorkloadMissing")["message"]
    assert taken.get("service", "taken-candidate")["spec"]["selector"] == {"app": "taken"}
    parallel.apply(parallel.manifest(strategy=STANDING | {"allowParallel": True}))
    parallel.wait_for_trial_weight(50)


def test_requests_that_make_no_sense_are_answered_with_what_to_write(shop: MakeShop) -> None:
    """Each is refused once, with its reason in status.requests and as an event, and the annotation is removed."""
    checkout = shop(pods=1)
    checkout.release(strategy=QUICK_CANARY)
    refusals = {
        ("promote", "step"): "nothing to promote", ("promote", "everything"): "write promote=step or promote=full",
        ("abort", "true"): "nothing to abort", ("rollback", "revision:nosuch"): "no kept revision is revision:nosuch",
        ("rollback", "version:9.9.9"): "no kept revision is version:9.9.9",
        ("rollback", "yesterday"): "write previous, revision:<hash>",
        ("rollback", "previous"): "no completed earlier revision", ("retry", "true"): "nothing to retry",
        ("pause", "true"): "nothing to pause", ("resume", "true"): "nothing to resume", ("revert", "true"): "nothing to revert",
    }  # fmt: skip
    for (key, value), said in refusals.items():
        assert said in checkout.refused(key, value)
    checkout.wait_for(lambda: not [a for a in checkout.get("release")["metadata"]["annotations"]
                                   if a.startswith(GROUP) and not a.endswith("requested-by")])  # fmt: skip
    checkout.wait_for(
        lambda: [reason for reason, _ in checkout.events()].count("RequestRefused") == len(refusals), what="each is told of"
    )
    assert checkout.status()["phase"] == "Healthy"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"address": "ftp://prometheus"}, "spec.address"),
        ({"address": "http://10.244.0.1:9", "timeout": "2h"}, "timeout must be between 1s and 1m"),
    ],
)
def test_a_metric_source_with_a_bad_spec_is_refused_at_apply(shop: MakeShop, source: Manifest, said: str) -> None:
    """Before any Release can name it."""
    manifest = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "MetricSource", "metadata": {"name": "bad"}, "spec": source}
    done = shop(deploy=False).plane.kubectl("apply", "-f", "-", check=False, input=yaml.safe_dump(manifest))
    assert (done.returncode != 0, said in done.stderr) == (True, True)


def test_a_metric_source_that_cannot_be_asked_says_why(shop: MakeShop) -> None:
    """A missing Secret blocks the start until it is there; where nobody answers the gate waits, and names source and cause."""
    checkout = shop(pods=1)
    token = {"authentication": {"bearer": {"name": "nosuch", "key": "token"}}}
    checkout.apply(*({"apiVersion": f"{GROUP}/v1alpha1", "kind": "MetricSource", "metadata": {"name": name},
                      "spec": {"address": "http://10.244.0.1:9", "timeout": "1s", **more}}
                     for name, more in (("secretless", token), ("silent", {}))))  # fmt: skip
    gates = [gate(source=name)[0] | {"name": name} for name in ("secretless", "silent")]
    checkout.release(strategy=STANDING, gates=gates)
    checkout.ship("2")
    said = checkout.wait_for_phase("Blocked")["message"]
    assert "spec.gates[secretless]: MetricSource secretless cannot be used: Secret nosuch in namespace" in said
    assert "the controller's own, does not exist; create it with the key token" in said
    assert checkout.replicas() == {"shop:1": 1}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "nosuch", "namespace": "release-coordinator"}}
    checkout.apply({**secret, "stringData": {"token": "t"}})
    checkout.wait_for_message("silent: MetricSource silent: the source refuses connections")
    checkout.plane.kubectl("delete", "secret", "nosuch", "-n", "release-coordinator")
    assert checkout.condition("GatesHealthy")["status"] == "Unknown"
