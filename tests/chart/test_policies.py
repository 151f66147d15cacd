"""The admission policies as rendered: which API version, whose, and where they are bound."""

import pytest

from tests.chart.conftest import CHART, Helm, Render, find, of_kind

GROUP = "admissionregistration.k8s.io"
MUTATING = ("hold", "ownership", "pin", "requested-by")
VALIDATING = {"hold-guard": ["Deny"], "release-writers": ["Deny"], "train-writers": ["Deny"], "hold-notice": ["Warn"],
              "pin-notice": ["Warn"]}  # fmt: skip


@pytest.mark.parametrize(
    ("options", "version"),
    [
        (("--kube-version", "1.37"), "v1"),
        (("--kube-version", "1.36", "--api-versions", f"{GROUP}/v1/MutatingAdmissionPolicy"), "v1"),
        (("--kube-version", "1.35", "--api-versions", f"{GROUP}/v1beta1/MutatingAdmissionPolicy"), "v1beta1"),
        (("--kube-version", "1.37", "--api-versions", f"{GROUP}/v1beta1/MutatingAdmissionPolicy",
          "--api-versions", f"{GROUP}/v1/MutatingAdmissionPolicy"), "v1"),
    ],
)  # fmt: skip
def test_policies_use_the_version_that_the_cluster_serves(
    render: Render, options: tuple[str, ...], version: str
) -> None:
    """v1 where there is v1, else v1beta1, for policies and bindings alike; and the controller looks for them there."""
    manifests = render(options=options)
    for kind in ("MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"):
        assert {m["apiVersion"] for m in of_kind(manifests, kind)} == {f"{GROUP}/{version}"}
        assert {m["metadata"]["name"] for m in of_kind(manifests, kind)} == {
            f"release-coordinator-{n}" for n in MUTATING
        }
    pod = find(manifests, "Deployment", "release-coordinator")["spec"]["template"]["spec"]
    assert {"name": "RELEASE_COORDINATOR_POLICY_VERSION", "value": version} in pod["containers"][0]["env"]


def test_an_older_cluster_is_refused_in_a_plain_sentence(helm: Helm) -> None:
    """Nothing is installed where nothing would be held, and the message says what to do."""
    done = helm("template", CHART, "--kube-version", "1.33")
    assert done.returncode != 0
    assert "does not serve MutatingAdmissionPolicy, without which a changed Deployment cannot be held" in done.stderr
    assert "Use Kubernetes 1.36 or newer" in done.stderr


def test_each_policy_is_bound_once_with_its_action(render: Render) -> None:
    """Guards deny, notices warn; a policy without its binding would do nothing."""
    manifests = render()
    bindings = {m["metadata"]["name"]: m["spec"] for m in of_kind(manifests, "ValidatingAdmissionPolicyBinding")}
    assert {n.removeprefix("release-coordinator-"): s["validationActions"] for n, s in bindings.items()} == VALIDATING
    for kind in ("MutatingAdmissionPolicy", "ValidatingAdmissionPolicy"):
        policies = {m["metadata"]["name"] for m in of_kind(manifests, kind)}
        assert {m["spec"]["policyName"] for m in of_kind(manifests, f"{kind}Binding")} == policies


@pytest.mark.parametrize("name", MUTATING + tuple(VALIDATING))
def test_a_failing_policy_closes_and_a_failing_notice_does_not(render: Render, name: str) -> None:
    """When CEL fails, the hold refuses rather than lets through; a warning, or our name on an object, is not worth a refusal."""
    kind = "MutatingAdmissionPolicy" if name in MUTATING else "ValidatingAdmissionPolicy"
    spec = find(render(), kind, f"release-coordinator-{name}")["spec"]
    assert spec["failurePolicy"] == ("Ignore" if name.endswith(("notice", "ownership")) else "Fail")


def test_workloads_that_are_not_ours_never_meet_a_policy(render: Render) -> None:
    """Policies on Deployments and Services select ours by label, or our own writes by our name; the others are on ours."""
    manifests = render()
    for policy in of_kind(manifests, "MutatingAdmissionPolicy") + of_kind(manifests, "ValidatingAdmissionPolicy"):
        match = policy["spec"]["matchConstraints"]
        if policy["metadata"]["name"].endswith("-ownership"):
            (condition,) = policy["spec"]["matchConditions"]
            user = "system:serviceaccount:rc:release-coordinator"
            assert condition["expression"].startswith(f"request.userInfo.username == '{user}' && ")
            continue
        resources = {r for rule in match["resourceRules"] for r in rule["resources"]}
        key = {"deployments": "release", "services": "pin"}.get(min(resources))
        if key is None:
            assert resources <= {"releases", "releasetrains"}
            continue
        assert match["objectSelector"] == {
            "matchExpressions": [{"key": f"release-coordinator.io/{key}", "operator": "Exists"}]
        }


def test_watched_namespaces_bind_the_policies_there_only(render: Render) -> None:
    """Two installations with different namespaces do not meet in one policy."""
    everywhere, bound = render(), render('watchNamespaces=["shop"]')
    kinds = ("MutatingAdmissionPolicyBinding", "ValidatingAdmissionPolicyBinding")
    assert not [m for k in kinds for m in of_kind(everywhere, k) if "matchResources" in m["spec"]]
    selectors = [m["spec"]["matchResources"]["namespaceSelector"] for k in kinds for m in of_kind(bound, k)]
    expression = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["shop"]}
    assert selectors == [{"matchExpressions": [expression]}] * 9


def test_two_installations_have_no_cluster_scoped_name_in_common(render: Render) -> None:
    """Side by side: nothing outside the namespace is shared but the definitions of the resources."""
    scoped = ("ClusterRole", "ClusterRoleBinding", "MutatingAdmissionPolicy", "ValidatingAdmissionPolicy")
    first, second = (
        {(m["kind"], m["metadata"]["name"]) for m in manifests if m["kind"].startswith(scoped)}
        for manifests in (render(), render('fullnameOverride="other"'))
    )
    assert len(first) == len(second) == 24
    assert not first & second


def test_without_a_break_glass_group_nobody_breaks_the_glass(render: Render) -> None:
    """An empty group is not a group that somebody could be in."""
    spec = find(render('breakGlassGroup=""'), "MutatingAdmissionPolicy", "release-coordinator-hold")["spec"]
    assert {"name": "breakGlass", "expression": "false"} in spec["variables"]
