"""Whose turn it is: never more at a time than allowed, in the order in which they came, and nobody waits for who cannot start."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from controller.reconcile.cluster import Cluster, Key
from controller.reconcile.policies import Limit
from controller.reconcile.queueing import Turnstile
from strategies.spec.status import Status
from strategies.world.observation import Queued


class Fleet:
    """Releases as the view has them, and a turnstile for them; seconds are as the clock says."""

    def __init__(self, most: int, counts: Callable[[str], bool] = lambda _: True) -> None:
        self.releases: dict[Key, dict[str, Any]] = {}
        self.now = 100.0
        view = SimpleNamespace(list=lambda: [
            {"metadata": {"namespace": n, "name": r}, "status": status} for (n, r), status in self.releases.items()
        ])  # fmt: skip
        cluster = SimpleNamespace(releases=view, clock=SimpleNamespace(steady=lambda: self.now))
        self.turnstile = Turnstile(cast(Cluster, cluster))
        self.limits = [Limit(policy="calm", most=most, where="in namespace shop", counts=counts)]

    def comes(self, name: str, since: int, namespace: str = "shop") -> Queued | None:
        """It has been told to wait since this second, and looks."""
        self.releases[namespace, name] = {"reason": "Queued", "since": f"2026-11-29T00:00:{since:02}Z"}
        return self.looks(name, namespace)

    def looks(self, name: str, namespace: str = "shop") -> Queued | None:
        """What it is told."""
        return self.turnstile.queued((namespace, name), Status(), self.limits)

    def starts(self, name: str) -> None:
        """It commits its trial."""
        self.releases["shop", name] = {"reason": "Started", "trial": {"kind": "Release"}}

    def ends(self, name: str) -> None:
        """It is at rest."""
        self.releases["shop", name] = {"reason": "AtRest"}


def test_no_more_than_the_limit_are_on_their_way_and_the_first_to_come_is_the_first_to_go() -> None:
    """Whatever their names are; the message says for whom one waits."""
    fleet = Fleet(most=1)
    assert fleet.comes("z", since=1) is None
    fleet.starts("z")
    told = fleet.comes("b", since=2)
    assert told is not None
    assert "ReleasePolicy calm lets 1 at a time be on their way in namespace shop: on their way are shop/z." in told.message
    told = fleet.comes("a", since=3)
    assert told is not None
    assert "on their way are shop/z, and before this one wait shop/b." in told.message
    fleet.ends("z")
    assert fleet.looks("a") is not None
    assert fleet.looks("b") is None


def test_two_that_look_at_the_same_time_do_not_both_go() -> None:
    """The place of the first is kept until its commit is seen, or for some seconds: it may have died on the way."""
    fleet = Fleet(most=1)
    assert fleet.comes("a", since=1) is None
    assert fleet.comes("b", since=2) is not None
    fleet.now += 4.0
    assert fleet.looks("b") is not None
    fleet.ends("a")
    fleet.now += 2.0
    assert fleet.looks("b") is None


def test_who_has_not_waited_yet_waits_once_and_keeps_no_place() -> None:
    """Something else may be in its way, which only its next look tells."""
    fleet = Fleet(most=1)
    fleet.releases["shop", "a"] = {"reason": "GateUnusable"}
    assert fleet.looks("a") is not None
    assert fleet.comes("b", since=5) is None


def test_a_release_that_is_on_its_way_does_not_queue_again_for_a_newer_template() -> None:
    """It has its place."""
    fleet = Fleet(most=1)
    fleet.starts("z")
    busy = Status.model_validate({"retiring": {"hash": "h", "replicaSet": "r", "digest": "d", "generation": 1}})
    assert fleet.turnstile.queued(("shop", "a"), busy, fleet.limits) is None


def test_only_the_policys_namespaces_count() -> None:
    """And rollbacks and restarts do not."""
    fleet = Fleet(most=1, counts=lambda namespace: namespace == "shop")
    fleet.releases["store", "x"] = {"trial": {"kind": "Release"}}
    fleet.releases["shop", "y"] = {"trial": {"kind": "Rollback"}}
    assert fleet.comes("a", since=1) is None
    assert fleet.turnstile.queued(("shop", "b"), Status(), []) is None
