"""Whether a route's gateways can do what a release needs, asked before it starts: a feature that a class does not list may be
"Accepted" all the same and stop the whole route. Only what a gateway is keeps a release from starting for good; that one could
not be read just now is unknown, and says nothing about it.
"""

from dataclasses import dataclass
from typing import Any

from controller.kube import paths
from controller.kube.client import Client
from controller.kube.errors import ApiError, Forbidden, NotFound
from strategies.analysis.verdict import Unknown

Object = dict[str, Any]
NEEDED = "HTTPRoute"
"""Weighted backendRefs are part of the core of HTTPRoute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateways:
    """Those of a route: what is wrong with them, with the remedy, and the features that the classes of all of them list."""

    problem: str | Unknown | None = None
    features: frozenset[str] = frozenset()


def look(client: Client, route: Object) -> Gateways:
    """At the gateways that the route names; no problem when they can split its traffic."""
    listed: list[frozenset[str]] = []
    namespace = route["metadata"]["namespace"]
    for parent in route["spec"].get("parentRefs") or []:
        if parent.get("kind", "Gateway") != "Gateway":
            continue
        name, where = parent["name"], parent.get("namespace", namespace)
        try:
            gateway = client.get(paths.GATEWAYS.path(where, name))
            class_name = gateway["spec"]["gatewayClassName"]
            found = client.get(paths.GATEWAY_CLASSES.path(None, class_name))
        except NotFound as error:
            gone = f"Gateway {where}/{name} of the route, or its class, does not exist: {error}. Correct the route's parentRefs."
            return Gateways(problem=gone)
        except Forbidden as error:
            return Gateways(problem=f"Gateway {where}/{name} of the route may not be read: {error}. See the chart's roles.")
        except ApiError as error:
            unread = f"Gateway {where}/{name} of the route could not be read: {error}."
            return Gateways(problem=Unknown(reason=error.reason, message=unread))
        named = (found.get("status") or {}).get("supportedFeatures") or []
        listed.append(frozenset(str(each if isinstance(each, str) else each.get("name")) for each in named))
        # A class that lists nothing says nothing.
        if listed[-1] and NEEDED not in listed[-1]:
            return Gateways(
                problem=f"GatewayClass {class_name} does not list the feature {NEEDED}, so it cannot split traffic by weight; "
                "use another gateway, or leave out spec.traffic.httpRoute."
            )
    return Gateways(features=frozenset.intersection(*listed) if listed else frozenset())
