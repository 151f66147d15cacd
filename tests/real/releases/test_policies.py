"""Policies on a real API server: the controller's rights suffice, and a change waits."""

from collections.abc import Callable
from datetime import UTC, datetime

from tests.controlplane.cluster import ControlPlane
from tests.real.releases.shop import GROUP, STANDING, Shop

MakeShop = Callable[..., Shop]
MakePolicy = Callable[..., str]


def test_a_change_waits_until_the_freeze_is_taken_away(shop: MakeShop, plane: ControlPlane, calm: MakePolicy) -> None:
    """No pod of it starts; when the policy is taken away it goes out at once."""
    freeze = {"name": "inventory", "start": f"{datetime.now(UTC):%Y-%m-%dT00:00}", "duration": "48h", "reason": "Stocktaking"}
    policy = calm(freezes=[freeze])
    checkout = shop(pods=2)
    checkout.release()
    before = set(checkout.uids())
    checkout.ship("2")
    status = checkout.wait_for_phase("Blocked")
    assert status["reason"] == "Frozen"
    assert f"Freeze inventory of ReleasePolicy {policy} is in force until" in status["message"]
    assert "Stocktaking" in status["message"]
    assert set(checkout.uids()) == before
    plane.kubectl("delete", "releasepolicy", policy)
    assert checkout.wait_for_outcome("Completed")["stable"]["version"] == "2"


def test_a_change_waits_until_what_a_policy_requires_is_there(shop: MakeShop, calm: MakePolicy) -> None:
    """The message names what is wanting; once the Release has it, the change goes out at once."""
    policy = calm(requirements=[{"name": "told", "done": ["Stakeholders"]}])
    checkout = shop(pods=2)
    checkout.release()
    before = set(checkout.uids())
    checkout.ship("2")
    status = checkout.wait_for_phase("Blocked")
    assert status["reason"] == "RequirementUnmet"
    assert f"Requirement told of ReleasePolicy {policy} is not met" in status["message"]
    assert "spec.change.stakeholders is empty" in status["message"]
    assert set(checkout.uids()) == before
    checkout.release(change={"kind": "Feature", "stakeholders": ["support"]})
    assert checkout.wait_for_outcome("Completed")["stable"]["version"] == "2"


def test_releases_of_a_namespace_go_one_after_another_where_a_policy_says_so(shop: MakeShop, calm: MakePolicy) -> None:
    """The second says for whom it waits, and goes out by itself."""
    policy = calm(concurrency={"perNamespace": 1})
    first, second = shop("first", pods=1), shop("second", pods=1)
    first.release(strategy=STANDING)
    second.release()
    first.ship("2")
    first.wait_for_trial_weight(50)
    second.ship("2")
    status = second.wait_for_phase("Blocked")
    assert status["reason"] == "Queued"
    assert f"ReleasePolicy {policy} lets 1 at a time be on their way in namespace {first.namespace}" in status["message"]
    assert f"on their way are {first.namespace}/first" in status["message"]
    assert second.images() == {"shop:1": 1}
    first.ask("abort")
    first.wait_for_outcome("Aborted")
    assert second.wait_for_outcome("Completed")["stable"]["version"] == "2"


def test_a_member_of_the_break_glass_group_lets_a_change_out_in_a_freeze_with_a_reason(
    shop: MakeShop, plane: ControlPlane, calm: MakePolicy
) -> None:
    """Alice may not; bob's name and reason are kept in the status and told as an Event."""
    freeze = {"name": "inventory", "start": f"{datetime.now(UTC):%Y-%m-%dT00:00}", "duration": "48h", "reason": "Stocktaking"}
    calm(freezes=[freeze])
    checkout = shop(pods=2)
    checkout.release()
    checkout.ship("2")
    checkout.wait_for_phase("Blocked")
    ask = ("annotate", "release/checkout", f"{GROUP}/override=it burns")
    assert "User alice may not override what ReleasePolicies ask" in checkout.kubectl(*ask, user="alice", check=False).stderr
    checkout.kubectl(*ask, user="bob")
    status = checkout.wait_for_outcome("Completed")
    (kept,) = status["overrides"]
    assert (kept["what"], kept["author"], kept["because"]) == ("Frozen", "bob", "it burns")
    assert "By bob, because: it burns" in checkout.wait_for_event("Overridden")
