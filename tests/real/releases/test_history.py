"""Deployments with a past: ReplicaSets that Kubernetes remembers, templates that it knows, limits on both."""

from collections.abc import Callable

from tests.real.releases.shop import Shop

MakeShop = Callable[..., Shop]
QUICK = {"type": "Canary", "canary": {"steps": [{"weight": 50}, {"weight": 100}]}}


def _wanted(shop: Shop) -> dict[str, int]:
    return {r["metadata"]["name"]: r["spec"]["replicas"] for r in shop.replica_sets()}


def _native(shop: Shop, *tags: str) -> None:
    for tag in tags:
        shop.ship(tag)
        shop.kubectl("rollout", "status", f"deployment/{shop.name}", "--timeout=30s")


def test_a_past_of_several_revisions_younger_rejected_ones_among_them_is_no_obstacle(shop: MakeShop) -> None:
    """Three old ReplicaSets and one that was undone before adoption: adoption restarts nothing, each template can come back."""
    checkout = shop(pods=2)
    _native(checkout, "2", "3", "4-bad")
    checkout.kubectl("rollout", "undo", "deployment/checkout")
    checkout.kubectl("rollout", "status", "deployment/checkout")
    checkout.wait_for(lambda: checkout.images() == {"shop:3": 2})
    before = set(checkout.uids())
    checkout.release(strategy=QUICK, rollback={"warm": {"for": "0s"}})
    assert set(checkout.uids()) == before
    watch = checkout.watch("replicasets")
    for tag in ("1", "4-bad", "3"):
        seen, former = len(watch.seen), checkout.status()["stable"]["replicaSet"]
        checkout.ship(tag)
        status = checkout.wait_for_outcome("Completed")
        assert checkout.images() == {f"shop:{tag}": 2}
        assert status["stable"]["version"] == tag
        active = {r["metadata"]["name"] for _, r in watch.seen[seen:] if r["spec"]["replicas"]}
        assert active <= {former, status["stable"]["replicaSet"]}
        assert checkout.left_behind() == []
    listed = checkout.kubectl("rollout", "history", "deployment/checkout").stdout
    assert len(listed.strip().splitlines()) >= 5


def test_a_rejected_revision_that_history_knows_starts_no_pod_by_itself(shop: MakeShop) -> None:
    """The held template equals an old ReplicaSet: that one is removed before Kubernetes could take it for the new one."""
    checkout = shop(pods=2)
    _native(checkout, "2", "3")
    checkout.release(strategy={"type": "Canary", "canary": {"steps": [{"weight": 50, "duration": "60s"}, {"weight": 100}]}})
    stable = set(checkout.uids())
    checkout.ship("2")
    checkout.wait_for_trial_weight(50)
    checkout.ask("abort")
    checkout.wait_for_outcome("Aborted")
    assert {name for name, pods in _wanted(checkout).items() if pods} == {checkout.status()["stable"]["replicaSet"]}
    images = [r["spec"]["template"]["spec"]["containers"][0]["image"] for r in checkout.replica_sets()]
    assert "shop:2" not in images
    assert set(checkout.uids()) == stable
    checkout.ship("3")
    checkout.wait_for_phase("Healthy")
    assert set(checkout.uids()) == stable
    assert checkout.left_behind() == []


def test_one_revision_of_history_is_enough_and_none_is_refused(shop: MakeShop) -> None:
    """With revisionHistoryLimit 1 even a rollback by two works; with 0 the release is Blocked and says what to set."""
    one, none = shop("one", pods=1, revisionHistoryLimit=1), shop("none", pods=1, revisionHistoryLimit=0)
    for each in (one, none):
        each.release(strategy=QUICK, rollback={"warm": {"for": "0s"}})
    first = one.status()["stable"]["hash"]
    for each in (one, none):
        each.ship("2")
    blocked = none.wait_for_phase("Blocked")
    assert (blocked["reason"], "set it to 1 or more" in blocked["message"]) == ("NoHistory", True)
    one.wait_for_outcome("Completed")
    one.ship("3")
    one.wait_for_outcome("Completed")
    assert len(one.replica_sets()) <= 2
    one.ask("rollback", f"revision:{first}")
    one.wait_for_outcome("Completed")
    assert one.images() == {"shop:1": 1}
    assert one.left_behind() == []
    assert none.images() == {"shop:1": 1}
    none.kubectl("patch", "deployment", "none", "--type=merge", "-p", '{"spec":{"revisionHistoryLimit":2}}')
    none.wait_for_outcome("Completed")
    assert none.images() == {"shop:2": 1}
    assert none.left_behind() == []
