"""How the story is shown: live on a terminal, plain lines in a pipe. It knows nothing of what it shows."""

import time
from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from playground.demo.stage import Stage
from playground.demo.story import Promise


class Screen:
    """Lines with the seconds since the beginning, and on a terminal a live picture below them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()

    def title(self, text: str, what: str) -> None:
        """An act begins."""
        self._console.print()
        self._console.print(Text(f"{text}.", style="bold cyan"), Text(what, style="dim"))

    def tell(self, line: str) -> None:
        """Something has happened."""
        at = Text(f"{time.monotonic() - self._began:5.1f} s  ", style="dim")
        self._console.print(at + Text(line), soft_wrap=not self._console.is_terminal)

    def live(self, stage: Stage) -> Live:
        """A picture of the shop while a `with` block lasts; nothing in a pipe."""
        return Live(
            get_renderable=lambda: picture(stage, self._console.width),
            console=self._console,
            refresh_per_second=8,
            transient=True,
            auto_refresh=self._console.is_terminal,
        )

    def table(self, promises: Sequence[tuple[str, Promise]]) -> None:
        """What was promised and what was measured."""
        table = Table(title="Promised and measured", title_justify="left", title_style="bold", show_edge=False, pad_edge=False)
        for name in ("", "promised", "measured"):
            table.add_column(name, overflow="fold")
        for act, promise in promises:
            mark = Text("kept", style="green") if promise.kept else Text("BROKEN", style="bold red")
            table.add_row(mark, f"{act}: {promise.claim}", promise.measured)
        self._console.print()
        self._console.print(table)


def picture(stage: Stage, columns: int) -> RenderableType:
    """Phase, traffic and users, a line each, no wider than so many columns (40 at least)."""
    status = stage.status
    step = (status.get("trial") or {}).get("step") or {}
    share = stage.route[-1][1] if stage.route else 0
    seen = stage.seen()
    width = max(4, min(40, columns - len("stable  candidate 100%")))
    filled = round(width * share / 100) or (1 if share else 0)
    bar = Text("stable ", style="dim") + Text("█" * (width - filled), style="blue") + Text("█" * filled, style="yellow")
    bar += Text(f" candidate {share}%", style="dim")
    head = Text(f"{status.get('phase', '…')}", style="bold") + Text(f"  step {step['index']} of {step['of'] - 1}" if step else "")
    users = Text(f"users: {seen.requests:,} requests, ") + Text(f"{seen.errors} failed", style="red" if seen.errors else "green")
    return Group(head, bar, users)
