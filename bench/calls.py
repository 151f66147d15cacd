"""How many API calls a release costs, by verb and resource, as the API server counts them; the Lease aside."""

import time
from collections import Counter
from typing import Any

from bench.controlling import Controller
from bench.figures import Figures
from bench.fleet import RELEASES, Fleet, Progress, canary
from bench.options import Options
from bench.place import Place
from bench.source import Source
from bench.watching import Object, View

_WRITES = ("create", "patch", "update", "delete")
_BLUE_GREEN = {"strategy": {"type": "BlueGreen", "blueGreen": {"previewDuration": "1s"}}}
_ROLLING = {"strategy": {"type": "Rolling", "rolling": {"batch": "50%", "pause": "1s"}}}
STORIES: dict[str, tuple[Object, bool]] = {
    "two_step_canary": (canary((25, "2s")), False),
    "three_step_canary_with_router": (canary((5, "2s"), (25, "2s")), True),
    "blue_green": (_BLUE_GREEN, False),
    "rolling": (_ROLLING, False),
}
"""The Releases' specs, and whether traffic is split by a route. Four pods each."""


def run(place: Place, _: Source, __: Options) -> Figures:
    """One release of each story, and what it cost."""
    values: dict[str, Any] = {}
    with Controller(place.controller_kubeconfig, place.folder) as controller:
        releases = View(place.client(), RELEASES, Progress.of)
        for name, (spec, route) in STORIES.items():
            prefix = name.replace("_", "-")
            fleet = Fleet(place, [(prefix, prefix)], spec, pods=4, route=route)
            fleet.make()
            _settle(place, controller, 7)  # Longer than the controller follows a namespace in which nothing is in flight.
            before = place.calls(controller)
            fleet.ship("2")
            releases.wait_until(fleet.keys[0], lambda p: p.outcome == "Completed" and p.phase == "Healthy", timeout=90)
            _settle(place, controller, 3)
            values[name] = _told(place.calls(controller) - before)
    return Figures(bench="calls", place=place.name, values=values, notes=place.notes)


def _settle(place: Place, controller: Controller, seconds: float) -> None:
    """Until nothing has been called for so long: what follows a release, such as its events, is its cost too."""
    last, since = place.calls(controller), time.monotonic()
    while time.monotonic() - since < seconds:
        time.sleep(0.2)
        now = place.calls(controller)
        if now != last:
            last, since = now, time.monotonic()


def _told(calls: Counter[str]) -> dict[str, Any]:
    """Views are what the controller follows while a release is in flight: a watch each, which begins with all there is."""
    events = calls["create events"]
    writes = sum(n for what, n in calls.items() if what.split()[0] in _WRITES) - events
    watches = sum(n for what, n in calls.items() if what.startswith("watch "))
    total = sum(calls.values())
    return {"total": total, "writes": writes, "events": events, "views": watches,
            "reads": total - writes - events - watches, "by": dict(sorted(calls.items()))}  # fmt: skip
