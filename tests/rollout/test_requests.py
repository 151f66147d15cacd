"""Requests by annotation: what each does, and what is said when it makes no sense now."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Kind, Outcome
from strategies.world.observation import Queued
from tests.rollout.stories import APPROVAL, CANARY, GATE, ROLLING, ROUTED, at_step, in_phase, trial_of
from tests.rollout.world import World, healthy, make_spec

ABORTABLE = {
    "before the candidate has pods": (ROUTED, lambda w: w.status.trial is not None),
    "in preview": (ROUTED, lambda w: any(s.template == "v2" and s.replicas for s in w.sets.values())),
    "at the first step": (ROUTED, at_step(1)),
    "at the second step": (ROUTED, at_step(2)),
    "in bake": (ROUTED, in_phase(Phase.BAKING)),
    "in bake without router": (CANARY, at_step(3)),
    "while a person is waited for": (APPROVAL, in_phase(Phase.AWAITING_APPROVAL)),
    "in the second batch": (ROLLING, at_step(1)),
    "in the last batch": (ROLLING, at_step(3)),
}  # fmt: skip


def trial(until: Callable[[World], bool], **spec: object) -> World:
    """A world in which v2 is on trial and has come so far."""
    world = healthy(make_spec(**spec), answers={"errors": 0.0} if "gates" in spec else {})
    world.apply("v2")
    world.run(until)
    return world


def second(**spec: object) -> World:
    """A world at rest in which v2 has replaced v1."""
    world = trial(in_phase(Phase.HEALTHY), **(spec or CANARY))
    return world.run()


@pytest.mark.parametrize("when", ABORTABLE)
def test_abort_brings_everything_back_to_stable(when: str) -> None:
    """Wherever it is asked, stable serves alone, nothing of ours is left, and the template is rejected."""
    spec, until = ABORTABLE[when]
    world = trial(until, **spec)
    world.ask("abort", "we saw errors")
    assert "Aborted by anna: we saw errors" in world.status.message
    world.run()
    assert world.status.phase is Phase.ROLLED_BACK
    assert world.status.history[-1].outcome is Outcome.ABORTED
    assert {s.template: s.replicas for s in world.sets.values()} == {"v1": 4}
    assert world.services["shop"].pin is None
    assert world.route is None or world.route.weight is None
    assert world.deployment is not None
    assert (world.deployment.paused, world.deployment.held, world.deployment.driven) == (True, True, False)
    assert world.deployment.failure_shown


def test_a_rejected_template_stays_rejected_whoever_applies_it_again() -> None:
    """Sticky: another template goes out, the rejected one is held again, until a release went through."""
    world = trial(at_step(1), **CANARY)
    world.ask("abort")
    world.run()
    world.apply("v1")
    assert world.run().status.phase is Phase.HEALTHY
    world.apply("v2")
    assert world.run().status.phase is Phase.ROLLED_BACK
    assert "Aborted by anna" in world.status.message
    world.apply("v3")
    assert world.run().status.phase is Phase.HEALTHY
    world.apply("v2")
    world.run(trial_of("v2"))


def test_the_failure_is_shown_no_longer_once_another_template_is_held() -> None:
    """`kubectl rollout status` must not report the fix as failed."""
    world = trial(at_step(1), **CANARY)
    world.ask("abort")
    world.run()
    world.apply("v3")
    world.run(at_step(1))
    assert world.deployment is not None
    assert not world.deployment.failure_shown


def test_retry_starts_a_rejected_template_again_under_another_name() -> None:
    """A second attempt has its own ReplicaSet, its own evidence, and may succeed."""
    world = trial(at_step(1), **CANARY)
    first = world.status.trial
    world.ask("abort")
    world.run()
    world.ask("retry")
    world.run(trial_of("v2"))
    assert first is not None
    assert world.status.trial is not None
    assert world.status.trial.candidate.replica_set != first.candidate.replica_set
    assert world.run().status.phase is Phase.HEALTHY


@pytest.mark.parametrize(("reason", "done"), [(Reason.TRAIN_GONE, True), (Reason.IN_TRAIN, False), (Reason.QUEUED, False)])
def test_retry_lets_a_change_go_whose_train_is_gone_and_no_other_that_waits(reason: Reason, done: bool) -> None:
    """It is no way past a train, nor past a policy."""
    world = healthy(make_spec(**CANARY))
    world.unknown = {"queued": Queued(message="It waits.", reason=reason, train="" if reason is Reason.QUEUED else "t")}
    world.apply("v2")
    world.run(in_phase(Phase.BLOCKED))
    world.ask("retry")
    world.run(lambda w: bool(w.status.requests))
    assert world.status.requests[-1].done is done
    assert (world.status.train is None) is (done or reason is Reason.QUEUED)


@pytest.mark.parametrize("when", ["at rest", "in mid-trial"])
def test_revert_writes_stable_s_template_back(when: str) -> None:
    """Held or on trial, the Deployment ends with stable's template, unpaused, without a restart of its pods."""
    world = trial(at_step(1), **ROUTED)
    pods = list(world.sets["shop-kv1"].births)
    if when == "at rest":
        world.ask("abort")
        world.run()
    world.ask("revert")
    world.run()
    assert world.status.phase is Phase.HEALTHY
    assert world.deployment is not None
    assert (world.deployment.template, world.deployment.paused) == ("v1", False)
    assert world.sets["shop-kv1"].births == pods


@pytest.mark.parametrize("value", ["previous", "revision:kv1", "version:1.0.0", "version:v1.0.0"])
def test_rollback_after_completion_takes_the_kept_template_through_without_gates(value: str) -> None:
    """Whatever names it, v1 comes back on pod health alone, and v2 is rejected."""
    world = second(**CANARY, **GATE)
    world.answers["errors"] = 9.0
    world.ask("rollback", value)
    world.run(trial_of("v1"))
    assert world.status.trial is not None
    assert world.status.trial.kind is Kind.ROLLBACK
    world.run()
    assert world.status.phase is Phase.HEALTHY
    assert {s.template: s.replicas for s in world.sets.values()}["v2"] == 0
    world.apply("v2")
    assert world.run().status.phase is Phase.ROLLED_BACK


def test_rollback_to_an_older_revision_in_mid_trial_aborts_and_then_goes_there() -> None:
    """v3 is on trial over v2; revision v1 is asked for."""
    world = second()
    world.apply("v3")
    world.run(at_step(1))
    world.ask("rollback", "version:1.0.0")
    world.run()
    assert world.status.phase is Phase.HEALTHY
    assert world.deployment is not None
    assert world.deployment.template == "v1"
    assert [p.outcome for p in world.status.history] == [Outcome.COMPLETED, Outcome.ABORTED, Outcome.COMPLETED]


def test_rollback_previous_in_mid_trial_is_an_abort() -> None:
    """What users have is the revision before."""
    world = trial(at_step(1), **CANARY)
    world.ask("rollback", "previous")
    world.run()
    assert world.status.phase is Phase.ROLLED_BACK


def test_a_rollback_that_fails_does_not_write_its_template_over_a_later_one() -> None:
    """v1's pods no longer run; afterwards v3 is aborted, and v3 must stay in the Deployment."""
    world = second()
    world.broken.add("v1")
    world.ask("rollback", "previous")
    world.run()
    assert world.status.phase is Phase.ROLLED_BACK
    world.apply("v3")
    world.run(at_step(1))
    world.ask("abort")
    world.run()
    assert world.deployment is not None
    assert world.deployment.template == "v3"


def test_a_template_that_arrives_before_the_rollback_is_written_wins() -> None:
    """The newer wish is the person's who applied it."""
    world = second()
    world.requests.clear()
    world.failing.add("WriteTemplate")
    world.ask("rollback", "previous")
    world.apply("v3")
    world.failing.clear()
    world.run(trial_of("v3"))
    assert world.status.restoring is None
    assert world.run().status.phase is Phase.HEALTHY


def test_pause_stops_the_steps_and_not_the_gates() -> None:
    """Hours pass at 25 %; then a gate fails and the release is rolled back although it is paused."""
    world = trial(at_step(1), **ROUTED, **GATE)
    world.ask("pause", "let me look")
    assert "Paused by anna: let me look" in world.status.message
    for _ in range(100):
        world.turn()
        world.now += timedelta(minutes=2)
    assert (world.status.phase, world.route and world.route.weight) == (Phase.PAUSED, 25)
    world.answers["errors"] = 9.0
    world.run(in_phase(Phase.ROLLED_BACK))


def test_resume_goes_on_where_the_pause_was_made() -> None:
    """And its time counts: the step's 30 s are over, so the next one follows."""
    world = trial(at_step(1), **ROUTED)
    world.ask("pause")
    world.now += timedelta(hours=1)
    world.turn()
    world.ask("resume")
    world.run(at_step(2))
    assert world.run().status.phase is Phase.HEALTHY


def test_resume_gives_pods_that_are_not_ready_their_time_again() -> None:
    """A pause over the deadline must not become a rejection at the moment of the resume."""
    world = healthy(make_spec(**ROUTED))
    world.broken.add("v2")
    world.apply("v2")
    world.run(lambda w: any(s.template == "v2" and s.births for s in w.sets.values()))
    world.ask("pause")
    world.now += timedelta(hours=1)
    world.run()
    assert world.status.phase is Phase.PAUSED
    world.ask("resume")
    world.turn()
    assert world.status.phase is Phase.PROGRESSING
    world.broken.clear()
    assert world.run().status.phase is Phase.HEALTHY


def test_promote_step_skips_the_rest_of_the_step_s_time_and_says_who_did() -> None:
    """From 25 to 50 % at once."""
    world = trial(at_step(1), **ROUTED)
    before = world.now
    world.ask("promote", "step")
    assert "promote: step by anna" in world.status.message
    world.run(at_step(2))
    assert world.now - before < timedelta(seconds=30)


def test_promote_full_goes_to_all_traffic_and_still_bakes() -> None:
    """Capacity comes before traffic (S2), and the bake's 20 s are kept."""
    world = trial(at_step(1), **ROUTED)
    world.ask("promote", "full")
    assert world.status.phase is Phase.BAKING
    began = world.now
    world.run(in_phase(Phase.COMPLETING))
    assert world.now - began >= timedelta(seconds=20)


def test_promote_does_not_end_a_bake_that_has_not_begun() -> None:
    """The candidate has not all pods yet: completing now would leave users with a part of the capacity."""
    world = trial(at_step(1), **ROUTED)
    world.ask("promote", "full")
    said = world.ask("promote", "step")
    assert said == "The step to 100% is not reached yet: 1 of 4 pods are ready. Ask again then."
    world.run(at_step(3))
    world.ask("promote", "step")
    assert world.status.phase is Phase.COMPLETING


def test_a_request_is_answered_once_and_removed() -> None:
    """Two promotions are two requests; each moves one step, and no annotation is left."""
    world = trial(at_step(1), **ROUTED)
    world.ask("promote", "step")
    world.run(at_step(2))
    world.ask("promote", "step")
    world.run()
    assert world.requests == []
    assert [a.done for a in world.status.requests] == [True, True]


def _resting() -> World:
    return healthy(make_spec(**CANARY))


def _trying() -> World:
    return trial(at_step(1), **ROUTED)


def _undoing() -> World:
    world = _trying()
    world.ask("abort")
    return world


REFUSED = [
    ("at rest", _resting, "promote", "step", "There is nothing to promote: no release is in flight."),
    ("at rest", _resting, "abort", "true", "There is nothing to abort: no release goes forward."),
    ("at rest", _resting, "retry", "true", "There is nothing to retry: the Deployment's template was not rejected."),
    ("at rest", _resting, "pause", "true", "There is nothing to pause: no release goes forward."),
    ("at rest", _resting, "resume", "true", "There is nothing to resume: the release is not paused."),
    ("at rest", _resting, "revert", "true", "There is nothing to revert: the Deployment's template is stable's."),
    ("at rest", _resting, "rollback", "previous", "There is no completed earlier revision to go back to."),
    ("at rest", _resting, "rollback", "yesterday", "rollback: 'yesterday' is not known; write previous, revision:<hash> or"),
    ("at rest", _resting, "rollback", "version:7.0.0", "rollback: no kept revision is version:7.0.0; there are: none."),
    ("after v2", second, "rollback", "revision:nope", "rollback: no kept revision is revision:nope; there are: kv1 (1.0.0)"),
    ("on trial", _trying, "promote", "all", "promote: 'all' is not known; write promote=step or promote=full."),
    ("on trial", _trying, "abort", "false", "abort: 'false' asks for nothing; write abort=true, or the reason."),
    ("on trial", _trying, "retry", "true", "There is nothing to retry while a release is in flight; abort it first."),
    ("on trial", _trying, "resume", "true", "There is nothing to resume: the release is not paused."),
    ("being undone", _undoing, "promote", "step", "There is nothing to promote: no release is in flight."),
    ("being undone", _undoing, "abort", "true", "There is nothing to abort: no release goes forward."),
    ("being undone", _undoing, "pause", "true", "There is nothing to pause: no release goes forward."),
    ("being undone", _undoing, "rollback", "previous", "A rollback is under way already; ask again when it is done."),
]


@pytest.mark.parametrize(("when", "make", "key", "value", "said"), REFUSED)
def test_a_request_that_makes_no_sense_is_refused_with_a_reason_and_changes_nothing(
    when: str, make: Callable[[], World], key: str, value: str, said: str
) -> None:
    """The answer is recorded as not done, and the phase stays."""
    world = make()
    before = world.status.phase
    assert world.ask(key, value).startswith(said)
    assert not world.status.requests[-1].done
    assert world.status.phase is before


def test_a_paused_release_cannot_be_paused_again() -> None:
    """And the way on is named."""
    world = _trying()
    world.ask("pause")
    assert world.ask("pause") == "The release is paused already; write resume=true to go on."


def test_a_candidate_without_ready_pods_cannot_be_promoted() -> None:
    """Its pods are the reason, and are named."""
    world = healthy(make_spec(**ROUTED))
    world.broken.add("v2")
    world.apply("v2")
    world.run(lambda w: any(s.template == "v2" and s.births for s in w.sets.values()))
    assert world.ask("promote", "step") == "The candidate has no ready pod, so it cannot take more traffic; see its pods."


def test_a_rollback_to_stable_itself_is_refused_with_the_request_that_was_meant() -> None:
    """revert writes its template back."""
    world = trial(at_step(1), **CANARY)
    world.ask("abort")
    world.run()
    assert world.ask("rollback", "revision:kv1") == (
        "Revision kv1 is stable already; to write its template back, write revert=true."
    )
