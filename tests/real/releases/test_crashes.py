"""The controller dies in every phase at once: each release ends as without it, and nothing is done twice."""

import time
from collections.abc import Callable
from datetime import datetime

from tests.controlplane.cluster import ControlPlane
from tests.controlplane.gateway import Gateway
from tests.real.releases.installation import Installation
from tests.real.releases.shop import STANDING, Manifest, Shop

MakeShop = Callable[..., Shop]
SWITCH = {"type": "BlueGreen"}
TIMED = {"type": "Canary", "canary": {"steps": [{"weight": 50, "duration": "6s"}, {"weight": 100}]}}


INSTANT, APPROVAL = {"warm": {"for": "0s"}}, SWITCH | {"blueGreen": {"approval": True}}
SPECS: dict[str, Manifest] = {
    "starting": {"strategy": SWITCH, "rollback": INSTANT}, "stepping": {"strategy": STANDING},
    "timed": {"strategy": TIMED, "rollback": INSTANT}, "pausing": {"strategy": STANDING}, "approving": {"strategy": APPROVAL},
    "baking": {"strategy": SWITCH, "rollback": {"warm": {"for": "10m"}}},
    "completing": {"strategy": SWITCH, "rollback": INSTANT, "traffic": {"drain": "5s"}},
    "returning": {"strategy": STANDING, "traffic": {"drain": "5s", "httpRoute": {"name": "returning"}}},
    "rejected": {"strategy": STANDING},
}  # fmt: skip
PHASES = {
    "starting": "Progressing", "stepping": "Progressing", "timed": "Progressing", "pausing": "Paused",
    "approving": "AwaitingApproval", "baking": "Baking", "completing": "Completing", "returning": "RollingBack",
    "rejected": "RolledBack",
}  # fmt: skip
ROUTED = ("stepping", "baking", "timed", "returning")
BACK = ("returning", "rejected")


def _bring_to_their_phases(shops: dict[str, Shop]) -> None:
    """All nine at once; what passes by itself begins last."""
    for name, one in shops.items():
        one.apply(one.manifest(**SPECS[name]))
    for one in shops.values():
        one.wait_for_phase("Healthy")
    for name in ("stepping", "baking", "returning", "pausing", "approving", "rejected"):
        shops[name].ship("2")
    for name in ("stepping", "returning", "pausing", "rejected"):
        shops[name].wait_for_trial_weight(50)
    shops["rejected"].ask("abort")
    shops["pausing"].ask("pause")
    for name in ("rejected", "pausing", "approving", "baking"):
        shops[name].wait_for_phase(PHASES[name])
    shops["starting"].ship("2-startup5")
    shops["timed"].ship("2")
    shops["completing"].ship("2")
    shops["timed"].wait_for_trial_weight(50)
    shops["returning"].ask("abort")
    shops["completing"].wait_for_phase("Completing")
    shops["returning"].wait_for_phase("RollingBack")
    assert {name: one.status()["phase"] for name, one in shops.items()} == PHASES


def test_a_sudden_end_in_any_phase_changes_no_release_and_repeats_nothing(
    plane: ControlPlane, product: Installation, shop: MakeShop, gateway: Gateway
) -> None:
    """In nine phases at once; on again within 5 s of the controller's return."""
    shops = {name: shop(name, pods=2, gateway=gateway if name in ROUTED else None) for name in SPECS}
    _bring_to_their_phases(shops)
    killed = time.monotonic()
    product.kill()
    shops["stepping"].ask("promote", "full")
    shops["baking"].ask("promote", "step")
    shops["stepping"].wait_for_phase("Baking", "Completing", "Healthy")
    assert time.monotonic() - killed < 10, "it waited for its own Lease to run out"
    for name in ("pausing", "approving"):
        assert shops[name].status()["phase"] == PHASES[name]
        shops[name].ask("promote", "full")
    for name, one in shops.items():
        one.wait_for_phase("RolledBack" if name in BACK else "Healthy")
        image = "shop:1" if name in BACK else "shop:2-startup5" if name == "starting" else "shop:2"
        assert (name, one.replicas()) == (name, {image: 2})
        assert (name, one.status()["attempts"], len(one.status()["history"])) == (name, 1, 1)
        assert (name, one.left_behind(held=name in BACK)) == (name, [])
    assert _seconds_at_half(shops["timed"]) >= 6
    _assert_once(plane, shops["timed"].namespace)


def _seconds_at_half(timed: Shop) -> float:
    past = timed.status()["history"][0]
    began, ended = (datetime.fromisoformat(past[key]) for key in ("started", "ended"))
    return (ended - began).total_seconds()


def _assert_once(plane: ControlPlane, namespace: str) -> None:
    """One ReplicaSet made for each shop and deleted for each rejection; one candidate Service made and deleted for each route."""
    ours = [c for c in plane.audit() if c.namespace == namespace and c.user.endswith(":release-coordinator") and c.code < 300]
    done = [(c.verb, c.resource) for c in ours if c.verb in ("create", "delete")]
    assert done.count(("create", "replicasets")) == len(SPECS)
    assert done.count(("delete", "replicasets")) == len(BACK)
    assert done.count(("create", "services")) == len(ROUTED)
    assert done.count(("delete", "services")) == len(ROUTED)
