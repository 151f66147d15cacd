"""The spec of a ReleasePolicy: what the cluster's administrators ask of the releases in some namespaces.

When a freeze is in force is worked out where calendars are at hand, in controller.reconcile.policies.
"""

from datetime import timedelta
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from strategies.spec.base import Duration, Model, Name, have_own_names, own_names, rule, rules
from strategies.spec.metric_source import NamespacePattern
from strategies.spec.review import Check, Danger, Risk

_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(days=62)
LENGTH = "duration must be between 1m and 1488h (62 days)"
_LENGTH_RULE = rule("duration(self.duration) >= duration('1m') && duration(self.duration) <= duration('1488h')", LENGTH)
FREEZE_NAMES = "each freeze needs a name of its own"
REQUIREMENT_NAMES = "each requirement needs a name of its own"
LIMITS_NOTHING = "say perNamespace or total: this limits nothing"
ASKS_NOTHING = "name what must be done, or red flags that must not be: this requirement asks nothing"
NEVER_DONE = "Gates is never done before a release, for whether gates return data shows in it; name the red flag NoMonitoring"


class Freeze(Model):
    """A time in which nothing starts."""

    name: Name = Field(description="Name of the freeze, for messages.")
    start: Annotated[
        str,
        StringConstraints(
            max_length=16, pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]$"
        ),
    ] = Field(description="When it begins for the first time, by the clocks of its time zone, as in 2026-12-18T18:00.")
    duration: Duration = Field(description="How long it lasts each time; at most 62 days.")
    rule: (
        Annotated[
            str,
            StringConstraints(max_length=200, pattern=r"^FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;[A-Z]{2,10}=[A-Z0-9,+-]{1,64})*$"),
        ]
        | None
    ) = Field(None, description="When it begins again, as an RRULE of RFC 5545: FREQ=WEEKLY;BYDAY=FR. Without one, it is once.")
    time_zone: Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_+/-]*$")] = Field(
        "UTC", description="Name in the IANA time zone database, as in Europe/Berlin."
    )
    reason: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        None, description="Why, for whoever has to wait."
    )

    model_config = ConfigDict(json_schema_extra=rules(_LENGTH_RULE))

    @model_validator(mode="after")
    def _length(self) -> "Freeze":
        if not _SHORTEST <= self.duration <= _LONGEST:
            raise ValueError(LENGTH)
        return self


class Requirement(Model):
    """What the review of a release must have found before it starts."""

    name: Name = Field(description="Name of the requirement, for messages.")
    risk: Risk = Field(Risk.LOW, description="The level of risk from which on it is asked.")
    done: tuple[Check, ...] = Field(
        (), max_length=len(Check), description="Items of the review's checklist that must be Done or NotApplicable."
    )
    red_flags: tuple[Danger, ...] = Field(
        (), max_length=len(Danger), description="Red flags of the review with which nothing starts."
    )

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule("(has(self.done) && size(self.done) > 0) || (has(self.redFlags) && size(self.redFlags) > 0)", ASKS_NOTHING),
            rule("!has(self.done) || !('Gates' in self.done)", NEVER_DONE),
        )
    )

    @model_validator(mode="after")
    def _asks(self) -> "Requirement":
        if not self.done and not self.red_flags:
            raise ValueError(ASKS_NOTHING)
        if Check.GATES in self.done:
            raise ValueError(NEVER_DONE)
        return self


class Concurrency(Model):
    """How many new revisions may be on their way at a time. The others wait in the order in which they came."""

    per_namespace: int | None = Field(None, ge=1, le=1000, description="How many in each of the policy's namespaces.")
    total: int | None = Field(None, ge=1, le=1000, description="How many in all of the policy's namespaces together.")

    model_config = ConfigDict(json_schema_extra=rules(rule("has(self.perNamespace) || has(self.total)", LIMITS_NOTHING)))

    @model_validator(mode="after")
    def _limits(self) -> "Concurrency":
        if self.per_namespace is None and self.total is None:
            raise ValueError(LIMITS_NOTHING)
        return self


class ReleasePolicySpec(Model):
    """What is asked of releases."""

    namespaces: tuple[NamespacePattern, ...] = Field(
        ("*",), min_length=1, max_length=64, description="Namespaces that it is for: names, prefixes as in team-*, or *."
    )
    freezes: tuple[Freeze, ...] = Field(
        (), max_length=20, description="Times in which no release starts. What is on its way goes on; rollbacks are free."
    )
    requirements: tuple[Requirement, ...] = Field(
        (), max_length=20, description="What the review of a release must have found before it starts; rollbacks are free."
    )
    concurrency: Concurrency | None = Field(
        None, description="How many releases may be on their way at a time; rollbacks and restarts are free, and are not counted."
    )
    deprecation_days: Annotated[int, Field(ge=1, le=3650)] | None = Field(
        None,
        description="For how many days at least what an OpenAPI contract deprecates stays: x-sunset, the date of its removal, "
        "must be given, and that far ahead. Of several policies the longest time holds.",
    )

    model_config = ConfigDict(
        json_schema_extra=rules(
            own_names("freezes", FREEZE_NAMES),
            own_names("requirements", REQUIREMENT_NAMES),
        )
    )

    @model_validator(mode="after")
    def _names(self) -> "ReleasePolicySpec":
        if not have_own_names(self.freezes):
            raise ValueError(FREEZE_NAMES)
        if not have_own_names(self.requirements):
            raise ValueError(REQUIREMENT_NAMES)
        return self
