"""The alerts: taken by real Prometheus' own checker, tried on made-up series, and about what the controller exposes."""

import re
import subprocess
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from tests.chart.conftest import CHART, Render, find, of_kind
from tests.chart.queries import labels, problems
from tests.controlplane import binaries

FILE = CHART / "dashboards" / "alerts.yaml"
CASES = Path(__file__).with_name("alerts.yaml")
ALERTS: list[dict[str, Any]] = [rule for group in yaml.safe_load(FILE.read_text())["groups"] for rule in group["rules"]]


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Prometheus' tool, or skip where it is not provisioned."""
    try:
        program = binaries.path("promtool")
    except binaries.Missing as missing:
        pytest.skip(str(missing))
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_the_rules_are_installed_only_when_asked_for(render: Render) -> None:
    """No kind of the Prometheus operator is in the chart's default output: most clusters do not know it."""
    assert of_kind(render(), "PrometheusRule") == of_kind(render(), "ServiceMonitor") == []


def test_prometheus_takes_the_rules_as_helm_renders_them(render: Render, tmp_path: Path) -> None:
    """`promtool check rules`, linting with errors, on the spec of the PrometheusRule; and it is the file as it stands."""
    rule = find(render("monitoring.prometheusRule.enabled=true"), "PrometheusRule", "release-coordinator")
    assert rule["spec"] == yaml.safe_load(FILE.read_text())
    rendered = tmp_path / "rules.yaml"
    rendered.write_text(yaml.safe_dump(rule["spec"]))
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", rendered)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"SUCCESS: {len(ALERTS)} rules found" in done.stdout


def test_each_alert_fires_when_it_should_and_not_before(tmp_path: Path) -> None:
    """`promtool test rules` with the cases of alerts.yaml."""
    rules = yaml.safe_load(FILE.read_text())
    for alert in (alert for group in rules["groups"] for alert in group["rules"]):
        del alert["annotations"]["description"]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules))
    (tmp_path / "cases.yaml").write_text(CASES.read_text())
    done = promtool("test", "rules", tmp_path / "cases.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_tried_both_ways() -> None:
    """alerts.yaml has, for every alert, a moment at which it fires and one at which it does not."""
    tried = [case for test in yaml.safe_load(CASES.read_text())["tests"] for case in test["alert_rule_test"]]
    for alert in ALERTS:
        mine = [bool(case.get("exp_alerts")) for case in tried if case["alertname"] == alert["alert"]]
        assert set(mine) == {True, False}, alert["alert"]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_every_alert_is_about_what_the_controller_exposes(alert: dict[str, Any]) -> None:
    """Series, labels and their values exist, and its text names only labels that the alert has."""
    assert problems(alert["expr"]) == []
    text = " ".join(alert["annotations"].values())
    assert set(re.findall(r"\$labels\.(\w+)", text)) <= labels(promql_parser.parse(alert["expr"]))


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_every_alert_says_what_happened_and_what_to_do(alert: dict[str, Any]) -> None:
    """A severity, a summary and a description."""
    assert alert["labels"]["severity"] in ("warning", "critical")
    assert set(alert["annotations"]) == {"summary", "description"}


def test_the_page_on_observability_names_every_alert() -> None:
    """The table has each alert with its severity, and no other."""
    page = (CHART.parents[1] / "docs" / "observability.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", page, re.MULTILINE)
    assert sorted(rows) == sorted((alert["alert"], alert["labels"]["severity"]) for alert in ALERTS)


def test_scraping_keeps_the_namespace_of_a_release(render: Render) -> None:
    """Without honorLabels the alerts' namespace would be the controller's; and the Service has the port that is scraped."""
    found = render("monitoring.serviceMonitor.enabled=true", 'monitoring.labels={"release":"prometheus"}')
    monitor = find(found, "ServiceMonitor", "release-coordinator")
    service = find(found, "Service", "release-coordinator-metrics")
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert monitor["spec"]["endpoints"] == [{"port": service["spec"]["ports"][0]["name"], "honorLabels": True}]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
