"""Every field of the specs with the values that its schema suggests: refused by its path, or lived with, and reverted again."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from pydantic import ValidationError

from playground.apiserver.errors import ApiError
from playground.cluster import Cluster
from playground.installing import definitions
from playground.loop import Loop
from strategies.spec.gate_template import GateTemplateSpec
from strategies.spec.metric_source import MetricSourceSpec
from strategies.spec.policy import ReleasePolicySpec
from strategies.spec.release import ReleaseSpec
from strategies.spec.train import ReleaseTrainSpec
from tests.simulation.malforming import goes_on, over, put
from tests.simulation.spec_values import Field, Object, fields, found
from tests.simulation.stories import FLAGS, GOOD, GROUP, RELEASES, TEMPLATE, ask, phase, ship, shop, step
from tests.simulation.world import NAME, Story, World

MODELS = {"Release": ReleaseSpec, "MetricSource": MetricSourceSpec, "GateTemplate": GateTemplateSpec,
          "ClusterGateTemplate": GateTemplateSpec, "ReleasePolicy": ReleasePolicySpec,
          "ReleaseTrain": ReleaseTrainSpec}  # fmt: skip
_KEY = {"name": "prometheus", "key": "token"}
_COUNTING = {"source": "default", "tolerance": 1.25, "max": 0.5, "interval": "15s", "delay": "35s", "windows": 3, "clump": 1,
             "checkShare": True}  # fmt: skip
_THRESHOLD = {"source": "default", "query": 'errors{hash="$candidate"}', "min": -1.0, "max": 0.05, "interval": "2s",
              "window": "1m", "failures": 2}  # fmt: skip
_FLAG = {"name": "early", "weight": 25, "onPromotion": "on", "onRollback": "off"}
_STEP = {"duration": "5s", "approval": False, "early": False}


def _release(question: Object, version: Object, traffic: Object | None = None) -> Object:
    """What canary-share has, with nothing left to defaults."""
    steps = [{"weight": weight, **_STEP} for weight in (5, 25, 100)]
    return {
        "workloadRef": {"kind": "Deployment", "name": NAME},
        "version": version,
        "strategy": {"type": "Canary", "canary": {"steps": steps}, "blueGreen": {"previewDuration": "5s", "approval": False},
                     "rolling": {"batch": "1", "pause": "3s"}, "allowParallel": False,
                     "shadow": {"duration": "5s", "percent": 100, "idempotent": True, "approval": False}},
        "traffic": {"drain": "2s", "ignoreServices": ["nobody"], **(traffic or {})},
        "gates": [{"name": "errors", "at": ["step", "bake"], **question}],
        "maxInconclusive": "1m",
        "rollback": {"plan": "Go back.", "warm": {"for": "8s"}, "onAlerts": ["Burning"], "revertTemplate": False,
                     "rehearse": False},
        "flags": [{**_FLAG, "source": {"configMap": FLAGS, "key": "flags.json"}}],
        "change": {"kind": "DataMigration", "summary": "x", "changelog": "x", "flags": ["x"], "stakeholders": ["x"],
                   "contracts": [{"type": "OpenAPI", "configMap": "api", "key": "x", "accepted": [
                       {"finding": "1f0c9b2e", "by": "ann", "because": "nobody calls it", "until": "2027-01-31"}]}],
                   "migrations": [{"name": "m", "reversible": True, "backwardCompatible": True}]},
        "progressDeadline": "2m",
    }  # fmt: skip


_RATIO = {**_COUNTING, "bad": 'requests_total{code="500"}', "total": "requests_total"}
_LATENCY = {**_COUNTING, "histogram": "duration_seconds_bucket", "threshold": 0.5, "edges": [0.1]}
_BY_THRESHOLD = {"threshold": _THRESHOLD}
_FROM_TEMPLATE = {"template": {"kind": "ClusterGateTemplate", "name": TEMPLATE, "arguments": {"team": "default"}}}
_JOB = {"template": {"spec": {"containers": [{"name": "smoke", "image": "smoke:1"}]}}, "timeout": "1m", "onTimeout": "Fail",
        "retries": 1}  # fmt: skip
_WEBHOOK = {"url": "https://qa.test/verdict", "timeout": "10s", "interval": "10s"}
_SQL = {"template": {"spec": {"containers": [{"name": "sql", "image": "sql:1"}]}}, "timeout": "1m", "retries": 1}
_CONTRACT = {"path": "/openapi.json", "port": 8080, "timeout": "10s", "accepted": [
    {"finding": "1f0c9b2e", "by": "ann", "because": "unused", "until": "2027-01-31"}]}  # fmt: skip
_PARAMETERS = {"description": "Errors.", "parameters": [
    {"name": "team", "type": "Enum", "description": "Where.", "sets": "source", "default": "default", "values": ["default"]},
    {"name": "most", "type": "Number", "description": "How many.", "sets": "max", "default": "0.5", "minimum": "0",
     "maximum": "0.9"},
]}  # fmt: skip
_SOURCE = {"address": "http://prometheus.test:9090", "tls": {"authorities": _KEY, "certificate": _KEY}, "namespaces": ["*"],
           "labels": {"team": "shop"}, "timeout": "10s"}  # fmt: skip
BASES: dict[str, tuple[Object, ...]] = {
    "Release": (
        _release(_BY_THRESHOLD, {"literal": "1.0.0"}),
        _release(_BY_THRESHOLD, {"fromLabel": "app"}, {"httpRoute": {"name": NAME}}),
        _release({"ratio": {**_RATIO, "podLabel": "pod"}}, {}),
        _release({"ratio": {**_RATIO, "hashLabel": "hash"}}, {}),
        _release({"latency": {**_LATENCY, "podLabel": "pod"}}, {}),
        _release({"latency": {**_LATENCY, "hashLabel": "hash"}}, {}),
        _release(_FROM_TEMPLATE, {}),
        _release({"job": _JOB}, {}),
        _release({"webhook": _WEBHOOK}, {}),
        {**_release(_BY_THRESHOLD, {}), "change": {"kind": "DataMigration", "migrations": [
            {"name": "m", "reversible": True, "backwardCompatible": True, "job": _SQL, "undo": _SQL, "cleansUp": "x"}]}},
        _release({"contract": _CONTRACT, "at": ["before-traffic"]}, {}),
        {**_release(_BY_THRESHOLD, {}), "flags": [{**_FLAG, "source": {"featureFlag": FLAGS}}]},
        {**_release(_BY_THRESHOLD, {}, {"traefikService": {"name": NAME}}), "strategy": {"type": "BlueGreen"}},
    ),
    "ReleasePolicy": ({"namespaces": ["*"], "freezes": [{
        "name": "weekend", "start": "2026-01-02T18:00", "duration": "62h", "rule": "FREQ=WEEKLY;BYDAY=FR",
        "timeZone": "Europe/Berlin", "reason": "x"}],
        "requirements": [{"name": "plan", "risk": "High", "done": ["RollbackPlan"], "redFlags": ["NoMonitoring"]}],
        "concurrency": {"perNamespace": 1, "total": 2}, "deprecationDays": 90},),
    "ReleaseTrain": ({"members": [
        {"name": "web", "version": "2", "role": "Consumer", "dependsOn": ["orders"]}, {"name": "orders", "version": "2"}],
        "onFailure": "RollBackMember", "verify": {"duration": "1m", "deadline": "10m"}},),
    **dict.fromkeys(("GateTemplate", "ClusterGateTemplate"), tuple(
        # What is set by the second parameter is the largest value; the first one's has no minimum.
        {**_PARAMETERS, "parameters": _PARAMETERS["parameters"][::order], **form}
        for form in (_BY_THRESHOLD, {"ratio": {**_RATIO, "podLabel": "pod"}}, {"ratio": {**_RATIO, "hashLabel": "hash"}},
                     {"latency": {**_LATENCY, "podLabel": "pod"}}, {"latency": {**_LATENCY, "hashLabel": "hash"}})
        for order in (1, -1)
    )),
    "MetricSource": (
        {**_SOURCE, "authentication": {"bearer": _KEY}},
        {**_SOURCE, "authentication": {"basic": {"username": _KEY, "password": _KEY}}},
        {**_SOURCE, "authentication": {"bearerFile": "/var/run/secrets/x"}},
    ),
}
"""Specs which together have every field; choices that exclude each other are in several."""
_CLEAR = ("Invalid", "Blocked", "Paused", "AwaitingApproval")
_PATIENCE = 300.0
_PLURALS = {kind: f"{kind.lower().removesuffix('y') + 'ie' * kind.endswith('y')}s.{GROUP}" for kind in MODELS}


def _all(kind: str) -> tuple[Field, ...]:
    crd = next(d for d in definitions() if d["spec"]["names"]["kind"] == kind)
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return tuple(fields(schema, BASES[kind]))


ALL = {kind: _all(kind) for kind in BASES}


class Clerk:
    """Hands specs in at the API of a playground in which nothing runs."""

    def __init__(self) -> None:
        self.admin = Cluster(Loop(), audience=False).api.client("admin")

    def offer(self, kind: str, spec: Object) -> Object | ApiError:
        """What is stored of it, or why it is refused."""
        body = {"apiVersion": f"{GROUP}/v1alpha1", "kind": kind, "metadata": {"name": NAME}, "spec": copy.deepcopy(spec)}
        namespace = "default" if kind in ("Release", "GateTemplate", "ReleaseTrain") else ""
        try:
            made = self.admin.create(_PLURALS[kind], body, namespace)
        except ApiError as refused:
            return refused
        self.admin.delete(_PLURALS[kind], NAME, namespace)
        return dict(made["spec"])


@cache
def _clerk() -> Clerk:
    return Clerk()


@pytest.mark.parametrize(("kind", "field"), [pytest.param(k, f, id=f"{k} {f.name}") for k, all_ in ALL.items() for f in all_])
def test_a_value_is_refused_by_its_fields_path_or_is_one_that_we_read(kind: str, field: Field) -> None:
    """What the API server lets pass is read by us; what it refuses, it names the field of."""
    assert not isinstance(_clerk().offer(kind, field.base), ApiError), _clerk().offer(kind, field.base)
    problems = []
    for what, value in field.values():
        answer = _clerk().offer(kind, field.spec(value))
        if isinstance(answer, ApiError):
            causes = (answer.details or {}).get("causes") or ()
            if not any(_about(field, each["field"], each["message"]) for each in causes):
                problems.append(f"{what} {value!r:.60}: refused without naming it: {answer.message}")
            continue
        try:
            MODELS[kind].model_validate(answer)
        except ValidationError as unread:
            if not all(_only_we_read(error) or _of_parameters(error) for error in unread.errors()):
                problems.append(f"{what} {value!r:.60}: accepted, and we cannot read it: {unread}")
    assert not problems, "\n".join(problems)


def _about(field: Field, told: str, message: str) -> bool:
    """The field itself, what is in it, the object whose rule it breaks, or by its name where that is the whole spec."""
    if told == "spec":
        return str(field.path[0]).removesuffix("s") in message
    return told.startswith(field.name) or field.name.startswith(told)


def _only_we_read(error: Any) -> bool:
    return error["loc"][-1] in ("query", "bad", "total", "histogram", "template")


def _of_parameters(error: Any) -> bool:
    """What a text is worth for its type, and whether a query has a place for it: Releases that name the template say so."""
    return error["loc"][:1] == ("parameters",)


def _spread() -> Iterator[tuple[Field, str, Any]]:
    """One accepted value for each field of a Release that is no object; of fields after each other, different kinds."""
    counting: set[str] = set()
    for number, field in enumerate(ALL["Release"]):
        leaf = str(field.path[-1])
        if field.path[0] == "workloadRef" or field.schema["type"] == "object":
            continue  # The one cannot change, and what is in the other does.
        if "ratio" in field.path:
            counting.add(leaf)
        elif "latency" in field.path and leaf in counting:
            continue  # The same model's.
        other = [(what, value) for what, value in field.values() if value not in (None, found(field.base, field.path))]
        lived = [each for each in other if isinstance(_clerk().offer("Release", field.spec(each[1])), dict)]
        if lived:
            yield field, *lived[number % len(lived)]


def _write(world: World, spec: Object) -> None:
    put(RELEASES, NAME, lambda there: there.update(spec=copy.deepcopy(spec)))(world)


def _told(world: World) -> bool:
    return over(world) or world.status.get("phase") in _CLEAR


@pytest.mark.parametrize(
    ("field", "value"), [pytest.param(field, value, id=f"{field.name} {what}") for field, what, value in _spread()]
)
def test_a_value_in_mid_release_is_lived_with_and_reverted(field: Field, value: Any) -> None:
    """The controller says where it is, no turn raises, invariants hold, and with the value of before the release ends."""
    routed = "httpRoute" in field.path or "canary" in field.path  # S3 knows a step by its weight, which a route gives it.
    base = BASES["Release"][1 if routed else 0]
    release = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "Release", "metadata": {"name": NAME}, "spec": copy.deepcopy(base)}
    shipping = (ship(GOOD, phase("Healthy")),)
    world = World(Story(name=field.name, make=shop(release, routed=routed), acts=shipping, over=over))
    world.start()
    assert world.go(lambda: step(1)(world), _PATIENCE), world.said()
    _write(world, field.spec(value))
    world.go(lambda: False, 5.0)
    world.go(lambda: _told(world), 90.0)
    assert world.status.get("message"), world.said()
    _write(world, base)
    world.go(lambda: False, 5.0)
    if world.status["phase"] == "Paused":  # It says so: reverting alone is no request.
        ask("resume", "true", over).do(world)
    problem = goes_on(world, lambda w: w.status.get("phase") in ("Healthy", "RolledBack"))
    assert not problem, problem
