"""What comes back other than it went: a Deployment from a backup or with another selector, a Lease with senseless content."""

import copy
from typing import Any

import pytest

from tests.simulation.changes import tag
from tests.simulation.malforming import When
from tests.simulation.stories import DEPLOYMENTS, GOOD, STORIES, deployment, phase, rests, ship, step
from tests.simulation.world import NAME, NAMESPACE, Act, Story, World

Object = dict[str, Any]
_SETS = "replicasets.apps"
_OF_THE_SERVER = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields")


def _restore(world: World, image: str) -> None:
    """The Deployment is deleted, and made again as it was, marks and all, with this image; it has no ReplicaSets any more."""
    body = copy.deepcopy(world.find(DEPLOYMENTS))
    assert body is not None
    world.admin.delete(DEPLOYMENTS, NAME, NAMESPACE, propagation="Background")
    for field in _OF_THE_SERVER:
        body["metadata"].pop(field, None)
    body.pop("status")
    body["spec"]["template"]["spec"]["containers"][0]["image"] = image
    world.admin.create(DEPLOYMENTS, body, NAMESPACE)


def _told(do: Act, over: When) -> World:
    plain = STORIES["canary-route"]
    return World(Story(name=do.name, make=plain.make, acts=(ship(GOOD, rests("1")), do), over=over)).run()


@pytest.mark.parametrize("image", ["shop:1", "shop:2", "shop:3"])
@pytest.mark.parametrize("moment", ["step", "bake"])
def test_a_held_deployment_from_a_backup_starts_what_users_had(image: str, moment: str) -> None:
    """Whatever template it holds: the candidate's, an unknown one, or stable's. Nothing else ever has pods."""
    when = step(1) if moment == "step" else phase("Baking")
    world = _told(Act(name="restore", when=when, do=lambda w: _restore(w, image)), rests("1", "WorkloadGone"))
    assert [(tag(s), s["spec"]["replicas"]) for s in world.admin.list(_SETS, NAMESPACE)] == [("1", 3)]
    told = [e["message"] for e in world.admin.list("events.events.k8s.io", NAMESPACE) if e["reason"] == "WorkloadRecreated"]
    assert ["written back. Apply the newer one again" in note for note in told] == ([] if image == "shop:1" else [True])


def test_a_deployment_with_another_selector_is_adopted_and_services_are_left_to_their_owner() -> None:
    """Its pods are no longer those that the Services select; pins, weights and the candidate are taken back all the same."""

    def recreate(world: World) -> None:
        body = deployment("shop:4", 3)
        body["spec"]["selector"]["matchLabels"] = body["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
        world.admin.delete(DEPLOYMENTS, NAME, NAMESPACE, propagation="Background")
        world.admin.create(DEPLOYMENTS, body, NAMESPACE)

    world = _told(Act(name="recreate", when=step(1), do=recreate), rests("4", "WorkloadGone"))
    assert [s["spec"]["selector"] for s in world.admin.list("services", NAMESPACE)] == [{"app": NAME}] * 2


@pytest.mark.parametrize("spec", [
    {},
    {"holderIdentity": "", "leaseDurationSeconds": 1, "leaseTransitions": 2**31 - 1},
    {"holderIdentity": "x" * 5000, "leaseDurationSeconds": 2**31 - 1, "renewTime": "9999-12-31T23:59:59.000000Z"},
    {"holderIdentity": "p1\n{}", "acquireTime": "1970-01-01T00:00:00.000000Z", "preferredHolder": "nobody"},
], ids=["empty", "at its end", "for ever", "nobody's"])  # fmt: skip
def test_a_lease_with_senseless_content_is_taken_over_and_the_release_goes_on(spec: Object) -> None:
    """Nobody renews it, so that it runs out, at the latest after the longest duration that makes sense."""

    def garble(world: World) -> None:
        found = world.admin.get("leases.coordination.k8s.io", "release-coordinator", "release-coordinator")
        world.admin.update("leases.coordination.k8s.io", {**found, "spec": spec})

    plain = STORIES["canary-route"]
    acts = (ship(GOOD, rests("1")), Act(name="garble the Lease", when=step(1), do=garble))
    world = World(Story(name="lease", make=plain.make, acts=acts, over=rests("2", "Completed"), elected=True)).run()
    found = world.admin.get("leases.coordination.k8s.io", "release-coordinator", "release-coordinator")
    assert found["spec"]["holderIdentity"] == "p1"
