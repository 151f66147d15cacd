"""What only all members of trains together can tell: that there is no order, and that a Release is a member twice."""

from collections.abc import Iterator, Sequence

from controller.cli.findings import Finding, Resource
from strategies.spec.train import ReleaseTrainSpec
from strategies.train.order import Cycle, stages

Train = tuple[Resource, ReleaseTrainSpec]
_HOW = "How trains are written: docs/trains.md."


def order(trains: Sequence[Train]) -> Iterator[Finding]:
    """What the controller would find, too, and start nothing for."""
    known: dict[tuple[str | None, str], Resource] = {}
    for resource, spec in trains:
        found = stages(spec)
        if isinstance(found, Cycle):
            yield resource.finding(("spec", "members", *_blamed(spec, found)), found.message, _HOW)
        for number, member in enumerate(spec.members):
            other = known.setdefault((resource.namespace, member.name), resource)
            if other is not resource:
                yield resource.finding(
                    ("spec", "members", number, "name"),
                    f"Release {member.name} is a member of ReleaseTrain {other.name}, too ({other.file}); each would order it",
                    "Take it out of one of them.",
                )


def _blamed(spec: ReleaseTrainSpec, cycle: Cycle) -> tuple[str | int, ...]:
    """The first dependsOn of the circle: without one, roles alone make none."""
    names = [member.name for member in spec.members]
    return next(((names.index(edge.later), "dependsOn", edge.number) for edge in cycle.edges if edge.number is not None), ())
