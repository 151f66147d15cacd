"""An aggregated API that feeds HorizontalPodAutoscalers: external.metrics.k8s.io, with values that a test sets.

It is served from the test's own process, over TLS, and registered with the API server through an APIService.
"""

import json
import ssl
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.controlplane import processes
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.namespace import NODE_ADDRESS

_GROUP = "external.metrics.k8s.io/v1beta1"
_SERVICE = "test-metrics"
_APISERVICE = "v1beta1.external.metrics.k8s.io"


class MetricsApi:
    """`with MetricsApi(cluster) as metrics: metrics.set("queue", 40)`."""

    def __init__(self, cluster: ControlPlane) -> None:
        self._cluster = cluster
        self._values: dict[str, float] = {}
        port = processes.free_port(NODE_ADDRESS)
        self._server = ThreadingHTTPServer((NODE_ADDRESS, port), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cluster.certificate, cluster.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._port = port

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._cluster.apply(json.dumps({"apiVersion": "v1", "kind": "List", "items": self._registration()}))
        self._cluster.wait_for(self._is_available, what="the APIService of the test metrics")
        return self

    def __exit__(self, *_: object) -> None:
        self._cluster.kubectl("delete", "apiservice", _APISERVICE)
        self._server.shutdown()
        self._server.server_close()

    def set(self, metric: str, value: float) -> None:
        """What the metric of this name is from now on, in every namespace."""
        self._values[metric] = value

    def _is_available(self) -> bool:
        found = self._cluster.api("GET", f"/apis/apiregistration.k8s.io/v1/apiservices/{_APISERVICE}")
        conditions = found.get("status", {}).get("conditions", [])
        return any(c["type"] == "Available" and c["status"] == "True" for c in conditions)

    def _registration(self) -> list[dict[str, Any]]:
        where = {"name": _SERVICE, "namespace": "kube-system"}
        return [
            {"apiVersion": "v1", "kind": "Service", "metadata": where,
             "spec": {"ports": [{"name": "https", "port": 443}]}},
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
             "metadata": {**where, "labels": {"kubernetes.io/service-name": _SERVICE}},
             "ports": [{"name": "https", "port": self._port}],
             "endpoints": [{"addresses": [NODE_ADDRESS], "conditions": {"ready": True}}]},
            {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
             "metadata": {"name": _APISERVICE},
             "spec": {"group": "external.metrics.k8s.io", "version": "v1beta1", "service": where,
                      "groupPriorityMinimum": 100, "versionPriority": 100, "insecureSkipTLSVerify": True}},
        ]  # fmt: skip

    def _answer(self, path: str) -> dict[str, Any]:
        metric = path.partition("?")[0].rpartition("/")[2]
        if metric == "v1beta1":
            return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": _GROUP, "resources": []}
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        value = self._values.get(metric)
        items = [] if value is None else [
            {"metricName": metric, "metricLabels": {}, "timestamp": at, "value": f"{round(value * 1000)}m"}]  # fmt: skip
        return {"kind": "ExternalMetricValueList", "apiVersion": _GROUP, "metadata": {}, "items": items}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answer = self._answer

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = json.dumps(answer(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Be quiet."""

        return Handler
