"""Every writer against hold, drive and pin while a release is in flight: nobody's request fails, and nothing comes undone."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.controlplane.cluster import ControlPlane
from tests.controlplane.gateway import Gateway
from tests.controlplane.webhook import Injector
from tests.real.releases.shop import GROUP, STANDING, Manifest, Shop

MakeShop = Callable[..., Shop]
CHART = str(Path(__file__).with_name("chart"))


def test_no_writer_disturbs_a_release_in_flight(shop: MakeShop, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Apply, server-side apply, replace, edit, unpause, relabel: same trial, marks, pin and split, and no failed request."""
    checkout = shop(gateway=gateway, pods=2)
    flux = ("apply", "--server-side", "--field-manager=flux")
    before = yaml.safe_dump_all([checkout.deployment(pods=2, image="shop:1"), checkout.service()])
    checkout.plane.kubectl("-n", checkout.namespace, *flux, "--force-conflicts", "-f", "-", user="alice", input=before)
    checkout.release(strategy=STANDING)
    applied = [checkout.deployment(pods=2, image="shop:2"), checkout.service(), checkout.route()]
    text = yaml.safe_dump_all(applied[:2])
    monkeypatch.setenv("KUBE_EDITOR", "sed -i s/Recreate/RollingUpdate/")
    unpause = json.dumps({"metadata": {"labels": None}, "spec": {"paused": False}})
    writers: dict[str, list[str]] = {
        "apply": ["apply", "-f", "-"],
        "server-side apply": [*flux, "-f", "-"],
        "server-side apply with force": ["apply", "--server-side", "--force-conflicts", "--field-manager=argocd", "-f", "-"],
        "replace": ["replace", "-f", "-"],
        "edit of the strategy": ["edit", "deployment", "checkout"],
        "paused: false and labels away": ["patch", "deployment", "checkout", "--type=merge", "-p", unpause],
        "labels of the Service away": ["patch", "service", "checkout", "--type=merge", "-p", '{"metadata": {"labels": null}}'],
    }
    with checkout.traffic(rate=40, seconds=60) as users:
        checkout.apply(applied[0])
        trial, pin, split = checkout.wait_for_trial_weight(50)["trial"], checkout.pin(), checkout.get("httproute")["spec"]
        assert checkout.wheel_is_ours()
        assert pin is not None
        for writer, arguments in writers.items():
            checkout.plane.kubectl("-n", checkout.namespace, *arguments, user="alice", input=text)
            assert checkout.wheel_is_ours(), writer
            assert (checkout.pin(), checkout.get("httproute")["spec"]) == (pin, split), writer
        assert checkout.status()["trial"]["attempt"] == trial["attempt"]
        assert checkout.replicas() == {"shop:1": 2, "shop:2": 1}
        checkout.ask("promote", "full")
        checkout.wait_for_phase("Healthy")
    assert not users.problems
    assert checkout.left_behind() == []


def test_a_split_and_a_pin_that_somebody_undoes_are_put_back_and_told(shop: MakeShop, gateway: Gateway) -> None:
    """A tool that applies the owner's route, twice; a person who may, and takes the pin off. No request fails meanwhile."""
    checkout = shop(gateway=gateway, pods=2)
    checkout.release(strategy=STANDING)
    stable = set(checkout.pods())
    with checkout.traffic(rate=40, seconds=60) as users:
        checkout.ship("2")
        attempt = checkout.wait_for_trial_weight(50)["trial"]["attempt"]
        pin, split, text = checkout.pin(), checkout.get("httproute")["spec"], yaml.safe_dump(checkout.route())
        for _ in range(2):
            checkout.plane.kubectl("-n", checkout.namespace, "replace", "-f", "-", user="alice", input=text)
            checkout.wait_for(lambda: checkout.get("httproute")["spec"] == split, what="the split is back")
        early = checkout.watch_endpoints(lambda service, pod: pod not in stable and service != "checkout-candidate")
        checkout.kubectl("label", "service", "checkout", f"{GROUP}/pin-", user="bob")
        checkout.wait_for(lambda: checkout.pin() == pin, what="the pin is back")
        for reason in ("WeightsUndone", "PinLost"):
            checkout.wait_for_event(reason)
        checkout.ask("abort")
        checkout.wait_for_outcome("Aborted")
    assert not users.problems
    assert checkout.status()["attempts"] == attempt
    assert len(early()) <= 4, "the candidate was in the Service for longer than a turn"
    assert checkout.left_behind(held=True) == []


def test_an_unchanged_helm_upgrade_meets_no_conflict_in_any_phase(plane: ControlPlane, shop: MakeShop, gateway: Gateway) -> None:
    """Server-side apply without force: at a step, paused, on the way back, rejected, in bake, completing, at rest; a changed
    one supersedes.
    """
    cart = shop("cart", gateway=gateway, deploy=False)

    def helm(tag: str, *more: str) -> None:
        values = {"tag": tag, "replicas": "2", "host": cart.host}
        given = (part for k, v in values.items() for part in ("--set-string" if k == "tag" else "--set", f"{k}={v}"))
        plane.helm("upgrade", "--install", cart.name, CHART, "-n", cart.namespace, *more, *given)

    helm("1", "--wait")
    cart.release(strategy=STANDING, rollback={"warm": {"for": "5s"}})
    helm("2")
    cart.wait_for_phase("Progressing")
    helm("2")
    attempt = cart.wait_for_trial_weight(50)["trial"]["attempt"]
    helm("2")
    assert cart.status()["trial"]["attempt"] == attempt
    assert (cart.wheel_is_ours(), cart.owned()) == (True, [])
    helm("3")
    cart.wait_for(lambda: (cart.status().get("trial") or {}).get("attempt") == attempt + 1, what="the next trial")
    helm("3")
    cart.wait_for_trial_weight(50)
    cart.ask("promote", "full")
    cart.wait_for_phase("Baking")
    helm("3")
    cart.wait_for_phase("Completing", "Healthy")
    helm("3")
    cart.wait_for_phase("Healthy")
    helm("3")
    history = [(past["outcome"], past["revision"]["version"]) for past in cart.status()["history"]]
    assert history == [("Superseded", "2"), ("Completed", "3")]
    assert cart.images() == {"shop:3": 2}
    assert cart.left_behind() == []
    helm("4")
    cart.wait_for_trial_weight(50)
    for request, phase in (("pause", "Paused"), ("abort", "RollingBack")):
        cart.ask(request)
        cart.wait_for_phase(phase)
        helm("4")
        assert cart.status()["phase"] in (phase, "RolledBack")
    cart.wait_for_phase("RolledBack")
    helm("4")
    assert (cart.status()["attempts"], cart.images(), cart.left_behind(held=True)) == (3, {"shop:3": 2}, [])
    helm("3")
    cart.wait_for_phase("Healthy")
    helm("3")
    assert (cart.images(), cart.left_behind()) == ({"shop:3": 2}, [])
    assert cart.get("deployment")["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_scaling_in_mid_release_reaches_both_sides_and_zero_ends_the_trial(shop: MakeShop, gateway: Gateway) -> None:
    """`kubectl scale` is obeyed while we drive; at 0 the candidate goes first; the change goes out when pods are wanted again."""
    checkout = shop(gateway=gateway, pods=2)
    checkout.release(strategy=STANDING)
    checkout.ship("2")
    checkout.wait_for_trial_weight(50)
    checkout.kubectl("scale", "deployment/checkout", "--replicas=4")
    checkout.wait_for(lambda: checkout.replicas() == {"shop:1": 4, "shop:2": 2}, what="both sides at the new size")
    checkout.kubectl("scale", "deployment/checkout", "--replicas=0")
    checkout.wait_for(lambda: checkout.pods() == {}, what="no pods")
    assert checkout.wait_for_phase("Waiting")["reason"] == "ScaledToZero"
    assert checkout.get("deployment")["spec"]["paused"] is True
    checkout.kubectl("scale", "deployment/checkout", "--replicas=2")
    checkout.wait_for_trial_weight(50)
    assert checkout.replicas() == {"shop:1": 2, "shop:2": 1}
    checkout.ask("promote", "full")
    checkout.wait_for_phase("Healthy")
    assert (checkout.images(), checkout.left_behind()) == ({"shop:2": 2}, [])


def test_resume_by_hand_is_refused_with_the_commands_to_use_instead(shop: MakeShop) -> None:
    """Without the guard it would say `resumed` and do nothing."""
    checkout = shop(pods=1)
    checkout.release(strategy=STANDING)
    checkout.ship("2")
    checkout.wait_for_trial_weight(50)
    said = checkout.kubectl("rollout", "resume", "deployment/checkout", check=False).stderr
    for request in ("promote=step", "abort=true", "revert=true"):
        assert f"kubectl annotate release checkout -n {checkout.namespace} {GROUP}/{request}" in said
    checkout.ask("abort")
    status = checkout.wait_for_phase("RolledBack")
    assert "alice" in status["message"]
    assert checkout.kubectl("rollout", "status", "deployment/checkout", check=False).returncode == 1


@pytest.mark.parametrize("kind", ["webhook", "policy"])
def test_an_injector_that_acts_on_an_unrelated_update_starts_a_held_release_and_nothing_ungated(
    plane: ControlPlane, shop: MakeShop, kind: str
) -> None:
    """A webhook is called after all policies, which must look again; a policy beside ours. What they change is held."""
    checkout = shop(pods=1)
    checkout.release(strategy=STANDING)
    before = set(checkout.pods())
    with Injector(plane, checkout.namespace) if kind == "webhook" else _injecting(plane, checkout, "deployments", "UPDATE"):
        checkout.wait_for(lambda: _annotated_held(checkout), what="the injector acts")
        checkout.wait_for_trial_weight(50)
        assert checkout.wheel_is_ours()
        assert before <= set(checkout.pods())
        checkout.ask("abort")
        checkout.wait_for_phase("RolledBack")
        assert set(checkout.pods()) == before


def test_a_candidate_whose_template_was_changed_at_creation_is_withdrawn(plane: ControlPlane, shop: MakeShop) -> None:
    """What was reviewed is not what would run, so nothing runs: the ReplicaSet goes, and the status says what to look for."""
    checkout = shop(pods=1)
    checkout.release(strategy=STANDING)
    before = set(checkout.pods())
    with _injecting(plane, checkout, "replicasets", "CREATE"):
        checkout.wait_for(lambda: _created_injected(checkout), what="the injector acts")
        checkout.ship("2")
        status = checkout.wait_for_phase("RolledBack")
        assert "changed the template of ReplicaSet" in status["message"]
        assert "webhook" in status["message"]
        assert set(checkout.pods()) == before
        assert checkout.replicas() == {"shop:1": 1}
    checkout.wait_for(lambda: not _created_injected(checkout), what="the injector is gone")
    checkout.ask("retry")
    checkout.wait_for_trial_weight(50)


@contextmanager
def _injecting(plane: ControlPlane, shop: Shop, resource: str, operation: str) -> Iterator[None]:
    """A MutatingAdmissionPolicy for this namespace that puts an annotation into templates, until the end of the block."""
    name, path = f"zz-inject-{shop.namespace}", "/spec/template/metadata/annotations"
    expression = ("has(object.spec.template.metadata.annotations) ? [] : "
                  f'[JSONPatch{{op: "add", path: "{path}", value: {{"injected": "yes"}}}}]')  # fmt: skip
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": [operation], "resources": [resource]}
    policy: Manifest = {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy", "metadata": {"name": name},
        "spec": {"failurePolicy": "Fail", "reinvocationPolicy": "Never", "matchConstraints": {"resourceRules": [rule]},
                 "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}]},
    }  # fmt: skip
    here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": shop.namespace}}}
    binding = {"apiVersion": policy["apiVersion"], "kind": "MutatingAdmissionPolicyBinding", "metadata": {"name": name},
               "spec": {"policyName": name, "matchResources": here}}  # fmt: skip
    plane.apply(yaml.safe_dump_all([policy, binding]))
    try:
        yield
    finally:
        plane.kubectl("delete", "mutatingadmissionpolicybinding,mutatingadmissionpolicy", name, "--ignore-not-found")


def _annotated_held(shop: Shop) -> bool:
    """Touch the Deployment as somebody would who changes nothing of its template."""
    shop.kubectl("annotate", "deployment", shop.name, "note=1", "--overwrite")
    return "annotations" in shop.get("deployment")["spec"]["template"]["metadata"]


def _created_injected(shop: Shop) -> bool:
    found = next(r for r in shop.items("replicasets") if r["spec"]["replicas"])
    copy = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "probe", "namespace": shop.namespace},
            "spec": found["spec"]}  # fmt: skip
    said = shop.plane.kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", input=json.dumps(copy)).stdout
    return "injected" in said
