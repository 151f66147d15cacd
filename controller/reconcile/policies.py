"""What ReleasePolicies ask of the releases of a namespace: when these are frozen, on the calendar of a time zone, what their
review must have found, and how many may be on their way at a time.

A rule is worked out once, and again when its answer is over; a policy that cannot be read freezes what it is for, because
nobody knows what it means.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrulestr
from pydantic import ValidationError

from controller.reconcile.cluster import Cluster
from strategies.analysis.verdict import Unknown
from strategies.review.contracts import Period, longest
from strategies.spec.metric_source import allows
from strategies.spec.policy import Concurrency, Freeze, ReleasePolicySpec
from strategies.world.observation import FOREVER, Frozen, Required

Object = dict[str, Any]
NOT_LISTED = Unknown(reason="NotListed", message="releasepolicies could not be listed yet; see the controller's log.")
_A_DAY, _A_YEAR = timedelta(days=1), timedelta(days=366)
_SOON = timedelta(hours=1)
"""How long an answer holds that has no end in sight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What is so of a version of a policy from one moment to another; the wall clock may be set back."""

    version: str
    frozen: Frozen | Unknown | None
    required: tuple[Required, ...]
    concurrency: Concurrency | None
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many releases may be on their way at a time, of which policy, where, and which namespaces it counts."""

    policy: str
    most: int
    where: str
    counts: Callable[[str], bool]


class Policies:
    """All ReleasePolicies. Safe to use from many threads."""

    def __init__(self, cluster: Cluster) -> None:
        """`cluster` has the view of the ReleasePolicies."""
        self._cluster = cluster
        self._lock = threading.Lock()
        self._known: dict[str, _Answer] = {}

    def frozen(self, namespace: str, now: datetime) -> Frozen | Unknown | None:
        """The freeze that lasts longest of those in force; Unknown where a policy cannot be understood, or was never listed."""
        policies = self._cluster.release_policies
        if not policies.synced:
            return NOT_LISTED
        found = [answer.frozen for answer in self._answers(namespace, now)]
        lasting = [each for each in found if isinstance(each, Frozen)]
        if lasting:
            return max(lasting, key=lambda each: each.until)
        return next((each for each in found if isinstance(each, Unknown)), None)

    def required(self, namespace: str, now: datetime) -> tuple[Required, ...]:
        """The requirements of those that can be understood: with another, nothing starts at all."""
        return tuple(each for answer in self._answers(namespace, now) for each in answer.required)

    def limits(self, namespace: str, now: datetime) -> tuple[Limit, ...]:
        """How many releases may be on their way at a time, where this namespace is among those that count."""
        found = []
        for policy in self._for(namespace):
            name, concurrency = str(policy["metadata"]["name"]), self._of(policy, now).concurrency
            if concurrency is not None and concurrency.per_namespace is not None:
                found.append(Limit(policy=name, most=concurrency.per_namespace, where=f"in namespace {namespace}",
                                   counts=lambda other: other == namespace))  # fmt: skip
            if concurrency is not None and concurrency.total is not None:
                found.append(Limit(policy=name, most=concurrency.total, where="in all of its namespaces",
                                   counts=partial(_is_for, policy)))  # fmt: skip
        return tuple(found)

    def _answers(self, namespace: str, now: datetime) -> list[_Answer]:
        return [self._of(each, now) for each in self._for(namespace)]

    def _for(self, namespace: str) -> list[Object]:
        policies = sorted(self._cluster.release_policies.list(), key=lambda policy: str(policy["metadata"]["name"]))
        return [each for each in policies if _is_for(each, namespace)]

    def _of(self, policy: Object, now: datetime) -> _Answer:
        name = policy["metadata"]["name"]
        version = f"{policy['metadata'].get('uid')} {policy['metadata'].get('resourceVersion')}"
        with self._lock:
            known = self._known.get(name)
        if known is None or known.version != version or not known.since <= now < known.until:
            known = _judged(name, version, policy.get("spec") or {}, now)
            with self._lock:
                self._known[name] = known
        return known


def _is_for(policy: Object, namespace: str) -> bool:
    patterns = (policy.get("spec") or {}).get("namespaces") or ["*"]
    return allows(tuple(map(str, patterns)), namespace)


def period(policies: Iterable[Object], namespace: str) -> Period | Unknown | None:
    """For how long what is deprecated in a namespace stays; Unknown where one of the policies for it cannot be understood."""
    specs = []
    for policy in (each for each in policies if _is_for(each, namespace)):
        name = str(policy["metadata"]["name"])
        try:
            specs.append((name, ReleasePolicySpec.model_validate(policy.get("spec") or {})))
        except ValidationError as error:
            return _not_understood(name, error)
    return longest(specs, namespace)


def problem(freeze: Freeze) -> tuple[str, str] | None:
    """What is wrong with a freeze that only a calendar can tell, by field; None when it can be worked out."""
    try:
        _, begins = window(freeze, datetime(2000, 1, 1, tzinfo=UTC))
        if begins is not None and window(freeze, begins)[0] == FOREVER:
            return "duration", ("it has no end within a year, as it begins again before it is over; make it shorter than the "
                                "time between two beginnings, or let the rule end with COUNT or UNTIL")  # fmt: skip
    except ZoneInfoNotFoundError:
        return "timeZone", f"there is no time zone {freeze.time_zone}"
    except (ValueError, TypeError, OverflowError) as error:
        return "rule" if freeze.rule else "start", f"it cannot be worked out: {error}"
    return None


def window(freeze: Freeze, now: datetime) -> tuple[datetime | None, datetime | None]:
    """When the freeze that is in force ends, None if none is; and when the next one begins, None if none does.

    One that begins again before it is over goes on. FOREVER is the end of one that does so for a year.
    Starts are by the clocks of the time zone, lengths are not: an hour that is repeated or left out changes no length.
    Raises ValueError for a rule or a date that is none, ZoneInfoNotFoundError for a zone.
    """
    zone = ZoneInfo(freeze.time_zone)
    first = datetime.fromisoformat(freeze.start)
    # A rule is of the wall clock; a day more than the length on both sides sees to every shift of it.
    local = now.astimezone(zone).replace(tzinfo=None)
    since, ahead = local - freeze.duration - _A_DAY, _A_DAY
    while True:
        starts = _beginnings(freeze.rule, first, since, local + ahead)
        moments = sorted(start.replace(tzinfo=zone).astimezone(UTC) for start in starts)
        end = None
        for begun in moments:
            if begun <= now < begun + freeze.duration or (end is not None and begun <= end):
                end = begun + freeze.duration
        if end is not None and end > now + _A_YEAR:
            end = FOREVER
        elif end is not None and end + _A_DAY > now + ahead:
            ahead = max(2 * ahead, end - now + _A_DAY)  # Whether it goes on is not known yet.
            continue
        return end, min((begun for begun in moments if begun > now), default=None)


def _beginnings(rule: str | None, first: datetime, since: datetime, until: datetime) -> list[datetime]:
    """All that a freeze has in this time, and the first one after it."""
    if rule is None:
        return [first]
    found = rrulestr(f"RRULE:{rule}", dtstart=first)
    later = found.after(until)
    return [*found.between(since, until, inc=True), *([later] if later is not None else [])]


def _judged(name: str, version: str, spec: Object, now: datetime) -> _Answer:
    """What is so of a policy now, and until when."""
    try:
        policy = ReleasePolicySpec.model_validate(spec)
        windows = [(freeze, *window(freeze, now)) for freeze in policy.freezes]
    except (ValidationError, ZoneInfoNotFoundError, ValueError, TypeError, OverflowError) as error:
        unknown = _not_understood(name, error)
        return _Answer(version=version, frozen=unknown, required=(), concurrency=None, since=now, until=now + _SOON)
    required = tuple(Required(policy=name, requirement=each) for each in policy.requirements)
    changes = [moment for _, end, begin in windows for moment in (end, begin) if moment is not None]
    until = min(changes, default=now + _SOON)
    in_force = [(end, freeze) for freeze, end, _ in windows if end is not None]
    frozen = None
    if in_force:
        end, freeze = max(in_force, key=lambda each: each[0])
        frozen = Frozen(policy=name, freeze=freeze.name, until=end, reason=freeze.reason or "")
    return _Answer(version=version, frozen=frozen, required=required, concurrency=policy.concurrency, since=now, until=until)


def _not_understood(name: str, error: Exception) -> Unknown:
    said = str(error).partition("\n")[0]
    message = f"ReleasePolicy {name} cannot be understood ({said}); tell whoever runs it, or see `releasectl lint`."
    return Unknown(reason="PolicyInvalid", message=message)
