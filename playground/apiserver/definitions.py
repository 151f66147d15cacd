"""CustomResourceDefinitions: a definition that is stored is a resource that is served, at once and as long as it is there.

The registry follows the store. Conditions, and the removal of the objects before their definition, happen in tasks of their
own, as in a real cluster.
"""

from typing import Any

from playground.apiserver.context import Context
from playground.apiserver.kinds import names
from playground.apiserver.kinds.definitions import CLEANUP
from playground.apiserver.objects import Object
from playground.apiserver.resources import Resource, Rules, Scale
from playground.apiserver.schema import schema_of
from playground.apiserver.store import Collection, Event, Stored

GROUP = "apiextensions.k8s.io"
_FIRST = -1
_NAMES_ARE_FREE = (
    ("NoConflicts", "no conflicts found"), ("InitialNamesAccepted", "the initial names have been accepted"),
)  # fmt: skip
_NAMES_ARE_TAKEN = ("NotAccepted", "not all names are accepted")


class Definitions:
    """Follows the definitions in the store."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._definitions = context.store.collection(GROUP, "customresourcedefinitions")
        self._definitions.watchers[_FIRST] = self._on_event  # Before all others: whoever sees it can use it.
        self._built_in = {resource.name: resource for resource in context.registry}

    def _on_event(self, event: Event) -> None:
        spec = event.now.obj["spec"]
        group, plural = spec["group"], spec["names"]["plural"]
        if event.kind == "DELETED":
            self._context.registry.remove(group, plural)
            if (built_in := self._built_in.get(f"{plural}.{group}")) is not None:
                self._context.registry.add(built_in)
            return
        before = event.before.obj if event.before else None
        if before is None or before["spec"] != spec:
            taken = self._conflicts(event.now)
            if not taken:
                self._context.registry.remove(group, plural)
                for resource in resources_of(event.now.obj):
                    self._context.registry.add(resource)
                self._context.store.begin(group, plural)
            self._soon("accepted", event.now.key, lambda stored: self._accept(stored, taken))
        if "deletionTimestamp" in event.now.obj["metadata"] and (before is None or "deletionTimestamp" not in before["metadata"]):
            self._soon("is being deleted", event.now.key, self._empty)

    def _soon(self, what: str, key: tuple[str, str], action: Any) -> None:
        def run() -> None:
            if (stored := self._definitions.get(key)) is not None:
                action(stored)

        self._context.loop.soon(f"definition {key[1]} {what}", run)

    def _conflicts(self, definition: Stored) -> str:
        """A name that another resource of the group already has; "" if there is none."""
        wanted, group = definition.obj["spec"]["names"], definition.obj["spec"]["group"]
        asked: set[str] = {wanted["kind"], wanted.get("singular", ""), *wanted.get("shortNames", ())}
        for resource in self._context.registry:
            if resource.group == group and resource.plural != wanted["plural"] and resource.custom:
                used = {resource.kind, resource.singular, *resource.short_names}
                if both := sorted((asked & used) - {""}):
                    return both[0]
        return ""

    def _accept(self, stored: Stored, taken: str) -> None:
        """Write the conditions and the accepted names."""
        spec, now = stored.obj["spec"], self._context.now()
        verdicts = _NAMES_ARE_FREE if not taken else (("NamesConflict", f'"{taken}" is already in use'), _NAMES_ARE_TAKEN)
        before = {condition["type"]: condition for condition in (stored.obj.get("status") or {}).get("conditions") or ()}
        conditions = []
        for kind, (reason, message) in zip(("NamesAccepted", "Established"), verdicts, strict=True):
            new = {"type": kind, "status": str(not taken), "lastTransitionTime": now, "reason": reason, "message": message}
            conditions.append(before[kind] if before.get(kind, {}).get("status") == new["status"] else new)
        status = {
            "conditions": conditions, "acceptedNames": spec["names"] if not taken else {"plural": "", "kind": ""},
            "storedVersions": [version["name"] for version in spec["versions"] if version.get("storage")],
        }  # fmt: skip
        if stored.obj.get("status") != status:
            self._context.store.put(self._definitions, stored.obj | {"status": status, "metadata": dict(stored.obj["metadata"])})

    def _empty(self, stored: Stored) -> None:
        """Delete the objects, wait until the last has gone, then let the definition go."""
        spec = stored.obj["spec"]
        objects = self._context.store.collection(spec["group"], spec["names"]["plural"])
        for item in list(objects.within()):
            self._delete(objects, item)
        if len(objects):
            objects.watchers[_FIRST] = lambda _: self._finish(stored.key, objects)
        self._finish(stored.key, objects)

    def _delete(self, objects: Collection, item: Stored) -> None:
        meta = item.obj["metadata"]
        if not meta.get("finalizers"):
            self._context.store.remove(objects, item)
        elif "deletionTimestamp" not in meta:
            marked = meta | {"deletionTimestamp": self._context.now(), "deletionGracePeriodSeconds": 0}
            self._context.store.put(objects, item.obj | {"metadata": marked})

    def _finish(self, key: tuple[str, str], objects: Collection) -> None:
        if len(objects):
            return
        objects.watchers.pop(_FIRST, None)
        self._soon("is empty", key, self._let_go)

    def _let_go(self, stored: Stored) -> None:
        meta = dict(stored.obj["metadata"])
        meta["finalizers"] = [name for name in meta.get("finalizers") or () if name != CLEANUP]
        obj = stored.obj | {"metadata": meta}
        if meta["finalizers"]:
            self._context.store.put(self._definitions, obj)
        else:
            self._context.store.remove(self._definitions, stored, obj)


def resources_of(definition: Object) -> list[Resource]:
    """The resources that a definition adds: one for each served version, the storage version first."""
    spec = definition["spec"]
    stored = next(version["name"] for version in spec["versions"] if version.get("storage"))
    served = sorted(
        (version for version in spec["versions"] if version.get("served")), key=lambda version: not version.get("storage")
    )
    return [_resource(spec, version, f"{spec['group']}/{stored}") for version in served]


def _resource(spec: Object, version: Object, stored: str) -> Resource:
    accepted, subresources = spec["names"], version.get("subresources") or {}
    own_status = "status" in subresources
    schema = schema_of(version["schema"]["openAPIV3Schema"])

    def versioned(obj: Object) -> Object:
        left_out = ("metadata", "apiVersion", "kind") + (("status",) if own_status else ())
        return {key: value for key, value in obj.items() if key not in left_out}

    return Resource(
        group=spec["group"], version=version["name"], plural=accepted["plural"], kind=accepted["kind"],
        singular=accepted.get("singular") or accepted["kind"].lower(), list_kind=accepted.get("listKind", ""),
        namespaced=spec["scope"] == "Namespaced", short_names=tuple(accepted.get("shortNames") or ()),
        categories=tuple(accepted.get("categories") or ()), subresources=tuple(subresources),
        scale=_scale(subresources.get("scale")),
        rules=Rules(name=names.subdomain, versioned=versioned, unconditional=False, fields=_fields(version)),
        schema=schema, shape=schema.keys(), columns=tuple(version.get("additionalPrinterColumns") or ()), custom=True,
        storage_version=stored if stored != f"{spec['group']}/{version['name']}" else "",
    )  # fmt: skip


def _scale(found: Object | None) -> Scale | None:
    if found is None:
        return None
    paths = {key: tuple(found.get(f"{name}Path", default).strip(".").split(".")) for key, name, default in (
        ("replicas", "specReplicas", ".spec.replicas"), ("observed", "statusReplicas", ".status.replicas"),
        ("selector", "labelSelector", ".status.selector"),
    )}  # fmt: skip
    return Scale(**paths)


def _fields(version: Object) -> frozenset[str]:
    return frozenset(["metadata.name", *(field["jsonPath"].strip(".") for field in version.get("selectableFields") or ())])
