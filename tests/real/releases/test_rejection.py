"""Bad versions, rolled back by themselves before users notice much."""

import time
from collections.abc import Callable
from datetime import datetime

from tests.controlplane.gateway import Gateway
from tests.controlplane.traffic import Traffic
from tests.real.releases.analysis import P99, gate
from tests.real.releases.shop import Manifest, Shop
from tests.real.releases.watching import Watch

MakeShop = Callable[..., Shop]
Measured = Callable[[str, float], None]


def _deciding_sample(releases: Watch, name: str, gate_name: str) -> float:
    """The time of the sample that made the gate fail, as the status told it."""
    evidence = [e for _, r in releases.of(name) for e in ((r.get("status") or {}).get("trial") or {}).get("gates") or []
                if e["name"] == gate_name and e["verdict"] == "Fail"]  # fmt: skip
    return datetime.fromisoformat(evidence[0]["at"]).timestamp()


def _assert_rejected(shop: Shop, status: Manifest, users: Traffic, *, because: str) -> None:
    """Rolled back, nothing of the candidate left, and kubectl says so."""
    assert because in status["message"]
    assert status["phase"] == "RolledBack"
    assert set(shop.images()) == {"shop:1"}
    assert len(shop.replica_sets()) == 1
    said = shop.kubectl("rollout", "status", f"deployment/{shop.name}", "--timeout=10s", check=False)
    assert (said.returncode, "exceeded its progress deadline" in said.stderr) == (1, True)
    conditions = {c["type"]: c["message"] for c in shop.get("deployment")["status"]["conditions"]}
    assert because in conditions["Progressing"]
    assert shop.left_behind(held=True) == []
    now = time.time()
    shop.plane.wait_for(lambda: sum(a.at > now for a in users.answers) > 10, what="later requests")
    assert {a.version for a in users.answers if a.at > now} == {"1"}


def test_a_canary_that_fails_or_is_slow_is_rolled_back_by_its_gates(shop: MakeShop, gateway: Gateway, measured: Measured) -> None:
    """A fifth of the answers wrong, or all late: back at weight 0 within seconds, with few users hit, and it stays away."""
    failing, slow = shop("failing", gateway=gateway), shop("slow", gateway=gateway)
    steps = [{"weight": 25, "duration": "30s"}, {"weight": 100}]
    strategy = {"type": "Canary", "canary": {"steps": steps}}
    failing.release(strategy=strategy, gates=[gate("errors")])
    slow.release(strategy=strategy, gates=[gate("latency", P99, max=0.1)])
    stable = set(failing.uids()) | set(slow.uids())
    routes, releases = failing.watch("httproutes"), failing.watch("releases")
    with failing.traffic(rate=40, seconds=60) as users_a, slow.traffic(rate=40, seconds=60) as users_b:
        failing.ship("2-errors20")
        slow.ship("2-slow300")
        for one, users, because in ((failing, users_a, "is above max 0.05"), (slow, users_b, "is above max 0.1")):
            status = one.wait_for_outcome("Rejected")
            _assert_rejected(one, status, users, because=because)
            weights = routes.weights(one.name)
            assert [w for _, w in weights] == [0, 25, 0]
            name = "errors" if one is failing else "latency"
            measured(f"{name}: deciding sample → weight 0", weights[-1][0] - _deciding_sample(releases, one.name, name))
    bad = sum(a.status != 200 for a in users_a.answers)
    late = sum(a.latency > 0.2 for a in users_b.answers)
    print(f"{bad} of {len(users_a.answers)} users saw an error, {late} of {len(users_b.answers)} waited")
    assert 0 < bad <= 0.08 * len(users_a.answers)
    assert 0 < late <= 0.25 * len(users_b.answers)
    assert stable == set(failing.uids()) | set(slow.uids())


def test_a_version_that_cannot_run_is_rejected_before_it_gets_a_user(
    shop: MakeShop, gateway: Gateway, measured: Measured
) -> None:
    """Crash loop, unknown image, never ready: each is told by name, no request fails, no pod of stable is touched."""
    cases = {"crashing": ("shop:2-crash", "CrashLoopBackOff"), "unpullable": ("nosuch:2", "cannot get its image"),
             "sleeping": ("shop:2-neverready", "Only 0 of 1 pods")}  # fmt: skip
    shops = {name: shop(name, pods=2, gateway=gateway) for name in cases}
    for one in shops.values():
        one.release(progressDeadline="5s" if one.name == "sleeping" else "60s")
    stable = {uid for one in shops.values() for uid in one.uids()}
    began = time.time()
    with shops["crashing"].traffic(rate=20, seconds=90) as a, shops["unpullable"].traffic(rate=20, seconds=90) as b, \
            shops["sleeping"].traffic(rate=20, seconds=90) as c:  # fmt: skip
        for name, (image, _) in cases.items():
            shops[name].kubectl("set", "image", f"deployment/{name}", f"app={image}")
        for (name, (_, because)), users in zip(cases.items(), (a, b, c), strict=True):
            status = shops[name].wait_for_outcome("Rejected")
            measured(f"{name}: change → rolled back", datetime.fromisoformat(status["since"]).timestamp() - began)
            _assert_rejected(shops[name], status, users, because=because)
    for users in (a, b, c):
        assert not users.problems
        assert set(users.by_version()) == {"1"}
    assert stable == {uid for one in shops.values() for uid in one.uids()}
