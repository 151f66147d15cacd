"""Who may do what: RBAC over the stored roles and bindings, in the sentences of kube-apiserver.

Administrators and the cluster's own programs may do everything. Nothing is cached longer than the roles stay as they are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from playground.apiserver import selectors
from playground.apiserver.errors import ApiError, forbidden, quoted
from playground.apiserver.objects import Object
from playground.apiserver.requests import User
from playground.apiserver.store import Collection, Store

GROUP = "rbac.authorization.k8s.io"
_OPEN_PATHS = ("/api", "/apis", "/openapi", "/version", "/healthz", "/livez", "/readyz", "/")
_PUBLIC_PATHS = ("/version", "/healthz", "/livez", "/readyz")
_FOR_EVERYBODY: Sequence[Object] = (
    {
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
        "verbs": ["create"],
    },
    {"apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"], "verbs": ["create"]},
)


def split(resource: str) -> tuple[str, str]:
    """`deployments/scale.apps` → (`deployments/scale`, `apps`)."""
    plural, _, group = resource.partition(".")
    return plural, group


class Authorizer:
    """Decisions are remembered until a role or a binding changes."""

    def __init__(self, store: Store) -> None:
        names = ("clusterroles", "clusterrolebindings", "roles", "rolebindings")
        self._roles, self._bindings, self._local_roles, self._local_bindings = (store.collection(GROUP, name) for name in names)
        self._decisions: dict[tuple[User, str, str, str, str], bool] = {}
        self._rules: dict[tuple[User, str], list[Object]] = {}
        for collection in (self._roles, self._bindings, self._local_roles, self._local_bindings):
            collection.watchers[0] = lambda _: self._forget()

    def allows(self, user: User, verb: str, resource: str, namespace: str = "", name: str = "") -> bool:
        """`resource`: plural.group, a subresource after a slash. `namespace` "": in all of them, or none."""
        if user.trusted:
            return True
        key = (user, verb, resource, namespace, name)
        if (known := self._decisions.get(key)) is None:
            plural, group = split(resource)
            known = any(_covers(rule, verb, group, plural, name) for rule in self.rules(user, namespace))
            self._decisions[key] = known
        return known

    def allows_path(self, user: User, path: str) -> bool:
        """A path that names no resource, such as /version."""
        roots = _OPEN_PATHS if "system:authenticated" in user.groups else _PUBLIC_PATHS
        if (
            user.trusted
            or path == "/"
            or any(path == root or path.startswith(f"{root.rstrip('/')}/") for root in roots if root != "/")
        ):
            return True
        paths = [pattern for rule in self.rules(user, "") for pattern in rule.get("nonResourceURLs") or ()]
        return any(path == pattern or (pattern.endswith("*") and path.startswith(pattern[:-1])) for pattern in paths)

    def require(self, user: User, verb: str, resource: str, namespace: str, name: str) -> None:
        """Raises ApiError (403) in the words that people know."""
        if self.allows(user, verb, resource, namespace, name):
            return
        plural, group = split(resource)
        where = f"in the namespace {quoted(namespace)}" if namespace else "at the cluster scope"
        said = f"User {quoted(user.name)} cannot {verb} resource {quoted(plural)} in API group {quoted(group)} {where}"
        subject = plural.partition("/")[0] + (f".{group}" if group else "")
        raise forbidden(subject, name, said)

    def require_path(self, user: User, verb: str, path: str) -> None:
        """The same for a path."""
        if not self.allows_path(user, path):
            said = f"forbidden: User {quoted(user.name)} cannot {verb} path {quoted(path)}"
            raise ApiError(403, "Forbidden", said, {})

    def rules(self, user: User, namespace: str) -> list[Object]:
        """All rules that hold for this user there."""
        found = self._rules.get((user, namespace))
        if found is None:
            found = self._rules[user, namespace] = list(self._found(user, namespace))
        return found

    def _found(self, user: User, namespace: str) -> Iterator[Object]:
        if "system:authenticated" in user.groups:
            yield from _FOR_EVERYBODY
        for binding in _bound(self._bindings, user, ""):
            yield from self._cluster_rules(binding["roleRef"]["name"])
        if not namespace:
            return
        for binding in _bound(self._local_bindings, user, namespace):
            reference = binding["roleRef"]
            if reference["kind"] == "ClusterRole":
                yield from self._cluster_rules(reference["name"])
            elif (role := self._local_roles.get((namespace, reference["name"]))) is not None:
                yield from role.obj.get("rules") or ()

    def _cluster_rules(self, name: str) -> Iterator[Object]:
        role = self._roles.get(("", name))
        if role is None:
            return
        yield from role.obj.get("rules") or ()
        for selector in (role.obj.get("aggregationRule") or {}).get("clusterRoleSelectors") or ():
            matches = selectors.for_set(selector)
            for other in self._roles.within():
                if other.obj is not role.obj and matches(other.obj):
                    yield from other.obj.get("rules") or ()

    def _forget(self) -> None:
        self._decisions.clear()
        self._rules.clear()


def _bound(bindings: Collection, user: User, namespace: str) -> Iterable[Object]:
    for stored in bindings.within(namespace):
        for subject in stored.obj.get("subjects") or ():
            if _is(user, subject, namespace):
                yield stored.obj
                break


def _is(user: User, subject: Mapping[str, str], namespace: str) -> bool:
    kind, name = subject.get("kind"), subject.get("name", "")
    if kind == "User":
        return user.name == name
    if kind == "Group":
        return name in user.groups
    return user.name == f"system:serviceaccount:{subject.get('namespace') or namespace}:{name}"


def _covers(rule: Object, verb: str, group: str, plural: str, name: str) -> bool:
    resources = rule.get("resources") or ()
    subresource = plural.partition("/")[2]
    return (
        bool({"*", verb} & set(rule.get("verbs") or ()))
        and bool({"*", group} & set(rule.get("apiGroups") or ()))
        and (plural in resources or "*" in resources or bool(subresource and f"*/{subresource}" in resources))
        and (not rule.get("resourceNames") or name in rule["resourceNames"])
    )
