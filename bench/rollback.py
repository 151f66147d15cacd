"""How fast the way back is: from a bad sample, a person's annotation or a crashing pod to the write that takes effect.

One Release at a time, at 50 % of an HTTPRoute, with one gate that asks every second; every round is a release of its own.
"""

import random
import time

from bench.controlling import Controller
from bench.figures import Figures, spread
from bench.fleet import RELEASES, ROUTES, Fleet, Progress, canary, split_of
from bench.options import Options
from bench.place import Place
from bench.source import GATE, Source
from bench.watching import Object, View

INTERVAL = 1.0
"""Seconds between two questions of the gate."""


class _Rounds:
    """One shop and what is seen of it."""

    def __init__(self, place: Place, source: Source, name: str, *, route: bool) -> None:
        self.key = (name, name)
        spec = canary((50, "10m"), gates=[GATE])
        self.fleet = Fleet(place, [self.key], spec, route=route)
        self.fleet.make()
        self.source = source
        self.releases = View(place.client(), RELEASES, Progress.of)
        self.routes = View(place.client(), ROUTES, split_of)
        namespaced = f"namespaces/{name}"
        self.replica_sets = View(place.client(), f"/apis/apps/v1/{namespaced}/replicasets", _wanted)
        self.pods = View(place.client(), f"/api/v1/{namespaced}/pods", _failing)
        self.number = 0

    def ship(self, tag: str = "") -> float:
        """Ship another version; when the API server had it."""
        self.source.good()
        self.number += 1
        return self.fleet.ship(f"{self.number + 1}{tag}")[self.key]

    def begin(self) -> str:
        """Ship another version and wait until it has its half of the traffic; the candidate's hash."""
        self.ship()
        return self.releases.wait_until(self.key, lambda p: p.weight == 50).candidate

    def weight_taken(self, since: float) -> float:
        """When the candidate's weight was seen to be 0, or the route to be as its owner wrote it."""
        return self.routes.wait_for(
            lambda: next((s.at for s in reversed(self.routes.log) if s.at >= since and s.key == self.key and not s.value), None),
            30, "weight 0",
        )  # fmt: skip

    def end(self) -> None:
        """Wait until the round is wound up."""
        self.releases.wait_until(self.key, lambda p: p.phase == "RolledBack" and p.ended == self.number)


def run(place: Place, source: Source, options: Options) -> Figures:
    """All three ways, `options.rounds` times each."""
    with Controller(place.controller_kubeconfig, place.folder):
        routed = _Rounds(place, source, "rollback", route=True)
        chance = random.Random(1)  # noqa: S311  A moment within the gate's interval.
        sample, answer, asked = [], [], []
        for _round in range(options.rounds):
            candidate = routed.begin()
            time.sleep(INTERVAL * (0.5 + chance.random()))
            bad = source.bad()
            written = routed.weight_taken(bad)
            sample.append(1000 * (written - bad))
            answer.append(1000 * (written - (source.answered_badly(candidate) or bad)))
            routed.end()
        for _round in range(options.rounds):
            routed.begin()
            asking = routed.fleet.ask(routed.key, "abort")
            asked.append(1000 * (routed.weight_taken(asking) - asking))
            routed.end()
        crashed = _crashes(place, source, options.rounds)
    values = {
        "bad_sample_to_weight_0_ms": spread(sample),
        "bad_answer_to_weight_0_ms": spread(answer),
        "annotation_to_weight_0_ms": spread(asked),
        "crash_status_to_scale_0_ms": spread(crashed),
        "gate_interval_ms": 1000 * INTERVAL,
    }
    notes = [*place.notes, "the gate asks a Prometheus of the bench's own", "moments of writes are those of the watch events"]
    return Figures(bench="rollback", place=place.name, values=values, notes=notes)


def _crashes(place: Place, source: Source, rounds: int) -> list[float]:
    plain = _Rounds(place, source, "crash", route=False)
    took = []
    for _round in range(rounds):
        plain.ship("-crash")
        plain.end()
        candidate = f"{plain.key[1]}-{plain.number}-"
        sizes = [s for s in plain.replica_sets.log if s.key[1].startswith(candidate)]
        grown = next(s.at for s in sizes if s.value)
        scaled = next(s.at for s in sizes if s.value == 0 and s.at > grown)
        failed = max(s.at for s in plain.pods.log if s.value and s.key[1].startswith(candidate) and s.at < scaled)
        took.append(1000 * (scaled - failed))
    return took


def _wanted(replica_set: Object) -> int:
    return int(replica_set["spec"]["replicas"])


def _failing(pod: Object) -> str:
    """What a kubelet says of a container that cannot stay up; empty while it says nothing bad."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    waiting = [((s.get("state") or {}).get("waiting") or {}).get("reason", "") for s in statuses]
    return next((reason for reason in waiting if reason == "CrashLoopBackOff"), "")


