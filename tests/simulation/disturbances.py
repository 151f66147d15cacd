"""What happens to a cluster at some moment, whoever is at work on it: pods that go, writers that put things back, outages.

Each is short enough for a story to end as it would have; what may not happen meanwhile, the invariants say.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from controller.api import names
from playground.apiserver.errors import ApiError
from tests.simulation.faults import Fault, Kind

if TYPE_CHECKING:
    from tests.simulation.world import World

Object = dict[str, Any]
NAMESPACE, NAME = "shop", "shop"
_POLICY, _BINDING = (f"mutatingadmission{part}.admissionregistration.k8s.io" for part in ("policies", "policybindings"))
_ROUTES = "httproutes.gateway.networking.k8s.io"


def happen(world: World, fault: Fault) -> None:
    """Let it happen now."""
    world.note(f"- {fault}")
    _HAPPENINGS[fault.kind](world, fault)


def _pod_deleted(world: World, fault: Fault) -> None:
    """One that serves: a Job whose pod goes has failed, and the release ends otherwise."""
    pods = [pod for pod in world.admin.list("pods", NAMESPACE) if pod["metadata"]["ownerReferences"][0]["kind"] == "ReplicaSet"]
    if pods:
        world.admin.delete("pods", pods[fault.at % len(pods)]["metadata"]["name"], NAMESPACE)


def _node_lost(world: World, _: Fault) -> None:
    """All pods are gone at once; their ReplicaSets make new ones."""
    for pod in world.admin.list("pods", NAMESPACE):
        world.admin.delete("pods", pod["metadata"]["name"], NAMESPACE)


def _scaled(world: World, fault: Fault) -> None:
    if world.find("deployments.apps"):
        world.person_patch("deployments.apps", {"spec": {"replicas": int(fault.seconds)}})


def _answers(value: float | None) -> Callable[[World, Fault], None]:
    def happen(world: World, fault: Fault) -> None:
        world.override = lambda _: value

        def end() -> None:
            world.override = None

        world.lasting(fault.seconds, "samples come again", end)

    return happen


def _route_reset(world: World, _: Fault) -> None:
    """A GitOps tool puts the route back as its owner wrote it."""
    if world.find(_ROUTES):
        world.person_patch(_ROUTES, {"spec": {"rules": [{"backendRefs": [{"name": NAME, "port": 80}]}]}})


def _applied(world: World, _: Fault) -> None:
    """A GitOps tool puts back what stands in its manifest: not paused, its own strategy, none of our labels."""
    found = world.find("deployments.apps")
    if found:
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
        labels = dict.fromkeys((names.RELEASE, names.HELD, names.DRIVEN))
        body = {"metadata": {"labels": labels}, "spec": {"paused": False, "strategy": strategy}}
        try:
            world.person.patch("deployments.apps", NAME, NAMESPACE, body)
        except ApiError as refused:  # As long as the guard is there without the policy that mends it.
            if refused.status != HTTPStatus.FORBIDDEN:
                raise


def _policy_gone(world: World, fault: Fault) -> None:
    name = "release-coordinator-hold"
    found = [(resource, world.admin.find(resource, name)) for resource in (_POLICY, _BINDING)]
    for resource, there in found:
        if there:
            world.admin.delete(resource, name)

    def restore() -> None:
        if world.faults == 1:
            world.invariants.not_on_trial()
        for resource, there in found:
            if there and world.admin.find(resource, name) is None:
                metadata = {"name": name, "annotations": there["metadata"].get("annotations") or {}}
                world.admin.create(resource, {**there, "metadata": metadata})

    world.lasting(fault.seconds, "helm upgrade", restore)


def _outage(world: World, fault: Fault) -> None:
    world.refusing = ("", Kind.BROKEN)
    world.lasting(fault.seconds, "the API answers again", world.accept)


def _forbidden(world: World, fault: Fault) -> None:
    world.refusing = (("PATCH", "POST", "DELETE")[fault.at % 3], Kind.REFUSED)
    world.lasting(fault.seconds, "the rights are back", world.accept)


def _route_refused(world: World, fault: Fault) -> None:
    """The route may not be written for so long; where nothing else is wrong, that is enough for the other lever."""
    world.untouchable = "/httproutes/"

    def end() -> None:
        world.untouchable = ""
        if world.faults == 1:
            world.invariants.not_reached()

    world.lasting(fault.seconds, "the route may be written", end)


def _clock_jump(world: World, fault: Fault) -> None:
    for process in world.processes:
        process.skew += fault.seconds


def _storm(world: World, fault: Fault) -> None:
    """50 edits a second of an annotation that means nothing; with 200 one case is tried by itself, and the seeds have no time."""
    count = int(fault.seconds * 50)

    def edit(left: int) -> None:
        if left and world.find("releases.release-coordinator.io"):
            world.person_patch("releases.release-coordinator.io", {"metadata": {"annotations": {"example.com/beat": str(left)}}})
            world.loop.later(0.02, "somebody annotates", lambda: edit(left - 1))

    edit(count)


def _killed(world: World, _: Fault) -> None:
    for process in list(world.processes):
        if not process.dead:
            process.die()


def _down(world: World, fault: Fault) -> None:
    """No controller runs for so long."""
    world.restart_after = fault.seconds
    _killed(world, fault)
    world.restart_after = RESTART


def _lagging(world: World, fault: Fault) -> None:
    """The next process that starts is told all there is by a replica of the API server that is so far behind."""
    for process in world.processes:
        for view in () if process.dead else process.views:
            process.wire.lag(view._path, view.of_all)
    world.lasting(fault.seconds, "the controller is killed", lambda: _killed(world, fault))


RESTART = 5.0
_HAPPENINGS: dict[Kind, Callable[[World, Fault], None]] = {
    Kind.POD_DELETED: _pod_deleted,
    Kind.SCALED: _scaled,
    Kind.SILENT: _answers(None),
    Kind.NOT_A_NUMBER: _answers(math.nan),
    Kind.ROUTE_RESET: _route_reset,
    Kind.APPLIED: _applied,
    Kind.POLICY_GONE: _policy_gone,
    Kind.OUTAGE: _outage,
    Kind.FORBIDDEN: _forbidden,
    Kind.CLOCK_JUMP: _clock_jump,
    Kind.STORM: _storm,
    Kind.KILLED: _killed,
    Kind.DOWN: _down,
    Kind.NODE_LOST: _node_lost,
    Kind.ROUTE_REFUSED: _route_refused,
    Kind.LAGGING: _lagging,
}
