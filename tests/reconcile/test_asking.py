"""Which MetricSource and which Job can be asked, what is said where not, and what an alert does to the next question."""

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from controller.clock import Clock
from controller.kube.errors import ApiError, Forbidden, Invalid, NotFound
from controller.metrics.pool import Queries
from controller.reconcile.asking import Asker
from controller.reconcile.cluster import Cluster
from controller.reconcile.memory import Memory
from strategies.spec.release import ReleaseSpec
from strategies.spec.status import Status

SPEC = ReleaseSpec.model_validate({
    "workloadRef": {"name": "shop"},
    "gates": [{"name": "errors", "threshold": {"source": "prometheus", "query": "vector(1)", "max": 2}}],
})  # fmt: skip
AUTHENTICATED = {"address": "http://prometheus:9090", "authentication": {"bearer": {"name": "login", "key": "token"}}}
SECRET = {"data": {"token": base64.b64encode(b"t").decode()}}


@dataclass
class Double:
    """A cluster as far as an Asker looks at it: one MetricSource, and what the API answers when its Secret is read."""

    spec: dict[str, Any] | None
    secret: dict[str, Any] | ApiError = field(default_factory=lambda: SECRET)
    now: float = 0.0
    reads: int = 0

    def __post_init__(self) -> None:
        self.clock = Clock(steady=lambda: self.now)
        self.sources = self.client = self

    def get(self, *path: str) -> dict[str, Any] | None:
        """A MetricSource from the view, or a Secret from the API."""
        if path == ("", "prometheus"):
            return None if self.spec is None else {"metadata": {"resourceVersion": "1"}, "spec": self.spec}
        assert path == ("/api/v1/namespaces/rc/secrets/login",), "a Secret of another name or namespace"
        self.reads += 1
        if isinstance(self.secret, ApiError):
            raise self.secret
        return self.secret

    def asker(self) -> Asker:
        """An Asker that looks at this, for the controller's namespace rc."""
        return Asker(cast("Cluster", self), Queries(), "rc", lambda _: None)


PROBLEMS: dict[str, tuple[dict[str, Any] | None, dict[str, Any] | ApiError, tuple[str, ...]]] = {
    "no MetricSource": (None, SECRET, ("prometheus does not exist", "kubectl get metricsources")),
    "another namespace's": ({"address": "http://p", "namespaces": ["pay-*"]}, SECRET, ("may not be used in namespace shop",)),
    "no Secret": (AUTHENTICATED, NotFound(404, "NotFound", "no"), ("login in namespace rc", "create it with the key token")),
    "no right": (AUTHENTICATED, Forbidden(403, "Forbidden", "no"), ("may not be read", "metricSources.secretNames")),
    "no key": (AUTHENTICATED, {"data": {"other": ""}}, ("has no key token", "add it")),
}


@pytest.mark.parametrize("case", PROBLEMS)
def test_a_source_that_cannot_be_asked_is_told_with_the_remedy(case: str) -> None:
    """By the gate's name; and no value of a Secret is in what is said."""
    spec, secret, words = PROBLEMS[case]
    said = Double(spec, secret).asker().problems(SPEC, "shop")
    assert list(said) == ["errors"]
    assert [w for w in words if w not in said["errors"]] == []


def test_a_missing_secret_is_looked_for_again_soon_and_one_that_was_read_is_trusted_for_a_minute() -> None:
    """Releases that wait for it do not ask the API in every turn, and go on within seconds of its being made."""
    cluster = Double(AUTHENTICATED, NotFound(404, "NotFound", "no"))
    asker = cluster.asker()
    for _ in range(5):
        assert asker.problems(SPEC, "shop")
    assert cluster.reads == 1
    cluster.secret, cluster.now = SECRET, 2.5
    assert [asker.problems(SPEC, "shop") for _ in range(5)] == [{}] * 5
    cluster.now = 60.0
    asker.problems(SPEC, "shop")
    assert cluster.reads == 2
    cluster.now = 63.0
    asker.problems(SPEC, "shop")
    assert cluster.reads == 3


def test_a_job_that_the_api_server_would_refuse_is_told_before_the_start_and_asked_of_once() -> None:
    """By a dry run; a missing right, or no answer, says nothing of the Job."""
    template = {"spec": {"containers": [{"name": "smoke", "image": "smoke:1"}]}}
    spec = ReleaseSpec.model_validate(
        {"workloadRef": {"name": "shop"}, "gates": [{"name": "smoke", "job": {"template": template}}]}
    )
    tried: list[dict[str, Any]] = []

    class Server(Double):
        answer: ApiError | None = Invalid(422, "Invalid", "spec.template.spec.containers[0].image: bad.")

        def create(self, path: str, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
            assert (path, query) == (f"/apis/batch/v1/namespaces/{body['metadata']['namespace']}/jobs", {"dryRun": "All"})
            tried.append(body)
            if self.answer is not None:
                raise self.answer
            return body

    server = Server(None)
    asker = server.asker()
    said = [asker.problems(spec, "shop") for _ in range(3)]
    assert said == [{"smoke": "its Job would be refused: spec.template.spec.containers[0].image: bad. Correct "
                              "spec.gates[smoke].job.template."}] * 3  # fmt: skip
    assert len(tried) == 1
    for answer in (None, Forbidden(403, "Forbidden", "exceeded quota")):
        server.now, server.answer = server.now + 700, answer
        assert [asker.problems(spec, "shop") for _ in range(3)] == [{}] * 3
    assert len(tried) == 3
    assert "is run in the controller's own namespace" in server.asker().problems(spec, "rc")["smoke"]


def test_an_alert_makes_a_threshold_be_asked_now_and_once_until_its_next_time() -> None:
    """However many alerts there are: the same seconds must not count as many bad answers."""
    asked: list[float] = []

    class Recording(Queries):
        def submit(self, *arguments: Any) -> None:  # type: ignore[override]
            asked.append(arguments[3].timestamp())

    server = Double({"address": "http://prometheus:9090"}, now=1003.0)
    server.clock = Clock(wall=lambda: datetime.fromtimestamp(server.now, UTC), steady=lambda: server.now)
    asker = Asker(cast("Cluster", server), Recording(), "rc", lambda _: None)
    memory = Memory(uid="r")

    def turn(*, hurry: bool) -> list[float]:
        memory.hurry = hurry
        asker.ask(("shop", "shop"), SPEC, Status(), ("errors",), memory)
        return asked

    assert turn(hurry=False) == [1000.0]
    assert turn(hurry=False) == [1000.0]
    assert turn(hurry=True) == [1000.0, 1003.0]
    server.now = 1005.0
    assert turn(hurry=True) == [1000.0, 1003.0]
    assert not memory.hurry
    server.now = 1011.0
    assert turn(hurry=False) == [1000.0, 1003.0, 1010.0]


def test_a_clock_that_was_ahead_and_is_set_back_does_not_silence_a_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked about an hour to come is no reason to ask nothing for an hour; the same moment is asked about once."""
    cluster, ahead, asked = Double({"address": "http://prometheus:9090"}), [0.0], list[datetime]()
    began = datetime(2026, 11, 29, tzinfo=UTC)
    cluster.clock = Clock(steady=lambda: cluster.now, wall=lambda: began + timedelta(seconds=cluster.now + ahead[0]))
    asker, memory = cluster.asker(), Memory(uid="r")
    monkeypatch.setattr(asker, "_submit", lambda *told: asked.append(told[4]))
    for second, off in ((0, 0), (0, 0), (10, 3600), (20, 0), (20, 0), (30, 0)):
        cluster.now, ahead[0] = float(second), float(off)
        asker.ask(("shop", "shop"), SPEC, Status(), ("errors",), memory)
    assert [(at - began).total_seconds() for at in asked] == [0, 3610, 20, 30]
