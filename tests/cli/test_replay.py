"""`releasectl gate replay`, against a Prometheus with a past that the test has made."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from playground.loop import Loop
from playground.prometheus.api import Api
from playground.prometheus.series import Store
from strategies.rollout import replay
from strategies.spec.release import ReleaseSpec
from tests.cli.conftest import Run, Said
from tests.metrics.server import Exchange, Server, reply

BEGAN = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)
SCRAPE = 5
BAD_FROM = 120
"""Seconds after the beginning, from which on the bad candidate is bad."""
RATIO = {"bad": 'http_requests_total{namespace="$namespace",code="500"}', "total": 'http_requests_total{namespace="$namespace"}',
         "interval": "15s", "delay": "10s"}  # fmt: skip
THRESHOLD = {"query": 'sum(rate(http_requests_total{pod=~"$candidate_pods",code="500"}[$window])) or vector(0)', "max": 2,
             "interval": "15s", "window": "30s", "failures": 2}  # fmt: skip


def past(store: Store, seconds: int = 600) -> None:
    """Three revisions with 50 requests a second each: one in 200 fails, of `bad` one in 5 from some time on."""
    for at in range(-60, seconds, SCRAPE):
        moment = int((BEGAN + timedelta(seconds=at)).timestamp() * 1000)
        for hash_ in ("stable", "good", "bad"):
            worse = max(0, at - BAD_FROM) if hash_ == "bad" else 0
            failed = (at + 60) * 0.25 + worse * 10
            for code, count in (("200", (at + 60) * 50 - failed), ("500", failed)):
                labels = {"__name__": "http_requests_total", "namespace": "shop", "pod": f"checkout-{hash_}-x7x7x", "code": code}
                store.series(labels).put(moment, float(int(count)))
        store.scraped(moment)


@pytest.fixture(scope="module")
def prometheus() -> Iterator[Server]:
    """One with that past."""
    store = Store()
    past(store)
    api = Api(Loop(), store)

    def behaviour(exchange: Exchange) -> None:
        target = urlsplit(exchange.head.split(" ")[1])
        status, document = api.handle("GET", target.path, target.query)
        reply(document, status)(exchange)

    with Server(behaviour) as server:
        yield server


def written(folder: Path, **gate: Any) -> str:
    """A file with a Release that has this gate, `errors`."""
    steps = {"steps": [{"weight": 20, "duration": "5m"}, {"weight": 100}]}
    spec = {"workloadRef": {"name": "checkout"}, "strategy": {"canary": steps}, "gates": [{"name": "errors", **gate}]}
    release = {"apiVersion": "release-coordinator.io/v1alpha1", "kind": "Release",
               "metadata": {"name": "checkout", "namespace": "shop"}, "spec": spec}  # fmt: skip
    (folder / "release.yaml").write_text(yaml.safe_dump(release))
    return str(folder / "release.yaml")


def replayed(run: Run, file: str, prometheus: Server, candidate: str, *more: str) -> Said:
    """Five minutes of that past."""
    until = (BEGAN + timedelta(minutes=5)).isoformat()
    return run("gate", "replay", file, "--gate", "errors", "--candidate", candidate, "--from", BEGAN.isoformat(), "--to", until,
               "--prometheus", prometheus.url, *more)  # fmt: skip


def test_a_good_candidate_would_have_passed(run: Run, prometheus: Server, tmp_path: Path) -> None:
    """Every window with its verdict: first too few, then no sign of harm."""
    said = replayed(run, written(tmp_path, ratio=RATIO), prometheus, "good", "--stable", "stable")
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0].split() == ["TIME", "VERDICT", "VALUE", "MESSAGE"]
    assert lines[1].startswith("2026-11-29T10:00:25Z   Inconclusive")
    assert [line.split()[1] for line in lines[3:]] == ["Pass"] * len(lines[3:])
    assert len(lines) == 1 + 20
    assert "It would pass at the end" in said.err


@pytest.mark.parametrize(
    ("gate", "stable"), [({"ratio": RATIO}, ("--stable", "stable")), ({"threshold": THRESHOLD}, ())], ids=["ratio", "threshold"]
)
def test_a_bad_candidate_would_have_been_taken_back_soon(
    run: Run, prometheus: Server, tmp_path: Path, gate: dict[str, Any], stable: tuple[str, ...]
) -> None:
    """The replay ends where the gate fails: some windows after the harm began, and not before."""
    said = replayed(run, written(tmp_path, **gate), prometheus, "bad", *stable, "-o", "json")
    assert said.code == 1, said.err
    found = json.loads(said.out)
    assert found["verdict"] == found["windows"][-1]["verdict"] == "Fail"
    assert "Fail" not in [window["verdict"] for window in found["windows"][:-1]]
    failed = (datetime.fromisoformat(found["windows"][-1]["time"]) - BEGAN).total_seconds()
    assert BAD_FROM < failed <= BAD_FROM + 60
    assert "would have taken the release back at" in found["summary"]


def test_a_candidate_that_nobody_has_counted_cannot_be_told(run: Run, prometheus: Server, tmp_path: Path) -> None:
    """Neither a pass nor a failure."""
    said = replayed(run, written(tmp_path, ratio=RATIO), prometheus, "absent", "--stable", "stable")
    assert said.code == 3
    assert "no series count the requests of this side" in said.out


def test_the_bake_tests_the_limit_and_needs_no_stable(run: Run, prometheus: Server, tmp_path: Path) -> None:
    """By the step's number."""
    file = written(tmp_path, ratio={**RATIO, "max": 0.02})
    assert replayed(run, file, prometheus, "good", "--step", "2").code == 0
    assert replayed(run, file, prometheus, "bad", "--step", "2").code == 1


def test_a_template_beside_the_release_is_filled(run: Run, prometheus: Server, tmp_path: Path) -> None:
    """And one that is missing is named."""
    file = written(tmp_path, template={"name": "bad-answers", "arguments": {"code": "500"}})
    missing = replayed(run, file, prometheus, "good", "--stable", "stable")
    assert (missing.code, "GateTemplate bad-answers is not in" in missing.err) == (2, True)
    question = {key: value.replace('"500"', '"$code"') for key, value in RATIO.items()}
    template = {"apiVersion": "release-coordinator.io/v1alpha1", "kind": "GateTemplate",
                "metadata": {"name": "bad-answers", "namespace": "shop"},
                "spec": {"parameters": [{"name": "code"}], "ratio": question}}  # fmt: skip
    with Path(file).open("a", encoding="utf-8") as more:
        more.write(f"---\n{yaml.safe_dump(template)}")
    assert replayed(run, file, prometheus, "bad", "--stable", "stable").code == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--gate", "other"), "no valid Releases with a gate other"),
        (("--step", "0"), "is asked at the steps 1 of this Release"),
        (("--from", "yesterday"), "is no time"),
        (("--to", "2026-11-29T09:00:00Z"), "there must be some time"),
        (("--from", "8760h"), "at most 2000 intervals"),
        (("--token-file", "/nowhere"), "cannot be read"),
        (("--prometheus", "prometheus:9090"), "http://"),
    ],
)
def test_what_cannot_be_asked_is_said(run: Run, prometheus: Server, tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    """Wrong usage, with what to write instead."""
    said = replayed(run, written(tmp_path, ratio=RATIO), prometheus, "good", "--stable", "stable", *options)
    assert said.code == 2
    assert words in said.err


def test_without_a_revision_to_compare_with_nothing_is_compared(run: Run, prometheus: Server, tmp_path: Path) -> None:
    """The option is named."""
    said = replayed(run, written(tmp_path, ratio=RATIO), prometheus, "good")
    assert (said.code, "--stable" in said.err) == (2, True)


def test_a_form_that_asks_no_metrics_has_no_past(run: Run, prometheus: Server, tmp_path: Path) -> None:
    """A Job is not run for it."""
    gate = {"job": {"template": {"spec": {"containers": [{"name": "smoke", "image": "smoke:1"}]}}}}
    said = replayed(run, written(tmp_path, **gate), prometheus, "good")
    assert (said.code, "asks no metrics" in said.err) == (2, True)


def test_a_metric_source_in_the_file_says_where_and_forces_its_labels(run: Run, prometheus: Server, tmp_path: Path) -> None:
    """With labels of another tenant nothing is seen."""
    file = written(tmp_path, ratio=RATIO)
    source = {"apiVersion": "release-coordinator.io/v1alpha1", "kind": "MetricSource", "metadata": {"name": "default"},
              "spec": {"address": prometheus.url, "labels": {"namespace": "other"}}}  # fmt: skip
    with Path(file).open("a", encoding="utf-8") as more:
        more.write(f"---\n{yaml.safe_dump(source)}")
    said = run("gate", "replay", file, "--gate", "errors", "--candidate", "good", "--stable", "stable", "--from",
               BEGAN.isoformat(), "--to", (BEGAN + timedelta(minutes=2)).isoformat())  # fmt: skip
    assert said.code == 3, said.err


def test_only_steps_that_ask_the_gate_can_be_replayed() -> None:
    """The preview has no users to compare, and the bake nobody to compare them with."""
    spec = ReleaseSpec.model_validate({"workloadRef": {"name": "checkout"}, "gates": [{"name": "errors", "ratio": RATIO}]})
    assert list(replay.steps(spec, spec.gates[0], 10)) == [1, 2]
