"""Calls to the Kubernetes API on raw JSON: bounded in time and size, counted, and with errors that say what to do.

Objects stay dicts from end to end: a typed round trip would lose the fields this version of a library does not know.
Retrying, caching and any knowledge of what the objects mean do not belong here.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar
from urllib.parse import urlencode

import urllib3
from pydantic_core import to_json

from controller.kube.answers import (
    ERROR_LIMIT,
    LIST_LIMIT,
    OBJECT_LIMIT,
    TRANSPORT_ERRORS,
    Object,
    parse,
    read_body,
    unreachable,
)
from controller.kube.connection import Connection, Timeouts
from controller.kube.errors import ApiError, Unreachable, from_answer
from controller.kube.paths import resource_of
from controller.kube.watching import Watch

Query = Mapping[str, str]
Page = tuple[list[Object], str]
OnCall = Callable[[str, str, int, float], None]
Answer = TypeVar("Answer")

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
_ESCAPED_BY_GO = tuple((char.encode(), f"\\u{ord(char):04x}".encode()) for char in "<>&\u2028\u2029")

FIELD_MANAGER = "release-coordinator"
PAGE_SIZE = 500
LIST_TIMEOUTS = Timeouts(connect=3.0, read=30.0, total=90.0)
WATCH_SECONDS = 290
WATCH_GRACE = 30.0  # Seconds a watch may outlive the time it asked the server for.
MUTE_AFTER = 130.0  # Seconds. Bookmarks come about once a minute, and 1.37 was seen to leave one out.

_METHODS = {"get": "GET", "list": "GET", "watch": "GET", "create": "POST", "patch": "PATCH", "delete": "DELETE"}


def encoded(body: object) -> bytes:
    """JSON as Go writes it: the API server compares a JSON Patch's `test` as text, with what it would write itself."""
    text = to_json(body)
    for char, escaped in _ESCAPED_BY_GO:
        text = text.replace(char, escaped)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    verb: str
    path: str
    query: Query
    body: object = None
    content_type: str = "application/json"
    timeouts: Timeouts = field(default_factory=Timeouts)

    def __str__(self) -> str:
        return f"{_METHODS[self.verb]} {self.path}"


def _count_nothing(verb: str, resource: str, code: int, seconds: float) -> None:
    """The hook of a client that nobody counts."""


class Client:
    """The API server as a handful of verbs. Safe to use from many threads.

    Every method raises the tree of `controller.kube.errors`, and nothing else, for whatever goes wrong on the way.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        field_manager: str = FIELD_MANAGER,
        timeouts: Timeouts | None = None,
        on_call: OnCall = _count_nothing,
    ) -> None:
        """`on_call(verb, resource, code, seconds)` is told of every call; code 0 is one without a usable answer.

        `timeouts`, where given, hold for every verb but watch.
        """
        self._connection = connection
        self._field_manager = field_manager
        self._timeouts = timeouts
        self._on_call = on_call

    def bounded(self, timeouts: Timeouts) -> "Client":
        """The same client with other timeouts, for callers to whom a late answer is worth nothing."""
        return Client(self._connection, field_manager=self._field_manager, timeouts=timeouts, on_call=self._on_call)

    def get(self, path: str, query: Query | None = None) -> Object:
        """Read one object."""
        return self._object(_Request(verb="get", path=path, query=query or {}, timeouts=self._timeouts or Timeouts()))

    def text(self, path: str, query: Query, limit: int) -> str:
        """Read what is no JSON, such as a log, of at most so many bytes."""
        request = _Request(verb="get", path=path, query=query, timeouts=self._timeouts or Timeouts())
        body = self._counted(request, lambda response: read_body(response, limit, request.timeouts.total))
        return body.decode(errors="replace")

    def list(self, path: str, query: Query | None = None) -> Page:
        """Read a whole collection, page by page: its objects and the resourceVersion to watch from."""
        items: list[Object] = []
        version = ""
        for page, version in self.pages(path, query):  # noqa: B007  The last page's is the answer.
            items += page
        return items, version

    def pages(self, path: str, query: Query | None = None) -> Iterator[Page]:
        """The pages of a collection, each with the collection's resourceVersion. Raises Gone when paging took too long.

        Items of built-in resources come without kind and apiVersion; they are filled in from the list's.
        """
        asked = {"limit": str(PAGE_SIZE), **(query or {})}
        while True:
            request = _Request(verb="list", path=path, query=asked, timeouts=self._timeouts or LIST_TIMEOUTS)
            answer = self._object(request, LIST_LIMIT)
            items, metadata = answer.get("items") or [], answer.get("metadata")
            if not isinstance(items, list) or not isinstance(metadata, dict) or not metadata.get("resourceVersion"):
                raise Unreachable("NotAList", "the answer is JSON but no list").about(str(request))
            kind = str(answer.get("kind", "")).removesuffix("List")
            for item in items:
                item.setdefault("kind", kind)
                item.setdefault("apiVersion", answer.get("apiVersion", ""))
            yield items, str(metadata["resourceVersion"])
            following = metadata.get("continue")
            if not following:
                return
            asked = {**asked, "continue": str(following)}

    def create(self, path: str, body: Object, query: Query | None = None) -> Object:
        """Create an object in a collection; returns it as the server keeps it."""
        return self._write(_Request(verb="create", path=path, query=query or {}, body=body))

    def patch(self, path: str, body: object, content_type: str, query: Query | None = None) -> Object:
        """Change an object by one of the four patch types; returns it as the server keeps it."""
        return self._write(_Request(verb="patch", path=path, query=query or {}, body=body, content_type=content_type))

    def delete(self, path: str, body: Object | None = None) -> Object:
        """Delete an object. `body` is a DeleteOptions (preconditions, propagation). Returns the object or a Status."""
        request = _Request(verb="delete", path=path, query={}, body=body, timeouts=self._timeouts or Timeouts())
        return self._object(request)

    def watch(self, path: str, query: Query | None = None, mute_after: float = MUTE_AFTER) -> Watch:
        """Follow a collection: an iterator of events that ends when the server's time is up or at `close()`.

        It raises ApiError for an ERROR event, and Unreachable when nothing at all came for `mute_after` seconds.
        """
        asked = {"timeoutSeconds": str(WATCH_SECONDS), "allowWatchBookmarks": "true", **(query or {}), "watch": "true"}
        longest = float(asked["timeoutSeconds"]) + WATCH_GRACE
        request = _Request(verb="watch", path=path, query=asked, timeouts=Timeouts(read=mute_after))
        return self._counted(request, lambda response: Watch(response, longest, f"WATCH {path}"))

    def _write(self, request: _Request) -> Object:
        query = {"fieldManager": self._field_manager, **request.query}
        return self._object(replace(request, query=query, timeouts=self._timeouts or Timeouts()))

    def _object(self, request: _Request, limit: int = OBJECT_LIMIT) -> Object:
        return self._counted(request, lambda response: parse(read_body(response, limit, request.timeouts.total)))

    def _counted(self, request: _Request, consume: Callable[[urllib3.BaseHTTPResponse], Answer]) -> Answer:
        """One call, told to the hook whatever becomes of it. Any 2xx is a success: 200 for a create is one too."""
        started = time.monotonic()
        code = 0
        try:
            response = self._open(request)
            answer = consume(response)
            code = response.status
            return answer
        except ApiError as error:
            code = error.status
            error.about(str(request))
            raise
        finally:
            self._on_call(request.verb, resource_of(request.path), code, time.monotonic() - started)

    def _open(self, request: _Request) -> urllib3.BaseHTTPResponse:
        """Send, and once more with renewed credentials after a 401; the answer is a success with its body unread."""
        while True:
            generation = self._connection.generation
            response = self._send(request)
            if 200 <= response.status < 300:
                return response
            refusal = self._refusal(request, response)
            if response.status != 401 or not self._connection.renew(generation):
                raise refusal

    def _send(self, request: _Request) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": "application/json", "User-Agent": self._field_manager}
        body = None
        if request.body is not None:
            body = encoded(request.body)
            headers["Content-Type"] = request.content_type
        target = f"{request.path}?{urlencode(request.query)}" if request.query else request.path
        try:
            return self._connection.send(_METHODS[request.verb], target, headers, body, request.timeouts)
        except TRANSPORT_ERRORS as error:
            raise unreachable(error) from error

    def _refusal(self, request: _Request, response: urllib3.BaseHTTPResponse) -> ApiError:
        try:
            body = read_body(response, ERROR_LIMIT, request.timeouts.total)
        except Unreachable as error:
            body = error.message.encode()  # The status is known, and says more than the loss of its explanation.
        retry_after = response.headers.get("Retry-After")
        return from_answer(response.status, body, retry_after, json_patch=request.content_type == JSON_PATCH)
