"""The ClusterRoles that every cluster has, and the rights of the playground's people: objects, stored like anybody's.

The rules of view, edit and admin are those of Kubernetes, for the resources that are served here.
"""

from collections.abc import Iterator, Sequence

from playground.apiserver.objects import Object
from playground.apiserver.people import PLATFORM_USERS

_API = "rbac.authorization.k8s.io"
_READ = ("get", "list", "watch")
_WRITE = ("create", "delete", "deletecollection", "patch", "update")
_BUILT_IN = {"kubernetes.io/bootstrapping": "rbac-defaults"}


def _rule(verbs: Sequence[str], groups: Sequence[str], *resources: str) -> Object:
    return {"apiGroups": list(groups), "resources": list(resources), "verbs": list(verbs)}


_SCALED = ("deployments", "deployments/scale", "replicasets", "replicasets/scale", "statefulsets", "statefulsets/scale")
_VIEW = (
    _rule(_READ, [""], "configmaps", "endpoints", "persistentvolumeclaims", "pods", "replicationcontrollers",
          "replicationcontrollers/scale", "serviceaccounts", "services", "services/status", "bindings", "limitranges",
          "namespaces", "namespaces/status", "pods/log", "pods/status", "resourcequotas"),
    _rule(_READ, ["", "events.k8s.io"], "events"),
    _rule(_READ, ["discovery.k8s.io"], "endpointslices"),
    _rule(_READ, ["apps"], *_SCALED, "controllerrevisions", "daemonsets", "daemonsets/status", "deployments/status",
          "replicasets/status", "statefulsets/status"),
    _rule(_READ, ["autoscaling"], "horizontalpodautoscalers", "horizontalpodautoscalers/status"),
    _rule(_READ, ["batch"], "cronjobs", "jobs", "cronjobs/status", "jobs/status"),
    _rule(_READ, ["policy"], "poddisruptionbudgets", "poddisruptionbudgets/status"),
    _rule(_READ, ["networking.k8s.io"], "ingresses", "ingresses/status", "networkpolicies"),
)  # fmt: skip
_EDIT = (
    _rule(_READ, [""], "secrets", "pods/exec", "pods/portforward", "services/proxy"),
    _rule(["impersonate"], [""], "serviceaccounts"),
    _rule(_WRITE, [""], "pods", "pods/exec", "pods/portforward", "replicationcontrollers", "replicationcontrollers/scale",
          "serviceaccounts", "services", "secrets", "persistentvolumeclaims", "configmaps"),
    _rule(["create"], [""], "pods/eviction", "serviceaccounts/token"),
    _rule(_WRITE, ["", "events.k8s.io"], "events"),
    _rule(_WRITE, ["apps"], *_SCALED, "daemonsets", "deployments/rollback"),
    _rule(_WRITE, ["autoscaling"], "horizontalpodautoscalers"),
    _rule(_WRITE, ["batch"], "cronjobs", "jobs"),
    _rule(_WRITE, ["policy"], "poddisruptionbudgets"),
    _rule(_WRITE, ["networking.k8s.io"], "ingresses", "networkpolicies"),
    _rule([*_READ, *_WRITE], ["coordination.k8s.io"], "leases"),
)  # fmt: skip
_ADMIN = (
    _rule(["create"], ["authorization.k8s.io"], "localsubjectaccessreviews"),
    _rule([*_READ, *_WRITE], [_API], "roles", "rolebindings"),
)
_EVERYTHING = (_rule(["*"], ["*"], "*"), {"nonResourceURLs": ["*"], "verbs": ["*"]})
_PLATFORM = (
    _rule(["*"], ["gateway.networking.k8s.io"], "httproutes"),
    _rule(["*"], ["release-coordinator.io"], "*"),
)


def objects() -> Iterator[tuple[str, Object]]:
    """Resource (plural.group) and object."""
    for name, rules, below in (("view", _VIEW, ()), ("edit", _EDIT, ("view",)), ("admin", _ADMIN, ("view", "edit"))):
        yield _role(f"system:aggregate-to-{name}", rules, {f"{_API}/aggregate-to-{name}": "true"})
        chosen = [{"matchLabels": {f"{_API}/aggregate-to-{part}": "true"}} for part in (*below, name)]
        yield (
            f"clusterroles.{_API}",
            _object("ClusterRole", name, _BUILT_IN) | {"aggregationRule": {"clusterRoleSelectors": chosen}, "rules": []},
        )
    yield _role("cluster-admin", _EVERYTHING, _BUILT_IN)
    yield _role("platform-user", _PLATFORM, {})
    yield _binding("cluster-admin", "cluster-admin", "system:masters")
    for role in ("admin", "platform-user"):
        yield _binding(f"platform-users-{role}", role, PLATFORM_USERS)


def _object(kind: str, name: str, labels: dict[str, str]) -> Object:
    metadata: Object = {"name": name} | ({"labels": labels} if labels else {})
    return {"apiVersion": f"{_API}/v1", "kind": kind, "metadata": metadata}


def _role(name: str, rules: Sequence[Object], labels: dict[str, str]) -> tuple[str, Object]:
    return f"clusterroles.{_API}", _object("ClusterRole", name, labels) | {"rules": list(rules)}


def _binding(name: str, role: str, group: str) -> tuple[str, Object]:
    reference = {"apiGroup": _API, "kind": "ClusterRole", "name": role}
    subject = {"apiGroup": _API, "kind": "Group", "name": group}
    return f"clusterrolebindings.{_API}", _object("ClusterRoleBinding", name, {}) | {"roleRef": reference, "subjects": [subject]}
