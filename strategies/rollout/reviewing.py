"""What a review is told of a release that is about to start: everything about it that this turn has seen."""

from strategies.analysis.verdict import Unknown
from strategies.review.subject import Subject
from strategies.rollout import mirroring
from strategies.rollout.turn import Turn


def subject(turn: Turn) -> Subject:
    """The change that is waiting in the Deployment. Needs `workload` and `spec`."""
    workload, spec, seen = turn.workload, turn.spec, turn.observation
    assert workload is not None and spec is not None
    services = None if isinstance(seen.services, Unknown) else tuple(sorted(service.name for service in seen.services))
    return Subject(
        name=seen.name,
        spec=spec,
        old=seen.change.old if seen.change else None,
        new=seen.change.new if seen.change else None,
        old_version=turn.status.stable.version if turn.status.stable else None,
        new_version=workload.template.version,
        replicas=max(1, workload.replicas),
        recreate=workload.recreate,
        services=services,
        autoscaled=seen.autoscaled,
        history=turn.status.history,
        unmirrored=mirroring.problem(spec, seen.route),
    )
