"""The embedded cluster as a playground: `python -m playground` and `python -m controller run`, each a process of its own.

The two know nothing of each other but what a kubeconfig says; neither is imported here.
"""

import json
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from controller.cli.answers import Problem
from controller.cli.children import Child, Children
from controller.cli.trying import Trying, answering, make_source
from controller.kube import paths
from controller.kube.client import Client

_NAMESPACE = "release-coordinator"
_CONTROLLER = "release-coordinator"
"""The context of the controller's ServiceAccount in the playground's kubeconfig."""
_AUTHORITY = {"name": "playground-authority", "key": "ca.crt"}
_PATIENCE = 60.0


def start(children: Children, folder: Path, tree: Path, port: int, environment: Mapping[str, str]) -> Trying:
    """Start both; returns when Releases are carried out. Files go to `folder`. Raises Problem."""
    _require_packages()
    admin, controller = folder / "kubeconfig", folder / "kubeconfig-controller"
    command = [sys.executable, "-m", "playground", "--port", str(port), "--kubeconfig", str(admin)]
    children.start("cluster", command, environment, tree)
    children.wait(lambda: _written(admin), _PATIENCE, "The cluster's kubeconfig")
    content = _written(admin)
    ask = answering(admin)
    prometheus = f"{content['clusters'][0]['cluster']['server']}/prometheus"
    children.wait(partial(ask, partial(_make_authority, content)), _PATIENCE, "The cluster")
    children.wait(partial(ask, make_source(prometheus, {"authorities": _AUTHORITY})), _PATIENCE, "The MetricSource")
    controller.touch(mode=0o600)
    controller.write_text(json.dumps(content | {"current-context": _CONTROLLER}), encoding="utf-8")
    _start_controller(children, controller, tree, environment)
    people = ", ".join(each["name"] for each in content["contexts"] if each["name"] in ("alice", "bob"))
    return Trying(
        kubeconfig=admin,
        prometheus=prometheus,
        notes=(f"Images: shop:<version> runs a shop with users; other contexts: {people} (kubectl --context alice …)",),
    )


def _require_packages() -> None:
    missing = [name for name in ("trustme", "uvicorn") if find_spec(name) is None]
    if missing:
        raise Problem(f"The embedded cluster needs {' and '.join(missing)}. Install with: "
                      f"{sys.executable} -m pip install {' '.join(missing)}")  # fmt: skip


def _written(path: Path) -> dict[str, Any]:
    """The kubeconfig, or nothing while it is not there in full."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _make_authority(content: Mapping[str, Any], client: Client) -> object:
    """The Secret by which the controller trusts the playground's Prometheus."""
    data = {_AUTHORITY["key"]: content["clusters"][0]["cluster"]["certificate-authority-data"]}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": _AUTHORITY["name"]}, "data": data}
    return client.create(paths.SECRETS.path(_NAMESPACE), secret)


def _start_controller(children: Children, kubeconfig: Path, tree: Path, environment: Mapping[str, str]) -> Child:
    health = _free_port()
    settings = {"KUBECONFIG": str(kubeconfig), "LEASE_NAMESPACE": _NAMESPACE, "BIND": "127.0.0.1", "HEALTH_PORT": str(health),
                "METRICS_PORT": "0", "LOG_FORMAT": "text"}  # fmt: skip
    more = {f"RELEASE_COORDINATOR_{name}": value for name, value in settings.items()}
    child = children.start("controller", [sys.executable, "-m", "controller", "run"], {**environment, **more}, tree)
    children.wait(lambda: _ready(health), _PATIENCE, "The controller")
    return child


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _ready(port: int) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"http://127.0.0.1:{port}/readyz", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False
