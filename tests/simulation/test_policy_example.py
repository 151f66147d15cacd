"""The story of examples/08-policy, with its files, on the playground: nothing goes out that nobody watches.

One thing is changed in them: the gate asks what the simulation answers.
"""

from pathlib import Path
from typing import Any

import yaml

from tests.simulation.stories import DEPLOYMENTS, GROUP, RELEASES, Object, ship
from tests.simulation.world import NAMESPACE, Act, Story, World

FOLDER = Path(__file__).parents[2] / "examples" / "08-policy"


def _files(name: str) -> list[Any]:
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def _make(world: World) -> None:
    world.admin.create("namespaces", {"metadata": {"name": NAMESPACE}})
    world.go(lambda: False, 1.0)
    world.admin.create(f"metricsources.{GROUP}", _files("../01-canary/metricsource.yaml")[0])
    world.admin.create(f"releasepolicies.{GROUP}", _files("policy.yaml")[0])
    for manifest in _files("shop.yaml"):
        world.admin.create(DEPLOYMENTS if manifest["kind"] == "Deployment" else "services", manifest, NAMESPACE)
    world.go(lambda: False, 15.0)
    world.admin.create(RELEASES, _files("release.yaml")[0], NAMESPACE)


def test_a_release_without_a_gate_waits_until_it_has_one() -> None:
    """It is told which requirement of which policy is not met; with the gate it goes out by itself."""
    seen: list[Object] = []
    watched = _files("release-watched.yaml")[0]["spec"]
    watched["gates"][0]["threshold"]["query"] = 'errors{hash="$candidate"}'

    def blocked(world: World) -> bool:
        return world.status.get("reason") == "RequirementUnmet"

    def watch(world: World) -> None:
        seen.append(dict(world.status))
        world.person_patch(RELEASES, {"spec": watched})

    story = Story(
        name="policy",
        make=_make,
        acts=(ship("shop:2", lambda world: world.status.get("phase") == "Healthy"), Act(name="watch", when=blocked, do=watch)),
        over=lambda world: (world.status.get("history") or [{}])[-1].get("outcome") == "Completed",
    )
    World(story).run()
    assert seen[0]["phase"] == "Blocked"
    assert "watched" in seen[0]["message"] and "careful" in seen[0]["message"] and "NoMonitoring" in seen[0]["message"]
