"""A request and its answer, without a socket: what the HTTPS front hands in and gets back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Who asks. The groups include system:authenticated, unless nobody knows them."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""

    @property
    def trusted(self) -> bool:
        """May do everything: administrators, and the cluster's own programs."""
        return "system:masters" in self.groups or self.name.startswith(_OWN_PROGRAMS)


_OWN_PROGRAMS = ("system:serviceaccount:kube-system:", "system:kube-", "system:node:", "system:apiserver")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request. `path` is decoded, `headers` have lower-case names, a repeated header's values joined by commas."""

    method: str
    path: str
    user: User
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """`body` is bytes, or JSON to be encoded."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
