"""Gates that a web server answers: what it is told, and what its answer means. How it is asked is the shell's business.

A final answer (pass, fail) counts once for each revision and step. What is sent is the same each time, under the same key,
so that a server which is asked again after a crash can answer as before.
"""

import hashlib
import json

from strategies.analysis.verdict import Unknown, Verdict
from strategies.rollout.jobs import said
from strategies.rollout.turn import Turn
from strategies.spec.gate import Gate
from strategies.spec.status import Evidence, Status, Trial
from strategies.world.observation import Told

VERSION = "release-coordinator.io/webhook/v1"
"""Of the document. A field is added without a new version, and none is taken away or given another meaning."""


def key_of(gate: str, release_uid: str, trial: Trial) -> str:
    """The idempotency key: of one gate in one step of one attempt of one Release."""
    text = f"{release_uid}/{gate}/{trial.candidate.hash}/{trial.step.index}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def document(gate: str, namespace: str, name: str, release_uid: str, status: Status) -> str:
    """What is posted, as JSON."""
    trial, stable = status.trial, status.stable
    assert trial is not None
    told = {
        "version": VERSION,
        "id": key_of(gate, release_uid, trial),
        "gate": gate,
        "release": {"namespace": namespace, "name": name, "uid": release_uid},
        "attempt": trial.attempt,
        "candidate": {"hash": trial.candidate.hash, "version": trial.candidate.version},
        "stable": {"hash": stable.hash, "version": stable.version} if stable else None,
        "step": {"number": trial.step.index, "of": trial.step.of, "name": trial.step.name, "weight": trial.step.weight,
                 "mirror": trial.step.mirror},
    }
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def is_open(status: Status, gate: str) -> bool:
    """Whether the step is reached and the gate has no final answer in it."""
    trial = status.trial
    if trial is None or trial.step.since is None:
        return False
    return all(known.verdict is Verdict.INCONCLUSIVE for known in trial.gates if known.name == gate)


def judged(turn: Turn, gate: Gate, known: Evidence) -> Evidence:
    """The gate's evidence with what was answered since."""
    trial = turn.trial
    assert trial is not None
    if known.verdict is not Verdict.INCONCLUSIVE:
        return known
    key = key_of(gate.name, turn.observation.uid, trial)
    answer = turn.observation.told.get(key)
    verdict: Verdict = known.verdict
    reason, message, at = known.reason, known.message or "not asked yet", known.at
    if isinstance(answer, Unknown):
        reason, message = answer.reason, f"{answer.message.rstrip('.')}; it is asked again"
    elif isinstance(answer, Told):
        verdict, at = answer.verdict, answer.at
        reason = {Verdict.PASS: "Passed", Verdict.FAIL: "Failed", Verdict.INCONCLUSIVE: "Waits"}[verdict]
        message = f"the webhook says {_WORDS[verdict]}" + (f": {answer.message}" if answer.message else "")
    return said(turn, known.model_copy(update={"at": at, "key": key}), verdict, reason, message)


_WORDS = {Verdict.PASS: "pass", Verdict.FAIL: "fail", Verdict.INCONCLUSIVE: "wait"}
