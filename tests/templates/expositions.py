"""What the products' metrics endpoints answer, in their own form: names, labels and their order as each writes them.

In place of numbers stand <ok>, <bad>, <fast> and <all>: good and bad answers, those that were quick, and all of them. Of meshes
and servers it is one pod's; of gateways the whole gateway's, with a block for each backend.
"""

_ISTIO = (
    'reporter="destination",source_workload="ingress",source_canonical_service="ingress",source_canonical_revision="latest",'
    'source_workload_namespace="istio-system",source_principal="spiffe://cluster.local/ns/istio-system/sa/ingress",'
    'source_app="ingress",source_version="unknown",source_cluster="Kubernetes",destination_workload="web",'
    'destination_workload_namespace="shop",destination_principal="spiffe://cluster.local/ns/shop/sa/default",'
    'destination_app="web",destination_version="unknown",destination_service="web.shop.svc.cluster.local",'
    'destination_canonical_service="web",destination_canonical_revision="latest",destination_service_name="web",'
    'destination_service_namespace="shop",destination_cluster="Kubernetes"'
)
_HTTP = ('%s,request_protocol="http",response_code="%s",grpc_response_status="",response_flags="%s",'
         'connection_security_policy="mutual_tls"')  # fmt: skip
_GRPC = ('%s,request_protocol="grpc",response_code="200",grpc_response_status="%s",response_flags="-",'
         'connection_security_policy="mutual_tls"')  # fmt: skip
_OUT = _ISTIO.replace('reporter="destination"', 'reporter="source"').replace(
    'destination_workload_namespace="shop"', 'destination_workload_namespace="db"'
)


def _histogram(name: str, labels: str, edges: str, edge: str, counts: tuple[str, str] = ("<fast>", "<all>")) -> str:
    """The lines of a classic histogram: below the edge nothing, up to the next nothing more, beyond the rest."""
    before = labels + "," if labels else ""
    lines, (fast, everything), value = [], counts, "0"
    for each in edges.split():
        value = fast if each == edge else everything if each == "+Inf" else value
        lines.append(f'{name}_bucket{{{before}le="{each}"}} {value}')
    braces = f"{{{labels}}}" if labels else ""
    return "\n".join([*lines, f"{name}_sum{braces} 1.5", f"{name}_count{braces} {everything}"])


ISTIO = f"""\
# TYPE istio_requests_total counter
istio_requests_total{{{_HTTP % (_ISTIO, "200", "-")}}} <ok>
istio_requests_total{{{_HTTP % (_ISTIO, "503", "UF,URX")}}} <bad>
istio_requests_total{{{_HTTP % (_OUT, "500", "-")}}} 77
# TYPE istio_request_duration_milliseconds histogram
{
    _histogram(
        "istio_request_duration_milliseconds",
        _HTTP % (_ISTIO, "200", "-"),
        "0.5 1 5 10 25 50 100 250 500 1000 2500 5000 10000 30000 60000 300000 600000 1800000 3600000 +Inf",
        "500",
    )
}
"""
ISTIO_GRPC = f"""\
# TYPE istio_requests_total counter
istio_requests_total{{{_GRPC % (_ISTIO, "0")}}} <ok>
istio_requests_total{{{_GRPC % (_ISTIO, "14")}}} <bad>
"""
_LINKERD = ('direction="inbound",tls="true",client_id="ingress.ingress.serviceaccount.identity.linkerd.cluster.local",'
            'authority="web.shop.svc.cluster.local:80",target_addr="10.42.0.7:8080",target_ip="10.42.0.7",target_port="8080",'
            'srv_group="",srv_kind="default",srv_name="all-unauthenticated"')  # fmt: skip
_ROUTE = 'route_group="",route_kind="default",route_name="default",authz_group="",authz_kind="default",authz_name="all"'
_LATENCIES = " ".join(str(n * m) for m in (1, 10, 100, 1000, 10000) for n in (1, 2, 3, 4, 5))
LINKERD = f"""\
# HELP response_total Total count of HTTP responses.
# TYPE response_total counter
response_total{{{_LINKERD},{_ROUTE},status_code="200",classification="success",error=""}} <ok>
response_total{{{_LINKERD},{_ROUTE},status_code="503",classification="failure",error=""}} <bad>
response_total{{direction="outbound",authority="db.shop.svc.cluster.local",status_code="500",classification="failure"}} 77
# HELP response_latency_ms Elapsed times between a request's headers being received and its response stream completing.
# TYPE response_latency_ms histogram
{_histogram("response_latency_ms", f'{_LINKERD},status_code="200"', f"{_LATENCIES} +Inf", "500")}
"""
HTTP = f"""\
# HELP http_requests_total Total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{{code="200",method="get"}} <ok>
http_requests_total{{code="503",method="get"}} <bad>
# HELP http_request_duration_seconds Duration of HTTP requests.
# TYPE http_request_duration_seconds histogram
{_histogram("http_request_duration_seconds", 'method="get"', "0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 +Inf", "0.5")}
"""
_CALL = 'grpc_method="Buy",grpc_service="shop.v1.Shop",grpc_type="unary"'
GRPC = f"""\
# HELP grpc_server_handled_total Total number of RPCs completed on the server, regardless of success or failure.
# TYPE grpc_server_handled_total counter
grpc_server_handled_total{{grpc_code="OK",{_CALL}}} <ok>
grpc_server_handled_total{{grpc_code="NotFound",{_CALL}}} 0
grpc_server_handled_total{{grpc_code="Unavailable",{_CALL}}} <bad>
# HELP grpc_server_handling_seconds Histogram of response latency (seconds) of gRPC that had been application-level handled.
# TYPE grpc_server_handling_seconds histogram
{_histogram("grpc_server_handling_seconds", _CALL, "0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 +Inf", "0.5")}
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


_BACKEND = "httproute-shop-web-gw-gateways-public-ep-web-0-895711c62f6fbfa019a3-svc-shop-%s@kubernetesgateway"
TRAEFIK = (
    "# HELP traefik_service_requests_total How many HTTP requests processed on a service, partitioned by status code, protocol, "
    "and method.\n# TYPE traefik_service_requests_total counter\n"
    + _traefik(_BACKEND % "web-0", "<ok_stable>", "<bad_stable>", _STABLE)
    + _traefik(_BACKEND % "web-candidate-1", "<ok>", "<bad>", ("<fast>", "<all>"))
)


def _nginx(service: str, ok: str, bad: str, counts: tuple[str, str]) -> str:
    canary = service if service.endswith("-candidate") else ""
    common = (f'canary="{canary}",controller_class="k8s.io/ingress-nginx",controller_namespace="ingress-nginx",'
              'controller_pod="ingress-nginx-controller-559584768b-g5tnh",host="shop.example",ingress="web",method="GET",'
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


INGRESS_NGINX = (
    "# HELP nginx_ingress_controller_requests The total number of client requests\n"
    "# TYPE nginx_ingress_controller_requests counter\n"
    + _nginx("web", "<ok_stable>", "<bad_stable>", _STABLE)
    + _nginx("web-candidate", "<ok>", "<bad>", ("<fast>", "<all>"))
)
ENVOY_GATEWAY = f"""\
# TYPE envoy_cluster_upstream_rq_xx counter
envoy_cluster_upstream_rq_xx{{envoy_response_code_class="2",envoy_cluster_name="httproute/shop/web/rule/0"}} <ok>
envoy_cluster_upstream_rq_xx{{envoy_response_code_class="5",envoy_cluster_name="httproute/shop/web/rule/0"}} <bad>
envoy_cluster_upstream_rq_xx{{envoy_response_code_class="5",envoy_cluster_name="xds_cluster"}} 77
# TYPE envoy_cluster_upstream_rq_time histogram
{
    _histogram(
        "envoy_cluster_upstream_rq_time",
        'envoy_cluster_name="httproute/shop/web/rule/0"',
        "0.5 1 5 10 25 50 100 250 500 1000 2500 5000 10000 30000 60000 300000 600000 1800000 3600000 +Inf",
        "250",
    )
}
"""
