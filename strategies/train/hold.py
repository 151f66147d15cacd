"""Whether a member may begin, as its Release asks it, and if not: which member of which train it is, and what would let it go."""

from collections.abc import Sequence
from dataclasses import dataclass

from strategies.spec.train_status import MemberState, TrainPhase, TrainStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """A train that has the Release as a member, and what is committed of it."""

    name: str
    status: TrainStatus


def left_behind(train: str) -> str:
    """Why a change whose train was deleted does not start."""
    return (
        f"ReleaseTrain {train}, for which the change waited, is gone. Make a train that has the Release, or let the change go by "
        "itself: retry=true."
    )


def held_back(release: str, version: str | None, trains: Sequence[Ordering]) -> str | None:
    """Why this version of the Release may not begin now; None where its one train has let it go, or no train has it."""
    if not trains:
        return None
    if len(trains) > 1:
        names = " and ".join(each.name for each in trains)
        return f"Release {release} is a member of ReleaseTrain {names}: take it out of one of them, because each would order it."
    (train,) = trains
    member = next((m for m in train.status.members if m.name == release), None)
    if member is None:
        return f"Member {release} of ReleaseTrain {train.name} waits: the train has not looked at it yet."
    if version != member.version:
        return (
            f"ReleaseTrain {train.name} is for version {member.version} of {release}, and the Deployment has "
            f"{version or 'none that can be read'}: write that into spec.members of the train, or take the member out of it. "
            "Rollbacks are free."
        )
    if train.status.phase is TrainPhase.PROGRESSING and member.state is MemberState.PROGRESSING:
        return None
    flies = train.status.phase is TrainPhase.PROGRESSING and member.state is MemberState.WAITING
    return (f"Member {release} (stage {member.stage}) of ReleaseTrain {train.name} waits; the train is {train.status.phase}. "
            f"{member.message if flies else train.status.message}")  # fmt: skip
