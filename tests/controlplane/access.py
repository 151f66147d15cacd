"""Who may talk to the control plane and how: its certificate, its users and their kubeconfigs.

One self-signed certificate is the authority and the server's own; its key also signs ServiceAccount tokens. Good for
tests only. Rights are given in RBAC (`BINDINGS`), never by another authorization mode.
"""

import base64
import csv
import json
import secrets
import ssl
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.controlplane.api import Client
from tests.controlplane.namespace import NODE_ADDRESS

BREAK_GLASS_GROUP = "release-coordinator:break-glass"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody with a token and a kubeconfig, known to tests by a short name."""

    name: str
    full_name: str
    groups: tuple[str, ...] = ()
    token: str = field(default_factory=secrets.token_urlsafe)


def users() -> dict[str, User]:
    """admin; the platform users alice and bob (who may break the glass); and the control plane's own programs."""
    everyone = (
        User(name="admin", full_name="admin", groups=("system:masters",)),
        User(name="alice", full_name="alice"),
        User(name="bob", full_name="bob", groups=(BREAK_GLASS_GROUP,)),
        User(name="kubelet", full_name="system:node:node-1", groups=("system:masters",)),
        User(name="controllers", full_name="system:kube-controller-manager", groups=("system:masters",)),
    )
    return {user.name: user for user in everyone}


# Alice and bob may what the built-in role `admin` allows in every namespace, and work with routes and releases.
_PLATFORM_USERS = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": n} for n in ("alice", "bob")]
_ROLES_API = "/apis/rbac.authorization.k8s.io/v1"
BINDINGS: Sequence[tuple[str, dict[str, Any]]] = (
    (f"{_ROLES_API}/clusterroles", {
        "metadata": {"name": "platform-user"},
        "rules": [
            {"apiGroups": ["gateway.networking.k8s.io"], "resources": ["httproutes"], "verbs": ["*"]},
            {"apiGroups": ["traefik.io"], "resources": ["traefikservices"], "verbs": ["*"]},
            {"apiGroups": ["release-coordinator.io"], "resources": ["*"], "verbs": ["*"]},
        ],
    }),
    *((f"{_ROLES_API}/clusterrolebindings", {
        "metadata": {"name": f"platform-users-{role}"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": _PLATFORM_USERS,
    }) for role in ("admin", "platform-user")),
)  # fmt: skip


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate and its key, for every name and address the API server has inside and outside the namespace."""
    names = ("DNS:localhost", "DNS:kubernetes", "DNS:kubernetes.default.svc", "IP:127.0.0.1", f"IP:{NODE_ADDRESS}")
    request = folder / "certificate.cnf"
    request.write_text(
        "[req]\ndistinguished_name = name\nx509_extensions = extensions\nprompt = no\n"
        "[name]\nCN = test-control-plane\n"
        "[extensions]\nbasicConstraints = critical, CA:TRUE\nsubjectKeyIdentifier = hash\n"
        f"keyUsage = critical, digitalSignature, keyCertSign\nsubjectAltName = {', '.join(names)}\n"
    )
    certificate, key = folder / "ca.crt", folder / "ca.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "7",
         "-config", request, "-keyout", key, "-out", certificate],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    return certificate, key


def write_tokens(path: Path, known: Sequence[User]) -> None:
    """The file for --token-auth-file."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows((u.token, u.full_name, u.full_name, ",".join(u.groups)) for u in known)
    path.chmod(0o600)


def write_kubeconfig(path: Path, server: str, certificate: Path, token: str) -> None:
    """A kubeconfig (JSON is YAML) that verifies the server's certificate."""
    authority = base64.b64encode(certificate.read_bytes()).decode()
    content = {
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": server, "certificate-authority-data": authority}}],
        "users": [{"name": "user", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "user"}}],
    }  # fmt: skip
    path.write_text(json.dumps(content))
    path.chmod(0o600)


def trusting(certificate: Path) -> ssl.SSLContext:
    """A TLS context that trusts this certificate and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=certificate)
    return context


def service_account(client: Client, namespace: str, name: str, rules: Sequence[dict[str, Any]]) -> str:
    """Make a namespace with a ServiceAccount that has these rights in the whole cluster; a token for it."""
    account = {"kind": "ServiceAccount", "namespace": namespace, "name": name}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    for path, body in (
        ("/api/v1/namespaces", {"metadata": {"name": namespace}}),
        (f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": name}}),
        (f"{_ROLES_API}/clusterroles", {"metadata": {"name": name}, "rules": rules}),
        (f"{_ROLES_API}/clusterrolebindings", {"metadata": {"name": name}, "roleRef": role, "subjects": [account]}),
    ):
        client.request("POST", path, body)
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
    return str(client.request("POST", path, {"spec": {"expirationSeconds": 86400}})["status"]["token"])
