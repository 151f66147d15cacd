"""Two thousand runs that nobody thought of, one for each number."""

import os
import subprocess
import sys

from tests.simulation import seeds
from tests.simulation.faults import parse
from tests.simulation.stories import STORIES

COUNT = 2000


def test_2000_seeds_hold() -> None:
    """Story, order and up to five faults are drawn from each; what fails is printed with its smallest plan."""
    command = [sys.executable, "-m", "tests.simulation", "soak", "--count", str(COUNT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONHASHSEED": "0"})
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_every_story_is_drawn() -> None:
    """No story is left out by chance."""
    assert {seeds.drawn(seed)[0] for seed in range(COUNT)} == set(STORIES)


def test_a_plan_is_made_smaller_as_long_as_it_fails() -> None:
    """What is printed holds nothing that the failure does not need."""
    plan = parse("409@write3 crash-after@write9 500@write12")
    left = seeds.smallest("canary-route", plan, None, lambda result: "crash-after@write9" in result.plan)
    assert left == parse("crash-after@write9")
