"""Requests by annotation on a train: what each does in each phase, and what is said when it makes no sense now.

A request is answered exactly once, as a Release's is: the answer is part of the commit.
"""

from collections.abc import Callable
from dataclasses import replace

from strategies.rollout.requests import ANSWERS, Refusal
from strategies.spec.status import Answer
from strategies.spec.train_status import (
    FORWARD,
    MemberState,
    MemberStatus,
    TrainPhase,
    TrainReason,
    TrainStatus,
)
from strategies.train.turn import Turn, to
from strategies.world.observation import Request

KEYS = ("rollback", "abort", "retry", "pause", "resume")
_NO = frozenset({"false", "no", "0", "off"})
_YES = frozenset({"", "true", "yes", "1"})


def answer(turn: Turn) -> TrainStatus | None:
    """The status after the first request that has no answer yet; None when all have one."""
    known = {a.id for a in turn.status.requests}
    request = next((r for r in turn.requests if r.id not in known), None)
    if request is None:
        return None
    outcome = _HANDLERS.get(request.key, _unknown)(turn, request)
    status = turn.status if isinstance(outcome, Refusal) else outcome
    given = Answer(id=request.id, key=request.key, value=request.value, author=request.author, at=turn.now,
                   done=not isinstance(outcome, Refusal), message=outcome.message[:1024])  # fmt: skip
    return status.model_copy(update={"requests": (*status.requests, given)[-ANSWERS:]})


def turned_back(turn: Turn, reason: TrainReason, message: str) -> TrainStatus:
    """The run is taken back: its last stage first."""
    run = turn.status.run.model_copy(update={"members": ()}) if turn.status.run else None
    return to(turn, TrainPhase.ROLLING_BACK, reason, message, members=going_back(turn.status.members), run=run)


def going_back(members: tuple[MemberStatus, ...]) -> tuple[MemberStatus, ...]:
    """The members with those of the last stage that is still out on their way back; the others wait for them."""
    out = [m for m in members if m.before is not None and m.state in _OUT]
    stage = max((m.stage for m in out), default=None)
    return tuple(
        m.model_copy(update={"state": MemberState.ROLLING_BACK}) if m in out and m.stage == stage else m for m in members
    )


_OUT = (MemberState.PROGRESSING, MemberState.COMPLETED, MemberState.FAILED, MemberState.ROLLING_BACK)
"""States of a member whose users may have what went out in this run."""


def _abort(turn: Turn, request: Request) -> TrainStatus | Refusal:
    if request.value.lower() in _NO:
        return Refusal(message=f"abort: {request.value!r} asks for nothing; write abort=true, or the reason.")
    if turn.phase not in (*FORWARD, TrainPhase.HALTED):
        return Refusal(
            message="There is nothing to abort: no run is in flight. To take a completed run back, write rollback=previous."
        )
    return turned_back(_of_run(turn), TrainReason.ABORT_REQUESTED, f"Aborted by {request.author}{_why(request)}.")


def _rollback(turn: Turn, request: Request) -> TrainStatus | Refusal:
    if request.value != "previous":
        return Refusal(message=f"rollback: {request.value!r} is not known of a train; write rollback=previous.")
    if turn.phase is TrainPhase.ROLLING_BACK:
        return Refusal(message="The train is on its way back already.")
    of_run = _of_run(turn)
    if not any(m.before is not None and m.state in _OUT for m in of_run.status.members):
        return Refusal(message="There is nothing to take back: nothing has gone out in the last run, or it is back already.")
    return turned_back(of_run, TrainReason.ROLLBACK_REQUESTED, f"Rollback of the run asked by {request.author}.")


def _of_run(turn: Turn) -> Turn:
    """With the members of the run, all of them, whatever the spec and the members wait for by now.

    A producer that waits for its next version, or is no member any more, would else stay new beside consumers that go back.
    And what was edited before somebody takes the run back does not start right after it.
    """
    run = turn.status.run
    if run is None:
        return turn
    went = (() if turn.phase in FORWARD else run.members) or turn.status.members
    seen = run.model_copy(update={"generation": turn.generation})
    return replace(turn, status=turn.status.model_copy(update={"members": went, "run": seen}))


def _pause(turn: Turn, request: Request) -> TrainStatus | Refusal:
    if turn.phase not in (TrainPhase.PROGRESSING, TrainPhase.VERIFYING):
        return Refusal(message="There is nothing to pause: no run goes forward.")
    message = f"Paused by {request.author}{_why(request)}. No further member begins; resume=true lets the train go on."
    # Each pause is a new one, also for a member that somebody let go on in the one before.
    members = tuple(m.model_copy(update={"asked": None}) if m.asked is not None and m.asked.key == "pause" else m
                    for m in turn.status.members)  # fmt: skip
    return to(turn, TrainPhase.PAUSED, TrainReason.PAUSE_REQUESTED, message, members=members)


def _resume(turn: Turn, request: Request) -> TrainStatus | Refusal:
    if turn.phase is not TrainPhase.PAUSED or turn.status.run is None:
        return Refusal(message="There is nothing to resume: the train is not paused.")
    # The verification begins anew: nobody has looked meanwhile.
    run = turn.status.run.model_copy(update={"verifying_since": None, "healthy_since": None})
    return to(turn, TrainPhase.PROGRESSING, TrainReason.STAGE, f"Resumed by {request.author}.", run=run)


def _retry(turn: Turn, request: Request) -> TrainStatus | Refusal:
    """In the way back: ask once more. At rest: rejected members are told to try again, and the next run may begin."""
    if turn.phase in (*FORWARD, TrainPhase.COMPLETED):
        return Refusal(message="There is nothing to retry: no run has failed.")
    members = tuple(m.model_copy(update={"asked": None}) for m in turn.status.members)
    if turn.phase is TrainPhase.ROLLING_BACK:
        return turn.status.model_copy(update={"members": members})
    message = f"Another try, asked by {request.author}."
    return to(turn, TrainPhase.WAITING, TrainReason.VERSIONS_AWAITED, message, members=members, retry=True)


def _unknown(_: Turn, request: Request) -> Refusal:
    return Refusal(message=f"{request.key} is a request for a Release, not for a train; ask it of the member.")


def _why(request: Request) -> str:
    return "" if request.value.lower() in _YES else f": {request.value[:200]}"


_HANDLERS: dict[str, Callable[[Turn, Request], TrainStatus | Refusal]] = {
    "abort": _abort,
    "rollback": _rollback,
    "pause": _pause,
    "resume": _resume,
    "retry": _retry,
}
