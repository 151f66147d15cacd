"""The review of a revision as the status carries it: what it found, each finding with its evidence, all of it bounded.

How it comes about stands in strategies.review; nothing here judges.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from strategies.spec.base import Record
from strategies.spec.release import StrategyType

LONGEST = 317
Said = Annotated[str, StringConstraints(max_length=LONGEST)]
MOST_GROUNDS, MOST_DIFFERENCES, MOST_SERVICES, MOST_FORESEEN = 16, 16, 10, 16


class Risk(StrEnum):
    """How much harm a change could do."""

    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"
    CRITICAL = "Critical"


class Reversibility(StrEnum):
    """How long the way back takes."""

    INSTANT = "Instant"
    MINUTES = "Minutes"
    HOURS = "Hours"
    IMPOSSIBLE = "Impossible"


class Answer(StrEnum):
    """Yes, no, or that nobody can know."""

    YES = "Yes"
    NO = "No"
    UNKNOWN = "Unknown"


class State(StrEnum):
    """What became of an item of the checklist. What cannot be known is Unknown, never Done; what the release itself will see to,
    before any user has its version, is Pending.
    """

    DONE = "Done"
    PENDING = "Pending"
    MISSING = "Missing"
    NOT_APPLICABLE = "NotApplicable"
    UNKNOWN = "Unknown"


class Check(StrEnum):
    """The items of the checklist, in their order."""

    COMPATIBILITY = "Compatibility"
    FLAG = "Flag"
    ROLLBACK_PLAN = "RollbackPlan"
    HEALTH_CHECKS = "HealthChecks"
    GATES = "Gates"
    MIGRATIONS = "Migrations"
    VERSION = "Version"
    CHANGELOG = "Changelog"
    STAKEHOLDERS = "Stakeholders"


class Danger(StrEnum):
    """What a red flag can be about."""

    BREAKING_WITHOUT_VERSION = "BreakingWithoutVersion"
    IRREVERSIBLE_MIGRATION = "IrreversibleMigration"
    NO_FLAG = "NoFlag"
    SIMULTANEOUS = "Simultaneous"
    NO_MONITORING = "NoMonitoring"
    ROLLBACK_UNPROVEN = "RollbackUnproven"
    WEAKER_STRATEGY = "WeakerStrategy"
    NO_PARALLEL_RUN = "NoParallelRun"


class Ground(Record):
    """One reason for the level of risk."""

    level: Risk = Field(description="The level that this reason alone would give.")
    message: Said = Field(description="The reason.")


class BlastRadius(Record):
    """Who would notice a mistake."""

    users: Said = Field(description="Share of the traffic, from the first step that has any to the last.")
    services: tuple[Said, ...] = Field((), description="Services whose traffic this is.")
    services_known: bool = Field(description="Whether the Services could be seen.")


class WayBack(Record):
    """How the release is undone."""

    reversibility: Reversibility = Field(description="Instant, Minutes, Hours or Impossible.")
    under_five_minutes: Answer = Field(description="Whether the way back certainly takes less than five minutes.")
    message: Said = Field(description="Why.")


class Compatibility(Record):
    """Whether old and new can live together."""

    api: Said = Field(description="Compatible, Breaking or Unknown, with details.")
    data: Said = Field(description="Compatible, Migration needed or Unknown, with details.")
    dependencies: Said = Field(description="None, Coordination needed or Unknown, with details.")


class Item(Record):
    """One item of the checklist."""

    name: Check = Field(description="Name of the item.")
    state: State = Field(description="Done, Pending, Missing, NotApplicable or Unknown.")
    evidence: Said = Field(description="What was seen, and what is missing.")


class RedFlag(Record):
    """Something that should keep a person from letting this out."""

    name: Danger = Field(description="What it is about, in one word.")
    message: Said = Field(description="What was seen, and what to do.")


class Review(Record):
    """The judgement of a revision before it goes out. It blocks nothing by itself."""

    risk: Risk = Field(description="Low, Medium, High or Critical: the highest level of the reasons.")
    reasons: tuple[Ground, ...] = Field(description="All reasons for the level.")
    differences: tuple[Said, ...] = Field((), description="What differs between stable's pod template and the candidate's.")
    blast_radius: BlastRadius = Field(description="Who would notice a mistake.")
    way_back: WayBack = Field(description="How the release is undone.")
    compatibility: Compatibility = Field(description="Whether old and new can live together.")
    recommended: StrategyType = Field(description="The strategy for this level of risk.")
    strategy: StrategyType = Field(description="The strategy by which it goes out.")
    chosen: Said = Field("", description="Why this strategy, where the type is Auto.")
    checklist: tuple[Item, ...] = Field(description="What should be done before a release, each with its evidence.")
    red_flags: tuple[RedFlag, ...] = Field((), description="What should keep a person from letting this out.")
    foreseen: tuple[Said, ...] = Field(
        (), description="What the gates that compare could see in the steps' time, at the requests that stable had just before."
    )
    ready: bool = Field(description="No red flag, and nothing of the checklist is missing.")
