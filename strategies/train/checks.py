"""The chain of a train's decisions: the first check that speaks decides what happens. CHECKS is the order; nothing else is.

In flight the plan is the run's, as it was when it began; at rest the spec is looked at, and the next run begins when every member
that is not at its version waits with it.
"""

from collections.abc import Callable

from strategies.spec.train import OnFailure, ReleaseTrainSpec, Role
from strategies.spec.train_status import (
    FORWARD,
    IN_FLIGHT,
    MemberState,
    MemberStatus,
    Run,
    TrainPhase,
    TrainReason,
    TrainStatus,
)
from strategies.train import requests
from strategies.train.members import before, hindrance, listed, waits_for
from strategies.train.order import Cycle, stages
from strategies.train.turn import Turn, to

_FAILED_BEFORE = (TrainPhase.HALTED, TrainPhase.ROLLED_BACK)


def way_back(turn: Turn) -> TrainStatus | None:
    """Stage by stage, the last first: what sends the new is gone before what understands it."""
    members = turn.status.members
    if turn.phase is TrainPhase.ROLLED_BACK and any(m.state is MemberState.ROLLING_BACK for m in members):
        return to(
            turn, TrainPhase.ROLLING_BACK, turn.status.reason, "A member began in the moment in which the train turned back."
        )
    if turn.phase is not TrainPhase.ROLLING_BACK or any(m.state is MemberState.ROLLING_BACK for m in members):
        return None
    following = requests.going_back(members)
    if following != members:
        return turn.status.model_copy(update={"members": following})
    going_on = "Nothing starts before you edit spec.members, or ask for retry=true."
    message = f"All that went out is back. Why: {turn.status.message[:800].rstrip('.')}. {going_on}"
    return to(turn, TrainPhase.ROLLED_BACK, turn.status.reason, message)


def member_failed(turn: Turn) -> TrainStatus | None:
    """A member that fails takes the others back, or stops the train."""
    failed = next((m for m in turn.status.members if m.state is MemberState.FAILED), None)
    if turn.phase not in FORWARD or failed is None:
        return None
    return _lost(turn, TrainReason.MEMBER_FAILED, f"Member {failed.name} has failed: {failed.message}")


def verified(turn: Turn) -> TrainStatus | None:
    """All members have their versions: their pods must stay available on the new traffic."""
    run = turn.status.run
    if turn.phase is not TrainPhase.VERIFYING or run is None or run.verifying_since is None:
        return None
    ill = [m.name for m in turn.status.members if not turn.of(m).available]
    since = None if ill else run.healthy_since or turn.now
    if since is not None and turn.now - since >= run.verify.duration:
        message = f"All {len(turn.status.members)} members have their versions, and were seen to be healthy together."
        return to(turn, TrainPhase.COMPLETED, TrainReason.AT_REST, message, run=_over(turn, run, completed=True))
    if ill and turn.now - run.verifying_since >= run.verify.deadline:
        return _lost(turn, TrainReason.NOT_VERIFIED, f"Fewer pods of {_names(ill)} are available than its Deployment allows.")
    message = (f"Not all pods of {_names(ill)} are available: the train waits." if ill else
               "All members have their versions; the train looks on whether their pods stay available.")  # fmt: skip
    if (since, message) == (run.healthy_since, turn.status.message):
        return None
    return to(turn, turn.phase, TrainReason.VERIFYING, message, run=run.model_copy(update={"healthy_since": since}))


def onward(turn: Turn) -> TrainStatus | None:
    """The next stage is let go when all before it have arrived; after the last one the members are verified."""
    members, run = turn.status.members, turn.status.run
    if turn.phase is not TrainPhase.PROGRESSING or run is None:
        return None
    left = [m for m in members if m.state is not MemberState.COMPLETED]
    if not left:
        message = "All members have their versions; the train looks on whether their pods stay available."
        verifying = run.model_copy(update={"verifying_since": turn.now, "healthy_since": None})
        return to(turn, TrainPhase.VERIFYING, TrainReason.VERIFYING, message, run=verifying)
    stage = min(m.stage for m in left)
    now = [m for m in left if m.stage == stage]
    ready = [m for m in now if m.state is MemberState.WAITING and waits_for(m, turn.of(m)) is None]
    if ready:
        gone = tuple(_gone(turn, m) if m in ready else m for m in members)
        message = f"Stage {stage} is let go: {_names([m.name for m in ready])}."
        return to(turn, turn.phase, TrainReason.STAGE, message, members=gone)
    told = next((f"{m.name}: {m.message}" for m in now if _hindered(turn, m)), None)
    if told is not None and turn.status.message != told[:1024]:
        return to(turn, turn.phase, TrainReason.MEMBER_WAITS, told)
    if told is None and turn.status.reason is TrainReason.MEMBER_WAITS:
        return to(turn, turn.phase, TrainReason.STAGE, f"Stage {stage} goes on: {_names([m.name for m in now])}.")
    return None


def _hindered(turn: Turn, member: MemberStatus) -> bool:
    return member.state is MemberState.WAITING or hindrance(member, turn.of(member)) is not None


def spec_invalid(turn: Turn) -> TrainStatus | None:
    """At rest, a spec that cannot be read starts nothing."""
    if turn.spec is not None or turn.phase in IN_FLIGHT:
        return None
    return to(turn, TrainPhase.INVALID, TrainReason.SPEC_INVALID, turn.error)


def stopped(turn: Turn) -> TrainStatus | None:
    """After a failed run nothing starts until somebody wants it: another spec, or `retry`."""
    run = turn.status.run
    waits = turn.phase in _FAILED_BEFORE and run is not None and run.generation == turn.generation and not turn.status.retry
    return turn.status if waits or turn.phase in IN_FLIGHT else None


def impossible(turn: Turn) -> TrainStatus | None:
    """What no waiting mends: an order that is none, members that are not there or not this train's alone, a removal too early."""
    assert turn.spec is not None
    order = stages(turn.spec)
    members = listed(turn, turn.spec, fresh=False)
    if isinstance(order, Cycle):
        return to(turn, TrainPhase.INVALID, TrainReason.NO_ORDER, f"spec.members: {order.message}", members=members)
    for number, member in enumerate(turn.spec.members):
        seen = turn.seen.get(member.name)
        where, said = f"spec.members[{number}].name", next(m.message for m in members if m.name == member.name)
        if seen is None or seen.status is None:
            return to(turn, TrainPhase.INVALID, TrainReason.MEMBER_MISSING, f"{where}: {said}", members=members)
        if seen.others:
            return to(turn, TrainPhase.INVALID, TrainReason.MEMBER_OF_TWO_TRAINS, f"{where}: {said}", members=members)
    return _too_early(turn, turn.spec, members)


def not_aboard(turn: Turn) -> TrainStatus | None:
    """Every member that is not at its version must wait with it, or the train would begin without knowing its end."""
    assert turn.spec is not None
    members = listed(turn, turn.spec, fresh=False)
    missing = [m for m in members if waits_for(m, turn.of(m)) is not None]
    if not missing:
        return None
    rejected = next((m for m in missing if turn.of(m).rejected and turn.of(m).version == m.version), None)
    if rejected is not None:
        return to(turn, TrainPhase.WAITING, TrainReason.MEMBER_REJECTED, f"{rejected.name}: {rejected.message}", members=members)
    message = f"The train waits for {_names([m.name for m in missing])}. {missing[0].name}: {missing[0].message}"
    return to(turn, TrainPhase.WAITING, TrainReason.VERSIONS_AWAITED, message, members=members)


def begins(turn: Turn) -> TrainStatus | None:
    """All are aboard: the run begins, and with it the plan that holds until its end."""
    assert turn.spec is not None
    members = listed(turn, turn.spec, fresh=False)
    if all(m.state is MemberState.COMPLETED for m in members):
        return None
    last = turn.status.run
    # Who went out in a halted run and was left out since is not taken back; nor are those then whose versions he relies on.
    whole = last is not None and {m.name for m in last.members if m.before is not None} <= {m.name for m in members}
    halted = last is not None and not last.completed and whole
    fresh = {m.name: m for m in listed(turn, turn.spec, fresh=True)}
    # After a halted run its members are still out: what they go back to is kept, so that all come back together.
    known = {m.name: m.before for m in turn.status.members if halted and m.state is MemberState.COMPLETED}
    plan = tuple(fresh[m.name].model_copy(update={"before": known.get(m.name)}) for m in members)
    run = Run(number=last.number + 1 if last else 1, generation=turn.generation, on_failure=turn.spec.on_failure,
              verify=turn.spec.verify, started=turn.now)  # fmt: skip
    names = _names([m.name for m in plan if m.state is not MemberState.COMPLETED])
    return to(turn, TrainPhase.PROGRESSING, TrainReason.STAGE, f"Run {run.number} begins: {names}.", run=run, members=plan,
              retry=False)  # fmt: skip


def arrived(turn: Turn) -> TrainStatus | None:
    """All members have their versions; how they came to them does not matter, but a run that is tried again is verified."""
    assert turn.spec is not None
    members, run = listed(turn, turn.spec, fresh=False), turn.status.run
    if turn.phase is TrainPhase.COMPLETED:
        return to(turn, turn.phase, turn.status.reason, turn.status.message, members=members)
    if turn.status.retry and run is not None and not run.completed:
        message = "All members have their versions, and are verified once more."
        return to(turn, TrainPhase.PROGRESSING, TrainReason.STAGE, message, members=members, retry=False)
    return to(turn, TrainPhase.COMPLETED, TrainReason.AT_REST, "All members have their versions.", members=members, retry=False)


Check = Callable[[Turn], TrainStatus | None]
CHECKS: tuple[tuple[Check, str], ...] = (
    (requests.answer, "no request waits for an answer"),
    (way_back, "nothing is on its way back"),
    (member_failed, "no member of the run has failed"),
    (verified, "the members are verified, or not all there"),
    (onward, "nobody may go further"),
    (spec_invalid, "the spec can be read"),
    (stopped, "no run is in flight, and none has failed"),
    (impossible, "the spec can be carried out"),
    (not_aboard, "all members wait with their versions, or have them"),
    (begins, "no member waits"),
    (arrived, "always speaks"),
)
"""The order of decisions: each check with what holds when it is silent."""


def _lost(turn: Turn, reason: TrainReason, why: str) -> TrainStatus:
    run = turn.status.run
    if run is None or run.on_failure is OnFailure.ROLL_BACK_TRAIN:
        return requests.turned_back(turn, reason, why)
    going_on = (
        " The others stay as they are, by spec.onFailure, and nothing more begins. Ask for rollback=previous to take them back, "
        "for retry=true to go on, or edit spec.members."
    )
    return to(turn, TrainPhase.HALTED, reason, f"{why[:700].rstrip('.')}.{going_on}", run=_over(turn, run, completed=False))


def _over(turn: Turn, run: Run, *, completed: bool) -> Run:
    """The run at its end. The list of members follows the spec from here on; what went out in the run does not."""
    members = tuple(m.model_copy(update={"message": "", "asked": None}) for m in turn.status.members)
    return run.model_copy(update={"completed": completed, "members": members})


def _too_early(turn: Turn, spec: ReleaseTrainSpec, members: tuple[MemberStatus, ...]) -> TrainStatus | None:
    left = [m for m in members if m.state is not MemberState.COMPLETED]
    removal = next((m for m in left if m.role is Role.REMOVAL), None)
    producer = next((m for m in left if m.role is Role.PRODUCER), None)
    if removal is None or producer is None:
        return None
    number = next(i for i, m in enumerate(spec.members) if m.name == removal.name)
    message = (
        f"spec.members[{number}].role: {removal.name} {removal.version} drops what {producer.name} still sends until its version "
        f"{producer.version} is out, and after it there is no way back. Let a train without the removal complete first; then add "
        "it."
    )
    return to(turn, TrainPhase.INVALID, TrainReason.REMOVAL_TOO_EARLY, message, members=members)


def _gone(turn: Turn, member: MemberStatus) -> MemberStatus:
    seen = turn.of(member)
    attempts = seen.status.attempts if seen.status else 0
    on_trial = seen.moving is not None  # It went before it was a member: that trial is the run's.
    return member.model_copy(update={"state": MemberState.PROGRESSING, "message": "It is about to begin.", "before": before(seen),
                                     "attempts": max(0, attempts - 1) if on_trial else attempts})  # fmt: skip


def _names(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
