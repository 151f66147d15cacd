"""Subresources that are actions, not parts of an object: binding and eviction of pods, tokens of accounts; and reading scales."""

from playground.apiserver import conversion, errors, people, scaling
from playground.apiserver.calls import Call
from playground.apiserver.context import Context
from playground.apiserver.deletion import Deleter
from playground.apiserver.objects import Object, timestamp
from playground.apiserver.requests import User
from playground.apiserver.writing import Writer

_SUCCESS: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


class Subresources:
    """`tokens` are those given out here, by ServiceAccount."""

    def __init__(self, context: Context, writer: Writer, deleter: Deleter) -> None:
        self._context, self._writer, self._deleter = context, writer, deleter
        self.tokens: dict[str, User] = {}

    def scale(self, call: Call, obj: Object) -> Object:
        """The Scale of an object."""
        return scaling.scale_of(call.resource, conversion.from_storage(call.resource, obj))

    def create(self, call: Call, body: Object) -> Object:
        """POST to a subresource. Raises ApiError."""
        present = self._context.collection(call.resource).get(call.key)
        if present is None:
            raise errors.not_found(call.resource.name, call.name)
        if call.subresource == "token":
            return self._token(call, body)
        call.subresource = ""
        if call.verb == "create" and "target" in body:
            patch = {"spec": {"nodeName": body["target"].get("name", "")}}
            self._writer.patch(call, "merge", patch)
        else:
            self._deleter.delete(call, body.get("deleteOptions") or {})
        return _SUCCESS

    def _token(self, call: Call, body: Object) -> Object:
        """A token that is good as long as this cluster lives, whatever it says."""
        token = f"playground-{self._context.random.getrandbits(128):032x}"
        self.tokens[token] = people.service_account(call.namespace, call.name)
        spec = {"audiences": ["https://kubernetes.default.svc"], "expirationSeconds": 3600, "boundObjectRef": None} | (
            body.get("spec") or {}
        )
        until = timestamp(self._context.loop.now() + spec["expirationSeconds"])
        return {
            "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": call.name, "namespace": call.namespace, "creationTimestamp": self._context.now()},
            "spec": spec, "status": {"token": token, "expirationTimestamp": until},
        }  # fmt: skip
