"""Runs that have failed once: story, seed and smallest plan, one a line. They are replayed before anything else."""

from collections.abc import Iterator
from pathlib import Path

from tests.simulation.exploring import str_of
from tests.simulation.faults import Plan, parse

FILE = Path(__file__).with_name("corpus.txt")


def lines() -> Iterator[tuple[str, Plan, int | None]]:
    """Story, plan and seed of each."""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            story, seed, plan = (part.strip() for part in line.split("|"))
            yield story, parse(plan), int(seed) if seed else None


def add(story: str, plan: Plan, seed: int | None) -> None:
    """Note a failure, once."""
    if (story, plan, seed) not in lines():
        with FILE.open("a", encoding="utf-8") as file:
            file.write(f"{story} | {'' if seed is None else seed} | {str_of(plan)}\n")
