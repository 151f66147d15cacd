"""What scrapes bring: the pods' counters with the labels that queries use, and an end to what has ended."""

import json

from tests.playground.nodes.world import World


def labels(**wanted: str) -> str:
    """As World.query writes them."""
    return json.dumps(wanted, sort_keys=True)


def shop(world: World, *tags: str) -> None:
    """Pods of these tags behind the route `shop`, five seconds old."""
    world.serve()
    for number, tag in enumerate(tags):
        world.run(f"pod-{number}", tag)
    world.route(("shop", 1))
    world.after(5)


def test_a_pod_s_series_carry_the_labels_that_queries_use(world: World) -> None:
    """As the Prometheus of the real control plane's tests gives them; counters start at zero, before any request."""
    world.run("one")
    world.after(2)
    address = world.pod("one")["status"]["podIP"]
    common = {"job": "pods", "instance": f"{address}:8080", "namespace": "shop", "pod": "one", "app": "shop",
              "pod_template_hash": "hash-1"}  # fmt: skip
    assert world.query("up") == {labels(**common): 1}
    assert world.query("http_requests_total") == {labels(**common, code="200"): 0, labels(**common, code="500"): 0}
    edges = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf")
    assert set(world.query("http_request_duration_seconds_bucket")) == {labels(**common, le=edge) for edge in edges}


def test_the_gate_of_the_example_sees_a_bad_version(world: World) -> None:
    """The query of examples/01-canary, on both versions."""
    shop(world, "1", "2-errors20")
    world.after(60)

    def errors(revision: str) -> float:
        of = f'{{namespace="shop", pod_template_hash="hash-{revision}"'
        (value,) = world.query(f'(sum(rate(http_requests_total{of}, code=~"5.."}}[30s])) or vector(0)) '
                               f"/ sum(rate(http_requests_total{of}}}[30s]))").values()  # fmt: skip
        return value

    assert errors("1") == 0
    assert 0.15 < errors("2") < 0.25


def test_a_gate_on_latency_sees_a_slow_version(world: World) -> None:
    """By the histogram, at p99, and by the sum."""
    shop(world, "1", "2-slow300")
    world.after(60)
    buckets = "sum by (le, pod_template_hash) (rate(http_request_duration_seconds_bucket[30s]))"
    p99 = world.query(f"histogram_quantile(0.99, {buckets})")
    assert p99[labels(pod_template_hash="hash-1")] < 0.05
    assert p99[labels(pod_template_hash="hash-2")] > 0.25
    mean = world.query("sum by (pod) (rate(http_request_duration_seconds_sum[30s]))"
                       " / sum by (pod) (rate(http_request_duration_seconds_count[30s]))")  # fmt: skip
    assert 0.005 < mean[labels(pod="pod-0")] < 0.02
    assert 0.3 < mean[labels(pod="pod-1")] < 0.33


def test_what_users_saw_is_a_series_too(world: World) -> None:
    """By route, version and code."""
    shop(world, "1")
    found = world.after(10).query('sum by (route, version, code) (users_requests_total{namespace="shop", code="200"})')
    assert found[labels(route="shop", version="1", code="200")] > 500


def test_a_crashed_pod_is_down_and_starts_to_count_anew(world: World) -> None:
    """`up` is 0, the counters end; after the restart they begin at zero, and rate() takes it for the reset it is."""
    shop(world, "1-crash20")
    world.after(13)
    before = sum(world.query("http_requests_total").values())
    world.after(5)
    assert list(world.query("resets(http_requests_total{code='200'}[20s])").values()) == [1]
    assert 0 < sum(world.query("http_requests_total").values()) < before
    world.after(18)
    assert list(world.query("up").values()) == [0]
    assert world.query("http_requests_total") == {}


def test_the_series_of_a_pod_end_with_it(world: World) -> None:
    """No look back shows it, but the past is kept."""
    shop(world, "1")
    then = world.loop.now()
    world.client.delete("pods", "pod-0", "shop")
    world.after(3)
    assert world.query("up") == {}
    assert world.query("http_requests_total") == {}
    assert len(world.query(f"up @ {then}")) == 1
    assert len(world.query("http_requests_total offset 5s")) == 2


def test_a_pod_nobody_asks_costs_nothing(world: World) -> None:
    """Each series is kept once, however long it lasts."""
    world.run("one")
    world.after(600)
    assert sum(len(series.times) for series in world.store._series.values()) == len(list(world.store.labels()))
    assert list(world.query("count_over_time(up[5m])").values()) == [300]
