"""Which pods a ReplicaSet deletes first when it has too many. Pure.

A chain of comparisons; the first that sees a difference decides.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cmp_to_key

from playground.apiserver.objects import Object, moment_of
from playground.controllers import pods

_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}
_COST = "controller.kubernetes.io/pod-deletion-cost"
Comparison = Callable[[Object, Object], float]


def first_to_go(candidates: Sequence[Object], related: Iterable[Object], count: int, now: float) -> list[Object]:
    """So many of the candidates. `related`: all pods of the same owner's ReplicaSets, which may share nodes with them."""
    if count >= len(candidates):
        return list(candidates)
    crowd = Counter(_node(pod) for pod in related if pods.is_active(pod))
    chain: tuple[Comparison, ...] = (
        # Not on a node yet.
        _by(lambda pod: bool(_node(pod))),
        # Not running yet.
        _by(lambda pod: _PHASES.get(pods.phase(pod), 0)),
        # Not ready.
        _by(pods.is_ready),
        # Said to be cheaper to delete.
        _by(_cost),
        # On a node with more pods of the same owner.
        _by(lambda pod: -crowd[_node(pod)]),
        # Ready for less time, in orders of magnitude.
        lambda one, other: _younger(pods.ready_since(one), pods.ready_since(other), (one, other), now),
        # More restarts.
        _by(lambda pod: -pods.restarts(pod)),
        # Younger, in orders of magnitude.
        lambda one, other: _younger(_created(one), _created(other), (one, other), now),
    )

    def compare(one: Object, other: Object) -> int:
        difference = next((found for step in chain if (found := step(one, other))), 0)
        return (difference > 0) - (difference < 0)

    return sorted(candidates, key=cmp_to_key(compare))[:count]


def _by(measure: Callable[[Object], float]) -> Comparison:
    return lambda one, other: measure(one) - measure(other)


def _node(pod: Object) -> str:
    return str(pod["spec"].get("nodeName") or "")


def _created(pod: Object) -> float:
    return moment_of(pod["metadata"]["creationTimestamp"])


def _cost(pod: Object) -> int:
    text = (pod["metadata"].get("annotations") or {}).get(_COST, "0")
    return int(text) if text.removeprefix("-").isdigit() else 0


def _younger(one: float | None, other: float | None, pair: tuple[Object, Object], now: float) -> float:
    """By the order of magnitude of the age, so that pods of about one age go in a random order: that of their uids."""
    if one is None or other is None or one == other:
        return 0
    difference = _magnitude(now - one) - _magnitude(now - other)
    first, second = (pod["metadata"]["uid"] for pod in pair)
    return difference or (first > second) - (first < second)


def _magnitude(age: float) -> int:
    return int(math.log2(age * 1e9)) if age > 0 else -1
