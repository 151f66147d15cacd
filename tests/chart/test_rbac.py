"""The controller's rights are exactly the ones written down here: a right more or less must be said twice."""

from collections.abc import Iterable

import pytest

from tests.chart.conftest import Manifest, Render, find, of_kind

NAME = "release-coordinator"
RC, GATEWAY, ADMISSION = "release-coordinator.io", "gateway.networking.k8s.io", "admissionregistration.k8s.io"

WORKLOADS = {
    (RC, "releases"): "list patch watch",
    (RC, "releases/status"): "patch",
    (RC, "releasetrains"): "list patch watch",
    (RC, "releasetrains/status"): "patch",
    (RC, "releases/finalizers"): "update",
    ("apps", "deployments"): "get list patch watch",
    ("apps", "deployments/status"): "patch",
    ("apps", "deployments/finalizers"): "update",
    ("apps", "replicasets"): "create delete get list patch watch",
    ("apps", "controllerrevisions"): "create delete get list",
    ("", "pods"): "list",
    ("", "pods/log"): "get",
    ("batch", "jobs"): "create delete get list patch watch",
    ("", "services"): "create delete get list patch watch",
    ("discovery.k8s.io", "endpointslices"): "list watch",
    ("autoscaling", "horizontalpodautoscalers"): "list",
    (GATEWAY, "httproutes"): "list patch watch",
    ("traefik.io", "traefikservices"): "list patch watch",
    (RC, "gatetemplates"): "list watch",
    ("events.k8s.io", "events"): "create patch",
}
CLUSTER = {
    (RC, "metricsources"): "list watch",
    (RC, "clustergatetemplates"): "list watch",
    (RC, "releasepolicies"): "list watch",
    (GATEWAY, "gateways"): "get",
    (GATEWAY, "gatewayclasses"): "get",
    (ADMISSION, "mutatingadmissionpolicies"): "list watch",
    (ADMISSION, "mutatingadmissionpolicybindings"): "list watch",
}


def rights(rules: Iterable[Manifest]) -> dict[tuple[str, str], str]:
    """(group, resource) → its verbs, sorted, in one text."""
    pairs = [(g, r, rule["verbs"]) for rule in rules for g in rule["apiGroups"] for r in rule["resources"]]
    assert len({(g, r) for g, r, _ in pairs}) == len(pairs), "two rules for one resource"
    return {(group, resource): " ".join(sorted(verbs)) for group, resource, verbs in pairs}


@pytest.mark.parametrize(("role", "expected"), [("workloads", WORKLOADS), ("cluster", CLUSTER)])
def test_a_cluster_role_has_exactly_these_verbs(
    render: Render, role: str, expected: dict[tuple[str, str], str]
) -> None:
    """Least privilege: no verb and no resource beyond the table."""
    assert rights(find(render(), "ClusterRole", f"{NAME}-{role}")["rules"]) == expected


def test_flags_are_switched_in_the_named_config_maps_alone(render: Render) -> None:
    """Without names there is no right to any ConfigMap; OpenFeature's resource has a switch of its own."""
    given = find(render('flags.configMaps=["flags"]', "flags.featureFlags=true"), "ClusterRole", f"{NAME}-workloads")["rules"]
    more = rights(given).items() - WORKLOADS.items()
    assert dict(more) == {("", "configmaps"): "list patch watch", ("core.openfeature.dev", "featureflags"): "list patch watch"}
    (config_maps,) = [r for r in given if r["resources"] == ["configmaps"]]
    assert config_maps["resourceNames"] == ["flags"]


def test_policies_can_be_read_by_name_only(render: Render) -> None:
    """The controller looks at its own two policies, not at everybody's."""
    (rule,) = [r for r in find(render(), "ClusterRole", f"{NAME}-cluster")["rules"] if r["apiGroups"] == [ADMISSION]]
    assert rule["resourceNames"] == [f"{NAME}-hold", f"{NAME}-pin"]


def test_in_its_own_namespace_it_leads_by_one_lease_and_reads_secrets(render: Render) -> None:
    """The Role knows one Lease by name, and Secrets by get alone."""
    create, lease, secrets = find(render(), "Role", NAME)["rules"]
    assert (create["resources"], create["verbs"]) == (["leases"], ["create"])
    assert (lease["resources"], lease["verbs"], lease["resourceNames"]) == (["leases"], ["get", "patch"], [NAME])
    assert secrets == {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}


def test_named_secrets_are_the_only_ones_it_reads(render: Render) -> None:
    """With metricSources.secretNames, no other Secret can be read."""
    rules = find(render('metricSources.secretNames=["prometheus"]'), "Role", NAME)["rules"]
    assert [r["resourceNames"] for r in rules if r["resources"] == ["secrets"]] == [["prometheus"]]


def test_keys_of_webhooks_and_notifications_are_among_the_named_secrets(render: Render) -> None:
    """Who names Secrets need not name those of webhooks and notifications twice."""
    hooks = 'webhooks=[{"url":"https://qa.example.com","secretName":"qa"}]'
    told = 'notifications=[{"url":"https://events.example.com","secretName":"events"},{"url":"http://broker"}]'
    rules = find(render('metricSources.secretNames=["prometheus"]', hooks, told), "Role", NAME)["rules"]
    assert [r["resourceNames"] for r in rules if r["resources"] == ["secrets"]] == [["prometheus", "qa", "events"]]


def test_no_rule_anywhere_has_a_wildcard(render: Render) -> None:
    """No rule says `*`, for us or for users."""
    manifests = render()
    rules = [rule for kind in ("ClusterRole", "Role") for role in of_kind(manifests, kind) for rule in role["rules"]]
    assert len(rules) > len(WORKLOADS)
    assert [r for r in rules if "*" in [*r["apiGroups"], *r["resources"], *r["verbs"]]] == []


def test_watched_namespaces_bind_the_right_to_write_there_only(render: Render) -> None:
    """Namespaced mode: the workloads' role is bound by RoleBindings in the named namespaces and not in the cluster."""
    manifests = render('watchNamespaces=["shop","pay"]')
    bound = {
        m["metadata"].get("namespace")
        for m in of_kind(manifests, "RoleBinding")
        if m["roleRef"]["name"] == f"{NAME}-workloads"
    }
    assert bound == {"shop", "pay"}
    assert [m["roleRef"]["name"] for m in of_kind(manifests, "ClusterRoleBinding")] == [f"{NAME}-cluster"]


def test_each_binding_names_the_service_account_of_the_pods(render: Render) -> None:
    """Rights, policies and pods speak of the same ServiceAccount."""
    manifests = render('serviceAccount={"name":"someone"}')
    bindings = of_kind(manifests, "ClusterRoleBinding") + of_kind(manifests, "RoleBinding")
    assert {(s["name"], s["namespace"]) for b in bindings for s in b["subjects"]} == {("someone", "rc")}
    assert find(manifests, "ServiceAccount", "someone")["automountServiceAccountToken"] is False
    assert find(manifests, "Deployment", NAME)["spec"]["template"]["spec"]["serviceAccountName"] == "someone"
    variables = find(manifests, "MutatingAdmissionPolicy", f"{NAME}-hold")["spec"]["variables"]
    assert variables[0]["expression"] == "request.userInfo.username == 'system:serviceaccount:rc:someone'"


def test_users_of_the_cluster_see_and_write_releases(render: Render) -> None:
    """view sees Releases, trains and templates, edit and admin write those of a namespace, and nobody writes a status or what
    is the cluster's.
    """
    manifests = render()
    expected = {
        "view": ({"view", "edit", "admin"},
                 dict.fromkeys([(RC, plural) for plural in ("releases", "releasetrains", "gatetemplates", "clustergatetemplates",
                                                            "releasepolicies")], "get list watch")),
        "edit": ({"edit", "admin"},
                 dict.fromkeys([(RC, plural) for plural in ("releases", "releasetrains", "gatetemplates")],
                               "create delete deletecollection patch update")),
    }  # fmt: skip
    for role, (aggregated, verbs) in expected.items():
        manifest = find(manifests, "ClusterRole", f"{NAME}-{role}")
        prefix = "rbac.authorization.k8s.io/aggregate-to-"
        labels = manifest["metadata"]["labels"]
        assert {label.removeprefix(prefix) for label in labels if label.startswith(prefix)} == aggregated
        assert rights(manifest["rules"]) == verbs
    assert not [m for m in render("rbac.aggregateToUserRoles=false") if "-view" in m["metadata"]["name"]]
