"""A mutating webhook, served from the test's own process over TLS: it puts an annotation into pod templates that have none.

Injectors of sidecars and of configuration digests do as it does. What they run into is the test's business.
"""

import base64
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.controlplane import processes
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.namespace import NODE_ADDRESS

_PATH = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


class Injector:
    """`with Injector(cluster, namespace):` every update of a Deployment there, whatever it is about, is changed by it."""

    def __init__(self, cluster: ControlPlane, namespace: str) -> None:
        self._cluster, self._namespace, self._name = cluster, namespace, f"inject-{namespace}"
        self._server = ThreadingHTTPServer((NODE_ADDRESS, processes.free_port(NODE_ADDRESS)), _Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cluster.certificate, cluster.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._cluster.api("POST", _PATH, self._registration())
        return self

    def __exit__(self, *_: object) -> None:
        self._cluster.api("DELETE", f"{_PATH}/{self._name}")
        self._server.shutdown()
        self._server.server_close()

    def _registration(self) -> dict[str, Any]:
        port = self._server.server_address[1]
        authority = base64.b64encode(self._cluster.certificate.read_bytes()).decode()
        rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["deployments"]}
        webhook = {
            "name": "inject.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "rules": [rule],
            "clientConfig": {"url": f"https://{NODE_ADDRESS}:{port}/", "caBundle": authority},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self._namespace}},
        }  # fmt: skip
        return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
                "metadata": {"name": self._name}, "webhooks": [webhook]}  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        response: dict[str, Any] = {"uid": review["request"]["uid"], "allowed": True}
        if "annotations" not in review["request"]["object"]["spec"]["template"]["metadata"]:
            patch = [{"op": "add", "path": "/spec/template/metadata/annotations", "value": {"injected": "yes"}}]
            response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
        body = json.dumps({"apiVersion": review["apiVersion"], "kind": "AdmissionReview", "response": response}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Be quiet."""
