"""What a change means for others: what breaks, who would notice, and how long the way back takes."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from strategies.review.contracts import broken
from strategies.review.difference import Area, Difference
from strategies.review.subject import Case, Subject
from strategies.rollout.plan import WAY_BACK, Exposure, PlannedStep
from strategies.spec.base import format_duration
from strategies.spec.change import Migration
from strategies.spec.release import StrategyType
from strategies.spec.review import LONGEST, MOST_SERVICES, Answer, BlastRadius, Reversibility, WayBack


def migrations(subject: Subject) -> tuple[Migration, ...]:
    """The declared ones."""
    return subject.spec.change.migrations if subject.spec.change else ()


def breaking(subject: Subject, found: tuple[Difference, ...] | None) -> tuple[str, ...]:
    """What those who use the old version would miss: ports, what a contract promised, data that it can work with."""
    locked = [m.name for m in migrations(subject) if not m.backward_compatible]
    lost = (f"after migration {name} the old version does not work" for name in locked)
    return (*ports_gone(found), *broken(subject.contracts), *lost)


def ports_gone(found: tuple[Difference, ...] | None) -> tuple[str, ...]:
    """The ports that containers no longer name, in words."""
    return tuple(f"port {port} is gone" for difference in found or () for port in _ports_gone(difference))


def _ports_gone(difference: Difference) -> Iterator[str]:
    if difference.old is None or difference.new is not None:
        return
    if difference.area is Area.PORTS:
        yield from _spelled([difference.old])
    elif len(difference.path) > 1 and difference.path[-2] == "containers" and isinstance(difference.old, dict):
        yield from _spelled(difference.old.get("ports"))


def _spelled(ports: Any) -> Iterator[str]:
    for port in ports if isinstance(ports, list) else ():
        if isinstance(port, dict):
            yield f"{port.get('name') or port.get('containerPort')}"[:63]


def blast_radius(case: Case) -> BlastRadius:
    """Users by share of the traffic and pods, Services by name."""
    subject = case.subject
    shown = [step for step in case.steps if step.exposure is not Exposure.NONE]
    first = shown[0]
    pods = subject.replicas if first.exchange or first.exposure is Exposure.ALL else subject.replicas + first.candidate
    weights = list(dict.fromkeys(step.weight for step in shown))
    before = "none at first, while requests are mirrored; then " if any(step.mirror for step in case.steps) else ""
    later = f", then {', '.join(f'{weight}%' for weight in weights[1:6])}" if len(weights) > 1 else ""
    more = " …" if len(weights) > 6 else ""
    scaled = "; an autoscaler may change the number of pods" if subject.autoscaled else ""
    at_first = "" if before else " at first"
    users = f"{before}{first.weight}% of the traffic{at_first} ({first.candidate} of {pods} pods){later}{more}{scaled}"
    services = subject.services or ()
    if len(services) > MOST_SERVICES:
        services = (*services[: MOST_SERVICES - 1], f"{len(services) - MOST_SERVICES + 1} more")
    return BlastRadius(users=users[:LONGEST], services=services, services_known=subject.services is not None)


def way_back(case: Case) -> WayBack:
    """How long it takes to undo the release, migrations among it."""
    lost = [m.name for m in migrations(case.subject) if not m.reversible]
    first = [m.name for m in migrations(case.subject) if not m.backward_compatible]
    if lost:
        message = f"Migration {', '.join(lost)} cannot be undone: the old version comes back, its data does not."
        return _way(Reversibility.IMPOSSIBLE, Answer.NO, message)
    if first:
        message = f"Migration {', '.join(first)} must be undone before the old version works; how long that takes is not known."
        return _way(Reversibility.HOURS, Answer.UNKNOWN, message)
    if case.strategy is StrategyType.ROLLING:
        return _way(Reversibility.MINUTES, Answer.UNKNOWN,
                    "The former pods have to start again, in batches; how long they take is not known.")  # fmt: skip
    warm = warm_for(case.steps)
    if not warm:
        return _way(Reversibility.MINUTES, Answer.UNKNOWN,
                    "Nothing stays warm after promotion, so the former pods have to start again; how long they take is not "
                    "known. Set spec.rollback.warm.for.")  # fmt: skip
    after = f"Stable stays at full size until {format_duration(warm)} after promotion; later, its pods have to start again."
    return _way(Reversibility.INSTANT, Answer.YES if warm >= WAY_BACK else Answer.UNKNOWN, after)


def warm_for(steps: tuple[PlannedStep, ...]) -> timedelta:
    """How long the old version stays at full size after the candidate got all traffic."""
    return steps[-1].duration if steps[-1].name == "Bake" else timedelta()


def _way(reversibility: Reversibility, under: Answer, message: str) -> WayBack:
    return WayBack(reversibility=reversibility, under_five_minutes=under, message=message[:LONGEST])
