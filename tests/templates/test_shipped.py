"""The ready templates of the chart, each against what its product's metrics endpoint says: scraped, asked, and counted."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from controller.metrics.answers import read_answer, read_series
from playground.loop import Loop
from playground.prometheus.api import Api
from playground.prometheus.series import Store
from strategies.analysis import counters, query
from strategies.analysis.counters import Side, Sides
from strategies.analysis.counts import Window
from strategies.analysis.verdict import Sample
from strategies.analysis.windows import spans
from strategies.spec.gate import Counting, Gate
from strategies.spec.gate_template import GateTemplateSpec
from strategies.spec.templating import filled
from tests.templates import expositions

FOLDER = Path(__file__).parents[2] / "charts" / "release-coordinator" / "gatetemplates"
TEMPLATES = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in FOLDER.iterdir()}
BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)
LONG = 180
STABLE, CANDIDATE = "web-5d4f8c7b9", "web-6c9f7d5b8"
_LINE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')
OF_PODS = {"istio": expositions.ISTIO, "istio-grpc": expositions.ISTIO_GRPC, "linkerd": expositions.LINKERD,
           "http": expositions.HTTP, "grpc": expositions.GRPC}  # fmt: skip
OF_GATEWAYS = {"traefik": (expositions.TRAEFIK, {"service": "web"}),
               "ingress-nginx": (expositions.INGRESS_NGINX, {"service": "web"}),
               "envoy-gateway": (expositions.ENVOY_GATEWAY, {"route": "web"})}  # fmt: skip


def lines(text: str) -> Iterator[tuple[dict[str, str], float]]:
    """The series of an exposition."""
    for line in text.splitlines():
        if not line.startswith("#"):
            found = _LINE.fullmatch(line)
            assert found is not None, line
            yield {"__name__": found[1], **dict(_LABEL.findall(found[2] or ""))}, float(found[3])


class Prometheus:
    """Has scraped targets every five seconds, each with these labels of its own."""

    def __init__(self) -> None:
        self.store = Store()
        self._api = Api(Loop(), self.store)

    def scrape(self, at: datetime, *targets: tuple[str, dict[str, str]]) -> None:
        """One scrape of all."""
        moment = int(at.timestamp() * 1000)
        for text, labels in targets:
            for series, value in lines(text):
                # As without honorLabels, but that what a test needs is not renamed.
                self.store.series({**labels, **series}).put(moment, value)
        self.store.scraped(moment)

    def ask(self, promql: str, at: datetime) -> Any:
        """The answer's data."""
        status, document = self._api.handle("GET", "/api/v1/query", urlencode({"query": promql, "time": at.timestamp()}))
        assert status == 200, document
        return document["data"]


def gate(name: str, **arguments: str) -> Gate:
    """The template's gate."""
    named = {"name": "g", "template": {"kind": "ClusterGateTemplate", "name": name, "arguments": arguments}}
    return filled(Gate.model_validate(named), GateTemplateSpec.model_validate(TEMPLATES[name]["spec"]))


def counts(seconds: int, *, rate: int, bad: int, slow: int, suffix: str = "") -> dict[str, int]:
    """So many requests a second, of which so many in a hundred are bad, and slow."""
    every = rate * seconds
    numbers = {"ok": every * (100 - bad) // 100, "bad": every * bad // 100, "fast": every * (100 - slow) // 100, "all": every}
    return {f"{name}{suffix}": value for name, value in numbers.items()}


def written(text: str, numbers: dict[str, int]) -> str:
    """The exposition with its numbers."""
    return re.sub(r"<(\w+)>", lambda found: str(numbers[found[1]]), text)


def pods_scraped(text: str) -> Prometheus:
    """One pod of each revision: stable with 20 requests a second, 5 % bad, 10 % slow; the candidate with 10, 20 % and 50 %."""
    prometheus = Prometheus()
    for seconds in range(0, LONG, 5):
        targets = []
        for replica_set, of in ((STABLE, {"rate": 20, "bad": 5, "slow": 10}), (CANDIDATE, {"rate": 10, "bad": 20, "slow": 50})):
            labels = {"job": "pods", "instance": replica_set, "namespace": "shop", "pod": f"{replica_set}-abcde"}
            targets.append((written(text, counts(seconds, **of)), labels))
        prometheus.scrape(BEGIN + timedelta(seconds=seconds), *targets)
    return prometheus


def windows(prometheus: Prometheus, asked: Gate) -> list[Window]:
    """What the gate counts."""
    counting = asked.counting
    assert isinstance(counting, Counting)
    binding = query.Binding(namespace="shop", release="web", stable="", candidate="", stable_replica_set="",
                            candidate_replica_set="", window=timedelta(minutes=4))  # fmt: skip
    if asked.ratio is not None:
        edges: tuple[float, ...] = ()
        selectors = [counters.parse(asked.ratio.bad), counters.parse(asked.ratio.total)]
    else:
        assert asked.latency is not None
        selectors, edges = [counters.parse_histogram(asked.latency.histogram)], asked.latency.shape
    assert all(counters.is_confined(each, {}) for each in selectors), "Releases of a namespace could not share it"
    label = counting.pod_label or "pod"
    sides = Sides(candidate=Side.of_replica_set(label, CANDIDATE), stable=Side.of_replica_set(label, STABLE))
    end = BEGIN + timedelta(seconds=LONG)
    answers = []
    for each in selectors:
        data = prometheus.ask(counters.question(each, binding, {}, timedelta(minutes=4), None), end)
        series = read_series(
            data["resultType"],
            data["result"],
            {},
        )
        assert isinstance(series, tuple), series
        answers.append(series)
    found = counters.windows(spans(BEGIN + timedelta(seconds=20), end, counting.interval, counting.delay), answers, edges, sides)
    assert len(found) > 5
    assert all(isinstance(each, Window) for each in found), found
    return [each for each in found if isinstance(each, Window)]


@pytest.mark.parametrize(
    "name", sorted(set(TEMPLATES) - {f"{of}-{what}" for of in OF_GATEWAYS for what in ("errors", "latency")})
)
def test_a_template_of_pods_counts_both_revisions_requests_and_those_that_are_bad(name: str) -> None:
    """In each window of 15 s exactly what each pod has answered; other directions, services and namespaces are left out."""
    of, _, what = name.rpartition("-")
    for window in windows(pods_scraped(OF_PODS[of]), gate(name)):
        assert window.stable is not None
        expected = {"errors": ((30, 150), (15, 300)), "latency": ((75, 150), (30, 300))}[what]
        assert ((window.candidate.bad, window.candidate.total), (window.stable.bad, window.stable.total)) == expected


@pytest.mark.parametrize("of", OF_GATEWAYS)
def test_a_template_of_a_gateway_gives_one_number_that_is_the_candidates(of: str) -> None:
    """The share of its answers that are bad, and a quantile; with its default limit a bad candidate fails, a good one passes."""
    text, arguments = OF_GATEWAYS[of]
    values = {}
    for bad, slow in ((0, 0), (20, 50)):
        prometheus = Prometheus()
        for seconds in range(0, LONG, 5):
            numbers = counts(seconds, rate=10, bad=bad, slow=slow) | counts(seconds, rate=20, bad=1, slow=0, suffix="_stable")
            prometheus.scrape(
                BEGIN + timedelta(seconds=seconds), (written(text, numbers), {"job": "gateway", "pod": "gateway-0"})
            )
        for what in ("errors", "latency"):
            asked = gate(f"{of}-{what}", **arguments).threshold
            assert asked is not None
            binding = query.Binding(namespace="shop", release="web", stable="s", candidate="c", stable_replica_set=STABLE,
                                    candidate_replica_set=CANDIDATE, window=asked.window)  # fmt: skip
            at = BEGIN + timedelta(seconds=LONG - 5)
            data = prometheus.ask(query.parse(asked.query).bind(binding), at)
            answer = read_answer(data["resultType"], data["result"], {}, at, 5.0)
            assert isinstance(answer, Sample), answer
            assert asked.max is not None
            values[what, bad] = (answer.value, answer.value <= asked.max)
    assert values["errors", 0] == (0.0, True)
    assert values["errors", 20] == (pytest.approx(0.2), False)
    assert values["latency", 0][1] and not values["latency", 20][1], values


def test_each_template_is_of_a_product_that_is_tested_and_says_what_it_asks() -> None:
    """Its name is its file's; every parameter has a description, or people could not choose."""
    assert {name.rpartition("-")[0] for name in TEMPLATES} == {*OF_PODS, *OF_GATEWAYS}
    for name, manifest in TEMPLATES.items():
        assert (manifest["kind"], manifest["metadata"]) == ("ClusterGateTemplate", {"name": name})
        spec = GateTemplateSpec.model_validate(manifest["spec"])
        assert spec.description
        assert all(parameter.description for parameter in spec.parameters), name
