"""Gates that count requests and compare: which test a step asks for, and what its windows so far amount to.

What speaks against a candidate is carried from step to step; what speaks for it, and the windows that a step needs, begin anew
with each. Where the candidate has all traffic there is nothing to compare with: `max`, an absolute limit, is tested there, and a
gate without one is not asked. (A limit made from what stable was last seen to have would be a guess: nobody knows what stable
would have now.) The tests themselves are in strategies.analysis.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from strategies.analysis import feasibility, share
from strategies.analysis.counts import Counts, Window
from strategies.analysis.evidence import Evidence as Seen
from strategies.analysis.evidence import Guarantee, fold, log_clear, log_harm
from strategies.analysis.feasibility import Stretch, Traffic
from strategies.analysis.latency import LatencyTest
from strategies.analysis.limit import LimitTest
from strategies.analysis.ratio import COMMON, RatioTest
from strategies.analysis.share import ShareEvidence, ShareTest
from strategies.analysis.verdict import Unknown, Verdict
from strategies.rollout.plan import Exposure, PlannedStep
from strategies.rollout.turn import Turn
from strategies.spec.gate import Counting, Gate, GateTime
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import RECENT, Checkpoint, Evidence, ShareSeen

SIGN = 10.0
"""Evidence at which a gate no longer passes: most good candidates never show so much, and a step waits until it has faded."""
_STARTS, _EVERY = 3, 20
"""For harm that begins late: the bets begin anew so many times, every so many windows."""
_VERY_MUCH = 1e6
_SOON = 3600.0
"""Seconds: what takes longer to be seen is called not to be seen."""
COMPARED, LIMIT = "Compared", "Limit"
Test = RatioTest | LatencyTest | LimitTest


def is_asked(gate: Gate, step: PlannedStep) -> bool:
    """Whether the gate is asked in this step: it is one of its times, and the step can answer it."""
    return step.gate_time in gate.at and can_answer(step, gate)


def asked_of_users(gates: Iterable[Gate], steps: Iterable[PlannedStep]) -> tuple[Gate, ...]:
    """The gates that are asked while users have the candidate."""
    shared = [step for step in steps if step.share]
    return tuple(gate for gate in gates if any(is_asked(gate, step) for step in shared))


def can_answer(step: PlannedStep, gate: Gate) -> bool:
    """Whether this step can answer the gate, if it counts: somebody to compare with, or a limit."""
    if gate.counting is None:
        return True
    return step.compared or (step.exposure is Exposure.ALL and gate.counting.max is not None)


def form_of(step_name: str) -> str:
    """Which test a step of this name asks for."""
    return LIMIT if step_name == "Bake" else COMPARED


def test_of(spec: ReleaseSpec, gate: Gate, form: str) -> Test:
    """The gate's test. All tests of the release share what may go wrong."""
    asked = gate.counting
    assert asked is not None
    guarantee = Guarantee(gates=max(1, _tests(spec)), clump=asked.clump, starts=_STARTS, every=_EVERY)
    if form == LIMIT:
        assert asked.max is not None
        return LimitTest(limit=asked.max, guarantee=guarantee)
    certificate = not_much_worse(asked)
    if gate.latency is not None:
        return LatencyTest(edges=gate.latency.shape, objective=gate.latency.threshold, guarantee=guarantee,
                           tolerance=asked.tolerance, certificate=certificate)  # fmt: skip
    return RatioTest(guarantee=guarantee, tolerance=asked.tolerance, certificate=certificate, common=COMMON)


def not_much_worse(asked: Counting) -> float:
    """How many times worse a candidate must not be for the certificate with which a step may end early."""
    return max(2.0, 1.6 * asked.tolerance)


def _tests(spec: ReleaseSpec) -> int:
    """How many tests of this release could take it back: each has its part of the error budget."""
    counting = [(gate.counting, gate.at) for gate in spec.gates if gate.counting is not None]
    return sum((GateTime.STEP in at) + (GateTime.BAKE in at and asked.max is not None) for asked, at in counting)


def carried(turn: Turn, following: PlannedStep) -> tuple[Evidence, ...]:
    """What of this step's evidence the following one begins with."""
    gates = turn.spec.gates if turn.spec else ()
    asked = {gate.name for gate in gates if is_asked(gate, following)}
    return tuple(
        Evidence(
            name=known.name,
            question=known.question,
            key=known.key,
            message="a new step has begun; waits for windows of it",
            recent=known.recent,
            test=known.test.model_copy(update={"clear": (), "fresh": 0, "share": None}),
        )
        for known in turn.gates
        if known.test is not None and known.name in asked
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """The evidence while windows are folded in."""

    seen: Seen
    share: ShareEvidence
    fresh: int
    problem: Unknown | None = None


def judged(turn: Turn, gate: Gate, known: Evidence) -> Evidence:
    """The gate's evidence with all windows in it that were counted since."""
    step, spec, asked = turn.step, turn.spec, gate.counting
    assert step is not None and spec is not None and asked is not None
    answers = turn.observation.windows.get(gate.name, ())
    since = known.inconclusive_since or turn.now
    if not answers:
        said = known.message or "not asked yet"
        waits = None if known.verdict is Verdict.PASS else since
        return known.model_copy(update={"message": said, "inconclusive_since": waits})
    form = form_of(step.name)
    test = test_of(spec, gate, form)
    state = _begun(known.test, form, test)
    recent = list(known.recent)
    for answer in answers:
        key = state.seen.key
        state = _with(turn, asked, test, state, answer)
        if state.seen.key != key:
            recent.append(round(evidence_against(test, state.seen), 4))
    problem = state.problem or _wrong_share(state, step)
    verdict, reason, message = _verdict(asked, test, state, problem, forecast(test, asked, state.seen, _share(turn, state)))
    return known.model_copy(
        update={
            "verdict": verdict,
            "reason": reason,
            "message": message[:1024],
            "value": round(evidence_against(test, state.seen), 4),
            "recent": tuple(recent[-RECENT:]),
            "at": datetime.fromisoformat(state.seen.key) if state.seen.key else None,
            "key": state.seen.key,
            "certified": verdict is Verdict.PASS and log_clear(test, state.seen) >= test.guarantee.passes_at,
            "inconclusive_since": None if verdict is Verdict.PASS else since,
            "test": _checkpoint(form, state),
        }
    )


def evidence_against(test: Test, seen: Seen) -> float:
    """How many times the stake the bet against the candidate is worth now; bounded, for display."""
    return min(math.exp(min(log_harm(test, seen), 20.0)), _VERY_MUCH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a test stands, in times its stake: `against` the candidate, which fails at `fails_at`, and `sure` that it is not much
    worse, which certifies at `certifies_at`. `seen` is what was counted.
    """

    against: float
    fails_at: float
    sure: float
    certifies_at: float
    seen: str


def standing(spec: ReleaseSpec, gate: Gate, known: Checkpoint) -> Standing:
    """What a checkpoint says, for people."""
    test = test_of(spec, gate, known.form)
    seen = _begun(known, known.form, test).seen
    return Standing(
        against=evidence_against(test, seen),
        fails_at=math.exp(test.guarantee.fails_at),
        sure=min(math.exp(min(log_clear(test, seen), 20.0)), _VERY_MUCH),
        certifies_at=math.exp(test.guarantee.passes_at),
        seen=test.message(seen),
    )


def _with(turn: Turn, asked: Counting, test: Test, state: _State, answer: Window | Unknown) -> _State:
    """The state with this answer in it."""
    if isinstance(answer, Unknown):
        return replace(state, problem=answer)
    state = replace(state, problem=test.doubt(answer))
    if state.problem is not None or answer.key <= state.seen.key:
        return state
    step, began = turn.step, turn.trial.step.since if turn.trial else None
    assert step is not None
    fresh = began is not None and datetime.fromisoformat(answer.key) - asked.interval >= began
    if not state.seen.key and not fresh:  # A test begins with a step, also when it is computed again.
        return state
    if turn.routed and asked.check_share and fresh and step.compared:
        state = replace(state, share=share.fold(ShareTest(clump=asked.clump), state.share, answer, step.share / 100))
        if _wrong_share(state, step) is not None:  # No bet on requests that came another way.
            return replace(state, seen=replace(state.seen, key=answer.key))
    folded = fold(test, state.seen, answer)
    if not fresh:
        folded = replace(folded, clear=state.seen.clear)
    return replace(state, seen=folded, fresh=state.fresh + (fresh and folded.windows > state.seen.windows))


def _wrong_share(state: _State, step: PlannedStep) -> Unknown | None:
    if not state.share.both or not 0 < step.share < 100:
        return None
    return share.mismatch(ShareTest(), state.share, step.share / 100)


def _verdict(
    asked: Counting, test: Test, state: _State, problem: Unknown | None, outlook: str
) -> tuple[Verdict, str, str]:
    """Verdict, reason and sentence."""
    seen, needed = state.seen, math.exp(test.guarantee.fails_at)
    found = evidence_against(test, seen)
    much = f"{found:,.{0 if found >= SIGN else 2}f}" if found < _VERY_MUCH else f"over {_VERY_MUCH:,.0f}"
    against = f"evidence {much} of {needed:,.0f} against"
    if seen.failed_at:
        return Verdict.FAIL, "Harm", f"{test.message(seen)}; {against}"
    if problem is not None:
        return Verdict.INCONCLUSIVE, problem.reason, f"{problem.message.rstrip('.')}; waits"
    if state.fresh < asked.windows:
        more = (asked.windows - state.fresh) * asked.interval.total_seconds()
        text = f"{state.fresh} of {asked.windows} windows of this step; needs {more:.0f} s more at this traffic"
        if not state.fresh:
            text += "; no requests were counted yet"
        return Verdict.INCONCLUSIVE, "TooFew", f"{text}{outlook}"
    if found >= SIGN:
        text = f"signs of harm: {test.message(seen)}; {against}, passes below {SIGN:.0f}"
        return Verdict.INCONCLUSIVE, "Signs", f"{text}{outlook}"
    return Verdict.PASS, "NoHarm", f"no sign of harm: {test.message(seen)}; {against}{outlook}"


def forecast(test: Test, asked: Counting, seen: Seen, part: float) -> str:
    """What this gate could see at this traffic, as the end of a sentence; "" where nothing was counted."""
    if isinstance(test, LatencyTest):
        seen, test = test.of_objective(seen), test.ratio
    both = seen.stable.plus(seen.candidate)
    if not both.total or not seen.windows:
        return ""
    seconds = seen.windows * asked.interval.total_seconds()
    traffic = replace(Traffic.seen(both, seconds), bad=_usual(test, seen))
    times = test.certificate if isinstance(test, RatioTest) else 2.0
    takes = feasibility.seconds_to_fail(test, traffic, [Stretch(share=part, seconds=_SOON)], times, seen)
    worse = f"{times:.3g} times {'the limit' if isinstance(test, LimitTest) else 'as bad as stable'}"
    if takes >= _SOON:
        return f"; at this traffic one that is {worse} would not be found within an hour"
    return f"; one that is {worse} would be found in {math.ceil(takes / 5) * 5:.0f} s" if takes else ""


def _usual(test: RatioTest | LimitTest, seen: Seen) -> float:
    """The share of bad requests that a good candidate has."""
    if isinstance(test, LimitTest):
        return test.limit
    return Traffic.seen(seen.stable, 1.0).bad


def _share(turn: Turn, state: _State) -> float:
    """The candidate's share of the requests from now on."""
    step = turn.step
    if step is not None and step.exposure is Exposure.ALL:
        return 1.0
    both = state.seen.candidate.total + state.seen.stable.total
    if turn.routed and step is not None:
        return step.share / 100
    return min(0.99, max(0.01, state.seen.candidate.total / both)) if both else 0.5


# --- to and from the status


def _begun(known: Checkpoint | None, form: str, test: Test) -> _State:
    """What was committed; nothing, if that is of another test, or of a version of us that bet otherwise."""
    fits = known is not None and known.form == form and len(known.harm) in (0, len(test.harm_stakes))
    if known is None or not fits or len(known.clear) not in (0, len(test.clear_stakes)):
        return _State(seen=Seen(), share=ShareEvidence(), fresh=0)
    parts: dict[str, Any] = {name: Counts(classes=getattr(known, name)) for name in ("candidate", "stable", "history")}
    same = {name: getattr(known, name) for name in ("key", "windows", "expected", "harm", "clear", "failed_at")}
    shared = known.share
    known_share = ShareEvidence()
    if shared is not None and len(shared.logs) == len(known_share.logs):
        known_share = ShareEvidence(key=shared.key, logs=shared.logs, candidate=shared.candidate, both=shared.both)
    return _State(seen=Seen(**same, **parts), share=known_share, fresh=known.fresh)


def _checkpoint(form: str, state: _State) -> Checkpoint:
    seen, shared = state.seen, state.share
    return Checkpoint(
        form=form,
        key=seen.key,
        windows=seen.windows,
        fresh=state.fresh,
        expected=seen.expected,
        harm=tuple(seen.harm),
        clear=tuple(seen.clear),
        candidate=seen.candidate.classes,
        stable=seen.stable.classes,
        history=seen.history.classes,
        failed_at=seen.failed_at,
        share=ShareSeen(key=shared.key, logs=shared.logs, candidate=shared.candidate, both=shared.both) if shared.key else None,
    )
