"""The named fault cases, each a test of its name. Where the plans of every single fault cover one, those of its kinds count, and
of the stories of which they are tried no such plan is told again.

Cases 42, 43, 45 and 47 are about samples and sockets: their tests stand where answers are read, in analysis/ and metrics/.
"""

from collections import Counter
from collections.abc import Callable
from functools import cache

import pytest

from playground.apiserver.admission import Admission, Attempt, Denial
from tests.simulation import seeds
from tests.simulation.faults import Kind, parse
from tests.simulation.stories import ALWAYS, DEPLOYMENTS, RELEASES, STORIES, Act, deployment, rests, step
from tests.simulation.test_plans import explored
from tests.simulation.test_seeds import COUNT
from tests.simulation.world import NAME, NAMESPACE, Story, World

CRASHES = (Kind.CRASH_BEFORE, Kind.CRASH_AFTER)
ALL_OF: dict[str, tuple[Kind, ...]] = {
    "1 crash-after-write-i": (Kind.CRASH_AFTER,),
    "2 crash-before-status": (Kind.CRASH_BEFORE,),
    "3 lost-response": (Kind.LOST,),
    "5 crash-mid-rollback": CRASHES,
    "10 stale-list-create": (Kind.FROZEN,),
    "14 conflicting-cache-writer": (Kind.UNOBSERVED,),
    "17 410-compaction": (Kind.COMPACTED,),
    "22 user-acts-in-flight": (Kind.SLOW,),
    "27 lease-lost-mid-write": (Kind.OVERLAP, Kind.OVERTAKEN),
    "30 api-429-5xx": (Kind.THROTTLED, Kind.BROKEN),
    "44 replay-after-restart": CRASHES,
}
"""Case → by which faults the plans of every single fault cover it."""

_METERED = ("canary-route", "rolling", "blue-green")
_STORIES = ("rolling", "canary-route", "canary-share", "blue-green")
_DELETED = ("deleted-in-preview", "deleted-in-flight", "deleted-in-bake", "namespace-deleted")


def _each(stories: tuple[str, ...], plans: list[str]) -> list[tuple[str, str]]:
    return [(story, plan) for story in stories for plan in plans]


def _every(kind: str, step: int, most: int) -> str:
    return " ".join(f"{kind}@write{n}" for n in range(step, most + 1, step))


PLANS: dict[str, list[tuple[str, str]]] = {
    "4 crash-mid-switch": _each(("blue-green-route",), [f"crash-after@write{n}" for n in range(14, 30, 3)]),
    "6 crash-in-finalizer": _each(
        ("deleted-in-preview", "deleted-in-bake", "namespace-deleted"),
        [f"crash-{when}@write{n}" for n in (18, 22, 26, 30) for when in ("before", "after")],
    ),
    "11 stale-replica-count": _each(("canary-share",), [f"frozen@event{n}/20" for n in range(20, 80, 8)]),
    "23 superseded": _each(
        ("superseded",), ["", *(f"{kind}@write{n}" for n in range(8, 56, 8) for kind in ("crash-after", "409"))]
    ),
    "7 crash-loop-k": _each(_STORIES, [_every("crash-after", k, 40) for k in (1, 3, 8, 20)]),
    "8 time-travel-recreate": _each(("recreated",), [f"frozen@event{n}/20" for n in range(28, 76, 6)]),
    "9 stale-release-unpause": _each(("paused",), [f"frozen@event{n}/9" for n in range(20, 70, 5)]),
    "12 read-your-writes": _each(_STORIES, [f"frozen@event{n}/60" for n in (12, 25, 40, 55)]),
    "13 stale-at-start": _each((*_STORIES, "superseded"), [f"lagging@second{n}/{m}" for n in (1, 4, 9) for m in (2, 7)]),
    "15 spec-A-B-A": _each(("flipped",), ["", *(f"frozen@event{n}/15" for n in range(40, 110, 10))]),
    "16 silent-watch": _each(_STORIES, ["frozen@event30/45", "frozen@event50/45"]),
    "18 ready-blip": _each(_STORIES, ["pod-deleted@second2 unobserved@event30/4", "pod-deleted@second9 unobserved@event50/4"]),
    "20 conflict-storm": _each(_STORIES, [_every("409", 1, 12), _every("409", 2, 40)]),
    "21 hpa-during-canary": _each(
        ("scaled", *_STORIES), ["scaled@second2/5 scaled@second6/1", "scaled@second9/4 scaled@second14/6"]
    ),
    "24 roll-back-by-spec": _each(("reverted",), ["", "crash-after@write20", "500@write24"]),
    "25 gitops-fight": _each(("canary-route", "blue-green-route", "canary-share", "rolling"),
                             [f"route-reset@second{n} applied-again@second{n + 2}" for n in (1, 3, 7, 12)]),
    "29 lease-api-errors": _each(("canary-route",), ["api-outage@second6/9 slow@call300/1", "api-outage@second6/11"]),
    "30 api-5xx-on-reads": _each(("canary-route",), [f"500@call{n}" for n in range(11, 19)]),
    "32 apiserver-outage": _each((*_STORIES, "bad-canary-route"), ["api-outage@second7/600"]),
    "33 rbac-revoked": _each((*_STORIES, "bad-canary-route"), [f"rbac-revoked@second{n}/20" for n in (3, 7, 14)]),
    "34 delete-mid-canary": _each(_DELETED, ["", "killed@second5"]),
    "36 pod-monkey": _each(_STORIES, [" ".join(f"pod-deleted@second{n}" for n in (3, 6, 9, 15))]),
    "37 never-ready": _each(("never-ready", "crashing", "no-image"), ["", "crash-after@write16", "frozen@event30/20"]),
    "40 prometheus-down": _each(_METERED, ["no-samples@second4/60"]),
    "41 empty-nan-stale": _each(_METERED, ["nan@second4/40", "no-samples@second8/30 nan@second45/9"]),
    "48 clock-jump": _each((*_STORIES, "bad-canary-route"), ["clock-jump@second6/3600", "clock-jump@second6/-3600"]),
    "49 long-downtime": _each((*_STORIES, "bad-canary-route"), ["down@second7/7200", "down@second13/7200"]),
}  # fmt: skip
"""Case → the runs that it is."""


@cache
def _drawn_plain() -> Counter[str]:
    """Story → how many of the seeds of test_seeds tell it in an order of their own, and without a fault."""
    return Counter(story for story, plan in map(seeds.drawn, range(COUNT)) if not plan)


@pytest.mark.parametrize("case", ALL_OF)
def test_case_by_every_single_fault(case: str) -> None:
    """All plans of the case's kinds hold."""
    kinds = ALL_OF[case]
    found = [r for story in ALWAYS for r in explored(story) if r.plan.partition("@")[0] in kinds]
    assert len(found) >= 20
    assert [(r.plan, r.problem) for r in found if r.problem] == []


@pytest.mark.parametrize("case", PLANS)
def test_case_by_plan(case: str) -> None:
    """Each run of the case comes to its story's end, and every invariant holds after every write."""
    failed = []
    for story, plan in PLANS[case]:
        result = seeds.judged(story, parse(plan), None)
        failed += [f"{story} '{plan}': {result.problem}"] if result.problem else []
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("story", STORIES)
def test_case_19_reorder_duplicate(story: str) -> None:
    """In whatever order notifications of different kinds arrive, the end is the same, and nothing is done twice: each story in
    four orders, of which those count that test_seeds draws for it without a fault.
    """
    missing = 4 - _drawn_plain()[story]
    assert [r.problem for r in (seeds.judged(story, (), seed) for seed in range(100, 100 + missing)) if r.problem] == []


def test_case_26_two_releases_one_target() -> None:
    """The second Release of a Deployment is refused and writes nothing; the first goes on."""

    def second(world: World) -> None:
        first = world.admin.get(RELEASES, NAME, NAMESPACE)
        body = {**first, "metadata": {"name": "other"}, "status": None}
        world.admin.create(RELEASES, body, NAMESPACE)

    plain = STORIES["canary-route"]
    acts = (plain.acts[0], Act(name="a second Release", when=step(1), do=second))
    world = World(Story(name="two releases", make=plain.make, acts=acts, over=plain.over)).run()
    other = world.admin.get(RELEASES, "other", NAMESPACE)["status"]
    assert (other["phase"], other["reason"]) == ("Blocked", "WorkloadTaken")


def test_case_28_two_leaders() -> None:
    """Two that both believe to lead, one with a clock of twice the speed: every invariant holds, and the story ends."""
    for name in ("canary-route", "bad-canary-route", "rolling"):
        world = World(STORIES[name])
        world.start(pace=2.0)
        world.run()
        assert world.turns > 20


def test_case_30_a_server_that_asks_to_slow_down_is_not_asked_for_more() -> None:
    """What was throttled was not done, so nothing has to be looked after: it costs its repetition, and what is due meanwhile."""
    plain = len(World(STORIES["canary-route"]).run().writes)
    extra = [len(World(STORIES["canary-route"], parse(f"429@write{n}/2")).run().writes) - plain for n in range(10, 40, 3)]
    assert max(extra) <= 3, extra


def test_case_31_admission_denies_pods() -> None:
    """Somebody's policy refuses the candidate's pods: a clear reason, stable untouched, back at the deadline."""
    world = _with(STORIES["never-ready"], _Refusing(lambda pod: "neverready" in pod))
    assert world.run().status["history"][-1]["outcome"] == "Rejected"


def test_case_35_version_skew() -> None:
    """What a newer controller has put into the status stays, and the release goes on."""

    def newer(world: World) -> None:
        place = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/futureField"
        schema = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer"}}}}
        definition = [{"op": "add", "path": place, "value": schema}]
        world.admin.patch("customresourcedefinitions.apiextensions.k8s.io", RELEASES, "", definition, "json")
        world.admin.patch(RELEASES, NAME, NAMESPACE, {"status": {"futureField": {"a": [1]}}}, "merge", "status")

    plain = STORIES["canary-route"]
    acts = (plain.acts[0], Act(name="a newer controller was here", when=step(1), do=newer))
    world = World(Story(name="version skew", make=plain.make, acts=acts, over=plain.over)).run()
    assert world.status["futureField"] == {"a": [1]}
    assert [p["outcome"] for p in world.status["history"]] == ["Completed"]


def test_case_38_canary_drained() -> None:
    """All pods of the candidate go in mid-step: its traffic goes first, no data is no Pass, and it comes back."""

    def drain(world: World) -> None:
        world.override = lambda _: None
        for pod in world.admin.list("pods", NAMESPACE):
            if pod["spec"]["containers"][0]["image"] == "shop:2":
                world.admin.delete("pods", pod["metadata"]["name"], NAMESPACE)

        def end() -> None:
            world.override = None

        world.loop.later(30.0, "samples come again", end)

    plain = STORIES["canary-route"]
    acts = (plain.acts[0], Act(name="a node is drained", when=step(2), do=drain))
    World(Story(name="drained", make=plain.make, acts=acts, over=plain.over)).run()


def test_case_39_half_scheduled() -> None:
    """A quota leaves the candidate one pod of three: no more traffic than that step allows, and back at the deadline."""
    allowed = iter(range(1))

    def over_quota(image: str) -> bool:
        return image == "shop:2" and next(allowed, None) is None

    plain = STORIES["canary-route"]
    world = _with(
        Story(name="half scheduled", make=plain.make, acts=plain.acts, over=rests("1", "Rejected")), _Refusing(over_quota)
    )
    assert world.run().status["history"][-1]["message"].startswith("Only 1 of 3 pods")


def test_case_46_slow_prometheus() -> None:
    """L4: answers that come after half a minute make this release wait, and no more than that."""
    slow = World(STORIES["canary-route"])
    slow.latency = 30.0
    slow.run()
    assert [p["outcome"] for p in slow.status["history"]] == ["Completed"]


def test_case_50_thousand_releases() -> None:
    """L4 in small (at full size: `make bench NAME=burst`): forty other releases at once, a tenth of them hopeless, delay none."""

    def crowd(world: World) -> None:
        spec = {"workloadRef": {"name": NAME}, "strategy": {"type": "Rolling"}, "rollback": {"warm": {"for": "5s"}}}
        release = {"apiVersion": "release-coordinator.io/v1alpha1", "kind": "Release", "metadata": {"name": NAME}, "spec": spec}
        for number in range(40):
            space = f"crowd-{number}"
            world.admin.create("namespaces", {"metadata": {"name": space}})
            world.admin.create(DEPLOYMENTS, deployment("shop:1", 1), space)
            world.loop.later(5.0, f"a Release for {space}", lambda space=space: world.admin.create(RELEASES, release, space))
            image = "shop:2-nopull" if number % 10 == 0 else "shop:2"
            containers = {"spec": {"template": {"spec": {"containers": [{"name": NAME, "image": image}]}}}}
            world.loop.later(12.0, f"ship in {space}", lambda space=space, body=containers: world.admin.patch(
                DEPLOYMENTS, NAME, space, body, "strategic"))  # fmt: skip

    plain = STORIES["canary-route"]
    alone = World(plain).run().finished
    acts = (Act(name="forty others", when=rests("1"), do=crowd), *plain.acts)
    world = World(Story(name="a crowd", make=plain.make, acts=acts, over=plain.over)).run()
    assert world.finished - alone < 2.0
    ends = [world.admin.get(RELEASES, NAME, f"crowd-{n}")["status"]["history"][-1]["outcome"] for n in range(40)]
    assert ends == ["Rejected" if n % 10 == 0 else "Completed" for n in range(40)]


class _Refusing:
    """Refuses pods by their image."""

    def __init__(self, refuses: Callable[[str], bool]) -> None:
        self._refuses = refuses

    def mutate(self, attempt: Attempt) -> None:
        """Change nothing."""

    def validate(self, attempt: Attempt) -> Denial | None:
        """Refuse, as a quota does."""
        if attempt.resource != "pods" or attempt.operation != "CREATE" or attempt.object is None:
            return None
        image = attempt.object["spec"]["containers"][0]["image"]
        return Denial(message="exceeded quota: pods", code=403, reason="Forbidden") if self._refuses(image) else None


def _with(story: Story, plugin: Admission) -> World:
    world = World(story)
    world.cluster.api.chain.plugins.append(plugin)
    return world
