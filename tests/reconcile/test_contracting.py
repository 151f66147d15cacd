"""Which pods are asked for their contracts, and what is made of what they serve."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from controller.contracts import openapi
from controller.contracts.program import NotCompared
from controller.kube.errors import ApiError, Forbidden
from controller.metrics.document import Place
from controller.metrics.pool import Queries
from controller.reconcile import contracting
from controller.reconcile.cluster import Cluster
from controller.reconcile.contracting import BOUNDS, Comparer
from strategies.analysis.verdict import Unknown
from strategies.world.observation import Differing

Object = dict[str, Any]
AT = datetime(2026, 1, 1, tzinfo=UTC)
PATHS = {"stable": ("/orders", "/carts"), "candidate": ("/orders", "/items")}


def pod(name: str, side: str, *, ready: bool = True, address: str = "10.0.0.1", **spec: Any) -> Object:
    """A pod of a side's ReplicaSet."""
    owner = {"controller": True, "kind": "ReplicaSet", "name": f"shop-{side}", "uid": side}
    return {
        "metadata": {"name": name, "ownerReferences": [owner], "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"containers": [{"name": "app", "ports": [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 8080}]}],
                 **spec},
        "status": {"podIP": address, "conditions": [{"type": "Ready", "status": str(ready)}]},
    }  # fmt: skip


def document(*paths: str) -> str:
    """An OpenAPI document with these paths."""
    gets = {path: {"get": {"responses": {"200": {"description": "ok"}}}} for path in paths}
    return json.dumps({"openapi": "3.0.3", "info": {"title": "shop", "version": "1"}, "paths": gets})


@dataclass
class Double:
    """A cluster with pods, each of which serves its side's document."""

    pods: dict[str, list[Object] | ApiError]
    served: dict[str, str | Unknown] = field(default_factory=lambda: {k: document(*v) for k, v in PATHS.items()})
    asked: list[Place] = field(default_factory=list)
    policies: list[Object] = field(default_factory=list)
    listed: bool = True

    def __post_init__(self) -> None:
        self.client = self
        self.comparer = Comparer(cast("Cluster", self), cast("Queries", self), lambda _: None)

    @property
    def release_policies(self) -> Any:
        """The view of them."""
        return SimpleNamespace(synced=self.listed, list=lambda: self.policies)

    def list(self, path: str, query: dict[str, str]) -> tuple[list[Object], str]:
        """The pods of a revision."""
        assert path == "/api/v1/namespaces/prod/pods"
        found = self.pods[query["labelSelector"].removeprefix("pod-template-hash=")]
        if isinstance(found, ApiError):
            raise found
        return found, "1"

    def fetch(self, place: Place, seconds: float) -> str | Unknown:
        """What the pod serves."""
        assert seconds == 3
        self.asked.append(place)
        return self.served["stable" if "(stable)" in place.whose else "candidate"]

    def compare(self, tries: int = 0, port: int | None = None) -> Differing | Unknown:
        """Ask as a lane does."""
        sides = {side: {"hash": side, "replicaSet": f"shop-{side}", "version": ""} for side in PATHS}
        question = {"contract": "api", "namespace": "prod", "path": "/openapi.json", "port": port, "seconds": 3, "try": tries}
        return self.comparer.query(json.dumps(question | sides), AT)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Double:
    """With one ready pod on each side."""
    made = Double({side: [pod(f"{side}-1", side)] for side in PATHS})
    monkeypatch.setattr(contracting, "fetch", made.fetch)
    return made


@pytest.mark.usefixtures("oasdiff")
def test_one_ready_pod_of_each_side_is_asked_and_the_documents_compared(world: Double) -> None:
    """At the first TCP port that is declared, unless the gate names one."""
    found = world.compare()
    assert found == Differing(breaking=("GET /carts: api path removed without deprecation",), breaks=1, additions=1, at=AT)
    assert [(p.url, p.whose) for p in world.asked] == [
        ("http://10.0.0.1:8080/openapi.json", "pod stable-1 (stable)"),
        ("http://10.0.0.1:8080/openapi.json", "pod candidate-1 (candidate)"),
    ]
    world.compare(port=9000)
    assert world.asked[-1].port == 9000


@pytest.mark.usefixtures("oasdiff")
def test_what_is_deprecated_has_to_outlive_the_longest_period_of_the_namespaces_policies(world: Double) -> None:
    """Where none has one, a deprecation breaks nothing."""
    deprecated = document("/orders").replace('"get": {', '"get": {"deprecated": true, ')
    world.served = {"stable": document("/orders"), "candidate": deprecated}
    assert world.compare() == Differing(breaking=(), breaks=0, additions=1, at=AT)
    world.policies = [policy("a", deprecationDays=30), policy("b", deprecationDays=90),
                      policy("c", deprecationDays=365, namespaces=["store"])]  # fmt: skip
    said = "GET /orders: sunset date is missing for deprecated API; ReleasePolicy b asks for an x-sunset at least 90 days ahead"
    assert world.compare() == Differing(breaking=(said,), breaks=1, additions=0, at=AT)


def test_without_the_policies_nobody_is_asked(world: Double) -> None:
    """Neither while they have not been listed, nor with one that cannot be understood."""
    world.listed = False
    assert "releasepolicies could not be listed yet" in str(world.compare())
    world.listed, world.policies = True, [policy("broken", deprecationDays="soon")]
    assert "ReleasePolicy broken cannot be understood" in str(world.compare())
    assert world.asked == []


def policy(name: str, **spec: Any) -> Object:
    """A ReleasePolicy."""
    return {"metadata": {"name": name}, "spec": spec}


STRANGERS = {
    "one that is not ready": pod("a", "candidate", ready=False),
    "one of another ReplicaSet": pod("a", "other"),
    "one on its node's network": pod("a", "candidate", hostNetwork=True),
    "one without an address": pod("a", "candidate", address=""),
    "one that is going": {**pod("a", "candidate"), "metadata": {**pod("a", "candidate")["metadata"], "deletionTimestamp": "x"}},
}


@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS.keys())
def test_no_other_pod_is_asked(world: Double, stranger: Object) -> None:
    """A label alone makes no pod the candidate's; a node's address leads to what is not the Release's."""
    world.pods["candidate"] = [stranger]
    found = world.compare()
    assert isinstance(found, Unknown)
    assert found.message == "candidate has no ready pod in the pod network that could be asked"


def test_another_pod_is_asked_each_time_that_it_was_in_vain(world: Double) -> None:
    """One that hangs does not keep the others from answering."""
    world.pods["stable"] = [pod(f"s{number}", "stable") for number in range(3)]
    world.served["stable"] = Unknown(reason="Timeout", message="no")
    for tries in range(4):
        assert world.compare(tries) == world.served["stable"]
    assert [place.whose for place in world.asked] == [f"pod s{number} (stable)" for number in (0, 1, 2, 0)]


def test_pods_that_cannot_be_listed_and_ports_that_nobody_declares_are_told(world: Double) -> None:
    """With the remedy."""
    world.pods["candidate"][0]["spec"]["containers"] = [{"name": "app"}]  # type: ignore[index]
    assert "write it into the gate's contract.port" in str(world.compare())
    world.pods["stable"] = Forbidden(403, "Forbidden", "no")
    assert "the pods of stable could not be listed" in str(world.compare())


_BOMB = "openapi: 3.0.3\ninfo: {title: a, version: '1'}\npaths: {}\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n" + "".join(
    f"x{number}: &x{number} [{', '.join([f'*x{number - 1}'] * 10)}]\n" for number in range(1, 10)
)
HOSTILE = {
    "no JSON and no YAML": "<html>",
    "another kind": '{"swagger": "2.0"}',
    "nothing": "",
    "deep": f'{{"openapi": "3.0.3", "x": {"[" * 100_000}{"]" * 100_000}}}',
    "aliases of aliases": _BOMB,
    "a reference to elsewhere": '{"openapi": "3.0.3", "info": {"title": "a", "version": "1"}, "paths": {"/a": {"$ref": "old"}}}',
    "null bytes": "\x00" * 1000,
}


@pytest.mark.usefixtures("oasdiff")
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_document_is_inconclusive_and_takes_no_more_than_it_may(world: Double, text: str) -> None:
    """Whichever side serves it: no pass, no failure, and the reason."""
    for side in PATHS:
        world.served = {**{k: document(*v) for k, v in PATHS.items()}, side: text}
        found = world.compare()
        assert isinstance(found, Unknown), found
        assert found.reason == "NotCompared"


@pytest.mark.usefixtures("oasdiff")
def test_two_documents_of_the_largest_size_are_compared_within_the_bounds(
    world: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nearly 1 MiB each, and 250 parameters have another type. Of the bounds memory and answer: time is the machine's."""
    monkeypatch.setattr(contracting, "BOUNDS", replace(BOUNDS, seconds=600))

    def get(kind: str) -> Object:
        parameters = [{"name": f"q{n}", "in": "query", "schema": {"type": kind}} for n in range(5)]
        return {"get": {"parameters": parameters, "responses": {"200": {"description": "ok"}}}}

    def large(kind: str) -> str:
        paths = {f"/p{number}": get(kind if number < 50 else "string") for number in range(2600)}
        return json.dumps({"openapi": "3.0.3", "info": {"title": "a", "version": "1"}, "paths": paths})

    world.served = {"stable": large("string"), "candidate": large("integer")}
    assert 900_000 < len(large("string")) < 2**20
    found = world.compare()
    assert isinstance(found, Differing), found
    assert found.breaks == 250
    assert len(found.breaking) == 100


@pytest.mark.usefixtures("oasdiff")
def test_what_breaks_is_found_among_more_additions_than_can_be_listed(world: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what only a policy forbids: to remove what was deprecated without a date."""
    monkeypatch.setattr(contracting, "BOUNDS", replace(BOUNDS, output=2**14))
    deprecated = document("/orders", "/carts").replace('"get": {', '"get": {"deprecated": true, ')
    world.served = {"stable": deprecated, "candidate": document("/orders", *(f"/new/{number}" for number in range(200)))}
    assert world.compare() == Differing(breaking=(), breaks=0, additions=None, at=AT)
    world.policies = [policy("a", deprecationDays=30)]
    said = "GET /carts: api path removed with deprecation; ReleasePolicy a asks for an x-sunset at least 30 days ahead"
    assert world.compare() == Differing(breaking=(said,), breaks=1, additions=None, at=AT)


def test_without_the_tool_there_is_a_problem_before_any_release_starts(world: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to build; and while one runs it is no pass."""
    monkeypatch.setattr(openapi, "find", _nowhere)
    monkeypatch.setattr(contracting, "find", _nowhere)
    assert "make image CONTRACTS=1" in str(world.comparer.problem())
    assert "not compared" in str(world.compare())


def _nowhere(*_: object) -> str:
    raise NotCompared("not compared, as it is nowhere")


def test_what_it_may_take_leaves_the_controller_its_own() -> None:
    """The chart gives 640 MiB, of which a controller with a thousand releases uses 300."""
    assert BOUNDS.memory <= (640 - 300) * 2**20
