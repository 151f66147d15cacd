"""Gates that compare what real pods serve, by the real oasdiff, in a controller that has nothing but the chart's rights."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.controlplane import binaries
from tests.real.releases.installation import Installation
from tests.real.releases.shop import STANDING, Shop

MakeShop = Callable[..., Shop]


def gate(**more: Any) -> dict[str, Any]:
    """At the port that the pods declare."""
    return {"name": "contract", "at": ["before-traffic"], "contract": {"path": "/openapi.yaml", **more}}


@pytest.fixture(scope="module")
def oasdiff(product: Installation) -> Iterator[None]:
    """The controller has it on its PATH, as in the image that is built with it; afterwards it is as it was."""
    try:
        found = binaries.path("oasdiff")
    except binaries.Missing as missing:
        pytest.skip(str(missing))
    product.install(environment={"PATH": f"{found.parent}:/usr/local/bin:/usr/bin:/bin"})
    yield
    product.install()


def test_without_the_tool_nothing_starts(shop: MakeShop) -> None:
    """A gate that could never tell is told beforehand, with what to build."""
    blocked = shop("blocked", pods=1, image="shop:1.0.0")
    blocked.release(gates=[gate()])
    blocked.ship("1.1.0")
    status = blocked.wait_for_phase("Blocked")
    assert status["reason"] == "GateUnusable"
    assert "make image CONTRACTS=1" in status["message"]
    assert blocked.images() == {"shop:1.0.0": 1}


@pytest.mark.usefixtures("oasdiff")
def test_additions_pass_and_what_breaks_never_meets_a_user(shop: MakeShop) -> None:
    """A renamed field takes the release back in its preview, by its path; accepted by its digits, the same revision goes out."""
    checkout = shop("checkout", pods=2, image="shop:1.0.0")
    checkout.release(gates=[gate()], strategy=STANDING)
    checkout.ship("2.0.0")  # Understands messages of one format more.
    passed = checkout.wait_for_trial_weight(50)["trial"]["passed"]
    assert "gate contract passed: nothing breaks; 1 additions" in passed[0]["by"]
    checkout.ask("promote", "full")
    checkout.wait_for_outcome("Completed")

    mixed = checkout.watch_endpoints(lambda service, pod: service == "checkout" and pod not in stable)
    stable = set(checkout.pods())
    checkout.ship("2.1.0-renamed")
    said = checkout.wait_for_outcome("Rejected")["history"][-1]["message"]
    assert "breaks for those who rely on stable, and the version (2.0.0 → 2.1.0-renamed) does not say so" in said
    findings = re.findall(r"(GET /: [^;]*pod[^;]*?) \[([0-9a-f]{8})\]", said)
    assert findings, said
    assert mixed() == []
    assert checkout.images() == {"shop:2.0.0": 2}

    digits = re.findall(r"\[([0-9a-f]{8})\]", said)
    accepted = [{"finding": each, "by": "ann", "because": "nobody reads it", "until": "2099-12-31"} for each in digits]
    checkout.apply(checkout.manifest(gates=[gate(accepted=accepted)]))
    checkout.ask("retry")
    checkout.wait_for_outcome("Completed")
    assert checkout.images() == {"shop:2.1.0-renamed": 2}


@pytest.mark.usefixtures("oasdiff")
def test_a_major_version_may_break_and_a_candidate_that_serves_none_waits_for_a_person(shop: MakeShop) -> None:
    """No document is neither a pass nor a failure."""
    cart = shop("cart", pods=1, image="shop:2.0.0-renamed")
    cart.release(gates=[gate(port=8080)])
    cart.ship("3.0.0")
    cart.wait_for_outcome("Completed")
    cart.ship("3.1.0-silent")
    cart.wait_for_message("(candidate) answers 404 at port 8080, /openapi.yaml", "promote=step goes on without it")
    assert cart.pin() is not None
    cart.ask("promote", "step")
    cart.wait_for_outcome("Completed")


@pytest.mark.usefixtures("oasdiff")
def test_a_deprecation_without_a_day_breaks_where_a_policy_gives_it_time(shop: MakeShop, calm: Callable[..., str]) -> None:
    """The message names the policy and its days; without the policy the same revision goes out."""
    store = shop("store", pods=1, image="shop:1.0.0")
    store.release(gates=[gate()])
    policy = calm(deprecationDays=90)
    store.ship("1.1.0-deprecated")
    said = store.wait_for_outcome("Rejected")["history"][-1]["message"]
    assert "GET /read/1: sunset date is missing for deprecated API" in said
    assert f"ReleasePolicy {policy} asks for an x-sunset at least 90 days ahead" in said
    store.plane.kubectl("delete", "releasepolicy", policy)
    store.ask("retry")
    store.wait_for_outcome("Completed")
