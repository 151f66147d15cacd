"""Our own chart with releases in flight: an upgrade goes on with them, an uninstall gives all back, an install adopts again."""

from collections.abc import Callable, Iterator

import pytest

from tests.controlplane.gateway import Gateway
from tests.controlplane.mirroring import MirroringProxy, routed
from tests.real.releases.installation import ACCOUNT, Installation
from tests.real.releases.shop import GROUP, STANDING, Shop

MakeShop = Callable[..., Shop]
LEASE = "/apis/coordination.k8s.io/v1/namespaces/release-coordinator/leases/release-coordinator"
SWITCH, SHADOW = {"type": "BlueGreen"}, {"type": "Shadow", "shadow": {"idempotent": True}}


@pytest.fixture
def changing(product: Installation) -> Iterator[Installation]:
    """The session's installation, there again as it was when the test is over."""
    yield product
    product.install()


def test_an_upgrade_of_the_chart_does_not_disturb_a_release(changing: Installation, shop: MakeShop, gateway: Gateway) -> None:
    """The new pod takes over from the old one: same trial, same candidate, no failed request."""
    checkout = shop(pods=1, gateway=gateway)
    checkout.release(strategy=STANDING)
    with checkout.traffic(rate=40, seconds=60) as users:
        checkout.ship("2")
        trial = checkout.wait_for_trial_weight(50)["trial"]
        changing.install("workers=4")
        checkout.ask("promote", "full")
        checkout.wait_for_phase("Baking")
        assert checkout.status()["trial"]["candidate"]["hash"] == trial["candidate"]["hash"]
        checkout.wait_for_phase("Healthy")
    assert not users.problems
    assert (checkout.images(), checkout.left_behind()) == ({"shop:2": 1}, [])


def test_an_uninstall_gives_everything_back_and_an_install_adopts_again(
    changing: Installation, shop: MakeShop, gateway: Gateway, proxy: MirroringProxy
) -> None:
    """Stepping, baking, mirrored, rejected, idle: stable's pods run on, what is not stable's stays paused, the Releases stay."""
    del proxy
    shops = {name: shop(name, pods=1, gateway=gateway if name in ("stepping", "baking") else None)
             for name in ("stepping", "baking", "mirrored", "rejected", "idle")}  # fmt: skip
    copied = shops["mirrored"]
    copied.apply(*routed(copied.name, copied.namespace, copied.host))
    owned = copied.get("traefikservices.traefik.io")["spec"]
    for name, one in shops.items():
        strategy = {"baking": SWITCH, "mirrored": SHADOW}.get(name, STANDING)
        more = {"traffic": {"traefikService": {"name": name}}} if name == "mirrored" else {}
        one.release(strategy=strategy, rollback={"warm": {"for": "10m"}}, **more)
        if name != "idle":
            one.ship("2")
    before = {name: {pod for pod, found in one.pods().items() if found["spec"]["containers"][0]["image"] == "shop:1"}
              for name, one in shops.items()}  # fmt: skip
    shops["stepping"].wait_for_trial_weight(50)
    shops["baking"].wait_for_phase("Baking")
    copied.wait_for(lambda: copied.get("traefikservices.traefik.io")["spec"] != owned, what="a mirror")
    shops["rejected"].wait_for_trial_weight(50)
    shops["rejected"].ask("abort")
    shops["rejected"].wait_for_phase("RolledBack")
    began = changing.plane.audit()[-1].time
    with shops["stepping"].traffic(rate=40, seconds=60) as users:
        changing.uninstall()
    assert not users.problems
    calls = [c for c in changing.plane.audit() if c.user == ACCOUNT and c.time > began]
    assert [c for c in calls if c.code == 403 and c.namespace == shops["idle"].namespace] == []
    assert [c for c in calls if c.namespace == shops["idle"].namespace]
    for name, one in shops.items():
        assert (name, set(one.pods())) == (name, before[name])
        assert (name, one.at_rest()) == (name, [] if name == "idle" else ["Deployment paused"])
        assert f"{GROUP}/release" not in (one.get("deployment")["metadata"].get("labels") or {})
        assert one.get("release")["spec"]["workloadRef"]["name"] == name
    assert copied.get("traefikservices.traefik.io")["spec"] == owned
    shops["stepping"].kubectl("rollout", "resume", "deployment/stepping")
    shops["stepping"].kubectl("rollout", "status", "deployment/stepping", "--timeout=20s")
    shops["rejected"].kubectl("rollout", "undo", "deployment/rejected", check=False)
    for name in ("baking", "mirrored", "rejected"):
        shops[name].kubectl("set", "image", f"deployment/{name}", "app=shop:1")
        shops[name].kubectl("rollout", "resume", f"deployment/{name}")
    # The uninstall keeps the Lease for a while, lest a pod that ends late leads again; ours has ended.
    changing.plane.api("DELETE", LEASE)
    changing.install()
    for name, one in shops.items():
        one.wait_for_phase("Healthy")
        assert one.images() == {"shop:2" if name == "stepping" else "shop:1": 1}
    shops["idle"].ship("3")
    shops["idle"].wait_for_trial_weight(50)
    assert shops["idle"].wheel_is_ours()
