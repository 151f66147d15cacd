"""The stories of examples/, told on the real control plane with the files that users read.

Two things are changed in them: a minute of a Release passes in a second, and Prometheus has the address that it has here.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.controlplane.cluster import ControlPlane
from tests.controlplane.gateway import Gateway
from tests.controlplane.mirroring import MirroringProxy
from tests.controlplane.prometheus import Prometheus
from tests.controlplane.traffic import Traffic
from tests.real.releases.installation import Installation
from tests.real.releases.shop import GROUP, Shop

EXAMPLES = Path(__file__).parents[3] / "examples"
HOST = "shop.example.com"

Story = Callable[[str, str], Shop]


@pytest.fixture
def story(plane: ControlPlane, product: Installation, prometheus: Prometheus, gateway: Gateway) -> Iterator[Story]:
    """Applies an example's files as its README says, in a namespace of its own; returns when its Release is Healthy."""
    del product
    namespaces: list[str] = []

    def tell(example: str, name: str) -> Shop:
        namespaces.append(plane.namespace("shop"))
        folder = EXAMPLES / example
        texts = [file.read_text() for file in sorted(folder.glob("*.yaml")) if file.name != "release.yaml"]
        kinds = [document["kind"] for text in texts for document in yaml.safe_load_all(text)]
        shop = Shop(plane, namespaces[-1], name, gateway if "HTTPRoute" in kinds else None)
        for text in texts:
            here = text.replace("http://prometheus.monitoring.svc:9090", prometheus.url)
            plane.apply(here, namespace=None if "kind: MetricSource" in text else shop.namespace)
        shop.kubectl("rollout", "status", f"deployment/{name}", "--timeout=30s")
        hurried = re.sub(r"\b(\d+)m\b", r"\1s", (folder / "release.yaml").read_text())
        plane.apply(hurried, user="alice", namespace=shop.namespace)
        shop.wait_for_phase("Healthy")
        if shop.gateway is not None:
            shop.wait_for(lambda: _is_served(gateway), what="the gateway sends to the pods")
        return shop

    yield tell
    # Seen gone: the next example's route has the same host.
    plane.kubectl("delete", "namespace", *namespaces, "--wait", "--timeout=60s", timeout=70)


def _is_served(gateway: Gateway) -> bool:
    with Traffic(gateway.address, host=HOST, rate=20, seconds=0.1) as one:
        one.wait()
    return not one.problems


def _ship(shop: Shop, image: str) -> None:
    shop.kubectl("set", "image", f"deployment/{shop.name}", f"{shop.name}={image}")


def _annotate(shop: Shop, request: str) -> None:
    shop.kubectl("annotate", "release", shop.name, f"{GROUP}/{request}", "--overwrite")


def _stable(shop: Shop, version: str) -> None:
    """Wait until this version is stable and everything is as at rest."""

    def there() -> bool:
        status = shop.status()
        return status.get("phase") == "Healthy" and status["stable"]["version"] == version

    shop.plane.wait_for(there, timeout=60, what=f"version {version} stable")
    assert shop.left_behind() == []


def test_the_canary_example_ends_as_it_tells(story: Story, gateway: Gateway) -> None:
    """A good version becomes stable, one with errors is taken back by its gate, revert and rollback do what they say."""
    shop = story("01-canary", "shop")
    with Traffic(gateway.address, host=HOST, rate=50, seconds=120) as users:
        _ship(shop, "shop:2")
        shop.wait_for_phase("Baking", timeout=60)
        assert not users.problems
        _stable(shop, "2")

        _ship(shop, "shop:3-errors50")
        rejected = shop.wait_for_phase("RolledBack", timeout=60)
        assert "gate errors" in rejected["message"]
        assert shop.kubectl("rollout", "status", f"deployment/{shop.name}", "--timeout=10s", check=False).returncode == 1
        _annotate(shop, "revert=true")
        _stable(shop, "2")

        _annotate(shop, "rollback=previous")
        _stable(shop, "1")
    assert shop.images() == {"shop:1": 4}
    errors = sum(summary.errors for version, summary in users.by_version().items() if not version.startswith("3"))
    assert errors == 0, users.problems


def test_the_blue_green_example_ends_as_it_tells(story: Story, gateway: Gateway) -> None:
    """Nobody reaches the candidate before the approval, the abort in the bake is instant, the second try completes."""
    shop = story("02-blue-green", "shop")
    with Traffic(gateway.address, host=HOST, rate=50, seconds=120) as users:
        stable = set(shop.pods())
        _ship(shop, "shop:2")
        shop.wait_for_phase("AwaitingApproval")
        assert {answer.pod for answer in users.answers} <= stable
        for service in ("shop", "shop-internal"):
            assert "pod-template-hash" in shop.get("service", service)["spec"]["selector"]
        assert shop.get("service", "shop-candidate")["spec"]["selector"]["pod-template-hash"].startswith("1-")

        _annotate(shop, "promote=step")
        shop.plane.wait_for(lambda: "2" in users.by_version(), what="users on version 2")
        _annotate(shop, "abort=checkout totals are wrong")
        assert "checkout totals are wrong" in shop.wait_for_phase("RolledBack")["message"]

        _annotate(shop, "retry=true")
        shop.wait_for_phase("AwaitingApproval")
        _annotate(shop, "promote=step")
        _stable(shop, "2")
    assert not users.problems


def test_the_rolling_example_ends_as_it_tells(story: Story) -> None:
    """A good version goes out in batches, a crashing one ends in its first, a restart rolls, version 1 comes back."""
    worker = story("03-rolling", "worker")
    _ship(worker, "shop:2")
    worker.kubectl("rollout", "status", "deployment/worker", "--timeout=50s")
    _stable(worker, "2")

    _ship(worker, "shop:3-crash")
    rejected = worker.wait_for_phase("RolledBack", timeout=60)
    assert "exit code 1" in rejected["message"]
    assert worker.images() == {"shop:2": 8}
    _annotate(worker, "revert=true")
    _stable(worker, "2")

    before = set(worker.pods())
    worker.kubectl("rollout", "restart", "deployment/worker")
    worker.plane.wait_for(lambda: not before & set(worker.pods()), timeout=60, what="all pods restarted")
    _stable(worker, "2")

    _annotate(worker, "rollback=version:1")
    _stable(worker, "1")
    assert worker.images() == {"shop:1": 8}


def test_the_flags_example_ends_as_it_tells(story: Story) -> None:
    """On with the switch, off before the traffic returns."""
    shop = story("05-flags", "shop")

    def default() -> str:
        flags = json.loads(shop.get("configmap", "flags")["data"]["flags.json"])["flags"]
        return str(flags["new-checkout"]["defaultVariant"])

    _ship(shop, "shop:2")
    shop.wait_for_phase("Baking")
    shop.wait_for(lambda: default() == "on", what="the flag is on")
    _annotate(shop, "abort=true")
    shop.wait_for_phase("RolledBack")
    assert default() == "off"
    shop.wait_for_event("FlagOff")
    assert [reason for reason, _ in shop.events() if reason.startswith("Flag")] == ["FlagOn", "FlagOff"]


def test_the_shadow_example_ends_as_it_tells(story: Story, proxy: MirroringProxy) -> None:
    """A bad version and a good one answer copies; users see no error, of either, and the second one after its switch."""
    shop = story("07-shadow", "shop")
    owned = shop.get("traefikservices.traefik.io")["spec"]
    with Traffic(proxy.address, host=HOST, rate=50, seconds=120) as users:
        shop.wait_for(lambda: "1" in users.by_version(), what="Traefik sends to the pods")
        served = time.time()
        _ship(shop, "shop:2-errors50")
        assert "gate errors" in shop.wait_for_phase("RolledBack", timeout=60)["message"]
        assert {a.version for a in users.answers if a.at > served} == {"1"}
        _ship(shop, "shop:3")
        _stable(shop, "3")
    assert {a.status for a in users.answers if a.at > served} == {200}
    assert shop.get("traefikservices.traefik.io")["spec"] == owned
