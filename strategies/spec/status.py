"""The status of a Release: what was committed. `decide` takes one and returns the next; nothing else remembers anything.

The models read and write the resource's status without loss, fields of newer versions included. Times carry microseconds,
so that a step is never shorter than its duration.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, PlainSerializer, StringConstraints, model_validator

from strategies.analysis.verdict import Verdict
from strategies.spec.base import Duration, Record, format_duration
from strategies.spec.flag import FlagKind, FlagPlace
from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.release import RouteKind, RouteRef, StrategyType
from strategies.spec.review import Review, Risk


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    if not 2000 <= moment.year < 2200:
        raise ValueError("a time lies between the years 2000 and 2200")  # Beyond, sums with durations overflow.
    return moment


def format_time(moment: datetime) -> str:
    """RFC 3339 with microseconds, as the API server keeps it."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


Time = Annotated[datetime, AfterValidator(_aware), PlainSerializer(format_time, return_type=str)]
Message = Annotated[str, StringConstraints(max_length=1024)]
Text = Annotated[str, StringConstraints(max_length=317)]
LAST = 2**53
"""The highest number that every reader of JSON has; counters begin anew after it."""
Count = Annotated[int, Field(ge=0, le=LAST)]


class Kind(StrEnum):
    """What a trial is for; it decides which gates are asked."""

    RELEASE = "Release"
    RESTART = "Restart"
    ROLLBACK = "Rollback"
    UNPROTECTED = "Unprotected"


class Outcome(StrEnum):
    """How a trial ended, or is about to end."""

    COMPLETED = "Completed"
    REJECTED = "Rejected"
    ABORTED = "Aborted"
    SUPERSEDED = "Superseded"
    REVERTED = "Reverted"
    SCALED_TO_ZERO = "ScaledToZero"
    POLICY_MISSING = "PolicyMissing"
    DELETED = "Deleted"
    WORKLOAD_GONE = "WorkloadGone"
    RECORD_LOST = "RecordLost"


class Revision(Record):
    """One pod template, by the ReplicaSet that runs it."""

    hash: Text = Field(description="Value of the pods' label pod-template-hash; names the revision in requests.")
    replica_set: Text = Field(description="Name of the ReplicaSet.")
    digest: Text = Field(description="Digest of the pod template, quantities normalised.")
    generation: int = Field(description="The Deployment's generation at which the digest was taken.")
    version: Text | None = Field(None, description="The version, as spec.version says where to find it.")
    replicas: Count | None = Field(None, description="Pods wanted; for display.")
    ready: Count | None = Field(None, description="Pods ready; for display.")


class Template(Record):
    """A pod template that a verdict is about."""

    digest: Text = Field(description="Digest of the pod template, quantities normalised.")
    generation: int = Field(description="The Deployment's generation at which the digest was taken.")
    hash: Text | None = Field(None, description="The candidate's hash, when it had one.")
    version: Text | None = Field(None, description="The version.")
    message: Message = Field("", description="Why it was rejected.")


class TrainAwaited(Record):
    """A train, and the held template that waits for it."""

    name: Text = Field(description="Name of the ReleaseTrain.")
    digest: Text = Field(description="Digest of the pod template, quantities normalised.")
    generation: int = Field(description="The Deployment's generation at which the digest was taken.")


Numbers = Annotated[tuple[float, ...], Field(max_length=16)]


RECENT = 16
"""So many values of a gate are kept for display."""


class ShareSeen(Record):
    """What is known of the candidate's real share of the requests."""

    key: Text = Field("", description="The last window that is in it.")
    logs: Numbers = Field((), description="Logarithms of the bets against the right share.")
    candidate: float = Field(0.0, description="The candidate's requests, fading.")
    both: float = Field(0.0, description="All requests, fading.")


class Checkpoint(Record):
    """What a gate that compares has seen in this trial: with it and later windows, everything can be computed again."""

    form: Text = Field(description="Compared, while both revisions have traffic, or Limit.")
    key: Text = Field("", description="The last window; each enters once.")
    windows: int = Field(0, description="Windows with requests.")
    fresh: int = Field(0, description="Those of them that are of the present step.")
    expected: float = Field(0.0, description="Bad requests that the candidate would have had if it were like stable.")
    harm: Annotated[tuple[float, ...], Field(max_length=64)] = Field(
        (), description="Logarithms of the bets against the candidate."
    )
    clear: Numbers = Field((), description="Logarithms of the bets for it.")
    candidate: Numbers = Field((), description="Its good and bad requests.")
    stable: Numbers = Field((), description="Stable's.")
    history: Numbers = Field((), description="Stable's requests from which the next window's are predicted.")
    failed_at: Text = Field("", description="The window at which the gate failed, for good.")
    share: ShareSeen | None = Field(None, description="The candidate's real share of the requests in this step.")


class Evidence(Record):
    """What one gate has seen in this step, and its verdict."""

    name: Text = Field(description="Name of the gate.")
    question: Text = Field("", description="Digest of what the gate asks; evidence of another question does not count.")
    verdict: Verdict = Field(Verdict.INCONCLUSIVE, description="Pass, Fail or Inconclusive.")
    reason: Text = Field("", description="Of gates that compare: the verdict's reason, in one word.")
    message: Message = Field("", description="The verdict in a sentence, with what was seen.")
    value: float | None = Field(None, description="The last value; of gates that compare, the evidence against the candidate.")
    recent: Numbers = Field((), description="The last values, oldest first; for display.")
    at: Time | None = Field(None, description="When the last value was true; of pods: since when an image cannot be pulled.")
    key: Text = Field("", description="The window of the last value; each window enters once.")
    failures: Count = Field(0, description="Bad values in a row.")
    inconclusive_since: Time | None = Field(None, description="Since when the gate cannot tell.")
    certified: bool = Field(False, description="Whether the candidate is certainly not much worse than stable.")
    test: Checkpoint | None = Field(None, description="Of gates that compare: what they have seen in this trial.")


class Step(Record):
    """Where the trial is."""

    index: Count = Field(description="Number of the step, from 0; the plan starts with the preview where there is one.")
    of: Count = Field(description="How many steps the plan has.")
    name: Text = Field(description="Preview, Rehearsal, Return, Shadow, Traffic, Batch or Bake.")
    weight: int = Field(ge=0, le=100, description="Share of the traffic wanted for the candidate, in percent.")
    mirror: int = Field(0, ge=0, le=100, description="Share of the requests of which the candidate gets a copy, in percent.")
    entered: Time = Field(description="When the step was decided.")
    since: Time | None = Field(
        None, description="When the cluster was seen to have what the step wants; durations count from here."
    )
    observed_weight: int | None = Field(None, description="Share that the candidate was last seen to have; for display.")

    @property
    def told(self) -> str:
        """What the candidate gets, for people: `25%`, or `100% mirrored`."""
        return f"{self.mirror}% mirrored" if self.mirror else f"{self.weight}%"

    @model_validator(mode="after")
    def _within(self) -> "Step":
        if self.index >= self.of:
            raise ValueError(f"there is no step {self.index} of {self.of}")
        return self


class Passed(Record):
    """A step that was left, and what allowed it."""

    index: int = Field(description="Number of the step.")
    weight: int = Field(description="Its weight in percent.")
    left: Time = Field(description="When it was left.")
    by: Message = Field(description="The gates that passed, or who let it go on.")


class Rehearsal(Record):
    """A share of the traffic that went to a candidate only to come back, and did."""

    weight: int = Field(description="The share, in percent.")
    at: Time = Field(description="When it was seen to be back.")
    took: Duration = Field(description="From the decision to the moment at which the cluster was seen to have followed.")

    @property
    def told(self) -> str:
        """For people."""
        return f"{self.weight}% of the traffic was back on stable within {format_duration(self.took)}"


class Trial(Record):
    """One try to bring a candidate to the users."""

    attempt: Count = Field(description="Number of the try, counted over the Release's life.")
    kind: Kind = Field(description="Release, Restart, Rollback, or Unprotected when stable has no ready pod.")
    strategy: StrategyType | None = Field(None, description="The type of strategy that it began with, and keeps.")
    steps: Text = Field("", description="The weights, or the size of the batches, by which its steps are numbered.")
    candidate: Revision = Field(description="The revision on trial.")
    step: Step = Field(description="Where it is.")
    started: Time = Field(description="When it started.")
    changed_by: Text | None = Field(None, description="Who changed the Deployment's template.")
    outcome: Outcome | None = Field(None, description="Set once the trial is being undone.")
    gates: tuple[Evidence, ...] = Field((), description="The gates' evidence in this step.")
    passed: tuple[Passed, ...] = Field((), description="The steps that were left, and what allowed each.")
    ready_deadline: Time | None = Field(None, description="Until when this step's pods must be ready.")
    rehearsal: Rehearsal | None = Field(None, description="The way back, as it was rehearsed before the first step.")


class Answer(Record):
    """A request by annotation, and what became of it."""

    id: Text = Field(description="What makes the request one of a kind.")
    key: Text = Field(description="Annotation, without its prefix.")
    value: Message = Field("", description="Its value.")
    author: Text = Field("", description="Who asked.")
    at: Time = Field(description="When it was answered.")
    done: bool = Field(description="Whether it was carried out.")
    message: Message = Field("", description="What was done, or why not and what to do instead.")


class Override(Record):
    """Something that was set aside by a person who may, and why."""

    what: Text = Field(description="BreakGlass, or the reason for which a policy kept a change waiting.")
    message: Message = Field("", description="What was set aside.")
    author: Text = Field("", description="Who did; empty where nobody is known.")
    because: Message = Field("", description="Why, in that person's words.")
    at: Time = Field(description="When it was seen.")


class Past(Record):
    """A trial that ended."""

    revision: Revision = Field(description="The revision.")
    kind: Kind = Field(description="What the trial was for.")
    strategy: StrategyType | None = Field(None, description="The type of strategy by which it went out.")
    outcome: Outcome = Field(description="How it ended.")
    message: Message = Field("", description="Why.")
    started: Time = Field(description="When it started.")
    ended: Time = Field(description="When it ended.")
    changed_by: Text | None = Field(None, description="Who changed the template.")
    risk: Risk | None = Field(None, description="The level of risk that the review found.")
    rehearsal: Rehearsal | None = Field(None, description="The way back, as it was rehearsed before the first step.")


class Condition(Record):
    """A condition in Kubernetes' usual form."""

    type: Text = Field(description="Name of the condition.")
    status: Text = Field(description="True, False or Unknown.")
    reason: Text = Field(description="One word for programs.")
    message: Message = Field("", description="A sentence for people.")
    observed_generation: int = Field(0, description="The spec's generation that this is about.")
    last_transition_time: Time = Field(description="When status, reason or message last changed.")


class Wheel(Record):
    """What must be put back when Kubernetes gets the Deployment back."""

    strategy: Annotated[str, StringConstraints(max_length=1024)] = Field(description="The Deployment's own strategy, as JSON.")
    workload_uid: Text = Field(description="The Deployment that it was taken from.")
    route: Text | None = Field(None, description="The route that is split, as the spec named it when the release began.")
    route_kind: RouteKind = Field(RouteKind.HTTP_ROUTE, description="Kind of that route.")

    @property
    def ref(self) -> RouteRef | None:
        """The route, by kind and name."""
        return RouteRef(kind=self.route_kind, name=self.route) if self.route is not None else None

    @classmethod
    def of(cls, route: RouteRef | None, **fields: str) -> "Wheel":
        """The record of a release that begins with this route."""
        return cls(route=route.name, route_kind=route.kind, **fields) if route else cls(**fields)


class ToggleState(StrEnum):
    """What is wanted of a flag: nothing yet, its variant for the new version, or the one for after a rollback."""

    WAITS = "Waits"
    ON = "On"
    OFF = "Off"


class Toggle(Record):
    """A flag that a release switches, as its spec named it when it began."""

    kind: FlagKind = Field(description="What holds the flag.")
    object: Text = Field(description="Name of the ConfigMap or FeatureFlag.")
    key: Text = Field("", description="Key of the ConfigMap's data.")
    flag: Text = Field(description="Name of the flag.")
    on: Text = Field(description="The variant for the new version.")
    off: Text = Field(description="The variant after a rollback.")
    weight: int = Field(description="With which share of the traffic it goes on, in percent.")
    revision: Text = Field(description="Hash of the revision that it goes on with.")
    state: ToggleState = Field(ToggleState.WAITS, description="Waits, On or Off; committed before the flag is written.")

    @property
    def place(self) -> FlagPlace:
        """Where the flag stands."""
        return FlagPlace(kind=self.kind, object=self.object, key=self.key, flag=self.flag)


class MigrationState(StrEnum):
    """How far a migration is. Done: its release has completed. Unknown: its Job was deleted before it ended."""

    WAITS = "Waits"
    RUNS = "Runs"
    APPLIED = "Applied"
    FAILED = "Failed"
    UNDOING = "Undoing"
    UNDONE = "Undone"
    UNDO_FAILED = "UndoFailed"
    UNKNOWN = "Unknown"
    DONE = "Done"


class Migrated(Record):
    """A migration that a release has carried out, or is about to. One that was applied is not run again."""

    name: Text = Field(description="Name of the migration.")
    digest: Text = Field(description="Digest of its Job and its undo.")
    revision: Text = Field(description="Hash of the revision that it runs for; its Jobs' names have it.")
    release: Text = Field(description="Hash of the revision that answers for it: when that one goes back, it is undone.")
    version: Text | None = Field(None, description="The version that it runs for.")
    state: MigrationState = Field(MigrationState.WAITS, description="How far it is.")
    message: Message = Field("", description="What was seen of it, and what to do.")
    at: Time | None = Field(None, description="Since when it is in this state.")
    undo: bool = Field(False, description="Whether it has an undo.")
    back: bool = Field(False, description="Whether it is to be undone as soon as it has run.")
    job: Text = Field("", description="Uid of its Job, once seen.")
    undo_job: Text = Field("", description="Uid of its undo's Job, once seen.")
    missed_since: Time | None = Field(None, description="Since when its Job is missing.")


class Status(Record):
    """What was committed, and what is shown."""

    turn: Count = Field(0, description="Counts the commits; each tests the one before.")
    observed_generation: int = Field(0, description="The newest spec that this status takes into account.")
    phase: Phase = Field(Phase.INITIALIZING, description="Where the release is.")
    reason: Reason = Field(Reason.NEW, description="Why, in one word.")
    message: Message = Field("", description="Why, in a sentence, and what to do next.")
    since: Time | None = Field(None, description="When the phase began.")
    workload_uid: Text | None = Field(None, description="The Deployment that this status is about.")
    stable: Revision | None = Field(None, description="The revision that users have.")
    retiring: Revision | None = Field(None, description="The former stable revision, while a completed release is wound up.")
    trial: Trial | None = Field(None, description="The release in flight.")
    review: Review | None = Field(None, description="The judgement of the release in flight, made before it started.")
    wheel: Wheel | None = Field(None, description="Set while we, not Kubernetes, scale the ReplicaSets.")
    flags: tuple[Toggle, ...] = Field((), description="Flags that the release in flight switches, and that earlier ones put on.")
    jobs: bool = Field(False, description="Gates of the last trial were Jobs, which are deleted when it is over.")
    migrations: tuple[Migrated, ...] = Field((), description="Migrations that releases of this Release have carried out.")
    restoring: Template | None = Field(None, description="The revision whose template is being written back.")
    paused: bool = Field(False, description="A person, or maxInconclusive, has stopped the clock.")
    unready_since: Time | None = Field(None, description="Since when stable has had no ready pod.")
    rejected: tuple[Template, ...] = Field(
        (), description="Templates that do not start again until retry or a later completed release."
    )
    train: TrainAwaited | None = Field(None, description="The train that a held template waits for; its deletion starts nothing.")
    exempt: Template | None = Field(None, description="The template that starts next in spite of policies, and why.")
    overrides: tuple[Override, ...] = Field((), description="The last times that the glass was broken or a policy overridden.")
    attempts: Count = Field(0, description="How many trials there were.")
    requests: tuple[Answer, ...] = Field((), description="The last requests and their outcome.")
    history: tuple[Past, ...] = Field((), description="The last trials and their outcome.")
    conditions: tuple[Condition, ...] = Field((), description="Ready, Reconciling and Stalled in kstatus' sense, and our own.")
