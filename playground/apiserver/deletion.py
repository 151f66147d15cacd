"""Deleting: at once, with grace, or when the last finalizer has gone.

A deletion is a request; who holds a finalizer, or the kubelet of a pod, brings it to its end. Dependents are the garbage
collector's, told by the finalizers `foregroundDeletion` and `orphan`.
"""

from collections.abc import Sequence

from playground.apiserver import admitting, errors
from playground.apiserver.calls import Call
from playground.apiserver.context import Context
from playground.apiserver.objects import Object, moment_of, timestamp
from playground.apiserver.resources import Resource
from playground.apiserver.store import Stored

_COLLECTORS = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}


def removes_itself(resource: Resource, new: Object, old: Object) -> bool:
    """Whether this update takes away the last thing that kept a deleted object."""
    before = old["metadata"]
    if "deletionTimestamp" not in before or new["metadata"].get("finalizers"):
        return False
    if resource.name == "namespaces":
        return not (new.get("spec") or {}).get("finalizers")
    return not before.get("deletionGracePeriodSeconds")


class Deleter:
    """`delete` answers with the object as it is, or was, and whether it is gone."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def delete(self, call: Call, options: Object) -> tuple[Object, bool]:
        """Raises ApiError: 404, 409 for a precondition, 403 by admission."""
        collection = self._context.collection(call.resource)
        present = collection.get(call.key)
        if present is None:
            raise errors.not_found(call.resource.name, call.name)
        self._check_preconditions(call, present.obj, options.get("preconditions") or {})
        call.dry_run = call.dry_run or bool(options.get("dryRun"))
        asked = admitting.attempt(self._context, call, "DELETE", None, present.obj)
        self._context.admission.mutate(asked)
        admitting.refuse(self._context, asked)
        last = self._marked(call.resource, present.obj, options)
        if last is present.obj:
            return last, False  # On its way already.
        if self._is_gone(call.resource, last):
            if not call.dry_run:
                self._context.store.remove(collection, present, last if call.resource.rules.grace else None)
            return last if call.resource.rules.grace else present.obj, True
        return last if call.dry_run else self._context.store.put(collection, last).obj, False

    def delete_collection(self, call: Call, options: Object, chosen: Sequence[Stored]) -> list[Object]:
        """Delete each of these; they as they were."""
        for stored in chosen:
            one = Call(user=call.user, verb="delete", resource=call.resource, namespace=stored.key[0], name=stored.key[1])
            one.dry_run = call.dry_run
            self.delete(one, dict(options))
        return [stored.obj for stored in chosen]

    @staticmethod
    def _check_preconditions(call: Call, obj: Object, wanted: Object) -> None:
        meta = obj["metadata"]
        subject = f"{obj.get('kind')}.{call.resource.group}" if call.resource.group else str(obj.get("kind"))
        if wanted.get("uid") and wanted["uid"] != meta["uid"]:
            why = f"the UID in the precondition ({wanted['uid']}) does not match the UID in record ({meta['uid']}). "
            raise errors.conflict(subject, call.name, why + "The object might have been deleted and then recreated")
        if wanted.get("resourceVersion") and wanted["resourceVersion"] != meta["resourceVersion"]:
            why = f"the ResourceVersion in the precondition ({wanted['resourceVersion']}) does not match the ResourceVersion "
            raise errors.conflict(
                subject, call.name, f"{why}in record ({meta['resourceVersion']}). The object might have been modified"
            )

    def _marked(self, resource: Resource, obj: Object, options: Object) -> Object:
        """The object with the deletion noted in its metadata; the very same object when nothing is left to note."""
        meta = dict(obj["metadata"])
        asked = options.get("gracePeriodSeconds")
        asked = 1 if asked is not None and asked < 0 else asked
        if resource.rules.grace is not None:
            held = meta.get("deletionGracePeriodSeconds")
            if "deletionTimestamp" not in meta:
                grace = resource.rules.grace(obj, asked)
                self._note(meta, self._context.loop.now() + grace, grace)
            elif held:
                if asked is None or asked >= held:
                    return obj
                self._note(meta, max(moment_of(meta["deletionTimestamp"]) - held + asked, self._context.loop.now()), asked)
        finalizers = self._finalizers(meta, options)
        if resource.rules.cleanup and resource.rules.cleanup not in finalizers and "deletionTimestamp" not in meta:
            finalizers = [*finalizers, resource.rules.cleanup]
        if finalizers != (meta.get("finalizers") or []):
            meta["finalizers"] = finalizers
        if "deletionTimestamp" not in meta:
            self._note(meta, self._context.loop.now(), 0)
        marked = obj | {"metadata": meta}
        if resource.name == "namespaces":
            marked |= {"status": (obj.get("status") or {}) | {"phase": "Terminating"}}
            meta.pop("deletionGracePeriodSeconds", None)
        return obj if marked == obj and not self._is_gone(resource, marked) else marked

    @staticmethod
    def _note(meta: Object, moment: float, grace: int) -> None:
        if "deletionTimestamp" not in meta and meta.get("generation"):
            meta["generation"] += 1
        meta["deletionTimestamp"], meta["deletionGracePeriodSeconds"] = timestamp(moment), grace

    @staticmethod
    def _finalizers(meta: Object, options: Object) -> list[str]:
        present: list[str] = meta.get("finalizers") or []
        policy = options.get("propagationPolicy") or ""
        if options.get("orphanDependents") is not None:
            policy = "Orphan" if options["orphanDependents"] else "Background"
        if policy not in ("", "Background", *_COLLECTORS):
            said = f'Unsupported value: "{policy}": supported values: "Foreground", "Background", "Orphan", "nil"'
            cause = errors.Cause(reason="FieldValueNotSupported", field="propagationPolicy", message=said)
            raise errors.invalid("DeleteOptions", "meta.k8s.io", "", [cause])
        if not policy:
            return present
        others = [name for name in present if name not in _COLLECTORS.values()]
        return [*others, _COLLECTORS[policy]] if policy in _COLLECTORS else others

    @staticmethod
    def _is_gone(resource: Resource, marked: Object) -> bool:
        meta = marked["metadata"]
        if meta.get("finalizers") or meta.get("deletionGracePeriodSeconds"):
            return False
        return resource.name != "namespaces" or not (marked.get("spec") or {}).get("finalizers")
