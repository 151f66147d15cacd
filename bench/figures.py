"""What a bench says at its end: a table for people, and as the last line one JSON object for programs.

Measuring does not belong here.
"""

import json
import math
import os
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

_COLUMNS = ("median", "min", "p99", "max", "count")


@dataclass(slots=True, kw_only=True)
class Figures:
    """One bench's results: `values` by name, some of them spreads or other mappings, and `notes` on what was simulated."""

    bench: str
    place: str
    values: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def tell(self) -> None:
        """Print the table, then the JSON line."""
        notes = [*self.notes, f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} at the end"]
        table = Table()
        table.add_column("figure", no_wrap=True)
        for name in ("value or median", *_COLUMNS[1:]):
            table.add_column(name, justify="right")
        for row in _rows(self.values):
            table.add_row(*row)
        console = Console(width=120)
        console.print(f"{self.bench}, on {self.place}")
        console.print(table)
        for note in notes:
            console.print(f"- {note}", highlight=False)
        print(json.dumps({"bench": self.bench, "place": self.place, **self.values, "notes": notes}), flush=True)


def spread(values: Sequence[float], digits: int = 1) -> dict[str, float]:
    """How many there are, their least, median, 99th percentile (nearest rank) and greatest."""
    if not values:
        return {"count": 0}
    ordered = sorted(values)
    p99 = ordered[math.ceil(0.99 * len(ordered)) - 1]
    found = {"min": ordered[0], "median": statistics.median(ordered), "p99": p99, "max": ordered[-1]}
    return {"count": len(ordered), **{name: round(value, digits) for name, value in found.items()}}


def _rows(values: Mapping[str, Any], prefix: str = "") -> Iterator[list[str]]:
    for name, value in values.items():
        if not isinstance(value, Mapping):
            yield [prefix + name, _text(value)]
        elif name == "by":
            yield [prefix + name, "\n".join(f"{what} {count}" for what, count in value.items())]
        elif "median" in value:
            yield [prefix + name, *(_text(value[column]) for column in _COLUMNS)]
        else:
            yield from _rows(value, f"{prefix}{name}: ")


def _text(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)
