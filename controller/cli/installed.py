"""The tests' real control plane as a playground: started as `make controlplane` does, with the product installed by Helm."""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from controller.cli.answers import Problem
from controller.cli.children import Child, Children
from controller.cli.trying import Trying, answering, takes_releases

_UP = re.compile(r"KUBECONFIG=(?P<folder>\S+)/host-admin .*gateway (?P<gateway>\S+)  Prometheus (?P<prometheus>\S+)")
_PATIENCE = 120.0
_HELM = "from tests.controlplane import binaries; print(binaries.path('helm'))"
_NAME = "release-coordinator"


def start(children: Children, tree: Path, environment: Mapping[str, str]) -> Trying:
    """Start it and install the product; returns when a Release can be applied. Raises Problem."""
    child = children.start("control plane", [sys.executable, "-m", "tests.controlplane", "up"], environment, tree)
    told = children.wait(lambda: _told(child), _PATIENCE, "The control plane")
    kubeconfig = Path(told["folder"]) / "host-admin"
    _install(tree, environment, kubeconfig, _inner(told["prometheus"]))
    children.wait(partial(answering(kubeconfig), takes_releases), _PATIENCE, "The first Release")
    return Trying(
        kubeconfig=kubeconfig,
        prometheus=told["prometheus"],
        notes=(f"Gateway: {told['gateway']} (curl -H 'Host: shop.example.com' {told['gateway']})",
               f"Users without all rights: {told['folder']}/host-alice and {told['folder']}/host-bob"),
    )  # fmt: skip


def _told(child: Child) -> re.Match[str] | None:
    return _UP.search(child.log.read_text(encoding="utf-8", errors="replace"))


def _inner(prometheus: str) -> str:
    """Where the controller's pod finds Prometheus: in the cluster's own network, by the address that it listens on."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{prometheus}/api/v1/status/flags", timeout=10) as answer:
            return f"http://{json.load(answer)['data']['web.listen-address']}"
    except (urllib.error.URLError, OSError, ValueError, KeyError) as error:
        raise Problem(f"Prometheus of the control plane does not say where it listens: {error}. Try again.") from error


def _install(tree: Path, environment: Mapping[str, str], kubeconfig: Path, prometheus: str) -> None:
    helm = _run([sys.executable, "-c", _HELM], tree, environment, "Helm is not here; `make provision` builds it").strip()
    values = (f"metricSources.default.address={prometheus}", f"image.repository={_NAME}", "replicas=1", "logFormat=text")
    command = [
        helm, "--kubeconfig", str(kubeconfig), "upgrade", "--install", _NAME, "charts/release-coordinator",
        "--namespace", _NAME, "--create-namespace", "--wait", *(part for value in values for part in ("--set", value)),
    ]  # fmt: skip
    _run(command, tree, environment, "The chart could not be installed")


def _run(command: list[str], tree: Path, environment: Mapping[str, str], failure: str) -> str:
    """What a command prints. Raises Problem: `failure` and its last words."""
    try:
        done = subprocess.run(  # noqa: S603  The commands are ours.
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Problem(f"{failure}: it took longer than {_PATIENCE:g} s. Is the machine busy? Try again.") from error
    if done.returncode != 0:
        raise Problem(f"{failure}:\n{done.stderr.strip()}")
    return done.stdout
