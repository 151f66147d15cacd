"""The test control plane itself: what other tests rely on is true of it."""

import json
import math
from typing import Any

import pytest

from tests.controlplane.api import ApiFailure
from tests.controlplane.cluster import Cluster, CommandFailed, ControlPlane
from tests.controlplane.gateway import Gateway
from tests.controlplane.metrics_api import MetricsApi
from tests.controlplane.prometheus import Prometheus
from tests.controlplane.traffic import Traffic


def application(name: str, tag: str, replicas: int = 2) -> str:
    """A Deployment of the test application and its Service."""
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
      - name: app
        image: shop:{tag}
        ports: [{{name: http, containerPort: 8080}}]
        readinessProbe: {{httpGet: {{path: /healthz, port: http}}, periodSeconds: 1}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{selector: {{app: {name}}}, ports: [{{name: http, port: 80, targetPort: http}}]}}
---
"""


def run(cluster: Cluster, namespace: str, name: str, tag: str, replicas: int = 2) -> None:
    """The application, completely rolled out."""
    cluster.apply(application(name, tag, replicas), namespace=namespace)
    cluster.kubectl("rollout", "status", f"deployment/{name}", "--namespace", namespace, "--timeout=25s")


def pods(cluster: Cluster, namespace: str) -> list[dict[str, Any]]:
    """All pods of the namespace."""
    return list(cluster.api("GET", f"/api/v1/namespaces/{namespace}/pods")["items"])


def replicas(cluster: Cluster, namespace: str) -> int:
    """How many replicas the Deployment `shop` wants."""
    return int(cluster.api("GET", f"/apis/apps/v1/namespaces/{namespace}/deployments/shop")["spec"]["replicas"])


def run_command(cluster: Cluster, namespace: str, script: str, **pod: Any) -> None:
    """A pod `probe` that runs a shell script once."""
    container = {"name": "main", "image": "busybox:1", "command": ["/bin/sh", "-c", script], **pod}
    body = {"metadata": {"name": "probe"}, "spec": {"restartPolicy": "Never", "containers": [container]}}
    cluster.api("POST", f"/api/v1/namespaces/{namespace}/pods", body)


def phase(cluster: Cluster, namespace: str, name: str = "probe") -> str:
    """The phase of this pod."""
    return str(cluster.api("GET", f"/api/v1/namespaces/{namespace}/pods/{name}")["status"]["phase"])


@pytest.mark.needs_kubelet
def test_a_deployment_becomes_ready_and_its_pods_answer_at_the_addresses_of_the_endpoint_slice(
    plane: ControlPlane, namespace: str
) -> None:
    """Pods are real processes: each address that the EndpointSlice gives answers as the pod that has it."""
    run(plane, namespace, "shop", "1.2.3", replicas=3)

    def ready_endpoints() -> list[dict[str, Any]]:
        slices = plane.api("GET", f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices")["items"]
        return [e for s in slices for e in s["endpoints"] or [] if e["conditions"]["ready"]]

    plane.wait_for(lambda: len(ready_endpoints()) == 3, what="three endpoints")
    for endpoint in ready_endpoints():
        with Traffic((endpoint["addresses"][0], 8080), host="shop", rate=50, seconds=0.1) as traffic:
            traffic.wait()
        assert {(a.version, a.pod) for a in traffic.answers} == {("1.2.3", endpoint["targetRef"]["name"])}


@pytest.mark.needs_kubelet
def test_the_gateway_splits_traffic_by_the_weights_of_the_route(plane: ControlPlane, gateway: Gateway, namespace: str) -> None:
    """80/20 within four standard deviations, every request answered; the class says which features it has."""
    run(plane, namespace, "stable", "1")
    run(plane, namespace, "candidate", "2")
    backends = [{"name": "stable", "port": 80, "weight": 80}, {"name": "candidate", "port": 80, "weight": 20}]
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "shop"},
        "spec": {"parentRefs": [{**gateway.parent}], "hostnames": [f"{namespace}.test"], "rules": [{"backendRefs": backends}]},
    }  # fmt: skip
    plane.apply(json.dumps(route), user="alice", namespace=namespace)
    path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes/shop"
    parents = plane.wait_for(lambda: plane.api("GET", path).get("status", {}).get("parents"), what="the route's status")
    assert {c["type"]: c["status"] for c in parents[0]["conditions"]} == {"Accepted": "True", "ResolvedRefs": "True"}

    def is_routed() -> bool:
        with Traffic(gateway.address, host=f"{namespace}.test", rate=200, seconds=0.2) as probe:
            probe.wait()
        return not probe.problems and set(probe.by_version()) == {"1", "2"}

    plane.wait_for(is_routed, what="both versions behind the gateway")
    with Traffic(gateway.address, host=f"{namespace}.test", rate=250, seconds=2) as traffic:
        traffic.wait()
    summary = traffic.by_version()
    assert not traffic.problems
    assert sum(version.requests for version in summary.values()) == 500
    assert abs(summary["2"].requests - 100) <= 4 * math.sqrt(500 * 0.2 * 0.8)
    gateway_class = plane.api("GET", "/apis/gateway.networking.k8s.io/v1/gatewayclasses/traefik")
    assert {"name": "HTTPRoute"} in gateway_class["status"]["supportedFeatures"]


@pytest.mark.needs_kubelet
def test_a_crashing_pod_looks_as_a_kubelet_reports_it(plane: ControlPlane, namespace: str) -> None:
    """CrashLoopBackOff with a growing restart count, the last exit code in lastState, and the phase Running."""
    plane.apply(application("shop", "2-crash", replicas=1), namespace=namespace)

    def crash_loop() -> dict[str, Any] | None:
        for pod in pods(plane, namespace):
            status = pod["status"].get("containerStatuses", [{}])[0]
            if status.get("restartCount", 0) >= 2 and "CrashLoopBackOff" in json.dumps(status["state"]):
                return dict(pod["status"])
        return None

    status = plane.wait_for(crash_loop, what="CrashLoopBackOff")
    assert status is not None
    container = status["containerStatuses"][0]
    assert status["phase"] == "Running"
    assert container["lastState"]["terminated"]["exitCode"] == 1
    assert container["state"]["waiting"]["message"].startswith("back-off ")
    assert {c["type"]: c["status"] for c in status["conditions"]}["Ready"] == "False"


@pytest.mark.needs_kubelet
def test_an_unknown_image_ends_in_image_pull_back_off(plane: ControlPlane, namespace: str) -> None:
    """The pod stays Pending, and its waiting reason is the one people search for."""
    plane.apply(application("shop", "1", replicas=1).replace("shop:1", "nowhere.test/unknown:1"), namespace=namespace)

    def reasons() -> str:
        return json.dumps([pod["status"].get("containerStatuses") for pod in pods(plane, namespace)])

    plane.wait_for(lambda: "ErrImagePull" in reasons(), what="ErrImagePull")
    plane.wait_for(lambda: '"reason": "ImagePullBackOff"' in reasons(), what="ImagePullBackOff")
    assert [pod["status"]["phase"] for pod in pods(plane, namespace)] == ["Pending"]


@pytest.mark.needs_kubelet
def test_a_pod_that_never_gets_ready_runs_without_being_an_endpoint(plane: ControlPlane, namespace: str) -> None:
    """Running, not Ready, with the readiness probe's reason, and not ready in the EndpointSlice."""
    plane.apply(application("shop", "2-neverready", replicas=1), namespace=namespace)
    plane.wait_for(lambda: [p["status"]["phase"] for p in pods(plane, namespace)] == ["Running"], what="a running pod")
    ready = next(c for c in pods(plane, namespace)[0]["status"]["conditions"] if c["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ContainersNotReady")
    path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    endpoints = plane.wait_for(lambda: plane.api("GET", path)["items"][0].get("endpoints"), what="an endpoint")
    assert [e["conditions"]["ready"] for e in endpoints] == [False]


@pytest.mark.needs_kubelet
def test_prometheus_finds_every_pod_and_reads_its_counters(plane: ControlPlane, prometheus: Prometheus, namespace: str) -> None:
    """`up` is 1 for each pod, with the pod's template hash, and a counter equals the requests that were made."""
    run(plane, namespace, "shop", "1-errors100")
    query = f'up{{namespace="{namespace}"}} == 1'
    plane.wait_for(lambda: len(prometheus.query(query)) == 2, what="two scraped pods")
    expected = {(p["metadata"]["name"], p["metadata"]["labels"]["pod-template-hash"]) for p in pods(plane, namespace)}
    series = [sample["metric"] for sample in prometheus.query(query)]
    assert {(metric["pod"], metric["pod_template_hash"]) for metric in series} == expected
    pod = pods(plane, namespace)[0]
    with Traffic((pod["status"]["podIP"], 8080), host="shop", rate=200, seconds=0.25) as traffic:
        traffic.wait()
    assert traffic.problems == {"status 500": 50}
    counted = f'http_requests_total{{pod="{pod["metadata"]["name"]}", code="500"}} == 50'
    plane.wait_for(lambda: prometheus.query(counted), what="a counter of 50")


def test_rbac_refuses_what_a_platform_user_may_not_do(cluster: Cluster, namespace: str) -> None:
    """Alice may make Deployments in any namespace, and no ClusterRoles; bob is in the break-glass group."""
    said = cluster.apply(application("shop", "1", replicas=0), user="alice", namespace=namespace)
    assert "deployment.apps/shop created" in said
    body = {"metadata": {"name": f"{namespace}-forbidden"}, "rules": []}
    with pytest.raises(ApiFailure) as refused:
        cluster.api("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", body, user="alice")
    assert refused.value.status == 403
    with pytest.raises(CommandFailed, match="forbidden"):
        cluster.kubectl("create", "namespace", f"{namespace}-x", user="alice")
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    who = cluster.api("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review, user="bob")
    assert "release-coordinator:break-glass" in who["status"]["userInfo"]["groups"]


@pytest.mark.needs_kubelet
def test_a_pod_has_its_own_service_account_token_and_reaches_the_api_server_with_it(plane: ControlPlane, namespace: str) -> None:
    """In-cluster configuration works: address from the environment, CA and token from the usual files."""
    script = """
cd /var/run/secrets/kubernetes.io/serviceaccount
test "$(cat namespace)" = "$NAMESPACE" || exit 3
curl --silent --fail --noproxy '*' --cacert ca.crt \
  -H "Authorization: Bearer $(cat token)" -H 'Content-Type: application/json' \
  -d '{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}' \
  https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/apis/authentication.k8s.io/v1/selfsubjectreviews
"""
    field = {"name": "NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}
    run_command(plane, namespace, script, env=[field])
    plane.wait_for(lambda: phase(plane, namespace) in ("Succeeded", "Failed"), what="the end of the pod")
    output = plane.pod_log(namespace, "probe")
    assert phase(plane, namespace) == "Succeeded", output
    assert f"system:serviceaccount:{namespace}:default" in output


@pytest.mark.needs_kubelet
def test_a_pod_sees_its_config_maps_and_secrets_where_they_are_mounted(plane: ControlPlane, namespace: str) -> None:
    """A mount path that does not exist on the host works, and a pod whose ConfigMap is missing waits for it."""
    body = {
        "metadata": {"name": "probe"},
        "spec": {"restartPolicy": "Never",
                 "volumes": [{"name": "settings", "configMap": {"name": "settings"}}],
                 "containers": [{
                     "name": "main", "image": "busybox:1", "command": ["/bin/cat", "/etc/shop/deep/greeting"],
                     "volumeMounts": [{"name": "settings", "mountPath": "/etc/shop/deep"}]}]},
    }  # fmt: skip
    plane.api("POST", f"/api/v1/namespaces/{namespace}/pods", body)
    plane.wait_for(lambda: "ContainerCreating" in json.dumps(pods(plane, namespace)), what="ContainerCreating")
    settings = {"metadata": {"name": "settings"}, "data": {"greeting": "good morning"}}
    plane.api("POST", f"/api/v1/namespaces/{namespace}/configmaps", settings)
    plane.wait_for(lambda: phase(plane, namespace) == "Succeeded", what="the end of the pod")
    assert plane.pod_log(namespace, "probe") == "good morning"


@pytest.mark.needs_kubelet
def test_a_deleted_pod_is_terminated_gracefully_and_killed_when_its_time_is_up(plane: ControlPlane, namespace: str) -> None:
    """A process that ignores SIGTERM lives for its grace period and not longer; its object is gone afterwards."""
    run_command(plane, namespace, "trap 'echo asked to stop' TERM; echo started; while true; do sleep 0.1; done")
    plane.wait_for(lambda: "started" in plane.pod_log(namespace, "probe"), what="the process")
    path = f"/api/v1/namespaces/{namespace}/pods/probe"
    plane.api("DELETE", path, {"gracePeriodSeconds": 1})
    plane.wait_for(lambda: "asked to stop" in plane.pod_log(namespace, "probe"), timeout=0.9, what="SIGTERM")
    assert plane.find(path) is not None
    plane.wait_for(lambda: plane.find(path) is None, timeout=5, what="the end of the pod")


@pytest.mark.needs_kubelet
def test_a_horizontal_pod_autoscaler_follows_a_metric_that_the_test_sets(plane: ControlPlane, namespace: str) -> None:
    """40 in the queue at 10 a pod are 4 pods; 20 are 2."""
    run(plane, namespace, "shop", "1")
    metric = {"metric": {"name": "queue"}, "target": {"type": "AverageValue", "averageValue": "10"}}
    autoscaler = {
        "metadata": {"name": "shop"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"},
                 "minReplicas": 1, "maxReplicas": 10, "metrics": [{"type": "External", "external": metric}]},
    }  # fmt: skip
    with MetricsApi(plane) as metrics:
        metrics.set("queue", 40)
        plane.api("POST", f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers", autoscaler)
        plane.wait_for(lambda: replicas(plane, namespace) == 4, what="4 replicas")
        metrics.set("queue", 20)
        plane.wait_for(lambda: replicas(plane, namespace) == 2, what="2 replicas")


def test_every_api_call_is_in_the_audit_log_once(plane: ControlPlane, namespace: str) -> None:
    """A test can count calls by user, verb and resource, refused ones too."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    plane.api("POST", path, {"metadata": {"name": "counted"}}, user="alice")
    with pytest.raises(ApiFailure):
        plane.api("POST", path, {"metadata": {"name": "counted"}}, user="alice")
    mine = [c for c in plane.audit() if c.user == "alice" and c.namespace == namespace]
    assert [(c.verb, c.resource, c.code) for c in mine] == [("create", "configmaps", code) for code in (201, 409)]
