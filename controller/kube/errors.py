"""What a call to the Kubernetes API can raise, and whether and when to call again.

    ApiError                  any answer that is not a success: by itself not worth repeating
    ├── Unauthorized   401    our credentials are not accepted, even after they were read again
    ├── Forbidden      403    RBAC, admission or quota says no
    ├── NotFound       404    no such object, or no such resource in this cluster
    ├── Conflict       409    the object changed since it was read
    │   └── AlreadyExists     the name is taken
    ├── Gone           410    the version asked for is compacted: list again
    ├── TestFailed     422    a JSON Patch did not fit the object: a `test` failed, a path is missing
    ├── Invalid        422    the object itself is refused: a bug of ours or of the user's, `causes` name the fields
    ├── Unavailable    500, 502, 503, 504   the server cannot answer now
    │   └── TooManyRequests   429           the server asks us to slow down, `retry_after` says for how long
    └── Unreachable    0      no usable answer: refused, reset, timed out, cut short, too large or not JSON.
                              A write may have happened all the same.

`retryable`: the same request, sent again after `retry_after` seconds, may succeed.
`read_again`: the world is not what the request assumed; read it and decide anew instead of repeating.

Kubernetes answers 422 for a failed `test` and for an invalid object alike. Only the latter lists `details.causes`, and
only a JSON Patch can fail a test: both together tell them apart. Retrying does not belong here, nor does anything that
would let an exception decide a release's fate.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

LONGEST_RETRY_AFTER = 300.0  # A server, or something in front of it, must not be able to silence us for hours.
LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason for a refusal: the field it is about (may be empty), a machine-readable reason and a sentence."""

    field: str
    reason: str
    message: str


class ApiError(Exception):
    """An answer of the API server that is not a success. See the module's tree for what each subclass means."""

    retryable: ClassVar[bool] = False
    read_again: ClassVar[bool] = False

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        causes: tuple[Cause, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        """`retry_after` is in seconds; None when the server named no time."""
        super().__init__(status, reason, message, causes, retry_after)
        self.status = status
        self.reason = reason
        self.message = message
        self.causes = causes
        self.retry_after = retry_after
        self.request = ""

    def __str__(self) -> str:
        """The request, what came back and why, in one line."""
        subject = f"{self.request}: " if self.request else ""
        status = f"{self.status} " if self.status else ""
        return f"{subject}{status}{self.reason}: {self.message}"

    def about(self, request: str) -> "ApiError":
        """Name the request (`PATCH /apis/…`) in the message; returns the error itself."""
        self.request = request
        return self


class Unauthorized(ApiError):
    """Our credentials are not accepted."""


class Forbidden(ApiError):
    """RBAC, admission or quota says no."""


class NotFound(ApiError):
    """No such object, or no such resource in this cluster."""

    read_again = True


class Conflict(ApiError):
    """The object changed since it was read."""

    read_again = True


class AlreadyExists(Conflict):
    """The name is taken."""


class Gone(ApiError):
    """The version asked for is no longer kept: list again."""

    read_again = True


class TestFailed(ApiError):
    """A JSON Patch did not fit the object as it is now."""

    read_again = True


class Invalid(ApiError):
    """The object is refused; `causes` name the fields."""


class Unavailable(ApiError):
    """The server cannot answer now."""

    retryable = True


class TooManyRequests(Unavailable):
    """The server asks us to slow down."""


class Unreachable(ApiError):
    """No usable answer came. A write may have happened all the same."""

    retryable = True

    def __init__(self, reason: str, message: str) -> None:
        """`reason` is a word such as `Timeout`; `message` says what happened."""
        super().__init__(0, reason, message)


_BY_STATUS: Mapping[int, type[ApiError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    422: Invalid,
    429: TooManyRequests,
    500: Unavailable,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def from_answer(status: int, body: bytes, retry_after: str | None, *, json_patch: bool) -> ApiError:
    """The error for an HTTP answer that is not a success. `body` may be anything; `retry_after` is the header."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict) or parsed.get("kind") != "Status":
        text = " ".join(body[:LONGEST_MESSAGE].decode("utf-8", "replace").split())
        parsed = {"message": text or "the answer has no body"}
    return from_status({**parsed, "code": status}, _seconds(retry_after), json_patch=json_patch)


def from_status(status: Mapping[str, Any], retry_after: float | None = None, *, json_patch: bool = False) -> ApiError:
    """The error for a Kubernetes `Status` object, as an answer's body or a watch's ERROR event has it."""
    code = status.get("code")
    code = code if isinstance(code, int) else 500
    reason = str(status.get("reason") or f"Status{code}")
    details = status.get("details")
    details = details if isinstance(details, dict) else {}
    causes = tuple(_causes(details))
    if retry_after is None:
        retry_after = _seconds(details.get("retryAfterSeconds"))
    message = str(status.get("message") or "the server gave no message")[:LONGEST_MESSAGE]
    return _kind(code, reason, causes, json_patch=json_patch)(code, reason, message, causes, retry_after)


def _kind(code: int, reason: str, causes: tuple[Cause, ...], *, json_patch: bool) -> type[ApiError]:
    if code == 422 and json_patch and not causes:
        return TestFailed
    if code == 409 and reason == "AlreadyExists":
        return AlreadyExists
    if reason == "Expired":
        return Gone
    return _BY_STATUS.get(code, ApiError)


def _causes(details: Mapping[str, Any]) -> list[Cause]:
    found = details.get("causes")
    return [
        Cause(field=str(each.get("field", "")), reason=str(each.get("reason", "")), message=str(each.get("message", "")))
        for each in (found if isinstance(found, list) else [])
        if isinstance(each, dict)
    ]


def _seconds(value: object) -> float | None:
    """Seconds to wait, capped; None for no value and for an HTTP date (Kubernetes sends seconds)."""
    try:
        seconds = float(str(value))
    except ValueError:
        return None
    return min(seconds, LONGEST_RETRY_AFTER) if seconds > 0 else None
