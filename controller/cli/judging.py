"""The verdict on one resource of ours, by itself: everything that the API server or the controller would refuse.

The models of strategies.spec judge; no rule about a spec belongs here.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from controller.api import names
from controller.api.crds import structural
from controller.cli.findings import Finding, Resource, Severity
from controller.cli.manifests import Path, show
from controller.cli.wording import close_to, part_of, put, unknown
from strategies.rollout import requests as rollout
from strategies.spec.base import Name
from strategies.spec.gate_template import GateTemplateSpec
from strategies.spec.metric_source import MetricSourceSpec
from strategies.spec.policy import ReleasePolicySpec
from strategies.spec.release import ReleaseSpec
from strategies.spec.train import ReleaseTrainSpec
from strategies.train import requests as train

Object = dict[str, Any]
KINDS: Mapping[str, type[BaseModel]] = {
    "Release": ReleaseSpec, "MetricSource": MetricSourceSpec, "GateTemplate": GateTemplateSpec,
    "ClusterGateTemplate": GateTemplateSpec, "ReleasePolicy": ReleasePolicySpec, "ReleaseTrain": ReleaseTrainSpec,
}  # fmt: skip
_TOP = ("apiVersion", "kind", "metadata", "spec", "status")
_LABEL_VALUE = 63
_REQUESTS = {
    "Release": (rollout.KEYS, "releasectl {key} {name}"),
    "ReleaseTrain": (train.KEYS, f"kubectl annotate releasetrain {{name}} {names.GROUP}/{{key}}=…"),
}
"""Kind → the requests that there are of it, and how to ask."""


def judge(resource: Resource) -> tuple[BaseModel | None, list[Finding]]:
    """The spec of a resource of ours, None if it cannot be used, and everything that is wrong."""
    found = [*_faults(resource), *_outside_the_spec(resource), *_requests(resource)]
    model = KINDS[resource.kind]
    if resource.value.get("spec") is None:
        return None, [*found, resource.finding((), "spec is missing", "Say what is wanted under spec.")]
    spec = _without_nulls(resource.value["spec"], structural_of(model))
    try:
        return _validate(model, spec), found
    except ValidationError as error:
        errors = list(_essential(error))
        errors += _hidden(model, spec, errors)
        return None, [*found, *(put(resource, each, structural_of(model)) for each in errors)]


@cache
def structural_of(model: type[BaseModel]) -> Object:
    """The schema that the CRD has for this model."""
    return structural(model)


def _validate(model: type[BaseModel], spec: Any) -> BaseModel:
    # Strict and by the names of the API, as the API server reads: no "5" for 5, no snake_case.
    return model.model_validate_json(json.dumps(spec), strict=True, by_alias=True, by_name=False)


def _without_nulls(value: Any, schema: Object) -> Any:
    """The API server takes a field that is null for one that is not there, if there is such a field."""
    if isinstance(value, dict):
        known = schema.get("properties")
        kept = {k: v for k, v in value.items() if v is not None or (known and k not in known)}
        return {k: _without_nulls(v, part_of(schema, (k,))) for k, v in kept.items()}
    return [_without_nulls(each, part_of(schema, (0,))) for each in value] if isinstance(value, list) else value


def _essential(error: ValidationError) -> Iterator[Any]:
    """Each error but those that only follow from another: a list whose bad items were not counted is not too short."""
    errors = error.errors(include_url=False)
    for each in errors:
        inner = any(o is not each and o["loc"][: len(each["loc"])] == each["loc"] for o in errors)
        if not (each["type"] == "too_short" and inner and len(each["input"]) >= each["ctx"]["min_length"]):
            yield each


def _hidden(model: type[BaseModel], spec: Any, errors: list[Any]) -> list[Any]:
    """What only shows once fields that are wrong, and may be left out, are left out: rules about several fields together."""
    loose = []
    for each in errors:
        holder, last = part_of(structural_of(model), each["loc"][:-1]), each["loc"][-1:]
        if last and isinstance(last[0], str) and each["type"] != "missing" and last[0] not in holder.get("required", ()):
            loose.append(each["loc"])
    rest = json.loads(json.dumps(spec))
    for loc in loose:
        _leave_out(rest, loc)
    try:
        _validate(model, rest)
    except ValidationError as error:
        # A rule about the very object that lost a field may speak of the loss.
        known = {each["loc"] for each in errors} | {loc[:-1] for loc in loose}
        return [each for each in _essential(error) if each["loc"] not in known]
    return []


def _leave_out(value: Any, loc: Path) -> None:
    for part in loc[:-1]:
        try:
            value = value[part]
        except (IndexError, KeyError, TypeError):
            return
    if isinstance(value, dict):
        value.pop(loc[-1], None)


def _faults(resource: Resource) -> Iterator[Finding]:
    depth = len(resource.root)
    for fault in resource.document.faults:
        if fault.path[:depth] == resource.root:
            yield Finding(file=resource.file, place=fault.place, severity=Severity.ERROR, path=show(fault.path),
                          message=fault.message, remedy="kubectl refuses it.")  # fmt: skip


def _outside_the_spec(resource: Resource) -> Iterator[Finding]:
    for key in resource.value:
        if key not in _TOP:
            yield unknown(resource, (key,), key, dict.fromkeys(_TOP), structural_of(KINDS[resource.kind]))
    if not isinstance(resource.value.get("metadata"), dict):
        yield resource.finding((), "metadata is missing", "Give the resource a name: metadata: {name: …}.")
    elif not resource.name:
        if not resource.metadata.get("generateName"):
            yield resource.finding(("metadata",), "the name is missing", "Name the resource: metadata: {name: …}.")
    else:
        yield from _name(resource)


def _requests(resource: Resource) -> Iterator[Finding]:
    """What annotations under our prefix would ask for at every apply, or in vain."""
    annotations = resource.metadata.get("annotations")
    known = _REQUESTS.get(resource.kind)
    if known is None or not isinstance(annotations, dict):
        return
    keys, command = known
    for written in annotations:
        prefix, _, key = str(written).partition("/")
        if prefix != names.GROUP or written == names.REQUESTED_BY:
            continue
        path: Path = ("metadata", "annotations", written)
        place = resource.document.key((*resource.root, *path))
        if key in keys:
            yield resource.finding(path, f"asks for {key} each time that the file is applied",
                                   "Take it out of the file, and ask when it is wanted: "
                                   + command.format(key=key, name=resource.name),
                                   Severity.WARNING, place)  # fmt: skip
        else:
            close = close_to(key, list(keys))
            meant = f"Did you mean {names.GROUP}/{close}?" if close else f"Requests: {', '.join(keys)}."
            yield resource.finding(path, f"{written} is no request; it would be refused", meant, place=place)


def _name(resource: Resource) -> Iterator[Finding]:
    path: Path = ("metadata", "name")
    try:
        TypeAdapter(Name).validate_python(resource.metadata["name"], strict=True)
    except ValidationError:
        yield resource.finding(path, f"{resource.metadata['name']!r} can be no name",
                               "A name is text of small letters, digits, - and ., at most 253 characters.")  # fmt: skip
    if resource.kind == "Release" and len(resource.name) > _LABEL_VALUE:
        length = f"the name has {len(resource.name)} characters"
        yield resource.finding(path, f"{length}; it becomes a label's value on the Deployment, which may have {_LABEL_VALUE}",
                               "Choose a shorter name.")  # fmt: skip
