"""The checks about the end of a trial and about rest: what is wound up, and what starts.

Their order is in strategies.rollout.checks.
"""

from typing import Any

from strategies.rollout import flags
from strategies.rollout.moves import begin, end_trial, to
from strategies.rollout.order import Pending
from strategies.rollout.start import kind, obstacle, train_awaited
from strategies.rollout.turn import Turn
from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Outcome, Status, Template


def undone(turn: Turn, pending: Pending) -> Status | None:
    """Nothing of the trial is left: the release rests, or the next one begins."""
    trial = turn.trial
    if trial is None or trial.outcome is None or turn.workload is None:
        return None
    onward = trial.outcome in (Outcome.SUPERSEDED, Outcome.REVERTED) and turn.candidate is None and not turn.unseen
    if not pending.settled and not (onward and flags.are_off(turn) and _startable(turn)):
        return None
    ended = end_trial(turn, trial.outcome, turn.status.message)
    if pending.settled:
        ended |= {"wheel": None, "flags": flags.staying(turn.status.flags)}
    over = Turn(spec=turn.spec, status=turn.status.model_copy(update=ended), observation=turn.observation, now=turn.now)
    if _startable(over):
        return begin(over, kind(over))
    if trial.outcome is Outcome.REJECTED and turn.spec is not None and turn.spec.rollback.revert_template:
        stable = turn.status.stable
        if stable is not None:
            ended["restoring"] = Template(digest=stable.digest, generation=0, hash=stable.hash, version=stable.version)
    settled = over.status.model_copy(update=ended)
    resting = Turn(spec=turn.spec, status=settled, observation=turn.observation, now=turn.now)
    return _resting_phase(resting) or to(resting, Phase.HEALTHY, Reason.AT_REST)


def completed(turn: Turn, pending: Pending) -> Status | None:
    """Nothing of the former revision is left: the release rests, or the next one begins."""
    if turn.status.retiring is None or turn.workload is None:
        return None
    gone = turn.retiring is None or (turn.retiring.replicas == 0 and turn.retiring.pods == 0)
    unretired = turn.status.model_copy(update={"retiring": None})
    over = Turn(spec=turn.spec, status=unretired, observation=turn.observation, now=turn.now)
    if pending.settled:
        settled = unretired.model_copy(update={"wheel": None})
        resting = Turn(spec=turn.spec, status=settled, observation=turn.observation, now=turn.now)
        return _resting_phase(resting) or to(resting, Phase.HEALTHY, Reason.AT_REST, turn.status.message)
    return begin(over, kind(over)) if gone and not turn.unseen and _startable(over) else None


def at_rest(turn: Turn, _: Pending) -> Status | None:
    """A new template starts a trial, unless something is in the way."""
    if turn.trial is not None or turn.status.retiring is not None or turn.status.stable is None:
        return None
    if turn.workload is None or turn.spec is None or turn.observation.deleting:
        return None
    if _startable(turn):
        return begin(turn, kind(turn))
    stable = turn.status.stable
    if turn.holds_template_of(stable) and stable.digest != turn.workload.template.digest:
        # A newer API server shows the same template in another form.
        same = {"digest": turn.workload.template.digest, "generation": turn.workload.generation}
        return turn.status.model_copy(update={"stable": stable.model_copy(update=same)})
    resting = _resting_phase(turn)
    if resting is None or (resting.phase, resting.reason, resting.message, resting.train) == (
        turn.phase, turn.status.reason, turn.status.message, turn.status.train
    ):  # fmt: skip
        return None
    return resting


def _resting_phase(turn: Turn) -> Status | None:
    """Where a Release without a trial is; None where the present phase says it already."""
    workload = turn.workload
    if workload is None or turn.spec is None or turn.observation.deleting:
        return None
    if turn.holds_template_of(turn.status.stable):
        restored: dict[str, Any] = {"restoring": None} if turn.status.restoring and not _restoring_other(turn) else {}
        if turn.phase is Phase.HEALTHY and not restored:
            return None
        return to(turn, Phase.HEALTHY, Reason.AT_REST, train=None, **restored)
    if not workload.paused and not workload.held:
        return to(turn, Phase.INITIALIZING, Reason.NATIVE_ROLLOUT, "A change went out without being held; it is "
                  "adopted as it is. See whether the policies were missing.", stable=None)  # fmt: skip
    if turn.rejected:
        entry = next((r for r in reversed(turn.status.rejected) if r.digest == workload.template.digest), None)
        why = f" Why: {entry.message.rstrip('.')}." if entry and entry.message else ""
        message = (f"The template is rejected and stays held.{why} Apply another template; or ask for "
                   "revert=true (stable's template back) or retry=true.")  # fmt: skip
        return to(turn, Phase.ROLLED_BACK, Reason.REJECTED, message)
    if workload.replicas == 0:
        return to(turn, Phase.WAITING, Reason.SCALED_TO_ZERO)
    hindrance = obstacle(turn)
    if hindrance is not None:
        return to(turn, Phase.BLOCKED, *hindrance, train=train_awaited(turn))
    return None


def _restoring_other(turn: Turn) -> bool:
    restoring, stable = turn.status.restoring, turn.status.stable
    return restoring is not None and stable is not None and restoring.hash != stable.hash


def _startable(turn: Turn) -> bool:
    workload = turn.workload
    if workload is None or turn.spec is None or turn.observation.deleting or turn.observation.spec_error:
        return False
    if turn.holds_template_of(turn.status.stable) or turn.rejected or workload.replicas == 0 or not workload.paused:
        return False
    return obstacle(turn) is None
