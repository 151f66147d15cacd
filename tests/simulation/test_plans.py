"""All single faults of five stories (of all ten: `python -m tests.simulation plans`), and what has failed before."""

import os
import pickle
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.simulation import corpus, exploring, seeds
from tests.simulation.exploring import Result, str_of
from tests.simulation.faults import Plan
from tests.simulation.stories import ALWAYS, STORIES

EVERY = 1


@cache
def explored(story: str) -> list[Result]:
    """Single faults of a story, tried in a process of its own, because that one forks."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "results"
        command = [sys.executable, "-m", "tests.simulation", "plans", story, "--every", str(EVERY), "--out", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONHASHSEED": "0"})
        assert out.exists(), done.stdout + done.stderr
        results: list[list[Result]] = pickle.loads(out.read_bytes())
    print(done.stdout)
    return results[0]


@pytest.mark.parametrize(("story", "plan", "seed"), [pytest.param(*line, id=str(n)) for n, line in enumerate(corpus.lines(), 1)])
def test_what_has_failed_once_holds(story: str, plan: Plan, seed: int | None) -> None:
    """The corpus, before anything else."""
    assert not seeds.judged(story, plan, seed).problem


@pytest.mark.parametrize("story", ALWAYS)
def test_no_single_fault_breaks_an_invariant_or_changes_the_end(story: str) -> None:
    """S1 to S12 after every write; the end, and what was made, deleted and switched, as without the fault."""
    results = explored(story)
    failed = [f"'{r.plan}': {r.problem}" for r in results if r.problem]
    assert not failed, f"{len(failed)} of {len(results)} plans of {story} failed: {failed[:3]}"


def test_at_least_2400_plans_are_tried() -> None:
    """Of writes, answers and notifications of each way there and back."""
    counts = Counter({story: len(explored(story)) for story in ALWAYS})
    states = sum(r.checks for story in ALWAYS for r in explored(story))
    print(f"{counts.total()} plans, {states} states looked at: {dict(counts)}")
    assert counts.total() >= 2400


def test_the_same_story_plan_and_seed_give_the_same_run_to_the_byte() -> None:
    """Also in another process, with other hash seeds."""
    story, plan, seed = "superseded", "crash-after@write7 frozen@event30/8", 7
    told = f"seeds.told(seeds.STORIES[{story!r}], faults.parse({plan!r}), {seed})"
    code = f"from tests.simulation import faults, seeds, world; world.silence(); print({told}.digest)"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | {"PYTHONHASHSEED": n}
        )
        for n in ("1", "2")
    ]
    assert len({run.stdout for run in runs}) == 1
    assert len(runs[0].stdout.strip()) == 16


def test_a_wrong_end_is_seen_where_a_story_may_end_in_two_ways() -> None:
    """A view that stands still may let the first release complete; what ends as neither, or makes something else, is told."""
    plain, late = (exploring.told(stories["superseded"]) for stories in (STORIES, exploring.LATE))
    frozen = replace(late, plan="frozen@event22/20")
    assert not exploring.difference(frozen, plain)
    assert exploring.difference(late, plain)
    for wrong in ({"end": late.end | {"stable": "2"}}, {"end": plain.end}, {"made": plain.made}):
        assert exploring.difference(replace(frozen, **wrong), plain)


def test_a_plan_reads_back_as_it_is_printed() -> None:
    """So that what a failure prints can be typed."""
    for _, plan, _ in corpus.lines():
        assert " ".join(map(str, plan)) == str_of(plan)
