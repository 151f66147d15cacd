"""`kubectl rollout status`, `undo` and `restart` say and do under a Release what people know them to."""

import subprocess
from collections.abc import Callable

from tests.real.releases.shop import STANDING, Shop

MakeShop = Callable[..., Shop]
QUICK = {"type": "Canary", "canary": {"steps": [{"weight": 50, "duration": "2s"}, {"weight": 100}]}}


def _status(shop: Shop, timeout: str = "30s") -> "subprocess.CompletedProcess[str]":
    done: subprocess.CompletedProcess[str] = shop.kubectl(
        "rollout", "status", "deployment/checkout", f"--timeout={timeout}", check=False
    )
    return done


def test_rollout_status_waits_succeeds_fails_and_does_not_fail_for_the_fix(shop: MakeShop) -> None:
    """It waits at a step, paused and in the bake, ends well, exits 1 for a rejection, and follows the fix to its end."""
    checkout = shop(pods=2)
    checkout.release(strategy=STANDING, rollback={"warm": {"for": "10m"}})
    checkout.ship("2")
    for request, phase in (("", "Progressing"), ("pause", "Paused"), ("promote", "Baking")):
        if request:
            checkout.ask(request, "full" if request == "promote" else "true")
        checkout.wait_for_phase(phase)
        waiting = _status(checkout, "1s")
        assert (phase, waiting.returncode, "timed out waiting" in waiting.stderr) == (phase, 1, True)
    checkout.apply(checkout.manifest(strategy=QUICK))
    assert _status(checkout).returncode == 0
    assert "successfully rolled out" in _status(checkout).stdout
    checkout.wait_for_outcome("Completed")
    assert checkout.images() == {"shop:2": 2}
    checkout.ship("3-crash")
    rejected = _status(checkout)
    assert rejected.returncode == 1
    assert "exceeded its progress deadline" in rejected.stderr
    checkout.wait_for_outcome("Rejected")
    checkout.ship("4")
    checkout.wait_for(lambda: "exceeded" not in _status(checkout, "1s").stderr, what="the release of the fix begins")
    fixed = _status(checkout)
    assert (fixed.returncode, fixed.stderr) == (0, "")
    checkout.wait_for_outcome("Completed")
    assert checkout.images() == {"shop:4": 2}


def test_rollout_undo_and_restart_at_rest_are_held_and_gated_like_any_change(shop: MakeShop) -> None:
    """`undo` brings the former image as a release of its own, `restart` new pods; history stays as Kubernetes keeps it."""
    checkout = shop(pods=2)
    checkout.release(strategy=QUICK)
    checkout.ship("2")
    checkout.wait_for_outcome("Completed")
    checkout.kubectl("rollout", "undo", "deployment/checkout")
    checkout.wait_for_trial_weight(50)
    assert set(checkout.images()) == {"shop:1", "shop:2"}
    checkout.wait_for_outcome("Completed")
    assert checkout.images() == {"shop:1": 2}
    before = set(checkout.uids())
    checkout.kubectl("rollout", "restart", "deployment/checkout")
    assert checkout.wait_for_outcome("Completed")["history"][-1]["kind"] == "Restart"
    assert not before & set(checkout.uids())
    assert checkout.kubectl("rollout", "history", "deployment/checkout").stdout.count("<none>") >= 2
    assert checkout.left_behind() == []
