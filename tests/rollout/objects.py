"""The objects of the model world, and what Kubernetes' own controllers do with them.

Only what the conformance suite has shown of the real ones belongs here; nothing of ours is decided here.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from strategies.analysis.verdict import Sample, Unknown, window_key
from strategies.spec.flag import FlagPlace
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Revision
from strategies.world.effects import CreateJob, DeleteJob, FlagOff, FlagOn, ResumeJob, RunMigration
from strategies.world.observation import FlagSeen, Glass, Job, TemplateChange, TemplateView

START = datetime(2026, 1, 1, tzinfo=UTC)
_JOB_TAKES = timedelta(seconds=2)
ROLLING = '{"type": "RollingUpdate"}'


class Refused(Exception):
    """What the API answers to a write whose test fails."""


def view(template: str) -> TemplateView:
    """A template is a word; what stands behind a + is its restart. `v2+1` is v2, restarted once."""
    plain = template.partition("+")[0]
    return TemplateView(digest=f"digest of {template}", restartless=f"digest of {plain}", version=f"{plain[1:]}.0.0")


@dataclass(kw_only=True)
class Deployment:
    """The Deployment. `strategy` is its own; while `driven`, Recreate stands in its place."""

    uid: str = "deployment-1"
    generation: int = 1
    observed: int = 1
    replicas: int
    template: str = "v1"
    paused: bool = False
    strategy: str = ROLLING
    surge: int = 1
    unavailable: int = 1
    history: int = 10
    held: bool = False
    driven: bool = False
    claimed_by: str | None = None
    changed_by: str | None = None
    glass: Glass | None = None
    failure_shown: bool = False

    @property
    def recreate(self) -> bool:
        """Whether Recreate stands in the spec now."""
        return self.driven or "Recreate" in self.strategy


@dataclass(kw_only=True)
class Set:
    """A ReplicaSet; `births` are its pods, `seen` the replicas that its status is about."""

    name: str
    uid: str
    hash: str
    template: str
    created: datetime
    replicas: int = 0
    births: list[datetime] = field(default_factory=list)
    seen: int = 0
    mark: bool = False
    deleting: bool = False


@dataclass(kw_only=True)
class Selecting:
    """A Service: a pin, and the endpoints as the last look of Kubernetes left them."""

    pin: str | None = None
    endpoints: dict[str, int] = field(default_factory=dict)
    foreign: int = 0


@dataclass(kw_only=True)
class Splitting:
    """A route: the candidate's share, None as its owner wrote it, and the share of the requests that are mirrored to it.

    `silent`: its gateway accepts nothing more.
    """

    weight: int | None = None
    mirror: int = 0
    splits: bool = True
    unmirrored: str | None = None
    unsafe: str | None = None
    accepted: bool = True
    since: datetime = START
    problem: str | Unknown | None = None
    even: bool = True
    silent: bool = False


@dataclass(kw_only=True)
class Kubernetes:
    """The objects of one namespace, the clock, and how pods behave: ready after a while, never if their template is broken.

    `flags` has the default of each; `ends` is how each gate's Job ends (Complete or Failed, and why; None: never) two seconds
    after it was made.
    """

    deployment: Deployment | None
    spec: ReleaseSpec
    sets: dict[str, Set] = field(default_factory=dict)
    services: dict[str, Selecting] = field(default_factory=lambda: {"shop": Selecting()})
    candidate_service: Selecting | None = None
    route: Splitting | None = None
    jobs: dict[str, Job] = field(default_factory=dict)
    ends: dict[str, tuple[str, str] | None] = field(default_factory=dict)
    flags: dict[str, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    ready_after: timedelta = timedelta(seconds=3)
    now: datetime = START
    made: int = 0
    templates: dict[str, Any] = field(default_factory=dict)

    def change(self, stable: Revision | None) -> TemplateChange | None:
        """Both templates while another one than stable's waits, where the test says in `templates` what is in them."""
        d, found = self.deployment, self.sets.get(stable.replica_set) if stable else None
        if d is None or found is None or found.template == d.template:
            return None
        old, new = self.templates.get(found.template), self.templates.get(d.template)
        return TemplateChange(old=old, new=new) if old and new else None

    def flag(self, place: FlagPlace) -> FlagSeen:
        """A flag, wherever the spec looks for it."""
        if place.flag not in self.flags:
            return FlagSeen(variant=None, problem="there is no such flag")
        return FlagSeen(variant=self.flags[place.flag], variants=("on", "off", "half"))

    def _do_FlagOn(self, effect: FlagOn | FlagOff) -> None:
        if self.flags.get(effect.place.flag) != effect.old:
            raise Refused("another default")
        self.flags[effect.place.flag] = effect.new

    def _do_FlagOff(self, effect: FlagOff) -> None:
        self._do_FlagOn(effect)

    def ready(self, found: Set) -> int:
        """Ready pods of a ReplicaSet."""
        if found.template in self.broken:
            return 0
        return sum(self.now - birth >= self.ready_after for birth in found.births)

    def _do_CreateJob(self, effect: CreateJob) -> None:
        """A Job begins, unless one of its name is there."""
        job = Job(name=effect.name, uid=f"uid of {effect.name}", gate=effect.gate, step=effect.step, ours=True,
                  ended=None, why="", reason="", at=self.now, log="", deleting=False)  # fmt: skip
        self.jobs.setdefault(effect.name, job)

    def _do_RunMigration(self, effect: RunMigration) -> None:
        """The same of a migration; the end of its undo is looked for under another name."""
        self._do_CreateJob(effect)
        which = f"undo {effect.gate}" if effect.name.endswith("-undo") else effect.gate
        made = replace(self.jobs[effect.name], ours=False, migrates=effect.gate, gate=which, undo=effect.undo,
                       suspended=True)  # fmt: skip
        self.jobs[effect.name] = made

    def _do_ResumeJob(self, effect: ResumeJob) -> None:
        job = self.jobs.get(effect.name)
        if job is None or job.uid != effect.uid or not job.suspended:
            raise Refused("gone, or another one, or it runs")
        self.jobs[effect.name] = replace(job, suspended=False, at=self.now)

    def _do_DeleteJob(self, effect: DeleteJob) -> None:
        if effect.name not in self.jobs or self.jobs[effect.name].uid != effect.uid:
            raise Refused("gone or another one")
        del self.jobs[effect.name]

    def seen_jobs(self) -> tuple[Job, ...]:
        """The Jobs as they are now."""
        return tuple(map(self._job, self.jobs.values()))

    def _job(self, job: Job) -> Job:
        if job.suspended:
            return job
        end, due = self.ends.get(job.gate, ("Complete", "")), job.at + _JOB_TAKES
        return replace(job, ended=end[0], why=end[1], at=due) if end is not None and self.now >= due else job

    def ending(self) -> list[datetime]:
        """When Jobs end."""
        return [job.at + _JOB_TAKES for job in self.jobs.values() if self.ends.get(job.gate, True)]

    def act(self) -> None:
        """Every controller of Kubernetes runs until it is satisfied."""
        for name in [s.name for s in self.sets.values() if s.deleting or self.deployment is None]:
            del self.sets[name]
        if self.deployment is not None:
            self._deployment_controller(self.deployment)
        for found in self.sets.values():
            found.births.sort()
            while len(found.births) < found.replicas:
                found.births.append(self.now)
            while len(found.births) > found.replicas:
                found.births.pop()
            found.seen = found.replicas
        for service in [*self.services.values(), *filter(None, [self.candidate_service])]:
            matching = [s for s in self.sets.values() if service.pin in (None, s.hash)]
            service.endpoints = {s.hash: self.ready(s) for s in matching if self.ready(s)}
        if self.route is not None:
            self.route.accepted |= not self.route.silent

    def new_set(self, name: str, hash_: str, template: str) -> Set:
        """A ReplicaSet without pods."""
        self.made += 1
        created = self.now + timedelta(microseconds=self.made)
        self.sets[name] = Set(name=name, uid=f"uid-{self.made}", hash=hash_, template=template, created=created)
        return self.sets[name]

    def _deployment_controller(self, deployment: Deployment) -> None:
        deployment.observed = deployment.generation
        by_age = sorted(self.sets.values(), key=lambda s: s.created)
        new = next((s for s in by_age if s.template == deployment.template), None)
        active = [s for s in by_age if s.replicas]
        if not deployment.paused:
            deployment.failure_shown = False
            self._roll_out(deployment, new)
        elif len(active) <= 1:
            target = active[0] if active else new or (by_age[-1] if by_age else None)
            if target is not None and target.replicas != deployment.replicas:
                target.replicas, target.mark = deployment.replicas, True
        elif new is not None and new.mark and new.replicas == deployment.replicas == self.ready(new):
            for other in active:
                other.replicas = other.replicas if other is new else 0
        else:
            ours = deployment.claimed_by is not None
            assert deployment.recreate or not ours, "Kubernetes would scale both ReplicaSets in proportion"

    def _roll_out(self, deployment: Deployment, new: Set | None) -> None:
        hash_ = f"k{deployment.template.replace('+', 'r')}"
        new = new or self.new_set(f"shop-{hash_}", hash_, deployment.template)
        for other in self.sets.values():
            other.replicas = other.replicas if other is new else 0
        if new.replicas != deployment.replicas:
            new.replicas, new.mark = deployment.replicas, True

    def next_ready(self) -> datetime | None:
        """When the next pod becomes ready."""
        born = [b for s in self.sets.values() if s.template not in self.broken for b in s.births]
        return min((b + self.ready_after for b in born if b + self.ready_after > self.now), default=None)


def sample(value: float | None, at: datetime) -> Sample | Unknown:
    """A gate's answer; None is a source that cannot be reached."""
    if value is None:
        return Unknown(reason="Unreachable", message="Prometheus cannot be reached")
    return Sample(value=value, at=at, key=window_key(at))
