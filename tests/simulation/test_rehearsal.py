"""A release is rehearsed by its own manifests: what is told of it is what the product does."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulation.rehearsal import Course, Rehearsal
from simulation.scene import CannotRehearse, adapted

Object = dict[str, Any]
EXAMPLES = Path(__file__).parents[2] / "examples"


def manifests(example: str) -> list[Object]:
    """Of an example's story."""
    files = sorted((EXAMPLES / example).glob("*.yaml"))
    return [each for file in files for each in yaml.safe_load_all(file.read_text()) if each]


def course(example: str, fails_at: int | None = None, start_up: float = 5.0) -> Course:
    """How its release goes."""
    return Rehearsal(manifests(example), start_up=start_up, fails_at=fails_at).run()


def test_a_good_canary_takes_the_time_of_its_steps_and_of_its_pods() -> None:
    """5 min at 5 %, 10 min at 25 %, 5 min of bake, and at most twice the pods."""
    went = course("01-canary")
    assert went.outcome == "Completed"
    assert [went.steps[number].split()[0] for number in sorted(went.steps)] == ["Traffic", "Traffic", "Bake"]
    assert [(line.weight, line.stable_pods, line.candidate_pods) for line in went.lines][:5] == [
        (0, 4, 0), (0, 4, 1), (5, 4, 1), (25, 4, 1), (100, 4, 1)]  # fmt: skip
    assert went.most_pods == 8
    assert 1200 < went.ended_at < 1230


def test_harm_in_a_step_ends_it_there_and_users_are_back_before_it_is_over() -> None:
    """The second bad answer rejects it: one interval after the first."""
    went = course("01-canary", fails_at=2)
    assert went.outcome == "Rejected"
    assert max(line.weight for line in went.lines) == 25
    assert went.bad_at is not None and went.users_back_at is not None
    assert went.bad_at < went.users_back_at < went.ended_at
    assert went.lines[-1].phase == "RolledBack"


def test_somebody_approves_where_it_is_asked_for_and_aborts_where_no_gate_watches() -> None:
    """Blue-green with approval and without gates."""
    assert (course("02-blue-green").outcome, course("02-blue-green").approvals) == ("Completed", 1)
    assert course("02-blue-green", fails_at=1).outcome == "Aborted"


def test_slow_pods_make_a_rolling_release_and_its_way_back_longer() -> None:
    """Four batches wait for them, and stable's pods are made anew on the way back."""
    quick, slow = course("03-rolling", start_up=1.0), course("03-rolling", start_up=31.0)
    assert slow.ended_at - quick.ended_at == pytest.approx(4 * 30, abs=2)
    back_quick, back_slow = (course("03-rolling", fails_at=3, start_up=each) for each in (1.0, 31.0))
    assert back_quick.bad_at is not None and back_slow.bad_at is not None
    assert (back_slow.ended_at - back_slow.bad_at) - (back_quick.ended_at - back_quick.bad_at) > 60


def test_pods_that_are_never_ready_in_time_are_told_with_the_reason() -> None:
    """Longer than progressDeadline: good gates do not help."""
    went = course("01-canary", start_up=700.0)
    assert went.outcome == "Rejected"
    assert "became ready within progressDeadline" in went.message
    assert went.steps == {}


def test_the_same_manifests_give_the_same_course() -> None:
    """To the last moment."""
    assert course("01-canary", fails_at=1) == course("01-canary", fails_at=1)


@pytest.mark.parametrize(
    ("gate", "interval", "failures"),
    [
        ({"name": "a", "threshold": {"query": "up", "max": 1, "interval": "7s", "failures": 3}}, "7s", 3),
        ({"name": "a", "ratio": {"bad": "x", "total": "y"}}, "15s", 1),
        ({"name": "a", "webhook": {"url": "https://qa.example/", "interval": "3s"}, "at": ["bake"]}, "3s", 1),
        ({"name": "a", "template": {"name": "http-errors"}}, "15s", 1),
    ],
)
def test_a_gate_is_asked_as_often_as_its_own_form_says(gate: Object, interval: str, failures: int) -> None:
    """And at the same times of a release."""
    (made,) = adapted({"kind": "Release", "metadata": {}, "spec": {"gates": [gate]}}, 1.0)["spec"]["gates"]
    assert (made["threshold"]["interval"], made["threshold"]["failures"]) == (interval, failures)
    assert made.get("at") == gate.get("at")


def test_what_makes_no_release_is_said_with_what_to_do() -> None:
    """No Release, several, no Deployment, and one that does not start."""
    canary = manifests("01-canary")
    release = next(each for each in canary if each["kind"] == "Release")
    deployment = next(each for each in canary if each["kind"] == "Deployment")
    crashing = deepcopy(deployment)
    crashing["spec"]["template"]["spec"]["containers"][0]["image"] = "shop:1-crash"
    other = {**release, "metadata": {**release["metadata"], "name": "other"}}
    for given, name, said in (
        ([], "", "there is: none. Give its file too"),
        ([*canary, other], "", "Name one: --release NAME"),
        (canary, "nobody", "There is no Release nobody"),
        ([release], "", "which is in none of the files"),
        ([*canary, deployment], "", "Deployment shop is in the files twice"),
        ([*(each for each in canary if each["kind"] != "Deployment"), crashing], "", "do not become ready"),
    ):
        with pytest.raises(CannotRehearse, match=said):
            Rehearsal(given, name).run()
    with pytest.raises(CannotRehearse, match=r"it is Blocked: .*Left out.*TraefikService"):
        course("07-shadow")
