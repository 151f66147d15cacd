"""What metrics endpoints answer of products that do not run in the tests: their names, labels, values of labels and buckets.

Each was checked against one that somebody has recorded of the product itself; where, is said at each, and in recordings.py, with
which tests compare. The numbers and the names of workloads are ours. In place of numbers stand <ok>, <bad>, <fast> and <all>:
good and bad answers, those that were quick, and all of them; and <other>, which grows too and is no answer of the workload's to
its users. Of meshes and servers it is one pod's; of gateways the whole gateway's, with a block for each backend.

Envoy Gateway's proxy and gRPC servers run in test_live.py; Traefik and an HTTP server in tests/real.
"""


def _histogram(name: str, labels: str, edges: str, edge: str, counts: tuple[str, str] = ("<fast>", "<all>")) -> str:
    """The lines of a classic histogram: below the edge nothing, up to the next nothing more, beyond the rest."""
    before = labels + "," if labels else ""
    lines, (fast, everything), value = [], counts, "0"
    for each in edges.split():
        value = fast if each == edge else everything if each == "+Inf" else value
        lines.append(f'{name}_bucket{{{before}le="{each}"}} {value}')
    braces = f"{{{labels}}}" if labels else ""
    return "\n".join([*lines, f"{name}_sum{braces} 1.5", f"{name}_count{braces} {everything}"])


# Istio's sidecar, port 15090 or, merged by its agent, 15020: /stats/prometheus.
# - Counters and histograms of 1.7.1, 1.11.4 and 1.14.3. Requests to ports of no Service, scrapes among them, are counted with
#   destination_service_name InboundPassthroughClusterIpv4 (InboundPassthroughCluster since 1.23: istio/istio, pull request
#   51503), also those that fail (503, UF).
# - source_cluster and destination_cluster: in 1.11.4 and ever since, not in 1.7.1; before 1.9 only meshes of several clusters
#   had them (istio/istio, pull request 30036).
# - The order of labels is that of 1.17.8 and later: lines shown by users; the names and values also in istio/proxy,
#   testdata/metric/server_request_total.yaml.tmpl, which its own tests compare with.
# - gRPC: salrashid123/grpc_stats_envoy_istio, 1.16. Status as a number, the HTTP code stays 200.
_ISTIO = (
    'reporter="destination",source_workload="ingress",source_canonical_service="ingress",source_canonical_revision="latest",'
    'source_workload_namespace="istio-system",source_principal="spiffe://cluster.local/ns/istio-system/sa/ingress",'
    'source_app="ingress",source_version="unknown",source_cluster="Kubernetes",destination_workload="web",'
    'destination_workload_namespace="shop",destination_principal="spiffe://cluster.local/ns/shop/sa/default",'
    'destination_app="web",destination_version="",destination_service="web.shop.svc.cluster.local",'
    'destination_canonical_service="web",destination_canonical_revision="latest",destination_service_name="web",'
    'destination_service_namespace="shop",destination_cluster="Kubernetes"'
)
_SCRAPE = (
    'reporter="destination",source_workload="unknown",source_canonical_service="unknown",source_canonical_revision="latest",'
    'source_workload_namespace="unknown",source_principal="unknown",source_app="unknown",source_version="unknown",'
    'source_cluster="unknown",destination_workload="web",destination_workload_namespace="shop",'
    'destination_principal="unknown",destination_app="web",destination_version="",destination_service="10.42.0.7:9090",'
    'destination_canonical_service="web",destination_canonical_revision="latest",'
    'destination_service_name="%s",destination_service_namespace="shop",destination_cluster="Kubernetes"'
)
_HTTP = ('%s,request_protocol="http",response_code="%s",grpc_response_status="",response_flags="%s",'
         'connection_security_policy="%s"')  # fmt: skip
_GRPC = ('%s,request_protocol="grpc",response_code="200",grpc_response_status="%s",response_flags="-",'
         'connection_security_policy="mutual_tls"')  # fmt: skip
_OUT = _ISTIO.replace('reporter="destination"', 'reporter="source"').replace(
    'destination_workload_namespace="shop"', 'destination_workload_namespace="db"'
)
_ISTIO_EDGES = "0.5 1 5 10 25 50 100 250 500 1000 2500 5000 10000 30000 60000 300000 600000 1800000 3600000 +Inf"
_ISTIO_SCRAPES = [_HTTP % (_SCRAPE % name, "200", "-", "none")
                  for name in ("InboundPassthroughCluster", "InboundPassthroughClusterIpv4")]  # fmt: skip


def _istio_latency(labels: str, *counts: str) -> str:
    return _histogram("istio_request_duration_milliseconds", labels, _ISTIO_EDGES, "500", (counts[0], counts[1]))


ISTIO = f"""\
# TYPE istio_requests_total counter
istio_requests_total{{{_HTTP % (_ISTIO, "200", "-", "mutual_tls")}}} <ok>
istio_requests_total{{{_HTTP % (_ISTIO, "503", "UF,URX", "mutual_tls")}}} <bad>
istio_requests_total{{{_HTTP % (_OUT, "500", "-", "unknown")}}} <other>
istio_requests_total{{{_ISTIO_SCRAPES[0]}}} <other>
istio_requests_total{{{_ISTIO_SCRAPES[1]}}} <other>
istio_requests_total{{{_HTTP % (_SCRAPE % "InboundPassthroughCluster", "503", "UF", "none")}}} <other>
# TYPE istio_request_duration_milliseconds histogram
{_istio_latency(_HTTP % (_ISTIO, "200", "-", "mutual_tls"), "<fast>", "<all>")}
{_istio_latency(_ISTIO_SCRAPES[0], "<other>", "<other>")}
{_istio_latency(_ISTIO_SCRAPES[1], "<other>", "<other>")}
"""
ISTIO_GRPC = f"""\
# TYPE istio_requests_total counter
istio_requests_total{{{_GRPC % (_ISTIO, "0")}}} <ok>
istio_requests_total{{{_GRPC % (_ISTIO, "14")}}} <bad>
istio_requests_total{{{_GRPC % (_SCRAPE % "InboundPassthroughCluster", "0")}}} <other>
"""

# Linkerd's proxy, port 4191: /metrics.
# - Labels of an inbound response of a proxy of 2026-05: buoyantio/playground-laboratory, the runbook of a 503 by the
#   application. It is one to the proxy's own port 4191: the kubelet's probes of the proxy and the scrapes are counted too, and
#   while a pod starts they fail. The application's probes come as route_name="probe": linkerd/website, pull request 1833.
# - The histogram has the counter's labels but for what tells of the end of an answer: the output of a proxy of June 2019, which
#   as yet has neither target_port (there by 2022: linkerd/linkerd2, issue 9737) nor route_name. That has 25 edges; the eleven of
#   them below are in every version (linkerd/linkerd2-proxy, linkerd/metrics/src/latency.rs).
_LINKERD_PORT = (
    'direction="inbound",target_addr="10.42.0.7:%(port)s",target_ip="10.42.0.7",target_port="%(port)s",%(tls)s,srv_group="",'
    'srv_kind="default",srv_name="all-unauthenticated",srv_port="%(port)s",route_group="",route_kind="default",'
    'route_name="%(route)s",authz_group="",authz_kind="default",authz_name="%(authz)s"'
)
_PLAIN = 'tls="no_identity",no_tls_reason="no_tls_from_remote"'
_LINKERD = _LINKERD_PORT % {
    "port": 8080, "route": "default", "authz": "all-unauthenticated",
    "tls": 'tls="true",client_id="ingress.ingress.serviceaccount.identity.linkerd.cluster.local"',
}  # fmt: skip
_PROBES = _LINKERD_PORT % {"port": 8080, "route": "probe", "authz": "probe", "tls": _PLAIN}
_ADMIN = _LINKERD_PORT % {"port": 4191, "route": "default", "authz": "all-unauthenticated", "tls": _PLAIN}
_LATENCIES = "1 10 50 100 200 300 400 500 1000 5000 10000 +Inf"
_SUCCESS, _FAILURE = ('classification="success",grpc_status="",error=""', 'classification="failure",grpc_status="",error=""')
LINKERD = f"""\
# HELP response_total Total count of HTTP responses.
# TYPE response_total counter
response_total{{{_LINKERD},status_code="200",{_SUCCESS}}} <ok>
response_total{{{_LINKERD},status_code="503",{_FAILURE}}} <bad>
response_total{{{_PROBES},status_code="200",{_SUCCESS}}} <other>
response_total{{{_ADMIN},status_code="200",{_SUCCESS}}} <other>
response_total{{{_ADMIN},status_code="503",{_FAILURE}}} <other>
response_total{{direction="outbound",authority="db.shop.svc.cluster.local",status_code="500",{_FAILURE}}} <other>
# HELP response_latency_ms Elapsed times between a request's headers being received and its response stream completing
# TYPE response_latency_ms histogram
{_histogram("response_latency_ms", f'{_LINKERD},status_code="200"', _LATENCIES, "500")}
{_histogram("response_latency_ms", f'{_PROBES},status_code="200"', _LATENCIES, "1", ("<other>", "<other>"))}
{_histogram("response_latency_ms", f'{_ADMIN},status_code="200"', _LATENCIES, "1", ("<other>", "<other>"))}
"""

# An HTTP server with client_golang's promhttp.InstrumentHandlerCounter and InstrumentHandlerDuration, which give the labels code
# and method, and its default buckets. The names are the application's.
HTTP = f"""\
# HELP http_requests_total Total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{{code="200",method="get"}} <ok>
http_requests_total{{code="503",method="get"}} <bad>
# HELP http_request_duration_seconds Duration of HTTP requests.
# TYPE http_request_duration_seconds histogram
{_histogram("http_request_duration_seconds", 'method="get"', "0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 +Inf", "0.5")}
"""

_OF = ('code="200",method="GET",protocol="http",service="%s"', 'code="500",method="GET",protocol="http",service="%s"')
_STABLE = ("<fast_stable>", "<all_stable>")


def _traefik(service: str, ok: str, bad: str, counts: tuple[str, str]) -> str:
    good = _OF[0] % service
    return f"""\
traefik_service_requests_total{{{good}}} {ok}
traefik_service_requests_total{{{_OF[1] % service}}} {bad}
{_histogram("traefik_service_request_duration_seconds", good, "0.1 0.3 1.2 5 +Inf", "0.3", counts)}
"""


# Traefik 3.7.15, as it answers in tests/real.
_BACKEND = "httproute-shop-web-gw-gateways-public-ep-web-0-895711c62f6fbfa019a3-svc-shop-%s@kubernetesgateway"
TRAEFIK = (
    "# HELP traefik_service_requests_total How many HTTP requests processed on a service, partitioned by status code, protocol, "
    "and method.\n# TYPE traefik_service_requests_total counter\n"
    + _traefik(_BACKEND % "web-0", "<ok_stable>", "<bad_stable>", _STABLE)
    + _traefik(_BACKEND % "web-candidate-1", "<ok>", "<bad>", ("<fast>", "<all>"))
)


def _nginx(service: str, ok: str, bad: str, counts: tuple[str, str], canary: str = "") -> str:
    common = (f'canary="{canary}",controller_class="k8s.io/ingress-nginx",controller_namespace="ingress-nginx",'
              'controller_pod="ingress-nginx-controller-559584768b-x7k2p",host="shop.example",ingress="web",method="GET",'
              f'namespace="shop",path="/",service="{service}",status="%s"')  # fmt: skip
    return f"""\
nginx_ingress_controller_requests{{{common % 200}}} {ok}
nginx_ingress_controller_requests{{{common % 502}}} {bad}
{
        _histogram(
            "nginx_ingress_controller_request_duration_seconds",
            common % 200,
            "0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 +Inf",
            "0.25",
            counts,
        )
    }
"""


# ingress-nginx, port 10254: /metrics.
# - Of 1.15.1, as a user has published it (Helm chart 4.15.1, April 2026).
# - Of its own collector (module k8s.io/ingress-nginx v0.0.0-20240708192948, which is 1.11.0), which we ran: a program in a copy
#   of the module calls collectors.NewSocketCollector with the default buckets of pkg/flags, registers and starts it, writes to
#   its socket what lua/monitor.lua would, and prints what promhttp answers.
# The requests that a canary Ingress gets have the Service of the main Ingress in `service`, and their own backend only in
# `canary`, as <namespace>-<service>-<port>: what monitor.lua sends is the location's $service_name.
INGRESS_NGINX = (
    "# HELP nginx_ingress_controller_requests The total number of client requests\n"
    "# TYPE nginx_ingress_controller_requests counter\n"
    + _nginx("web", "<ok>", "<bad>", ("<fast>", "<all>"))
    + _nginx("web", "<ok>", "<bad>", ("<fast>", "<all>"), canary="shop-web-canary-80")
    + _nginx("db", "<other>", "<other>", ("<other>", "<other>"))
)
