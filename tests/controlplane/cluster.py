"""What a test can do with a cluster, whoever runs it, and the cluster we run ourselves.

`Cluster` is the common part, `ControlPlane` starts etcd, kube-apiserver, kube-controller-manager and the test kubelet
in the present network namespace (see namespace.py). Nothing that knows the product belongs here.
"""

import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from tests.controlplane import access, audit, binaries, processes
from tests.controlplane.api import ApiFailure, Client
from tests.controlplane.namespace import NODE_ADDRESS

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
APP = Path(__file__).with_name("app.py")

# Image (the last part of its name, without tag) → the command that stands for its entry point. An empty command: the
# container must bring its own. Any other image cannot be pulled.
IMAGES: Mapping[str, Sequence[str]] = {
    "shop": (sys.executable, "-S", "-E", "-s", str(APP)),
    "release-coordinator": ("/usr/bin/env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "controller"),
    "busybox": (),
}


class CommandFailed(Exception):
    """kubectl or helm exited with an error; the message has what it said."""


class Cluster:
    """What tests use. `user` is admin, alice (a platform user) or bob (alice with break-glass)."""

    has_kubelet = False

    def __init__(self) -> None:
        self._names = itertools.count(1)
        self._run_id = f"{os.getpid() % 10000:04d}{int(time.time()) % 10000:04d}"
        self._prefixes: dict[str, str] = {}

    def client(self, user: str = "admin") -> Client:
        """The API client of this user."""
        raise NotImplementedError

    def _command(self, program: str, user: str) -> list[str]:
        raise NotImplementedError

    def kubectl(
        self,
        *args: str,
        user: str = "admin",
        input: str | None = None,
        check: bool = True,
        timeout: float = 30,
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl as this user. Raises CommandFailed if `check` and it does not exit with 0."""
        return self._run([*self._command("kubectl", user), *args], input, check=check, timeout=timeout)

    def helm(self, *args: str, user: str = "admin", check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run Helm as this user. Raises CommandFailed if `check` and it does not exit with 0."""
        return self._run([*self._command("helm", user), *args], None, check=check, timeout=timeout)

    def _run(self, argv: list[str], text: str | None, *, check: bool, timeout: float) -> subprocess.CompletedProcess[str]:
        clean = {k: v for k, v in os.environ.items() if k != "KUBECONFIG" and not k.lower().endswith("_proxy")}
        clean["GOGC"] = "off"  # They end before their garbage matters.
        done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=timeout, env=clean, check=False)
        if check and done.returncode != 0:
            raise CommandFailed(f"{' '.join(argv)} exited with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def apply(self, text: str, user: str = "admin", namespace: str | None = None) -> str:
        """`kubectl apply` of YAML; what kubectl said."""
        where = ["--namespace", namespace] if namespace else []
        return self.kubectl("apply", *where, "-f", "-", user=user, input=text, timeout=60).stdout

    def api(self, method: str, path: str, body: Any = None, content_type: str = "application/json", user: str = "admin") -> Any:
        """One raw API call; the parsed answer. Raises ApiFailure."""
        return self.client(user).request(method, path, body, content_type)

    def address(self, kind: str, namespace: str, name: str = "") -> str:
        """The path of an object, or of all of its kind. `kind` as kubectl takes it: plural, singular, short, with its group."""
        if kind not in self._prefixes:
            self._prefixes = self._discover()
        prefix, _, plural = self._prefixes[kind].rpartition("/")
        return f"{prefix}/namespaces/{namespace}/{plural}" + (name and f"/{name}")

    def _discover(self) -> dict[str, str]:
        found: dict[str, str] = {}
        groups = self.api("GET", "/apis")["groups"]
        for prefix in ("/api/v1", *(f"/apis/{group['preferredVersion']['groupVersion']}" for group in groups)):
            with suppress(ApiFailure):  # Of an aggregated API, whose server has gone.
                for one in self.api("GET", prefix)["resources"]:
                    full = f"{one['name']}.{prefix.split('/')[2]}"
                    for name in (one["name"], one["singularName"], full, *one.get("shortNames", ())):
                        found.setdefault(name, f"{prefix}/{one['name']}")
        return found

    def namespace(self, prefix: str = "test") -> str:
        """A fresh namespace in which pods can be made; its name."""
        name = f"{prefix}-{self._run_id}-{next(self._names)}"
        self.api("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        for needed in ("serviceaccounts/default", "configmaps/kube-root-ca.crt"):
            path = f"/api/v1/namespaces/{name}/{needed}"
            self.wait_for(partial(self.find, path), what=path)
        return name

    def find(self, path: str) -> Any:
        """The object at this path, or None."""
        try:
            return self.api("GET", path)
        except ApiFailure as failure:
            if failure.status == 404:
                return None
            raise

    def wait_for(self, question: Callable[[], T], timeout: float = 30, what: str = "a condition") -> T:
        """Ask until the answer is true-ish, and return it; the longer it takes, the less often: every 20 to 100 ms.

        Raises TimeoutError with the last answer.
        """
        began = time.monotonic()
        while not (answer := question()):
            waited = time.monotonic() - began
            if waited > timeout:
                raise TimeoutError(f"{what} did not come about in {timeout:g} s; last seen: {answer!r}")
            time.sleep(min(0.1, 0.02 + waited / 20))
        return answer


class ControlPlane(Cluster):
    """A control plane of our own, for the time of a `with` block. Files (logs, pods' output) are under `folder`."""

    has_kubelet = True
    audit_policy: ClassVar[Mapping[str, Any]] = audit.POLICY

    def __init__(self, images: Mapping[str, Sequence[str]] = IMAGES) -> None:
        super().__init__()
        self.images = images
        self.users = access.users()
        self.folder = Path(tempfile.mkdtemp(prefix="controlplane-"))
        self.log_folder = self.folder / "logs"
        self.port = processes.free_port()
        self.server = f"https://{NODE_ADDRESS}:{self.port}"
        self._clients: dict[str, Client] = {}
        self._ending = ExitStack()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Return when pods can be made: 3 s. Raises binaries.Missing, or RuntimeError with a program's last words."""
        self.log_folder.mkdir()
        (self.folder / "audit-policy.json").write_text(json.dumps(self.audit_policy))
        self.certificate, self.key = access.make_certificate(self.folder)
        access.write_tokens(self.folder / "tokens.csv", list(self.users.values()))
        for user in self.users:
            self.write_kubeconfig(self.kubeconfig(user), self.server, user)
        etcd_client, etcd_peer = (f"http://127.0.0.1:{processes.free_port()}" for _ in range(2))
        self.run("etcd", _etcd_arguments(self.folder, etcd_client, etcd_peer))
        api_server = self.run("kube-apiserver", _api_server_arguments(self, etcd_client))
        self._wait_until_ready(api_server)
        for path, body in access.BINDINGS:
            self.api("POST", path, body)
        self.run("kube-controller-manager", _controller_manager_arguments(self))
        self._start_kubelet()

    def stop(self) -> None:
        """End everything that was started, last first, and remove its files (kept when KEEP_CONTROLPLANE is set)."""
        self._ending.close()
        if not os.environ.get("KEEP_CONTROLPLANE"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, program: str | Path, arguments: Sequence[str | Path]) -> subprocess.Popen[bytes]:
        """Start a program (by its name in binaries.PROGRAMS, or its path) that lives as long as this control plane."""
        executable = binaries.path(program) if isinstance(program, str) else program
        process = processes.start([executable, *arguments], self.log_of(executable.name))
        self._ending.callback(processes.end, process)
        return process

    def log_of(self, program: str) -> Path:
        """Where a program's output goes."""
        return self.log_folder / f"{program}.log"

    def on_stop(self, action: Callable[[], object]) -> None:
        """Do this first when the control plane stops."""
        self._ending.callback(action)

    def client(self, user: str = "admin") -> Client:
        """The API client of this user; one for all calls."""
        if user not in self._clients:
            headers = {"Authorization": f"Bearer {self.users[user].token}", "User-Agent": f"test-{user}"}
            self._clients[user] = Client(self.server, headers, access.trusting(self.certificate))
        return self._clients[user]

    def kubeconfig(self, user: str = "admin") -> Path:
        """The path of this user's kubeconfig; good inside the network namespace."""
        return self.folder / f"kubeconfig-{user}"

    def write_kubeconfig(self, path: Path, server: str, user: str = "admin") -> None:
        """Another kubeconfig for this user, for a relay to the API server."""
        access.write_kubeconfig(path, server, self.certificate, self.users[user].token)

    def audit(self) -> list[audit.Call]:
        """Every API call answered so far, oldest first."""
        return audit.read(self.folder / "audit.log")

    def pod_log(self, namespace: str, pod: str) -> str:
        """What a pod has written to stdout and stderr, all its containers and restarts together."""
        files = sorted((self.folder / "pods").glob(f"{namespace}_{pod}_*/*.log"))
        return "".join(file.read_text(errors="replace") for file in files)

    def _command(self, program: str, user: str) -> list[str]:
        cache = ["--cache-dir", str(self.folder / "discovery")] if program == "kubectl" else []
        return [str(binaries.path(program)), "--kubeconfig", str(self.kubeconfig(user)), *cache]

    def _wait_until_ready(self, api_server: subprocess.Popen[bytes], patience: float = 60) -> None:
        deadline = time.monotonic() + patience
        while True:
            try:
                self.api("GET", "/readyz")
                return
            except (OSError, ApiFailure) as problem:
                if api_server.poll() is not None or time.monotonic() > deadline:
                    last_words = self.log_of("kube-apiserver").read_text(errors="replace")[-2000:]
                    raise RuntimeError(f"kube-apiserver did not become ready ({problem}):\n{last_words}") from problem
                time.sleep(0.05)

    def _start_kubelet(self) -> None:
        configuration = {
            "server": self.server, "token": self.users["kubelet"].token, "certificate": str(self.certificate),
            "key": str(self.key),
            "folder": str(self.folder / "pods"), "images": {name: list(argv) for name, argv in self.images.items()},
            "keep_visible": [str(ROOT), sys.prefix, sys.base_prefix],
        }  # fmt: skip
        path = self.folder / "kubelet.json"
        path.write_text(json.dumps(configuration))
        path.chmod(0o600)
        argv: list[str | Path] = [sys.executable, "-m", "tests.controlplane.kubelet", path]
        process = processes.start(argv, self.log_of("kubelet"), os.environ | {"PYTHONPATH": str(ROOT)})
        self._ending.callback(processes.end, process)


def _etcd_arguments(folder: Path, client: str, peer: str) -> list[str]:
    return [
        f"--data-dir={folder / 'etcd'}", "--unsafe-no-fsync", "--log-level=warn",
        f"--listen-client-urls={client}", f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}",
    ]  # fmt: skip


def _api_server_arguments(plane: ControlPlane, etcd: str) -> list[str]:
    return [
        f"--etcd-servers={etcd}",
        f"--secure-port={plane.port}", f"--advertise-address={NODE_ADDRESS}",
        f"--tls-cert-file={plane.certificate}", f"--tls-private-key-file={plane.key}",
        f"--token-auth-file={plane.folder / 'tokens.csv'}", "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={plane.certificate}",
        f"--service-account-signing-key-file={plane.key}",
        "--service-cluster-ip-range=10.96.0.0/16", "--allow-privileged",
        # There is no kube-proxy: the API server itself goes to the endpoints of webhooks and aggregated APIs.
        "--endpoint-reconciler-type=none", "--enable-aggregator-routing",
        f"--audit-policy-file={plane.folder / 'audit-policy.json'}", f"--audit-log-path={plane.folder / 'audit.log'}",
    ]  # fmt: skip


def _controller_manager_arguments(plane: ControlPlane) -> list[str]:
    fast = [f"--concurrent-{kind}-syncs=20" for kind in ("deployment", "replicaset", "service-endpoint")]
    return [
        f"--kubeconfig={plane.kubeconfig('controllers')}", "--leader-elect=false", "--secure-port=0",
        # One node that is always there; its pods must not be evicted when the kubelet is stopped by a test. Endpoints
        # are read by nobody here.
        "--controllers=*,-nodelifecycle,-nodeipam,-taint-eviction-controller,-endpoints-controller,"
        "-endpointslice-mirroring-controller",
        f"--service-account-private-key-file={plane.key}", f"--root-ca-file={plane.certificate}",
        "--kube-api-qps=1000", "--kube-api-burst=2000", *fast,
        "--horizontal-pod-autoscaler-sync-period=1s", "--horizontal-pod-autoscaler-downscale-stabilization=2s",
    ]  # fmt: skip
