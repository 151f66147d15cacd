"""How long the controller takes to be ready and to lead: from the process' start."""

from bench.controlling import Controller
from bench.figures import Figures, spread
from bench.options import Options
from bench.place import Place
from bench.source import Source


def run(place: Place, _: Source, options: Options) -> Figures:
    """Start it again and again, against an empty cluster."""
    ready, leading, memory = [], [], []
    for _round in range(options.rounds):
        with Controller(place.controller_kubeconfig, place.folder) as controller:
            ready.append(controller.wait_until_ready() * 1000)
            leading.append(controller.wait_until_leading() * 1000)
            memory.append(controller.memory())
    values = {"ready_ms": spread(ready, 0), "leading_ms": spread(leading, 0), "rss_mib": spread(memory)}
    return Figures(bench="start", place=place.name, values=values, notes=place.notes)
