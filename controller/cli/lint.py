"""`releasectl lint`: what is wrong with manifests, before anybody applies them. A cluster is asked with --cluster only.

Reading is in manifests.py, the verdicts are the models' and the controller's own; here is only what goes in and comes out.
"""

import difflib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path as FilePath
from typing import Any

import click
from pydantic import BaseModel

from controller.api.names import GROUP, VERSION
from controller.cli.access import Access, enter
from controller.cli.answers import Exit, Problem
from controller.cli.comparing import Checked, Neighbours, compare
from controller.cli.doubts import doubts
from controller.cli.findings import Finding, Resource, Severity
from controller.cli.foreseeing import foresee
from controller.cli.judging import KINDS, judge
from controller.cli.manifests import Document, Fault, Path, read
from controller.cli.ordering import order
from controller.cli.wording import query_place
from controller.kube.errors import ApiError
from controller.reconcile.policies import problem
from strategies.spec.gate_template import GateTemplateSpec
from strategies.spec.metric_source import MetricSourceSpec
from strategies.spec.policy import ReleasePolicySpec
from strategies.spec.release import ReleaseSpec
from strategies.spec.templating import fill
from strategies.spec.train import ReleaseTrainSpec

_SUFFIXES = (".yaml", ".yml", ".json")
_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.HINT: "cyan"}
_SOME_REPLICAS = 10
"""Where the Deployment is not known; enough for several batches."""
_API_VERSION = f"{GROUP}/{VERSION}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file's text. `named` says that the user named this very file, so that it has to hold manifests."""

    file: str
    text: str
    named: bool = True


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("-R", "--recursive", is_flag=True, help="Of a directory, read all that is in it, however deep.")
@click.option("--strict", is_flag=True, help="Take warnings for errors.")
@click.option("--cluster", "asks", is_flag=True, help="Also ask the cluster: templates, sources, stable's requests.")
@click.option("-n", "--namespace", metavar="NAME", help="With --cluster: namespace of what names none; the context's by default.")
@click.option("--kubeconfig", metavar="FILE", help="With --cluster: kubeconfig; KUBECONFIG or ~/.kube/config by default.")
@click.option("--context", metavar="NAME", help="With --cluster: context of the kubeconfig; the current one by default.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print.")
def lint(files: tuple[str, ...], *, recursive: bool, strict: bool, output: str, asks: bool, **where: str | None) -> int:
    """Check Releases, trains, policies, MetricSources and gate templates in FILEs, without a cluster unless --cluster is given.

    A FILE is YAML or JSON, a directory with such files, or - for what comes in. Objects of other kinds are looked at only where a
    Release names them. Exit codes: 0 no errors, 1 errors, 2 unreadable.
    """
    sources = [source for name in files for source in sources_of(name, recursive=recursive)]
    access = enter(where["kubeconfig"], where["context"], where["namespace"]) if asks else None
    try:
        found = [_strict(each) if strict else each for each in check(sources, access)]
    except ApiError as error:
        assert access is not None
        raise access.problem(error) from error
    count = Counter(each.severity for each in found)
    if output == "json":
        totals = {f"{severity}s": count[severity] for severity in Severity}
        click.echo(json.dumps({"findings": [each.as_json() for each in found], "files": len(sources), **totals}, indent=2))
    else:
        for each in found:
            click.echo(_line(each))
        click.echo(_summary(count, len(sources)), err=True)
    return Exit.FAILED if count[Severity.ERROR] else Exit.OK


def check(sources: Iterable[Source], access: Access | None = None) -> list[Finding]:
    """Everything there is to say about these files, in the order of the text; with `access`, by what the cluster knows, too."""
    found: list[Finding] = []
    resources: list[Resource] = []
    order: dict[str, int] = {}
    for source in sources:
        order[source.file] = len(order)
        for part in read(source.text):
            if isinstance(part, Fault):
                found.append(Finding(file=source.file, place=part.place, severity=Severity.ERROR, path="", message=part.message,
                                     remedy="Correct the YAML; the rest of this document was not read."))  # fmt: skip
            else:
                resources += objects_of(source, part, found)
    found += _check_resources(resources, access)
    return sorted(found, key=lambda each: (order[each.file], each.place.line, each.place.column))


def _check_resources(resources: list[Resource], access: Access | None) -> Iterator[Finding]:
    judged: list[tuple[Resource, BaseModel]] = []
    for resource in resources:
        if not is_ours(resource):
            continue
        wrong = _unknown_kind(resource)
        if wrong is not None:
            yield wrong
            continue
        spec, found = judge(resource)
        yield from found
        judged += [(resource, spec)] if spec is not None else []
        if isinstance(spec, ReleasePolicySpec):
            yield from _freezes(resource, spec)
    yield from order([(resource, spec) for resource, spec in judged if isinstance(spec, ReleaseTrainSpec)])
    valid = [(resource, spec) for resource, spec in judged if isinstance(spec, ReleaseSpec)]
    metric_sources = {resource.name: spec for resource, spec in judged if isinstance(spec, MetricSourceSpec)}
    templates = {(resource.kind, resource.namespace if resource.kind == "GateTemplate" else None, resource.name): spec
                 for resource, spec in judged if isinstance(spec, GateTemplateSpec)}  # fmt: skip
    neighbours = Neighbours(resources, metric_sources, templates, access)
    releases = []
    for resource, spec in valid:
        filled, problems = fill(spec, partial(neighbours.template, resource))
        named = frozenset(number for number, gate in enumerate(spec.gates) if gate.template is not None)
        releases.append(Checked(resource=resource, spec=filled, named=named, unusable=frozenset(problems)))
        for number, gate in enumerate(spec.gates):
            if (problem := problems.get(gate.name)) is not None:
                yield resource.finding(("spec", "gates", number, *problem.path), problem.message, problem.remedy)
    for release in releases:
        yield from _warnings(release, neighbours)
        yield from compare(release, neighbours, releases)
        if access is not None:
            yield from foresee(access, release)


def _freezes(resource: Resource, spec: ReleasePolicySpec) -> Iterator[Finding]:
    """What only a calendar can tell: the controller would hold back every release that such a policy is for."""
    for number, freeze in enumerate(spec.freezes):
        if (wrong := problem(freeze)) is not None:
            field, message = wrong
            yield resource.finding(("spec", "freezes", number, field), message, "How freezes are written: docs/policies.md.")


def _warnings(release: Checked, neighbours: Neighbours) -> Iterator[Finding]:
    resource = release.resource
    for each in doubts(release.spec, neighbours.replicas(release) or _SOME_REPLICAS):
        path = release.written(each.path)
        place = query_place(resource, path, each.part)
        yield resource.finding(path, each.message, each.remedy, Severity.WARNING, place)


def objects_of(source: Source, document: Document, found: list[Finding]) -> Iterator[Resource]:
    """The objects of a document; those of a List each by itself."""
    yield from _below(source, document, document.value, (), found)


def _below(source: Source, document: Document, value: Any, root: Path, found: list[Finding]) -> Iterator[Resource]:
    resource = Resource(file=source.file, document=document, root=root, value=value if isinstance(value, dict) else {})
    kind, version = resource.value.get("kind"), resource.value.get("apiVersion")
    items = resource.value.get("items")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(items, list):
        for number, item in enumerate(items):
            yield from _below(source, document, item, (*root, "items", number), found)
    elif isinstance(kind, str) and isinstance(version, str):
        yield resource
    elif source.named or kind in KINDS:
        missing = " and ".join(name for name, given in (("apiVersion", version), ("kind", kind)) if not isinstance(given, str))
        found.append(resource.finding((), f"is no Kubernetes object: {missing} is missing",
                                      f"A Release begins with apiVersion: {_API_VERSION} and kind: Release."))  # fmt: skip


def is_ours(resource: Resource) -> bool:
    """By the group; one of our kinds whose group is nearly ours is meant to be ours."""
    group = str(resource.value["apiVersion"]).partition("/")[0]
    return group == GROUP or (resource.kind in KINDS and bool(difflib.get_close_matches(group, [GROUP], 1, 0.8)))


def _unknown_kind(resource: Resource) -> Finding | None:
    version = str(resource.value["apiVersion"])
    if version != _API_VERSION:
        return resource.finding(("apiVersion",), f"there is no {version}", f"Write {_API_VERSION}.")
    if resource.kind not in KINDS:
        return resource.finding(("kind",), f"there is no kind {resource.kind} in {_API_VERSION}",
                                f"Kinds: {', '.join(KINDS)}.")  # fmt: skip
    return None


def sources_of(name: str, *, recursive: bool) -> Iterator[Source]:
    """The texts of a file, of a directory, or of what comes in (-). Raises Problem."""
    if name == "-":
        yield Source(file="<stdin>", text=_decoded(sys.stdin.buffer.read(), "what came in"))
        return
    path = FilePath(name)
    if not path.is_dir():
        yield Source(file=name, text=_text(path))
        return
    files = sorted(p for p in (path.rglob("*") if recursive else path.iterdir()) if p.suffix in _SUFFIXES and p.is_file())
    if not files:
        deeper = "" if recursive else " With -R, those of deeper directories are read, too."
        raise Problem(f"{name} has no files that end in {', '.join(_SUFFIXES)}.{deeper}", Exit.USAGE)
    for file in files:
        yield Source(file=str(file), text=_text(file), named=False)


def _text(path: FilePath) -> str:
    try:
        return _decoded(path.read_bytes(), str(path))
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}. Name a file that you may read, or - for what comes in.",
                      Exit.USAGE) from error  # fmt: skip


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{name} is no text in UTF-8 (byte {error.start}). Save it as UTF-8, or leave it out."
        raise Problem(message, Exit.USAGE) from error


def _strict(finding: Finding) -> Finding:
    return replace(finding, severity=Severity.ERROR) if finding.severity is Severity.WARNING else finding


def _line(finding: Finding) -> str:
    place = f"{finding.file}:{finding.place.line}:{finding.place.column}"
    severity = click.style(finding.severity, fg=_COLORS[finding.severity], bold=finding.severity is Severity.ERROR)
    subject = f"{finding.path}: " if finding.path else ""
    remedy = f"\n    {finding.remedy}" if finding.remedy else ""
    return f"{place}: {severity}: {subject}{finding.message}{remedy}"


def _summary(count: Counter[Severity], files: int) -> str:
    parts = [f"{count[each]} {each}{'' if count[each] == 1 else 's'}" for each in Severity if count[each]]
    return f"{', '.join(parts) or 'nothing found'} in {files} file{'' if files == 1 else 's'}"
