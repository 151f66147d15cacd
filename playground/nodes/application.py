"""What runs in a pod, as its users and Prometheus see it: requests are answered and counted, no socket involved.

An application lives as long as its container's process; the next one starts to count at zero, as a process does. Who asks
and who reads the counters is not known here.
"""

import math
from functools import lru_cache
from random import Random
from statistics import NormalDist

from playground.nodes.images import Behaviour

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""The upper edges of the duration histogram, in seconds; +Inf comes after them."""
_MEDIAN, _SPREAD = 0.008, 0.5
_QUANTILES = 500


class Application:
    """Its counters: answers by code, durations by bucket (each answer in one bucket only; the last is +Inf) and in sum."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.codes = {200: 0, 500: 0}
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0
        self._durations = _durations(behaviour.latency)

    def answer(self, count: int, random: Random) -> int:
        """Answer so many requests; how many of them with 500."""
        rate = self.behaviour.error_rate
        errors = sum(random.random() < rate for _ in range(count)) if rate else 0
        self.codes[500] += errors
        self.codes[200] += count - errors
        for seconds, bucket in random.choices(self._durations, k=count):
            self.seconds += seconds
            self.buckets[bucket] += 1
        return errors

    @property
    def answered(self) -> int:
        """Answers of any code."""
        return self.codes[200] + self.codes[500]


@lru_cache(maxsize=256)
def _durations(extra: float) -> tuple[tuple[float, int], ...]:
    """Equally likely durations in seconds, each with its bucket: log-normal, 8 ms in the middle and 26 ms at p99, and `extra`."""
    normal = NormalDist(math.log(_MEDIAN), _SPREAD)
    drawn = (extra + math.exp(normal.inv_cdf((n + 0.5) / _QUANTILES)) for n in range(_QUANTILES))
    return tuple((seconds, sum(edge < seconds for edge in BUCKETS)) for seconds in drawn)
