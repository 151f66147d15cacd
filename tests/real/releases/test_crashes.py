"""The controller dies in every phase at once: each release ends as without it, and nothing is done twice."""

import time
from collections.abc import Callable
from datetime import datetime

from tests.controlplane.cluster import ControlPlane
from tests.controlplane.gateway import Gateway
from tests.real.releases.installation import Installation
from tests.real.releases.shop import STANDING, Shop

MakeShop = Callable[..., Shop]
SWITCH = {"type": "BlueGreen"}
TIMED = {"type": "Canary", "canary": {"steps": [{"weight": 50, "duration": "6s"}, {"weight": 100}]}}


def test_a_sudden_end_in_any_phase_changes_no_release_and_repeats_nothing(
    plane: ControlPlane, product: Installation, shop: MakeShop, gateway: Gateway
) -> None:
    """Starting up, at a step, in its time, baking, completing, rolling back; on again within 5 s of the controller's return."""
    shops = {name: shop(name, pods=2, gateway=gateway if name in ("stepping", "baking", "timed", "returning") else None)
             for name in ("starting", "stepping", "timed", "baking", "completing", "returning")}  # fmt: skip
    slow = {"drain": "5s", "httpRoute": {"name": "returning"}}
    specs = {
        "starting": {"strategy": SWITCH, "rollback": {"warm": {"for": "0s"}}}, "stepping": {"strategy": STANDING},
        "timed": {"strategy": TIMED, "rollback": {"warm": {"for": "0s"}}},
        "baking": {"strategy": SWITCH, "rollback": {"warm": {"for": "10m"}}},
        "completing": {"strategy": SWITCH, "rollback": {"warm": {"for": "0s"}}, "traffic": {"drain": "5s"}},
        "returning": {"strategy": STANDING, "traffic": slow},
    }  # fmt: skip
    for name, one in shops.items():
        one.apply(one.manifest(**specs[name]))
    for one in shops.values():
        one.wait_for_phase("Healthy")
    for name in ("stepping", "baking", "returning"):
        shops[name].ship("2")
    shops["baking"].wait_for_phase("Baking")
    shops["stepping"].wait_for_trial_weight(50)
    shops["returning"].wait_for_trial_weight(50)
    shops["starting"].ship("2-startup5")
    shops["timed"].ship("2")
    shops["completing"].ship("2")
    shops["timed"].wait_for_trial_weight(50)
    shops["returning"].ask("abort")
    shops["completing"].wait_for_phase("Completing")
    shops["returning"].wait_for_phase("RollingBack")
    phases = {name: one.status()["phase"] for name, one in shops.items()}
    assert phases == {"starting": "Progressing", "stepping": "Progressing", "timed": "Progressing", "baking": "Baking",
                      "completing": "Completing", "returning": "RollingBack"}  # fmt: skip
    killed = time.monotonic()
    product.kill()
    shops["stepping"].ask("promote", "full")
    shops["baking"].ask("promote", "step")
    shops["stepping"].wait_for_phase("Baking", "Completing", "Healthy")
    assert time.monotonic() - killed < 10, "it waited for its own Lease to run out"
    for name, one in shops.items():
        one.wait_for_phase("RolledBack" if name == "returning" else "Healthy")
        images = {"starting": {"shop:2-startup5": 2}, "returning": {"shop:1": 2}}.get(name, {"shop:2": 2})
        assert (name, one.replicas()) == (name, images)
        assert (name, one.status()["attempts"], len(one.status()["history"])) == (name, 1, 1)
        assert (name, one.left_behind(held=name == "returning")) == (name, [])
    assert _seconds_at_half(shops["timed"]) >= 6
    _assert_once(plane, shops["timed"].namespace, routed=4, rejected=1)


def _seconds_at_half(timed: Shop) -> float:
    past = timed.status()["history"][0]
    began, ended = (datetime.fromisoformat(past[key]) for key in ("started", "ended"))
    return (ended - began).total_seconds()


def _assert_once(plane: ControlPlane, namespace: str, *, routed: int, rejected: int) -> None:
    """One ReplicaSet made for each shop and deleted for each rejection; one candidate Service made and deleted for each route."""
    ours = [c for c in plane.audit() if c.namespace == namespace and c.user.endswith(":release-coordinator") and c.code < 300]
    done = [(c.verb, c.resource) for c in ours if c.verb in ("create", "delete")]
    assert done.count(("create", "replicasets")) == 6
    assert done.count(("delete", "replicasets")) == rejected
    assert done.count(("create", "services")) == routed
    assert done.count(("delete", "services")) == routed
