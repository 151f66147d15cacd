"""Two replicas: the standby takes over, and who was the leader harms nothing when it comes back."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from tests.real.releases.installation import Installation
from tests.real.releases.shop import STANDING, Shop

MakeShop = Callable[..., Shop]
Measured = Callable[[str, float], None]


@pytest.fixture
def pair(product: Installation) -> Iterator[Installation]:
    """The installation with two replicas, one of which leads."""
    product.install("replicas=2")
    product.plane.wait_for(product.leader, what="a leader")
    yield product
    for process in product.processes():
        os.kill(process, signal.SIGCONT)
    product.install()
    product.plane.wait_for(lambda: product.leader() in {p["metadata"]["name"] for p in product.pods()}, what="a leader")


def wait_for_another(pair: Installation, former: str, within: float) -> None:
    """Wait until another pod leads."""
    pair.plane.wait_for(lambda: pair.leader() not in ("", former), within, "another leader")


def test_the_standby_takes_over_at_once_after_a_clean_stop_and_after_a_hang(
    pair: Installation, shop: MakeShop, measured: Measured
) -> None:
    """The release goes on each time, after a SIGKILL as well; the hung leader, awake again, stands by."""
    checkout = shop(pods=2)
    checkout.release(strategy=STANDING, rollback={"warm": {"for": "10m"}})
    checkout.ship("2")
    checkout.wait_for_trial_weight(50)

    first, began = pair.leader(), time.monotonic()
    pair.plane.kubectl("delete", "pod", first, "-n", pair.namespace, "--wait=false")
    wait_for_another(pair, first, 8)  # Well before the Lease runs out: it was given back.
    measured("clean stop of the leader → the standby leads", time.monotonic() - began)
    pair.plane.wait_for(lambda: len(pair.processes()) == 2, what="two processes")
    pair.kill(pair.leader())
    checkout.ask("promote", "step")
    checkout.wait_for_phase("Baking")

    second = pair.leader()
    pair.plane.wait_for(lambda: len(pair.processes()) == 2, what="two processes")
    hung, began = pair.processes(second), time.monotonic()
    for process in hung:
        os.kill(process, signal.SIGSTOP)
    wait_for_another(pair, second, 30)  # 10 s since the standby saw the last renewal, and it looks once a second.
    measured("sudden end of the leader → the standby leads (lease 10 s)", time.monotonic() - began)
    checkout.ask("abort")
    checkout.wait_for_phase("RolledBack")
    for process in hung:
        os.kill(process, signal.SIGCONT)
    third = pair.leader()
    time.sleep(1)
    assert (pair.leader(), checkout.status()["phase"]) == (third, "RolledBack")
    assert checkout.images() == {"shop:1": 2}


def test_a_leader_that_is_killed_has_its_own_lease_back_at_once(product: Installation, shop: MakeShop) -> None:
    """Its identity is its pod's name: the kubelet starts a container only when the one before has ended, so nobody else is it."""
    checkout = shop(pods=1)
    checkout.release(strategy=STANDING)
    checkout.ship("2")
    checkout.wait_for_trial_weight(50)
    leader = product.leader()
    began = time.monotonic()
    product.kill(leader)
    checkout.ask("promote", "full")
    checkout.wait_for_phase("Baking", "Completing", "Healthy")
    assert time.monotonic() - began < 10, "it waited for its own Lease to run out"
    assert product.leader() == leader
    checkout.wait_for_phase("Healthy")
