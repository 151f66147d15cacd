"""What the API refuses, said exactly as kube-apiserver says it: a `Status` object with reason, details and code.

Clients branch on these reasons and people grep for these sentences. Nothing is decided here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playground.apiserver.objects import Object


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One field that is not valid. `message` is complete: `Invalid value: "x": must be …`."""

    reason: str
    field: str
    message: str


class ApiError(Exception):
    """An answer with an error: the Status object is `body`, its HTTP code `status`."""

    def __init__(self, status: int, reason: str, message: str, details: Object | None = None) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status, self.reason, self.message, self.details = status, reason, message, details

    @property
    def body(self) -> Object:
        """The Status object."""
        body: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message}
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        return body | {"code": self.status}


def quoted(text: str) -> str:
    """As Go's %q."""
    return json.dumps(text, ensure_ascii=False)


def _about(resource: str, name: str) -> Object:
    plural, _, group = resource.partition(".")
    named = {"name": name} if name else {}
    return named | ({"group": group} if group else {}) | {"kind": plural}


def not_found(resource: str, name: str) -> ApiError:
    """`resource` is plural.group, here and below."""
    return ApiError(404, "NotFound", f"{resource} {quoted(name)} not found", _about(resource, name))


def no_such_path() -> ApiError:
    """The path names no group, version or resource; clients made for discovery turn this into `no matches for kind`."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(resource: str, name: str, *, being_deleted: bool = False, generated: bool = False) -> ApiError:
    """The name is taken; said differently while the holder is on its way out, and when the server had made the name up."""
    prefix = "object is being deleted: " if being_deleted else ""
    suffix = ", the server was not able to generate a unique name for the object" if generated else ""
    message = f"{prefix}{resource} {quoted(name)} already exists{suffix}"
    return ApiError(409, "AlreadyExists", message, _about(resource, name) | ({"retryAfterSeconds": 1} if generated else {}))


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(resource: str, name: str, why: str = MODIFIED) -> ApiError:
    """The write was meant for another state of the object."""
    message = f"Operation cannot be fulfilled on {resource} {quoted(name)}: {why}"
    return ApiError(409, "Conflict", message, _about(resource, name))


def forbidden(resource: str, name: str, why: str, causes: Sequence[Object] = ()) -> ApiError:
    """By rights, or by the state of the namespace."""
    subject = f"{resource} {quoted(name)}" if name else resource
    details = _about(resource, name) | ({"causes": list(causes)} if causes else {})
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", details)


def invalid(kind: str, group: str, name: str, causes: Sequence[Cause]) -> ApiError:
    """All invalid fields in one answer, the same sentence twice only once."""
    said = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    together = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    details: Object = {"name": name} if name else {}
    details |= {"group": group} if group else {}
    details |= {"kind": kind} if kind else {}
    details |= {
        "causes": _written(causes),
    }
    subject = f"{kind}.{group}" if group else kind
    return ApiError(422, "Invalid", f"{subject} {quoted(name)} is invalid: {together}", details)


def _written(causes: Sequence[Cause]) -> list[Object]:
    return [{"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes]


def bad_request(message: str) -> ApiError:
    """The request itself makes no sense."""
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    """No token, or one that nobody has."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def method_not_allowed() -> ApiError:
    """There is something, but nothing like this can be done to it."""
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def expired(message: str) -> ApiError:
    """History does not reach back so far: list again."""
    return ApiError(410, "Expired", message)


def too_large_version(asked: int, present: int) -> ApiError:
    """A version from the future: the real server waits 3 s for it and then says this."""
    details = {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}], "retryAfterSeconds": 1}
    return ApiError(504, "Timeout", f"Timeout: Too large resource version: {asked}, current: {present}", details)


def unsupported_media_type(accepted: Sequence[str]) -> ApiError:
    """The body is in a format that is not taken here."""
    message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return ApiError(415, "UnsupportedMediaType", message)


def not_acceptable(accepted: Sequence[str]) -> ApiError:
    """No format in which the client would take the answer."""
    message = f"only the following media types are accepted: {', '.join(accepted)}"
    return ApiError(406, "NotAcceptable", message)


def unpatchable(status: int, message: str) -> ApiError:
    """A patch that makes no sense (400) or does not fit the object (422)."""
    reason = {400: "BadRequest", 413: "RequestEntityTooLarge", 422: "Invalid"}.get(status, "")
    return ApiError(status, reason, message, {} if status == 422 else None)


def apply_conflict(message: str, causes: Sequence[Cause]) -> ApiError:
    """Fields that others own."""
    return ApiError(409, "Conflict", message, {"causes": _written(causes)})


def versioned_creation() -> ApiError:
    """Something new has no version yet."""
    return ApiError(500, "", "resourceVersion should not be set on objects to be created")


def without_kind(body: Object, kind: str) -> ApiError:
    """A custom resource, or a configuration to apply, that does not say what it is."""
    text = json.dumps(body)
    said = f"Object 'Kind' is missing in '{text}' ({text})"
    return bad_request(f"the object provided is unrecognized (must be of type {kind}): {said}")


def wrong_kind(given: tuple[str, str], expected: tuple[str, str]) -> ApiError:
    """Pairs of apiVersion and kind."""
    if given[0] != expected[0]:
        return bad_request(f"the API version in the data ({given[0]}) does not match the expected API version ({expected[0]})")
    version = expected[0].rpartition("/")[2]
    return bad_request(f"{given[1]} in version {quoted(version)} cannot be handled as a {expected[1]}: it is of another kind")


def internal(problem: BaseException) -> ApiError:
    """A mistake of the playground's own."""
    said = f"{type(problem).__name__}: {problem}"
    details: Any = {"causes": [{"message": said}]}
    return ApiError(500, "InternalError", f"Internal error occurred: {said}", details)
