"""What a Release says, compared with the other manifests that were given: its Deployment, Services, route, MetricSources.

What is not among them is no error: it may be in the cluster. It is named in a hint, so that nobody takes it for checked.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from controller.cli.access import Access
from controller.cli.findings import Finding, Resource, Severity
from controller.cli.manifests import Path
from controller.cli.obstacles import Unreadable, obstacles
from controller.flags.objects import read as read_flag
from controller.kube.errors import Forbidden, NotFound
from controller.reconcile.cluster import FLAG_HOLDERS, TEMPLATES
from controller.workloads import pods
from strategies.analysis.verdict import Unknown
from strategies.rollout.flags import unusable
from strategies.spec.flag import FlagPlace
from strategies.spec.gate import TemplateKind, TemplateRef
from strategies.spec.gate_template import GateTemplateSpec
from strategies.spec.metric_source import MetricSourceSpec, allows
from strategies.spec.reason import Reason
from strategies.spec.release import ReleaseSpec
from strategies.world.observation import FlagSeen

Object = dict[str, Any]
_WORKLOAD: Path = ("spec", "workloadRef", "name")
_BUILT_IN = {"Deployment": "apps", "Service": "", "HTTPRoute": "gateway.networking.k8s.io",
             "TraefikService": "traefik.io", "ConfigMap": "",
             "FeatureFlag": "core.openfeature.dev"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A Release that is valid by itself. `spec` has its templates filled, as far as they are known; `named` are the numbers of
    the gates that name one, `unusable` the names of those whose template cannot be filled.
    """

    resource: Resource
    spec: ReleaseSpec
    named: frozenset[int] = frozenset()
    unusable: frozenset[str] = frozenset()

    def written(self, path: Path) -> Path:
        """Where in the manifest that stands which is at this path of the filled spec."""
        from_template = path[:2] == ("spec", "gates") and len(path) > 3 and path[2] in self.named and path[3] != "at"
        return (*path[:3], "template") if from_template else path


def template_of(access: Access, namespace: str, named: TemplateRef) -> GateTemplateSpec | None:
    """The template that a Release of this namespace names, if the cluster has a valid one that may be read."""
    kind = TEMPLATES[named.kind]
    with suppress(NotFound, Forbidden, ValueError):
        found = access.client.get(kind.path(namespace if kind.namespaced else None, named.name))
        return GateTemplateSpec.model_validate(found.get("spec") or {})
    return None


class Neighbours:
    """All objects that were given."""

    def __init__(
        self,
        resources: list[Resource],
        sources: dict[str, MetricSourceSpec],
        templates: dict[tuple[str, str | None, str], GateTemplateSpec],
        access: Access | None = None,
    ) -> None:
        """`sources` are the valid MetricSources by name, `templates` the valid templates by kind, namespace and name.

        With `access`, a template that is not among the files is looked for in the cluster.
        """
        self._resources = [r for r in resources if str(r.value.get("apiVersion")).rpartition("/")[0] == _BUILT_IN.get(r.kind)]
        self.sources = sources
        self._templates, self._access = templates, access

    def template(self, beside: Resource, named: TemplateRef) -> GateTemplateSpec | None:
        """The template that a Release names, if it is among the files, or in the cluster."""
        namespace = beside.namespace if named.kind is TemplateKind.GATE_TEMPLATE else None
        key = (named.kind, namespace, named.name)
        if key not in self._templates and self._access is not None:
            found = template_of(self._access, beside.namespace or self._access.namespace, named)
            if found is not None:
                self._templates[key] = found
        return self._templates.get(key)

    def of(self, kind: str, beside: Resource) -> list[Resource]:
        """Objects of this kind in the namespace of `beside`; of several that claim one name, the nearest in the files."""
        found = [r for r in self._resources if r.kind == kind and r.namespace == beside.namespace and r.name]
        found.sort(key=lambda r: (r.file != beside.file, FilePath(r.file).parent != FilePath(beside.file).parent))
        return list({r.name: r for r in reversed(found)}.values())

    def flag(self, release: Checked, place: FlagPlace) -> FlagSeen | Unknown | None:
        """A flag as the files, or else the cluster, have it; None where it is not known."""
        resource, kind = release.resource, FLAG_HOLDERS[place.kind]
        found = next((each.value for each in self.of(place.kind, resource) if each.name == place.object), None)
        if found is None and self._access is not None:
            with suppress(NotFound, Forbidden):
                found = self._access.client.get(kind.path(resource.namespace or self._access.namespace, place.object))
        return None if found is None else read_flag(found, place)

    def replicas(self, release: Checked) -> int | None:
        """What the Release's Deployment asks for, if it is among the files."""
        for found in self.of("Deployment", release.resource):
            spec = found.value.get("spec")
            if found.name == release.spec.workload_ref.name and isinstance(spec, dict):
                wanted = spec.get("replicas", 1)
                return wanted if isinstance(wanted, int) else None
        return None


def compare(release: Checked, neighbours: Neighbours, releases: list[Checked]) -> Iterator[Finding]:
    """Findings about one Release and what stands beside it."""
    yield from _one_per_workload(release, releases)
    yield from _one_per_flag(release, releases)
    yield from _sources(release, neighbours)
    absent = []
    resource, spec = release.resource, release.spec
    deployments = neighbours.of("Deployment", resource)
    mine = next((d for d in deployments if d.name == spec.workload_ref.name), None)
    named = spec.traffic.route
    route = next((r for r in neighbours.of(named.kind, resource) if r.name == named.name), None) if named else None
    services = [s.value for s in neighbours.of("Service", resource)]
    if mine is None:
        absent.append(f"Deployment {spec.workload_ref.name}")
    else:
        yield from _contract_ports(release, mine)
        yield from _obstacles(release, mine, services, route if services else None, [d for d in deployments if d is not mine])
    if named is not None and (route is None or mine is None or not services):
        absent.append(f"{named}" if route is None else f"{named}'s Services")
    absent += [f"MetricSource {name}" for name in sorted({g.source for g in spec.gates if g.source} - set(neighbours.sources))]
    flags = [(flag, neighbours.flag(release, flag.place)) for flag in spec.flags]
    for number, (flag, seen) in enumerate(flags):
        problem = seen.message if isinstance(seen, Unknown) else seen and unusable(seen, flag.on_promotion, flag.on_rollback)
        if problem:
            yield resource.finding(("spec", "flags", number), f"{flag.place}: {problem}", "How flags are written: docs/flags.md.")
    absent += sorted({f"{flag.place.kind} {flag.place.object}" for flag, seen in flags if seen is None})
    absent += sorted({str(g.template) for g in spec.gates if g.template is not None and g.name not in release.unusable})
    if absent:
        yield resource.finding(("spec",), f"not compared with {', '.join(absent)}: not among these files",
                               "Name the files that have them, too, or look in the cluster.", Severity.HINT)  # fmt: skip


def _obstacles(
    release: Checked, mine: Resource, services: list[Object], route: Resource | None, others: list[Resource]
) -> Iterator[Finding]:
    try:
        found = obstacles(release.spec, mine.value, services=services, route=route.value if route else None,
                          others=[other.value for other in others])  # fmt: skip
    except Unreadable:
        message = f"not compared with Deployment {mine.name} ({mine.file}), its Services and route: one of them is no object"
        yield release.resource.finding(_WORKLOAD, message, "Correct it first.", Severity.HINT)
        return
    named_by: dict[Reason, Path] = {Reason.SERVICE_SHARED: ("spec", "traffic")}
    if (named := release.spec.traffic.route) is not None:
        named_by[Reason.ROUTE_UNUSABLE] = (*named.field.split("."), "name")
    for reason, message in found:
        yield release.resource.finding(named_by.get(reason, _WORKLOAD), message)


def _contract_ports(release: Checked, mine: Resource) -> Iterator[Finding]:
    try:
        declared = pods.first_port(mine.value["spec"]["template"])
    except (AttributeError, KeyError, TypeError):
        return  # Whatever it is, `_obstacles` tells of it.
    if declared is not None:
        return
    for number, gate in enumerate(release.spec.gates):
        if gate.contract is not None and gate.contract.port is None:
            message = f"no container of Deployment {mine.name} ({mine.file}) declares a port to ask for the contract"
            yield release.resource.finding(("spec", "gates", number, "contract"), message, "Write it into port.")


def _one_per_workload(release: Checked, releases: list[Checked]) -> Iterator[Finding]:
    first = next(r for r in releases if (r.resource.namespace, r.spec.workload_ref) ==
                 (release.resource.namespace, release.spec.workload_ref))  # fmt: skip
    if first.resource.name != release.resource.name:
        name, other = release.spec.workload_ref.name, first.resource
        yield release.resource.finding(_WORKLOAD, f"Deployment {name} already belongs to Release {other.name} ({other.file})",
                                       "Delete one of the two.")  # fmt: skip


def _one_per_flag(release: Checked, releases: list[Checked]) -> Iterator[Finding]:
    mine = release.resource
    beside = [other for other in releases[: releases.index(release)] if other.resource.namespace == mine.namespace]
    for number, flag in enumerate(release.spec.flags):
        for other in (each.resource for each in beside if flag.place in {f.place for f in each.spec.flags}):
            message = f"{flag.place} is switched by Release {other.name} ({other.file}), too: whichever goes back switches it off"
            yield mine.finding(("spec", "flags", number), message, "Give each a flag of its own.", Severity.WARNING)


def _sources(release: Checked, neighbours: Neighbours) -> Iterator[Finding]:
    namespace = release.resource.namespace
    for number, gate in enumerate(release.spec.gates):
        source = neighbours.sources.get(gate.source or "")
        if source is not None and namespace is not None and not allows(source.namespaces, namespace):
            path = release.written(("spec", "gates", number, gate.form, "source"))
            yield release.resource.finding(path, f"MetricSource {gate.source} may not be used in namespace {namespace}",
                                           "Ask whoever runs it to add the namespace to its spec.namespaces.")  # fmt: skip
