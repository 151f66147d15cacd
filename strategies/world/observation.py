"""What was seen of the world, as values. Every part can be Unknown; nothing here raises and nothing here decides.

Shares and counts are plain integers; times are timezone-aware.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from strategies.analysis.counts import Window
from strategies.analysis.feasibility import Traffic
from strategies.analysis.pods import PodHealth
from strategies.analysis.verdict import Sample, Unknown, Verdict
from strategies.spec.flag import FlagPlace
from strategies.spec.policy import Requirement
from strategies.spec.reason import Reason
from strategies.spec.release import RouteRef

FOREVER = datetime.max.replace(tzinfo=UTC)
"""The end of what has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateView:
    """A pod template: digest with quantities normalised and the hash label left out, and what a restart does not change."""

    digest: str
    restartless: str
    version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Glass:
    """Who has taken a Deployment out of our hands, and why; "" where it is not written there."""

    author: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The Deployment. `max_surge` and `max_unavailable` are pods, of its own strategy even while we drive."""

    name: str
    uid: str
    generation: int
    observed_generation: int
    replicas: int
    template: TemplateView
    paused: bool
    strategy: str
    recreate: bool
    max_surge: int
    max_unavailable: int
    history_limit: int
    held: bool
    driven: bool
    claimed_by: str | None
    changed_by: str | None
    updated: int
    ready: int
    available: int
    pods: int
    failure_shown: bool
    glass: Glass | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSet:
    """A ReplicaSet of the Deployment. `replicas` is wanted, `pods` is there; `current` says that its status is not old."""

    name: str
    uid: str
    hash: str
    template: TemplateView
    created: datetime
    replicas: int
    pods: int
    ready: int
    available: int
    current: bool
    ours: bool
    saturation_mark: bool
    deleting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A Service that selects the workload's pods. `pin` is the hash its selector names; `endpoints` ready ones by hash."""

    name: str
    pin: str | None
    endpoints: Mapping[str, int]
    foreign: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateService:
    """The Service `<service>-candidate` of Service `of`. `ours` is false for a foreign one of that name.

    `serving_since` is when this process first saw ready endpoints of what it selects; None counts as long ago.
    """

    name: str
    of: str
    ours: bool
    selects: str | None
    endpoints: Mapping[str, int]
    serving_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The router's object. `weight` is the candidate's share in percent, `mirror` the share of the requests of which it gets a
    copy, `as_owned` that nothing of ours is in it, `even` that all of its parts have both; where they differ it is the largest.

    `splits` says that it can give any share, and not only none and all,
    `problem` why it cannot be used, or that this could not be found out, `unmirrored` why its requests cannot be mirrored,
    `unsafe` by which of its parts requests come that may change something; `since` is when this process first saw the present
    weight and mirror.
    """

    service: str | None
    weight: int
    as_owned: bool
    accepted: bool
    since: datetime
    problem: str | Unknown | None = None
    even: bool = True
    mirror: int = 0
    splits: bool = True
    unmirrored: str | None = None
    unsafe: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request by annotation; `id` makes it one of a kind."""

    id: str
    key: str
    value: str
    author: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A gate's Job. `step` is the revision and step that it was made for; `ours` is false for a foreign one of that name, and for
    a migration's, whose name is then in `migrates`, and its undo, as JSON, in `undo`; `suspended`: it does not run yet.

    `ended` is Complete or Failed once it has, `why` and `reason` the word and the sentence for that, `at` when, or since when it
    runs; `log` is the last of what it wrote.
    """

    name: str
    uid: str
    gate: str
    step: str
    ours: bool
    ended: str | None
    why: str
    reason: str
    at: datetime
    log: str
    deleting: bool
    migrates: str = ""
    undo: str = field(default="", repr=False)
    suspended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A webhook's answer, and when it was asked. Inconclusive: it wants to be asked again."""

    verdict: Verdict
    message: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """In what the contracts that candidate and stable serve differ, each finding a sentence that begins with its path.

    `breaking` are the first of `breaks`, which are counted; so are `additions`, unless they are too many (None).
    """

    breaking: tuple[str, ...]
    breaks: int
    additions: int | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert that fires and names this Release, since when its Prometheus says so."""

    name: str
    summary: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A template that was kept for a later rollback."""

    name: str
    hash: str
    version: str | None
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A freeze in force: of which policy, which of its freezes, until when at the latest (FOREVER: its end is not in sight), and
    why ("" for no reason given).
    """

    policy: str
    freeze: str
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """That a release has to wait for others: until there is room for it, or for a train, which is named; why, for people."""

    message: str
    reason: Reason = Reason.QUEUED
    train: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Required:
    """A requirement that is for this release, and of which policy."""

    policy: str
    requirement: Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagSeen:
    """A flag as it is. `variant` is its default, None where there is no such flag that could be on; `problem` is why it cannot
    be switched.
    """

    variant: str | None
    variants: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateChange:
    """Stable's pod template and the one that waits, quantities normalised, the hash label left out."""

    old: Mapping[str, Any]
    new: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One look at the world.

    `workload` and `route` are None when they do not exist (or no route is named); `hold` says whether the admission policies
    work; `failing` names the effects that failed last time, with the error; `pins_since` is when this process first saw the
    present pins, `watched_since` when it first looked at this release, `told` the last answers of webhooks and comparisons of
    contracts, by idempotency key, `traffic` stable's requests before users met the candidate, by gate,
    `split_route` a route that is split for us although the status names another, or none, `change` both templates while one
    waits that is on no trial, `frozen` the freeze that it has to wait for, `required` what its review must have found,
    `queued` that it is not its turn, `flags` those that this release switches, or may.
    """

    name: str
    namespace: str
    uid: str
    generation: int
    deleting: bool
    finalizer: bool
    workload: Workload | Unknown | None
    spec_error: str | None = None
    hold: bool | Unknown = field(default=Unknown(reason="NotLooked", message="not looked yet"))
    replica_sets: tuple[ReplicaSet, ...] | Unknown = ()
    services: tuple[Service, ...] | Unknown = ()
    candidate_service: CandidateService | Unknown | None = None
    route: Route | Unknown | None = None
    pods: tuple[PodHealth, ...] | Unknown = ()
    samples: Mapping[str, tuple[Sample | Unknown, ...]] = field(default_factory=dict)
    windows: Mapping[str, tuple[Window | Unknown, ...]] = field(default_factory=dict)
    jobs: tuple[Job, ...] | Unknown = ()
    told: Mapping[str, Told | Differing | Unknown] = field(default_factory=dict)
    traffic: Mapping[str, Traffic | Unknown] = field(default_factory=dict)
    alerts: tuple[Alert, ...] = ()
    gate_problems: Mapping[str, str] = field(default_factory=dict)
    migration_problems: Mapping[str, str] = field(default_factory=dict)
    requests: tuple[Request, ...] = ()
    kept: tuple[Kept, ...] | Unknown = ()
    change: TemplateChange | None = None
    frozen: Frozen | Unknown | None = None
    required: tuple[Required, ...] = ()
    queued: Queued | Unknown | None = None
    flags: Mapping[FlagPlace, FlagSeen | Unknown] = field(default_factory=dict)
    autoscaled: bool = False
    failing: Mapping[str, str] = field(default_factory=dict)
    pins_since: datetime | None = None
    watched_since: datetime | None = None
    split_route: RouteRef | None = None
