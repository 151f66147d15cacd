"""Whether a route's gateways will do: what is wrong with them is told, what could not be read is unknown and asked again."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import Any, cast

import pytest

from controller.kube import errors, paths
from controller.reconcile.memory import Memory
from controller.reconcile.traffic import Look, read_traffic
from strategies.analysis.verdict import Unknown
from strategies.spec.phase import Phase
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Status
from strategies.world.observation import Route

Object = dict[str, Any]
NOT_NOW = errors.Unavailable(500, "InternalError", "etcdserver: request timed out")
NO_ANSWER = errors.Unreachable("Timeout", "no answer in 15 s")
MISSING = errors.NotFound(404, "NotFound", "no such gateway")
REFUSED = errors.Forbidden(403, "Forbidden", "cannot get resource gateways")
GATEWAY, CLASS = {"spec": {"gatewayClassName": "edge"}}, {"status": {"supportedFeatures": [{"name": "HTTPRoute"}]}}
MIRRORING: Object = {"status": {"supportedFeatures": [{"name": "HTTPRoute"}, {"name": "HTTPRouteRequestMirror"}]}}
UNABLE: Object = {"status": {"supportedFeatures": [{"name": "TLSRoute"}]}}
SERVICE: Object = {"metadata": {"name": "shop", "namespace": "prod"}, "spec": {"selector": {"app": "shop"}}}
ROUTE: Object = {
    "metadata": {"name": "shop", "namespace": "prod", "resourceVersion": "7"},
    "spec": {"parentRefs": [{"name": "edge"}], "rules": [{"backendRefs": [{"name": "shop", "port": 80}]}]},
}
SPEC = {"workloadRef": {"name": "shop"}, "strategy": {"type": "Canary"}, "traffic": {"httpRoute": {"name": "shop"}}}


@dataclass
class Double:
    """A namespace with a route, and an API server that answers live reads with these, in turn."""

    answers: list[Object | Exception]
    objects: dict[str, list[Object]] = field(default_factory=lambda: {"services": [SERVICE], "httproutes": [ROUTE]})

    def follow(self, resource: paths.Resource) -> "Double":
        """The view of a resource."""
        view = Double([], {"": self.objects.get(resource.plural, [])})
        view.synced, view.store = Event(), view  # type: ignore[attr-defined]
        view.synced.set()  # type: ignore[attr-defined]
        return view

    def list(self, _: str) -> list[Object]:
        """All of a view."""
        return self.objects[""]

    def get(self, path: str, name: str = "") -> Object | None:
        """One of a view, or a live read."""
        if name:
            return next((o for o in self.objects[""] if o["metadata"]["name"] == name), None)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def routes(*answers: Object | Exception, times: int, spec: Object = SPEC, phase: Phase = Phase.HEALTHY) -> list[Route]:
    """The route in so many turns in a row; all answers are asked for, and no more."""
    double, memory = Double(list(answers)), Memory(uid="r")
    raw = {"spec": {"template": {"metadata": {"labels": {"app": "shop"}}}}}
    look = Look(client=cast("Any", double), views=cast("Any", double), namespace="prod", raw=raw, memory=memory,
                spec=ReleaseSpec.model_validate(spec), status=Status(phase=phase),
                now=datetime(2026, 11, 29, tzinfo=UTC))  # fmt: skip
    seen = [read_traffic(look, ()).route for _ in range(times)]
    assert not double.answers
    return [route for route in seen if isinstance(route, Route)]


def looks(*answers: Object | Exception, times: int) -> list[str | Unknown | None]:
    """The route's problem in so many turns."""
    return [route.problem for route in routes(*answers, times=times)]


@pytest.mark.parametrize("failures", [[NOT_NOW], [NO_ANSWER, GATEWAY, NOT_NOW]], ids=["its gateway", "then its class"])
def test_a_gateway_that_could_not_be_read_is_unknown_and_asked_again(failures: list[Object | Exception]) -> None:
    """Nobody has to touch the route; and what is known to do is not asked for again."""
    times = sum(isinstance(f, Exception) for f in failures)
    *before, good, again = looks(*failures, GATEWAY, CLASS, times=times + 2)
    assert [isinstance(b, Unknown) for b in before] == [True] * times
    assert (good, again) == (None, None)


@pytest.mark.parametrize(("failure", "remedy"), [(MISSING, "Correct the route's parentRefs"), (REFUSED, "See the chart's roles")])
def test_a_gateway_that_is_missing_is_a_problem_until_it_is_made(failure: Exception, remedy: str) -> None:
    """No view tells that it was."""
    problem, good = looks(failure, GATEWAY, CLASS, times=2)
    assert remedy in str(problem)
    assert good is None


def test_a_class_that_cannot_split_traffic_is_a_problem() -> None:
    """It would accept the route all the same."""
    (problem,) = looks(GATEWAY, UNABLE, times=1)
    assert "GatewayClass edge does not list the feature HTTPRoute" in str(problem)


def test_a_class_that_comes_to_list_what_a_shadow_needs_lets_it_go_on() -> None:
    """Its gateway was upgraded, or an administrator says what it can: nobody has to touch the route."""
    spec = SPEC | {"strategy": {"type": "Shadow", "shadow": {"idempotent": True}}}
    turns = routes(GATEWAY, CLASS, GATEWAY, MIRRORING, times=3, spec=spec, phase=Phase.BLOCKED)
    lacking, *good = [route.unmirrored for route in turns]
    assert "does not list the feature HTTPRouteRequestMirror" in str(lacking)
    assert good == [None, None]


def test_a_release_that_is_not_kept_asks_once_what_its_gateways_can() -> None:
    """Releases at rest, and those for which Auto takes something else, cost no reads."""
    spec = SPEC | {"strategy": {"type": "Auto"}}
    assert len({route.unmirrored for route in routes(GATEWAY, CLASS, times=3, spec=spec)}) == 1
