"""Facts, and no text, of what metrics endpoints have answered whose products do not run in the tests, as people recorded it.

Each was read from its first line to its last, but the Linkerd of 2026, of which only lines are published.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """By metric: all names of labels; those labels that templates match on; and, with commas, their values in each series and its
    number, of a histogram its count. `chosen` is what a template's selectors must make of it: bad ones and all, or all, that were
    sent by users to the workload in `namespace`, `service`.
    """

    product: str
    source: str
    metrics: dict[str, tuple[str, str, str]]
    edges: str
    chosen: dict[str, list[int]]
    namespace: str = "default"
    service: str | None = None
    scraped: str = ""  # a label that scraping adds
    later: str = ""  # labels that came with later versions
    besides: str = ""  # labels that some series of our own exposition have besides, as those of older recordings


_SIDES = " ".join(f"{side}_{name}" for side in ("source", "destination") for name in (
    "workload", "workload_namespace", "principal", "app", "version", "canonical_service", "canonical_revision"))  # fmt: skip
_SIDECAR = (f"{_SIDES} reporter request_protocol response_code response_flags grpc_response_status connection_security_policy "
            "destination_service destination_service_name destination_service_namespace")  # fmt: skip
_ASKED = "reporter destination_workload_namespace destination_service_name request_protocol response_code grpc_response_status"
_PROXY = ("authority direction tls no_tls_reason client_id server_id status_code dst_control_plane_ns dst_deployment "
          "dst_namespace dst_pod dst_pod_template_hash dst_service dst_serviceaccount")  # fmt: skip
_NGINX = ("nginx_ingress_controller_requests", "nginx_ingress_controller_request_duration_seconds_bucket")
_CONTROLLER = "controller_class controller_namespace controller_pod ingress namespace status"
_SECONDS = "0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 +Inf"


def _istio(source: str, users: int, rows: str, labels: str = f"{_SIDECAR} source_cluster destination_cluster") -> Recording:
    both = ("istio_requests_total", "istio_request_duration_milliseconds_bucket")
    return Recording(
        product="istio", source=source, metrics=dict.fromkeys(both, (labels, _ASKED, rows)),
        edges="0.5 1 5 10 25 50 100 250 500 1000 2500 5000 10000 30000 60000 300000 600000 1800000 3600000 +Inf",
        chosen={"istio-errors": [0, users], "istio-grpc-errors": [0, 0], "istio-latency": [users]})  # fmt: skip


RECORDINGS = [  # of each product the oldest first
    _istio("1.7.1: elastic/beats, x-pack/metricbeat/module/istio/proxy/_meta/testdata/proxy.v1.7.1.plain", 6,
           "destination,default,productpage,http,200,,6 destination,default,InboundPassthroughClusterIpv4,http,503,,5 "
           "destination,default,InboundPassthroughClusterIpv4,http,200,,2 source,default,details,http,200,,6 "
           "source,default,reviews,http,200,,3 source,default,reviews,http,200,,2 source,default,reviews,http,200,,1", _SIDECAR),
    _istio("1.11.4: DataDog/integrations-core, istio/tests/fixtures/1.5/istio-merged.txt", 1,
           "destination,default,reviews,http,200,,1"),
    _istio("1.14.3: elastic/integrations, packages/istio/_dev/deploy/docker/proxy.txt", 21,
           "destination,default,details,http,200,,21"),
    Recording(
        product="linkerd", source="June 2019: DataDog/integrations-core, linkerd/tests/fixtures/linkerd_v2.txt",
        metrics={"response_total": (f"{_PROXY} classification", "direction classification",
                                    "inbound,success,851 outbound,success,16275 inbound,success,582 outbound,success,6"),
                 "response_latency_ms_bucket": (_PROXY, "direction", "inbound,852 inbound,1 outbound,16275 inbound,1 inbound,4 "
                                                "inbound,582 outbound,10 inbound,2 inbound,5 inbound,1 inbound,1 inbound,3")},
        edges="1 2 3 4 5 10 20 30 40 50 100 200 300 400 500 1000 2000 3000 4000 5000 10000 20000 30000 40000 50000 +Inf",
        namespace="linkerd", scraped="namespace", later="target_port route_name",
        chosen={"linkerd-errors": [0, 1433], "linkerd-latency": [1452]}),
    Recording(  # edges: linkerd/linkerd2-proxy, linkerd/metrics/src/latency.rs; labels: of what is inbound and without TLS
        product="linkerd", source="May 2026: buoyantio/playground-laboratory, the runbook of a 503 by the application",
        metrics={"response_total": ("direction target_addr target_ip target_port tls no_tls_reason srv_group srv_kind srv_name "
                                    "srv_port route_group route_kind route_name authz_group authz_kind authz_name status_code "
                                    "classification grpc_status error", "direction target_port route_name classification",
                                    "outbound,8080,,failure,65 outbound,8080,,failure,7 inbound,4191,default,failure,1")},
        edges="1 10 50 100 200 300 400 500 1000 5000 10000 +Inf",
        namespace="playground", scraped="namespace", besides="authority client_id", chosen={"linkerd-errors": [0, 0]}),
    Recording(  # The counter has `service` since kubernetes/ingress-nginx, pull request 4128, of June 2019.
        product="ingress-nginx",
        source="December 2018: DataDog/integrations-core, nginx_ingress_controller/tests/fixtures/metrics.txt",
        metrics={_NGINX[0]: (_CONTROLLER, "namespace status", ",404,1 ,499,1 default,200,3"),
                 _NGINX[1]: (f"{_CONTROLLER} host method path service", "namespace service status",
                             ",,404,1 ,,499,1 default,hello-app,200,3")},
        edges=_SECONDS, service="hello-app", later="service",
        chosen={"ingress-nginx-errors": [0, 0], "ingress-nginx-latency": [3]}),
    Recording(
        product="ingress-nginx", source="1.15.1: a user's notes of April 2026 (Helm chart 4.15.1)",
        metrics=dict.fromkeys(_NGINX, (f"{_CONTROLLER} canary host method path service", "namespace service status",
                                       "monitoring,prometheus-stack-kube-prom-prometheus,200,1")),
        edges=_SECONDS, namespace="monitoring", service="prometheus-stack-kube-prom-prometheus",
        chosen={"ingress-nginx-errors": [0, 1], "ingress-nginx-latency": [1]}),
]  # fmt: skip
