"""A gate on past data: the controller's own folding of answers, as if a step had begun then. Pure.

What is replayed is one step: which one decides which test is made (compared with stable, or against the limit), and what share
of the traffic is right. Nothing is judged here; the verdicts are those of strategies.rollout.gates.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from strategies.analysis.counts import Window
from strategies.analysis.verdict import Sample, Unknown, Verdict
from strategies.rollout import comparing, gates
from strategies.rollout.plan import PlannedStep, of_release
from strategies.rollout.turn import Turn
from strategies.spec.gate import Gate
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Evidence, Kind, Revision, Status, Step, Trial
from strategies.world.observation import Observation, TemplateView, Workload

Answer = tuple[datetime, Sample | Window | Unknown]
"""When it could be read, and what was read."""


def steps(spec: ReleaseSpec, gate: Gate, replicas: int) -> dict[int, PlannedStep]:
    """The steps that ask this gate, by number."""
    planned = of_release(spec, replicas)
    return {number: step for number, step in enumerate(planned) if comparing.is_asked(gate, step)}


def revision(spec: ReleaseSpec, hash_: str) -> Revision:
    """A revision of the spec's Deployment by the value of its pods' label pod-template-hash."""
    return Revision(hash=hash_, replica_set=f"{spec.workload_ref.name}-{hash_}", digest=hash_, generation=0)


def began(spec: ReleaseSpec, candidate: str, stable: str | None, number: int, replicas: int, since: datetime) -> Turn:
    """A release whose step of this number was reached at `since`."""
    planned = of_release(spec, replicas)
    step = planned[number]
    at = Step(index=number, of=len(planned), name=step.name, weight=step.weight, mirror=step.mirror, entered=since,
              since=since)  # fmt: skip
    trial = Trial(attempt=1, kind=Kind.RELEASE, candidate=revision(spec, candidate), step=at, started=since)
    view = TemplateView(digest=candidate, restartless=candidate, version=None)
    name = spec.workload_ref.name
    workload = Workload(
        name=name, uid="", generation=1, observed_generation=1, replicas=max(1, replicas), template=view, paused=True,
        strategy="", recreate=False, max_surge=1, max_unavailable=0, history_limit=10, held=True, driven=True,
        claimed_by=name, changed_by=None, updated=0, ready=0, available=0, pods=0, failure_shown=False,
    )  # fmt: skip
    seen = Observation(name=name, namespace="", uid="", generation=1, deleting=False, finalizer=True, workload=workload)
    status = Status(stable=revision(spec, stable) if stable else None, trial=trial)
    return Turn(spec=spec, status=status, observation=seen, now=since)


def replayed(turn: Turn, gate: Gate, answers: Iterable[Answer]) -> Iterator[Evidence]:
    """The gate's evidence after each answer, until it has failed: then the release would have been taken back."""
    for at, answer in answers:
        told: dict[str, Any] = {"windows" if gate.counting is not None else "samples": {gate.name: (answer,)}}
        now = replace(turn, observation=replace(turn.observation, **told), now=at)
        evidence = next(each for each in gates.fold(now) if each.name == gate.name)
        yield evidence
        if evidence.verdict is Verdict.FAIL:
            return
        assert turn.trial is not None
        trial = turn.trial.model_copy(update={"gates": (evidence,)})
        turn = replace(turn, status=turn.status.model_copy(update={"trial": trial}))
