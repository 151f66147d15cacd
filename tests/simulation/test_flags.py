"""Flags with the real reconcile code on the playground: one that cannot be written, and one that somebody else writes, too."""

import pytest

from tests.simulation import changes, stories
from tests.simulation.stories import GROUP, STORIES, phase, rests, step
from tests.simulation.world import NAMESPACE, Act, Story, World

BACK = STORIES["flagged-back"]


def told(*acts: Act, story: Story = BACK) -> World:
    """The story with these acts at its end."""
    return World(Story(name="flags", make=story.make, acts=(*story.acts, *acts), over=story.over)).run()


def default(world: World, name: str = "early") -> str:
    """Of a flag."""
    found = world.admin.find("configmaps", stories.FLAGS, NAMESPACE)
    assert found is not None
    return changes.defaults(found)[name]


def test_a_flag_that_may_not_be_written_holds_up_nothing_but_the_end() -> None:
    """L2: users, pods and the wheel are back within seconds; the trial is not over before the flag is off."""
    seen: list[tuple[str, bool, str]] = []
    refused = BACK.acts[:-1]
    forbid = Act(name="take the right away", when=step(2), do=lambda world: setattr(world, "untouchable", "/configmaps/"))

    def allow(world: World) -> None:
        seen.append((default(world), phase("RollingBack")(world), world.said()))
        world.untouchable = ""

    def given_back(world: World) -> bool:
        labels = (world.find("deployments.apps") or {"metadata": {}})["metadata"].get("labels") or {}
        return phase("RollingBack")(world) and f"{GROUP}/driven" not in labels

    world = World(
        Story(
            name="flags", make=BACK.make, over=rests("1", "Aborted"),
            acts=(*refused, forbid, BACK.acts[-1], Act(name="give it back", when=given_back, do=allow)),
        )
    )  # fmt: skip
    world.struck = True
    world.run()
    assert seen[0][:2] == ("on", True)
    assert default(world) == "off"
    assert world.status["history"][-1]["outcome"] == "Aborted"


def test_a_tool_that_writes_the_flag_back_is_told_of_and_never_fought_in_a_loop() -> None:
    """It undoes the write again and again for a minute: few writes come of it, an Event tells, and the release ends."""
    story = STORIES["flagged"]
    undone = 0

    def undo(world: World) -> None:
        nonlocal undone
        if world.loop.now() < end[0] and default(world) == "on":
            undone += 1
            world.admin.patch("configmaps", stories.FLAGS, NAMESPACE, {"data": stories.flags(early="off", late="off")["data"]},
                              "merge")  # fmt: skip
        if world.loop.now() < end[0]:
            world.loop.later(0.5, "the tool looks again", lambda: undo(world))

    end = [0.0]

    def begin(world: World) -> None:
        end[0] = world.loop.now() + 60.0
        undo(world)

    world = told(Act(name="a tool looks after the ConfigMap", when=lambda world: default(world) == "on", do=begin), story=story)
    assert 2 < undone < 10
    reasons = {event["reason"] for event in world.admin.list("events.events.k8s.io", NAMESPACE)}
    assert {"FlagOn", "FlagUndone"} <= reasons


@pytest.mark.parametrize("text", ["{", "flags: [", '{"flags": {}}'])
def test_a_text_that_somebody_breaks_in_mid_release_does_not_keep_users_on_the_bad_version(text: str) -> None:
    """What cannot be read waits for a person, after everything else went back; a flag that is gone is off."""

    def smash(world: World) -> None:
        world.admin.patch("configmaps", stories.FLAGS, NAMESPACE, {"data": {"flags.json": text}}, "merge")

    def mend(world: World) -> None:
        world.admin.patch("configmaps", stories.FLAGS, NAMESPACE,
                          {"data": stories.flags(early="on", late="off")["data"]}, "merge")  # fmt: skip

    def given_back(world: World) -> bool:
        labels = (world.find("deployments.apps") or {"metadata": {}})["metadata"].get("labels") or {}
        return bool(world.status.get("trial")) and f"{GROUP}/driven" not in labels

    broken = Act(name="break it", when=step(2), do=smash)
    acts = (*BACK.acts[:-1], broken, BACK.acts[-1])
    if text.startswith('{"'):
        world = World(Story(name="flags", make=BACK.make, acts=acts, over=BACK.over)).run()
    else:
        mended = Act(name="mend it", when=given_back, do=mend)
        world = World(Story(name="flags", make=BACK.make, acts=(*acts, mended), over=BACK.over)).run()
        assert default(world) == "off"
    assert world.status["history"][-1]["outcome"] == "Aborted"
