"""`lint --cluster`: stable's own requests say whether the gates could see harm in time; what cannot be known is a hint."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

from tests.cli.conftest import Run
from tests.cli.double import Double
from tests.metrics.server import Server, reply

Object = dict[str, Any]
RATIO = {"bad": 'errors_total{namespace="$namespace"}', "total": 'requests_total{namespace="$namespace"}'}
NOW = datetime.now(UTC).timestamp()
LATENCY = {"histogram": 'seconds_bucket{namespace="$namespace"}', "threshold": 0.3}


def source(**spec: Any) -> Object:
    """The MetricSource of the cluster."""
    return {"metadata": {"name": "default"}, "spec": {"address": "http://prometheus.monitoring.svc:9090", **spec}}


def manifest(folder: Path, *gates: Object, duration: str = "5m") -> str:
    """A Release in a file."""
    steps = [{"weight": 5, "duration": duration}, {"weight": 100}]
    spec = {"workloadRef": {"name": "shop"}, "strategy": {"canary": {"steps": steps}}, "rollback": {"plan": "Back."},
            "gates": list(gates)}  # fmt: skip
    file = folder / "release.yaml"
    file.write_text(yaml.safe_dump({"apiVersion": "release-coordinator.io/v1alpha1", "kind": "Release",
                                    "metadata": {"name": "shop"}, "spec": spec}))  # fmt: skip
    return str(file)


def rows(cluster: Double, rate: float, *, labels: Object | None = None, ago: int = 660) -> Object:
    """Counters of stable's pods that grow by so many a second, scraped every 15 s from eleven minutes before these tests on."""
    stable = next(found.name for found in cluster.world.sets.values() if found.template == "v1")
    values = [[NOW - ago + 15 * n, str(round(rate * 15 * n))] for n in range(90)]
    metric = {"namespace": "prod", "pod": f"{stable}-abcde", **(labels or {})}
    return {"metric": metric, "values": values}


def prometheus(cluster: Double, answers: dict[str, list[Object]], asked: list[str]) -> Callable[[str, dict[str, str]], Object]:
    """Answers by the metric that the query names; notes path and query."""

    def answer(path: str, query: dict[str, str]) -> Object:
        asked.append(f"{path} {query['query']}")
        found = next(result for metric, result in answers.items() if query["query"].startswith(metric))
        return {"status": "success", "data": {"resultType": "matrix", "result": found}}

    return answer


def findings(run: Run, file: str, *more: str) -> list[tuple[str, str, str, str]]:
    """Severity, path, message and remedy of what is said because of the cluster."""
    said = json.loads(run("lint", "--cluster", "-o", "json", file, *more).out)["findings"]
    return [(f["severity"], f["path"], f["message"], f["remedy"]) for f in said if "requests a second" in f["message"] or
            "not looked" in f["message"]]  # fmt: skip


def test_a_gate_that_could_not_see_a_doubling_in_time_is_told_with_what_would_do(
    cluster: Double, run: Run, tmp_path: Path
) -> None:
    """Stable's requests are asked by the API server's proxy, with the MetricSource's labels, as the gate itself counts."""
    asked: list[str] = []
    cluster.others["metricsources"] = [source(labels={"cluster": "blue"})]
    cluster.prometheus = prometheus(cluster, {"errors": [rows(cluster, 0.2)], "requests": [rows(cluster, 20)]}, asked)
    file = manifest(tmp_path, {"name": "errors", "ratio": RATIO}, duration="18m")
    ((severity, path, message, remedy),) = findings(run, file)
    assert (severity, path) == ("warning", "spec.strategy.canary.steps[0].duration")
    assert message.startswith("18m at 20 % is too short for gate errors: at stable's 20 requests a second, 1 % of them bad, "
                              "a candidate that is 2 times as bad would take ")  # fmt: skip
    assert remedy.startswith("Make it ") and " or give the step " in remedy
    path, _, promql = asked[0].partition(" ")
    assert unquote(path) == "/api/v1/namespaces/monitoring/services/http:prometheus:9090/proxy/api/v1/query"
    assert promql.startswith('errors_total{namespace="prod",cluster="blue",pod=~"') and promql.endswith("[10m35s]")
    assert run("lint", "--cluster", "--strict", file).code == 1
    long = remedy.removeprefix("Make it ").partition(" ")[0]
    assert findings(run, manifest(tmp_path, {"name": "errors", "ratio": RATIO}, duration=long)) == []


def test_traffic_of_pods_that_are_younger_than_what_is_looked_at_is_not_taken_for_less(
    cluster: Double, run: Run, tmp_path: Path
) -> None:
    """Two minutes after the first deployment, too, stable has twenty requests a second."""
    cluster.others["metricsources"] = [source()]
    young = {"errors": [rows(cluster, 0.2, ago=120)], "requests": [rows(cluster, 20, ago=120)]}
    cluster.prometheus = prometheus(cluster, young, [])
    ((_, _, message, _),) = findings(run, manifest(tmp_path, {"name": "errors", "ratio": RATIO}, duration="18m"))
    assert re.search(r"at stable's (19|20|21)(\.\d)? requests a second", message), message


def test_latency_is_counted_at_its_edge_and_a_missing_edge_is_told(cluster: Double, run: Run, tmp_path: Path) -> None:
    """The gate would say the same, but only in mid-release."""
    cluster.others["metricsources"] = [source()]
    buckets = [rows(cluster, rate, labels={"le": edge}) for edge, rate in (("0.3", 9.9), ("+Inf", 10))]
    cluster.prometheus = prometheus(cluster, {"seconds": buckets}, [])
    ((_, _, message, _),) = findings(run, manifest(tmp_path, {"name": "slow", "latency": LATENCY}))
    assert re.search(r"at stable's 10 requests a second, (0\.9|1)\S* % of them bad", message)
    ((severity, path, message, _),) = findings(
        run, manifest(tmp_path, {"name": "slow", "latency": {**LATENCY, "threshold": 0.2}})
    )
    assert (severity, path) == ("hint", "spec.gates[0]")
    assert "0.2" in message


def test_a_template_is_looked_for_in_the_cluster(cluster: Double, run: Run, tmp_path: Path) -> None:
    """And its gate is foreseen as one that is written out; without --cluster it is a hint."""
    spec = {"parameters": [{"name": "what"}], "ratio": {"bad": 'errors_total{a="$what"}', "total": 'requests_total{a="$what"}'}}
    cluster.others |= {"metricsources": [source()], "clustergatetemplates": [{"metadata": {"name": "errors"}, "spec": spec}]}
    cluster.prometheus = prometheus(cluster, {"errors": [rows(cluster, 0.2)], "requests": [rows(cluster, 20)]}, [])
    named = {"kind": "ClusterGateTemplate", "name": "errors", "arguments": {"what": "x"}}
    file = manifest(tmp_path, {"name": "errors", "template": named})
    assert len(findings(run, file)) == 1
    assert "ClusterGateTemplate errors" in run("lint", file).out
    wrong = manifest(tmp_path, {"name": "errors", "template": {**named, "arguments": {}}})
    assert "ClusterGateTemplate errors needs what" in run("lint", "--cluster", wrong).out


NOT_KNOWN: dict[str, tuple[Callable[[Double], object], str]] = {
    "no MetricSource": (lambda c: c.others.pop("metricsources"), "MetricSource default is not in "),
    "another namespace's": (lambda c: c.others.update(metricsources=[source(namespaces=["pay"])]),
                            "may not be used in namespace prod"),
    "credentials": (lambda c: c.others.update(metricsources=[source(tls={"authorities": {"name": "a", "key": "b"}})]),
                    "wants credentials or certificates that are the controller's alone"),
    "no right": (lambda c: c.refused.add("get services/proxy"), "you may not get services/proxy"),
    "no right to ReplicaSets": (lambda c: c.refused.add("list replicasets"), "you may not list replicasets"),
    "no series": (lambda c: setattr(c, "prometheus", prometheus(c, {"": []}, [])), "no series count the requests"),
    "no Prometheus": (lambda c: setattr(c, "prometheus", lambda _path, _query: None), "the source's name cannot be resolved"),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_KNOWN)
def test_what_cannot_be_known_is_a_hint_and_no_error(cluster: Double, run: Run, tmp_path: Path, case: str) -> None:
    """The manifest may be right; the sentence says why nobody knows."""
    cluster.others["metricsources"] = [source()]
    cluster.prometheus = prometheus(cluster, {"errors": [rows(cluster, 0.2)], "requests": [rows(cluster, 20)]}, [])
    change, words = NOT_KNOWN[case]
    change(cluster)
    said = findings(run, manifest(tmp_path, {"name": "errors", "ratio": RATIO}))
    assert [severity for severity, *_ in said] == ["hint"]
    assert words in said[0][2]


def test_a_source_outside_of_the_cluster_is_asked_directly(cluster: Double, run: Run, tmp_path: Path) -> None:
    """By the same code as the controller's, with its bounds."""
    document = {"status": "success", "data": {"resultType": "matrix", "result": [rows(cluster, 20)]}}
    with Server(reply(document)) as server:
        cluster.others["metricsources"] = [source(address=server.url)]
        ((severity, _, message, _),) = findings(run, manifest(tmp_path, {"name": "errors", "ratio": RATIO}, duration="40s"))
    assert severity == "warning"
    assert "100 % of them bad" in message


def test_a_review_of_a_file_says_what_the_gates_could_see(cluster: Double, run: Run, tmp_path: Path) -> None:
    """As `lint --cluster` does, with the remedy; where it cannot be known, it says why."""
    cluster.others["metricsources"] = [source()]
    cluster.prometheus = prometheus(cluster, {"errors": [rows(cluster, 0.2)], "requests": [rows(cluster, 20)]}, [])
    file = manifest(tmp_path, {"name": "errors", "ratio": RATIO})
    said = run("review", "-f", file).out
    assert "### What the Gates Can See\n- 5m at 20 % is too short for gate errors: at stable's 20 requests a second" in said
    cluster.others["metricsources"] = []
    said = run("review", "-f", file).out
    assert "- What gate errors could see is not known: MetricSource default is not in " in said
