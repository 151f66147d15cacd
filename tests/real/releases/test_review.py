"""The review on a real API server: in the status, in an Event, by releasectl; and Auto, which goes by it."""

from collections.abc import Callable
from typing import Any

from tests.real.releases.shop import QUICK_CANARY, Shop

MakeShop = Callable[..., Shop]
AUTO: dict[str, Any] = {"type": "Auto", "canary": QUICK_CANARY["canary"], "rolling": {"pause": "1s"}}


def _changed(shop: Shop, kind: str, tag: str) -> dict[str, Any]:
    """A change that is declared to be of this kind; the status of its trial."""
    generation = shop.get("release")["metadata"]["generation"]
    shop.apply(shop.manifest(strategy=AUTO, change={"kind": kind}))
    shop.wait_for(lambda: shop.status().get("observedGeneration", 0) > generation, what="the declaration was read")
    shop.ship(tag)
    found: dict[str, Any] = shop.wait_for(lambda: (s := shop.status()).get("review") and s, what="a review")
    return found


def _told(status: dict[str, Any]) -> tuple[str, str, str]:
    """Risk, strategy, and the name of the step in which the trial is."""
    return status["review"]["risk"], status["review"]["strategy"], status["trial"]["step"]["name"]


def test_auto_rolls_a_cosmetic_change_and_takes_a_canary_for_a_feature(shop: MakeShop) -> None:
    """The review says why, leaves its risk in the history, and tells its red flags in an Event."""
    checkout = shop(pods=4, image="shop:1.0.0")
    checkout.release(strategy=AUTO)

    assert _told(_changed(checkout, "Cosmetic", "1.0.1")) == ("Low", "Rolling", "Batch")
    ended = checkout.wait_for_outcome("Completed")
    assert "review" not in ended
    assert (ended["history"][-1]["risk"], ended["history"][-1]["strategy"]) == ("Low", "Rolling")

    status = _changed(checkout, "Feature", "1.1.0")
    assert _told(status) == ("Medium", "Canary", "Preview")
    assert "containers[app].image: shop:1.0.1 → shop:1.1.0" in status["review"]["differences"]
    assert status["review"]["blastRadius"]["services"] == ["checkout"]
    assert checkout.wait_for_outcome("Completed")["history"][-1]["strategy"] == "Canary"
    assert checkout.images() == {"shop:1.1.0": 4}
    notes = [note for reason, note in checkout.events() if reason == "Started"]
    assert [note.partition(". Risk ")[2].partition(",")[0] for note in notes] == ["Low", "Medium"]
    assert checkout.left_behind() == []
