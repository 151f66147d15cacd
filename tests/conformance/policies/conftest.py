"""The chart's policies and rights, bound to one namespace, and the people who write there.

Nothing of the controller runs: the policies must hold without it. What it would write is written here in its name.
"""

import itertools
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from playground.policies.installation import Installation, objects
from tests.controlplane.api import ApiFailure
from tests.controlplane.cluster import Cluster
from tests.controlplane.playground import PlaygroundCluster, program

CHART = Path(__file__).parents[3] / "charts" / "release-coordinator"
PREFIX = "release-coordinator.io/"
INSTALLATION = "policies-under-test"
MERGE = "application/merge-patch+json"
Manifest = dict[str, Any]

_KINDS = {"releases": "Release", "releasetrains": "ReleaseTrain"}


def _definition(plural: str) -> Manifest:
    """The policies look at few fields of our kinds, so a cluster without their definitions gets some that allow all."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1alpha1", "served": True, "storage": True, "subresources": {"status": {}},
               "schema": {"openAPIV3Schema": schema}}  # fmt: skip
    spec = {"group": "release-coordinator.io", "scope": "Namespaced", "versions": [version],
            "names": {"kind": _KINDS[plural], "plural": plural, "singular": _KINDS[plural].lower()}}  # fmt: skip
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.release-coordinator.io"}, "spec": spec}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One namespace in which the policies apply."""

    cluster: Cluster
    namespace: str

    def kubectl(
        self, *arguments: str, user: str = "alice", check: bool = True, input: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """kubectl as this user, in the namespace."""
        return self.cluster.kubectl("-n", self.namespace, *arguments, user=user, check=check, input=input)

    def ours(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """kubectl as the controller's ServiceAccount, with the rights that the chart gives it."""
        account = f"system:serviceaccount:{self.namespace}:{INSTALLATION}"
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{self.namespace}", "system:authenticated")
        acting = [f"--as={account}", *(f"--as-group={group}" for group in groups)]
        return self.kubectl(*acting, *arguments, user="admin", check=check)

    def get(self, kind: str, name: str) -> Manifest:
        """The object as it is."""
        found: Manifest = self.cluster.api("GET", self.path(kind, name), user="alice")
        return found

    def path(self, kind: str, name: str) -> str:
        """The address of an object in the namespace."""
        return self.cluster.address(kind, self.namespace, name)


def render(cluster: Cluster, namespace: str, installation: str = INSTALLATION) -> list[Manifest]:
    """Policies and rights of the chart, for an installation in this namespace that watches this namespace.

    In the playground its own policies take the place of the chart's, which are CEL.
    """
    values = [f"fullnameOverride={installation}", f"watchNamespaces={{{namespace}}}", "rbac.aggregateToUserRoles=false"]
    done = subprocess.run(
        [program("helm"), "template", "release-coordinator", CHART, "--namespace", namespace,
         "--kube-version", "1.37", *(a for v in values for a in ("--set", v))],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    manifests = [m for m in yaml.safe_load_all(done.stdout) if m]
    rights = [m for m in manifests if m["kind"].endswith(("Role", "RoleBinding", "ServiceAccount"))]
    policies = [m for m in manifests if m["kind"].endswith(("AdmissionPolicy", "AdmissionPolicyBinding"))]
    if isinstance(cluster, PlaygroundCluster):
        built_in = objects(
            Installation(name=installation, namespace=namespace, service_account=installation, watch_namespaces=(namespace,))
        )
        assert {(m["kind"], m["metadata"]["name"]) for m in built_in} == {(m["kind"], m["metadata"]["name"]) for m in policies}
        policies = built_in
    return [*policies, *rights]


def apply(cluster: Cluster, namespace: str, manifests: Sequence[Manifest]) -> Callable[[], None]:
    """Apply them; the answer takes them away again."""
    text = yaml.safe_dump_all(manifests)
    cluster.apply(text, namespace=namespace)

    def remove() -> None:
        cluster.kubectl(
            "delete", "-n", namespace, "--ignore-not-found", "--wait=false", "-f", "-", input=text, timeout=60
        )

    return remove


@pytest.fixture(scope="package")
def site(cluster: Cluster) -> Iterator[Site]:
    """A namespace with all policies loaded: they take a second or so."""
    site = Site(cluster=cluster, namespace=cluster.namespace("policies"))
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    removals: list[Callable[[], object]] = [lambda: cluster.api("DELETE", f"/api/v1/namespaces/{site.namespace}")]
    for plural in _KINDS:
        definition = f"{definitions}/{plural}.release-coordinator.io"
        if cluster.find(definition) is None:
            # Helm would refuse to install over a definition that is not its own.
            gone = partial(lambda path: cluster.find(path) is None, definition)
            removals.append(partial(cluster.wait_for, gone, what="the definition is gone"))
            removals.append(apply(cluster, site.namespace, [_definition(plural)]))
            cluster.kubectl("wait", "--for=condition=Established", f"crd/{plural}.release-coordinator.io")
    removals.append(apply(cluster, site.namespace, render(cluster, site.namespace)))
    _wait_until_loaded(site)
    yield site
    for remove in reversed(removals):
        remove()


def _wait_until_loaded(site: Site) -> None:
    """Ask in dry runs until each policy has shown that it acts."""
    service = {
        "metadata": {"name": "probe", "labels": {PREFIX + "pin": "h1"}},
        "spec": {"selector": {"app": "probe"}, "ports": [{"port": 80}]},
    }
    site.kubectl("create", "-f", "-", input=yaml.safe_dump({"apiVersion": "v1", "kind": "Service"} | service))
    site.kubectl("create", "-f", "-", input=deployment_text("probe", labels=("release", "held")))
    release, probes = f"/apis/release-coordinator.io/v1alpha1/namespaces/{site.namespace}/releases?dryRun=All", itertools.count()
    body = {"apiVersion": "release-coordinator.io/v1alpha1", "kind": "Release", "spec": {"workloadRef": {"name": "probe"}},
            "metadata": {"name": "probe", "annotations": {PREFIX + "requested-by": "forged"}}}  # fmt: skip

    def held() -> bool:
        done = site.kubectl("set", "image", "deploy/probe", "c=app:2", "--dry-run=server", "-o", "yaml")
        return bool(yaml.safe_load(done.stdout)["spec"].get("paused")) and "Warning" in done.stderr

    def guarded() -> bool:
        path = site.path("deployments", "probe") + "?dryRun=All&fieldManager=kubectl-rollout"
        return refused(lambda: site.cluster.api("PATCH", path, {"spec": {"paused": None}}, MERGE, user="alice"))

    def pinned() -> bool:
        done = site.kubectl("annotate", "svc/probe", "a=b", "--dry-run=server", "-o", "yaml")
        return "pod-template-hash" in yaml.safe_load(done.stdout)["spec"]["selector"]

    def disowned() -> bool:
        site.ours("label", "svc/probe", "--overwrite", f"probed={next(probes)}", "--field-manager=ours")
        return "ours" not in [entry["manager"] for entry in site.get("svc", "probe")["metadata"]["managedFields"]]

    def stamped() -> bool:
        try:
            answer = site.cluster.api("POST", release, body, user="alice")
        except ApiFailure as failure:
            if failure.status != 503:  # The API server's word while its policies do not yet know a new kind: 5 s or so.
                raise
            return False
        return PREFIX + "requested-by" not in answer["metadata"].get("annotations", {})

    def writers_checked() -> bool:
        everybody = ["--as=nobody", "--as-group=system:authenticated"]
        done = site.kubectl(
            *everybody, "create", "--dry-run=server", "-f", "-", user="admin", check=False, input=yaml.safe_dump(body)
        )
        return "may not write Release" in done.stderr

    def trains_checked() -> bool:
        train = {"apiVersion": "release-coordinator.io/v1alpha1", "kind": "ReleaseTrain", "metadata": {"name": "probe"},
                 "spec": {"members": [{"name": "probe", "version": "1"}]}}  # fmt: skip
        everybody = ["--as=nobody", "--as-group=system:authenticated", "create", "--dry-run=server", "-f", "-"]
        return "may not write ReleaseTrain" in site.kubectl(
            *everybody, user="admin", check=False, input=yaml.safe_dump(train)
        ).stderr  # fmt: skip

    for kind in _KINDS:
        grant(site, "nobody", "release-coordinator.io", kind)
    for question in (held, guarded, pinned, disowned, stamped, writers_checked, trains_checked):
        site.cluster.wait_for(question, what=f"policies: {question.__name__}")


def refused(call: Callable[[], object]) -> bool:
    """Whether the API server forbids it."""
    try:
        call()
    except ApiFailure as failure:
        return failure.status == 403
    return False


def grant(site: Site, user: str, group: str, resource: str) -> None:
    """Let this user get, list, create, update and patch these resources in the namespace."""
    name = f"{user}-{resource}"
    meta = {"metadata": {"name": name, "namespace": site.namespace}}
    api = {"apiVersion": "rbac.authorization.k8s.io/v1"}
    verbs = ["get", "list", "create", "update", "patch"]
    role = api | meta | {"kind": "Role", "rules": [{"apiGroups": [group], "resources": [resource], "verbs": verbs}]}
    binding = api | meta | {
        "kind": "RoleBinding",
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    }  # fmt: skip
    site.cluster.apply(yaml.safe_dump_all([role, binding]))


def deployment_text(
    name: str, image: str = "app:1", labels: Sequence[str] = (), strategy: Manifest | None = None
) -> str:
    """A manifest as its owner writes it, at 0 replicas: the policies need no pods. `labels` are of ours."""
    return yaml.safe_dump({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "labels": {PREFIX + label: name if label == "release" else "true" for label in labels}},
        "spec": {
            "replicas": 0, "selector": {"matchLabels": {"app": name}},
            **({"paused": True} if "held" in labels else {}),
            "strategy": strategy or {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "30%", "maxUnavailable": 0}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": image}]}},
        },
    })  # fmt: skip


def ours_on(thing: Manifest) -> Manifest:
    """Our labels on an object, without the prefix."""
    labels = thing["metadata"].get("labels", {})
    return {key.removeprefix(PREFIX): value for key, value in labels.items() if key.startswith(PREFIX)}
