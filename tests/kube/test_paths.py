"""Paths of resources, there and back."""

import pytest

from controller.kube import paths
from controller.kube.paths import Resource, resource_of

APPS = "/apis/apps/v1"
OURS = "/apis/release-coordinator.io/v1alpha1"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"


@pytest.mark.parametrize(
    ("path", "expected", "counted"),
    [
        (paths.PODS.path("shop", "a"), "/api/v1/namespaces/shop/pods/a", "pods"),
        (paths.PODS.path("shop"), "/api/v1/namespaces/shop/pods", "pods"),
        (paths.PODS.path(), "/api/v1/pods", "pods"),
        (
            paths.DEPLOYMENTS.path("shop", "a", "scale"),
            f"{APPS}/namespaces/shop/deployments/a/scale",
            "deployments/scale",
        ),
        (
            paths.RELEASES.path("shop", "a", paths.STATUS),
            f"{OURS}/namespaces/shop/releases/a/status",
            "releases/status",
        ),
        (paths.METRIC_SOURCES.path(name="prom"), f"{OURS}/metricsources/prom", "metricsources"),
        (paths.GATEWAY_CLASSES.path(), "/apis/gateway.networking.k8s.io/v1/gatewayclasses", "gatewayclasses"),
        (
            paths.MUTATING_ADMISSION_POLICIES.path(name="rc"),
            f"{ADMISSION}/mutatingadmissionpolicies/rc",
            "mutatingadmissionpolicies",
        ),
        (Resource("", "v1", "namespaces", namespaced=False).path(name="shop"), "/api/v1/namespaces/shop", "namespaces"),
        ("/version", "/version", "discovery"),
    ],
)
def test_a_resource_has_one_path_and_a_path_one_resource(path: str, expected: str, counted: str) -> None:
    """Core and named groups, collections, objects and subresources; counted without any name in it."""
    assert path == expected
    assert resource_of(path) == counted


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_would_climb_is_refused(name: str) -> None:
    """URL normalisation would turn such a path into another object's."""
    with pytest.raises(ValueError, match="cannot be part of a path"):
        paths.PODS.path("shop", name)
    with pytest.raises(ValueError, match="cannot be part of a path"):
        paths.PODS.path(name, "a")


def test_a_slash_in_a_name_stays_inside_its_segment() -> None:
    """A hostile name cannot reach a subresource or another query."""
    assert paths.PODS.path("shop", "a/../b?x#y") == "/api/v1/namespaces/shop/pods/a%2F..%2Fb%3Fx%23y"


def test_senseless_combinations_are_refused() -> None:
    """A missing namespace must not silently address all of them."""
    with pytest.raises(ValueError, match="needs its namespace"):
        paths.PODS.path(name="a")
    with pytest.raises(ValueError, match="cluster-scoped"):
        paths.GATEWAY_CLASSES.path("shop", "a")
    with pytest.raises(ValueError, match="needs a name"):
        paths.PODS.path("shop", subresource="status")
