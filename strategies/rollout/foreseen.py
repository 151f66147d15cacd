"""Before a release: which of its steps are too short, or too small, for a gate that compares to see harm.

At stable's own traffic; while a release runs, comparing.py says the same. Every window is taken to come out as expected: about
half of all bad releases take longer.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from strategies.analysis import feasibility
from strategies.analysis.feasibility import Stretch, Traffic
from strategies.analysis.latency import LatencyTest
from strategies.analysis.ratio import RatioTest
from strategies.analysis.verdict import Unknown
from strategies.review.checklist import with_data
from strategies.rollout import comparing
from strategies.rollout.plan import PlannedStep, of_release
from strategies.spec.base import format_duration
from strategies.spec.gate import Counting, Gate, GateTime
from strategies.spec.release import ReleaseSpec
from strategies.spec.review import LONGEST as LONGEST_SENTENCE
from strategies.spec.review import MOST_FORESEEN, Review

LONGEST = timedelta(days=1)
"""What would take longer is not to be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """A step, by its number in the plan, in which this gate would not see a candidate that is `times` as bad as stable.

    `duration` and `weight` (percent), each by itself, with which it would; None: not within LONGEST, or with no weight.
    """

    gate: Gate
    step: PlannedStep
    number: int
    times: float
    duration: timedelta | None
    weight: int | None


def blind(spec: ReleaseSpec, replicas: int, traffic: Mapping[str, Traffic]) -> Iterator[Blind]:
    """Every step in which a gate with this traffic, by its name, would see nothing; others' traffic is not known."""
    steps = of_release(spec, replicas)
    for gate in spec.gates:
        if gate.counting is None or gate.name not in traffic:
            continue
        test = comparing.test_of(spec, gate, comparing.COMPARED)
        if isinstance(test, LatencyTest):
            test = test.ratio
        assert isinstance(test, RatioTest)
        for number, step in enumerate(steps):
            if step.compared and comparing.is_asked(gate, step):
                # Copies are requests, too.
                requests = replace(traffic[gate.name], rate=traffic[gate.name].rate * (1 + step.mirror / 100))
                needed = _duration(test, gate.counting, requests, step.share)
                if needed is None or needed > step.duration:
                    weight = None if step.mirror else _weight(test, gate.counting, requests, step.duration)
                    yield Blind(gate=gate, step=step, number=number, times=test.certificate, duration=needed, weight=weight)


def informed(review: Review, spec: ReleaseSpec, replicas: int, traffic: Mapping[str, Traffic | Unknown]) -> Review:
    """The review with what the gates that compare could see, and whether they have data; as it was until that is known."""
    lines = told(spec, replicas, traffic)
    if not lines:
        return review
    asked = comparing.asked_of_users(spec.gates, of_release(spec, replicas))
    return review.model_copy(update={"foreseen": lines, "checklist": with_data(review.checklist, asked, traffic)})


def told(spec: ReleaseSpec, replicas: int, traffic: Mapping[str, Traffic | Unknown]) -> tuple[str, ...]:
    """What a review says of each gate that compares; nothing until all of their traffic is known, or known not to be."""
    gates = compares(spec)
    if any(gate.name not in traffic for gate in gates):
        return ()
    found = tuple(line for gate in gates for line in _of_gate(spec, replicas, gate, traffic[gate.name]))
    return tuple(line[:LONGEST_SENTENCE] for line in found[:MOST_FORESEEN])


def compares(spec: ReleaseSpec) -> tuple[Gate, ...]:
    """The gates that compare at steps."""
    return tuple(gate for gate in spec.gates if gate.counting is not None and GateTime.STEP in gate.at)


def _of_gate(spec: ReleaseSpec, replicas: int, gate: Gate, traffic: Traffic | Unknown) -> Iterator[str]:
    if isinstance(traffic, Unknown):
        yield f"What gate {gate.name} could see is not known: {traffic.message.rstrip('.')}."
        return
    assert gate.counting is not None
    unseen = [f"{said(each, traffic)}. {remedy(each)}" for each in blind(spec, replicas, {gate.name: traffic})]
    yield from unseen
    if not unseen:
        times = comparing.not_much_worse(gate.counting)
        yield f"Gate {gate.name} would see {times:.3g} times as many bad requests within each step, at {_of_stable(traffic)}."


def said(found: Blind, traffic: Traffic) -> str:
    """What is too short, and why; without a full stop."""
    given = format_duration(found.step.duration)
    when = "be found within a day" if found.duration is None else f"take {format_duration(found.duration)} to be found"
    not_ = "not " if found.duration is None else ""
    at = f"with {found.step.mirror} % of the requests mirrored" if found.step.mirror else f"at {found.step.weight} %"
    return (f"{given} {at} is too short for gate {found.gate.name}: at {_of_stable(traffic)}, a candidate "
            f"that is {found.times:.3g} times as bad would {not_}{when}")  # fmt: skip


def remedy(found: Blind) -> str:
    """What would do."""
    ways = [f"make it {format_duration(found.duration)}"] if found.duration is not None and found.duration < LONGEST else []
    ways += [f"give the step {found.weight} %"] if found.weight is not None and found.weight > found.step.weight else []
    if not ways and found.step.mirror:
        return "No duration up to a day would do; count something that fails more often, or add a job."
    if not ways:
        return "No duration up to a day and no weight up to 50 % would do; count something that fails more often, or add a job."
    text = " or ".join(ways)
    return f"{text[0].upper()}{text[1:]}."


def _of_stable(traffic: Traffic) -> str:
    rate = f"{traffic.rate:,.0f}" if traffic.rate >= 100 else f"{traffic.rate:.3g}"
    return f"stable's {rate} requests a second, {traffic.bad * 100:.3g} % of them bad"


def _duration(test: RatioTest, asked: Counting, traffic: Traffic, weight: int) -> timedelta | None:
    stretch = Stretch(share=weight / 100, seconds=LONGEST.total_seconds())
    seconds = feasibility.seconds_to_fail(test, traffic, [stretch], test.certificate)
    return None if seconds == math.inf else _up(timedelta(seconds=seconds) + _late(asked))


def _weight(test: RatioTest, asked: Counting, traffic: Traffic, duration: timedelta) -> int | None:
    seconds = (duration - _late(asked)).total_seconds()
    share = feasibility.smallest_share(test, traffic, seconds, test.certificate) if seconds > 0 else math.inf
    return None if share == math.inf else math.ceil(share * 100)


def _late(asked: Counting) -> timedelta:
    """How much later than it happens a window is known at the latest."""
    return asked.interval + asked.delay


def _up(span: timedelta) -> timedelta:
    """Rounded up, as people would write it."""
    unit = timedelta(seconds=5) if span < timedelta(minutes=10) else timedelta(minutes=1)
    return -(-span // unit) * unit
