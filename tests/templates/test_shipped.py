"""The ready templates of the chart against what metrics endpoints of products say that cannot run here: scraped and counted."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from playground.loop import Loop
from playground.prometheus.api import Api
from playground.prometheus.series import Store
from strategies.analysis.counts import Window
from strategies.analysis.verdict import Sample
from strategies.spec.gate_template import GateTemplateSpec
from tests.templates import expositions
from tests.templates.asking import CANDIDATE, STABLE, TEMPLATES, gate, value, windows

BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)
LONG = 180
_LINE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')
OF_PODS = {"istio": expositions.ISTIO, "istio-grpc": expositions.ISTIO_GRPC, "linkerd": expositions.LINKERD,
           "http": expositions.HTTP}  # fmt: skip
OF_GATEWAYS = {"traefik": (expositions.TRAEFIK, {"service": "web"}),
               "ingress-nginx": (expositions.INGRESS_NGINX, {"service": "web"})}  # fmt: skip
LIVE = {"grpc", "envoy-gateway"}  # in test_live.py


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
            for series, number in lines(text):
                # As without honorLabels, but that what a test needs is not renamed.
                self.store.series({**labels, **series}).put(moment, number)
        self.store.scraped(moment)

    def ask(self, promql: str, at: datetime) -> Any:
        """The answer's data."""
        status, document = self._api.handle("GET", "/api/v1/query", urlencode({"query": promql, "time": at.timestamp()}))
        assert status == 200, document
        return document["data"]


def counts(seconds: int, *, rate: int, bad: int, slow: int, suffix: str = "") -> dict[str, int]:
    """So many requests a second, of which so many in a hundred are bad, and slow."""
    every = rate * seconds
    numbers = {"ok": every * (100 - bad) // 100, "bad": every * bad // 100, "fast": every * (100 - slow) // 100, "all": every}
    numbers["other"] = 7 * seconds
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


@pytest.mark.parametrize("name", sorted(name for name in TEMPLATES if name.rpartition("-")[0] in OF_PODS))
def test_a_template_of_pods_counts_both_revisions_requests_and_those_that_are_bad(name: str) -> None:
    """In each window of 15 s exactly what each pod has answered its users; scrapes, probes and its own calls are left out."""
    of, _, what = name.rpartition("-")
    asked = gate(name)
    found = windows(pods_scraped(OF_PODS[of]).ask, asked, BEGIN + timedelta(seconds=20), BEGIN + timedelta(seconds=LONG))
    assert len(found) > 5
    for window in found:
        assert isinstance(window, Window), window
        assert window.stable is not None
        expected = {"errors": ((30, 150), (15, 300)), "latency": ((75, 150), (30, 300))}[what]
        assert ((window.candidate.bad, window.candidate.total), (window.stable.bad, window.stable.total)) == expected


@pytest.mark.parametrize("of", OF_GATEWAYS)
def test_a_template_of_a_gateway_gives_one_number_that_tells_good_from_bad(of: str) -> None:
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
            asked = gate(f"{of}-{what}", **arguments)
            answer = value(prometheus.ask, asked, BEGIN + timedelta(seconds=LONG - 5))
            assert isinstance(answer, Sample), answer
            assert asked.threshold is not None
            assert asked.threshold.max is not None
            values[what, bad] = (answer.value, answer.value <= asked.threshold.max)
    assert values["errors", 0] == (0.0, True)
    assert values["errors", 20] == (pytest.approx(0.2), False)
    assert values["latency", 0][1] and not values["latency", 20][1], values


def test_each_template_is_of_a_product_that_is_tested_and_says_what_it_asks() -> None:
    """Its name is its file's; every parameter has a description, or people could not choose."""
    assert {name.rpartition("-")[0] for name in TEMPLATES} == {*OF_PODS, *OF_GATEWAYS, *LIVE}
    for name, manifest in TEMPLATES.items():
        assert (manifest["kind"], manifest["metadata"]) == ("ClusterGateTemplate", {"name": name})
        spec = GateTemplateSpec.model_validate(manifest["spec"])
        assert spec.description
        assert all(parameter.description for parameter in spec.parameters), name
