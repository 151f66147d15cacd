"""What the gateway says of routes, and that it says it once."""

from typing import Any

import pytest

from controller.traffic.httproute import HTTPRoute
from playground.traffic.gateway import NAME, NAMESPACE
from tests.playground.nodes.world import ROUTES, World


def conditions(world: World) -> dict[str, dict[str, Any]]:
    """Of the route `shop`, for the playground's Gateway."""
    (parent,) = world.client.get(ROUTES, "shop", "shop")["status"]["parents"]
    return {one["type"]: one for one in parent["conditions"]}


def test_the_class_and_the_gateway_are_there(world: World) -> None:
    """With what the product asks before it uses a feature."""
    (found,) = world.client.list("gatewayclasses.gateway.networking.k8s.io")
    assert [c["status"] for c in found["status"]["conditions"]] == ["True"]
    features = [feature["name"] for feature in found["status"]["supportedFeatures"]]
    assert "HTTPRoute" in features
    assert {"HTTPRouteRequestMirror", "HTTPRouteRequestPercentageMirror"} <= set(features)
    assert "HTTPRoutePathRedirect" not in features
    gateway = world.client.get("gateways.gateway.networking.k8s.io", NAME, NAMESPACE)
    assert {c["type"] for c in gateway["status"]["conditions"] if c["status"] == "True"} == {"Accepted", "Programmed"}


def test_a_route_is_accepted_in_its_present_form(world: World) -> None:
    """observedGeneration follows each change; the product takes the status for an acceptance."""
    world.serve()
    world.serve("shop-candidate", "candidate")
    world.route(("shop", 1))
    world.after(0)
    assert {kind: one["status"] for kind, one in conditions(world).items()} == {"Accepted": "True", "ResolvedRefs": "True"}
    world.reroute(("shop", 9500), ("shop-candidate", 500))
    world.after(0)
    route = world.client.get(ROUTES, "shop", "shop")
    assert {one["observedGeneration"] for one in conditions(world).values()} == {route["metadata"]["generation"]} == {2}
    split = HTTPRoute().read(route, frozenset({"shop"}))
    assert (getattr(split, "weight", None), getattr(split, "accepted", None)) == (5, True)


def test_a_backend_that_is_missing_is_named_until_it_comes(world: World) -> None:
    """ResolvedRefs turns as the Service does."""
    world.route(("shop", 1))
    world.after(0)
    found = conditions(world)["ResolvedRefs"]
    assert (found["status"], found["reason"], found["message"]) == ("False", "BackendNotFound", 'Service "shop" not found')
    world.serve()
    world.after(0)
    assert conditions(world)["ResolvedRefs"]["status"] == "True"
    world.client.delete("services", "shop", "shop")
    world.after(0)
    assert conditions(world)["ResolvedRefs"]["status"] == "False"


@pytest.mark.parametrize(("change", "kind", "reason"), [
    ({"rules": [{"backendRefs": [{"name": "shop", "port": 81}]}]}, "ResolvedRefs", "BackendNotFound"),
    ({"rules": [{"backendRefs": [{"name": "shop", "port": 80, "namespace": "other"}]}]}, "ResolvedRefs", "RefNotPermitted"),
    ({"rules": [{"backendRefs": [{"name": "shop", "kind": "Bucket", "group": "x.io"}]}]}, "ResolvedRefs", "InvalidKind"),
    ({"rules": [{"filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}]}]},
     "Accepted", "UnsupportedValue"),
    ({"rules": [{"backendRefs": [{"name": "shop", "port": 80}], "timeouts": {"request": "1s"}}]}, "Accepted", "UnsupportedValue"),
    ({"parentRefs": [{"name": NAME, "namespace": NAMESPACE, "sectionName": "other"}]}, "Accepted", "NoMatchingParent"),
])  # fmt: skip
def test_what_cannot_be_done_is_not_accepted(world: World, change: dict[str, Any], kind: str, reason: str) -> None:
    """And the users see it, too."""
    world.serve()
    world.run("one")
    world.route(("shop", 1))
    world.client.patch(ROUTES, "shop", "shop", {"spec": change})
    world.after(10)
    found = conditions(world)[kind]
    assert (found["status"], found["reason"]) == ("False", reason)
    seen = world.users.report("shop", "shop")
    assert seen.requests == seen.errors


def test_a_listener_for_its_own_namespace_takes_no_other_routes(world: World) -> None:
    """allowedRoutes is obeyed."""
    listeners = [{"name": "web", "port": 80, "protocol": "HTTP"}]
    world.client.patch("gateways.gateway.networking.k8s.io", NAME, NAMESPACE, {"spec": {"listeners": listeners}})
    world.serve()
    world.route(("shop", 1))
    world.after(1)
    assert conditions(world)["Accepted"]["reason"] == "NotAllowedByListeners"


def test_what_other_controllers_said_is_kept(world: World) -> None:
    """Each writes its own parents only."""
    world.serve()
    world.route(("shop", 1))
    world.after(0)
    theirs = {"parentRef": {"name": "mesh"}, "controllerName": "example.com/mesh", "conditions": []}
    ours = world.client.get(ROUTES, "shop", "shop")["status"]["parents"]
    world.client.patch(ROUTES, "shop", "shop", {"status": {"parents": [*ours, theirs]}}, "merge", "status")
    world.reroute(("shop", 7))
    world.after(0)
    parents = world.client.get(ROUTES, "shop", "shop")["status"]["parents"]
    assert [one["controllerName"] for one in parents] == ["example.com/mesh", ours[0]["controllerName"]]


def test_routes_that_stay_as_they_are_are_not_written(world: World) -> None:
    """Nor is the Gateway, however many requests pass."""
    world.serve()
    world.run("one")
    world.route(("shop", 1))
    world.after(5)
    world.writes.clear()
    world.after(600)
    assert world.writes == []
