"""A large contract of the real world: Kubernetes' own OpenAPI of two minor versions, whose documents the test reads, too."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from controller.cli.contracts import compare
from controller.contracts import openapi
from controller.contracts.program import AT_A_TERMINAL
from controller.reconcile import contracting
from controller.reconcile.contracting import BOUNDS
from strategies.spec.change import Change
from strategies.world.observation import Differing
from tests.controlplane import binaries
from tests.reconcile.test_contracting import PATHS, Double, pod
from tests.review.subjects import FEATURE, TODAY

pytestmark = pytest.mark.usefixtures("oasdiff")
APPS, CERTIFICATES, STORAGE = "apis__apps__v1", "apis__certificates.k8s.io__v1", "apis__storage.k8s.io__v1"
CORE = "api__v1"
METHODS = {"get", "put", "post", "patch", "delete"}
Gate = Callable[[str, str], Differing]


@pytest.fixture(scope="module")
def texts() -> Callable[[str], tuple[str, str]]:
    """An API's document before, and one minor version later. They are fetched if `make provision` has not done so."""
    try:
        before, after = binaries.folder(binaries.OPENAPI_BEFORE), binaries.folder(binaries.OPENAPI)
    except binaries.Missing as problem:
        pytest.skip(f"NOT RUN: {problem}")
    return lambda name: ((before / f"{name}_openapi.json").read_text(), (after / f"{name}_openapi.json").read_text())


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """What the gate finds in pods that serve these, within its bounds of memory and answer: time is the machine's."""
    world = Double({side: [pod(f"{side}-1", side)] for side in PATHS})
    monkeypatch.setattr(contracting, "fetch", world.fetch)
    monkeypatch.setattr(contracting, "BOUNDS", replace(BOUNDS, seconds=600))

    def found(stable: str, candidate: str) -> Differing:
        world.served = {"stable": stable, "candidate": candidate}
        answer = world.compare()
        assert isinstance(answer, Differing), answer
        return answer

    return found


def operations(document: str) -> set[str]:
    """As findings begin: `GET /apis/apps/v1/deployments`."""
    paths = json.loads(document)["paths"]
    return {f"{method.upper()} {path}" for path, item in paths.items() for method in METHODS & item.keys()}


def required(document: str, schema: str) -> set[str]:
    """The fields of a schema that are always there."""
    return set(json.loads(document)["components"]["schemas"][schema]["required"])


def test_what_breaks_in_the_largest_document_is_found_by_gate_and_review_in_the_same_words(
    texts: Callable[[str], tuple[str, str]], gate: Gate
) -> None:
    """Nearly 1 MiB each, whose nearly 30,000 differences are more than the gate has room for: each break has its operation."""
    old, new = texts(APPS)
    lost = required(old, "io.k8s.api.apps.v1.ControllerRevision") - required(new, "io.k8s.api.apps.v1.ControllerRevision")
    assert lost == {"revision"}, "the documents are not those that this test knows"
    found = gate(old, new)
    said = "GET /apis/apps/v1/controllerrevisions: the response property items/items/revision became optional for the status 200"
    assert any(each.startswith(said) for each in found.breaking)
    assert {each.partition(": ")[0] for each in found.breaking} <= operations(old)
    assert found.additions is None
    breaking, safe = openapi.compare(old, new, replace(AT_A_TERMINAL, seconds=600))
    assert len(breaking) == found.breaks
    assert set(found.breaking) <= set(breaking)
    assert len(safe) > 20_000


def test_a_minor_version_that_only_adds_passes_and_the_way_back_misses_what_it_added(
    texts: Callable[[str], tuple[str, str]], gate: Gate
) -> None:
    """Exactly the operations that only the newer document has."""
    for name in (STORAGE, CERTIFICATES):
        old, new = texts(name)
        added = operations(new) - operations(old)
        assert added
        assert not operations(old) - operations(new)
        found = gate(old, new)
        assert (found.breaking, found.breaks) == ((), 0)
        assert found.additions is not None
        assert found.additions >= len(added)
        back = {each.removesuffix(": api path removed without deprecation") for each in gate(new, old).breaking}
        assert added <= back
        assert {each for each in back if ": " not in each} == added


def test_a_document_that_is_larger_than_it_may_be_is_told(texts: Callable[[str], tuple[str, str]]) -> None:
    """The core's has 2 MB; no ConfigMap could hold it."""
    old, new = texts(CORE)
    change = Change.model_validate({**FEATURE, "contracts": [{"configMap": "api"}]})
    (found,) = compare(change, lambda _: old, lambda _: new, TODAY, None)
    assert found.problem == "the older one is larger than the 1 MiB that a ConfigMap can hold"
