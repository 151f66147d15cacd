"""The chart, rendered by the real Helm: what a cluster would be given for some values.

Only rendering belongs here; what the API server makes of the result is proved in tests/real.
"""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.controlplane import binaries

CHART = Path(__file__).parents[2] / "charts" / "release-coordinator"
Manifest = dict[str, Any]
Render = Callable[..., list[Manifest]]
Helm = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def helm() -> Helm:
    """Runs Helm with these arguments, without a cluster."""
    try:
        program = binaries.path("helm")
    except binaries.Missing as missing:
        pytest.skip(str(missing))

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.fixture(scope="session")
def render(helm: Helm) -> Render:
    """Renders the chart as release `release-coordinator` in namespace `rc`, with `--set` values; the manifests."""

    def run(*values: str, options: Sequence[str] = ("--kube-version", "1.37")) -> list[Manifest]:
        settings = [argument for value in values for argument in ("--set-json", value)]
        done = helm("template", "release-coordinator", CHART, "--namespace", "rc", *options, *settings)
        assert done.returncode == 0, done.stderr
        return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]

    return run


def find(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    """The one manifest of this kind and name."""
    (found,) = [m for m in manifests if (m["kind"], m["metadata"]["name"]) == (kind, name)]
    return found


def of_kind(manifests: list[Manifest], kind: str) -> list[Manifest]:
    """All manifests of this kind."""
    return [m for m in manifests if m["kind"] == kind]
