"""The users: they send requests, get answers, and what they saw is counted on their side too.

In counts per tick, without sockets: how many requests are due, which pods they reach, and what those answer. All chance is
taken from the generator that was handed in, in one order, so the same seed tells the same story.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from playground.loop import Loop
from playground.nodes.kubelet import Kubelet
from playground.traffic.destinations import Plan
from playground.traffic.gateway import Audience, Gateway

TICK = 0.1
"""Seconds."""
NO_ANSWER = 502
"""What users get from a gateway that a pod refuses the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """How many requests were answered, and how many of them with an error (500 and above)."""

    requests: int
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the users of a route or Service have seen. `by_version`: version of the pod that answered, "" where none did."""

    requests: int
    errors: int
    by_version: Mapping[str, Answers]


class Users:
    """Send requests to every audience of the gateway."""

    def __init__(self, loop: Loop, kubelet: Kubelet, gateway: Gateway, random: Random) -> None:
        self._loop, self._kubelet, self._gateway, self._random = loop, kubelet, gateway, random
        self._last = self._next = loop.now()
        self._owed: dict[tuple[str, str, str], float] = {}
        self._owed_copies: dict[tuple[str, str, str], float] = {}
        self._counts: dict[tuple[str, str], dict[tuple[str, int], int]] = {}

    def start(self) -> None:
        """From now on."""
        self._last = self._next = self._loop.now()
        self._wait()

    def report(self, namespace: str, name: str) -> Seen:
        """What the users of the route, or of the Service, of this name have seen since the start."""
        versions: dict[str, list[int]] = {}
        for (version, code), count in self._counts.get((namespace, name), {}).items():
            seen = versions.setdefault(version, [0, 0])
            seen[0] += count
            seen[1] += count if code >= 500 else 0
        by_version = {version: Answers(requests=seen[0], errors=seen[1]) for version, seen in versions.items()}
        whole = by_version.values()
        return Seen(requests=sum(a.requests for a in whole), errors=sum(a.errors for a in whole), by_version=by_version)

    def exposed(self) -> Iterator[tuple[Mapping[str, str], int]]:
        """The series of `users_requests_total`: labels and value."""
        for (namespace, name), counts in self._counts.items():
            for (version, code), count in counts.items():
                yield {"namespace": namespace, "route": name, "version": version, "code": str(code)}, count

    def _wait(self) -> None:
        """Ticks are multiples of TICK after the start; those that were slept through are not made up for one by one."""
        missed = math.floor((self._loop.now() - self._next) / TICK + 1e-6)
        self._next += TICK * (max(missed, 0) + 1)
        self._loop.later(self._next - self._loop.now(), "users send requests", self._tick)

    def _tick(self) -> None:
        elapsed, self._last = self._loop.now() - self._last, self._loop.now()
        for audience in self._gateway.audiences:
            owed = self._owed.get(audience.where, 0.0) + audience.rate * elapsed
            due = int(owed + 1e-9)
            self._owed[audience.where] = owed - due
            if due:
                self._send(audience, due)
        self._wait()

    def _send(self, audience: Audience, count: int) -> None:
        plan = self._gateway.plan(audience.where)
        targets = self._random.choices(plan.targets, cum_weights=plan.cumulative, k=count)
        counts = self._counts.setdefault(audience.where[1:], {})
        for target, share in Counter(targets).items():
            application = None if isinstance(target, int) else self._kubelet.application(target)
            if application is None:
                _count(counts, "", target if isinstance(target, int) else NO_ANSWER, share)
                continue
            version, errors = application.behaviour.version, application.answer(share, self._random)
            _count(counts, version, 200, share - errors)
            _count(counts, version, 500, errors)
        if plan.copies is not None:
            self._copy(audience, plan.copies, count * plan.copied)

    def _copy(self, audience: Audience, plan: Plan, count: float) -> None:
        """Pods get copies, and their answers are thrown away."""
        owed = self._owed_copies.get(audience.where, 0.0) + count
        due = int(owed + 1e-9)
        self._owed_copies[audience.where] = owed - due
        for target, share in Counter(self._random.choices(plan.targets, cum_weights=plan.cumulative, k=due)).items():
            application = None if isinstance(target, int) else self._kubelet.application(target)
            if application is not None:
                application.answer(share, self._random)


def _count(counts: dict[tuple[str, int], int], version: str, code: int, count: int) -> None:
    if count:
        counts[version, code] = counts.get((version, code), 0) + count
