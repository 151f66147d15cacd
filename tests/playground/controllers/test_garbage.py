"""Owners and dependents in every order of tasks, and of kinds that come and go."""

from typing import Any

import pytest

from tests.playground.controllers.world import NAMESPACE, World

DEFINITION: dict[str, Any] = {
    "metadata": {"name": "things.example.com"},
    "spec": {
        "group": "example.com", "scope": "Namespaced", "names": {"plural": "things", "singular": "thing", "kind": "Thing"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}],
    },
}  # fmt: skip
THING: dict[str, Any] = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
def test_nothing_of_a_deleted_deployment_stays(seed: int, propagation: str) -> None:
    """Whichever task runs first, and even in the middle of a rollout."""
    world = World(seed)
    world.make(3)
    world.loop.advance(5)
    world.ship("shop:2")
    world.loop.advance(0.3)
    world.admin.delete("deployments.apps", "web", NAMESPACE, propagation=propagation)
    world.loop.advance(90)
    assert world.admin.list("deployments.apps", NAMESPACE) == []
    assert world.sizes() == {}
    assert world.pods() == []


def test_a_custom_resource_owns_like_any_other() -> None:
    """Defined after the collector began."""
    world = World()
    world.admin.create("customresourcedefinitions.apiextensions.k8s.io", DEFINITION)
    world.loop.advance(2)
    thing = world.admin.create("things.example.com", THING, NAMESPACE)
    owner = {"apiVersion": "example.com/v1", "kind": "Thing", "name": "t", "uid": thing["metadata"]["uid"]}
    world.admin.create("configmaps", {"metadata": {"name": "c", "ownerReferences": [owner]}}, NAMESPACE)
    world.loop.advance(2)
    assert world.admin.find("configmaps", "c", NAMESPACE)
    world.admin.delete("things.example.com", "t", NAMESPACE)
    world.loop.advance(2)
    assert world.admin.find("configmaps", "c", NAMESPACE) is None


def test_what_is_owned_by_a_kind_that_nobody_knows_is_left_alone() -> None:
    """Nothing is deleted for want of knowledge."""
    world = World()
    owner = {"apiVersion": "unknown.example.com/v1", "kind": "Thing", "name": "t", "uid": "1"}
    world.admin.create("configmaps", {"metadata": {"name": "c", "ownerReferences": [owner]}}, NAMESPACE)
    world.loop.advance(60)
    assert world.admin.find("configmaps", "c", NAMESPACE)


def test_a_namespace_with_a_custom_resource_in_it_can_be_deleted() -> None:
    """It goes with the rest."""
    world = World()
    world.admin.create("customresourcedefinitions.apiextensions.k8s.io", DEFINITION)
    world.loop.advance(2)
    world.admin.create("things.example.com", THING, NAMESPACE)
    world.make(2)
    world.loop.advance(5)
    world.admin.delete("namespaces", NAMESPACE)
    world.loop.advance(60)
    assert world.admin.find("namespaces", NAMESPACE) is None
    assert world.admin.list("things.example.com") == []
    assert world.pods() == []
