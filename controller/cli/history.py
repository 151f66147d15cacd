"""`history`: the past releases of a Release, as its status keeps them."""

from datetime import UTC, datetime

import click

from controller.cli import printing, view
from controller.cli.access import Access, cluster_options, release_argument
from controller.reconcile import commit
from strategies.spec.status import Past


@click.command()
@release_argument()
@printing.output_option("json", "yaml")
@cluster_options
def history(access: Access, name: str, output: str | None) -> None:
    """Show the past releases: revision, version, how each ended, why, when, and how long it took; then what was overridden,
    by whom and why. The newest stands last.
    """
    release = access.release(name)
    status, _ = commit.read(release)
    if output:
        printing.document(commit.dump(status).get("history", []), output)
        return
    if not status.history and not status.overrides:
        printing.note(f"Nothing has been released by {name} yet; a change of its Deployment's template is the first.")
        return
    now = datetime.now(UTC)
    headings = ["REVISION", "VERSION", "KIND", "OUTCOME", "BY", "ENDED", "TOOK", "REASON"]
    printing.show(printing.table(headings, [_cells(past, now) for past in status.history]))
    if status.overrides:
        click.echo("\nOverrides:")
        printing.show(printing.table(*view.overrides(status, now)))


def _cells(past: Past, now: datetime) -> list[str]:
    revision = past.revision
    return [revision.hash, revision.version or "", str(past.kind), str(past.outcome), past.changed_by or "",
            f"{view.age(past.ended, now)} ago", view.lasting(past.ended - past.started), past.message]  # fmt: skip
