"""The order of a train: who goes before whom, and why that is no order where it is none.

An edge says that one member goes after another; roles and `dependsOn` make them. A cycle is what "these must go out at the same
time" looks like: no two releases ever do, so it is refused, with the way out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from strategies.spec.train import ReleaseTrainSpec, Role, TrainMember

_AFTER = {
    Role.CONSUMER: frozenset[Role](),
    Role.PRODUCER: frozenset({Role.CONSUMER}),
    Role.REMOVAL: frozenset({Role.CONSUMER, Role.PRODUCER}),
}
"""Role → the roles that go before it."""
_RULE = {
    Role.PRODUCER: "Producers go after Consumers, who must understand what is sent",
    Role.REMOVAL: "a Removal goes last, when nobody sends the old any more",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """`later` goes after `earlier`, because `why`; `number` is the place of `dependsOn` that says so, None for a role."""

    earlier: str
    later: str
    why: str
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """There is no order: each of these goes after the one before it, and the first after the last."""

    edges: tuple[Edge, ...]

    @property
    def message(self) -> str:
        """The whole circle, and what to do."""
        steps = "; ".join(f"{edge.later} goes after {edge.earlier} ({edge.why})" for edge in self.edges)
        return (
            f"there is no order in which these could go: {steps}. They would have to go out at the same time, which no "
            "two releases do: until the last pod of both is there, old and new meet. Take one of the dependsOn out; if each "
            "needs the other's new version, split the change: first a train in which each accepts old and new (Consumer), then "
            "one in which they send the new (Producer)."
        )


def stages(spec: ReleaseTrainSpec) -> tuple[tuple[TrainMember, ...], ...] | Cycle:
    """The members by stage, first to last, each as early as it can go; members of a stage in the order of the spec."""
    edges = tuple(_edges(spec))
    before = {member.name: {e.earlier for e in edges if e.later == member.name} for member in spec.members}
    found: list[tuple[TrainMember, ...]] = []
    placed: set[str] = set()
    while len(placed) < len(spec.members):
        ready = tuple(m for m in spec.members if m.name not in placed and before[m.name] <= placed)
        if not ready:
            return _cycle(edges, {m.name for m in spec.members} - placed)
        found.append(ready)
        placed |= {member.name for member in ready}
    return tuple(found)


def _edges(spec: ReleaseTrainSpec) -> Iterator[Edge]:
    for member in spec.members:
        for number, name in enumerate(member.depends_on):
            yield Edge(earlier=name, later=member.name, why=f"its dependsOn names {name}", number=number)
        if member.role is None:
            continue
        for other in spec.members:
            if other.role in _AFTER[member.role] and other.name not in member.depends_on:
                yield Edge(earlier=other.name, later=member.name, why=_RULE[member.role])


def _cycle(edges: tuple[Edge, ...], left: set[str]) -> Cycle:
    """A circle among those that are left: each of them has somebody before it who is left, too, so walking back meets itself."""
    way: list[Edge] = []
    here = min(left)
    while True:
        edge = min((e for e in edges if e.later == here and e.earlier in left), key=lambda e: (e.earlier, e.why))
        met = next((i for i, each in enumerate(way) if each.later == here), None)
        if met is not None:
            return Cycle(edges=tuple(way[met:]))
        way.append(edge)
        here = edge.earlier
