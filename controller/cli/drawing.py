"""The live view: a Scene as something that rich can draw, and as one plain line. Pure; no call and no clock.

Colours only repeat what words and marks say, so that nothing is lost where there are none.
"""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from controller.cli import view
from controller.cli.printing import styled, table
from controller.cli.scene import Scene, revisions
from strategies.spec.status import Status

_MARKS = {"done": ("✓", "green"), "now": ("▶", "cyan bold"), "undone": ("✗", "red"), "later": ("·", "dim")}
_BAR = 30
_NARROW = 80
_PODS = 12


def draw(scene: Scene, width: int) -> RenderableType:
    """The whole view for a terminal of so many columns."""
    parts: list[RenderableType] = [_head(scene), Text(scene.status.message)]
    if scene.steps:
        parts += [_title("Steps"), _indent(_steps(scene)), _indent(_traffic(scene.status))]
    if scene.status.trial and scene.status.trial.gates:
        parts += [_title("Gates"), _indent(_gates(scene))]
    if scene.status.stable:
        parts += [_title("Pods"), _indent(_sides(scene))]
        parts += [_indent(_pods(scene, narrow=width < _NARROW))] if scene.pods else []
    if scene.events:
        parts += [_title("Events"), _indent(_events(scene))]
    parts += [Text(note, style="yellow") for note in scene.notes]
    return Group(*parts)


def line(scene: Scene) -> str:
    """What a pipe gets of a change: phase, step, share, gates, and the sentence."""
    status, trial = scene.status, scene.status.trial
    said = [f"{status.phase}/{status.reason}"]
    if trial is not None:
        said.append(f"step {view.step(status)} {trial.step.name} {view.weight(status)}")
        said += ["reached"] if trial.step.since is not None else []
        said += [" ".join(f"{gate.name}={gate.verdict}" for gate in trial.gates)] if trial.gates else []
    return "  ".join([*said, status.message])


def _head(scene: Scene) -> Text:
    metadata, status = scene.release["metadata"], scene.status
    head = Text(f"{metadata['namespace']}/{metadata['name']}", style="bold")
    head.append("  ", style="not bold")
    head.append_text(styled(str(status.phase)))
    since = f" for {view.age(status.since, scene.now)}" if status.since else ""
    head.append(f"{since}  {view.versions(status)}", style="not bold")
    if status.trial is not None:
        by = f" by {status.trial.changed_by}" if status.trial.changed_by else ""
        head.append(f"  {status.trial.kind} {status.trial.attempt}{by}", style="not bold")
    return head


def _title(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


def _indent(inner: RenderableType) -> Padding:
    return Padding(inner, (0, 0, 0, 2))


def _steps(scene: Scene) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for step in scene.steps:
        mark, style = _MARKS[step.mark]
        grid.add_row(Text(mark, style=style), Text(step.name, style=style), Text(step.time))
    return grid


def _traffic(status: Status) -> Text:
    trial = status.trial
    if trial is None:
        return Text()
    seen = trial.step.observed_weight
    filled = round(_BAR * (trial.step.weight if seen is None else seen) / 100)
    said = f"wanted {trial.step.told}" + (f", seen {seen}%" if seen is not None else "")
    return Text.assemble(("█" * filled, "cyan"), ("░" * (_BAR - filled), "dim"), f" {said}")


def _gates(scene: Scene) -> Table:
    gates = scene.status.trial.gates if scene.status.trial else ()
    rows = [[gate.name, str(gate.verdict), "" if gate.value is None else f"{gate.value:g}",
             view.age(gate.at, scene.now) if gate.at else "", gate.message] for gate in gates]  # fmt: skip
    return table(["GATE", "VERDICT", "VALUE", "AGE", "MESSAGE"], rows)


def _sides(scene: Scene) -> Table:
    rows = [[side, view.both(revision), _count(revision.ready, revision.replicas)]
            for side, revision in revisions(scene.status).items()]  # fmt: skip
    return table(["SIDE", "REVISION", "READY"], rows)


def _count(ready: int | None, replicas: int | None) -> str:
    return "" if replicas is None else f"{ready or 0}/{replicas}"


def _pods(scene: Scene, *, narrow: bool) -> Group:
    """Those with trouble first, then the candidate's. In a narrow terminal the end of the name must do."""
    order = sorted(scene.pods, key=lambda pod: (pod.ready, pod.side == "stable"))
    rows = [[pod.name.rpartition("-")[2] if narrow else pod.name, pod.side, "yes" if pod.ready else "no", pod.state,
             str(pod.restarts), view.age(pod.since, scene.now)] for pod in order[:_PODS]]  # fmt: skip
    more = len(order) - len(rows)
    shown = table(["POD", "SIDE", "READY", "STATE", "RESTARTS", "AGE"], rows)
    return Group(shown, Text(f"and {more} more")) if more else Group(shown)


def _events(scene: Scene) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for event in scene.events:
        style = "yellow" if event.warning else ""
        grid.add_row(view.age(event.at, scene.now), Text(event.reason, style=style), Text(event.note))
    return grid
