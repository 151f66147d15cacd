"""The review of the real reconcile code on the playground: in the status before a pod of the candidate exists, and told."""

from typing import Any

import pytest

from playground.apiserver.store import Event
from tests.simulation.stories import GROUP, Object, rests, ship, shop
from tests.simulation.world import Story, World

PLANS = {
    "Cosmetic": ("1.0.1", "Rolling"),
    "Feature": ("1.1.0", "Canary"),
    "Core": ("1.1.0", "BlueGreen"),
}


def told(kind: str, version: str) -> tuple[World, list[Object]]:
    """A release of type Auto, and the status at the moment in which each pod of the candidate was made."""
    spec: Object = {
        "workloadRef": {"name": "shop"}, "strategy": {"type": "Auto", "canary": {"steps": [{"weight": 50}, {"weight": 100}]}},
        "traffic": {"drain": "2s"}, "rollback": {"warm": {"for": "5s"}}, "change": {"kind": kind},
    }  # fmt: skip
    release = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "Release", "metadata": {"name": "shop"}, "spec": spec}
    made = shop(release, routed=False, image="shop:1.0.0")
    seen: list[Object] = []

    def make(world: World) -> None:
        made(world)

        def look(event: Event) -> None:
            labels: dict[str, Any] = event.now.obj["metadata"].get("labels") or {}
            if event.kind == "ADDED" and "-" in labels.get("pod-template-hash", ""):
                seen.append(world.status)

        world.cluster.api.store.collection("", "pods").watchers[-100] = look

    story = Story(name="review", make=make, acts=(ship(f"shop:{version}", rests("1.0.0")),), over=rests(version))
    return World(story).run(), seen


@pytest.mark.parametrize("kind", PLANS)
def test_the_review_is_in_the_status_before_the_first_pod_of_the_candidate(kind: str) -> None:
    """It says what differs and by which strategy it goes out, and that is how it goes out."""
    version, strategy = PLANS[kind]
    world, seen = told(kind, version)
    assert seen
    for status in seen:
        review = status["review"]
        assert review["strategy"] == status["trial"]["strategy"] == strategy
        assert f"containers[shop].image: shop:1.0.0 → shop:{version}" in review["differences"]
        assert review["blastRadius"]["services"]
    assert "review" not in world.status
    assert world.status["history"][-1]["risk"] == seen[0]["review"]["risk"]
    notes = [e["message"] for e in world.admin.list("events.events.k8s.io", "shop") if " has begun" in e.get("message", "")]
    assert len(notes) == 1
    assert f". Risk {seen[0]['review']['risk']}, red flags:" in notes[0]
