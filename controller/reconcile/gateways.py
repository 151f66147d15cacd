"""Whether a route's gateways can do what a release needs, asked before it starts: a feature that a class does not list may be
"Accepted" all the same and stop the whole route. Only what a gateway is keeps a release from starting for good; that one could
not be read just now is unknown, and says nothing about it.
"""

from typing import Any

from controller.kube import paths
from controller.kube.client import Client
from controller.kube.errors import ApiError, Forbidden, NotFound
from strategies.analysis.verdict import Unknown

Object = dict[str, Any]
NEEDED = "HTTPRoute"
"""Weighted backendRefs are part of the core of HTTPRoute."""


def problem(client: Client, route: Object) -> str | Unknown | None:
    """What is wrong with the gateways that the route names, with the remedy; None when they can split its traffic."""
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
            return f"Gateway {where}/{name} of the route, or its class, does not exist: {error}. Correct the route's parentRefs."
        except Forbidden as error:
            return f"Gateway {where}/{name} of the route may not be read: {error}. See the chart's roles."
        except ApiError as error:
            return Unknown(reason=error.reason, message=f"Gateway {where}/{name} of the route could not be read: {error}.")
        features = [
            f if isinstance(f, str) else f.get("name") for f in (found.get("status") or {}).get("supportedFeatures") or []
        ]
        # A class that lists nothing says nothing.
        if features and NEEDED not in features:
            return (
                f"GatewayClass {class_name} does not list the feature {NEEDED}, so it cannot split traffic by weight; "
                "use another gateway, or leave out spec.traffic.httpRoute."
            )
    return None
