"""The spec of a ReleaseTrain: which versions of which Releases go out together, in which order, and what becomes of them when
one fails.

What only all members together can tell, such as a cycle, is found in strategies.train.order.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from strategies.spec.base import Duration, Model, Name, have_own_names, own_names, rule, rules

ReleaseName = Annotated[Name, StringConstraints(max_length=63)]
Version = Annotated[str, StringConstraints(min_length=1, max_length=128)]
MEMBER_NAMES = "a Release is a member once; take the second one out"
UNKNOWN_MEMBER = "dependsOn names members of this train; correct the name, or make the Release a member"
ITSELF = "a member cannot depend on itself; take its own name out of dependsOn"
REMOVES_BLINDLY = "a member that is a Removal needs the Producers in the train: they are seen to have their new versions first"
PATIENCE = "deadline must be longer than duration, or no verification could pass"


class Role(StrEnum):
    """What a member does with the message or call that changes."""

    CONSUMER = "Consumer"
    PRODUCER = "Producer"
    REMOVAL = "Removal"


class OnFailure(StrEnum):
    """What goes back when a member fails."""

    ROLL_BACK_TRAIN = "RollBackTrain"
    ROLL_BACK_MEMBER = "RollBackMember"


class TrainMember(Model):
    """A Release that goes out with the others."""

    name: ReleaseName = Field(description="Name of the Release, in the train's namespace.")
    version: Version = Field(description="The version that goes out in this train, as the Release's spec.version reads it.")
    role: Role | None = Field(
        None,
        description="Consumer accepts old and new, and goes first. Producer sends the new, and goes after all Consumers. Removal "
        "drops the old, and goes only when all Producers had their versions before this run. Without a role, dependsOn alone "
        "orders it.",
    )
    depends_on: tuple[ReleaseName, ...] = Field((), max_length=20, description="Members that go before this one.")

    model_config = ConfigDict(json_schema_extra=rules(rule("!has(self.dependsOn) || !(self.name in self.dependsOn)", ITSELF)))

    @model_validator(mode="after")
    def _others(self) -> "TrainMember":
        if self.name in self.depends_on:
            raise ValueError(ITSELF)
        return self


class Verify(Model):
    """How the train is looked at once all members have their versions."""

    duration: Duration = Field(
        timedelta(minutes=1),
        description="How long, at a stretch, the pods of all members must be available on the new traffic.",
    )
    deadline: Duration = Field(timedelta(minutes=10), description="When that has not been so by then, the train has failed.")

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "duration(has(self.deadline) ? self.deadline : '10m') > duration(has(self.duration) ? self.duration : '1m')",
                PATIENCE,
            )
        )
    )

    @model_validator(mode="after")
    def _patience(self) -> "Verify":
        if self.deadline <= self.duration:
            raise ValueError(PATIENCE)
        return self


class ReleaseTrainSpec(Model):
    """What goes out together."""

    members: tuple[TrainMember, ...] = Field(
        min_length=1, max_length=20, description="The Releases; a Release can be a member of one train."
    )
    on_failure: OnFailure = Field(
        OnFailure.ROLL_BACK_TRAIN,
        description="When a member fails: RollBackTrain takes back all that went out in this run, in reverse order. "
        "RollBackMember leaves the others as they are, and nothing more begins.",
    )
    verify: Verify = Field(default_factory=Verify, description="The look at all members at the end.")

    model_config = ConfigDict(
        json_schema_extra=rules(
            own_names("members", MEMBER_NAMES),
            rule(
                "self.members.all(m, !has(m.dependsOn) || m.dependsOn.all(d, self.members.exists(n, n.name == d)))",
                UNKNOWN_MEMBER,
            ),
            rule(
                "!self.members.exists(m, has(m.role) && m.role == 'Removal') || "
                "self.members.exists(m, has(m.role) && m.role == 'Producer')",
                REMOVES_BLINDLY,
            ),
        )
    )

    @model_validator(mode="after")
    def _members(self) -> "ReleaseTrainSpec":
        if not have_own_names(self.members):
            raise ValueError(MEMBER_NAMES)
        names = {member.name for member in self.members}
        if any(set(member.depends_on) - names for member in self.members):
            raise ValueError(UNKNOWN_MEMBER)
        roles = {member.role for member in self.members}
        if Role.REMOVAL in roles and Role.PRODUCER not in roles:
            raise ValueError(REMOVES_BLINDLY)
        return self
