"""The rule of the election, as a table, and its clocks."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from controller.kube import lease
from controller.kube.lease import Create, Observation, Record, Renew, Take, Wait, judge, observe


def record(holder: str, *, version: str = "1", duration: float = 10.0, transitions: int = 3) -> Record:
    """A record as a Lease could have it."""
    return Record(holder=holder, duration=duration, transitions=transitions, acquired="", renewed="2001-01-01", version=version)


CASES = {
    "there is no lease": (None, 0.0, Create()),
    "it was released": (record(""), 0.0, Take(4)),
    "it is ours": (record("me"), 0.0, Renew()),
    "it is ours, however old": (record("me"), 1000.0, Renew()),
    "somebody renewed just now, though his wall clock says 2001": (record("you"), 0.0, Wait("you", 10.0)),
    "somebody holds it for another second": (record("you"), 9.0, Wait("you", 1.0)),
    "it has run out": (record("you"), 10.0, Take(4)),
    "its count is at its end, and begins anew": (record("", transitions=2**31 - 1), 0.0, Take(0)),
    "its count is senseless, and begins anew": (record("", transitions=-5), 0.0, Take(0)),
    "the holder's own duration counts": (record("you", duration=30.0), 10.0, Wait("you", 20.0)),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_rule(case: tuple[Record | None, float, lease.Verdict]) -> None:
    """One verdict for each state of the record and time since it changed."""
    seen, age, expected = case
    assert judge(Observation(record=seen, since=100.0), 100.0 + age, "me") == expected


def test_only_a_change_of_the_record_starts_its_time_anew() -> None:
    """Reading the same again does not, or a dead leader would live as long as somebody looks."""
    first = observe(None, record("you"), 5.0)
    assert observe(first, record("you"), 9.0) is first
    assert observe(first, record("you", version="2"), 9.0).since == 9.0
    assert observe(first, None, 9.0) == Observation(record=None, since=9.0)


@pytest.mark.parametrize(
    ("duration", "expected"), [(10, 10.0), (None, 1.0), ("ten", 1.0), (-5, 1.0), (10**9, lease.LONGEST_DURATION)]
)
def test_a_senseless_duration_keeps_nobody_out(duration: object, expected: float) -> None:
    """Somebody's edit must neither elect two nor none."""
    assert lease.read({"spec": {"leaseDurationSeconds": duration}}).duration == expected


def test_a_lease_is_read_as_it_was_written() -> None:
    """Writing and reading agree on every field."""
    spec = lease.written("me", 10, 4, "then", "now")
    read = lease.read({"metadata": {"resourceVersion": "7"}, "spec": spec})
    assert read == Record(holder="me", duration=10.0, transitions=4, acquired="then", renewed="now", version="7")


@given(seed=some.integers(0, 10_000), skew=some.floats(-1e6, 1e6), rate=some.floats(0.75, 1.4))
def test_no_two_lead_at_once_whatever_the_clocks_say(seed: int, skew: float, rate: float) -> None:
    """A leader that gives up 7 s after sending is out before a rival, whose clock may run 1.4 times as fast, is in."""
    chance = random.Random(seed)
    sent, delay = 50.0, chance.uniform(0.0, 2.0)
    committed = sent + chance.uniform(0.0, delay)
    seen_at = committed + chance.uniform(0.0, 3.0)
    rival = observe(None, record("leader", version="9"), seen_at * rate + skew)
    moment = sent
    while not isinstance(judge(rival, moment * rate + skew, "rival"), Take):
        moment += 0.05
    assert moment > sent + 7.0
