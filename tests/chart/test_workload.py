"""The controller's pods, and what stands around them."""

import json
from typing import Any

import pytest
import yaml

from controller.settings import load
from tests.chart.conftest import CHART, Helm, Manifest, Render, find, of_kind

NAME = "release-coordinator"


def pod_specs(manifests: list[Manifest]) -> dict[str, Any]:
    """Kind → pod spec, of the controller and of the uninstall Job."""
    return {m["kind"]: m["spec"]["template"]["spec"] for m in manifests if m["kind"] in ("Deployment", "Job")}


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_pods_are_restricted_and_cannot_write_their_root(render: Render, kind: str) -> None:
    """What the `restricted` pod security standard asks for, and a read-only root file system; only contracts are written."""
    spec = pod_specs(render())[kind]
    assert spec["securityContext"] == {
        "runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532, "seccompProfile": {"type": "RuntimeDefault"},
    }  # fmt: skip
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True,
    }  # fmt: skip
    assert {volume["name"] for volume in spec.get("volumes", [])} == ({"comparing"} if kind == "Deployment" else set())
    assert container["resources"]["limits"]["memory"]


def test_two_replicas_are_spread_probed_and_protected(render: Render) -> None:
    """By default one node or zone less does not take both, and probes are not asked on the metrics port."""
    manifests = render()
    deployment = find(manifests, "Deployment", NAME)
    assert deployment["spec"]["replicas"] == 2
    pod = deployment["spec"]["template"]
    assert [c["topologyKey"] for c in pod["spec"]["topologySpreadConstraints"]] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    (container,) = pod["spec"]["containers"]
    assert {p["name"]: p["containerPort"] for p in container["ports"]} == {"metrics": 8080, "health": 8081}
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "health"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "health"}
    assert find(manifests, "PodDisruptionBudget", NAME)["spec"]["maxUnavailable"] == 1


def test_selectors_find_the_controller_and_not_the_uninstall_job(render: Render) -> None:
    """The Job's pod is neither scraped nor counted as a replica, but the NetworkPolicy covers both."""
    manifests = render()
    labels = {k: find(manifests, k, n)["spec"]["template"]["metadata"]["labels"].items()
              for k, n in (("Deployment", NAME), ("Job", f"{NAME}-uninstall"))}  # fmt: skip
    for selector in (
        find(manifests, "Deployment", NAME)["spec"]["selector"]["matchLabels"],
        find(manifests, "Service", f"{NAME}-metrics")["spec"]["selector"],
        find(manifests, "PodDisruptionBudget", NAME)["spec"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= labels["Deployment"]
        assert not selector.items() <= labels["Job"]
    covered = find(manifests, "NetworkPolicy", NAME)["spec"]["podSelector"]["matchLabels"].items()
    assert covered <= labels["Deployment"]
    assert covered <= labels["Job"]


def test_settings_reach_the_program_by_environment(render: Render) -> None:
    """Each setting arrives under its name, in the controller and in the uninstall Job alike."""
    specs = pod_specs(
        render('watchNamespaces=["shop","pay"]', "workers=3", 'logFormat="text"', 'extraEnv=[{"name":"A","value":"b"}]')
    )
    seen = [spec["containers"][0]["env"] for spec in specs.values()]
    assert seen[0] == seen[1]
    values = {e["name"].removeprefix("RELEASE_COORDINATOR_"): e.get("value", e.get("valueFrom")) for e in seen[0]}
    assert values == {
        "IDENTITY": {"fieldRef": {"fieldPath": "metadata.name"}},
        "BIND": {"fieldRef": {"fieldPath": "status.podIP"}},
        "LEASE_NAMESPACE": {"fieldRef": {"fieldPath": "metadata.namespace"}},
        "LEASE_NAME": NAME,
        "WATCH_NAMESPACES": "shop,pay",
        "HOLD_POLICY": f"{NAME}-hold",
        "PIN_POLICY": f"{NAME}-pin",
        "POLICY_VERSION": "v1",
        "LOG_FORMAT": "text",
        "WORKERS": "3",
        "A": "b",
    }


@pytest.mark.parametrize(
    ("values", "image"),
    [
        ((), "release-coordinator:0.1.0"),
        (('image={"repository":"mirror/rc","tag":"9"}',), "mirror/rc:9"),
        (('image={"tag":"9","digest":"sha256:' + "a" * 64 + '"}',), "release-coordinator@sha256:" + "a" * 64),
    ],
)
def test_the_image_is_named_by_tag_or_digest(render: Render, values: tuple[str, ...], image: str) -> None:
    """The digest wins over the tag, the tag over the chart's version; both kinds of pods run the same image."""
    assert {s["containers"][0]["image"] for s in pod_specs(render(*values)).values()} == {image}


def test_uninstall_runs_before_anything_is_removed(render: Render) -> None:
    """The Job is a pre-delete hook with the controller's ServiceAccount, and ends before Helm's own five minutes."""
    manifests = render()
    job = find(manifests, "Job", f"{NAME}-uninstall")
    assert job["metadata"]["annotations"] == {
        "helm.sh/hook": "pre-delete",
        "helm.sh/hook-weight": "0",
        "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
    }
    spec = pod_specs(manifests)
    assert spec["Job"]["containers"][0]["args"] == ["uninstall"]
    assert spec["Job"]["serviceAccountName"] == spec["Deployment"]["serviceAccountName"]
    assert job["spec"]["activeDeadlineSeconds"] < 300


def test_network_is_closed_but_for_named_ports(render: Render) -> None:
    """In: metrics and probes. Out: the API server, names, metric sources."""
    spec = find(render(), "NetworkPolicy", NAME)["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert [[p["port"] for p in rule["ports"]] for rule in spec["ingress"]] == [[8080], [8081]]
    assert [[p["port"] for p in rule["ports"]] for rule in spec["egress"]] == [[443, 6443], [53, 53], [9090]]
    narrowed = find(render('networkPolicy.metricsFrom=[{"podSelector":{}}]'), "NetworkPolicy", NAME)["spec"]
    assert narrowed["ingress"][0]["from"] == [{"podSelector": {}}]
    assert of_kind(render("networkPolicy.enabled=false"), "NetworkPolicy") == []


def test_alerts_are_received_only_when_asked_for_and_with_a_token(render: Render, helm: Helm) -> None:
    """A port, a Service, a hole in the NetworkPolicy and the token's file: all or none."""
    assert not [m for m in render() if "alerts" in m["metadata"]["name"]]
    wanted = ('alertReceiver={"enabled":true,"secretName":"am"}', 'networkPolicy.alertsFrom=[{"podSelector":{}}]')
    manifests = render(*wanted)
    spec = pod_specs(manifests)["Deployment"]
    (container,) = spec["containers"]
    assert {p["name"]: p["containerPort"] for p in container["ports"]}["alerts"] == 8082
    token = next(e["value"] for e in container["env"] if e["name"] == "RELEASE_COORDINATOR_ALERTS_TOKEN_FILE")
    mount = next(mount for mount in container["volumeMounts"] if mount["name"] == "alerts")
    assert token == f"{mount['mountPath']}/token"
    assert mount["readOnly"]
    secret = {"secretName": "am", "items": [{"key": "token", "path": "token"}]}
    assert [volume["secret"] for volume in spec["volumes"] if volume["name"] == "alerts"] == [secret]
    assert find(manifests, "Service", f"{NAME}-alerts")["spec"]["ports"][0]["targetPort"] == "alerts"
    ingress = find(manifests, "NetworkPolicy", NAME)["spec"]["ingress"]
    assert [rule.get("from") for rule in ingress if rule["ports"][0]["port"] == 8082] == [[{"podSelector": {}}]]
    refused = helm("template", NAME, CHART, "--kube-version", "1.37", "--set", "alertReceiver.enabled=true")
    assert "alertReceiver.secretName is needed" in refused.stderr


def test_webhooks_reach_the_program_and_the_network(render: Render) -> None:
    """As JSON, and as rules of egress."""
    hooks = [{"url": "https://qa.example.com", "secretName": "qa", "namespaces": ["shop"]}]
    rule = {"ports": [{"protocol": "TCP", "port": 443}]}
    manifests = render(f"webhooks={json.dumps(hooks)}", f"networkPolicy.webhooks=[{json.dumps(rule)}]")
    (container,) = pod_specs(manifests)["Deployment"]["containers"]
    given = next(e["value"] for e in container["env"] if e["name"] == "RELEASE_COORDINATOR_WEBHOOKS")
    read = load({"RELEASE_COORDINATOR_WEBHOOKS": given}).webhooks
    assert [hook.model_dump(by_alias=True, mode="json") for hook in read] == hooks
    assert rule in find(manifests, "NetworkPolicy", NAME)["spec"]["egress"]


def test_contracts_have_a_place_to_be_compared_and_only_named_pods_can_be_asked(render: Render) -> None:
    """A bounded folder beside the read-only file system; by default the network lets nobody be asked."""
    rule = {"to": [{"namespaceSelector": {"matchLabels": {"team": "shop"}}}], "ports": [{"protocol": "TCP", "port": 8080}]}
    manifests = render(f"networkPolicy.contracts=[{json.dumps(rule)}]")
    spec = pod_specs(manifests)["Deployment"]
    assert {"name": "comparing", "mountPath": "/tmp"} in spec["containers"][0]["volumeMounts"]
    assert {"name": "comparing", "emptyDir": {"sizeLimit": "32Mi"}} in spec["volumes"]
    assert rule in find(manifests, "NetworkPolicy", NAME)["spec"]["egress"]
    assert rule not in find(render(), "NetworkPolicy", NAME)["spec"]["egress"]


def test_receivers_of_notifications_reach_the_program_and_the_network(render: Render) -> None:
    """With and without a Secret; by default nobody is told, and no variable says so."""
    receivers = [{"url": "https://events.example.com/releases?team=a", "secretName": "events", "namespaces": ["shop"]},
                 {"url": "http://apprise.eventing/notify/all", "form": "Apprise"}]  # fmt: skip
    rule = {"ports": [{"protocol": "TCP", "port": 80}]}
    manifests = render(f"notifications={json.dumps(receivers)}", f"networkPolicy.notifications=[{json.dumps(rule)}]")
    name = "RELEASE_COORDINATOR_NOTIFICATIONS"
    (container,) = pod_specs(manifests)["Deployment"]["containers"]
    read = load({name: next(e["value"] for e in container["env"] if e["name"] == name)}).notifications
    assert [each.model_dump(by_alias=True, mode="json", exclude_unset=True) for each in read] == receivers
    assert rule in find(manifests, "NetworkPolicy", NAME)["spec"]["egress"]
    (container,) = pod_specs(render())["Deployment"]["containers"]
    assert name not in [e["name"] for e in container["env"]]


def test_the_ready_gate_templates_are_made_when_they_are_wanted(render: Render) -> None:
    """And only then: exactly what stands in the chart's folder, as hooks, because their kind comes with the same chart."""
    assert of_kind(render(), "ClusterGateTemplate") == []
    made = of_kind(render("gateTemplates.enabled=true"), "ClusterGateTemplate")
    files = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (CHART / "gatetemplates").iterdir()}
    assert {each["metadata"]["name"]: each["spec"] for each in made} == {name: file["spec"] for name, file in files.items()}
    assert {each["metadata"]["annotations"]["helm.sh/hook"] for each in made} == {"post-install,post-upgrade"}


def test_a_default_metric_source_is_made_when_an_address_is_given(render: Render) -> None:
    """And only then; as a hook, because its kind comes with the same chart."""
    assert of_kind(render(), "MetricSource") == []
    (source,) = of_kind(render('metricSources.default.address="http://prometheus:9090"'), "MetricSource")
    assert source["spec"] == {"address": "http://prometheus:9090"}
    assert source["metadata"]["annotations"]["helm.sh/hook"] == "post-install,post-upgrade"
