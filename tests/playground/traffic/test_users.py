"""Where the users' requests go, and what they see."""

import pytest

from playground.traffic.gateway import REQUESTS_PER_SECOND
from playground.traffic.users import Answers, Seen
from tests.playground.nodes.world import ROUTES, World


def two_versions(world: World) -> None:
    """Services `shop` and `shop-candidate` with ready pods: two of version 1, one of version 2."""
    world.serve()
    world.serve("shop-candidate", "candidate")
    world.run("one")
    world.run("two")
    world.run("three", "2", app="candidate")
    world.after(2)


def seen(world: World, seconds: float = 100) -> Seen:
    """What users see in so many seconds from now."""
    before = world.users.report("shop", "shop")
    after = world.after(seconds).users.report("shop", "shop")
    none = Answers(requests=0, errors=0)
    versions = {version: _minus(answers, before.by_version.get(version, none)) for version, answers in after.by_version.items()}
    return Seen(requests=after.requests - before.requests, errors=after.errors - before.errors,
                by_version={version: answers for version, answers in versions.items() if answers.requests})  # fmt: skip


def _minus(after: Answers, before: Answers) -> Answers:
    return Answers(requests=after.requests - before.requests, errors=after.errors - before.errors)


@pytest.mark.parametrize(("weights", "share"), [((1, 1), 0.5), ((9500, 500), 0.05), ((1, 0), 0.0), ((0, 3), 1.0)])
def test_requests_are_split_by_weight(world: World, weights: tuple[int, int], share: float) -> None:
    """Fifty a second, none lost; no request at weight 0."""
    two_versions(world)
    world.route(("shop", weights[0]), ("shop-candidate", weights[1]))
    world.after(0)
    found = seen(world)
    assert found.requests == pytest.approx(5000, abs=2)
    assert found.errors == 0
    candidate = found.by_version.get("2", Answers(requests=0, errors=0)).requests / found.requests
    assert candidate == pytest.approx(share, abs=0.02 if 0 < share < 1 else 0)


def mirroring(name: str, **some: int) -> list[dict[str, object]]:
    """The filters of a rule that mirrors to a Service."""
    return [{"type": "RequestMirror", "requestMirror": {"backendRef": {"name": name, "port": 80}, **some}}]


@pytest.mark.parametrize(("some", "share"), [({}, 1.0), ({"percent": 20}, 0.2)])
def test_pods_get_copies_of_requests_and_nobody_gets_their_answers(world: World, some: dict[str, int], share: float) -> None:
    """Each of the mirror's answers is an error, and no user sees one."""
    world.serve()
    world.serve("shop-candidate", "candidate")
    world.run("one")
    world.run("three", "2-errors100", app="candidate")
    world.route(("shop", 1), filters=mirroring("shop-candidate", **some))
    world.after(2)
    found = seen(world)
    assert (set(found.by_version), found.errors) == ({"1"}, 0)
    users, copies = (pod.application.answered for pod in world.kubelet.pods.values() if pod.application)
    assert copies == pytest.approx(users * share, abs=60)


def test_a_mirror_that_leads_nowhere_harms_no_user(world: World) -> None:
    """The route says so."""
    world.serve()
    world.run("one")
    world.route(("shop", 1), filters=mirroring("gone"))
    world.after(2)
    assert seen(world).errors == 0
    (parent,) = world.client.get(ROUTES, "shop", "shop")["status"]["parents"]
    assert {c["reason"] for c in parent["conditions"]} == {"Accepted", "BackendNotFound"}


def test_the_pods_of_a_service_are_used_alike(world: World) -> None:
    """And the pods count what the users counted."""
    two_versions(world)
    world.route(("shop", 1))
    world.after(100)
    counted = [pod.application.answered for pod in world.kubelet.pods.values() if pod.application]
    assert sum(counted) == world.users.report("shop", "shop").requests
    assert counted[0] == pytest.approx(2500, rel=0.1)
    assert counted[2] == 0


def test_a_new_weight_is_followed_at_once(world: World) -> None:
    """The next tick goes by it."""
    two_versions(world)
    world.route(("shop", 1), ("shop-candidate", 1))
    world.after(10)
    world.reroute(("shop", 1), ("shop-candidate", 0))
    world.after(0)
    assert set(seen(world, 10).by_version) == {"1"}


@pytest.mark.parametrize(("backends", "code"), [
    ([("shop", 0)], "500"), ([("nobody", 1)], "500"), ([], "500"), ([("empty", 1)], "503"),
])  # fmt: skip
def test_requests_without_a_destination_are_errors(world: World, backends: list[tuple[str, int]], code: str) -> None:
    """500 where no backend is named that exists, 503 where none is ready."""
    world.serve()
    world.serve("empty", "nobody")
    world.run("one")
    world.route(*backends)
    world.after(10)
    ((labels, _),) = world.users.exposed()
    assert labels == {"namespace": "shop", "route": "shop", "version": "", "code": code}


def test_a_missing_backend_costs_its_share(world: World) -> None:
    """The rest is answered."""
    two_versions(world)
    world.route(("shop", 3), ("nobody", 1))
    world.after(0)
    found = seen(world)
    assert found.errors / found.requests == pytest.approx(0.25, abs=0.03)


def test_a_bad_version_shows_its_errors_to_its_share_of_users(world: World) -> None:
    """Ten percent of a fifth."""
    world.serve()
    world.serve("shop-candidate", "candidate")
    world.run("one")
    world.run("two", "2-errors10", app="candidate")
    world.after(2)
    world.route(("shop", 80), ("shop-candidate", 20))
    world.after(0)
    found = seen(world, 200)
    assert found.by_version["1"].errors == 0
    assert found.by_version["2"].errors / found.by_version["2"].requests == pytest.approx(0.1, abs=0.03)


def test_a_pod_that_has_crashed_refuses_connections_until_it_is_known(world: World) -> None:
    """Between crash and the change of the EndpointSlice there is nobody at the address."""
    world.run("one", "1-crash10")
    world.serve()
    world.route(("shop", 1))
    world.after(20)
    codes = {labels["code"] for labels, _ in world.users.exposed()}
    assert {"200", "503"} <= codes <= {"200", "502", "503"}


def test_a_service_has_users_if_it_says_so_and_no_route_leads_to_it(world: World) -> None:
    """The annotation is the rate; a route takes the users over."""
    world.run("one")
    world.client.create("services", {
        "metadata": {"name": "shop", "annotations": {REQUESTS_PER_SECOND: "20"}},
        "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80, "targetPort": 8080}]},
    }, "shop")  # fmt: skip
    world.serve("quiet")
    world.after(2)
    assert seen(world, 10).requests == pytest.approx(200, abs=1)
    world.route(("shop", 1))
    world.after(0)
    assert seen(world, 10).requests == pytest.approx(500, abs=1)
    world.client.delete(ROUTES, "shop", "shop")
    world.after(0)
    assert seen(world, 10).requests == pytest.approx(200, abs=1)
    assert world.users.report("shop", "quiet").requests == 0


@pytest.mark.parametrize(("rate", "requests"), [("0", 0), ("7.5", 75), ("many", 500), ("-1", 500), ("nan", 500), ("1e99", 500)])
def test_the_annotation_of_a_route_is_its_rate(world: World, rate: str, requests: int) -> None:
    """What makes no sense leaves the usual fifty."""
    two_versions(world)
    world.route(("shop", 1), annotations={REQUESTS_PER_SECOND: rate})
    world.after(0)
    assert seen(world, 10).requests == pytest.approx(requests, abs=1)


def test_rules_for_testers_are_not_used_by_users(world: World) -> None:
    """A rule that needs a header carries none of their requests; the others are used alike."""
    two_versions(world)
    world.route(("shop", 1))
    first, second = ({"backendRefs": [{"name": name, "port": 80}]} for name in ("shop", "shop-candidate"))

    def versions(match: dict[str, object]) -> set[str]:
        rules = [first, {**second, "matches": [match]}]
        world.client.patch(ROUTES, "shop", "shop", {"spec": {"rules": rules}})
        world.after(0)
        return set(seen(world, 10).by_version)

    assert versions({"headers": [{"name": "x-canary", "value": "always"}]}) == {"1"}
    assert versions({"path": {"type": "PathPrefix", "value": "/api"}}) == {"1", "2"}


def test_the_same_seed_tells_the_same_story() -> None:
    """To the last request and duration; another seed another one."""

    def story(seed: int) -> tuple[list[int], list[float]]:
        world = World(seed)
        two_versions(world)
        world.route(("shop", 3), ("shop-candidate", 1))
        world.after(30)
        running = [pod.application for pod in world.kubelet.pods.values() if pod.application]
        return [one.answered for one in running], [one.seconds for one in running]

    assert story(5) == story(5)
    assert story(5) != story(6)
