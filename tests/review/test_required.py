"""What a policy's requirement finds wanting: from its level of risk on, by item and by red flag."""

import pytest

from strategies.review.required import unmet
from strategies.spec.policy import Requirement
from strategies.spec.release import StrategyType
from strategies.spec.review import (
    Answer,
    BlastRadius,
    Check,
    Compatibility,
    Danger,
    Item,
    RedFlag,
    Reversibility,
    Review,
    Risk,
    State,
    WayBack,
)


def review(risk: Risk = Risk.MEDIUM, **items: State) -> Review:
    """A review with these states of the checklist, and one red flag."""
    return Review(
        risk=risk, reasons=(), blast_radius=BlastRadius(users="all", services_known=True), recommended=StrategyType.CANARY,
        way_back=WayBack(reversibility=Reversibility.INSTANT, under_five_minutes=Answer.YES, message=""),
        compatibility=Compatibility(api="", data="", dependencies=""), strategy=StrategyType.CANARY, ready=False,
        checklist=tuple(Item(name=Check[name], state=state, evidence=f"seen of {name}") for name, state in items.items()),
        red_flags=(RedFlag(name=Danger.NO_MONITORING, message="Add a gate."),),
    )  # fmt: skip


def required(**given: object) -> Requirement:
    """A requirement."""
    return Requirement.model_validate({"name": "r", **given})


@pytest.mark.parametrize(
    ("state", "enough"),
    [(State.DONE, True), (State.NOT_APPLICABLE, True), (State.MISSING, False), (State.UNKNOWN, False)],
)
def test_what_is_not_known_is_not_done(state: State, enough: bool) -> None:
    """Only Done and NotApplicable are; what is asked for and was seen is told, and nothing else."""
    found = unmet(required(done=["Flag"]), review(FLAG=state, VERSION=State.MISSING))
    assert found == (() if enough else (f"Flag is {state} (seen of FLAG)",))


def test_a_red_flag_that_is_named_is_told_with_its_remedy() -> None:
    """Another one is nobody's business."""
    assert unmet(required(redFlags=["NoMonitoring", "NoFlag"]), review()) == ("red flag NoMonitoring (Add a gate.)",)
    assert unmet(required(redFlags=["NoFlag"]), review()) == ()


@pytest.mark.parametrize(("risk", "asked"), [(Risk.LOW, False), (Risk.MEDIUM, False), (Risk.HIGH, True), (Risk.CRITICAL, True)])
def test_it_is_asked_from_its_level_of_risk_on(risk: Risk, asked: bool) -> None:
    """Below, nothing is."""
    assert bool(unmet(required(risk="High", done=["Flag"]), review(risk, FLAG=State.MISSING))) is asked
