"""What many Releases cost at which nothing happens: memory, CPU and API calls, and the start with all of them."""

import time
from typing import Any

from bench.controlling import Controller, Scrape
from bench.figures import Figures
from bench.fleet import Fleet, canary, keys
from bench.options import Options
from bench.place import Place
from bench.source import Source

_QUIET = 10.0
"""Seconds after the start within which all Releases are looked at once."""


def run(place: Place, _: Source, options: Options) -> Figures:
    """Have them adopted by one controller; then start another and watch it."""
    fleet = Fleet(place, keys("idle", options.releases), canary((50, "1h")), pods=0)
    with Controller(place.controller_kubeconfig, place.folder) as controller:
        adopted = fleet.make(120 + 0.2 * options.releases)
        adopting = controller.memory()
    with Controller(place.controller_kubeconfig, place.folder) as controller:
        ready = controller.wait_until_ready()
        _settle(controller)
        before, called = controller.scrape(), place.calls(controller)
        time.sleep(options.seconds)
        after, calls = controller.scrape(), place.calls(controller) - called
        memory = controller.memory()
    minutes = (after.at - before.at) / 60
    values: dict[str, Any] = {
        "releases": options.releases,
        "rss_mib": round(memory, 1),
        "rss_after_adopting_all_mib": round(adopting, 1),
        "cpu_percent": round(100 * _grown("process_cpu_seconds_total", before, after) / (60 * minutes), 2),
        "api_calls_per_minute_but_the_lease": round(sum(calls.values()) / minutes, 1),
        "turns_per_minute": round(_grown("release_coordinator_turns_total", before, after) / minutes, 1),
        "start_to_ready_s": round(ready, 2),
        "start_cpu_s": round(before.total("process_cpu_seconds_total"), 2),
        "adopted_in_s": round(adopted, 1),
        "calls": {"by": dict(calls)},
    }
    notes = [*place.notes, f"Deployments of 0 pods; watched for {60 * minutes:.0f} s; ends of watches are calls too"]
    return Figures(bench="idle", place=place.name, values=values, notes=notes)


def _settle(controller: Controller) -> None:
    """Until each Release has been looked at after the start."""
    last, quiet = -1.0, time.monotonic()
    while time.monotonic() - quiet < _QUIET:
        time.sleep(1)
        turns = controller.scrape().total("release_coordinator_turns_total")
        if turns != last:
            last, quiet = turns, time.monotonic()


def _grown(name: str, before: Scrape, after: Scrape) -> float:
    return after.total(name) - before.total(name)
