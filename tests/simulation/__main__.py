"""Simulate from the command line: `python -m tests.simulation soak --count 2000 --from 0`, `plans`, `replay STORY PLAN [SEED]`.

Exit status 0 only if all held. What failed is printed with its seed and smallest plan, and joins the corpus.
"""

import argparse
import dataclasses
import gc
import pickle
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from tests.conftest import COLLECT_AFTER
from tests.simulation import corpus, seeds
from tests.simulation.exploring import Explorer, Result, in_forks, str_of
from tests.simulation.faults import LEADERS, Kind, parse
from tests.simulation.stories import EXHAUSTIVE, POINTED, STORIES
from tests.simulation.world import World, silence

_TOGETHER = 20
"""So many seeds share a process: a fork for each costs a quarter of its time, in pages that are copied."""


def main() -> int:
    """What was asked for; how many runs failed decides about the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    soak = commands.add_parser("soak", help="random runs, one for each seed")
    soak.add_argument("--count", type=int, default=2000)
    soak.add_argument("--from", dest="first", type=int, default=0)
    plans = commands.add_parser("plans", help="every single fault of stories")
    plans.add_argument("stories", nargs="*", default=list(EXHAUSTIVE))
    plans.add_argument("--every", type=int, default=1, help="only one plan in so many, always the same")
    plans.add_argument("--out", help="a file for all results, pickled")
    replay = commands.add_parser("replay", help="one run, with its history")
    replay.add_argument("story", choices=sorted(STORIES | POINTED))
    replay.add_argument("plan", nargs="?", default="")
    replay.add_argument("seed", nargs="?", type=int)
    chosen = parser.parse_args()
    gc.set_threshold(COLLECT_AFTER)
    silence()
    if chosen.command == "replay":
        return _replay(chosen.story, chosen.plan, chosen.seed)
    started = time.monotonic()
    if chosen.command == "soak":
        failed = _soak(range(chosen.first, chosen.first + chosen.count))
    else:
        results, failed = [], 0
        for name in chosen.stories:
            results.append(explored(name, every=chosen.every))
            failed += len(report(results[-1]))
        if chosen.out:
            Path(chosen.out).write_bytes(pickle.dumps(results))
        print(f"{sum(map(len, results))} plans, {_pace([one for each in results for one in each])}")
    print(f"{failed} failed; {time.monotonic() - started:.0f} s")
    return 1 if failed else 0


def explored(name: str, kinds: Iterable[Kind] = tuple(Kind), every: int = 1) -> list[Result]:
    """All single faults of these kinds in a story, or one in `every`. Leaders that overlap need an election."""
    alone, led = [k for k in kinds if k not in LEADERS], [k for k in kinds if k in LEADERS]
    results = Explorer(STORIES[name], every).explore(alone) if alone else []
    if led:
        results += Explorer(dataclasses.replace(STORIES[name], elected=True), every).explore(led)
    return results


def report(results: list[Result]) -> list[Result]:
    """Print how many runs, states and steps there were; returns those that failed."""
    failed = [r for r in results if r.problem]
    if results:
        name, steps, states = results[0].story, sum(r.steps for r in results), sum(r.checks for r in results)
        print(f"{name}: {len(results)} runs, {states} states looked at, {steps} steps, {len(failed)} failed", flush=True)
    for result in failed[:10]:
        print(f"  replay {result.story} '{result.plan}' {'' if result.seed is None else result.seed}\n    {result.problem[:500]}")
    return failed


def _soak(wanted: range) -> int:
    for name in STORIES:
        seeds.plain(name)  # The fault-free runs, and the beginnings, once for all.
    begun = {name: World(story) for name, story in STORIES.items()}
    failed, results = 0, []
    ordered = _stories_apart(wanted)
    shares = (ordered[at : at + _TOGETHER] for at in range(0, len(ordered), _TOGETHER))
    for result in (one for share in in_forks(partial(seeds.run, share, begun) for share in shares) for one in share):
        results.append(dataclasses.replace(result, history=[]))
        if result.problem:
            failed += 1
            plan = seeds.smallest(result.story, parse(result.plan), result.seed)
            report([dataclasses.replace(result, plan=str_of(plan))])
            corpus.add(result.story, plan, result.seed)
    print(f"{len(wanted)} seeds from {wanted.start}, {_pace(results)}")
    return failed


def _stories_apart(wanted: Iterable[int]) -> list[int]:
    """The seeds in an order in which no story soon comes again: its beginning is there once in each process."""
    drawn = Counter[str]()

    def number(seed: int) -> int:
        story, _ = seeds.drawn(seed)
        drawn[story] += 1
        return drawn[story]

    return sorted(wanted, key=number)


def _pace(results: list[Result]) -> str:
    """What was simulated, and how fast by the processor's time: other work on the machine does not count."""
    steps, states = sum(r.steps for r in results), sum(r.checks for r in results)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    pace = steps / max(0.001, spent.ru_utime + spent.ru_stime)
    return f"{states} states looked at, {steps} steps, {pace:.0f} a second on one core"


def _replay(story: str, plan: str, seed: int | None) -> int:
    result = seeds.judged(story, parse(plan), seed)
    print("\n".join(result.history))
    print(f"{result.digest}  {result.problem or 'all held'}")
    return 1 if result.problem else 0


if __name__ == "__main__":
    sys.exit(main())
