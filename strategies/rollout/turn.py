"""One turn's input, and the questions that the checks ask of it.

A Turn is a value; its properties only look. Nothing here decides, and nothing here reads a clock.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from strategies.analysis.verdict import Unknown, Verdict
from strategies.rollout.plan import RETURN, WAY_BACK, PlannedStep, plan, taken
from strategies.spec.phase import Phase
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Evidence, Outcome, Revision, Status, Trial
from strategies.world.observation import Observation, ReplicaSet, Workload

NO_PODS_PATIENCE = timedelta(seconds=60)
"""How long stable may be without a ready pod before it is taken for lost: longer than a node's restart of a pod."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What is wanted (spec), what was committed (status), what was seen (observation), and the time.

    `gates` is the evidence of the present step with this turn's samples folded in, the pods' own health among it.
    """

    spec: ReleaseSpec | None
    status: Status
    observation: Observation
    now: datetime
    gates: tuple[Evidence, ...] = ()

    @cached_property
    def workload(self) -> Workload | None:
        """The Deployment, if it was seen."""
        seen = self.observation.workload
        return seen if isinstance(seen, Workload) else None

    @cached_property
    def trial(self) -> Trial | None:
        """The trial in flight."""
        return self.status.trial

    @property
    def undoing(self) -> bool:
        """Whether a trial is being undone."""
        return self.trial is not None and self.trial.outcome is not None

    @property
    def moving(self) -> bool:
        """Whether a trial goes forward."""
        return self.trial is not None and self.trial.outcome is None

    @cached_property
    def replica_sets(self) -> dict[str, ReplicaSet]:
        """The ReplicaSets by name; empty when they could not be seen (ask `seen` first)."""
        seen = self.observation.replica_sets
        return {} if isinstance(seen, Unknown) else {r.name: r for r in seen}

    @property
    def unseen(self) -> str | None:
        """What could not be seen and is needed while something is in flight, as a sentence; None when all was."""
        seen = self.observation
        parts = (seen.candidate_service, seen.route)
        return self.unseen_pods or next((part.message for part in parts if isinstance(part, Unknown)), None)

    @property
    def unseen_pods(self) -> str | None:
        """The same without the route: a way back must not wait for a router that cannot be read."""
        seen = self.observation
        parts = (seen.workload, seen.replica_sets, seen.services)
        return next((part.message for part in parts if isinstance(part, Unknown)), None)

    def replica_set(self, revision: Revision | None) -> ReplicaSet | None:
        """The ReplicaSet of a revision, if it is there."""
        return self.replica_sets.get(revision.replica_set) if revision else None

    @cached_property
    def stable(self) -> ReplicaSet | None:
        """Stable's ReplicaSet."""
        return self.replica_set(self.status.stable)

    @cached_property
    def candidate(self) -> ReplicaSet | None:
        """The candidate's ReplicaSet."""
        return self.replica_set(self.trial.candidate) if self.trial else None

    @cached_property
    def retiring(self) -> ReplicaSet | None:
        """The ReplicaSet of the revision that a completed release has replaced."""
        return self.replica_set(self.status.retiring)

    @cached_property
    def plan(self) -> tuple[PlannedStep, ...]:
        """The trial's steps for the present number of replicas; empty without a trial."""
        if self.trial is None or self.spec is None or self.workload is None:
            return ()
        spec = taken(self.spec, self.trial.strategy)
        return plan(spec, self.trial.kind, max(1, self.workload.replicas), routed=self.routed)

    @property
    def step(self) -> PlannedStep | None:
        """The present step; the last one when the plan has become shorter."""
        if self.trial is None or not self.plan:
            return None
        return self.plan[min(self.trial.step.index, len(self.plan) - 1)]

    @property
    def mirrored(self) -> bool:
        """Whether the trial is where users have none of the candidate's answers, and it has copies of their requests."""
        return self.trial is not None and self.trial.step.mirror > 0

    @property
    def back_until(self) -> datetime | None:
        """Until when a rehearsal's traffic must be back; None when none is on its way. Time when nobody looked is not counted."""
        trial, step, watched = self.trial, self.step, self.observation.watched_since
        if trial is None or step is None or not self.moving or step.name != RETURN or trial.step.since is not None:
            return None
        return max(trial.step.entered, watched or trial.step.entered) + WAY_BACK

    @property
    def is_last_step(self) -> bool:
        """Whether nothing comes after the present step but completion."""
        return self.trial is not None and self.trial.step.index >= len(self.plan) - 1

    @property
    def exchanged(self) -> bool:
        """Whether the last trial to end went out in batches; asked while the former revision is wound up."""
        if not self.status.history or self.spec is None or self.workload is None:
            return False
        last = self.status.history[-1]
        steps = plan(taken(self.spec, last.strategy), last.kind, max(1, self.workload.replicas), routed=self.routed)
        return steps[-1].exchange

    @property
    def routed(self) -> bool:
        """Whether a router splits the traffic; fixed for a release when it begins."""
        if self.status.wheel is not None:
            return self.status.wheel.route is not None
        return self.spec is not None and self.spec.traffic.route is not None

    def holds_template_of(self, revision: Revision | None) -> bool:
        """Whether the Deployment's template is this revision's.

        The live ReplicaSet is compared first; the digest kept in status serves where the ReplicaSet is not seen. The
        same generation means the same template whatever the digest says: a newer API server may default new fields.
        """
        if revision is None or self.workload is None:
            return False
        replica_set = self.replica_set(revision)
        if replica_set is not None and replica_set.template.digest == self.workload.template.digest:
            return True
        return revision.digest == self.workload.template.digest or revision.generation == self.workload.generation

    @property
    def rejected(self) -> bool:
        """Whether the Deployment's template was rejected and may not start again."""
        if self.workload is None:
            return False
        return any(
            r.digest == self.workload.template.digest or r.generation == self.workload.generation for r in self.status.rejected
        )

    @property
    def exempt(self) -> bool:
        """Whether a person has let the Deployment's template start in spite of policies."""
        exempt, workload = self.status.exempt, self.workload
        if exempt is None or workload is None:
            return False
        return exempt.digest == workload.template.digest or exempt.generation == workload.generation

    def evidence(self, verdict: Verdict) -> tuple[Evidence, ...]:
        """The gates with this verdict."""
        return tuple(e for e in self.gates if e.verdict is verdict)

    def unanswered_since(self, evidence: Evidence) -> datetime | None:
        """Since when a gate has been asked in vain, as far as its patience goes: not while nobody was there to ask."""
        watched, since = self.observation.watched_since, evidence.inconclusive_since
        return since if since is None or watched is None else max(since, watched)

    @property
    def phase(self) -> Phase:
        """The committed phase."""
        return self.status.phase

    @property
    def outcome(self) -> Outcome | None:
        """How the trial is about to end."""
        return self.trial.outcome if self.trial else None
