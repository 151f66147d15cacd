"""What can be done to the world. An effect says what it expects to find, so that a late one fails instead of harming.

Every effect may be repeated. How it becomes an API call is the shell's business (controller.reconcile.perform).
"""

from dataclasses import dataclass, field
from datetime import timedelta

from strategies.spec.flag import FlagPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One change of one object."""

    def kind(self) -> str:
        """Name for messages and back-off."""
        return type(self).__name__


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Effect):
    """Label the Deployment with the Release's name, so that the policy holds its changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclaim(Effect):
    """Take all our marks off the Deployment; `resume` says that its template is stable's, so that it may run on."""

    strategy: str | None
    resume: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AddFinalizer(Effect):
    """Something is to be undone should the Release be deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveFinalizer(Effect):
    """Nothing is left to be undone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeWheel(Effect):
    """Stop the native controller: Recreate and the mark, in one write. `strategy` is the one found, as JSON."""

    strategy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveBack(Effect):
    """Give the Deployment back: strategy restored, marks off, and running again if `resume`; only at this generation."""

    strategy: str | None
    generation: int
    resume: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmark(Effect):
    """Remove `desired-replicas` from a ReplicaSet, or Kubernetes would take every other to 0."""

    replica_set: str
    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateReplicaSet(Effect):
    """Make the candidate's ReplicaSet, with 0 replicas, from the Deployment's template at this generation."""

    name: str
    hash: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteReplicaSet(Effect):
    """Delete a ReplicaSet after a live look that it is this one and still has `replicas` 0 or is ours."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale(Effect):
    """Set a ReplicaSet's replicas, from what was seen to what is wanted."""

    replica_set: str
    uid: str
    old: int
    new: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReplicas(Effect):
    """Set the Deployment's replicas through /scale, so that an autoscaler's pent-up decreases do not land at once."""

    replicas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin(Effect):
    """Make a Service select only this hash; None takes the pin off."""

    service: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsureCandidateService(Effect):
    """Have `<service>-candidate` select this hash."""

    service: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveCandidateService(Effect):
    """Delete `<service>-candidate`."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWeight(Effect):
    """Give the candidate this share of the route, and a copy of that share of the requests, both in percent.

    A weight of None restores the route as its owner wrote it; `enters`: from there, the candidate's backend comes into it.
    """

    weight: int | None
    mirror: int = 0
    enters: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRejection(Effect):
    """Write the Deployment's Progressing condition, so that `kubectl rollout status` and kstatus see the failure."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearRejection(Effect):
    """Take that condition back, or the next change would be reported failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteTemplate(Effect):
    """Write a kept template back into the Deployment; it is held like any change."""

    kept: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep(Effect):
    """Keep the template of a ReplicaSet for a later rollback."""

    replica_set: str
    hash: str
    version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget(Effect):
    """Drop a kept template that is too old."""

    kept: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveRequest(Effect):
    """Remove a request that was answered."""

    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateJob(Effect):
    """Run a gate's Job, once: its name is of this revision, step and gate. `template` is its pod template, as JSON;
    `environment` is added to every container.
    """

    name: str
    gate: str
    step: str
    template: str = field(repr=False)
    environment: tuple[tuple[str, str], ...]
    timeout: timedelta
    retries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMigration(CreateJob):
    """Make a migration's Job, or its undo's, suspended: a late create must not run it. `gate` is the migration's name, `step` the
    revision; `undo`, as JSON, goes with the Job, so that it is there when it is needed.
    """

    undo: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeJob(Effect):
    """Let a suspended Job run: this one, and only if nobody has."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteJob(Effect):
    """Delete a gate's or a migration's Job, with its pods, after a live look that it is this one."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagSwitch:
    """What switching a flag is, either way: make a variant, `new`, its default, where `old` is."""

    place: FlagPlace
    old: str
    new: str

    def kind(self) -> str:
        """One flag that cannot be written holds up no other, and a failed switching on no switching off."""
        return f"{type(self).__name__} {self.place.flag}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagOn(FlagSwitch, Effect):
    """To the variant for the new version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagOff(FlagSwitch, Effect):
    """To the variant for after a rollback."""
