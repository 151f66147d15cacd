"""`make bench-gates`: measure the gates' tests and other tools' rules, fill docs/gates-benchmark.md, print one JSON object.

Takes about a quarter of an hour on one core; seeded, so that the same versions give the same figures.
"""

import argparse
import json
import os
import sys
import time

import numpy as np

from bench.gates import floor, grid, ours, page, stress
from strategies.analysis.counts import Counts, Window
from strategies.analysis.evidence import Evidence, fold
from strategies.analysis.ratio import COMMON, RatioTest

SEED = 20261128


def main() -> int:
    """Measure everything; `--runs` fewer for a look."""
    parser = argparse.ArgumentParser(prog="python -m bench.gates", description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=2000, help="simulated releases a cell (default: 2,000; equal sides: five times as many)"
    )
    parser.add_argument("--print", action="store_true", help="print the tables and leave the page as it is")
    given = parser.parse_args()
    begun = time.monotonic()
    difference = ours.prove(np.random.default_rng(SEED))
    said(begun, f"the vectorised tests are those of strategies.analysis, to {difference:.1g}")
    many = 5 * given.runs
    rules = grid.core(np.random.default_rng([SEED, 1]), given.runs)
    said(begun, "rules")
    equal = grid.equal(np.random.default_rng([SEED, 2]), many)
    said(begun, "false rollbacks")
    half = max(given.runs // 2, 200)
    worse = grid.worse(np.random.default_rng([SEED, 3]), half, grid.RATIOS)
    between = grid.worse(np.random.default_rng([SEED, 5]), half, grid.BETWEEN)
    every = {name: worse[name] + between[name] for name in worse}
    said(begun, "delays")
    prices, together = floor.prices(np.random.default_rng([SEED, 6]), every, max(given.runs // 4, 200))
    nats = [floor.nats(np.random.default_rng([SEED, 7]), share, half) for share in grid.WIDE["shares"]]
    said(begun, "the price of not knowing the ratio")
    looks = grid.cadences(np.random.default_rng([SEED, 4]), many)
    said(begun, "cadences")
    rows = stress.rows(SEED, given.runs)
    said(begun, "stress")
    cost = f"One window in the product's own code costs {microseconds():.0f} µs of one core here."
    parts = {
        "targets": page.targets_table(equal, looks, every),
        "rules": page.rules_table(rules),
        "false": page.false_table(equal),
        "delays": page.delay_table(worse),
        "between": page.delay_table(between),
        "price": page.price_table(prices, together, nats),
        "cadences": page.cadence_table(looks),
        "stress": page.stress_table(rows),
        "cost": f"{cost} The whole run took {time.monotonic() - begun:.0f} s; {given.runs:,} releases a cell, seed {SEED}.",
    }
    if given.print:
        print("\n\n".join(parts.values()))
    else:
        page.fill(parts)
        page.draw_rules(rules)
        page.draw_delays(every[grid.PREDICTING])
    delays = {name: [one.over for one in each] for name, each in every.items()}
    print(json.dumps({
        "bench": "gates",
        "false rollbacks, upper bound of the worst cell": {
            name: max(rate.upper for rate in each.values()) for name, each in equal.items()
        },
        "false rollbacks, upper bound of the worst cadence": max(rate.upper for rate, _ in looks.values()),
        "median delay / bound, median over cells": {name: float(np.median(each)) for name, each in delays.items()},
        "median delay / bound, worst cell": {name: max(each) for name, each in delays.items()},
        "seconds": round(time.monotonic() - begun),
        "cores": os.cpu_count(),
    }))  # fmt: skip
    return 0


def said(begun: float, what: str) -> None:
    """Tell how far it is."""
    print(f"{time.monotonic() - begun:5.0f} s  {what}", file=sys.stderr, flush=True)


def microseconds() -> float:
    """CPU time of one fold of the ratio test."""
    test, evidence, many = RatioTest(common=COMMON), Evidence(), 5000
    counts = Counts.of(bad=5, total=1000), Counts.of(bad=15, total=3000)
    windows = [Window(key=f"{number:05}", candidate=counts[0], stable=counts[1]) for number in range(many)]
    begun = time.process_time()
    for window in windows:
        evidence = fold(test, evidence, window)
    return (time.process_time() - begun) / many * 1e6


if __name__ == "__main__":
    sys.exit(main())
