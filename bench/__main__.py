"""`python -m bench NAME --on playground|real`: measure, print a table, and as the last line one JSON object."""

import argparse
import importlib
import subprocess
import sys

from bench.options import Options
from bench.place import place
from bench.source import METRIC_SOURCES, Source
from tests.controlplane.binaries import Missing
from tests.controlplane.namespace import Unavailable

BENCHES = {"start": 1, "rollback": 1, "calls": 1, "burst": 100, "idle": 10_000}
"""By name, with how many Releases each has at once unless told otherwise."""


def main() -> int:
    """Run one bench, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=BENCHES, help="which bench; all of them when none is named")
    parser.add_argument("--on", choices=["playground", "real"], default="playground", help="where (default: playground)")
    parser.add_argument("--releases", type=int, help="how many Releases at once (burst: 100, idle: 10,000)")
    parser.add_argument("--rounds", type=int, default=20, help="how often each latency is measured (default: 20)")
    parser.add_argument("--seconds", type=float, default=60, help="how long the idle controller is watched (default: 60)")
    given = parser.parse_args()
    if given.name is None:  # Each has a cluster of its own, and the real one a network namespace, which is for good.
        return max(subprocess.run([*sys.orig_argv, name], check=False).returncode for name in BENCHES)  # noqa: S603  Ourselves.
    options = Options(releases=given.releases or BENCHES[given.name], rounds=given.rounds, seconds=given.seconds)
    try:
        _run(given.name, given.on, options)
    except (Missing, Unavailable) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 2
    return 0


def _run(name: str, where: str, options: Options) -> None:
    with place(where) as started:
        source = Source()
        started.client().request("POST", METRIC_SOURCES, source.as_metric_source())
        importlib.import_module(f"bench.{name}").run(started, source, options).tell()


if __name__ == "__main__":
    sys.exit(main())
