"""What people may ask of a release in flight by annotation: each request is answered once, and its annotation goes."""

import time
from collections.abc import Callable

from tests.real.releases.shop import GROUP, Manifest, Shop

MakeShop = Callable[..., Shop]
LONG_STEPS = {
    "type": "Canary",
    "canary": {"steps": [{"weight": 20, "duration": "60s"}, {"weight": 40, "duration": "60s"}, {"weight": 100}]},
}


def _answer(shop: Shop, key: str, value: str = "true") -> Manifest:
    """Ask, wait for the answer, and see that it was answered once and that the annotation is gone."""
    before = len(shop.status().get("requests") or [])
    shop.ask(key, value)
    shop.wait_for(lambda: len(shop.status().get("requests") or []) > before, timeout=10)
    shop.wait_for(lambda: f"{GROUP}/{key}" not in (shop.get("release")["metadata"].get("annotations") or {}))
    given: list[Manifest] = shop.status()["requests"]
    assert len(given) == before + 1
    assert (given[-1]["key"], given[-1]["value"], given[-1]["author"]) == (key, value, "alice")
    return given[-1]


def test_promote_pause_resume_and_full_promotion_move_a_release_by_hand(shop: MakeShop) -> None:
    """A paused release stands still although gates pass; `promote: step` goes one step, `promote: full` to the bake."""
    checkout = shop(pods=4)
    checkout.release(strategy=LONG_STEPS)
    stable = set(checkout.uids())
    assert not _answer(checkout, "promote", "step")["done"]
    checkout.ship("2")
    checkout.wait_for_trial_weight(20)
    assert _answer(checkout, "pause", "lunch <Müller & Söhne> →")["done"]  # What Go escapes, and what it does not.
    assert "lunch" in checkout.wait_for_phase("Paused")["message"]
    assert not _answer(checkout, "pause", "again")["done"]
    assert _answer(checkout, "resume")["done"]
    checkout.wait_for_phase("Progressing")
    assert _answer(checkout, "promote", "step")["done"]
    at_43 = checkout.wait_for_trial_weight(43)
    assert "promote: step by alice" in at_43["trial"]["passed"][-1]["by"]
    assert not _answer(checkout, "promote", "everything")["done"]
    assert stable <= set(checkout.uids())
    assert _answer(checkout, "promote", "full")["done"]
    checkout.wait_for_phase("Baking")
    checkout.wait_for_outcome("Completed")
    assert checkout.images() == {"shop:2": 4}
    assert checkout.left_behind() == []


def test_an_abort_rejects_the_revision_and_only_a_retry_lets_it_go_again(shop: MakeShop) -> None:
    """The template stays held after an abort, even when it is applied again; `retry` starts it, `revert` takes it back."""
    checkout = shop(pods=2)
    checkout.release(strategy=LONG_STEPS)
    stable = set(checkout.uids())
    checkout.ship("2")
    checkout.wait_for_trial_weight(33)
    assert _answer(checkout, "abort", "looks odd")["done"]
    status = checkout.wait_for_outcome("Aborted")
    assert status["phase"] == "RolledBack"
    assert "looks odd" in status["rejected"][-1]["message"]
    assert checkout.left_behind(held=True) == []
    checkout.apply(checkout.deployment(pods=2, image="shop:2"))
    time.sleep(1)
    assert checkout.images() == {"shop:1": 2}
    assert not _answer(checkout, "abort")["done"]
    assert _answer(checkout, "retry")["done"]
    checkout.wait_for_trial_weight(33)
    assert set(checkout.images()) == {"shop:1", "shop:2"}
    assert _answer(checkout, "abort")["done"]
    checkout.wait_for_outcome("Aborted")
    assert _answer(checkout, "revert")["done"]
    checkout.wait_for_phase("Healthy")
    assert checkout.get("deployment")["spec"]["template"]["spec"]["containers"][0]["image"] == "shop:1"
    assert set(checkout.uids()) == stable
    assert checkout.left_behind() == []


def test_a_step_with_approval_waits_for_a_person(shop: MakeShop) -> None:
    """AwaitingApproval names the command; time alone never passes it."""
    checkout = shop(pods=2)
    steps = [{"weight": 20, "approval": True}, {"weight": 100}]
    checkout.release(strategy={"type": "Canary", "canary": {"steps": steps}})
    checkout.ship("2")
    status = checkout.wait_for_phase("AwaitingApproval")
    assert "promote=step" in status["message"]
    time.sleep(1)
    assert checkout.status()["phase"] == "AwaitingApproval"
    assert _answer(checkout, "promote", "step")["done"]
    checkout.wait_for_outcome("Completed")
    assert checkout.left_behind() == []
