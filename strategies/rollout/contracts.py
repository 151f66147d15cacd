"""Gates that compare what candidate and stable serve: what it means that something breaks. The shell finds it.

It breaks for those who rely on stable, unless somebody answers for it or the version says so. What could not be compared
says nothing: it is neither.
"""

from strategies.analysis.verdict import Unknown, Verdict
from strategies.review.contracts import Compared, accept, identity
from strategies.review.versions import may_break
from strategies.rollout.jobs import said
from strategies.rollout.turn import Turn
from strategies.rollout.webhooks import key_of
from strategies.spec.change import Acceptance, ContractType
from strategies.spec.gate import Gate
from strategies.spec.status import Evidence
from strategies.world.observation import Differing

_ROOM = 1000
"""Characters for findings, in a message that has 1024."""


def judged(turn: Turn, gate: Gate, known: Evidence) -> Evidence:
    """The gate's evidence with what was compared since. A final verdict stays as it is."""
    trial = turn.trial
    assert trial is not None and gate.contract is not None
    if known.verdict is not Verdict.INCONCLUSIVE:
        return known
    key = key_of(gate.name, turn.observation.uid, trial)
    answer = turn.observation.told.get(key)
    verdict: Verdict = Verdict.INCONCLUSIVE
    reason, message, at = known.reason, known.message or "not compared yet", known.at
    if isinstance(answer, Unknown):
        reason, message = answer.reason, f"{answer.message.rstrip('.')}; it is tried again, promote=step goes on without it"
    elif isinstance(answer, Differing):
        verdict, reason, message = _meaning(turn, gate, answer)
        at = answer.at
    return said(turn, known.model_copy(update={"at": at, "key": key}), verdict, reason, message)


def _meaning(turn: Turn, gate: Gate, seen: Differing) -> tuple[Verdict, str, str]:
    """The verdict, its reason in one word, and the sentence."""
    found = accept(Compared(name=gate.name, breaking=seen.breaking), _accepted(turn, gate), turn.now.date())
    left = seen.breaks - len(found.accepted)
    added = f"; {'many' if seen.additions is None else seen.additions} additions" if seen.additions != 0 else ""
    if not left:
        return Verdict.PASS, "Compatible", f"{_listed('nothing breaks', found.accepted, len(found.accepted))}{added}"
    trial, stable = turn.trial, turn.status.stable
    assert trial is not None
    step = f"{(stable and stable.version) or 'unknown'} → {trial.candidate.version or 'unknown'}"
    lines = tuple(f"{text} [{identity(text)}{', no longer accepted' if text in found.lapsed else ''}]" for text in found.breaking)
    if may_break(stable.version if stable else None, trial.candidate.version):
        return Verdict.PASS, "VersionSaysSo", _listed(f"the version says that it breaks ({step}): {left}", lines, left)
    unsaid = f"breaks for those who rely on stable, and the version ({step}) does not say so: {left}"
    return Verdict.FAIL, "Breaks", _listed(unsaid, lines, left)


def _accepted(turn: Turn, gate: Gate) -> tuple[Acceptance, ...]:
    assert gate.contract is not None
    change = turn.spec.change if turn.spec else None
    declared = (each for each in (change.contracts if change else ()) if each.type is ContractType.OPENAPI)
    return (*(one for each in declared for one in each.accepted), *gate.contract.accepted)


def _listed(head: str, lines: tuple[str, ...], count: int) -> str:
    """As many as a message has room for, and how many more there are."""
    text, shown = head, 0
    for line in lines:
        if len(text) + len(line) > _ROOM:
            break
        text, shown = f"{text}; {line}", shown + 1
    return f"{text}; and {count - shown} more" if count > shown else text
