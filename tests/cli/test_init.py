"""`releasectl init`: what it writes fits what is in the cluster, says what it does not know, passes lint, and changes nothing."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from controller.cli.answers import Exit, Problem
from controller.cli.findings import Severity
from controller.cli.init import init
from controller.cli.lint import Source, check
from strategies.spec.release import ReleaseSpec, StrategyType
from tests.kube.serving import Exchange, Server, serve, status

Object = dict[str, Any]
GROUPS = {"deployments": "apps/v1", "services": "v1", "horizontalpodautoscalers": "autoscaling/v2",
          "httproutes": "gateway.networking.k8s.io/v1", "metricsources": "release-coordinator.io/v1alpha1",
          "releases": "release-coordinator.io/v1alpha1"}  # fmt: skip


def thing(name: str, spec: Object) -> Object:
    """An object of namespace shop."""
    return {"metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}", "resourceVersion": "1"}, "spec": spec}


def deployment(name: str = "web", labels: Object | None = None, **spec: Any) -> Object:
    """A Deployment of four pods."""
    labels = {"app": name, **(labels or {})}
    return thing(name, {"replicas": 4, "selector": {"matchLabels": labels}, **spec,
                        "template": {"metadata": {"labels": labels}, "spec": {"containers": []}}})  # fmt: skip


def service(name: str = "web", app: str = "web") -> Object:
    """A Service on an application's pods."""
    return thing(name, {"selector": {"app": app}})


def route(name: str = "web", *services: str) -> Object:
    """An HTTPRoute to these Services."""
    return thing(name, {"rules": [{"backendRefs": [{"name": s, "port": 80} for s in services or ("web",)]}]})


def source(name: str = "default", **spec: Any) -> Object:
    """A MetricSource."""
    return thing(name, {"address": "http://prometheus:9090", **spec})


class Cluster:
    """What the API server has, by plural; a plural with None is unknown to it, one with 403 may not be read."""

    def __init__(self) -> None:
        self.has: dict[str, list[Object] | int | None] = {plural: [] for plural in GROUPS}

    def answer(self, exchange: Exchange) -> None:
        """List, or get one."""
        parts = exchange.request.path.strip("/").split("/")
        plural = next((part for part in reversed(parts) if part in GROUPS), "")
        there = self.has.get(plural)
        if there is None:
            exchange.raw(404, b"404 page not found\n")
        elif isinstance(there, int):
            self._refuse(exchange, plural, parts[-1])
        elif parts[-1] == plural:
            kind = {"kind": "List", "apiVersion": GROUPS[plural], "metadata": {"resourceVersion": "1"}}
            exchange.json(200, kind | {"items": there})
        else:
            raise AssertionError(f"unexpected {exchange.request.path}")

    def _refuse(self, exchange: Exchange, plural: str, last: str) -> None:
        if last == plural:
            exchange.json(403, status(403, "Forbidden", f"{plural} is forbidden"))
        else:
            exchange.json(200, deployment(last))


@pytest.fixture
def cluster() -> Cluster:
    """A Deployment web with its Service; nothing else."""
    made = Cluster()
    made.has["deployments"], made.has["services"] = [deployment()], [service()]
    return made


@pytest.fixture
def api(cluster: Cluster) -> Iterator[Server]:
    """Serves the cluster."""
    with serve(cluster.answer) as server:
        yield server


@pytest.fixture
def run(api: Server, tmp_path: Path) -> Callable[..., Result]:
    """releasectl init, in namespace shop."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "c", "users": [{"name": "u", "user": {}}],
        "clusters": [{"name": "c", "cluster": {"server": api.url}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
    }))  # fmt: skip
    return lambda *given: CliRunner().invoke(init, [*given, "--kubeconfig", str(kubeconfig)], standalone_mode=False)


def spec_of(done: Result) -> ReleaseSpec:
    """What was written, after lint had nothing against it."""
    assert done.exception is None, done.exception
    wrong = [each for each in check([Source(file="release.yaml", text=done.stdout)]) if each.severity is not Severity.HINT]
    assert wrong == []
    found = yaml.safe_load(done.stdout)
    assert (found["kind"], found["metadata"]["namespace"]) == ("Release", "shop")
    return ReleaseSpec.model_validate(found["spec"])


def problem(done: Result) -> Problem:
    """Why it did not."""
    assert isinstance(done.exception, Problem), done.exception
    return done.exception


def test_a_deployment_behind_a_route_gets_a_canary_by_weight(cluster: Cluster, run: Callable[..., Result]) -> None:
    """The only route that sends to its Service is the one that is split; routes to others do not count."""
    cluster.has["services"] = [service(), service("other", "other")]
    cluster.has["httproutes"] = [route("public", "web"), route("elsewhere", "other")]
    done = run("deployment/web")
    spec = spec_of(done)
    assert (spec.workload_ref.name, spec.strategy.type) == ("web", StrategyType.CANARY)
    assert spec.traffic.http_route is not None
    assert spec.traffic.http_route.name == "public"
    assert "# splits what it sends to Service web" in done.stdout


def test_nothing_is_written_to_the_cluster(api: Server, run: Callable[..., Result]) -> None:
    """Only reads; and the command to apply is printed."""
    done = run("web")
    assert {request.method for request in api.requests} == {"GET"}
    assert "kubectl -n shop apply -f FILE" in done.stderr


def test_several_routes_are_a_question(cluster: Cluster, run: Callable[..., Result]) -> None:
    """It names them and takes the answer."""
    cluster.has["httproutes"] = [route("public"), route("internal")]
    said = problem(run("web"))
    assert (said.code, said.message) == (Exit.USAGE, "Several HTTPRoutes send to the pods of Deployment web: internal, public. "
                                         "One of them can be split; say which with --route NAME.")  # fmt: skip
    chosen = spec_of(run("web", "--route", "internal")).traffic.http_route
    assert chosen is not None
    assert chosen.name == "internal"
    assert "There are: internal, public." in problem(run("web", "--route", "nosuch")).message


def test_without_a_route_the_real_shares_are_told(run: Callable[..., Result]) -> None:
    """Four pods: 5 % is one of five."""
    done = run("web")
    assert spec_of(done).strategy.type is StrategyType.CANARY
    assert "5 % becomes 20 % (1 of 5 pods); 25 % becomes 20 % (1 of 5 pods)" in done.stdout


def test_one_replica_without_a_route_goes_blue_green(cluster: Cluster, run: Callable[..., Result]) -> None:
    """A canary would be half of the users; who wants it is told so."""
    cluster.has["deployments"] = [deployment(replicas=1)]
    assert spec_of(run("web")).strategy.type is StrategyType.BLUE_GREEN
    done = run("web", "--strategy", "canary")
    assert spec_of(done).strategy.type is StrategyType.CANARY
    assert "5 % becomes 50 %" in done.stdout
    assert "More replicas, an HTTPRoute, or blue-green" in done.stdout


def test_a_deployment_without_services_rolls(cluster: Cluster, run: Callable[..., Result]) -> None:
    """Nothing to split, nothing to pin."""
    cluster.has["services"] = []
    assert spec_of(run("web")).strategy.type is StrategyType.ROLLING


def test_a_source_that_may_be_asked_gives_a_real_gate(cluster: Cluster, run: Callable[..., Result]) -> None:
    """With the comment that the metric's name is a guess, and no matcher that the source forces anyway."""
    cluster.has["metricsources"] = [source(labels={"namespace": "$namespace"}), source("other")]
    done = run("web")
    (gate,) = spec_of(done).gates
    assert gate.threshold.source == "default"
    assert "namespace=" not in gate.threshold.query
    assert "A guess" in done.stdout
    cluster.has["metricsources"] = [source("team")]
    (gate,) = spec_of(run("web")).gates
    assert gate.threshold.source == "team"
    assert 'namespace="$namespace"' in gate.threshold.query


def test_without_a_source_the_gate_is_only_a_comment_that_would_be_valid(cluster: Cluster, run: Callable[..., Result]) -> None:
    """A source for other namespaces is none; the example becomes a gate by taking off the #."""
    cluster.has["metricsources"] = [source(namespaces=["elsewhere"])]
    done = run("web")
    assert spec_of(done).gates == ()
    assert "No MetricSource may be asked in this namespace" in done.stdout
    lines = done.stdout.splitlines()
    first = lines.index("  # gates:")
    example = [line.replace("# ", "", 1) for line in lines[first:] if line.startswith("  # ")]
    (gate,) = yaml.safe_load("\n".join(example))["gates"]
    assert ReleaseSpec.model_validate({"workloadRef": {"name": "web"}, "gates": [gate]}).gates


def test_an_autoscaler_is_told_of(cluster: Cluster, run: Callable[..., Result]) -> None:
    """At the field that it concerns; one of another Deployment is not."""
    cluster.has["horizontalpodautoscalers"] = [
        thing("mine", {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}),
        thing("theirs", {"scaleTargetRef": {"kind": "Deployment", "name": "other"}}),
    ]
    done = run("web")
    spec_of(done)
    assert "HorizontalPodAutoscaler mine averages over" in done.stdout
    assert "theirs" not in done.stdout


def test_recreate_asks_for_a_decision_and_refuses_to_roll(cluster: Cluster, run: Callable[..., Result]) -> None:
    """In the controller's words, in the file and on the terminal."""
    cluster.has["deployments"] = [deployment(strategy={"type": "Recreate"})]
    done = run("web")
    assert spec_of(done).strategy.type is StrategyType.BLUE_GREEN
    assert "# allowParallel: true" in done.stdout
    for said in (done.stdout, done.stderr):
        assert "its author wants no two versions side by side" in said
    assert "which cannot roll" in problem(run("web", "--strategy", "rolling")).message


def test_what_is_in_the_way_is_told_at_once(cluster: Cluster, run: Callable[..., Result]) -> None:
    """No history, and a Service that another Deployment shares."""
    cluster.has["deployments"] = [deployment(revisionHistoryLimit=0), deployment("twin", {"app": "web"})]
    done = run("web")
    spec_of(done)
    assert "revisionHistoryLimit is 0" in done.stderr
    assert "Service web also has 4 endpoints of other workloads" in done.stderr
    assert "# In the way of a release now:" in done.stdout


def test_the_version_label_is_used_where_there_is_one(cluster: Cluster, run: Callable[..., Result]) -> None:
    """Else the image's tag is the version, and nothing is written."""
    assert spec_of(run("web")).version.from_label is None
    cluster.has["deployments"] = [deployment(labels={"app.kubernetes.io/version": "1.2"})]
    assert spec_of(run("web")).version.from_label == "app.kubernetes.io/version"


def test_what_may_not_be_read_is_said(cluster: Cluster, run: Callable[..., Result]) -> None:
    """With few rights, or in a cluster without Gateway API and without the product, there is less in the file, and it says so."""
    cluster.has |= {"deployments": 403, "httproutes": None, "metricsources": None, "releases": None,
                    "horizontalpodautoscalers": 403}  # fmt: skip
    done = run("web")
    spec_of(done)
    assert "# This cluster does not know httproutes." in done.stdout
    assert "# You may not list horizontalpodautoscalers in shop, so" in done.stdout


def test_a_deployment_that_is_not_there_is_named_with_its_likes(cluster: Cluster, run: Callable[..., Result]) -> None:
    """A misspelt name is no traceback."""
    said = problem(run("wbe"))
    assert (said.code, said.message) == (Exit.UNREACHABLE, "Deployment wbe does not exist in namespace shop. Did you mean web?")


def test_a_deployment_has_one_release(cluster: Cluster, run: Callable[..., Result]) -> None:
    """A second one would stay Invalid; it says which one there is."""
    cluster.has["releases"] = [thing("mine", {"workloadRef": {"name": "web"}})]
    assert "already belongs to Release mine" in problem(run("web")).message


def test_a_file_is_written_once(run: Callable[..., Result], tmp_path: Path) -> None:
    """And never overwritten."""
    file = tmp_path / "release.yaml"
    done = run("web", "-o", str(file))
    assert done.exception is None
    assert f"kubectl -n shop apply -f {file}" in done.stderr
    text = file.read_text()
    assert "kind: Release" in text
    assert "is not overwritten" in problem(run("web", "-o", str(file))).message
    assert file.read_text() == text


def test_programs_get_the_release_as_one_document(run: Callable[..., Result]) -> None:
    """The same as people get, its comments apart; sentences go to stderr."""
    done = run("web", "-o", "json")
    assert json.loads(done.stdout) == yaml.safe_load(run("web").stdout)
    assert "apply -f FILE" in done.stderr


def test_a_long_name_becomes_one_that_a_label_can_hold(cluster: Cluster, run: Callable[..., Result]) -> None:
    """The Release's name is written into a label of the Deployment."""
    name = "a" * 62 + "-b"
    cluster.has["deployments"] = [deployment(name)]
    done = run(name)
    spec_of(done)
    assert yaml.safe_load(done.stdout)["metadata"]["name"] == "a" * 62
