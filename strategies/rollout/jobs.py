"""Gates that a Job answers: which Jobs a step wants, what their ends mean, and which are to go.

Once for each revision and step: a Job's name says all three, so a second create meets the first; one that was seen and is gone
is never made again. What failed by itself is a Fail; what could not run, or did not end, tells nothing of the candidate.
"""

import hashlib
import json

from strategies.analysis.verdict import Unknown, Verdict
from strategies.rollout.stage import Wait
from strategies.rollout.turn import Turn
from strategies.rollout.wanted import World
from strategies.spec.gate import Gate
from strategies.spec.job import Job as Asked
from strategies.spec.job import OnTimeout
from strategies.spec.status import Evidence, Trial
from strategies.world.effects import CreateJob, DeleteJob, Effect
from strategies.world.observation import CandidateService, Job

COMPLETE = "Complete"
_SHORT = 30
"""Characters of a gate's name in a Job's, which may have 63 with a revision and a step."""


def step_of(trial: Trial) -> str:
    """The revision and step that a Job is for, as a label's value."""
    return f"{trial.candidate.hash}-{trial.step.index}"


def name_of(gate: str, trial: Trial) -> str:
    """Name of the gate's Job in this step. The hash is of one Release's one attempt, so no other has this name."""
    return f"{fitting(gate)}-{step_of(trial)}"


def fitting(name: str) -> str:
    """A name so short that a Job's has room for more."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return name if len(name) <= _SHORT else f"{name[: _SHORT - 9].rstrip('-.')}-{digest}"


def judged(turn: Turn, gate: Gate, known: Evidence) -> Evidence:
    """The gate's evidence as its Job shows it."""
    trial, seen, asked = turn.trial, turn.observation.jobs, gate.job
    assert trial is not None and asked is not None
    if known.verdict is not Verdict.INCONCLUSIVE:
        return known  # It has answered; whoever removes its Job later does not change that.
    name = name_of(gate.name, trial)
    if isinstance(seen, Unknown):
        return said(turn, known, Verdict.INCONCLUSIVE, seen.reason, seen.message)
    job = next((each for each in seen if each.name == name), None)
    if job is None:
        return said(turn, known, Verdict.INCONCLUSIVE, *_missing(turn, known, name))
    if not job.ours:
        taken = f"Job {name} belongs to somebody else; delete it, its name is needed for this gate"
        return said(turn, known, Verdict.INCONCLUSIVE, "NameTaken", taken)
    verdict, message = _meaning(asked, job)
    ran = known.model_copy(update={"key": job.uid, "at": job.at})
    found = said(turn, ran, verdict, job.why if job.ended else "Running", message)
    # While it runs it has its own timeout: that is no gate that cannot tell.
    return found if job.ended else found.model_copy(update={"inconclusive_since": None})


def _missing(turn: Turn, known: Evidence, name: str) -> tuple[str, str]:
    if known.key:
        return "Gone", (f"Job {name} was deleted before it ended, and is not run a second time; "
                        "promote=step goes on without it, retry=true begins anew after an abort")  # fmt: skip
    failing = turn.observation.failing.get("CreateJob")
    if failing:
        return "NotMade", f"Job {name} cannot be made: {failing}"
    return "NotMade", f"Job {name} is made once the cluster has what this step wants"


def _meaning(asked: Asked, job: Job) -> tuple[Verdict, str]:
    wrote = f"; it wrote: {job.log}" if job.log else ""
    if job.ended == COMPLETE:
        return Verdict.PASS, f"Job {job.name} completed{wrote}"
    if job.ended is None:
        return Verdict.INCONCLUSIVE, f"Job {job.name} runs; `kubectl logs job/{job.name}` shows what it writes"
    if job.why != "DeadlineExceeded":
        return Verdict.FAIL, f"Job {job.name} failed ({job.reason or job.why}){wrote}"
    late = f"Job {job.name} had not ended after its timeout{wrote}"
    if asked.on_timeout is OnTimeout.FAIL:
        return Verdict.FAIL, late
    return Verdict.INCONCLUSIVE, f"{late}; promote=step goes on without it, abort=true goes back"


def said(turn: Turn, known: Evidence, verdict: Verdict, reason: str, message: str) -> Evidence:
    """The evidence of a gate that is answered as a whole, with the present answer."""
    since = None if verdict is Verdict.PASS else known.inconclusive_since or turn.now
    answer = {"verdict": verdict, "reason": reason[:317], "message": message[:1024], "inconclusive_since": since}
    return known.model_copy(update=answer)


def effects(turn: Turn, asked: tuple[Gate, ...]) -> tuple[Effect, ...]:
    """Beside the order of effects, so that no Job can hold up traffic: this step's Jobs are made, those that ran for nothing
    any more are stopped. `asked` are the gates of the step.
    """
    trial, seen = turn.trial, turn.observation.jobs
    if trial is None or not turn.moving or isinstance(seen, Unknown):
        return ()
    there = {each.name for each in seen}
    ran = {known.name for known in turn.gates if known.key}
    makes = [
        _create(turn, trial, gate)
        for gate in asked
        if gate.job is not None and gate.name not in ran and name_of(gate.name, trial) not in there
    ]
    here, ours = step_of(trial), f"{trial.candidate.hash}-"
    wanted = {name_of(gate.name, trial) for gate in asked if gate.job is not None}
    stops = [
        DeleteJob(name=job.name, uid=job.uid)
        for job in seen
        if job.ours and not job.deleting and not (job.step == here and (job.name in wanted or job.ended is not None))
        and (job.ended is None or not job.step.startswith(ours))
    ]  # fmt: skip
    may_begin = trial.step.since is not None and not turn.status.paused and turn.candidate is not None and turn.candidate.ready
    return (*stops, *(makes if may_begin else ()))


def _create(turn: Turn, trial: Trial, gate: Gate) -> CreateJob:
    asked, service = gate.job, turn.observation.candidate_service
    assert asked is not None
    told = {
        "RELEASE_NAMESPACE": turn.observation.namespace,
        "RELEASE_NAME": turn.observation.name,
        "RELEASE_VERSION": trial.candidate.version or "",
        "RELEASE_HASH": trial.candidate.hash,
        "RELEASE_STEP": str(trial.step.index),
        "RELEASE_WEIGHT": str(trial.step.weight),
    }
    if isinstance(service, CandidateService):
        told["RELEASE_SERVICE"] = service.name
    return CreateJob(
        name=name_of(gate.name, trial),
        gate=gate.name,
        step=step_of(trial),
        template=json.dumps(asked.template, sort_keys=True),
        environment=tuple(told.items()),
        timeout=asked.timeout,
        retries=asked.retries,
    )


def no_jobs(turn: Turn, _: World) -> list[Effect] | Wait:
    """None is left of a trial that is over. A Release that is deleted does not wait for it: they are owned by it."""
    seen, deleting = turn.observation.jobs, turn.observation.deleting
    if isinstance(seen, Unknown):
        return [] if deleting else Wait(message=f"Whether Jobs are left is not known: {seen.message}")
    if deleting and "DeleteJob" in turn.observation.failing:
        return []
    return [DeleteJob(name=job.name, uid=job.uid) for job in seen if job.ours and not job.deleting]
