"""CustomResourceDefinitions as objects: their defaults and what would make one useless. Serving them is definitions.py's."""

from playground.apiserver.errors import Cause
from playground.apiserver.kinds import names
from playground.apiserver.objects import Object
from playground.apiserver.schema import schema_of
from playground.apiserver.schema.cel import Unreadable

CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
"""The finalizer that a deleted definition gets: its objects go first."""


def default(definition: Object) -> None:
    """Names and conversion that were left out, in place."""
    spec = definition.setdefault("spec", {})
    spec.setdefault("conversion", {"strategy": "None"})
    accepted = spec.setdefault("names", {})
    if kind := accepted.get("kind"):
        accepted.setdefault("singular", kind.lower())
        accepted.setdefault("listKind", f"{kind}List")


def create(definition: Object) -> None:
    """Nothing is accepted yet, in place."""
    stored = [version["name"] for version in definition["spec"].get("versions") or () if version.get("storage")]
    definition["status"] = {"acceptedNames": {"plural": "", "kind": ""}, "conditions": None, "storedVersions": stored}


def validate(definition: Object, _: Object | None) -> list[Cause]:
    """What would make a definition useless."""
    spec, name = definition["spec"], definition["metadata"].get("name", "")
    plural, group, versions = spec["names"].get("plural", ""), spec.get("group", ""), spec.get("versions") or []
    causes = []
    if name != f"{plural}.{group}":
        causes.append(names.invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group'))
    if not spec["names"].get("kind"):
        causes.append(names.required("spec.names.kind"))
    if spec.get("scope") not in ("Namespaced", "Cluster"):
        causes.append(names.unsupported("spec.scope", spec.get("scope", ""), ["Cluster", "Namespaced"]))
    if sum(bool(version.get("storage")) for version in versions) != 1:
        causes.append(
            names.invalid(
                "spec.versions",
                [version.get("name") for version in versions],
                "must have exactly one version marked as storage version",
            )
        )
    return causes + [
        cause
        for index, version in enumerate(versions)
        for cause in _schema(version, f"spec.versions[{index}].schema.openAPIV3Schema")
    ]


def _schema(version: Object, field: str) -> list[Cause]:
    found = (version.get("schema") or {}).get("openAPIV3Schema")
    if not found:
        return [names.required(field, "schemas are required")]
    try:
        schema_of(found)
    except (ValueError, Unreadable) as problem:
        return [
            Cause(reason="FieldValueInvalid", field=field, message=f"Invalid value: the playground cannot read it: {problem}")
        ]
    return []
