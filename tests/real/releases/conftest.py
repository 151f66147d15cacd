"""The product as a user has it: installed by Helm, its controller in pods with its own ServiceAccount and nothing more."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.controlplane import binaries
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.contour import ContourGateway
from tests.controlplane.gateway import Gateway, install_custom_resources
from tests.controlplane.mirroring import MirroringProxy
from tests.controlplane.prometheus import Prometheus
from tests.real.releases.flags import DEFINITION
from tests.real.releases.installation import Installation
from tests.real.releases.shop import GROUP, Shop

MEASURED = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def product(plane: ControlPlane, prometheus: Prometheus) -> Iterator[Installation]:
    """Release Coordinator, installed with its chart; its default MetricSource is the real Prometheus."""
    install_custom_resources(plane)
    installation = Installation(plane, prometheus.url)
    installation.install()
    yield installation
    installation.save_log(Path(".pytest_cache"))


@pytest.fixture
def measured(record_property: Callable[[str, object], None], pytestconfig: pytest.Config) -> Callable[[str, float], None]:
    """Notes how long something took, in seconds; printed at the end of the run, and never judged."""
    notes = pytestconfig.stash.setdefault(MEASURED, [])

    def note(what: str, seconds: float) -> None:
        record_property(what, round(seconds, 3))
        notes.append(f"{what}: {seconds:.3f} s")

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what was measured."""
    for line in config.stash.get(MEASURED, []):
        terminalreporter.write_line(f"measured: {line}")


@pytest.fixture
def feature_flags(plane: ControlPlane) -> Iterator[None]:
    """OpenFeature's resource, as far as the API server needs it."""
    plane.apply(DEFINITION)
    plane.kubectl("wait", "crd/featureflags.core.openfeature.dev", "--for=condition=Established", "--timeout=20s")
    yield
    plane.kubectl("delete", "crd", "featureflags.core.openfeature.dev", "--ignore-not-found")


@pytest.fixture(scope="session")
def proxy(plane: ControlPlane) -> Iterator[MirroringProxy]:
    """Traefik, by its own resources."""
    with MirroringProxy(plane) as started:
        yield started


@pytest.fixture(scope="session")
def contour(plane: ControlPlane) -> Iterator[ContourGateway]:
    """Contour, with its Gateway programmed."""
    try:
        binaries.path("contour")
    except binaries.Missing as problem:
        pytest.skip(f"NOT RUN: {problem}")
    with ContourGateway(plane) as started:
        yield started


@pytest.fixture
def shop(plane: ControlPlane, product: Installation, namespace: str) -> Iterator[Callable[..., Shop]]:
    """Makes a Deployment with its Service in this test's namespace, and can put it under a Release."""
    made: list[Shop] = []

    def make(name: str = "checkout", *, pods: int = 4, image: str = "shop:1", gateway: Gateway | None = None, deploy: bool = True,
             **extra: object) -> Shop:  # fmt: skip
        shop = Shop(plane, namespace, name, gateway)
        if deploy:
            shop.deploy(pods=pods, image=image, extra=extra)
        made.append(shop)
        return shop

    yield make
    for shop in made:
        shop.stop_watching()


@pytest.fixture
def calm(plane: ControlPlane, namespace: str) -> Iterator[Callable[..., str]]:
    """Makes a policy for this test's namespace, and returns its name."""
    name = f"calm-{namespace}"

    def make(**spec: Any) -> str:
        policy: dict[str, Any] = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "ReleasePolicy", "metadata": {"name": name},
                                  "spec": {"namespaces": [namespace], **spec}}  # fmt: skip
        plane.apply(yaml.safe_dump(policy))
        return name

    yield make
    plane.kubectl("delete", "releasepolicy", name, "--ignore-not-found")
