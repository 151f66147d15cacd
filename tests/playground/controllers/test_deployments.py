"""Whole rollouts in virtual time: to the second, and in every order of tasks."""

import pytest

from tests.playground.controllers.world import DEPLOYMENTS, NAMESPACE, SETS, World, image_of

ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}


@pytest.mark.parametrize("seed", range(6))
def test_a_rollout_keeps_to_its_bounds_in_every_order_of_tasks(seed: int) -> None:
    """Never more pods wanted than surge allows, never fewer available than may be missing; it ends complete."""
    world = World(seed)
    world.make(4, strategy=ROLLING)
    world.loop.advance(30)
    totals: list[int] = []
    available: list[int] = []
    world.admin.watch(SETS, lambda *_: totals.append(sum(world.sizes().values())))
    world.admin.watch(DEPLOYMENTS, lambda _, found: available.append(found["status"].get("availableReplicas", 0)))
    world.loop.settle()
    for image in ("shop:2", "shop:3"):
        world.ship(image)
        world.loop.advance(1.5)
    world.loop.advance(60)
    assert world.sizes() == {"shop:1": 0, "shop:2": 0, "shop:3": 4}
    assert len(world.pods()) == 4
    assert max(totals) <= 5
    assert min(available) >= 3
    assert world.progressing() == "NewReplicaSetAvailable"


def test_the_same_seed_gives_the_same_history() -> None:
    """Down to names and versions."""

    def history() -> list[object]:
        world = World(7)
        seen: list[object] = []
        world.admin.watch("pods", lambda event, pod: seen.append((event, pod["metadata"]["name"], world.loop.now())))
        world.make(3)
        world.loop.advance(10)
        world.ship("shop:2")
        world.loop.advance(20)
        return [*seen, world.deployment()]

    assert history() == history()


def test_lack_of_progress_is_reported_when_the_deadline_has_passed_and_not_before() -> None:
    """From the last progress, to the second."""
    world = World()
    world.make(1, "shop:1-neverready", progressDeadlineSeconds=60)
    world.loop.advance(59)
    assert world.progressing() == "ReplicaSetUpdated"
    world.loop.advance(3)
    assert world.progressing() == "ProgressDeadlineExceeded"


def test_the_deadline_runs_from_the_last_progress() -> None:
    """Three steps of 40 s each are in time for a deadline of 60 s."""
    world = World()
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    world.make(3, minReadySeconds=40, progressDeadlineSeconds=60, strategy=strategy)
    world.loop.advance(60)
    world.ship("shop:2")
    reasons: list[str] = []
    world.admin.watch(DEPLOYMENTS, lambda *_: reasons.append(world.progressing()))
    world.loop.advance(150)
    assert set(reasons) == {"NewReplicaSetAvailable", "NewReplicaSetCreated", "ReplicaSetUpdated"}
    assert reasons[-1] == "NewReplicaSetAvailable"


def test_the_deadline_does_not_run_while_paused() -> None:
    """It begins anew when the Deployment is resumed."""
    world = World()
    world.make(1, "shop:1-neverready", progressDeadlineSeconds=60)
    world.loop.advance(30)
    world.patch({"paused": True})
    world.loop.advance(300)
    assert world.progressing() == "DeploymentPaused"
    world.patch({"paused": False})
    world.loop.advance(55)
    assert world.progressing() == "DeploymentResumed"
    world.loop.advance(8)
    assert world.progressing() == "ProgressDeadlineExceeded"


def test_pods_must_have_been_ready_for_a_while_before_the_next_step() -> None:
    """minReadySeconds paces a rollout of three pods, one at a time."""
    world = World()
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    world.make(3, minReadySeconds=20, strategy=strategy)
    world.loop.advance(30)
    world.ship("shop:2")
    world.loop.advance(19)
    assert world.sizes() == {"shop:1": 3, "shop:2": 1}
    world.loop.advance(20)
    assert world.sizes() == {"shop:1": 2, "shop:2": 2}
    world.loop.advance(45)
    assert world.sizes() == {"shop:1": 0, "shop:2": 3}


def test_a_name_that_is_taken_is_counted_and_another_one_made() -> None:
    """collisionCount goes into the hash."""
    world = World()
    world.make(1)
    world.loop.advance(5)
    (found,) = world.admin.list(SETS, NAMESPACE)
    world.admin.delete(DEPLOYMENTS, "web", NAMESPACE, propagation="Orphan")
    world.loop.advance(5)
    body = {"metadata": {"labels": {"app": "other"}}, "spec": {"replicas": 0}}
    world.admin.patch(SETS, found["metadata"]["name"], NAMESPACE, body)
    world.make(1)
    world.loop.advance(5)
    assert world.deployment()["status"]["collisionCount"] == 1
    assert len(world.admin.list(SETS, NAMESPACE)) == 2
    assert world.progressing() == "NewReplicaSetAvailable"


def test_at_rest_nothing_happens() -> None:
    """A complete Deployment costs no task, let alone a write."""
    world = World()
    world.make(2)
    world.loop.advance(30)
    version = world.api.store.version
    tasks: list[str] = []
    world.admin.watch(DEPLOYMENTS, lambda *_: tasks.append("deployment"))
    world.loop.settle()
    tasks.clear()
    world.loop.advance(3600)
    assert world.api.store.version == version
    assert tasks == []


def test_two_deployments_do_not_take_each_other_s_sets() -> None:
    """Nor do they share what is like in both."""
    world = World()
    world.make(2, name="web")
    world.make(1, name="api")
    world.loop.advance(10)
    owners = {one["metadata"]["ownerReferences"][0]["name"]: one["spec"]["replicas"] for one in world.admin.list(SETS, NAMESPACE)}
    assert owners == {"web": 2, "api": 1}


def test_a_driven_deployment_is_left_alone_in_every_order_of_tasks() -> None:
    """Paused, Recreate, two active ReplicaSets without the note of a wanted size: no scaling but one's own."""
    for seed in range(8):
        world = World(seed)
        world.make(2)
        world.loop.advance(10)
        world.ship("shop:2", paused=True, strategy={"type": "Recreate", "rollingUpdate": None})
        world.loop.advance(1)
        (stable,) = world.admin.list(SETS, NAMESPACE)
        note = {"metadata": {"annotations": {"deployment.kubernetes.io/desired-replicas": None}}}
        world.admin.patch(SETS, stable["metadata"]["name"], NAMESPACE, note)
        _make_candidate(world)
        for replicas, image in ((5, "shop:2"), (1, "shop:1"), (3, "shop:9"), (2, "shop:2")):
            world.ship(image, replicas=replicas)
            world.loop.advance(2)
            assert world.sizes() == {"shop:1": 2, "shop:2": 1}


def _make_candidate(world: World) -> None:
    deployment = world.deployment()
    template = deployment["spec"]["template"]
    labels = template["metadata"]["labels"] | {"pod-template-hash": "c2"}
    uid = deployment["metadata"]["uid"]
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": uid, "controller": True}
    body = {
        "metadata": {"name": "web-c2", "labels": labels, "ownerReferences": [owner]},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template | {"metadata": {"labels": labels}}},
    }  # fmt: skip
    world.admin.create(SETS, body, NAMESPACE)
    world.loop.advance(5)
    assert {image_of(one) for one in world.admin.list(SETS, NAMESPACE)} == {"shop:1", "shop:2"}


@pytest.mark.parametrize("audience", [True, False])
def test_what_is_told_by_events_is_told_to_an_audience_only(audience: bool) -> None:
    """Where nobody reads them, an event for each step of each pod is work for nothing."""
    world = World()
    world.api.audience = audience
    world.make()
    world.loop.advance(10.0)
    assert len(world.admin.list("pods", NAMESPACE)) == 3
    assert bool(world.admin.list("events", NAMESPACE)) is audience
