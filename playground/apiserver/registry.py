"""Which resources there are at the moment: the built-in ones and those that CustomResourceDefinitions add."""

from collections.abc import Iterable, Iterator

from playground.apiserver import errors
from playground.apiserver.resources import Resource


class Registry:
    """By (group, version, plural). In a group the first version added is the preferred one."""

    def __init__(self, built_in: Iterable[Resource]) -> None:
        self._resources: dict[tuple[str, str, str], Resource] = {}
        self._by_name: dict[str, Resource] = {}
        self.generation = 0
        """Rises with every change: what is made from the registry is made anew."""
        for resource in built_in:
            self.add(resource)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._resources.values())

    def add(self, resource: Resource) -> None:
        """Serve this, in the place of one of the same name and version."""
        self._resources[resource.group, resource.version, resource.plural] = resource
        self._index()

    def remove(self, group: str, plural: str) -> None:
        """Serve this resource no longer, in any version."""
        self._resources = {key: found for key, found in self._resources.items() if (key[0], key[2]) != (group, plural)}
        self._index()

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource at a path, if there is one."""
        return self._resources.get((group, version, plural))

    def named(self, name: str) -> Resource:
        """By plural.group, in the preferred version. Raises ApiError (404)."""
        found = self._by_name.get(name)
        if found is None:
            raise errors.no_such_path()
        return found

    def has(self, name: str) -> bool:
        """Whether plural.group is served."""
        return name in self._by_name

    def _index(self) -> None:
        self.generation += 1
        self._by_name = {}
        for resource in self._resources.values():
            self._by_name.setdefault(resource.name, resource)
