"""`explain`: why a Release is where it is. The controller's own chain of checks is run here, on what the user may see.

Nothing is committed and nothing is asked of metric sources: the gates' evidence is what the status has of them.
"""

from dataclasses import dataclass, replace
from typing import Any

import click

from controller.cli import leading, printing, view
from controller.cli.access import Access, cluster_options, release_argument
from controller.cli.advice import Advice, advice
from controller.cli.asked import About, asked
from controller.cli.saw import SAW, what_is_next
from controller.cli.snapshot import Snapshot, take
from controller.reconcile import commit
from strategies.analysis.verdict import Unknown
from strategies.rollout import gates
from strategies.rollout.checks import CHECKS
from strategies.rollout.decide import Checked, decide
from strategies.rollout.order import pending
from strategies.rollout.turn import Turn
from strategies.spec.status import Status, ToggleState

Object = dict[str, Any]
_REQUESTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A check, and what it saw."""

    checked: Checked
    saw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a Release is where it is. `onward` is what a controller that looks now decides, does or waits for."""

    snapshot: Snapshot
    lines: tuple[Line, ...]
    onward: str
    controller: str
    advice: tuple[Advice, ...]


@click.command()
@release_argument()
@printing.output_option("json", "yaml")
@cluster_options
def explain(access: Access, name: str, output: str | None) -> None:
    """Say why a Release is where it is: every check with what it saw, the gates' evidence, and what you can type.

    It looks with your rights and works without the controller; what you may not see counts as unknown, and is named.
    """
    found = _explanation(access, take(access, name))
    if output:
        printing.document(_document(found), output)
    else:
        _print(found)


def _explanation(access: Access, snapshot: Snapshot) -> Explanation:
    decision = decide(snapshot.spec, snapshot.observation, snapshot.status, snapshot.now)
    turn = Turn(spec=snapshot.spec, status=snapshot.status, observation=snapshot.observation, now=snapshot.now)
    turn = replace(turn, gates=gates.fold(turn))
    before = pending(turn)
    metadata, workload = snapshot.release["metadata"], (snapshot.release["spec"].get("workloadRef") or {}).get("name", "?")
    return Explanation(
        snapshot=snapshot,
        lines=tuple(Line(checked=checked, saw=SAW[check](turn, before))
                    for checked, (check, _) in zip(decision.trace, CHECKS, strict=False)),
        onward=next((f"decides: {c.decided}" for c in decision.trace if not c.held), what_is_next(turn, before)),
        controller=leading.said(access.client),
        advice=advice(snapshot.status, metadata["namespace"], metadata["name"], workload),
    )  # fmt: skip


# --- for people


def _print(found: Explanation) -> None:
    snapshot = found.snapshot
    metadata, status = snapshot.release["metadata"], snapshot.status
    click.echo(f"{metadata['namespace']}/{metadata['name']} is {status.phase} ({status.reason}). {status.message}")
    click.echo(_revisions(status))
    _section("Checks, in the order in which they decide")
    width = max(len(line.checked.name) for line in found.lines)
    for line in found.lines:
        click.echo(f"  {'✓' if line.checked.held else '✗'} {line.checked.name.ljust(width)}   {line.saw}")
    _section("So the controller")
    click.echo(f"  {found.onward}")
    click.echo(f"  {found.controller}")
    if snapshot.unread:
        _section("What you could not see, and counts as unknown here (the controller may see it)")
        for said in snapshot.unread:
            click.echo(f"  {said}")
    _evidence(found)
    _section("What you can do")
    for each in found.advice:
        click.echo(f"  {each.command}\n      {each.effect}")


def _section(title: str) -> None:
    click.echo(f"\n{click.style(f'{title}:', bold=True)}")


def _revisions(status: Status) -> str:
    said = [f"Stable is {view.both(status.stable)}." if status.stable else "No stable revision is recorded."]
    if status.trial is not None:
        trial = status.trial
        said.append(f"On trial is {view.both(trial.candidate)}, attempt {trial.attempt}, at step {view.step(status)} "
                    f"({trial.step.name}), weight {view.weight(status)}.")  # fmt: skip
    return " ".join(said)


def _evidence(found: Explanation) -> None:
    status, now = found.snapshot.status, found.snapshot.now
    if (review := status.review) is not None:
        _section("Review, made before the start")
        flags = ", ".join(flag.name for flag in review.red_flags) or "none"
        way = f"goes out as {review.strategy} (recommended: {review.recommended})"
        click.echo(f"  Risk {review.risk}, {way}; red flags: {flags}.")
        if status.trial is not None and status.trial.rehearsal is not None:
            click.echo(f"  Rehearsed: {status.trial.rehearsal.told}.")
        click.echo(f"  All of it: releasectl review {found.snapshot.release['metadata']['name']}")
    if status.conditions:
        _section("Conditions")
        rows = [[c.type, c.status, c.reason, view.age(c.last_transition_time, now), c.message] for c in status.conditions]
        _indented(["TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"], rows)
    if flagged := _flags(found.snapshot):
        _section("Flags")
        _indented(["FLAG", "OF", "WANTED", "SEEN"], [list(line) for line in flagged])
    if status.trial and status.trial.gates:
        _section("Gates, in this step")
        _indented(["GATE", "VERDICT", "SEEN", "MESSAGE"],
                  [[g.name, str(g.verdict), f"{view.age(g.at, now)} ago" if g.at else "", g.message]
                   for g in status.trial.gates])  # fmt: skip
    if found.snapshot.templates:
        _section("Gates of templates")
        _indented(["GATE", "TEMPLATE"], [list(line) for line in found.snapshot.templates])
    if lines := _asked(found.snapshot):
        _section("What the gates asked, and what would change their verdicts")
        _indented(["GATE", "", ""], [list(line) for line in lines])
    if status.requests:
        _section("Last requests")
        _indented(["REQUEST", "BY", "WHEN", "", "ANSWER"],
                  [[f"{r.key}={r.value}", r.author, f"{view.age(r.at, now)} ago", "done" if r.done else "refused", r.message]
                   for r in status.requests[-_REQUESTS:]])  # fmt: skip
    if status.overrides:
        _section("Overrides")
        _indented(*view.overrides(status, now))
    if status.history:
        past = status.history[-1]
        _section("The release before")
        click.echo(f"  {past.kind} of {view.both(past.revision)} ended {past.outcome} {view.age(past.ended, now)} ago, after "
                   f"{view.lasting(past.ended - past.started)}. {past.message}")  # fmt: skip


def _flags(snapshot: Snapshot) -> list[tuple[str, str, str, str]]:
    """Each flag that the release switches: whether it waits, or which variant is wanted, and what is there."""
    lines = []
    for each in snapshot.status.flags:
        seen = snapshot.observation.flags.get(each.place)
        if seen is not None:
            wanted = f"{each.on} at {each.weight}%" if each.state is ToggleState.WAITS else getattr(each, each.state.lower())
            is_ = seen.message if isinstance(seen, Unknown) else seen.variant or str(seen.problem)
            lines.append((each.flag, f"{each.kind} {each.object}", wanted, is_))
    return lines


def _asked(snapshot: Snapshot) -> list[About]:
    return [] if snapshot.spec is None else list(asked(snapshot.spec, snapshot.status, snapshot.now))


def _indented(headings: list[str], rows: list[list[str]]) -> None:
    printing.show(printing.table(headings, rows), indent=2)


# --- for programs


def _document(found: Explanation) -> Object:
    snapshot = found.snapshot
    committed = commit.dump(snapshot.status)
    return {
        "namespace": snapshot.release["metadata"]["namespace"],
        "name": snapshot.release["metadata"]["name"],
        "phase": str(snapshot.status.phase),
        "reason": str(snapshot.status.reason),
        "message": snapshot.status.message,
        "checks": [{"check": line.checked.name, "held": line.checked.held, "saw": line.saw, "decided": line.checked.decided}
                   for line in found.lines],
        "next": found.onward,
        "controller": found.controller,
        "unread": list(snapshot.unread),
        "gates": (committed.get("trial") or {}).get("gates", []),
        "asked": [dict(zip(("gate", "about", "said"), line, strict=True)) for line in _asked(snapshot)],
        "templates": dict(snapshot.templates),
        "flags": [dict(zip(("flag", "of", "wanted", "seen"), line, strict=True)) for line in _flags(snapshot)],
        "review": committed.get("review"),
        "conditions": committed.get("conditions", []),
        "requests": committed.get("requests", [])[-_REQUESTS:],
        "overrides": committed.get("overrides", []),
        "before": committed["history"][-1] if committed.get("history") else None,
        "commands": [{"command": each.command, "effect": each.effect} for each in found.advice],
    }  # fmt: skip
