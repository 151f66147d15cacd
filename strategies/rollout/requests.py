"""Requests by annotation: what each does in each situation, and what is said when it makes no sense now.

A request is answered exactly once. The answer is part of the commit, so a crash can neither lose nor repeat it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import semver

from strategies.analysis.verdict import Unknown
from strategies.rollout.moves import advance, overridden, reject, to, undo
from strategies.rollout.order import Pending
from strategies.rollout.start import OF_POLICIES, obstacle
from strategies.rollout.turn import Turn
from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Answer, Outcome, Status, Step, Template
from strategies.world.observation import Kept, Queued, Request

ANSWERS = 10
KEYS = ("rollback", "revert", "promote", "abort", "retry", "pause", "resume", "override")
_NO = frozenset({"false", "no", "0", "off"})
_YES = frozenset({"", "true", "yes", "1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request is not carried out, and what to do instead."""

    message: str


def answer(turn: Turn, _: Pending) -> Status | None:
    """The status after the first request that has no answer yet; None when all have one."""
    known = {a.id for a in turn.status.requests}
    request = next((r for r in turn.observation.requests if r.id not in known), None)
    if request is None:
        return None
    if request.key == "rollback" and isinstance(turn.observation.kept, Unknown):
        return None
    outcome = _HANDLERS[request.key](turn, request)
    refused = isinstance(outcome, Refusal)
    status = turn.status if isinstance(outcome, Refusal) else outcome
    said = outcome.message if isinstance(outcome, Refusal) else status.message
    given = Answer(id=request.id, key=request.key, value=request.value[:1024], author=request.author, at=turn.now,
                   done=not refused, message=said[:1024])  # fmt: skip
    return status.model_copy(update={"requests": (*status.requests, given)[-ANSWERS:]})


def _promote(turn: Turn, request: Request) -> Status | Refusal:
    if request.value not in ("step", "full"):
        return Refusal(message=f"promote: {request.value!r} is not known; write promote=step or promote=full.")
    if not turn.moving or turn.step is None or turn.trial is None:
        return Refusal(message="There is nothing to promote: no release is in flight.")
    by = f"promote: {request.value} by {request.author}"
    if request.value == "full" and not turn.is_last_step:
        last = turn.plan[-1]
        step = Step(index=len(turn.plan) - 2, of=len(turn.plan), name=turn.step.name, weight=turn.step.weight,
                    mirror=turn.step.mirror, entered=turn.trial.step.entered)  # fmt: skip
        jumped = turn.trial.model_copy(update={"step": step})
        before_last = turn.status.model_copy(update={"trial": jumped})
        return advance(_with(turn, before_last), f"{by}, to {last.name}")
    if turn.trial.step.since is None and turn.step.weight > 0:
        return Refusal(message=f"The step to {turn.step.weight}% is not reached yet: {_pending(turn)} Ask again then.")
    if turn.candidate is None or turn.candidate.ready == 0:
        return Refusal(message="The candidate has no ready pod, so it cannot take more traffic; see its pods.")
    return advance(turn, by)


def _abort(turn: Turn, request: Request) -> Status | Refusal:
    if request.value.lower() in _NO:
        return Refusal(message=f"abort: {request.value!r} asks for nothing; write abort=true, or the reason.")
    if not turn.moving:
        return Refusal(message="There is nothing to abort: no release goes forward. To go back to an earlier revision, "
                       "write rollback=previous.")  # fmt: skip
    return undo(turn, Outcome.ABORTED, Reason.ABORT_REQUESTED, f"Aborted by {request.author}{_why(request)}.")


def _rollback(turn: Turn, request: Request) -> Status | Refusal:
    target = _target(turn, request.value)
    stable = turn.status.stable
    if isinstance(target, Refusal):
        return target
    if turn.moving and turn.trial is not None:
        message = f"Rollback to {request.value} asked by {request.author}."
        if target is None or (stable is not None and target.hash == stable.hash):
            return undo(turn, Outcome.ABORTED, Reason.ROLLBACK_REQUESTED, message)
        return undo(turn, Outcome.ABORTED, Reason.ROLLBACK_REQUESTED, message, restoring=_template(turn, target))
    if turn.undoing:
        return Refusal(message="A rollback is under way already; ask again when it is done.")
    if stable is None or target is None:
        return Refusal(message="There is no completed earlier revision to go back to.")
    if target.hash == stable.hash:
        return Refusal(message=f"Revision {target.hash} is stable already; to write its template back, write revert=true.")
    message = f"Rollback from {stable.hash} to {target.hash} asked by {request.author}: its template is written back."
    return to(turn, turn.phase, Reason.RESTORING, message, restoring=_template(turn, target),
              rejected=reject(turn.status, stable, turn, f"Rolled back by {request.author}"))  # fmt: skip


def _target(turn: Turn, value: str) -> Kept | Refusal | None:
    """The kept revision that a rollback names; None for `previous` when only stable is left to go to."""
    kept = turn.observation.kept
    known = kept if isinstance(kept, tuple) else ()
    stable = turn.status.stable
    if value == "previous":
        if turn.moving:
            return None
        # After a rollback stable's template was kept under the hash that it had before, too.
        older = [k for k in known if stable is None or (k.hash != stable.hash and k.digest != stable.digest)]
        rejected = {r.digest for r in turn.status.rejected}
        return next((k for k in reversed(older) if k.digest not in rejected), None)
    name, _, wanted = value.partition(":")
    if name == "revision" and wanted:
        found = [k for k in known if k.hash == wanted]
    elif name == "version" and wanted:
        found = [k for k in known if k.version is not None and _same_version(k.version, wanted)]
    else:
        return Refusal(message=f"rollback: {value!r} is not known; write previous, revision:<hash> or version:<version>.")
    if not found:
        there = ", ".join(f"{k.hash} ({k.version or 'no version'})" for k in known) or "none"
        return Refusal(message=f"rollback: no kept revision is {value}; there are: {there}.")
    return found[-1]


def _same_version(a: str, b: str) -> bool:
    if a == b:
        return True
    try:
        return semver.Version.parse(a.removeprefix("v")) == semver.Version.parse(b.removeprefix("v"))
    except ValueError:
        return False


def _revert(turn: Turn, request: Request) -> Status | Refusal:
    stable = turn.status.stable
    if stable is None or turn.holds_template_of(stable):
        return Refusal(message="There is nothing to revert: the Deployment's template is stable's.")
    target = Template(digest=stable.digest, generation=stable.generation, hash=stable.hash, version=stable.version)
    message = f"Stable's template is written back, asked by {request.author}."
    if turn.moving:
        return undo(turn, Outcome.ABORTED, Reason.ROLLBACK_REQUESTED, message, restoring=target)
    return to(turn, turn.phase, Reason.RESTORING, message, restoring=target)


def _retry(turn: Turn, request: Request) -> Status | Refusal:
    if turn.trial is not None:
        return Refusal(message="There is nothing to retry while a release is in flight; abort it first.")
    queued = turn.observation.queued
    orphaned = isinstance(queued, Queued) and queued.reason is Reason.TRAIN_GONE
    if turn.workload is None or not (turn.rejected or orphaned):
        return Refusal(message="There is nothing to retry: the Deployment's template was not rejected.")
    digest, generation = turn.workload.template.digest, turn.workload.generation
    left = tuple(r for r in turn.status.rejected if r.digest != digest and r.generation != generation)
    return to(turn, Phase.HEALTHY, Reason.STARTED, f"Another try, asked by {request.author}.", rejected=left, train=None)


def _pause(turn: Turn, request: Request) -> Status | Refusal:
    if not turn.moving:
        return Refusal(message="There is nothing to pause: no release goes forward.")
    if turn.status.paused:
        return Refusal(message="The release is paused already; write resume=true to go on.")
    return to(turn, Phase.PAUSED, Reason.PAUSE_REQUESTED, f"Paused by {request.author}{_why(request)}. "
              "Gates go on; resume=true lets it go on.", paused=True)  # fmt: skip


def _resume(turn: Turn, request: Request) -> Status | Refusal:
    if not turn.status.paused or turn.trial is None:
        return Refusal(message="There is nothing to resume: the release is not paused.")
    phase = Phase.BAKING if turn.step is not None and turn.step.name == "Bake" else Phase.PROGRESSING
    # The clocks of maxInconclusive and of the deadline start anew, or the release would stop again at once.
    fresh = tuple(e.model_copy(update={"inconclusive_since": None}) for e in turn.gates)
    deadline = turn.now + turn.spec.progress_deadline if turn.spec else turn.trial.ready_deadline
    # A pause is no part of a step's duration.
    stood = turn.now - turn.status.since if turn.status.since else timedelta()
    since = turn.trial.step.since + stood if turn.trial.step.since else None
    step = turn.trial.step.model_copy(update={"since": since})
    trial = turn.trial.model_copy(update={"gates": fresh, "ready_deadline": deadline, "step": step})
    return to(turn, phase, Reason.STEP, f"Resumed by {request.author}.", paused=False, trial=trial)


def _override(turn: Turn, request: Request) -> Status | Refusal:
    """Who may is decided at admission."""
    workload, because = turn.workload, request.value.strip()
    if because.lower() in _YES | _NO:
        return Refusal(message=f"override: {request.value!r} is no reason, and one is kept with your name; write override=<why>.")
    held = turn.trial is None and workload is not None and turn.spec is not None and workload.held
    blocked = obstacle(turn) if held and not turn.holds_template_of(turn.status.stable) and not turn.rejected else None
    if workload is None or blocked is None:
        return Refusal(message="There is nothing to override: no change waits for a ReleasePolicy.")
    reason, message = blocked
    if reason not in OF_POLICIES:
        return Refusal(message=f"The change does not wait for a ReleasePolicy, and this cannot be overridden: {message}")
    exempt = Template(digest=workload.template.digest, generation=workload.generation, version=workload.template.version,
                      message=because[:1024])  # fmt: skip
    kept = overridden(turn, reason, message, author=request.author, because=because)
    told = f"{request.author} overrides what ReleasePolicies ask of this change: {because}"
    return to(turn, turn.phase, Reason.POLICY_OVERRIDDEN, told, exempt=exempt, **kept)


def _template(turn: Turn, kept: Kept | None) -> Template | None:
    if kept is None:
        return None
    generation = turn.workload.generation if turn.workload else 0
    # The generation must not match the present template: it is the one that is to be replaced.
    return Template(digest=kept.digest, generation=-generation, hash=kept.hash, version=kept.version)


def _pending(turn: Turn) -> str:
    candidate = turn.candidate
    ready = candidate.ready if candidate else 0
    wanted = turn.step.candidate if turn.step else 0
    return f"{ready} of {wanted} pods are ready."


def _why(request: Request) -> str:
    return "" if request.value.lower() in _YES else f": {request.value[:200]}"


def _with(turn: Turn, status: Status) -> Turn:
    return Turn(spec=turn.spec, status=status, observation=turn.observation, now=turn.now, gates=turn.gates)


_HANDLERS: dict[str, Callable[[Turn, Request], Status | Refusal]] = {
    "promote": _promote,
    "abort": _abort,
    "rollback": _rollback,
    "revert": _revert,
    "retry": _retry,
    "pause": _pause,
    "resume": _resume,
    "override": _override,
}
