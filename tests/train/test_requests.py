"""Requests to a train: each is answered once, refused with a remedy where it makes no sense, whenever the controller dies."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.spec.train_status import TrainPhase, TrainStatus
from strategies.world.observation import Request
from tests.train.line import CONSUMER, PRODUCER, Line, line, member, shop, spec
from tests.train.test_run import through


@pytest.mark.parametrize(("made", "key", "value", "said"), [
    (lambda: line(member("a"), ship=False), "abort", "true", "no run is in flight"),
    (shop, "abort", "false", "asks for nothing"),
    (through, "abort", "true", "write rollback=previous"),
    (shop, "rollback", "version:1", "write rollback=previous"),
    (lambda: line(member("a"), ship=False), "rollback", "previous", "nothing has gone out"),
    (through, "pause", "true", "no run goes forward"),
    (shop, "resume", "true", "is not paused"),
    (shop, "retry", "true", "no run has failed"),
    (shop, "promote", "full", "is a request for a Release"),
    (shop, "revert", "true", "ask it of the member"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused_with_what_to_do(made: object, key: str, value: str, said: str) -> None:
    """And changes nothing but the list of answers."""
    assert callable(made)
    train: Line = made()
    before = (train.status.phase, train.states(), train.versions)
    train.ask(key, value)
    answer = train.status.requests[-1]
    assert (answer.key, answer.done) == (key, False)
    assert said in answer.message
    assert (train.status.phase, train.states(), train.versions) == before
    assert train.waiting == []


def test_a_request_is_answered_once_though_its_removal_fails() -> None:
    """It is identified by its id, and removed again."""
    made = shop()
    made.ask("pause", "lunch")
    (answer,) = made.status.requests
    made.waiting.append(Request(id=answer.id, key="pause", value="lunch", author="alice"))
    made.settle()
    assert made.status.requests == (answer,)
    assert made.waiting == []


def _holds_another(made: Line) -> None:
    made["orders"].ship("3")


def _names_another(made: Line) -> None:
    made.spec = spec(member("orders", PRODUCER, "3"), member("web", CONSUMER), member("mail", CONSUMER))


def _leaves_out(made: Line) -> None:
    made.spec = spec(member("web", CONSUMER), member("mail", CONSUMER))


@pytest.mark.parametrize("meanwhile", [_holds_another, _names_another, _leaves_out])
@pytest.mark.parametrize("policy", ["RollBackTrain", "RollBackMember"])
def test_a_rollback_takes_back_all_that_went_out_whatever_is_wanted_next(meanwhile: Callable[[Line], None], policy: str) -> None:
    """The producer first, though it waits for its next version, or is no member any more; and then nothing starts."""
    made = through() if policy == "RollBackTrain" else halted()
    meanwhile(made)
    made.generation += 1
    made.settle()
    made.ask("rollback", "previous")
    assert {n for n, s in made.services.items() if s.status.trial} == {"orders"}
    for _ in range(2):
        for name in sorted(made.on_trial):
            made[name].complete()
        made.settle()
    assert made.versions == {"orders": "1", "web": "1", "mail": "1"}
    assert made.status.phase is TrainPhase.ROLLED_BACK
    made.ask("rollback", "previous")
    assert "or it is back already" in made.status.requests[-1].message


def halted() -> Line:
    """A train that has not been verified, and stopped with all its members' new versions out."""
    made = shop(onFailure="RollBackMember")
    for stage in (("web", "mail"), ("orders",)):
        for name in stage:
            made[name].complete()
        made.settle()
    made["web"].available = 0
    made.later(61)
    assert made.status.phase is TrainPhase.HALTED
    return made


def test_a_member_that_was_left_out_after_a_halt_keeps_those_before_it_as_they_are() -> None:
    """Nobody takes the producer back any more, so the consumers that have their versions stay, too."""
    made = halted()
    made["web"].available = 4
    made.spec, made.generation = spec(member("web", CONSUMER, "3"), member("mail", CONSUMER)), 2
    made["web"].ship("3")
    assert made.settle().on_trial == {"web"}
    made["web"].fail()
    made.settle()
    assert (made.status.phase, made.on_trial) == (TrainPhase.ROLLED_BACK, set())
    assert made.versions == {"orders": "2", "web": "2", "mail": "2"}


def test_what_was_edited_before_an_abort_does_not_start_after_it() -> None:
    """Whoever takes the run back wants nothing to go out now; retry, or another edit, begins the next one."""
    made = shop()
    made.spec, made.generation = spec(member("web", CONSUMER, "3")), 2
    made.ask("abort", "wrong day")
    made["web"].ship("3")
    assert made.settle().on_trial == set()
    assert made.status.phase is TrainPhase.ROLLED_BACK
    assert made.ask("retry").on_trial == {"web"}


def test_policy_and_verification_of_a_run_are_those_that_it_began_with() -> None:
    """As the condition says of an edit in mid-run: it counts from the next one on."""
    made = shop()
    names = (member("orders", PRODUCER), member("web", CONSUMER), member("mail", CONSUMER))
    made.spec, made.generation = spec(*names, onFailure="RollBackMember"), 2
    made.settle()["web"].fail()
    assert made.settle()["mail"].history[-1] == "mail abort="
    done = line(member("web"))
    done.spec, done.generation = None, 2
    done["web"].complete()
    assert done.settle().later(9).status.phase is TrainPhase.VERIFYING
    done.turn()
    done.later(1)
    assert done.status.run is not None and done.status.run.completed


def test_each_pause_of_a_train_pauses_who_is_on_the_way() -> None:
    """Also a member that was let go on by hand in the pause before."""
    made = shop().ask("pause")
    made["web"].change(paused=False)
    made.ask("resume").ask("pause")
    assert [made[name].status.paused for name in ("web", "mail")] == [True, True]


def test_what_a_former_train_of_the_name_was_answered_is_no_answer() -> None:
    """Its turns had the same numbers, and so its requests the same authors; this one dies before it writes its own."""
    made = shop().ask("abort", "wrong day")
    former = {n: [a.author for a in s.status.requests] for n, s in made.services.items()}
    made.status, made.generation = TrainStatus(), 1
    for name, service in made.services.items():
        service.change(rejected=())
        service.ship("2" if name == "orders" else "1")
        service.ship("2")
    made.settle()
    made.waiting.append(Request(id="again", key="abort", value="wrong again", author="alice"))
    made.turn(performs=False)
    made.settle()
    assert made.status.phase is TrainPhase.ROLLED_BACK, made.states()
    assert made.on_trial == set()
    assert [a.author for a in made["web"].status.requests] == former["web"] * 2


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_whatever_happens_no_producer_is_new_beside_an_old_consumer(data: st.DataObject) -> None:
    """Members complete and fail, people ask, and the controller dies before it asks: at each moment, on the way there and back, a
    producer that may send the new has consumers that understand it; and in the end the train is at rest.
    """
    made = shop(**data.draw(st.sampled_from([{}, {"onFailure": "RollBackMember"}])))
    for stage in (("web", "mail"), ("orders",))[: data.draw(st.integers(0, 2))]:
        for name in stage:
            made[name].complete()
        made.settle()
    acts = st.sampled_from(["complete", "fail", "turn", "die", "abort", "rollback", "pause", "resume", "retry", "later", "ship",
                            "next", "prepare"])  # fmt: skip
    for _ in range(data.draw(st.integers(1, 25))):
        _act(made, data.draw(acts), data)
        new = {n for n, s in made.services.items() if s.version != "1"}
        if "orders" in made.on_trial and made["orders"].template != "1":
            assert {"web", "mail"} <= new, made.log
        if "orders" in new:
            # A consumer goes back by its own failure or with the train; then the producer is back before.
            assert {"web", "mail"} <= new, made.log
    _come_to_rest(made)


def _act(made: Line, act: str, data: st.DataObject) -> None:
    if act in ("complete", "fail"):
        if made.on_trial:
            getattr(made[data.draw(st.sampled_from(sorted(made.on_trial)))], act)()
    elif act in ("turn", "die"):
        made.turn(performs=act == "turn")
        for service in made.services.values():
            service.turn(made.status)
    elif act == "later":
        made.later(11)
    elif act == "ship":
        for service in made.services.values():
            if service.status.trial is None and service.version == service.template == "1":
                service.ship("2")
    elif act == "next":
        made.spec, made.generation = spec(member("orders", PRODUCER, "3"), member("web", CONSUMER), member("mail", CONSUMER)), 2
    elif act == "prepare":
        if made["orders"].status.trial is None:
            made["orders"].ship("3")
    else:
        made.ask(act, "previous" if act == "rollback" else "true")


def _come_to_rest(made: Line) -> None:
    for _ in range(12):
        made.settle()
        if made.status.phase is TrainPhase.PAUSED:
            made.ask("resume")
        for name in sorted(made.on_trial):
            made[name].change(paused=False)
            made[name].complete()
        made.later(11)
    assert made.on_trial == set()
    stalled = {c.type: c.status for c in made.status.conditions}["Stalled"] == "True"
    assert made.status.phase in (TrainPhase.COMPLETED, TrainPhase.WAITING) or stalled, made.log
    asked = [(n, a.key, a.author) for n, s in made.services.items() for a in s.status.requests]
    assert len(asked) == len(set(asked)), "nothing is asked twice"
