"""Gates that compare: their verdicts in a step, what is carried to the next, and what each message says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.reconcile import commit
from strategies.analysis.counts import Counts, Window
from strategies.analysis.verdict import Unknown, Verdict, window_key
from strategies.rollout import gates
from strategies.rollout.decide import Decision, decide
from strategies.rollout.turn import Turn
from strategies.spec.gate import Gate
from strategies.spec.status import Evidence, Status
from tests.rollout.stories import at_step
from tests.rollout.world import World, healthy, make_spec

RATIO: dict[str, Any] = {"bad": "bad_total", "total": "all_total", "interval": "10s", "delay": "5s"}
STEPS = [{"weight": 20, "duration": "10m"}, {"weight": 50, "duration": "10m"}, {"weight": 100}]
GONE = Unknown(reason="Timeout", message="MetricSource default: the source did not answer within 10 s")


def at_first_step(gate: dict[str, Any] | None = None, *, steps: list[dict[str, Any]] | None = None, routed: bool = True) -> World:
    """A canary that has reached its first step with traffic, with a gate that compares."""
    traffic = {"traffic": {"httpRoute": {"name": "shop"}}} if routed else {}
    asked = {"name": "errors", "ratio": {**RATIO, **(gate or {})}}
    spec = make_spec(strategy={"canary": {"steps": steps or STEPS}}, gates=[asked], rollback={"warm": {"for": "10m"}}, **traffic)
    world = healthy(spec)
    world.apply("v2")
    return world.run(at_step(1))


def window(world: World, number: int, candidate: tuple[int, int], stable: tuple[int, int]) -> Window:
    """The window with this number after the step's beginning (0 lies across it); sides as (bad, total)."""
    assert world.status.trial is not None and world.status.trial.step.since is not None
    end = datetime.fromtimestamp((world.status.trial.step.since.timestamp() // 10 + 1 + number) * 10, UTC)
    sides = [Counts.of(bad=bad, total=total) for bad, total in (candidate, stable)]
    return Window(key=window_key(end), candidate=sides[0], stable=sides[1])


def good(world: World, *numbers: int) -> list[Window | Unknown]:
    """Windows in which both sides are alike: 200 requests of the candidate's, 1 in 100 bad."""
    return [window(world, number, (2, 200), (8, 800)) for number in numbers]


def bad(world: World, *numbers: int) -> list[Window | Unknown]:
    """Windows in which the candidate is ten times as bad."""
    return [window(world, number, (20, 200), (8, 800)) for number in numbers]


def look(world: World, answers: list[Window | Unknown]) -> Decision:
    """What is decided with these answers."""
    assert world.spec is not None
    return decide(world.spec, replace(world.observe(), windows={"errors": tuple(answers)}), world.status, world.now)


def judged(world: World, answers: list[Window | Unknown]) -> Evidence:
    """The gate's evidence with these answers."""
    turn = Turn(spec=world.spec, status=world.status, observation=replace(world.observe(), windows={"errors": tuple(answers)}),
                now=world.now)  # fmt: skip
    return next(evidence for evidence in gates.fold(turn) if evidence.name == "errors")


def committed(world: World, decision: Decision) -> None:
    """The decision comes back from the API as it was written."""
    world.status = Status.model_validate(commit.dump(decision.status))


def test_a_step_passes_after_enough_windows_of_its_own_without_signs_of_harm() -> None:
    """The window that lies across its beginning is none of them."""
    world = at_first_step()
    few = judged(world, good(world, 0, 1, 2))
    assert (few.verdict, few.reason) == (Verdict.INCONCLUSIVE, "TooFew")
    assert few.message.startswith("2 of 3 windows of this step; needs 10 s more at this traffic")
    enough = judged(world, good(world, 1, 2, 3))
    assert (enough.verdict, enough.reason) == (Verdict.PASS, "NoHarm")
    assert enough.message.startswith("no sign of harm: candidate 6 of 600 bad (1 %), stable 24 of 2,400 bad (1 %); evidence ")
    assert "of 100 against; one that is 2 times as bad as stable would be found in " in enough.message


def test_harm_takes_the_candidate_back_with_the_evidence_and_a_bound() -> None:
    """In the same commit as the checkpoint."""
    world = at_first_step()
    decision = look(world, bad(world, 1, 2, 3))
    assert decision.status.phase == "RollingBack"
    assert "candidate 60 of 600 bad (10 %), stable 24 of 2,400 bad (1 %); at least" in decision.status.message
    assert decision.status.trial is not None
    (evidence,) = (each for each in decision.status.trial.gates if each.name == "errors")
    assert evidence.test is not None
    assert evidence.test.failed_at
    assert evidence.value == 1_000_000


def test_signs_of_harm_keep_a_step_waiting() -> None:
    """Ten times the stake is no proof, and no pass either."""
    world = at_first_step()
    signs = judged(world, [*good(world, 1, 2), window(world, 3, (16, 200), (8, 800))])
    assert (signs.verdict, signs.reason) == (Verdict.INCONCLUSIVE, "Signs")
    assert "signs of harm: " in signs.message
    assert "passes below 10" in signs.message


def test_the_same_windows_after_a_crash_give_the_same_evidence() -> None:
    """Wherever between two windows the status was last written, and however often windows are read again."""
    world = at_first_step()
    answers = [*good(world, 1, 2), window(world, 3, (5, 200), (8, 800)), *good(world, 4, 5)]
    whole = judged(world, answers)
    for cut in range(len(answers) + 1):
        again = at_first_step()
        committed(again, look(again, answers[:cut]))
        assert judged(again, answers[max(0, cut - 2) :]).test == whole.test


def test_evidence_against_is_carried_to_the_next_step_and_windows_and_certificate_are_not() -> None:
    """Signs at 20 % and signs at 50 % are one proof."""
    world = at_first_step()
    answers = good(world, 1, 2, 3)
    committed(world, look(world, answers))
    before = judged(world, answers)
    world.unknown["windows"] = {"errors": tuple(answers)}  # type: ignore[assignment]
    world.ask("promote", "step")
    world.run(at_step(2))
    after = judged(world, answers)
    assert before.test is not None and after.test is not None
    assert (after.test.harm, after.test.key) == (before.test.harm, before.test.key)
    assert (after.test.fresh, after.test.clear, after.certified) == (0, (), False)
    assert (after.verdict, after.reason) == (Verdict.INCONCLUSIVE, "TooFew")


def test_a_step_may_end_early_once_the_candidate_is_certified() -> None:
    """Not before, and only where the step says so."""
    for early in (True, False):
        steps = [{**step, "early": early} for step in STEPS[:2]] + STEPS[2:]
        world = at_first_step(steps=steps)
        calm = [window(world, number, (2, 400), (8, 1600)) for number in range(1, 30)]
        assert world.status.trial is not None
        sure = next(n for n in range(1, 30) if judged(world, calm[:n]).certified)
        assert sure > 3
        assert look(world, calm[: sure - 1]).status.trial.step.index == 1  # type: ignore[union-attr]
        assert look(world, calm[:sure]).status.trial.step.index == (2 if early else 1)  # type: ignore[union-attr]


@pytest.mark.parametrize("answers", [[GONE], "good"], ids=["at first", "later"])
def test_what_is_not_known_is_neither_pass_nor_failure(answers: Any) -> None:
    """Its reason is told, and what was counted before is kept."""
    world = at_first_step()
    known: list[Window | Unknown] = good(world, 1, 2, 3) if answers == "good" else []
    evidence = judged(world, [*known, GONE])
    assert (evidence.verdict, evidence.reason) == (Verdict.INCONCLUSIVE, "Timeout")
    assert evidence.message == "MetricSource default: the source did not answer within 10 s; waits"
    assert evidence.test is not None
    assert evidence.test.windows == len(known)


def test_after_a_restart_a_gate_that_could_not_tell_does_not_pass_before_it_is_asked() -> None:
    """The status alone is no answer."""
    world = at_first_step()
    committed(world, look(world, [*good(world, 1, 2, 3), GONE]))
    assert judged(world, []).reason == "Timeout"
    assert judged(world, good(world, 3)).verdict is Verdict.PASS


def test_another_share_than_the_step_s_is_bet_on_by_nobody() -> None:
    """And said, with where to look; unless the author says that it means nothing, or no router promises a share."""
    skewed = {"candidate": (2, 100), "stable": (8, 1900)}
    world = at_first_step()
    evidence = judged(world, [window(world, number, **skewed) for number in range(1, 5)])
    assert (evidence.verdict, evidence.reason) == (Verdict.INCONCLUSIVE, "WrongShare")
    assert "5 % of the requests instead of 20 %; look at the route" in evidence.message
    assert evidence.test is not None
    assert evidence.test.windows == 0
    for careless in (at_first_step({"checkShare": False}), at_first_step(routed=False)):
        assert judged(careless, [window(careless, n, **skewed) for n in range(1, 5)]).verdict is Verdict.PASS


def test_in_the_bake_a_limit_is_tested_from_its_first_window_on_and_without_one_nothing_is_asked() -> None:
    """What was compared before says nothing about the limit."""
    for limit, form in ((0.02, "Limit"), (None, None)):
        world = at_first_step({"max": limit} if limit else {})
        answers = good(world, 1, 2, 3)
        world.unknown["windows"] = {"errors": tuple(answers)}  # type: ignore[assignment]
        world.now += timedelta(minutes=1)
        world.ask("promote", "full")
        world.run(at_step(3))
        assert ("errors" in look(world, answers).asking) is (form is not None)
        if form is None:
            continue
        alone: list[Window | Unknown] = [replace(w, stable=None) for w in bad(world, 1, 2, 3) if isinstance(w, Window)]
        evidence = judged(world, [*answers, *alone])
        assert evidence.test is not None
        assert (evidence.verdict, evidence.test.form, evidence.test.windows) == (Verdict.FAIL, form, 3)
        assert "the limit is 2 %" in evidence.message


def test_a_whole_shape_is_carried_through_the_status_and_finds_calls_that_hang() -> None:
    """As many as before are above the threshold, but beyond the last edge; the forecast is for the threshold."""
    world = at_first_step()
    assert world.spec is not None
    latency = {"histogram": "seconds_bucket", "threshold": 0.3, "edges": [2, 0.1], "interval": "10s", "delay": "5s"}
    asked = Gate.model_validate({"name": "errors", "latency": latency})
    world.spec = world.spec.model_copy(update={"gates": (asked,)})

    def shaped(number: int, candidate: tuple[int, ...]) -> Window:
        (plain,) = good(world, number)
        assert isinstance(plain, Window)
        stable = Counts(classes=(600, 184, 15, 1))
        return replace(plain, candidate=Counts(classes=candidate), stable=stable, edges=(0.1, 0.3, 2.0))

    usual, hanging = (150, 46, 4, 0), (150, 46, 0, 4)
    committed(world, look(world, [shaped(number, usual) for number in (1, 2, 3)]))
    assert world.status.trial is not None
    evidence = next(each for each in world.status.trial.gates if each.name == "errors")
    assert evidence.verdict is Verdict.PASS
    assert "above 0.3: candidate 12 of 600 bad (2 %)" in evidence.message
    assert "as bad as stable would be found in" in evidence.message
    assert evidence.test is not None and len(evidence.test.harm) == 15
    found = judged(world, [shaped(number, hanging) for number in range(4, 9)])
    assert found.verdict is Verdict.FAIL
    assert "; clearest above 2: 20 of 1,600 bad" in found.message


def test_the_error_budget_is_shared_by_all_tests_of_the_release() -> None:
    """Two gates, of which one has a limit for the bake: three tests."""
    world = at_first_step()
    assert world.spec is not None
    gate = world.spec.gates[0]
    assert gate.ratio is not None
    second = gate.model_copy(update={"name": "more", "ratio": gate.ratio.model_copy(update={"max": 0.1})})
    world.spec = world.spec.model_copy(update={"gates": (gate, second)})
    assert "of 300 against" in judged(world, good(world, 1, 2, 3)).message


def test_a_checkpoint_of_another_kind_begins_anew() -> None:
    """Such as one of a version of us with other bets."""
    world = at_first_step()
    committed(world, look(world, good(world, 1, 2, 3)))
    assert world.status.trial is not None
    trial = world.status.trial
    odd = [e.model_copy(update={"test": e.test.model_copy(update={"harm": (0.5,)})}) if e.test else e for e in trial.gates]
    world.status = world.status.model_copy(update={"trial": trial.model_copy(update={"gates": tuple(odd)})})
    assert judged(world, good(world, 4)).test.windows == 1  # type: ignore[union-attr]
