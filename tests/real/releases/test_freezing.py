"""A freeze on a real API server: the controller's rights suffice, and a change waits."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from tests.controlplane.cluster import ControlPlane
from tests.real.releases.shop import GROUP, Shop

MakeShop = Callable[..., Shop]


@pytest.fixture
def frozen(plane: ControlPlane, namespace: str) -> Iterator[str]:
    """The name of a policy that freezes this test's namespace from midnight on, for two days."""
    name = f"calm-{namespace}"
    freeze = {"name": "inventory", "start": f"{datetime.now(UTC):%Y-%m-%dT00:00}", "duration": "48h", "reason": "Stocktaking"}
    policy: dict[str, Any] = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "ReleasePolicy", "metadata": {"name": name},
                              "spec": {"namespaces": [namespace], "freezes": [freeze]}}  # fmt: skip
    plane.apply(yaml.safe_dump(policy))
    yield name
    plane.kubectl("delete", "releasepolicy", name, "--ignore-not-found")


def test_a_change_waits_until_the_freeze_is_taken_away(shop: MakeShop, plane: ControlPlane, frozen: str) -> None:
    """No pod of it starts; when the policy is taken away it goes out at once."""
    checkout = shop(pods=2)
    checkout.release()
    before = set(checkout.uids())
    checkout.ship("2")
    status = checkout.wait_for_phase("Blocked")
    assert status["reason"] == "Frozen"
    assert f"Freeze inventory of ReleasePolicy {frozen} is in force until" in status["message"]
    assert "Stocktaking" in status["message"]
    assert set(checkout.uids()) == before
    plane.kubectl("delete", "releasepolicy", frozen)
    assert checkout.wait_for_outcome("Completed")["stable"]["version"] == "2"
