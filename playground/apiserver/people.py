"""Who there is: the users of the playground and those the cluster's own programs act as."""

from playground.apiserver.requests import User

AUTHENTICATED = "system:authenticated"
PLATFORM_USERS = "platform-users"
CONTROLLER = "system:serviceaccount:release-coordinator:release-coordinator"
NOBODY = User(name="system:anonymous", groups=("system:unauthenticated",))
_PEOPLE = {
    "admin": ("system:masters",),
    "alice": (PLATFORM_USERS,),
    "bob": (PLATFORM_USERS, "release-coordinator:break-glass"),
}


def service_account(namespace: str, name: str) -> User:
    """The user that a ServiceAccount is."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
    return User(name=f"system:serviceaccount:{namespace}:{name}", groups=groups)


def named(name: str) -> User:
    """admin, alice, bob, a ServiceAccount by its full name, or somebody of whom nothing else is known."""
    if name.startswith("system:serviceaccount:") and name.count(":") == 3:
        return service_account(*name.split(":")[2:])
    return User(name=name, groups=(*_PEOPLE.get(name, ()), AUTHENTICATED))


KNOWN = ("admin", "alice", "bob", CONTROLLER)
"""Those who get a token of their own."""
