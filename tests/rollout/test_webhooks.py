"""Gates that a web server answers: what it is told, and what its answers mean."""

import json
from datetime import timedelta
from typing import Any

import pytest

from strategies.analysis.verdict import Unknown, Verdict
from strategies.rollout import webhooks
from strategies.rollout.gates import fold
from strategies.rollout.turn import Turn
from strategies.spec.phase import Phase
from strategies.spec.status import Evidence
from strategies.world.observation import Told
from tests.rollout.stories import CANARY, at_step, in_phase
from tests.rollout.world import World, healthy, make_spec

ASKING: dict[str, Any] = {"gates": [{"name": "qa", "at": ["step"], "webhook": {"url": "https://qa.example.com/gate"}}]}
UID = "release-1"


def at_first_step(**parts: Any) -> World:
    """A release at its first step, whose webhook has said nothing yet."""
    world = healthy(make_spec(**CANARY, **ASKING, **parts))
    world.apply("v2")
    return world.run(at_step(1))


def says(world: World, answer: Told | Unknown) -> Evidence:
    """The gate's evidence once the webhook has said this in the present step."""
    assert world.status.trial is not None
    key = webhooks.key_of("qa", UID, world.status.trial)
    world.unknown["told"] = {key: answer}  # type: ignore[assignment]
    world.turn()
    trial = world.status.trial
    return next(e for e in trial.gates if e.name == "qa")


def told(verdict: Verdict, message: str = "") -> Told:
    """An answer."""
    return Told(verdict=verdict, message=message, at=healthy().now + timedelta(days=1))


@pytest.mark.parametrize(
    ("answer", "verdict", "message"),
    [
        (told(Verdict.PASS, "42 checks"), Verdict.PASS, "the webhook says pass: 42 checks"),
        (told(Verdict.FAIL), Verdict.FAIL, "the webhook says fail"),
        (told(Verdict.INCONCLUSIVE, "still running"), Verdict.INCONCLUSIVE, "the webhook says wait: still running"),
        (Unknown(reason="Timeout", message="the webhook did not answer within 10 s"), Verdict.INCONCLUSIVE,
         "the webhook did not answer within 10 s; it is asked again"),
    ],
)  # fmt: skip
def test_its_answer_is_the_verdict(answer: Told | Unknown, verdict: Verdict, message: str) -> None:
    """Pass, fail, wait; and no answer is neither a pass nor a failure."""
    found = says(at_first_step(), answer)
    assert (found.verdict, found.message) == (verdict, message)


def test_a_fail_takes_the_release_back_with_its_words() -> None:
    """Whoever says no says why."""
    world = at_first_step()
    says(world, told(Verdict.FAIL, "carts are empty"))
    world.run(in_phase(Phase.ROLLED_BACK))
    assert "gate qa: the webhook says fail: carts are empty" in world.status.history[-1].message


def test_a_final_answer_counts_for_its_step_and_for_no_other() -> None:
    """The next step asks anew; what was said of the one before is not heard."""
    world = at_first_step()
    assert webhooks.is_open(world.status, "qa")
    says(world, told(Verdict.PASS))
    assert not webhooks.is_open(world.status, "qa")
    first = world.unknown["told"]
    world.run(at_step(2))
    assert world.unknown["told"] is first
    assert webhooks.is_open(world.status, "qa")
    turn = Turn(spec=world.spec, status=world.status, observation=world.observe(), now=world.now)
    assert next(e for e in fold(turn) if e.name == "qa").verdict is Verdict.INCONCLUSIVE


def test_a_final_answer_stays_when_the_process_forgets_it() -> None:
    """It stands in the status; a later no of a confused server changes nothing."""
    world = at_first_step()
    says(world, told(Verdict.PASS))
    del world.unknown["told"]
    world.turn()
    assert says(world, told(Verdict.FAIL)).verdict is Verdict.PASS


def test_it_is_not_asked_before_the_step_is_reached() -> None:
    """Nobody is to judge traffic that is not there yet."""
    world = healthy(make_spec(**CANARY, **ASKING))
    world.apply("v2")
    world.run(lambda w: w.status.trial is not None and w.status.trial.step.index == 1 and w.status.trial.step.since is None)
    assert not webhooks.is_open(world.status, "qa")


def test_the_document_is_the_same_each_time_and_another_in_each_step() -> None:
    """A server that is asked again can know it; the fields are those of the page."""
    world = at_first_step()
    texts = [webhooks.document("qa", "prod", "shop", UID, world.status) for _ in range(2)]
    assert texts[0] == texts[1]
    said = json.loads(texts[0])
    assert said["version"] == "release-coordinator.io/webhook/v1"
    assert said["step"] == {"number": 1, "of": 4, "name": "Traffic", "weight": 20, "mirror": 0}
    assert said["release"] == {"namespace": "prod", "name": "shop", "uid": UID}
    assert said["candidate"]["version"] == "2.0.0"
    assert set(said) == {"version", "id", "gate", "release", "attempt", "candidate", "stable", "step"}
    says(world, told(Verdict.PASS))
    world.run(at_step(2))
    assert json.loads(webhooks.document("qa", "prod", "shop", UID, world.status))["id"] != said["id"]
