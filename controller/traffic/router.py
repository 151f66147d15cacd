"""The port of routers: what the reconcile code needs of an object that splits traffic.

A router is pure: `read` looks at an object, `write` answers with a JSON Patch. Adding one means one file with a class of this
form and one line where routers are chosen; nothing else knows what kind of route it is.
"""

from dataclasses import dataclass
from typing import Any, Protocol

Object = dict[str, Any]
Patch = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """How a route shares `service` with its candidate side. `weight` is the candidate's share in percent, `mirror` the share of
    the requests of which it gets a copy.

    `as_owned`: nothing of ours is in it. `accepted`: the gateway says that it carries out the present form. `even`: every part
    of the route that sends to the service has this weight and this mirror, and not only one. `splits`: it can give any share, and
    not only none and all. `unsafe`: by which part requests come that may change something.
    """

    service: str
    weight: int
    as_owned: bool
    accepted: bool
    even: bool = True
    mirror: int = 0
    splits: bool = True
    unsafe: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """Why the route cannot split this traffic, and what to do."""

    problem: str


class Router(Protocol):
    """One kind of route."""

    def read(self, route: Object, services: frozenset[str]) -> Split | Unusable:
        """How traffic is split among one of `services` (those that select the workload's pods)."""

    def write(self, route: Object, service: str, weight: int | None, mirror: int) -> Patch:
        """Give the candidate `weight` percent of the service's share, and a copy of `mirror` percent of the requests; a weight of
        None restores the owner's form.
        """
