"""The status of a ReleaseTrain: what was committed. With its members' own statuses, everything follows from it."""

from enum import StrEnum

from pydantic import Field

from strategies.spec.base import Record
from strategies.spec.status import Answer, Condition, Count, Message, Text, Time
from strategies.spec.train import OnFailure, Role, Verify


class TrainPhase(StrEnum):
    """Where a train is."""

    WAITING = "Waiting"
    INVALID = "Invalid"
    PROGRESSING = "Progressing"
    PAUSED = "Paused"
    VERIFYING = "Verifying"
    COMPLETED = "Completed"
    HALTED = "Halted"
    ROLLING_BACK = "RollingBack"
    ROLLED_BACK = "RolledBack"


FORWARD = frozenset({TrainPhase.PROGRESSING, TrainPhase.PAUSED, TrainPhase.VERIFYING})
"""A run is in flight, and goes forward."""
IN_FLIGHT = FORWARD | {TrainPhase.ROLLING_BACK}


class TrainReason(StrEnum):
    """Why a train is where it is."""

    NEW = "New"
    SPEC_INVALID = "SpecInvalid"
    NO_ORDER = "NoOrder"
    MEMBER_MISSING = "MemberMissing"
    MEMBER_OF_TWO_TRAINS = "MemberOfTwoTrains"
    REMOVAL_TOO_EARLY = "RemovalTooEarly"
    MEMBER_REJECTED = "MemberRejected"
    VERSIONS_AWAITED = "VersionsAwaited"
    STAGE = "Stage"
    PAUSE_REQUESTED = "PauseRequested"
    VERIFYING = "Verifying"
    AT_REST = "AtRest"
    MEMBER_FAILED = "MemberFailed"
    NOT_VERIFIED = "NotVerified"
    ABORT_REQUESTED = "AbortRequested"
    ROLLBACK_REQUESTED = "RollbackRequested"
    MEMBER_WAITS = "MemberWaits"


class MemberState(StrEnum):
    """Where a member is in the present run, or in the last one."""

    WAITING = "Waiting"
    PROGRESSING = "Progressing"
    COMPLETED = "Completed"
    FAILED = "Failed"
    ROLLING_BACK = "RollingBack"
    ROLLED_BACK = "RolledBack"


class Before(Record):
    """What a member's users had before the run."""

    hash: Text = Field(description="Value of the pods' label pod-template-hash; names the revision in requests.")
    digest: Text = Field(description="Digest of the pod template, quantities normalised.")
    version: Text | None = Field(None, description="Its version.")


class Asked(Record):
    """A request that the train makes of a member; committed before it is written."""

    key: Text = Field(description="Annotation, without its prefix.")
    value: Message = Field(description="Its value.")
    by: Text = Field(description="Its author, which makes it one of a kind.")
    after: Text = Field("", description="Id of the last answer that the member had given before; only later ones count.")
    answered: bool = Field(False, description="Whether the member has answered.")
    done: bool = Field(False, description="Whether the member has done it.")
    message: Message = Field("", description="The answer.")


class MemberStatus(Record):
    """A member: its place, where it is, and what is next."""

    name: Text = Field(description="Name of the Release.")
    version: Text = Field(description="The version that goes out.")
    stage: Count = Field(description="Number of its stage, from 0; the members of one go together.")
    role: Role | None = Field(None, description="What it does with what changes.")
    state: MemberState = Field(MemberState.WAITING, description="Where it is.")
    message: Message = Field("", description="Where it is, in a sentence, and what it waits for.")
    before: Before | None = Field(None, description="What it goes back to; none for one that had its version before the run.")
    attempts: Count = Field(0, description="How many trials the Release had had when it was let go.")
    asked: Asked | None = Field(None, description="The last request that the train has made of it.")


class Run(Record):
    """One way of the train from its members' old versions to the new."""

    number: Count = Field(description="Counts the runs of this train.")
    generation: int = Field(description="The spec's generation that it began with, or was taken back at by hand.")
    on_failure: OnFailure = Field(OnFailure.ROLL_BACK_TRAIN, description="As the spec had it when the run began.")
    verify: Verify = Field(default_factory=Verify, description="As the spec had it when the run began.")
    started: Time = Field(description="When it began.")
    verifying_since: Time | None = Field(None, description="When all members had their versions.")
    healthy_since: Time | None = Field(None, description="Since when, at a stretch, the pods of all members are available.")
    completed: bool = Field(False, description="Whether all members got their versions and were verified.")
    members: tuple[MemberStatus, ...] = Field((), description="Its members as they were at its end: a rollback takes these back.")


class TrainStatus(Record):
    """What was committed, and what is shown."""

    turn: Count = Field(0, description="Counts the commits; each tests the one before.")
    observed_generation: int = Field(0, description="The newest spec that this status takes into account.")
    phase: TrainPhase = Field(TrainPhase.WAITING, description="Where the train is.")
    reason: TrainReason = Field(TrainReason.NEW, description="Why, in one word.")
    message: Message = Field("", description="Why, in a sentence, and what to do next.")
    since: Time | None = Field(None, description="When the phase began.")
    run: Run | None = Field(None, description="The run in flight, or the last one.")
    members: tuple[MemberStatus, ...] = Field((), description="The members, stage by stage.")
    retry: bool = Field(False, description="A person has asked for another try, which has not begun yet.")
    requests: tuple[Answer, ...] = Field((), description="The last requests and their outcome.")
    conditions: tuple[Condition, ...] = Field((), description="Ready, Reconciling and Stalled in kstatus' sense.")
