"""What the command line knows of mirrors, which decides what a review says that Auto will do."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from controller.cli.access import Access
from controller.cli.mirrored import why_not
from controller.kube.errors import Forbidden, NotFound
from strategies.spec.release import ReleaseSpec

ROUTE = {
    "metadata": {"name": "shop", "namespace": "prod"},
    "spec": {"parentRefs": [{"name": "edge"}],
             "rules": [{"matches": [{"method": "GET"}], "backendRefs": [{"name": "shop", "port": 80}]}]},
}  # fmt: skip
ANY_METHOD = {**ROUTE, "spec": {**ROUTE["spec"], "rules": [{"backendRefs": [{"name": "shop", "port": 80}]}]}}
REFUSED, MISSING = Forbidden(403, "Forbidden", "no"), NotFound(404, "NotFound", "none")
FEATURES = ["HTTPRoute", "HTTPRouteRequestMirror"]


def told(route: Any, features: Any = FEATURES, *, services: tuple[str, ...] | None = ("shop",), **spec: Any) -> str | None:
    """What is said of a Release of type Auto with this route, to somebody who gets these answers."""
    listed = features if isinstance(features, Exception) else {"status": {"supportedFeatures": [{"name": f} for f in features]}}
    answers = {"httproutes": route, "gateways": {"spec": {"gatewayClassName": "edge"}}, "gatewayclasses": listed}

    def get(path: str) -> Any:
        answer = answers[path.split("/")[-2]]
        if isinstance(answer, Exception):
            raise answer
        return answer

    access = cast(Access, SimpleNamespace(client=SimpleNamespace(get=get), namespace="prod"))
    whole = {"workloadRef": {"name": "shop"}, "strategy": {"type": "Auto"}, "traffic": {"httpRoute": {"name": "shop"}}, **spec}
    return why_not(access, ReleaseSpec.model_validate(whole), services)


@pytest.mark.parametrize(("given", "words"), [
    ({"route": ROUTE, "features": ["HTTPRoute"]}, "does not list the feature HTTPRouteRequestMirror"),
    ({"route": ANY_METHOD}, "takes requests of every method"),
    ({"route": ROUTE, "traffic": {}}, "No route is named"),
])  # fmt: skip
def test_it_says_what_the_controller_will_say(given: dict[str, Any], words: str) -> None:
    """From the route, and the class of its gateway."""
    assert words in (told(**given) or "")


@pytest.mark.parametrize("given", [
    {"route": ROUTE}, {"route": REFUSED}, {"route": MISSING}, {"route": ROUTE, "features": REFUSED},
    {"route": ROUTE, "services": None}, {"route": ROUTE, "services": ("other",)},
])  # fmt: skip
def test_what_can_be_mirrored_or_cannot_be_seen_is_no_objection(given: dict[str, Any]) -> None:
    """The controller looks again before it starts."""
    assert told(**given) is None
