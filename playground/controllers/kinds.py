"""Every kind of object that can be deleted: the built-in ones and those of CustomResourceDefinitions.

For the controllers that care for all kinds alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from playground.apiserver.builtins import built_in
from playground.apiserver.client import Client
from playground.apiserver.objects import Object

DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
_NEEDED = {"delete", "list", "watch"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`resource` is plural.group."""

    resource: str
    group: str
    kind: str
    namespaced: bool


BUILT_IN_KINDS = tuple(
    Kind(resource=one.name, group=one.group, kind=one.kind, namespaced=one.namespaced)
    for one in built_in() if set(one.verbs) >= _NEEDED
)  # fmt: skip


def defined(definition: Object) -> Kind:
    """The kind that a CustomResourceDefinition brings."""
    spec = definition["spec"]
    return Kind(
        resource=definition["metadata"]["name"], group=spec["group"], kind=spec["names"]["kind"],
        namespaced=spec["scope"] == "Namespaced",
    )  # fmt: skip


def present(client: Client) -> Iterator[Kind]:
    """Those there are at the moment."""
    yield from BUILT_IN_KINDS
    yield from map(defined, client.list(DEFINITIONS))


def named(client: Client, api_version: str, kind: str) -> Kind | None:
    """By the words of an owner reference."""
    group = api_version.rpartition("/")[0]
    return next((one for one in present(client) if (one.group, one.kind) == (group, kind)), None)
