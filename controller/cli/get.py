"""`get`: the table of Releases."""

from datetime import UTC, datetime
from typing import Any

import click

from controller.api import names
from controller.cli import printing, view
from controller.cli.access import Access, cluster_options, release_argument
from controller.kube.store import without_managed_fields

_KIND = f"{names.GROUP}/{names.VERSION}"


@click.command()
@release_argument(required=False)
@click.option("-A", "--all-namespaces", "everywhere", is_flag=True, help="Releases of all namespaces.")
@printing.output_option("json", "yaml", "name")
@cluster_options
def get(access: Access, name: str | None, output: str | None, *, everywhere: bool) -> None:
    """Show Releases: phase, step, weight, versions, whether they are Ready, and why not."""
    if name is not None and everywhere:
        raise click.UsageError("A NAME is looked up in one namespace; leave out -A, or the NAME.")
    found = [access.release(name)] if name else access.releases(everywhere=everywhere)
    found = [{"apiVersion": _KIND, "kind": "Release", **without_managed_fields(item)} for item in found]
    if output == "name":
        for item in found:
            click.echo(f"release.{names.GROUP}/{item['metadata']['name']}")
    elif output:
        whole: Any = found[0] if name else {"apiVersion": _KIND, "kind": "ReleaseList", "items": found}
        printing.document(whole, output)
    elif found:
        _table(found, everywhere=everywhere)
    else:
        where = "this cluster" if everywhere else f"namespace {access.namespace}"
        printing.note(f"There is no Release in {where}. `releasectl init deployment/NAME` writes one for a Deployment.")


def _table(found: list[dict[str, Any]], *, everywhere: bool) -> None:
    now = datetime.now(UTC)
    rows = [view.row(item, now) for item in sorted(found, key=lambda i: (i["metadata"]["namespace"], i["metadata"]["name"]))]
    headings = ["NAMESPACE", "NAME", "PHASE", "STEP", "WEIGHT", "VERSION", "READY", "REASON", "AGE"]
    cells = [[r.namespace if everywhere else "", r.name, r.phase, r.step, r.weight, r.versions, r.ready, r.reason, r.age]
             for r in rows]  # fmt: skip
    printing.show(printing.table(headings, cells))
