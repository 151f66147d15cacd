"""What the train asks of its members, by the requests that people have: each is committed before it is written, and asked once.

A request is asked anew only where another one has come between; what a member refuses stands in its sentence.
"""

from collections.abc import Callable
from dataclasses import dataclass

from strategies.spec.train_status import Asked, MemberState, MemberStatus, TrainPhase
from strategies.train.turn import Seen, Turn

Request = tuple[str, str]
"""Key and value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request to be written on a member's Release."""

    member: str
    key: str
    value: str
    by: str


def asked(turn: Turn, members: tuple[MemberStatus, ...]) -> tuple[MemberStatus, ...]:
    """The members with what is to be asked of each now."""
    return tuple(_asked(turn, member) for member in members)


def asks(turn: Turn, members: tuple[MemberStatus, ...]) -> tuple[Ask, ...]:
    """What is still to be written. While other requests wait for a member's answer nothing is: no person's is overwritten."""
    return tuple(
        Ask(member=member.name, key=member.asked.key, value=member.asked.value, by=member.asked.by)
        for member in members
        if member.asked is not None and not member.asked.answered and turn.of(member).status and not turn.of(member).requests
    )


def _asked(turn: Turn, member: MemberStatus) -> MemberStatus:
    seen = turn.of(member)
    wanted = _WANTED.get(turn.phase, _retry)(turn, member, seen)
    if wanted is None or (member.asked is not None and member.asked.key == wanted[0]):
        return member
    by = f"ReleaseTrain {turn.name}, turn {turn.status.turn + 1}"
    # A former train of this name may have asked the same in a turn of the same number.
    after = seen.status.requests[-1].id if seen.status and seen.status.requests else ""
    return member.model_copy(update={"asked": Asked(key=wanted[0], value=wanted[1], by=by, after=after)})


def _back(turn: Turn, member: MemberStatus, seen: Seen) -> Request | None:
    """One that is on its way is aborted; one that has arrived goes back to what its users had before the run."""
    if member.state is not MemberState.ROLLING_BACK or member.before is None or seen.status is None:
        return None
    if seen.moving is not None:
        return "abort", turn.status.message
    if seen.busy or seen.has_before(member.before):
        return None
    return "rollback", f"revision:{member.before.hash}"


def _pause(_: Turn, member: MemberStatus, seen: Seen) -> Request | None:
    """Once for each pause of the train: who lets a member go on by hand meanwhile has his way."""
    begun = member.state is MemberState.PROGRESSING and seen.moving and seen.status and not seen.status.paused
    return ("pause", "the train is paused") if begun else None


def _resume(_: Turn, member: MemberStatus, seen: Seen) -> Request | None:
    """Only those that the train has paused."""
    paused = member.asked is not None and member.asked.key == "pause" and seen.moving and seen.status and seen.status.paused
    return ("resume", "true") if paused else None


def _retry(turn: Turn, member: MemberStatus, seen: Seen) -> Request | None:
    """A person has asked the train to try again: those whose template was rejected are told so. They wait for the train."""
    wanted = turn.status.retry and seen.rejected and seen.version == member.version
    return ("retry", "true") if wanted and not seen.busy else None


_WANTED: dict[TrainPhase, Callable[[Turn, MemberStatus, Seen], Request | None]] = {
    TrainPhase.ROLLING_BACK: _back,
    TrainPhase.PAUSED: _pause,
    TrainPhase.PROGRESSING: _resume,
    TrainPhase.VERIFYING: lambda _turn, _member, _seen: None,
}
"""By phase; at rest, members may be told to try again."""
