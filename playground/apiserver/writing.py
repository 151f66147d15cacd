"""Creating and changing objects: the one way every write goes, whoever asks and however the change is expressed.

    patch → canonical form, defaults, what this endpoint may not change → managedFields → admission → the first again if it
          changed something → what only the server sets → validation → admission's veto → the store

Nothing is written unless all of it has passed; a write that changes nothing is none. Deleting is in deletion.py.
"""

from typing import Any

from playground.apiserver import admitting, completing, conversion, errors, patching, scaling
from playground.apiserver.calls import Call
from playground.apiserver.context import Context
from playground.apiserver.deletion import removes_itself
from playground.apiserver.kinds import names
from playground.apiserver.objects import Object, copied
from playground.apiserver.patching import applying, entries, managed
from playground.apiserver.scoping import in_scope, keep_out_of_scope, keep_system_metadata
from playground.apiserver.store import Stored

_NAMES_TRIED = 8
_SERVER_SETS = (
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
)


class Writer:
    """The bodies given in are the writer's own and may be changed; what is returned is shared."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def create(self, call: Call, body: Object, *, applied: bool = False) -> Object:
        """The object as kept. `applied`: its managedFields are right already. Raises ApiError."""
        resource = call.resource
        meta = self._identified(call, body)
        obj = conversion.to_storage(resource, body)
        if meta.get("resourceVersion") and not applied:
            raise errors.versioned_creation()
        for key in _SERVER_SETS:
            meta.pop(key, None)
        call.name = meta.get("name", "")
        self._require_namespace(call)
        generated = not meta.get("name") and bool(meta.get("generateName"))
        if generated:
            meta["name"] = self._free_name(call, meta["generateName"])
        call.name = meta.get("name", "")
        meta |= {"uid": self._context.uid(), "creationTimestamp": self._context.now()}
        self._prepare_new(call, obj)
        if not applied:
            self._own(call, None, obj)
        asked = admitting.attempt(self._context, call, "CREATE", obj, None)
        changed = self._context.admission.mutate(asked)
        if changed is not None:
            obj = asked.object = copied(changed)
            self._prepare_new(call, obj)
        resource.rules.create(obj)
        if resource.rules.versioned is not None:
            obj["metadata"]["generation"] = 1
        self._validate(call, obj, None)
        admitting.refuse(self._context, asked)
        collection = self._context.collection(resource)
        if (taken := collection.get(call.key)) is not None:
            leaving = "deletionTimestamp" in taken.obj["metadata"]
            raise errors.already_exists(resource.name, call.name, being_deleted=leaving, generated=generated)
        return obj if call.dry_run else self._context.store.put(collection, obj).obj

    def update(self, call: Call, body: Object) -> Object:
        """Replace the object, or what the subresource has of it, by the body. Raises ApiError."""
        self._identified(call, body)
        if call.resource.rules.create_on_update and self._context.collection(call.resource).get(call.key) is None:
            return self.create(call, body)
        present = self._present(call)
        if call.subresource == "scale":
            return self._rescale(call, present, body)
        return self._replace(call, present, conversion.to_storage(call.resource, body))

    def patch(self, call: Call, kind: str, patch: Any) -> Object:
        """Change the object by a json, merge or strategic patch. Raises ApiError."""
        present = self._present(call)
        obj = conversion.from_storage(call.resource, present.obj)
        scale = call.subresource == "scale"
        call.patch = patch if kind == "strategic" else None
        base = scaling.scale_of(call.resource, obj) if scale else obj
        try:
            shape = patching.keys_for("autoscaling", "Scale") if scale else call.resource.shape
            patched = patching.apply_patch(kind, base, patch, shape)
        except patching.PatchError as problem:
            raise errors.unpatchable(problem.status, problem.message) from problem
        self._identified(call, patched)
        if scale:
            return self._rescale(call, present, patched)
        return self._replace(call, present, conversion.to_storage(call.resource, patched))

    def apply(self, call: Call, config: Object) -> tuple[Object, bool]:
        """Server-side apply: the object, and whether it is new. Raises ApiError, with every conflict in one 409."""
        call.applies = True
        self._identified(call, dict(config) if isinstance(config, dict) else config)
        present = self._context.collection(call.resource).get(call.key)
        if present is None and call.subresource:
            raise errors.not_found(call.resource.name, call.name)
        live = conversion.from_storage(call.resource, present.obj) if present else None
        if "managedFields" in config["metadata"]:
            raise errors.bad_request("metadata.managedFields must be nil")
        completing.report_unknown(call, config, [])
        try:
            wanted = in_scope(call.resource, call.subresource, config)
            merged = copied(applying.apply(live, wanted, self._writer(call), call.resource.shape, force=call.force))
        except applying.ApplyConflict as problem:
            raise errors.apply_conflict(problem.message, problem.causes) from problem
        except patching.PatchError as problem:
            raise errors.unpatchable(problem.status, problem.message) from problem
        if present is None:
            return self.create(call, merged, applied=True), True
        return self._replace(call, present, conversion.to_storage(call.resource, merged), applied=True), False

    def _present(self, call: Call) -> Stored:
        present = self._context.collection(call.resource).get(call.key)
        if present is None:
            raise errors.not_found(call.resource.name, call.name)
        return present

    def _replace(self, call: Call, present: Stored, new: Object, *, applied: bool = False) -> Object:
        """The heart of every change. `new` is in the storage version."""
        old, resource = present.obj, call.resource
        self._compare_versions(call, present, new)
        self._prepare(call, new, old)
        if not applied:
            self._own(call, old, new)
        scale = call.subresource == "scale"
        shown = (scaling.scale_of(resource, new), scaling.scale_of(resource, old)) if scale else (new, old)
        asked = admitting.attempt(self._context, call, "UPDATE", *shown)
        changed = self._context.admission.mutate(asked)
        if changed is not None:
            new = scaling.scaled(resource, new, changed) if scale else copied(changed)
            asked.object = changed if scale else new
            self._prepare(call, new, old)
        if not call.subresource or scale:
            resource.rules.update(new, old)
        self._raise_generation(call, new, old)
        self._validate(call, new, old)
        admitting.refuse(self._context, asked)
        if new == old:
            return old
        if call.dry_run:
            return new
        collection = self._context.collection(resource)
        if removes_itself(resource, new, old):
            return self._context.store.remove(collection, present, new).obj
        return self._context.store.put(collection, new).obj

    def _rescale(self, call: Call, present: Stored, scale: Object) -> Object:
        new = self._replace(call, present, scaling.scaled(call.resource, present.obj, scale))
        return scaling.scale_of(call.resource, new)

    def _prepare_new(self, call: Call, obj: Object) -> None:
        completing.complete(call, obj)
        if call.resource.has_status and obj.pop("status", None) is not None and not call.resource.custom:
            obj["status"] = {}

    def _prepare(self, call: Call, new: Object, old: Object) -> None:
        completing.complete(call, new, old)
        keep_system_metadata(new, old)
        keep_out_of_scope(call.resource, call.subresource, new, old)

    def _own(self, call: Call, old: Object | None, new: Object) -> None:
        resource = call.resource
        before = None if old is None else conversion.from_storage(resource, old)
        fields = managed.updated(before, conversion.from_storage(resource, new), self._writer(call), resource.shape)
        if fields:
            new["metadata"]["managedFields"] = fields
        else:
            new["metadata"].pop("managedFields", None)

    def _writer(self, call: Call) -> entries.Writer:
        return entries.Writer(
            manager=call.manager, api_version=call.resource.api_version, now=self._context.now(), subresource=call.subresource
        )

    @staticmethod
    def _raise_generation(call: Call, new: Object, old: Object) -> None:
        versioned = call.resource.rules.versioned
        if versioned is not None and call.subresource != "status" and versioned(new) != versioned(old):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1

    @staticmethod
    def _compare_versions(call: Call, present: Stored, new: Object) -> None:
        """The body's resourceVersion and uid are preconditions."""
        meta, before = new["metadata"], present.obj["metadata"]
        if meta.get("uid") and meta["uid"] != before["uid"]:
            if call.verb == "patch":
                said = names.invalid("metadata.uid", meta["uid"], "field is immutable")
                raise errors.invalid(call.resource.kind, call.resource.group, call.name, [said])
            why = f"Precondition failed: UID in precondition: {meta['uid']}, UID in object meta: {before['uid']}"
            raise errors.conflict(call.resource.name, call.name, why)
        given = meta.get("resourceVersion") or "0"
        if given == "0":
            if not call.resource.rules.unconditional and call.verb == "update" and call.subresource != "scale":
                said = names.invalid("metadata.resourceVersion", 0, "must be specified for an update")
                raise errors.invalid(call.resource.plural, call.resource.group, call.name, [said])
        elif given != before["resourceVersion"]:
            raise errors.conflict(call.resource.name, call.name)

    def _validate(self, call: Call, new: Object, old: Object | None) -> None:
        resource = call.resource
        causes = names.metadata(new, resource.namespaced, resource.rules.name or names.path_segment)
        causes += [] if resource.custom or resource.rules.cleanup else names.qualified_finalizers(new)
        causes += names.metadata_update(new, old) if old is not None else []
        causes += resource.rules.validate(new, old)
        causes += completing.violations(resource, new, old)
        if causes:
            raise errors.invalid(resource.kind, resource.group, new["metadata"].get("name", ""), causes)

    def _identified(self, call: Call, body: Any) -> Object:
        """Make sure that the body is of the kind, the namespace and the name of the path; its metadata."""
        scale = call.subresource == "scale"
        kind, version = ("Scale", "autoscaling/v1") if scale else (call.resource.kind, call.resource.api_version)
        meta: Object
        if not isinstance(body, dict) or not isinstance(body.get("metadata") or {}, dict):
            raise errors.bad_request(f"the object provided is unrecognized: it is no {kind}")
        if ((call.resource.custom and call.verb != "patch") or call.applies) and not (
            body.get("kind") and body.get("apiVersion")
        ):
            raise errors.without_kind(body, kind)
        given_kind, given_version = body.setdefault("kind", kind), body.setdefault("apiVersion", version)
        if (given_kind, given_version) != (kind, version):
            if call.resource.custom and given_version == version:
                said = names.invalid("kind", given_kind, f"must be {kind}")
                name = (body.get("metadata") or {}).get("name", "")
                raise errors.invalid(given_kind, call.resource.group, name, [said])
            raise errors.wrong_kind((given_version, given_kind), (version, kind))
        body["metadata"] = meta = dict(body.get("metadata") or {})
        if call.resource.namespaced and meta.setdefault("namespace", call.namespace) != call.namespace:
            raise errors.bad_request("the namespace of the provided object does not match the namespace sent on the request")
        if call.name and meta.setdefault("name", call.name) != call.name:
            named = f"the name of the object ({meta['name']}) does not match the name on the URL ({call.name})"
            raise errors.bad_request(named)
        return meta

    def _require_namespace(self, call: Call) -> None:
        if not call.resource.namespaced:
            return
        namespace = self._context.store.collection("", "namespaces").get(("", call.namespace))
        if namespace is None:
            raise errors.not_found("namespaces", call.namespace)
        if "deletionTimestamp" in namespace.obj["metadata"]:
            why = f"unable to create new content in namespace {call.namespace} because it is being terminated"
            cause = {"reason": "NamespaceTerminating", "message": f"namespace {call.namespace} is being terminated",
                     "field": "metadata.namespace"}  # fmt: skip
            raise errors.forbidden(call.resource.name, call.name, why, [cause])

    def _free_name(self, call: Call, prefix: str) -> str:
        collection = self._context.collection(call.resource)
        for _ in range(_NAMES_TRIED):
            name = self._context.generated_name(prefix)
            if collection.get((call.namespace, name)) is None:
                break
        return name
