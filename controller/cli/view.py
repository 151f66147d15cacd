"""A Release as plain rows: what the table, the live view and the explanation show of it. Pure: objects in, values out."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from controller.reconcile import commit
from strategies.spec.status import Condition, Revision, Status

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One Release in the table. Cells are "" where there is nothing to say."""

    namespace: str
    name: str
    phase: str
    step: str
    weight: str
    versions: str
    ready: str
    reason: str
    age: str


def row(release: Object, now: datetime) -> Row:
    """The table's cells for a Release."""
    status, _ = commit.read(release)
    metadata = release["metadata"]
    return Row(
        namespace=metadata["namespace"],
        name=metadata["name"],
        phase=str(status.phase) if release.get("status") else "New",
        step=step(status),
        weight=weight(status),
        versions=versions(status),
        ready=ready(status),
        reason=str(status.reason) if release.get("status") else "",
        age=age(datetime.fromisoformat(metadata["creationTimestamp"]), now),
    )


def step(status: Status) -> str:
    """`1/3`, as kubectl and the messages number steps: from 0, which is the preview where there is one."""
    return f"{status.trial.step.index}/{status.trial.step.of - 1}" if status.trial else ""


def weight(status: Status) -> str:
    """The candidate's share: `25%`, or `25% (now 5%)` while the cluster does not have what the step wants."""
    trial = status.trial
    if trial is None:
        return ""
    wanted, seen = trial.step.weight, trial.step.observed_weight
    # At the end of a release the route is its owner's again, and says nothing about shares.
    moving = trial.step.since is None and seen is not None and seen != wanted
    return f"{trial.step.told} (now {seen}%)" if moving else trial.step.told


def versions(status: Status) -> str:
    """`1.0.0 → 1.1.0` in a release, else stable's; hashes where versions are not known or the same."""
    stable, candidate = status.stable, status.trial.candidate if status.trial else None
    if candidate is None:
        return label(stable)
    if stable is not None and stable.version == candidate.version:
        return f"{stable.hash} → {candidate.hash}"
    return f"{label(stable)} → {label(candidate)}"


def label(revision: Revision | None) -> str:
    """A revision in one word."""
    return (revision.version or revision.hash) if revision else ""


def both(revision: Revision) -> str:
    """A revision by version and hash."""
    return f"{revision.version} ({revision.hash})" if revision.version else revision.hash


def overrides(status: Status, now: datetime) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of what people have set aside."""
    rows = [[o.what, o.author or "somebody", f"{age(o.at, now)} ago", o.because or "no reason was given", o.message]
            for o in status.overrides]  # fmt: skip
    return ["WHAT", "BY", "WHEN", "WHY", "OVER"], rows


def condition(status: Status, name: str) -> Condition | None:
    """One condition by its type."""
    return next((c for c in status.conditions if c.type == name), None)


def ready(status: Status) -> str:
    """Status of the condition Ready."""
    found = condition(status, "Ready")
    return found.status if found else ""


def age(since: datetime, now: datetime) -> str:
    """How long ago, as kubectl says it."""
    return lasting(now - since.astimezone(UTC))


def lasting(duration: timedelta) -> str:
    """A duration in at most two units: `45s`, `5m12s`, `3h4m`, `12d`."""
    seconds = max(0, int(duration.total_seconds()))
    for limit, large, unit, small, fine in ((600, 60, "m", 1, "s"), (3600, 60, "m", 60, ""), (36000, 3600, "h", 60, "m"),
                                            (172800, 3600, "h", 3600, ""), (864000, 86400, "d", 3600, "h")):  # fmt: skip
        if seconds < 60:
            return f"{seconds}s"
        if seconds < limit:
            whole, rest = divmod(seconds, large)
            return f"{whole}{unit}{rest // small}{fine}" if fine and rest // small else f"{whole}{unit}"
    return f"{seconds // 86400}d"
