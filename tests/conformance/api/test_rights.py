"""Who may do what: RBAC as the chart's roles and our tests need it, reviews of access, impersonation, and how no is said."""

import json

import pytest

from tests.conformance.api.calls import Api, Object, config_map, refusal, summary

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def role(api: Api, user: str, *rules: Object) -> None:
    """Give this user these rights in the namespace."""
    api.create("roles", {"metadata": {"name": user}, "rules": list(rules)})
    group = "rbac.authorization.k8s.io"
    subject = {"apiGroup": group, "kind": "User", "name": user}
    body = {"metadata": {"name": user}, "roleRef": {"apiGroup": group, "kind": "Role", "name": user}, "subjects": [subject]}
    api.create("rolebindings", body)


def acting(api: Api, user: str, *arguments: str) -> str:
    """What kubectl says when the admin acts as this user."""
    done = api.cluster.kubectl("-n", api.namespace, "--as", user, *arguments, check=False)
    return done.stdout + done.stderr


def test_no_is_said_with_who_what_and_where(api: Api) -> None:
    """Forbidden, for one object, for a collection, in a namespace and in the cluster."""
    def said(method: str, path: str, body: object = None) -> tuple[str, object]:
        failure = refusal(lambda: api.cluster.api(method, path, body, user="alice"))
        code, reason, details = summary(failure)
        assert (code, reason) == (403, "Forbidden")
        return failure.message, details

    assert said("GET", "/api/v1/nodes") == (
        'nodes is forbidden: User "alice" cannot list resource "nodes" in API group "" at the cluster scope',
        {"kind": "nodes"},
    )
    group = "rbac.authorization.k8s.io"
    assert said("GET", f"/apis/{group}/v1/clusterroles/admin") == (
        f'clusterroles.{group} "admin" is forbidden: User "alice" cannot get resource "clusterroles" in API group "{group}" '
        "at the cluster scope",
        {"name": "admin", "group": group, "kind": "clusterroles"},
    )
    message, _ = said("POST", "/api/v1/namespaces", {"metadata": {"name": "alices"}})
    assert message.startswith("namespaces is forbidden: ")


def test_platform_users_work_in_namespaces(api: Api) -> None:
    """alice and bob, with what the built-in role admin allows."""
    alice = Api(cluster=api.cluster, namespace=api.namespace, user="alice")
    alice.create("configmaps", config_map("a"))
    assert Api(cluster=api.cluster, namespace=api.namespace, user="bob").get("configmaps", "a")["data"] == {"a": "1"}


def test_a_role_gives_exactly_its_verbs(api: Api) -> None:
    """On its resources, in its namespace, of its names; a subresource is another resource."""
    role(api, "carol", {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]},
         {"apiGroups": ["apps"], "resources": ["deployments/status"], "resourceNames": ["d"], "verbs": ["patch"]})  # fmt: skip
    api.create("configmaps", config_map("a"))
    api.cluster.wait_for(lambda: "a  " in acting(api, "carol", "get", "cm"), what="the right has come")
    assert 'cannot delete resource "configmaps"' in acting(api, "carol", "delete", "cm/a")
    assert 'cannot list resource "services"' in acting(api, "carol", "get", "svc")
    assert f'in the namespace "{api.namespace}"' in acting(api, "carol", "get", "svc")
    answers = {
        question: acting(api, "carol", "auth", "can-i", *question.split()).split("\n")[0].strip()
        for question in ("get cm", "get cm/x", "watch cm", "patch deployments.apps/d --subresource=status",
                         "patch deployments.apps/e --subresource=status", "patch deployments.apps/d")
    }  # fmt: skip
    assert list(answers.values()) == ["yes", "yes", "no", "yes", "no", "no"]
    assert 'cannot list resource "configmaps"' in acting(api, "carol", "get", "cm", "-A")


@pytest.mark.parametrize(
    ("user", "attributes", "allowed"),
    [
        ("alice", {"verb": "update", "group": "apps", "resource": "deployments", "name": "d"}, True),
        ("alice", {"verb": "patch", "group": "release-coordinator.io", "resource": "releases"}, True),
        ("alice", {"verb": "create", "resource": "nodes"}, False),
        ("admin", {"verb": "create", "resource": "nodes"}, True),
    ],
)
def test_anybody_may_ask_what_he_may(api: Api, user: str, attributes: Object, allowed: bool) -> None:
    """A SelfSubjectAccessReview, made and not kept."""
    where = {} if attributes["resource"] == "nodes" else {"namespace": api.namespace}
    body = {"spec": {"resourceAttributes": attributes | where}}
    answer = api.cluster.api("POST", REVIEWS, body, user=user)
    assert (answer["kind"], answer["status"]["allowed"]) == ("SelfSubjectAccessReview", allowed)


def test_who_am_i(api: Api) -> None:
    """Name and groups."""
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    found = api.cluster.api("POST", path, {}, user="bob")["status"]["userInfo"]
    assert found["username"] == "bob"
    assert {"release-coordinator:break-glass", "system:authenticated"} <= set(found["groups"])


def test_an_admin_may_act_as_somebody_else(api: Api) -> None:
    """With the groups he names; a ServiceAccount has its own without being told."""
    def me(*arguments: str) -> Object:
        done = api.cluster.kubectl(*arguments, "auth", "whoami", "-o", "json")
        found: Object = json.loads(done.stdout)["status"]["userInfo"]
        return found

    assert me("--as=carol")["groups"] == ["system:authenticated"]
    assert me("--as=carol", "--as-group=team")["groups"] == ["team", "system:authenticated"]
    account = f"system:serviceaccount:{api.namespace}:default"
    expected = {"system:serviceaccounts", f"system:serviceaccounts:{api.namespace}", "system:authenticated"}
    found = me(f"--as={account}")
    assert (found["username"], set(found["groups"])) == (account, expected)
    done = api.cluster.kubectl("--as=carol", "get", "nodes", user="alice", check=False)
    assert "forbidden" in done.stderr.lower() and '"alice"' in done.stderr


def test_who_has_a_wrong_token_is_turned_away(api: Api) -> None:
    """401, which kubectl turns into a sentence of its own."""
    done = api.cluster.kubectl("--token=nonsense", "get", "cm", check=False)
    assert "You must be logged in to the server" in done.stderr
