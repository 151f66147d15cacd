"""Subresources that are actions, not parts of an object: binding and eviction of pods, tokens of accounts; and reading scales."""

from collections.abc import Callable, Mapping

from playground.apiserver import conversion, errors, people, scaling
from playground.apiserver.calls import Call
from playground.apiserver.context import Context
from playground.apiserver.deletion import Deleter
from playground.apiserver.objects import Object, timestamp
from playground.apiserver.requests import User
from playground.apiserver.writing import Writer

_SUCCESS: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


class Subresources:
    """`tokens` are those given out here, by ServiceAccount; `logs` is the kubelet's answer for a pod's uid and a container."""

    def __init__(self, context: Context, writer: Writer, deleter: Deleter) -> None:
        self._context, self._writer, self._deleter = context, writer, deleter
        self.tokens: dict[str, User] = {}
        self.logs: Callable[[str, str], str | None] = lambda _uid, _container: None

    def scale(self, call: Call, obj: Object) -> Object:
        """The Scale of an object."""
        return scaling.scale_of(call.resource, conversion.from_storage(call.resource, obj))

    def log(self, pod: Object, query: Mapping[str, str]) -> bytes:
        """What a container of the pod has written, or the last lines of it. Raises ApiError."""
        name, container = pod["metadata"]["name"], query.get("container", "")
        names = [one["name"] for one in pod["spec"]["containers"]]
        if not container and len(names) > 1:
            raise errors.bad_request(f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]")
        if container and container not in names:
            raise errors.bad_request(f"container {container} is not valid for pod {name}")
        text = self.logs(pod["metadata"]["uid"], container or names[0]) or ""
        lines = text.splitlines(keepends=True)
        kept = "".join(lines[-int(query["tailLines"]) :] if "tailLines" in query else lines).encode()
        return kept[: int(query["limitBytes"])] if "limitBytes" in query else kept

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
