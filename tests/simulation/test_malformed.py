"""Objects as other writers may leave them: the story goes on to its end, or stalls with a condition that says what to do.

No turn raises, no pod that users have is taken from them, somebody always answers, and the invariants hold.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from controller.api import names
from tests.simulation.changes import tag
from tests.simulation.malforming import ABSENT, annotate, edit, ended, over, put, stalled
from tests.simulation.stories import DEPLOYMENTS, RELEASES, ROUTES, STORIES, ask, rests, step
from tests.simulation.world import NAMESPACE, Act, Story, World

Object = dict[str, Any]
Do = Callable[[World], None]
SETS, KEPT, SLICES = "replicasets.apps", "controllerrevisions.apps", "endpointslices.discovery.k8s.io"
_HEALTHY = rests("1")
_FIRST = step(1)


@dataclass(frozen=True, kw_only=True)
class Case:
    """What somebody does at some moment of a story; then the story ends `on` this version, or is told to `say` something."""

    story: str = "canary-route"
    when: Callable[[World], bool] = _FIRST
    do: Do
    on: str = "2"
    says: str = ""
    after: tuple[Act, ...] = ()
    before: bool = False


def _labelled(resource: str, name: str, labels: Object) -> Do:
    return lambda world: world.admin.patch(resource, name, NAMESPACE, {"metadata": {"labels": labels}}) and None


def _service(name: str, spec: Object) -> Do:
    body = {"metadata": {"name": name}, "spec": spec}
    return lambda world: world.admin.create("services", body, NAMESPACE) and None


def _route_to(name: str) -> Do:
    rules = [{"backendRefs": [{"name": name, "port": 80}]}]
    return lambda world: world.admin.patch(ROUTES, "shop", NAMESPACE, {"spec": {"rules": rules}}) and None


def _both(*acts: Do) -> Do:
    def do(world: World) -> None:
        for each in acts:
            each(world)

    return do


def _strategy(text: str) -> Do:
    return annotate(DEPLOYMENTS, "shop", text, names.STRATEGY)


def _foreign_set(world: World) -> None:
    """Of the name that the candidate is to have: somebody was quicker."""
    candidate = world.status["trial"]["candidate"]
    labels = {"app": "other"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "other", "image": "other:1"}]}}
    body = {"metadata": {"name": candidate["replicaSet"]},
            "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}}  # fmt: skip
    world.admin.create(SETS, body, NAMESPACE)


def _kept(data: Any, name: str = "shop-garbage") -> Do:
    labels = {names.RELEASE: "shop", names.HASH: "garbage"}
    body = {"metadata": {"name": name, "labels": labels}, "revision": 1, "data": data}
    return lambda world: world.admin.create(KEPT, body, NAMESPACE) and None


def _kept_as_ours(world: World) -> None:
    """Under the very name that stable's template is to be kept by."""
    _kept({"template": 7}, f"shop-{world.status['stable']['hash']}")(world)


def _slice_without_targets(world: World) -> None:
    endpoints = [{"addresses": ["10.9.9.9"], "conditions": {"ready": True}}, {"addresses": ["10.9.9.8"], "conditions": {}}]
    body = {"metadata": {"name": "shop-by-hand", "labels": {"kubernetes.io/service-name": "shop"}}, "addressType": "IPv4",
            "endpoints": endpoints, "ports": []}  # fmt: skip
    world.admin.create(SLICES, body, NAMESPACE)


def _unmanaged(world: World) -> None:
    for resource in (RELEASES, DEPLOYMENTS, "services", ROUTES):
        put(resource, "shop", lambda found: found["metadata"].update(managedFields=[{}]))(world)


def _relabelled_sets(world: World) -> None:
    for found in world.admin.list(SETS, NAMESPACE):
        _labelled(SETS, found["metadata"]["name"], {names.HASH: "nonsense", "example.com/x": "y"})(world)


def _storm(world: World) -> None:
    def beat(left: int) -> None:
        if left:
            annotate(RELEASES, "shop", str(left), "example.com/beat")(world)
            world.loop.later(0.005, "somebody annotates", lambda: beat(left - 1))

    beat(400)


_LONG = "x" * (250 * 1024)
_ABORTED = (ask("abort", "enough", step(2)),)
CASES: dict[str, Case] = {
    "a foreign ReplicaSet with the candidate's name is named, and nothing of it is touched":
        Case(story="blue-green", when=lambda w: bool(w.status.get("trial")), do=_foreign_set, on="1",
             says="belongs to somebody else; delete it"),
    "an annotation of 250 KiB on the Release goes unnoticed": Case(do=annotate(RELEASES, "shop", _LONG)),
    "an annotation of 250 KiB on a Service goes unnoticed": Case(
        do=annotate("services", "shop", _LONG), when=_HEALTHY, before=True),
    "a request of 250 KiB is answered and removed": Case(
        do=annotate(RELEASES, "shop", _LONG, f"{names.GROUP}/abort"), on="1"),
    "200 edits of an annotation in a second do not hold up an abort": Case(
        do=_both(_storm, annotate(RELEASES, "shop", "true", f"{names.GROUP}/abort")), on="1"),
    "managedFields that were stripped do not hold up an abort": Case(do=_unmanaged, on="1", after=_ABORTED),
    "a label of ours with nonsense on the Deployment is no hold": Case(
        do=_labelled(DEPLOYMENTS, "shop", {names.HELD: "nonsense"})),
    "a Service that is called a candidate's by its label alone is pinned like any other":
        Case(do=_labelled("services", "internal", {names.CANDIDATE_OF: "nonsense"}), when=_HEALTHY, before=True),
    "a pin's label with nonsense is put right": Case(do=_labelled("services", "internal", {names.PIN: "nonsense"})),
    "the hash label of ReplicaSets may be anything": Case(do=_relabelled_sets),
    "a Service without selector is nobody's": Case(
        do=_service("bare", {"ports": [{"port": 80}]}), when=_HEALTHY, before=True),
    "an ExternalName Service is nobody's, whatever selector it has": Case(
        do=_service("far", {"type": "ExternalName", "externalName": "example.com", "selector": {"app": "shop"}}),
        when=_HEALTHY, before=True),
    "a headless Service is pinned like any other": Case(
        do=_service("peers", {"clusterIP": "None", "selector": {"app": "shop"}, "ports": [{"port": 80}]}),
        when=_HEALTHY, before=True),
    "a route to a Service without selector blocks, and says which Services would do": Case(
        do=_both(_service("bare", {"ports": [{"port": 80}]}), _route_to("bare")), when=_HEALTHY, before=True, on="1",
        says="no backend that selects these pods"),
    "an EndpointSlice without targetRef tells nothing": Case(do=_slice_without_targets),
    "a kept template that is none is passed over": Case(do=_both(_kept(7), _kept({"template": ["x"]}, "shop-more"),
        _kept({"template": {"metadata": 1, "spec": {"containers": ["x"]}}}, "shop-most"),
        _kept({"template": {"spec": {"containers": 1}}}, "shop-rest")), when=_HEALTHY, before=True),
    "garbage under the name that stable's template is kept by is named": Case(
        do=_kept_as_ours, when=_HEALTHY, before=True, on="1", says="delete it"),
    "a strategy annotation that is no JSON is not needed to end": Case(do=_strategy("{no json")),
    "a strategy annotation that is no strategy is not needed to end": Case(
        do=_strategy('{"type": "Whatever", "rollingUpdate": {"maxSurge": "many", "maxUnavailable": 1.5}}')),
    "a strategy annotation that is a list is not needed to end": Case(do=_strategy('{"rollingUpdate": ["x"]}'), story="rolling"),
    "a strategy that was lost in both places becomes Kubernetes' own": Case(
        do=_both(_strategy("7"), edit(("status", "wheel", "strategy"), "{no json"))),
    "a wheel whose strategy no Deployment can have takes the annotation's": Case(
        do=edit(("status", "wheel", "strategy"), '{"type": "Whatever"}')),
    "a wheel whose route was forgotten leaves no split behind": Case(
        do=edit(("status", "wheel", "route"), ABSENT), when=step(2)),
    "a wheel with a route that is none leaves no split behind": Case(
        do=edit(("status", "wheel", "route"), "nonsense"), when=step(2)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_story_goes_on_or_says_what_to_do(case: str) -> None:
    """Each malformation."""
    told = CASES[case]
    story = STORIES[told.story]
    malform = Act(name=case, when=told.when, do=told.do)
    shipped = story.acts[0]
    acts = (malform, shipped, *told.after) if told.before else (shipped, malform, *told.after)
    world = World(Story(name=case, make=story.make, acts=acts, over=story.over))
    users = ended(world, over)
    assert told.says in stalled(world) + world.said(), f"{world.said()}; stalled: {stalled(world)}"
    running = {tag(s): s["spec"]["replicas"] for s in world.admin.list(SETS, NAMESPACE) if tag(s) in ("1", "2")}
    assert running.get(told.on) == 3, f"{running}: {world.said()}; {stalled(world)}"
    assert told.on == "2" or users.kept(), "pods of stable are gone"


def test_a_deletion_also_takes_back_what_the_status_names_no_more() -> None:
    """Somebody has edited the trial out of the status: its pods go all the same, and those of stable stay."""
    plain = STORIES["deleted-in-flight"]
    forgets = Act(name="forget the trial", when=lambda world: "outcome" in (world.status.get("trial") or {}),
                  do=edit(("status", "trial"), ABSENT))  # fmt: skip
    world = World(Story(name=plain.name, make=plain.make, acts=(*plain.acts, forgets), over=plain.over)).run()
    assert {tag(s): s["spec"]["replicas"] for s in world.admin.list(SETS, NAMESPACE) if s["spec"]["replicas"]} == {"1": 3}
