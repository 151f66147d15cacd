"""The figures of docs/gates-benchmark.md: tables between its marks, and two small drawings beside it."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from bench.gates import grid
from bench.gates.floor import Price
from bench.gates.grid import Found, Rate, Summary, percent
from bench.gates.stress import Row
from bench.gates.traffic import ALPHA, Cell

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "gates-benchmark.md"
RULES_DRAWING = DOCS / "gates-benchmark-rules.svg"
DELAYS_DRAWING = DOCS / "gates-benchmark-delays.svg"
_WIDTH, _HEIGHT = 760, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 20, 50
_STYLE = "text{font:12px sans-serif;fill:#444}line{stroke:#ccc}.ours{fill:#0a7d4f}.other{fill:#b3452c}.floor{fill:#777}"


def fill(parts: dict[str, str]) -> None:
    """Put each part between its marks. Raises KeyError for a part without marks."""
    text = PAGE.read_text(encoding="utf-8")
    for name, part in parts.items():
        marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not marked.search(text):
            raise KeyError(f"{PAGE.name} has no place for {name}")
        text = marked.sub(lambda found, part=part: f"{found[1]}{part}\n{found[2]}", text)
    PAGE.write_text(text, encoding="utf-8")


def rules_table(found: dict[str, Summary]) -> str:
    """One line a rule."""
    lines = [
        "| Rule | false rollbacks, mean / worst cell | cells > 1 % | missed | median delay / bound (worst cell) | bad requests |",
        "|---|---|---|---|---|---|",
    ]
    for name, summary in found.items():
        worst = max(rate.share for rate in summary.false)
        mean = float(np.mean([rate.share for rate in summary.false]))
        above = sum(rate.share > ALPHA for rate in summary.false)
        false = f"{percent(mean)} % / {percent(worst)} % | {above}"
        if name == grid.HINDSIGHT:
            false = "at most 1 %, by choice | –"
        delay = f"{_times(float(np.median(summary.delays)))} ({_times(max(summary.delays))})"
        harmed = (
            f"{summary.harmed / found[grid.OURS].harmed:.2g}"
            if summary.harmed < 9.5 * found[grid.OURS].harmed
            else (f"{summary.harmed / found[grid.OURS].harmed:.0f}")
        )
        lines.append(f"| {_name(name)} | {false} | {percent(float(np.mean(summary.missed)))} % | {delay} | {harmed} |")
    return "\n".join(lines)


def false_table(equal: dict[str, dict[Cell, Rate]]) -> str:
    """The wide grid, equal sides: by baseline and traffic, the worst share; and a summary of each form."""
    found = equal[grid.OURS]
    rates = sorted({cell.rate for cell in found})
    lines = [f"| baseline | {' | '.join(f'{rate:,} rps' for rate in rates)} |", f"|---|{'---|' * len(rates)}"]
    for baseline in sorted({cell.baseline for cell in found}):
        columns = []
        for rate in rates:
            some = [one for cell, one in found.items() if (cell.baseline, cell.rate) == (baseline, rate)]
            worst = max(some, key=lambda one: one.upper)
            columns.append(f"{percent(worst.share)} ({percent(worst.upper)})")
        lines.append(f"| {baseline * 100:g} % | {' | '.join(columns)} |")
    for name, each in equal.items():
        worst = max(each.values(), key=lambda one: one.upper)
        above = sum(one.upper > ALPHA for one in each.values())
        runs = sum(one.runs for one in each.values())
        lines += ["", (
            f"{name}: {len(each)} cells, {runs:,} releases; worst {worst.hits:,} of {worst.runs:,}, {worst.share * 100:.2f} %, "
            f"upper bound {worst.upper * 100:.2f} %; cells with an upper bound above 1 %: {above}."
        )]  # fmt: skip
    return "\n".join(lines)


def delay_table(found: dict[str, list[Found]]) -> str:
    """The wide grid, a worse candidate: median delay against the bound, by ratio, without and with prediction, and the floor."""
    lines = [
        "| times worse | cells | ratio gate: median / 90 % / worst cell | with `predict` and history | oracle | p99 / bound |",
        "|---|---|---|---|---|---|",
    ]
    for ratio in [*sorted({each.cell.ratio for each in found[grid.OURS]}), None]:
        some = {name: [e for e in each if ratio in (None, e.cell.ratio)] for name, each in found.items()}
        late = float(np.median([each.late / each.cell.bound for each in some[grid.PREDICTING]]))
        name = "all" if ratio is None else f"{ratio:g}"
        columns = " | ".join(_spread([e.over for e in some[rule]]) for rule in (grid.OURS, grid.PREDICTING, grid.ORACLE))
        lines.append(f"| {name} | {len(some[grid.OURS])} | {columns} | {_times(late)} |")
    for name in (grid.OURS, grid.PREDICTING):
        above = _slow(found[name])
        quiet = sum(one.cell.rate == 1 for one in above)
        text = f"{name}: {len(above)} of {len(found[name])} cells above 1.4, {quiet} of them at 1 rps"
        rest = "; ".join(_cell(one) for one in above if one.cell.rate > 1)
        lines += ["", f"{text}{f' (the others: {rest})' if rest else ''}."]
    return "\n".join(lines)


def price_table(prices: Iterable[Price], together: float, nats: Sequence[float]) -> str:
    """The slowest cell of each traffic in which the ratio gate is slow, and what there is to win."""
    lines = [
        "| baseline, requests, share | its slowest ratio: bound | oracle | ratio gate | best stakes, laid for it alone |",
        "|---|---|---|---|---|",
    ]
    for each in prices:
        cell = each.slowest.cell
        where = f"{cell.baseline * 100:g} %, {cell.rate:,g} rps, {cell.share * 100:g} % | {cell.ratio:g}: {cell.bound:.0f} s"
        lines.append(f"| {where} | {_times(each.oracle)} | {_times(each.slowest.over)} | {_times(each.best)} |")
    lines.append(f"| all of these together | | | | {_times(together)} |")
    low, high = (1 + each / math.log(1 / ALPHA) for each in (min(nats), max(nats)))
    lines += ["", (
        f"Not to know the ratio costs {min(nats):.2f} to {max(nats):.2f} nats, by the candidate's share, and a proof takes "
        f"{math.log(1 / ALPHA):.1f}: averaged over the hardest mix of ratios, a rule needs about {low:.2f} to {high:.2f} times "
        "the bound at least."
    )]  # fmt: skip
    return "\n".join(lines)


def _slow(found: Iterable[Found]) -> list[Found]:
    return [one for one in found if one.over > grid.TARGET]


def _spread(values: Sequence[float]) -> str:
    return " / ".join(_times(float(np.quantile(values, part, method="higher"))) for part in (0.5, 0.9, 1))


def targets_table(
    equal: dict[str, dict[Cell, Rate]], looks: dict[int, tuple[Rate, float]], worse: dict[str, list[Found]]
) -> str:
    """What was aimed at, and what came out."""
    worst = max(one.upper for each in equal.values() for one in each.values())
    look = max(rate.upper for rate, _ in looks.values())
    lines = [
        "| Target | Measured | |",
        "|---|---|---|",
        f"| false rollbacks at most 1 %, upper 99 % bound, in every cell | {percent(worst)} % in the worst | "
        f"{_kept(worst <= ALPHA)} |",
        f"| the same when looked at every {min(looks)} s to {max(looks) // 60} min | {percent(look)} % at the worst | "
        f"{_kept(look <= ALPHA)} |",
    ]
    for name in (grid.OURS, grid.PREDICTING):
        ratios = [one.over for one in worse[name]]
        above = _slow(worse[name])
        text = f"{_times(float(np.median(ratios)))} in the middle cell"
        if above:
            quiet = sum(one.cell.rate == 1 for one in above)
            text += f"; more in {len(above)} of {len(ratios)} cells, {quiet} of them at 1 rps, at most {_times(max(ratios))}"
        lines.append(f"| median delay at most 1.4 times the bound: {name} | {text} | {_kept(not above)} |")
    return "\n".join(lines)


def _kept(kept: bool) -> str:  # noqa: FBT001  A word for a truth.
    return "kept" if kept else "missed there"


def cadence_table(found: dict[int, tuple[Rate, float]]) -> str:
    """By how often it is looked."""
    lines = [
        "| a look every | worst cell's false rollbacks (upper 99 % bound) | median delay / bound |",
        "|---|---|---|",
    ]
    for seconds, (rate, delay) in found.items():
        lines.append(f"| {seconds} s | {percent(rate.share)} % ({percent(rate.upper)} %) | {delay:.2f} |")
    return "\n".join(lines)


def stress_table(rows: Iterable[Row]) -> str:
    """One line a stress."""
    return "\n".join(["| Stress | Result |", "|---|---|", *(f"| {row.stress} | {row.result} |" for row in rows)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A logarithmic axis with its marks."""

    low: float
    high: float
    marks: Sequence[float]
    title: str

    def part(self, value: float) -> float:
        """Where a value lies, 0 to 1; outside ones at the ends."""
        return (math.log(min(max(value, self.low), self.high) / self.low)) / math.log(self.high / self.low)


def draw_rules(found: dict[str, Summary]) -> None:
    """Every rule by false rollbacks and delay."""
    across = Axis(low=0.1, high=100, marks=(0.1, 1, 10, 100), title="false rollbacks in the worst cell, %")
    up = Axis(low=0.7, high=30, marks=(1, 2, 5, 10, 30), title="median delay / bound")
    marks = []
    for number, (name, summary) in enumerate(found.items(), 1):
        worst = 1.0 if name == grid.HINDSIGHT else max(rate.share for rate in summary.false) * 100
        kind = {grid.OURS: "ours", grid.PREDICTING: "ours", grid.ORACLE: "floor", grid.HINDSIGHT: "floor"}.get(name, "other")
        x, y = _at(across, up, worst, float(np.median(summary.delays)))
        marks.append(f'<circle class="{kind}" cx="{x:.0f}" cy="{y:.0f}" r="6"><title>{escape(name)}</title></circle>')
        marks.append(f'<text x="{x + 9:.0f}" y="{y + (4 if number % 2 else -6):.0f}">{number}</text>')
    RULES_DRAWING.write_text(_drawing(across, up, marks, (1.0, 1.4)), encoding="utf-8")


def draw_delays(found: list[Found]) -> None:
    """Every cell of the wide grid by its bound and median delay."""
    across = Axis(low=100, high=2000, marks=(150, 300, 600, 900, 1800), title="bound, seconds")
    up = Axis(low=100, high=2000, marks=(150, 300, 600, 900, 1800), title="median delay, seconds")
    marks = []
    for each in found:
        x, y = _at(across, up, each.cell.bound, each.median)
        marks.append(f'<circle class="ours" cx="{x:.0f}" cy="{y:.0f}" r="3" opacity="0.5"/>')
    for factor in (1.0, 1.4):
        ends = [_at(across, up, value, value * factor) for value in (100.0, 2000 / factor)]
        marks.append('<line x1="{:.0f}" y1="{:.0f}" x2="{:.0f}" y2="{:.0f}" style="stroke:#777"/>'.format(*ends[0], *ends[1]))
    DELAYS_DRAWING.write_text(_drawing(across, up, marks, None), encoding="utf-8")


def _at(across: Axis, up: Axis, x: float, y: float) -> tuple[float, float]:
    wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    return _LEFT + across.part(x) * wide, _TOP + (1 - up.part(y)) * high


def _drawing(across: Axis, up: Axis, marks: Iterable[str], target: tuple[float, float] | None) -> str:
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"><style>{_STYLE}</style>']
    parts.append(f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>')
    if target is not None:
        x, y = _at(across, up, *target)
        parts.append(
            f'<rect x="{_LEFT}" y="{y:.0f}" width="{x - _LEFT:.0f}" height="{_HEIGHT - _BOTTOM - y:.0f}" fill="#e3f3ea"/>'
        )
    for mark in across.marks:
        x, _ = _at(across, up, mark, up.low)
        parts.append(f'<line x1="{x:.0f}" y1="{_TOP}" x2="{x:.0f}" y2="{_HEIGHT - _BOTTOM}"/>')
        parts.append(f'<text x="{x:.0f}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{mark:g}</text>')
    for mark in up.marks:
        _, y = _at(across, up, across.low, mark)
        parts.append(f'<line x1="{_LEFT}" y1="{y:.0f}" x2="{_WIDTH - _RIGHT}" y2="{y:.0f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{mark:g}</text>')
    parts.append(f'<text x="{_WIDTH / 2:.0f}" y="{_HEIGHT - 12}" text-anchor="middle">{escape(across.title)}</text>')
    parts.append(f'<text transform="translate(16 {_HEIGHT / 2:.0f}) rotate(-90)" text-anchor="middle">{escape(up.title)}</text>')
    return "\n".join([*parts, *marks, "</svg>", ""])


def _name(name: str) -> str:
    return f"**{name}**" if name in (grid.OURS, grid.PREDICTING) else name


def _times(value: float) -> str:
    return "never" if math.isinf(value) else f"{value:.2f}" if value < 9.95 else f"{value:.0f}"


def _cell(found: Found) -> str:
    cell = found.cell
    where = f"{cell.baseline * 100:g} %, {cell.rate:g} rps, share {cell.share * 100:g} %, {cell.ratio:g} times"
    return f"{where}: {found.over:.2f}"
