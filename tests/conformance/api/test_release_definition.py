"""The product's own Release: what its definition refuses at `kubectl apply`, by schema and by CEL, and what it fills in.

The verdict and the field are compared, and the wording where it is ours; how the API server words its own rules is its affair.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.conformance.api.calls import Api, Object, causes, refusal
from tests.conformance.api.conftest import DEFINITIONS, served
from tests.controlplane.cluster import Cluster

ROOT = Path(__file__).parents[3]
RELEASES = ROOT / "charts" / "release-coordinator" / "templates" / "crds" / "releases.yaml"
EXAMPLES = sorted(ROOT.glob("examples/*/release.yaml"))
pytestmark = pytest.mark.usefixtures("definition")


@pytest.fixture(scope="module")
def definition(cluster: Cluster) -> Iterator[None]:
    """The definition of Release is served; taken away again if it was not there, so that Helm can bring its own."""
    body = yaml.safe_load(RELEASES.read_text(encoding="utf-8"))
    name = body["metadata"]["name"]
    mine = cluster.find(f"{DEFINITIONS}/{name}") is None
    if mine:
        cluster.api("POST", DEFINITIONS, body)
    cluster.wait_for(lambda: served(cluster, "/apis/release-coordinator.io/v1alpha1/releases"), what="releases are served")
    yield
    if mine:
        cluster.api("DELETE", f"{DEFINITIONS}/{name}")
        cluster.wait_for(lambda: cluster.find(f"{DEFINITIONS}/{name}") is None, what="the definition is gone")


def release(**spec: object) -> Object:
    """A Release of Deployment r."""
    wanted = {"workloadRef": {"name": "r"}, **spec}
    return {"apiVersion": "release-coordinator.io/v1alpha1", "kind": "Release", "metadata": {"name": "r"}, "spec": wanted}


def steps(*weights: int, **first: object) -> Object:
    """A canary's strategy; `first` is more of its first step."""
    made: list[Object] = [{"weight": weight} for weight in weights]
    if made:
        made[0] |= first
    return {"type": "Canary", "canary": {"steps": made}}


def gates(*names: str, **changes: object) -> list[Object]:
    """Gates with a maximum of 2."""
    threshold = {"query": "vector(1)", "max": 2, **changes}
    return [{"name": name, "threshold": {k: v for k, v in threshold.items() if v is not None}} for name in names]


STEPS = "spec.strategy.canary.steps"
THRESHOLD = "spec.gates[0].threshold"
OURS: dict[str, tuple[Object, str, str]] = {
    "weights that fall": ({"strategy": steps(50, 20, 100)}, "spec.strategy.canary", "weights must rise from step to step"),
    "a weight twice": ({"strategy": steps(5, 5, 100)}, "spec.strategy.canary", "each weight once"),
    "steps that never end": ({"strategy": steps(5, 25)}, "spec.strategy.canary", "add a last step of weight 100"),
    "min above max": ({"gates": gates("g", min=3)}, THRESHOLD, "min must not be above max; exchange them"),
    "a gate without limits": ({"gates": gates("g", max=None)}, THRESHOLD, "set min, max or both"),
    "a gate without a question": ({"gates": [{"name": "g"}]}, "spec.gates[0]", "a gate asks one question; write one of"),
    "an interval too short": ({"gates": gates("g", interval="100ms")}, THRESHOLD, "interval must be at least 1s"),
    "two gates of one name": ({"gates": gates("g", "g")}, "spec", "each gate needs a name of its own"),
}
SCHEMA: dict[str, tuple[Object, str, str]] = {
    "no workload": ({"workloadRef": None}, "FieldValueRequired", "spec.workloadRef"),
    "a weight above 100": ({"strategy": steps(50, 120)}, "FieldValueInvalid", f"{STEPS}[1].weight"),
    "no steps": ({"strategy": steps()}, "FieldValueInvalid", STEPS),
    "a duration that is none": ({"strategy": steps(5, 100, duration="soon")}, "FieldValueInvalid", f"{STEPS}[0].duration"),
    "another kind of strategy": ({"strategy": {"type": "Yolo"}}, "FieldValueNotSupported", "spec.strategy.type"),
    "another workload": ({"workloadRef": {"kind": "Job", "name": "x"}}, "FieldValueNotSupported", "spec.workloadRef.kind"),
}


@pytest.mark.parametrize("mistake", OURS)
def test_our_rules_refuse_with_what_to_write_instead(api: Api, mistake: str) -> None:
    """CEL, evaluated by the API server."""
    spec, field, said = OURS[mistake]
    failure = refusal(lambda: api.create("releases", release(**spec)))
    assert failure.status == 422
    assert [where for _, where in causes(failure)] == [field]
    assert said in failure.message


@pytest.mark.parametrize("mistake", SCHEMA)
def test_the_schema_refuses_with_the_field(api: Api, mistake: str) -> None:
    """Bounds, patterns and lists of values."""
    spec, reason, field = SCHEMA[mistake]
    failure = refusal(lambda: api.create("releases", release(**spec)))
    assert failure.status == 422
    assert (reason, field) in causes(failure)


def test_the_workload_of_a_release_cannot_change(api: Api) -> None:
    """A rule over old and new; everything else may."""
    api.create("releases", release())
    failure = refusal(lambda: api.merge("releases", "r", {"spec": {"workloadRef": {"name": "other"}}}))
    assert "workloadRef cannot change; create another Release instead" in failure.message
    assert api.merge("releases", "r", {"spec": {"strategy": steps(10, 100)}})["metadata"]["generation"] == 2


def test_a_release_is_filled_with_its_defaults(api: Api) -> None:
    """What the author leaves out stands in the object, for everybody to read."""
    spec = api.create("releases", release(gates=gates("g")))["spec"]
    assert spec["workloadRef"] == {"kind": "Deployment", "name": "r"}
    assert spec["gates"][0]["threshold"]["failures"] >= 1
    assert spec["gates"][0]["threshold"]["interval"].endswith("s")


def test_a_status_belongs_to_its_writer_as_a_whole(api: Api) -> None:
    """However much stands in it, managedFields has one field for it, also after another write."""
    api.create("releases", release())
    for turn in (1, 2):
        status = {"turn": turn, "phase": "Healthy", "stable": {"hash": "h", "replicaSet": "r", "generation": 1, "digest": "d"}}
        made = api.patch("releases", "r", [{"op": "add", "path": "/status", "value": status}], "status", fieldManager="us")
        (ours,) = [e["fieldsV1"] for e in made["metadata"]["managedFields"] if e["manager"] == "us"]
        assert (made["status"]["turn"], ours) == (turn, {"f:status": {}})


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_the_examples_are_accepted(api: Api, path: Path) -> None:
    """As kubectl sends them: with unknown fields refused."""
    body = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert api.create("releases", body, fieldValidation="Strict")["spec"]["workloadRef"]["name"]
