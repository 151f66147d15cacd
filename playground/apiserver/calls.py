"""One operation on one resource, from whoever it comes: what an HTTP request or the in-process client boils down to.

Reading what a request says belongs here, doing it does not.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import yaml

from playground.apiserver import errors, protobuf
from playground.apiserver.objects import Key, Object
from playground.apiserver.requests import Request, User
from playground.apiserver.resources import Resource

_TRUE = ("true", "1", "")
BODY_LIMIT = 3 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Call:
    """`verb` as in RBAC. `namespace` and `name` are "" where the path has none. `warnings` are for the user."""

    user: User
    verb: str
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    manager: str = "unknown"
    """Whose fields these become."""
    asked_manager: str = ""
    """The query's fieldManager, if any: what admission sees."""
    dry_run: bool = False
    force: bool = False
    validation: str = "Ignore"
    """What to do about unknown and repeated fields: Strict, Warn or Ignore."""
    repeated: list[str] = field(default_factory=list)
    """Keys that the body has twice."""
    warnings: list[str] = field(default_factory=list)
    applies: bool = False
    """Whether this is a server-side apply."""
    patch: Any = None
    """The strategic merge patch, if it is one: messages quote it."""

    @property
    def key(self) -> Key:
        """Namespace and name."""
        return self.namespace, self.name


def flag(query: Mapping[str, str], name: str) -> bool:
    """A boolean of the query; absent is false."""
    return name in query and query[name].lower() in _TRUE


def read_options(call: Call, request: Request) -> None:
    """Fill in what query and headers say about a write. Raises ApiError for what they may not say."""
    query = request.query
    dry_run = query.get("dryRun", "")
    if dry_run not in ("", "All"):
        said = f'Unsupported value: ["{dry_run}"]: supported values: "All"'
        cause = errors.Cause(reason="FieldValueNotSupported", field="dryRun", message=said)
        raise errors.invalid("PatchOptions" if call.verb == "patch" else "CreateOptions", "meta.k8s.io", "", [cause])
    call.dry_run = dry_run == "All"
    call.force = flag(query, "force")
    agent = request.headers.get("user-agent", "").partition("/")[0]
    call.asked_manager = query.get("fieldManager", "")
    call.manager = (query.get("fieldManager") or agent or "unknown")[:128]
    call.validation = query.get("fieldValidation") or "Warn"
    if call.validation not in ("Strict", "Warn", "Ignore"):
        raise errors.bad_request(f'invalid fieldValidation "{call.validation}": it is one of "Ignore", "Strict", "Warn"')


def parsed(body: bytes, content_type: str, repeated: list[str], kind: str = "DeleteOptions") -> Any:
    """The JSON, YAML or protobuf of a body; keys that occur twice in one object are noted. Raises ApiError (400, 413, 415)."""
    if len(body) > BODY_LIMIT:
        raise errors.ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {BODY_LIMIT}")

    try:
        if content_type == protobuf.MEDIA_TYPE:
            return protobuf.decoded(body)
        if "yaml" in content_type and not body.lstrip().startswith((b"{", b"[")):
            return yaml.safe_load(body)
        twice: list[Object] = []
        found = json.loads(body, object_pairs_hook=partial(_object, twice))
    except (ValueError, yaml.YAMLError) as problem:
        kind_said = f"the object provided is unrecognized (must be of type {kind})"
        said = f"{kind_said}: couldn't get version/kind; json parse error: {problem}"
        raise errors.bad_request(said) from problem
    repeated.extend(_repeated(found, "") if twice else ())
    return found


class _Twice(dict[str, Any]):
    """An object in whose text a key stands twice."""

    keys_twice: tuple[str, ...] = ()


def _object(twice: list[Object], items: list[tuple[str, Any]]) -> Object:
    found = dict(items)
    if len(found) == len(items):
        return found
    names, marked = [key for key, _ in items], _Twice(found)
    marked.keys_twice = tuple(key for key in found if names.count(key) > 1)
    twice.append(marked)
    return marked


def _repeated(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, _Twice):
        yield from (f"{path}{key}" for key in value.keys_twice)
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, dict | list):
                yield from _repeated(item, f"{path}{key}.")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _repeated(item, f"{path.removesuffix('.')}[{index}].")


def media_type(headers: Mapping[str, str]) -> str:
    """The content type, without parameters; JSON if there is none."""
    return headers.get("content-type", "application/json").partition(";")[0].strip() or "application/json"
