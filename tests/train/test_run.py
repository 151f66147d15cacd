"""A train's run, told with members that do what Releases do: who goes when, who waits for whom, and what is said."""

from typing import Any

import pytest

from strategies.spec.phase import Phase
from strategies.spec.reason import Reason
from strategies.spec.status import Kind, Outcome
from strategies.spec.train_status import TrainPhase, TrainReason
from tests.train.line import CONSUMER, PRODUCER, REMOVAL, Line, Service, line, member, shop, spec


def through() -> Line:
    """A train that has gone through."""
    made = shop()
    for stage in (("web", "mail"), ("orders",)):
        for name in stage:
            made[name].complete()
        made.settle()
    return made.later(10)


def said(made: Line, name: str) -> str:
    """What a Release says of why it waits."""
    status = made[name].status
    assert status.reason is Reason.IN_TRAIN, status
    return status.message


def test_consumers_go_together_then_the_producer_then_all_are_verified() -> None:
    """Nobody begins before all of the stage before have their versions."""
    made = shop()
    assert made.on_trial == {"web", "mail"}
    assert said(made, "orders") == ("Member orders (stage 1) of ReleaseTrain t waits; the train is Progressing. "
                                    "It goes once web and mail have their versions.")  # fmt: skip
    made["web"].complete()
    made.settle()
    assert made.on_trial == {"mail"}
    made["mail"].complete()
    made.settle()
    assert made.on_trial == {"orders"}
    made["orders"].complete()
    made.settle()
    assert made.status.phase is TrainPhase.VERIFYING
    assert made.later(9).status.phase is TrainPhase.VERIFYING
    made.later(1)
    assert (made.status.phase, made.status.reason) == (TrainPhase.COMPLETED, TrainReason.AT_REST)
    assert made.versions == {"orders": "2", "web": "2", "mail": "2"}
    assert [c.status for c in made.status.conditions] == ["True", "False", "False"]


def test_nothing_starts_before_every_member_is_aboard() -> None:
    """The producer's change waits though nothing is before it but a member whose change is still to come; it says for whom."""
    made = line(member("orders", PRODUCER), member("web", CONSUMER), ship=False)
    assert made.status.phase is TrainPhase.WAITING
    made["orders"].ship("2")
    made.settle()
    assert made.on_trial == set()
    assert "The train waits for web. web: Deployment web has version 1, and the train waits for 2" in said(made, "orders")
    made["web"].ship("2")
    assert made.settle().on_trial == {"web"}


def test_another_version_than_the_train_s_does_not_go() -> None:
    """Neither while it waits nor when the train has arrived; the message names both versions and the field."""
    made = line(member("web"), ship=False)
    made["web"].ship("3")
    assert "is for version 2 of web, and the Deployment has 3: write that into spec.members" in said(made.settle(), "web")
    done = through()
    done["web"].ship("3")
    assert "is for version 2 of web, and the Deployment has 3" in said(done.settle(), "web")
    assert done.status.phase is TrainPhase.WAITING
    done.spec, done.generation = spec(member("orders", PRODUCER), member("web", CONSUMER, "3"), member("mail", CONSUMER)), 2
    assert done.settle().on_trial == {"web"}


def test_a_member_that_has_its_version_already_is_left_alone() -> None:
    """It goes nowhere, and is not taken back with the others."""
    made = line(member("orders", PRODUCER), member("web", CONSUMER, "1"), ship=False)
    made["orders"].ship("2")
    assert made.settle().on_trial == {"orders"}
    made["orders"].fail()
    made.settle()
    assert made.status.phase is TrainPhase.ROLLED_BACK
    assert made["web"].history == []


@pytest.mark.parametrize("failing", ["orders", "web", "mail"])
def test_a_failure_takes_the_train_back_in_reverse_order(failing: str) -> None:
    """At every position: what has completed goes back after what came later, and what has not begun never does."""
    made = shop()
    if failing == "orders":
        made["web"].complete()
        made["mail"].complete()
        made.settle()
    made[failing].fail()
    while made.settle().on_trial:
        for name in sorted(made.on_trial):
            made[name].complete()
    assert made.status.phase is TrainPhase.ROLLED_BACK
    assert made.versions == {"orders": "1", "web": "1", "mail": "1"}
    assert f"Member {failing} has failed: gate errors" in made.status.message
    asked = [what for service in made.services.values() for what in service.history if "=" in what]
    expected = {"orders": ["web rollback=revision:hash1", "mail rollback=revision:hash1"], "web": ["mail abort="],
                "mail": ["web abort="]}  # fmt: skip
    assert sorted(asked) == sorted(expected[failing])
    assert made.settle().on_trial == set()


def test_consumers_go_back_only_when_the_producer_is_back() -> None:
    """Or what it still sends would meet those who do not understand it."""
    made = shop()
    made["web"].complete()
    made["mail"].complete()
    made.settle()
    assert made.ask("abort", "the new format is wrong").on_trial == {"web", "mail"}
    assert made["orders"].history[-1] == "orders abort="
    done = through()
    done.ask("rollback", "previous")
    assert done.states() == {"orders": "RollingBack", "web": "Completed", "mail": "Completed"}
    done["orders"].complete()
    assert done.settle().states() == {"orders": "RolledBack", "web": "RollingBack", "mail": "RollingBack"}


def test_the_author_of_what_a_member_is_asked_is_the_train() -> None:
    """So that its history says who; and why."""
    made = shop().ask("abort", "too slow")
    answer = made["web"].status.requests[-1]
    assert answer.author.startswith("ReleaseTrain t, turn ")
    assert "Aborted by alice: too slow" in answer.value


def test_alone_by_policy_the_failed_member_goes_back_and_the_train_stops() -> None:
    """The others keep what they have; the producer never begins; retry goes on, and a rollback then takes back all."""
    made = shop(onFailure="RollBackMember")
    made["web"].complete()
    made["mail"].fail()
    made.settle()
    assert (made.status.phase, made.status.reason) == (TrainPhase.HALTED, TrainReason.MEMBER_FAILED)
    assert made.versions == {"orders": "1", "web": "2", "mail": "1"}
    assert made.later(1000).on_trial == set()
    made.ask("retry")
    assert made.on_trial == {"mail"}
    made["mail"].complete()
    made.settle()
    made["orders"].complete()
    made.settle().later(10)
    assert made.status.phase is TrainPhase.COMPLETED
    made.ask("rollback", "previous")
    for _ in range(2):
        for name in sorted(made.on_trial):
            made[name].complete()
        made.settle()
    assert made.versions == {"orders": "1", "web": "1", "mail": "1"}


def test_after_a_failed_run_nothing_starts_until_somebody_wants_it() -> None:
    """retry tells the rejected members, and each goes in its turn again."""
    made = shop()
    made["web"].fail()
    made.settle().later(500)
    assert made.status.phase is TrainPhase.ROLLED_BACK
    assert made.on_trial == set()
    assert "retry=true" in made.status.message
    assert made.ask("retry").on_trial == {"web", "mail"}
    assert made.status.run is not None
    assert made.status.run.number == 2


def test_an_edit_after_a_failed_run_asks_for_what_is_rejected() -> None:
    """Another version of the failed member does not start those anew that were taken back with it, without being asked."""
    made = shop()
    made["web"].fail()
    made.settle()
    made.spec, made.generation = spec(member("orders", PRODUCER), member("web", CONSUMER, "3"), member("mail", CONSUMER)), 2
    made["web"].ship("3")
    made.settle()
    assert (made.status.phase, made.status.reason) == (TrainPhase.WAITING, TrainReason.MEMBER_REJECTED)
    assert "mail: Its template was rejected: Aborted by ReleaseTrain t" in made.status.message
    assert made.ask("retry").on_trial == {"web", "mail"}


def test_a_paused_train_lets_nobody_begin_and_pauses_who_is_on_the_way() -> None:
    """Once: a member that is resumed by hand goes on. Only those that the train has paused are resumed by it."""
    made = shop().ask("pause", "lunch")
    assert [made[n].status.paused for n in ("web", "mail")] == [True, True]
    made["web"].change(paused=False)
    assert made.later(60)["web"].status.paused is False
    made["web"].complete()
    made.settle()
    assert made.ask("resume")["mail"].status.paused is False
    assert made.on_trial == {"mail"}
    made["mail"].complete()
    made.settle()
    assert made.on_trial == {"orders"}
    made["orders"].change(paused=True, phase=Phase.PAUSED, message="Paused by bob.")
    made.settle()
    assert "orders: Paused: Paused by bob." in made.status.message
    made.ask("pause").ask("resume")
    assert made["orders"].status.paused, "bob's pause is bob's"


def test_what_was_let_go_and_has_not_begun_does_not_begin_in_a_pause() -> None:
    """The hold looks at the train's phase, too."""
    made = line(member("web"), queued=True)
    assert "web: Blocked: ReleasePolicy calm lets 1 at a time" in made.status.message
    made.ask("pause")
    made["web"].queued = False
    made.settle()
    assert "the train is Paused" in said(made, "web")


@pytest.mark.parametrize(("members", "services", "reason", "words"), [
    ([member("a", depends_on=("b",)), member("b", depends_on=("a",))], {}, "NoOrder", ["spec.members", "at the same time"]),
    ([member("a"), member("b")], {"b": {"there": False}}, "MemberMissing",
     ["spec.members[1].name", "There is no Release b", "create it"]),
    ([member("a")], {"a": {"others": ("night",)}}, "MemberOfTwoTrains",
     ["spec.members[0].name", "ReleaseTrain night", "take it out"]),
    ([member("p", PRODUCER), member("r", REMOVAL)], {}, "RemovalTooEarly",
     ["spec.members[1].role", "r 2 drops what p still sends", "Let a train without the removal complete first"]),
])  # fmt: skip
def test_what_cannot_be_is_explained_with_its_field_and_starts_nothing(
    members: list[dict[str, Any]], services: dict[str, dict[str, Any]], reason: str, words: list[str]
) -> None:
    """Nothing begins, and the members say where they wait."""
    made = Line(spec(*members), {m["name"]: Service(m["name"], **services.get(m["name"], {})) for m in members})
    for service in made.services.values():
        service.ship("2")
    made.settle()
    assert (made.status.phase, made.status.reason) == (TrainPhase.INVALID, reason)
    assert [w for w in words if w not in made.status.message] == []
    assert made.on_trial == set()
    assert {c.type: c.status for c in made.status.conditions}["Stalled"] == "True"


def test_a_spec_that_cannot_be_read_starts_nothing() -> None:
    """The field is named."""
    made = Line(None, {"a": Service("a")}).settle()
    assert (made.status.phase, made.status.message) == (TrainPhase.INVALID, "spec.members: missing")


def test_a_removal_goes_in_a_later_run() -> None:
    """When the producers were seen at their new versions before it began."""
    made = line(member("orders", PRODUCER), member("web", CONSUMER))
    for name in ("web", "orders"):
        made[name].complete()
        made.settle()
    made.later(10)
    made.spec, made.generation = spec(member("orders", PRODUCER), member("web", REMOVAL, "3")), 2
    made["web"].ship("3")
    assert made.settle().on_trial == {"web"}


def test_an_edit_in_mid_run_counts_from_the_next_run_on() -> None:
    """Nobody is forgotten who went out, and nobody joins who was not aboard."""
    made = shop()
    made.spec, made.generation = spec(member("web", CONSUMER)), 2
    made.settle()
    assert set(made.states()) == {"orders", "web", "mail"}
    assert made.status.conditions[-1].type == "SpecFollowed"
    for name in ("web", "mail"):
        made[name].complete()
    made.settle()
    assert made.on_trial == {"orders"}
    made["orders"].complete()
    made.settle().later(10)
    made.settle()
    assert set(made.states()) == {"web"}
    assert "SpecFollowed" not in {c.type for c in made.status.conditions}


def test_the_verification_begins_anew_when_pods_are_missing_and_fails_at_its_deadline() -> None:
    """Available pods of all members, at a stretch; then everything goes back."""
    made = line(member("orders", PRODUCER), member("web", CONSUMER))
    for name in ("web", "orders"):
        made[name].complete()
        made.settle()
    made["web"].available = 1
    made.later(9)
    assert "Not all pods of web are available" in made.status.message
    made["web"].available = 4
    assert made.later(5).later(9).status.phase is TrainPhase.VERIFYING
    made["web"].available = 0
    made.later(1).later(60)
    assert (made.status.phase, made.status.reason) == (TrainPhase.ROLLING_BACK, TrainReason.NOT_VERIFIED)
    assert made.on_trial == {"orders"}


def test_a_train_that_was_halted_unverified_is_verified_once_more() -> None:
    """When somebody asks to try again; and then a rollback still takes back all of it."""
    made = line(member("orders", PRODUCER), member("web", CONSUMER), onFailure="RollBackMember")
    for name in ("web", "orders"):
        made[name].complete()
        made.settle()
    made["web"].available = 0
    made.later(61)
    assert (made.status.phase, made.status.reason) == (TrainPhase.HALTED, TrainReason.NOT_VERIFIED)
    made["web"].available = 4
    assert made.ask("retry").status.phase is TrainPhase.VERIFYING
    assert made.later(10).status.phase is TrainPhase.COMPLETED
    assert made.ask("rollback", "previous").on_trial == {"orders"}


@pytest.mark.parametrize("outcome", [Outcome.SUPERSEDED, Outcome.REVERTED])
def test_a_template_that_is_taken_away_is_no_failure(outcome: Outcome) -> None:
    """The train waits for it, and says so."""
    made = line(member("orders", PRODUCER), member("web", CONSUMER))
    made["web"].fail("A newer template has arrived.", outcome)
    made["web"].change(rejected=())
    made["web"].ship("3")
    made.settle()
    assert made.status.phase is TrainPhase.PROGRESSING
    assert "web: Its Deployment has version 3 now, which is not the train's: apply 2 again" in made.status.message
    made["web"].ship("2")
    assert made.settle().on_trial == {"web"}


def test_a_member_that_is_taken_back_by_hand_after_it_completed_has_failed() -> None:
    """The producer must not send the new to a consumer that is old again."""
    made = shop()
    made["web"].complete()
    made["mail"].complete()
    made.settle()
    made["web"].ship("1")
    made["web"].begin(Kind.ROLLBACK)
    made["web"].complete()
    made.settle()
    assert made.status.phase is TrainPhase.ROLLING_BACK
    assert "web has failed: Its users were taken back to version 1" in made.status.message


def test_a_restart_is_no_run() -> None:
    """It does not wait, and the train stays as it is."""
    made = through()
    before = made.log[:]
    made["web"].begin(Kind.RESTART)
    assert made.settle().log == before


def test_a_refusal_of_a_member_is_told_and_retry_asks_again() -> None:
    """Those of earlier stages wait: they still understand what the one that does not go back sends."""
    made = through()
    made["orders"].refuses = True
    made.ask("rollback", "previous")
    made["orders"].refuses = False
    assert made.states()["orders"] == "RollingBack"
    assert made.states()["web"] == "Completed"
    assert {c.type: c.status for c in made.status.conditions}["Stalled"] == "True"
    assert "It does not go back to 1: It makes no sense now." in next(
        m.message for m in made.status.members if m.name == "orders"
    )
    assert made.ask("retry").on_trial == {"orders"}


def test_one_that_begins_in_the_moment_of_turning_back_goes_back_too() -> None:
    """Its turn had read the train's status before."""
    made = line(member("web"), queued=True)
    before = made.status
    made.ask("abort")
    assert made.status.phase is TrainPhase.ROLLED_BACK
    made["web"].queued = False
    made["web"].turn(before)
    assert made.on_trial == {"web"}
    made.settle()
    assert made.on_trial == set()
    assert made["web"].history[-1] == "web abort="
