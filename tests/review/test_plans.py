"""The plans, the way back and who would notice: those of the real plan, for each strategy."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strategies.review.judge import examine
from strategies.review.markdown import page
from strategies.review.plans import release_plan, rollback_plan
from strategies.rollout.plan import plan
from strategies.spec.review import Answer, Reversibility
from strategies.spec.status import Kind, Status
from tests.review.subjects import FEATURE, GATE, PLAN, migration, review, subject, template

STEPS = {"steps": [{"weight": 5, "duration": "5m"}, {"weight": 25, "approval": True}, {"weight": 100}]}
CANARY = {"strategy": {"type": "Canary", "canary": STEPS}, "traffic": {"httpRoute": {"name": "shop"}}}
ROLLING = {"strategy": {"type": "Rolling"}}
BLUE_GREEN = {"strategy": {"type": "BlueGreen", "blueGreen": {"approval": True}}}


def test_the_release_plan_has_each_step_with_what_it_is_verified_by() -> None:
    """Gates are named at the steps that ask them, and a person where one must approve."""
    early = {**GATE, "name": "smoke", "at": ["before-traffic"]}
    case, _ = examine(subject(gates=[GATE, early], rollback={"plan": PLAN}, **CANARY))
    ready = "Verified by: pods ready within 10m"
    assert release_plan(case) == (
        f"The candidate starts with 1 pod and gets no traffic. {ready}, gate smoke.",
        f"The candidate has 5% of the traffic on 1 pod, the old version keeps its 10, for at least 5m. {ready}, gate errors.",
        "The candidate has 25% of the traffic on 3 pods, the old version keeps its 10. "
        f"{ready}, gate errors, a person's approval.",
        f"The candidate has 100% of the traffic on 10 pods, the old version stays warm, for at least 5m. {ready}, gate errors.",
    )


def test_many_batches_are_told_as_the_first_the_last_and_how_many_between() -> None:
    """A thousand lines would be read by nobody."""
    case, _ = examine(replace(subject(**ROLLING, gates=[]), replicas=100))
    assert len(case.steps) == 4
    case, _ = examine(replace(subject(strategy={"type": "Rolling", "rolling": {"batch": "1"}}), replicas=100))
    lines = release_plan(case)
    assert len(lines) == 3
    assert lines[1] == "98 more steps like this one."


@pytest.mark.parametrize("spec", [CANARY, ROLLING, BLUE_GREEN])
def test_the_plans_are_about_the_steps_that_the_controller_carries_out(spec: dict[str, Any]) -> None:
    """The case has the very plan of the engine."""
    case, _ = examine(subject(**spec))
    routed = "httpRoute" in spec.get("traffic", {})
    assert case.steps == plan(case.subject.spec, Kind.RELEASE, 10, routed=routed)


WAYS_BACK: list[tuple[dict[str, Any], Reversibility, Answer]] = [
    (CANARY, Reversibility.INSTANT, Answer.YES),
    (BLUE_GREEN, Reversibility.INSTANT, Answer.YES),
    ({**CANARY, "rollback": {"warm": {"for": "1m"}}}, Reversibility.INSTANT, Answer.UNKNOWN),
    ({**CANARY, "rollback": {"warm": {"for": "0s"}}}, Reversibility.MINUTES, Answer.UNKNOWN),
    (ROLLING, Reversibility.MINUTES, Answer.UNKNOWN),
    ({**CANARY, "change": {**FEATURE, "migrations": [migration()]}}, Reversibility.INSTANT, Answer.YES),
    ({**CANARY, "change": {**FEATURE, "migrations": [migration(compatible=False)]}}, Reversibility.HOURS, Answer.UNKNOWN),
    ({**CANARY, "change": {**FEATURE, "migrations": [migration(reversible=False)]}}, Reversibility.IMPOSSIBLE, Answer.NO),
]  # fmt: skip


@pytest.mark.parametrize(("given", "reversibility", "under"), WAYS_BACK)
def test_how_long_the_way_back_takes(given: dict[str, Any], reversibility: Reversibility, under: Answer) -> None:
    """By warm capacity, strategy and migrations; what is not known is no yes."""
    way = review(**given).way_back
    assert (way.reversibility, way.under_five_minutes) == (reversibility, under)


RADIUS = [
    (CANARY, "1% of the traffic at first (1 of 11 pods), then 5%, 25%, 100%"),
    ({**CANARY, "rollback": {"plan": PLAN}}, "5% of the traffic at first (1 of 11 pods), then 25%, 100%"),
    ({"strategy": {"type": "Canary", "canary": STEPS}}, "9% of the traffic at first (1 of 11 pods), then 23%, 100%"),
    (BLUE_GREEN, "100% of the traffic at first (10 of 10 pods)"),
    (ROLLING, "30% of the traffic at first (3 of 10 pods), then 60%, 90%, 100%"),
]


@pytest.mark.parametrize(("spec", "users"), RADIUS)
def test_the_blast_radius_is_the_real_share(spec: dict[str, Any], users: str) -> None:
    """Without a router by pods; Services by name."""
    radius = review(**spec).blast_radius
    assert (radius.users, radius.services, radius.services_known) == (users, ("shop",), True)


def test_the_way_back_names_what_moves_and_what_stays() -> None:
    """The flag first, then the route, then what people have to undo; and the way later."""
    change = {**FEATURE, "migrations": [migration("m1", compatible=False), migration("m2", reversible=False)]}
    case, _ = examine(subject(**CANARY, change=change))
    assert rollback_plan(case) == (
        "Switch flag new-checkout off; that is done by people.",
        "A gate that fails takes the release back by itself; a person does with `releasectl abort shop`.",
        "Undo migration m1; that is done by people.",
        "HTTPRoute shop sends all traffic to the old version, which is at full size.",
        "After 5s the candidate's pods go; its template stays held.",
        "Migration m2 stays: it cannot be undone.",
        "Later than 5m after promotion: `releasectl rollback shop` starts the old version's pods again, and moves the traffic "
        "back.",
    )


def test_the_text_has_the_four_sections_first_in_their_form() -> None:
    """As the design gives them; level, checklist and red flags follow."""
    case, made = examine(subject(**CANARY))
    text = page(made, release_plan(case), rollback_plan(case))
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "## Release Review", "### Risk Assessment", "### Compatibility", "### Release Plan", "### Rollback Plan",
        "### Level: Medium", "### Checklist", "### Red Flags", "### Differences",
    ]  # fmt: skip
    items = [line.partition(":")[0] for line in text.splitlines() if line.startswith("- ")]
    assert items[:6] == ["- Blast radius", "- Reversibility", "- Recommended strategy", "- API", "- Data", "- Dependencies"]
    assert "- Recommended strategy: Canary\n" in text
    assert text.endswith("**Ready, as far as can be seen; 2 of the checklist cannot be known; 1 pending.**\n")


KEYS = st.sampled_from(["spec", "metadata", "containers", "initContainers", "env", "ports", "name", "image", "containerPort",
                        "resources", "limits", "readinessProbe", "labels", "volumes", "volumeMounts", "mountPath"])  # fmt: skip
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=400)
ANYTHING = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner), max_leaves=25
)
CONTAINER = st.dictionaries(KEYS, ANYTHING, max_size=6)
TEMPLATES = st.dictionaries(KEYS, ANYTHING) | st.builds(
    lambda found: {"spec": {"containers": found}}, st.lists(CONTAINER, max_size=4)
)
VERSIONS = st.none() | st.text(max_size=317) | st.from_regex(r"v?[0-9]{1,3}\.[0-9]\.[0-9](-rc\.[0-9])?", fullmatch=True)


@given(old=TEMPLATES, new=TEMPLATES, versions=st.tuples(VERSIONS, VERSIONS), replicas=st.integers(1, 100_000))
@settings(deadline=timedelta(seconds=5), max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_any_two_templates_have_a_review_that_fits_into_the_status(
    old: Any, new: Any, versions: tuple[str | None, str | None], replicas: int
) -> None:
    """It never raises, comes back from the API as it was written, and is at most 32 KiB."""
    case, made = examine(replace(subject(old=old, new=new, versions=versions), replicas=replicas))
    status = Status(review=made)
    text = status.model_dump_json(by_alias=True, exclude_none=True)
    assert Status.model_validate_json(text) == status
    assert len(text) <= 32_768
    assert page(made, release_plan(case), rollback_plan(case))


def test_the_longest_declarations_fit_too() -> None:
    """Every field of spec.change at its bounds."""
    change = {
        "kind": "DataMigration", "summary": "x" * 200, "changelog": "x" * 200, "stakeholders": [f"{n:0>200}" for n in range(20)],
        "flags": [f"{n:0>200}" for n in range(10)], "migrations": [migration(f"m{n:0>251}", compatible=False) for n in range(10)],
    }  # fmt: skip
    many = [{"name": f"p{number}", "containerPort": number, "protocol": "x" * 400} for number in range(1, 500)]
    _, made = examine(subject(template("x" * 2000), change, old=template("y" * 2000, ports=many), rollback={"plan": "x" * 500}))
    assert Status.model_validate_json(Status(review=made).model_dump_json(by_alias=True)).review == made
