"""The gates of a trial's present step: which are asked, and what their answers so far amount to.

Evidence is a fold over answers, kept in the status; the gates' own rules are in strategies.analysis.
"""

from strategies.analysis import threshold
from strategies.analysis.pods import PodEvidence, judge_pods
from strategies.analysis.verdict import Unknown, Verdict
from strategies.rollout import comparing, contracts, jobs, webhooks
from strategies.rollout.turn import Turn
from strategies.spec.gate import Gate, Threshold
from strategies.spec.status import RECENT, Evidence, Kind
from strategies.world.effects import Effect

PODS = "pods"


def active(turn: Turn) -> tuple[Gate, ...]:
    """The spec's gates that the present step asks. Restarts and rollbacks are judged by their pods alone."""
    if not turn.moving or turn.trial is None or turn.step is None or turn.spec is None:
        return ()
    if turn.trial.kind is not Kind.RELEASE:
        return ()
    step = turn.step
    return tuple(g for g in turn.spec.gates if comparing.is_asked(g, step))


def asked(turn: Turn) -> tuple[str, ...]:
    """Names of the gates to ask now: those of the step, once the candidate has pods that could be measured."""
    if turn.candidate is None or turn.candidate.ready == 0:
        return ()
    return tuple(g.name for g in active(turn))


def effects(turn: Turn) -> tuple[Effect, ...]:
    """What the gates of this step want done."""
    return jobs.effects(turn, active(turn))


def fold(turn: Turn) -> tuple[Evidence, ...]:
    """The evidence of the present step with everything that was seen in it."""
    if turn.trial is None:
        return ()
    if not turn.moving:
        return turn.trial.gates
    known = {e.name: e for e in turn.trial.gates}
    pods = _pods(turn, known.get(PODS) or Evidence(name=PODS))
    return (pods, *(_judged(turn, g, known.get(g.name) or Evidence(name=g.name)) for g in active(turn)))


def _judged(turn: Turn, gate: Gate, evidence: Evidence) -> Evidence:
    if gate.template is not None:
        problem = turn.observation.gate_problems.get(gate.name, f"{gate.template} could not be read")
        waiting = evidence.model_copy(update={"reason": "TemplateUnusable", "certified": False})
        return _said(turn, waiting, Verdict.INCONCLUSIVE, f"{problem.rstrip('.')}; waits")
    if evidence.question and evidence.question != gate.question:
        evidence = Evidence(name=gate.name, message="the gate asks something else now; its evidence begins anew")
    evidence = evidence.model_copy(update={"question": gate.question})
    if gate.counting is not None:
        return comparing.judged(turn, gate, evidence)
    if gate.job is not None:
        return jobs.judged(turn, gate, evidence)
    if gate.webhook is not None:
        return webhooks.judged(turn, gate, evidence)
    if gate.contract is not None:
        return contracts.judged(turn, gate, evidence)
    assert gate.threshold is not None
    return _threshold(turn, gate.threshold, evidence)


def _threshold(turn: Turn, gate: Threshold, evidence: Evidence) -> Evidence:
    assert turn.trial is not None
    since = turn.trial.step.since or turn.now
    folded = threshold.GateEvidence(
        name=evidence.name,
        consecutive_failures=evidence.failures,
        last_value=evidence.value,
        last_at=evidence.at,
        last_key=evidence.key,
        inconclusive_since=evidence.inconclusive_since or turn.now,
        verdict=evidence.verdict,
        message=evidence.message or "not asked yet",
    )
    recent = list(evidence.recent)
    for answer in turn.observation.samples.get(evidence.name, ()):
        known = folded.last_key
        folded, _ = threshold.fold(config(gate), folded, answer, since=since, now=turn.now)
        if folded.last_key != known and folded.last_value is not None:
            recent.append(folded.last_value)
    return evidence.model_copy(
        update={
            "verdict": folded.verdict,
            "message": folded.message[:1024],
            "value": folded.last_value,
            "recent": tuple(recent[-RECENT:]),
            "at": folded.last_at,
            "key": folded.last_key,
            "failures": folded.consecutive_failures,
            "inconclusive_since": None if folded.verdict is Verdict.PASS else folded.inconclusive_since or turn.now,
        }
    )


def config(gate: Threshold) -> threshold.ThresholdConfig:
    """The limits of a threshold gate."""
    return threshold.ThresholdConfig(min=gate.min, max=gate.max, failures=gate.failures, interval=gate.interval.total_seconds())


def _pods(turn: Turn, evidence: Evidence) -> Evidence:
    candidate, pods = turn.candidate, turn.observation.pods
    if candidate is None or candidate.replicas == 0:
        return _said(turn, evidence, Verdict.INCONCLUSIVE, "the candidate has no pods yet")
    if candidate.current and candidate.ready >= candidate.replicas:
        return _said(turn, evidence, Verdict.PASS, f"all {candidate.replicas} pods ready")
    if isinstance(pods, Unknown):
        return _said(turn, evidence, Verdict.INCONCLUSIVE, pods.message)
    earlier = PodEvidence(pulls_failing=tuple((p.name, evidence.at) for p in pods if evidence.at is not None))
    judged = judge_pods(pods, wanted=candidate.replicas, now=turn.now, earlier=earlier)
    pulls = [since for _, since in judged.evidence.pulls_failing]
    # Pods are read apart from their ReplicaSet: what both do not agree on is not known.
    verdict = Verdict.INCONCLUSIVE if judged.verdict is Verdict.PASS else judged.verdict
    return _said(turn, evidence.model_copy(update={"at": min(pulls, default=None)}), verdict, judged.message)


def _said(turn: Turn, evidence: Evidence, verdict: Verdict, message: str) -> Evidence:
    since = None if verdict is Verdict.PASS else evidence.inconclusive_since or turn.now
    at = None if verdict is Verdict.PASS else evidence.at
    return evidence.model_copy(update={"verdict": verdict, "message": message[:1024], "inconclusive_since": since, "at": at})
