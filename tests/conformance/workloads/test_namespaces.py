"""Namespaces: what they come with, and how they end."""

from typing import Any

import pytest

from tests.conformance.workloads.workload import MERGE, Workload
from tests.controlplane.api import ApiFailure
from tests.controlplane.cluster import Cluster


def conditions(cluster: Cluster, namespace: str) -> dict[str, Any]:
    """Type → condition."""
    status = cluster.api("GET", f"/api/v1/namespaces/{namespace}")["status"]
    return {one["type"]: one for one in status.get("conditions") or []}


def test_a_deleted_namespace_takes_everything_in_it_along(shop: Workload) -> None:
    """Pods are ended first; then the namespace itself is gone."""
    shop.make(1)
    shop.cluster.api("DELETE", f"/api/v1/namespaces/{shop.namespace}")
    present = shop.cluster.find(f"/api/v1/namespaces/{shop.namespace}")
    assert present is None or present["status"]["phase"] == "Terminating"
    shop.wait_for(lambda: shop.cluster.find(f"/api/v1/namespaces/{shop.namespace}") is None, "the end of the namespace")
    assert not shop.cluster.api("GET", "/api/v1/pods?fieldSelector=metadata.namespace%3D" + shop.namespace)["items"]


def test_a_finalizer_of_something_in_it_holds_a_namespace(cluster: Cluster, namespace: str) -> None:
    """Its conditions say what is left, and whose finalizers; nothing new can be made in it."""
    folder = f"/api/v1/namespaces/{namespace}/configmaps"
    cluster.api("POST", folder, {"metadata": {"name": "held", "finalizers": ["example.com/wait"]}})
    cluster.api("DELETE", f"/api/v1/namespaces/{namespace}")
    cluster.wait_for(lambda: conditions(cluster, namespace).get("NamespaceFinalizersRemaining", {}).get("status") == "True",
                     what="the condition")  # fmt: skip
    finalizers = conditions(cluster, namespace)["NamespaceFinalizersRemaining"]
    assert finalizers["reason"] == "SomeFinalizersRemain"
    assert "example.com/wait in 1 resource instances" in finalizers["message"]
    remaining = conditions(cluster, namespace)["NamespaceContentRemaining"]
    assert (remaining["status"], remaining["reason"]) == ("True", "SomeResourcesRemain")
    assert "configmaps. has 1 resource instances" in remaining["message"]
    with pytest.raises(ApiFailure, match="because it is being terminated") as refused:
        cluster.api("POST", folder, {"metadata": {"name": "late"}})
    assert refused.value.status == 403
    cluster.api("PATCH", f"{folder}/held", {"metadata": {"finalizers": None}}, MERGE)
    cluster.wait_for(lambda: cluster.find(f"/api/v1/namespaces/{namespace}") is None, 60, "the end of the namespace")


def test_a_namespace_comes_with_an_account_and_the_certificate(cluster: Cluster, namespace: str) -> None:
    """Which come back when they are deleted."""
    folder = f"/api/v1/namespaces/{namespace}"
    first = cluster.api("GET", f"{folder}/serviceaccounts/default")["metadata"]["uid"]
    assert "BEGIN CERTIFICATE" in cluster.api("GET", f"{folder}/configmaps/kube-root-ca.crt")["data"]["ca.crt"]
    cluster.api("DELETE", f"{folder}/serviceaccounts/default")

    def is_another() -> bool:
        found = cluster.find(f"{folder}/serviceaccounts/default")
        return bool(found and found["metadata"]["uid"] != first)

    cluster.wait_for(is_another, what="another account")
