"""The API server: a request in, an answer or a watch out.

    who asks (impersonation) → what is asked for → may he → do it → show it as asked

All of it happens in the caller's turn, at one moment of the loop. What each step does is in the modules it names.
"""

import logging
import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from playground.apiserver import discovery, errors, paths, people, reviews, views
from playground.apiserver.admission import Admission, Chain
from playground.apiserver.authorization import Authorizer
from playground.apiserver.builtins import built_in
from playground.apiserver.calls import Call, media_type, parsed, read_options
from playground.apiserver.client import Client
from playground.apiserver.context import Context
from playground.apiserver.definitions import Definitions
from playground.apiserver.deletion import Deleter
from playground.apiserver.documents import Documents
from playground.apiserver.errors import ApiError
from playground.apiserver.kinds import names
from playground.apiserver.objects import Object
from playground.apiserver.protobuf import MEDIA_TYPE
from playground.apiserver.reading import Reader
from playground.apiserver.registry import Registry
from playground.apiserver.requests import Request, Response, User
from playground.apiserver.resources import Resource
from playground.apiserver.store import HISTORY, Store
from playground.apiserver.subresources import Subresources
from playground.apiserver.watching import Watch
from playground.apiserver.writing import Writer
from playground.loop import Loop

__all__ = ["ApiServer", "Request", "Response", "User", "Watch"]

ABOUT = "This is the playground of Release Coordinator: a Kubernetes API in one process. Use kubectl with its kubeconfig."
_OF_PROCESSES = ("attach", "exec", "portforward", "proxy")
NO_PROCESSES = "pods of the playground are simulated: there is no process that runs commands or listens"
_PATCHES = {
    "application/json-patch+json": "json", "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic", "application/apply-patch+yaml": "apply",
}  # fmt: skip
_BODIES = ("application/json", "application/yaml", MEDIA_TYPE)
_HEALTH = ("/healthz", "/livez", "/readyz")
_ROOTS = ("/api", "/apis", "/healthz", "/livez", "/openapi/v3", "/prometheus/api/v1/query", "/readyz", "/version")
_logger = logging.getLogger(__name__)
Answer = Response | Watch


# What kube-apiserver says of groups and versions that it does not have.
_TEXT = {"content-type": "text/plain; charset=utf-8"}
_NO_PAGE = Response(status=404, body=b"404 page not found\n", headers=_TEXT)


class ApiServer:
    """One cluster's API. `admission`: plug-ins, in order; `history`: events of a resource that watches can go back to."""

    def __init__(
        self, loop: Loop, admission: Sequence[Admission] = (), *, chance: random.Random | None = None, history: int = HISTORY
    ) -> None:
        self.loop, self.store = loop, Store(history)
        self.registry = Registry(built_in())
        self.authorizer = Authorizer(self.store)
        self.chain = Chain(admission)
        self.context = Context(
            loop=loop, store=self.store, registry=self.registry, random=chance or random.Random(0), admission=self.chain,  # noqa: S311
            authorized=self.authorizer.allows,
        )  # fmt: skip
        self.writer, self.reader, self.deleter = Writer(self.context), Reader(self.context), Deleter(self.context)
        self.documents = Documents(self.registry)
        self.definitions = Definitions(self.context)
        self.subresources = Subresources(self.context, self.writer, self.deleter)
        self.audience = True
        """Whether anybody reads what components tell people."""

    def client(self, user: User | str) -> Client:
        """The API in process, as this user; a name is one of those that `people.named` knows."""
        return Client(self, people.named(user) if isinstance(user, str) else user)

    def call(self, user: User, verb: str, resource: Resource, where: tuple[str, str, str]) -> Call:
        """An operation of an in-process client, if it may. `where`: namespace, name, subresource. Raises ApiError (403)."""
        namespace, name, subresource = where
        plural = f"{resource.plural}/{subresource}" if subresource else resource.plural
        whole = f"{plural}.{resource.group}" if resource.group else plural
        self.authorizer.require(user, verb, whole, namespace, name)
        return Call(
            user=user, verb=verb, resource=resource, namespace=namespace, name=name, subresource=subresource,
            manager=user.name.rpartition(":")[2],
        )  # fmt: skip

    def handle(self, request: Request) -> Answer:
        """Never raises: what goes wrong is the answer."""
        try:
            return self._answered(request)
        except ApiError as problem:
            return Response(status=problem.status, body=problem.body)
        except Exception as problem:
            _logger.exception("%s %s failed", request.method, request.path)
            return Response(status=500, body=errors.internal(problem).body)

    def _answered(self, request: Request) -> Answer:
        user = self._impersonated(request)
        target = paths.target(request.path)
        if target is None or not target.plural:
            return self._page(request, user, target)
        resource = self.registry.find(target.group, target.version, target.plural)
        verb = paths.verb(request.method, target.name, request.query)
        plural = f"{target.plural}/{target.subresource}" if target.subresource else target.plural
        whole = f"{plural}.{target.group}" if target.group else plural
        namespace = target.namespace or (target.name if whole.startswith("namespaces") and not target.group else "")
        self.authorizer.require(user, verb, whole, namespace, target.name or _single(request.query))
        if resource is None and target.version not in discovery.grouped(self.registry).get(target.group, {}):
            return _NO_PAGE
        if resource is None or (target.namespace and not resource.namespaced):
            raise errors.no_such_path()
        call = Call(
            user=user, verb=verb, resource=resource, namespace=target.namespace, name=target.name, subresource=target.subresource
        )
        if target.subresource and target.subresource not in resource.subresources:
            raise errors.bad_request(NO_PROCESSES) if target.subresource in _OF_PROCESSES else errors.no_such_path()
        if not target.subresource and (verb not in resource.verbs or (verb == "create" and target.name)):
            raise errors.method_not_allowed()
        return self._done(call, request)

    def _done(self, call: Call, request: Request) -> Answer:
        if call.verb == "watch":
            return Watch(self.context, call, self._view(call, request), request.query)
        if call.verb in ("get", "list"):
            return self._read(call, request)
        if call.resource.namespaced and not call.namespace and call.verb != "deletecollection":
            raise errors.method_not_allowed()
        read_options(call, request)
        if call.verb in ("delete", "deletecollection"):
            return self._delete(call, request)
        return self._write(call, request)

    def _read(self, call: Call, request: Request) -> Response:
        view = self._view(call, request)
        if call.verb == "get":
            stored = self.reader.get(call)
            if call.subresource == "scale":
                return Response(body=self.subresources.scale(call, stored.obj))
            if call.subresource == "log":
                return Response(body=self.subresources.log(stored.obj, request.query), headers=_TEXT)
            return _json(view.one(stored))
        page = self.reader.list(call, request.query)
        return _json(view.many(page.items, page.metadata))

    def _write(self, call: Call, request: Request) -> Response:
        media, created = media_type(request.headers), call.verb == "create"
        if call.verb == "patch":
            obj, created = self._patched(call, request, media)
        else:
            if media not in _BODIES:
                raise errors.unsupported_media_type(_BODIES)
            body = parsed(request.body, media, call.repeated, call.resource.kind)
            if created and "create" in call.resource.verbs and len(call.resource.verbs) == 1:
                return Response(status=201, body=reviews.answer(call.resource, body, call.user, self.authorizer))
            if created and call.subresource:
                return Response(status=201, body=self.subresources.create(call, body))
            obj = self.writer.create(call, body) if created else self.writer.update(call, body)
        status = 201 if created else 200
        if call.subresource == "scale":
            return Response(status=status, body=obj, warnings=tuple(call.warnings))
        return _json(self._view(call, request).loose(obj), status, call.warnings)

    def _patched(self, call: Call, request: Request, media: str) -> tuple[Object, bool]:
        kind = _PATCHES.get(media, "")
        if not kind or (kind == "strategic" and call.resource.custom):
            accepted = [name for name, found in _PATCHES.items() if not (found == "strategic" and call.resource.custom)]
            raise errors.unsupported_media_type(accepted)
        patch: Any = parsed(request.body, media, call.repeated, call.resource.kind)
        if kind != "apply":
            return self.writer.patch(call, kind, patch), False
        if "fieldManager" not in request.query:
            needed = names.required("fieldManager", "is required for apply patch")
            raise errors.invalid("PatchOptions", "meta.k8s.io", "", [needed])
        return self.writer.apply(call, patch)

    def _delete(self, call: Call, request: Request) -> Response:
        options = parsed(request.body, media_type(request.headers), []) if request.body.strip() else {}
        for name in ("propagationPolicy", "gracePeriodSeconds", "orphanDependents"):
            if name in request.query:
                text = request.query[name]
                options[name] = int(text) if name.startswith("grace") else text == "true" if name.startswith("orphan") else text
        if call.verb == "deletecollection":
            page = self.reader.list(call, request.query)
            self.deleter.delete_collection(call, options, page.items)
            return _json(self._view(call, request).many(page.items, page.metadata))
        obj, gone = self.deleter.delete(call, options)
        if not gone or call.resource.rules.returned:
            return _json(self._view(call, request).loose(obj), 200, call.warnings)
        details = {"name": call.name, "kind": call.resource.plural, "uid": obj["metadata"]["uid"]}
        details |= {"group": call.resource.group} if call.resource.group else {}
        body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        return Response(body=body, warnings=tuple(call.warnings))

    def _view(self, call: Call, request: Request) -> views.View:
        return views.chosen(call.resource, request.headers, request.query, self.loop.now)

    def _impersonated(self, request: Request) -> User:
        name, groups = request.headers.get("impersonate-user", ""), request.headers.get("impersonate-group", "")
        if not name and not groups:
            return request.user
        asked = tuple(part.strip() for part in groups.split(",") if part.strip())
        if not name:
            raise errors.bad_request("requested groups without impersonating a user")
        if name.startswith("system:serviceaccount:") and name.count(":") == 3:
            _, _, namespace, account = name.split(":")
            self.authorizer.require(request.user, "impersonate", "serviceaccounts", namespace, account)
            asked = asked or ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
        else:
            self.authorizer.require(request.user, "impersonate", "users", "", name)
        for group in asked:
            self.authorizer.require(request.user, "impersonate", "groups", "", group)
        return User(name=name, groups=tuple(dict.fromkeys((*asked, "system:authenticated"))))

    def _page(self, request: Request, user: User, target: paths.Target | None) -> Response:
        """Everything that is no resource."""
        path = request.path.rstrip("/") or "/"
        self.authorizer.require_path(user, request.method.lower(), path)
        if path == "/":
            return Response(body={"paths": list(_ROOTS), "about": ABOUT})
        if path == "/version":
            return Response(body=discovery.VERSION)
        if path.startswith(_HEALTH):
            return Response(body=b"ok", headers=_TEXT)
        if path.startswith("/openapi/"):
            return self.documents.answer(path)
        found = self._discovered(path, request, target)
        if found is not None:
            return found
        raise ApiError(404, "NotFound", f"There is nothing at {request.path}. {ABOUT}", {})

    def _discovered(self, path: str, request: Request, target: paths.Target | None) -> Response | None:
        if path in ("/api", "/apis"):
            if discovery.wants_aggregated(request.headers.get("accept", "")):
                body = discovery.aggregated(self.registry, core=path == "/api")
                return Response(body=body, headers={"content-type": discovery.AGGREGATED})
            return Response(body=discovery.versions() if path == "/api" else discovery.group_list(self.registry))
        if target is not None:
            found = discovery.resource_list(self.registry, target.group, target.version)
        elif path.startswith("/apis/") and path.count("/") == 2:
            found = discovery.group(self.registry, path.split("/")[2])
        else:
            return None
        return _NO_PAGE if found is None else Response(body=found)


def _single(query: Mapping[str, str]) -> str:
    """The one name that a list or watch is limited to; rights may be limited to it as well."""
    names = re.findall(r"(?:^|,)metadata\.name==?([^,=]+)", query.get("fieldSelector", ""))
    return names[0] if len(names) == 1 else ""


def _json(body: bytes, status: int = 200, warnings: Sequence[str] = ()) -> Response:
    return Response(status=status, body=body, headers={"content-type": "application/json"}, warnings=tuple(warnings))
