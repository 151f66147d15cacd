"""What the parts of the API server share: the store, the registry, the loop's time, chance, and the plug-ins."""

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from playground.apiserver.admission import Chain
from playground.apiserver.objects import timestamp
from playground.apiserver.registry import Registry
from playground.apiserver.requests import User
from playground.apiserver.resources import Resource
from playground.apiserver.store import Collection, Store
from playground.loop import Loop

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"

Authorized = Callable[[User, str, str, str, str], bool]
"""User, verb, resource as plural.group (a subresource after a slash: `deployments/scale.apps`), namespace, name."""

Asked = Callable[[str, str, str], bool]
"""The same for one user in one namespace: verb, resource, name."""


@dataclass(slots=True, kw_only=True)
class Context:
    """`random` is seeded by whoever makes the cluster: nothing else may make up a name."""

    loop: Loop
    store: Store
    registry: Registry
    random: random.Random
    admission: Chain
    authorized: Authorized = field(default=lambda *_: True)
    watches: int = 0
    """How many there have been."""

    def now(self) -> str:
        """The present moment as metav1.Time."""
        return timestamp(self.loop.now())

    def uid(self) -> str:
        """A fresh one."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def generated_name(self, prefix: str) -> str:
        """A name that begins so, and is not too long."""
        return prefix[:58] + "".join(self.random.choices(_LETTERS, k=5))

    def collection(self, resource: Resource) -> Collection:
        """Where its objects are."""
        return self.store.collection(resource.storage_group, resource.plural)

    def asks_for(self, user: User, namespace: str) -> Asked:
        """What admission may ask about the user's rights."""
        return lambda verb, resource, name: self.authorized(user, verb, resource, namespace, name)

    def next_watch(self) -> int:
        """A number of its own for each watch."""
        self.watches += 1
        return self.watches
