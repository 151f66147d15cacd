"""lint and the API server agree, held against the playground's reading of the CRDs: schema, unknown fields, CEL.

The same table is held against a real API server by tests/real/releases/test_lint.py.
"""

from functools import cache
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from controller.api.crds import custom_resource_definitions
from controller.cli.findings import Severity
from controller.cli.lint import Source, check
from playground.apiserver.schema.custom import Schema
from tests.cli.manifests import ACCEPTED, REFUSED_AT_APPLY, REFUSED_BY_THE_CONTROLLER, Mistake

Object = dict[str, Any]


@cache
def schema(kind: str) -> Schema:
    """The schema of a kind."""
    definitions = {d["spec"]["names"]["kind"]: d for d in custom_resource_definitions().values()}
    return Schema(definitions[kind]["spec"]["versions"][0]["schema"]["openAPIV3Schema"])


def refused_at_apply(manifest: Object) -> list[str]:
    """What the API server would have against it; empty when it takes it."""
    known = schema(manifest["kind"])
    pruned, unknown = known.prune(known.default(manifest))
    return unknown + [" ".join(found) for found in known.validate(pruned, None)]


def refused_by_lint(manifest: Object) -> list[str]:
    """What lint has against it."""
    found = check([Source(file="x", text=yaml.safe_dump(manifest))])
    return [f"{each.path}: {each.message}" for each in found if each.severity is Severity.ERROR]


@pytest.mark.parametrize("case", REFUSED_AT_APPLY)
def test_what_the_table_says_is_refused_the_playground_refuses(case: str) -> None:
    """Else its reading of the definitions could prove nothing."""
    mistake = REFUSED_AT_APPLY[case]
    said = refused_at_apply(mistake.manifest())
    assert said
    assert mistake.rule in " ".join(said)


@pytest.mark.parametrize("case", [*ACCEPTED, *REFUSED_BY_THE_CONTROLLER])
def test_what_the_table_says_is_accepted_the_playground_accepts(case: str) -> None:
    """The same."""
    mistake = (ACCEPTED | REFUSED_BY_THE_CONTROLLER)[case]
    manifest = yaml.safe_load(yaml.safe_dump(mistake.manifest()).replace("5.0", "5"))  # As kubectl sends it.
    assert refused_at_apply(manifest) == []


odd = st.sampled_from([None, True, 0, 1, -1, 2.5, 101, "", "x", "5", "Canary", "5m", "1h30m", "0s", [], {}, [1], ["x"], {"x": 1}])
durations = st.sampled_from(["0s", "999ms", "1s", "10s", "1m", "1h30m", "61s", "2m", "3m", "4m", "1d", "1.5s"])
names = st.sampled_from(["shop", "a.b", "a-b", "b", "c", "A", "a" * 253, "a" * 254])
weights = st.sampled_from([0, 1, 5, 25, 50, 100, 100, 101])


def part(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Object]:
    """Some of these fields, mostly with values of their kind, sometimes with others, sometimes one that nobody knows."""
    some = {name: st.sampled_from(range(12)).flatmap(lambda n, v=value: v if n else odd) for name, value in fields.items()}
    known = st.fixed_dictionaries({}, optional=some)
    return st.sampled_from(range(25)).flatmap(lambda n: known if n else known.map(lambda made: made | {"stray": 1}))


steps = st.lists(part(weight=weights, duration=durations, approval=st.booleans()), max_size=4)
thresholds = part(source=names, query=st.just("vector(1)"), min=st.sampled_from([0, 1, 2.5]), max=st.sampled_from([1, 2]),
                  interval=durations, window=durations, failures=weights)  # fmt: skip
times = st.lists(st.sampled_from(["before-traffic", "step", "bake", "other"]), max_size=4)
gates = st.lists(part(name=st.sampled_from(["a", "b", "A.b"]), threshold=thresholds, at=times), max_size=3)
strategies = part(
    type=st.sampled_from(["Canary", "BlueGreen", "Rolling", "Shadow", "Auto"]), canary=part(steps=steps),
    allowParallel=st.booleans(),
    blueGreen=part(previewDuration=durations, approval=st.booleans()),
    shadow=part(duration=durations, approval=st.booleans(), percent=weights, idempotent=st.booleans()),
    rolling=part(batch=st.sampled_from(["1", "25%", "0", "101%", "100%", 2]), pause=durations),
)  # fmt: skip
releases = part(
    workloadRef=part(name=names, kind=st.just("Deployment")), strategy=strategies, gates=gates, maxInconclusive=durations,
    traffic=part(httpRoute=part(name=names), traefikService=part(name=names), ignoreServices=st.lists(names, max_size=2)),
    rollback=part(plan=st.sampled_from(["Back.", "x" * 501]), warm=part(**{"for": durations}), revertTemplate=st.booleans()),
    version=part(fromLabel=st.just("app"), literal=st.just("1.2")),
)  # fmt: skip
keys = part(name=names, key=st.just("k"))
sources = part(
    address=st.sampled_from(["http://a", "https://a:1/b", "ftp://a", "http://a?b"]),
    namespaces=st.lists(names | st.just("team-*"), max_size=2),
    labels=st.dictionaries(st.sampled_from(["a", "a_b", "a-b", "1a"]), st.just("$namespace"), max_size=2), timeout=st.just("5s"),
    authentication=part(bearer=keys) | part(basic=part(username=keys, password=keys)) | part(bearerFile=st.just("/etc/x")),
    tls=part(authorities=keys, certificate=keys),
)  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.tuples(st.just("Release"), releases) | st.tuples(st.just("MetricSource"), sources))
def test_lint_refuses_what_the_definitions_refuse_and_nothing_else(given_spec: tuple[str, Object]) -> None:
    """Of specs that are right, nearly right and wrong."""
    kind, spec = given_spec
    assume(spec)
    manifest = Mistake(kind=kind, spec=spec).manifest()
    at_apply, by_lint = refused_at_apply(manifest), refused_by_lint(manifest)
    assert bool(at_apply) == bool(by_lint), f"at apply: {at_apply}; lint: {by_lint}"


def test_every_rule_of_the_api_server_has_a_twin_in_the_models() -> None:
    """What CEL refuses, lint refuses."""
    assert [case for case, mistake in REFUSED_AT_APPLY.items() if not refused_by_lint(mistake.manifest())] == []
