"""Many Releases at once: first the same change without any, then the same canary for all, then all fail at the same moment.

The canary has two steps (50 % with a pause of 2 s, 100 %), no router, no bake and no drain: what it takes longer than the pause
is the time of pods, of Kubernetes' controllers and of ours. The failing ones stand at 50 % of a route when their gate turns bad.
"""

import time
from collections import Counter
from typing import Any

from bench import processor
from bench.controlling import Controller, Sampling, Scrape
from bench.figures import Figures, spread
from bench.fleet import DEPLOYMENTS, RELEASES, ROUTES, Fleet, Progress, canary, keys, rolled_out, split_of
from bench.options import Options
from bench.place import Place
from bench.source import GATE, Source
from bench.watching import View

PAUSE = 2.0
"""Seconds that the canary's own step lasts."""


def run(place: Place, source: Source, options: Options) -> Figures:
    """Both bursts, with `options.releases` Releases each."""
    patience = 60 + 2.0 * options.releases
    with Controller(place.controller_kubeconfig, place.folder) as controller:
        releases = View(place.client(), RELEASES, Progress.of)
        values: dict[str, Any] = {"releases": options.releases, "rss_before_mib": round(controller.memory(), 1)}
        values["without_release"] = {"duration_s": spread(_rollouts(place, options.releases, patience), 2)}
        values["canary"] = _canaries(place, controller, releases, options.releases, patience)
        values["failing"] = _failing(place, controller, releases, source, options.releases, patience)
    notes = [*place.notes, "one pod for each revision; Releases in 10 namespaces; memory and queue are sampled every second"]
    return Figures(bench="burst", place=place.name, values=values, notes=notes)


def _rollouts(place: Place, count: int, patience: float) -> list[float]:
    """Seconds of the same change of as many Deployments that no Release names: what Kubernetes and this machine take."""
    fleet = Fleet(place, keys("plain", count), None)
    fleet.make(patience)
    with View(place.client(), DEPLOYMENTS, rolled_out) as deployments:
        shipped = fleet.ship("2")
        fleet.wait(deployments, lambda image: image == "shop:2", patience)
    done = {key: deployments.first(key, shipped[key], lambda image: image == "shop:2") for key in fleet.keys}
    return [at - shipped[key] for key, at in done.items() if at is not None]


def _canaries(place: Place, controller: Controller, releases: View[Progress], count: int, patience: float) -> dict[str, Any]:
    fleet = Fleet(place, keys("burst", count), canary((50, f"{PAUSE:g}s")))
    adopted = fleet.make(patience)
    before, called, used = controller.scrape(), place.calls(controller), processor.seconds()
    with Sampling(controller) as highest:
        shipped = fleet.ship("2")
        fleet.wait(releases, lambda p: p.phase == "Healthy" and p.outcome == "Completed", patience)
    after, everybody = controller.scrape(), processor.seconds()
    durations = []
    for key in fleet.keys:
        done = releases.first(key, shipped[key], lambda p: p.phase == "Healthy" and p.outcome == "Completed")
        assert done is not None
        durations.append(done - shipped[key])
    return {
        "adopted_in_s": round(adopted, 1),
        "duration_s": spread(durations, 2),
        "added_s": spread([d - PAUSE for d in durations], 2),
        "shipping_took_s": round(max(shipped.values()) - min(shipped.values()), 2),
        "rss_peak_mib": round(highest.memory, 1), "queue_oldest_wait_s": round(highest.oldest_wait, 2),
        "queue_depth": highest.depth,
        **_work(before, after, count), "calls_per_release": _per_release(place.calls(controller) - called, count),
        "cpu_ms_per_release_of": {name: round(1000 * (until - used.get(name, 0.0)) / count, 1)
                                  for name, until in everybody.items()},
    }  # fmt: skip


def _failing(
    place: Place, controller: Controller, releases: View[Progress], source: Source, count: int, patience: float
) -> dict[str, Any]:  # fmt: skip
    source.good()
    fleet = Fleet(place, keys("failing", count), canary((50, "1h"), gates=[GATE]), route=True)
    fleet.make(patience)
    routes = View(place.client(), ROUTES, split_of)
    fleet.ship("2")
    fleet.wait(releases, lambda p: p.weight == 50, patience)
    time.sleep(2 * 1.0)  # Two of the gate's intervals: all of them are being asked.
    candidates = {key: releases.now[key].candidate for key in fleet.keys}
    before = controller.scrape()
    with Sampling(controller) as highest:
        bad = source.bad()
        fleet.wait(releases, lambda p: p.phase in ("RollingBack", "RolledBack"), patience)
        fleet.wait(releases, lambda p: p.phase == "RolledBack", patience)
    after = controller.scrape()
    sample, answer, verdict = [], [], []
    for key, candidate in candidates.items():
        written = routes.first(key, bad, lambda weight: weight == 0) or bad
        decided = releases.first(key, bad, lambda p: p.phase == "RollingBack") or written
        sample.append(1000 * (written - bad))
        answer.append(1000 * (written - (source.answered_badly(candidate) or bad)))
        verdict.append(1000 * (written - decided))
    return {"bad_sample_to_weight_0_ms": spread(sample), "bad_answer_to_weight_0_ms": spread(answer),
            "verdict_to_weight_0_ms": spread(verdict), "rss_peak_mib": round(highest.memory, 1),
            "queue_oldest_wait_s": round(highest.oldest_wait, 2), **_work(before, after, count)}  # fmt: skip


def _work(before: Scrape, after: Scrape, count: int) -> dict[str, Any]:
    """What the controller says of its work between two readings."""
    quantiles = {name: round(1000 * after.quantile("release_coordinator_turn_seconds", share, before), 1)
                 for name, share in (("median", 0.5), ("p99", 0.99))}  # fmt: skip
    turns = after.total("release_coordinator_turns_total") - before.total("release_coordinator_turns_total")
    cpu = after.total("process_cpu_seconds_total") - before.total("process_cpu_seconds_total")
    return {"turn_median_ms": quantiles["median"], "turn_p99_ms": quantiles["p99"], "turns_per_release": round(turns / count, 1),
            "cpu_s": round(cpu, 2), "cpu_ms_per_release": round(1000 * cpu / count, 1),
            "took_s": round(after.at - before.at, 1)}  # fmt: skip


def _per_release(calls: Counter[str], count: int) -> float:
    return round(sum(calls.values()) / count, 1)
