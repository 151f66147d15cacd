"""Shadow releases with the real reconcile code on the playground: whose answers users get, and a mirror that has to stay."""

import pytest

from tests.simulation import mirroring
from tests.simulation.stories import ROUTES, STORIES, ask, delete, gone, phase, rests, step
from tests.simulation.world import NAMESPACE, Act, Story, World

SHADOW = STORIES["shadow"]


def told(*acts: Act, over: object = None, story: Story = SHADOW) -> World:
    """The story with these acts at its end."""
    whole = Story(name="shadow", make=story.make, acts=(*story.acts, *acts), over=over or story.over, audience=True)  # type: ignore[arg-type]
    return World(whole)


def route(world: World) -> dict[str, object]:
    """The route as it is."""
    found = world.find(ROUTES)
    assert found is not None
    return found


@pytest.mark.parametrize(("name", "versions"), [("shadow", {"1", "2"}), ("bad-shadow", {"1"})])
def test_no_answer_of_a_shadow_reaches_a_user(name: str, versions: set[str]) -> None:
    """Its pods have answered copies; users have what stable answers, and after the switch the candidate, and no error."""
    counted: list[tuple[int, int]] = []

    def count(world: World) -> None:
        pods = [p.application for p in world.cluster.kubelet.pods.values() if p.application]
        seen = world.cluster.users.report(NAMESPACE, "shop")
        assert set(seen.by_version) - {""} == {"1"}
        counted.append((sum(p.answered for p in pods if p.behaviour.version != "1"), seen.errors))

    looked = Act(name="count", when=step(1), do=lambda world: world.loop.later(0.9, "count copies", lambda: count(world)))
    world = told(looked, story=STORIES[name]).run()
    seen = world.cluster.users.report(NAMESPACE, "shop")
    ((copies, errors),) = counted
    assert copies > 20
    assert (set(seen.by_version) - {""}, seen.errors) == (versions, errors)  # Before there were pods, nobody was answered.


@pytest.mark.parametrize("way", [ask("abort", "true", step(1)), delete(step(1))], ids=["abort", "deletion"])
def test_a_route_that_may_not_be_written_holds_up_no_way_back(way: Act) -> None:
    """The candidate's pods go, the mirror stays, and goes when the right is back: then the route is its owner's again."""
    seen: list[int] = []
    forbid = Act(name="take the right away", when=step(1), do=lambda world: setattr(world, "untouchable", "/httproutes/"))

    def allow(world: World) -> None:
        seen.append(mirroring.mirror(route(world)))
        world.untouchable = ""

    def without_pods(world: World) -> bool:
        return len(world.admin.list("replicasets.apps", NAMESPACE)) == 1 and phase("RollingBack")(world)

    over = gone if way.name.startswith("delete") else rests("1", "Aborted")
    world = told(forbid, way, Act(name="give it back", when=without_pods, do=allow), over=over)
    world.struck = True
    world.run()
    assert seen == [100]
    assert "filters" not in route(world)["spec"]["rules"][0]  # type: ignore[index]
