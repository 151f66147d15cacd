"""Migrations that a release carries out, on a real cluster: Jobs that change a file, in the controller's own rights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.real.releases.installation import Installation
from tests.real.releases.shop import STANDING, Manifest, Shop
from tests.real.releases.test_jobs import jobs, made

MakeShop = Callable[..., Shop]


def run(script: str) -> Manifest:
    """A Job that runs this in a shell."""
    container = {"name": "sql", "image": "busybox", "command": ["/bin/sh", "-c", script]}
    return {"template": {"spec": {"containers": [container]}}}


def change(data: Path, name: str, *, script: str = "", **more: Any) -> Manifest:
    """One that writes its name into the data, and an undo that writes that it was undone."""
    return {"name": name, "reversible": True, "backwardCompatible": True, "undo": run(f"echo 'undo {name}' >> {data}"),
            "job": run(script or f"sleep 1; echo \"{name} for $RELEASE_VERSION\" >> {data}"), **more}  # fmt: skip


def declared(*migrations: Manifest) -> Manifest:
    """The spec's part."""
    return {"kind": "DataMigration", "migrations": list(migrations)}


def states(shop: Shop) -> dict[str, str]:
    """How far each is."""
    return {each["name"]: each["state"] for each in shop.status().get("migrations") or []}


def test_migrations_run_before_the_candidate_once_and_are_undone_when_it_goes_back(
    shop: MakeShop, product: Installation, tmp_path: Path
) -> None:
    """Also when the controller is killed while one runs; and a second try runs them anew."""
    data = tmp_path / "data"
    checkout = shop(pods=2)
    checkout.release(strategy=STANDING, change=declared(change(data, "a", script=f"sleep 4; echo 'a for 2' >> {data}"),
                                                        change(data, "b")))  # fmt: skip
    checkout.ship("2")
    checkout.wait_for(lambda: states(checkout).get("a") == "Runs", what="a runs")
    assert checkout.images() == {"shop:1": 2}
    product.kill()
    checkout.wait_for_trial_weight(50, timeout=60)
    assert data.read_text().splitlines() == ["a for 2", "b for 2"]
    checkout.apply(checkout.manifest(strategy=STANDING))  # Whoever takes it back takes the migrations out of the spec as well.
    checkout.ask("abort")
    checkout.wait_for_outcome("Aborted")
    checkout.wait_for(lambda: set(states(checkout).values()) == {"Undone"}, what="both are undone")
    assert data.read_text().splitlines() == ["a for 2", "b for 2", "undo b", "undo a"]
    checkout.wait_for(lambda: not jobs(checkout), what="no Job is left")
    assert made(checkout) == 4
    assert checkout.images() == {"shop:1": 2}


def test_one_that_fails_keeps_the_candidate_away_and_one_that_ran_is_there_for_ever(shop: MakeShop, tmp_path: Path) -> None:
    """Its last lines say why; once it runs through, a later release does not run it again, and cleans up after it."""
    data = tmp_path / "data"
    cart = shop("cart", pods=1)
    cart.release(change=declared(change(data, "a", script="echo 'no such table'; exit 3")))
    cart.ship("2")
    said = cart.wait_for_outcome("Rejected")["history"][-1]["message"]
    assert "Migration a did not run through: Job" in said
    assert "it wrote: no such table" in said
    assert cart.images() == {"shop:1": 1}

    generation = cart.get("release")["metadata"]["generation"]
    cart.apply(cart.manifest(change=declared(change(data, "a"))))
    cart.wait_for(lambda: cart.status().get("observedGeneration", 0) > generation, what="the correction was read")
    cart.ask("retry")
    cart.wait_for_outcome("Completed")
    assert states(cart) == {"a": "Done"}
    cart.apply(cart.manifest(change=declared(change(data, "a"), change(data, "drop"))))
    cart.apply(cart.manifest(change=declared(change(data, "drop", cleansUp="a"))))
    cart.ship("3")
    cart.wait_for_outcome("Completed")
    assert data.read_text().splitlines() == ["a for 2", "drop for 3"]
    assert states(cart) == {"a": "Done", "drop": "Done"}
