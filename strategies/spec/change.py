"""What people know about a change and no machine can see: declarations, which the review holds against what it sees.

A field appears here only when the review uses it. Nothing here is carried out but migrations that have a Job.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from strategies.spec.base import Model, Name, have_own_names, own_names, rule, rules
from strategies.spec.job import MigrationJob

Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
MIGRATION_NAMES = "each migration needs a name of its own"
HARMS_STABLE = ("a migration with a job runs while users are on the version before, so it must be backwardCompatible; split it: "
                "add first, and clean up in a later release")  # fmt: skip
NOT_UNDOABLE = "undo is for a migration with a job that is reversible"
NOTHING_CLEANED = "cleansUp is for a migration with a job"
LATER = "what cleans up after a migration belongs into a later release than that migration"


class ChangeKind(StrEnum):
    """What a change is, by the harm that it could do."""

    COSMETIC = "Cosmetic"
    FEATURE = "Feature"
    CORE = "Core"
    DATA_MIGRATION = "DataMigration"


class Migration(Model):
    """A change of data that comes with the new version."""

    name: Name = Field(description="Name of the migration.")
    reversible: bool = Field(description="Whether it can be undone without losing data.")
    backward_compatible: bool = Field(description="Whether the version before works with the data after it.")
    job: MigrationJob | None = Field(
        None, description="What carries it out, once, before the candidate starts. Without it, it is carried out elsewhere."
    )
    undo: MigrationJob | None = Field(
        None, description="What undoes it when its release goes back before it has completed, after the candidate has gone."
    )
    cleans_up: Name | None = Field(
        None, description="Name of a migration of a completed release of this Release, after which this one cleans up."
    )

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule("!has(self.job) || self.backwardCompatible", HARMS_STABLE),
            rule("!has(self.undo) || (has(self.job) && self.reversible)", NOT_UNDOABLE),
            rule("!has(self.cleansUp) || has(self.job)", NOTHING_CLEANED),
        )
    )

    @model_validator(mode="after")
    def _runnable(self) -> "Migration":
        if self.job and not self.backward_compatible:
            raise ValueError(HARMS_STABLE)
        if self.undo and not (self.job and self.reversible):
            raise ValueError(NOT_UNDOABLE)
        if self.cleans_up and not self.job:
            raise ValueError(NOTHING_CLEANED)
        return self


class ContractType(StrEnum):
    """In what language a contract is written."""

    OPENAPI = "OpenAPI"
    GRAPHQL = "GraphQL"
    AVRO = "Avro"
    PROTOBUF = "Protobuf"
    SQL = "SQL"


class Acceptance(Model):
    """A break that somebody answers for, until a day."""

    finding: Annotated[str, StringConstraints(min_length=8, max_length=8, pattern=r"^[0-9a-f]{8}$")] = Field(
        description="What the review prints in brackets behind the finding, as in 1f0c9b2e. It stands for this very sentence."
    )
    by: Line = Field(description="Who answers for it.")
    because: Line = Field(description="Why nobody is harmed.")
    until: Annotated[
        str, StringConstraints(min_length=10, max_length=10, pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")
    ] = Field(description="The last day (UTC) on which it is accepted, as in 2027-01-31; afterwards it breaks again.")


class Contract(Model):
    """What others rely on, as the team keeps it in a ConfigMap beside the Deployment."""

    type: ContractType = Field(ContractType.OPENAPI, description="Language of the contract; SQL is that of PostgreSQL.")
    config_map: Name = Field(description="Name of the ConfigMap that has it, in the Release's namespace.")
    key: Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")] = Field(
        "openapi.yaml", description="Key of the ConfigMap's data under which it stands."
    )
    accepted: tuple[Acceptance, ...] = Field(
        (), max_length=10, description="Breaks that somebody answers for. They do not count as such, and are told with who it is."
    )


class Change(Model):
    """What people know about the change that goes out next."""

    kind: ChangeKind = Field(
        description="Cosmetic changes no behaviour, Feature adds to it, Core changes what others rely on, DataMigration changes "
        "data. What the review sees can raise the risk that follows from it, never lower it."
    )
    summary: Line | None = Field(None, description="The change in one line.")
    changelog: Line | None = Field(
        None, description="Where the changelog tells of this version. The review looks for its number, as in CHANGELOG.md#240."
    )
    migrations: tuple[Migration, ...] = Field(
        (), max_length=10, description="Changes of data that come with it, in their order; each has a name for ever."
    )
    contracts: tuple[Contract, ...] = Field(
        (),
        max_length=5,
        description="Contracts of the service. `releasectl review` compares each with the one before; the controller does not.",
    )
    flags: tuple[Line, ...] = Field(
        (), max_length=10, description="Feature flags that switch the new behaviour off, wherever they are toggled."
    )
    stakeholders: tuple[Line, ...] = Field((), max_length=20, description="Teams or people who have been told of this change.")

    model_config = ConfigDict(
        json_schema_extra=rules(
            own_names("migrations", MIGRATION_NAMES),
            rule("!has(self.migrations) || self.migrations.all(m, !has(m.cleansUp) || "
                 "self.migrations.all(o, o.name != m.cleansUp))", LATER),
        )
    )

    @model_validator(mode="after")
    def _migration_names(self) -> "Change":
        if not have_own_names(self.migrations):
            raise ValueError(MIGRATION_NAMES)
        if {each.name for each in self.migrations} & {each.cleans_up for each in self.migrations}:
            raise ValueError(LATER)
        return self
