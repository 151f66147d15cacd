"""The level of risk: what is declared, what is seen, and every reason that is given for it."""

from dataclasses import replace
from typing import Any

import pytest

from strategies.review.judge import examine
from strategies.review.versions import Bump, bump
from strategies.spec.release import StrategyType
from strategies.spec.review import Danger, Risk
from tests.review.subjects import FEATURE, PORT, flags, migration, pod, review, subject, template

COSMETIC = {"kind": "Cosmetic"}
PATCH = {"new": template("shop:2.3.2"), "versions": ("2.3.1", "2.3.2")}
LEVELS: dict[str, tuple[dict[str, Any], Risk, list[str]]] = {
    "cosmetic, and a patch": (
        {"change": COSMETIC, **PATCH},
        Risk.LOW,
        ["declared as Cosmetic", "version 2.3.1 → 2.3.2: a patch"],
    ),
    "a feature": ({}, Risk.MEDIUM, ["declared as Feature", "a minor version announces new behaviour"]),
    "core": ({"change": {"kind": "Core"}}, Risk.HIGH, ["declared as Core"]),
    "a data migration": ({"change": {"kind": "DataMigration"}}, Risk.CRITICAL, ["declared as DataMigration"]),
    "nothing is declared": ({"change": None, **PATCH}, Risk.MEDIUM, ["nobody says what kind of change this is"]),
    "cosmetic, but a migration": (
        {"change": {**COSMETIC, "migrations": [migration()]}, **PATCH},
        Risk.CRITICAL,
        ["declared as Cosmetic", "data is migrated (add-column), but the change is declared cosmetic"],
    ),
    "cosmetic, but a minor version": ({"change": COSMETIC}, Risk.MEDIUM, ["new behaviour, but the change is declared cosmetic"]),
    "cosmetic, but a major version": (
        {"change": COSMETIC, "new": template("shop:3.0.0"), "versions": ("2.3.1", "3.0.0")},
        Risk.HIGH,
        ["version 2.3.1 → 3.0.0: a major version announces what is not compatible, but"],
    ),
    "a feature of a major version": (
        {"new": template("shop:3.0.0"), "versions": ("2.3.1", "3.0.0")},
        Risk.HIGH,
        ["declared as Feature", "a major version"],
    ),
    "a version that goes backwards": (
        {"change": COSMETIC, "new": template("shop:2.2.0"), "versions": ("2.3.1", "2.2.0")},
        Risk.MEDIUM,
        ["version 2.3.1 → 2.2.0: the version goes backwards"],
    ),
    "cosmetic, but another environment": (
        {"change": COSMETIC, "new": template("shop:2.3.2", env=[{"name": "A", "value": "1"}]), "versions": PATCH["versions"]},
        Risk.MEDIUM,
        ["environment: containers[app].env[A] added, but the change is declared cosmetic"],
    ),
    "cosmetic, but another port": (
        {"change": COSMETIC, "new": template(ports=[{**PORT, "containerPort": 1}]), "versions": ("2.3.1", "2.3.1")},
        Risk.MEDIUM,
        ["ports: containers[app].ports[http] changed, but"],
    ),
    "cosmetic, but other rights": (
        {"change": COSMETIC, "new": pod(serviceAccountName="admin"), "old": template("shop:2.4.0")},
        Risk.MEDIUM,
        ["security context: serviceAccountName added, but"],
    ),
    "cosmetic, but another image": (
        {"change": COSMETIC, "new": template("store:2.3.2"), "versions": PATCH["versions"]},
        Risk.MEDIUM,
        ["image shop:2.3.1 → store:2.3.2: another image, but"],
    ),
    "cosmetic, and only a label": (
        {"change": COSMETIC, "new": {**template(), "metadata": {"labels": {"app": "shop", "x": "y"}}}, "versions": ("1", "1")},
        Risk.LOW,
        ["declared as Cosmetic", "labels and annotations: metadata.labels.x added"],
    ),
    "cosmetic, and tags that say nothing": (
        {"change": COSMETIC, "new": template("shop:b4f2"), "old": template("shop:a1c9"), "versions": (None, None)},
        Risk.LOW,
        ["no semantic version says what this change announces", "image shop:a1c9 → shop:b4f2: what this step means cannot"],
    ),
    "the same tag with another digest": (
        {"change": COSMETIC, "old": template("shop:1@sha256:a"), "new": template("shop:1@sha256:b"), "versions": ("1", "1")},
        Risk.LOW,
        ["the same tag with another digest; what is new in it cannot be seen"],
    ),
}


@pytest.mark.parametrize(("given", "level", "reasons"), LEVELS.values(), ids=LEVELS.keys())
def test_the_level_is_the_highest_of_its_reasons_and_all_are_given(
    given: dict[str, Any], level: Risk, reasons: list[str]
) -> None:
    """What is seen only raises what is declared."""
    made = review(**given)
    assert made.risk is level
    assert max(list(Risk).index(ground.level) for ground in made.reasons) == list(Risk).index(level)
    said = [ground.message for ground in made.reasons]
    assert [reason for reason in reasons if not any(reason in message for message in said)] == []


def test_templates_that_cannot_be_seen_are_not_taken_for_cosmetic() -> None:
    """Unknown is no proof of a declaration."""
    made = examine(replace(subject(change=COSMETIC, **PATCH), old=None))[1]
    assert made.risk is Risk.MEDIUM
    assert any(ground.message.startswith("what changes in the pod template could not be seen") for ground in made.reasons)


TABLE = [
    (COSMETIC, PATCH, StrategyType.ROLLING),
    (FEATURE, {}, StrategyType.CANARY),
    ({"kind": "Core"}, {}, StrategyType.BLUE_GREEN),
    ({"kind": "DataMigration"}, {}, StrategyType.SHADOW),
]


@pytest.mark.parametrize(("change", "given", "expected"), TABLE)
def test_auto_follows_the_table(change: dict[str, Any], given: dict[str, Any], expected: StrategyType) -> None:
    """The strategy is the recommended one, with its reason."""
    made = review(change=change, **given)
    assert made.strategy is made.recommended is expected
    assert made.chosen == f"{expected}: the risk is {made.risk}."


@pytest.mark.parametrize("asked", [StrategyType.ROLLING, StrategyType.CANARY, StrategyType.BLUE_GREEN])
def test_what_the_spec_asks_for_is_taken_and_a_weaker_one_is_a_red_flag(asked: StrategyType) -> None:
    """For a feature the table says canary: rolling is weaker, blue-green is not."""
    made = review(strategy={"type": asked})
    assert (made.strategy, made.recommended, made.chosen) == (asked, StrategyType.CANARY, "")
    assert (Danger.WEAKER_STRATEGY in flags(made)) == (asked is StrategyType.ROLLING)


def test_auto_does_not_roll_what_may_not_roll() -> None:
    """A Deployment whose own strategy is Recreate goes out as a canary, and the choice says why."""
    made = examine(replace(subject(change=COSMETIC, **PATCH), recreate=True))[1]
    assert (made.risk, made.strategy) == (Risk.LOW, StrategyType.CANARY)
    assert "Recreate cannot roll" in made.chosen


BUMPS = [
    ("2.3.1", "2.3.1", Bump.SAME),
    ("2.3.1", "2.3.2", Bump.PATCH),
    ("v2.3.1", "2.4.0", Bump.MINOR),
    ("2.3.1", "v3.0.0-rc.1", Bump.MAJOR),
    ("2.4.0-rc.1", "2.4.0", Bump.PATCH),
    ("2.4.0", "2.4.0-rc.1", Bump.BACKWARDS),
    ("2.3.1", "2.3.0", Bump.BACKWARDS),
    ("2", "3", Bump.UNKNOWN),
    (None, "2.3.1", Bump.UNKNOWN),
    ("a1c9", "a1c9", Bump.SAME),
]


@pytest.mark.parametrize(("old", "new", "expected"), BUMPS)
def test_the_step_of_a_version(old: str | None, new: str, expected: Bump) -> None:
    """By semantic versioning; what has not all three numbers is unknown, not guessed."""
    assert bump(old, new) is expected
