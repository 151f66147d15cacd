"""A gate of a template, in virtual time and under faults: the template is changed, deleted and made again in mid-release."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulation.faults import parse
from tests.simulation.invariants import TEMPLATED
from tests.simulation.stories import GOOD, GROUP, TEMPLATE, WORSE, phase, rests, ship, shop, step
from tests.simulation.world import NAME, Act, Story, World

Object = dict[str, Any]
TEMPLATES = f"clustergatetemplates.{GROUP}"
_REFERENCE = {"kind": "ClusterGateTemplate", "name": TEMPLATE, "arguments": {"team": "default"}}
NAMED: Object = {"name": "errors", "template": _REFERENCE}
PLANS = ("", "killed@write12/2", "killed@write20/2", "overtaken@write15/3", "no-samples@second25/10", "lagging@second24/10")


def release() -> Object:
    """A canary by pods, whose only gate is of the template."""
    steps = [{"weight": 25, "duration": "20s"}, {"weight": 100}]
    spec = {"workloadRef": {"name": NAME}, "strategy": {"canary": {"steps": steps}}, "traffic": {"drain": "2s"}, "gates": [NAMED],
            "rollback": {"warm": {"for": "8s"}}}  # fmt: skip
    return {"apiVersion": f"{GROUP}/v1alpha1", "kind": "Release", "metadata": {"name": NAME}, "spec": spec}


def write(question: Object | None) -> Callable[[World], None]:
    """Somebody deletes the template, or makes it (anew) with this question."""

    def do(world: World) -> None:
        found = world.admin.find(TEMPLATES, TEMPLATE, "")
        if found is not None:
            world.admin.delete(TEMPLATES, TEMPLATE, "")
        if question is not None:
            team = {"name": "team", "sets": "source", "default": "default"}
            body = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "ClusterGateTemplate", "metadata": {"name": TEMPLATE},
                    "spec": {"parameters": [team], "threshold": question}}  # fmt: skip
            world.admin.create(TEMPLATES, body, "")

    return do


def gate(world: World) -> Object:
    """The gate in the status."""
    gates = (world.status.get("trial") or {}).get("gates") or []
    return next((each for each in gates if each["name"] == "errors"), {})


def waits(world: World) -> bool:
    """For its template."""
    return gate(world).get("reason") == "TemplateUnusable" and phase("Waiting")(world)


def passes(world: World) -> bool:
    """In the step with traffic."""
    return step(1)(world) and gate(world).get("verdict") == "Pass"


STRICTER = {**TEMPLATED, "failures": 3}


@pytest.mark.parametrize("plan", PLANS)
def test_a_template_that_changes_and_goes_in_mid_release_holds_the_release_and_breaks_nothing(plan: str) -> None:
    """Every invariant after every write; while it is gone nothing goes on, and with it the release ends as it would have."""
    acts = (
        ship(GOOD, phase("Healthy")),
        Act(name="the template asks something else", when=passes, do=write(STRICTER)),
        Act(name="the template is deleted", when=passes, do=write(None)),
        Act(name="the template is made again", when=waits, do=write(STRICTER)),
    )
    story = Story(name="templates", make=shop(release(), routed=False), acts=acts, over=rests("2", "Completed"))
    world = World(story, parse(plan)) if plan else World(story)
    world.run()
    assert [past["outcome"] for past in world.status["history"]] == ["Completed"]


def test_a_bad_candidate_is_taken_back_although_its_template_was_gone_for_a_while() -> None:
    """What the gate would have said while nobody could ask it, it says when it can be asked."""
    acts = (
        ship(WORSE, phase("Healthy")),
        Act(name="the template is deleted", when=phase("Progressing"), do=write(None)),
        Act(name="the template is made again", when=waits, do=write(TEMPLATED)),
    )
    world = World(Story(name="gone", make=shop(release(), routed=False), acts=acts, over=rests("1", "Rejected")))
    world.run()
    assert [past["outcome"] for past in world.status["history"]] == ["Rejected"]
