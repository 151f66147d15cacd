"""Each guard is needed: without it, a run that holds with it does not, and what is seen is what the guard prevents."""

from functools import cache
from pathlib import Path

import pytest

from tests.simulation import seeds, world
from tests.simulation.faults import parse
from tests.simulation.mutants import MUTANTS, Mutant, numbered, table

PAGE = Path(__file__).parents[2] / "docs/mutants.md"
_LONGEST, _MOST_STEPS = 400.0, 3000
"""Enough for each of these runs as it should be; a mutant that never comes to rest need not be waited for."""


@cache
def _problem(story: str, plan: str) -> str:
    return (seeds.judged(story, parse(plan), None) if plan else seeds.plain(story)).problem


@pytest.mark.parametrize("mutant", [pytest.param(m, id=m.name) for m in MUTANTS])
def test_a_guard_that_is_missing_is_seen(mutant: Mutant) -> None:
    """The fault-free run first: it is what the other one is compared with, and must not be a mutant's."""
    assert not _problem(mutant.story, "")
    plan = numbered(mutant.story, mutant.plan)
    assert not _problem(mutant.story, plan)
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(world, "_LONGEST", _LONGEST)
        patching.setattr(world, "_MOST_STEPS", _MOST_STEPS)
        mutant.remove(patching)
        problem = seeds.judged(mutant.story, parse(plan), None).problem
    assert problem.startswith(mutant.shows), problem or "the mutant lives"
    assert problem


def test_the_page_lists_every_mutant_with_its_killer() -> None:
    """docs/mutants.md has the rows of the table, in its order."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if "`" in line and line.startswith("| ")]
    assert rows == table()


def test_each_mutant_has_a_name_of_its_own() -> None:
    """So that the page can be read."""
    assert len({m.name for m in MUTANTS}) == len(MUTANTS) >= 25
