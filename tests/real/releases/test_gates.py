"""Gates that cannot tell: a release waits and says why; it neither goes on nor goes back."""

import time
from collections.abc import Callable

from tests.controlplane.gateway import Gateway
from tests.controlplane.prometheus import Prometheus
from tests.real.releases.analysis import gate
from tests.real.releases.shop import GROUP, Manifest, Shop

MakeShop = Callable[..., Shop]
ONE_STEP = {"type": "Canary", "canary": {"steps": [{"weight": 50, "duration": "1s"}, {"weight": 100}]}}


def _source(name: str, address: str, **spec: object) -> Manifest:
    return {"apiVersion": f"{GROUP}/v1alpha1", "kind": "MetricSource", "metadata": {"name": name},
            "spec": {"address": address, "timeout": "1s", **spec}}  # fmt: skip


def test_no_series_and_no_traffic_make_a_release_wait_until_there_is_traffic(shop: MakeShop, gateway: Gateway) -> None:
    """An empty answer and 0/0 are not known: Waiting, with the reason; with users it goes on by itself."""
    nobody, nothing = shop("nobody", pods=2, gateway=gateway), shop("nothing", pods=2, gateway=gateway)
    nobody.release(strategy=ONE_STEP, gates=[gate("errors")])
    nothing.release(strategy=ONE_STEP, gates=[gate("errors", 'no_such_metric{namespace="$namespace"}')], maxInconclusive="4s")
    for one in (nobody, nothing):
        one.ship("2")
    status = nobody.wait_for_phase("Waiting")
    nobody.wait_for(lambda: "NaN" in nobody.status()["message"] or "no number" in nobody.status()["message"])
    assert nobody.status()["trial"]["step"]["weight"] == status["trial"]["step"]["weight"] == 50
    assert nobody.condition("GatesHealthy")["status"] == "Unknown"
    paused = nothing.wait_for_phase("Paused")
    assert paused["reason"] == "InconclusiveTooLong"
    assert "abort=true" in paused["message"]
    with nobody.traffic(rate=40, seconds=30):
        nobody.wait_for_outcome("Completed")
    nothing.ask("resume")
    nothing.wait_for_phase("Waiting")
    nothing.wait_for_phase("Paused")
    nothing.ask("promote", "step")
    nothing.wait_for_phase("Baking", "Waiting")
    nothing.ask("abort")
    nothing.wait_for_outcome("Aborted")
    assert nobody.images() == {"shop:2": 2}
    assert nothing.images() == {"shop:1": 2}
    assert nobody.left_behind() == []


def test_a_prometheus_that_is_silent_or_down_stops_nothing_but_the_clock(
    shop: MakeShop, gateway: Gateway, prometheus: Prometheus
) -> None:
    """For a minute it does not answer, then is not there: the release waits, an abort works at once, then it goes on."""
    waiting, aborted = shop("waiting", pods=2, gateway=gateway), shop("aborted", pods=2, gateway=gateway)
    waiting.apply(_source("impatient", prometheus.url))
    for one in (waiting, aborted):
        one.release(strategy=ONE_STEP, gates=[gate("errors", source="impatient")])
    with waiting.traffic(rate=30, seconds=120) as users, aborted.traffic(rate=30, seconds=60):
        prometheus.pause()
        began = time.monotonic()
        try:
            for one in (waiting, aborted):
                one.ship("2")
            status = waiting.wait_for_phase("Waiting")
            time.sleep(2)
            assert waiting.status()["trial"]["step"]["weight"] == 50
            aborted.wait_for_phase("Waiting")
            aborted.ask("abort")
            aborted.wait_for_phase("RollingBack", "RolledBack", timeout=8)  # A query may take 10 s.
            aborted.wait_for_outcome("Aborted")
        finally:
            prometheus.resume()
            prometheus.stop()
        try:
            waiting.wait_for_message("refuses connections")
            waiting.wait_for(lambda: time.monotonic() - began > 60, timeout=90, what="a minute")
            assert (waiting.status()["phase"], waiting.replicas()) == ("Waiting", {"shop:1": 2, "shop:2": 1})
            assert waiting.condition("GatesHealthy")["status"] == "Unknown"
        finally:
            prometheus.start()
        waiting.wait_for_outcome("Completed")
    assert "gate errors" in status["message"]
    assert not users.problems
    assert waiting.images() == {"shop:2": 2}


def test_a_gate_that_cannot_be_asked_blocks_the_start_and_says_what_to_do(shop: MakeShop, prometheus: Prometheus) -> None:
    """A MetricSource that is missing, or that does not allow the namespace; once that is mended, the release starts."""
    missing, forbidden = shop("missing", pods=1), shop("forbidden", pods=1)
    missing.apply(_source("theirs", prometheus.url, namespaces=["somebody-else"]))
    missing.release(strategy=ONE_STEP, gates=[gate("errors", "vector(0)", source="later")])
    forbidden.release(strategy=ONE_STEP, gates=[gate("errors", "vector(0)", source="theirs")])
    for one in (missing, forbidden):
        one.ship("2")
    status = missing.wait_for_phase("Blocked")
    assert status["reason"] == "GateUnusable"
    assert "kubectl get metricsources" in status["message"]
    assert "spec.namespaces" in forbidden.wait_for_phase("Blocked")["message"]
    time.sleep(0.5)
    for one in (missing, forbidden):
        assert one.images() == {"shop:1": 1}
    missing.apply(_source("later", prometheus.url))
    missing.apply(_source("theirs", prometheus.url, namespaces=["somebody-else", forbidden.namespace]))
    for one in (missing, forbidden):
        one.wait_for_outcome("Completed")
        assert one.images() == {"shop:2": 1}
        assert one.left_behind() == []


def test_labels_that_a_metric_source_forces_restrict_every_query(shop: MakeShop, prometheus: Prometheus) -> None:
    """A query over all namespaces sees only the Release's own: other namespaces' many series count for nothing."""
    checkout = shop(pods=1)
    checkout.apply(_source("tenant", prometheus.url, labels={"namespace": "$namespace"}))
    pods = gate("pods-of-all", "count(up)", source="tenant", at=("before-traffic",), max=2)
    foreign = gate("foreign", 'count(up{namespace!="$namespace"}) or vector(0)', source="tenant", at=("before-traffic",), max=0)
    checkout.release(strategy=ONE_STEP, gates=[pods, foreign])
    assert len(prometheus.query("up")) > 2
    checkout.ship("2")
    checkout.wait_for_outcome("Completed")
