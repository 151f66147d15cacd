"""The templates that a Release's gates name, as they are in the cluster now, and the spec that they make.

A template that changes changes the gate at once, as an edit of the Release would; one that is gone leaves a gate that cannot be
asked. What a template means is decided in strategies.spec.templating.
"""

from collections.abc import Mapping

from pydantic import ValidationError

from controller.reconcile.cluster import TEMPLATES, Cluster
from controller.reconcile.memory import Filled, Memory
from strategies.spec.gate import TemplateKind, TemplateRef
from strategies.spec.gate_template import GateTemplateSpec
from strategies.spec.release import ReleaseSpec
from strategies.spec.templating import fill

_OTHER = {TemplateKind.GATE_TEMPLATE: TemplateKind.CLUSTER_GATE_TEMPLATE,
          TemplateKind.CLUSTER_GATE_TEMPLATE: TemplateKind.GATE_TEMPLATE}  # fmt: skip


def filled(cluster: Cluster, spec: ReleaseSpec, namespace: str, memory: Memory) -> Filled:
    """The spec with its templates filled, and by gate why one could not be. Made anew only when one of them has changed."""
    named = [gate.template for gate in spec.gates if gate.template is not None]
    if not named:
        return spec, {}
    versions = (id(spec), *(_version(cluster, each, namespace) for each in named))
    if memory.filled is None or memory.filled[0] != versions:
        made, problems = fill(spec, lambda each: _found(cluster, each, namespace))
        memory.filled = (versions, (made, {name: str(problem) for name, problem in problems.items()}))
    return memory.filled[1]


def questions(spec: ReleaseSpec) -> Mapping[str, str]:
    """What the gates ask, by name; of one whose template could not be filled it is not known."""
    return {gate.name: gate.question for gate in spec.gates if gate.template is None}


def _version(cluster: Cluster, named: TemplateRef, namespace: str) -> object:
    view = cluster.templates[named.kind]
    found = view.get(_place(named.kind, namespace), named.name)
    return view.synced if found is None else (found["metadata"].get("uid"), found["metadata"].get("resourceVersion"))


def _place(kind: TemplateKind, namespace: str) -> str:
    """The namespace in which a Release of this one finds templates of the kind; "" for those of the cluster."""
    return namespace if TEMPLATES[kind].namespaced else ""


def _found(cluster: Cluster, named: TemplateRef, namespace: str) -> GateTemplateSpec | str:
    kind, view = named.kind, cluster.templates[named.kind]
    where, other, plural = _place(kind, namespace), _OTHER[kind], TEMPLATES[kind].plural
    found = view.get(where, named.name)
    if found is None and not view.synced:
        return f"{named} is not known: {plural} could not be listed yet; see the controller's log."
    if found is None:
        inside = f" in namespace {namespace}" if where else ""
        if cluster.templates[other].get(_place(other, namespace), named.name) is not None:
            return f"{named} does not exist{inside}, but a {other} of this name does: write kind: {other}."
        scope = f" -n {namespace}" if where else ""
        return f"{named} does not exist{inside}; create it, or name one of `kubectl get {plural}{scope}`."
    try:
        return GateTemplateSpec.model_validate(found.get("spec") or {})
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(map(str, ("spec", *first["loc"])))
        said = first["msg"].removeprefix("Value error, ")
        return f"{named} is invalid: {path}: {said}; correct it, or tell whoever runs it."
