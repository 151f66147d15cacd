"""Before a release: which of its steps are too short, or too small, for a gate that compares to see harm.

At stable's own traffic; while a release runs, comparing.py says the same. Every window is taken to come out as expected: about
half of all bad releases take longer.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from strategies.analysis import feasibility
from strategies.analysis.feasibility import Stretch, Traffic
from strategies.analysis.latency import LatencyTest
from strategies.analysis.ratio import RatioTest
from strategies.rollout import comparing
from strategies.rollout.plan import Exposure, PlannedStep, of_release
from strategies.spec.gate import Counting, Gate
from strategies.spec.release import ReleaseSpec

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
            if step.exposure is Exposure.PART and comparing.is_asked(gate, step):
                needed = _duration(test, gate.counting, traffic[gate.name], step.weight)
                if needed is None or needed > step.duration:
                    weight = _weight(test, gate.counting, traffic[gate.name], step.duration)
                    yield Blind(gate=gate, step=step, number=number, times=test.certificate, duration=needed, weight=weight)


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
