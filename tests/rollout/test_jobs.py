"""Gates that a Job answers: when it is made, that it is made once, and what its end means."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from strategies.analysis.verdict import Unknown, Verdict
from strategies.rollout.jobs import name_of
from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Evidence
from strategies.world.effects import CreateJob, DeleteJob
from tests.rollout.stories import CANARY, ROUTED, SMOKE, at_step, in_phase, tell
from tests.rollout.world import World, healthy, make_spec

SECRET = "s3cret"


def smoke(**job: Any) -> dict[str, Any]:
    """One gate that a Job answers, at steps only."""
    container = {"name": "smoke", "image": "smoke:1", "env": [{"name": "TOKEN", "value": SECRET}]}
    return {"gates": [{"name": "smoke", "at": ["step"], "job": {"template": {"spec": {"containers": [container]}}, **job}}]}


def shipped(**parts: Any) -> World:
    """A release under way whose Job never ends by itself."""
    world = healthy(make_spec(**parts), ends={"smoke": None})
    world.apply("v2")
    return world.run(at_step(1))


def made(world: World) -> list[CreateJob]:
    """The Jobs that were made, in order."""
    return [w for w in world.writes if isinstance(w, CreateJob)]


def evidence(world: World) -> Evidence:
    """What the gate has seen."""
    assert world.status.trial is not None
    return next(e for e in world.status.trial.gates if e.name == "smoke")


def test_a_job_is_made_once_for_each_step_and_none_is_left() -> None:
    """Preview, two steps and the bake: four Jobs, each of its own name, deleted at the end."""
    world = tell("a good canary with router and a Job")
    assert world.status.phase is Phase.HEALTHY
    assert len(made(world)) == len({m.name for m in made(world)}) == 4
    assert [m.name.rpartition("-")[2] for m in made(world)] == ["0", "1", "2", "3"]
    assert world.jobs == {}


def test_it_is_made_only_once_the_step_is_reached() -> None:
    """No test runs against a candidate that is not there, or does not have its traffic."""
    world = healthy(make_spec(**ROUTED, **smoke()))
    world.apply("v2")
    while not made(world):
        world.turn()
        world.now += timedelta(seconds=1)
    trial = world.status.trial
    assert trial is not None
    assert trial.step.since is not None
    assert trial.step.index == 1


def test_it_is_told_what_is_on_trial() -> None:
    """Version, hash, step, weight, namespace and the candidate's Service; and no effect shows the template in a log."""
    world = shipped(**ROUTED, **smoke())
    world.run(lambda w: bool(made(w)))
    (effect,) = made(world)
    assert world.status.trial is not None
    told = dict(effect.environment)
    assert told["RELEASE_HASH"] == world.status.trial.candidate.hash
    assert (told["RELEASE_STEP"], told["RELEASE_WEIGHT"], told["RELEASE_NAMESPACE"]) == ("1", "25", "prod")
    assert told["RELEASE_SERVICE"] == "shop-candidate"
    assert SECRET in effect.template
    assert SECRET not in str(effect)


@pytest.mark.parametrize(
    ("end", "job", "verdict", "says"),
    [
        (("Complete", ""), {}, Verdict.PASS, "completed"),
        (("Failed", "BackoffLimitExceeded"), {}, Verdict.FAIL, "failed (BackoffLimitExceeded)"),
        (("Failed", "DeadlineExceeded"), {}, Verdict.INCONCLUSIVE, "promote=step goes on without it"),
        (("Failed", "DeadlineExceeded"), {"onTimeout": "Fail"}, Verdict.FAIL, "had not ended after its timeout"),
        (None, {}, Verdict.INCONCLUSIVE, "runs"),
    ],
)
def test_its_end_is_the_verdict(end: tuple[str, str] | None, job: dict[str, Any], verdict: Verdict, says: str) -> None:
    """Complete passes, Failed fails, and a deadline means what the gate says."""
    world = shipped(**CANARY, **smoke(**job))
    world.run(lambda w: bool(w.jobs))
    world.ends["smoke"] = end
    world.now += timedelta(seconds=3)
    world.turn()
    found = evidence(world)
    assert found.verdict is verdict
    assert says in found.message


def test_a_failed_job_takes_the_release_back_and_its_last_lines_are_the_reason() -> None:
    """What it wrote stands in the message that stays."""
    world = shipped(**CANARY, **smoke())
    world.run(lambda w: bool(w.jobs))
    ((name, job),) = world.jobs.items()
    world.jobs[name] = replace(job, log="GET /cart: 500")
    world.ends["smoke"] = ("Failed", "BackoffLimitExceeded")
    world.run(in_phase(Phase.ROLLED_BACK)).run()
    assert world.status.history[-1].message.endswith("it wrote: GET /cart: 500")
    assert world.jobs == {}


def test_a_job_that_somebody_deletes_is_not_run_again() -> None:
    """Once means once: the gate cannot tell, and a person decides."""
    world = shipped(**CANARY, **smoke(), maxInconclusive="1m")
    world.run(lambda w: bool(w.jobs))
    world.turn()
    world.jobs.clear()
    world.run(in_phase(Phase.PAUSED))
    assert len(made(world)) == 1
    assert "was deleted before it ended" in world.status.message


def test_a_job_may_run_for_longer_than_a_gate_may_not_tell() -> None:
    """Its own timeout bounds it; maxInconclusive begins when it has ended without telling."""
    world = shipped(**CANARY, **smoke(timeout="2h"), maxInconclusive="1m")
    world.run(lambda w: bool(w.jobs))
    for _ in range(60):
        world.turn_blind()
    assert world.status.phase is not Phase.PAUSED
    world.ends["smoke"] = ("Failed", "DeadlineExceeded")
    world.turn()
    assert world.status.phase is not Phase.PAUSED
    world.now += timedelta(minutes=2)
    world.run(in_phase(Phase.PAUSED))


def test_a_verdict_outlives_its_job() -> None:
    """Whoever cleans up after it has passed changes nothing."""
    world = shipped(**CANARY, **smoke())
    world.run(lambda w: bool(w.jobs))
    world.ends["smoke"] = ("Complete", "")
    world.now += timedelta(seconds=3)
    world.turn()
    world.jobs.clear()
    world.turn()
    assert evidence(world).verdict is Verdict.PASS
    assert len(made(world)) == 1


def test_a_foreign_job_of_the_name_says_nothing() -> None:
    """Its end is nobody's verdict, and it is not deleted."""
    world = shipped(**CANARY, **smoke())
    world.run(lambda w: bool(w.jobs))
    ((name, job),) = world.jobs.items()
    world.jobs[name] = replace(job, ours=False)
    world.ends["smoke"] = ("Complete", "")
    world.now += timedelta(seconds=3)
    world.turn()
    assert evidence(world).verdict is Verdict.INCONCLUSIVE
    assert "belongs to somebody else" in evidence(world).message
    world.ask("abort")
    world.run(in_phase(Phase.ROLLED_BACK)).run()
    assert list(world.jobs) == [name]


def test_jobs_that_cannot_be_seen_or_made_hold_up_nothing_but_their_gate() -> None:
    """A right that is missing is told with the gate; an abort goes through."""
    world = shipped(**ROUTED, **smoke())
    world.failing.add("CreateJob")
    world.jobs.clear()
    for _ in range(5):
        world.turn_blind()
    assert "cannot be made: the API refuses it" in evidence(world).message
    world.unknown["jobs"] = Unknown(reason="NotListed", message="jobs could not be listed")
    world.turn()
    assert evidence(world).message == "jobs could not be listed"
    world.ask("abort")
    world.run(in_phase(Phase.ROLLED_BACK))
    assert world.status.reason is Reason.REJECTED


def test_a_release_lets_go_only_once_it_knows_that_no_job_is_left() -> None:
    """A process that has just started may know of no Jobs because it has not listed them yet."""
    world = shipped(**ROUTED, **smoke())
    world.run(lambda w: bool(w.jobs))
    world.unknown["jobs"] = Unknown(reason="NotListed", message="jobs could not be listed")
    world.ask("abort")
    world.run(in_phase(Phase.ROLLED_BACK))
    for _ in range(5):
        world.turn()
    assert world.finalizer and world.jobs
    del world.unknown["jobs"]
    world.run()
    assert not world.finalizer and not world.jobs


def test_what_runs_for_nothing_any_more_is_stopped() -> None:
    """A person goes on without the Job; it ends with its step."""
    world = shipped(**CANARY, **smoke())
    world.run(lambda w: bool(w.jobs))
    world.turn()
    world.ask("promote", "step")
    world.run(at_step(2))
    assert next(w for w in world.writes if isinstance(w, DeleteJob)).name == made(world)[0].name


def test_a_gate_that_is_taken_out_stops_its_job_and_what_has_ended_goes_with_the_release() -> None:
    """Noted before the first one is made, so that a spec without such a gate does not hide them."""
    world = shipped(**CANARY, **smoke())
    world.run(lambda w: bool(w.jobs))
    assert world.status.jobs
    world.spec = make_spec(**CANARY)
    world.turn()
    assert [w.name for w in world.writes if isinstance(w, DeleteJob)] == [made(world)[0].name]
    world.run()
    assert (world.status.phase, world.jobs) == (Phase.HEALTHY, {})


def test_a_release_without_such_gates_has_no_jobs_to_look_for() -> None:
    """Also after one that had some."""
    world = shipped(**CANARY)
    assert not world.status.jobs
    world = tell("a good canary with router and a Job")
    world.spec = make_spec(**ROUTED)
    world.apply("v3")
    assert not world.run(at_step(1)).status.jobs


def test_a_paused_release_begins_no_job() -> None:
    """Paused is paused."""
    world = healthy(make_spec(**CANARY, **smoke()), ends={"smoke": None})
    world.apply("v2")
    world.run(lambda w: w.status.trial is not None and w.status.trial.step.index == 1)
    world.ask("pause")
    for _ in range(5):
        world.turn_blind()
    assert made(world) == []


def test_names_are_of_one_revision_step_and_gate_and_never_too_long() -> None:
    """63 characters, because Kubernetes makes a label of it; long gates that begin alike differ."""
    world = tell("a good canary with router and a Job")
    world.apply("v3")
    world.run(lambda w: w.status.trial is not None)
    trial = world.status.trial
    assert trial is not None
    long = trial.model_copy(update={"candidate": trial.candidate.model_copy(update={"hash": f"{2**53}-12345678"})})
    gates = ("a" * 63, "a" * 62 + "b", "smoke")
    assert len({name_of(gate, long) for gate in gates}) == 3
    assert max(len(name_of(gate, long)) for gate in gates) <= 63
    assert name_of("smoke", trial) == f"smoke-{trial.candidate.hash}-0"


def test_the_spec_takes_what_a_job_can_run() -> None:
    """Containers with names and images, a pod that ends, and a bound."""
    for template, says in (
        ({}, "must name a container"),
        ({"spec": {"containers": [{"name": "a"}]}}, "needs a name and an image"),
        ({"spec": {"containers": [{"name": "a", "image": "b"}], "restartPolicy": "Always"}}, "would never end"),
        ({"spec": {"containers": [{"name": "a", "image": "b", "args": ["x" * 70_000]}]}}, "longer than"),
    ):
        with pytest.raises(ValueError, match=says):
            make_spec(gates=[{"name": "smoke", "job": {"template": template}}])
    assert make_spec(**SMOKE).gates[0].form == "job"
