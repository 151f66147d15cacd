"""Functions of a range vector: one window of samples in, one number out, or None where there is nothing to say. Pure.

The formulas are Prometheus'; what is special about each is said at it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from playground.prometheus.values import Range, highest, lowest, quantile, total, variance


def extrapolated(window: Range, *, counter: bool) -> float | None:
    """How much it rose over the whole window, judged from the part between its first and last sample.

    A side is extended to the window's edge if that is nearer than 1.1 average intervals, else by half an interval; a
    counter never beyond the moment at which it was zero.
    """
    if len(window.values) < 2:
        return None
    rise = window.values[-1] - window.values[0]
    if counter:
        rise += sum(earlier for earlier, later in pairwise(window.values) if later < earlier)
    sampled = (window.times[-1] - window.times[0]) / 1000
    interval = sampled / (len(window.values) - 1)
    before, after = (window.times[0] - window.start) / 1000, (window.end - window.times[-1]) / 1000
    if before >= interval * 1.1:
        before = interval / 2
    if counter and rise > 0 and window.values[0] >= 0:
        before = min(before, sampled * (window.values[0] / rise))
    if after >= interval * 1.1:
        after = interval / 2
    return rise * ((sampled + before + after) / sampled)


def _rate(window: Range) -> float | None:
    rise = extrapolated(window, counter=True)
    return None if rise is None else rise / ((window.end - window.start) / 1000)


def _last_difference(window: Range) -> tuple[float, float, float] | None:
    """The last two values, and the seconds between them."""
    if len(window.values) < 2:
        return None
    return window.values[-2], window.values[-1], (window.times[-1] - window.times[-2]) / 1000


def _irate(window: Range) -> float | None:
    last = _last_difference(window)
    return last and (last[1] if last[1] < last[0] else last[1] - last[0]) / last[2]


def _idelta(window: Range) -> float | None:
    last = _last_difference(window)
    return last and last[1] - last[0]


def _changes(window: Range) -> float:
    return sum(a != b and not (math.isnan(a) and math.isnan(b)) for a, b in pairwise(window.values))


def _of(function: Callable[[Sequence[float]], float]) -> "Function":
    return lambda window: function(window.values)


Function = Callable[[Range], float | None]

FUNCTIONS: Mapping[str, Function] = {
    "rate": _rate,
    "increase": lambda window: extrapolated(window, counter=True),
    "delta": lambda window: extrapolated(window, counter=False),
    "irate": _irate,
    "idelta": _idelta,
    "changes": _changes,
    "resets": _of(lambda values: sum(b < a for a, b in pairwise(values))),
    "avg_over_time": _of(lambda values: total(values) / len(values)),
    "sum_over_time": _of(total),
    "min_over_time": _of(lowest),
    "max_over_time": _of(highest),
    "count_over_time": _of(len),
    "last_over_time": _of(lambda values: values[-1]),
    "present_over_time": _of(lambda _: 1.0),
    "stddev_over_time": _of(lambda values: math.sqrt(variance(values))),
    "stdvar_over_time": _of(variance),
}
KEEP_NAMES = frozenset({"last_over_time"})
"""What they tell is still a value of the metric."""


def quantile_over_time(share: float) -> Function:
    """The function for this share."""
    return lambda window: quantile(share, window.values)
