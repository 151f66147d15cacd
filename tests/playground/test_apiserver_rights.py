"""Who may do what: roles and bindings, impersonation, and what people can ask about their rights."""

import pytest

from playground.apiserver import people, roles
from tests.playground.asking import Asking, Refused, config_map

ROLES = "/apis/rbac.authorization.k8s.io/v1"
MAPS = "/api/v1/namespaces/default/configmaps"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@pytest.fixture
def api() -> Asking:
    """With the roles that every cluster has; asked by alice."""
    asking = Asking()
    for resource, body in roles.objects():
        asking.client.create(resource, body)
    asking.user = people.named("alice")
    return asking


def test_platform_users_work_in_namespaces(api: Asking) -> None:
    """What the role admin allows, by way of its parts; nothing of the cluster's own."""
    api.ask("POST", MAPS, config_map("a"))
    api.ask("GET", "/api/v1/pods")
    with pytest.raises(Refused) as refused:
        api.ask("GET", "/api/v1/nodes/a")
    said = 'nodes "a" is forbidden: User "alice" cannot get resource "nodes" in API group "" at the cluster scope'
    assert (refused.value.status, refused.value.message) == (403, said)
    with pytest.raises(
        Refused, match='cannot update resource "deployments/status" in API group "apps" in the namespace "default"'
    ):
        api.ask("PUT", "/apis/apps/v1/namespaces/default/deployments/web/status", {})


def test_rights_follow_the_bindings_at_once(api: Asking) -> None:
    """A role given is there with the next request, and so is one that is taken away."""
    api.user = people.named("carol")
    with pytest.raises(Refused):
        api.ask("GET", MAPS)
    binding = {
        "metadata": {"name": "carol"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "User", "name": "carol"}],
    }
    api.client.create("rolebindings.rbac.authorization.k8s.io", binding, "default")
    api.ask("GET", MAPS)
    with pytest.raises(Refused, match='in the namespace "kube-system"'):
        api.ask("GET", "/api/v1/namespaces/kube-system/configmaps")
    api.client.delete("rolebindings.rbac.authorization.k8s.io", "carol", "default")
    with pytest.raises(Refused):
        api.ask("GET", MAPS)


def test_a_right_can_be_limited_to_names(api: Asking) -> None:
    """For lists and watches, too, if they ask for that one name."""
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["mine"], "verbs": ["get", "list", "watch"]}]
    api.client.create("roles.rbac.authorization.k8s.io", {"metadata": {"name": "one"}, "rules": rules}, "default")
    binding = {
        "metadata": {"name": "one"},
        "roleRef": {"kind": "Role", "name": "one"},
        "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": "default"}],
    }
    api.client.create("rolebindings.rbac.authorization.k8s.io", binding, "default")
    api.client.create("configmaps", config_map("mine"), "default")
    api.user = people.service_account("default", "robot")
    api.ask("GET", f"{MAPS}/mine")
    assert len(api.ask("GET", f"{MAPS}?fieldSelector=metadata.name%3Dmine")["items"]) == 1
    api.watch(f"{MAPS}?watch=1&fieldSelector=metadata.name%3Dmine").close()
    for path in (MAPS, f"{MAPS}/other", f"{MAPS}?fieldSelector=metadata.name%3Dother"):
        with pytest.raises(Refused):
            api.ask("GET", path)


def test_people_can_ask_what_they_may(api: Asking) -> None:
    """Yes and no are both answers."""
    for resource, allowed in (("configmaps", True), ("nodes", False)):
        spec = {"resourceAttributes": {"verb": "list", "resource": resource, "namespace": "default"}}
        answer = api.ask("POST", REVIEWS, {"spec": spec})
        assert (answer["kind"], answer["status"]["allowed"]) == ("SelfSubjectAccessReview", allowed)
    assert api.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {})["status"]["userInfo"]["username"] == "alice"


def test_only_who_may_acts_as_somebody_else(api: Asking) -> None:
    """An administrator, with the groups he names; alice may not."""
    with pytest.raises(Refused, match='users "bob" is forbidden: User "alice" cannot impersonate resource "users"'):
        api.ask("GET", MAPS, impersonate_user="bob")
    api.user = people.named("admin")
    with pytest.raises(Refused, match='User "bob" cannot list'):
        api.ask("GET", MAPS, impersonate_user="bob")
    api.ask("GET", MAPS, impersonate_user="bob", impersonate_group="x,platform-users")


def test_nobody_sees_more_than_the_server_s_health(api: Asking) -> None:
    """And its version."""
    api.user = people.NOBODY
    assert api.ask("GET", "/readyz") == b"ok"
    assert api.ask("GET", "/version")["gitVersion"] == "v1.37.1"
    for path in ("/apis", MAPS):
        with pytest.raises(Refused) as refused:
            api.ask("GET", path)
        assert refused.value.status == 403
