"""What a rehearsal is made of: the manifests of a release, put so that they stand in the playground."""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from typing import Any

from playground.apiserver.client import Client
from playground.apiserver.errors import ApiError
from playground.apiserver.registry import Registry
from playground.traffic import gateway
from strategies.spec.base import format_duration
from strategies.spec.gate import Counting, Latency, Ratio, Threshold
from strategies.spec.webhook import Webhook

Object = dict[str, Any]
GROUP = "release-coordinator.io"
_NOT_NEEDED = frozenset({"Namespace", "MetricSource", "GateTemplate", "ClusterGateTemplate", "ReleasePolicy", "ReleaseTrain"})
"""Kinds that are passed over: nothing is measured, and neither freezes nor other members are waited for."""
_FORMS: dict[str, type[Threshold | Counting | Webhook]] = {
    "threshold": Threshold,
    "ratio": Ratio,
    "latency": Latency,
    "webhook": Webhook,
}
"""Forms of gates that are asked again and again. A Job is run once, and what a template asks is not looked up: as a ratio."""
_PARENT = {"name": gateway.NAME, "namespace": gateway.NAMESPACE}


class CannotRehearse(Exception):
    """The manifests do not make a release; the message says why and what to do."""


def chosen(manifests: Sequence[Object], name: str) -> Object:
    """The Release of this name, or the only one. Raises CannotRehearse."""
    releases = {each["metadata"]["name"]: each for each in manifests if each.get("kind") == "Release"}
    there = ", ".join(sorted(releases)) or "none"
    if name and name not in releases:
        raise CannotRehearse(f"There is no Release {name} in the files; there is: {there}.")
    if not name and len(releases) != 1:
        raise CannotRehearse(f"One Release is simulated at a time; in the files there is: {there}. "
                             + ("Name one: --release NAME." if releases else "Give its file too."))  # fmt: skip
    return releases[name] if name else next(iter(releases.values()))


def namespace_of(manifest: Object) -> str:
    """Its own, or default."""
    return str(manifest["metadata"].get("namespace") or "default")


def build(admin: Client, registry: Registry, manifests: Iterable[Object], release: Object, start_up: float) -> list[str]:
    """Create everything, the Release last; returns what the playground does not know and was left out. Raises CannotRehearse."""
    source = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "MetricSource", "metadata": {"name": "default"}}
    _create(admin, f"metricsources.{GROUP}", {**source, "spec": {"address": "http://prometheus.simulated:9090"}}, "")
    kinds = {(each.group, each.kind): each for each in registry}
    wanted = [each for each in manifests if each.get("kind") not in _NOT_NEEDED | {"Release"}]
    left_out = []
    for manifest in [*wanted, release]:
        group, kind = str(manifest["apiVersion"]).rpartition("/")[0], str(manifest["kind"])
        known = kinds.get((group, kind))
        if known is None:
            left_out.append(f"{kind} {manifest['metadata'].get('name', '')}")
            continue
        _create(admin, known.name, adapted(manifest, start_up), namespace_of(manifest) if known.namespaced else "")
    return left_out


def _create(admin: Client, resource: str, manifest: Object, namespace: str) -> None:
    try:
        admin.create(resource, manifest, namespace)
    except ApiError as error:
        if error.status == 409:
            raise CannotRehearse(
                f"{manifest['kind']} {manifest['metadata']['name']} is in the files twice. Give each once."
            ) from error
        raise CannotRehearse(
            f"{manifest.get('kind', resource)} {manifest['metadata'].get('name', '')} is refused: {error}"
        ) from error


def adapted(manifest: Object, start_up: float) -> Object:
    """The manifest with what is not there replaced: routes hang on the playground's Gateway, gates ask what is simulated."""
    made = deepcopy(manifest)
    spec = made.get("spec") or {}
    if made["kind"] == "HTTPRoute":
        spec["parentRefs"] = [_PARENT]
    elif made["kind"] == "Release":
        spec["gates"] = [_simulated(gate) for gate in spec.get("gates") or ()]
    elif made["kind"] == "Deployment":
        for container in spec["template"]["spec"]["containers"][:1]:
            others = [each for each in container.get("env") or () if each["name"] != "START_UP"]
            container["env"] = [*others, {"name": "START_UP", "value": f"{start_up:g}"}]
    return made


def _simulated(gate: Object) -> Object:
    """Whatever a gate asks, it is asked as often here, and needs as many bad answers."""
    form = next((key for key in _FORMS if gate.get(key)), "")
    asked, usual = gate.get(form) or {}, _FORMS.get(form, Ratio).model_fields
    interval = asked.get("interval", format_duration(usual["interval"].default))
    failures = asked.get("failures", usual["failures"].default) if form == "threshold" else 1
    threshold = {"query": f'simulated{{gate="{gate["name"]}",hash="$candidate"}}', "max": 0.5,
                 "interval": interval, "failures": failures}  # fmt: skip
    return {"name": gate["name"], "threshold": threshold, **({"at": gate["at"]} if "at" in gate else {})}
