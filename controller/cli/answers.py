"""What a command ends with: an exit code, and where something is in the way a sentence with its remedy.

Errors of the API become sentences here and nowhere else. Exit codes are part of the interface: scripts rely on them.
"""

import re
from enum import IntEnum

from controller.kube.errors import (
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from controller.kube.paths import resource_of

_DENIED = re.compile(r"ValidatingAdmissionPolicy '([^']+)' with binding '[^']+' denied request: (.*)", re.DOTALL)
_VERBS = {"POST": "create", "PATCH": "patch", "DELETE": "delete", "WATCH": "watch"}


class Exit(IntEnum):
    """Exit codes of all commands."""

    OK = 0
    FAILED = 1
    USAGE = 2
    IN_PROGRESS = 3
    UNREACHABLE = 4
    TIMEOUT = 124
    INTERRUPTED = 130
    PIPE_CLOSED = 141


class Problem(Exception):
    """What is in the way: a sentence that says what happened, why, and what to do; and the exit code."""

    def __init__(self, message: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.message, self.code = message, code


def problem_of(error: ApiError, cluster: str) -> Problem:
    """An answer of the API, or the lack of one, as a sentence. `cluster` says which cluster was asked."""
    said = error.message.rstrip(".")
    if isinstance(error, Unreachable):
        why = said.removeprefix("no usable answer from the API server: ")
        return Problem(f"No answer from {cluster}: {why}. {_unreachable_remedy(error)}", Exit.UNREACHABLE)
    if isinstance(error, Unauthorized):
        return Problem(f"Your credentials are not accepted by {cluster}: they have expired or are wrong. Log in again as you do "
                       "for kubectl; `kubectl auth whoami` shows when it works.", Exit.UNREACHABLE)  # fmt: skip
    if isinstance(error, TooManyRequests | Unavailable):
        return Problem(f"The API server cannot answer now ({error.status} {error.reason}: {said}). Try again.", Exit.UNREACHABLE)
    if isinstance(error, Forbidden):
        return Problem(_forbidden(error))
    if isinstance(error, Conflict | Invalid | NotFound):
        return Problem(f"{said}. Look again with `releasectl get`, then repeat the command.")
    return Problem(f"{error}. Repeat the command; if it stays so, look at the API server.")


def what_was_asked(error: ApiError) -> tuple[str, str, str]:
    """Verb, resource and namespace ("" for none) of the call that an error is about: `list`, `pods`, `shop`."""
    method, _, path = error.request.partition(" ")
    parts = path.strip("/").split("/")
    rest = parts[2:] if parts[0] == "api" else parts[3:]
    namespace = rest[1] if len(rest) > 2 and rest[0] == "namespaces" else ""
    named = len(rest) > (3 if namespace else 1)
    return _VERBS.get(method, "get" if named else "list"), resource_of(path), namespace


def may_not(error: ApiError) -> str:
    """A refused call in words: `list pods in shop`."""
    verb, resource, namespace = what_was_asked(error)
    return f"{verb} {resource} in {namespace}" if namespace else f"{verb} {resource}"


def _forbidden(error: Forbidden) -> str:
    denied = _DENIED.search(error.message)
    if denied is not None:
        return f"Policy {denied[1]} refuses this: {denied[2].strip()}"
    verb, resource, namespace = what_was_asked(error)
    scope = f"-n {namespace}" if namespace else "-A"
    return (f"You may not {may_not(error)}: {error.message.rstrip('.')}. Ask whoever runs the cluster for this right; "
            f"`kubectl auth can-i {verb} {resource} {scope}` tells when you have it.")  # fmt: skip


def _unreachable_remedy(error: Unreachable) -> str:
    if "certificate" in error.message.lower():
        return "Its certificate is not the one that the kubeconfig trusts; see certificate-authority in `kubectl config view`."
    return "See whether it runs, and whether it is the cluster you mean: `kubectl config get-contexts`."
