"""What becomes of each member by itself: its state follows from what was committed of it and from what its Release has committed.

Whether the train goes on, or back, is decided in strategies.train.checks.
"""

from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Kind, Outcome
from strategies.spec.train import ReleaseTrainSpec, TrainMember
from strategies.spec.train_status import FORWARD, Before, MemberState, MemberStatus, TrainPhase
from strategies.train.order import Cycle, stages
from strategies.train.turn import Seen, Turn

_NO_VERDICT = frozenset({Outcome.SUPERSEDED, Outcome.REVERTED, Outcome.SCALED_TO_ZERO})
"""Endings of a trial that say nothing against the revision: its template was taken away, or its replicas."""
_OURS = frozenset({Kind.RELEASE, Kind.UNPROTECTED})
"""Kinds of trial with which a train goes; restarts and rollbacks are free."""
_TELLS = frozenset({Phase.BLOCKED, Phase.PAUSED, Phase.AWAITING_APPROVAL, Phase.WAITING, Phase.INVALID, Phase.WORKLOAD_MISSING})
"""Phases of a Release in which it waits for somebody: what it says is said of the member, too."""
_THERE = "Its users have version {version}."


def folded(turn: Turn) -> tuple[MemberStatus, ...]:
    """The members with what was seen since the last turn. In flight the list is the run's; otherwise it is the spec's."""
    return tuple(_folded(turn, answered(member, turn.of(member))) for member in turn.status.members)


def listed(turn: Turn, spec: ReleaseTrainSpec, *, fresh: bool) -> tuple[MemberStatus, ...]:
    """The members as the spec has them, stage by stage. What the last run knew of one is kept, but not into a `fresh` run.

    One that is none of a Cycle has stage 0: nobody goes anywhere.
    """
    found = stages(spec)
    placed = ((0, m) for m in spec.members) if isinstance(found, Cycle) else ((i, m) for i, s in enumerate(found) for m in s)
    known = {member.name: member for member in turn.status.members}
    return tuple(_listed(turn, number, member, None if fresh else known.get(member.name)) for number, member in placed)


def _listed(turn: Turn, stage: int, member: TrainMember, known: MemberStatus | None) -> MemberStatus:
    seen = turn.seen.get(member.name, Seen())
    state = MemberState.COMPLETED if seen.has(member.version) else MemberState.WAITING
    fresh = MemberStatus(name=member.name, version=member.version, stage=stage, role=member.role, state=state)
    if known is not None:
        fresh = fresh.model_copy(update={"before": known.before, "asked": known.asked, "attempts": known.attempts})
        if known.version == member.version and known.state in (MemberState.FAILED, MemberState.ROLLED_BACK) and not seen.busy:
            fresh = fresh.model_copy(update={"state": known.state} if state is MemberState.WAITING else {})
    there = _THERE.format(version=member.version) if state is MemberState.COMPLETED else "It is aboard: its change is held."
    return fresh.model_copy(update={"message": (waits_for(fresh, seen) or there)[:1024]})


def waits_for(member: MemberStatus, seen: Seen) -> str | None:
    """What is still to happen before this member could go, and who does it; None when it could, or is there already."""
    if seen.status is None:
        return f"There is no Release {member.name} in this namespace: create it, or take the member out of spec.members."
    if seen.others:
        return (f"Release {member.name} is a member of ReleaseTrain {' and '.join(seen.others)}, too: take it out of one of "
                "them, because each would order it.")  # fmt: skip
    if seen.has(member.version):
        return None
    if seen.workload is None or seen.status.stable is None:
        return f"Release {member.name} is {seen.status.phase}: {seen.status.message}"
    if seen.version is None:
        return (
            f"The template of Deployment {seen.workload.name} has no version; say in spec.version of the Release where it stands."
        )
    if seen.version != member.version:
        return (f"Deployment {seen.workload.name} has version {seen.version}, and the train waits for {member.version}: apply it "
                "there, or correct the version in spec.members.")  # fmt: skip
    if (why := seen.rejected) is not None:
        return f"Its template was rejected: {why.rstrip('.')}. Apply another version, or ask for retry=true of the train."
    return None if seen.aboard else f"Release {member.name} is {seen.status.phase}: {seen.status.message}"


def before(seen: Seen) -> Before | None:
    """What users have of a member now."""
    stable = seen.status.stable if seen.status else None
    return Before(hash=stable.hash, digest=stable.digest, version=stable.version) if stable else None


def answered(member: MemberStatus, seen: Seen) -> MemberStatus:
    """With the answer to what the train has asked."""
    asked = member.asked
    if asked is None or asked.answered or seen.status is None:
        return member
    answers = seen.status.requests
    known = next((number for number, a in enumerate(answers, 1) if a.id == asked.after), 0)
    given = next((a for a in answers[known:] if a.key == asked.key and a.author == asked.by), None)
    if given is None:
        return member
    heard = asked.model_copy(update={"answered": True, "done": given.done, "message": given.message})
    return member.model_copy(update={"asked": heard})


def _folded(turn: Turn, member: MemberStatus) -> MemberStatus:
    seen, state = turn.of(member), member.state
    if state is MemberState.PROGRESSING:
        return _progressing(member, seen)
    if state is MemberState.COMPLETED and turn.phase in FORWARD and not seen.has(member.version):
        return _left(member, seen)
    if state is MemberState.WAITING and turn.phase in FORWARD:
        return _now(member, state, waits_for(member, seen) or _turn_of(turn, member))
    if state is MemberState.ROLLING_BACK:
        return _rolling_back(member, seen)
    late = state is MemberState.ROLLED_BACK and turn.phase in (TrainPhase.ROLLING_BACK, TrainPhase.ROLLED_BACK)
    if late and seen.moving and seen.moving.candidate.version == member.version:
        # It was let go in the same moment in which the train turned back.
        return _now(member, MemberState.ROLLING_BACK, "It began while the train turned back, and goes back, too.")
    return member


def _turn_of(turn: Turn, member: MemberStatus) -> str:
    first = [m.name for m in turn.status.members if m.stage < member.stage and m.state is not MemberState.COMPLETED]
    return (
        f"It goes once {' and '.join(first)} {'have their versions' if first[1:] else 'has its version'}."
        if first
        else "It is next."
    )


def _progressing(member: MemberStatus, seen: Seen) -> MemberStatus:
    if seen.has(member.version):
        return _now(member, MemberState.COMPLETED, _THERE.format(version=member.version))
    if (why := _failure(member, seen)) is not None:
        return _now(member, MemberState.FAILED, why)
    on_its_way = f"On its way: {seen.status.phase}." if seen.busy and seen.status else "It is about to begin."
    return _now(member, member.state, hindrance(member, seen) or on_its_way)


def hindrance(member: MemberStatus, seen: Seen) -> str | None:
    """What keeps a member that was let go from going on, and needs somebody; None where it goes on by itself."""
    status = seen.status
    if status is None:
        return f"Release {member.name} is gone. Create it again, or abort the train."
    if not seen.busy and seen.workload is not None and seen.version != member.version:
        return (f"Its Deployment has version {seen.version} now, which is not the train's: apply {member.version} again, or "
                "abort the train.")  # fmt: skip
    return f"{status.phase}: {status.message}" if status.phase in _TELLS and status.reason is not Reason.IN_TRAIN else None


def _failure(member: MemberStatus, seen: Seen) -> str | None:
    """Why this run's revision of the member did not go out; None while it still can."""
    status = seen.status
    if status is None or status.attempts <= member.attempts:
        return None
    trial = status.trial
    if trial is not None and trial.kind in _OURS:
        lost = trial.outcome is not None and trial.outcome not in _NO_VERDICT and trial.candidate.version == member.version
        return status.message if lost else None
    last = next((past for past in reversed(status.history) if past.kind in _OURS), None)
    if last is None or last.revision.version != member.version or last.outcome in _NO_VERDICT:
        return None
    return None if last.outcome is Outcome.COMPLETED else last.message


def _left(member: MemberStatus, seen: Seen) -> MemberStatus:
    """It had its version, and something has happened to it since."""
    stable = seen.status.stable if seen.status else None
    if stable is not None and stable.version != member.version:
        return _now(member, MemberState.FAILED, f"Its users were taken back to version {stable.version} after it had completed.")
    return member  # A restart, or a change that waits for a later run.


def _rolling_back(member: MemberStatus, seen: Seen) -> MemberStatus:
    asked, status = member.asked, seen.status
    old = member.before.version if member.before and member.before.version else "what they had"
    if status is None or member.before is None:
        return _now(member, MemberState.ROLLED_BACK, "The Release is gone; there is nothing to take back.")
    if seen.has_before(member.before):
        return _now(member, MemberState.ROLLED_BACK, f"Its users have {old} again.")
    if asked is None or not stays(member, seen):
        return _now(member, member.state, f"Its users go back to {old}.")
    why = status.message if asked.done else asked.message
    return _now(member, member.state, f"It does not go back to {old}: {why.rstrip('.')}. Take it back by hand, or ask for "
                "retry=true of the train; those before it wait for it.")  # fmt: skip


def stays(member: MemberStatus, seen: Seen) -> bool:
    """Whether a member is to go back, has answered that, and nothing of the kind is under way."""
    asked, going = member.asked, member.state is MemberState.ROLLING_BACK
    return going and asked is not None and asked.answered and not seen.busy and not (asked.key == "abort" and asked.done)


def _now(member: MemberStatus, state: MemberState, message: str) -> MemberStatus:
    return member.model_copy(update={"state": state, "message": message[:1024]})
