"""One turn's input for a train, and the questions that its checks ask. Nothing here decides, and nothing here reads a clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Kind, Status, Trial
from strategies.spec.train import ReleaseTrainSpec
from strategies.spec.train_status import Before, MemberStatus, TrainPhase, TrainReason, TrainStatus
from strategies.world.observation import Request, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A member's Release as it is committed, and its Deployment as it is; None for what is not there, or is not known yet.

    `others` are the other trains that have it as a member; `requests` says that requests wait for its answer.
    """

    status: Status | None = None
    workload: Workload | None = None
    others: tuple[str, ...] = ()
    requests: bool = False

    @property
    def version(self) -> str | None:
        """The version of the Deployment's template."""
        return self.workload.template.version if self.workload else None

    @property
    def rejected(self) -> str | None:
        """Why the Deployment's template may not start, if it was rejected."""
        if self.status is None or self.workload is None or not self.workload.held:
            return None
        digest, generation = self.workload.template.digest, self.workload.generation
        found = [r for r in self.status.rejected if r.digest == digest or r.generation == generation]
        return (found[-1].message or "it was rejected") if found else None

    @property
    def moving(self) -> Trial | None:
        """The new revision that is on its way to the users."""
        trial = self.status.trial if self.status else None
        forward = trial is not None and trial.outcome is None and trial.kind in (Kind.RELEASE, Kind.UNPROTECTED)
        return trial if forward else None

    @property
    def busy(self) -> bool:
        """Whether something is under way that ends by itself. What a rejected template was to be replaced by is not."""
        status = self.status
        if status is None:
            return False
        restoring = status.restoring is not None and status.phase is not Phase.ROLLED_BACK
        return restoring or status.trial is not None or status.retiring is not None

    @property
    def available(self) -> bool:
        """Whether as many pods are available as the Deployment allows at rest."""
        workload = self.workload
        return workload is not None and workload.available >= workload.replicas - workload.max_unavailable

    def has(self, version: str) -> bool:
        """Whether users have this version, all of them, and nothing is under way but a restart of it."""
        status = self.status
        if status is None or status.stable is None or status.stable.version != version:
            return False
        if status.trial is not None:
            return status.trial.kind is Kind.RESTART
        return status.phase is Phase.HEALTHY and not self.busy

    @property
    def aboard(self) -> bool:
        """Whether the new revision waits for nothing but its train, as the Release itself says, or is on its way already."""
        return self.moving is not None or (self.status is not None and self.status.reason is Reason.IN_TRAIN)

    def has_before(self, before: Before) -> bool:
        """Whether users have this revision, and nothing is under way any more."""
        status = self.status
        if status is None:
            return True  # Who is gone has nothing to go back from.
        if status.stable is None or self.busy:
            return False
        return before.digest == status.stable.digest or before.hash == status.stable.hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What is wanted (spec; None when it is invalid, and `error` says why), what was committed, what was seen, and the time."""

    name: str
    spec: ReleaseTrainSpec | None
    status: TrainStatus
    seen: Mapping[str, Seen]
    generation: int
    now: datetime
    requests: tuple[Request, ...] = ()
    error: str = ""

    @property
    def phase(self) -> TrainPhase:
        """The committed phase."""
        return self.status.phase

    def of(self, member: MemberStatus) -> Seen:
        """What is seen of a member."""
        return self.seen.get(member.name, Seen())


def to(turn: Turn, phase: TrainPhase, reason: TrainReason, message: str, **changes: Any) -> TrainStatus:
    """The status in this phase; its time moves only with the phase."""
    since = turn.status.since if phase is turn.phase and turn.status.since else turn.now
    return turn.status.model_copy(update={"phase": phase, "reason": reason, "message": message[:1024], "since": since, **changes})
