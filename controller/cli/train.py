"""`train`: releases that go out together, stage by stage: where each member is, and what it waits for."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from controller.api import names
from controller.cli import printing, view, waiting
from controller.cli.access import Access, cluster_options, train_argument
from controller.cli.answers import Exit
from controller.kube import paths
from controller.kube.errors import ApiError
from controller.kube.store import without_managed_fields
from controller.reconcile import commit
from strategies.spec.status import Status, format_time
from strategies.spec.train_status import MemberStatus, TrainPhase, TrainStatus

Object = dict[str, Any]
_KIND = f"{names.GROUP}/{names.VERSION}"
_NAMED = {"apiVersion": _KIND, "kind": "ReleaseTrain"}
_EVERY = 1.0
_ENDS = (TrainPhase.COMPLETED, TrainPhase.HALTED, TrainPhase.ROLLED_BACK, TrainPhase.INVALID)
"""Phases that a train leaves only when somebody does something; in Waiting, too, but what it waits for may be on its way."""


@click.command()
@train_argument(required=False)
@click.option("-w", "--watch", "follows", is_flag=True, help="Print it again at every change, until it has ended.")
@printing.output_option("json")
@cluster_options
def train(access: Access, name: str | None, output: str | None, *, follows: bool) -> int:
    """Show a train: its phase and why, its members in the order in which they go, and what each waits for.

    Without a NAME, all trains of the namespace. --watch waits for members that are not aboard yet, too; it ends with 0 if the
    train has completed, else with 1.
    """
    if name is None:
        if follows:
            raise click.UsageError("--watch follows one train; give its NAME.")
        return _all(access, output)
    last = None
    while True:
        # Whoever follows bears an outage; whoever looks once is told of it.
        found = _whole(waiting.until(lambda: access.train(name), access, None if follows else timedelta()))
        status, _ = commit.read_train(found)
        drawn = printing.written(found, output) if output else _drawn(access, found, status)
        if drawn != last:
            click.echo(drawn)
        last = drawn
        if not follows:
            return Exit.OK
        if status.phase in _ENDS and status.observed_generation >= found["metadata"].get("generation", 0):
            return Exit.OK if status.phase is TrainPhase.COMPLETED else Exit.FAILED
        time.sleep(_EVERY)


def _whole(item: Object) -> Object:
    return {**_NAMED, **without_managed_fields(item), **_NAMED}


def _all(access: Access, output: str | None) -> int:
    found = [_whole(item) for item in access.trains()]
    if output:
        printing.document({"apiVersion": _KIND, "kind": "ReleaseTrainList", "items": found}, output)
    elif found:
        now, rows = datetime.now(UTC), []
        for item in sorted(found, key=lambda item: str(item["metadata"]["name"])):
            status, _ = commit.read_train(item)
            made = datetime.fromisoformat(item["metadata"]["creationTimestamp"])
            rows.append([item["metadata"]["name"], str(status.phase), str(status.run.number) if status.run else "",
                         ",".join(m["name"] for m in item["spec"].get("members", ())), str(status.reason),
                         view.age(made, now)])  # fmt: skip
        printing.show(printing.table(["NAME", "PHASE", "RUN", "MEMBERS", "REASON", "AGE"], rows))
    else:
        printing.note(f"There is no ReleaseTrain in namespace {access.namespace}.")
    return Exit.OK


def _drawn(access: Access, found: Object, status: TrainStatus) -> str:
    run = f", run {status.run.number}" if status.run else ""
    since = f" since {format_time(status.since)}" if status.since else ""
    heading = f"ReleaseTrain {found['metadata']['namespace']}/{found['metadata']['name']}: {status.phase}{run}{since}"
    rows = [[str(member.stage), member.name, str(member.role or ""), _versions(member), str(member.state),
             _progress(access, member), member.message] for member in status.members]  # fmt: skip
    made = printing.table(["STAGE", "MEMBER", "ROLE", "VERSION", "STATE", "RELEASE", "WHERE IT IS"], rows)
    return "\n".join((heading, status.message, "", *printing.lines(made), ""))


def _versions(member: MemberStatus) -> str:
    old = member.before.version if member.before else None
    return f"{old} → {member.version}" if old else member.version


def _progress(access: Access, member: MemberStatus) -> str:
    """The phase of the Release itself, with step and share while it is on its way; what cannot be read is left out."""
    try:
        status: Status = commit.read(access.client.get(paths.RELEASES.path(access.namespace, member.name)))[0]
    except ApiError:
        return ""
    return " ".join(part for part in (str(status.phase), view.step(status), view.weight(status)) if part)
